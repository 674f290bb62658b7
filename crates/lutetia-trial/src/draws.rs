//! Outputs of a model over time where its numbers are uncertain or patients differ: quantiles over independent draws.
//!
//! A quantile of few draws is itself uncertain. Its 95 % interval is that between two order statistics: the number of
//! draws below the quantile p is binomial(n, p) whatever the law of the output, so that with l the greatest and u the
//! least ranks for which P(B < l) ≤ 2.5 % and P(B ≥ u) ≤ 2.5 %, the l-th and the u-th smallest of n draws enclose it
//! (David and Nagaraja 2003, Order Statistics, 7.1). Of the 2.5 % and 97.5 % quantiles there are such ranks from 146
//! draws on; of the median from 6. Where there are none, nothing is said of the quantile.

use lutetia_population::{CohortSpec, Patient, Population, Uncertainty};
use lutetia_scenario::{LoadedModel, Scenario};
use lutetia_sim::{Options, Request, SimError};

use crate::TrialError;

/// Probability that is left out on each side of an interval.
const TAIL: f64 = 0.025;

/// What is drawn. Uncertainty and differences between patients are not the same, and are mixed only where that is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrawsOf {
    /// What the numbers of the typical patient may be.
    Uncertainty,
    /// Who the patient may be, with the numbers of the model taken as known.
    BetweenPatients,
    /// Both: a patient of a population of which the numbers are uncertain.
    Both,
}

/// A quantile of independent draws with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The quantile, between neighbouring draws by their distance.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval.
    pub high: f64,
}

/// The quantile `p` of sorted independent draws with its distribution-free 95 % interval; none where they are too few
/// for one, or one of them is not a number.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> Option<Quantile> {
    if sorted.iter().any(|x| x.is_nan()) {
        return None;
    }
    let (low, high) = ranks(sorted.len(), p)?;
    #[expect(clippy::cast_precision_loss, reason = "counts of draws")]
    let place = p * (sorted.len() - 1) as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to n − 1")]
    let below = place.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let value = sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below]);
    Some(Quantile { value, low: sorted[low - 1], high: sorted[high - 1] })
}

/// The ranks, from 1, of the order statistics that enclose the quantile `p` with at least 95 %.
fn ranks(n: usize, p: f64) -> Option<(usize, usize)> {
    // P(B ≤ k) of the binomial, from its logarithm at 0.
    let (mut log, mut below) = ((1.0 - p).ln() * count(n), 0.0);
    let (mut low, mut high) = (None, None);
    for k in 0..=n {
        // `below` is P(B < k).
        if below <= TAIL && k >= 1 {
            low = Some(k);
        }
        if high.is_none() && k >= 1 && 1.0 - below <= TAIL {
            high = Some(k);
        }
        below += log.exp();
        log += (count(n - k) / count(k + 1)).ln() + (p / (1.0 - p)).ln();
    }
    low.zip(high)
}

fn count(n: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of draws")]
    let count = n as f64;
    count
}

/// One output at one time over all draws.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// The median.
    pub median: Option<Quantile>,
    /// The 2.5 % quantile; with `upper` the middle 95 % of the draws.
    pub lower: Option<Quantile>,
    /// The 97.5 % quantile.
    pub upper: Option<Quantile>,
}

/// What is drawn of a model, and how.
#[derive(Debug)]
pub struct Drawn<'a> {
    /// The model.
    pub model: &'a LoadedModel,
    /// Which of both.
    pub of: DrawsOf,
    /// The parameters whose uncertainty is known.
    pub uncertainty: &'a Uncertainty,
    /// How many.
    pub count: u32,
    /// Seed.
    pub seed: u64,
}

impl Drawn<'_> {
    /// The parameters of each draw about those of `base`, internal, and how many draws of patients lay outside the bounds
    /// of the model and were drawn again.
    ///
    /// # Errors
    /// A population that cannot be drawn.
    pub fn parameters(&self, base: &[f64]) -> Result<(Vec<Vec<f64>>, u64), TrialError> {
        let system = self.model.simulator.system();
        let population = |typical: &[f64]| {
            let infos = system.parameters().iter().zip(typical).filter(|(_, x)| x.is_finite());
            let typical = infos.map(|(info, x)| (info.name.clone(), *x)).collect();
            let spec = CohortSpec { seed: self.seed, typical, ..CohortSpec::default() };
            Population::new(&self.model.model, system, &spec)
        };
        let uncertain = |number: u64| self.uncertainty.draw(base, self.seed, number);
        let numbers = 0..u64::from(self.count);
        match self.of {
            DrawsOf::Uncertainty => Ok((numbers.map(uncertain).collect(), 0)),
            DrawsOf::BetweenPatients => {
                let population = population(base)?;
                patients(numbers.map(|k| Ok(population.patient(k)?)))
            }
            DrawsOf::Both => patients(numbers.map(|k| Ok(population(&uncertain(k))?.patient(k)?))),
        }
    }
}

