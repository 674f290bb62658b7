//! Several administrations, or one that takes its time: the curve after one injection, superposed.
//!
//! What one short injection of activity 1 leaves in a region is `Σ_i a_i e^{−k_i t}`. As long as the kinetics are
//! linear, administrations with shares `w_j` of the whole, begun at `t_j` and infused evenly over `T_j`, leave
//! `A(t) = Σ_i a_i b_i(t)` with
//!
//! ```text
//! b_i(t) = Σ_j w_j h_j(t − t_j),   h(τ) = e^{−k τ}                            (T = 0)
//!                                  h(τ) = (1 − e^{−k τ})/(k T)                (0 ≤ τ ≤ T)
//!                                  h(τ) = (e^{−k (τ − T)} − e^{−k τ})/(k T)   (τ > T)
//! ```
//!
//! and nothing before `t_j`. The shares sum to 1, so that the integral to infinity is `Σ a_i/k_i` as ever: what one
//! injection of the whole activity would have left.

use nalgebra::DMatrix;

use crate::curve::exponentials::SumOfExponentials;
use crate::curve::phases::{Phase, terminal};
use crate::curve::stripping::StartScratch;
use crate::curve::{TimeActivity, predict_points};
use crate::error::{CurveError, PredictError};
use crate::predictor::{Derived, DerivedKind, Predictor};
use crate::problem::FitParameter;

/// One administration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Administration {
    /// Its beginning, in the unit of the curve's times, 0 or more.
    pub start: f64,
    /// How long the infusion takes; 0 for an injection.
    pub duration: f64,
    /// Its part of the activity; any unit, above 0.
    pub share: f64,
}

/// Administrations whose curves are superposed.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// In order of their beginning; shares sum to 1.
    parts: Vec<Administration>,
}

impl Schedule {
    /// Administrations in any order; their shares are brought to the sum 1.
    ///
    /// # Errors
    /// When there is none, or a time is negative, or a share not above 0, or a number not finite.
    pub fn new(administrations: &[Administration]) -> Result<Self, PredictError> {
        if administrations.is_empty() {
            return Err(CurveError::NoAdministration.into());
        }
        for a in administrations {
            let times = a.start.is_finite() && a.duration.is_finite();
            if !(times && a.start >= 0.0 && a.duration >= 0.0) {
                return Err(
                    CurveError::Administration { start: a.start, duration: a.duration }.into()
                );
            }
            if !(a.share.is_finite() && a.share > 0.0) {
                return Err(CurveError::Share { share: a.share }.into());
            }
        }
        let sum: f64 = administrations.iter().map(|a| a.share).sum();
        let mut parts: Vec<Administration> =
            administrations.iter().map(|a| Administration { share: a.share / sum, ..*a }).collect();
        parts.sort_by(|a, b| a.start.total_cmp(&b.start));
        Ok(Self { parts })
    }

    /// Time at which everything has been given.
    #[must_use]
    pub fn end(&self) -> f64 {
        self.parts.iter().map(|a| a.start + a.duration).fold(0.0, f64::max)
    }

    /// Mean time at which the activity is given, `Σ w_j (t_j + T_j/2)`. Taken as one injection at time zero, the integral
    /// of a curve that falls with the rate `k` comes out too large by the fraction `k` times this, to first order.
    #[must_use]
    pub fn mean_delay(&self) -> f64 {
        self.parts.iter().map(|a| a.share * (a.start + 0.5 * a.duration)).sum()
    }

    /// `b(t)` of a phase of rate `k ≥ 0` and its derivative by `k`.
    fn response(&self, k: f64, t: f64) -> (f64, f64) {
        self.parts.iter().filter(|a| t >= a.start).fold((0.0, 0.0), |(value, slope), a| {
            let (h, by_k) = single(k, t - a.start, a.duration);
            (value + a.share * h, slope + a.share * by_k)
        })
    }

    /// Part of the whole that has been given at `t`.
    fn given(&self, t: f64) -> f64 {
        self.parts
            .iter()
            .map(|a| match t - a.start {
                since if since < 0.0 => 0.0,
                since if since < a.duration => a.share * since / a.duration,
                _ => a.share,
            })
            .sum()
    }
}

/// `(1 − e^{−k τ})/k` and its derivative by `k`, without cancellation at small `k τ`.
fn rising(k: f64, since: f64) -> (f64, f64) {
    let x = k * since;
    if x.abs() < 1e-4 {
        // Series to x³; the first term left out is below 1e-17 of the sum.
        let value = since * (1.0 - x / 2.0 + x * x / 6.0 - x * x * x / 24.0);
        let slope = since * since * (-0.5 + x / 3.0 - x * x / 8.0 + x * x * x / 30.0);
        return (value, slope);
    }
    let value = -(-x).exp_m1() / k;
    (value, (since * (-x).exp() - value) / k)
}

/// `h(τ)` of one administration, `τ ≥ 0`, and its derivative by `k`.
fn single(k: f64, since: f64, duration: f64) -> (f64, f64) {
    if duration <= 0.0 {
        let e = (-k * since).exp();
        return (e, -since * e);
    }
    let (value, slope) = rising(k, since.min(duration));
    let (value, slope) = (value / duration, slope / duration);
    let after = (since - duration).max(0.0);
    let e = (-k * after).exp();
    (value * e, (slope - after * value) * e)
}

