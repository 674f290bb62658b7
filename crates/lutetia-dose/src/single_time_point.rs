//! Time-integrated activity from one measurement.
//!
//! All of them assume one exponential from time zero on; what differs is where its rate comes from.

use std::f64::consts::LN_2;

use crate::{
    error::{DoseError, above_zero, not_negative},
    tia::Tia,
};

/// Hänscheid 2018 (J Nucl Med 59:75): Ã ≈ A(t)·2t/ln 2, without any half-life.
///
/// For one exponential with effective half-life T the relative error is that of
/// [`haenscheid_error`]: none at t = T and t = 2 T, +6 % at most between them, −11 % at 0.75 T and
/// 2.5 T.
///
/// # Errors
/// [`DoseError::OutOfRange`] when the time (h) is not above 0 or the activity (MBq) negative.
pub fn haenscheid(region: &str, time_h: f64, activity_mbq: f64) -> Result<Tia, DoseError> {
    above_zero("time of the measurement", region, time_h, "h")?;
    not_negative("activity", region, activity_mbq, "MBq")?;
    Tia::new(region, activity_mbq * 2.0 * time_h / LN_2, None, None, "one point, Hänscheid 2018")
}

/// Relative error of [`haenscheid`] for one exponential measured at `x = t/T_eff`: `2x·2^(−x) − 1`.
#[must_use]
pub fn haenscheid_error(x: f64) -> f64 {
    2.0 * x * (-x).exp2() - 1.0
}

/// Madsen 2018 (Med Phys 45:2318): Ã = A(t)·e^{kt}/k with `k = ln 2/T` and T the effective half-life
/// of a population (or of the patient's own earlier cycle).
///
/// `half_life_sd_h`, the scatter of the half-life, gives the standard deviation
/// `|dÃ/dT|·sd = Ã |1 − k t|/T · sd`, to first order.
///
/// # Errors
/// [`DoseError::OutOfRange`] when the time or half-life (h) is not above 0, or the activity (MBq) or
/// scatter negative.
pub fn madsen(
    region: &str,
    time_h: f64,
    activity_mbq: f64,
    half_life_h: f64,
    half_life_sd_h: Option<f64>,
) -> Result<Tia, DoseError> {
    above_zero("time of the measurement", region, time_h, "h")?;
    not_negative("activity", region, activity_mbq, "MBq")?;
    above_zero("effective half-life", region, half_life_h, "h")?;
    let k = LN_2 / half_life_h;
    let value = activity_mbq * (k * time_h).exp() / k;
    let sd = half_life_sd_h
        .map(|sd| not_negative("SD of the effective half-life", region, sd, "h"))
        .transpose()?
        .map(|sd| value * (1.0 - k * time_h).abs() / half_life_h * sd);
    Tia::new(region, value, sd, None, "one point, Madsen 2018")
}

/// Time–activity curves of other patients' tissue of one kind, as sums of exponentials: a library for
/// [`from_library`]. Only their shapes count; a curve may be in any unit.
#[derive(Debug, Clone, PartialEq)]
pub struct TacLibrary {
    curves: Vec<Vec<(f64, f64)>>,
}

/// Ã/A(t) over a library.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LibraryFactor {
    /// Mean over the curves, h.
    pub mean_h: f64,
    /// Standard deviation over the curves, h; `None` for a single curve.
    pub sd_h: Option<f64>,
    /// Number of curves.
    pub curves: usize,
}

impl TacLibrary {
    /// A library of curves, each a list of amplitude and effective rate (1/h).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when there is no curve, an amplitude is not finite, a rate is not
    /// above 0, or a curve has no positive integral.
    pub fn new(curves: Vec<Vec<(f64, f64)>>) -> Result<Self, DoseError> {
        above_zero("number of curves", "the library", curves.len() as f64, "")?;
        for curve in &curves {
            let mut integral = 0.0;
            for &(a, k) in curve {
                above_zero("effective rate", "a curve of the library", k, "1/h")?;
                integral += a / k;
            }
            above_zero("integral", "a curve of the library", integral, "h")?;
        }
        Ok(Self { curves })
    }

