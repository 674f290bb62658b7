//! What a method of integration makes of a cohort whose truth is known: virtual patients from the population of a model,
//! measured at clinical times with scatter.

use crate::artefact::Artefact;
use crate::steps::StepError;
use lutetia_scenario::LoadedModel;
use std::{collections::BTreeMap, sync::Arc};

use lutetia_data::{Curve, CurvePoint};
use lutetia_fit::{
    DerivedKind, ErrorModel, FitOptions, Observation, OdePredictor, Problem, Sample, fit,
    percentiles,
};
use lutetia_patient::{
    curves::{CurveOptions, RegionCurve, error_model, fit_region, functions},
    integrate::{MapPrior, Method, integral, map, method},
};
use lutetia_sim::{Dose, Inputs, Options, Regimen, Request};
use lutetia_trial::{CohortSpec, Patient, Population};
use lutetia_units::{Dimension, Quantity, Unit};
use rayon::prelude::*;
use serde::Deserialize;

use super::{Context, StepKind, Use};
use lutetia_table::{Cell, Table};

/// Methods of integration on a cohort whose truth is known.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortCurves {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`; its population is drawn from.
    pub model: String,
    /// Where the dose goes.
    pub into: String,
    /// Activity, such as `7.4 GBq`.
    pub activity: String,
    /// Amount of ligand, hot and cold; only hot if left out.
    pub amount: Option<String>,
    /// Duration of the infusion; a bolus if left out.
    pub over: Option<String>,
    /// Patients.
    #[serde(default = "patients")]
    pub size: usize,
    /// Other patients of the same population, measured without scatter: what a method may know of the population.
    #[serde(default = "training")]
    pub training: usize,
    /// Parameters or covariates that differ from the file, in everybody.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Regions and the outputs (in a unit of activity) that are measured there.
    pub regions: BTreeMap<String, String>,
    /// Times of the measurements, h.
    pub times: Vec<f64>,
    /// Scatter of the measurements, which the methods know: `proportional 10 %` or `combined 1 MBq + 10 %`.
    pub error: String,
    /// What is compared.
    pub methods: Vec<CohortMethod>,
    /// Absorbed dose per integral of a region, such as `0.005 mGy/(MBq h)`, for the column of doses.
    #[serde(default)]
    pub dose: BTreeMap<String, String>,
}

/// One way from measurements to an integral: `functions` (averaged over them where there are several) or `method`, or
/// `population` for the model itself under its own population, at the times `at` or all.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortMethod {
    /// Name in tables.
    pub name: String,
    /// Functions of time and activity.
    #[serde(default)]
    pub functions: Vec<String>,
    /// Whether the functions are averaged by Akaike weights instead of the best one being taken.
    #[serde(default)]
    pub average: bool,
    /// A method of `integrate`; with `population` in place of numbers it takes them from the training patients:
    /// `madsen population`, `map population`, `library population`.
    pub method: Option<String>,
    /// The model with its population as prior.
    #[serde(default)]
    pub model: bool,
    /// Error model that the functions are fitted under, where it is not that of the scatter: `unweighted`.
    pub error: Option<String>,
    /// The measurements used, h; all if left out. Several rows come of several times where one measurement is taken.
    #[serde(default)]
    pub at: Vec<f64>,
}

fn patients() -> usize {
    200
}

fn training() -> usize {
    30
}

/// Most patients of a step.
const MOST: usize = 100_000;

impl StepKind for CohortCurves {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Model(&self.model)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// A curve of a virtual patient with what is true of it.
#[derive(Debug, Clone)]
pub(crate) struct VirtualCurve {
    pub(crate) curve: Curve,
    /// The activities without scatter.
    clean: Vec<f64>,
    /// The integral to infinity, MBq h.
    tia: f64,
}

/// What training patients say of a region.
struct Knowledge {
    /// Median effective half-life (h) and its coefficient of variation.
    half_life_h: f64,
    cv: f64,
    /// Mean of integral over activity at each time, h.
    factors: Vec<f64>,
}

/// What a method works with.
struct Setting<'a> {
    step: &'a CohortCurves,
    model: &'a LoadedModel,
    regimen: Regimen,
    error: ErrorModel,
    seed: u64,
    hour: f64,
}

