//! Maximum likelihood of a family without covariates.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::distribution::{Distribution, Family};
use crate::error::{
    Asked, Contradiction, NoAnswer, OutcomeError, confidence_level, not_determined,
};
use crate::numeric::two_sided_z;
use crate::survival::SurvivalData;

/// An estimated parameter.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Estimate.
    pub value: f64,
    /// Standard error, by the delta method where it was estimated as a logarithm.
    pub standard_error: f64,
    /// Lower limit; of a positive parameter symmetric for its logarithm.
    pub lower: f64,
    /// Upper limit.
    pub upper: f64,
}

/// A fitted family.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParametricFit {
    /// The distribution with the estimated parameters.
    pub distribution: Distribution,
    /// The parameters.
    pub parameters: Vec<Parameter>,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
    /// −2 ln L + 2k.
    pub aic: f64,
    /// −2 ln L + k ln n.
    pub bic: f64,
    /// Level of the intervals.
    pub level: f64,
    /// Covariance of the parameters as they were estimated (see [`standard_error_of`](Self::standard_error_of)).
    #[serde(skip)]
    covariance: DMatrix<f64>,
}

/// Fits a family to right-censored times by maximum likelihood,
/// `ln L = Σ_events ln f(t_i) + Σ_censored ln S(t_i)`.
///
/// # Errors
/// An event at time 0; not determined with fewer different event times than parameters, or where the
/// likelihood has no maximum inside the family.
pub fn fit_parametric(
    data: &SurvivalData,
    family: Family,
    level: f64,
) -> Result<ParametricFit, OutcomeError> {
    confidence_level(level)?;
    let problem = Problem::new(data, family)?;
    let mut best: Option<Optimum> = None;
    for start in problem.starts()? {
        let Some(found) = problem.maximise(start) else { continue };
        if best.as_ref().is_none_or(|b| found.value > b.value) {
            best = Some(found);
        }
    }
    let Some(best) = best else {
        return Err(problem.undetermined(NoAnswer::NoMaximum));
    };
    problem.result(&best, data, level)
}

/// Fits all families, best AIC first; those that are not determined are left out with their reason.
///
/// # Errors
/// A level that is not between 0 and 1.
pub fn fit_all(
    data: &SurvivalData,
    level: f64,
) -> Result<(Vec<ParametricFit>, Vec<(Family, OutcomeError)>), OutcomeError> {
    confidence_level(level)?;
    let (mut fits, mut refused) = (Vec::new(), Vec::new());
    for family in Family::ALL {
        match fit_parametric(data, family, level) {
            Ok(fit) => fits.push(fit),
            Err(error) => refused.push((family, error)),
        }
    }
    fits.sort_by(|a, b| a.aic.total_cmp(&b.aic));
    Ok((fits, refused))
}

impl ParametricFit {
    /// Standard error of a function of the distribution, by the delta method.
    ///
    /// # Errors
    /// What the function refuses.
    pub fn standard_error_of(
        &self,
        f: impl Fn(&Distribution) -> Result<f64, OutcomeError>,
    ) -> Result<f64, OutcomeError> {
        let theta = free(&self.distribution);
        let family = self.distribution.family();
        let mut gradient = DVector::zeros(theta.len());
        for j in 0..theta.len() {
            let h = 1e-5 * (1.0 + theta[j].abs());
            let at = |s: f64| {
                let mut moved = theta.clone();
                moved[j] += s * h;
                f(&bound(family, &moved))
            };
            gradient[j] = (at(1.0)? - at(-1.0)?) / (2.0 * h);
        }
        Ok((gradient.transpose() * &self.covariance * &gradient)[(0, 0)].max(0.0).sqrt())
    }

