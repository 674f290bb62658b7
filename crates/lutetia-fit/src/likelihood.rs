//! The likelihood as a function of the transformed parameters, with its gradient and Fisher information.

use argmin::core::{CostFunction, Error, Gradient};
use lutetia_population::Transform;
use nalgebra::{DMatrix, DVector};

use crate::error::{EvaluationError, PredictError};
use crate::problem::{Censoring, ErrorModel, Problem};
use crate::quasi::VarianceFunction;
use crate::solver::{Linearisation, Scored};
use crate::tails::{ln_normal_cdf, normal_hazard};

/// `½ (−2 ln L + prior)` of a [`Problem`], up to a constant, as an argmin problem.
///
/// Where the variance follows the curve and its size is known ([`ErrorModel::Proportional`], [`ErrorModel::Combined`]
/// with fixed magnitudes), the quasi-likelihood of that variance takes the place of the normal likelihood: the weights
/// are those of the curve, but they do not draw the curve to where the variance is small.
///
/// The vector `x` holds the free parameters on their transformed scales, then the natural logarithms of the estimated
/// error magnitudes. Where the common variance drops out of the estimates ([`ErrorModel::Additive`] or
/// [`ErrorModel::Weighted`] with unknown magnitude, no prior, no censoring) it is left out of `x` and the cost is half
/// the weighted sum of squares.
#[derive(Clone)]
pub struct Objective<'a> {
    problem: &'a Problem<'a>,
    free: Vec<usize>,
    profiled: bool,
    /// `Some(position in the sigma block)` for each estimated magnitude.
    sigma_slot: Vec<Option<usize>>,
    n_sigma: usize,
}

/// Variance of one observation with its derivatives.
struct Variance {
    r: f64,
    by_prediction: f64,
    by_ln_sigma: [f64; 2],
}

impl<'a> Objective<'a> {
    /// The objective of a problem. The problem must be consistent, as [`fit`](fn@crate::fit) checks.
    pub fn new(problem: &'a Problem<'a>) -> Self {
        let profiled = problem.profiled();
        let mut n_sigma = 0;
        let sigma_slot = problem
            .error
            .magnitudes()
            .iter()
            .map(|(_, m)| {
                (m.estimated() && !profiled).then(|| {
                    n_sigma += 1;
                    n_sigma - 1
                })
            })
            .collect();
        Self { problem, free: problem.free(), profiled, sigma_slot, n_sigma }
    }

    /// Indices of the free parameters.
    pub(crate) fn free(&self) -> &[usize] {
        &self.free
    }
    /// Number of free parameters.
    pub(crate) fn n_free(&self) -> usize {
        self.free.len()
    }
    /// Whether the common variance is left to be taken from the residuals.
    pub(crate) fn profiled(&self) -> bool {
        self.profiled
    }
    /// Length of `x`.
    pub fn dimension(&self) -> usize {
        self.free.len() + self.n_sigma
    }
    /// Places of the magnitudes in `x`.
    pub(crate) fn sigma_index(&self, magnitude: usize) -> Option<usize> {
        self.sigma_slot.get(magnitude).copied().flatten().map(|k| self.free.len() + k)
    }

    /// All parameters on their natural scale.
    pub fn theta(&self, x: &[f64]) -> Vec<f64> {
        let mut theta: Vec<f64> = self.problem.parameters.iter().map(|p| p.start).collect();
        for (k, &i) in self.free.iter().enumerate() {
            theta[i] = self.problem.parameters[i].transform.backward(x[k]);
        }
        theta
    }

    /// `x` of natural parameters and the magnitudes' starting values.
    pub fn x(&self, theta: &[f64]) -> Vec<f64> {
        let mut x: Vec<f64> = self
            .free
            .iter()
            .map(|&i| self.problem.parameters[i].transform.forward(theta[i]))
            .collect();
        for (k, (_, m)) in self.problem.error.magnitudes().iter().enumerate() {
            if self.sigma_slot[k].is_some() {
                x.push(m.value().ln());
            }
        }
        x
    }

    /// Values of the error magnitudes at `x` (1 where profiled).
    pub(crate) fn magnitudes(&self, x: &[f64]) -> Vec<f64> {
        let list = self.problem.error.magnitudes();
        let value = |k: usize| match self.sigma_index(k) {
            Some(i) => x[i].exp(),
            None if self.profiled => 1.0,
            None => list[k].1.value(),
        };
        (0..list.len()).map(value).collect()
    }

