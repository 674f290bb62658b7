//! The integral that a method makes of one curve, and what it may know of the population.

use lutetia_data::CurvePoint;
use lutetia_fit::{
    DerivedKind, ErrorModel, FitOptions, Observation, OdePredictor, Problem, Sample, Transform,
    fit, percentiles,
};
use lutetia_model::cv_of_log_sd;
use lutetia_patient::{
    curves::{CurveOptions, RegionCurve, fit_region},
    integrate::{MapPrior, Method, integral, map, method},
};
use lutetia_sim::Options;

use super::{CohortMethod, CurvesFault, patients::VirtualCurve, setting::Setting};
use crate::steps::StepError;

/// What training patients say of a region.
pub(super) struct Knowledge {
    /// Median effective half-life (h) and its coefficient of variation.
    pub(super) half_life_h: f64,
    pub(super) cv: f64,
    /// Mean of integral over activity at each time, h.
    factors: Vec<f64>,
}

/// What the training patients of a region say: one exponential through their clean curves gives each a half-life.
pub(super) fn knowledge(
    setting: &Setting<'_>,
    training: &[VirtualCurve],
) -> Result<Knowledge, StepError> {
    let options = options(setting, &["mono".to_owned()]);
    let mut logs = Vec::with_capacity(training.len());
    for v in training {
        let mut curve = v.curve.clone();
        for (p, a) in curve.points.iter_mut().zip(&v.clean) {
            p.activity_mbq = *a;
        }
        let fitted = fit_region(curve, &options)?;
        let half_life = fitted
            .best()
            .fit
            .as_ref()
            .ok()
            .and_then(|f| f.derived(DerivedKind::EffectiveHalfLife).map(|d| d.value));
        if let Some(h) = half_life.filter(|h| *h > 0.0) {
            logs.push(Transform::Log.forward(h));
        }
    }
    let Some(p) = percentiles(&logs) else {
        return Err(CurvesFault::Training.into());
    };
    let factors = (0..setting.step.times.len())
        .map(|i| training.iter().map(|v| v.tia / v.clean[i]).sum::<f64>() / training.len() as f64)
        .collect();
    Ok(Knowledge { half_life_h: Transform::Log.backward(p.mean), cv: cv_of_log_sd(p.sd), factors })
}

fn options(setting: &Setting<'_>, functions: &[String]) -> CurveOptions {
    CurveOptions {
        functions: functions.to_vec(),
        error: setting.error,
        over_sd: false,
        seed: setting.seed,
        until_h: 200.0,
        variance_count: Default::default(),
        gates: false,
        profile: false,
        bootstrap: 0,
    }
}

/// The integral that one method makes of one curve, MBq h.
pub(super) fn estimate(
    setting: &Setting<'_>,
    way: &CohortMethod,
    at: Option<f64>,
    v: &VirtualCurve,
    known: &Knowledge,
) -> Result<f64, StepError> {
    if way.model {
        return by_model(setting, v, at);
    }
    if let Some(text) = &way.method {
        let index = |at: f64| setting.step.times.iter().position(|t| (t.h() - at).abs() < 1e-9);
        let one = || -> Result<(f64, f64, usize), StepError> {
            let i = at.and_then(index).ok_or(CurvesFault::OneMeasurement)?;
            Ok((v.curve.points[i].time_h, v.curve.points[i].activity_mbq, i))
        };
        let tia = match text.as_str() {
            "madsen population" => {
                integral(&v.curve, &Method::Madsen(known.half_life_h, None), at)?.value_mbq_h()
            }
            "library population" => {
                let (_, a, i) = one()?;
                a * known.factors[i]
            }
            "map population" => {
                let (t, a, _) = one()?;
                let prior = MapPrior {
                    biological: false,
                    half_life_h: known.half_life_h,
                    cv: known.cv,
                    amplitude: None,
                    error: 0.1,
                };
                map(&v.curve.region, (t, a, 0.1 * a), &prior, 0.0)?.value_mbq_h()
            }
            other => integral(&v.curve, &method(other, None)?, at)?.value_mbq_h(),
        };
        return Ok(tia);
    }
    let mut curve = v.curve.clone();
    if !way.at.is_empty() {
        curve.points.retain(|p| way.at.iter().any(|t| (t.h() - p.time_h).abs() < 1e-9));
    }
    let mut options = options(setting, &way.functions);
    if let Some(error) = &way.error {
        options.error = error.meaning();
    }
    let fitted: RegionCurve = fit_region(curve, &options)?;
    if way.average {
        return Ok(fitted.average().map(|a| a.value)?);
    }
    // Estimators are judged by what they give, refuted or not.
    let tia = fitted.tia().tia.accept(&lutetia_diagnostic::FlagKind::ALL);
    tia.map(|t| t.value_mbq_h()).map_err(StepError::from)
}

/// The model itself under its own population, maximum a posteriori, from one measurement (or all).
fn by_model(setting: &Setting<'_>, v: &VirtualCurve, at: Option<f64>) -> Result<f64, StepError> {
    let Setting { step, model, .. } = setting;
    let output = step
        .regions
        .get(&v.curve.region)
        .ok_or_else(|| CurvesFault::NoRegion { region: v.curve.region.clone() })?;
    let points: Vec<&CurvePoint> = v
        .curve
        .points
        .iter()
        .filter(|p| at.is_none_or(|at| (p.time_h - at).abs() < 1e-9))
        .collect();
    let samples: Vec<Sample> = points
        .iter()
        .map(|p| Sample { output: output.clone(), time: p.time_h * setting.hour })
        .collect();
    let system = model.simulator.system();
    let names: Vec<&str> =
        system.parameters().iter().filter(|p| p.iiv.is_some()).map(|p| p.name.as_str()).collect();
    let scenario = model.scenario(&step.set, setting.treatment.clone())?;
    let options = Options { rtol: 1e-7, ..Options::default() };
    let predictor = OdePredictor::new(scenario, &names, &samples, options)
        .and_then(|p| p.with_integrals(&[output.as_str()]))?;
    let observations: Vec<Observation> = points
        .iter()
        .map(|p| {
            let a = p.activity_mbq;
            let sd = match setting.error {
                ErrorModel::Additive { sd } => sd.value(),
                ErrorModel::Combined { sd, cv } => sd.value().hypot(cv.value() * a),
                ErrorModel::Proportional { cv } => cv.value() * a,
                _ => 0.1 * a,
            };
            Observation::with_sd("measurement", a, sd)
        })
        .collect();
    let mut problem =
        Problem::new(&predictor, observations, ErrorModel::Known, predictor.parameters(true));
    problem.options = FitOptions {
        seed: setting.seed,
        random_starts: 0,
        rank_tolerance: 1e-6,
        tolerance: 1e-3,
        cv_gate: None,
        ..FitOptions::default()
    };
    let found = fit(&problem)?;
    if !found.status.converged() {
        return Err(CurvesFault::NotConverged { status: found.status }.into());
    }
    found
        .derived_of(DerivedKind::Tia, output)
        .map(|d| d.value / setting.hour)
        .ok_or_else(|| CurvesFault::NoIntegral { region: v.curve.region.clone() }.into())
}
