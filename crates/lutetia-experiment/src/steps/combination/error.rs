//! Why two treatments are not compared with their combination.

use lutetia_table::significant;
use lutetia_units::Unit;

use super::{map::MOST_LEVELS, people::MOST_PATIENTS};

/// Why two treatments are not compared with their combination.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CombinationError {
    /// A response that is not a share.
    #[error(
        "`response` is `{name}` in {unit}; expected an output without unit, the tumour over its size at the start"
    )]
    Response {
        /// The output.
        name: String,
        /// Its unit.
        unit: Box<Unit>,
    },
    /// A run without a value of the response.
    #[error("the run gave no value of `{name}`")]
    NoValue {
        /// The output.
        name: String,
    },
    /// Too few or too many patients.
    #[error("`patients` is {found}; expected 10 to {MOST_PATIENTS}")]
    Patients {
        /// As given.
        found: u32,
    },
    /// Too many patients of the map.
    #[error("`map_patients` is {found}; expected 0 to {MOST_PATIENTS}")]
    MapPatients {
        /// As given.
        found: u32,
    },
    /// A cohort of another model.
    #[error("the cohort `{cohort}` is of another model than `{model}`")]
    OtherModel {
        /// The step that makes it.
        cohort: String,
        /// The model that is simulated.
        model: String,
    },
    /// A distance of scans that fits in no follow-up.
    #[error("`scans` is {scans}; expected a time above 0 that fits in `until`")]
    Scans {
        /// As typed.
        scans: String,
    },
    /// Multiples of doses that are none, or too many.
    #[error("`levels` needs 1 to {MOST_LEVELS} multiples from 0 to 100 for each treatment")]
    Levels,
    /// An arm that has no published median.
    #[error("`calibrate` has the arm `{arm}`; expected `a` or `b`")]
    Arm {
        /// As named.
        arm: String,
    },
    /// No value between the bounds gives the published median.
    #[error(
        "no `{parameter}` from {lower} to {upper} gives a median of {median}: it goes from {} to {} months; widen the \
         bounds",
        significant(ends.0, 3),
        significant(ends.1, 3)
    )]
    NoMedian {
        /// The parameter that is tried.
        parameter: String,
        /// Least value, as typed.
        lower: String,
        /// Greatest value, as typed.
        upper: String,
        /// The published median, as typed.
        median: String,
        /// Medians at the two bounds, months.
        ends: (f64, f64),
    },
}

impl CombinationError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Response { .. }
            | Self::NoValue { .. }
            | Self::Patients { .. }
            | Self::MapPatients { .. }
            | Self::OtherModel { .. }
            | Self::Scans { .. }
            | Self::Levels => "LUT7160",
            Self::Arm { .. } | Self::NoMedian { .. } => "LUT7161",
        }
    }
}