    /// A quantile with the interval that is symmetric for its logarithm: (estimate, lower, upper).
    ///
    /// # Errors
    /// As [`Distribution::quantile`].
    pub fn quantile(&self, p: f64) -> Result<(f64, f64, f64), OutcomeError> {
        let t = self.distribution.quantile(p)?;
        let se = self.standard_error_of(|d| Ok(d.quantile(p)?.ln()))?;
        let half = (two_sided_z(self.level) * se).exp();
        Ok((t, t / half, t * half))
    }
}

/// The likelihood as a function of unbounded parameters: logarithms of what must be positive. Times
/// are divided by their scale, so that all parameters are of the order of 1.
struct Problem<'a> {
    family: Family,
    events: Vec<f64>,
    censored: Vec<f64>,
    scale: f64,
    data: &'a SurvivalData,
}

struct Optimum {
    theta: DVector<f64>,
    value: f64,
}

fn free(distribution: &Distribution) -> DVector<f64> {
    let p = distribution.parameters();
    DVector::from_vec(match distribution.family() {
        Family::Exponential => vec![p[0].ln()],
        Family::Weibull | Family::LogLogistic => vec![p[0].ln(), p[1].ln()],
        Family::LogNormal | Family::Gompertz => vec![p[0], p[1].ln()],
        Family::GeneralisedGamma => vec![p[0], p[1].ln(), p[2]],
    })
}

fn bound(family: Family, theta: &DVector<f64>) -> Distribution {
    match family {
        Family::Exponential => Distribution::Exponential { rate: theta[0].exp() },
        Family::Weibull => Distribution::Weibull { shape: theta[0].exp(), scale: theta[1].exp() },
        Family::LogNormal => Distribution::LogNormal { mu: theta[0], sigma: theta[1].exp() },
        Family::LogLogistic => {
            Distribution::LogLogistic { shape: theta[0].exp(), scale: theta[1].exp() }
        }
        Family::Gompertz => Distribution::Gompertz { shape: theta[0], rate: theta[1].exp() },
        Family::GeneralisedGamma => {
            Distribution::GeneralisedGamma { mu: theta[0], sigma: theta[1].exp(), q: theta[2] }
        }
    }
}

/// Whether a free parameter is the logarithm of the parameter.
fn logarithm(family: Family, j: usize) -> bool {
    match family {
        Family::Exponential | Family::Weibull | Family::LogLogistic => true,
        Family::LogNormal | Family::Gompertz | Family::GeneralisedGamma => j == 1,
    }
}

impl<'a> Problem<'a> {
    fn new(data: &'a SurvivalData, family: Family) -> Result<Self, OutcomeError> {
        let of = |event: bool| -> Vec<f64> {
            let rows = data.time().iter().zip(data.event());
            rows.filter(|(_, e)| **e == event).map(|(t, _)| *t).collect()
        };
        let (mut events, censored) = (of(true), of(false));
        if let Some(i) = data.time().iter().zip(data.event()).position(|(t, e)| *e && *t <= 0.0) {
            return Err(Contradiction::EventAtZero { patient: i + 1, family }.into());
        }
        events.sort_by(f64::total_cmp);
        let mut distinct = events.clone();
        distinct.dedup();
        let needed = family.parameter_names().len();
        if distinct.len() < needed {
            let reason = NoAnswer::FewTimes { distinct: distinct.len(), parameters: needed };
            return Err(not_determined(Asked::Distribution(family), reason));
        }
        let scale = (events.iter().map(|t| t.ln()).sum::<f64>() / events.len() as f64).exp();
        let divided = |times: Vec<f64>| times.iter().map(|t| t / scale).collect();
        Ok(Self { family, events: divided(events), censored: divided(censored), scale, data })
    }

    fn undetermined(&self, reason: NoAnswer) -> OutcomeError {
        not_determined(Asked::Distribution(self.family), reason)
    }

