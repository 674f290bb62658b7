//! Arms × regimen × cohort, followed until progression and death.

use std::collections::BTreeMap;

use lutetia_scenario::DoseEntry;
use lutetia_table::significant;
use lutetia_trial::{Trial, TrialSpec};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, TrialStepError, Use, cohort::CohortUse};
use crate::artefact::Artefact;

mod crossover;
mod declared;
mod error;
mod result;
pub mod roles;
mod specification;
mod tables;
mod treatment;

use crate::written::{Length, Rate, Time};
pub use error::TrialFault;
pub(crate) use result::shares_patients;
pub use roles::RoleFault;
pub(crate) use specification::{days, prepare};
pub(crate) use tables::SHARED;
pub(crate) use treatment::arm;

/// A virtual trial. Tables: `<id>` (endpoints by arm), `<id>.ratios` (hazard ratios against the first
/// arm), `<id>.events` (a row per patient and endpoint), `<id>.curves` (Kaplan–Meier), `<id>.responses`,
/// `<id>.grades`, `<id>.shares` (responses and grades by arm), `<id>.failures` and, where an arm crosses over,
/// `<id>.crossover` (overall survival as if nobody had, by several methods).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `cohort`.
    pub cohort: String,
    /// Whether patients are drawn in proportion to the weights that give the cohort its published `margins`. Table
    /// `<id>.margins` says what the patients of the trial then have.
    #[serde(default)]
    pub weights: bool,
    /// The arms, the reference first.
    #[serde(rename = "arm")]
    pub arms: Vec<ArmSpec>,
    /// Whether all arms treat the same virtual patients (common random numbers) or, as in a
    /// randomised trial, each its own.
    #[serde(default)]
    pub same_patients: bool,
    /// Longest follow-up, such as `36 mo`.
    pub follow_up: Time,
    /// Time over which patients enter.
    #[serde(default = "nothing")]
    pub accrual: Time,
    /// Distance of the times at which curves are kept.
    #[serde(default = "a_week")]
    pub step: Time,
    /// Output that is the cumulative hazard of death: a pure number that starts at 0 and only grows. Like `new_lesion`,
    /// `volume` and `marker` it is the one that the chain of the cohort declares, if left out, and none with `"none"`.
    pub death: Option<String>,
    /// Output that is the cumulative hazard of a new lesion.
    pub new_lesion: Option<String>,
    /// Output that is tumour volume, mass or number of cells.
    pub volume: Option<String>,
    /// Sum of the diameters of the target lesions at baseline.
    #[serde(default = "sixty")]
    pub baseline: Length,
    /// Output that is a serum marker.
    pub marker: Option<String>,
    /// When it is measured: then its progression and its confirmed fall to half are judged by PCWG3.
    pub marker_visits: Option<MarkerVisitsSpec>,
    /// When scans are made.
    #[serde(default)]
    pub scans: ScanSpec,
    /// Toxicities; those that the chain of the cohort declares, if left out, and none with `[]`.
    #[schemars(extend("minItems" = 0))]
    pub toxicities: Option<Vec<ToxicitySpec>>,
    /// Time over which toxicity is watched after the last dose.
    #[serde(default = "sixty_days")]
    pub toxicity_window: Time,
    /// Outputs whose value at the end of that time is kept per patient.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Relative tolerance of the integration.
    #[serde(default = "tolerance")]
    pub rtol: f64,
    /// Its absolute tolerance, as a share of the dose of each species (of what it starts with, where none is given); if
    /// left out, 1e-9 or a thousandth of `rtol` where that is less. It, not the relative one, decides how long a trial
    /// takes: what is left of a dose between two cycles is followed down to it.
    pub atol: Option<f64>,
}

fn nothing() -> Time {
    Time::days(0.0)
}

fn a_week() -> Time {
    Time::days(7.0)
}

fn sixty() -> Length {
    Length::millimetres(60.0)
}

fn sixty_days() -> Time {
    Time::days(60.0)
}

fn tolerance() -> f64 {
    1e-5
}

/// Scans `every` so often until a time, `then` so often.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScanSpec {
    /// Distance at first.
    pub every: Time,
    /// Until when; for good if left out.
    pub until: Option<Time>,
    /// Distance later.
    pub then: Option<Time>,
    /// By how much a patient's scans are early or late, all alike.
    pub jitter: Option<Time>,
}

impl Default for ScanSpec {
    fn default() -> Self {
        Self { every: Time::days(56.0), until: None, then: None, jitter: None }
    }
}

