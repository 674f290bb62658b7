//! How does the chance of a response or a harm rise with exposure?

use serde::Serialize;

use crate::error::{
    Asked, NoAnswer, OutcomeError, Unfinished, confidence_level, not_determined, within,
};
use crate::lack_of_fit::{ExposureGroup, LackOfFit, hosmer_lemeshow};
use crate::numeric::{chi_squared_tail, two_sided_z};

/// A logistic curve of a probability against exposure, `logit P = b₀ + b₁ x`, by maximum likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Logistic {
    /// b₀.
    pub intercept: f64,
    /// b₁, per unit of exposure.
    pub slope: f64,
    /// Variance of b₀, covariance, variance of b₁: the inverse of the Fisher information.
    pub covariance: [f64; 3],
    /// −2 ln L.
    pub deviance: f64,
    /// −2 ln L without exposure.
    pub null_deviance: f64,
    /// Patients.
    pub patients: usize,
    /// Patients with the event.
    pub events: usize,
}

/// Newton steps before giving up: from the overall share the likelihood, which is concave, takes about
/// six; separated data are told apart before.
const MOST_STEPS: usize = 100;

impl Logistic {
    /// Fits patients' exposures and whether they had the event.
    ///
    /// # Errors
    /// [`OutcomeError`]: no patients, columns of different length, exposures that are not numbers or all
    /// the same, an event in all or none, or exposures that separate those with the event from those
    /// without (the steepest curve would be a step, and no slope is the best).
    pub fn fit(exposure: &[f64], event: &[bool]) -> Result<Self, OutcomeError> {
        let n = exposure.len();
        if n == 0 {
            return Err(OutcomeError::Empty { what: "the table of exposures".to_owned() });
        }
        if event.len() != n {
            return Err(OutcomeError::Lengths {
                what: "event".to_owned(),
                found: event.len(),
                expected: n,
            });
        }
        for (i, x) in exposure.iter().enumerate() {
            within(format!("exposure of patient {}", i + 1), *x, "", true, "a finite number")?;
        }
        refuse_undetermined(exposure, event)?;
        let count = n as f64;
        let events = event.iter().filter(|e| **e).count();
        let share = events as f64 / count;
        // Centred and scaled, so that the information matrix is far from singular.
        let centre = exposure.iter().sum::<f64>() / count;
        let scale = (exposure.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / count).sqrt();
        let z: Vec<f64> = exposure.iter().map(|x| (x - centre) / scale).collect();
        let null_deviance =
            -2.0 * (events as f64 * share.ln() + (count - events as f64) * (1.0 - share).ln());
        let (mut a, mut b) = ((share / (1.0 - share)).ln(), 0.0);
        let mut deviance = null_deviance;
        for _ in 0..MOST_STEPS {
            let (gradient, information) = derivatives(&z, event, a, b);
            let [i00, i01, i11] = information;
            let determinant = i00 * i11 - i01 * i01;
            let step = (
                (i11 * gradient[0] - i01 * gradient[1]) / determinant,
                (i00 * gradient[1] - i01 * gradient[0]) / determinant,
            );
            // The likelihood is concave: half of a step that goes too far goes up.
            let mut part = 1.0;
            let mut next = deviance_at(&z, event, a + step.0, b + step.1);
            while (next.is_nan() || next > deviance + 1e-12 * deviance.abs()) && part > 1e-6 {
                part *= 0.5;
                next = deviance_at(&z, event, a + part * step.0, b + part * step.1);
            }
            a += part * step.0;
            b += part * step.1;
            deviance = next;
            // Gradient · step is twice what is left to gain.
            if gradient[0] * step.0 + gradient[1] * step.1 < 1e-20 * count {
                break;
            }
        }
        let (gradient, [i00, i01, i11]) = derivatives(&z, event, a, b);
        let determinant = i00 * i11 - i01 * i01;
        if !(gradient.iter().all(|g| g.abs() < 1e-6 * count) && determinant > 0.0) {
            let (what, reason) = (Asked::LogisticCurve, Unfinished::KeepsRising);
            return Err(OutcomeError::NotConverged { what, reason });
        }
        let (v00, v01, v11) = (i11 / determinant, -i01 / determinant, i00 / determinant);
        let t = centre / scale;
        Ok(Self {
            intercept: a - b * t,
            slope: b / scale,
            covariance: [
                v00 - 2.0 * t * v01 + t * t * v11,
                (v01 - t * v11) / scale,
                v11 / (scale * scale),
            ],
            deviance,
            null_deviance,
            patients: n,
            events,
        })
    }

