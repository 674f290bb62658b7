//! Two treatments alone and together, beside the null models of combination.

mod cohort;
mod map;

use lutetia_scenario::{DoseEntry, LoadedModel, ScenarioError};
use std::collections::BTreeMap;

use lutetia_outcome::combination::{bliss, highest_single_agent};
use lutetia_sim::{Options, Regimen, Request};
use lutetia_units::Dimension;
use rayon::prelude::*;
use serde::Deserialize;

use super::{Context, StepKind, Use};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// Treatments A and B of one model: neither, each, and both. Tables: `<id>` (what is left of the
/// tumour at a time, and what the null models say), `<id>.arms` (the harm of each arm), `<id>.curves`
/// (with a single start), with levels `<id>.grid` (a map of dose against dose), with patients `<id>.cohort`,
/// `<id>.survival` and `<id>.events` (time to progression), and `<id>.calibrated` where an effect is calibrated.
#[derive(Debug, Clone, Deserialize)]
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
    pub at: String,
    /// How long is simulated; until `at` if left out.
    pub until: Option<String>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// The same with other assumptions; one without change if left out.
    #[serde(default)]
    pub scenarios: Vec<Scenario>,
    /// By how much the doses of B are given later than they say.
    #[serde(default)]
    pub shifts: Vec<String>,
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// Name in tables.
    pub name: String,
    /// Its doses.
    pub doses: Vec<DoseEntry>,
}

/// Assumptions with a name.
#[derive(Debug, Clone, Deserialize)]
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
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortUse {
    /// Number of patients.
    pub patients: u32,
    /// An earlier step of the kind `cohort` of the same model, whose laws of covariates, typical values and
    /// occasions hold; else those of the files.
    pub of: Option<String>,
    /// Distance of the scans, or of the samples of the marker.
    #[serde(default = "eight_weeks")]
    pub scans: String,
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

/// What progression is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progression {
    /// The diameter, the cube root of the response, is a fifth over its smallest (RECIST 1.1).
    #[default]
    Diameter,
    /// A marker in proportion to the response is a quarter over its smallest, and still is at the next sample
    /// (PCWG3).
    Marker,
}

/// One number from one published median: by bisection on the cohort.
#[derive(Debug, Clone, Deserialize)]
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
    pub median: String,
}

fn eight_weeks() -> String {
    "56 d".to_owned()
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

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// Times of a curve.
const POINTS: u32 = 121;

const ARMS: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];

/// What does not change between the runs of a step.
struct Setting<'a> {
    step: &'a CombinationStep,
    model: &'a LoadedModel,
    response: usize,
    day: f64,
}

impl Setting<'_> {
    /// Doses of both treatments times `levels`, B later by `shift`.
    fn regimen(&self, levels: (f64, f64), shift: f64) -> Result<Regimen, StepError> {
        let mut regimen = Regimen::default();
        for (treatment, level, later) in
            [(&self.step.a, levels.0, 0.0), (&self.step.b, levels.1, shift)]
        {
            if level <= 0.0 {
                continue;
            }
            for planned in &treatment.doses {
                for mut dose in
                    planned.doses(self.model.simulator.system()).map_err(ScenarioError::from)?
                {
                    dose.at += later;
                    dose.amount = dose.amount.map(|n| n * level);
                    dose.activities.iter_mut().for_each(|a| a.1 *= level);
                    regimen.doses.push(dose);
                }
            }
        }
        Ok(regimen)
    }

    fn simulate(
        &self,
        parameters: &[f64],
        regimen: &Regimen,
        times: &[f64],
    ) -> Result<lutetia_sim::Trajectory, StepError> {
        self.model.simulator.run(&Request::new(parameters, regimen, times)).map_err(StepError::from)
    }

    /// The response at the last time.
    fn left(&self, parameters: &[f64], regimen: &Regimen, at: f64) -> Result<f64, StepError> {
        let run = self.simulate(parameters, regimen, &[at])?;
        run.outputs.get(0, self.response).ok_or_else(|| "the run gave no value".into())
    }

    fn days(&self, what: &str, text: &str) -> Result<f64, StepError> {
        Ok(self.model.internal(what, text, Dimension::TIME)?)
    }
}

/// Null models of the surviving shares `a` and `b`: Bliss and highest single agent. A treatment that
/// makes the tumour larger than none has a share above 1, for which neither is defined.
fn nulls(a: f64, b: f64) -> (Option<f64>, Option<f64>) {
    // A treatment without effect leaves 1 within the error of two integrations.
    let share = |x: f64| if x < 1.0 + 1e-4 { x.min(1.0) } else { x };
    let (a, b) = (share(a), share(b));
    (bliss(a, b).ok(), highest_single_agent(a, b).ok())
}

