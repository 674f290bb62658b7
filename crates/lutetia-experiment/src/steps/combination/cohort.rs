//! Virtual patients under both treatments: times to progression, and independent action as their null model.

use lutetia_scenario::{MONTH_D as MONTH, internal};
use std::{collections::BTreeMap, sync::Arc};

use lutetia_outcome::{
    combination::IndependentAction,
    survival::{Cox, Groups, SurvivalData},
};
use lutetia_trial::{CohortSpec, Draws, Population};
use rayon::prelude::*;

use super::{
    ARMS, Calibrate, CohortUse, Progression, Scenario, Setting, arm_names, case, map::pick,
    scenarios, shifts,
};
use crate::steps::Context;
use crate::steps::StepError;
use crate::steps::cohort::quantile;
use lutetia_table::{Cell, Table, significant};

/// Growth of the diameter over the smallest one that is progression (RECIST 1.1).
const DIAMETER: f64 = 1.2;
/// Rise of a marker over its lowest that is progression (PCWG3).
const MARKER: f64 = 1.25;
/// Least growth that counts: 5 mm of the 60 mm that target lesions have at the start, and 2 ug/L of a PSA of
/// 40 ug/L at the start (both assumed); what grows again from next to nothing is not seen at once.
const LEAST_DIAMETER: f64 = 5.0 / 60.0;
const LEAST_MARKER: f64 = 2.0 / 40.0;
/// Most patients.
const MOST_PATIENTS: u32 = 5000;
/// Bootstrap samples of patients.
const SAMPLES: u64 = 400;
/// The patients of a step.
pub(super) struct People<'a> {
    pub(super) spec: &'a CohortUse,
    base: CohortSpec,
    pub(super) seed: u64,
    model: Option<Arc<lutetia_sim::Simulator>>,
}

/// The patients that a step asks for.
pub(super) fn people<'a>(spec: &'a CohortUse, context: &Context) -> Result<People<'a>, StepError> {
    if !(10..=MOST_PATIENTS).contains(&spec.patients) || spec.map_patients > MOST_PATIENTS {
        return Err(
            format!("`patients` is {}; expected 10 to {MOST_PATIENTS}", spec.patients).into()
        );
    }
    let seed = context.seed;
    let (base, model) = match &spec.of {
        None => (CohortSpec { seed, ..CohortSpec::default() }, None),
        Some(id) => {
            let cohort = context.artefacts.cohort(id)?;
            (cohort.spec.clone(), Some(Arc::clone(&cohort.model.simulator)))
        }
    };
    Ok(People { spec, base, seed, model })
}

impl People<'_> {
    /// The population with some typical values replaced.
    pub(super) fn population(
        &self,
        setting: &Setting<'_>,
        set: &BTreeMap<String, String>,
    ) -> Result<Population, StepError> {
        if self.model.as_ref().is_some_and(|m| !Arc::ptr_eq(m, &setting.model.simulator)) {
            return Err(format!(
                "the cohort `{}` is of another model than `{}`",
                self.spec.of.as_deref().unwrap_or(""),
                setting.step.model
            )
            .into());
        }
        let mut spec = self.base.clone();
        // What is set holds for everybody, whatever law the cohort gives it.
        let own = |name: &str| name.rsplit_once(':').map_or("", |(_, own)| own).to_owned();
        spec.covariates.retain(|(law, _)| !set.keys().any(|n| n == law || own(n) == *law));
        for (name, text) in set {
            let value = lutetia_scenario::setting(setting.model, name, text)?;
            spec.typical.push((name.clone(), value));
        }
        Population::new(&setting.model.model, setting.model.simulator.system(), &spec)
            .map_err(StepError::from)
    }
}

/// When patients are seen.
struct Schedule {
    times: Vec<f64>,
    month: f64,
}

