//! Sums of exponentials in biological rates: the curves of organ dosimetry.

use crate::curve::phases::{self, Phase};
use crate::curve::stripping::{self, StartScratch};
use crate::curve::{TimeActivity, check_times, predict_by_points};
use crate::error::{CurveError, PredictError};
use crate::predictor::{Derived, Predictor};
use crate::problem::FitParameter;

/// Biological rate of one phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rate {
    /// Estimated.
    Free,
    /// No biological elimination: the phase falls by physical decay alone.
    Zero,
    /// Known, 1/time, not negative (for instance ln 2/1 min, a supply from blood that makes the curve start at zero).
    Fixed(f64),
}

/// What the amplitudes sum to, `A(0)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum AmplitudeSum {
    /// Nothing is known: every amplitude is estimated.
    Free,
    /// Zero, the curve starts at nothing: the last phase closes the sum with `−Σ a_i` of the others (an uptake).
    Zero,
    /// A known activity (that injected, for the whole body): the last phase closes the sum with the rest of it.
    Known(f64),
}

/// Which phases a curve has.
#[derive(Clone, Debug, PartialEq)]
pub struct ExponentialForm {
    /// Rate of each phase. Estimated phases are kept in ascending order of rate, the terminal one first.
    pub rates: Vec<Rate>,
    /// What the amplitudes sum to.
    pub sum: AmplitudeSum,
    /// Phases whose amplitude enters with a minus sign though it does not close the sum (a slow uptake).
    pub uptakes: Vec<usize>,
}

impl ExponentialForm {
    fn of(rates: &[Rate], sum: AmplitudeSum) -> Self {
        Self { rates: rates.to_vec(), sum, uptakes: Vec::new() }
    }
    /// `a1 e^{−λp t}`: physical decay only.
    pub fn physical() -> Self {
        Self::of(&[Rate::Zero], AmplitudeSum::Free)
    }
    /// `a1 e^{−(λ1+λp) t}`.
    pub fn mono() -> Self {
        Self::of(&[Rate::Free], AmplitudeSum::Free)
    }
    /// `a1 (e^{−(λ1+λp) t} − e^{−(λb+λp) t})`: washout after a supply from blood at the known rate `λb`, so that
    /// the curve starts at zero. The published choice is `λb = ln 2/1 min`.
    pub fn mono_from_blood(blood_rate: f64) -> Self {
        Self::of(&[Rate::Free, Rate::Fixed(blood_rate)], AmplitudeSum::Zero)
    }
    /// `a1 e^{−λp t} + a2 e^{−(λ2+λp) t}`: a part that stays for ever.
    pub fn mono_and_physical() -> Self {
        Self::of(&[Rate::Zero, Rate::Free], AmplitudeSum::Free)
    }
    /// `a1 e^{−(λ1+λp) t} + (A0 − a1) e^{−λp t}`: of a known activity `A0` a part is washed out and the rest stays.
    pub fn mono_of_known(total: f64) -> Self {
        Self::of(&[Rate::Free, Rate::Zero], AmplitudeSum::Known(total))
    }
    /// `a1 e^{−(λ1+λp) t} + a2 e^{−(λ2+λp) t}`.
    pub fn bi() -> Self {
        Self::of(&[Rate::Free; 2], AmplitudeSum::Free)
    }
    /// `a1 (e^{−(λ1+λp) t} − e^{−(λ2+λp) t})`: uptake and washout.
    pub fn bi_uptake() -> Self {
        Self::of(&[Rate::Free; 2], AmplitudeSum::Zero)
    }
    /// `a1 e^{−(λ1+λp) t} + a2 e^{−(λ2+λp) t} − (a1 + a2) e^{−(λb+λp) t}`: two washouts after a supply from blood.
    pub fn bi_from_blood(blood_rate: f64) -> Self {
        Self::of(&[Rate::Free, Rate::Free, Rate::Fixed(blood_rate)], AmplitudeSum::Zero)
    }
    /// `a1 e^{−(λ1+λp) t} − a2 e^{−(λ2+λp) t} − (a1 − a2) e^{−(λb+λp) t}`: washout after an uptake of which one part is
    /// slow and one comes with the blood.
    pub fn bi_uptake_from_blood(blood_rate: f64) -> Self {
        Self { uptakes: vec![1], ..Self::bi_from_blood(blood_rate) }
    }
    /// `a1 e^{−λp t} + a2 e^{−(λ2+λp) t} + a3 e^{−(λ3+λp) t}`: two washouts and a part that stays for ever.
    pub fn bi_and_physical() -> Self {
        Self::of(&[Rate::Zero, Rate::Free, Rate::Free], AmplitudeSum::Free)
    }
    /// `a1 e^{−λp t} + a2 e^{−(λ2+λp) t} − (a1 + a2) e^{−(λ3+λp) t}`: uptake, washout of a part, the rest stays.
    pub fn bi_uptake_and_physical() -> Self {
        Self::of(&[Rate::Zero, Rate::Free, Rate::Free], AmplitudeSum::Zero)
    }
    /// Three free phases.
    pub fn tri() -> Self {
        Self::of(&[Rate::Free; 3], AmplitudeSum::Free)
    }
    /// Two free phases and an uptake of amplitude `−(a1 + a2)`.
    pub fn tri_uptake() -> Self {
        Self::of(&[Rate::Free; 3], AmplitudeSum::Zero)
    }
    /// Whether the last phase has no amplitude of its own.
    fn closes(&self) -> bool {
        self.sum != AmplitudeSum::Free
    }
    /// Number of parameters.
    pub fn n_parameters(&self) -> usize {
        let rates = self.rates.iter().filter(|r| matches!(r, Rate::Free)).count();
        rates + self.rates.len() - usize::from(self.closes())
    }
}

