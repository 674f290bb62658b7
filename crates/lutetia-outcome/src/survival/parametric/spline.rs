//! Royston–Parmar splines.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use crate::error::{
    Asked, NoAnswer, OutcomeError, Unfinished, above_zero, confidence_level, not_determined, within,
};
use crate::numeric::{integrate, ln_normal_cdf, two_sided_z};
use crate::survival::SurvivalData;

/// What is a natural cubic spline of ln t.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SplineScale {
    /// ln H(t), the logarithm of the cumulative hazard; without internal knots the Weibull distribution.
    #[default]
    Hazard,
    /// ln((1 − S)/S), the logarithm of the odds of the event; without internal knots the log-logistic one.
    Odds,
    /// −Φ⁻¹(S); without internal knots the log-normal one.
    Normal,
}

impl SplineScale {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Hazard, Self::Odds, Self::Normal];

    /// Its name, as in flexsurv.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hazard => "hazard",
            Self::Odds => "odds",
            Self::Normal => "normal",
        }
    }

    /// ln S at a value of the spline.
    fn ln_survival(self, s: f64) -> f64 {
        match self {
            Self::Hazard => -s.exp(),
            Self::Odds => -ln_1p_exp(s),
            Self::Normal => ln_normal_cdf(-s),
        }
    }

    /// ln(−dS/ds), with its first and second derivative by s.
    fn ln_slope(self, s: f64) -> (f64, f64, f64) {
        match self {
            Self::Hazard => (s - s.exp(), 1.0 - s.exp(), -s.exp()),
            Self::Odds => {
                let share = 1.0 / (1.0 + (-s).exp());
                let second = -2.0 * share * (1.0 - share);
                (s - 2.0 * ln_1p_exp(s), 1.0 - 2.0 * share, second)
            }
            Self::Normal => (-0.5 * s * s - LN_ROOT_TWO_PI, -s, -1.0),
        }
    }

    /// First and second derivative of ln S by s.
    fn ln_survival_slopes(self, s: f64) -> (f64, f64) {
        match self {
            Self::Hazard => (-s.exp(), -s.exp()),
            Self::Odds => {
                let share = 1.0 / (1.0 + (-s).exp());
                (-share, -share * (1.0 - share))
            }
            Self::Normal => {
                // φ/Φ(−s), the hazard of the standard normal.
                let ratio = (-0.5 * s * s - LN_ROOT_TWO_PI - ln_normal_cdf(-s)).exp();
                (-ratio, -ratio * (ratio - s))
            }
        }
    }
}

const LN_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_8;

/// ln(1 + eˢ) without overflow.
fn ln_1p_exp(s: f64) -> f64 {
    if s > 0.0 { s + (-s).exp().ln_1p() } else { s.exp().ln_1p() }
}

/// A fitted spline `s(x) = γ₀ + γ₁ x + Σ_j γ_{j+1} v_j(x)` of `x = ln t` with
/// `v_j = (x − k_j)³₊ − λ_j (x − k_min)³₊ − (1 − λ_j)(x − k_max)³₊`, `λ_j = (k_max − k_j)/(k_max − k_min)`
/// (Royston and Parmar 2002, Stat Med 21:2175); linear outside the boundary knots.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplineFit {
    /// What is a spline.
    pub scale: SplineScale,
    /// The knots in ln t: boundary, internal, boundary.
    pub knots: Vec<f64>,
    /// γ.
    pub gamma: Vec<f64>,
    /// Standard errors of γ, from the information matrix.
    pub standard_errors: Vec<f64>,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
    /// −2 ln L + 2k.
    pub aic: f64,
    /// −2 ln L + k ln n.
    pub bic: f64,
    /// Level of the intervals.
    pub level: f64,
    #[serde(skip)]
    covariance: DMatrix<f64>,
}

