//! From the uptakes of a scan to the integrals of a therapy, over virtual patients whose truth is known.
//!
//! Patients differ in parameters θ_k = m_k·e^{η_k}, η_k ~ N(0, ω_k²), of which some are known of each of them (what an image
//! or a laboratory measures) and the others are not. A scan gives the activity of regions at a few times with a
//! proportional error, and the unknown ones are estimated by maximum a posteriori ([`lutetia_fit`]). The coefficient of a
//! region under the therapy, a = ∫A dt/A₀, is that of the model at the estimates; to first order ln a has the variance
//!
//! ```text
//! v = gᵀ·V·g,   g = ∂ ln a/∂θ,   V the covariance of the estimates, prior included
//! ```
//!
//! and its 95 % interval is a·e^{±1.96·√v}. What of the variance under the prior alone is left, v over Σ (g_k·θ_k·ω_k)²,
//! says how much of the prediction is the prior.
//!
//! Beside it stand three simpler ways: the same without a scan, the mean of other patients, and that mean scaled by
//! the uptake.

mod estimate;
mod injection;
mod score;
mod simple;

use std::sync::{Arc, atomic::AtomicBool};

use lutetia_population::Draws;
use rayon::prelude::*;

pub use estimate::{Estimated, Predicted};
pub use injection::{Injection, Law, Person};
pub use score::{Difference, Score, difference, score};

use crate::PatientError;

/// Numbers from which other patients are counted, so that they share no random number with those who are predicted.
const OTHERS: u64 = 1 << 32;

/// How a coefficient is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The model with the patient's scan.
    Scan,
    /// The model with what is known of the patient, without a scan.
    Known,
    /// The mean of other patients, scaled by the uptake in the last image.
    Ratio,
    /// The mean of other patients.
    Mean,
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Scan, Self::Known, Self::Ratio, Self::Mean];

    /// In tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Scan => "model with scan",
            Self::Known => "model without scan",
            Self::Ratio => "mean scaled by uptake",
            Self::Mean => "mean of others",
        }
    }
}

/// What is measured of every patient.
#[derive(Debug, Clone)]
pub struct Scan<'m> {
    /// The tracer, as the estimation believes it to be.
    pub injection: Injection<'m>,
    /// The tracer as it is.
    pub truth: Injection<'m>,
    /// Times of the images after the start of the injection, h, ascending.
    pub times_h: Vec<f64>,
    /// Coefficient of variation of a measured uptake, 1 = 100 %.
    pub cv: f64,
    /// What is measured over what is there: 1 for a scanner that is right.
    pub scale: f64,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Study<'m> {
    /// What patients differ in.
    pub laws: Vec<Law>,
    /// The scan.
    pub scan: Scan<'m>,
    /// The therapy, as the estimation believes it to be.
    pub therapy: Injection<'m>,
    /// The therapy as it is.
    pub truth: Injection<'m>,
    /// Standard deviations of the patients over those of the laws, which the estimation believes.
    pub spread: f64,
    /// Patients who are predicted.
    pub patients: usize,
    /// Others of the same population, of whom scan and therapy are known.
    pub others: usize,
    /// Of all random numbers.
    pub seed: u64,
    /// Comes up when the work is to stop.
    pub stop: Arc<AtomicBool>,
}

/// One virtual patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// From 0.
    pub number: u64,
    /// What he is, internal, in the order of the parameters of the therapy's model.
    pub parameters: Vec<f64>,
    /// The coefficient of each region, h.
    pub truth_h: Vec<f64>,
    /// By [`Way::ALL`], of each region; none where the way determines nothing.
    pub ways: [Vec<Option<Predicted>>; 4],
    /// Variance of each unknown parameter over that of its prior, after the scan; empty where the fit found no end.
    pub left: Vec<f64>,
}

impl Outcome {
    /// What a way says of a region.
    #[must_use]
    pub fn by(&self, way: Way, region: usize) -> Option<Predicted> {
        let at = Way::ALL.iter().position(|w| *w == way)?;
        self.ways[at].get(region).copied().flatten()
    }
}

/// A measured patient.
struct Measured {
    person: Person,
    parameters: Vec<f64>,
    /// By region, then time, in the declared unit of its output.
    uptakes: Vec<Vec<f64>>,
    truth_h: Vec<f64>,
}

/// Draws, measures and treats a patient.
fn measured(study: &Study<'_>, number: u64) -> Result<Measured, PatientError> {
    let draws = Draws::new(study.seed, number);
    let person = Person::drawn(&study.laws, &draws, study.spread);
    let clean = study.scan.truth.uptakes(&person.etas, &study.scan.times_h)?;
    let uptakes = clean
        .into_iter()
        .enumerate()
        .map(|(region, curve)| {
            let purpose = format!("uptake {region}");
            let noisy = |(time, a): (usize, f64)| {
                let z = draws.normal(&purpose, time as u64);
                // A camera shows no less than nothing.
                (study.scan.scale * a * (1.0 + study.scan.cv * z)).max(0.01 * a)
            };
            curve.into_iter().enumerate().map(noisy).collect()
        })
        .collect();
    let truth_h = study.truth.coefficients(&person.etas)?;
    Ok(Measured { parameters: study.truth.parameters(&person.etas), person, uptakes, truth_h })
}

/// Draws all patients, measures them, and predicts their therapy in every way.
///
/// A patient is a function of seed and number. The ways that take a mean know `others`, who are of the same population,
/// scanned and treated alike: where the estimation is wrong about ligands or scanner they are not, as their numbers come from
/// real patients of the same kind.
///
/// # Errors
/// [`PatientError`]: a simulation that fails, or the interruption of a fit.
pub fn outcomes(study: &Study<'_>) -> Result<Vec<Outcome>, PatientError> {
    let others: Vec<Measured> = (0..study.others as u64)
        .into_par_iter()
        .map(|k| measured(study, OTHERS + k))
        .collect::<Result<_, _>>()?;
    let regions = study.therapy.regions();
    let known: Vec<simple::Known> = (0..regions)
        .map(|region| {
            let pairs = others.iter().filter_map(|other| {
                Some((*other.uptakes[region].last()?, *other.truth_h.get(region)?))
            });
            simple::Known::of(&pairs.collect::<Vec<_>>())
        })
        .collect();
    (0..study.patients as u64)
        .into_par_iter()
        .map(|number| {
            let patient = measured(study, number)?;
            let found = estimate::from_scan(study, &patient.person, &patient.uptakes)?;
            let without = estimate::without(study, &patient.person)?;
            let last = |region: usize| patient.uptakes[region].last().copied();
            let scaled = (0..regions).map(|r| known[r].scaled(last(r)?)).collect();
            let mean = known.iter().map(simple::Known::mean).collect();
            let (by_scan, left) = match found {
                Some(found) => (found.regions.into_iter().map(Some).collect(), found.left),
                None => (vec![None; regions], Vec::new()),
            };
            let by_known = without.into_iter().map(Some).collect();
            Ok(Outcome {
                number,
                parameters: patient.parameters,
                truth_h: patient.truth_h,
                ways: [by_scan, by_known, scaled, mean],
                left,
            })
        })
        .collect()
}