impl Schedule {
    fn new(setting: &Setting<'_>, spec: &CohortUse) -> Result<Self, StepError> {
        let step = setting.step;
        let every = setting.days("scans", &spec.scans)?;
        let end = setting.days("until", step.until.as_deref().unwrap_or(&step.at))?;
        if every.is_nan() || every <= 0.0 || end < every {
            return Err(format!(
                "`scans` is {}; expected a time above 0 that fits in `until`",
                spec.scans
            )
            .into());
        }
        let times = (0_u32..)
            .map(|k| every * f64::from(k))
            .take_while(|t| *t <= end * (1.0 + 1e-12))
            .collect();
        Ok(Self { times, month: MONTH * setting.day })
    }

    /// Area under a curve of steps: the mean time until the end, months.
    fn mean(&self, curve: &[f64]) -> f64 {
        curve.iter().zip(self.times.windows(2)).map(|(s, w)| s * (w[1] - w[0])).sum::<f64>()
            / self.month
    }

    /// Where the straight line between two scans passes one half, months.
    fn median_between(&self, curve: &[f64]) -> Option<f64> {
        let after = curve.iter().position(|s| *s <= 0.5)?;
        let before = after.checked_sub(1)?;
        let share = (curve[before] - 0.5) / (curve[before] - curve[after]);
        Some((self.times[before] + share * (self.times[after] - self.times[before])) / self.month)
    }

    /// Share of patients without progression at each scan.
    fn curve(&self, found: &(impl Iterator<Item = Option<usize>> + Clone)) -> Vec<f64> {
        let n = found.clone().count() as f64;
        (0..self.times.len())
            .map(|scan| found.clone().filter(|f| f.is_none_or(|k| k > scan)).count() as f64 / n)
            .collect()
    }
}

/// The visit that shows progression, or none.
fn progression(kind: Progression, response: &[f64]) -> Option<usize> {
    let risen = |k: usize, smallest: f64| match kind {
        Progression::Diameter => {
            let (diameter, least) = (response[k].max(0.0).cbrt(), smallest.cbrt());
            diameter >= DIAMETER * least && diameter - least >= LEAST_DIAMETER
        }
        Progression::Marker => {
            response[k] >= MARKER * smallest && response[k] - smallest >= LEAST_MARKER
        }
    };
    let mut smallest = f64::INFINITY;
    for k in 0..response.len() {
        smallest = smallest.min(response[k].max(0.0));
        let seen = risen(k, smallest)
            && match kind {
                Progression::Diameter => true,
                // Confirmed by the next sample; the last one cannot be.
                Progression::Marker => k + 1 < response.len() && risen(k + 1, smallest),
            };
        if seen {
            return Some(k);
        }
    }
    None
}

/// Progression of one patient. Where the course cannot be integrated to its end (a tumour that has grown
/// beyond all measure, or of which next to nothing is left), the part that can be decides, if it does.
fn one(
    setting: &Setting<'_>,
    kind: Progression,
    parameters: &[f64],
    regimen: &lutetia_sim::Regimen,
    schedule: &Schedule,
) -> Result<Option<usize>, StepError> {
    let course = |count: usize| -> Result<Vec<f64>, StepError> {
        let run = setting.simulate(parameters, regimen, &schedule.times[..count])?;
        Ok(run.outputs.column(setting.response).collect())
    };
    let all = schedule.times.len();
    let failed = match course(all) {
        Ok(response) => return Ok(progression(kind, &response)),
        Err(reason) => reason,
    };
    for eighths in (1..8).rev() {
        let Ok(response) = course((all * eighths / 8).max(2)) else { continue };
        let found = progression(kind, &response);
        let gone = response.last().is_some_and(|r| *r < GONE);
        return if found.is_some() || gone { Ok(found) } else { Err(failed) };
    }
    Err(failed)
}

/// Less than this share of a tumour does not come back to something that is seen within two years.
const GONE: f64 = 1e-6;

