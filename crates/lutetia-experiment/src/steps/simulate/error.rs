//! Why a regimen cannot be simulated.

use lutetia_units::{Dimension, Unit, UnitError, typed};

use super::course::{MOST_CYCLES, MOST_POINTS};

/// Why a regimen cannot be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// Too few or too many times.
    #[error("`points` is {found}; expected 2 to {MOST_POINTS}")]
    Points {
        /// As given.
        found: u32,
    },
    /// A last time that is none.
    #[error("`until` is {} h; expected a time above {} h", typed(*hours), typed(*from))]
    Until {
        /// As given, h.
        hours: f64,
        /// The first time, h.
        from: f64,
    },
    /// Too few or too many repetitions.
    #[error("`cycles` is {found}; expected 1 to {MOST_CYCLES}")]
    Cycles {
        /// As given.
        found: u32,
    },
    /// Repetitions without an interval.
    #[error("`cycles` needs `every`, such as `8 week`")]
    NoInterval,
    /// A cohort of another model.
    #[error("the cohort `{cohort}` is of the model `{of}`, and the step simulates `{simulated}`")]
    OtherModel {
        /// The step that makes it.
        cohort: String,
        /// Its model.
        of: String,
        /// The model that is simulated.
        simulated: String,
    },
    /// A curve for an input that the model does not have.
    #[error(
        "the model has no input `{name}`{}",
        if known.is_empty() { ", and no other input".to_owned() } else { format!("; it has: {}", known.join(", ")) }
    )]
    NoInput {
        /// As named.
        name: String,
        /// The inputs there are.
        known: Vec<String>,
    },
    /// A column of a curve of which the header has no unit that can be read.
    #[error("the column `{column}` of `{table}`: {source}")]
    ColumnUnit {
        /// Which.
        column: String,
        /// Of which table.
        table: String,
        /// Why not.
        source: Box<UnitError>,
    },
    /// A column of a curve in a unit of something else.
    #[error(
        "the column `{column}` of `{table}` is in {found} ({}); expected {expected}",
        found.dimension()
    )]
    ColumnDimension {
        /// Which.
        column: String,
        /// Of which table.
        table: String,
        /// Its unit.
        found: Box<Unit>,
        /// What the input, or a time, has.
        expected: Dimension,
    },
}

impl SimulateError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Points { .. }
            | Self::Until { .. }
            | Self::Cycles { .. }
            | Self::NoInterval
            | Self::OtherModel { .. } => "LUT7152",
            Self::NoInput { .. } | Self::ColumnUnit { .. } | Self::ColumnDimension { .. } => {
                "LUT7153"
            }
        }
    }
}
