//! What can be wrong with a trial or a search.

use lutetia_fit::SearchError;
use lutetia_outcome::OutcomeError;
use lutetia_population::{Instead, PopulationError};
use lutetia_sim::SimError;

use crate::{
    endpoint::Endpoint,
    range::{CalibrationRange, RegimenRange, TradeOffRange, TrialRange},
};

/// Why a trial, a calibration or a search cannot be run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialError {
    /// A name the model does not have.
    #[error("the model has no {what} `{name}`{instead}")]
    Unknown {
        /// `parameter`, `covariate`, `output`.
        what: &'static str,
        /// As given.
        name: String,
        /// What there is instead.
        instead: Instead,
    },
    /// A number of the trial outside its range.
    #[error(transparent)]
    Range(#[from] TrialRange),
    /// A number of a calibration outside its range.
    #[error(transparent)]
    Calibration(#[from] CalibrationRange),
    /// A number of a search for a regimen outside its range.
    #[error(transparent)]
    Regimen(#[from] RegimenRange),
    /// A number of a trade-off outside its range.
    #[error(transparent)]
    TradeOff(#[from] TradeOffRange),
    /// A cumulative hazard that is not one.
    #[error(
        "the cumulative hazard `{output}` at time {time} is smaller than before; expected a hazard of zero or more; \
         look at the sign of its coefficients"
    )]
    FallingHazard {
        /// The output.
        output: String,
        /// Days.
        time: f64,
    },
    /// Particles from which no next generation can be proposed.
    #[error(
        "the spread of the particles is not a number; expected finite values; look at the bounds of the unknowns"
    )]
    NoSpread,
    /// The population cannot be drawn or weighted.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// A statistic that the simulated patients do not determine.
    #[error("{what} is not determined: {cause}")]
    Outcome {
        /// Which.
        what: Statistic,
        /// What stands against it.
        cause: Box<OutcomeError>,
    },
    /// A survival without a hazard.
    #[error(
        "the expected survival is not determined: the trial names no cumulative hazard of death"
    )]
    NoDeath,
    /// A chance of crossover by the logarithm of what has none.
    #[error(
        "the chance of crossover by `{on}` is not determined: it is {found} at progression, and its logarithm is taken"
    )]
    NoChance {
        /// What the chance depends on.
        on: String,
        /// Its value at progression.
        found: f64,
    },
    /// The simulator refuses a request that is the same for all patients.
    #[error(transparent)]
    Simulation(Box<SimError>),
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
}

/// A statistic of the patients of a trial.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Statistic {
    /// Times and events of an arm.
    #[error("{} of the arm `{arm}`", endpoint.name())]
    Times {
        /// Which endpoint.
        endpoint: Endpoint,
        /// The arm.
        arm: String,
    },
    /// A Kaplan–Meier curve.
    #[error("the curve of {}", .0.name())]
    Curve(Endpoint),
    /// A hazard ratio.
    #[error("the hazard ratio of {}", .0.name())]
    HazardRatio(Endpoint),
    /// A response by RECIST 1.1.
    #[error("the response")]
    Response,
    /// A response of the marker.
    #[error("the response of the marker")]
    MarkerResponse,
    /// The number needed to harm.
    #[error("the number needed to harm")]
    NeededToHarm,
}

impl From<SimError> for TrialError {
    fn from(cause: SimError) -> Self {
        Self::Simulation(Box::new(cause))
    }
}

impl TrialError {
    /// A statistic for which a method of `lutetia_outcome` refuses the patients.
    pub(crate) fn outcome(what: Statistic) -> impl FnOnce(OutcomeError) -> Self {
        move |cause| Self::Outcome { what, cause: Box::new(cause) }
    }

    /// Code of the message, LUT93xx, or that of the population.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "LUT9301",
            Self::Range(_)
            | Self::Calibration(_)
            | Self::Regimen(_)
            | Self::TradeOff(_)
            | Self::FallingHazard { .. }
            | Self::NoSpread => "LUT9302",
            Self::Population(e) => e.code(),
            Self::Outcome { .. } | Self::NoDeath | Self::NoChance { .. } => "LUT9303",
            Self::Simulation(_) => "LUT9304",
            Self::Interrupted => "LUT9305",
        }
    }
}

/// Why a calibration has no posterior, where `E` is why a particle could not be simulated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrateError<E> {
    /// What is asked for, or an interruption.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// A prior of which nothing can be simulated.
    #[error(
        "the number of particles of the prior that can be simulated is 0; expected at least one; the first fails \
         because {reason}"
    )]
    Prior {
        /// Why the first could not be.
        reason: E,
    },
}

impl<E> CalibrateError<E> {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Trial(error) => error.code(),
            Self::Prior { .. } => "LUT9302",
        }
    }
}

/// Why a search proposes no regimen, where `E` is why one could not be assessed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProposeError<E> {
    /// Knobs or limits that are none.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// The search itself.
    #[error("the regimen is not determined: {0}")]
    Search(SearchError),
    /// No regimen could be assessed, or not the one that was found.
    #[error("the regimen is not determined: {reason}")]
    Assessment {
        /// Why the first could not be.
        reason: E,
    },
    /// No regimen has a benefit that is a number.
    #[error("the regimen is not determined: no regimen could be assessed")]
    NoBenefit,
}

impl<E> ProposeError<E> {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Trial(error) => error.code(),
            Self::Search(_) | Self::Assessment { .. } | Self::NoBenefit => "LUT9303",
        }
    }
}
