//! Why a step could not be computed.

use lutetia_diagnostic::Refusal;
use lutetia_dose::DoseError;
use lutetia_fit::{FitError, PredictError};
use lutetia_model::system::SettingError;
use lutetia_outcome::OutcomeError;
use lutetia_patient::{NoIntegral, PatientError, TextError};
use lutetia_population::PopulationError;
use lutetia_scenario::{ScenarioError, SettingFault, TreatmentError, unit_hint};
use lutetia_sim::SimError;
use lutetia_table::TableError;
use lutetia_trial::TrialError;
use lutetia_units::{NuclideError, UnitError};

use super::{
    Absent, combination::CombinationError, compare::CompareError, designs::DesignsError,
    input_curve::InputCurveError, pet::PetStepError, pet_to_therapy::PetToTherapyError,
    reconstruct::ReconstructError, side_by_side::SideBySideError, simulate::SimulateError,
    small_targets::SmallTargetsError, survival::SurvivalError, sweep::SweepError,
};
use crate::results::NotFound;

use super::{integrate::tables::LibraryError, trial_error::TrialStepError};

/// Why a step could not be computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The model, its settings or its doses.
    #[error(transparent)]
    Scenario(Box<ScenarioError>),
    /// A name that is given a value.
    #[error(transparent)]
    Setting(Box<SettingFault>),
    /// The doses of an arm.
    #[error(transparent)]
    Treatment(Box<TreatmentError>),
    /// A table, a row or a column of `[data]`.
    #[error(transparent)]
    Table(Box<TableError>),
    /// What no earlier step found.
    #[error(transparent)]
    NotFound(Box<NotFound>),
    /// A quantity.
    #[error(transparent)]
    Unit(Box<UnitError>),
    /// A nuclide.
    #[error(transparent)]
    Nuclide(Box<NuclideError>),
    /// A fit.
    #[error(transparent)]
    Fit(Box<FitError>),
    /// A curve that cannot be drawn.
    #[error(transparent)]
    Predict(Box<PredictError>),
    /// A simulation.
    #[error(transparent)]
    Sim(Box<SimError>),
    /// A dose.
    #[error(transparent)]
    Dose(Box<DoseError>),
    /// A statistic.
    #[error(transparent)]
    Outcome(Box<OutcomeError>),
    /// A population or its weights.
    #[error(transparent)]
    Population(Box<PopulationError>),
    /// A trial.
    #[error(transparent)]
    Trial(Box<TrialError>),
    /// A name that the experiment does not have.
    #[error(transparent)]
    Absent(Box<Absent>),
    /// A simulation of one regimen.
    #[error(transparent)]
    Simulate(Box<SimulateError>),
    /// A measured curve that drives something of a model.
    #[error(transparent)]
    InputCurve(Box<InputCurveError>),
    /// A model over a grid of amounts.
    #[error(transparent)]
    Sweep(Box<SweepError>),
    /// Cases side by side.
    #[error(transparent)]
    SideBySide(Box<SideBySideError>),
    /// Kinetics of PET.
    #[error(transparent)]
    Pet(Box<PetStepError>),
    /// A therapy predicted from a scan.
    #[error(transparent)]
    PetToTherapy(Box<PetToTherapyError>),
    /// Times from published curves.
    #[error(transparent)]
    Reconstruct(Box<ReconstructError>),
    /// Numbers beside published ones.
    #[error(transparent)]
    Compare(Box<CompareError>),
    /// Survival of arms.
    #[error(transparent)]
    Survival(Box<SurvivalError>),
    /// Designs of a radioligand.
    #[error(transparent)]
    Designs(Box<DesignsError>),
    /// Nuclides in small targets.
    #[error(transparent)]
    SmallTargets(Box<SmallTargetsError>),
    /// Two treatments together.
    #[error(transparent)]
    Combination(Box<CombinationError>),
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
    /// One virtual patient.
    #[error("patient {number}: {source}")]
    Patient {
        /// From 0.
        number: u64,
        /// What went wrong.
        source: Box<StepError>,
    },
    /// What is asked of a measured patient cannot be had.
    #[error(transparent)]
    Measured(Box<PatientError>),
    /// Draws of what is fixed in a fit that are too few, or too many.
    #[error(
        "`draws` is {found}; expected 0 for none, or {least} to {most}, as the spread of fewer says little"
    )]
    FitDraws {
        /// As given.
        found: u32,
        /// The least.
        least: u32,
        /// The most.
        most: u32,
    },
    /// A table that is not a library of curves.
    #[error(transparent)]
    Library(Box<LibraryError>),
    /// No region of the name.
    #[error("no region `{region}`; measured: {}", measured.join(", "))]
    NoRegion {
        /// As named.
        region: String,
        /// Those measured.
        measured: Vec<String>,
    },
    /// A step of doses without one of a region.
    #[error("step `{step}` has no region `{region}`; it has: {}", known.join(", "))]
    NoDoseOf {
        /// The step.
        step: String,
        /// As named.
        region: String,
        /// Those there are.
        known: Vec<String>,
    },
    /// Curves from both a study and a step, or from neither.
    #[error("give either `study` or `from`")]
    StudyOrStep,
    /// An integral that is refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// A step about a cohort or a trial.
    #[error(transparent)]
    TrialStep(Box<TrialStepError>),
}

