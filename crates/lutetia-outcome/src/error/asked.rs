//! What is asked for when there is no answer.

use std::fmt;

use crate::survival::{Family, SurvivalModel};

/// What was to be computed.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Asked {
    /// A response against exposure by a logistic curve.
    LogisticCurve,
    /// A model of survival times with covariates.
    Model(SurvivalModel),
    /// Cox's model by Firth's penalised likelihood.
    PenalisedCox,
    /// Turnbull's curve.
    IntervalCurve,
    /// The log-rank test of groups.
    LogRankTest,
    /// The standardised log-rank statistic of two arms.
    LogRankStatistic,
    /// The mean survival time up to a horizon.
    RestrictedMean {
        /// The horizon, in the unit of the times.
        tau: f64,
    },
    /// The standard error of a difference of restricted means.
    RestrictedMeanError,
    /// A parametric distribution of survival times.
    Distribution(Family),
    /// A quantile of a distribution of survival times.
    Quantile,
    /// The time by which a share of the patients has the event.
    TimeOfShare {
        /// The share, 0 to 1.
        share: f64,
    },
    /// A Royston–Parmar spline.
    Spline {
        /// Number of its internal knots.
        internal: usize,
    },
    /// A quantile of a spline.
    SplineQuantile {
        /// The share, 0 to 1.
        share: f64,
    },
    /// Individual times from a published curve.
    Reconstruction,
    /// The rank-preserving structural failure time model.
    StructuralModel,
    /// The model of the decision to switch.
    SwitchModel,
    /// The inverse probability of not having switched.
    SwitchWeights,
    /// Survival as if nobody had switched.
    WithoutSwitch,
    /// The test of lack of fit.
    LackOfFit,
    /// The number needed to harm.
    NumberNeededToHarm,
    /// The time at which a cumulative hazard has used up a random number.
    SurvivalTime,
    /// The time of progression or death at visits.
    ProgressionFree,
    /// Loewe's combination index.
    CombinationIndex,
    /// Additivity of event times at a share of patients.
    SumOfTimes {
        /// The share, 0 to 1.
        share: f64,
    },
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Model(model) => return model.fmt(f),
            Self::RestrictedMean { tau } => return write!(f, "the restricted mean to {tau}"),
            Self::Distribution(family) => return write!(f, "the {} distribution", family.name()),
            Self::TimeOfShare { share } => {
                return write!(f, "the time by which a share of {share} has the event");
            }
            Self::Spline { internal } => {
                return write!(f, "the spline with {internal} internal knots");
            }
            Self::SplineQuantile { share } => {
                return write!(f, "the {} % quantile of the spline", 100.0 * share);
            }
            Self::SumOfTimes { share } => {
                return write!(f, "the sum of times at a share of {share}");
            }
            Self::LogisticCurve => "the logistic curve of response against exposure",
            Self::PenalisedCox => "the penalised Cox model",
            Self::IntervalCurve => "the curve of interval-censored times",
            Self::LogRankTest => "the log-rank test",
            Self::LogRankStatistic => "the log-rank statistic",
            Self::RestrictedMeanError => "the error of the difference of restricted means",
            Self::Quantile => "the quantile",
            Self::Reconstruction => "the reconstruction",
            Self::StructuralModel => "the structural failure time model",
            Self::SwitchModel => "the model of the switch",
            Self::SwitchWeights => "the weights of censoring at the switch",
            Self::WithoutSwitch => "survival without the switch",
            Self::LackOfFit => "the lack of fit",
            Self::NumberNeededToHarm => "the number needed to harm",
            Self::SurvivalTime => "the survival time",
            Self::ProgressionFree => "progression-free survival",
            Self::CombinationIndex => "the combination index",
        })
    }
}
