//! Arms × regimen × cohort, followed until progression and death.

use crate::artefact::Artefact;
use lutetia_scenario::{DoseEntry, LoadedModel, MONTH_D as MONTH, Treatment, internal, setting};
use std::collections::BTreeMap;

use lutetia_outcome::survival::Interval;
use lutetia_sim::Options;
use lutetia_trial::{
    Arm, Crossover, Cycle, Dependence, Failed, MarkerVisits, Meaning, Record, Toxicity, Trial,
    TrialSpec, Visits,
    summary::{self, Endpoint, Share},
};
use lutetia_units::{Quantity, Unit};
use serde::Deserialize;

use super::survival::{Intervals, SurvivalOptions, interval_arms, interval_curves};
use super::{
    Context, StepKind, Use,
    cohort::{CohortUse, MOST_ROWS, quantile},
    crossover, roles,
};
use crate::steps::StepError;
use lutetia_table::{Cell, Table, significant};

/// A virtual trial. Tables: `<id>` (endpoints by arm), `<id>.ratios` (hazard ratios against the first
/// arm), `<id>.events` (a row per patient and endpoint), `<id>.curves` (Kaplan–Meier), `<id>.responses`,
/// `<id>.grades`, `<id>.shares` (responses and grades by arm), `<id>.failures` and, where an arm crosses over,
/// `<id>.crossover` (overall survival as if nobody had, by several methods).
#[derive(Debug, Clone, Deserialize)]
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
    pub follow_up: String,
    /// Time over which patients enter.
    #[serde(default = "nothing")]
    pub accrual: String,
    /// Distance of the times at which curves are kept.
    #[serde(default = "a_week")]
    pub step: String,
    /// Output that is the cumulative hazard of death: a pure number that starts at 0 and only grows.
    pub death: Option<String>,
    /// Output that is the cumulative hazard of a new lesion.
    pub new_lesion: Option<String>,
    /// Output that is tumour volume, mass or number of cells.
    pub volume: Option<String>,
    /// Sum of the diameters of the target lesions at baseline.
    #[serde(default = "sixty")]
    pub baseline: String,
    /// Output that is a serum marker.
    pub marker: Option<String>,
    /// When it is measured: then its progression and its confirmed fall to half are judged by PCWG3.
    pub marker_visits: Option<MarkerVisitsSpec>,
    /// When scans are made.
    #[serde(default)]
    pub scans: ScanSpec,
    /// Toxicities.
    #[serde(default)]
    pub toxicities: Vec<ToxicitySpec>,
    /// Time over which toxicity is watched after the last dose.
    #[serde(default = "sixty_days")]
    pub toxicity_window: String,
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

fn nothing() -> String {
    "0 d".to_owned()
}

fn a_week() -> String {
    "7 d".to_owned()
}

fn sixty() -> String {
    "60 mm".to_owned()
}

fn sixty_days() -> String {
    "60 d".to_owned()
}

fn tolerance() -> f64 {
    1e-5
}

/// Scans `every` so often until a time, `then` so often.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanSpec {
    /// Distance at first.
    pub every: String,
    /// Until when; for good if left out.
    pub until: Option<String>,
    /// Distance later.
    pub then: Option<String>,
    /// By how much a patient's scans are early or late, all alike.
    pub jitter: Option<String>,
}

impl Default for ScanSpec {
    fn default() -> Self {
        Self { every: "56 d".to_owned(), until: None, then: None, jitter: None }
    }
}

/// Measurements of the marker.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkerVisitsSpec {
    /// Distance, such as `4 week`.
    pub every: String,
    /// Least rise that is progression, beside 25 %: `2 ng/mL` for PSA; none if left out.
    pub least_rise: Option<String>,
}

/// A toxicity that is graded.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Deserialize)]
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
    pub drop_out_rate: Option<String>,
    /// Rate of loss to all follow-up.
    pub lost_rate: Option<String>,
    /// Treatment after progression.
    pub crossover: Option<CrossoverSpec>,
}

