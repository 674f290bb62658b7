//! The likelihood of `ln T = xᵀβ + σ ε` and its maximum.

use std::f64::consts::PI;

use nalgebra::{DMatrix, DVector};

use super::aft::AftFamily;
use crate::numeric::ln_normal_cdf;

/// The logarithm of a density or of a survival function, with two derivatives.
#[derive(Debug, Clone, Copy)]
struct Log {
    value: f64,
    slope: f64,
    curvature: f64,
}

/// Of the error ε at w: ln f where the event was seen, ln S where it was not (Kalbfleisch and Prentice 2002, section
/// 3.6). Extreme value `S = exp(−e^w)`, logistic `S = 1/(1 + e^w)`, normal `S = Φ(−w)`.
fn log(family: AftFamily, w: f64, event: bool) -> Log {
    match (family, event) {
        (AftFamily::Exponential | AftFamily::Weibull, true) => {
            let e = w.exp();
            Log { value: w - e, slope: 1.0 - e, curvature: -e }
        }
        (AftFamily::Exponential | AftFamily::Weibull, false) => {
            let e = w.exp();
            Log { value: -e, slope: -e, curvature: -e }
        }
        (AftFamily::LogLogistic, event) => {
            // ln(1 + e^w) without overflow.
            let ln = w.max(0.0) + (-w.abs()).exp().ln_1p();
            let p = 1.0 / (1.0 + (-w).exp());
            let square = p * (1.0 - p);
            if event {
                Log { value: w - 2.0 * ln, slope: 1.0 - 2.0 * p, curvature: -2.0 * square }
            } else {
                Log { value: -ln, slope: -p, curvature: -square }
            }
        }
        (AftFamily::LogNormal, true) => {
            Log { value: ln_normal_density(w), slope: -w, curvature: -1.0 }
        }
        (AftFamily::LogNormal, false) => {
            let value = ln_normal_cdf(-w);
            let hazard = (ln_normal_density(w) - value).exp();
            Log { value, slope: -hazard, curvature: -hazard * (hazard - w) }
        }
    }
}

fn ln_normal_density(w: f64) -> f64 {
    -0.5 * (w * w + (2.0 * PI).ln())
}

/// Logarithms of times with their covariates, row by row, the first of which is 1.
pub(super) struct Sample<'a> {
    pub(super) family: AftFamily,
    pub(super) ln_time: Vec<f64>,
    pub(super) event: &'a [bool],
    pub(super) x: Vec<f64>,
    pub(super) coefficients: usize,
}

/// A maximum of the likelihood.
pub(super) struct Maximum {
    /// β, and ln σ where it is estimated.
    pub(super) theta: DVector<f64>,
    pub(super) value: f64,
    pub(super) covariance: DMatrix<f64>,
}

/// Why there is none.
pub(super) enum NoMaximum {
    /// The coefficient of this position is not determined.
    Dependent(usize),
    /// σ falls without end.
    NoScatter,
    /// The likelihood became flat in the coefficient of this position on the way.
    Flat(usize),
    /// So many steps were not enough.
    Steps(usize),
}

struct At {
    value: f64,
    score: DVector<f64>,
    information: DMatrix<f64>,
}

/// Steps of Newton that are made at most.
const STEPS: usize = 200;
/// σ below this is none: times are given with fewer digits.
const LEAST_LN_SCALE: f64 = -18.0;
/// Of the gain of a step in ln L, relatively: what is left is far below, as Newton's steps gain quadratically.
const GAIN: f64 = 1e-12;
/// A ridge above this makes any information positive.
const LARGEST_RIDGE: f64 = 1e9;
/// Largest distance of a time from the mean, in scales, at the start: its exponential is still a number.
const FARTHEST: f64 = 50.0;
/// A pivot below this share of its diagonal is none.
const PIVOT: f64 = 1e-11;

