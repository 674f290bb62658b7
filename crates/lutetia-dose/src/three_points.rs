//! Jackson's tri-exponential through three measurements.

use std::f64::consts::LN_2;

use crate::{
    error::{DoseError, above_zero, not_negative},
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

    /// Time of the maximum, h.
    #[must_use]
    pub fn time_of_maximum_h(&self) -> f64 {
        // The slope is positive at zero, where only the uptake counts, and negative once the uptake is over.
        let slope = |t: f64| -> f64 {
            self.phases
                .iter()
                .map(|(a, k)| {
                    let k = k + self.physical_per_h;
                    -a * k * (-k * t).exp()
                })
                .sum()
        };
        let (mut low, mut high) = (0.0, 40.0 / UPTAKE_PER_H);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if slope(middle) > 0.0 { low = middle } else { high = middle }
        }
        0.5 * (low + high)
    }

    /// Effective half-life of the slow phase, h.
    #[must_use]
    pub fn effective_half_life_h(&self) -> f64 {
        LN_2 / (self.phases[2].1 + self.physical_per_h)
    }

    /// The same integral with its standard deviation from those of the three activities, by the closed-form gradient.
    ///
    /// # Errors
    /// As [`through`](Self::through) and [`integral`](Self::integral), and when a standard deviation is negative.
    pub fn integral_with_sd(
        region: &str,
        points: [(f64, f64); 3],
        sd_mbq: [f64; 3],
        physical_half_life_h: f64,
    ) -> Result<Tia, DoseError> {
        let curve = Self::through(region, points, physical_half_life_h)?;
        let gradient = curve.gradient(points);
        let mut variance = 0.0;
        for (g, sd) in gradient.iter().zip(sd_mbq) {
            variance += (g * not_negative("SD of an activity", region, sd, "MBq")?).powi(2);
        }
        let plain = curve.integral(region)?;
        Tia::new(region, plain.value_mbq_h(), Some(variance.sqrt()), None, plain.method())
    }

    /// Derivatives of the integral by the three activities.
    fn gradient(&self, points: [(f64, f64); 3]) -> [f64; 3] {
        let lp = self.physical_per_h;
        let [d1, d2, d3] = [0, 1, 2].map(|i| {
            let (t, a) = points[i];
            Dual::variable(a * (lp * t).exp(), (lp * t).exp(), i)
        });
        let [t1, t2, t3] = points.map(|p| p.0);
        // At the slowest washout the slow rate no longer depends on the data.
        let free = self.phases[2].1 > SLOWEST_PER_H;
        let k3 = if free {
            (d2.ln() - d3.ln()).scaled(1.0 / (t3 - t2))
        } else {
            Dual::constant(SLOWEST_PER_H)
        };
        let a3 = d3 * k3.scaled(t3).exp();
        let left = d2.scaled(LEFT_OF_MIDDLE);
        let above = d1 - a3 * k3.scaled(-t1).exp();
        let k2 = (above.ln() - left.ln()).scaled(1.0 / (t2 - t1));
        let a2 = above * k2.scaled(t1).exp();
        let lp = Dual::constant(lp);
        let uptake = Dual::constant(UPTAKE_PER_H) + lp;
        let whole =
            a2 * (k2 + lp).inverse() + a3 * (k3 + lp).inverse() - (a2 + a3) * uptake.inverse();
        whole.by
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

/// A number with its derivatives by the three activities.
#[derive(Clone, Copy)]
struct Dual {
    value: f64,
    by: [f64; 3],
}

impl Dual {
    fn constant(value: f64) -> Self {
        Self { value, by: [0.0; 3] }
    }
    fn variable(value: f64, slope: f64, i: usize) -> Self {
        let mut by = [0.0; 3];
        by[i] = slope;
        Self { value, by }
    }
    fn mapped(self, value: f64, slope: f64) -> Self {
        Self { value, by: self.by.map(|b| slope * b) }
    }
    fn scaled(self, factor: f64) -> Self {
        self.mapped(factor * self.value, factor)
    }
    fn exp(self) -> Self {
        self.mapped(self.value.exp(), self.value.exp())
    }
    fn ln(self) -> Self {
        self.mapped(self.value.ln(), 1.0 / self.value)
    }
    fn inverse(self) -> Self {
        self.mapped(1.0 / self.value, -1.0 / (self.value * self.value))
    }
}

impl std::ops::Add for Dual {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let by = std::array::from_fn(|i| self.by[i] + other.by[i]);
        Self { value: self.value + other.value, by }
    }
}

impl std::ops::Sub for Dual {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + other.scaled(-1.0)
    }
}

impl std::ops::Mul for Dual {
    type Output = Self;
    #[expect(clippy::suspicious_arithmetic_impl, reason = "the derivative of a product is a sum")]
    fn mul(self, other: Self) -> Self {
        let by = std::array::from_fn(|i| self.by[i] * other.value + self.value * other.by[i]);
        Self { value: self.value * other.value, by }
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
    fn exact_gradient_maximum_and_half_life() {
        // The worked example, and one whose slow phase is at its bound.
        for points in [
            [(4.0, 1200.0), (24.0, 600.0), (72.0, 400.0)],
            [(4.0, 1500.0), (24.0, 600.0), (72.0, 485.0)],
        ] {
            let sd = [60.0, 20.0, 10.0];
            let found =
                TriExponential::integral_with_sd("k", points, sd, 161.04).expect("an integral");
            let value = |i: usize, d: f64| {
                let mut p = points;
                p[i].1 += d;
                TriExponential::through("k", p, 161.04)
                    .and_then(|c| c.integral("k"))
                    .expect("an integral")
                    .value_mbq_h()
            };
            // Central differences of step 1e-3 of activities of 1000: truncation 1e-9, rounding 1e-10.
            let variance: f64 =
                (0..3).map(|i| (sd[i] * (value(i, 1e-2) - value(i, -1e-2)) / 2e-2).powi(2)).sum();
            close(found.sd_mbq_h().expect("an SD"), variance.sqrt(), 1e-6);
            let curve = TriExponential::through("k", points, 161.04).expect("a curve");
            let at = |t: f64| -> f64 {
                curve.phases.iter().map(|(a, k)| a * (-(k + curve.physical_per_h) * t).exp()).sum()
            };
            let top = curve.time_of_maximum_h();
            assert!(at(top) > at(top - 0.01) && at(top) > at(top + 0.01), "{top}");
            let far = 2000.0;
            close(at(far + curve.effective_half_life_h()) / at(far), 0.5, 1e-9);
        }
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
