//! Which values of uncertain parameters make the virtual trial look like the published one?
//!
//! Approximate Bayesian computation by sequential Monte Carlo. A published number `yⱼ` with standard
//! error `sⱼ` is compared with the simulated `ŷⱼ(θ)` through a Gaussian kernel, which makes the result
//! the posterior of a normal error of that size (Wilkinson 2013, Stat Appl Genet Mol Biol 12:129):
//!
//! ```text
//! w(θ) ∝ prior(θ) · exp(−½ Σⱼ ((ŷⱼ(θ) − yⱼ)/(ε·sⱼ))²) / proposal(θ)
//! ```
//!
//! ε falls from generation to generation, as far as the effective sample size allows, to 1 (adaptive
//! tempering, Del Moral 2012, Stat Comput 22:1009). A generation is proposed by a normal density with the
//! weighted mean and covariance of all particles so far, one part in ten by the prior; all particles of all
//! generations are kept and weighted against the mixture of all proposals (adaptive multiple importance
//! sampling, Cornuet 2012, Scand J Stat 39:798), so that no simulated trial is wasted and their number is known
//! beforehand. Unknowns move on the normal scale of their prior, `x = F⁻¹(Φ(z))`, where no bound is in the way.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::{
    draw::{Draws, normal_quantile, normal_share},
    error::TrialError,
};

/// What is known of a parameter before the calibration: uniform on a scale, within bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct Unknown {
    /// Name.
    pub name: String,
    /// Least value.
    pub lower: f64,
    /// Greatest value.
    pub upper: f64,
    /// Whether uniform in the logarithm.
    pub log: bool,
}

impl Unknown {
    fn ends(&self) -> (f64, f64) {
        if self.log { (self.lower.ln(), self.upper.ln()) } else { (self.lower, self.upper) }
    }

    fn value(&self, x: f64) -> f64 {
        if self.log { x.exp() } else { x }
    }
}

/// A published number that the calibration should meet.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// Name.
    pub name: String,
    /// The number, on the scale on which its error is normal (a hazard ratio as its logarithm).
    pub value: f64,
    /// Its standard error, together with the error of the model that is granted.
    pub error: f64,
}

/// How to calibrate.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationSpec {
    /// What is looked for.
    pub unknowns: Vec<Unknown>,
    /// What must be met.
    pub targets: Vec<Target>,
    /// Particles per generation.
    pub particles: usize,
    /// Generations after the first, which is drawn from the prior.
    pub generations: usize,
    /// Seed.
    pub seed: u64,
}

/// One set of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Particle {
    /// The unknowns, in their order.
    pub values: Vec<f64>,
    /// The simulated targets, in their order; not numbers where the simulation failed.
    pub simulated: Vec<f64>,
    /// Weight; all sum to one.
    pub weight: f64,
    /// Root mean square of the misses in units of the targets' errors.
    pub distance: f64,
}

/// One step of the tempering.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Generation {
    /// ε.
    pub tolerance: f64,
    /// 1/Σw² of all particles so far.
    pub effective_size: f64,
    /// Particles of this generation whose simulation failed: they have no weight.
    pub failed: usize,
}

/// What is known after the calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// The particles of all generations.
    pub particles: Vec<Particle>,
    /// How the tempering went. The posterior is that of the stated errors where the last tolerance is
    /// 1; above it, the errors would have to be that many times larger.
    pub generations: Vec<Generation>,
}

impl Posterior {
    /// ε of the last generation.
    #[must_use]
    pub fn tolerance(&self) -> f64 {
        self.generations.last().map_or(f64::INFINITY, |g| g.tolerance)
    }

    /// 1/Σw² after the last generation, over all particles.
    #[must_use]
    pub fn effective_size(&self) -> f64 {
        self.generations.last().map_or(0.0, |g| g.effective_size)
    }

    /// Weighted mean and standard deviation of an unknown.
    #[must_use]
    pub fn moments(&self, unknown: usize) -> (f64, f64) {
        let at = |p: &Particle| p.values[unknown];
        let mean: f64 = self.particles.iter().map(|p| p.weight * at(p)).sum();
        let variance: f64 = self.particles.iter().map(|p| p.weight * (at(p) - mean).powi(2)).sum();
        (mean, variance.sqrt())
    }

