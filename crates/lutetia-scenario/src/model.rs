//! Models from files, checked, compiled and ready to run.

use std::{cell::RefCell, collections::BTreeMap, path::Path, sync::Arc};

use lutetia_diagnostic::Sources;
use lutetia_model::{
    Connection, Driven, Model, Named, Parameter, ParameterValue, Resolve, SourceFile,
    check_with_units, connect,
    system::{Binding, compile},
};
use lutetia_sim::Simulator;
use lutetia_units::{Dimension, Nuclide, NuclideTable, Quantity, Unit, UnitSystem, significant};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{DriveError, ScenarioError, agreeing, follow};

/// A model, or several connected through their ports, with the nuclides they are run with.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelUse {
    /// Name, or path from the root of the repository, of a model or a chain.
    pub file: Option<String>,
    /// Models to connect; the internal units are those of the first.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Which output drives which input.
    #[serde(default)]
    pub connect: Vec<Wire>,
    /// Nuclides of its labels.
    #[serde(default)]
    pub nuclides: Vec<String>,
    /// Half-lives in place of those of the nuclide table, such as `{ Lu-177 = "6.73 d" }`: what a publication used.
    #[serde(default)]
    pub half_lives: BTreeMap<String, String>,
}

/// One of several connected models; its names get the prefix `name:`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Short name.
    pub name: String,
    /// Path from the root of the repository.
    pub file: String,
}

/// An output of one part drives an input of another.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wire {
    /// `part.output`.
    pub from: String,
    /// `part.input`.
    pub to: String,
    /// The input is the output times this, where their dimensions differ: `0.3 mGy/(MBq h)`.
    pub scale: Option<String>,
}

/// A model with the nuclides it is run with.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// The checked model.
    pub model: Model,
    /// Ready to run.
    pub simulator: Arc<Simulator>,
    /// Dose factors that follow the nuclide or cannot, and RBE that nobody set.
    pub notes: Vec<String>,
    /// With what it was compiled.
    bound: Arc<Bound>,
}

/// The nuclides of the labels of a model, and the table that says how they decay.
#[derive(Debug)]
struct Bound {
    nuclides: Vec<String>,
    table: NuclideTable,
}

impl Bound {
    fn simulator(&self, name: &str, model: &Model) -> Result<Arc<Simulator>, ScenarioError> {
        let system = compile(model, &binding(&self.table, &self.nuclides)).map_err(|source| {
            ScenarioError::Compile { model: name.to_owned(), source: Box::new(source) }
        })?;
        Ok(Arc::new(Simulator::new(system)))
    }
}

/// Nuclides for all label groups, or group by group: `GROUP=NUCLIDE`.
fn binding<'t>(table: &'t NuclideTable, named: &[String]) -> Binding<'t> {
    let everywhere = named.iter().filter(|n| !n.contains('=')).cloned();
    let mut binding = Binding::all(table, everywhere);
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (group, nuclide) in named.iter().filter_map(|n| n.split_once('=')) {
        match groups.iter_mut().find(|(name, _)| *name == group.trim()) {
            Some((_, nuclides)) => nuclides.push(nuclide.trim()),
            None => groups.push((group.trim(), vec![nuclide.trim()])),
        }
    }
    for (group, nuclides) in groups {
        binding = binding.with(group, nuclides);
    }
    binding
}

/// Reads the text of a file by its path: of a model, of what lies beside it, or of the ports that models share, which
/// is asked for as [`lutetia_models::PORTS_PATH`].
type Read<'a> = &'a mut dyn FnMut(&str) -> Result<String, ScenarioError>;

/// Gives a model the files beside it, and a chain the models it names.
struct Neighbours<'a, 'r> {
    folder: String,
    read: &'a RefCell<Read<'r>>,
}

impl<'a, 'r> Neighbours<'a, 'r> {
    fn of(path: &str, read: &'a RefCell<Read<'r>>) -> Self {
        let folder = Path::new(path).parent().map(|p| p.to_string_lossy().into_owned());
        Self { folder: folder.unwrap_or_default(), read }
    }
}

