//! Which random number does a patient get for a purpose?
//!
//! Counter-based: the number is a function of (seed, patient, purpose, count) and of nothing else. A
//! patient is therefore the same whatever the size of the cohort, the number of threads or what was
//! drawn before, and two arms that ask for the same purpose get the same number (common random
//! numbers). The purpose is a name, so that a model with one more random effect changes no other draw.
//!
//! A small cohort may be stratified: of `n` patients each lies in another of `n` strata of equal
//! probability of every purpose (Latin hypercube, `McKay` 1979, Technometrics 21:239), so that what is the sum
//! of effects of single purposes is far nearer to its expectation than with independent numbers. Such patients
//! belong together: one more is another cohort.

use std::num::NonZeroU64;

use nalgebra::{DMatrix, DVector};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::error::PopulationError;
use crate::law::Form;
use crate::range::PopulationRange;

/// The random numbers of one patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draws {
    seed: u64,
    patient: u64,
    /// Number of strata; none where the numbers are independent.
    strata: Option<NonZeroU64>,
}

impl Draws {
    /// Of a seed and the number of a patient.
    #[must_use]
    pub fn new(seed: u64, patient: u64) -> Self {
        Self { seed, patient, strata: None }
    }

    /// Of one patient of a stratified cohort of that many.
    #[must_use]
    pub fn stratified(seed: u64, patient: u64, cohort: NonZeroU64) -> Self {
        Self { seed, patient, strata: Some(cohort) }
    }

    /// The `count`-th uniform number of a purpose, strictly between 0 and 1 (a multiple of 2⁻⁵³
    /// plus half of it, so that neither its logarithm nor its normal quantile is infinite).
    #[must_use]
    pub fn uniform(&self, purpose: &str, count: u64) -> f64 {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&fingerprint(purpose).to_le_bytes());
        key[16..24].copy_from_slice(&count.to_le_bytes());
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(self.patient);
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let bits = (generator.next_u64() >> 11) as f64;
        let own = (bits + 0.5) * (-53.0_f64).exp2();
        let Some(n) = self.strata else { return own };
        let place = place(self.patient % n, n, self.seed ^ fingerprint(purpose) ^ mixed(count));
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let u = (place as f64 + own) / n.get() as f64;
        // The last stratum ends below 1, and rounding must not take it there.
        u.min(1.0 - f64::EPSILON)
    }

    /// The `count`-th standard normal number of a purpose, by the quantile of [`Draws::uniform`].
    #[must_use]
    pub fn normal(&self, purpose: &str, count: u64) -> f64 {
        normal_quantile(self.uniform(purpose, count))
    }
}

/// `n` log-normal vectors around `medians` whose logarithms have this covariance (rows in the order of the
/// medians): draws of a patient from his fit. Directions whose variance is not positive do not vary.
///
/// # Errors
/// [`PopulationRange::Covariance`]: a covariance of another size or with something that is not a number.
pub fn log_normal_draws(
    medians: &[f64],
    covariance: &[Vec<f64>],
    n: usize,
    seed: u64,
) -> Result<Vec<Vec<f64>>, PopulationError> {
    let size = medians.len();
    let square = covariance.len() == size && covariance.iter().all(|row| row.len() == size);
    if !square || covariance.iter().flatten().any(|x| !x.is_finite()) {
        return Err(PopulationRange::Covariance { rows: covariance.len(), size }.into());
    }
    let matrix = DMatrix::from_fn(size, size, |i, j| 0.5 * (covariance[i][j] + covariance[j][i]));
    let parts = matrix.symmetric_eigen();
    Ok((0..n as u64)
        .map(|k| {
            let draws = Draws::new(seed, k);
            let z = DVector::from_fn(size, |j, _| {
                parts.eigenvalues[j].max(0.0).sqrt() * draws.normal("estimate", j as u64)
            });
            let eta = &parts.eigenvectors * z;
            medians.iter().zip(eta.iter()).map(|(m, e)| Form::LogNormal.value(*m, *e)).collect()
        })
        .collect())
}

/// Φ⁻¹(u).
#[must_use]
pub fn normal_quantile(u: f64) -> f64 {
    Normal::standard().inverse_cdf(u)
}

/// Φ(z).
#[must_use]
pub fn normal_share(z: f64) -> f64 {
    Normal::standard().cdf(z)
}

/// FNV-1a, 64 bits: the same on every machine and in every version, which a hasher of the standard
/// library does not promise.
fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The place of `i` in a permutation of `0..n` that a key chooses: four rounds of Feistel's network on the
/// smallest even number of bits that holds `n`, walked on until the place lies within (Black and Rogaway 2002).
fn place(i: u64, n: NonZeroU64, key: u64) -> u64 {
    let half = (64 - n.get().leading_zeros()).div_ceil(2);
    let mask = (1_u64 << half) - 1;
    let mut x = i;
    // A permutation of the larger range brings every place of the smaller one back into it.
    loop {
        let (mut left, mut right) = (x >> half, x & mask);
        for round in 0..4_u64 {
            (left, right) = (right, left ^ (mixed(key ^ mixed(right ^ (round << 32))) & mask));
        }
        x = (left << half) | right;
        if x < n.get() {
            return x;
        }
    }
}