    /// Weighted quantile of an unknown.
    #[must_use]
    pub fn quantile(&self, unknown: usize, share: f64) -> f64 {
        weighted_quantile(self.particles.iter().map(|p| (p.values[unknown], p.weight)), share)
    }

    /// The particle of greatest weight × proposal, that is nearest to the targets.
    #[must_use]
    pub fn nearest(&self) -> Option<&Particle> {
        self.particles
            .iter()
            .filter(|p| p.distance.is_finite())
            .min_by(|a, b| a.distance.total_cmp(&b.distance))
    }

    /// `n` sets of values in proportion to their weights (systematic resampling).
    ///
    /// # Errors
    /// [`TrialError::OutOfRange`] for weights that are no numbers.
    pub fn draw(&self, n: usize, seed: u64) -> Result<Vec<&Particle>, TrialError> {
        let weights: Vec<f64> = self.particles.iter().map(|p| p.weight).collect();
        let chosen = crate::weighting::resample(&weights, n, seed)?;
        Ok(chosen.into_iter().filter_map(|i| self.particles.get(i)).collect())
    }
}

/// The smallest value below which at least that share of the weight lies.
pub(crate) fn weighted_quantile(pairs: impl Iterator<Item = (f64, f64)>, share: f64) -> f64 {
    let mut pairs: Vec<(f64, f64)> = pairs.filter(|(_, w)| *w > 0.0).collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = pairs.iter().map(|p| p.1).sum();
    let mut below = 0.0;
    for (value, weight) in &pairs {
        below += weight / total;
        if below >= share {
            return *value;
        }
    }
    pairs.last().map_or(f64::NAN, |p| p.0)
}

/// Calibrates. `simulate` gives the targets at values of the unknowns, both in their order; it is called
/// from several threads and should use common random numbers. A simulation that fails has weight zero.
///
/// The result does not depend on the number of threads.
///
/// # Errors
/// [`TrialError::OutOfRange`]: no unknown, no target, bounds or errors out of range, too few particles;
/// or no particle of the prior could be simulated.
pub fn calibrate(
    spec: &CalibrationSpec,
    simulate: &(dyn Fn(&[f64]) -> Result<Vec<f64>, String> + Sync),
) -> Result<Posterior, TrialError> {
    check(spec)?;
    let n = spec.particles;
    let d = spec.unknowns.len();
    let values_at = |z: &DVector<f64>| -> Vec<f64> {
        spec.unknowns
            .iter()
            .zip(z.iter())
            .map(|(u, z)| {
                let (lo, hi) = u.ends();
                u.value(lo + normal_share(*z) * (hi - lo))
            })
            .collect()
    };
    // The first generation is spread evenly over each axis, in an order of its own (Latin hypercube).
    let mut proposals: Vec<Proposal> = Vec::new();
    let mut positions: Vec<DVector<f64>> = Vec::new();
    let mut held: Vec<Particle> = Vec::new();
    let mut squares: Vec<f64> = Vec::new();
    let mut generations = Vec::new();
    let mut tolerance = f64::INFINITY;
    for generation in 0..=spec.generations {
        let fresh: Vec<DVector<f64>> = (0..n)
            .map(|i| {
                let draws = Draws::new(spec.seed, i as u64);
                match proposals.last() {
                    None => DVector::from_fn(d, |j, _| {
                        let place = stratum(spec.seed, j, i, n);
                        #[expect(clippy::cast_precision_loss, reason = "counts of particles")]
                        let u = (place as f64 + draws.uniform("prior", j as u64)) / n as f64;
                        normal_quantile(u)
                    }),
                    Some(proposal) => proposal.draw(&draws, generation as u64),
                }
            })
            .collect();
        let simulated: Vec<Result<Vec<f64>, String>> =
            fresh.par_iter().map(|z| simulate(&values_at(z))).collect();
        if generation == 0 && simulated.iter().all(Result::is_err) {
            let reason = simulated.iter().find_map(|s| s.as_ref().err().cloned());
            return Err(TrialError::OutOfRange {
                what: "the number of particles of the prior that can be simulated".to_owned(),
                found: "0".to_owned(),
                expected: format!(
                    "at least one; the first fails because {}",
                    reason.unwrap_or_else(|| "a target is not determined".to_owned())
                ),
            });
        }
        let failed = simulated.iter().filter(|s| s.is_err()).count();
        for (z, simulated) in fresh.into_iter().zip(simulated) {
            let square = misses(spec, &simulated);
            squares.push(square);
            held.push(Particle {
                values: values_at(&z),
                simulated: simulated.unwrap_or_else(|_| vec![f64::NAN; spec.targets.len()]),
                weight: 0.0,
                #[expect(clippy::cast_precision_loss, reason = "targets are few")]
                distance: (square / spec.targets.len() as f64).sqrt(),
            });
            positions.push(z);
        }
        // ln of prior over mixture of all proposals; the prior is the first of them.
        let ratios: Vec<f64> = positions.iter().map(|z| log_ratio(z, &proposals)).collect();
        let log_weights = |eps: f64| -> Vec<f64> {
            squares
                .iter()
                .zip(&ratios)
                .map(
                    |(s, r)| {
                        if s.is_finite() { -0.5 * s / (eps * eps) + r } else { f64::NEG_INFINITY }
                    },
                )
                .collect()
        };
        let last = generation == spec.generations;
        tolerance = next_tolerance(&log_weights, tolerance, n, last);
        let (weights, effective_size) = normalised(&log_weights(tolerance));
        generations.push(Generation { tolerance, effective_size, failed });
        for (p, w) in held.iter_mut().zip(&weights) {
            p.weight = *w;
        }
        if !last {
            proposals.push(Proposal::around(&positions, &weights)?);
        }
    }
    Ok(Posterior { particles: held, generations })
}