/// A difference below the error of two integrations is none.
fn settled(difference: f64) -> f64 {
    if difference.abs() < 1e-5 { 0.0 } else { difference }
}

fn run(step: &CombinationStep, context: &mut Context) -> Result<(), StepError> {
    let mut found = None;
    let tables = {
        let model = context
            .models
            .get(&step.model)
            .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
        let response = model.simulator.output(&step.response)?;
        let unit = &model.simulator.system().outputs()[response].unit;
        if !unit.dimension().is_none() {
            return Err(format!(
                "`response` is `{}` in {unit}; expected an output without unit, the tumour over its \
                 size at the start",
                step.response
            ).into());
        }
        let day = model.internal("a day", "1 d", Dimension::TIME)?;
        let setting = Setting { step, model, response, day };
        let people = step.cohort.as_ref().map(|c| cohort::people(c, context)).transpose()?;
        let mut set = step.set.clone();
        if let Some(id) = &step.calibrated {
            let effect = context.effects.get(id).ok_or_else(|| {
                format!(
                    "the step `{id}` calibrates no effect; expected one with `cohort.calibrate`"
                )
            })?;
            set.extend(effect.clone());
        }
        let mut tables = Vec::new();
        if let Some(people) = &people
            && let Some((value, table)) = cohort::calibrated(&setting, people, &set)?
        {
            set.extend(value.clone());
            found = Some(value);
            tables.push(table);
        }
        tables.extend(arms(&setting, &set)?);
        if let Some(levels) = &step.levels {
            tables.push(map::grid(&setting, levels, &set, people.as_ref())?);
        }
        if let Some(people) = &people {
            tables.extend(cohort::tables(&setting, people, &set)?);
        }
        tables
    };
    context.settings.insert("rtol".to_owned(), format!("{:e}", Options::default().rtol));
    if let Some(value) = found {
        context.effects.insert(step.id.clone(), value);
    }
    for table in tables {
        context.add(table);
    }
    Ok(())
}

fn shifts(step: &CombinationStep) -> Vec<String> {
    if step.shifts.is_empty() { vec!["0 d".to_owned()] } else { step.shifts.clone() }
}

fn scenarios(step: &CombinationStep) -> Vec<Scenario> {
    if step.scenarios.is_empty() {
        vec![Scenario { name: "as in the files".to_owned(), set: BTreeMap::new() }]
    } else {
        step.scenarios.clone()
    }
}

