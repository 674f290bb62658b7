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
//! tempering, Del Moral 2012, Stat Comput 22:1009). A generation is proposed by two normal densities and, one part in
//! ten, by the prior: one has the weighted mean and covariance of all particles so far, the other those of the posterior
//! if the targets were linear in the unknowns, by regression (after Beaumont 2002, Genetics 162:2025, who adjusts particles by it; here it
//! only says where to look, and the weights stay exact). All particles of all generations are kept and weighted against the mixture of all proposals (adaptive multiple importance
//! sampling, Cornuet 2012, Scand J Stat 39:798), so that no simulated trial is wasted. Unknowns move on the
//! normal scale of their prior, `x = F⁻¹(Φ(z))`, where no bound is in the way.
//!
//! The first generations may explore with fewer patients. They find where to look and nothing else: their
//! particles carry no weight, and the mixture against which the others are weighted is that of the proposals of
//! the full generations alone, so that the estimator is the same as if exploration had never been.

use std::sync::atomic::{AtomicBool, Ordering};

use lutetia_population::{Draws, Transform, normal_quantile, normal_share, resample};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use crate::{
    error::{CalibrateError, TrialError},
    range::CalibrationRange,
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
    /// The scale on which it is uniform.
    fn scale(&self) -> Transform {
        if self.log { Transform::Log } else { Transform::Identity }
    }

    fn ends(&self) -> (f64, f64) {
        (self.place(self.lower), self.place(self.upper))
    }

    fn value(&self, x: f64) -> f64 {
        self.scale().backward(x)
    }

    /// The inverse of `value`.
    fn place(&self, value: f64) -> f64 {
        self.scale().forward(value)
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
    /// Generations after the first at most, where tolerance 1 and `effective_size` are not reached by
    /// `generations`.
    pub most_generations: usize,
    /// The effective size that is wanted at tolerance 1; a fifth of a generation if none is.
    pub effective_size: Option<f64>,
    /// Patients with which a particle is simulated.
    pub patients: usize,
    /// Patients with which the first generations are, where they are fewer. At most the first
    /// ⌈(`generations` + 1)/2⌉ generations explore, and no longer than until their tolerance is down to
    /// √(`patients`/`explore`): what a smaller trial says is that much less exact.
    pub explore: Option<usize>,
    /// Seed.
    pub seed: u64,
}

impl CalibrationSpec {
    /// The unknowns at a place of the normal scale.
    fn values(&self, z: &DVector<f64>) -> Vec<f64> {
        let value = |(u, z): (&Unknown, &f64)| {
            let (lo, hi) = u.ends();
            u.value(lo + normal_share(*z) * (hi - lo))
        };
        self.unknowns.iter().zip(z.iter()).map(value).collect()
    }

    /// Generations that explore at most, and the tolerance below which they have nothing to say.
    fn exploration(&self) -> (usize, f64) {
        match self.explore {
            Some(few) if few < self.patients => {
                #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
                let floor = (self.patients as f64 / few as f64).sqrt();
                ((self.generations + 1).div_ceil(2), floor)
            }
            _ => (0, 1.0),
        }
    }
}

/// One set of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Particle {
    /// The unknowns, in their order.
    pub values: Vec<f64>,
    /// The simulated targets, in their order; not numbers where the simulation failed.
    pub simulated: Vec<f64>,
    /// Weight; all sum to one. Zero for particles that explored.
    pub weight: f64,
    /// Root mean square of the misses in units of the targets' errors.
    pub distance: f64,
    /// Patients it was simulated with.
    pub patients: usize,
}