pub(crate) fn run(step: &CohortCurves, context: &mut Context) -> Result<(), StepError> {
    let model = context
        .models
        .get(&step.model)
        .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
    let setting = setting(step, model, context.seed)?;
    let curves = virtual_curves(&setting)?;
    let (tables, cohort) = tables(&setting, &curves)?;
    for table in tables {
        context.add(table);
    }
    context.artefacts.add(&step.id, Artefact::CohortCurves(cohort));
    context.settings.insert(format!("scatter and error of `{}`", step.id), step.error.clone());
    context.settings.insert(
        format!("patients of `{}`", step.id),
        format!("{} judged, {} for what is known of the population", step.size, step.training),
    );
    Ok(())
}

fn setting<'a>(
    step: &'a CohortCurves,
    model: &'a LoadedModel,
    seed: u64,
) -> Result<Setting<'a>, StepError> {
    if !(1..=MOST).contains(&step.size) || !(2..=MOST).contains(&step.training) {
        return Err(format!(
            "`size` is {} and `training` {}; expected 1 to {MOST} and 2 to {MOST}",
            step.size, step.training
        )
        .into());
    }
    if step.times.is_empty() || step.times.iter().any(|t| !(t.is_finite() && *t > 0.0)) {
        return Err("`times` are hours above 0, at least one".into());
    }
    if step.times.windows(2).any(|w| w[1] <= w[0]) {
        return Err("`times` must ascend".into());
    }
    let [nuclide] = model.simulator.system().nuclides() else {
        return Err("a cohort needs a model with exactly one nuclide".into());
    };
    let optional = |what: &str, text: &Option<String>, dimension| {
        text.as_deref().map(|t| model.internal(what, t, dimension)).transpose()
    };
    let dose = Dose {
        at: 0.0,
        into: step.into.clone(),
        activities: vec![(
            nuclide.name.clone(),
            model.internal("activity", &step.activity, Dimension::ACTIVITY)?,
        )],
        amount: step
            .amount
            .as_deref()
            .map(|t| model.dose_amount("amount", t, &step.into))
            .transpose()?,
        over: optional("over", &step.over, Dimension::TIME)?.unwrap_or(0.0),
    };
    let error = error_model(&step.error)?;
    if error.magnitudes().iter().any(|(_, m)| m.estimated()) {
        return Err(format!("`{}` has no size to draw scatter with", step.error).into());
    }
    Ok(Setting {
        step,
        model,
        regimen: Regimen::single(dose),
        error,
        seed,
        hour: model.internal("an hour", "1 h", Dimension::TIME)?,
    })
}

