//! What can be wrong with a calibration?

use lutetia_trial::CalibrateError;

use crate::steps::StepError;

/// Why a calibration has no posterior.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CalibrationFault {
    /// A published number that says not how sure it is.
    #[error("the target `{target}` needs an `interval` or an `error`")]
    NoError {
        /// Its name.
        target: String,
    },
    /// A target of something that is not followed.
    #[error("the target `{target}` is of `{found}`; expected `OS`, `PFS` or `marker PFS`")]
    NoEndpoint {
        /// Its name.
        target: String,
        /// As typed.
        found: String,
    },
    /// A target of an arm that the trial does not have.
    #[error("the target `{target}` is of no arm; the arms are {}", known.join(", "))]
    NoArm {
        /// Its name.
        target: String,
        /// The arms.
        known: Vec<String>,
    },
    /// A survival without its time.
    #[error("the target `{target}` needs `at`, in months")]
    NoTime {
        /// Its name.
        target: String,
    },
    /// A hazard ratio of the reference.
    #[error("the target `{target}` compares the first arm with itself; name another")]
    Itself {
        /// Its name.
        target: String,
    },
    /// A calibration that nothing could refute.
    #[error(
        "every target is calibrated on, so none is left to judge the result by; set `calibrate = false` for some"
    )]
    NoneJudged,
    /// A target that a simulated trial does not determine: its particle has no weight.
    #[error("`{target}` is not determined")]
    NotDetermined {
        /// Its name.
        target: String,
    },
    /// A prior of which nothing can be simulated.
    #[error(transparent)]
    Prior(Box<CalibrateError<StepError>>),
}

impl CalibrationFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoArm { .. } => "LUT7121",
            Self::NoError { .. }
            | Self::NoEndpoint { .. }
            | Self::NoTime { .. }
            | Self::Itself { .. } => "LUT7132",
            Self::NoneJudged => "LUT7133",
            Self::NotDetermined { .. } => "LUT7134",
            Self::Prior(error) => error.code(),
        }
    }
}

impl From<CalibrateError<StepError>> for StepError {
    fn from(error: CalibrateError<StepError>) -> Self {
        match error {
            CalibrateError::Trial(error) => error.into(),
            prior => CalibrationFault::Prior(Box::new(prior)).into(),
        }
    }
}