/// Crossover at progression. Where the treatment of the arm that follows ends at progression, so does it here, at
/// one after the change.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossoverSpec {
    /// The arm whose treatment follows.
    pub to: String,
    /// Share of the progressing patients.
    pub share: f64,
    /// Time between.
    #[serde(default = "nothing")]
    pub delay: String,
    /// What the share depends on; it is that of patients at the references.
    #[serde(default)]
    pub depends: Vec<DependenceSpec>,
}

/// How the odds of crossover depend on something known at progression: they are multiplied by `exp(coefficient)` for
/// each unit it lies above `reference`, or, with `log`, by `ratio^coefficient` for its ratio to it.
#[derive(Debug, Clone, Deserialize)]
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

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let used = prepare(self, context)?;
        let simulator = &used.cohort.model.simulator;
        let trial = Trial::new(simulator, &used.cohort.population, used.spec.clone())?;
        let (records, failed) = trial.run_until(&context.stop)?;
        if let (true, Some(first)) = (records.is_empty(), failed.first()) {
            return Err(format!(
                "none of {} patients could be simulated; the first: {}",
                failed.len(),
                first.reason
            )
            .into());
        }
        for table in tables(&self.id, &trial, &records, &failed, context.seed)? {
            context.add(table);
        }
        if let Some(size) = used.cohort.effective_size {
            let text = significant(size, 3);
            context.settings.insert(format!("effective patients of `{}`", self.cohort), text);
            context.add(margins(&self.id, &used)?);
        }
        context.settings.insert("rtol".to_owned(), format!("{:e}", used.spec.options.rtol));
        context.artefacts.add(&self.id, Artefact::Trial { used: Box::new(used), records });
        Ok(())
    }
}

/// A quantity in days, or per day.
pub(crate) fn days(what: &str, text: &str) -> Result<f64, StepError> {
    Quantity::parse(text)
        .and_then(|q| q.to(&Unit::parse("d")?))
        .map_err(|e| format!("{what}: {e}").into())
}

fn per_day(what: &str, text: &Option<String>) -> Result<f64, StepError> {
    text.as_deref().map_or(Ok(0.0), |text| {
        Quantity::parse(text)
            .and_then(|q| q.to(&Unit::parse("1/d")?))
            .map_err(|e| format!("{what}: {e}").into())
    })
}

/// The trial of a step.
pub(crate) fn prepare(step: &TrialStep, context: &Context) -> Result<TrialUse, StepError> {
    let cohort = context.artefacts.cohort(&step.cohort)?.clone();
    let cohort = if step.weights { cohort.weighted()? } else { cohort };
    let spec = specification(step, &cohort.model)?;
    Ok(TrialUse { cohort, spec })
}

fn specification(step: &TrialStep, model: &LoadedModel) -> Result<TrialSpec, StepError> {
    roles::check(step, model)?;
    let follow_up = days("follow_up", &step.follow_up)?;
    let first = days("scans.every", &step.scans.every)?;
    if first.is_nan() || first <= 0.0 {
        return Err(
            format!("`scans.every` is {}; expected a time above zero", step.scans.every).into()
        );
    }
    let optional = |what: &str, text: &Option<String>, otherwise: f64| {
        text.as_deref().map_or(Ok(otherwise), |t| days(what, t))
    };
    let change = optional("scans.until", &step.scans.until, f64::INFINITY)?;
    let later = optional("scans.then", &step.scans.then, first)?;
    let baseline_mm = Quantity::parse(&step.baseline)
        .and_then(|q| q.to(&Unit::parse("mm")?))
        .map_err(|e| format!("baseline: {e}"))?;
    let mut next = 0_u64;
    let mut arms = Vec::new();
    for spec in &step.arms {
        let mut arm = arm(spec, model)?;
        if !step.same_patients {
            arm.first = next;
            next += u64::from(spec.patients);
        }
        arms.push(arm);
    }
    let toxicities = step
        .toxicities
        .iter()
        .map(|t| toxicity(t, model))
        .collect::<Result<Vec<_>, StepError>>()?;
    Ok(TrialSpec {
        arms,
        meaning: Meaning {
            death: step.death.clone(),
            new_lesion: step.new_lesion.clone(),
            volume: step.volume.clone(),
            marker: step.marker.clone(),
            marker_visits: marker_visits(step, model)?,
            toxicities,
            keep: step.keep.clone(),
        },
        follow_up,
        accrual: days("accrual", &step.accrual)?,
        step: days("step", &step.step)?,
        visits: Visits {
            jitter: optional("scans.jitter", &step.scans.jitter, 0.0)?,
            ..Visits::every(first, change, later, follow_up, baseline_mm)
        },
        toxicity_window: days("toxicity_window", &step.toxicity_window)?,
        options: Options { rtol: step.rtol, atol_relative: step.atol, ..Options::default() },
    })
}

