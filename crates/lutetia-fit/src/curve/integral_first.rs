//! A sum of exponentials whose time-integrated activity is itself a parameter.

use crate::curve::exponentials::rate_bounds;
use crate::curve::phases::{self, Phase};
use crate::curve::stripping::{self, StartScratch};
use crate::curve::{TimeActivity, check_activities, check_times, predict_by_points, starts};
use crate::error::{CurveError, PredictError};
use crate::predictor::{Derived, DerivedKind, Predictor};
use crate::problem::FitParameter;
use lutetia_population::Transform;

/// The function f4d of Hardiansyah et al. (2023, EJNMMI Phys, doi:10.1186/s40658-023-00530-1), normalised by its
/// own integral so that the time-integrated activity is the parameter `tia`:
///
/// ```text
/// A(t) = tia · s(t)/∫s,   s(t) = (1 − α) e^{−(λ1+λp) t} − α e^{−(λ2+λp) t} − (1 − 2α) e^{−(λb+λp) t}
/// ```
///
/// Parameters `tia` (activity × time), `alpha` (0 to ½, the share of the uptake that is slow), `lambda1` and `lambda2`
/// (biological rates of washout and slow uptake, 1/time); `λb` is known (the supply from blood). The curve starts at
/// zero. The standard error of `tia` is then that of a parameter, without any propagation.
#[derive(Clone, Debug, PartialEq)]
pub struct IntegralFirst {
    blood_rate: f64,
    physical_rate: f64,
    times: Vec<f64>,
    last: f64,
    names: Vec<String>,
}

/// Shape and its integral at given parameters: coefficients and effective rates.
#[derive(Clone, Copy)]
struct Shape {
    c: [f64; 3],
    k: [f64; 3],
    integral: f64,
}

/// `∂c/∂α` of the three phases.
const BY_ALPHA: [f64; 3] = [-1.0, -1.0, 2.0];

impl IntegralFirst {
    /// The curve with a supply from blood at this rate, 1/time.
    ///
    /// # Errors
    /// When a rate or time is negative or not finite.
    pub fn new(blood_rate: f64, physical_rate: f64, times: &[f64]) -> Result<Self, PredictError> {
        check_times(physical_rate, times)?;
        if !(blood_rate.is_finite() && blood_rate > 0.0) {
            return Err(CurveError::BloodRate { rate: blood_rate }.into());
        }
        let last = times.iter().copied().fold(0.0, f64::max);
        let names = ["tia", "alpha", "lambda1", "lambda2"].map(str::to_owned).to_vec();
        Ok(Self { blood_rate, physical_rate, times: times.to_vec(), last, names })
    }

    /// The same curve at other times; the last time of the measurements stays what it is.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_times(&self, times: &[f64]) -> Result<Self, PredictError> {
        Ok(Self { last: self.last, ..Self::new(self.blood_rate, self.physical_rate, times)? })
    }

    fn shape(&self, theta: &[f64]) -> Shape {
        let alpha = theta[1];
        let c = [1.0 - alpha, -alpha, 2.0 * alpha - 1.0];
        let k = [theta[2], theta[3], self.blood_rate].map(|l| l + self.physical_rate);
        let integral = (0..3).map(|i| c[i] / k[i]).sum();
        Shape { c, k, integral }
    }

    fn phases(&self, theta: &[f64]) -> Vec<Phase> {
        let s = self.shape(theta);
        (0..3).map(|i| Phase { a: theta[0] * s.c[i] / s.integral, k: s.k[i] }).collect()
    }
}

