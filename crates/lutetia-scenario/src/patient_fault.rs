//! Why a column, a cell or a row of a table of patients means nothing to a model.

use lutetia_data::{Refused, codes};
use lutetia_diagnostic::Code;
use lutetia_model::system::SettingError;
use lutetia_units::Dimension;

use crate::{DoseError, SettingFault};

/// Columns that say what a patient is given.
pub(crate) const DOSE: [&str; 6] = ["activity", "amount", "at", "over", "into", "nuclide"];

/// Why a column, a cell or a row of a table of patients cannot be taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PatientFault {
    /// A covariate without a typical value, and an empty cell.
    #[error("`{name}` has no typical value and is not given")]
    NotGiven {
        /// Which.
        name: String,
        /// Its unit; none where it has levels.
        unit: Option<String>,
    },
    /// The dose of a row.
    #[error("{source}")]
    Dose {
        /// Why it cannot be given.
        source: Box<DoseError>,
        /// Whether no pool is named.
        nowhere: bool,
    },
    /// A value that a parameter or covariate cannot have.
    #[error("{source}")]
    Value {
        /// Why not.
        source: Box<SettingError>,
        /// The levels that it can have, where it has some.
        levels: Vec<String>,
    },
    /// A name that means several things.
    #[error(transparent)]
    Parts(Box<SettingFault>),
    /// The result of a formula.
    #[error("`{name}` is the formula `{text}`, which cannot be set")]
    Formula {
        /// Which.
        name: String,
        /// As the author wrote it.
        text: String,
    },
    /// What a curve drives.
    #[error("`{name}` is an input of the model, or driven by a curve")]
    Input {
        /// Which.
        name: String,
    },
    /// Nothing of that name.
    #[error("the model has no parameter or covariate `{name}`")]
    Unknown {
        /// The title.
        name: String,
        /// The nearest there is.
        near: Option<String>,
    },
    /// A column of what holds for all.
    #[error("`{name}` is a column and is set for all patients with `--set`")]
    SetForAll {
        /// Which.
        name: String,
    },
    /// A patient whom the study does not have.
    #[error("the study has no subject `{name}`; it has: {}", known.join(", "))]
    NotInStudy {
        /// As written.
        name: String,
        /// A subject that is near.
        near: Option<String>,
        /// The subjects there are.
        known: Vec<String>,
    },
    /// A dose beside those of a study.
    #[error("`{name}` is of a dose, and the doses are those of the study")]
    DoseOfStudy {
        /// The title.
        name: String,
    },
    /// A title without its unit, or with one of something else.
    #[error("{}", match found {
        None => format!("column `{name}` has no unit"),
        Some((unit, found)) => format!(
            "column `{name}` is in `{unit}` ({found}); expected {}",
            expected.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
        ),
    })]
    Unit {
        /// The title.
        name: String,
        /// The unit found, and its dimension.
        found: Option<(String, Dimension)>,
        /// Dimensions of which one is expected.
        expected: Vec<Dimension>,
        /// A unit that would be; empty or `1` where there is none.
        example: String,
    },
}

impl Refused for PatientFault {
    fn code(&self) -> Code {
        match self {
            Self::NotGiven { .. } | Self::Value { .. } => codes::OUT_OF_RANGE,
            Self::Dose { source, .. } => source.code(),
            Self::Parts(_) | Self::Formula { .. } | Self::Input { .. } | Self::Unknown { .. } => {
                codes::UNKNOWN_COLUMN
            }
            Self::DoseOfStudy { .. } => codes::UNKNOWN_COLUMN,
            Self::NotInStudy { .. } => codes::MISSING_SUBJECT,
            Self::SetForAll { .. } => codes::DUPLICATE_COLUMN,
            Self::Unit { found: None, .. } => codes::MISSING_UNIT,
            Self::Unit { found: Some(_), .. } => codes::WRONG_DIMENSION,
        }
    }

    fn hint(&self) -> String {
        match self {
            Self::NotGiven { name, unit: Some(unit) } => format!("fill the column `{name} ({unit})`"),
            Self::NotGiven { name, unit: None } => format!("fill the column `{name}`"),
            Self::Dose { nowhere: true, .. } => {
                "fill the column `into` with a pool of the model, such as `L.plasma`".to_owned()
            }
            Self::Dose { nowhere: false, .. } => {
                "look at the columns `activity`, `amount`, `at`, `over`, `into` and `nuclide` of the row"
                    .to_owned()
            }
            Self::Value { levels, .. } if levels.is_empty() => {
                "look at the unit in the title, or leave the cell empty where the value is not known"
                    .to_owned()
            }
            Self::Value { levels, .. } => format!("write one of {}", levels.join(", ")),
            Self::Parts(_) => "name one of them in the title".to_owned(),
            Self::Formula { .. } => "give columns for what stands in it".to_owned(),
            Self::Input { name } => format!("give its curve with `--input {name}=FILE.csv`"),
            Self::Unknown { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Unknown { near: None, .. } => format!(
                "remove the column; `lutetia explain` lists what the model has, and a dose is {}",
                DOSE.join(", ")
            ),
            Self::NotInStudy { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::NotInStudy { near: None, .. } => {
                "remove the row, or name the patient as `subjects.csv` does".to_owned()
            }
            Self::DoseOfStudy { .. } => {
                "remove the column, and write the dose into `doses.csv` of the study".to_owned()
            }
            Self::SetForAll { .. } => "keep one of both".to_owned(),
            Self::Unit { name, example, .. } => match example.as_str() {
                "" | "1" => format!("write `{name}` without a unit"),
                unit => format!("write `{name} ({unit})`"),
            },
        }
    }
}
