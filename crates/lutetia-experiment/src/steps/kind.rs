//! The kinds of steps an experiment may have. A kind is a folder beside this file: its keys and what it uses, what it
//! computes, and its tables; here it is only listed.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Context,
    calibrate::CalibrateStep,
    cohort::{CohortStep, Elsewhere},
    cohort_curves::CohortCurves,
    combination::CombinationStep,
    compare::Compare,
    courses::CoursesStep,
    designs::DesignsStep,
    dose::DoseStep,
    exposure_response::ExposureResponseStep,
    fit_curves::FitCurves,
    fit_model::FitModel,
    independent_action::IndependentActionStep,
    integrate::Integrate,
    model_dose::ModelDose,
    one_at_a_time::OneAtATimeStep,
    pet::PetStep,
    pet_to_therapy::PetToTherapy,
    plan::PlanStep,
    reconstruct::Reconstruct,
    select_function::SelectFunction,
    side_by_side::SideBySide,
    simulate::Simulate,
    small_targets::SmallTargets,
    survival::SurvivalStep,
    sweep::Sweep,
    trade_off::TradeOffStep,
    trial::TrialStep,
    uncertainty::UncertaintyStep,
};
use crate::steps::StepError;

/// What every kind of step can say of itself and do.
pub(crate) trait StepKind {
    /// Name of its tables.
    fn id(&self) -> &str;
    /// The names it refers to, which the reader of the file checks.
    fn uses(&self) -> Vec<Use<'_>>;
    /// The steps among them from which it takes what they hand on in memory; of the others it reads tables.
    fn takes(&self) -> Vec<&str> {
        let step = |used| if let Use::Step(id) = used { Some(id) } else { None };
        self.uses().into_iter().filter_map(step).collect()
    }
    /// Tables and cells that it looks up beside what it uses, by their paths: of earlier steps or of `[data]`. What
    /// is only shown beside numbers of its own does not give its tables their origin.
    fn reads(&self) -> Vec<&str> {
        Vec::new()
    }
    /// Whether its numbers come out of a model, whatever they are made of. What is made of tables of other
    /// steps takes over their origin without saying so.
    fn simulates(&self) -> bool {
        false
    }
    /// Everything that can fail by a name, a unit or keys that exclude each other, without computing anything: what
    /// it would hand on is handed on without results. The check of a file calls it where nothing else is found.
    ///
    /// # Errors
    /// Those of [`Self::run`].
    fn rehearse(&self, _context: &mut Context) -> Result<(), StepError> {
        Ok(())
    }
    /// Computes its tables.
    fn run(&self, context: &mut Context) -> Result<(), StepError>;
}

