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
//! tempering, Del Moral 2012, Stat Comput 22:1009). Proposals are the particles of the generation before,
//! moved by a normal kernel of Silverman's width (population Monte Carlo, Beaumont 2009, Biometrika 96:983,
//! whose kernel of twice the covariance suits rejection, not weights); all of them are kept with their weights, so that the number of simulated trials is known beforehand.

use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::{draw::Draws, error::TrialError};

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
    /// 1/Σw².
    pub effective_size: f64,
    /// Particles that moved out of the prior or whose simulation failed: they have no weight.
    pub failed: usize,
}

/// What is known after the calibration.
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    /// The particles of the last generation.
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

    /// 1/Σw² of the last generation.
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
    let ends: Vec<(f64, f64)> = spec.unknowns.iter().map(Unknown::ends).collect();
    let inside =
        |x: &DVector<f64>| ends.iter().zip(x.iter()).all(|((lo, hi), x)| lo <= x && x <= hi);
    let mut positions: Vec<DVector<f64>> = (0..n)
        .map(|i| {
            let draws = Draws::new(spec.seed, i as u64);
            DVector::from_iterator(
                ends.len(),
                ends.iter().enumerate().map(|(j, (lo, hi))| {
                    // Spread evenly over each axis, in an order of its own (Latin hypercube).
                    let place = stratum(spec.seed, j, i, n);
                    #[expect(clippy::cast_precision_loss, reason = "counts of particles")]
                    let u = (place as f64 + draws.uniform("prior", j as u64)) / n as f64;
                    lo + u * (hi - lo)
                }),
            )
        })
        .collect();
    // ln of the density of the proposals, up to a constant: the prior proposes the first generation.
    let mut proposed = vec![0.0; n];
    let mut generations = Vec::new();
    let mut particles: Vec<Particle> = Vec::new();
    let mut tolerance = f64::INFINITY;
    for generation in 0..=spec.generations {
        let simulated: Vec<Result<Vec<f64>, String>> = positions
            .par_iter()
            .map(|x| {
                let values: Vec<f64> =
                    spec.unknowns.iter().zip(x.iter()).map(|(u, x)| u.value(*x)).collect();
                // Outside the prior a particle has no weight, whatever it would give.
                if inside(x) { simulate(&values) } else { Err("outside the prior".to_owned()) }
            })
            .collect();
        let squares: Vec<f64> = simulated.iter().map(|s| misses(spec, s)).collect();
        let failed = squares.iter().filter(|s| !s.is_finite()).count();
        if failed == n {
            let reason = simulated.iter().find_map(|s| s.as_ref().err().cloned());
            return Err(TrialError::OutOfRange {
                what: format!(
                    "the number of particles that can be simulated in generation {generation}"
                ),
                found: "0".to_owned(),
                expected: format!(
                    "at least one; the first fails because {}",
                    reason.unwrap_or_else(|| "a target is not determined".to_owned())
                ),
            });
        }
        // The prior is uniform: it only cuts.
        let log_weights = |eps: f64| -> Vec<f64> {
            squares
                .iter()
                .zip(&proposed)
                .zip(&positions)
                .map(|((s, q), x)| {
                    if s.is_finite() && inside(x) {
                        -0.5 * s / (eps * eps) - q
                    } else {
                        f64::NEG_INFINITY
                    }
                })
                .collect()
        };
        let last = generation == spec.generations;
        tolerance = next_tolerance(&log_weights, tolerance, n, last);
        let (weights, effective_size) = normalised(&log_weights(tolerance));
        generations.push(Generation { tolerance, effective_size, failed });
        particles = positions
            .iter()
            .zip(simulated)
            .zip(&squares)
            .zip(&weights)
            .map(|(((x, simulated), s), w)| Particle {
                values: spec.unknowns.iter().zip(x.iter()).map(|(u, x)| u.value(*x)).collect(),
                simulated: simulated.unwrap_or_else(|_| vec![f64::NAN; spec.targets.len()]),
                weight: *w,
                #[expect(clippy::cast_precision_loss, reason = "targets are few")]
                distance: (s / spec.targets.len() as f64).sqrt(),
            })
            .collect();
        if last {
            break;
        }
        let moved = Moves::new(&positions, &weights, &ends)?;
        positions = moved.propose(spec, generation as u64, n)?;
        proposed = positions.par_iter().map(|x| moved.log_density(x)).collect();
    }
    Ok(Posterior { particles, generations })
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