/// One step of the tempering.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Generation {
    /// Patients its particles were simulated with.
    pub patients: usize,
    /// ε.
    pub tolerance: f64,
    /// 1/Σw² of all particles so far that were simulated with as many patients.
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

    /// 1/Σw² after the last generation, over all particles with weight.
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

    /// Weighted standard deviation of an unknown on the scale of its prior, over that of the prior: 1 where the
    /// targets say nothing of it.
    #[must_use]
    pub fn spread(&self, unknown: usize, prior: &Unknown) -> f64 {
        let (lower, upper) = prior.ends();
        // That of a uniform law.
        self.covariance((unknown, prior), (unknown, prior)).sqrt() * 12.0_f64.sqrt()
            / (upper - lower)
    }

    /// Weighted correlation of two unknowns, each on the scale of its prior; 0 where one does not vary.
    #[must_use]
    pub fn correlation(&self, a: (usize, &Unknown), b: (usize, &Unknown)) -> f64 {
        let product = self.covariance(a, a) * self.covariance(b, b);
        if product > 0.0 { self.covariance(a, b) / product.sqrt() } else { 0.0 }
    }

    fn covariance(&self, a: (usize, &Unknown), b: (usize, &Unknown)) -> f64 {
        let at = |(k, prior): (usize, &Unknown), p: &Particle| prior.place(p.values[k]);
        let mean = |u| self.particles.iter().map(|p| p.weight * at(u, p)).sum::<f64>();
        let (mean_a, mean_b) = (mean(a), mean(b));
        let off = |p: &Particle| p.weight * (at(a, p) - mean_a) * (at(b, p) - mean_b);
        self.particles.iter().map(off).sum()
    }

    /// The particle that is nearest to the targets, of those simulated with most patients.
    #[must_use]
    pub fn nearest(&self) -> Option<&Particle> {
        let most = self.particles.iter().map(|p| p.patients).max()?;
        self.particles
            .iter()
            .filter(|p| p.distance.is_finite() && p.patients == most)
            .min_by(|a, b| a.distance.total_cmp(&b.distance))
    }

    /// `n` sets of values in proportion to their weights (systematic resampling).
    ///
    /// # Errors
    /// Weights that are not numbers.
    pub fn draw(&self, n: usize, seed: u64) -> Result<Vec<&Particle>, TrialError> {
        let weights: Vec<f64> = self.particles.iter().map(|p| p.weight).collect();
        let chosen = resample(&weights, n, seed)?;
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

/// Calibrates. `simulate` gives the targets at values of the unknowns, both in their order, for a number of
/// patients; it is called from several threads and should use common random numbers. A simulation that fails has
/// weight zero. `stop` is looked at between simulations.
///
/// It ends after `generations`, or after the first later one in which tolerance 1 and the effective size that is
/// wanted are both reached, or after `most_generations`. The last tolerance is the smallest that leaves as many
/// particles effective as wanted. The result does not depend on the number of threads.
///
/// # Errors
/// [`CalibrationRange`]: no unknown, no target, bounds or errors out of range, too few particles,
/// generations or patients. [`CalibrateError::Prior`] where no particle of the prior could be simulated.
/// [`TrialError::Interrupted`].
pub fn calibrate<E: Send>(
    spec: &CalibrationSpec,
    stop: &AtomicBool,
    simulate: &(dyn Fn(&[f64], usize) -> Result<Vec<f64>, E> + Sync),
) -> Result<Posterior, CalibrateError<E>> {
    check(spec).map_err(TrialError::from)?;
    #[expect(clippy::cast_precision_loss, reason = "counts of particles")]
    let half = 0.5 * spec.particles as f64;
    let wanted = spec.effective_size.unwrap_or(0.4 * half);
    let (most_exploring, floor) = spec.exploration();
    let mut exploring = most_exploring > 0;
    let (mut explored, mut generations) = (Vec::new(), Vec::new());
    let mut proposal: Option<Proposal> = None;
    let mut level = Level::default();
    for generation in 0..=spec.most_generations {
        let patients =
            spec.explore.filter(|_| exploring).map_or(spec.patients, |few| few.min(spec.patients));
        let fresh: Vec<DVector<f64>> = (0..spec.particles)
            .map(|i| match &proposal {
                // The first generation is spread evenly over each axis, in an order of its own.
                None => latin_hypercube(spec, i),
                Some(own) => own.draw(&Draws::new(spec.seed, i as u64), generation as u64),
            })
            .collect();
        let going = || !stop.load(Ordering::Relaxed);
        let simulated: Option<Vec<_>> = fresh
            .par_iter()
            .map(|z| going().then(|| simulate(&spec.values(z), patients)))
            .collect();
        // Where the flag came up within the last simulations, what they say may be cut short.
        let simulated = simulated.filter(|_| going()).ok_or(TrialError::Interrupted)?;
        let (mut failed, mut first) = (0, None);
        let simulated: Vec<Option<Vec<f64>>> = simulated
            .into_iter()
            .map(|found| {
                found
                    .map_err(|reason| {
                        failed += 1;
                        first.get_or_insert(reason);
                    })
                    .ok()
            })
            .collect();
        if let (0, Some(reason)) = (generation, first.filter(|_| failed == spec.particles)) {
            return Err(CalibrateError::Prior { reason });
        }
        level.add(spec, fresh, simulated, proposal.take(), patients);
        if !exploring && generation >= spec.generations {
            let (tolerance, effective_size) = level.temper(wanted, 1.0, f64::INFINITY);
            let reached = tolerance <= 1.0 && effective_size >= wanted;
            if reached || generation == spec.most_generations {
                generations.push(Generation { patients, tolerance, effective_size, failed });
                break;
            }
        }
        let least = if exploring { floor } else { 1.0 };
        let (tolerance, effective_size) = level.temper(half, least, level.tolerance);
        level.tolerance = tolerance;
        generations.push(Generation { patients, tolerance, effective_size, failed });
        proposal = level.proposal(spec, least)?;
        if exploring && (tolerance <= floor || generation + 1 >= most_exploring) {
            exploring = false;
            // From here on a new estimator: what explored has found the proposal, and no more.
            explored = std::mem::take(&mut level).particles;
        }
    }
    for p in &mut explored {
        p.weight = 0.0;
    }
    explored.append(&mut level.particles);
    Ok(Posterior { particles: explored, generations })
}

/// Generations of equal fidelity, weighted against the mixture of their proposals.
struct Level {
    /// Those of the generations; none is the prior.
    proposals: Vec<Option<Proposal>>,
    positions: Vec<DVector<f64>>,
    particles: Vec<Particle>,
    /// Σ of the squared misses in units of the errors.
    squares: Vec<f64>,
    /// ln of the prior over the mixture.
    ratios: Vec<f64>,
    /// That of the last proposal.
    tolerance: f64,
}

impl Default for Level {
    fn default() -> Self {
        Self {
            proposals: Vec::new(),
            positions: Vec::new(),
            particles: Vec::new(),
            squares: Vec::new(),
            ratios: Vec::new(),
            tolerance: f64::INFINITY,
        }
    }
}

impl Level {
    fn add(
        &mut self,
        spec: &CalibrationSpec,
        fresh: Vec<DVector<f64>>,
        simulated: Vec<Option<Vec<f64>>>,
        proposal: Option<Proposal>,
        patients: usize,
    ) {
        for (z, simulated) in fresh.into_iter().zip(simulated) {
            let square = misses(spec, simulated.as_deref());
            self.squares.push(square);
            self.particles.push(Particle {
                values: spec.values(&z),
                simulated: simulated.unwrap_or_else(|| vec![f64::NAN; spec.targets.len()]),
                weight: 0.0,
                #[expect(clippy::cast_precision_loss, reason = "targets are few")]
                distance: (square / spec.targets.len() as f64).sqrt(),
                patients,
            });
            self.positions.push(z);
        }
        self.proposals.push(proposal);
        self.ratios = self.positions.iter().map(|z| log_ratio(z, &self.proposals)).collect();
    }

    fn log_weights(&self, eps: f64) -> Vec<f64> {
        let one = |(s, r): (&f64, &f64)| {
            if s.is_finite() { -0.5 * s / (eps * eps) + r } else { f64::NEG_INFINITY }
        };
        self.squares.iter().zip(&self.ratios).map(one).collect()
    }

    /// Weights the particles at the smallest ε between two that leaves as many effective as wanted, or, where
    /// none does, at the one that leaves most; returns ε and how many are effective. That number need not grow
    /// with ε, as proposals are narrower than the prior.
    fn temper(&mut self, wanted: f64, least: f64, most: f64) -> (f64, f64) {
        // Steps of 2 %: far finer than the change of a kernel that matters.
        const STEP: f64 = 1.02;
        let size = |eps: f64| normalised(&self.log_weights(eps)).1;
        let (mut best, mut eps) = ((least, size(least)), least);
        while best.1 < wanted && eps < most.min(1e6) {
            eps = (eps * STEP).min(most);
            let found = size(eps);
            if found > best.1 {
                best = (eps, found);
            }
        }
        let (weights, effective_size) = normalised(&self.log_weights(best.0));
        for (p, w) in self.particles.iter_mut().zip(&weights) {
            p.weight = *w;
        }
        (best.0, effective_size)
    }

    /// The next proposal; the prior again where no particle has weight. Half of what is not of the prior is where
    /// the particles are, the other half where they say that the posterior at the least tolerance will be.
    fn proposal(&self, spec: &CalibrationSpec, least: f64) -> Result<Option<Proposal>, TrialError> {
        let weights: Vec<f64> = self.particles.iter().map(|p| p.weight).collect();
        if weights.iter().all(|w| *w <= 0.0) {
            return Ok(None);
        }
        let misses: Vec<DVector<f64>> = self
            .particles
            .iter()
            .map(|p| {
                let pairs = spec.targets.iter().zip(&p.simulated);
                let misses = pairs.map(|(t, v)| (v - t.value) / t.error);
                DVector::from_vec(misses.collect())
            })
            .collect();
        let around = Normal::around(&self.positions, &weights);
        let mut normals = vec![around.ok_or(TrialError::NoSpread)?];
        normals.extend(Normal::regressed(&self.positions, &weights, &misses, least));
        Ok(Some(Proposal { normals }))
    }
}

/// A particle of the prior: each axis has one in each of as many strata as there are particles.
fn latin_hypercube(spec: &CalibrationSpec, i: usize) -> DVector<f64> {
    let draws = Draws::new(spec.seed, i as u64);
    DVector::from_fn(spec.unknowns.len(), |j, _| {
        let place = stratum(spec.seed, j, i, spec.particles);
        #[expect(clippy::cast_precision_loss, reason = "counts of particles")]
        let u = (place as f64 + draws.uniform("prior", j as u64)) / spec.particles as f64;
        normal_quantile(u)
    })
}

/// The place of particle `i` on axis `j` among `n` strata: a permutation by sorting random numbers.
fn stratum(seed: u64, axis: usize, i: usize, n: usize) -> usize {
    let key = |k: usize| Draws::new(seed, k as u64).uniform("stratum", axis as u64);
    let own = key(i);
    (0..n).filter(|&k| key(k) < own).count()
}

/// Σ of the squared misses in units of the errors; infinite where the simulation failed.
fn misses(spec: &CalibrationSpec, simulated: Option<&[f64]>) -> f64 {
    match simulated {
        Some(values) if values.len() == spec.targets.len() => {
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

/// A mixture of the prior and of normal densities of equal shares.
struct Proposal {
    normals: Vec<Normal>,
}

/// A normal density.
struct Normal {
    mean: DVector<f64>,
    root: DMatrix<f64>,
    log_determinant: f64,
}

impl Normal {
    fn new(mean: DVector<f64>, mut covariance: DMatrix<f64>) -> Option<Self> {
        let d = mean.len();
        covariance *= WIDER;
        for j in 0..d {
            // Particles that collapsed onto one must still be able to move.
            covariance[(j, j)] += 1e-4;
        }
        let root = covariance.cholesky().map(|c| c.l())?;
        let log_determinant = (0..d).map(|j| root[(j, j)].ln()).sum();
        Some(Self { mean, root, log_determinant })
    }

    /// With the mean and the covariance of weighted particles.
    fn around(positions: &[DVector<f64>], weights: &[f64]) -> Option<Self> {
        let d = positions.first().map_or(0, DVector::len);
        let mut mean = DVector::zeros(d);
        for (z, w) in positions.iter().zip(weights) {
            mean.axpy(*w, z, 1.0);
        }
        let mut covariance = DMatrix::zeros(d, d);
        for (z, w) in positions.iter().zip(weights) {
            let off = z - &mean;
            covariance += (&off * off.transpose()) * *w;
        }
        Self::new(mean, covariance)
    }

    /// The posterior at a tolerance if the misses (in units of their errors) were linear in the unknowns: those of a
    /// weighted regression, whose residual variance counts as one of the targets. None where too few particles are
    /// effective for its coefficients.
    fn regressed(
        positions: &[DVector<f64>],
        weights: &[f64],
        misses: &[DVector<f64>],
        eps: f64,
    ) -> Option<Self> {
        let (d, m) = (positions.first()?.len(), misses.first()?.len());
        let used = || positions.iter().zip(misses).zip(weights).filter(|(_, w)| **w > 0.0);
        let effective = 1.0 / weights.iter().map(|w| w * w).sum::<f64>();
        #[expect(clippy::cast_precision_loss, reason = "unknowns are few")]
        let coefficients = (d + 1) as f64;
        if effective < 2.0 * coefficients {
            return None;
        }
        let row =
            |z: &DVector<f64>| DVector::from_fn(d + 1, |k, _| if k == d { 1.0 } else { z[k] });
        let mut normal = DMatrix::zeros(d + 1, d + 1);
        let mut right = DMatrix::zeros(d + 1, m);
        for ((z, miss), w) in used() {
            let x = row(z);
            normal += (&x * x.transpose()) * *w;
            right += (&x * miss.transpose()) * *w;
        }
        for k in 0..d {
            // A direction in which the particles do not differ has no slope.
            normal[(k, k)] += 1e-6;
        }
        let fitted = normal.cholesky()?.solve(&right);
        let mut variance = DVector::zeros(m);
        for ((z, miss), w) in used() {
            let residual = miss - fitted.transpose() * row(z);
            variance += residual.component_mul(&residual) * *w;
        }
        variance *= effective / (effective - coefficients);
        let slopes = fitted.rows(0, d);
        let mut precision = DMatrix::identity(d, d);
        let mut pull = DVector::zeros(d);
        for j in 0..m {
            let slope = slopes.column(j);
            let over = 1.0 / (eps * eps + variance[j]);
            precision += (slope * slope.transpose()) * over;
            pull -= slope * (over * fitted[(d, j)]);
        }
        let covariance = precision.cholesky()?.inverse();
        Self::new(&covariance * pull, covariance)
    }

    fn log_density(&self, z: &DVector<f64>) -> f64 {
        let off = z - &self.mean;
        let scaled = self.root.solve_lower_triangular(&off).unwrap_or(off);
        -self.log_determinant - 0.5 * scaled.norm_squared()
    }
}

impl Proposal {
    fn draw(&self, draws: &Draws, generation: u64) -> DVector<f64> {
        let d = self.normals.first().map_or(0, |n| n.mean.len());
        let z = DVector::from_fn(d, |j, _| draws.normal(&format!("move {generation}"), j as u64));
        let u = draws.uniform("prior or not", generation);
        #[expect(clippy::cast_precision_loss, reason = "few densities")]
        let share = (1.0 - FROM_PRIOR) / self.normals.len().max(1) as f64;
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        match self.normals.get(((u - FROM_PRIOR) / share) as usize) {
            Some(normal) if u >= FROM_PRIOR => &normal.mean + &normal.root * z,
            _ => z,
        }
    }

    /// ln of the density over (2π)^(−d/2).
    fn log_density(&self, z: &DVector<f64>) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "few densities")]
        let share = ((1.0 - FROM_PRIOR) / self.normals.len().max(1) as f64).ln();
        let mut terms = vec![FROM_PRIOR.ln() - 0.5 * z.norm_squared()];
        terms.extend(self.normals.iter().map(|n| share + n.log_density(z)));
        log_sum(&terms)
    }
}

/// ln of the prior over the mean of all proposals (none is the prior), each of which gave as many particles.
fn log_ratio(z: &DVector<f64>, proposals: &[Option<Proposal>]) -> f64 {
    let prior = -0.5 * z.norm_squared();
    let density = |p: &Option<Proposal>| p.as_ref().map_or(prior, |p| p.log_density(z));
    let terms: Vec<f64> = proposals.iter().map(density).collect();
    #[expect(clippy::cast_precision_loss, reason = "generations are few")]
    let count = terms.len() as f64;
    prior - (log_sum(&terms) - count.ln())
}

/// ln Σ exp.
fn log_sum(terms: &[f64]) -> f64 {
    let most = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    most + terms.iter().map(|t| (t - most).exp()).sum::<f64>().ln()
}

/// Fewer particles are not a sample.
const LEAST_PARTICLES: usize = 10;

fn check(spec: &CalibrationSpec) -> Result<(), CalibrationRange> {
    if spec.unknowns.is_empty() {
        return Err(CalibrationRange::NoUnknowns);
    }
    if spec.targets.is_empty() {
        return Err(CalibrationRange::NoTargets);
    }
    if spec.particles < LEAST_PARTICLES {
        return Err(CalibrationRange::Particles { found: spec.particles, least: LEAST_PARTICLES });
    }
    if spec.most_generations < spec.generations {
        let (found, made) = (spec.most_generations, spec.generations);
        return Err(CalibrationRange::MostGenerations { found, made });
    }
    if spec.patients == 0 {
        return Err(CalibrationRange::NoPatients);
    }
    if let Some(found) = spec.explore {
        if found == 0 || found > spec.patients {
            return Err(CalibrationRange::Explorers { found, most: spec.patients });
        }
        if spec.generations == 0 {
            return Err(CalibrationRange::OnlyExploring);
        }
    }
    if let Some(found) = spec.effective_size {
        #[expect(clippy::cast_precision_loss, reason = "counts of particles")]
        let most = (spec.particles * (spec.most_generations + 1 - spec.exploration().0)) as f64;
        if !(found >= 1.0 && found <= most) {
            return Err(CalibrationRange::EffectiveSize { found, most });
        }
    }
    for u in &spec.unknowns {
        let ordered = u.lower.is_finite() && u.upper.is_finite() && u.lower < u.upper;
        if !ordered || (u.log && u.lower <= 0.0) {
            let (name, bounds) = (u.name.clone(), (u.lower, u.upper));
            return Err(CalibrationRange::Prior { name, bounds });
        }
    }
    for t in &spec.targets {
        if !(t.value.is_finite() && t.error.is_finite() && t.error > 0.0) {
            let (name, value, error) = (t.name.clone(), t.value, t.error);
            return Err(CalibrationRange::Target { name, value, error });
        }
    }
    Ok(())
}