/// Fits a spline with `internal` knots at equally spaced quantiles of ln t of the events, and boundary knots at
/// the first and last of them, as flexsurv's `flexsurvspline(k = internal)` does.
///
/// # Errors
/// An event at time 0; not determined with fewer different event times than coefficients, or where the
/// likelihood has no maximum; not converged.
pub fn fit_spline(
    data: &SurvivalData,
    internal: usize,
    scale: SplineScale,
    level: f64,
) -> Result<SplineFit, OutcomeError> {
    confidence_level(level)?;
    let what = Asked::Spline { internal };
    for (i, (&t, &e)) in data.time().iter().zip(data.event()).enumerate() {
        let of = format!("time of the event of patient {}", i + 1);
        within(of, t, "", t > 0.0 || !e, "a time above 0, since its logarithm is modelled")?;
    }
    let pick = |wanted: bool| -> Vec<f64> {
        let rows = data.time().iter().zip(data.event());
        // A censoring at time 0 says nothing.
        rows.filter(|(t, e)| **e == wanted && **t > 0.0).map(|(t, _)| t.ln()).collect()
    };
    let (mut events, censored) = (pick(true), pick(false));
    events.sort_by(f64::total_cmp);
    let mut different = events.clone();
    different.dedup();
    if different.len() < internal + 2 {
        return Err(not_determined(
            what,
            NoAnswer::FewTimesForKnots { distinct: different.len(), coefficients: internal + 2 },
        ));
    }
    let knots: Vec<f64> =
        (0..internal + 2).map(|j| quantile(&events, j as f64 / (internal + 1) as f64)).collect();
    if knots.windows(2).any(|w| w[1] - w[0] < 1e-10) {
        return Err(not_determined(what, NoAnswer::KnotsTogether));
    }
    let problem = Problem { scale, knots: &knots, events: &events, censored: &censored };
    let (gamma, covariance) = problem.maximise(what)?;
    let standard_errors = covariance.diagonal().iter().map(|v| v.sqrt()).collect();
    let log_likelihood = problem.value(&gamma) - events.iter().sum::<f64>();
    let k = gamma.len() as f64;
    Ok(SplineFit {
        scale,
        gamma: gamma.iter().copied().collect(),
        standard_errors,
        log_likelihood,
        aic: 2.0 * (k - log_likelihood),
        bic: k * (data.len() as f64).ln() - 2.0 * log_likelihood,
        level,
        covariance,
        knots,
    })
}

/// Quantile with linear interpolation between order statistics (type 7, the default of R).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let low = at.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (at - low as f64) * (sorted[high] - sorted[low])
}

/// The basis at x, and its derivative.
fn basis(knots: &[f64], x: f64) -> (DVector<f64>, DVector<f64>) {
    let n = knots.len();
    let (low, high) = (knots[0], knots[n - 1]);
    let cube = |k: f64| (x - k).max(0.0).powi(3);
    let square = |k: f64| 3.0 * (x - k).max(0.0).powi(2);
    let mut value = DVector::zeros(n);
    let mut slope = DVector::zeros(n);
    (value[0], value[1], slope[1]) = (1.0, x, 1.0);
    for j in 1..n - 1 {
        let share = (high - knots[j]) / (high - low);
        value[j + 1] = cube(knots[j]) - share * cube(low) - (1.0 - share) * cube(high);
        slope[j + 1] = square(knots[j]) - share * square(low) - (1.0 - share) * square(high);
    }
    (value, slope)
}

/// The likelihood over γ, without the constant −Σ ln t of the events. It is concave on all three scales.
struct Problem<'a> {
    scale: SplineScale,
    knots: &'a [f64],
    events: &'a [f64],
    censored: &'a [f64],
}

impl Problem<'_> {
    /// −∞ where the curve rises at an event.
    fn value(&self, gamma: &DVector<f64>) -> f64 {
        let events = self.events.iter().map(|&x| {
            let (v, dv) = basis(self.knots, x);
            let slope = dv.dot(gamma);
            if slope > 0.0 {
                self.scale.ln_slope(v.dot(gamma)).0 + slope.ln()
            } else {
                f64::NEG_INFINITY
            }
        });
        let censored = self.censored.iter().map(|&x| {
            let (v, _) = basis(self.knots, x);
            self.scale.ln_survival(v.dot(gamma))
        });
        let sum: f64 = events.chain(censored).sum();
        if sum.is_nan() { f64::NEG_INFINITY } else { sum }
    }

    fn derivatives(&self, gamma: &DVector<f64>) -> (DVector<f64>, DMatrix<f64>) {
        let n = gamma.len();
        let (mut first, mut second) = (DVector::zeros(n), DMatrix::zeros(n, n));
        for &x in self.events {
            let (v, dv) = basis(self.knots, x);
            let (_, a, b) = self.scale.ln_slope(v.dot(gamma));
            let slope = dv.dot(gamma);
            first.axpy(a, &v, 1.0);
            first.axpy(1.0 / slope, &dv, 1.0);
            second.ger(b, &v, &v, 1.0);
            second.ger(-1.0 / (slope * slope), &dv, &dv, 1.0);
        }
        for &x in self.censored {
            let (v, _) = basis(self.knots, x);
            let (a, b) = self.scale.ln_survival_slopes(v.dot(gamma));
            first.axpy(a, &v, 1.0);
            second.ger(b, &v, &v, 1.0);
        }
        (first, second)
    }

    /// Damped Newton from a straight line of slope 1 through the median of the events.
    fn maximise(&self, what: Asked) -> Result<(DVector<f64>, DMatrix<f64>), OutcomeError> {
        let mut gamma = DVector::zeros(self.knots.len());
        gamma[1] = 1.0;
        gamma[0] = -quantile(self.events, 0.5);
        let mut value = self.value(&gamma);
        for _ in 0..200 {
            let (first, second) = self.derivatives(&gamma);
            let Some(factor) = (-second).cholesky() else { break };
            let step = factor.solve(&first);
            // What is still to be gained, twice: it is below the rounding of the likelihood at 1e-18 n.
            let left = first.dot(&step);
            if left < 1e-16 * (1.0 + value.abs()) {
                let covariance = factor.inverse();
                if covariance.diagonal().amax().sqrt() > 1e6 {
                    break;
                }
                return Ok((gamma, covariance));
            }
            let mut length = 1.0;
            loop {
                let moved = &gamma + length * &step;
                let there = self.value(&moved);
                if there > value || (length * step.amax() < 1e-13 && there.is_finite()) {
                    (gamma, value) = (moved, there);
                    break;
                }
                length *= 0.5;
                if length < 1e-12 {
                    // At the maximum to rounding.
                    let covariance = factor.inverse();
                    return if left < 1e-8 {
                        Ok((gamma, covariance))
                    } else {
                        Err(OutcomeError::NotConverged { what, reason: Unfinished::NoStepUp })
                    };
                }
            }
        }
        Err(not_determined(what, NoAnswer::NoMaximumOfKnots))
    }
}

