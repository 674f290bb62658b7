//! The Kaplan–Meier curve, its quantiles and the area under it.

use serde::Serialize;

use super::data::SurvivalData;
use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, above_zero, confidence_level, not_determined,
    within,
};
use crate::numeric::{two_sided_p, two_sided_z};

/// Scale on which the pointwise interval of a survival curve is symmetric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interval {
    /// `S ± z se(S)`, cut to 0 to 1.
    Plain,
    /// `S exp(± z se(ln S))`, the default of R's `survfit`.
    #[default]
    Log,
    /// `S^exp(± z se(ln(−ln S)))`, never outside 0 to 1, the default of lifelines and of many trials.
    LogLog,
}

impl Interval {
    /// Limits of S from the error of its logarithm; none at S = 0, where that is infinite.
    fn limits(self, survival: f64, error: f64, z: f64) -> Option<(f64, f64)> {
        if survival <= 0.0 {
            return None;
        }
        let half = z * error;
        Some(match self {
            Self::Plain => (survival * (1.0 - half).max(0.0), (survival * (1.0 + half)).min(1.0)),
            Self::Log => (survival * (-half).exp(), (survival * half.exp()).min(1.0)),
            // Before the first event S is 1 on any scale.
            Self::LogLog if survival >= 1.0 => (1.0, 1.0),
            Self::LogLog => {
                let ln = survival.ln();
                let factor = (half / ln).abs().exp();
                ((ln * factor).exp(), (ln / factor).exp())
            }
        })
    }
}

/// The curve at one time at which an event or a censoring happened.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Step {
    /// The time.
    pub time: f64,
    /// Patients at risk just before it.
    pub at_risk: usize,
    /// Events at it.
    pub events: usize,
    /// Censorings at it; after the events by convention.
    pub censored: usize,
    /// S just after it.
    pub survival: f64,
    /// Greenwood's standard error of S.
    pub standard_error: f64,
    /// Lower limit; none where the scale has none (S = 0).
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
}

/// A quantile of the time, such as the median; `None` is "not reached".
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quantile {
    /// The time; none when the curve ends above it.
    pub estimate: Option<f64>,
    /// Lower limit (Brookmeyer–Crowley).
    pub lower: Option<f64>,
    /// Upper limit.
    pub upper: Option<f64>,
}

/// The restricted mean, area under the curve to a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rmst {
    /// The horizon τ.
    pub tau: f64,
    /// `∫₀^τ S dt`, in the unit of time.
    pub mean: f64,
    /// Its standard error; 0 without an event before the horizon, which says nothing.
    pub standard_error: f64,
}

/// Difference of two restricted means.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RmstContrast {
    /// Treated minus reference, in the unit of time.
    pub difference: f64,
    /// `√(se₁² + se₀²)`.
    pub standard_error: f64,
    /// Lower limit.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
    /// Two-sided p-value.
    pub p: f64,
}

/// A Kaplan–Meier curve, `S(t) = Π_{t_i ≤ t} (1 − d_i/n_i)`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KaplanMeier {
    /// Patients.
    pub patients: usize,
    /// Events.
    pub events: usize,
    /// Level of the intervals.
    pub level: f64,
    /// Their scale.
    pub interval: Interval,
    /// Steps in the order of time.
    pub steps: Vec<Step>,
}

impl KaplanMeier {
    /// The curve of these data, `O(n log n)`, with Greenwood's (1926) error `S √(Σ d/(n (n − d)))`. Times closer than √ε,
    /// relatively, are one time, as in R.
    ///
    /// # Errors
    /// A level that is not between 0 and 1.
    pub fn fit(data: &SurvivalData, interval: Interval, level: f64) -> Result<Self, OutcomeError> {
        let z = two_sided_z(confidence_level(level)?);
        let (time, event) = (data.time(), data.event());
        let mut order: Vec<(f64, bool)> = time.iter().copied().zip(event.iter().copied()).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let (mut survival, mut variance, mut first) = (1.0, 0.0, 0);
        let mut steps = Vec::new();
        while first < order.len() {
            let now = order[first].0;
            let (at_risk, mut events, before) = (order.len() - first, 0, first);
            while let Some(&(t, event)) = order.get(first)
                && t <= now
            {
                events += usize::from(event);
                first += 1;
            }
            let (n, d) = (at_risk as f64, events as f64);
            if events > 0 {
                survival *= (n - d) / n;
                variance += d / (n * (n - d));
            }
            let limits = interval.limits(survival, variance.sqrt(), z);
            steps.push(Step {
                time: now,
                at_risk,
                events,
                censored: first - before - events,
                survival,
                // At S = 0 the error of ln S is infinite, and that of S is 0.
                standard_error: if survival > 0.0 { survival * variance.sqrt() } else { 0.0 },
                lower: limits.map(|l| l.0),
                upper: limits.map(|l| l.1),
            });
        }
        Ok(Self { patients: data.len(), events: data.events(), level, interval, steps })
    }

    /// S(t); none after the last observed time unless the curve has reached 0 there.
    #[must_use]
    pub fn survival_at(&self, t: f64) -> Option<f64> {
        let last = self.steps.last()?;
        if t > last.time && last.survival > 0.0 {
            return None;
        }
        Some(self.step_at(t).map_or(1.0, |s| s.survival))
    }