/// The parameters of some patients, and how many draws of them were refused.
fn patients(
    drawn: impl Iterator<Item = Result<Patient, TrialError>>,
) -> Result<(Vec<Vec<f64>>, u64), TrialError> {
    let (mut parameters, mut again) = (Vec::new(), 0);
    for patient in drawn {
        let patient = patient?;
        again += u64::from(patient.attempts) - 1;
        parameters.push(patient.parameters(0).to_vec());
    }
    Ok((parameters, again))
}

/// Quantiles of some outputs at some times (internal, ascending) over draws of the parameters of a scenario: for each
/// time, for each of `outputs`, in internal units. Runs go in parallel and give the same bits on any number of threads.
///
/// # Errors
/// The first draw that cannot be simulated, with its number from 1.
pub fn bands(
    scenario: &Scenario,
    drawn: &[Vec<f64>],
    (times, outputs): (&[f64], &[usize]),
    options: &Options,
) -> Result<Vec<Vec<Band>>, (usize, SimError)> {
    let requests: Vec<Request<'_>> =
        drawn.iter().map(|p| scenario.request_with(p, times).options(options)).collect();
    let runs = scenario.simulator().run_many(&requests);
    let runs = runs
        .into_iter()
        .enumerate()
        .map(|(k, run)| run.map_err(|error| (k + 1, error)))
        .collect::<Result<Vec<_>, _>>()?;
    let band = |row: usize, output: usize| {
        let mut values: Vec<f64> =
            runs.iter().map(|run| run.outputs.get(row, output).unwrap_or(f64::NAN)).collect();
        values.sort_by(f64::total_cmp);
        Band {
            median: quantile(&values, 0.5),
            lower: quantile(&values, TAIL),
            upper: quantile(&values, 1.0 - TAIL),
        }
    };
    let row = |row: usize| outputs.iter().map(|&output| band(row, output)).collect();
    Ok((0..times.len()).map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of binomial(20, ½), P(B ≤ 5) = 21700/2²⁰ = 0.0207 and P(B ≤ 6) = 60460/2²⁰ = 0.0577, so that the ranks of the median
    /// of 20 are 6 and 15. The least draw is below the 2.5 % quantile with 1 − 0.975^n, which reaches 97.5 % at n = 146.
    #[test]
    fn exact_ranks_of_order_statistics() {
        assert_eq!(ranks(20, 0.5), Some((6, 15)));
        assert_eq!(ranks(5, 0.5), None);
        assert_eq!(ranks(6, 0.5), Some((1, 6)));
        assert_eq!(ranks(145, 0.025), None);
        assert_eq!(ranks(146, 0.025).map(|r| r.0), Some(1));
        assert_eq!(ranks(145, 0.975), None);
        assert_eq!(ranks(146, 0.975).map(|r| r.1), Some(146));
    }

    /// Intervals of quantiles of uniform draws miss them in at most 5 % of samples, within three standard errors of the
    /// count of 2000 samples.
    #[test]
    fn prop_intervals_hold_the_quantile() {
        use lutetia_population::Draws;
        for p in [0.025, 0.5, 0.975] {
            let missed = (0..2000_u64)
                .filter(|&sample| {
                    let draws = Draws::new(11, sample);
                    let mut x: Vec<f64> = (0..200).map(|k| draws.uniform("x", k)).collect();
                    x.sort_by(f64::total_cmp);
                    let q = quantile(&x, p).expect("enough draws");
                    !(q.low..=q.high).contains(&p)
                })
                .count();
            assert!(
                missed as f64 <= 100.0 + 3.0 * (2000.0_f64 * 0.05 * 0.95).sqrt(),
                "{p}: {missed}"
            );
        }
    }
}