/// The smallest ε, at least 1 and at most the one before, that leaves a third of the particles effective;
/// the last generation goes on to a tenth.
fn next_tolerance(log_weights: &dyn Fn(f64) -> Vec<f64>, before: f64, n: usize, last: bool) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of particles")]
    let wanted = n as f64 * if last { 0.1 } else { 0.33 };
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

/// How particles move from one generation to the next.
struct Moves {
    centres: Vec<(DVector<f64>, f64)>,
    root: DMatrix<f64>,
}

impl Moves {
    fn new(
        positions: &[DVector<f64>],
        weights: &[f64],
        ends: &[(f64, f64)],
    ) -> Result<Self, TrialError> {
        let d = ends.len();
        // Silverman's factor of a normal kernel density in d dimensions.
        #[expect(clippy::cast_precision_loss, reason = "counts of particles and unknowns")]
        let width =
            (4.0 / ((d as f64 + 2.0) * positions.len() as f64)).powf(2.0 / (d as f64 + 4.0));
        let mut mean = DVector::zeros(d);
        for (x, w) in positions.iter().zip(weights) {
            mean.axpy(*w, x, 1.0);
        }
        let mut covariance = DMatrix::zeros(d, d);
        for (x, w) in positions.iter().zip(weights) {
            let off = x - &mean;
            covariance += (&off * off.transpose()) * (width * *w);
        }
        for (j, (lo, hi)) in ends.iter().enumerate() {
            // Particles that collapsed onto one must still be able to move.
            covariance[(j, j)] += (1e-4 * (hi - lo)).powi(2);
        }
        let root = covariance.cholesky().map(|c| c.l()).ok_or_else(|| TrialError::OutOfRange {
            what: "the spread of the particles".to_owned(),
            found: "not a number".to_owned(),
            expected: "finite values; look at the bounds of the unknowns".to_owned(),
        })?;
        let centres = positions
            .iter()
            .zip(weights)
            .filter(|(_, w)| **w > 0.0)
            .map(|(x, w)| (x.clone(), *w))
            .collect();
        Ok(Self { centres, root })
    }

    fn propose(
        &self,
        spec: &CalibrationSpec,
        generation: u64,
        n: usize,
    ) -> Result<Vec<DVector<f64>>, TrialError> {
        let weights: Vec<f64> = self.centres.iter().map(|c| c.1).collect();
        let parents =
            crate::weighting::resample(&weights, n, spec.seed.wrapping_add(1 + generation))?;
        let d = self.root.nrows();
        Ok(parents
            .into_iter()
            .enumerate()
            .map(|(i, parent)| {
                let draws = Draws::new(spec.seed, i as u64);
                let purpose = format!("move {generation}");
                let z = DVector::from_fn(d, |j, _| draws.normal(&purpose, j as u64));
                &self.centres[parent].0 + &self.root * z
            })
            .collect())
    }

    /// ln Σᵢ wᵢ N(x; xᵢ, Σ), up to a constant.
    fn log_density(&self, x: &DVector<f64>) -> f64 {
        let terms: Vec<f64> = self
            .centres
            .iter()
            .map(|(centre, w)| {
                let off = x - centre;
                let z = self.root.solve_lower_triangular(&off).unwrap_or(off);
                w.ln() - 0.5 * z.norm_squared()
            })
            .collect();
        let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        most + terms.iter().map(|t| (t - most).exp()).sum::<f64>().ln()
    }
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