/// A name that a step refers to.
pub(crate) enum Use<'a> {
    /// Under `[data]`.
    Data(&'a str),
    /// Under `[models]`.
    Model(&'a str),
    /// An earlier step.
    Step(&'a str),
    /// A calibration of another experiment, which is made before this one.
    Experiment(&'a Elsewhere),
}

/// One computation. Its tables are named `<id>` and `<id>.<part>`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Sums of exponentials through every region of a patient.
    FitCurves(FitCurves),
    /// Methods of integration on virtual patients whose truth is known.
    CohortCurves(CohortCurves),
    /// The function a cohort prefers.
    SelectFunction(SelectFunction),
    /// Time-integrated activities without a fitted function.
    Integrate(Integrate),
    /// Absorbed doses from time-integrated activities.
    Dose(Box<DoseStep>),
    /// Uncertainty of absorbed doses by their inputs.
    Uncertainty(UncertaintyStep),
    /// Absorbed doses out of a model, region by region and nuclide by nuclide.
    ModelDose(ModelDose),
    /// Designs of a radioligand side by side: nuclides, and parameters that are varied.
    Designs(Box<DesignsStep>),
    /// Nuclides in single cells, micrometastases and bulk tumour.
    SmallTargets(Box<SmallTargets>),
    /// Activity until a limit of dose, and the risk of exceeding it.
    Plan(PlanStep),
    /// Numbers of this experiment beside published ones.
    Compare(Compare),
    /// A compartmental model through all regions of a patient at once.
    FitModel(FitModel),
    /// A model over a grid of ligand amounts.
    Sweep(Sweep),
    /// A model over time.
    Simulate(Simulate),
    /// Patients, ligands or settings side by side.
    SideBySide(Box<SideBySide>),
    /// Kinetics of dynamic PET: compartments and plots over regions of scans.
    Pet(Box<PetStep>),
    /// From the uptakes of a diagnostic scan to the doses of a therapy, over virtual patients whose truth is known.
    PetToTherapy(Box<PetToTherapy>),
    /// Individual times from published survival curves.
    Reconstruct(Reconstruct),
    /// Survival of arms.
    Survival(SurvivalStep),
    /// A combination beside independent action on event times.
    IndependentAction(IndependentActionStep),
    /// Two treatments alone and together, beside null models.
    Combination(Box<CombinationStep>),
    /// Virtual patients from the population of a model.
    Cohort(CohortStep),
    /// Arms × regimen × cohort, followed until progression and death.
    Trial(Box<TrialStep>),
    /// Uncertain parameters from published trial results.
    Calibrate(CalibrateStep),
    /// Single patients of a trial from visit to visit.
    Courses(CoursesStep),
    /// A response or a harm against exposure.
    ExposureResponse(ExposureResponseStep),
    /// A result with each uncertain value varied alone.
    OneAtATime(OneAtATimeStep),
    /// Benefit against harm over regimens.
    TradeOff(Box<TradeOffStep>),
}

impl Step {
    /// Its kind, as an experiment writes it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::FitCurves(_) => "fit-curves",
            Self::CohortCurves(_) => "cohort-curves",
            Self::SelectFunction(_) => "select-function",
            Self::Integrate(_) => "integrate",
            Self::Dose(_) => "dose",
            Self::Uncertainty(_) => "uncertainty",
            Self::ModelDose(_) => "model-dose",
            Self::Designs(_) => "designs",
            Self::SmallTargets(_) => "small-targets",
            Self::Plan(_) => "plan",
            Self::Compare(_) => "compare",
            Self::FitModel(_) => "fit-model",
            Self::Sweep(_) => "sweep",
            Self::Simulate(_) => "simulate",
            Self::SideBySide(_) => "side-by-side",
            Self::Pet(_) => "pet",
            Self::PetToTherapy(_) => "pet-to-therapy",
            Self::Reconstruct(_) => "reconstruct",
            Self::Survival(_) => "survival",
            Self::IndependentAction(_) => "independent-action",
            Self::Combination(_) => "combination",
            Self::Cohort(_) => "cohort",
            Self::Trial(_) => "trial",
            Self::Calibrate(_) => "calibrate",
            Self::Courses(_) => "courses",
            Self::ExposureResponse(_) => "exposure-response",
            Self::OneAtATime(_) => "one-at-a-time",
            Self::TradeOff(_) => "trade-off",
        }
    }

    /// Its identifier, the name of its tables.
    #[must_use]
    pub fn id(&self) -> &str {
        self.kind().id()
    }

    pub(crate) fn kind(&self) -> &dyn StepKind {
        match self {
            Self::FitCurves(s) => s,
            Self::CohortCurves(s) => s,
            Self::SelectFunction(s) => s,
            Self::Integrate(s) => s,
            Self::Dose(s) => s.as_ref(),
            Self::ModelDose(s) => s,
            Self::Designs(s) => s.as_ref(),
            Self::SmallTargets(s) => s.as_ref(),
            Self::Uncertainty(s) => s,
            Self::Plan(s) => s,
            Self::Compare(s) => s,
            Self::FitModel(s) => s,
            Self::Sweep(s) => s,
            Self::Simulate(s) => s,
            Self::SideBySide(s) => s.as_ref(),
            Self::Pet(s) => s.as_ref(),
            Self::PetToTherapy(s) => s.as_ref(),
            Self::Reconstruct(s) => s,
            Self::Survival(s) => s,
            Self::IndependentAction(s) => s,
            Self::Combination(s) => s.as_ref(),
            Self::Cohort(s) => s,
            Self::Trial(s) => s.as_ref(),
            Self::Calibrate(s) => s,
            Self::Courses(s) => s,
            Self::ExposureResponse(s) => s,
            Self::OneAtATime(s) => s,
            Self::TradeOff(s) => s.as_ref(),
        }
    }
}

/// What is meant where a key is left out.
pub(crate) mod defaults {
    use crate::written::Time;

    pub(crate) fn one() -> u32 {
        1
    }

    pub(crate) fn until() -> Time {
        Time::hours(200.0)
    }

    pub(crate) fn points() -> u32 {
        201
    }
}
