//! Which function a cohort as a whole prefers: −2 ln L summed over the patients, parameters counted over the cohort.

use std::collections::BTreeMap;

use lutetia_data::{Curve, Study};
use lutetia_fit::{
    ActivityCurve, Censoring, ErrorModel, Fit, FitOptions, Function, MISFIT, Observation, Pooled,
    PredictError, Predictor, Problem, VarianceCount, akaike_weights, fit,
};
use lutetia_units::significant;
use rayon::prelude::*;

use crate::{NoIntegral, PatientError, administrations, curves::functions};

/// How a cohort is ranked.
#[derive(Debug, Clone)]
pub struct SelectOptions {
    /// Functions.
    pub functions: Vec<String>,
    /// Parameters that all patients share.
    pub shared: Vec<String>,
    /// Error model where there are no SDs.
    pub error: ErrorModel,
    /// Whether it also replaces those of the table.
    pub over_sd: bool,
    /// Whether the variance counts.
    pub variance_count: VarianceCount,
    /// Seed of random starts.
    pub seed: u64,
}

/// One function fitted to a cohort.
#[derive(Debug, Clone)]
pub struct Ranked {
    /// Function as asked for.
    pub function: String,
    /// The pooled fit, or why there is none.
    pub fit: Result<Box<Fit>, NoIntegral>,
    /// Its criterion where it may be compared: it converged, and the data do not refute it while another stands.
    pub aicc: Option<f64>,
    /// Distance to the lowest criterion.
    pub delta: Option<f64>,
    /// Akaike weight.
    pub weight: Option<f64>,
}

impl Ranked {
    /// What a reader must know of it.
    #[must_use]
    pub fn note(&self) -> String {
        match &self.fit {
            Err(why) => why.to_string(),
            Ok(f) if !f.status.converged() => f.status.to_string(),
            Ok(f) => {
                let misfit = f.misfit(MISFIT).map(|m| m.to_string());
                let notes: Vec<String> =
                    misfit.into_iter().chain(f.criteria_note.map(|n| n.to_string())).collect();
                notes.join("; ")
            }
        }
    }
}

/// The functions of one region, ranked.
#[derive(Debug, Clone)]
pub struct Ranking {
    /// Patients with the region.
    pub patients: usize,
    /// In the order asked for.
    pub functions: Vec<Ranked>,
}

/// Curves of one region by region, of every subject that has it in a cycle.
#[must_use]
pub fn cohort(study: &Study, cycle: u16) -> BTreeMap<String, Vec<Curve>> {
    let mut out: BTreeMap<String, Vec<Curve>> = BTreeMap::new();
    for subject in study.subjects() {
        for region in study.regions(&subject.id, cycle) {
            out.entry(region.to_owned()).or_default().extend(study.curve(
                &subject.id,
                cycle,
                region,
            ));
        }
    }
    out
}

/// Fits every function to all curves of one region at once, and weighs them.
///
/// # Errors
/// [`PatientError`]: an unknown function or nuclide, a curve whose activity was not given as one injection.
pub fn rank(curves: &[Curve], options: &SelectOptions) -> Result<Ranking, PatientError> {
    let names = functions(&options.functions)?;
    let mut physical = Vec::with_capacity(curves.len());
    for curve in curves {
        administrations::one_injection(curve).map_err(|why| why.of(&curve.subject))?;
        let nuclide = lutetia_data::nuclides().get(&curve.nuclide)?;
        physical.push(nuclide.lambda_per_s() * 3600.0);
    }
    let fitted: Vec<(String, Result<Box<Fit>, NoIntegral>)> = names
        .into_par_iter()
        .map(|(name, function)| (name, pooled(curves, &physical, function, options).map(Box::new)))
        .collect();
    Ok(Ranking { patients: curves.len(), functions: weighed(fitted) })
}

/// The criteria that may be compared, and Akaike's weights of them. A function that the data refute has no weight while
/// another stands.
fn weighed(fitted: Vec<(String, Result<Box<Fit>, NoIntegral>)>) -> Vec<Ranked> {
    let stands = |f: &Fit| f.misfit(MISFIT).is_none();
    let converged =
        || fitted.iter().map(|(_, fit)| fit.as_deref().ok().filter(|f| f.status.converged()));
    let any = converged().flatten().any(|f| stands(f) && f.aicc.is_some());
    let criteria: Vec<Option<f64>> =
        converged().map(|fit| fit?.aicc.filter(|_| !any || fit.is_some_and(stands))).collect();
    let weights = akaike_weights(&criteria);
    let least = criteria.iter().flatten().fold(f64::INFINITY, |m, a| m.min(*a));
    fitted
        .into_iter()
        .zip(criteria)
        .zip(weights)
        .map(|(((function, fit), aicc), weight)| Ranked {
            function,
            fit,
            aicc,
            delta: aicc.map(|a| a - least),
            weight,
        })
        .collect()
}

fn pooled(
    curves: &[Curve],
    physical: &[f64],
    function: &Function,
    options: &SelectOptions,
) -> Result<Fit, NoIntegral> {
    let mut made: Vec<ActivityCurve> = Vec::with_capacity(curves.len());
    let mut parameters = Vec::with_capacity(curves.len());
    let mut observations = Vec::new();
    let all_sd =
        !options.over_sd && curves.iter().all(|c| c.points.iter().all(|p| p.sd_mbq.is_some()));
    let error = if all_sd { ErrorModel::Known } else { options.error };
    for (curve, lambda) in curves.iter().zip(physical) {
        let times: Vec<f64> = curve.points.iter().map(|p| p.time_h).collect();
        let values: Vec<f64> = curve.points.iter().map(|p| p.activity_mbq).collect();
        let fail = |e: PredictError| NoIntegral::from(e).of(&curve.subject);
        let shape = function.curve(*lambda, curve.injected_mbq, &times).map_err(fail)?;
        parameters.push(function.parameters(&shape, curve.injected_mbq, &values).map_err(fail)?);
        made.push(shape);
        observations.extend(curve.points.iter().map(|p| Observation {
            value: p.activity_mbq,
            sd: if all_sd { p.sd_mbq } else { None },
            censoring: if p.below_detection { Censoring::Left } else { Censoring::None },
            label: format!("{} at {} h", curve.subject, significant(p.time_h, 4)),
        }));
    }
    let parts: Vec<&dyn Predictor> = made.iter().map(|c| c as &dyn Predictor).collect();
    let subjects: Vec<String> = curves.iter().map(|c| c.subject.clone()).collect();
    let has = |name: &String| made.first().is_some_and(|c| c.names().contains(name));
    let shared: Vec<String> = options.shared.iter().filter(|n| has(n)).cloned().collect();
    let pooled = Pooled::new(parts, &subjects, &shared)?;
    let starts = pooled.parameters(&parameters);
    let mut problem = Problem::new(&pooled, observations, error, starts);
    problem.options = FitOptions {
        seed: options.seed,
        random_starts: 3,
        spread: 0.5,
        variance_count: options.variance_count,
        ..FitOptions::default()
    };
    Ok(fit(&problem)?)
}