fn marker_visits(step: &TrialStep, model: &LoadedModel) -> Result<Option<MarkerVisits>, StepError> {
    let Some(spec) = &step.marker_visits else { return Ok(None) };
    let marker = step.marker.as_ref().ok_or("`marker_visits` needs a `marker`")?;
    let least_rise = match &spec.least_rise {
        Some(text) => internal(model, marker, text)?,
        None => 0.0,
    };
    Ok(Some(MarkerVisits { every: days("marker_visits.every", &spec.every)?, least_rise }))
}

fn toxicity(spec: &ToxicitySpec, model: &LoadedModel) -> Result<Toxicity, StepError> {
    let number = |text: &String| internal(model, &spec.output, text);
    let limits = match (&spec.ctcae, &spec.limits) {
        (None, Some(limits)) => limits.iter().map(number).collect::<Result<_, _>>()?,
        (Some(item), None) => roles::graded_limits(model, &spec.name, item, &spec.output)?,
        _ => {
            return Err(
                format!("the toxicity `{}` needs either `ctcae` or `limits`", spec.name).into()
            );
        }
    };
    Ok(Toxicity { name: spec.name.clone(), output: spec.output.clone(), limits })
}

/// An arm in the terms of the engine.
pub(crate) fn arm(spec: &ArmSpec, model: &LoadedModel) -> Result<Arm, StepError> {
    let of = |what: &str| format!("{what} of the arm `{}`", spec.name);
    Ok(Arm {
        name: spec.name.clone(),
        patients: spec.patients as usize,
        first: 0,
        cycles: cycles(&Treatment::of(&spec.name, &spec.doses, model)?, model.day()),
        set: spec
            .set
            .iter()
            .map(|(name, text)| Ok((name.clone(), setting(model, name, text)?)))
            .collect::<Result<_, StepError>>()?,
        stop_at_progression: spec.stop_at_progression,
        drop_out_at_start: spec.drop_out_at_start,
        drop_out_rate: per_day(&of("drop_out_rate"), &spec.drop_out_rate)?,
        lost_rate: per_day(&of("lost_rate"), &spec.lost_rate)?,
        crossover: spec
            .crossover
            .as_ref()
            .map(|c| {
                Ok::<_, StepError>(Crossover {
                    to: c.to.clone(),
                    share: c.share,
                    delay: days(&of("the delay of crossover"), &c.delay)?,
                    depends: c
                        .depends
                        .iter()
                        .map(|d| dependence(d, model))
                        .collect::<Result<_, StepError>>()?,
                })
            })
            .transpose()?,
    })
}

/// A treatment as a trial takes it: doses of one start together, in days.
fn cycles(treatment: &Treatment, day: f64) -> Vec<Cycle> {
    let starts: Vec<f64> = treatment.occasions.iter().map(|o| o.start / day).collect();
    let same = |a: f64, b: f64| (a - b).abs() < MOMENT_D;
    let mut cycles: Vec<Cycle> = Vec::new();
    for dose in treatment.doses() {
        let at = dose.at / day;
        match cycles.iter_mut().find(|c| same(c.at, at)) {
            Some(cycle) => cycle.doses.push(dose),
            None => {
                let begins = starts.iter().any(|start| same(*start, at));
                cycles.push(Cycle { at, doses: vec![dose], begins });
            }
        }
    }
    cycles
}

/// Times (days) that differ by less are one.
const MOMENT_D: f64 = 1e-9;

