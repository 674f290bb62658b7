//! Why does a text not read?

use lutetia_diagnostic::closest;
use lutetia_outcome::survival::SplineScale;
use lutetia_patient::TextError;
use lutetia_pet::Method;
use lutetia_units::{Dimension, NuclideError, UnitError};

/// A text that does not read: what was found and expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Unread {
    /// No quantity.
    #[error("{source}")]
    NoQuantity {
        /// Why not.
        source: Box<UnitError>,
        /// Units of which one must be meant; any where there are none.
        units: Vec<String>,
    },
    /// A number where a unit is needed.
    #[error("`{found}` has no unit")]
    Bare {
        /// The number.
        found: String,
        /// It with the unit that it probably lacks.
        corrected: String,
    },
    /// A quantity of something else.
    #[error("found `{found}` ({dimension}), expected {}", expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))]
    Dimension {
        /// As typed.
        found: String,
        /// Its dimension.
        dimension: Dimension,
        /// What it must have one of.
        expected: Vec<Dimension>,
        /// Units of these.
        units: Vec<String>,
    },
    /// A share that cannot be.
    #[error("{0}")]
    Share(Box<TextError>),
    /// Not of another form.
    #[error("{cause}")]
    Form {
        /// Why not.
        cause: Box<Cause>,
        /// A text of the form.
        example: &'static str,
    },
    /// No unit of time.
    #[error("`{text}` is not a unit of time")]
    TimeUnit {
        /// As typed.
        text: String,
    },
}

/// Why a text is not of its form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// Words of dosimetry.
    #[error(transparent)]
    Text(#[from] TextError),
    /// A quantity.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// A scale of splines.
    #[error(
        "no scale of splines `{name}`; known are {}",
        SplineScale::ALL.map(SplineScale::name).join(", ")
    )]
    Scale {
        /// As typed.
        name: String,
    },
    /// A method of PET kinetics.
    #[error("there is no method `{name}`; there are: {}", pet_methods())]
    PetMethod {
        /// As typed.
        name: String,
    },
    /// A nuclide.
    #[error(transparent)]
    Nuclide(#[from] NuclideError),
    /// A cell of a table.
    #[error("`{0}` names no cell")]
    Cell(String),
    /// What reads by itself.
    #[error(transparent)]
    Unread(Box<Unread>),
}

fn pet_methods() -> String {
    Method::ALL.map(Method::name).join(", ")
}

impl From<Unread> for Cause {
    fn from(unread: Unread) -> Self {
        Self::Unread(Box::new(unread))
    }
}

impl Unread {
    /// What can be done, where the message does not say it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let becomes = |units: &[String]| {
            format!("give a number with a unit that becomes `{}`", units.join("` or `"))
        };
        match self {
            Self::NoQuantity { units, .. } if units.is_empty() => {
                Some("give a number, with its unit where it has one".to_owned())
            }
            Self::NoQuantity { units, .. } | Self::Dimension { units, .. } => Some(becomes(units)),
            Self::Bare { .. } | Self::Share(_) => None,
            Self::Form { cause, example } => match **cause {
                // Says itself what there is.
                Cause::Text(TextError::Function { .. }) | Cause::Nuclide(_) => None,
                Cause::PetMethod { ref name } => {
                    let near = closest(name, Method::ALL.into_iter().map(Method::name));
                    near.map(|near| format!("write `{near}`"))
                }
                Cause::Cell(_) => Some("name a cell as `table/row/column`".to_owned()),
                _ => Some(format!("give it as `{example}`")),
            },
            Self::TimeUnit { .. } => {
                Some("give one such as `mo`, `months`, `week` or `d`".to_owned())
            }
        }
    }

    /// The number with the unit that it probably lacks, as it should be written.
    #[must_use]
    pub fn corrected(&self) -> Option<String> {
        match self {
            Self::Bare { corrected, .. } => Some(corrected.clone()),
            _ => None,
        }
    }
}
