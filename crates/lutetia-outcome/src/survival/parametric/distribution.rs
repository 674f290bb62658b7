//! The families: density, survival, hazard, quantiles, random times.

use std::f64::consts::PI;

use rand::{Rng, RngExt};
use serde::Serialize;
use statrs::function::gamma::{checked_gamma_lr, checked_gamma_ur, ln_gamma};

use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, above_zero, not_determined, not_negative, within,
};
use crate::numeric::{ln_normal_cdf, normal_quantile};

/// A family of distributions of survival times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Constant hazard.
    Exponential,
    /// Hazard a power of time.
    Weibull,
    /// Logarithm of the time normal.
    LogNormal,
    /// Odds of the event a power of time.
    LogLogistic,
    /// Hazard exponential in time.
    Gompertz,
    /// Prentice's family: Weibull at Q = 1, log-normal at Q = 0.
    GeneralisedGamma,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Exponential,
        Self::Weibull,
        Self::LogNormal,
        Self::LogLogistic,
        Self::Gompertz,
        Self::GeneralisedGamma,
    ];

    /// Its name, as typed by a user.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exponential => "exponential",
            Self::Weibull => "weibull",
            Self::LogNormal => "log-normal",
            Self::LogLogistic => "log-logistic",
            Self::Gompertz => "gompertz",
            Self::GeneralisedGamma => "generalised-gamma",
        }
    }

    /// The family of a name.
    ///
    /// # Errors
    /// A name that is not one of [`name`](Self::name).
    pub fn named(name: &str) -> Result<Self, OutcomeError> {
        Self::ALL.into_iter().find(|f| f.name() == name).ok_or_else(|| OutcomeError::UnknownName {
            kind: "family of survival times",
            name: name.to_owned(),
            known: Self::ALL.map(Self::name).join(", "),
        })
    }

    /// Names of its parameters, in the order of [`Distribution::parameters`].
    #[must_use]
    pub fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::Exponential => &["rate"],
            Self::Weibull | Self::LogLogistic => &["shape", "scale"],
            Self::LogNormal => &["mu", "sigma"],
            Self::Gompertz => &["shape", "rate"],
            Self::GeneralisedGamma => &["mu", "sigma", "Q"],
        }
    }
}

/// A distribution of survival times. Rates and scales have the unit of time of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Distribution {
    /// `S = exp(−rate t)`.
    Exponential {
        /// Hazard, 1/time.
        rate: f64,
    },
    /// `S = exp(−(t/scale)^shape)`.
    Weibull {
        /// Power of the cumulative hazard.
        shape: f64,
        /// Time by which 63 % had the event.
        scale: f64,
    },
    /// `S = Φ(−(ln t − mu)/sigma)`.
    LogNormal {
        /// Mean of ln t.
        mu: f64,
        /// Standard deviation of ln t.
        sigma: f64,
    },
    /// `S = 1/(1 + (t/scale)^shape)`.
    LogLogistic {
        /// Power of the odds.
        shape: f64,
        /// Median.
        scale: f64,
    },
    /// `h = rate exp(shape t)`, as in R's `flexsurv`; with a negative shape a share
    /// `exp(rate/shape)` never has the event.
    Gompertz {
        /// Growth of the hazard, 1/time.
        shape: f64,
        /// Hazard at 0, 1/time.
        rate: f64,
    },
    /// Prentice's parameters, as in R's `flexsurv`: with `w = (ln t − mu)/sigma` and
    /// `u = e^{Q w}/Q²`, `S = 1 − P(1/Q², u)` for Q > 0, `P(1/Q², u)` for Q < 0 and the log-normal
    /// at 0; P is the regularised incomplete gamma function.
    GeneralisedGamma {
        /// Location of ln t.
        mu: f64,
        /// Scale of ln t.
        sigma: f64,
        /// Form.
        q: f64,
    },
}

/// Below this |Q| the generalised gamma is interpolated between its values at ± this and the log-normal
/// at 0, with an error of the third power: the incomplete gamma function of 1/Q² loses its digits.
const NEAR_LOG_NORMAL: f64 = 1e-3;