/// Progression of every patient under some regimens.
fn followed(
    setting: &Setting<'_>,
    people: &People<'_>,
    population: &Population,
    schedule: &Schedule,
    regimens: &[lutetia_sim::Regimen],
) -> Result<Vec<Vec<Option<usize>>>, StepError> {
    (0..u64::from(people.spec.patients))
        .into_par_iter()
        .map(|number| {
            let patient = population.patient(number)?;
            regimens
                .iter()
                .map(|regimen| {
                    one(setting, people.spec.progression, patient.parameters(0), regimen, schedule)
                        .map_err(|e| StepError::Patient { number, source: Box::new(e) })
                })
                .collect()
        })
        .collect()
}

/// The value that gives an arm its published median, with how it was found.
pub(super) fn calibrated(
    setting: &Setting<'_>,
    people: &People<'_>,
    set: &BTreeMap<String, String>,
) -> Result<Option<(BTreeMap<String, String>, Table)>, StepError> {
    let Some(spec) = &people.spec.calibrate else { return Ok(None) };
    let Calibrate { parameter, lower, upper, arm, median } = spec;
    let model = setting.model;
    let index = model.simulator.parameter(parameter)?;
    let info = &model.simulator.system().parameters()[index];
    let schedule = Schedule::new(setting, people.spec)?;
    let target = setting.days("median", median)? / schedule.month;
    let levels = match arm.as_str() {
        "a" => ARMS[1],
        "b" => ARMS[2],
        other => {
            return Err(format!("`calibrate` has the arm `{other}`; expected `a` or `b`").into());
        }
    };
    let shift = shifts(setting.step).first().map_or(Ok(0.0), |s| setting.days("shifts", s))?;
    let regimen = [setting.regimen(levels, shift)?];
    let text = |x: f64| format!("{x} {}", info.unit);
    let median_at = |x: f64| -> Result<f64, StepError> {
        let mut set = set.clone();
        set.insert(parameter.clone(), text(x));
        let population = people.population(setting, &set)?;
        let found = followed(setting, people, &population, &schedule, &regimen)?;
        let curve = schedule.curve(&found.iter().map(|f| f[0]));
        // Not reached: beyond whatever is asked.
        Ok(schedule.median_between(&curve).unwrap_or(f64::INFINITY))
    };
    let declared = |t: &String| internal(model, parameter, t).map(|x| x / info.factor);
    let (mut low, mut high) = (declared(lower)?, declared(upper)?);
    let ends = (median_at(low)?, median_at(high)?);
    let rises = ends.1 > ends.0;
    if (ends.0 - target) * (ends.1 - target) > 0.0 {
        return Err(format!(
            "no `{parameter}` from {lower} to {upper} gives a median of {median}: it goes from {} to {} \
             months; widen the bounds",
            significant(ends.0, 3),
            significant(ends.1, 3)
        ).into());
    }
    let mut at = (low, ends.0);
    let mut tried = 2;
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        at = (middle, median_at(middle)?);
        tried += 1;
        if (at.1 - target).abs() < NEAR {
            break;
        }
        if (at.1 < target) == rises { low = middle } else { high = middle }
    }
    let (a, b) = (&setting.step.a.name, &setting.step.b.name);
    let mut table = Table::new(
        format!("{}.calibrated", setting.step.id),
        format!("One effect set so that one arm has its published median; {tried} values tried"),
    )
    .column("parameter", "")
    .column("unit", "")
    .column("value", "")
    .tolerance(2e-2)
    .column("arm", "")
    .column("median", "mo")
    .column("published", "mo");
    table.push(vec![
        parameter.as_str().into(),
        info.unit.symbol().into(),
        at.0.into(),
        if arm == "a" { a.as_str() } else { b.as_str() }.into(),
        at.1.into(),
        target.into(),
    ]);
    Ok(Some((BTreeMap::from([(parameter.clone(), text(at.0))]), table)))
}

/// Halvings of the bounds, and months within which a median is met: patients move it in steps.
const BISECTIONS: u32 = 12;
const NEAR: f64 = 0.03;