    /// The last step at or before t.
    #[must_use]
    pub fn step_at(&self, t: f64) -> Option<&Step> {
        let next = self.steps.partition_point(|s| s.time <= t);
        next.checked_sub(1).and_then(|i| self.steps.get(i))
    }

    /// Patients at risk at t: those whose time is t or later.
    #[must_use]
    pub fn at_risk_at(&self, t: f64) -> usize {
        let next = self.steps.partition_point(|s| s.time < t);
        self.steps.get(next).map_or(0, |s| s.at_risk)
    }

    /// The time by which the share `p` has had the event, with the limits at which the pointwise
    /// interval crosses `1 − p`. On a flat piece at exactly `1 − p` the middle of the piece is taken, as in R. Where that
    /// piece is the last, its beginning is, as R's `print.survfit` does (`quantile.survfit` goes half-way to the last
    /// time, which says more about the follow-up than about the patients).
    ///
    /// # Errors
    /// `p` outside 0 to 1.
    pub fn quantile(&self, p: f64) -> Result<Quantile, OutcomeError> {
        let good = p > 0.0 && p < 1.0;
        within("share of patients of a quantile", p, "", good, "a number between 0 and 1")?;
        let target = 1.0 - p;
        let crossing = |value: &dyn Fn(&Step) -> Option<f64>| -> Option<f64> {
            let of = |s: &Step| value(s).unwrap_or(f64::INFINITY);
            let at = self.steps.iter().position(|s| of(s) <= target + TIE)?;
            let step = &self.steps[at];
            if (of(step) - target).abs() > TIE {
                return Some(step.time);
            }
            let below = self.steps[at..].iter().find(|s| of(s) < target - TIE);
            below.map(|b| 0.5 * (step.time + b.time)).or(Some(step.time))
        };
        // Where S is 0 it has no limits, and a limit of the time that has not been reached before is
        // not determined (R has NA there).
        Ok(Quantile {
            estimate: crossing(&|s| Some(s.survival)),
            lower: crossing(&|s| s.lower),
            upper: crossing(&|s| s.upper),
        })
    }

    /// The median time.
    #[must_use]
    pub fn median(&self) -> Quantile {
        // 0.5 is in the range of `quantile`.
        self.quantile(0.5).unwrap_or(Quantile { estimate: None, lower: None, upper: None })
    }

    /// Area under the curve to `tau`, with
    /// `Var = Σ_i [∫_{t_i}^τ S]² d_i/(n_i (n_i − d_i))`.
    ///
    /// # Errors
    /// τ not above 0; not determined when τ is after the last observed time and S is not 0 there.
    pub fn rmst(&self, tau: f64) -> Result<Rmst, OutcomeError> {
        above_zero("horizon of the restricted mean", tau, "")?;
        let last = self.steps.last().map_or(0.0, |s| s.time);
        if self.survival_at(tau).is_none() {
            let reason = NoAnswer::BeyondFollowUp { last };
            return Err(not_determined(Asked::RestrictedMean { tau }, reason));
        }
        // Areas from the right, so that the rest ∫_{t_i}^τ S is at hand at each step.
        let steps = &self.steps[..self.steps.partition_point(|s| s.time <= tau)];
        let (mut area, mut variance, mut end) = (0.0, 0.0, tau);
        for step in steps.iter().rev() {
            area += step.survival * (end - step.time);
            end = step.time;
            let (n, d) = (step.at_risk as f64, step.events as f64);
            // With d = n the curve is 0 from here on, and so is the area after it.
            if step.events > 0 && step.events < step.at_risk {
                variance += area * area * d / (n * (n - d));
            }
        }
        Ok(Rmst { tau, mean: area + end, standard_error: variance.sqrt() })
    }
}

impl Rmst {
    /// This restricted mean minus that of the reference, with a normal interval.
    ///
    /// # Errors
    /// Two horizons, or a level not between 0 and 1; not determined when one of them had no event
    /// before the horizon, since nothing then says how uncertain it is.
    pub fn minus(&self, reference: &Self, level: f64) -> Result<RmstContrast, OutcomeError> {
        confidence_level(level)?;
        if (self.tau - reference.tau).abs() > 0.0 {
            let (own, other) = (self.tau, reference.tau);
            return Err(Contradiction::Horizons { own, other }.into());
        }
        if self.standard_error <= 0.0 || reference.standard_error <= 0.0 {
            let reason = NoAnswer::NoEventBefore { tau: self.tau };
            return Err(not_determined(Asked::RestrictedMeanError, reason));
        }
        let difference = self.mean - reference.mean;
        let standard_error = self.standard_error.hypot(reference.standard_error);
        let half = two_sided_z(level) * standard_error;
        Ok(RmstContrast {
            difference,
            standard_error,
            lower: difference - half,
            upper: difference + half,
            p: two_sided_p(difference / standard_error),
        })
    }
}

/// Two values of a curve closer than this are one (R's `quantile.survfit` takes √ε as well).
const TIE: f64 = 1.5e-8;
