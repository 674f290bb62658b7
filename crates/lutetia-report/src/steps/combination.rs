//! Two treatments alone and together, beside the null models of combination.

use std::collections::BTreeMap;

use lutetia_outcome::combination::{
    DoseResponse, IndependentAction, bliss, highest_single_agent, loewe,
};
use lutetia_sim::{Inputs, Options, Regimen};
use lutetia_trial::{CohortSpec, Population};
use lutetia_units::Dimension;
use rayon::prelude::*;
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    load::LoadedModel,
    simulate::{DoseSpec, dose},
};
use crate::table::{Cell, Table};

/// Treatments A and B of one model: neither, each, and both. Tables: `<id>` (what is left of the
/// tumour at a time, and what the null models say), `<id>.arms` (the harm of each arm), `<id>.curves`
/// (with a single start), with levels `<id>.grid` (a map of dose against dose), with patients `<id>.cohort` and
/// `<id>.survival` (time to progression).
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
}

/// A treatment.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Treatment {
    /// Name in tables.
    pub name: String,
    /// Its doses.
    pub doses: Vec<PlannedDose>,
}

/// A dose and its repetitions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedDose {
    /// Start of the first, such as `0 h`; zero if left out.
    pub at: Option<String>,
    /// Where it goes.
    pub into: String,
    /// Nuclide, where the model has several.
    pub nuclide: Option<String>,
    /// Activity at its start.
    pub activity: Option<String>,
    /// Molecules.
    pub amount: Option<String>,
    /// Duration; a bolus if left out.
    pub over: Option<String>,
    /// Distance of the repetitions.
    pub every: Option<String>,
    /// How often it is given.
    #[serde(default = "super::defaults::one")]
    pub cycles: u32,
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

/// A cohort drawn from the variability of the model files, followed on scans.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortUse {
    /// Number of patients.
    pub patients: u32,
    /// Distance of the scans.
    #[serde(default = "eight_weeks")]
    pub scans: String,
    /// Correlation of the times under A and B in the second null model of independent action.
    #[serde(default = "correlation")]
    pub correlation: f64,
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
        vec![Use::Model(&self.model)]
    }

    fn run(&self, context: &mut Context) -> Result<(), String> {
        run(self, context)
    }
}