/// The four arms of one case.
struct Found<'a> {
    schedule: &'a Schedule,
    /// By patient: neither, A, B, both.
    arms: Vec<[Option<usize>; 4]>,
}

impl Found<'_> {
    fn curve(&self, arm: usize) -> Vec<f64> {
        self.schedule.curve(&self.arms.iter().map(|a| a[arm]))
    }

    /// The curve of independent action.
    fn null(
        &self,
        action: &IndependentAction,
        a: &[f64],
        b: &[f64],
    ) -> Result<Vec<f64>, StepError> {
        a.iter().zip(b).map(|(a, b)| action.survival(*a, *b).map_err(StepError::from)).collect()
    }

    /// Mean time of both over that of independent action, of some patients.
    fn excess(&self, action: &IndependentAction, chosen: &[usize]) -> Result<f64, StepError> {
        let curve = |arm: usize| self.schedule.curve(&chosen.iter().map(|i| self.arms[*i][arm]));
        let null = self.null(action, &curve(1), &curve(2))?;
        Ok(self.schedule.mean(&curve(3)) - self.schedule.mean(&null))
    }

    /// That excess with the middle 95 % of a bootstrap of patients, each with all arms.
    fn banded(&self, rho: f64, seed: u64) -> Result<[f64; 3], StepError> {
        let action = IndependentAction::new(rho)?;
        let n = self.arms.len();
        let everybody: Vec<usize> = (0..n).collect();
        let mut samples = (0..SAMPLES)
            .into_par_iter()
            .map(|s| {
                let draws = Draws::new(seed, s);
                let chosen: Vec<usize> =
                    (0..n as u64).map(|i| pick(draws.uniform("patient", i), n)).collect();
                self.excess(&action, &chosen)
            })
            .collect::<Result<Vec<_>, _>>()?;
        samples.sort_by(f64::total_cmp);
        let ends = (quantile(&samples, 0.025), quantile(&samples, 0.975));
        Ok([self.excess(&action, &everybody)?, ends.0, ends.1])
    }

    /// Hazard ratio of both over one arm by Cox's model, as of a trial with these patients in each arm.
    fn ratio(&self, arm: usize) -> Option<[f64; 3]> {
        let (mut time, mut event, mut label) = (Vec::new(), Vec::new(), Vec::new());
        for (k, name) in [(arm, "reference"), (3, "both")] {
            for found in &self.arms {
                let last = self.schedule.times.len() - 1;
                time.push(self.schedule.times[found[k].unwrap_or(last)] / self.schedule.month);
                event.push(found[k].is_some());
                label.push(name);
            }
        }
        let data = SurvivalData::new(time, event).ok()?;
        let groups = Groups::by_appearance(&label);
        let fit = Cox::new(&data).groups(&groups).fit().ok()?;
        let coefficient = fit.coefficient("both").ok()?;
        let (low, high) = coefficient.hazard_ratio_interval(0.95).ok()?;
        let all = [coefficient.hazard_ratio(), low, high];
        // Where an arm has no event the ratio runs away.
        all.iter().all(|x| x.is_finite() && *x > 1e-6 && *x < 1e6).then_some(all)
    }
}