/// A dependence in the terms of the engine.
fn dependence(spec: &DependenceSpec, model: &LoadedModel) -> Result<Dependence, StepError> {
    let system = model.simulator.system();
    let (reference, per_unit) = if let Some(output) = system.output_index(&spec.on) {
        // Outputs are multiplied by their factor to be told, parameters divided.
        (internal(model, &spec.on, &spec.reference)?, system.outputs()[output].factor)
    } else if let Some(slot) = system.parameter_index(&spec.on) {
        (internal(model, &spec.on, &spec.reference)?, 1.0 / system.parameters()[slot].factor)
    } else if spec.on == "time" {
        (days("the reference of `time`", &spec.reference)?, 1.0 / MONTH)
    } else {
        // Says what there is.
        (internal(model, &spec.on, &spec.reference)?, 1.0)
    };
    Ok(Dependence {
        on: spec.on.clone(),
        log: spec.log,
        coefficient: if spec.log { spec.coefficient } else { spec.coefficient * per_unit },
        reference,
    })
}

/// What the patients of a weighted trial have, beside the published margins.
fn margins(id: &str, used: &TrialUse) -> Result<Table, StepError> {
    let mut table = Table::new(
        format!("{id}.margins"),
        "The patients of the trial, drawn in proportion to their weights",
    )
    .column("name", "")
    .column("arm", "")
    .column("published", "")
    .column("trial", "")
    .column("patients", "")
    .column("effective_pool", "");
    for arm in &used.spec.arms {
        let drawn = used.cohort.population.cohort(arm.first, arm.patients)?;
        for m in used.cohort.margins_of(&drawn)? {
            #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
            let n = m.values.len() as f64;
            table.push(vec![
                m.name.as_str().into(),
                arm.name.as_str().into(),
                m.target.into(),
                (m.values.iter().sum::<f64>() / n).into(),
                n.into(),
                used.cohort.effective_size.into(),
            ]);
        }
    }
    Ok(table)
}

/// Whether arms treat the same patients.
pub(super) fn shares_patients(spec: &TrialSpec) -> bool {
    let end = |a: &Arm| a.first + a.patients as u64;
    let overlap = |a: &Arm, b: &Arm| a.first < end(b) && b.first < end(a);
    spec.arms.iter().enumerate().any(|(k, a)| spec.arms[..k].iter().any(|b| overlap(a, b)))
}

/// What is said of comparisons of such arms.
pub(super) const SHARED: &str = "the arms treat the same patients and are compared as if these were independent: intervals \
                                 and p are those of a randomised trial of that size, too wide for a comparison of the \
                                 same patients";