    /// Effective half-life of the slowest phase of any curve, h; what no nuclide with a shorter physical one can show.
    #[must_use]
    pub fn slowest_half_life_h(&self) -> Option<f64> {
        let rates = self.curves.iter().flatten().filter(|(a, _)| a.abs() > 0.0).map(|(_, k)| *k);
        rates.min_by(f64::total_cmp).map(|k| LN_2 / k)
    }

    /// The mean of Ã/A(t) over the curves at time `time_h`.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when the time (h) is not above 0 or a curve has no activity then.
    pub fn factor(&self, time_h: f64) -> Result<LibraryFactor, DoseError> {
        above_zero("time of the measurement", "the library", time_h, "h")?;
        let mut ratios = Vec::with_capacity(self.curves.len());
        for curve in &self.curves {
            let integral: f64 = curve.iter().map(|(a, k)| a / k).sum();
            let activity: f64 = curve.iter().map(|(a, k)| a * (-k * time_h).exp()).sum();
            above_zero("activity at that time", "a curve of the library", activity, "")?;
            ratios.push(integral / activity);
        }
        let n = ratios.len() as f64;
        let mean_h = ratios.iter().sum::<f64>() / n;
        let square: f64 = ratios.iter().map(|r| (r - mean_h).powi(2)).sum();
        let sd_h = (ratios.len() > 1).then(|| (square / (n - 1.0)).sqrt());
        Ok(LibraryFactor { mean_h, sd_h, curves: ratios.len() })
    }
}