/// Time to progression of virtual patients under every arm of every scenario and start, and independent
/// action: `<id>.cohort`, `<id>.excess`, `<id>.survival`.
pub(super) fn tables(
    setting: &Setting<'_>,
    people: &People<'_>,
    set: &BTreeMap<String, String>,
) -> Result<Vec<Table>, StepError> {
    let (step, spec) = (setting.step, people.spec);
    let schedule = Schedule::new(setting, spec)?;
    let mut drawn = Table::new(
        format!("{}.survival", step.id),
        format!("Share of {} virtual patients without progression", spec.patients),
    )
    .column("arm", "")
    .column("scenario", "")
    .column("start", "d")
    .column("time", "mo")
    .column("survival", "")
    .tolerance(2e-2);
    let mut table = Table::new(
        format!("{}.cohort", step.id),
        "Time to progression by visits, and independent action of the two treatments as its null (with 95 % \
         intervals of a bootstrap of patients)",
    )
    .column("case", "")
    .column("scenario", "")
    .column("start", "d")
    .column("arm", "");
    for column in ["median", "median_between"] {
        table = table.column(column, "mo").tolerance(5e-2);
    }
    table = table
        .column("free_at_end", "%")
        .tolerance(5e-2)
        .column("mean_until_end", "mo")
        .tolerance(2e-2)
        .column("excess", "mo")
        .tolerance(2e-1)
        .column("excess_low", "mo")
        .tolerance(2e-1)
        .column("excess_high", "mo")
        .tolerance(2e-1);
    let mut beyond = Table::new(
        format!("{}.excess", step.id),
        format!(
            "Both over independent action: mean time without progression beyond it, without correlation and \
             with one of {}, and hazard ratios of both over each alone",
            spec.correlation
        ),
    )
    .column("case", "")
    .column("scenario", "")
    .column("start", "d");
    for column in ["excess", "correlated"] {
        for end in ["", "_low", "_high"] {
            beyond = beyond.column(&format!("{column}{end}"), "mo").tolerance(2e-1);
        }
    }
    for column in ["hr_a", "hr_b"] {
        for end in ["", "_low", "_high"] {
            beyond = beyond.column(&format!("{column}{end}"), "").tolerance(5e-2);
        }
    }
    for scenario in scenarios(step) {
        let mut set = set.clone();
        set.extend(scenario.set.clone());
        let population = people.population(setting, &set)?;
        // Neither and A alone do not depend on when B begins.
        let fixed = [setting.regimen(ARMS[0], 0.0)?, setting.regimen(ARMS[1], 0.0)?];
        let fixed = followed(setting, people, &population, &schedule, &fixed)?;
        for shift in shifts(step) {
            let later = setting.days("shifts", &shift)?;
            let moving = [setting.regimen(ARMS[2], later)?, setting.regimen(ARMS[3], later)?];
            let moving = followed(setting, people, &population, &schedule, &moving)?;
            let arms = fixed.iter().zip(&moving).map(|(f, m)| [f[0], f[1], m[0], m[1]]).collect();
            let found = Found { schedule: &schedule, arms };
            let start = later / setting.day;
            report(
                setting,
                people,
                &found,
                (&scenario, start, &case(step, &scenario, &shift)),
                [&mut table, &mut drawn, &mut beyond],
            )?;
        }
    }
    Ok(vec![table, beyond, drawn])
}

