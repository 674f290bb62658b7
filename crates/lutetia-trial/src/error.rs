//! What can be wrong with a trial or a search.

use lutetia_population::PopulationError;

/// Why a trial, a calibration or a search cannot be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// A name the model does not have.
    #[error("the model has no {what} `{name}`{hint}")]
    Unknown {
        /// `parameter`, `covariate`, `output`.
        what: &'static str,
        /// As given.
        name: String,
        /// `; did you mean …?` or what there is.
        hint: String,
    },
    /// A number outside its range.
    #[error("{what} is {found}; expected {expected}")]
    OutOfRange {
        /// What the number is.
        what: String,
        /// What was found.
        found: String,
        /// What was expected, with a hint where there is one.
        expected: String,
    },
    /// The population cannot be drawn or weighted.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// A statistic that the simulated patients do not determine.
    #[error("{what} is not determined: {reason}")]
    NotDetermined {
        /// Which.
        what: String,
        /// Why.
        reason: String,
    },
    /// The simulator refuses what is asked of all patients alike.
    #[error(transparent)]
    Simulation(#[from] lutetia_sim::SimError),
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
}

impl TrialError {
    /// Code of the message, LUT93xx, or that of the population.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "LUT9301",
            Self::OutOfRange { .. } => "LUT9302",
            Self::Population(e) => e.code(),
            Self::NotDetermined { .. } => "LUT9303",
            Self::Simulation(_) => "LUT9304",
            Self::Interrupted => "LUT9305",
        }
    }
}