/// Measurements of the marker.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkerVisitsSpec {
    /// Distance, such as `4 week`.
    pub every: Time,
    /// Least rise that is progression, beside 25 %: `2 ng/mL` for PSA; none if left out.
    pub least_rise: Option<String>,
}

/// A toxicity that is graded.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToxicitySpec {
    /// Name in tables.
    pub name: String,
    /// Output of the model.
    pub output: String,
    /// A count graded by CTCAE v5.0: `platelets`, `neutrophils`, `lymphocytes`, `leukocytes`,
    /// `haemoglobin`; the output is then cells per volume, or mass per volume.
    pub ctcae: Option<String>,
    /// Or values below which the grades 1, 2, 3, 4 begin.
    pub limits: Option<Vec<String>>,
}

/// An arm.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmSpec {
    /// Name.
    pub name: String,
    /// Number of patients.
    pub patients: u32,
    /// Doses; each is repeated on its own schedule.
    #[serde(default)]
    pub doses: Vec<DoseEntry>,
    /// Parameters that the arm fixes for everybody.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Whether treatment ends at progression.
    #[serde(default)]
    pub stop_at_progression: bool,
    /// Share that leaves at once.
    #[serde(default)]
    pub drop_out_at_start: f64,
    /// Rate of leaving assessments, such as `0.02 1/mo`.
    pub drop_out_rate: Option<Rate>,
    /// Rate of loss to all follow-up.
    pub lost_rate: Option<Rate>,
    /// Treatment after progression.
    pub crossover: Option<CrossoverSpec>,
}

/// Crossover at progression. Where the treatment of the arm that follows ends at progression, so does it here, at
/// one after the change.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrossoverSpec {
    /// The arm whose treatment follows.
    pub to: String,
    /// Share of the progressing patients.
    pub share: f64,
    /// Time between.
    #[serde(default = "nothing")]
    pub delay: Time,
    /// What the share depends on; it is that of patients at the references.
    #[serde(default)]
    pub depends: Vec<DependenceSpec>,
}

/// How the odds of crossover depend on something known at progression: they are multiplied by `exp(coefficient)` for
/// each unit it lies above `reference`, or, with `log`, by `ratio^coefficient` for its ratio to it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DependenceSpec {
    /// An output of the model, a parameter or covariate (of levels: their number, from 0), or `time`, from entry to
    /// progression.
    pub on: String,
    /// Whether its logarithm counts.
    #[serde(default)]
    pub log: bool,
    /// Change of the log odds per unit: the declared one of what it depends on, months of `time`.
    pub coefficient: f64,
    /// Where the share holds, such as `1`, `5 ug/L`, a level or `6 mo`.
    pub reference: String,
}

/// A trial that later steps vary.
#[derive(Debug, Clone)]
pub(crate) struct TrialUse {
    pub(crate) cohort: CohortUse,
    pub(crate) spec: TrialSpec,
}

impl TrialUse {
    /// Place of an output among those that the trial keeps.
    ///
    /// # Errors
    /// [`TrialStepError::NotKept`].
    pub(crate) fn kept(&self, output: &str) -> Result<usize, TrialStepError> {
        let place = self.spec.meaning.keep.iter().position(|k| k == output);
        place.ok_or_else(|| TrialStepError::NotKept { output: output.to_owned() })
    }
}

impl StepKind for TrialStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.cohort)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let used = specification::unweighted(self, context)?;
        let simulator = &used.cohort.model.simulator;
        Trial::new(simulator, &used.cohort.population, used.spec.clone())?;
        let records = Vec::new();
        context.artefacts.add(&self.id, Artefact::Trial { used: Box::new(used), records });
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let used = prepare(self, context)?;
        let simulator = &used.cohort.model.simulator;
        let trial = Trial::new(simulator, &used.cohort.population, used.spec.clone())?;
        let (records, failed) = trial.run_until(&context.stop)?;
        if records.is_empty() && !failed.is_empty() {
            return Err(TrialStepError::patients(&failed, failed.len()).into());
        }
        let result = result::of(&used, &records, &failed, context.seed)?;
        for table in tables::tables(&self.id, &trial, &records, &failed, &result)? {
            context.add(table);
        }
        if let Some(size) = used.cohort.effective_size {
            let text = significant(size, 3);
            context.settings.insert(format!("effective patients of `{}`", self.cohort), text);
        }
        context.settings.insert("rtol".to_owned(), format!("{:e}", used.spec.options.rtol));
        context.artefacts.add(&self.id, Artefact::Trial { used: Box::new(used), records });
        Ok(())
    }
}
