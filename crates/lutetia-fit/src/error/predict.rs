//! Why a model has no value at some parameters.

use lutetia_sim::SimError;

use crate::error::CurveError;

/// Why a model could not be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PredictError {
    /// A prediction is infinite or not a number.
    #[error("prediction {index} is `{value}` at parameters {parameters}; bound the parameters")]
    NonFinite {
        /// Index of the value.
        index: usize,
        /// The value found.
        value: f64,
        /// `name = value` list.
        parameters: String,
    },
    /// The number of parameters or values passed in does not fit the predictor.
    #[error(
        "predictor needs {expected} {what}, found {found}; pass one for each name of the predictor"
    )]
    Shape {
        /// What was counted.
        what: &'static str,
        /// Number needed.
        expected: usize,
        /// Number passed in.
        found: usize,
    },
    /// There is no such curve.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// The model, its doses or what is observed of it cannot be simulated at all.
    #[error(transparent)]
    Model(Box<SimError>),
    /// The simulation fails at these parameters.
    #[error("{cause} (with {parameters})")]
    Simulation {
        /// What the simulator says.
        cause: Box<SimError>,
        /// `name = value` list.
        parameters: String,
    },
    /// A sample at a time that is none.
    #[error(
        "time of a sample of `{output}` is {time}, expected a finite number ≥ 0; count from the first dose"
    )]
    SampleTime {
        /// Output.
        output: String,
        /// As given.
        time: f64,
    },
    /// A derived quantity or its gradient is infinite or not a number.
    #[error(
        "`{name}` is {value} with a gradient that may not be finite, at {parameters}; bound the parameters"
    )]
    NonFiniteDerived {
        /// Name of the quantity.
        name: String,
        /// Value found.
        value: f64,
        /// `name = value` list.
        parameters: String,
    },
    /// A predictor of somebody else has no value.
    #[error("the predictor `{predictor}` has no value at {parameters}: its fault `{fault}`")]
    Failed {
        /// Its name.
        predictor: &'static str,
        /// What went wrong, by the code that it gives to its faults.
        fault: &'static str,
        /// `name = value` list.
        parameters: String,
    },
}

impl From<SimError> for PredictError {
    fn from(cause: SimError) -> Self {
        Self::Model(Box::new(cause))
    }
}

impl PredictError {
    /// Code of the message, LUT51xx.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NonFinite { .. } | Self::NonFiniteDerived { .. } => "LUT5101",
            Self::Shape { .. } => "LUT5102",
            Self::Curve(_) => "LUT5103",
            Self::Model(_) | Self::Simulation { .. } => "LUT5104",
            Self::SampleTime { .. } => "LUT5105",
            Self::Failed { .. } => "LUT5106",
        }
    }
}
