//! Score residuals and the sandwich made of them.

use nalgebra::{DMatrix, DVector};

use super::Ties;
use super::risk_sets::for_each_risk_set;
use super::rows::{Rows, Stratum};

/// The robust covariance `Σ_g D_g D_gᵀ` with `D_g = I⁻¹ Σ_{i in g} w_i L_i`, where the score residual L_i is the
/// derivative of the score by the weight of row i (Lin and Wei 1989, JASA 84:1074; Therneau and Grambsch 2000, section
/// 7.2). `cluster` gives the group of each row of the caller's table; without it each row is one.
pub(super) fn robust(
    rows: &Rows,
    ties: Ties,
    beta: &DVector<f64>,
    covariance: &DMatrix<f64>,
    cluster: Option<&[usize]>,
) -> DMatrix<f64> {
    let k = rows.covariates;
    let residuals = score_residuals(rows, ties, beta);
    let groups = cluster.map_or(rows.len(), |c| c.iter().max().map_or(0, |m| m + 1));
    let mut sums = vec![0.0; groups * k];
    for (row, residual) in residuals.chunks_exact(k).enumerate() {
        let group = cluster.map_or(row, |c| c[rows.origin[row]]);
        for (s, l) in sums[group * k..(group + 1) * k].iter_mut().zip(residual) {
            *s += rows.weight[row] * l;
        }
    }
    let mut meat = DMatrix::zeros(k, k);
    for s in sums.chunks_exact(k) {
        for i in 0..k {
            for j in 0..k {
                meat[(i, j)] += s[i] * s[j];
            }
        }
    }
    covariance * meat * covariance
}

/// What a time of events takes from the residual of whoever is at risk: with passes p of weight w_p and total S₀ₚ, the
/// hazard `Σ w_p/S₀ₚ`; beside it, in a list of its own, stands the drift `Σ w_p x̄ₚ/S₀ₚ` of each covariate.
struct Increment {
    time: f64,
    hazard: f64,
    /// The sum of hazards up to this time, itself included.
    until: f64,
}

/// L_i by row and covariate, `O(n (k + log n))`:
/// `δ_i (x_i − x̄(t_i)) − r_i Σ_{entry_i < t ≤ t_i} (x_i − x̄(t)) dΛ(t)`, where of Efron's passes at its own time a dying
/// row takes part in the l-th by `1 − l/d` only.
fn score_residuals(rows: &Rows, ties: Ties, beta: &DVector<f64>) -> Vec<f64> {
    let k = rows.covariates;
    let risk: Vec<f64> = rows.predictors(beta).iter().map(|eta| eta.exp()).collect();
    let mut residuals = vec![0.0; rows.len() * k];
    let mut increments: Vec<Vec<Increment>> = rows.strata.iter().map(|_| Vec::new()).collect();
    let mut moved: Vec<Vec<f64>> = rows.strata.iter().map(|_| Vec::new()).collect();
    for_each_risk_set(rows, &risk, |set| {
        let (mut hazard, mut spared) = (0.0, 0.0);
        let (mut drift, mut spared_drift, mut mean) = (vec![0.0; k], vec![0.0; k], vec![0.0; k]);
        for pass in set.passes(ties) {
            let share = pass.weight / set.total(pass);
            hazard += share;
            spared += pass.share * share;
            for j in 0..k {
                let x = set.mean(pass, j);
                drift[j] += share * x;
                spared_drift[j] += pass.share * share * x;
                mean[j] += x * pass.weight / set.weight;
            }
        }
        for row in set.dying.clone() {
            for (j, x) in rows.x(row).iter().enumerate() {
                // The hazard from which a dying row is spared is given back here: all of it is taken below.
                residuals[row * k + j] += x - mean[j] + risk[row] * (spared * x - spared_drift[j]);
            }
        }
        increments[set.stratum].push(Increment { time: set.time, hazard, until: 0.0 });
        moved[set.stratum].extend(drift);
    });
    for (part, (steps, moved)) in rows.strata.iter().zip(increments.iter_mut().zip(&mut moved)) {
        accumulate(steps, moved, k);
        subtract_expected(rows, &risk, part, (steps, moved), &mut residuals);
    }
    residuals
}

/// Turns steps, which come backwards in time, into sums from the beginning.
fn accumulate(steps: &mut [Increment], moved: &mut [f64], k: usize) {
    let mut sum = 0.0;
    let mut sums = vec![0.0; k];
    for (step, drift) in steps.iter_mut().zip(moved.chunks_exact_mut(k)).rev() {
        sum += step.hazard;
        step.until = sum;
        for (s, d) in sums.iter_mut().zip(drift) {
            *s += *d;
            *d = *s;
        }
    }
}

fn subtract_expected(
    rows: &Rows,
    risk: &[f64],
    part: &Stratum,
    (steps, moved): (&[Increment], &[f64]),
    residuals: &mut [f64],
) {
    let k = rows.covariates;
    // The first step, backwards in time, that is at `time` or before it.
    let at = |time: f64| steps.partition_point(|s| s.time > time);
    for row in part.rows.clone() {
        let to = at(rows.time[row]);
        let from = rows.entry.get(row).map_or(steps.len(), |&entry| at(entry));
        let hazard = |i: usize| steps.get(i).map_or(0.0, |s| s.until);
        let seen = hazard(to) - hazard(from);
        for (j, x) in rows.x(row).iter().enumerate() {
            let drift = |i: usize| moved.get(i * k + j).copied().unwrap_or(0.0);
            residuals[row * k + j] -= risk[row] * (x * seen - (drift(to) - drift(from)));
        }
    }
}