/// A function of Q near 0 by the parabola through its values at ± [`NEAR_LOG_NORMAL`] and at 0.
fn near_log_normal(q: f64, at_zero: f64, at: impl Fn(f64) -> f64) -> f64 {
    let (up, down) = (at(NEAR_LOG_NORMAL), at(-NEAR_LOG_NORMAL));
    let x = q / NEAR_LOG_NORMAL;
    let found = at_zero + 0.5 * x * (up - down) + x * x * (0.5 * (up + down) - at_zero);
    // Far in a tail the neighbours may underflow where the log-normal does not.
    if found.is_finite() { found } else { at_zero }
}

impl Distribution {
    /// A distribution of a family with parameters in the order of [`Family::parameter_names`].
    ///
    /// # Errors
    /// Wrong number of parameters, or one outside its range.
    pub fn new(family: Family, parameters: &[f64]) -> Result<Self, OutcomeError> {
        let names = family.parameter_names();
        if parameters.len() != names.len() {
            return Err(Contradiction::Parameters { found: parameters.len(), family }.into());
        }
        let p = |i: usize| parameters[i];
        let what = |i: usize| format!("`{}` of the {} family", names[i], family.name());
        let positive = |i: usize| above_zero(what(i), p(i), "");
        let finite = |i: usize| within(what(i), p(i), "", true, "a finite number");
        Ok(match family {
            Family::Exponential => Self::Exponential { rate: positive(0)? },
            Family::Weibull => Self::Weibull { shape: positive(0)?, scale: positive(1)? },
            Family::LogNormal => Self::LogNormal { mu: finite(0)?, sigma: positive(1)? },
            Family::LogLogistic => Self::LogLogistic { shape: positive(0)?, scale: positive(1)? },
            Family::Gompertz => Self::Gompertz { shape: finite(0)?, rate: positive(1)? },
            Family::GeneralisedGamma => {
                Self::GeneralisedGamma { mu: finite(0)?, sigma: positive(1)?, q: finite(2)? }
            }
        })
    }

    /// Its family.
    #[must_use]
    pub fn family(&self) -> Family {
        match self {
            Self::Exponential { .. } => Family::Exponential,
            Self::Weibull { .. } => Family::Weibull,
            Self::LogNormal { .. } => Family::LogNormal,
            Self::LogLogistic { .. } => Family::LogLogistic,
            Self::Gompertz { .. } => Family::Gompertz,
            Self::GeneralisedGamma { .. } => Family::GeneralisedGamma,
        }
    }

    /// Its parameters in the order of [`Family::parameter_names`].
    #[must_use]
    pub fn parameters(&self) -> Vec<f64> {
        match *self {
            Self::Exponential { rate } => vec![rate],
            Self::Weibull { shape, scale } | Self::LogLogistic { shape, scale } => {
                vec![shape, scale]
            }
            Self::LogNormal { mu, sigma } => vec![mu, sigma],
            Self::Gompertz { shape, rate } => vec![shape, rate],
            Self::GeneralisedGamma { mu, sigma, q } => vec![mu, sigma, q],
        }
    }

    /// `ln S(t)`; 0 at and before time 0.
    #[must_use]
    pub fn ln_survival(&self, t: f64) -> f64 {
        if t <= 0.0 {
            return 0.0;
        }
        match *self {
            Self::Exponential { rate } => -rate * t,
            Self::Weibull { shape, scale } => -(t / scale).powf(shape),
            Self::LogNormal { mu, sigma } => ln_normal_cdf(-(t.ln() - mu) / sigma),
            Self::LogLogistic { shape, scale } => -ln_1p_exp(shape * (t / scale).ln()),
            Self::Gompertz { shape, rate } => -gompertz_cumulative(shape, rate, t),
            Self::GeneralisedGamma { mu, sigma, q } => {
                if q.abs() < NEAR_LOG_NORMAL {
                    let zero = Self::LogNormal { mu, sigma }.ln_survival(t);
                    let at = |q| Self::GeneralisedGamma { mu, sigma, q }.ln_survival(t);
                    return near_log_normal(q, zero, at);
                }
                let k = 1.0 / (q * q);
                let u = k * (q * (t.ln() - mu) / sigma).exp();
                if q > 0.0 { ln_upper_gamma(k, u) } else { ln_lower_gamma(k, u) }
            }
        }
    }