/// `A(t) = e^{−λp t} Σ_i a_i e^{−λ_i t}` with biological rates `λ_i ≥ 0` and the physical rate `λp` known.
///
/// Parameters are `a1, lambda1, a2, lambda2, …` (without the rates that are zero or fixed and without the amplitude
/// that closes the sum). Time and activity are in the caller's units, rates in 1/time, TIA in activity × time.
///
/// Derived quantities, each with its gradient, `k_i = λ_i + λp`, `T` the last time:
/// `tia_to_last = Σ a_i (1 − e^{−k_i T})/k_i`, `tia = Σ a_i/k_i` (to infinity),
/// `extrapolated_fraction = Σ (a_i/k_i) e^{−k_i T}/tia`, `effective_half_life = ln 2/min k_i`, and `time_of_maximum`
/// where the curve has one after time zero. `tia` and what follows from it are left out when some `k_i` is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct SumOfExponentials {
    form: ExponentialForm,
    physical_rate: f64,
    times: Vec<f64>,
    last: f64,
    names: Vec<String>,
    amplitude_at: Vec<Option<usize>>,
    rate_at: Vec<Option<usize>>,
}

impl SumOfExponentials {
    /// A curve of this form at these times.
    ///
    /// # Errors
    /// When the form has no phase, closes the sum of a single one, or a rate or time is negative or not finite.
    pub fn new(
        form: ExponentialForm,
        physical_rate: f64,
        times: &[f64],
    ) -> Result<Self, PredictError> {
        let needed = if form.closes() { 2 } else { 1 };
        if form.rates.len() < needed {
            return Err(CurveError::Phases { found: form.rates.len(), needed }.into());
        }
        check_times(physical_rate, times)?;
        for r in &form.rates {
            if let Rate::Fixed(v) = r
                && !(v.is_finite() && *v >= 0.0)
            {
                return Err(CurveError::FixedRate { rate: *v }.into());
            }
        }
        if let AmplitudeSum::Known(total) = form.sum
            && !(total.is_finite() && total > 0.0)
        {
            return Err(CurveError::AmplitudeSum { total }.into());
        }
        if form
            .uptakes
            .iter()
            .any(|&i| i + usize::from(form.closes()) >= form.rates.len() || i == 0)
        {
            return Err(CurveError::Uptake.into());
        }
        let mut names = Vec::new();
        let (mut amplitude_at, mut rate_at) = (Vec::new(), Vec::new());
        let phases = form.rates.len();
        for (i, rate) in form.rates.iter().enumerate() {
            let closes = form.closes() && i + 1 == phases;
            amplitude_at.push((!closes).then_some(names.len()));
            if !closes {
                names.push(format!("a{}", i + 1));
            }
            let free = matches!(rate, Rate::Free);
            rate_at.push(free.then_some(names.len()));
            if free {
                names.push(format!("lambda{}", i + 1));
            }
        }
        let last = times.iter().copied().fold(0.0, f64::max);
        Ok(Self { form, physical_rate, times: times.to_vec(), last, names, amplitude_at, rate_at })
    }

