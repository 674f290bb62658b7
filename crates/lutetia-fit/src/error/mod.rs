//! Why there is no fit, no profile, no sample, no choice.

mod curve;
mod predict;

pub use curve::CurveError;
pub use predict::PredictError;

use crate::verdict::{Breakdown, Status};

/// Why there is no fit at all. A fit that did not converge is not an error; see [`Status`].
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// Wrong number of parameters.
    #[error("model has {expected} parameters, found {found}; give one `FitParameter` for each")]
    ParameterCount {
        /// Number in the model.
        expected: usize,
        /// Number given.
        found: usize,
    },
    /// Wrong parameter name.
    #[error(
        "parameter {index} of the model is `{expected}`, found `{found}`; keep the model's order"
    )]
    ParameterName {
        /// Position.
        index: usize,
        /// The model's name.
        expected: String,
        /// Name given.
        found: String,
    },
    /// Wrong number of observations.
    #[error("model predicts {expected} values, found {found} observations; give one for each")]
    ObservationCount {
        /// Number of predictions.
        expected: usize,
        /// Number of observations.
        found: usize,
    },
    /// A parameter that cannot be used.
    #[error("parameter `{name}`: {reason}; correct its start, bounds, transform or prior")]
    BadParameter {
        /// Name.
        name: String,
        /// What is wrong.
        reason: BadParameter,
    },
    /// No data.
    #[error("no observations; a fit needs at least one")]
    NoObservations,
    /// All parameters fixed.
    #[error("all {parameters} parameters are fixed; free at least one")]
    NothingToEstimate {
        /// Number of parameters.
        parameters: usize,
    },
    /// A value that is not a number.
    #[error("observation `{label}` is {value}, expected a finite number; remove or correct it")]
    BadValue {
        /// Which.
        label: String,
        /// Value found.
        value: f64,
    },
    /// A standard deviation that is not positive.
    #[error(
        "observation `{label}` has standard deviation {sd}, expected a positive finite number; correct it"
    )]
    BadSd {
        /// Which.
        label: String,
        /// Value found.
        sd: f64,
    },
    /// No standard deviation where the error model needs one.
    #[error(
        "observation `{label}` has no standard deviation; give one or choose an additive or proportional error"
    )]
    MissingSd {
        /// Which.
        label: String,
    },
    /// An error magnitude that is not positive.
    #[error("error magnitude `{name}` is {value}, expected a positive finite number; correct it")]
    BadMagnitude {
        /// Which.
        name: &'static str,
        /// Value found.
        value: f64,
    },
    /// A start of wrong length.
    #[error("extra start {start} has {found} values, expected {expected}; give one per parameter")]
    StartLength {
        /// Which.
        start: usize,
        /// Number of parameters.
        expected: usize,
        /// Number given.
        found: usize,
    },
    /// Too few data to estimate a variance together with the parameters.
    #[error(
        "{measured} measured values cannot determine {parameters} parameters and {magnitudes} error magnitudes: the likelihood has no maximum; fix the magnitudes or measure more"
    )]
    UnboundedLikelihood {
        /// Uncensored observations.
        measured: usize,
        /// Free parameters.
        parameters: usize,
        /// Estimated magnitudes.
        magnitudes: usize,
    },
    /// No start at which the model can be evaluated.
    #[error(
        "the model cannot be evaluated at any of {starts} starting points; at the first ({parameters}): {reason}; choose another start"
    )]
    NoUsableStart {
        /// Number tried.
        starts: usize,
        /// First start.
        parameters: String,
        /// First reason.
        reason: SearchFailure,
    },
    /// Stopped from outside.
    #[error("fit interrupted after {finished} of {starts} starts; run it again to get a result")]
    Interrupted {
        /// Starts finished.
        finished: usize,
        /// Starts asked for.
        starts: usize,
    },
    /// The model failed at the estimate.
    #[error("the model cannot be evaluated at the estimate: {0}; bound the parameters")]
    Predict(#[from] PredictError),
    /// The likelihood failed at the estimate.
    #[error("the model cannot be evaluated at the estimate: {0}; bound the parameters")]
    Evaluation(#[from] EvaluationError),
    /// Not even an information of zero can be inverted.
    #[error("the model cannot be evaluated at the estimate: {0}; bound the parameters")]
    Uncertainty(#[from] Breakdown),
}

impl FitError {
    /// Code of the message, LUT50xx, or that of the model.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::ParameterCount { .. }
            | Self::ParameterName { .. }
            | Self::ObservationCount { .. } => "LUT5001",
            Self::BadParameter { .. } => "LUT5002",
            Self::NoObservations | Self::NothingToEstimate { .. } => "LUT5003",
            Self::BadValue { .. }
            | Self::BadSd { .. }
            | Self::MissingSd { .. }
            | Self::BadMagnitude { .. } => "LUT5004",
            Self::StartLength { .. } => "LUT5005",
            Self::UnboundedLikelihood { .. } => "LUT5006",
            Self::NoUsableStart { .. } => "LUT5007",
            Self::Interrupted { .. } => "LUT5008",
            Self::Predict(e) => e.code(),
            Self::Evaluation(e) => e.code(),
            Self::Uncertainty(_) => "LUT5009",
        }
    }
}