    /// `ln f(t)`, the logarithm of the density; t above 0.
    #[must_use]
    pub fn ln_density(&self, t: f64) -> f64 {
        match *self {
            Self::Exponential { rate } => rate.ln() - rate * t,
            Self::Weibull { shape, scale } => {
                let z = t / scale;
                (shape / scale).ln() + (shape - 1.0) * z.ln() - z.powf(shape)
            }
            Self::LogNormal { mu, sigma } => {
                let w = (t.ln() - mu) / sigma;
                -0.5 * w * w - (sigma * t).ln() - 0.5 * (2.0 * PI).ln()
            }
            Self::LogLogistic { shape, scale } => {
                let e = shape * (t / scale).ln();
                (shape / t).ln() + e - 2.0 * ln_1p_exp(e)
            }
            Self::Gompertz { shape, rate } => {
                rate.ln() + shape * t - gompertz_cumulative(shape, rate, t)
            }
            Self::GeneralisedGamma { mu, sigma, q } => {
                if q.abs() < NEAR_LOG_NORMAL {
                    let zero = Self::LogNormal { mu, sigma }.ln_density(t);
                    let at = |q| Self::GeneralisedGamma { mu, sigma, q }.ln_density(t);
                    return near_log_normal(q, zero, at);
                }
                let k = 1.0 / (q * q);
                let w = (t.ln() - mu) / sigma;
                q.abs().ln() + k * k.ln() + k * (q * w - (q * w).exp())
                    - (sigma * t).ln()
                    - ln_gamma(k)
            }
        }
    }

    /// S(t).
    #[must_use]
    pub fn survival(&self, t: f64) -> f64 {
        self.ln_survival(t).exp()
    }

    /// H(t) = −ln S(t); infinite where S is 0 to the last digit.
    #[must_use]
    pub fn cumulative_hazard(&self, t: f64) -> f64 {
        -self.ln_survival(t)
    }

    /// h(t) = f/S at t above 0.
    #[must_use]
    pub fn hazard(&self, t: f64) -> f64 {
        (self.ln_density(t) - self.ln_survival(t)).exp()
    }

    /// The time by which the share `p` had the event.
    ///
    /// # Errors
    /// `p` outside 0 to 1; not determined when fewer ever have the event (Gompertz with a negative
    /// shape).
    pub fn quantile(&self, p: f64) -> Result<f64, OutcomeError> {
        within("share of a quantile", p, "", p > 0.0 && p < 1.0, "a number between 0 and 1")?;
        // −ln(1 − p), exact for small p.
        let h = -(-p).ln_1p();
        Ok(match *self {
            Self::Exponential { rate } => h / rate,
            Self::Weibull { shape, scale } => scale * h.powf(1.0 / shape),
            Self::LogNormal { mu, sigma } => (mu + sigma * normal_quantile(p)).exp(),
            Self::LogLogistic { shape, scale } => scale * (p / (1.0 - p)).powf(1.0 / shape),
            Self::Gompertz { shape, rate } => {
                let x = shape * h / rate;
                if x <= -1.0 {
                    let ever = -(rate / shape).exp_m1();
                    let (what, share) = (Asked::TimeOfShare { share: p }, ever);
                    return Err(not_determined(what, NoAnswer::NeverAll { share }));
                }
                // ln(1 + x)/shape, and its limit h/rate at shape 0.
                if x.abs() < 1e-12 { h / rate } else { x.ln_1p() / shape }
            }
            Self::GeneralisedGamma { mu, sigma, .. } => self.bisect_ln_time(-h, mu, sigma)?,
        })
    }