    /// The same curve at other times, for drawing; the last time of the measurements stays what it is.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn at_times(&self, times: &[f64]) -> Result<Self, PredictError> {
        let mut other = Self::new(self.form.clone(), self.physical_rate, times)?;
        other.last = self.last;
        Ok(other)
    }

    /// The form.
    pub fn form(&self) -> &ExponentialForm {
        &self.form
    }

    /// Times of the values.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// Physical decay rate, 1/time.
    pub fn physical_rate(&self) -> f64 {
        self.physical_rate
    }

    /// Parameters ready to be fitted to measured activities: starting values by curve stripping, amplitudes and rates
    /// on the log scale, free rates within `1e-4/t_last ≤ λ ≤ 100/t_first`: a slower phase cannot be told from
    /// physical decay alone, a faster one is over before the first measurement.
    ///
    /// Amplitudes are positive (washout); change their `transform` to `Identity` where a free one may be negative.
    ///
    /// # Errors
    /// When the number of activities is not the number of times, or there is no positive time.
    pub fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError> {
        self.parameters_from(activities, |scratch, theta| self.start(activities, scratch, theta))
    }

    /// The same, with starting values that `start` writes.
    pub(crate) fn parameters_from(
        &self,
        activities: &[f64],
        start: impl Fn(&mut StartScratch, &mut [f64]),
    ) -> Result<Vec<FitParameter>, PredictError> {
        if activities.len() != self.times.len() {
            return Err(PredictError::Shape {
                what: "activities",
                expected: self.times.len(),
                found: activities.len(),
            });
        }
        let (slowest, fastest) = rate_bounds(&self.times)?;
        let mut theta = vec![0.0; self.names.len()];
        start(&mut StartScratch::default(), &mut theta);
        let mut out = Vec::with_capacity(self.names.len());
        for i in 0..self.form.rates.len() {
            if let Some(at) = self.amplitude_at[i] {
                let p = FitParameter::log(self.names[at].clone(), theta[at]);
                out.push(match self.form.sum {
                    AmplitudeSum::Known(total) => p.bounded(1e-9 * total, total),
                    _ => p,
                });
            }
            if let Some(at) = self.rate_at[i] {
                let p = FitParameter::log(self.names[at].clone(), theta[at]);
                out.push(p.bounded(slowest, fastest));
            }
        }
        Ok(out)
    }

    /// Last time of the measurements.
    pub(crate) fn last(&self) -> f64 {
        self.last
    }

    /// Starting values whose amplitudes are divided by what `response` says of their phase's rate, within the bounds.
    pub(crate) fn rescale(&self, theta: &mut [f64], response: impl Fn(f64) -> f64) {
        let closing = self.closing(theta);
        let rates: Vec<f64> =
            (0..self.form.rates.len()).map(|i| self.phase(theta, closing, i).k).collect();
        let (slowest, fastest) = rate_bounds(&self.times).unwrap_or((1e-6, 1.0));
        for (i, k) in rates.into_iter().enumerate() {
            if let Some(at) = self.amplitude_at[i] {
                let scaled = theta[at] / response(k).max(f64::MIN_POSITIVE);
                theta[at] = match self.form.sum {
                    AmplitudeSum::Known(total) => scaled.clamp(0.05 * total, 0.95 * total),
                    _ if scaled.is_finite() => scaled,
                    _ => theta[at],
                };
            }
            if let Some(at) = self.rate_at[i] {
                theta[at] = theta[at].clamp(2.0 * slowest, 0.5 * fastest);
            }
        }
    }

    fn sign(&self, phase: usize) -> f64 {
        if self.form.uptakes.contains(&phase) { -1.0 } else { 1.0 }
    }

    /// What the closing phase has.
    fn closing(&self, theta: &[f64]) -> f64 {
        let mut own = match self.form.sum {
            AmplitudeSum::Known(total) => total,
            _ => 0.0,
        };
        for (i, at) in self.amplitude_at.iter().enumerate() {
            if let Some(at) = at {
                own -= self.sign(i) * theta[*at];
            }
        }
        own
    }

    fn phase(&self, theta: &[f64], closing: f64, i: usize) -> Phase {
        let a = self.amplitude_at[i].map_or(closing, |at| self.sign(i) * theta[at]);
        let biological = match (self.rate_at[i], self.form.rates[i]) {
            (Some(at), _) => theta[at],
            (None, Rate::Fixed(v)) => v,
            _ => 0.0,
        };
        Phase { a, k: biological + self.physical_rate }
    }

    pub(crate) fn phases(&self, theta: &[f64]) -> Vec<Phase> {
        let closing = self.closing(theta);
        (0..self.form.rates.len()).map(|i| self.phase(theta, closing, i)).collect()
    }

    /// Sum over the phases of `part(phase)`, which gives a term and its derivatives by the phase's amplitude and rate,
    /// with the gradient by the parameters. Allocates nothing.
    pub(crate) fn total(
        &self,
        theta: &[f64],
        gradient: &mut [f64],
        part: impl Fn(Phase) -> (f64, f64, f64),
    ) -> f64 {
        let closing = self.closing(theta);
        gradient.fill(0.0);
        let n = self.form.rates.len();
        let (mut value, mut by_closing) = (0.0, 0.0);
        for i in (0..n).rev() {
            let (term, by_a, by_k) = part(self.phase(theta, closing, i));
            value += term;
            match self.amplitude_at[i] {
                Some(at) => gradient[at] += self.sign(i) * (by_a - by_closing),
                None => by_closing = by_a,
            }
            if let Some(at) = self.rate_at[i] {
                gradient[at] += by_k;
            }
        }
        value
    }

    /// The phases at given parameters: amplitude (activity) and effective rate `λ_i + λp` (1/time) of each.
    pub fn effective_phases(&self, theta: &[f64]) -> Vec<(f64, f64)> {
        self.phases(theta).into_iter().map(|p| (p.a, p.k)).collect()
    }

    /// Gradient by the parameters from the derivatives by each phase's amplitude and rate.
    pub(crate) fn gather(&self, by_a: &[f64], by_k: &[f64]) -> Vec<f64> {
        let mut g = vec![0.0; self.names.len()];
        let closing = match self.amplitude_at.last() {
            Some(None) => by_a[by_a.len() - 1],
            _ => 0.0,
        };
        for i in 0..by_a.len() {
            if let Some(at) = self.amplitude_at[i] {
                g[at] += self.sign(i) * (by_a[i] - closing);
            }
            if let Some(at) = self.rate_at[i] {
                g[at] += by_k[i];
            }
        }
        g
    }

    /// Activity at time `t`.
    pub fn activity(&self, theta: &[f64], t: f64) -> f64 {
        self.phases(theta).iter().map(|p| p.a * (-p.k * t).exp()).sum()
    }
}

