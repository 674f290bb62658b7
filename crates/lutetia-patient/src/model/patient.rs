//! What a fit of a model says of its patient, for whoever simulates him.

use lutetia_fit::{Fit, Transform};
use lutetia_population::{PopulationError, log_normal_draws};
use lutetia_scenario::LoadedModel;

use super::ModelFit;
use crate::PatientError;

/// What a fit of a model says of its patient.
#[derive(Debug, Clone)]
pub struct FittedPatient {
    /// Covariates and estimates, internal; the estimates come last.
    pub values: Vec<(String, f64)>,
    /// How the estimates scatter, in their order; none where it is not determined.
    pub spread: Option<Spread>,
}

/// The uncertainty of estimates, each on the scale on which its prior is normal.
#[derive(Debug, Clone)]
pub struct Spread {
    scales: Vec<Scale>,
    /// Correlation of the transformed parameters; that of their natural scale to first order.
    correlation: Vec<Vec<f64>>,
}

/// The scale of one estimate: `φ = center ± sd`, value = factor · θ(φ), internal.
#[derive(Debug, Clone, Copy)]
struct Scale {
    transform: Transform,
    center: f64,
    sd: f64,
    factor: f64,
}

impl Spread {
    /// Number of estimates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether nothing was estimated.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Draws of the estimates, internal: log-normal, normal, logit-normal or Box–Cox, as each is declared.
    ///
    /// # Errors
    /// [`PopulationError`] where the correlation cannot hold together.
    pub fn draws(&self, count: usize, seed: u64) -> Result<Vec<Vec<f64>>, PopulationError> {
        // Logarithms of log-normal draws about 1 are standard normal with this correlation.
        let ones = vec![1.0; self.scales.len()];
        let drawn = log_normal_draws(&ones, &self.correlation, count, seed)?;
        let value =
            |(s, z): (&Scale, f64)| s.factor * s.transform.backward(s.center + s.sd * z.ln());
        Ok(drawn.into_iter().map(|x| self.scales.iter().zip(x).map(value).collect()).collect())
    }
}

pub(super) fn patient(
    asked: &ModelFit,
    model: &LoadedModel,
    names: &[&str],
    fit: &Fit,
) -> Result<FittedPatient, PatientError> {
    let system = model.simulator.system();
    let base = model.parameters(&asked.set)?;
    let mut values = Vec::new();
    for name in asked.set.keys() {
        let index = model.simulator.parameter(name)?;
        values.push((name.clone(), base[index]));
    }
    // Estimates are in declared units, in the order of the predictor's parameters.
    let mut places = Vec::new();
    for name in names {
        let Some(at) = fit.estimates.iter().position(|e| e.name == *name) else { continue };
        let index = model.simulator.parameter(name)?;
        let value = fit.estimates[at].value;
        let factor = system.parameters()[index].factor;
        values.push(((*name).to_owned(), value * factor));
        places.push((at, factor));
    }
    let spread = fit.covariance.as_ref().map(|c| {
        let scale = |&(at, factor): &(usize, f64)| {
            let e = &fit.estimates[at];
            let center = e.transform.forward(e.value);
            let slope = e.transform.slope(center);
            let sd = (c[(at, at)].max(0.0).sqrt() / slope.abs()).max(0.0);
            Scale {
                transform: e.transform,
                center,
                sd: if sd.is_finite() { sd } else { 0.0 },
                factor,
            }
        };
        let correlation = |(i, _): &(usize, f64)| {
            let of = |(j, _): &(usize, f64)| {
                let sds = (c[(*i, *i)] * c[(*j, *j)]).sqrt();
                match i == j {
                    true => 1.0,
                    false if sds > 0.0 => c[(*i, *j)] / sds,
                    false => 0.0,
                }
            };
            places.iter().map(of).collect::<Vec<f64>>()
        };
        Spread {
            scales: places.iter().map(scale).collect(),
            correlation: places.iter().map(correlation).collect(),
        }
    });
    Ok(FittedPatient { values, spread })
}