impl Predictor for IntegralFirst {
    predict_by_points!();

    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        let s = self.shape(theta);
        // ∂a_i/∂θ and ∂k_i/∂θ: a_i = tia c_i/N.
        let gather = |by_a: &[f64], by_k: &[f64]| {
            let n = s.integral;
            let a: Vec<f64> = s.c.iter().map(|c| theta[0] * c / n).collect();
            let by_n: f64 = (0..3).map(|i| -by_a[i] * a[i] / n).sum();
            let n_alpha: f64 = (0..3).map(|i| BY_ALPHA[i] / s.k[i]).sum();
            let n_k = |i: usize| -s.c[i] / (s.k[i] * s.k[i]);
            vec![
                (0..3).map(|i| by_a[i] * s.c[i] / n).sum(),
                (0..3).map(|i| by_a[i] * theta[0] * BY_ALPHA[i] / n).sum::<f64>() + by_n * n_alpha,
                by_k[0] + by_n * n_k(0),
                by_k[1] + by_n * n_k(1),
            ]
        };
        let mut out = phases::derived(&self.phases(theta), self.last, &gather);
        // A parameter: exact, where the sum of the phases leaves rounding.
        for d in &mut out {
            if d.kind == DerivedKind::Tia {
                d.value = theta[0];
                d.gradient = vec![1.0, 0.0, 0.0, 0.0];
            }
        }
        Ok(out)
    }
}

impl TimeActivity for IntegralFirst {
    fn times(&self) -> &[f64] {
        &self.times
    }

    fn point(&self, theta: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        let s = self.shape(theta);
        // Without a positive integral the curve cannot be normalised; the search then tries elsewhere.
        if s.integral.partial_cmp(&0.0) != Some(std::cmp::Ordering::Greater) {
            gradient.fill(f64::NAN);
            return f64::NAN;
        }
        let e = s.k.map(|k| (-k * t).exp());
        let value: f64 = (0..3).map(|i| s.c[i] * e[i]).sum();
        let share = value / s.integral;
        let scale = theta[0] / s.integral;
        gradient[0] = share;
        gradient[1] = (0..3).map(|i| BY_ALPHA[i] * (e[i] - share / s.k[i])).sum::<f64>() * scale;
        for i in 0..2 {
            gradient[2 + i] = scale * s.c[i] * (share / (s.k[i] * s.k[i]) - t * e[i]);
        }
        theta[0] * share
    }

    fn tia(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        gradient.fill(0.0);
        gradient[0] = 1.0;
        theta[0]
    }

    fn terminal_rate(&self, theta: &[f64]) -> f64 {
        let s = self.shape(theta);
        (0..3).filter(|&i| s.c[i].abs() > 0.0).map(|i| s.k[i]).fold(f64::INFINITY, f64::min)
    }

    fn start(&self, activities: &[f64], scratch: &mut StartScratch, theta: &mut [f64]) {
        let (slowest, fastest) = rate_bounds(&self.times).unwrap_or((1e-6, 1.0));
        let phases =
            stripping::strip(&self.times, activities, self.physical_rate, 2, true, scratch);
        let rate = |i: usize| phases[i].rate.clamp(2.0 * slowest, 0.5 * fastest);
        let alpha = 0.25;
        let k = |i: usize| rate(i) + self.physical_rate;
        // The amplitude of stripping is that of the washout, of which (1 − α) stands in the shape.
        let integral = (1.0 / k(0) - alpha / (1.0 - alpha) / k(1)).max(0.1 / k(0));
        theta.copy_from_slice(&[phases[0].amplitude * integral, alpha, rate(0), rate(1)]);
    }

    fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError> {
        check_activities(&self.times, activities)?;
        let (slowest, fastest) = rate_bounds(&self.times)?;
        let theta = starts(self, activities);
        let mut share = FitParameter::new("alpha", theta[1], Transform::Logit { lo: 0.0, hi: 0.5 });
        share.bounds = Some((1e-6, 0.5 - 1e-6));
        Ok(vec![
            FitParameter::log("tia", theta[0]),
            share,
            FitParameter::log("lambda1", theta[2]).bounded(slowest, fastest),
            FitParameter::log("lambda2", theta[3]).bounded(slowest, fastest),
        ])
    }

    fn effective_phases(&self, theta: &[f64]) -> Vec<(f64, f64)> {
        self.phases(theta).into_iter().map(|p| (p.a, p.k)).collect()
    }
}
