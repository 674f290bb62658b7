//! Dose against dose, with null models subtracted.

use lutetia_outcome::combination::{DoseResponse, loewe};
use lutetia_trial::Draws;
use rayon::prelude::*;

use super::{
    CombinationError, People, Set, Setting,
    setting::{nulls, settled},
};
use crate::steps::{StepError, cohort::quantile};

/// Points of the dose–response of one treatment alone, from which Loewe's model is read: of the typical
/// patient, and of each of several.
const DOSES: u32 = 41;
const DOSES_EACH: u32 = 15;
/// Most multiples of the doses of one treatment.
pub(super) const MOST_LEVELS: usize = 12;
/// Bootstrap samples of patients.
const SAMPLES: u64 = 400;

/// The effect of one treatment by its dose, through simulated points.
pub(super) struct Simulated {
    /// (dose, effect), effects not falling.
    points: Vec<(f64, f64)>,
}

impl Simulated {
    pub(super) fn new(doses: &[f64], effects: &[f64]) -> Self {
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

/// What a pair of doses does to one patient: the share killed, and what three null models say.
struct Cellwise {
    found: f64,
    nulls: [Option<f64>; 3],
}

const NULLS: [&str; 3] = ["Bliss", "highest single agent", "Loewe"];

/// The map of one patient, pair by pair.
fn of_one(
    setting: &Setting<'_>,
    parameters: &[f64],
    levels: &[Vec<f64>; 2],
    points: u32,
) -> Result<Vec<Cellwise>, StepError> {
    let step = setting.step;
    let at = setting.time("at", &step.at)?;
    let shift = step.shifts.first().map_or(Ok(0.0), |s| setting.time("shifts", s))?;
    let left = |a: f64, b: f64| setting.left(parameters, &setting.regimen((a, b), shift)?, at);
    let untreated = left(0.0, 0.0)?;
    let killed = |a: f64, b: f64| Ok::<_, StepError>(1.0 - left(a, b)? / untreated);
    let alone = |levels: &[f64], of_a: bool| {
        let largest = levels.iter().copied().fold(1e-3, f64::max);
        // Beyond the largest level, as the combination may do more than each at its largest; close
        // together at small doses, where effects are steep.
        let spread = (1..points).map(|i| {
            let share = f64::from(i) / f64::from(points - 1);
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
        Ok::<_, StepError>(Simulated::new(&doses, &effects))
    };
    let (a, b) = (alone(&levels[0], true)?, alone(&levels[1], false)?);
    let pairs: Vec<(f64, f64)> =
        levels[0].iter().flat_map(|x| levels[1].iter().map(move |y| (*x, *y))).collect();
    pairs
        .par_iter()
        .map(|&(x, y)| {
            let found = killed(x, y)?;
            let (by_bliss, by_hsa) = nulls(1.0 - killed(x, 0.0)?, 1.0 - killed(0.0, y)?);
            // Where one of the two cannot reach the effect alone, doses of it have no equivalent.
            let additive =
                loewe(&a, &b, x, y).ok().filter(|l| l.within_both || x <= 0.0 || y <= 0.0);
            let nulls =
                [by_bliss.map(|s| 1.0 - s), by_hsa.map(|s| 1.0 - s), additive.map(|l| l.effect)];
            Ok(Cellwise { found, nulls })
        })
        .collect()
}

/// A map of multiples of the doses.
pub(super) struct Map {
    /// Patients of whom it is the mean; none where it is of the typical patient.
    pub(super) patients: Option<u32>,
    /// Every pair of doses under every null model.
    pub(super) cells: Vec<MapCell>,
}

/// A pair of doses beside a null model.
pub(super) struct MapCell {
    /// Multiple of the doses of A.
    pub(super) a: f64,
    /// Multiple of the doses of B.
    pub(super) b: f64,
    /// The null model.
    pub(super) model: &'static str,
    /// Share of the tumour that is killed, the mean over patients.
    pub(super) effect: f64,
    /// What the null model says, the mean over those for whom it is defined; none where they are not most patients.
    pub(super) null: Option<f64>,
    /// What is killed beyond it, likewise.
    pub(super) excess: Option<f64>,
    /// The middle 95 % of the excess over a bootstrap of patients.
    pub(super) interval: Option<(f64, f64)>,
    /// Patients for whom the null model is defined.
    pub(super) known: usize,
}

/// The map of the typical patient; with patients, the mean over them and its interval.
pub(super) fn of(
    setting: &Setting<'_>,
    levels: &[Vec<f64>; 2],
    set: &Set,
    people: Option<&People<'_>>,
) -> Result<Map, StepError> {
    let faulty = |l: &Vec<f64>| l.is_empty() || l.len() > MOST_LEVELS;
    let good = |x: &f64| x.is_finite() && (0.0..=100.0).contains(x);
    if levels.iter().any(|l| faulty(l) || !l.iter().all(good)) {
        return Err(CombinationError::Levels.into());
    }
    let patients = people.map(|p| p.spec.map_patients).filter(|n| *n > 0);
    let maps: Vec<Vec<Cellwise>> = match people.zip(patients) {
        Some((people, many)) => {
            let population = people.population(setting, set)?;
            (0..u64::from(many))
                .into_par_iter()
                .map(|number| {
                    let patient = population.patient(number)?;
                    of_one(setting, patient.parameters(0), levels, DOSES_EACH)
                        .map_err(|e| StepError::Patient { number, source: Box::new(e) })
                })
                .collect::<Result<_, StepError>>()?
        }
        None => vec![of_one(setting, &setting.model.parameters(set)?, levels, DOSES)?],
    };
    let seed = people.map_or(1, |p| p.seed);
    let pairs = levels[0].iter().flat_map(|x| levels[1].iter().map(move |y| (*x, *y)));
    let mut cells = Vec::new();
    for (cell, doses) in pairs.enumerate() {
        let of: Vec<&Cellwise> = maps.iter().map(|map| &map[cell]).collect();
        cells.extend((0..NULLS.len()).map(|k| over_patients(&of, doses, k, seed)));
    }
    Ok(Map { patients, cells })
}

/// A pair of doses beside the k-th null model, over the maps of patients.
fn over_patients(maps: &[&Cellwise], (a, b): (f64, f64), k: usize, seed: u64) -> MapCell {
    // (found, null) of the patients for whom the null model says something.
    let known: Vec<(f64, f64)> = maps.iter().filter_map(|m| Some((m.found, m.nulls[k]?))).collect();
    // A mean over the few for whom it is defined would be of other patients.
    let enough = 2 * known.len() > maps.len();
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| {
        enough.then(|| known.iter().map(of).sum::<f64>() / known.len() as f64)
    };
    let excess = |p: &(f64, f64)| settled(p.0 - p.1);
    let several = enough && known.len() > 1;
    MapCell {
        a,
        b,
        model: NULLS[k],
        effect: maps.iter().map(|m| m.found).sum::<f64>() / maps.len() as f64,
        null: mean(&|p| p.1),
        excess: mean(&excess),
        interval: several.then(|| interval(&known.iter().map(excess).collect::<Vec<_>>(), seed)),
        known: known.len(),
    }
}

/// The middle 95 % of the mean over a bootstrap of patients.
fn interval(each: &[f64], seed: u64) -> (f64, f64) {
    let mut means: Vec<f64> = (0..SAMPLES)
        .map(|s| {
            let draws = Draws::new(seed, s);
            let sum: f64 = (0..each.len() as u64)
                .map(|i| each[pick(draws.uniform("patient", i), each.len())])
                .sum();
            sum / each.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (quantile(&means, 0.025), quantile(&means, 0.975))
}

/// The index that a uniform number chooses.
pub(super) fn pick(u: f64, n: usize) -> usize {
    ((u * n as f64) as usize).min(n - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    /// Normal theory: the mean of 100 values of standard deviation 1 has one of .1.
    #[test]
    fn exact_the_interval_is_that_of_a_mean() {
        let each: Vec<f64> = (0..100).map(|i| Draws::new(3, i).normal("x", 0)).collect();
        let mean = each.iter().sum::<f64>() / 100.0;
        let (low, high) = interval(&each, 1);
        // 400 samples: ends are good to a fifth of a standard error, and the sample's spread to a tenth.
        assert!((high - mean - 0.196).abs() < 0.04 && (mean - low - 0.196).abs() < 0.04);
    }
}