/// The curves of every region, of the patients judged first, then of those for training.
fn virtual_curves(setting: &Setting<'_>) -> Result<BTreeMap<String, Vec<VirtualCurve>>, StepError> {
    let Setting { step, model, .. } = setting;
    let system = model.simulator.system();
    let typical = step
        .set
        .iter()
        .map(|(name, text)| {
            let index = model.simulator.parameter(name)?;
            let value = system.parameters()[index].setting(text)?;
            Ok((name.clone(), value))
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let spec = CohortSpec { seed: setting.seed, typical, ..CohortSpec::default() };
    let population = Population::new(&model.model, system, &spec)?;
    let cohort = population.cohort(0, step.size + step.training)?;
    let unit = |text: &str| Unit::parse(text).map_err(StepError::from);
    let (mbq, mbq_h) = (unit("MBq")?, unit("MBq h")?);
    let outputs = step
        .regions
        .iter()
        .map(|(region, output)| {
            let at = model.simulator.output(output)?;
            if system.outputs()[at].unit.dimension() != Dimension::ACTIVITY {
                return Err(format!(
                    "the output `{output}` of `{region}` is in {}; expected a unit of activity",
                    system.outputs()[at].unit
                )
                .into());
            }
            Ok((region.clone(), at))
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let times: Vec<f64> = step.times.iter().map(|t| t * setting.hour).collect();
    let options = Options {
        integrals: outputs.iter().map(|o| o.1).collect(),
        to_infinity: true,
        ..Options::default()
    };
    let injected_mbq = model
        .model
        .units
        .from_internal(model.internal("activity", &step.activity, Dimension::ACTIVITY)?, &mbq);
    let nuclide = system.nuclides()[0].name.clone();
    let each: Vec<Vec<VirtualCurve>> = cohort
        .patients
        .par_iter()
        .map(|patient| {
            let parameters = patient.parameters(0).to_vec();
            let found = model
                .simulator
                .run(&Request::new(&parameters, &setting.regimen, &times).options(&options))
                .map_err(|e| format!("patient {}: {e}", patient.number))?;
            outputs
                .iter()
                .enumerate()
                .map(|(k, (region, at))| {
                    let clean: Vec<f64> = found
                        .outputs
                        .column(*at)
                        .map(|y| model.model.units.from_internal(y, &mbq))
                        .collect();
                    let whole = found
                        .integrals_to_infinity
                        .get(k)
                        .ok_or_else(|| format!("`{region}` has no integral"))?
                        .value;
                    let curve = Curve {
                        subject: format!("virtual {}", patient.number),
                        cycle: 1,
                        region: region.clone(),
                        nuclide: nuclide.clone(),
                        injected_at_h: 0.0,
                        injected_mbq,
                        administrations: Vec::new(),
                        points: measured(setting, patient, region, &clean),
                    };
                    Ok(VirtualCurve {
                        curve,
                        clean,
                        tia: model.model.units.from_internal(whole, &mbq_h),
                    })
                })
                .collect::<Result<Vec<_>, StepError>>()
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    let mut by_region: BTreeMap<String, Vec<VirtualCurve>> = BTreeMap::new();
    for curve in each.into_iter().flatten() {
        by_region.entry(curve.curve.region.clone()).or_default().push(curve);
    }
    Ok(by_region)
}

/// Clean activities with scatter.
fn measured(
    setting: &Setting<'_>,
    patient: &Patient,
    region: &str,
    clean: &[f64],
) -> Vec<CurvePoint> {
    let purpose = format!("measurement of {region}");
    setting
        .step
        .times
        .iter()
        .zip(clean)
        .enumerate()
        .map(|(i, (t, a))| {
            let sd = match setting.error {
                ErrorModel::Additive { sd } => sd.value(),
                ErrorModel::Proportional { cv } => cv.value() * a,
                ErrorModel::Combined { sd, cv } => sd.value().hypot(cv.value() * a),
                ErrorModel::Known | ErrorModel::Weighted => 0.0,
            };
            let z = patient.draws.normal(&purpose, i as u64);
            CurvePoint {
                time_h: *t,
                // A camera shows no less than nothing.
                activity_mbq: (a + sd * z).max(0.01 * a),
                sd_mbq: None,
                volume_ml: None,
                mass_g: None,
                below_detection: false,
                line: 0,
            }
        })
        .collect()
}

/// What the training patients of a region say: one exponential through their clean curves gives each a half-life.
fn knowledge(setting: &Setting<'_>, training: &[VirtualCurve]) -> Result<Knowledge, StepError> {
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
            logs.push(h.ln());
        }
    }
    let Some(p) = percentiles(&logs) else {
        return Err("fewer than two training patients have a half-life".into());
    };
    let factors = (0..setting.step.times.len())
        .map(|i| training.iter().map(|v| v.tia / v.clean[i]).sum::<f64>() / training.len() as f64)
        .collect();
    Ok(Knowledge { half_life_h: p.mean.exp(), cv: (p.sd * p.sd).exp_m1().sqrt(), factors })
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
fn estimate(
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
        let index = |at: f64| setting.step.times.iter().position(|t| (t - at).abs() < 1e-9);
        let one = || -> Result<(f64, f64, usize), StepError> {
            let i = at.and_then(index).ok_or("the method takes one measurement; give `at`")?;
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
        curve.points.retain(|p| way.at.iter().any(|t| (t - p.time_h).abs() < 1e-9));
    }
    let mut options = options(setting, &way.functions);
    if let Some(error) = &way.error {
        options.error = error_model(error)?;
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
    let output = step.regions.get(&v.curve.region).ok_or("no such region")?;
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
    let base = model.parameters(&step.set)?;
    let predictor = OdePredictor::new(
        Arc::clone(&model.simulator),
        base,
        &names,
        setting.regimen.clone(),
        Inputs::default(),
        &samples,
        Options { rtol: 1e-7, ..Options::default() },
    )
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
        return Err(found.status.to_string().into());
    }
    found
        .derived_of(DerivedKind::Tia, output)
        .map(|d| d.value / setting.hour)
        .ok_or_else(|| "the model has no integral".into())
}

fn tables(
    setting: &Setting<'_>,
    curves: &BTreeMap<String, Vec<VirtualCurve>>,
) -> Result<(Vec<Table>, BTreeMap<String, Vec<Curve>>), StepError> {
    let step = setting.step;
    let mut summary = Table::new(
        &step.id,
        "Integral by each method over the true one, 1 being right: mean and standard deviation over the patients, range of the middle 95 %, and the share of patients off by more than 10 %",
    )
    .column("label", "")
    .column("region", "")
    .column("method", "")
    .column("at", "h")
    .column("patients", "")
    .column("determined", "%")
    .column("bias", "%")
    .tolerance(1e-2)
    .column("bias_sd", "%")
    .tolerance(1e-2)
    .column("mean_deviation", "%")
    .tolerance(1e-2)
    .column("ratio", "")
    .tolerance(2e-3)
    .column("low", "")
    .tolerance(2e-3)
    .column("high", "")
    .tolerance(2e-3)
    .column("beyond_10", "%")
    .tolerance(5e-2)
    .column("median_tia", "MBq h")
    .tolerance(2e-3);
    let mut truth = Table::new(
        format!("{}.population", step.id),
        "The virtual patients: true integral, and the effective half-life of one exponential through the clean curves of the training patients",
    )
    .column("region", "")
    .column("patients", "")
    .column("median_tia", "MBq h")
    .column("cv_tia", "%")
    .column("half_life", "h")
    .column("half_life_cv", "%")
    .tolerance(1e-2);
    if !step.dose.is_empty() {
        summary = summary.column("median_dose", "mGy/GBq").tolerance(2e-3);
        truth = truth.column("median_dose", "mGy/GBq");
    }
    let unit = Unit::parse("mGy/MBq/h")?;
    let mut cohort = BTreeMap::new();
    for (region, all) in curves {
        let (judged, training) = all.split_at(step.size);
        let known = knowledge(setting, training)?;
        let factor = match step.dose.get(region) {
            None => None,
            Some(text) => {
                let q = Quantity::parse(text).map_err(|e| format!("dose of `{region}`: {e}"))?;
                Some(q.to(&unit).map_err(|e| format!("dose of `{region}`: {e}"))?)
            }
        };
        let injected_gbq = judged[0].curve.injected_mbq / 1000.0;
        let dose = |tia: f64| factor.map(|f| tia * f / injected_gbq);
        let true_tias: Vec<f64> = judged.iter().map(|v| v.tia).collect();
        let p = percentiles(&true_tias);
        truth.push(vec![
            region.as_str().into(),
            (judged.len() as f64).into(),
            p.map(|p| p.median).into(),
            p.map(|p| 100.0 * p.sd / p.mean).into(),
            known.half_life_h.into(),
            // Equal half-lives scatter by the rounding of the integrator.
            (if known.cv < 1e-4 { 0.0 } else { 100.0 * known.cv }).into(),
            p.and_then(|p| dose(p.median)).into(),
        ]);
        for way in &step.methods {
            functions(&way.functions)?;
            way.error.as_deref().map(error_model).transpose()?;
            let single = way.method.is_some() || way.model;
            let times: Vec<Option<f64>> = match (single, way.at.is_empty()) {
                (true, false) => way.at.iter().map(|t| Some(*t)).collect(),
                _ => vec![None],
            };
            for at in times {
                let found: Vec<Option<f64>> =
                    judged.par_iter().map(|v| estimate(setting, way, at, v, &known).ok()).collect();
                let ratios: Vec<f64> =
                    found.iter().zip(judged).filter_map(|(f, v)| f.map(|f| f / v.tia)).collect();
                let tias: Vec<f64> = found.iter().flatten().copied().collect();
                let (p, t) = (percentiles(&ratios), percentiles(&tias));
                let n = ratios.len() as f64;
                let share = |test: &dyn Fn(f64) -> bool| {
                    (n > 0.0)
                        .then(|| 100.0 * ratios.iter().filter(|r| test(**r)).count() as f64 / n)
                };
                let deviation = (n > 0.0)
                    .then(|| 100.0 * ratios.iter().map(|r| (r - 1.0).abs()).sum::<f64>() / n);
                let when = at.map_or_else(String::new, |at| format!(", {at} h"));
                let dash = if curves.len() > 1 { format!("{region}: ") } else { String::new() };
                summary.push(vec![
                    format!("{dash}{}{when}", way.name).into(),
                    region.as_str().into(),
                    way.name.as_str().into(),
                    Cell::from(at),
                    (judged.len() as f64).into(),
                    (100.0 * n / judged.len() as f64).into(),
                    p.map(|p| 100.0 * (p.mean - 1.0)).into(),
                    p.map(|p| 100.0 * p.sd).into(),
                    deviation.into(),
                    p.map(|p| p.mean).into(),
                    p.map(|p| p.low).into(),
                    p.map(|p| p.high).into(),
                    share(&|r| (r - 1.0).abs() > 0.1).into(),
                    t.map(|t| t.median).into(),
                    t.and_then(|t| dose(t.median)).into(),
                ]);
            }
        }
        cohort.insert(region.clone(), judged.iter().map(|v| v.curve.clone()).collect());
    }
    Ok((vec![summary, truth], cohort))
}
