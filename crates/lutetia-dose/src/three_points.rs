//! Jackson's tri-exponential through three measurements.

use std::f64::consts::LN_2;

use crate::{
    error::{DoseError, above_zero},
    tia::Tia,
};

/// Biological uptake rate, 1/h, that the method takes for granted.
const UPTAKE_PER_H: f64 = 1.3;

/// Slowest washout, 1/h.
const SLOWEST_PER_H: f64 = 0.001;

/// Share of the second measurement that the middle phase still has by then.
const LEFT_OF_MIDDLE: f64 = 0.01;

/// A tri-exponential curve, `A(t) = e^{−λp t} Σ a_i e^{−k_i t}` with `Σ a_i = 0`.
#[derive(Debug, Clone, PartialEq)]
pub struct TriExponential {
    /// Amplitude (as the activities) and biological rate (1/h): uptake, middle, slow.
    pub phases: [(f64, f64); 3],
    /// Physical rate, 1/h.
    pub physical_per_h: f64,
}

impl TriExponential {
    /// The curve through three measurements after Jackson et al. 2013 (Med Phys 40:092503).
    ///
    /// On decay-corrected values: the slow phase runs through the last two (at least 0.001/h); the
    /// middle phase carries what the first value has above it, and has 1 % of the second value left
    /// at the second time; the uptake has 1.3/h and makes the curve start at zero. What is left of
    /// the uptake at the first measurement is neglected.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when times do not ascend from above 0, an activity or half-life is
    /// not above 0, or the first value lies below the slow phase, so that there is no middle one.
    pub fn through(
        region: &str,
        points: [(f64, f64); 3],
        physical_half_life_h: f64,
    ) -> Result<Self, DoseError> {
        let physical_per_h =
            LN_2 / above_zero("physical half-life", region, physical_half_life_h, "h")?;
        let mut before = 0.0;
        for (t, a) in points {
            above_zero("time after the measurement before", region, t - before, "h")?;
            above_zero("activity", region, a, "MBq")?;
            before = t;
        }
        let [(t1, y1), (t2, y2), (t3, y3)] =
            points.map(|(t, a)| (t, a * (physical_per_h * t).exp()));
        let k3 = ((y2 / y3).ln() / (t3 - t2)).max(SLOWEST_PER_H);
        let a3 = y3 * (k3 * t3).exp();
        let left = LEFT_OF_MIDDLE * y2;
        let above = y1 - a3 * (-k3 * t1).exp();
        if above <= left {
            return Err(DoseError::OutOfRange {
                quantity: "first activity",
                of: region.to_owned(),
                value: points[0].1,
                unit: "MBq",
                expected: "a value that leaves room for a middle phase above the slow one",
            });
        }
        let k2 = (above / left).ln() / (t2 - t1);
        let a2 = above * (k2 * t1).exp();
        Ok(Self { phases: [(-(a2 + a3), UPTAKE_PER_H), (a2, k2), (a3, k3)], physical_per_h })
    }

    /// The time-integrated activity, Σ a_i/(k_i + λp).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when the sum is negative, which three measured activities do not
    /// bring about.
    pub fn integral(&self, region: &str) -> Result<Tia, DoseError> {
        let value = self.phases.iter().map(|(a, k)| a / (k + self.physical_per_h)).sum();
        Tia::new(region, value, None, None, "tri-exponential through three points, Jackson 2013")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} {b}");
    }

    /// The authors' worked example: 1200, 600 and 400 kBq/mL at 4, 24 and 72 h, half-life 161.04 h,
    /// integral 90889.155 kBq h/mL, and 7.88009 Gy at 8.67e-5 Gy per kBq h/mL.
    #[test]
    fn val_worked_example() {
        let points = [(4.0, 1200.0), (24.0, 600.0), (72.0, 400.0)];
        let curve = TriExponential::through("kidney", points, 161.04).expect("a curve");
        let [uptake, middle, slow] = curve.phases;
        // To the digits printed.
        close(uptake.0, -1915.562, 1e-6);
        close(middle.0, 1180.715, 1e-6);
        close(middle.1, 0.215_784, 3e-6);
        close(slow.0, 734.847, 1e-6);
        close(slow.1, 0.004_142_997, 1e-6);
        let tia = curve.integral("kidney").expect("an integral").value_mbq_h();
        close(tia, 90_889.155, 1e-6);
        close(8.67e-5 * tia, 7.880_09, 1e-6);
    }

    #[test]
    fn exact_the_curve_meets_what_it_must() {
        let points = [(4.0, 1200.0), (24.0, 600.0), (72.0, 400.0)];
        let curve = TriExponential::through("kidney", points, 161.04).expect("a curve");
        let at = |t: f64| -> f64 {
            curve.phases.iter().map(|(a, k)| a * (-(k + curve.physical_per_h) * t).exp()).sum()
        };
        let uptake = curve.phases[0];
        let rest = uptake.0 * (-(uptake.1 + curve.physical_per_h) * 4.0).exp();
        close(at(4.0), 1200.0 + rest, 1e-12);
        assert!(at(0.0).abs() < 1e-9);
        // The slow phase alone runs through the last two; 1 % of the second is on top.
        close(at(24.0), 606.0, 1e-9); // the uptake is gone to 1e-13
        close(at(72.0), 400.0, 1e-4);
    }

    #[test]
    fn exact_what_cannot_be_is_refused() {
        let refused = |points| TriExponential::through("k", points, 161.04).is_err();
        assert!(refused([(24.0, 1.0), (4.0, 1.0), (72.0, 1.0)]));
        assert!(refused([(4.0, 0.0), (24.0, 1.0), (72.0, 1.0)]));
        // Far below the slow phase: nothing is left for a middle one.
        assert!(refused([(4.0, 1.0), (24.0, 600.0), (72.0, 400.0)]));
    }
}