impl Sample<'_> {
    /// Maximises `ln L = Σ_events [ln f(w) − ln σ − ln t] + Σ_censored ln S(w)`, `w = (ln t − xᵀβ)/σ`, by Newton's method
    /// in β and ln σ, with a ridge where the likelihood is not concave and halved steps where it falls.
    pub(super) fn maximise(&self) -> Result<Maximum, NoMaximum> {
        if let Some(j) = self.dependent() {
            return Err(NoMaximum::Dependent(j));
        }
        let mut theta = self.start();
        let mut here = self.at(&theta);
        for made in 0..STEPS {
            let (step, concave) = newton(&here).ok_or(NoMaximum::Steps(made))?;
            let mut share = 1.0 / step.amax().max(1.0);
            let there = loop {
                let there = self.at(&(&theta + &step * share));
                if there.value >= here.value || share < f64::EPSILON {
                    break there;
                }
                share *= 0.5;
            };
            theta += &step * share;
            let gain = there.value - here.value;
            here = there;
            if self.estimates_scale() && theta[self.coefficients] < LEAST_LN_SCALE {
                return Err(NoMaximum::NoScatter);
            }
            if concave && gain.abs() <= GAIN * (1.0 + here.value.abs()) {
                return Self::maximum(theta, &here);
            }
        }
        Err(NoMaximum::Steps(STEPS))
    }

    fn estimates_scale(&self) -> bool {
        self.family != AftFamily::Exponential
    }

    /// The first column that follows from those before it: its part that is orthogonal to them is next to nothing.
    fn dependent(&self) -> Option<usize> {
        let k = self.coefficients;
        let x = DMatrix::from_row_slice(self.ln_time.len(), k, &self.x);
        let gram = x.tr_mul(&x);
        (0..k).find(|&j| {
            let block = gram.view((0, 0), (j + 1, j + 1)).into_owned();
            let left = block.cholesky().map_or(0.0, |c| c.l_dirty()[(j, j)].powi(2));
            left <= PIVOT * gram[(j, j)]
        })
    }

    /// Mean and deviation of ln t, of all times.
    fn start(&self) -> DVector<f64> {
        let n = self.ln_time.len() as f64;
        let mean = self.ln_time.iter().sum::<f64>() / n;
        let variance = self.ln_time.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n;
        let mut theta = DVector::zeros(self.coefficients + usize::from(self.estimates_scale()));
        theta[0] = mean;
        if self.estimates_scale() {
            let farthest = self.ln_time.iter().fold(0.0_f64, |far, y| far.max(y - mean));
            theta[self.coefficients] = variance.sqrt().max(farthest / FARTHEST).max(1e-2).ln();
        }
        theta
    }

    /// ln L with its gradient and the negative of its Hessian. From `∂w/∂β = −x/σ` and `∂w/∂ln σ = −w`.
    fn at(&self, theta: &DVector<f64>) -> At {
        let k = self.coefficients;
        let size = theta.len();
        let ln_scale = if self.estimates_scale() { theta[k] } else { 0.0 };
        let scale = ln_scale.exp();
        let mut value = 0.0;
        let mut score = DVector::zeros(size);
        let mut information = DMatrix::zeros(size, size);
        for ((x, &y), &event) in self.x.chunks_exact(k).zip(&self.ln_time).zip(self.event) {
            let predictor: f64 = x.iter().zip(theta.iter()).map(|(x, b)| x * b).sum();
            let w = (y - predictor) / scale;
            let of = log(self.family, w, event);
            value += of.value;
            if event {
                value -= ln_scale + y;
            }
            for i in 0..k {
                let xi = x[i] / scale;
                score[i] -= of.slope * xi;
                for j in 0..=i {
                    information[(i, j)] -= of.curvature * xi * x[j] / scale;
                }
            }
            if self.estimates_scale() {
                let cross = of.slope + w * of.curvature;
                for j in 0..k {
                    information[(k, j)] -= cross * x[j] / scale;
                }
                score[k] -= w * of.slope + f64::from(u8::from(event));
                information[(k, k)] -= w * cross;
            }
        }
        for i in 0..size {
            for j in 0..i {
                information[(j, i)] = information[(i, j)];
            }
        }
        At { value, score, information }
    }

    fn maximum(theta: DVector<f64>, at: &At) -> Result<Maximum, NoMaximum> {
        match at.information.clone().cholesky() {
            Some(factor) => Ok(Maximum { theta, value: at.value, covariance: factor.inverse() }),
            None => {
                let block = |j: usize| at.information.view((0, 0), (j + 1, j + 1)).into_owned();
                let flat = (0..theta.len()).find(|&j| block(j).cholesky().is_none());
                Err(NoMaximum::Flat(flat.unwrap_or(0)))
            }
        }
    }
}

/// The step, and whether the likelihood is concave here without a ridge; none where it is not a number.
fn newton(at: &At) -> Option<(DVector<f64>, bool)> {
    // A ridge in the units of each parameter: in ln σ the likelihood may be straight where it is steep in β.
    let units = DMatrix::from_diagonal(&at.information.diagonal().map(|d| 1.0 + d.abs()));
    let mut ridge = 0.0;
    while ridge < LARGEST_RIDGE {
        if let Some(factor) = (&at.information + &units * ridge).cholesky() {
            return Some((factor.solve(&at.score), ridge <= 0.0));
        }
        ridge = if ridge > 0.0 { 10.0 * ridge } else { 1e-3 };
    }
    None
}
