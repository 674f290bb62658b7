//! The model files of `models/pet`: what they derive from the parameters.

use std::sync::OnceLock;

use lutetia_fit::{Derived, DerivedKind};
use lutetia_model::{Binding, NoFiles, SourceFile, System, check, compile};

use crate::compartments::Compartments;

/// A model file of PET.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ModelFile {
    /// Of compartments.
    Tissue(Compartments),
    /// The simplified reference tissue model.
    Srtm,
}

impl ModelFile {
    /// The compiled model; read once. A bundled model that cannot be read derives nothing, which the tests of this crate
    /// and of all shipped models would see.
    fn system(self) -> Option<&'static System> {
        static SYSTEMS: [OnceLock<Option<System>>; 4] = [const { OnceLock::new() }; 4];
        let place = match self {
            Self::Tissue(Compartments::OneTissue) => 0,
            Self::Tissue(Compartments::TwoTissue) => 1,
            Self::Tissue(Compartments::TwoTissueIrreversible) => 2,
            Self::Srtm => 3,
        };
        SYSTEMS[place]
            .get_or_init(|| {
                let name = match self {
                    Self::Tissue(model) => model.name(),
                    Self::Srtm => "srtm",
                };
                let bundled = lutetia_models::find(&format!("pet/{name}"))?;
                let file =
                    SourceFile { name: bundled.path.to_owned(), text: bundled.text.to_owned() };
                let model = check(&file, &NoFiles).model?;
                let none = std::iter::empty::<&str>();
                compile(&model, &Binding::all(lutetia_data::nuclides(), none)).ok()
            })
            .as_ref()
    }

    /// What the file derives from the parameters named, whose units are those of the file (1/min): each in its unit, with
    /// its gradient by them. A parameter that the file does not have, as a delay, moves nothing.
    pub(crate) fn derived(self, names: &[String], theta: &[f64]) -> Vec<Derived> {
        let Some(system) = self.system() else { return Vec::new() };
        let infos = system.parameters();
        // A number past the end is none of the system.
        let slot = |name: &String| system.parameter_index(name).unwrap_or(infos.len());
        let wrt: Vec<usize> = names.iter().map(slot).collect();
        let factor = |slot: usize| infos.get(slot).map_or(1.0, |info| info.factor);
        let mut parameters = system.default_parameters();
        for (&slot, value) in wrt.iter().zip(theta) {
            if let Some(place) = parameters.get_mut(slot) {
                *place = value * factor(slot);
            }
        }
        let found = system.derive(&parameters, &wrt);
        found
            .into_iter()
            .zip(system.derived())
            .map(|(found, info)| {
                let by = found.gradient.iter().zip(&wrt);
                let gradient = by.map(|(g, &slot)| g * info.factor * factor(slot)).collect();
                let value = found.value * info.factor;
                let made = Derived::of_output(DerivedKind::OfModel, &info.name, value, gradient);
                Derived { positive: info.positive, ..made }
            })
            .collect()
    }

    /// What the file derives, in its order.
    pub(crate) fn names(self) -> Vec<String> {
        let derived = self.system().map_or(&[][..], System::derived);
        derived.iter().map(|info| info.name.clone()).collect()
    }

    /// The unit of what the file derives.
    pub(crate) fn unit(self, name: &str) -> Option<&'static str> {
        let info = self.system()?.derived().iter().find(|info| info.name == name)?;
        Some(info.unit.symbol())
    }
}