impl StepError {
    /// The code of the message, where what failed has one of its own.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Scenario(error) => Some(error.code()),
            Self::Fit(error) => Some(error.code()),
            Self::Predict(error) => Some(error.code()),
            Self::Sim(error) => Some(error.code()),
            Self::Dose(error) => Some(error.code()),
            Self::Outcome(error) => Some(error.code()),
            Self::Population(error) => Some(error.code()),
            Self::Trial(error) => Some(error.code()),
            Self::Treatment(error) => Some(error.code()),
            Self::Patient { source, .. } => source.code(),
            Self::Absent(error) => Some(error.code()),
            Self::NotFound(error) => Some(error.code()),
            Self::Simulate(error) => Some(error.code()),
            Self::InputCurve(error) => Some(error.code()),
            Self::Sweep(error) => Some(error.code()),
            Self::SideBySide(error) => Some(error.code()),
            Self::Pet(error) => Some(error.code()),
            Self::PetToTherapy(error) => Some(error.code()),
            Self::Reconstruct(error) => Some(error.code()),
            Self::Compare(error) => Some(error.code()),
            Self::Survival(error) => Some(error.code()),
            Self::Combination(error) => Some(error.code()),
            Self::Designs(error) => Some(error.code()),
            Self::SmallTargets(error) => Some(error.code()),
            Self::TrialStep(error) => Some(error.code()),
            Self::Measured(error) => Some(error.code()),
            Self::Library(error) => Some(error.code()),
            Self::Setting(_) => Some("LUT7013"),
            Self::Table(_) => Some("LUT7014"),
            Self::Unit(_) => Some("LUT7010"),
            Self::Nuclide(_) => Some("LUT7016"),
            Self::Refused(_) => Some("LUT7106"),
            Self::NoRegion { .. } | Self::NoDoseOf { .. } => Some("LUT7102"),
            Self::StudyOrStep => Some("LUT7104"),
            Self::FitDraws { .. } => Some("LUT7173"),
            Self::Interrupted => None,
        }
    }

    /// What can be done, where a name, a unit or a value is to be written otherwise and the message does not say how.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Scenario(error) => error.hint(),
            Self::Setting(fault) => Some(fault.hint()),
            Self::Treatment(error) => error.hint(),
            Self::Unit(fault) => Some(unit_hint(fault)),
            Self::Nuclide(fault) => match &**fault {
                NuclideError::Unknown { suggestion: Some(near), .. } => {
                    Some(format!("write `{near}`"))
                }
                NuclideError::Unknown { .. } => Some("write one of those".to_owned()),
                _ => None,
            },
            Self::Patient { source, .. } => source.hint(),
            Self::Pet(error) => error.hint(),
            Self::SideBySide(fault) if matches!(**fault, SideBySideError::NoOutput { .. }) => {
                Some("`lutetia explain` of a model lists its outputs".to_owned())
            }
            _ => None,
        }
    }
}

impl From<SettingError> for StepError {
    fn from(error: SettingError) -> Self {
        Self::from(SettingFault::from(error))
    }
}

/// Sources are boxed, so that an error is small enough to be returned by value.
macro_rules! boxed {
    ($($variant:ident $source:ty),* $(,)?) => {$(
        impl From<$source> for StepError {
            fn from(source: $source) -> Self {
                Self::$variant(Box::new(source))
            }
        }
    )*};
}

boxed!(
    Scenario ScenarioError,
    Setting SettingFault,
    Treatment TreatmentError,
    Table TableError,
    NotFound NotFound,
    Unit UnitError,
    Nuclide NuclideError,
    Fit FitError,
    Predict PredictError,
    Sim SimError,
    Dose DoseError,
    Outcome OutcomeError,
    Population PopulationError,
    Trial TrialError,
    Refused Refusal,
    Absent Absent,
    Simulate SimulateError,
    InputCurve InputCurveError,
    Sweep SweepError,
    SideBySide SideBySideError,
    Pet PetStepError,
    PetToTherapy PetToTherapyError,
    Reconstruct ReconstructError,
    Compare CompareError,
    Survival SurvivalError,
    Combination CombinationError,
    Designs DesignsError,
    SmallTargets SmallTargetsError,
    Measured PatientError,
    Library LibraryError,
);

impl From<TextError> for StepError {
    fn from(error: TextError) -> Self {
        PatientError::from(error).into()
    }
}

impl From<NoIntegral> for StepError {
    fn from(error: NoIntegral) -> Self {
        PatientError::from(error).into()
    }
}
