//! Settings by name: parameters, covariates, levels and outputs, as text.

use lutetia_model::{
    ALIAS_SEPARATOR, Parameter,
    system::{ParameterInfo, SettingError},
};
use lutetia_units::{Quantity, UnitError};

use crate::LoadedModel;

/// Why a name cannot be given a value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SettingFault {
    /// Nothing of that name.
    #[error(
        "the model has no parameter, covariate or output `{name}`{}",
        near.as_ref().map_or_else(String::new, |n| format!("; did you mean `{n}`?"))
    )]
    Unknown {
        /// As typed.
        name: String,
        /// The nearest one there is.
        near: Option<String>,
    },
    /// A parameter of several parts in which it is not the same.
    #[error(
        "several parts have a parameter `{name}`, and they do not agree: {}; write `{}` for one of them",
        found.join(", "),
        first
    )]
    Disagree {
        /// As typed.
        name: String,
        /// Each with its value.
        found: Vec<String>,
        /// The first of them, as it is written.
        first: String,
    },
    /// A value that a parameter or covariate cannot have.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A value that an output cannot have.
    #[error("`{name}`: {source}")]
    Output {
        /// The output.
        name: String,
        /// Why not.
        source: Box<UnitError>,
    },
}

impl SettingFault {
    /// What can be done, as it is written in a file.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unknown { near: Some(near), .. } => format!("write `{near}`"),
            Self::Unknown { near: None, .. } => {
                "`lutetia explain` of the model lists what it has".to_owned()
            }
            Self::Disagree { first, .. } => format!("set one of them, such as `{first}`"),
            Self::Setting(error) => {
                let (name, value) = error.example();
                let range = matches!(error, SettingError::Range { .. });
                let what = if range { "set a value inside the range" } else { "write it" };
                format!(
                    "{what}, such as `\"{}\" = \"{value}\"`",
                    name.replacen(ALIAS_SEPARATOR, ".", 1)
                )
            }
            Self::Output { source, .. } => unit_hint(source),
        }
    }
}

/// What can be done about a text that is not a quantity of the unit that is wanted.
#[must_use]
pub fn unit_hint(fault: &UnitError) -> String {
    match fault {
        UnitError::Unknown { suggestion: Some(near), .. } => format!("write `{near}`"),
        UnitError::Unknown { suggestion: None, .. } => {
            "units are written as `h`, `d`, `MBq`, `nmol`, `mL/min`, `Gy`".to_owned()
        }
        UnitError::Syntax { .. } | UnitError::NonFinite { .. } => {
            "write a number and its unit, such as `2.4 h`".to_owned()
        }
        UnitError::Mismatch { to, .. } => format!("give it in `{to}` or a unit of the same kind"),
    }
}

/// Every parameter or covariate that a name means: the one of that name, or those of all parts of a connected model.
#[must_use]
pub fn slots(model: &LoadedModel, name: &str) -> Vec<usize> {
    let infos = model.simulator.system().parameters();
    if let Some(slot) = model.simulator.system().parameter_index(name) {
        return vec![slot];
    }
    let own =
        |p: &ParameterInfo| p.name.rsplit_once(ALIAS_SEPARATOR).is_some_and(|(_, own)| own == name);
    (0..infos.len()).filter(|&k| own(&infos[k])).collect()
}

/// The same for a name that is to be set: parameters of several parts that a bare name means must agree in value, unit
/// and source, as they are then one and stand in one line wherever they are listed. Covariates are of the patient, and
/// are the same in every part once they are set.
///
/// # Errors
/// [`SettingFault::Disagree`]
pub fn agreeing(model: &LoadedModel, name: &str) -> Result<Vec<usize>, SettingFault> {
    let slots = slots(model, name);
    let infos = model.simulator.system().parameters();
    let named = |k: usize| model.model.parameters.iter().find(|p| p.name == infos[k].name);
    let found: Vec<&Parameter> = slots.iter().filter_map(|&k| named(k)).collect();
    if found.windows(2).all(|pair| pair[0].stands_like(pair[1])) {
        return Ok(slots);
    }
    let written = |p: &Parameter| p.name.replacen(ALIAS_SEPARATOR, ".", 1);
    Err(SettingFault::Disagree {
        name: name.to_owned(),
        found: found
            .iter()
            .map(|p| format!("`{}` = {}", written(p), model.value_text(p)))
            .collect(),
        first: found.first().map_or_else(String::new, |p| written(p)),
    })
}

/// A quantity, a level, or a number for what has no unit, in internal units of what `name` means: a
/// parameter, a covariate or an output.
///
/// # Errors
/// [`SettingFault`].
pub fn internal(model: &LoadedModel, name: &str, text: &str) -> Result<f64, SettingFault> {
    let system = model.simulator.system();
    if let Some(&slot) = slots(model, name).first() {
        return Ok(system.parameters()[slot].value(text)?);
    }
    if let Some(output) = system.output_index(name) {
        let info = &system.outputs()[output];
        return Quantity::parse(text)
            .and_then(|q| q.to(&info.unit))
            .map(|x| x / info.factor)
            .map_err(|source| SettingFault::Output {
                name: name.to_owned(),
                source: Box::new(source),
            });
    }
    let names = system
        .parameters()
        .iter()
        .map(|p| p.name.as_str())
        .chain(system.outputs().iter().map(|o| o.name.as_str()));
    let near = lutetia_diagnostic::closest(name, names).map(str::to_owned);
    Err(SettingFault::Unknown { name: name.to_owned(), near })
}

/// What a parameter or covariate is set to for patients: as [`internal`], and a covariate within its range.
///
/// # Errors
/// [`SettingFault`].
pub fn setting(model: &LoadedModel, name: &str, text: &str) -> Result<f64, SettingFault> {
    match agreeing(model, name)?.first() {
        Some(&slot) => Ok(model.simulator.system().parameters()[slot].setting(text)?),
        None => internal(model, name, text),
    }
}
