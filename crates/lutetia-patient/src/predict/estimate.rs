//! The coefficients of the therapy out of a scan, or out of what is known without one.

use lutetia_fit::{
    Derived, DerivedKind, ErrorModel, FitError, FitOptions, FitParameter, Magnitude, Observation,
    OdePredictor, Predictor, Problem, Sample, fit,
};
use lutetia_population::{Form, ParameterLaw};
use lutetia_sim::Options;

use super::{
    Study,
    injection::{Injection, Person},
};
use crate::{PatientError, model::RTOL};

/// Random starts of a fit beside the median of the prior, which makes the surface nearly convex; more only where that
/// finds no end.
const STARTS: [usize; 2] = [0, 3];

/// The 97.5 % quantile of the normal distribution.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// A predicted coefficient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Predicted {
    /// ∫A dt/A₀, h.
    pub coefficient_h: f64,
    /// Standard deviation of its logarithm.
    pub log_sd: f64,
    /// Variance of its logarithm over that under the prior alone; none where nothing was estimated.
    pub left: Option<f64>,
}

impl Predicted {
    /// The 95 % interval, h.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        let factor = (Z * self.log_sd).exp();
        (self.coefficient_h / factor, self.coefficient_h * factor)
    }
}

/// What a scan says of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Estimated {
    /// By region.
    pub regions: Vec<Predicted>,
    /// Variance of the logarithm of each unknown parameter over that of its prior.
    pub left: Vec<f64>,
}

/// What is not known of a patient: name, standard deviation of the logarithm, median in the declared unit.
struct Unknown<'s> {
    name: &'s str,
    log_sd: f64,
}

fn unknown<'s>(study: &'s Study<'_>) -> Vec<Unknown<'s>> {
    let laws = study.laws.iter().filter(|law| !law.known);
    laws.map(|law| Unknown { name: &law.name, log_sd: law.log_sd }).collect()
}

/// A model of which the unknown parameters are free, at the medians of a patient of whom the others are known.
fn predictor(
    injection: &Injection<'_>,
    known: &Person,
    names: &[&str],
    times_h: &[f64],
) -> Result<OdePredictor, PatientError> {
    let hour = injection.model.clock().hour();
    let outputs = injection.model.simulator.system().outputs();
    let samples: Vec<Sample> = injection
        .outputs
        .iter()
        .flat_map(|&output| {
            let sample =
                move |t: &f64| Sample { output: outputs[output].name.clone(), time: t * hour };
            times_h.iter().map(sample)
        })
        .collect();
    let options = Options { rtol: RTOL, ..Options::default() };
    Ok(OdePredictor::new(injection.scenario(&known.etas), names, &samples, options)?)
}

/// The coefficients of the therapy with their derivatives by the unknown parameters, at `theta` (declared units; the
/// medians without it): value in h, then ∂ ln a/∂ ln θ.
fn derivatives(
    study: &Study<'_>,
    known: &Person,
    names: &[&str],
    theta: Option<&[f64]>,
) -> Result<Vec<(f64, Vec<f64>)>, PatientError> {
    let therapy = &study.therapy;
    let outputs = therapy.model.simulator.system().outputs();
    let named: Vec<&str> = therapy.outputs.iter().map(|&o| outputs[o].name.as_str()).collect();
    // The integrals run to infinity whatever the time of the one sample is.
    let predictor = predictor(therapy, known, names, &[1.0])?.with_integrals(&named)?;
    let medians: Vec<f64> = predictor.parameters(false).iter().map(|p| p.start).collect();
    let theta = theta.unwrap_or(&medians);
    let derived = predictor.derived(theta)?;
    therapy
        .outputs
        .iter()
        .map(|&output| {
            let info = &outputs[output];
            let own = |d: &&Derived| {
                d.kind == DerivedKind::Tia && d.output.as_deref() == Some(info.name.as_str())
            };
            let found = derived.iter().find(own).ok_or(PatientError::NoEnd)?;
            let slopes = found.gradient.iter().zip(theta).map(|(g, x)| g * x / found.value);
            Ok((therapy.coefficient(found.value / info.factor), slopes.collect()))
        })
        .collect()
}

