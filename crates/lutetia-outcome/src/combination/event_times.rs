//! Null models on event times.

use std::f64::consts::PI;

use rand::{Rng, RngExt};
use serde::Serialize;

use crate::error::{Asked, Curve, NoAnswer, OutcomeError, not_determined, probability, within};
use crate::numeric::{integrate, normal_cdf, normal_quantile};
use crate::survival::KaplanMeier;

/// Independent action on event times (Palmer and Sorger 2017, Cell 171:1678): each patient has the
/// better of two times, `T = max(T_A, T_B)`, whose ranks are correlated by a Gaussian copula.
///
/// `S = 1 − Φ₂(Φ⁻¹(F_A), Φ⁻¹(F_B); ρ)`; with ρ = 0, `S_A + S_B − S_A S_B`; with ρ = 1 the better curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct IndependentAction {
    correlation: f64,
}

impl IndependentAction {
    /// With a correlation of the times; about 0.3 was found between drugs.
    ///
    /// # Errors
    /// A correlation outside −1 to 1.
    pub fn new(correlation: f64) -> Result<Self, OutcomeError> {
        let good = (-1.0..=1.0).contains(&correlation);
        within("correlation of event times", correlation, "", good, "a number from -1 to 1")?;
        Ok(Self { correlation })
    }

    /// Survival of the combination where the treatments alone have these.
    ///
    /// # Errors
    /// A survival outside 0 to 1.
    pub fn survival(&self, survival_a: f64, survival_b: f64) -> Result<f64, OutcomeError> {
        let fa = 1.0 - probability("survival under A", survival_a)?;
        let fb = 1.0 - probability("survival under B", survival_b)?;
        if fa <= 0.0 || fb <= 0.0 {
            return Ok(1.0);
        }
        if fa >= 1.0 || fb >= 1.0 {
            return Ok(1.0 - fa.min(fb));
        }
        let (h, k) = (normal_quantile(fa), normal_quantile(fb));
        Ok(1.0 - bivariate_normal_cdf(h, k, self.correlation))
    }

    /// The null curve of two Kaplan–Meier curves at these times; not determined (none) after the last
    /// time of either.
    ///
    /// # Errors
    /// What [`survival`](Self::survival) refuses.
    pub fn curve(
        &self,
        a: &KaplanMeier,
        b: &KaplanMeier,
        times: &[f64],
    ) -> Result<Vec<Option<f64>>, OutcomeError> {
        times
            .iter()
            .map(|&t| match (a.survival_at(t), b.survival_at(t)) {
                (Some(x), Some(y)) => self.survival(x, y).map(Some),
                _ => Ok(None),
            })
            .collect()
    }

    /// A pair of uniform numbers with the correlation of the copula: the ranks of a patient's two times.
    pub fn ranks<R: Rng + ?Sized>(&self, rng: &mut R) -> (f64, f64) {
        let (u1, u2): (f64, f64) = (rng.random(), rng.random());
        // Box and Muller; 1 − u lies in (0, 1].
        let r = (-2.0 * (1.0 - u1).ln()).sqrt();
        let (x, y) = (r * (2.0 * PI * u2).cos(), r * (2.0 * PI * u2).sin());
        let z = self.correlation * x + (1.0 - self.correlation * self.correlation).sqrt() * y;
        (normal_cdf(x), normal_cdf(z))
    }
}

/// Independent action without correlation, `S_A + S_B − S_A S_B`.
///
/// # Errors
/// A survival outside 0 to 1.
pub fn independent_action(survival_a: f64, survival_b: f64) -> Result<f64, OutcomeError> {
    let a = probability("survival under A", survival_a)?;
    let b = probability("survival under B", survival_b)?;
    Ok(a + b - a * b)
}

/// Φ₂(h, k; ρ), the distribution function of two standard normals of correlation ρ:
/// `Φ(h)Φ(k) + (1/2π) ∫₀^{asin ρ} exp(−(h² + k² − 2hk sin θ)/(2 cos² θ)) dθ`.
#[must_use]
pub fn bivariate_normal_cdf(h: f64, k: f64, rho: f64) -> f64 {
    if rho >= 1.0 {
        return normal_cdf(h.min(k));
    }
    if rho <= -1.0 {
        return (normal_cdf(h) + normal_cdf(k) - 1.0).max(0.0);
    }
    let integrand = |theta: f64| {
        let (sin, cos) = theta.sin_cos();
        (-(h * h + k * k - 2.0 * h * k * sin) / (2.0 * cos * cos)).exp()
    };
    let correction = integrate(&integrand, 0.0, rho.asin(), 24) / (2.0 * PI);
    (normal_cdf(h) * normal_cdf(k) + correction).clamp(0.0, 1.0)
}

/// Additivity of times (Hwangbo 2023, recalled): patients gain from both, `t_AB(p) = t_A(p) + t_B(p) −
/// t_control(p)` at each share p of patients with the event.
///
/// # Errors
/// Not determined where one of the curves does not reach p.
pub fn additive_times(
    a: &KaplanMeier,
    b: &KaplanMeier,
    control: &KaplanMeier,
    shares: &[f64],
) -> Result<Vec<f64>, OutcomeError> {
    let time = |curve: &KaplanMeier, of: Curve, p: f64| {
        let found = curve.quantile(p)?.estimate;
        let what = Asked::SumOfTimes { share: p };
        found.ok_or_else(|| not_determined(what, NoAnswer::CurveEnds(of)))
    };
    shares
        .iter()
        .map(|&p| {
            Ok(time(a, Curve::A, p)? + time(b, Curve::B, p)? - time(control, Curve::Control, p)?)
        })
        .collect()
}
