//! Why a step about a cohort or a trial could not be computed.

use lutetia_trial::{Endpoint, Failed, TrialError};
use lutetia_units::UnitError;

use super::{
    alone::AloneFault,
    calibrate::CalibrationFault,
    cohort::{CohortFault, PosteriorFault},
    cohort_curves::CurvesFault,
    one_at_a_time::VaryFault,
    trade_off::{ProposalFault, TradeOffFault},
    trial::{RoleFault, TrialFault},
};

/// Why a step about a cohort or a trial could not be computed: what several kinds share, and what each has of its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrialStepError {
    /// A text that is not a quantity of the unit that its key needs.
    #[error("{key}: {source}")]
    Quantity {
        /// The key, and whose it is.
        key: String,
        /// What is wrong with it.
        source: UnitError,
    },
    /// An arm that the trial does not have.
    #[error("no arm `{name}`; the arms are {}", known.join(", "))]
    NoArm {
        /// As named.
        name: String,
        /// The arms.
        known: Vec<String>,
    },
    /// A share that the trial does not count.
    #[error("no share is called `{name}`; there are: {}", known.join(", "))]
    NoShare {
        /// As named.
        name: String,
        /// The shares.
        known: Vec<String>,
    },
    /// An output that the model does not have.
    #[error("the model has no output `{name}`")]
    NoOutput {
        /// As named.
        name: String,
    },
    /// An output that the model has and the trial does not keep.
    #[error("the trial does not keep `{output}`; add it to `keep` of that step")]
    NotKept {
        /// The output.
        output: String,
    },
    /// An endpoint from which something is computed, and which the trial does not follow.
    #[error("{what} needs {}; the trial `{trial}` names none", keys_of(*.endpoint))]
    NoEndpoint {
        /// What is computed from it.
        what: NeedsEndpoint,
        /// The endpoint.
        endpoint: Endpoint,
        /// The step of the trial.
        trial: String,
    },
    /// More patients than an accident of tolerance explains, or all of them.
    #[error("{}", failed_patients(*.failed, *.patients, .first.as_deref()))]
    Patients {
        /// How many could not be simulated.
        failed: usize,
        /// Of how many.
        patients: usize,
        /// Why the first one could not.
        first: Option<Box<TrialError>>,
    },
    /// The keys of a trial.
    #[error(transparent)]
    Trial(#[from] TrialFault),
    /// Outputs that cannot play their roles.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Roles(Vec<RoleFault>),
    /// The keys of a cohort.
    #[error(transparent)]
    Cohort(#[from] CohortFault),
    /// A calibration of another experiment.
    #[error(transparent)]
    Posterior(#[from] PosteriorFault),
    /// Methods of integration on virtual patients.
    #[error(transparent)]
    Curves(#[from] CurvesFault),
    /// A calibration.
    #[error(transparent)]
    Calibration(#[from] CalibrationFault),
    /// Benefit against harm.
    #[error(transparent)]
    TradeOff(#[from] TradeOffFault),
    /// A search for a regimen.
    #[error(transparent)]
    Proposal(#[from] ProposalFault),
    /// A value varied alone.
    #[error(transparent)]
    Vary(#[from] VaryFault),
    /// A trial run by itself.
    #[error(transparent)]
    Alone(#[from] AloneFault),
}

/// What is computed from an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NeedsEndpoint {
    /// A target of a calibration.
    #[error("the target `{name}`")]
    Target {
        /// Its name.
        name: String,
    },
    /// The benefit of a trade-off.
    #[error("the benefit `{key}`")]
    Benefit {
        /// As it is typed.
        key: &'static str,
    },
    /// The result of a value varied alone.
    #[error("the result `{key}`")]
    Result {
        /// As it is typed.
        key: &'static str,
    },
}

/// The keys of a trial that give it an endpoint.
fn keys_of(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::OverallSurvival => "`death`, the output that is the cumulative hazard of death",
        Endpoint::ProgressionFreeSurvival => "`volume` or `new_lesion`",
        Endpoint::MarkerProgressionFree => "`marker` and `marker_visits`",
    }
}

fn failed_patients(failed: usize, patients: usize, first: Option<&TrialError>) -> String {
    let who = if failed == patients {
        format!("none of {patients} patients could be simulated")
    } else {
        format!("{failed} of {patients} patients could not be simulated")
    };
    first.map_or_else(|| who.clone(), |first| format!("{who}; the first: {first}"))
}

impl TrialStepError {
    /// Code of the message, LUT712x to LUT714x.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Quantity { .. } => "LUT7120",
            Self::NoArm { .. }
            | Self::NoShare { .. }
            | Self::NoOutput { .. }
            | Self::NotKept { .. } => "LUT7121",
            Self::Roles(_) => "LUT7122",
            Self::NoEndpoint { .. } => "LUT7123",
            Self::Patients { .. } => "LUT7124",
            Self::Trial(fault) => fault.code(),
            Self::Cohort(fault) => fault.code(),
            Self::Posterior(fault) => fault.code(),
            Self::Curves(fault) => fault.code(),
            Self::Calibration(fault) => fault.code(),
            Self::TradeOff(fault) => fault.code(),
            Self::Proposal(fault) => fault.code(),
            Self::Vary(fault) => fault.code(),
            Self::Alone(fault) => fault.code(),
        }
    }

    /// Patients who could not be simulated, of so many.
    pub(crate) fn patients(failed: &[Failed], patients: usize) -> Self {
        let first = failed.first().map(|f| f.reason.clone());
        Self::Patients { failed: failed.len(), patients, first }
    }

    /// A text that is not a quantity of what a key needs.
    pub(crate) fn quantity(key: impl Into<String>) -> impl FnOnce(UnitError) -> Self {
        let key = key.into();
        move |source| Self::Quantity { key, source }
    }
}

impl From<TrialStepError> for super::StepError {
    fn from(error: TrialStepError) -> Self {
        Self::TrialStep(Box::new(error))
    }
}

/// What belongs to one kind goes through what all of them share.
macro_rules! through {
    ($($fault:ty),* $(,)?) => {$(
        impl From<$fault> for super::StepError {
            fn from(fault: $fault) -> Self {
                TrialStepError::from(fault).into()
            }
        }
    )*};
}

through!(
    TrialFault,
    CohortFault,
    PosteriorFault,
    CurvesFault,
    CalibrationFault,
    TradeOffFault,
    ProposalFault,
    VaryFault,
    AloneFault,
);