/// The rows of one case.
fn report(
    setting: &Setting<'_>,
    people: &People<'_>,
    found: &Found<'_>,
    (scenario, start, case): (&Scenario, f64, &str),
    [table, drawn, beyond]: [&mut Table; 3],
) -> Result<(), StepError> {
    let (step, schedule) = (setting.step, found.schedule);
    // Rows are named by the arm alone where there is one case.
    let single = step.scenarios.len() < 2 && step.shifts.len() < 2;
    let mut curves: Vec<(String, Vec<f64>, Option<[f64; 3]>)> = arm_names(step)
        .into_iter()
        .enumerate()
        .map(|(arm, name)| (name, found.curve(arm), None))
        .collect();
    let mut row: Vec<Cell> = vec![case.into(), scenario.name.as_str().into(), start.into()];
    for rho in [0.0, people.spec.correlation] {
        let action = IndependentAction::new(rho)?;
        let null = found.null(&action, &curves[1].1, &curves[2].1)?;
        let excess = found.banded(rho, people.seed)?;
        row.extend(excess.map(Cell::from));
        curves.push((format!("independent action, correlation {rho}"), null, Some(excess)));
    }
    for arm in [1, 2] {
        match found.ratio(arm) {
            Some(ratio) => row.extend(ratio.map(Cell::from)),
            None => row.extend([Cell::Missing, Cell::Missing, Cell::Missing]),
        }
    }
    beyond.push(row);
    for (name, curve, excess) in &curves {
        for (t, s) in schedule.times.iter().zip(curve) {
            drawn.push(vec![
                name.as_str().into(),
                scenario.name.as_str().into(),
                start.into(),
                (t / schedule.month).into(),
                (*s).into(),
            ]);
        }
        let median =
            curve.iter().position(|s| *s <= 0.5).map(|k| schedule.times[k] / schedule.month);
        let key = if single { name.clone() } else { format!("{case}: {name}") };
        let mut row: Vec<Cell> = vec![
            key.into(),
            scenario.name.as_str().into(),
            start.into(),
            name.as_str().into(),
            median.into(),
            schedule.median_between(curve).into(),
            curve.last().map(|s| 100.0 * s).into(),
            schedule.mean(curve).into(),
        ];
        if let Some(excess) = excess {
            row.extend(excess.map(Cell::from));
        }
        table.push(row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_progression_is_a_fifth_over_the_smallest_diameter() {
        let cube = |d: f64| d * d * d;
        let seen = |response: &[f64]| progression(Progression::Diameter, response);
        assert_eq!(seen(&[1.0, cube(1.1), cube(1.21), cube(1.3)]), Some(2));
        assert_eq!(seen(&[1.0, cube(0.5), cube(0.59), cube(0.61)]), Some(3));
        assert_eq!(seen(&[1.0, 0.5, 0.0, 0.0]), None);
        // From a hundredth of the diameter to twice that is half a millimetre; to a tenth, more than five.
        assert_eq!(seen(&[1.0, cube(0.01), cube(0.02), cube(0.1)]), Some(3));
    }

    #[test]
    fn exact_a_marker_progresses_a_quarter_over_its_lowest_and_confirmed() {
        let seen = |response: &[f64]| progression(Progression::Marker, response);
        assert_eq!(seen(&[1.0, 1.2, 1.3, 1.4]), Some(2));
        // A rise that is gone at the next sample does not count, nor one that nothing follows.
        assert_eq!(seen(&[1.0, 1.3, 1.1, 1.3]), None);
        assert_eq!(seen(&[1.0, 0.4, 0.45, 0.51, 0.6]), Some(3));
        assert_eq!(seen(&[1.0, 0.01, 0.02, 0.05, 0.07, 0.09]), Some(4));
    }

    /// Four patients of each arm, seen monthly: A progresses at 1, 2, 3, 4; B at 2, 2, 4, 4; both never.
    #[test]
    fn exact_excess_over_independent_action_by_hand() {
        let schedule = Schedule { times: (0..=4).map(f64::from).collect(), month: 1.0 };
        let arms = vec![
            [Some(1), Some(1), Some(2), None],
            [Some(1), Some(2), Some(2), None],
            [Some(1), Some(3), Some(4), None],
            [Some(1), Some(4), Some(4), None],
        ];
        let found = Found { schedule: &schedule, arms };
        // S_A 1, .75, .5, .25 and S_B 1, 1, .5, .5 over the four months: S_A + S_B − S_A S_B is
        // 1, 1, .75, .625, a mean of 3.375 of 4 months.
        let [excess, low, high] = found.banded(0.0, 1).expect("curves");
        assert!((excess - 0.625).abs() < 1e-12, "{excess}");
        assert!(low < excess && excess < high && low >= 0.0, "{low} {high}");
        // A: one half at month 2; B: between 1 (1) and 2 (.5): at 2.
        assert_eq!(schedule.median_between(&found.curve(1)), Some(2.0));
        assert_eq!(schedule.median_between(&found.curve(3)), None);
        // No event under both: no ratio.
        assert!(found.ratio(1).is_none());
    }
}