    fn variance(&self, j: usize, f: f64, sigma: &[f64]) -> Variance {
        let sd = self.problem.observations[j].sd.unwrap_or(1.0);
        match self.problem.error {
            ErrorModel::Known => Variance { r: sd * sd, by_prediction: 0.0, by_ln_sigma: [0.0; 2] },
            ErrorModel::Weighted => {
                let r = (sigma[0] * sd).powi(2);
                Variance { r, by_prediction: 0.0, by_ln_sigma: [2.0 * r, 0.0] }
            }
            ErrorModel::Additive { .. } => {
                let r = sigma[0] * sigma[0];
                Variance { r, by_prediction: 0.0, by_ln_sigma: [2.0 * r, 0.0] }
            }
            ErrorModel::Proportional { .. } => {
                let r = (sigma[0] * f).powi(2);
                let by_prediction = 2.0 * sigma[0] * sigma[0] * f;
                Variance { r, by_prediction, by_ln_sigma: [2.0 * r, 0.0] }
            }
            ErrorModel::Combined { .. } => {
                let (a, b) = (sigma[0] * sigma[0], (sigma[1] * f).powi(2));
                let by_prediction = 2.0 * sigma[1] * sigma[1] * f;
                Variance { r: a + b, by_prediction, by_ln_sigma: [2.0 * a, 2.0 * b] }
            }
        }
    }

    /// Standard deviation of each observation about its prediction at `x` (relative where profiled).
    pub(crate) fn standard_deviations(&self, x: &[f64], values: &[f64]) -> Vec<f64> {
        let sigma = self.magnitudes(x);
        values.iter().enumerate().map(|(j, &f)| self.variance(j, f, &sigma).r.sqrt()).collect()
    }

