//! Sums of exponentials and other functions through the regions of a patient.

mod candidate;
#[cfg(test)]
mod choice_tests;
mod intervals;
mod names;
mod region;

pub use candidate::Candidate;
pub use intervals::{Interval, IntervalMethod, Intervals, ProfilePoint, intervals};
pub use names::{error_model, functions, variance_count};
pub use region::RegionCurve;

use lutetia_data::{Curve, Study};
use lutetia_fit::{
    Censoring, ErrorModel, Fit, FitOptions, Observation, Problem, QualityGates, VarianceCount, Why,
    choose, fit,
};
use lutetia_units::significant;
use rayon::prelude::*;

use crate::{NoIntegral, PatientError, administrations, shape};
use names::describe;

/// How curves are fitted.
#[derive(Debug, Clone)]
pub struct CurveOptions {
    /// Names of functions, or `all`.
    pub functions: Vec<String>,
    /// Measurement error where the table has no SD.
    pub error: ErrorModel,
    /// Whether `error` also replaces the standard deviations of the table.
    pub over_sd: bool,
    /// Seed of the random starts and of bootstrap samples.
    pub seed: u64,
    /// Last time drawn, in h.
    pub until_h: f64,
    /// Whether the variance counts among the parameters of AICc.
    pub variance_count: VarianceCount,
    /// Whether functions outside the quality gates are left out of choice and average.
    pub gates: bool,
    /// Whether integral and half-life are profiled.
    pub profile: bool,
    /// Samples of a parametric bootstrap; none if 0.
    pub bootstrap: usize,
}

impl CurveOptions {
    /// One and two exponentials, with and without uptake, and nothing else asked for; `error` holds where the table has no
    /// standard deviation.
    #[must_use]
    pub fn new(error: ErrorModel) -> Self {
        Self {
            functions: ["mono", "bi", "bi-uptake", "tri-uptake"].map(str::to_owned).to_vec(),
            error,
            over_sd: false,
            seed: 1,
            until_h: 200.0,
            variance_count: VarianceCount::default(),
            gates: false,
            profile: false,
            bootstrap: 0,
        }
    }
}

/// Fits every region of one cycle of one patient.
///
/// # Errors
/// [`PatientError`]: a function is unknown, or a region was not measured. A region that cannot be fitted is a
/// [`Candidate`] that says so.
pub fn fit_regions(
    study: &Study,
    subject: &str,
    cycle: u16,
    regions: Option<&[String]>,
    options: &CurveOptions,
) -> Result<Vec<RegionCurve>, PatientError> {
    let measured = study.regions(subject, cycle);
    let wanted: Vec<&str> = match regions {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => measured.clone(),
    };
    functions(&options.functions)?;
    let curves = wanted
        .iter()
        .map(|region| {
            study.curve(subject, cycle, region).ok_or_else(|| PatientError::NotMeasured {
                region: (*region).to_owned(),
                subject: subject.to_owned(),
                cycle,
                measured: measured.iter().map(ToString::to_string).collect(),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    curves.into_par_iter().map(|curve| fit_region(curve, options)).collect()
}

/// Fits one region.
///
/// # Errors
/// [`PatientError`]: a function or nuclide is unknown. What the data do not allow is a [`Candidate`] that says so.
pub fn fit_region(mut data: Curve, options: &CurveOptions) -> Result<RegionCurve, PatientError> {
    let nuclide = lutetia_data::nuclides().get(&data.nuclide)?;
    let physical = nuclide.lambda_per_s() * 3600.0;
    let known = data.points.iter().all(|p| p.sd_mbq.is_some()) && !options.over_sd;
    let error = if known { ErrorModel::Known } else { options.error };
    if matches!(error, ErrorModel::Proportional { .. }) {
        // Nothing at the injection is not a measurement, and under a proportional error it would be exact.
        data.points.retain(|p| p.time_h > 0.0 || p.activity_mbq > 0.0);
    }
    let times: Vec<f64> = data.points.iter().map(|p| p.time_h).collect();
    let activities: Vec<f64> = data.points.iter().map(|p| p.activity_mbq).collect();
    let replaced = (options.over_sd && data.points.iter().any(|p| p.sd_mbq.is_some()))
        .then(|| describe(options.error));
    let observations: Vec<Observation> = data
        .points
        .iter()
        .map(|p| Observation {
            value: p.activity_mbq,
            sd: if known { p.sd_mbq } else { None },
            censoring: if p.below_detection { Censoring::Left } else { Censoring::None },
            label: format!("{} at {} h", data.region, significant(p.time_h, 4)),
        })
        .collect();
    if let Some(why) = shape::unfit(&data, error) {
        return Ok(RegionCurve::without(data, observations, error, options, &why));
    }
    let schedule = match administrations::schedule(&data, physical) {
        Ok(schedule) => schedule,
        Err(why) => {
            return Ok(RegionCurve::without(data, observations, error, options, &why));
        }
    };
    let (end, of_end) = administrations::after_the_last(&data, &observations, schedule.as_ref());
    let refused = shape::refused(&end, &of_end, error, physical);
    let mut candidates = Vec::new();
    for (name, function) in functions(&options.functions)? {
        let curve = function.curve(physical, data.injected_mbq, &times).map_err(|e| {
            PatientError::Function { region: data.region.clone(), source: Box::new(e) }
        })?;
        let (curve, served) = administrations::superpose(curve, &data, schedule.as_ref());
        let parameters: Result<_, NoIntegral> = served
            .and_then(|()| Ok(function.parameters(&curve, data.injected_mbq, &activities)?));
        let fitted: Result<Box<Fit>, NoIntegral> = parameters.clone().and_then(|parameters| {
            let mut problem = Problem::new(&curve, observations.clone(), error, parameters);
            problem.options = FitOptions {
                seed: options.seed,
                variance_count: options.variance_count,
                ..FitOptions::default()
            };
            Ok(Box::new(fit(&problem)?))
        });
        let failures = match &fitted {
            Ok(f) => f.quality(&QualityGates::default()).failures,
            Err(_) => Vec::new(),
        };
        candidates.push(Candidate {
            method: match &replaced {
                Some(error) => format!("{name}, error {error}"),
                None => name.clone(),
            },
            function: name,
            curve,
            parameters: parameters.unwrap_or_default(),
            fit: fitted,
            failures,
        });
    }
    let (chosen, why) = pick(&candidates, options.gates);
    let (misfit, at_bound) = (candidates[chosen].misfit(), candidates[chosen].at_bound());
    Ok(RegionCurve {
        data,
        observations,
        error,
        candidates,
        chosen,
        why,
        without_aicc: why == Why::FitsWithoutAicc,
        refused,
        misfit,
        at_bound,
        gates: options.gates,
    })
}

/// The candidate to use by the rule of [`lutetia_fit::choose`]. With `gates`, functions outside the quality gates are
/// passed over as long as one passes that the data do not refute.
fn pick(candidates: &[Candidate], gates: bool) -> (usize, Why) {
    let all = |keep: &dyn Fn(&Candidate) -> bool| {
        let fits: Vec<Option<&Fit>> =
            candidates.iter().map(|c| c.fit.as_deref().ok().filter(|_| keep(c))).collect();
        choose(&fits)
    };
    if gates {
        let (chosen, why) = all(&Candidate::passes);
        if matches!(why, Why::LowestAicc | Why::FitsWithoutAicc) {
            return (chosen, why);
        }
    }
    all(&|_| true)
}