    /// The time at which `ln S` falls to `target`, by bisection of ln t.
    fn bisect_ln_time(&self, target: f64, mu: f64, sigma: f64) -> Result<f64, OutcomeError> {
        let (mut low, mut high) = (mu, mu);
        let mut width = sigma;
        while self.ln_survival(low.exp()) < target && width < 1e3 {
            low -= width;
            width *= 2.0;
        }
        width = sigma;
        while self.ln_survival(high.exp()) > target && width < 1e3 {
            high += width;
            width *= 2.0;
        }
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if self.ln_survival(middle.exp()) > target { low = middle } else { high = middle }
        }
        let t = (0.5 * (low + high)).exp();
        if t.is_finite() && t > 0.0 {
            return Ok(t);
        }
        Err(not_determined(Asked::Quantile, NoAnswer::OutsideFloats))
    }

    /// `∫₀^τ S dt` by Gauss–Legendre pieces, to about 1e-10 of τ.
    ///
    /// # Errors
    /// τ not above 0.
    pub fn restricted_mean(&self, tau: f64) -> Result<f64, OutcomeError> {
        above_zero("horizon of the restricted mean", tau, "")?;
        // With t = τ x³ the steep start of a small shape becomes smooth.
        let integrand = |x: f64| 3.0 * x * x * tau * self.survival(tau * x * x * x);
        Ok(crate::numeric::integrate(&integrand, 0.0, 1.0, 64))
    }

    /// A random time, by inversion; infinite for one who never has the event.
    pub fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        // In (0, 1): 0 would be a time of 0, or none at all.
        let u = loop {
            let u: f64 = rng.random();
            if u > 0.0 {
                break u;
            }
        };
        self.quantile(u).unwrap_or(f64::INFINITY)
    }

    /// The time left to one who is alive at `t0`: a draw of the time given that it is later.
    ///
    /// # Errors
    /// A negative `t0`.
    pub fn sample_after<R: Rng + ?Sized>(&self, t0: f64, rng: &mut R) -> Result<f64, OutcomeError> {
        not_negative("time already survived", t0, "")?;
        let alive = self.survival(t0);
        let u: f64 = rng.random();
        // S(T) is uniform between 0 and S(t0).
        let p = 1.0 - alive * (1.0 - u);
        if p <= 0.0 || p >= 1.0 {
            return Ok(if alive > 0.0 { t0 } else { f64::INFINITY });
        }
        Ok(self.quantile(p).unwrap_or(f64::INFINITY).max(t0))
    }
}

fn ln_1p_exp(x: f64) -> f64 {
    if x > 0.0 { x + (-x).exp().ln_1p() } else { x.exp().ln_1p() }
}

fn gompertz_cumulative(shape: f64, rate: f64, t: f64) -> f64 {
    let x = shape * t;
    // (e^x − 1)/x is 1 to the last digit below this.
    if x.abs() < 1e-16 { rate * t } else { rate * t * (x.exp_m1() / x) }
}

fn ln_upper_gamma(k: f64, u: f64) -> f64 {
    if u > k + 40.0 * k.sqrt() + 200.0 {
        // Far in the tail Γ(k, u) ≈ u^{k−1} e^{−u}(1 + (k−1)/u), where the function underflows.
        return (k - 1.0) * u.ln() - u + ((k - 1.0) / u).ln_1p() - ln_gamma(k);
    }
    checked_gamma_ur(k, u).map_or(f64::NAN, f64::ln)
}

fn ln_lower_gamma(k: f64, u: f64) -> f64 {
    let p = checked_gamma_lr(k, u).unwrap_or(f64::NAN);
    if p > 0.0 || p.is_nan() {
        return p.ln();
    }
    // For small u, P ≈ u^k e^{−u}/Γ(k+1) (1 + u/(k+1)).
    k * u.ln() - u - ln_gamma(k + 1.0) + (u / (k + 1.0)).ln_1p()
}
