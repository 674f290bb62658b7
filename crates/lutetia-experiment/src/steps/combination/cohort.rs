//! Times to progression of virtual patients under both treatments, and independent action as their null model.

use lutetia_outcome::{
    combination::IndependentAction,
    survival::{Cox, Groups, SurvivalData},
};
use lutetia_trial::Draws;
use rayon::prelude::*;

use super::{
    People, Set, Setting,
    map::pick,
    people::{Schedule, followed},
    setting::{ARMS, case, scenarios, shifts},
};
use crate::steps::{StepError, cohort::quantile};

/// Bootstrap samples of patients.
const SAMPLES: u64 = 400;

/// What happened to the patients.
pub(super) struct Cohort {
    /// When they were seen, months.
    pub(super) months: Vec<f64>,
    /// Scenarios and starts, in their order.
    pub(super) cases: Vec<Case>,
}

/// One scenario and start.
pub(super) struct Case {
    pub(super) name: String,
    pub(super) scenario: String,
    /// By how much B is later, d.
    pub(super) start_d: f64,
    /// Neither, A, B, both.
    pub(super) arms: Vec<Free>,
    /// Without correlation, and with that of the step.
    pub(super) nulls: Vec<Null>,
    /// Hazard ratio of both over A and over B, with its 95 % interval; none without events.
    pub(super) ratios: [Option<[f64; 3]>; 2],
}

/// Patients without progression.
pub(super) struct Free {
    /// Share at each visit.
    pub(super) survival: Vec<f64>,
    /// First visit at which it is one half or less, months.
    pub(super) median: Option<f64>,
    /// Where the straight line between two visits passes one half, months.
    pub(super) median_between: Option<f64>,
    /// Mean time until the end of follow-up, months.
    pub(super) mean: f64,
}

/// Independent action of both.
pub(super) struct Null {
    /// Correlation of the two times of a patient.
    pub(super) correlation: f64,
    pub(super) free: Free,
    /// Mean time of both beyond it, with the middle 95 % of a bootstrap of patients, months.
    pub(super) excess: [f64; 3],
}

impl Schedule {
    fn free(&self, survival: Vec<f64>) -> Free {
        let reached = survival.iter().position(|s| *s <= 0.5);
        Free {
            median: reached.map(|k| self.times[k] / self.month),
            median_between: self.median_between(&survival),
            mean: self.mean(&survival),
            survival,
        }
    }
}

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

    /// Independent action with a correlation of the two times.
    fn beside(&self, correlation: f64, seed: u64) -> Result<Null, StepError> {
        let action = IndependentAction::new(correlation)?;
        let null = self.null(&action, &self.curve(1), &self.curve(2))?;
        let excess = self.banded(correlation, seed)?;
        Ok(Null { correlation, free: self.schedule.free(null), excess })
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

/// Every scenario and start on the same patients.
pub(super) fn of(
    setting: &Setting<'_>,
    people: &People<'_>,
    set: &Set,
) -> Result<Cohort, StepError> {
    let step = setting.step;
    let schedule = Schedule::new(setting, people.spec)?;
    let months = schedule.times.iter().map(|t| t / schedule.month).collect();
    let mut cohort = Cohort { months, cases: Vec::new() };
    for scenario in scenarios(step) {
        let mut set = set.clone();
        set.extend(scenario.set.clone());
        let population = people.population(setting, &set)?;
        // Neither and A alone do not depend on when B begins.
        let fixed = [setting.regimen(ARMS[0], 0.0)?, setting.regimen(ARMS[1], 0.0)?];
        let fixed = followed(setting, people, &population, &schedule, &fixed)?;
        for shift in shifts(step) {
            let later = setting.time("shifts", &shift)?;
            let moving = [setting.regimen(ARMS[2], later)?, setting.regimen(ARMS[3], later)?];
            let moving = followed(setting, people, &population, &schedule, &moving)?;
            let arms = fixed.iter().zip(&moving).map(|(f, m)| [f[0], f[1], m[0], m[1]]).collect();
            let found = Found { schedule: &schedule, arms };
            cohort.cases.push(Case {
                name: case(step, &scenario, &shift),
                scenario: scenario.name.clone(),
                start_d: later / setting.day,
                arms: (0..4).map(|arm| schedule.free(found.curve(arm))).collect(),
                nulls: [0.0, people.spec.correlation]
                    .into_iter()
                    .map(|correlation| found.beside(correlation, people.seed))
                    .collect::<Result<_, _>>()?,
                ratios: [found.ratio(1), found.ratio(2)],
            });
        }
    }
    Ok(cohort)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Four patients of each arm, seen monthly: A progresses at 1, 2, 3, 4; B at 2, 2, 4, 4; both never.
    #[test]
    fn exact_excess_over_independent_action_by_hand() {
        let schedule = Schedule {
            times: (0..=4).map(f64::from).collect(),
            days: (0..=4).map(|k| 30.0 * f64::from(k)).collect(),
            month: 1.0,
        };
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