/// Growth of the diameter over the smallest one that is progression (RECIST 1.1).
const PROGRESSION: f64 = 1.2;
/// Times of a curve.
const POINTS: u32 = 121;
/// Points of the dose–response of one treatment alone, from which Loewe's model is read.
const DOSES: u32 = 41;
/// Most patients, scenarios and levels.
const MOST_PATIENTS: u32 = 5000;
const MOST_LEVELS: usize = 12;

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
    fn regimen(&self, levels: (f64, f64), shift: f64) -> Result<Regimen, String> {
        let mut regimen = Regimen::default();
        for (treatment, level, later) in
            [(&self.step.a, levels.0, 0.0), (&self.step.b, levels.1, shift)]
        {
            if level <= 0.0 {
                continue;
            }
            for planned in &treatment.doses {
                let spec = DoseSpec {
                    at: planned.at.clone(),
                    into: planned.into.clone(),
                    nuclide: planned.nuclide.clone(),
                    activity: planned.activity.clone(),
                    amount: planned.amount.clone(),
                    over: planned.over.clone(),
                };
                let mut dose = dose(&spec, self.model)?;
                dose.at += later;
                dose.amount = dose.amount.map(|n| n * level);
                dose.activities.iter_mut().for_each(|a| a.1 *= level);
                let every = match &planned.every {
                    Some(text) => self.model.internal("every", text, Dimension::TIME)?,
                    None if planned.cycles == 1 => 0.0,
                    None => return Err("`cycles` of a dose needs `every`".to_owned()),
                };
                regimen.doses.extend(Regimen::repeat(&dose, every, planned.cycles as usize).doses);
            }
        }
        Ok(regimen)
    }

    fn simulate(
        &self,
        parameters: &[f64],
        regimen: &Regimen,
        times: &[f64],
    ) -> Result<lutetia_sim::Trajectory, String> {
        self.model
            .simulator
            .run(parameters, regimen, &Inputs::default(), times, &Options::default())
            .map_err(|e| e.to_string())
    }

    /// The response at the last time.
    fn left(&self, parameters: &[f64], regimen: &Regimen, at: f64) -> Result<f64, String> {
        let run = self.simulate(parameters, regimen, &[at])?;
        run.outputs.get(0, self.response).ok_or_else(|| "the run gave no value".to_owned())
    }

    fn days(&self, what: &str, text: &str) -> Result<f64, String> {
        self.model.internal(what, text, Dimension::TIME)
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

fn run(step: &CombinationStep, context: &mut Context) -> Result<(), String> {
    let tables = {
        let model = context
            .models
            .get(&step.model)
            .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
        let response = model.simulator.output(&step.response).map_err(|e| e.to_string())?;
        let unit = &model.simulator.system().outputs()[response].unit;
        if !unit.dimension().is_none() {
            return Err(format!(
                "`response` is `{}` in {unit}; expected an output without unit, the tumour over its \
                 size at the start",
                step.response
            ));
        }
        let day = model.internal("a day", "1 d", Dimension::TIME)?;
        let setting = Setting { step, model, response, day };
        let mut tables = arms(&setting)?;
        if let Some(levels) = &step.levels {
            tables.push(grid(&setting, levels)?);
        }
        if let Some(cohort) = &step.cohort {
            tables.extend(self::cohort(&setting, cohort, context.seed)?);
        }
        tables
    };
    context.settings.insert("rtol".to_owned(), format!("{:e}", Options::default().rtol));
    for table in tables {
        context.add(table);
    }
    Ok(())
}

fn scenarios(step: &CombinationStep) -> Vec<Scenario> {
    if step.scenarios.is_empty() {
        vec![Scenario { name: "as in the files".to_owned(), set: BTreeMap::new() }]
    } else {
        step.scenarios.clone()
    }
}

/// The four arms of every scenario and shift.
fn arms(setting: &Setting<'_>) -> Result<Vec<Table>, String> {
    let (step, model) = (setting.step, setting.model);
    let at = setting.days("at", &step.at)?;
    let end = step.until.as_deref().map_or(Ok(at), |u| setting.days("until", u))?.max(at);
    let mut times: Vec<f64> =
        (0..POINTS).map(|i| end * f64::from(i) / f64::from(POINTS - 1)).collect();
    let judged = times.partition_point(|t| *t < at);
    times.insert(judged, at);
    let shifts = if step.shifts.is_empty() { vec!["0 d".to_owned()] } else { step.shifts.clone() };
    let outputs = |names: &[String]| {
        names
            .iter()
            .map(|name| model.simulator.output(name).map_err(|e| e.to_string()))
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
        let mut set = step.set.clone();
        set.extend(scenario.set.clone());
        let parameters = model.parameters(&set)?;
        for shift in &shifts {
            let later = setting.days("shifts", shift)?;
            let runs = ARMS
                .par_iter()
                .map(|levels| {
                    let regimen = setting.regimen(*levels, later)?;
                    setting.simulate(&parameters, &regimen, &times)
                })
                .collect::<Result<Vec<_>, String>>()?;
            let start = later / setting.day;
            let case = match (step.scenarios.len(), shifts.len()) {
                (0, _) => shift.clone(),
                (_, 1) => scenario.name.clone(),
                _ => format!("{}, {shift}", scenario.name),
            };
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

fn arm_names(step: &CombinationStep) -> [String; 4] {
    [
        "untreated".to_owned(),
        step.a.name.clone(),
        step.b.name.clone(),
        format!("{} and {}", step.a.name, step.b.name),
    ]
}

/// The effect of one treatment by its dose, through simulated points.
struct Simulated {
    /// (dose, effect), effects not falling.
    points: Vec<(f64, f64)>,
}

impl Simulated {
    fn new(doses: &[f64], effects: &[f64]) -> Self {
        let mut highest = 0.0_f64;
        let points = doses.iter().zip(effects).map(|(d, e)| {
            highest = highest.max(*e);
            (*d, highest)
        });
        Self { points: points.collect() }
    }
}

impl DoseResponse for Simulated {
    fn effect(&self, dose: f64) -> f64 {
        let after = self.points.partition_point(|p| p.0 < dose);
        let (Some(left), right) =
            (self.points.get(after.saturating_sub(1)), self.points.get(after))
        else {
            return 0.0;
        };
        right.filter(|r| r.0 > left.0).map_or(left.1, |right| {
            left.1 + (right.1 - left.1) * (dose - left.0) / (right.0 - left.0)
        })
    }

    fn dose_of(&self, effect: f64) -> Option<f64> {
        if effect <= 0.0 {
            return Some(0.0);
        }
        let after = self.points.partition_point(|p| p.1 < effect);
        let (left, right) = (self.points.get(after.checked_sub(1)?)?, self.points.get(after)?);
        Some(left.0 + (right.0 - left.0) * (effect - left.1) / (right.1 - left.1))
    }

    fn largest_effect(&self) -> f64 {
        self.points.last().map_or(0.0, |p| p.1)
    }
}

/// A map of multiples of the doses: the share killed, and the excess over three null models.
fn grid(setting: &Setting<'_>, levels: &[Vec<f64>; 2]) -> Result<Table, String> {
    let step = setting.step;
    let faulty = |l: &Vec<f64>| l.is_empty() || l.len() > MOST_LEVELS;
    let good = |x: &f64| x.is_finite() && (0.0..=100.0).contains(x);
    if levels.iter().any(|l| faulty(l) || !l.iter().all(good)) {
        return Err(format!(
            "`levels` needs 1 to {MOST_LEVELS} multiples from 0 to 100 for each treatment"
        ));
    }
    let parameters = setting.model.parameters(&step.set)?;
    let at = setting.days("at", &step.at)?;
    let shift = step.shifts.first().map_or(Ok(0.0), |s| setting.days("shifts", s))?;
    let left = |a: f64, b: f64| setting.left(&parameters, &setting.regimen((a, b), shift)?, at);
    let untreated = left(0.0, 0.0)?;
    let killed = |a: f64, b: f64| Ok::<_, String>(1.0 - left(a, b)? / untreated);
    let alone = |levels: &[f64], of_a: bool| {
        let largest = levels.iter().copied().fold(1e-3, f64::max);
        // Beyond the largest level, as the combination may do more than each at its largest; close
        // together at small doses, where effects are steep.
        let spread = (1..DOSES).map(|i| {
            let share = f64::from(i) / f64::from(DOSES - 1);
            4.0 * largest * 10_f64.powf(4.0 * (share - 1.0))
        });
        let mut doses: Vec<f64> =
            std::iter::once(0.0).chain(levels.iter().copied()).chain(spread).collect();
        doses.sort_by(f64::total_cmp);
        doses.dedup();
        let effects = doses
            .par_iter()
            .map(|d| if of_a { killed(*d, 0.0) } else { killed(0.0, *d) })
            .collect::<Result<Vec<_>, _>>()?;
        Ok::<_, String>(Simulated::new(&doses, &effects))
    };
    let (a, b) = (alone(&levels[0], true)?, alone(&levels[1], false)?);
    let mut table = Table::new(
        format!("{}.grid", step.id),
        format!(
            "Share of the tumour killed by multiples of {} (a) and {} (b), and what null models say; \
             Loewe where each alone reaches the effect",
            step.a.name, step.b.name
        ),
    )
    .column("a", "")
    .column("b", "")
    .column("panel", "");
    for column in ["effect", "null", "excess"] {
        table = table.column(column, "").tolerance(2e-3);
    }
    let pairs: Vec<(f64, f64)> =
        levels[0].iter().flat_map(|x| levels[1].iter().map(move |y| (*x, *y))).collect();
    let found = pairs
        .par_iter()
        .map(|(x, y)| Ok((killed(*x, *y)?, killed(*x, 0.0)?, killed(0.0, *y)?)))
        .collect::<Result<Vec<_>, String>>()?;
    for ((x, y), (both, of_a, of_b)) in pairs.into_iter().zip(found) {
        let (by_bliss, by_hsa) = nulls(1.0 - of_a, 1.0 - of_b);
        // Where one of the two cannot reach the effect alone, doses of it have no equivalent.
        let additive = loewe(&a, &b, x, y).ok().filter(|l| l.within_both || x <= 0.0 || y <= 0.0);
        for (name, null) in [
            ("Bliss", by_bliss.map(|s| 1.0 - s)),
            ("highest single agent", by_hsa.map(|s| 1.0 - s)),
            ("Loewe", additive.map(|l| l.effect)),
        ] {
            table.push(vec![
                x.into(),
                y.into(),
                name.into(),
                both.into(),
                null.into(),
                null.map(|n| settled(both - n)).into(),
            ]);
        }
    }
    Ok(table)
}

/// Scan at which the diameter has grown by a fifth over its smallest, or none.
fn progression(response: &[f64]) -> Option<usize> {
    let mut smallest = f64::INFINITY;
    response.iter().position(|ratio| {
        let diameter = ratio.max(0.0).cbrt();
        smallest = smallest.min(diameter);
        diameter >= PROGRESSION * smallest && diameter > 0.0
    })
}

/// Time to progression of virtual patients under every arm, and independent action.
fn cohort(setting: &Setting<'_>, spec: &CohortUse, seed: u64) -> Result<Vec<Table>, String> {
    let step = setting.step;
    if !(10..=MOST_PATIENTS).contains(&spec.patients) {
        return Err(format!("`patients` is {}; expected 10 to {MOST_PATIENTS}", spec.patients));
    }
    let every = setting.days("scans", &spec.scans)?;
    let end = setting.days("until", step.until.as_deref().unwrap_or(&step.at))?;
    if every.is_nan() || every <= 0.0 || end < every {
        return Err(format!(
            "`scans` is {}; expected a time above 0 that fits in `until`",
            spec.scans
        ));
    }
    let times: Vec<f64> =
        (0_u32..).map(|k| every * f64::from(k)).take_while(|t| *t <= end * (1.0 + 1e-12)).collect();
    let system = setting.model.simulator.system();
    let typical = step
        .set
        .keys()
        .map(|name| {
            let index = setting.model.simulator.parameter(name).map_err(|e| e.to_string())?;
            Ok((name.clone(), setting.model.parameters(&step.set)?[index]))
        })
        .collect::<Result<Vec<_>, String>>()?;
    let population = Population::new(
        &setting.model.model,
        system,
        &CohortSpec { seed, typical, ..CohortSpec::default() },
    )
    .map_err(|e| e.to_string())?;
    let shift = step.shifts.first().map_or(Ok(0.0), |s| setting.days("shifts", s))?;
    let regimens =
        ARMS.iter().map(|l| setting.regimen(*l, shift)).collect::<Result<Vec<_>, _>>()?;
    let scans: Vec<[Option<usize>; 4]> = (0..u64::from(spec.patients))
        .into_par_iter()
        .map(|number| {
            let patient = population.patient(number).map_err(|e| e.to_string())?;
            let mut found = [None; 4];
            for (slot, regimen) in found.iter_mut().zip(&regimens) {
                let run = setting
                    .simulate(patient.parameters(0), regimen, &times)
                    .map_err(|e| format!("patient {number}: {e}"))?;
                let response: Vec<f64> = run.outputs.column(setting.response).collect();
                *slot = progression(&response);
            }
            Ok(found)
        })
        .collect::<Result<Vec<_>, String>>()?;
    let patients = f64::from(spec.patients);
    let free = |arm: usize, scan: usize| {
        scans.iter().filter(|s| s[arm].is_none_or(|k| k > scan)).count() as f64 / patients
    };
    let mut curves: Vec<(String, Vec<f64>)> = arm_names(step)
        .into_iter()
        .enumerate()
        .map(|(arm, name)| (name, (0..times.len()).map(|scan| free(arm, scan)).collect()))
        .collect();
    for rho in [0.0, spec.correlation] {
        let action = IndependentAction::new(rho).map_err(|e| e.to_string())?;
        let null = (0..times.len())
            .map(|scan| action.survival(curves[1].1[scan], curves[2].1[scan]))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.to_string())?;
        curves.push((format!("independent action, correlation {rho}"), null));
    }
    let month = 30.4375 * setting.day;
    let mut drawn = Table::new(
        format!("{}.survival", step.id),
        format!("Share of {} virtual patients without progression", spec.patients),
    )
    .column("arm", "")
    .column("time", "mo")
    .column("survival", "")
    .tolerance(2e-2);
    let mut table = Table::new(
        format!("{}.cohort", step.id),
        "Time to progression by scans, and independent action of the two treatments as its null",
    )
    .column("arm", "")
    .column("median", "mo")
    .tolerance(5e-2)
    .column("free_at_end", "%")
    .tolerance(5e-2)
    .column("mean_until_end", "mo")
    .tolerance(2e-2)
    .column("excess", "mo")
    .tolerance(2e-1);
    // Area under the steps: restricted mean time.
    let mean = |curve: &[f64]| {
        curve.iter().zip(times.windows(2)).map(|(s, w)| s * (w[1] - w[0])).sum::<f64>() / month
    };
    let both = mean(&curves[3].1);
    for (row, (name, curve)) in curves.iter().enumerate() {
        for (t, s) in times.iter().zip(curve) {
            drawn.push(vec![name.as_str().into(), (t / month).into(), (*s).into()]);
        }
        let median = curve.iter().position(|s| *s <= 0.5).map(|k| times[k] / month);
        let excess = (row > 3).then(|| both - mean(curve));
        table.push(vec![
            name.as_str().into(),
            median.into(),
            curve.last().map(|s| 100.0 * s).into(),
            mean(curve).into(),
            excess.into(),
        ]);
    }
    Ok(vec![table, drawn])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_progression_is_a_fifth_over_the_smallest_diameter() {
        let cube = |d: f64| d * d * d;
        let grows = [1.0, cube(1.1), cube(1.21), cube(1.3)];
        assert_eq!(progression(&grows), Some(2));
        let falls_first = [1.0, cube(0.5), cube(0.59), cube(0.61)];
        assert_eq!(progression(&falls_first), Some(3));
        assert_eq!(progression(&[1.0, 0.5, 0.0, 0.0]), None);
    }

    #[test]
    fn exact_a_simulated_dose_response_is_its_own_inverse() {
        let doses: Vec<f64> = (0..=10).map(f64::from).collect();
        let effects: Vec<f64> = doses.iter().map(|d| d / (d + 2.0)).collect();
        let curve = Simulated::new(&doses, &effects);
        for dose in [0.0, 0.3, 1.0, 4.7, 10.0] {
            let back = curve.dose_of(curve.effect(dose)).expect("it is reached");
            assert!((back - dose).abs() < 1e-9, "{dose}: {back}");
        }
        assert_eq!(curve.dose_of(0.9), None);
    }
}
