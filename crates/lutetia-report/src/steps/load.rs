//! Models from files, checked, compiled and ready to run.

use std::{cell::RefCell, collections::BTreeMap, path::Path, sync::Arc};

use lutetia_diagnostic::Sources;
use lutetia_model::{
    Connection, Model, Parameter, ParameterValue, Resolve, SourceFile, check_with_units, connect,
    system::{Binding, compile},
};
use lutetia_sim::Simulator;
use lutetia_units::{Dimension, Quantity, UnitSystem};

use super::nuclide_dose::follow;
use crate::{experiment::ModelUse, run::Failure, table::significant};

/// A model with the nuclides it is run with.
#[derive(Debug, Clone)]
pub struct LoadedModel {
    /// The checked model.
    pub model: Model,
    /// Ready to run.
    pub simulator: Arc<Simulator>,
    /// Dose factors that follow the nuclide or cannot, and RBE that nobody set.
    pub notes: Vec<String>,
}

/// Gives a model the files beside it, and remembers what went wrong.
struct Neighbours<'a> {
    folder: String,
    read: RefCell<&'a mut dyn FnMut(&str) -> Result<String, Failure>>,
}

impl Resolve for Neighbours<'_> {
    fn resolve(&self, name: &str) -> Option<String> {
        let path = if self.folder.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.folder)
        };
        (self.read.borrow_mut())(&path).ok()
    }
}

/// Reads, checks and compiles a model; `read` gives the text of a file by its path.
///
/// # Errors
/// The diagnostics of the model, or why it cannot be compiled with these nuclides.
pub fn model(
    path: &str,
    nuclides: &[String],
    read: &mut dyn FnMut(&str) -> Result<String, Failure>,
) -> Result<LoadedModel, Failure> {
    compiled(path, checked(path, None, read)?, nuclides)
}

/// Reads, checks and compiles the model of an experiment, or connects several.
///
/// # Errors
/// The diagnostics of a model or of a connection, or why they cannot be compiled with these nuclides.
pub fn used(
    name: &str,
    usage: &ModelUse,
    read: &mut dyn FnMut(&str) -> Result<String, Failure>,
) -> Result<LoadedModel, Failure> {
    if let Some(path) = &usage.file {
        return model(path, &usage.nuclides, read);
    }
    let fail = |reason: String| Failure::Step { step: format!("model {name}"), reason };
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
            let scale = scale.map_err(|e| fail(format!("the scale of `{}`: {e}", wire.to)))?;
            Ok(Connection { from: wire.from.clone(), to: wire.to.clone(), scale })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let (model, diagnostics) = connect(&parts, &connections);
    match model {
        Some(model) => compiled(name, model, &usage.nuclides),
        None => Err(Failure::Diagnostics { diagnostics, sources: Box::new(Sources::new()) }),
    }
}

fn checked(
    path: &str,
    units: Option<&UnitSystem>,
    read: &mut dyn FnMut(&str) -> Result<String, Failure>,
) -> Result<Model, Failure> {
    let text = read(path)?;
    let folder = Path::new(path).parent().map(|p| p.to_string_lossy().into_owned());
    let neighbours = Neighbours { folder: folder.unwrap_or_default(), read: RefCell::new(read) };
    let checked = check_with_units(&SourceFile { name: path.to_owned(), text }, &neighbours, units);
    match checked.model {
        Some(model) if !lutetia_diagnostic::has_errors(&checked.diagnostics) => Ok(model),
        _ => Err(Failure::Diagnostics {
            diagnostics: checked.diagnostics,
            sources: Box::new(checked.sources),
        }),
    }
}

/// Compiles a checked model with nuclides for all its labels; its dose factors are then those of the nuclide.
///
/// # Errors
/// Why it cannot be compiled with these nuclides.
pub fn compiled(name: &str, mut model: Model, nuclides: &[String]) -> Result<LoadedModel, Failure> {
    let notes = follow(&mut model, nuclides).into_iter().map(|(_, note)| note).collect();
    let binding = Binding::all(lutetia_data::nuclides(), nuclides.iter().cloned());
    let system = compile(&model, &binding)
        .map_err(|e| Failure::Step { step: format!("model {name}"), reason: e.to_string() })?;
    Ok(LoadedModel { model, simulator: Arc::new(Simulator::new(system)), notes })
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

    /// A quantity of a dimension as an internal number.
    ///
    /// # Errors
    /// When the text is no quantity of that dimension.
    pub fn internal(&self, what: &str, text: &str, dimension: Dimension) -> Result<f64, String> {
        let q = Quantity::parse(text).map_err(|e| format!("{what}: {e}"))?;
        if q.dimension() != dimension {
            return Err(format!("{what}: `{text}` is {}, expected {dimension}", q.dimension()));
        }
        Ok(self.model.units.to_internal(&q))
    }

    /// The amount of a dose into a pool, internal: typed as an amount, or as a mass where the species has a molar mass.
    ///
    /// # Errors
    /// When the text is neither, or nothing says the molar mass.
    pub fn dose_amount(&self, what: &str, text: &str, into: &str) -> Result<f64, String> {
        let q = Quantity::parse(text).map_err(|e| format!("{what}: {e}"))?;
        self.simulator.system().dose_amount(into, &q).map_err(|e| format!("{what}: {e}"))
    }

    /// The default parameter vector with some parameters or covariates replaced, internal.
    ///
    /// # Errors
    /// An unknown name, a value of the wrong dimension, no level of a category, a covariate outside the range of the
    /// model or without any value.
    pub fn parameters(&self, set: &BTreeMap<String, String>) -> Result<Vec<f64>, String> {
        let system = self.simulator.system();
        let mut values = system.default_parameters();
        for (name, text) in set {
            let index = self.simulator.parameter(name).map_err(|e| e.to_string())?;
            values[index] = system.parameters()[index].setting(text).map_err(|e| e.to_string())?;
        }
        match system.parameters().iter().zip(&values).find(|(_, v)| v.is_nan()) {
            Some((info, _)) => Err(format!(
                "the covariate `{}` has no typical value; set it in {}",
                info.name, info.unit
            )),
            None => Ok(values),
        }
    }
}
