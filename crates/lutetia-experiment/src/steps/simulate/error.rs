//! Why a regimen cannot be simulated.

use lutetia_units::typed;

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
    /// A tolerance with which nothing can be computed.
    #[error("`{key}` is {}; expected a number above 0, at most 0.01", typed(*found))]
    Tolerance {
        /// Which.
        key: &'static str,
        /// As given.
        found: f64,
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
}

impl SimulateError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7152"
    }
}