/// Jackson 2020 (J Nucl Med 61:1030): Ã = A(t)·⟨Ã/A(t)⟩, the mean over a library of tissue curves, a dose factor of
/// time and tissue. The scatter of the library gives the standard deviation.
///
/// # Errors
/// [`DoseError::OutOfRange`] when the time (h) is not above 0, the activity (MBq) negative, or a
/// curve of the library has no activity at that time.
pub fn from_library(
    region: &str,
    time_h: f64,
    activity_mbq: f64,
    library: &TacLibrary,
) -> Result<Tia, DoseError> {
    not_negative("activity", region, activity_mbq, "MBq")?;
    let factor = library.factor(time_h)?;
    let method = format!("one point, library of {} curves, Jackson 2020", factor.curves);
    let sd = factor.sd_h.map(|sd| sd * activity_mbq);
    Tia::new(region, activity_mbq * factor.mean_h, sd, None, &method)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Values of the published figure: −29.3 % at 0.5, −10.8 % at 0.75, 0 at 1 and 2, +6.1 % at
    /// 1/ln 2, −11.6 % at 2.5, −25 % at 3.
    #[test]
    fn val_error_of_haenscheid() {
        for (x, percent) in [
            (0.5, -29.3),
            (0.75, -10.8),
            (1.0, 0.0),
            (1.443, 6.1),
            (2.0, 0.0),
            (2.5, -11.6),
            (3.0, -25.0),
        ] {
            // To the tenth of a percent printed.
            assert!((100.0 * haenscheid_error(x) - percent).abs() < 0.06, "{x}");
        }
    }

    proptest! {
        #[test]
        fn prop_error_of_haenscheid_is_exact_for_one_exponential(
            a in 1e-3_f64..1e4, half_life in 1.0_f64..200.0, x in 0.05_f64..6.0
        ) {
            let t = x * half_life;
            let k = LN_2 / half_life;
            let found = haenscheid("kidneys", t, a * (-k * t).exp()).expect("a value");
            let truth = a / k;
            let error = found.value_mbq_h() / truth - 1.0;
            // A few roundings.
            prop_assert!((error - haenscheid_error(x)).abs() < 1e-12);
        }

        #[test]
        fn prop_madsen_is_exact_with_the_true_half_life(
            a in 1e-3_f64..1e4, half_life in 1.0_f64..200.0, x in 0.05_f64..6.0
        ) {
            let t = x * half_life;
            let k = LN_2 / half_life;
            let found = madsen("kidneys", t, a * (-k * t).exp(), half_life, Some(0.0));
            let value = found.expect("a value").value_mbq_h();
            prop_assert!((value / (a / k) - 1.0).abs() < 1e-12);
        }

        #[test]
        fn prop_scatter_of_madsen_is_the_slope(half_life in 20.0_f64..100.0, x in 0.1_f64..4.0) {
            let t = x * half_life;
            let at = |h: f64| madsen("k", t, 100.0, h, Some(1.0)).expect("a value");
            let step = 1e-4 * half_life;
            let slope = (at(half_life + step).value_mbq_h() - at(half_life - step).value_mbq_h())
                / (2.0 * step);
            let sd = at(half_life).sd_mbq_h().expect("a scatter");
            // Central differences err by step² against a curvature of the value over half_life².
            prop_assert!((sd - slope.abs()).abs() < 1e-6 * at(half_life).value_mbq_h() / half_life);
        }
    }

    #[test]
    fn exact_library_of_one_exponential_each() {
        // Ã/A(t) = e^{kt}/k: Madsen with the curve's own rate, averaged.
        let (t, k1, k2) = (30.0_f64, 0.012_f64, 0.02_f64);
        let library = TacLibrary::new(vec![vec![(3.0, k1)], vec![(70.0, k2)]]).expect("curves");
        let (a, b) = ((k1 * t).exp() / k1, (k2 * t).exp() / k2);
        let factor = library.factor(t).expect("a factor");
        assert!((factor.mean_h - 0.5 * (a + b)).abs() < 1e-12 * a);
        // Two values scatter by their difference over √2.
        let sd = factor.sd_h.expect("two curves");
        assert!((sd - (a - b).abs() / 2.0_f64.sqrt()).abs() < 1e-10 * a, "{sd}");
        let found = from_library("kidneys", t, 40.0, &library).expect("a value");
        assert!((found.value_mbq_h() - 40.0 * factor.mean_h).abs() < 1e-9);
        assert_eq!(found.method(), "one point, library of 2 curves, Jackson 2020");
    }

    #[test]
    fn exact_a_library_of_the_patient_itself_is_exact() {
        let own = vec![(90.0, 0.012), (-90.0, 0.6)];
        let library = TacLibrary::new(vec![own.clone()]).expect("a curve");
        for t in [1.0, 24.0, 96.0] {
            let activity: f64 = own.iter().map(|(a, k)| a * (-k * t).exp()).sum();
            let found = from_library("k", t, activity, &library).expect("a value");
            let truth: f64 = own.iter().map(|(a, k)| a / k).sum();
            assert!((found.value_mbq_h() / truth - 1.0).abs() < 1e-12);
            assert_eq!(found.sd_mbq_h(), None);
        }
    }

    #[test]
    fn exact_libraries_that_have_no_factor_are_refused() {
        assert!(TacLibrary::new(Vec::new()).is_err());
        assert!(TacLibrary::new(vec![vec![(1.0, 0.0)]]).is_err());
        assert!(TacLibrary::new(vec![vec![(1.0, 0.5), (-2.0, 0.6)]]).is_err());
        // All uptake and no washout yet: nothing at time zero.
        let rising = TacLibrary::new(vec![vec![(1.0, 0.01), (-1.0, 0.1)]]).expect("a curve");
        assert!(rising.factor(0.0).is_err());
    }

    /// PyTIA calls A(t)/λ_eff after Hänscheid; that is neither his formula nor right at any time but zero.
    #[test]
    fn exact_haenscheid_is_not_activity_over_rate() {
        let (half_life, t) = (60.0, 96.0);
        let k = LN_2 / half_life;
        let activity = 100.0 * (-k * t).exp();
        let found = haenscheid("k", t, activity).expect("a value").value_mbq_h();
        assert!((found - activity * 2.0 * t / LN_2).abs() < 1e-9);
        let theirs = activity / k;
        let truth = 100.0 / k;
        assert!((found / truth - 1.0 - haenscheid_error(t / half_life)).abs() < 1e-12);
        assert!(theirs / truth < 0.34 && (found / truth - 1.0).abs() < 0.06);
    }

    #[test]
    fn exact_bad_numbers_are_refused() {
        assert!(haenscheid("k", 0.0, 1.0).is_err());
        assert!(haenscheid("k", 1.0, -1.0).is_err());
        assert!(madsen("k", 1.0, 1.0, 0.0, None).is_err());
        assert!(madsen("k", 1.0, 1.0, 50.0, Some(-1.0)).is_err());
    }
}