impl SplineFit {
    /// Number of internal knots.
    #[must_use]
    pub fn internal_knots(&self) -> usize {
        self.knots.len() - 2
    }

    fn at(&self, t: f64) -> (f64, f64) {
        let gamma = DVector::from_column_slice(&self.gamma);
        let (v, dv) = basis(&self.knots, t.ln());
        (v.dot(&gamma), dv.dot(&gamma))
    }

    /// S(t).
    #[must_use]
    pub fn survival(&self, t: f64) -> f64 {
        if t <= 0.0 { 1.0 } else { self.scale.ln_survival(self.at(t).0).exp() }
    }

    /// The hazard h(t) at t above 0; below 0 where the curve rises, which a spline can do where there are no
    /// events.
    ///
    /// # Errors
    /// A time that is not above 0.
    pub fn hazard(&self, t: f64) -> Result<f64, OutcomeError> {
        above_zero("time of a hazard", t, "")?;
        let (s, slope) = self.at(t);
        Ok((self.scale.ln_slope(s).0 - self.scale.ln_survival(s)).exp() * slope / t)
    }

    /// S(t) with its interval, which is symmetric for the spline: (estimate, lower, upper).
    #[must_use]
    pub fn survival_interval(&self, t: f64) -> (f64, f64, f64) {
        if t <= 0.0 {
            return (1.0, 1.0, 1.0);
        }
        let (v, _) = basis(&self.knots, t.ln());
        let s = self.at(t).0;
        let half = two_sided_z(self.level)
            * (v.transpose() * &self.covariance * &v)[(0, 0)].max(0.0).sqrt();
        let of = |s: f64| self.scale.ln_survival(s).exp();
        (of(s), of(s + half), of(s - half))
    }

    /// Whether S falls everywhere between the first and the last event (looked at on 200 points).
    #[must_use]
    pub fn falls(&self) -> bool {
        let (low, high) = (self.knots[0], self.knots[self.knots.len() - 1]);
        let gamma = DVector::from_column_slice(&self.gamma);
        (0..=200).all(|i| {
            let x = low + (high - low) * f64::from(i) / 200.0;
            basis(&self.knots, x).1.dot(&gamma) > 0.0
        })
    }

    /// The time by which the share `p` has had the event.
    ///
    /// # Errors
    /// `p` outside 0 to 1; not determined where the curve does not fall, or falls no further than that.
    pub fn quantile(&self, p: f64) -> Result<f64, OutcomeError> {
        let good = p > 0.0 && p < 1.0;
        within("share of patients of a quantile", p, "", good, "a number between 0 and 1")?;
        let what = Asked::SplineQuantile { share: p };
        if !self.falls() {
            return Err(not_determined(what, NoAnswer::Rises));
        }
        let at = |x: f64| self.survival(x.exp()) - (1.0 - p);
        let (mut low, mut high) = (self.knots[0] - 1.0, self.knots[self.knots.len() - 1] + 1.0);
        let mut width = 1.0;
        while at(low) < 0.0 || at(high) > 0.0 {
            width *= 2.0;
            if width > 512.0 {
                return Err(not_determined(what, NoAnswer::FallsNoFurther));
            }
            (low, high) = (low - width, high + width);
        }
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if at(middle) > 0.0 { low = middle } else { high = middle }
        }
        Ok((0.5 * (low + high)).exp())
    }

    /// `∫₀^τ S dt`.
    ///
    /// # Errors
    /// τ not above 0.
    pub fn restricted_mean(&self, tau: f64) -> Result<f64, OutcomeError> {
        above_zero("horizon of the restricted mean", tau, "")?;
        // In √t the steep start of a curve of small shape is a smooth function.
        let f = |u: f64| 2.0 * u * self.survival(u * u);
        Ok(integrate(&f, 0.0, tau.sqrt(), 400))
    }
}
