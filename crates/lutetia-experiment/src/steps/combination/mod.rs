//! Two treatments alone and together, beside the null models of combination.

mod arms;
mod calibration;
mod cohort;
mod error;
mod map;
mod people;
mod progression;
mod setting;
mod tables;

use std::collections::BTreeMap;

use lutetia_scenario::DoseEntry;
use lutetia_sim::Options;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};
use crate::{artefact::Artefact, results::Shown};

pub use error::CombinationError;
pub use progression::Progression;

use crate::written::Time;
pub(crate) use setting::{arm_names, case, scenarios, shifts};

use {people::People, setting::Setting};

/// Treatments A and B of one model: neither, each, and both. Tables: `<id>` (what is left of the
/// tumour at a time, and what the null models say), `<id>.arms` (the harm of each arm), `<id>.curves`
/// (with a single start), with levels `<id>.grid` (a map of dose against dose), with patients `<id>.cohort`,
/// `<id>.survival` and `<id>.events` (time to progression), and `<id>.calibrated` where an effect is calibrated.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CombinationStep {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// The first treatment.
    pub a: Treatment,
    /// The second treatment.
    pub b: Treatment,
    /// Output that is the tumour over its size at the start.
    pub response: String,
    /// When the tumour is judged, such as `24 week`.
    pub at: Time,
    /// How long is simulated; until `at` if left out.
    pub until: Option<Time>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// The same with other assumptions; one without change if left out.
    #[serde(default)]
    pub scenarios: Vec<Scenario>,
    /// By how much the doses of B are given later than they say.
    #[serde(default)]
    pub shifts: Vec<Time>,
    /// Outputs whose lowest value is harm.
    #[serde(default)]
    pub lowest: Vec<String>,
    /// Outputs whose last value is harm or dose.
    #[serde(default)]
    pub last: Vec<String>,
    /// Multiples of the doses of A and of B, for the map.
    #[serde(default)]
    pub levels: Option<[Vec<f64>; 2]>,
    /// A cohort for the time to progression.
    pub cohort: Option<CohortUse>,
    /// An earlier step of this kind whose calibrated effect holds here too.
    pub calibrated: Option<String>,
}

/// A treatment.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// Name in tables.
    pub name: String,
    /// Its doses.
    pub doses: Vec<DoseEntry>,
}

/// Assumptions with a name.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Name in tables.
    pub name: String,
    /// Parameters that differ.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// A cohort drawn from the variability of the model files, followed on scans. Every scenario and start is tried
/// on the same patients.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortUse {
    /// Number of patients.
    pub patients: u32,
    /// An earlier step of the kind `cohort` of the same model, whose laws of covariates, typical values and
    /// occasions hold; else those of the files.
    pub of: Option<String>,
    /// Distance of the scans, or of the samples of the marker.
    #[serde(default = "eight_weeks")]
    pub scans: Time,
    /// What progression is.
    #[serde(default)]
    pub progression: Progression,
    /// Correlation of the times under A and B in the second null model of independent action.
    #[serde(default = "correlation")]
    pub correlation: f64,
    /// Patients for whom the map of doses is made, for its intervals; the typical one alone if left out.
    #[serde(default)]
    pub map_patients: u32,
    /// An effect that is not known and is set so that one arm has a published median.
    pub calibrate: Option<Calibrate>,
}

/// One number from one published median: by bisection on the cohort.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Calibrate {
    /// The parameter.
    pub parameter: String,
    /// Least value that is tried.
    pub lower: String,
    /// Greatest value that is tried.
    pub upper: String,
    /// `a` or `b`: the treatment whose median is published.
    pub arm: String,
    /// Its median time to progression, such as `7.8 mo`.
    pub median: Time,
}

fn eight_weeks() -> Time {
    Time::days(56.0)
}

/// The correlation that Palmer and Sorger find plausible.
fn correlation() -> f64 {
    0.3
}

impl StepKind for CombinationStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let cohort = self.cohort.iter().filter_map(|c| c.of.as_deref()).map(Use::Step);
        let effect = self.calibrated.as_deref().map(Use::Step);
        std::iter::once(Use::Model(&self.model)).chain(cohort).chain(effect).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let setting = Setting::of(self, context.model(&self.model)?)?;
        let people = self.cohort.as_ref().map(|c| People::of(c, context)).transpose()?;
        arms::asked(&setting)?;
        if let Some(id) = &self.calibrated {
            context.artefacts.effect(id)?;
        }
        if let Some(people) = &people {
            calibration::asked(&setting, people)?;
            // As in a run: a step that calibrates nothing has no effect to hand on.
            if people.spec.calibrate.is_some() {
                context.artefacts.add(&self.id, Artefact::Effect(BTreeMap::new()));
            }
        }
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let (effect, tables) = compute(self, context)?;
        context.settings.insert("rtol".to_owned(), format!("{:e}", Options::default().rtol));
        if let Some(effect) = effect {
            context.artefacts.add(&self.id, Artefact::Effect(effect));
        }
        for table in tables {
            context.add(table);
        }
        Ok(())
    }
}

/// Parameters as they are set.
type Set = BTreeMap<String, String>;

/// The effect that was calibrated, if one was, and the tables.
fn compute(
    step: &CombinationStep,
    context: &Context,
) -> Result<(Option<Set>, Vec<Shown>), StepError> {
    let setting = Setting::of(step, context.model(&step.model)?)?;
    let people = step.cohort.as_ref().map(|c| People::of(c, context)).transpose()?;
    let mut set = step.set.clone();
    if let Some(id) = &step.calibrated {
        set.extend(context.artefacts.effect(id)?.clone());
    }
    let (mut effect, mut made): (_, Vec<Shown>) = (None, Vec::new());
    if let Some(people) = &people
        && let Some(found) = calibration::of(&setting, people, &set)?
    {
        let value = Set::from([(found.parameter.clone(), found.text())]);
        set.extend(value.clone());
        effect = Some(value);
        made.push(tables::calibrated(step, &found).into());
    }
    let arms = arms::of(&setting, &set)?;
    made.extend([tables::left(step, &arms), tables::harm(step, &arms)].map(Shown::from));
    made.extend(tables::curves(step, &arms).map(Shown::from));
    if let Some(levels) = &step.levels {
        let map = map::of(&setting, levels, &set, people.as_ref())?;
        made.push(tables::grid(step, &map).into());
    }
    if let Some(people) = &people {
        let cohort = cohort::of(&setting, people, &set)?;
        made.extend([
            tables::times(step, &cohort).into(),
            tables::beyond(step, people.spec, &cohort).into(),
            tables::survival(step, people.spec, &cohort).into(),
        ]);
    }
    Ok((effect, made))
}