/// The place of particle `i` on axis `j` among `n` strata: a permutation by sorting random numbers.
fn stratum(seed: u64, axis: usize, i: usize, n: usize) -> usize {
    let key = |k: usize| Draws::new(seed, k as u64).uniform("stratum", axis as u64);
    let own = key(i);
    (0..n).filter(|&k| key(k) < own).count()
}

/// Σ of the squared misses in units of the errors; infinite where the simulation failed.
fn misses(spec: &CalibrationSpec, simulated: &Result<Vec<f64>, String>) -> f64 {
    match simulated {
        Ok(values) if values.len() == spec.targets.len() => {
            let sum: f64 = spec
                .targets
                .iter()
                .zip(values)
                .map(|(t, v)| ((v - t.value) / t.error).powi(2))
                .sum();
            if sum.is_nan() { f64::INFINITY } else { sum }
        }
        _ => f64::INFINITY,
    }
}

/// The smallest ε, at least 1 and at most the one before, that leaves as many particles effective as half a
/// generation has; the last generation goes on to a fifth of one.
fn next_tolerance(log_weights: &dyn Fn(f64) -> Vec<f64>, before: f64, n: usize, last: bool) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of particles")]
    let wanted = n as f64 * if last { 0.2 } else { 0.5 };
    let size = |eps: f64| normalised(&log_weights(eps)).1;
    let (mut lo, mut hi) = (0.0_f64, before.min(1e6).ln());
    if size(1.0) >= wanted || hi <= 0.0 {
        return 1.0;
    }
    for _ in 0..60 {
        let middle = 0.5 * (lo + hi);
        if size(middle.exp()) >= wanted { hi = middle } else { lo = middle }
    }
    hi.exp()
}

/// Weights that sum to one, and 1/Σw².
fn normalised(log_weights: &[f64]) -> (Vec<f64>, f64) {
    let most = log_weights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !most.is_finite() {
        return (vec![0.0; log_weights.len()], 0.0);
    }
    let raw: Vec<f64> = log_weights.iter().map(|w| (w - most).exp()).collect();
    let sum: f64 = raw.iter().sum();
    let weights: Vec<f64> = raw.iter().map(|w| w / sum).collect();
    let squares: f64 = weights.iter().map(|w| w * w).sum();
    (weights, 1.0 / squares)
}

/// Share of a proposal that is the prior, so that no region is forgotten.
const FROM_PRIOR: f64 = 0.1;

/// By how much a proposal is wider than the particles it is made of: tails too short cost more than tails
/// too long.
const WIDER: f64 = 1.3;