/// All tables of a trial.
fn tables(
    id: &str,
    trial: &Trial<'_>,
    records: &[Record],
    failed: &[Failed],
    seed: u64,
) -> Result<Vec<Table>, StepError> {
    let spec = trial.spec();
    let name = |arm: usize| spec.arms[arm].name.as_str();
    let mut by_arm = Table::new(id, "Endpoints by arm, 95 % intervals on the log-log scale")
        .column("row", "")
        .column("arm", "")
        .column("endpoint", "")
        .column("patients", "")
        .column("events", "")
        .column("median", "mo")
        .column("low", "mo")
        .column("high", "mo")
        .column("at_12_mo", "")
        .column("at_24_mo", "");
    let mut caption = "Hazard ratios against the first arm".to_owned();
    if shares_patients(spec) {
        caption = format!("{caption}; {SHARED}");
    }
    let mut ratios = Table::new(format!("{id}.ratios"), caption)
        .column("endpoint", "")
        .column("arm", "")
        .column("hazard_ratio", "")
        .column("low", "")
        .column("high", "")
        .column("p", "")
        .column("note", "");
    let mut curves = Table::new(format!("{id}.curves"), "Kaplan–Meier curves")
        .column("endpoint", "")
        .column("arm", "")
        .column("time", "mo")
        .column("survival", "")
        .column("low", "")
        .column("high", "")
        .column("at_risk", "")
        .column("censored", "");
    let count = |n: usize| Cell::Number(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
    let months = |x: Option<f64>| Cell::from(x.map(|t| t / MONTH));
    for endpoint in Endpoint::of_trial(spec) {
        for arm in 0..spec.arms.len() {
            let Ok(km) = summary::curve(spec, records, arm, endpoint) else { continue };
            let median = km.median();
            by_arm.push(vec![
                format!("{} {}", name(arm), endpoint.name()).into(),
                name(arm).into(),
                endpoint.name().into(),
                count(km.patients),
                count(km.events),
                months(median.estimate),
                months(median.lower),
                months(median.upper),
                km.survival_at(12.0 * MONTH).into(),
                km.survival_at(24.0 * MONTH).into(),
            ]);
            for step in &km.steps {
                curves.push(vec![
                    endpoint.name().into(),
                    name(arm).into(),
                    (step.time / MONTH).into(),
                    step.survival.into(),
                    step.lower.into(),
                    step.upper.into(),
                    count(step.at_risk),
                    count(step.censored),
                ]);
            }
            if arm == 0 {
                continue;
            }
            let mut row: Vec<Cell> = vec![endpoint.name().into(), name(arm).into()];
            match summary::contrast(spec, records, arm, 0, endpoint) {
                Ok(c) => row.extend([
                    c.hazard_ratio.into(),
                    c.lower.into(),
                    c.upper.into(),
                    Cell::of_p(c.p),
                    Cell::Missing,
                ]),
                Err(e) => row.extend([
                    Cell::Missing,
                    Cell::Missing,
                    Cell::Missing,
                    Cell::Missing,
                    e.to_string().into(),
                ]),
            }
            ratios.push(row);
        }
    }
    let mut all = vec![by_arm, ratios, curves];
    if Endpoint::of_trial(spec).contains(&Endpoint::ProgressionFreeSurvival) {
        all.extend(progression_between_scans(id, spec, records)?);
    }
    all.extend(patient_tables(id, trial, records));
    all.push(shares(id, spec, records, failed));
    all.extend(crossover::table(id, spec, records, seed));
    let mut failures = Table::new(format!("{id}.failures"), "Patients that could not be simulated")
        .column("patient", "")
        .column("arm", "")
        .column("reason", "");
    for f in failed {
        #[expect(clippy::cast_precision_loss, reason = "numbers of patients")]
        let number = f.patient as f64;
        failures.push(vec![number.into(), name(f.arm).into(), f.reason.to_string().into()]);
    }
    all.push(failures);
    Ok(all)
}

/// Progression-free survival without the dates of the scans: progression lies between two of them (Turnbull).
fn progression_between_scans(
    id: &str,
    spec: &TrialSpec,
    records: &[Record],
) -> Result<Vec<Table>, StepError> {
    let (mut left, mut right, mut arms) = (Vec::new(), Vec::new(), Vec::new());
    for r in records {
        let (from, to) = r.progression_free.interval();
        left.push(from / MONTH);
        right.push(to / MONTH);
        arms.push(spec.arms[r.arm].name.as_str());
    }
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let patients = Intervals::new(left, right, &arms)?;
    let options = SurvivalOptions {
        unit: "mo".to_owned(),
        interval: Interval::LogLog,
        at: vec![12.0, 24.0],
        ..SurvivalOptions::default()
    };
    Ok(vec![
        interval_arms(&format!("{id}.interval_censored"), &patients, &options)?,
        interval_curves(&format!("{id}.interval_censored_curve"), &patients, &options)?,
    ])
}

/// A row per patient: events, responses, grades.
fn patient_tables(id: &str, trial: &Trial<'_>, records: &[Record]) -> Vec<Table> {
    let spec = trial.spec();
    let name = |arm: usize| spec.arms[arm].name.as_str();
    let mut events = Table::new(format!("{id}.events"), "Events by patient")
        .column("patient", "")
        .column("arm", "")
        .column("endpoint", "")
        .column("time", "mo")
        .column("event", "")
        .column("left", "mo")
        .column("right", "mo")
        .column("crossed", "mo");
    let mut responses = Table::new(format!("{id}.responses"), "Responses by patient")
        .column("patient", "")
        .column("arm", "")
        .column("response", "")
        .column("best_size", "%")
        .column("best_marker", "%")
        .column("cycles", "");
    let mut grades = Table::new(format!("{id}.grades"), "Worst grades by patient")
        .column("patient", "")
        .column("arm", "")
        .column("toxicity", "")
        .column("grade", "");
    let mut kept = Table::new(format!("{id}.kept"), "Kept outputs by patient")
        .column("patient", "")
        .column("arm", "")
        .column("output", "")
        .column("value", "");
    let mut rows_of: BTreeMap<usize, usize> = BTreeMap::new();
    for r in records {
        let row = rows_of.entry(r.arm).or_default();
        *row += 1;
        // The tables are for reading and drawing; a large trial is streamed.
        if *row > MOST_ROWS / spec.arms.len().max(1) {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of patients")]
        let number = r.patient as f64;
        let head = || -> Vec<Cell> { vec![number.into(), name(r.arm).into()] };
        for endpoint in Endpoint::of_trial(spec) {
            let observed = endpoint.of(r);
            let (left, right) = observed.interval();
            let mut row = head();
            row.extend([
                endpoint.name().into(),
                (observed.at / MONTH).into(),
                f64::from(u8::from(observed.event)).into(),
                (left / MONTH).into(),
                Cell::from(Some(right / MONTH).filter(|t| t.is_finite())),
                Cell::from(r.crossed_at.map(|t| t / MONTH)),
            ]);
            events.push(row);
        }
        let percent = |x: Option<f64>| Cell::from(x.map(|x| 100.0 * x));
        let mut row = head();
        row.extend([
            r.response.name().into(),
            percent(r.best_size),
            percent(r.best_marker),
            f64::from(u32::try_from(r.cycles).unwrap_or(u32::MAX)).into(),
        ]);
        responses.push(row);
        for (t, grade) in spec.meaning.toxicities.iter().zip(&r.grades) {
            let mut row = head();
            row.extend([t.name.as_str().into(), f64::from(*grade).into()]);
            grades.push(row);
        }
        for (output, value) in spec.meaning.keep.iter().zip(trial.kept_in_declared_units(&r.kept)) {
            let mut row = head();
            row.extend([output.as_str().into(), value.into()]);
            kept.push(row);
        }
    }
    vec![events, responses, grades, kept]
}

/// Responses and grades by arm.
fn shares(id: &str, spec: &TrialSpec, records: &[Record], failed: &[Failed]) -> Table {
    let mut table = Table::new(format!("{id}.shares"), "Responses, toxicities and losses by arm")
        .column("row", "")
        .column("arm", "")
        .column("what", "")
        .column("share", "%")
        .column("of", "");
    for (arm, a) in spec.arms.iter().enumerate() {
        let mut push = |what: &str, share: Option<(f64, usize)>| {
            table.push(vec![
                format!("{} {what}", a.name).into(),
                a.name.as_str().into(),
                what.into(),
                Cell::from(share.map(|s| 100.0 * s.0)),
                Cell::from(share.map(|s| f64::from(u32::try_from(s.1).unwrap_or(u32::MAX)))),
            ]);
        };
        for what in Share::of_trial(spec) {
            if what == Share::CrossedOver && a.crossover.is_none() {
                continue;
            }
            push(&what.name(spec), summary::share(records, arm, what));
        }
        let lost = failed.iter().filter(|f| f.arm == arm).count();
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        push("could not be simulated", Some((lost as f64 / a.patients as f64, a.patients)));
    }
    table
}

/// Median and 95 % interval of values that may be missing, and how many are known.
pub(crate) fn interval(values: &[Option<f64>]) -> (Option<f64>, Option<f64>, Option<f64>, usize) {
    let mut known: Vec<f64> = values.iter().copied().flatten().filter(|x| x.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    if known.is_empty() {
        return (None, None, None, 0);
    }
    let at = |share| Some(quantile(&known, share));
    (at(0.5), at(0.025), at(0.975), known.len())
}

/// A number with its interval for sentences: `0.62 (0.52–0.74)`.
pub(crate) fn with_interval(value: f64, low: f64, high: f64) -> String {
    format!("{} ({}–{})", significant(value, 3), significant(low, 3), significant(high, 3))
}
