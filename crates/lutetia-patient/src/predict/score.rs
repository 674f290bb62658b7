//! How near predictions come to the truth, each number with the interval that the count of patients leaves.

use lutetia_outcome::trade_off::share_limits;

use super::{Predicted, estimate::Z};

/// A prediction beside the truth, both h.
type Pair = (f64, Option<Predicted>);

/// What predictions of several patients are worth. Errors are 100·(predicted/true − 1), %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// Patients.
    pub patients: usize,
    /// Those of whom something is predicted; all else is of them.
    pub determined: usize,
    /// Mean error, %, with its 95 % Monte-Carlo interval.
    pub bias: (f64, f64, f64),
    /// Standard deviation of the errors, %.
    pub sd: f64,
    /// Mean of the errors without their sign, %, with its interval.
    pub deviation: (f64, f64, f64),
    /// Share of the patients whose 95 % interval holds the truth, %, with Wilson's limits.
    pub covered: (f64, f64, f64),
    /// Upper over lower end of the interval, geometric mean.
    pub width: f64,
    /// Mean share of the prior's variance that is left, %.
    pub left: Option<f64>,
}

fn error((truth, predicted): &Pair) -> Option<f64> {
    Some(100.0 * (predicted.as_ref()?.coefficient_h / truth - 1.0))
}

/// Mean and standard deviation; none of fewer than two.
#[expect(clippy::cast_precision_loss, reason = "counts of patients")]
fn moments(x: &[f64]) -> Option<(f64, f64)> {
    let n = x.len() as f64;
    if x.len() < 2 {
        return None;
    }
    let mean = x.iter().sum::<f64>() / n;
    Some((mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()))
}

/// A mean with its 95 % interval, mean ± 1.96·s/√n.
#[expect(clippy::cast_precision_loss, reason = "counts of patients")]
fn mean_limits(x: &[f64]) -> Option<(f64, f64, f64)> {
    let (mean, sd) = moments(x)?;
    let half = Z * sd / (x.len() as f64).sqrt();
    Some((mean, mean - half, mean + half))
}

/// The score of predictions of several patients; none where fewer than two are determined.
#[expect(clippy::cast_precision_loss, reason = "counts of patients")]
#[must_use]
pub fn score(pairs: &[Pair]) -> Option<Score> {
    let errors: Vec<f64> = pairs.iter().filter_map(error).collect();
    let without_sign: Vec<f64> = errors.iter().map(|e| e.abs()).collect();
    let (_, sd) = moments(&errors)?;
    let (bias, deviation) = (mean_limits(&errors)?, mean_limits(&without_sign)?);
    let n = errors.len() as f64;
    let holds = |(truth, p): &Pair| {
        p.as_ref().is_some_and(|p| {
            let (low, high) = p.interval();
            (low..=high).contains(truth)
        })
    };
    let share = pairs.iter().filter(|pair| holds(pair)).count() as f64 / n;
    let (low, high) = share_limits(share, n, 0.95).ok()?;
    let predicted = || pairs.iter().filter_map(|(_, p)| p.as_ref());
    let width = (2.0 * Z * predicted().map(|p| p.log_sd).sum::<f64>() / n).exp();
    let left: Option<Vec<f64>> = predicted().map(|p| p.left).collect();
    Some(Score {
        patients: pairs.len(),
        determined: errors.len(),
        bias,
        sd,
        deviation,
        covered: (100.0 * share, 100.0 * low, 100.0 * high),
        width,
        left: left.map(|left| 100.0 * left.iter().sum::<f64>() / n),
    })
}

/// How much smaller the errors of one way are than those of another, patient by patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Patients of whom both say something.
    pub patients: usize,
    /// Mean of |error of the other| − |error of the one|, % of the truth, with its 95 % Monte-Carlo interval.
    pub mean: (f64, f64, f64),
}

impl Difference {
    /// Whether the interval leaves out zero: 1 where the one is nearer to the truth, −1 where the other is, else 0.
    #[must_use]
    pub fn sign(self) -> i8 {
        let (_, low, high) = self.mean;
        i8::from(low > 0.0) - i8::from(high < 0.0)
    }
}

/// The difference of two ways over the same patients in the same order; none where fewer than two have both.
#[must_use]
pub fn difference(one: &[Pair], other: &[Pair]) -> Option<Difference> {
    let each = one.iter().zip(other);
    let gains: Vec<f64> =
        each.filter_map(|(a, b)| Some(error(b)?.abs() - error(a)?.abs())).collect();
    Some(Difference { patients: gains.len(), mean: mean_limits(&gains)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(truth: f64, coefficient_h: f64, log_sd: f64) -> Pair {
        (truth, Some(Predicted { coefficient_h, log_sd, left: Some(0.25) }))
    }

    #[test]
    fn exact_score_of_four_patients() {
        // Errors 10, -10, 30 %, and one that is not determined; intervals of a factor e^(1.96·0.1) = 1.2166.
        let pairs = [pair(1.0, 1.1, 0.1), pair(2.0, 1.8, 0.1), pair(1.0, 1.3, 0.1), (1.0, None)];
        let found = score(&pairs).expect("three are determined");
        assert_eq!((found.patients, found.determined), (4, 3));
        assert!((found.bias.0 - 10.0).abs() < 1e-12);
        assert!((found.sd - 20.0).abs() < 1e-12);
        assert!((found.bias.2 - found.bias.0 - Z * 20.0 / 3_f64.sqrt()).abs() < 1e-12);
        assert!((found.deviation.0 - 50.0 / 3.0).abs() < 1e-12);
        assert!((found.covered.0 - 200.0 / 3.0).abs() < 1e-12);
        // Wilson's limits of 2 of 3, (1.30690 ± 0.83335)/2.28049.
        assert!((found.covered.1 - 20.765).abs() < 0.002, "{}", found.covered.1);
        assert!((found.covered.2 - 93.85).abs() < 0.002, "{}", found.covered.2);
        assert!((found.width - (0.2 * Z).exp()).abs() < 1e-12);
        assert_eq!(found.left, Some(25.0));
        assert_eq!(score(&pairs[..1]), None);
    }

    #[test]
    fn exact_a_way_is_nearer_only_where_the_interval_says_so() {
        let near: Vec<Pair> = (0..9).map(|k| pair(1.0, 1.0 + 0.01 * f64::from(k), 0.1)).collect();
        let far: Vec<Pair> = (0..9).map(|k| pair(1.0, 1.2 + 0.02 * f64::from(k), 0.1)).collect();
        let found = difference(&near, &far).expect("nine patients");
        // 20 + 2k − k, k = 0..8: mean 24, standard deviation √7.5.
        assert!((found.mean.0 - 24.0).abs() < 1e-9);
        assert!((found.mean.2 - 24.0 - Z * (7.5_f64 / 9.0).sqrt()).abs() < 1e-9);
        assert_eq!(found.sign(), 1);
        assert_eq!(difference(&far, &near).expect("nine patients").sign(), -1);
        assert_eq!(difference(&near, &near).expect("nine patients").sign(), 0);
    }
}
