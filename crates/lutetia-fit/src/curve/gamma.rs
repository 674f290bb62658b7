//! The gamma variate.

use statrs::function::gamma::{digamma, gamma_lr, ln_gamma};

use crate::curve::exponentials::rate_bounds;
use crate::curve::stripping::{self, StartScratch};
use crate::curve::{TimeActivity, check_activities, check_times, predict_by_points, starts};
use crate::error::PredictError;
use crate::predictor::{Derived, DerivedKind, Predictor};
use crate::problem::FitParameter;

/// `A(t) = peak · (k t/s)^s e^{s − k t}` with `k = λ + λp`: rises as a power of time, peaks at `t = s/k` with the
/// activity `peak`, and falls with the effective rate `k` in the end (`K t^s e^{−k t}` in the usual writing).
///
/// Parameters `peak` (activity), `shape` (`s`, a pure number) and `lambda` (biological rate, 1/time).
/// `tia = peak · e^s s^{−s} Γ(s + 1)/k`.
#[derive(Clone, Debug, PartialEq)]
pub struct GammaVariate {
    physical_rate: f64,
    times: Vec<f64>,
    last: f64,
    names: Vec<String>,
}

impl GammaVariate {
    /// The curve at these times.
    ///
    /// # Errors
    /// When the physical rate or a time is negative or not finite.
    pub fn new(physical_rate: f64, times: &[f64]) -> Result<Self, PredictError> {
        check_times(physical_rate, times)?;
        let last = times.iter().copied().fold(0.0, f64::max);
        let names = ["peak", "shape", "lambda"].map(str::to_owned).to_vec();
        Ok(Self { physical_rate, times: times.to_vec(), last, names })
    }

    /// The same curve at other times; the last time of the measurements stays what it is.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_times(&self, times: &[f64]) -> Result<Self, PredictError> {
        Ok(Self { last: self.last, ..Self::new(self.physical_rate, times)? })
    }

    /// `∫₀ᵗ A` over the whole integral: the regularised incomplete gamma function `P(s + 1, k t)`.
    fn share_before(shape: f64, k: f64, t: f64) -> f64 {
        if t > 0.0 { gamma_lr(shape + 1.0, k * t) } else { 0.0 }
    }
}

impl Predictor for GammaVariate {
    predict_by_points!();

    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        let (shape, k) = (theta[1], theta[2] + self.physical_rate);
        let mut out = Vec::new();
        let mut push = |kind: DerivedKind, value: f64, gradient: Vec<f64>| {
            out.push(Derived::of_curve(kind, value, gradient));
        };
        if k > 0.0 {
            let mut whole = vec![0.0; 3];
            let tia = self.tia(theta, &mut whole);
            let share = Self::share_before(shape, k, self.last);
            // P has no closed derivative by the shape: central differences of a value good to 1e-14 at step 1e-4 err by
            // 1e-8 (truncation) and 1e-10 (rounding). By the rate it is the density.
            let h = 1e-4 * shape.max(0.1);
            let by_shape = (Self::share_before(shape + h, k, self.last)
                - Self::share_before((shape - h).max(0.0), k, self.last))
                / (h + h.min(shape));
            let x = k * self.last;
            let by_k = if x > 0.0 {
                self.last * (shape * x.ln() - x - ln_gamma(shape + 1.0)).exp()
            } else {
                0.0
            };
            let of_share = [0.0, by_shape, by_k];
            push(
                DerivedKind::TiaToLast,
                tia * share,
                (0..3).map(|j| whole[j] * share + tia * of_share[j]).collect(),
            );
            push(DerivedKind::Tia, tia, whole);
            push(DerivedKind::ExtrapolatedFraction, 1.0 - share, of_share.map(|g| -g).to_vec());
            let ln2 = std::f64::consts::LN_2;
            push(DerivedKind::EffectiveHalfLife, ln2 / k, vec![0.0, 0.0, -ln2 / (k * k)]);
            push(DerivedKind::TimeOfMaximum, shape / k, vec![0.0, 1.0 / k, -shape / (k * k)]);
        }
        Ok(out)
    }
}

impl TimeActivity for GammaVariate {
    fn times(&self) -> &[f64] {
        &self.times
    }

    fn point(&self, theta: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        let (peak, shape, k) = (theta[0], theta[1], theta[2] + self.physical_rate);
        gradient.fill(0.0);
        if t <= 0.0 {
            return 0.0;
        }
        let x = k * t / shape;
        let form = (shape * (x.ln() + 1.0 - x)).exp();
        gradient[0] = form;
        // d/ds [s ln(kt/s) + s − kt] = ln(kt/s);  d/dk = s/k − t.
        gradient[1] = peak * form * x.ln();
        gradient[2] = peak * form * (shape / k - t);
        peak * form
    }

    fn tia(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        let (peak, shape, k) = (theta[0], theta[1], theta[2] + self.physical_rate);
        let of_one = (shape - shape * shape.ln() + ln_gamma(shape + 1.0)).exp() / k;
        gradient[0] = of_one;
        gradient[1] = peak * of_one * (digamma(shape + 1.0) - shape.ln());
        gradient[2] = -peak * of_one / k;
        peak * of_one
    }

    fn terminal_rate(&self, theta: &[f64]) -> f64 {
        theta[2] + self.physical_rate
    }

    fn start(&self, activities: &[f64], scratch: &mut StartScratch, theta: &mut [f64]) {
        let (slowest, fastest) = rate_bounds(&self.times).unwrap_or((1e-6, 1.0));
        let phases =
            stripping::strip(&self.times, activities, self.physical_rate, 2, true, scratch);
        let rate = phases[0].rate.clamp(2.0 * slowest, 0.5 * fastest);
        let (at, peak) = self
            .times
            .iter()
            .zip(activities)
            .fold((0.0, 0.0), |m, (t, a)| if a.is_finite() && *a > m.1 { (*t, *a) } else { m });
        let shape = ((rate + self.physical_rate) * at).clamp(0.05, 5.0);
        theta.copy_from_slice(&[if peak > 0.0 { peak } else { 1.0 }, shape, rate]);
    }

    fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError> {
        check_activities(&self.times, activities)?;
        let (slowest, fastest) = rate_bounds(&self.times)?;
        let theta = starts(self, activities);
        Ok(vec![
            FitParameter::log("peak", theta[0]),
            FitParameter::log("shape", theta[1]).bounded(1e-3, 100.0),
            FitParameter::log("lambda", theta[2]).bounded(slowest, fastest),
        ])
    }
}