impl Resolve for Neighbours<'_, '_> {
    fn resolve(&self, name: &str) -> Option<String> {
        let path = if self.folder.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.folder)
        };
        (self.read.borrow_mut())(&path).ok()
    }

    fn named(&self, name: &str) -> Option<Named<'_>> {
        let text = (self.read.borrow_mut())(name).ok()?;
        let resolve = Box::new(Neighbours::of(name, self.read));
        Some(Named { file: SourceFile { name: name.to_owned(), text }, resolve })
    }

    fn nearest(&self, name: &str) -> Option<String> {
        crate::nearest(name).map(str::to_owned)
    }

    fn ports(&self) -> Option<SourceFile> {
        let name = lutetia_models::PORTS_PATH;
        let text = (self.read.borrow_mut())(name).ok()?;
        Some(SourceFile { name: name.to_owned(), text })
    }
}

/// Reads, checks and compiles a model; `read` gives the text of a file by its path.
///
/// # Errors
/// The diagnostics of the model, or why it cannot be compiled with these nuclides.
pub fn model(
    path: &str,
    nuclides: &[String],
    read: &mut dyn FnMut(&str) -> Result<String, ScenarioError>,
) -> Result<LoadedModel, ScenarioError> {
    compiled(path, checked(path, None, read)?, nuclides)
}

/// Reads, checks and compiles the model of an experiment, or connects several.
///
/// # Errors
/// The diagnostics of a model or of a connection, or why they cannot be compiled with these nuclides.
pub fn used(
    name: &str,
    usage: &ModelUse,
    read: &mut dyn FnMut(&str) -> Result<String, ScenarioError>,
) -> Result<LoadedModel, ScenarioError> {
    let compiled = |name: &str, model: Model| match usage.half_lives.is_empty() {
        true => compiled(name, model, &usage.nuclides),
        false => {
            let table = decaying(name, usage)?;
            let mut loaded = compiled_with(name, model, &usage.nuclides, &table)?;
            let own = usage.half_lives.iter().map(|(nuclide, text)| {
                format!("{nuclide} decays with a half-life of {text}, not with that of the nuclide table")
            });
            loaded.notes.extend(own);
            Ok(loaded)
        }
    };
    if let Some(path) = &usage.file {
        return compiled(path, checked(path, None, read)?);
    }
    let mut parts: Vec<(String, Model)> = Vec::new();
    for part in &usage.parts {
        let units = parts.first().map(|(_, first)| first.units.clone());
        parts.push((part.name.clone(), checked(&part.file, units.as_ref(), read)?));
    }
    let connections = usage
        .connect
        .iter()
        .map(|wire| {
            let scale = wire.scale.as_deref().map(Quantity::parse).transpose();
            let scale = scale.map_err(|source| ScenarioError::Scale {
                model: name.to_owned(),
                input: wire.to.clone(),
                source: Box::new(source),
            })?;
            let connection = Connection::new(wire.from.clone(), wire.to.clone());
            Ok(match scale {
                Some(scale) => connection.times(scale),
                None => connection,
            })
        })
        .collect::<Result<Vec<_>, ScenarioError>>()?;
    let (model, diagnostics) = connect(&parts, &connections);
    match model {
        Some(model) => compiled(name, model),
        None => Err(ScenarioError::Files { diagnostics, sources: Box::new(Sources::new()) }),
    }
}

fn checked(
    path: &str,
    units: Option<&UnitSystem>,
    read: &mut dyn FnMut(&str) -> Result<String, ScenarioError>,
) -> Result<Model, ScenarioError> {
    let text = read(path)?;
    let read = RefCell::new(read);
    let neighbours = Neighbours::of(path, &read);
    let checked = check_with_units(&SourceFile { name: path.to_owned(), text }, &neighbours, units);
    match checked.model {
        Some(model) if !lutetia_diagnostic::has_errors(&checked.diagnostics) => Ok(model),
        _ => Err(ScenarioError::Files {
            diagnostics: checked.diagnostics,
            sources: Box::new(checked.sources),
        }),
    }
}