/// A normal density, mixed with the prior.
struct Proposal {
    mean: DVector<f64>,
    root: DMatrix<f64>,
    log_determinant: f64,
}

impl Proposal {
    fn around(positions: &[DVector<f64>], weights: &[f64]) -> Result<Self, TrialError> {
        let d = positions.first().map_or(0, DVector::len);
        let mut mean = DVector::zeros(d);
        for (z, w) in positions.iter().zip(weights) {
            mean.axpy(*w, z, 1.0);
        }
        let mut covariance = DMatrix::zeros(d, d);
        for (z, w) in positions.iter().zip(weights) {
            let off = z - &mean;
            covariance += (&off * off.transpose()) * (WIDER * *w);
        }
        for j in 0..d {
            // Particles that collapsed onto one must still be able to move.
            covariance[(j, j)] += 1e-4;
        }
        let root = covariance.cholesky().map(|c| c.l()).ok_or_else(|| TrialError::OutOfRange {
            what: "the spread of the particles".to_owned(),
            found: "not a number".to_owned(),
            expected: "finite values; look at the bounds of the unknowns".to_owned(),
        })?;
        let log_determinant = (0..d).map(|j| root[(j, j)].ln()).sum();
        Ok(Self { mean, root, log_determinant })
    }

    fn draw(&self, draws: &Draws, generation: u64) -> DVector<f64> {
        let z = DVector::from_fn(self.mean.len(), |j, _| {
            draws.normal(&format!("move {generation}"), j as u64)
        });
        if draws.uniform("prior or not", generation) < FROM_PRIOR {
            z
        } else {
            &self.mean + &self.root * z
        }
    }

    /// ln of the density over (2π)^(−d/2).
    fn log_density(&self, z: &DVector<f64>) -> f64 {
        let off = z - &self.mean;
        let scaled = self.root.solve_lower_triangular(&off).unwrap_or(off);
        let own = (1.0 - FROM_PRIOR).ln() - self.log_determinant - 0.5 * scaled.norm_squared();
        log_sum(&[own, FROM_PRIOR.ln() - 0.5 * z.norm_squared()])
    }
}

/// ln of the prior over the mean of the prior and all proposals, each of which gave as many particles.
fn log_ratio(z: &DVector<f64>, proposals: &[Proposal]) -> f64 {
    let prior = -0.5 * z.norm_squared();
    let mut terms: Vec<f64> = vec![prior];
    terms.extend(proposals.iter().map(|p| p.log_density(z)));
    #[expect(clippy::cast_precision_loss, reason = "generations are few")]
    let count = terms.len() as f64;
    prior - (log_sum(&terms) - count.ln())
}

/// ln Σ exp.
fn log_sum(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + terms.iter().map(|t| (t - most).exp()).sum::<f64>().ln()
}

fn check(spec: &CalibrationSpec) -> Result<(), TrialError> {
    let refuse = |what: String, found: String, expected: &str| {
        Err(TrialError::OutOfRange { what, found, expected: expected.to_owned() })
    };
    if spec.unknowns.is_empty() {
        return refuse("the number of unknowns".to_owned(), "0".to_owned(), "at least one");
    }
    if spec.targets.is_empty() {
        return refuse(
            "the number of targets".to_owned(),
            "0".to_owned(),
            "at least one number to be met",
        );
    }
    if spec.particles < 10 {
        return refuse(
            "the number of particles".to_owned(),
            spec.particles.to_string(),
            "at least 10; hundreds where time allows",
        );
    }
    for u in &spec.unknowns {
        let ordered = u.lower.is_finite() && u.upper.is_finite() && u.lower < u.upper;
        if !ordered || (u.log && u.lower <= 0.0) {
            return refuse(
                format!("the prior of `{}`", u.name),
                format!("{} to {}", u.lower, u.upper),
                "a lower bound below the upper one, above zero where it is logarithmic",
            );
        }
    }
    for t in &spec.targets {
        if !(t.value.is_finite() && t.error.is_finite() && t.error > 0.0) {
            return refuse(
                format!("the target `{}`", t.name),
                format!("{} with error {}", t.value, t.error),
                "a finite number with an error above zero",
            );
        }
    }
    Ok(())
}
