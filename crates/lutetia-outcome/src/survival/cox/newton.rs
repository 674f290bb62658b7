//! Where the partial likelihood is greatest.

use nalgebra::{DMatrix, DVector};

use super::Ties;
use super::likelihood::{Likelihood, likelihood};
use super::rows::Rows;

/// The end of an iteration that was not refused.
pub(super) struct Maximum {
    pub(super) beta: DVector<f64>,
    pub(super) null: f64,
    /// `Uᵀ I⁻¹ U` at β = 0.
    pub(super) score_test: f64,
    pub(super) value: f64,
    /// Inverse of the information.
    pub(super) covariance: DMatrix<f64>,
    pub(super) converged: bool,
}

/// Why there is none.
pub(super) enum NoMaximum {
    /// The covariate of this position follows from those before it.
    Dependent(usize),
    /// The likelihood became flat in this covariate on the way.
    Flat(usize),
}

/// Steps of Newton that are made at most.
pub(super) const STEPS: usize = 20;
/// The iteration ends when the logarithm of the likelihood changes by less than this share, as R's does.
const CHANGE: f64 = 1e-9;
/// A pivot of the information below this share of its diagonal is none: ε^¾.
const PIVOT: f64 = 1.818_989_403_545_856_5e-12;
/// Variance of a covariate of scale one that is nothing but rounding.
const ROUNDING: f64 = 1e-13;

/// Newton's iteration from β = 0, halving steps that lower the likelihood.
pub(super) fn maximise(rows: &Rows, ties: Ties) -> Result<Maximum, NoMaximum> {
    let mut beta = DVector::zeros(rows.covariates);
    let mut here = likelihood(rows, ties, &beta);
    let null = here.value;
    let events: f64 =
        rows.weight.iter().zip(&rows.event).filter(|(_, e)| **e).map(|(w, _)| w).sum();
    if let Some(j) = dependent(&here.information, ROUNDING * events) {
        return Err(NoMaximum::Dependent(j));
    }
    let mut step = solve(&here)?;
    let score_test = here.score.dot(&step);
    let mut converged = false;
    for _ in 0..STEPS {
        let mut whole = true;
        let there = loop {
            let there = likelihood(rows, ties, &(&beta + &step));
            let close = (there.value - here.value).abs() <= CHANGE * there.value.abs();
            converged = close && whole;
            if close || there.value >= here.value {
                break there;
            }
            whole = false;
            step *= 0.5;
        };
        beta += &step;
        here = there;
        if converged {
            break;
        }
        step = solve(&here)?;
    }
    let covariance = inverse(&here.information)?;
    Ok(Maximum { beta, null, score_test, value: here.value, covariance, converged })
}

fn solve(at: &Likelihood) -> Result<DVector<f64>, NoMaximum> {
    match at.information.clone().cholesky() {
        Some(factor) => Ok(factor.solve(&at.score)),
        None => Err(NoMaximum::Flat(dependent(&at.information, 0.0).unwrap_or(0))),
    }
}

fn inverse(information: &DMatrix<f64>) -> Result<DMatrix<f64>, NoMaximum> {
    match information.clone().cholesky() {
        Some(factor) => Ok(factor.inverse()),
        None => Err(NoMaximum::Flat(dependent(information, 0.0).unwrap_or(0))),
    }
}

/// The first column that is a combination of those before it: elimination in their order, until a pivot is at most
/// `floor`, or next to nothing beside its diagonal.
pub(super) fn dependent(information: &DMatrix<f64>, floor: f64) -> Option<usize> {
    let n = information.nrows();
    let mut left = information.clone();
    for j in 0..n {
        let pivot = left[(j, j)];
        if pivot.is_nan() || pivot <= floor || pivot <= PIVOT * information[(j, j)] {
            return Some(j);
        }
        for i in j + 1..n {
            let factor = left[(i, j)] / pivot;
            for c in j + 1..n {
                let product = factor * left[(j, c)];
                left[(i, c)] -= product;
            }
        }
    }
    None
}