/// The finaliser of splitmix64.
fn mixed(x: u64) -> u64 {
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohort(n: u64) -> NonZeroU64 {
        NonZeroU64::new(n).expect("a cohort of somebody")
    }

    #[test]
    fn prop_every_stratum_has_one_patient() {
        for n in 1..130 {
            for purpose in ["death", "iiv tumour:k_g", "covariate TV"] {
                let mut seen: Vec<u64> = (0..n)
                    .map(|i| {
                        let u = Draws::stratified(3, i, cohort(n)).uniform(purpose, 0);
                        assert!(u > 0.0 && u < 1.0);
                        (u * n as f64) as u64
                    })
                    .collect();
                seen.sort_unstable();
                assert_eq!(seen, (0..n).collect::<Vec<_>>(), "{n} {purpose}");
            }
        }
    }

    /// The mean of e^z over 100 patients, with z the sum of two normal numbers of sd 0.5, is e^0.25; strata
    /// leave of its variance the interaction of the two alone.
    #[test]
    fn exact_strata_leave_the_interactions() {
        let sd = |strata: bool| {
            let means: Vec<f64> = (0..200_u64)
                .map(|seed| {
                    let sum: f64 = (0..100)
                        .map(|i| {
                            let d = if strata {
                                Draws::stratified(seed, i, cohort(100))
                            } else {
                                Draws::new(seed, i)
                            };
                            (0.5 * (d.normal("a", 0) + d.normal("b", 0))).exp()
                        })
                        .sum();
                    sum / 100.0 - 0.25_f64.exp()
                })
                .collect();
            let mean = means.iter().sum::<f64>() / 200.0;
            // Unbiased, within four standard errors of independent numbers.
            assert!(mean.abs() < 4.0 * 0.1034 / 200.0_f64.sqrt(), "{mean}");
            (means.iter().map(|m| m * m).sum::<f64>() / 200.0).sqrt()
        };
        let expected = |full: bool| {
            // Var e^z = e^{2s²}(e^{2s²} - 1) at 2s² = 0.5 for the whole, the product of both parts for the rest.
            let part = 0.25_f64.exp() - 1.0;
            let variance =
                0.5_f64.exp() * if full { 2.0 * part + part * part } else { part * part };
            (variance / 100.0).sqrt()
        };
        // A standard deviation of 200 values is good to 5 %; three of those.
        for strata in [false, true] {
            let (found, expected) = (sd(strata), expected(!strata));
            assert!((found / expected - 1.0).abs() < 0.15, "{strata}: {found} {expected}");
        }
    }

    #[test]
    fn exact_the_fingerprint_is_fnv_1a() {
        // Test vectors of Fowler, Noll and Vo's own page (FNV-1a, 64 bits).
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn exact_log_normal_draws_have_their_covariance() {
        let covariance = vec![vec![0.04, 0.012, 0.0], vec![0.012, 0.09, 0.0], vec![0.0; 3]];
        let n = 20_000;
        let drawn = log_normal_draws(&[2.0, 0.5, 7.0], &covariance, n, 3).unwrap();
        let log = |k: usize, m: f64| drawn.iter().map(move |d| (d[k] / m).ln()).collect::<Vec<_>>();
        let (a, b) = (log(0, 2.0), log(1, 0.5));
        let mean = |x: &[f64], y: &[f64]| {
            x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / f64::from(n as u32)
        };
        // Standard errors of (co)variances at n = 20 000: σ²√(2/n) = 1 % of the variances, .0004 of the
        // covariance; the bounds are four of them.
        assert!((mean(&a, &a) / 0.04 - 1.0).abs() < 0.04);
        assert!((mean(&b, &b) / 0.09 - 1.0).abs() < 0.04);
        assert!((mean(&a, &b) - 0.012).abs() < 0.0018);
        // What has no variance stays.
        assert!(drawn.iter().all(|d| (d[2] - 7.0).abs() < 1e-12));
        assert!(log_normal_draws(&[1.0], &[], 1, 1).is_err());
        assert!(log_normal_draws(&[1.0], &[vec![f64::NAN]], 1, 1).is_err());
    }

    #[test]
    fn exact_a_draw_depends_on_its_names_alone() {
        let one = Draws::new(7, 3);
        let first = one.uniform("CL", 0);
        let _between = one.uniform("V", 4);
        assert!(first.to_bits() == Draws::new(7, 3).uniform("CL", 0).to_bits());
        for other in [
            Draws::new(8, 3).uniform("CL", 0),
            Draws::new(7, 4).uniform("CL", 0),
            one.uniform("V", 0),
            one.uniform("CL", 1),
        ] {
            assert!(first.to_bits() != other.to_bits());
        }
    }

    #[test]
    fn exact_draws_have_the_moments_of_their_law() {
        // Standard errors at n = 20 000: mean of a uniform 0.0020, of a normal 0.0071; variance of a
        // normal 0.010; correlation 0.0071. The bounds are four of them.
        let n = 20_000_u32;
        let (mut u, mut z, mut zz, mut cross) = (0.0, 0.0, 0.0, 0.0);
        for i in 0..n {
            let d = Draws::new(1, u64::from(i));
            u += d.uniform("u", 0);
            let (a, b) = (d.normal("a", 0), d.normal("b", 0));
            z += a;
            zz += a * a;
            cross += a * b;
        }
        let n = f64::from(n);
        assert!((u / n - 0.5).abs() < 0.008, "{}", u / n);
        assert!((z / n).abs() < 0.028, "{}", z / n);
        assert!((zz / n - 1.0).abs() < 0.04, "{}", zz / n);
        assert!((cross / n).abs() < 0.028, "{}", cross / n);
    }
}