    fn value(&self, theta: &DVector<f64>) -> f64 {
        let d = bound(self.family, theta);
        let events: f64 = self.events.iter().map(|&t| d.ln_density(t)).sum();
        let censored: f64 = self.censored.iter().map(|&t| d.ln_survival(t)).sum();
        let value = events + censored;
        if value.is_finite() { value } else { f64::NEG_INFINITY }
    }

    fn starts(&self) -> Result<Vec<DVector<f64>>, OutcomeError> {
        let total: f64 = self.events.iter().chain(&self.censored).sum();
        let rate = self.events.len() as f64 / total;
        let ln = -rate.ln();
        let of = |v: &[f64]| DVector::from_row_slice(v);
        Ok(match self.family {
            Family::Exponential => vec![of(&[rate.ln()])],
            Family::Weibull | Family::LogLogistic => vec![of(&[0.0, ln]), of(&[0.7, ln])],
            Family::LogNormal => vec![of(&[ln, 0.0])],
            Family::Gompertz => vec![of(&[0.0, rate.ln()])],
            Family::GeneralisedGamma => {
                let nested = |family: Family| {
                    let problem = Problem { family, ..self.clone_times() };
                    problem.starts().ok()?.into_iter().find_map(|s| problem.maximise(s))
                };
                let mut starts = Vec::new();
                if let Some(w) = nested(Family::Weibull) {
                    starts.push(of(&[w.theta[1], -w.theta[0], 1.0]));
                }
                if let Some(l) = nested(Family::LogNormal) {
                    starts.push(of(&[l.theta[0], l.theta[1], 0.1]));
                    starts.push(of(&[l.theta[0], l.theta[1], -0.5]));
                }
                starts
            }
        })
    }