/// Why a parameter cannot be fitted as it is given.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BadParameter {
    /// Ends of a logit scale.
    #[error("logit ends {lo} and {hi} must be finite and ascending")]
    Ends {
        /// Lower end.
        lo: f64,
        /// Upper end.
        hi: f64,
    },
    /// A start that is not a number.
    #[error("start is {start}, expected a finite number")]
    Start {
        /// As given.
        start: f64,
    },
    /// A start that its scale does not have.
    #[error("start {start} lies outside the open domain ({lower}, {upper}) of its transform")]
    OutsideDomain {
        /// As given.
        start: f64,
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// Bounds in disorder.
    #[error("bounds [{lower}, {upper}] are not ascending")]
    Bounds {
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// A start beyond the bounds.
    #[error("start {start} lies outside its bounds [{lower}, {upper}]")]
    OutsideBounds {
        /// As given.
        start: f64,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// A prior that is none.
    #[error("prior mean {mean} and SD {sd} must be finite and the SD positive")]
    Prior {
        /// Mean on the transformed scale.
        mean: f64,
        /// Standard deviation on the transformed scale.
        sd: f64,
    },
}

/// Why the likelihood cannot be computed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// The model fails.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// A variance that is not positive.
    #[error(
        "variance of `{label}` is `{variance}` at a prediction of `{prediction}`; a proportional error needs predictions away from zero, or choose a combined one"
    )]
    Variance {
        /// Observation.
        label: String,
        /// Variance of the error model.
        variance: f64,
        /// Prediction.
        prediction: f64,
    },
    /// A likelihood that is not finite.
    #[error("the likelihood is `{cost}`; choose another start or bound the parameters")]
    Cost {
        /// Half of −2 ln L.
        cost: f64,
    },
}

impl EvaluationError {
    /// Code of the message, or that of the model.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Predict(e) => e.code(),
            Self::Variance { .. } | Self::Cost { .. } => "LUT5010",
        }
    }
}

/// Why a search ended without a place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchFailure {
    /// The likelihood cannot be computed.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// No start has a cost that can be compared.
    #[error("no starting point has a finite cost")]
    NoCost,
    /// The optimiser gave up.
    #[error("{reason}")]
    Optimiser {
        /// In its words.
        reason: String,
    },
}

impl SearchFailure {
    /// What an optimiser says, brought back to what made it say so.
    pub(crate) fn of(error: argmin::core::Error) -> Self {
        match error.downcast::<EvaluationError>() {
            Ok(e) => Self::Evaluation(e),
            Err(error) => match error.downcast::<PredictError>() {
                Ok(e) => Self::Evaluation(e.into()),
                Err(error) => Self::Optimiser { reason: error.to_string() },
            },
        }
    }

    /// Code of the message, or that of the model.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Evaluation(e) => e.code(),
            Self::NoCost | Self::Optimiser { .. } => "LUT5011",
        }
    }
}