/// A sum of exponentials after several administrations or a long one.
///
/// Parameters, names and bounds are those of the [`SumOfExponentials`] that one injection of the whole activity would
/// leave. Derived are `tia_to_last`, `tia`, `extrapolated_fraction` and `effective_half_life` as there; a time of maximum
/// is not given, as there may be one after each administration.
#[derive(Clone, Debug, PartialEq)]
pub struct Superposed {
    curve: SumOfExponentials,
    schedule: Schedule,
}

impl Superposed {
    /// What the schedule leaves where one injection of the whole would leave the curve.
    #[must_use]
    pub fn new(curve: SumOfExponentials, schedule: Schedule) -> Self {
        Self { curve, schedule }
    }

    /// What one injection of the whole activity would leave.
    #[must_use]
    pub fn after_one_injection(&self) -> &SumOfExponentials {
        &self.curve
    }

    /// The administrations.
    #[must_use]
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The same curve at other times, for drawing; the last time of the measurements stays what it is.
    ///
    /// # Errors
    /// When a time is negative or not finite.
    pub fn at_times(&self, times: &[f64]) -> Result<Self, PredictError> {
        Ok(Self { curve: self.curve.at_times(times)?, schedule: self.schedule.clone() })
    }
}

impl Predictor for Superposed {
    fn names(&self) -> &[String] {
        self.curve.names()
    }

    fn n_values(&self) -> usize {
        self.curve.n_values()
    }

    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError> {
        predict_points(self, theta, values, jacobian)
    }

    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        let phases = self.curve.phases(theta);
        let mut out = Vec::new();
        // A phase that never falls has no integral.
        if phases.iter().any(|p| p.k <= 0.0) {
            return Ok(out);
        }
        let mut push = |kind: DerivedKind, value: f64, by_a: &[f64], by_k: &[f64]| {
            let gradient = self.curve.gather(by_a, by_k);
            out.push(Derived::of_curve(kind, value, gradient));
        };
        let sum = |of: &dyn Fn(&Phase) -> f64| phases.iter().map(of).sum::<f64>();
        let each = |of: &dyn Fn(&Phase) -> f64| phases.iter().map(of).collect::<Vec<f64>>();
        let last = self.curve.last();
        let given = self.schedule.given(last);
        // What came in either decayed or is there: k ∫ b = given − b. The slope is by k.
        let part = |p: &Phase| {
            let (b, by_k) = self.schedule.response(p.k, last);
            let value = (given - b) / p.k;
            (value, -(by_k + value) / p.k)
        };
        let to_last = sum(&|p| p.a * part(p).0);
        push(DerivedKind::TiaToLast, to_last, &each(&|p| part(p).0), &each(&|p| p.a * part(p).1));
        let tia = sum(&|p| p.a / p.k);
        push(DerivedKind::Tia, tia, &each(&|p| 1.0 / p.k), &each(&|p| -p.a / (p.k * p.k)));
        let fraction = 1.0 - to_last / tia;
        let left = 1.0 - fraction;
        push(
            DerivedKind::ExtrapolatedFraction,
            fraction,
            &each(&|p| (left / p.k - part(p).0) / tia),
            &each(&|p| p.a * (-left / (p.k * p.k) - part(p).1) / tia),
        );
        if let Some(i) = terminal(&phases) {
            let k = phases[i].k;
            let mut by_k = vec![0.0; phases.len()];
            by_k[i] = -std::f64::consts::LN_2 / (k * k);
            let none = vec![0.0; phases.len()];
            push(DerivedKind::EffectiveHalfLife, std::f64::consts::LN_2 / k, &none, &by_k);
        }
        Ok(out)
    }

    fn canonical(&self, theta: &mut [f64]) {
        self.curve.canonical(theta);
    }
}

impl TimeActivity for Superposed {
    fn times(&self) -> &[f64] {
        self.curve.times()
    }

    fn point(&self, theta: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        self.curve.total(theta, gradient, |p| {
            let (b, by_k) = self.schedule.response(p.k, t);
            (p.a * b, b, p.a * by_k)
        })
    }

    fn tia(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.curve.tia(theta, gradient)
    }

    fn terminal_rate(&self, theta: &[f64]) -> f64 {
        self.curve.terminal_rate(theta)
    }

    /// After the last administration every phase falls as one exponential: the measurements from then on are stripped,
    /// and what a phase is then gives what it would have been after one injection. Where fewer than two are left, all are
    /// stripped as they stand: a start, not an answer.
    fn start(&self, activities: &[f64], scratch: &mut StartScratch, theta: &mut [f64]) {
        let end = self.schedule.end();
        let (times, tail): (Vec<f64>, Vec<f64>) = self
            .curve
            .times()
            .iter()
            .zip(activities)
            .filter(|(t, _)| **t >= end)
            .map(|(t, a)| (t - end, *a))
            .unzip();
        let shifted = self.curve.at_times(&times).ok().filter(|_| times.len() >= 2);
        let Some(shifted) = shifted.filter(|_| times.iter().any(|t| *t > 0.0)) else {
            self.curve.start(activities, scratch, theta);
            return;
        };
        shifted.start(&tail, scratch, theta);
        self.curve.rescale(theta, |k| self.schedule.response(k, end).0);
    }

    fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError> {
        self.curve.parameters_from(activities, |scratch, theta| {
            self.start(activities, scratch, theta);
        })
    }
}
