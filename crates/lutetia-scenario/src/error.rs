//! Why a model cannot be loaded or set.

use std::{io, path::PathBuf};

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_model::system::{CompileError, DoseAmountError, SettingError};
use lutetia_sim::SimError;
use lutetia_units::{Dimension, UnitError};

use crate::{DoseError, DriveError, SettingFault, TreatmentError, unit_hint};

/// A number of a nuclide that is not known of the one that a model is run with.
pub const NOT_OF_NUCLIDE: &str = "LUT7182";

/// Why something cannot be simulated as it was described.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Faults in model files or connections, each with its place.
    #[error("{} fault{} in its files", diagnostics.len(), if diagnostics.len() == 1 { "" } else { "s" })]
    Files {
        /// The faults.
        diagnostics: Vec<Diagnostic>,
        /// The texts they point into.
        sources: Box<Sources>,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`: {}", source.kind())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No file and no bundled model has the name.
    #[error(
        "cannot read the model `{name}`: no such file, and no bundled model has that name{}",
        nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
    )]
    NoModel {
        /// As it was named.
        name: String,
        /// The bundled model of the nearest name.
        nearest: Option<&'static str>,
    },
    /// The scale of a connection is not a quantity.
    #[error("model {model}: the scale of `{input}`: {source}")]
    Scale {
        /// The model, as the experiment names it.
        model: String,
        /// The input.
        input: String,
        /// Why not.
        source: Box<UnitError>,
    },
    /// A half-life that cannot stand in place of that of the table.
    #[error("model {model}: the half-life of `{nuclide}`: {reason}")]
    HalfLife {
        /// The model, as the experiment names it.
        model: String,
        /// The nuclide.
        nuclide: String,
        /// Why not.
        reason: String,
    },
    /// It cannot be compiled with these nuclides.
    #[error("model {model}: {source}")]
    Compile {
        /// The model.
        model: String,
        /// Why not.
        source: Box<CompileError>,
    },
    /// Not a quantity.
    #[error("{what}: {source}")]
    Quantity {
        /// What it is for.
        what: String,
        /// Why not.
        source: Box<UnitError>,
    },
    /// A quantity of something else.
    #[error("{what}: `{text}` is {found}, expected {expected}")]
    Dimension {
        /// What it is for.
        what: String,
        /// As typed.
        text: String,
        /// Its dimension.
        found: Dimension,
        /// What it must have.
        expected: Dimension,
    },
    /// The amount of a dose.
    #[error("{what}: {source}")]
    Amount {
        /// What it is for.
        what: String,
        /// Why not.
        source: Box<DoseAmountError>,
    },
    /// A value that a parameter cannot have.
    #[error(transparent)]
    Setting(Box<SettingError>),
    /// A name that means nothing, or a value for it.
    #[error(transparent)]
    Name(Box<SettingFault>),
    /// A covariate without a typical value.
    #[error("the covariate `{name}` has no typical value; set it in {unit}")]
    NoTypical {
        /// Which.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// What a nuclide deposits per decay, where there is not one nuclide.
    #[error(
        "`{name}` is what a nuclide deposits per decay, and there is not one nuclide; set it in {unit}"
    )]
    NoDoseFactor {
        /// Which.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// Numbers of a nuclide, where the model is run with one of which they are not known.
    #[error("not known of the nuclide that the model is run with, and to be set: {numbers}")]
    NotOfNuclide {
        /// Each with its unit.
        numbers: String,
    },
    /// A name that the model does not have, or a run that failed.
    #[error(transparent)]
    Sim(Box<SimError>),
    /// A dose.
    #[error(transparent)]
    Dose(Box<DoseError>),
    /// The doses of an arm.
    #[error(transparent)]
    Treatment(Box<TreatmentError>),
    /// A measured curve.
    #[error(transparent)]
    Drive(Box<DriveError>),
}

impl ScenarioError {
    /// The code of the message. Faults in files have codes of their own.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Dose(error) => error.code(),
            Self::Treatment(error) => error.code(),
            Self::Drive(error) => error.code(),
            Self::Sim(error) => error.code(),
            Self::NotOfNuclide { .. } => NOT_OF_NUCLIDE,
            _ => "LUT7052",
        }
    }

    /// What can be done, where a name, a unit or a value is to be written otherwise and the message does not say how.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Scale { source, .. } | Self::Quantity { source, .. } => unit_hint(source),
            Self::Dimension { expected, .. } => format!("give it as {expected}"),
            Self::Setting(error) => SettingFault::from((**error).clone()).hint(),
            Self::Name(error) => error.hint(),
            Self::Dose(error) => error.hint(),
            Self::Treatment(error) => return error.hint(),
            Self::NoTypical { name, unit } => {
                format!("set it, such as `set = {{ {name} = \"… {unit}\" }}`")
            }
            Self::NoModel { nearest: None, .. } => {
                "`lutetia models` lists the bundled ones; a file is named by its path".to_owned()
            }
            Self::HalfLife { .. } => {
                "give a time such as `9694 min` to a nuclide that `nuclides` names".to_owned()
            }
            _ => return None,
        })
    }
}

/// Sources are boxed, so that an error is small enough to be returned by value.
macro_rules! boxed {
    ($($variant:ident $source:ty),*) => {$(
        impl From<$source> for ScenarioError {
            fn from(source: $source) -> Self {
                Self::$variant(Box::new(source))
            }
        }
    )*};
}

boxed!(
    Setting SettingError,
    Name SettingFault,
    Sim SimError,
    Dose DoseError,
    Treatment TreatmentError,
    Drive DriveError
);