/// What a reader must know of a model that calls itself a sketch; nothing of any other.
#[must_use]
pub fn sketch_note(model: &Model) -> Option<String> {
    model.is_sketch().then(|| {
        format!(
            "`{}` is a sketch: it is not validated against published numbers, and models are not ranked by it",
            model.id
        )
    })
}

/// Compiles a checked model with nuclides for all its labels; its dose factors are then those of the nuclide.
///
/// # Errors
/// Why it cannot be compiled with these nuclides.
pub fn compiled(
    name: &str,
    model: Model,
    nuclides: &[String],
) -> Result<LoadedModel, ScenarioError> {
    compiled_with(name, model, nuclides, lutetia_data::nuclides())
}

/// The nuclide table with the half-lives of a model's entry.
fn decaying(name: &str, usage: &ModelUse) -> Result<NuclideTable, ScenarioError> {
    let fault = |nuclide: &str, reason: String| ScenarioError::HalfLife {
        model: name.to_owned(),
        nuclide: nuclide.to_owned(),
        reason,
    };
    let mut rows: Vec<Nuclide> = lutetia_data::nuclides().iter().cloned().collect();
    for (nuclide, text) in &usage.half_lives {
        let used = usage.nuclides.iter().any(|own| own.rsplit('=').next() == Some(nuclide));
        let row = rows.iter_mut().find(|row| row.name == *nuclide && !row.is_stable() && used);
        let Some(row) = row else {
            return Err(fault(nuclide, "it is not a radionuclide of `nuclides`".to_owned()));
        };
        let seconds = Quantity::parse(text).and_then(|q| q.to(&Unit::parse("s")?));
        row.half_life_s = seconds.map_err(|e| fault(nuclide, e.to_string()))?;
        row.half_life_sd_s = None;
        if !(row.half_life_s > 0.0 && row.half_life_s.is_finite()) {
            return Err(fault(nuclide, format!("`{text}` is not above zero")));
        }
    }
    NuclideTable::from_nuclides(rows).map_err(|e| fault("", e.to_string()))
}

fn compiled_with(
    name: &str,
    mut model: Model,
    nuclides: &[String],
    table: &NuclideTable,
) -> Result<LoadedModel, ScenarioError> {
    let mut notes: Vec<String> =
        follow(&mut model, nuclides).into_iter().map(|(_, note)| note).collect();
    notes.extend(sketch_note(&model));
    let mut loaded = bound_with(name, model, nuclides, table)?;
    loaded.notes = notes;
    Ok(loaded)
}

/// Compiles a checked model whose dose factors are already those of its nuclides ([`follow`]); a nuclide is of all its
/// labels, or `GROUP=NUCLIDE`.
///
/// # Errors
/// Why it cannot be compiled with these nuclides.
pub fn bound(name: &str, model: Model, nuclides: &[String]) -> Result<LoadedModel, ScenarioError> {
    bound_with(name, model, nuclides, lutetia_data::nuclides())
}

fn bound_with(
    name: &str,
    model: Model,
    nuclides: &[String],
    table: &NuclideTable,
) -> Result<LoadedModel, ScenarioError> {
    let bound = Bound { nuclides: nuclides.to_vec(), table: table.clone() };
    let simulator = bound.simulator(name, &model)?;
    Ok(LoadedModel { model, simulator, notes: Vec::new(), bound: Arc::new(bound) })
}

impl LoadedModel {
    /// The value of a plain parameter with its unit.
    #[must_use]
    pub fn value_text(&self, parameter: &Parameter) -> String {
        match &parameter.value {
            ParameterValue::Number(x) => {
                let value = self.model.units.from_internal(*x, &parameter.unit);
                let unit = parameter.unit.to_string();
                // A pure number has the unit 1, which is not printed behind it.
                let unit = if unit == "1" { String::new() } else { format!(" {unit}") };
                format!("{}{unit}", significant(value, 6))
            }
            ParameterValue::Formula { text, .. } => text.clone(),
        }
    }

