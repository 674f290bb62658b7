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
    fn exact_bad_numbers_are_refused() {
        assert!(haenscheid("k", 0.0, 1.0).is_err());
        assert!(haenscheid("k", 1.0, -1.0).is_err());
        assert!(madsen("k", 1.0, 1.0, 0.0, None).is_err());
        assert!(madsen("k", 1.0, 1.0, 50.0, Some(-1.0)).is_err());
    }
}