    /// Whether the patients it was fitted to refute it, with observed and expected events by exposure
    /// ([`hosmer_lemeshow`]).
    ///
    /// # Errors
    /// As [`hosmer_lemeshow`].
    pub fn lack_of_fit(
        &self,
        exposure: &[f64],
        event: &[bool],
        groups: usize,
    ) -> Result<(LackOfFit, Vec<ExposureGroup>), OutcomeError> {
        let probability: Vec<f64> =
            exposure.iter().map(|x| inverse_logit(self.intercept + self.slope * x)).collect();
        hosmer_lemeshow(exposure, event, &probability, groups)
    }

    /// Probability at an exposure with its interval, Wald's on the logit scale.
    ///
    /// # Errors
    /// A level not between 0 and 1.
    pub fn at(&self, exposure: f64, level: f64) -> Result<(f64, f64, f64), OutcomeError> {
        let z = two_sided_z(confidence_level(level)?);
        let [v00, v01, v11] = self.covariance;
        let logit = self.intercept + self.slope * exposure;
        // Rounding may leave a variance of zero a little below it.
        let half = z * (v00 + 2.0 * exposure * v01 + exposure * exposure * v11).max(0.0).sqrt();
        Ok((inverse_logit(logit), inverse_logit(logit - half), inverse_logit(logit + half)))
    }

    /// Odds ratio per `by` units of exposure with its interval (Wald's).
    ///
    /// # Errors
    /// A level not between 0 and 1.
    pub fn odds_ratio(&self, by: f64, level: f64) -> Result<(f64, f64, f64), OutcomeError> {
        let z = two_sided_z(confidence_level(level)?);
        let (middle, half) = (by * self.slope, z * by.abs() * self.covariance[2].sqrt());
        Ok((middle.exp(), (middle - half).exp(), (middle + half).exp()))
    }

    /// p of no effect of exposure, by the likelihood ratio on one degree of freedom.
    #[must_use]
    pub fn p(&self) -> f64 {
        chi_squared_tail(self.null_deviance - self.deviance, 1.0)
    }
}

fn inverse_logit(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// ln(1 + eˣ) without overflow.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn deviance_at(z: &[f64], event: &[bool], a: f64, b: f64) -> f64 {
    let one = |(z, e): (&f64, &bool)| {
        let logit = a + b * z;
        softplus(if *e { -logit } else { logit })
    };
    2.0 * z.iter().zip(event).map(one).sum::<f64>()
}

/// Gradient of ln L and Fisher information.
fn derivatives(z: &[f64], event: &[bool], a: f64, b: f64) -> ([f64; 2], [f64; 3]) {
    let (mut gradient, mut information) = ([0.0; 2], [0.0; 3]);
    for (z, e) in z.iter().zip(event) {
        let p = inverse_logit(a + b * z);
        let miss = f64::from(u8::from(*e)) - p;
        gradient[0] += miss;
        gradient[1] += miss * z;
        let w = p * (1.0 - p);
        information[0] += w;
        information[1] += w * z;
        information[2] += w * z * z;
    }
    (gradient, information)
}

fn refuse_undetermined(exposure: &[f64], event: &[bool]) -> Result<(), OutcomeError> {
    let refused = |reason| Err(not_determined(Asked::LogisticCurve, reason));
    let patients = exposure.len();
    let range = |wanted: Option<bool>| {
        exposure
            .iter()
            .zip(event)
            .filter(|(_, e)| wanted.is_none_or(|w| **e == w))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), (x, _)| (lo.min(*x), hi.max(*x)))
    };
    let (all, with, without) = (range(None), range(Some(true)), range(Some(false)));
    if with.0 > with.1 {
        return refused(NoAnswer::Nobody { patients });
    }
    if without.0 > without.1 {
        return refused(NoAnswer::Everybody { patients });
    }
    if all.0 >= all.1 {
        return refused(NoAnswer::OneExposure { patients, exposure: all.0 });
    }
    if with.0 >= without.1 || without.0 >= with.1 {
        let exposure = if with.0 >= without.1 { with.0 } else { without.0 };
        return refused(NoAnswer::Separated { exposure });
    }
    Ok(())
}
