//! A linear uptake and an exponential washout.

use crate::curve::exponentials::rate_bounds;
use crate::curve::stripping::{self, StartScratch};
use crate::curve::{TimeActivity, check_activities, check_times, predict_by_points, starts};
use crate::error::PredictError;
use crate::predictor::{Derived, DerivedKind, Predictor};
use crate::problem::FitParameter;

/// `A(t) = peak · t/rise` up to the time `rise`, then `peak · e^{−(λ+λp)(t − rise)}`.
///
/// Parameters `peak` (activity), `rise` (time of the maximum) and `lambda` (biological rate, 1/time).
/// `tia = peak · (rise/2 + 1/(λ+λp))`.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearUptake {
    physical_rate: f64,
    times: Vec<f64>,
    last: f64,
    names: Vec<String>,
}

impl LinearUptake {
    /// The curve at these times.
    ///
    /// # Errors
    /// When the physical rate or a time is negative or not finite.
    pub fn new(physical_rate: f64, times: &[f64]) -> Result<Self, PredictError> {
        check_times(physical_rate, times)?;
        let last = times.iter().copied().fold(0.0, f64::max);
        let names = ["peak", "rise", "lambda"].map(str::to_owned).to_vec();
        Ok(Self { physical_rate, times: times.to_vec(), last, names })
    }

    /// The same curve at other times; the last time of the measurements stays what it is.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_times(&self, times: &[f64]) -> Result<Self, PredictError> {
        Ok(Self { last: self.last, ..Self::new(self.physical_rate, times)? })
    }
}

impl Predictor for LinearUptake {
    predict_by_points!();

    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        let (peak, rise, k) = (theta[0], theta[1], theta[2] + self.physical_rate);
        let mut out = Vec::new();
        let mut push = |kind: DerivedKind, value: f64, gradient: Vec<f64>| {
            out.push(Derived::of_curve(kind, value, gradient));
        };
        if k > 0.0 {
            let mut whole = vec![0.0; 3];
            let tia = self.tia(theta, &mut whole);
            let (rest, of_rest) = if self.last >= rise {
                let d = self.last - rise;
                let e = (-k * d).exp();
                (peak * e / k, vec![e / k, peak * e, -peak * e * (d / k + 1.0 / (k * k))])
            } else {
                // The last measurement lies on the rise: what is left is the whole but for its triangle.
                let before = 0.5 * self.last * self.last / rise;
                let g = [whole[0] - before, whole[1] + peak * before / rise, whole[2]];
                (tia - peak * before, g.to_vec())
            };
            push(
                DerivedKind::TiaToLast,
                tia - rest,
                (0..3).map(|j| whole[j] - of_rest[j]).collect(),
            );
            let fraction = rest / tia;
            let by = (0..3).map(|j| (of_rest[j] - fraction * whole[j]) / tia).collect();
            push(DerivedKind::Tia, tia, whole);
            push(DerivedKind::ExtrapolatedFraction, fraction, by);
            let ln2 = std::f64::consts::LN_2;
            push(DerivedKind::EffectiveHalfLife, ln2 / k, vec![0.0, 0.0, -ln2 / (k * k)]);
            push(DerivedKind::TimeOfMaximum, rise, vec![0.0, 1.0, 0.0]);
        }
        Ok(out)
    }
}

impl TimeActivity for LinearUptake {
    fn times(&self) -> &[f64] {
        &self.times
    }

    fn point(&self, theta: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        let (peak, rise, k) = (theta[0], theta[1], theta[2] + self.physical_rate);
        if t < rise {
            gradient.copy_from_slice(&[t / rise, -peak * t / (rise * rise), 0.0]);
            peak * t / rise
        } else {
            let e = (-k * (t - rise)).exp();
            gradient.copy_from_slice(&[e, peak * k * e, -peak * (t - rise) * e]);
            peak * e
        }
    }

    fn tia(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let (peak, rise, k) = (theta[0], theta[1], theta[2] + self.physical_rate);
        gradient.copy_from_slice(&[0.5 * rise + 1.0 / k, 0.5 * peak, -peak / (k * k)]);
        peak * (0.5 * rise + 1.0 / k)
    }

    fn terminal_rate(&self, theta: &[f64]) -> f64 {
        theta[2] + self.physical_rate
    }

    fn start(&self, activities: &[f64], scratch: &mut StartScratch, theta: &mut [f64]) {
        let (slowest, fastest) = rate_bounds(&self.times).unwrap_or((1e-6, 1.0));
        let phases =
            stripping::strip(&self.times, activities, self.physical_rate, 2, true, scratch);
        let rate = phases[0].rate.clamp(2.0 * slowest, 0.5 * fastest);
        let first = 100.0 / fastest;
        let (at, peak) =
            self.times.iter().zip(activities).fold((first, 0.0), |m, (t, a)| {
                if a.is_finite() && *a > m.1 { (*t, *a) } else { m }
            });
        let rise = at.clamp(0.5 * first, 0.9 * self.last.max(first));
        theta.copy_from_slice(&[if peak > 0.0 { peak } else { 1.0 }, rise, rate]);
    }

    fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError> {
        check_activities(&self.times, activities)?;
        let (slowest, fastest) = rate_bounds(&self.times)?;
        let theta = starts(self, activities);
        let first = 100.0 / fastest;
        Ok(vec![
            FitParameter::log("peak", theta[0]),
            FitParameter::log("rise", theta[1]).bounded(1e-2 * first, self.last.max(first)),
            FitParameter::log("lambda", theta[2]).bounded(slowest, fastest),
        ])
    }
}
