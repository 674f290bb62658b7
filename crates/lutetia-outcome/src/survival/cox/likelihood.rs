//! The partial likelihood with its first two derivatives.

use nalgebra::{DMatrix, DVector};

use super::Ties;
use super::exact::Discrete;
use super::risk_sets::{RiskSet, for_each_risk_set};
use super::rows::Rows;

/// The logarithm of the partial likelihood at some β of the scaled covariates.
pub(super) struct Likelihood {
    pub(super) value: f64,
    pub(super) score: DVector<f64>,
    pub(super) information: DMatrix<f64>,
}

/// What one time of events gives to each of the three.
pub(super) struct Contribution {
    value: f64,
    /// `Σ_D w x − Σ_passes w x̄`, Schoenfeld's residual.
    pub(super) score: Vec<f64>,
    /// Weighted covariance of the covariates over the risk set, the lower triangle row by row.
    pub(super) information: Vec<f64>,
}

/// Calls `visit` with what each time of events gives, and the number of its events.
///
/// With risks `r = exp(xᵀβ)`, sums `S₀ = Σ w r`, `S₁`, `S₂` over a risk set and the passes of [`RiskSet::passes`],
/// `ℓ = Σ_D w xᵀβ − Σ_p w_p ln S₀ₚ`, `U = Σ_D w x − Σ_p w_p S₁ₚ/S₀ₚ` and
/// `I = Σ_p w_p (S₂ₚ/S₀ₚ − S₁ₚ S₁ₚᵀ/S₀ₚ²)` (Therneau and Grambsch 2000, chapter 3).
pub(super) fn for_each_contribution(
    rows: &Rows,
    ties: Ties,
    beta: &DVector<f64>,
    mut visit: impl FnMut(&RiskSet<'_>, &Contribution),
) {
    let predictors = rows.predictors(beta);
    let risk: Vec<f64> = predictors.iter().map(|eta| eta.exp()).collect();
    let k = rows.covariates;
    let mut sum =
        Contribution { value: 0.0, score: vec![0.0; k], information: vec![0.0; k * (k + 1) / 2] };
    let mut discrete = Discrete::new(k);
    let mut mean = vec![0.0; k];
    for_each_risk_set(rows, &risk, |set| {
        sum.value = 0.0;
        sum.score.fill(0.0);
        sum.information.fill(0.0);
        for row in set.dying.clone() {
            let w = rows.weight[row];
            sum.value += w * predictors[row];
            for (s, x) in sum.score.iter_mut().zip(rows.x(row)) {
                *s += w * x;
            }
        }
        if ties == Ties::Exact && set.dying.len() > 1 {
            discrete.subtract(rows, &risk, set, &mut sum);
        } else {
            for pass in set.passes(ties) {
                let total = set.total(pass);
                sum.value -= pass.weight * total.ln();
                let mut place = 0;
                for i in 0..k {
                    mean[i] = set.mean(pass, i);
                    sum.score[i] -= pass.weight * mean[i];
                    for j in 0..=i {
                        let square = set.at_risk.s2[place] - pass.share * set.of_dying.s2[place];
                        sum.information[place] +=
                            pass.weight * (square / total - mean[i] * mean[j]);
                        place += 1;
                    }
                }
            }
        }
        visit(set, &sum);
    });
}

impl Contribution {
    /// Subtracts a log-denominator with its gradient; adds its Hessian to the information.
    pub(super) fn subtract(
        &mut self,
        value: f64,
        gradient: &[f64],
        hessian: impl Fn(usize, usize, usize) -> f64,
    ) {
        self.value -= value;
        let mut place = 0;
        for (i, g) in gradient.iter().enumerate() {
            self.score[i] -= g;
            for j in 0..=i {
                self.information[place] += hessian(i, j, place);
                place += 1;
            }
        }
    }
}

/// Adds `factor` times a lower triangle to a symmetric matrix.
pub(super) fn add_triangle(to: &mut DMatrix<f64>, triangle: &[f64], factor: f64) {
    let mut place = 0;
    for i in 0..to.nrows() {
        for j in 0..=i {
            to[(i, j)] += factor * triangle[place];
            if i != j {
                to[(j, i)] += factor * triangle[place];
            }
            place += 1;
        }
    }
}

/// The likelihood of these rows.
pub(super) fn likelihood(rows: &Rows, ties: Ties, beta: &DVector<f64>) -> Likelihood {
    let k = rows.covariates;
    let (mut value, mut score) = (0.0, DVector::zeros(k));
    let mut triangle = vec![0.0; k * (k + 1) / 2];
    for_each_contribution(rows, ties, beta, |_, part| {
        value += part.value;
        for (s, p) in score.iter_mut().zip(&part.score) {
            *s += p;
        }
        for (s, p) in triangle.iter_mut().zip(&part.information) {
            *s += p;
        }
    });
    let mut information = DMatrix::zeros(k, k);
    add_triangle(&mut information, &triangle, 1.0);
    Likelihood { value, score, information }
}