/// Variance of ln a under the prior alone.
fn of_prior(slopes: &[f64], unknown: &[Unknown<'_>]) -> f64 {
    slopes.iter().zip(unknown).map(|(s, u)| (s * u.log_sd).powi(2)).sum()
}

/// The coefficients of a patient of whom there is no scan.
pub(super) fn without(study: &Study<'_>, person: &Person) -> Result<Vec<Predicted>, PatientError> {
    let unknown = unknown(study);
    let names: Vec<&str> = unknown.iter().map(|u| u.name).collect();
    let found = derivatives(study, &person.as_known(&study.laws), &names, None)?;
    let predicted = |(coefficient_h, slopes): (f64, Vec<f64>)| Predicted {
        coefficient_h,
        log_sd: of_prior(&slopes, &unknown).sqrt(),
        left: None,
    };
    Ok(found.into_iter().map(predicted).collect())
}

/// The coefficients of a patient out of his scan; none where the fit finds no end.
pub(super) fn from_scan(
    study: &Study<'_>,
    person: &Person,
    uptakes: &[Vec<f64>],
) -> Result<Option<Estimated>, PatientError> {
    let unknown = unknown(study);
    let names: Vec<&str> = unknown.iter().map(|u| u.name).collect();
    let known = person.as_known(&study.laws);
    let scan = &study.scan;
    let predictor = predictor(&scan.injection, &known, &names, &scan.times_h)?;
    let observations = uptakes.iter().flatten().map(|a| Observation::new("uptake", *a)).collect();
    let parameters = predictor
        .parameters(false)
        .into_iter()
        .zip(&unknown)
        .map(|(declared, u)| {
            let law = ParameterLaw { form: Form::LogNormal, typical: declared.start, sd: u.log_sd };
            FitParameter::new(declared.name, declared.start, law.transform())
                .with_prior(law.prior())
        })
        .collect();
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(scan.cv) };
    let mut problem = Problem::new(&predictor, observations, error, parameters);
    problem.options = FitOptions {
        seed: study.seed,
        // The integrator's own error is the floor of what differences of predictions mean.
        rank_tolerance: 1e-6,
        tolerance: 1e-3,
        cv_gate: None,
        interrupt: Some(std::sync::Arc::clone(&study.stop)),
        ..FitOptions::default()
    };
    let mut converged = None;
    for random_starts in STARTS {
        problem.options.random_starts = random_starts;
        match fit(&problem) {
            Ok(found) if found.status.converged() => {
                converged = Some(found);
                break;
            }
            Ok(_) | Err(FitError::NoUsableStart { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let Some(found) = converged else { return Ok(None) };
    let Some(covariance) = &found.covariance else { return Ok(None) };
    let theta = found.theta();
    // On the scale of the logarithms.
    let v = |i: usize, j: usize| covariance[(i, j)] / (theta[i] * theta[j]);
    let regions: Vec<Predicted> = derivatives(study, &known, &names, Some(&theta))?
        .into_iter()
        .map(|(coefficient_h, slopes)| {
            let mut variance = 0.0;
            for (i, a) in slopes.iter().enumerate() {
                for (j, b) in slopes.iter().enumerate() {
                    variance += a * v(i, j) * b;
                }
            }
            let prior = of_prior(&slopes, &unknown);
            let left = Some(variance / prior).filter(|left| left.is_finite());
            Predicted { coefficient_h, log_sd: variance.max(0.0).sqrt(), left }
        })
        .collect();
    if regions.iter().any(|r| !(r.coefficient_h.is_finite() && r.log_sd.is_finite())) {
        return Ok(None);
    }
    let left = unknown.iter().enumerate().map(|(i, u)| v(i, i) / u.log_sd.powi(2)).collect();
    Ok(Some(Estimated { regions, left }))
}
