//! One estimate out of several fits of the same data that hold something else fixed.
//!
//! What a fit holds fixed may be uncertain itself. Drawn m times and fitted each time, the estimates q_k with variances u_k
//! combine to
//!
//! ```text
//! q = Σ q_k/m,   W = Σ u_k/m,   B = Σ (q_k − q)²/(m − 1),   T = W + (1 + 1/m)·B
//! ```
//!
//! the variance within the fits, that between them, and the total. (q − true)/√T follows Student's t to a good
//! approximation, with ν = (m − 1)·(1 + W/((1 + 1/m)·B))² degrees of freedom (Rubin 1987, Multiple Imputation for
//! Nonresponse in Surveys, 3.1). The scale is that on which errors are normal, such as the logarithm.
//!
//! B is a variance of m numbers: its relative standard error is √(2/(m − 1)), 50 % at m = 9. With fewer it says little, and
//! nothing is combined.

use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Fewest fits that are combined.
pub const FEWEST_FITS: usize = 9;

/// The upper end of 95 %.
const UPPER: f64 = 0.975;

/// Degrees of freedom from which Student's t is the normal distribution, to six digits.
const MANY: f64 = 1e7;

/// What several fits say together, on the scale on which they were combined.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Combined {
    /// q, the mean.
    pub value: f64,
    /// W, the mean variance of a fit.
    pub within: f64,
    /// B, the variance of the estimates.
    pub between: f64,
    /// T, the variance of the mean about the truth.
    pub total: f64,
    /// ν.
    pub freedom: f64,
    /// Half of the 95 % interval.
    pub half_width: f64,
}

impl Combined {
    /// The share of the total variance that what was held fixed has, (1 + 1/m)·B/T.
    #[must_use]
    pub fn share_between(&self) -> f64 {
        if self.total > 0.0 { (self.total - self.within) / self.total } else { 0.0 }
    }
}

/// Combines estimates with their variances; nothing of fewer than [`FEWEST_FITS`], or of what is not finite.
#[must_use]
pub fn combined(fits: &[(f64, f64)]) -> Option<Combined> {
    let finite = |&(q, u): &(f64, f64)| q.is_finite() && u.is_finite() && u >= 0.0;
    if fits.len() < FEWEST_FITS || !fits.iter().all(finite) {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of fits")]
    let m = fits.len() as f64;
    let value = fits.iter().map(|f| f.0).sum::<f64>() / m;
    let within = fits.iter().map(|f| f.1).sum::<f64>() / m;
    let between = fits.iter().map(|f| (f.0 - value).powi(2)).sum::<f64>() / (m - 1.0);
    let added = (1.0 + 1.0 / m) * between;
    let total = within + added;
    let freedom = (m - 1.0) * (1.0 + within / added).powi(2);
    let quantile = match freedom < MANY {
        true => StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(UPPER),
        false => Normal::standard().inverse_cdf(UPPER),
    };
    let half_width = quantile * total.sqrt();
    Some(Combined { value, within, between, total, freedom, half_width })
}

#[cfg(test)]
mod tests {
    use lutetia_population::Draws;

    use super::*;

    /// Worked by hand: estimates 1 to 9 with variance 2. B = 7.5, (1 + 1/9)·B = 25/3, T = 31/3, ν = 8·(1 + 6/25)² = 12.3008.
    #[test]
    fn exact_estimates_and_their_variances_add_as_rubin_has_them() {
        let fits: Vec<(f64, f64)> = (1..=9).map(|k| (f64::from(k), 2.0)).collect();
        let found = combined(&fits).expect("enough");
        assert!((found.value - 5.0).abs() < 1e-12 && (found.between - 7.5).abs() < 1e-12);
        assert!((found.total - 31.0 / 3.0).abs() < 1e-12, "{}", found.total);
        assert!((found.freedom - 12.3008).abs() < 1e-9, "{}", found.freedom);
        assert!((found.share_between() - 25.0 / 31.0).abs() < 1e-12);
        // The tables have 2.1788 of 12 degrees of freedom and 2.1604 of 13.
        let quantile = found.half_width / found.total.sqrt();
        assert!((2.1604..2.1788).contains(&quantile), "{quantile}");
        assert_eq!(combined(&fits[1..]), None, "eight are too few");
        assert_eq!(combined(&[(f64::NAN, 1.0); 20]), None);
    }

    /// Where nothing that is fixed matters, the fits are one, and the interval is that of its own error.
    #[test]
    fn exact_equal_fits_are_one_fit() {
        let found = combined(&[(3.0, 4.0); 12]).expect("enough");
        assert!((found.total - 4.0).abs() < 1e-12 && found.share_between() < 1e-12);
        assert!((found.half_width - 2.0 * 1.959_963_985).abs() < 1e-8, "{}", found.half_width);
    }

    /// Data y = a + b + e of a number a that is held fixed at a draw of N(0, 0.8²), with e of variance 1: the estimate of b
    /// has the variance 1 + 0.8². 95 % of the intervals hold b, within three standard errors of 2000 samples.
    #[test]
    fn prop_intervals_hold_the_truth() {
        let mut held = 0;
        for sample in 0..2000_u64 {
            let draws = Draws::new(7, sample);
            let (b, spread) = (3.0, 0.8);
            let y = spread * draws.normal("a", 0) + b + draws.normal("e", 0);
            let fits: Vec<(f64, f64)> =
                (0..10).map(|k| (y - spread * draws.normal("fixed", k), 1.0)).collect();
            let found = combined(&fits).expect("enough");
            held += usize::from((found.value - b).abs() <= found.half_width);
        }
        let expected = 0.95 * 2000.0;
        let sd = (2000.0_f64 * 0.95 * 0.05).sqrt();
        assert!((held as f64 - expected).abs() < 3.0 * sd, "{held}");
    }
}
