//! Sums of exponentials in biological rates: the curves of organ dosimetry.

use nalgebra::DMatrix;

use crate::predictor::{Derived, PredictError, Predictor, named};
use crate::problem::FitParameter;
use crate::stripping;

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

/// Which phases a curve has.
#[derive(Clone, Debug, PartialEq)]
pub struct ExponentialForm {
    /// Rate of each phase. Estimated phases are kept in ascending order of rate, the terminal one first.
    pub rates: Vec<Rate>,
    /// Whether the amplitudes sum to zero (`A(0) = 0`): the last phase is then the uptake, with amplitude
    /// `−Σ a_i` of the others.
    pub zero_sum: bool,
}

impl ExponentialForm {
    fn of(rates: &[Rate], zero_sum: bool) -> Self {
        Self { rates: rates.to_vec(), zero_sum }
    }
    /// `a1 e^{−λp t}` (NUKFIT f1): physical decay only.
    pub fn physical() -> Self {
        Self::of(&[Rate::Zero], false)
    }
    /// `a1 e^{−(λ1+λp) t}` (f2).
    pub fn mono() -> Self {
        Self::of(&[Rate::Free], false)
    }
    /// `a1 (e^{−(λ1+λp) t} − e^{−(λb+λp) t})` (f3): washout after a supply from blood at the known rate `λb`, so that
    /// the curve starts at zero. The published choice is `λb = ln 2/1 min`.
    pub fn mono_from_blood(blood_rate: f64) -> Self {
        Self::of(&[Rate::Free, Rate::Fixed(blood_rate)], true)
    }
    /// `a1 e^{−(λ1+λp) t} + a2 e^{−(λ2+λp) t} − (a1 + a2) e^{−(λb+λp) t}` (f4c): two washouts after a supply from blood.
    pub fn bi_from_blood(blood_rate: f64) -> Self {
        Self::of(&[Rate::Free, Rate::Free, Rate::Fixed(blood_rate)], true)
    }
    /// `a1 e^{−(λ1+λp) t} + a2 e^{−(λ2+λp) t}` (f4a).
    pub fn bi() -> Self {
        Self::of(&[Rate::Free; 2], false)
    }
    /// `a1 (e^{−(λ1+λp) t} − e^{−(λ2+λp) t})` (f3a): uptake and washout.
    pub fn bi_uptake() -> Self {
        Self::of(&[Rate::Free; 2], true)
    }
    /// `a1 e^{−λp t} + a2 e^{−(λ2+λp) t}` (f3d): a part that stays for ever.
    pub fn mono_and_physical() -> Self {
        Self::of(&[Rate::Zero, Rate::Free], false)
    }
    /// Three free phases (f6a).
    pub fn tri() -> Self {
        Self::of(&[Rate::Free; 3], false)
    }
    /// Two free phases and an uptake of amplitude `−(a1 + a2)` (f5a, f4c with a free uptake).
    pub fn tri_uptake() -> Self {
        Self::of(&[Rate::Free; 3], true)
    }
    /// Number of parameters.
    pub fn n_parameters(&self) -> usize {
        let rates = self.rates.iter().filter(|r| matches!(r, Rate::Free)).count();
        rates + self.rates.len() - usize::from(self.zero_sum)
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

/// One phase at given parameters.
struct Phase {
    a: f64,
    /// Effective rate.
    k: f64,
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
        let fail = |reason: String| Err(PredictError::Failed { reason });
        let needed = if form.zero_sum { 2 } else { 1 };
        if form.rates.len() < needed {
            return fail(format!(
                "curve has {} phases, expected at least {needed}; add a rate",
                form.rates.len()
            ));
        }
        if !(physical_rate.is_finite() && physical_rate >= 0.0) {
            return fail(format!(
                "physical decay rate is {physical_rate}, expected a finite number ≥ 0; take it from the nuclide"
            ));
        }
        for r in &form.rates {
            if let Rate::Fixed(v) = r
                && !(v.is_finite() && *v >= 0.0)
            {
                return fail(format!(
                    "fixed biological rate is {v}, expected a finite number ≥ 0; correct it"
                ));
            }
        }
        if let Some(t) = times.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
            return fail(format!(
                "time is {t}, expected a finite number ≥ 0; count from the injection"
            ));
        }
        let mut names = Vec::new();
        let (mut amplitude_at, mut rate_at) = (Vec::new(), Vec::new());
        let phases = form.rates.len();
        for (i, rate) in form.rates.iter().enumerate() {
            let closes = form.zero_sum && i + 1 == phases;
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
        if activities.len() != self.times.len() {
            return Err(PredictError::Shape {
                what: "activities",
                expected: self.times.len(),
                found: activities.len(),
            });
        }
        let first = self.times.iter().copied().filter(|t| *t > 0.0).fold(f64::INFINITY, f64::min);
        if !first.is_finite() {
            return Err(PredictError::Failed {
                reason: "no time after zero; a curve needs at least one".to_owned(),
            });
        }
        let (slowest, fastest) = (1e-4 / self.last, 100.0 / first);
        let phases = stripping::strip(
            &self.times,
            activities,
            self.physical_rate,
            self.form.rates.len(),
            self.form.zero_sum,
        );
        let mut out = Vec::with_capacity(self.names.len());
        for (i, phase) in phases.iter().enumerate() {
            if let Some(at) = self.amplitude_at[i] {
                out.push(FitParameter::log(self.names[at].clone(), phase.amplitude));
            }
            if let Some(at) = self.rate_at[i] {
                let start = phase.rate.clamp(2.0 * slowest, 0.5 * fastest);
                let p = FitParameter::log(self.names[at].clone(), start);
                out.push(p.bounded(slowest, fastest));
            }
        }
        Ok(out)
    }

    fn phases(&self, theta: &[f64]) -> Vec<Phase> {
        let own: f64 = self.amplitude_at.iter().flatten().map(|&at| theta[at]).sum();
        (0..self.form.rates.len())
            .map(|i| {
                let a = self.amplitude_at[i].map_or(-own, |at| theta[at]);
                let biological = match (self.rate_at[i], self.form.rates[i]) {
                    (Some(at), _) => theta[at],
                    (None, Rate::Fixed(v)) => v,
                    _ => 0.0,
                };
                Phase { a, k: biological + self.physical_rate }
            })
            .collect()
    }

    /// The phases at given parameters: amplitude (activity) and effective rate `λ_i + λp` (1/time) of each.
    pub fn effective_phases(&self, theta: &[f64]) -> Vec<(f64, f64)> {
        self.phases(theta).into_iter().map(|p| (p.a, p.k)).collect()
    }

    /// Gradient by the parameters from the derivatives by each phase's amplitude and rate.
    fn gather(&self, by_a: &[f64], by_k: &[f64]) -> Vec<f64> {
        let mut g = vec![0.0; self.names.len()];
        let closing = match self.amplitude_at.last() {
            Some(None) => by_a[by_a.len() - 1],
            _ => 0.0,
        };
        for i in 0..by_a.len() {
            if let Some(at) = self.amplitude_at[i] {
                g[at] += by_a[i] - closing;
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

    /// The interior maximum: time, and derivatives by each phase's amplitude and rate.
    fn maximum(&self, phases: &[Phase]) -> Option<(f64, Vec<f64>, Vec<f64>)> {
        let value = |t: f64| phases.iter().map(|p| p.a * (-p.k * t).exp()).sum::<f64>();
        let slope = |t: f64| phases.iter().map(|p| -p.a * p.k * (-p.k * t).exp()).sum::<f64>();
        let fastest = phases.iter().map(|p| p.k).fold(0.0, f64::max);
        let slowest = phases.iter().map(|p| p.k).filter(|k| *k > 0.0).fold(fastest, f64::min);
        if fastest <= 0.0 {
            return None;
        }
        // Extremes of a sum of exponentials lie between a fraction of the shortest and a multiple of the longest time
        // constant; a grid even in ln t finds the sign changes of the slope, bisection the place.
        let (from, to) = ((1e-4 / fastest).ln(), (50.0 / slowest).ln());
        let steps = 400;
        let grid = |i: usize| (from + (to - from) * i as f64 / f64::from(steps)).exp();
        let mut best: Option<f64> = None;
        for i in 0..steps as usize {
            let (mut lo, mut hi) = (grid(i), grid(i + 1));
            if !(slope(lo) > 0.0 && slope(hi) <= 0.0) {
                continue;
            }
            for _ in 0..200 {
                let mid = 0.5 * (lo + hi);
                if slope(mid) > 0.0 {
                    lo = mid;
                } else {
                    hi = mid;
                }
            }
            let t = 0.5 * (lo + hi);
            if best.is_none_or(|b| value(t) > value(b)) {
                best = Some(t);
            }
        }
        let t = best.filter(|t| value(*t) > value(0.0))?;
        let curvature: f64 = phases.iter().map(|p| p.a * p.k * p.k * (-p.k * t).exp()).sum();
        // Implicit function theorem on A'(t) = 0: dt/dq = −(∂A'/∂q)/A''.
        let by_a = phases.iter().map(|p| p.k * (-p.k * t).exp() / curvature).collect();
        let by_k =
            phases.iter().map(|p| p.a * (1.0 - p.k * t) * (-p.k * t).exp() / curvature).collect();
        Some((t, by_a, by_k))
    }
}

/// `(1 − e^{−k T})/k` and its derivative by `k`, without cancellation at small `k T`.
fn truncated(k: f64, t: f64) -> (f64, f64) {
    let x = k * t;
    if x.abs() < 1e-4 {
        // Series to x³; the first term left out is below 1e-17 of the sum.
        let value = t * (1.0 - x / 2.0 + x * x / 6.0 - x * x * x / 24.0);
        let slope = t * t * (-0.5 + x / 3.0 - x * x / 8.0 + x * x * x / 30.0);
        (value, slope)
    } else {
        let e = (-x).exp();
        let value = -(-x).exp_m1() / k;
        (value, (t * e - value) / k)
    }
}

impl Predictor for SumOfExponentials {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn n_values(&self) -> usize {
        self.times.len()
    }

    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError> {
        if theta.len() != self.names.len() {
            return Err(PredictError::Shape {
                what: "parameters",
                expected: self.names.len(),
                found: theta.len(),
            });
        }
        if values.len() != self.times.len() {
            return Err(PredictError::Shape {
                what: "values",
                expected: self.times.len(),
                found: values.len(),
            });
        }
        let phases = self.phases(theta);
        for (value, t) in values.iter_mut().zip(&self.times) {
            *value = phases.iter().map(|p| p.a * (-p.k * t).exp()).sum();
        }
        if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            return Err(PredictError::NonFinite {
                index,
                value: values[index],
                parameters: named(&self.names, theta),
            });
        }
        if let Some(j) = jacobian {
            for (row, &t) in self.times.iter().enumerate() {
                let by_a: Vec<f64> = phases.iter().map(|p| (-p.k * t).exp()).collect();
                let by_k: Vec<f64> = phases.iter().zip(&by_a).map(|(p, e)| -p.a * t * e).collect();
                for (c, g) in self.gather(&by_a, &by_k).into_iter().enumerate() {
                    j[(row, c)] = g;
                }
            }
        }
        Ok(())
    }

    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        let phases = self.phases(theta);
        let mut out = Vec::new();
        let mut push = |name: &str, value: f64, gradient: Vec<f64>| {
            out.push(Derived { name: name.to_owned(), value, gradient, positive: true });
        };

        let parts: Vec<(f64, f64)> = phases.iter().map(|p| truncated(p.k, self.last)).collect();
        let to_last = phases.iter().zip(&parts).map(|(p, q)| p.a * q.0).sum();
        let by_a: Vec<f64> = parts.iter().map(|q| q.0).collect();
        let by_k: Vec<f64> = phases.iter().zip(&parts).map(|(p, q)| p.a * q.1).collect();
        push("tia_to_last", to_last, self.gather(&by_a, &by_k));

        if phases.iter().all(|p| p.k > 0.0) {
            let tia: f64 = phases.iter().map(|p| p.a / p.k).sum();
            let tia_a: Vec<f64> = phases.iter().map(|p| 1.0 / p.k).collect();
            let tia_k: Vec<f64> = phases.iter().map(|p| -p.a / (p.k * p.k)).collect();
            push("tia", tia, self.gather(&tia_a, &tia_k));

            let t = self.last;
            let rest: f64 = phases.iter().map(|p| p.a / p.k * (-p.k * t).exp()).sum();
            let fraction = rest / tia;
            let f_a: Vec<f64> =
                phases.iter().map(|p| ((-p.k * t).exp() / p.k - fraction / p.k) / tia).collect();
            let f_k: Vec<f64> = phases
                .iter()
                .map(|p| {
                    let rest_k = -p.a * (-p.k * t).exp() * (1.0 / (p.k * p.k) + t / p.k);
                    (rest_k + fraction * p.a / (p.k * p.k)) / tia
                })
                .collect();
            push("extrapolated_fraction", fraction, self.gather(&f_a, &f_k));
        }

        let terminal = (0..phases.len())
            .filter(|&i| phases[i].a.abs() > 0.0)
            .min_by(|&i, &j| phases[i].k.total_cmp(&phases[j].k));
        if let Some(i) = terminal
            && phases[i].k > 0.0
        {
            let k = phases[i].k;
            let mut by_k = vec![0.0; phases.len()];
            by_k[i] = -std::f64::consts::LN_2 / (k * k);
            let none = vec![0.0; phases.len()];
            push("effective_half_life", std::f64::consts::LN_2 / k, self.gather(&none, &by_k));
        }
        if let Some((t, by_a, by_k)) = self.maximum(&phases) {
            push("time_of_maximum", t, self.gather(&by_a, &by_k));
        }
        Ok(out)
    }

    fn canonical(&self, theta: &mut [f64]) {
        let slots: Vec<(usize, usize)> =
            self.amplitude_at.iter().zip(&self.rate_at).filter_map(|(a, r)| a.zip(*r)).collect();
        let mut pairs: Vec<(f64, f64)> = slots.iter().map(|&(a, r)| (theta[a], theta[r])).collect();
        pairs.sort_by(|x, y| x.1.total_cmp(&y.1));
        for (&(a, r), (amplitude, rate)) in slots.iter().zip(pairs) {
            theta[a] = amplitude;
            theta[r] = rate;
        }
    }
}
