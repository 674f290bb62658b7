//! Why a step could not be computed.

use lutetia_diagnostic::Refusal;
use lutetia_dose::DoseError;
use lutetia_fit::{FitError, PredictError};
use lutetia_model::system::SettingError;
use lutetia_outcome::OutcomeError;
use lutetia_population::PopulationError;
use lutetia_scenario::{ScenarioError, SettingFault, TreatmentError};
use lutetia_sim::SimError;
use lutetia_table::TableError;
use lutetia_trial::TrialError;
use lutetia_units::{NuclideError, UnitError};

/// Why a step could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The model, its settings or its doses.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// A name that is given a value.
    #[error(transparent)]
    Setting(#[from] SettingFault),
    /// The doses of an arm.
    #[error(transparent)]
    Treatment(#[from] TreatmentError),
    /// A table, a row or a column of an earlier step.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A quantity.
    #[error(transparent)]
    Unit(#[from] UnitError),
    /// A nuclide.
    #[error(transparent)]
    Nuclide(#[from] NuclideError),
    /// A fit.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A curve that cannot be drawn.
    #[error(transparent)]
    Predict(#[from] PredictError),
    /// A simulation.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// A dose.
    #[error(transparent)]
    Dose(#[from] DoseError),
    /// A statistic.
    #[error(transparent)]
    Outcome(#[from] OutcomeError),
    /// A population or its weights.
    #[error(transparent)]
    Population(#[from] PopulationError),
    /// A trial.
    #[error(transparent)]
    Trial(#[from] TrialError),
    /// One virtual patient.
    #[error("patient {number}: {source}")]
    Patient {
        /// From 0.
        number: u64,
        /// What went wrong.
        source: Box<StepError>,
    },
    /// An integral that is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A sentence; each of these becomes a variant with fields.
    #[error("{0}")]
    Said(String),
}

impl From<SettingError> for StepError {
    fn from(error: SettingError) -> Self {
        Self::Setting(error.into())
    }
}

impl From<String> for StepError {
    fn from(sentence: String) -> Self {
        Self::Said(sentence)
    }
}

impl From<&str> for StepError {
    fn from(sentence: &str) -> Self {
        Self::Said(sentence.to_owned())
    }
}