/// Why there is no choice among functions and no average over them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SelectionError {
    /// Too few observations for the correction.
    #[error("AICc needs more than K + 1 = {needed} observations, found {found}")]
    NoAicc {
        /// K + 1.
        needed: usize,
        /// Observations.
        found: usize,
    },
    /// Nothing that has a weight.
    #[error("AICc or the integral is not determined for any function")]
    NothingToAverage,
}

impl SelectionError {
    /// Code of the message, LUT52xx.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoAicc { .. } => "LUT5201",
            Self::NothingToAverage => "LUT5202",
        }
    }
}

/// Why there is no profile of a quantity.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No minimum to start from.
    #[error("the search {status}")]
    NotConverged {
        /// How the search ended.
        status: Status,
    },
    /// A parameter that does not move.
    #[error("`{name}` is held fixed")]
    Fixed {
        /// Its name.
        name: String,
    },
    /// Nothing left to estimate the error from.
    #[error(
        "{observations} observations and {parameters} parameters leave nothing to estimate the error from; give standard deviations"
    )]
    NoFreedom {
        /// Observations.
        observations: usize,
        /// Free parameters.
        parameters: usize,
    },
    /// The likelihood cannot be computed at the estimate.
    #[error(transparent)]
    Evaluation(#[from] EvaluationError),
    /// No such quantity.
    #[error("the fit has no `{name}` that a profile could follow")]
    NoQuantity {
        /// As asked.
        name: String,
    },
    /// A quantity that the function takes for granted.
    #[error("no fitted parameter moves {name}; it is what the function takes for granted")]
    Unmoved {
        /// Its name.
        name: String,
    },
    /// The estimate is not the best.
    #[error("a better fit lies along the profile of {name}, at {at}; fit again with more starts")]
    BetterFit {
        /// Name of the quantity.
        name: String,
        /// Its value there.
        at: f64,
    },
}

impl ProfileError {
    /// Code of the message, LUT53xx, or that of the model.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConverged { .. } => "LUT5301",
            Self::Fixed { .. } | Self::NoQuantity { .. } | Self::Unmoved { .. } => "LUT5302",
            Self::NoFreedom { .. } => "LUT5303",
            Self::Evaluation(e) => e.code(),
            Self::BetterFit { .. } => "LUT5304",
        }
    }
}

/// Why no samples can be drawn from a fit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// No minimum to draw about.
    #[error("the search {status}")]
    NotConverged {
        /// How the search ended.
        status: Status,
    },
    /// Nothing left to estimate the error from.
    #[error(
        "{observations} observations and {parameters} parameters leave nothing to estimate the error from; give standard deviations"
    )]
    NoFreedom {
        /// Observations.
        observations: usize,
        /// Free parameters.
        parameters: usize,
    },
}

impl SamplerError {
    /// Code of the message, that of the same fault of a profile.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotConverged { .. } => "LUT5301",
            Self::NoFreedom { .. } => "LUT5303",
        }
    }
}

/// Why a box cannot be searched.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// Sides of different number, or none.
    #[error(
        "the box has {lower} lower and {upper} upper sides; expected as many of each, at least one"
    )]
    Sides {
        /// Lower sides.
        lower: usize,
        /// Upper sides.
        upper: usize,
    },
    /// A side in disorder.
    #[error(
        "side {side} of the box is {lower} to {upper}; expected finite numbers, the lower first"
    )]
    Side {
        /// Which, from 1.
        side: usize,
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
    },
    /// Too few points.
    #[error("the search holds {found} points; expected at least 4")]
    Points {
        /// As asked.
        found: usize,
    },
    /// A start outside the box.
    #[error("the start {start:?} lies outside the box")]
    Start {
        /// As given.
        start: Vec<f64>,
    },
    /// The optimiser gave up.
    #[error(transparent)]
    Failure(#[from] SearchFailure),
}

impl SearchError {
    /// Code of the message, LUT54xx, or that of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sides { .. } | Self::Side { .. } => "LUT5401",
            Self::Points { .. } => "LUT5402",
            Self::Start { .. } => "LUT5403",
            Self::Failure(e) => e.code(),
        }
    }
}
