//! What the data do not determine, and why.

use std::fmt;

/// Why a model of survival times, or a part of one, has no estimate.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Undetermined {
    /// Nobody had an event.
    #[error("{model} is not determined: all {patients} times are censored{}", .model.hint())]
    AllCensored {
        /// What was to be fitted.
        model: SurvivalModel,
        /// Number of patients.
        patients: usize,
    },
    /// Nobody had the cause of interest.
    #[error(
        "the Fine–Gray model of `{cause}` is not determined: none of the {patients} patients had it"
    )]
    NoSuchEvent {
        /// The cause.
        cause: String,
        /// Number of patients.
        patients: usize,
    },
    /// A covariate that is constant among those at risk, or a combination of those before it.
    #[error(
        "the coefficient of `{covariate}` is not determined: the covariate is constant, or follows from the others; leave it out"
    )]
    Dependent {
        /// Its name.
        covariate: String,
    },
    /// A likelihood without a finite maximum in a coefficient.
    #[error(
        "the coefficient of `{covariate}` is not determined: the likelihood keeps rising as it grows{}: events on one side only{}",
        stopped(.at), .model.penalty()
    )]
    Rising {
        /// What was fitted.
        model: SurvivalModel,
        /// Name of the covariate.
        covariate: String,
        /// The coefficient and its standard error when the iteration stopped, if they still were numbers.
        at: Option<(f64, f64)>,
    },
    /// Score residuals that cancel within each cluster.
    #[error(
        "the robust error of the coefficient of `{covariate}` is not determined: the score residuals of every cluster add to 0; there are too few clusters"
    )]
    NoResiduals {
        /// Name of the covariate.
        covariate: String,
    },
    /// Times that a model with σ = 0 explains.
    #[error(
        "the accelerated failure time model is not determined: the times follow from the covariates with no scatter left; there are too few events at different times"
    )]
    NoScatter,
    /// Events at one time show no trend.
    #[error("the test of proportional hazards is not determined: all events are at one time")]
    OneTime,
    /// The information about the trend is singular.
    #[error(
        "the test of proportional hazards is not determined: the events do not determine a trend over time"
    )]
    NoTrend,
}

/// What was to be estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SurvivalModel {
    /// Proportional hazards.
    Cox,
    /// `ln T` linear in the covariates.
    FailureTimes,
    /// Cumulative incidences of competing causes.
    Incidence,
}

impl SurvivalModel {
    fn hint(self) -> &'static str {
        if self == Self::Cox { "; follow the patients longer" } else { "" }
    }

    fn penalty(self) -> &'static str {
        if self == Self::Cox {
            ", where Firth's penalised likelihood still has a maximum"
        } else {
            ""
        }
    }
}

impl fmt::Display for SurvivalModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cox => "the Cox model",
            Self::FailureTimes => "the accelerated failure time model",
            Self::Incidence => "the cumulative incidence",
        })
    }
}

fn stopped(at: &Option<(f64, f64)>) -> String {
    at.map_or_else(String::new, |(value, error)| {
        format!(" ({value:.3} with a standard error of {error:.3e} when the iteration stopped)")
    })
}