    fn clone_times(&self) -> Problem<'a> {
        Problem {
            family: self.family,
            events: self.events.clone(),
            censored: self.censored.clone(),
            scale: self.scale,
            data: self.data,
        }
    }

    /// Newton's method with a ridge where the likelihood is not concave, halving steps that do not
    /// raise it. None when it runs away.
    fn maximise(&self, start: DVector<f64>) -> Option<Optimum> {
        let mut theta = start;
        let mut value = self.value(&theta);
        if !value.is_finite() {
            return None;
        }
        let n = theta.len();
        for _ in 0..200 {
            let gradient = self.gradient(&theta);
            let information = -self.hessian(&theta);
            if !gradient.iter().chain(information.iter()).all(|x| x.is_finite()) {
                return None;
            }
            let mut ridge = 0.0;
            let step = loop {
                let damped = &information + DMatrix::identity(n, n) * ridge;
                if let Some(factor) = damped.cholesky() {
                    break factor.solve(&gradient);
                }
                ridge = if ridge > 0.0 { 10.0 * ridge } else { 1e-3 * (1.0 + information.amax()) };
            };
            let mut share = 1.0;
            let next = loop {
                // A step of more than 1 in a logarithm leaves the region where Newton is right.
                let limited = step.amax().max(1.0);
                let tried = &theta + &step * (share / limited);
                let found = self.value(&tried);
                if found >= value {
                    break Some((tried, found));
                }
                share *= 0.5;
                if share < 1e-10 {
                    break None;
                }
            };
            let Some((tried, found)) = next else { break };
            let gain = found - value;
            (theta, value) = (tried, found);
            if theta.amax() > 40.0 {
                return None;
            }
            // The gain of a Newton step is quadratic in what is left: 1e-12 leaves 1e-6 of an error.
            if ridge <= 0.0 && gain < 1e-12 * (1.0 + value.abs()) && step.amax() < 1e-7 {
                break;
            }
        }
        Some(Optimum { theta, value })
    }

    /// Central differences of fourth order; the step balances rounding against truncation.
    fn gradient(&self, theta: &DVector<f64>) -> DVector<f64> {
        const H: f64 = 1e-3;
        DVector::from_fn(theta.len(), |j, _| {
            let at = |s: f64| {
                let mut moved = theta.clone();
                moved[j] += s * H;
                self.value(&moved)
            };
            (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * H)
        })
    }

    fn hessian(&self, theta: &DVector<f64>) -> DMatrix<f64> {
        const H: f64 = 1e-2;
        let n = theta.len();
        let at = |i: usize, a: f64, j: usize, b: f64| {
            let mut moved = theta.clone();
            moved[i] += a * H;
            moved[j] += b * H;
            self.value(&moved)
        };
        let center = self.value(theta);
        let mut hessian = DMatrix::zeros(n, n);
        for i in 0..n {
            // Sixth order along an axis.
            let pair = |s: f64| at(i, s, i, 0.0) + at(i, -s, i, 0.0);
            hessian[(i, i)] = (1.5 * pair(1.0) - 0.15 * pair(2.0) + pair(3.0) / 90.0
                - 49.0 / 18.0 * center)
                / (H * H);
            for j in 0..i {
                // Fourth order across: Richardson on the four-point formula.
                let cross = |s: f64| {
                    (at(i, s, j, s) - at(i, s, j, -s) - at(i, -s, j, s) + at(i, -s, j, -s))
                        / (4.0 * s * s * H * H)
                };
                let c = (4.0 * cross(1.0) - cross(2.0)) / 3.0;
                (hessian[(i, j)], hessian[(j, i)]) = (c, c);
            }
        }
        hessian
    }

    fn result(
        &self,
        best: &Optimum,
        data: &SurvivalData,
        level: f64,
    ) -> Result<ParametricFit, OutcomeError> {
        let runaway = NoAnswer::EdgeOfFamily;
        let information = -self.hessian(&best.theta);
        let gradient = self.gradient(&best.theta);
        let covariance = information
            .cholesky()
            .map(|c| c.inverse())
            .filter(|v| v.iter().all(|x| x.is_finite()))
            .ok_or_else(|| self.undetermined(runaway))?;
        // Half the squared Newton step in units of its error: what of ln L is still to be gained.
        let left = (gradient.transpose() * &covariance * &gradient)[(0, 0)];
        if left > 1e-6 || covariance.diagonal().amax() > 1e4 {
            return Err(self.undetermined(runaway));
        }
        // Back from divided times: rates and scales take the scale of time with them.
        let ln_scale = self.scale.ln();
        let mut theta = best.theta.clone();
        let mut covariance = covariance;
        match self.family {
            Family::Exponential => theta[0] -= ln_scale,
            Family::Weibull | Family::LogLogistic => theta[1] += ln_scale,
            Family::LogNormal | Family::GeneralisedGamma => theta[0] += ln_scale,
            Family::Gompertz => {
                theta[0] /= self.scale;
                theta[1] -= ln_scale;
                covariance.row_mut(0).scale_mut(1.0 / self.scale);
                covariance.column_mut(0).scale_mut(1.0 / self.scale);
            }
        }
        let distribution = bound(self.family, &theta);
        let z = two_sided_z(level);
        let parameters = (0..theta.len())
            .map(|j| {
                let (free, se) = (theta[j], covariance[(j, j)].sqrt());
                let name = self.family.parameter_names()[j];
                if logarithm(self.family, j) {
                    let value = free.exp();
                    let (lower, upper) = ((free - z * se).exp(), (free + z * se).exp());
                    Parameter { name, value, standard_error: value * se, lower, upper }
                } else {
                    let (lower, upper) = (free - z * se, free + z * se);
                    Parameter { name, value: free, standard_error: se, lower, upper }
                }
            })
            .collect();
        let log_likelihood = best.value - self.events.len() as f64 * ln_scale;
        let k = theta.len() as f64;
        Ok(ParametricFit {
            distribution,
            parameters,
            log_likelihood,
            aic: 2.0 * (k - log_likelihood),
            bic: k * (data.len() as f64).ln() - 2.0 * log_likelihood,
            level,
            covariance,
        })
    }
}
