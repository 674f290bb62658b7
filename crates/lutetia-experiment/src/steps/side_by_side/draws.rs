//! Values over their ranges.

use std::num::NonZeroU64;

use lutetia_population::{Draws, in_range};

/// A parameter that is drawn, or a factor of a dose.
#[derive(Debug, Clone)]
pub(super) struct Range {
    /// As the model calls it.
    pub(super) name: String,
    /// What its random numbers are for: the same for all cases, or for one alone.
    pub(super) purpose: String,
    pub(super) slots: Vec<usize>,
    /// Least and greatest value, internal.
    pub(super) bounds: (f64, f64),
    /// The region whose dose it multiplies, where it is not a parameter.
    pub(super) region: Option<usize>,
}

impl Range {
    /// The value of one of `of` draws, each in another stratum: evenly in the logarithm where the least value is above
    /// zero, else evenly.
    pub(super) fn value(&self, seed: u64, draw: u64, of: NonZeroU64) -> f64 {
        let u = Draws::stratified(seed, draw, of).uniform(&self.purpose, 0);
        in_range(self.bounds, u)
    }
}

/// The ends of the middle 90 % of some numbers, between neighbours by their distance; none of fewer than twenty.
pub(super) fn middle(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 20 || values.iter().any(|x| x.is_nan()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[expect(clippy::cast_precision_loss, reason = "counts of draws")]
    let last = (sorted.len() - 1) as f64;
    let at = |p: f64| {
        let place = p * last;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to last")]
        let below = place.floor() as usize;
        let above = (below + 1).min(sorted.len() - 1);
        sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
    };
    Some((at(0.05), at(0.95)))
}

/// Spearman's rank correlation; none where one of both does not vary.
pub(super) fn rank_correlation(x: &[f64], y: &[f64]) -> Option<f64> {
    let (x, y) = (ranks(x), ranks(y));
    #[expect(clippy::cast_precision_loss, reason = "counts of draws")]
    let mean = (x.len() as f64 + 1.0) / 2.0;
    let product =
        |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let scale = (product(&x, &x) * product(&y, &y)).sqrt();
    (scale > 0.0).then(|| product(&x, &y) / scale)
}

/// From 1; equal values share the mean of their ranks.
fn ranks(values: &[f64]) -> Vec<f64> {
    let of = |x: &f64| {
        let below = values.iter().filter(|v| v.total_cmp(x).is_lt()).count();
        let same = values.iter().filter(|v| v.total_cmp(x).is_eq()).count();
        #[expect(clippy::cast_precision_loss, reason = "counts of draws")]
        let rank = below as f64 + (same as f64 + 1.0) / 2.0;
        rank
    };
    values.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_rank_correlation_of_known_ranks() {
        // 1 − 6·Σd²/(n(n² − 1)), here with d = 1, 1, 0, 0, 0: 1 − 12/120.
        let y = [2.0, 1.0, 3.0, 4.0, 5.0];
        let found = rank_correlation(&[10.0, 20.0, 30.0, 40.0, 500.0], &y).expect("it varies");
        assert!((found - 0.9).abs() < 1e-15, "{found}");
        assert_eq!(rank_correlation(&[1.0, 1.0, 1.0, 1.0, 1.0], &y), None);
        // Two equal values share the rank 1.5: the correlation of (1.5, 1.5, 3, 4, 5) with (1, 2, 3, 4, 5) is 9.5/√95.
        let tied = rank_correlation(&[1.0, 1.0, 3.0, 4.0, 5.0], &[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!((tied.expect("it varies") - 9.5 / 95.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn exact_middle_of_evenly_spaced_numbers() {
        let values: Vec<f64> = (0..=100).rev().map(f64::from).collect();
        assert_eq!(middle(&values), Some((5.0, 95.0)));
        assert_eq!(middle(&values[..19]), None);
    }

    #[test]
    fn prop_draws_fill_their_range_stratum_by_stratum() {
        let of = NonZeroU64::new(50).expect("not zero");
        for (bounds, log) in [((0.0, 10.0), false), ((0.1, 1000.0), true)] {
            let (name, purpose) = ("k".to_owned(), "k".to_owned());
            let range = Range { name, purpose, slots: Vec::new(), bounds, region: None };
            let share = |x: f64| match log {
                true => (x / bounds.0).ln() / (bounds.1 / bounds.0).ln(),
                false => (x - bounds.0) / (bounds.1 - bounds.0),
            };
            let mut filled = [false; 50];
            for draw in 0..50 {
                let u = share(range.value(7, draw, of));
                assert!((0.0..1.0).contains(&u), "{u}");
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
                let stratum = (u * 50.0) as usize;
                filled[stratum] = true;
            }
            assert!(filled.iter().all(|f| *f), "{bounds:?}");
        }
    }
}