/// The four arms of every scenario and shift.
fn arms(setting: &Setting<'_>, common: &BTreeMap<String, String>) -> Result<Vec<Table>, StepError> {
    let (step, model) = (setting.step, setting.model);
    let at = setting.days("at", &step.at)?;
    let end = step.until.as_deref().map_or(Ok(at), |u| setting.days("until", u))?.max(at);
    let mut times: Vec<f64> =
        (0..POINTS).map(|i| end * f64::from(i) / f64::from(POINTS - 1)).collect();
    let judged = times.partition_point(|t| *t < at);
    times.insert(judged, at);
    let shifts = shifts(step);
    let outputs = |names: &[String]| {
        names
            .iter()
            .map(|name| model.simulator.output(name).map_err(StepError::from))
            .collect::<Result<Vec<_>, _>>()
    };
    let (lowest, last) = (outputs(&step.lowest)?, outputs(&step.last)?);
    let mut table = Table::new(
        &step.id,
        format!(
            "What {} (a), {} (b) and both leave of the tumour, over the untreated one (untreated: over \
             its size at the start); excess is what both leave beyond a null model (negative: less is \
             left), synergy the natural logarithm of Bliss over found",
            step.a.name, step.b.name
        ),
    )
    .column("case", "")
    .column("scenario", "")
    .column("start", "d");
    for column in ["untreated", "a", "b", "both", "bliss", "hsa", "excess_bliss", "excess_hsa"] {
        table = table.column(column, "").tolerance(1e-3);
    }
    table = table.column("synergy", "").tolerance(1e-2);
    let mut harm = Table::new(
        format!("{}.arms", step.id),
        "What each arm leaves of the tumour over its size at the start, and what it costs",
    )
    .column("case", "")
    .column("scenario", "")
    .column("start", "d")
    .column("arm", "")
    .column("left", "");
    let declared = |output: usize, y: f64| {
        let info = &model.simulator.system().outputs()[output];
        model.model.units.from_internal(y, &info.unit)
    };
    for (what, names) in [("lowest", &lowest), ("last", &last)] {
        for &output in names {
            let info = &model.simulator.system().outputs()[output];
            let name = info.name.replace(':', "_").to_lowercase();
            harm = harm.column(&format!("{what}_{name}"), info.unit.symbol()).tolerance(1e-3);
        }
    }
    let mut curves =
        Table::new(format!("{}.curves", step.id), "The tumour over its size at the start")
            .column("scenario", "")
            .column("start", "d")
            .column("arm", "")
            .column("time", "d")
            .column("left", "")
            .tolerance(1e-3);
    let names = arm_names(step);
    for scenario in scenarios(step) {
        let mut set = common.clone();
        set.extend(scenario.set.clone());
        let parameters = setting.model.parameters(&set)?;
        for shift in &shifts {
            let later = setting.days("shifts", shift)?;
            let runs = ARMS
                .par_iter()
                .map(|levels| {
                    let regimen = setting.regimen(*levels, later)?;
                    setting.simulate(&parameters, &regimen, &times)
                })
                .collect::<Result<Vec<_>, StepError>>()?;
            let start = later / setting.day;
            let case = case(step, &scenario, shift);
            let response: Vec<Vec<f64>> =
                runs.iter().map(|r| r.outputs.column(setting.response).collect()).collect();
            let share = |arm: usize, row: usize| response[arm][row] / response[0][row];
            let (a, b, both) = (share(1, judged), share(2, judged), share(3, judged));
            let (by_bliss, by_hsa) = nulls(a, b);
            let mut row: Vec<Cell> =
                vec![case.as_str().into(), scenario.name.as_str().into(), start.into()];
            row.extend([response[0][judged], a, b, both].map(Cell::from));
            row.extend([by_bliss, by_hsa].map(Cell::from));
            row.extend([by_bliss, by_hsa].map(|null| Cell::from(null.map(|n| settled(both - n)))));
            row.push(by_bliss.filter(|_| both > 0.0).map(|n| settled((n / both).ln())).into());
            table.push(row);
            for (arm, run) in runs.iter().enumerate() {
                let mut row: Vec<Cell> = vec![
                    format!("{case}: {}", ["untreated", "a", "b", "both"][arm]).into(),
                    scenario.name.as_str().into(),
                    start.into(),
                    names[arm].as_str().into(),
                    response[arm][judged].into(),
                ];
                for &output in &lowest {
                    let low = run.outputs.column(output).fold(f64::INFINITY, f64::min);
                    row.push(declared(output, low).into());
                }
                for &output in &last {
                    let y = run.outputs.get(times.len() - 1, output).unwrap_or(f64::NAN);
                    row.push(declared(output, y).into());
                }
                harm.push(row);
            }
            // Curves of every start would be many and are not drawn.
            if shifts.len() > 1 {
                continue;
            }
            let mut draw = |arm: &str, of: &dyn Fn(usize) -> Option<f64>| {
                for (row, t) in times.iter().enumerate() {
                    curves.push(vec![
                        scenario.name.as_str().into(),
                        start.into(),
                        arm.into(),
                        (t / setting.day).into(),
                        of(row).into(),
                    ]);
                }
            };
            for (arm, name) in names.iter().enumerate() {
                draw(name, &|row| Some(response[arm][row]));
            }
            draw("Bliss", &|row| Some(nulls(share(1, row), share(2, row)).0? * response[0][row]));
            draw("highest single agent", &|row| {
                Some(nulls(share(1, row), share(2, row)).1? * response[0][row])
            });
        }
    }
    let mut tables = vec![table, harm];
    if !curves.rows.is_empty() {
        tables.push(curves);
    }
    Ok(tables)
}

/// The name of a scenario and start.
fn case(step: &CombinationStep, scenario: &Scenario, shift: &str) -> String {
    match (step.scenarios.len(), step.shifts.len()) {
        (0, _) => shift.to_owned(),
        (_, 0 | 1) => scenario.name.clone(),
        _ => format!("{}, {shift}", scenario.name),
    }
}

fn arm_names(step: &CombinationStep) -> [String; 4] {
    [
        "untreated".to_owned(),
        step.a.name.clone(),
        step.b.name.clone(),
        format!("{} and {}", step.a.name, step.b.name),
    ]
}
