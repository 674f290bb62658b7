//! Which share of a published population does each virtual patient stand for?

use nalgebra::{DMatrix, DVector};

use crate::{
    draw::Draws,
    error::{NoWeights, PopulationError},
    range::PopulationRange,
};

/// A published mean of something that every patient of the cohort has: a covariate, or an indicator
/// (1 where `ECOG ≥ 2`, 1 where below the published median, …), whose mean is a share.
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    /// For people.
    pub name: String,
    /// The published mean or share.
    pub target: f64,
    /// What each patient has.
    pub values: Vec<f64>,
}

/// Weights on the simplex: none below zero, their sum one.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighting {
    /// One per patient.
    pub weights: Vec<f64>,
    /// Kish's effective sample size, 1/Σw².
    pub effective_size: f64,
}

/// Prevalence weights: of all weights on the simplex that meet the margins, those nearest to equal
/// ones in relative entropy, `wᵢ ∝ exp(Σⱼ λⱼ xᵢⱼ)` (entropy balancing, Hainmueller 2012, Political
/// Analysis 20:25; the purpose is that of Schmidt 2013, BMC Bioinformatics 14:240).
///
/// λ minimises the convex dual `ln Σᵢ exp(λ·(xᵢ − m))` by damped Newton steps.
///
/// # Errors
/// [`PopulationError::Margin`] for a target outside what the patients have, targets that exclude each
/// other, or a value that is not finite.
pub fn weights(patients: usize, margins: &[Margin]) -> Result<Weighting, PopulationError> {
    let refuse = |margin: &Margin, reason: NoWeights| {
        Err(PopulationError::Margin { patients, margin: margin.name.clone(), reason })
    };
    if patients == 0 {
        return Err(PopulationRange::NoPatients.into());
    }
    let mut columns: Vec<(usize, Vec<f64>)> = Vec::new();
    for (j, margin) in margins.iter().enumerate() {
        if margin.values.len() != patients {
            let found = margin.values.len();
            return refuse(margin, NoWeights::Values { found });
        }
        if !margin.target.is_finite() || margin.values.iter().any(|v| !v.is_finite()) {
            return refuse(margin, NoWeights::NotFinite);
        }
        let lo = margin.values.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = margin.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let spread = hi - lo;
        // A margin that all patients meet alike asks for nothing.
        if spread <= 1e-12 * hi.abs().max(lo.abs())
            && (margin.target - lo).abs() <= 1e-9 * lo.abs().max(1e-300)
        {
            continue;
        }
        if margin.target <= lo || margin.target >= hi {
            let reason = NoWeights::Outside { target: margin.target, least: lo, most: hi };
            return refuse(margin, reason);
        }
        // Scaled, so that one tolerance serves all margins.
        columns.push((j, margin.values.iter().map(|v| (v - margin.target) / spread).collect()));
    }
    let k = columns.len();
    let mut lambda = DVector::zeros(k);
    let evaluate = |lambda: &DVector<f64>| {
        let scores: Vec<f64> = (0..patients)
            .map(|i| (0..k).map(|j| lambda[j] * columns[j].1[i]).sum::<f64>())
            .collect();
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let raw: Vec<f64> = scores.iter().map(|s| (s - most).exp()).collect();
        let sum: f64 = raw.iter().sum();
        let w: Vec<f64> = raw.iter().map(|r| r / sum).collect();
        (most + sum.ln(), w)
    };
    let (mut dual, mut w) = evaluate(&lambda);
    for _ in 0..200 {
        let means = DVector::from_fn(k, |j, _| {
            w.iter().zip(&columns[j].1).map(|(w, x)| w * x).sum::<f64>()
        });
        // 1e-10 of the spread: far below the digits of a published margin.
        if means.amax() <= 1e-10 {
            break;
        }
        let hessian = DMatrix::from_fn(k, k, |a, b| {
            let cross: f64 = (0..patients).map(|i| w[i] * columns[a].1[i] * columns[b].1[i]).sum();
            cross - means[a] * means[b] + if a == b { 1e-14 } else { 0.0 }
        });
        let Some(step) = hessian.cholesky().map(|c| c.solve(&means)) else { break };
        let slope = means.dot(&step);
        let mut length = 1.0;
        let mut moved = false;
        while length > 1e-8 {
            let trial = &lambda - &step * length;
            let (value, trial_w) = evaluate(&trial);
            if value <= dual - 1e-4 * length * slope || (slope < 1e-18 && value <= dual + 1e-15) {
                (lambda, dual, w) = (trial, value, trial_w);
                moved = true;
                break;
            }
            length *= 0.5;
        }
        // Margins that exclude each other drive λ to infinity.
        if !moved || lambda.amax() > 1e4 {
            break;
        }
    }
    for (j, column) in &columns {
        let miss: f64 = w.iter().zip(column).map(|(w, x)| w * x).sum();
        if miss.abs() > 1e-6 {
            let margin = &margins[*j];
            let reached: f64 = w.iter().zip(&margin.values).map(|(w, v)| w * v).sum();
            return refuse(margin, NoWeights::Excluded { reached, target: margin.target });
        }
    }
    let squares: f64 = w.iter().map(|w| w * w).sum();
    Ok(Weighting { weights: w, effective_size: 1.0 / squares })
}

/// The sum of weights that are on the simplex.
fn sum_of(weights: &[f64]) -> Result<f64, PopulationError> {
    let sum: f64 = weights.iter().sum();
    if weights.iter().any(|w| !w.is_finite() || *w < 0.0) || (sum - 1.0).abs() > 1e-6 {
        return Err(PopulationRange::Weights { found: sum }.into());
    }
    Ok(sum)
}

/// Patients to choose from in proportion to their weights, any number of times and in any order.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    /// Σ of the weights up to each.
    below: std::sync::Arc<[f64]>,
}

impl Pool {
    pub(crate) fn new(weights: &[f64]) -> Result<Self, PopulationError> {
        let sum = sum_of(weights)?;
        let mut below = 0.0;
        let sums = weights.iter().map(|w| {
            below += w / sum;
            below
        });
        Ok(Self { below: sums.collect() })
    }

    /// The patient of a uniform number.
    pub(crate) fn pick(&self, u: f64) -> u64 {
        // Rounding may leave the last sum below one; the last patient with weight is meant then.
        let last = self.below.last().copied().unwrap_or(0.0);
        let place = self.below.partition_point(|b| *b <= u.min(last * (1.0 - f64::EPSILON)));
        place.min(self.below.len().saturating_sub(1)) as u64
    }
}

/// `size` patients (indices, ascending) drawn in proportion to their weights by systematic sampling:
/// everybody appears within one of size × weight times.
///
/// # Errors
/// [`PopulationRange::Weights`] for weights that are not on the simplex.
pub fn resample(weights: &[f64], size: usize, seed: u64) -> Result<Vec<usize>, PopulationError> {
    let sum = sum_of(weights)?;
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let n = size as f64;
    let start = Draws::new(seed, 0).uniform("systematic resampling", 0);
    let mut chosen = Vec::with_capacity(size);
    let mut below = 0.0;
    for (i, w) in weights.iter().enumerate() {
        below += w / sum * n;
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        while chosen.len() < size && chosen.len() as f64 + start < below {
            chosen.push(i);
        }
    }
    // Rounding of the sum may leave the last place empty.
    let last = weights.iter().rposition(|w| *w > 0.0).unwrap_or(0);
    chosen.resize(size, last);
    Ok(chosen)
}