    /// The model with what is called so driven by curves: itself where all of it are inputs, else one in which inputs
    /// take the places of parameters and covariates ([`Model::vary`]). What each name means is returned with it.
    ///
    /// # Errors
    /// A name that is nothing which a curve can drive, or on which something depends that is taken once for a run.
    pub fn varying<'n>(
        &self,
        names: impl Iterator<Item = &'n str>,
    ) -> Result<(Self, Vec<Driven>), ScenarioError> {
        let mut model = self.model.clone();
        let vary = |name| model.vary(name).map_err(DriveError::from);
        let driven = names.map(vary).collect::<Result<Vec<_>, _>>()?;
        let simulator = match model.inputs.len() == self.model.inputs.len() {
            true => Arc::clone(&self.simulator),
            false => self.bound.simulator(&model.id, &model)?,
        };
        let (notes, bound) = (self.notes.clone(), Arc::clone(&self.bound));
        Ok((Self { model, simulator, notes, bound }, driven))
    }

    /// A quantity of a dimension as an internal number.
    ///
    /// # Errors
    /// When the text is not a quantity of that dimension.
    pub fn internal(
        &self,
        what: &str,
        text: &str,
        dimension: Dimension,
    ) -> Result<f64, ScenarioError> {
        let q = Quantity::parse(text).map_err(|source| ScenarioError::Quantity {
            what: what.to_owned(),
            source: Box::new(source),
        })?;
        if q.dimension() != dimension {
            return Err(ScenarioError::Dimension {
                what: what.to_owned(),
                text: text.to_owned(),
                found: q.dimension(),
                expected: dimension,
            });
        }
        Ok(self.model.units.to_internal(&q))
    }

    /// The amount of a dose into a pool, internal: typed as an amount, or as a mass where the species has a molar mass.
    ///
    /// # Errors
    /// When the text is neither, or nothing says the molar mass.
    pub fn dose_amount(&self, what: &str, text: &str, into: &str) -> Result<f64, ScenarioError> {
        let what = || what.to_owned();
        let given = Quantity::parse(text)
            .map_err(|e| ScenarioError::Quantity { what: what(), source: Box::new(e) })?;
        let amount = self.simulator.system().dose_amount(into, &given);
        amount.map_err(|e| ScenarioError::Amount { what: what(), source: Box::new(e) })
    }

    /// The default parameter vector with some parameters or covariates replaced, internal. A bare name means those of
    /// all parts, where they agree.
    ///
    /// # Errors
    /// An unknown name, one of several parts that do not agree, a value of the wrong dimension, no level of a category, a covariate outside the range of the
    /// model or without any value.
    pub fn parameters(&self, set: &BTreeMap<String, String>) -> Result<Vec<f64>, ScenarioError> {
        let system = self.simulator.system();
        let mut values = system.default_parameters();
        for (name, text) in set {
            let slots = agreeing(self, name)?;
            if slots.is_empty() {
                self.simulator.parameter(name)?;
            }
            for index in slots {
                values[index] = system.parameters()[index].setting(text)?;
            }
        }
        let missing = || {
            system
                .parameters()
                .iter()
                .zip(&values)
                .filter(|(_, v)| v.is_nan())
                .map(|(info, _)| info)
        };
        // What a dose rate is made of comes before what weights it.
        match missing().find(|p| self.model.is_dose_factor(&p.name)).or_else(|| missing().next()) {
            Some(info) => {
                let (name, unit) = (info.name.clone(), info.unit.to_string());
                Err(if self.model.is_dose_factor(&name) {
                    ScenarioError::NoDoseFactor { name, unit }
                } else if self.model.is_of_nuclide(&name) {
                    let unknown = missing().filter(|p| self.model.is_of_nuclide(&p.name));
                    let each = unknown.map(|p| format!("`{}` ({})", p.name, p.unit));
                    ScenarioError::NotOfNuclide { numbers: each.collect::<Vec<_>>().join(", ") }
                } else {
                    ScenarioError::NoTypical { name, unit }
                })
            }
            None => Ok(values),
        }
    }
}