    /// Predictions, checked to be finite.
    pub(crate) fn predict(
        &self,
        theta: &[f64],
        jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<Vec<f64>, PredictError> {
        let mut values = vec![0.0; self.problem.observations.len()];
        let checked = jacobian.is_some();
        let mut scratch = None;
        if let Some(j) = jacobian {
            self.problem.predictor.predict(theta, &mut values, Some(&mut *j))?;
            scratch = Some(j);
        } else {
            self.problem.predictor.predict(theta, &mut values, None)?;
        }
        let bad_value = values.iter().position(|v| !v.is_finite()).map(|i| (i, values[i]));
        let bad = bad_value.or_else(|| {
            let j = scratch.filter(|_| checked)?;
            let k = j.iter().position(|v| !v.is_finite())?;
            Some((k % j.nrows().max(1), j[k]))
        });
        match bad {
            Some((index, value)) => {
                Err(PredictError::NonFinite { index, value, parameters: self.problem.named(theta) })
            }
            None => Ok(values),
        }
    }

    /// Cost at `x`.
    pub(crate) fn cost_at(&self, x: &[f64]) -> Result<f64, EvaluationError> {
        self.evaluate(x, None)
    }

    /// Cost at `x`; with `rows` also pseudo-residuals and matrix.
    fn evaluate(
        &self,
        x: &[f64],
        rows: Option<(&mut DVector<f64>, &mut DMatrix<f64>)>,
    ) -> Result<f64, EvaluationError> {
        let theta = self.theta(x);
        let sigma = self.magnitudes(x);
        let n = self.problem.observations.len();
        let p = self.free.len();
        let mut jacobian =
            rows.is_some().then(|| DMatrix::zeros(n, self.problem.predictor.names().len()));
        let values = self.predict(&theta, jacobian.as_mut())?;
        let slopes: Vec<f64> = self
            .free
            .iter()
            .enumerate()
            .map(|(k, &i)| self.problem.parameters[i].transform.slope(x[k]))
            .collect();
        let mut rows = rows.zip(jacobian);
        // The variance is constant where it can be left out of the cost; where it follows the curve with a known size,
        // the quasi-likelihood takes its place.
        let quasi = self.quasi();
        let constant_variance = self.profiled
            || matches!(self.problem.error, ErrorModel::Known)
            || self.fixed_sd()
            || quasi.is_some();

        let mut cost = 0.0;
        for (j, o) in self.problem.observations.iter().enumerate() {
            let f = values[j];
            let v = self.variance(j, f, &sigma);
            if !(v.r.is_finite() && v.r > 0.0) {
                return Err(EvaluationError::Variance {
                    label: o.label.clone(),
                    variance: v.r,
                    prediction: f,
                });
            }
            let sd = v.r.sqrt();
            // ∂R/∂x_c
            let dr = |jac: &DMatrix<f64>, c: usize| {
                if c < p {
                    v.by_prediction * jac[(j, self.free[c])] * slopes[c]
                } else {
                    let slot = c - p;
                    let k = self.sigma_slot.iter().position(|s| *s == Some(slot));
                    k.map_or(0.0, |k| v.by_ln_sigma[k])
                }
            };
            // ∂f/∂x_c
            let df = |jac: &DMatrix<f64>, c: usize| {
                if c < p { jac[(j, self.free[c])] * slopes[c] } else { 0.0 }
            };
            let columns = p + self.n_sigma;
            match o.censoring {
                Censoring::None => {
                    let z = (o.value - f) / sd;
                    cost += quasi.map_or(0.5 * z * z, |q| q.half_deviance(o.value, f));
                    if !constant_variance {
                        cost += sd.ln();
                    }
                    if let Some(((r, m), jac)) = rows.as_mut() {
                        r[j] = -z;
                        for c in 0..columns {
                            m[(j, c)] = df(jac, c) / sd;
                        }
                        if !constant_variance {
                            // Gradient ½ (b/R)(1 − z²) and information ½ (b/R)² as a second row.
                            r[n + j] = (1.0 - z * z) * std::f64::consts::FRAC_1_SQRT_2;
                            for c in 0..columns {
                                m[(n + j, c)] = dr(jac, c) / v.r * std::f64::consts::FRAC_1_SQRT_2;
                            }
                        }
                    }
                }
                Censoring::Left => {
                    let z = (o.value - f) / sd;
                    cost -= ln_normal_cdf(z);
                    if let Some(((r, m), jac)) = rows.as_mut() {
                        let h = normal_hazard(z);
                        // −∂² ln Φ/∂z² = h (z + h) > 0; far inside the limit it vanishes and the row says nothing.
                        // In the far tail z + h cancels; there it tends to −1/z and h (z + h) to 1.
                        let w = if z < -1e4 { 1.0 } else { h * (z + h) };
                        if w > 1e-200 {
                            let root = w.sqrt();
                            r[j] = -h / root;
                            for c in 0..columns {
                                let dz = -df(jac, c) / sd - 0.5 * z * dr(jac, c) / v.r;
                                m[(j, c)] = root * dz;
                            }
                        }
                    }
                }
            }
        }
        for (k, &i) in self.free.iter().enumerate() {
            if let Some(prior) = self.problem.parameters[i].prior {
                let z = (x[k] - prior.mean) / prior.sd;
                cost += 0.5 * z * z;
                if let Some(((r, m), _)) = rows.as_mut() {
                    r[2 * n + k] = z;
                    m[(2 * n + k, k)] = 1.0 / prior.sd;
                }
            }
        }
        if cost.is_finite() { Ok(cost) } else { Err(EvaluationError::Cost { cost }) }
    }

    /// The variance function where the variance follows the curve and its size is known.
    fn quasi(&self) -> Option<VarianceFunction> {
        VarianceFunction::of(self.problem.error)
    }

    fn fixed_sd(&self) -> bool {
        matches!(self.problem.error, ErrorModel::Additive { sd } if !sd.estimated())
    }

    /// [`Scored::linearise`] with this crate's own error.
    pub(crate) fn linearised(&self, x: &[f64]) -> Result<Linearisation, EvaluationError> {
        let n = self.problem.observations.len();
        let columns = self.dimension();
        let rows = 2 * n + columns;
        let mut r = DVector::zeros(rows);
        let mut m = DMatrix::zeros(rows, columns);
        let cost = self.evaluate(x, Some((&mut r, &mut m)))?;
        if let Some(bad) = m.iter().chain(r.iter()).find(|v| !v.is_finite()) {
            return Err(EvaluationError::Cost { cost: *bad });
        }
        // Rows without content (constant variance, no prior) only cost time.
        let used: Vec<usize> = (0..rows)
            .filter(|&i| i < columns || r[i].abs() > 0.0 || m.row(i).iter().any(|v| v.abs() > 0.0))
            .collect();
        let (r, m) = (r.select_rows(&used), m.select_rows(&used));
        Ok(Linearisation { cost, r, m, scale: self.scale(cost) })
    }

    /// Variance of the unit of the cost: 1 where the variance is part of the likelihood, the mean squared residual
    /// where it is profiled; never below what rounding of the data leaves (1e-12 of their mean square), so that a curve
    /// through every point also ends.
    fn scale(&self, cost: f64) -> f64 {
        let n = self.problem.observations.len();
        let base = if self.profiled {
            2.0 * cost / n.saturating_sub(self.free.len()).max(1) as f64
        } else {
            1.0
        };
        let mean_square: f64 = self
            .problem
            .observations
            .iter()
            .map(|o| {
                let unit = match self.problem.error {
                    ErrorModel::Known | ErrorModel::Weighted => o.sd.unwrap_or(1.0),
                    ErrorModel::Additive { sd } if !sd.estimated() => sd.value(),
                    ErrorModel::Additive { .. } => 1.0,
                    _ => return 0.0,
                };
                (o.value / unit).powi(2)
            })
            .sum::<f64>()
            / n as f64;
        base.max(1e-12 * mean_square).max(f64::MIN_POSITIVE)
    }

    /// −2 ln L at `x` with all constants (`n ln 2π`) and without the prior; where profiled, at the maximum-likelihood
    /// variance `RSS/n`; where the variance follows the curve with a known size, the extended quasi-likelihood of Nelder
    /// and Pregibon (1987), `D + Σ ln 2πV(y)`, whose differences between functions are those of the deviance. `None`
    /// where the residuals vanish and the likelihood has no bound.
    pub(crate) fn minus_two_log_likelihood(&self, x: &[f64], cost: f64) -> Option<f64> {
        let observations = &self.problem.observations;
        let measured = observations.iter().filter(|o| o.censoring == Censoring::None);
        let n = measured.clone().count() as f64;
        let two_pi = (2.0 * std::f64::consts::PI).ln();
        let ln_sd = |sd: f64| 2.0 * sd.ln();
        let value = if self.profiled {
            let rss = 2.0 * cost;
            let own: f64 = match self.problem.error {
                ErrorModel::Weighted => measured.map(|o| ln_sd(o.sd.unwrap_or(1.0))).sum(),
                _ => 0.0,
            };
            n * (two_pi + (rss / n).ln() + 1.0) + own
        } else {
            let constant: f64 = match self.problem.error {
                ErrorModel::Known => measured.map(|o| ln_sd(o.sd.unwrap_or(1.0))).sum(),
                ErrorModel::Additive { sd } if !sd.estimated() => n * ln_sd(sd.value()),
                _ => self.quasi().map_or(0.0, |q| measured.map(|o| q.variance(o.value).ln()).sum()),
            };
            2.0 * cost - self.prior_penalty(x) + n * two_pi + constant
        };
        value.is_finite().then_some(value)
    }

    /// `Σ ((φ − μ)/ω)²`
    pub(crate) fn prior_penalty(&self, x: &[f64]) -> f64 {
        let term = |(k, &i): (usize, &usize)| {
            self.problem.parameters[i].prior.map_or(0.0, |q| ((x[k] - q.mean) / q.sd).powi(2))
        };
        self.free.iter().enumerate().map(term).sum()
    }

    /// Box on `x`. Magnitudes stay within a factor 1e9 of their start; log parameters within what a double holds.
    pub(crate) fn bounds(&self) -> (Vec<f64>, Vec<f64>) {
        let mut lower = Vec::with_capacity(self.dimension());
        let mut upper = Vec::with_capacity(self.dimension());
        for &i in &self.free {
            let p = &self.problem.parameters[i];
            let (lo, hi) = p.bounds.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
            let (floor, ceiling) = p.transform.reach();
            let phi = |v: f64, other: f64| {
                let f = p.transform.forward(v);
                if f.is_nan() { other } else { f }
            };
            lower.push(phi(lo, floor).max(floor));
            upper.push(phi(hi, ceiling).min(ceiling));
        }
        let reach = 1e9_f64.ln();
        for (k, (_, m)) in self.problem.error.magnitudes().iter().enumerate() {
            if self.sigma_slot[k].is_some() {
                lower.push(m.value().ln() - reach);
                upper.push(m.value().ln() + reach);
            }
        }
        (lower, upper)
    }

    /// Longest step of one iteration: a factor e³ on log and logit scales; on the identity scale a hundred times the
    /// start (or 100 where that is zero).
    pub(crate) fn step_limits(&self, x: &[f64]) -> Vec<f64> {
        (0..self.dimension())
            .map(|k| match self.free.get(k).map(|&i| self.problem.parameters[i].transform) {
                Some(Transform::Identity) if x[k].abs() > 0.0 => 100.0 * x[k].abs(),
                Some(Transform::Identity) => 100.0,
                _ => 3.0,
            })
            .collect()
    }
}

impl CostFunction for Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Self::Param) -> Result<f64, Error> {
        Ok(self.evaluate(x, None)?)
    }
}

impl Gradient for Objective<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Self::Param) -> Result<Vec<f64>, Error> {
        Ok(self.linearised(x)?.gradient().iter().copied().collect())
    }
}

impl Scored for Objective<'_> {
    fn linearise(&self, x: &[f64]) -> Result<Linearisation, Error> {
        Ok(self.linearised(x)?)
    }
}