/// Rates that a fit may take, `1e-4/t_last ≤ λ ≤ 100/t_first`: a slower phase cannot be told from physical decay alone,
/// a faster one is over before the first measurement.
pub(crate) fn rate_bounds(times: &[f64]) -> Result<(f64, f64), PredictError> {
    let first = times.iter().copied().filter(|t| *t > 0.0).fold(f64::INFINITY, f64::min);
    if !first.is_finite() {
        return Err(CurveError::NoTime.into());
    }
    let last = times.iter().copied().fold(0.0, f64::max);
    Ok((1e-4 / last, 100.0 / first))
}

impl Predictor for SumOfExponentials {
    predict_by_points!();

    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        Ok(phases::derived(&self.phases(theta), self.last, &|a, k| self.gather(a, k)))
    }

    fn canonical(&self, theta: &mut [f64]) {
        let slots: Vec<(usize, usize)> = (0..self.rate_at.len())
            .filter(|i| !self.form.uptakes.contains(i))
            .filter_map(|i| self.amplitude_at[i].zip(self.rate_at[i]))
            .collect();
        let mut pairs: Vec<(f64, f64)> = slots.iter().map(|&(a, r)| (theta[a], theta[r])).collect();
        pairs.sort_by(|x, y| x.1.total_cmp(&y.1));
        for (&(a, r), (amplitude, rate)) in slots.iter().zip(pairs) {
            theta[a] = amplitude;
            theta[r] = rate;
        }
    }
}

impl TimeActivity for SumOfExponentials {
    fn times(&self) -> &[f64] {
        &self.times
    }

    fn point(&self, theta: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        self.total(theta, gradient, |p| {
            let e = (-p.k * t).exp();
            (p.a * e, e, -p.a * t * e)
        })
    }

    fn tia(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.total(theta, gradient, |p| (p.a / p.k, 1.0 / p.k, -p.a / (p.k * p.k)))
    }

    fn terminal_rate(&self, theta: &[f64]) -> f64 {
        let closing = self.closing(theta);
        (0..self.form.rates.len())
            .map(|i| self.phase(theta, closing, i))
            .filter(|p| p.a.abs() > 0.0)
            .map(|p| p.k)
            .fold(f64::INFINITY, f64::min)
    }

    fn start(&self, activities: &[f64], scratch: &mut StartScratch, theta: &mut [f64]) {
        let (slowest, fastest) = rate_bounds(&self.times).unwrap_or((1e-6, 1.0));
        let (n, zero_sum) = (self.form.rates.len(), self.form.sum == AmplitudeSum::Zero);
        let phases =
            stripping::strip(&self.times, activities, self.physical_rate, n, zero_sum, scratch);
        for (i, phase) in phases.iter().enumerate() {
            if let Some(at) = self.amplitude_at[i] {
                let amplitude = match self.form.uptakes.contains(&i) {
                    true => 0.5 * phases[0].amplitude,
                    false => phase.amplitude,
                };
                theta[at] = match self.form.sum {
                    AmplitudeSum::Known(total) => amplitude.clamp(0.05 * total, 0.95 * total),
                    _ => amplitude,
                };
            }
            if let Some(at) = self.rate_at[i] {
                theta[at] = phase.rate.clamp(2.0 * slowest, 0.5 * fastest);
            }
        }
    }

    fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError> {
        Self::parameters(self, activities)
    }

    fn effective_phases(&self, theta: &[f64]) -> Vec<(f64, f64)> {
        Self::effective_phases(self, theta)
    }
}
