//! The baseline hazard.

use nalgebra::DVector;

use super::Ties;
use super::risk_sets::for_each_risk_set;
use super::rows::Rows;

/// The cumulative hazard at covariates 0 at every time of a stratum, in the order of time:
/// `H₀(t) = Σ_{t_i ≤ t} Σ_p w_p/S₀ₚ` with the passes of the method for ties, Breslow's (1972) or Efron's estimate.
pub(super) fn cumulative(
    rows: &Rows,
    ties: Ties,
    beta: &DVector<f64>,
    label: usize,
) -> Vec<(f64, f64)> {
    let Some(place) = rows.strata.iter().position(|s| s.label == label) else { return Vec::new() };
    let risk: Vec<f64> = rows.predictors(beta).iter().map(|eta| eta.exp()).collect();
    let mut steps: Vec<(f64, f64)> = Vec::new();
    for_each_risk_set(rows, &risk, |set| {
        if set.stratum == place {
            let hazard = set.passes(ties).map(|pass| pass.weight / set.total(pass)).sum();
            steps.push((set.time, hazard));
        }
    });
    // Risks are those of centred covariates: `xᵀβ` at the caller's 0 is below theirs by that of the means.
    let means: f64 = (0..rows.covariates).map(|j| beta[j] * rows.mean[j] / rows.scale[j]).sum();
    let factor = (-means).exp();
    let mut times = rows.time[rows.strata[place].rows.clone()].to_vec();
    times.dedup();
    let mut sum = 0.0;
    times
        .into_iter()
        .rev()
        .map(|time| {
            if let Some((_, hazard)) = steps.pop_if(|(at, _)| *at <= time) {
                sum += hazard;
            }
            (time, sum * factor)
        })
        .collect()
}
