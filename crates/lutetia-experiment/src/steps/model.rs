//! A compartmental model through all regions of a patient at once, by maximum a posteriori.

use crate::artefact::Artefact;
use crate::steps::StepError;
use lutetia_scenario::LoadedModel;
use std::{collections::BTreeMap, sync::Arc};

use lutetia_data::Study;
use lutetia_dose::Tia;
use lutetia_fit::{
    DerivedKind, ErrorModel, Estimate, Fit, FitOptions, FitParameter, Observation, OdePredictor,
    Problem, Sample, Transform, fit,
};
use lutetia_model::ResidualError;
use lutetia_sim::{Dose, Inputs, Options, Regimen, Request};
use lutetia_trial::log_normal_draws;
use lutetia_units::{Dimension, Quantity, Unit};
use serde::Deserialize;

use super::{Context, StepKind, Use, cycle, defaults, subject};
use lutetia_patient::{RegionTia, judge, shown};
use lutetia_table::{Cell, Table, significant};

/// A compartmental model through all regions of a patient at once.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitModel {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Where doses of the study go.
    pub into: String,
    /// Ligand amount where the study has none, such as `100 nmol`.
    pub amount: Option<String>,
    /// Duration of the infusion where the study has none, such as `30 min`.
    pub over: Option<String>,
    /// Observable of the model for each measured region or sum of regions `A + B`.
    pub observe: BTreeMap<String, String>,
    /// Covariates the study does not give: name to quantity.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Parameters estimated; those with `iiv` if left out. Each carries its population prior.
    pub estimate: Option<Vec<String>>,
    /// Measurement error where the model file gives none.
    pub error: Option<String>,
    /// Last time drawn, in hours, or with a unit such as `5 d`.
    #[serde(default = "defaults::until_h", deserialize_with = "defaults::hours")]
    pub until: f64,
}

impl StepKind for FitModel {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study), Use::Model(&self.model)]
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// Relative tolerance of the integrations of a fit. The objective and its gradient must agree well
/// below the tolerance of the fit, or the search stalls on the rounding of the integrator.
const RTOL: f64 = 1e-8;

/// A measured region, or a sum of regions, with the observable that predicts it.
struct Series {
    /// As the experiment writes it: `kidney_left + kidney_right`.
    region: String,
    observable: String,
    nuclide: String,
    injected_mbq: f64,
    /// (time in h, activity in MBq, SD in MBq).
    points: Vec<(f64, f64, f64)>,
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &FitModel, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let cycle = cycle(step.cycle)?;
    let model = context
        .models
        .get(&step.model)
        .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
    let (tables, tias, patient) = fitted_patient(step, study, subject, cycle, model, context.seed)?;
    context.artefacts.add(&step.id, Artefact::Fit { integrals: tias, patient: Box::new(patient) });
    for table in tables {
        context.add(table);
    }
    context.settings.insert("rtol".to_owned(), format!("{RTOL:e}"));
    Ok(())
}

/// Fits a model to one cycle of one patient by maximum a posteriori: the tables `<id>` (estimates),
/// `<id>.fit`, `<id>.points`, `<id>.curves` and `<id>.tia`, in this order, and the time-integrated
/// activities. `study` and `model` of the step are not read.
///
/// # Errors
/// A sentence: an unknown region, observable, parameter or place; a quantity that cannot be read; a
/// fit that does not converge.
pub fn fitted(
    step: &FitModel,
    study: &Study,
    subject: &str,
    cycle: u16,
    model: &LoadedModel,
    seed: u64,
) -> Result<(Vec<Table>, Vec<RegionTia>), StepError> {
    let (tables, tias, _) = fitted_patient(step, study, subject, cycle, model, seed)?;
    Ok((tables, tias))
}

/// What a fit says of its patient, for steps that simulate him.
#[derive(Debug, Clone)]
pub(crate) struct FittedPatient {
    /// Covariates and estimates, internal; the estimates come last.
    pub(crate) values: Vec<(String, f64)>,
    /// How the estimates scatter, in their order; none where it is not determined.
    pub(crate) spread: Option<Spread>,
}

/// The uncertainty of estimates, each on the scale on which its prior is normal.
#[derive(Debug, Clone)]
pub(crate) struct Spread {
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
    pub(crate) fn len(&self) -> usize {
        self.scales.len()
    }

    /// Draws of the estimates, internal: log-normal, normal, logit-normal or Box–Cox, as each is declared.
    pub(crate) fn draws(&self, count: usize, seed: u64) -> Result<Vec<Vec<f64>>, StepError> {
        // Logarithms of log-normal draws about 1 are standard normal with this correlation.
        let ones = vec![1.0; self.scales.len()];
        let drawn = log_normal_draws(&ones, &self.correlation, count, seed)?;
        let value =
            |(s, z): (&Scale, f64)| s.factor * s.transform.backward(s.center + s.sd * z.ln());
        Ok(drawn.into_iter().map(|x| self.scales.iter().zip(x).map(value).collect()).collect())
    }
}

fn fitted_patient(
    step: &FitModel,
    study: &Study,
    subject: &str,
    cycle: u16,
    model: &LoadedModel,
    seed: u64,
) -> Result<(Vec<Table>, Vec<RegionTia>, FittedPatient), StepError> {
    let hour = model.internal("an hour", "1 h", Dimension::TIME)?;
    let series = step
        .observe
        .iter()
        .map(|(region, observable)| series(study, subject, cycle, region, observable, model, step))
        .collect::<Result<Vec<_>, _>>()?;
    let regimen = regimen(study, subject, cycle, step, model)?;
    let base = model.parameters(&step.set)?;
    // What is wrong with the doses is wrong at every starting point: say it once, plainly.
    model.simulator.run(&Request::new(&base, &regimen, &[0.0]))?;
    let system = model.simulator.system();
    let names: Vec<String> = match &step.estimate {
        Some(names) => names.clone(),
        None => {
            let varying = system.parameters().iter().filter(|p| p.iiv.is_some());
            varying.map(|p| p.name.clone()).collect()
        }
    };
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let samples: Vec<Sample> = series
        .iter()
        .flat_map(|s| {
            let output = s.observable.clone();
            s.points.iter().map(move |p| Sample { output: output.clone(), time: p.0 * hour })
        })
        .collect();
    let options = Options { rtol: RTOL, ..Options::default() };
    let observed: Vec<&str> = series.iter().map(|s| s.observable.as_str()).collect();
    let predictor = OdePredictor::new(
        Arc::clone(&model.simulator),
        base,
        &names,
        regimen,
        Inputs::default(),
        &samples,
        options,
    )
    .and_then(|p| p.with_integrals(&observed))?;
    let observations: Vec<Observation> = series
        .iter()
        .flat_map(|s| {
            s.points.iter().map(|(t, a, sd)| {
                let label = format!("{} at {} h", s.region, significant(*t, 4));
                Observation::with_sd(label, *a, *sd)
            })
        })
        .collect();
    let parameters = predictor.parameters(true);
    let declared = parameters.clone();
    let mut problem = Problem::new(&predictor, observations, ErrorModel::Known, parameters);
    problem.options = FitOptions {
        seed,
        // The prior makes the surface nearly convex; a few starts from it show whether it is.
        random_starts: 3,
        // The integrator's own error is the floor of what differences of predictions mean.
        rank_tolerance: 1e-6,
        // In standard errors of the estimates.
        tolerance: 1e-3,
        cv_gate: None,
        ..FitOptions::default()
    };
    let result = fit(&problem)?;
    if !result.status.converged() {
        return Err(format!("the fit did not converge: {}", result.status).into());
    }
    let mut tables = vec![
        estimates(step, model, &declared, &result),
        summary(step, &result),
        points(step, &series, &result),
        curves(step, &series, &predictor, &result, hour)?,
    ];
    let (tia_table, tias) = tias(step, &series, &result, hour)?;
    tables.push(tia_table);
    let patient = patient(step, model, &names, &result)?;
    Ok((tables, tias, patient))
}

fn patient(
    step: &FitModel,
    model: &LoadedModel,
    names: &[&str],
    fit: &Fit,
) -> Result<FittedPatient, StepError> {
    let system = model.simulator.system();
    let base = model.parameters(&step.set)?;
    let mut values = Vec::new();
    for name in step.set.keys() {
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

/// Measured activities of a region or of a sum of regions measured at the same times.
fn series(
    study: &Study,
    subject: &str,
    cycle: u16,
    region: &str,
    observable: &str,
    model: &LoadedModel,
    step: &FitModel,
) -> Result<Series, StepError> {
    let system = model.simulator.system();
    let output = model.simulator.output(observable)?;
    let declared = system.outputs()[output].error;
    let mut found: Option<Series> = None;
    for part in region.split('+').map(str::trim) {
        let curve = study.curve(subject, cycle, part).ok_or_else(|| {
            format!(
                "region `{part}` of subject `{subject}` was not measured in cycle {cycle}; measured: {}",
                study.regions(subject, cycle).join(", ")
            )
        })?;
        if let Some(p) = curve.points.iter().find(|p| p.below_detection) {
            return Err(format!("`{part}` at {} h is below detection", p.time_h).into());
        }
        match &mut found {
            None => {
                found = Some(Series {
                    region: region.to_owned(),
                    observable: observable.to_owned(),
                    nuclide: curve.nuclide.clone(),
                    injected_mbq: curve.injected_mbq,
                    points: curve.points.iter().map(|p| (p.time_h, p.activity_mbq, 0.0)).collect(),
                });
            }
            Some(sum) => {
                let same = sum.points.len() == curve.points.len()
                    && sum
                        .points
                        .iter()
                        .zip(&curve.points)
                        .all(|(a, b)| (a.0 - b.time_h).abs() < 1e-6);
                if !same {
                    return Err(format!(
                        "the regions of `{region}` were not measured at the same times"
                    )
                    .into());
                }
                for (a, b) in sum.points.iter_mut().zip(&curve.points) {
                    a.1 += b.activity_mbq;
                }
            }
        }
    }
    let mut series = found.ok_or_else(|| format!("`{region}` names no region"))?;
    let typed = step.error.as_deref().map(lutetia_patient::curves::error_model).transpose()?;
    for point in &mut series.points {
        // The error is taken relative to the measured value, so that it does not move with the fit.
        let variance = match (typed, declared) {
            (Some(ErrorModel::Proportional { cv }), _) => (cv.value() * point.1).powi(2),
            (Some(ErrorModel::Additive { sd }), _) => sd.value().powi(2),
            (Some(ErrorModel::Combined { sd, cv }), _) => {
                sd.value().powi(2) + (cv.value() * point.1).powi(2)
            }
            (_, Some(ResidualError::Proportional { b } | ResidualError::LogNormal { b })) => {
                (b * point.1).powi(2)
            }
            (_, Some(ResidualError::Additive { a })) => a * a,
            (_, Some(ResidualError::Combined { a, b })) => a * a + (b * point.1).powi(2),
            _ => {
                return Err(format!(
                    "observable `{observable}` has no residual error; give `error` in the step"
                )
                .into());
            }
        };
        point.2 = variance.sqrt();
    }
    Ok(series)
}

fn regimen(
    study: &Study,
    subject: &str,
    cycle: u16,
    step: &FitModel,
    model: &LoadedModel,
) -> Result<Regimen, StepError> {
    let units = &model.model.units;
    let quantity = |x: f64, unit: &str| {
        Unit::parse(unit).map(|u| units.to_internal(&Quantity::new(x, u))).map_err(StepError::from)
    };
    let doses: Vec<_> = study.doses_of(subject).into_iter().filter(|d| d.cycle == cycle).collect();
    let start = doses.first().map_or(0.0, |d| d.time_h);
    let doses = doses
        .into_iter()
        .map(|d| {
            let into = d.into.clone().unwrap_or_else(|| step.into.clone());
            Ok(Dose {
                at: quantity(d.time_h - start, "h")?,
                activities: vec![(d.nuclide.clone(), quantity(d.activity_mbq, "MBq")?)],
                amount: match (d.amount_nmol, &step.amount) {
                    (Some(x), _) => Some(quantity(x, "nmol")?),
                    (None, Some(text)) => Some(model.dose_amount("amount", text, &into)?),
                    (None, None) => None,
                },
                into,
                over: match (d.duration_h, &step.over) {
                    (Some(x), _) => quantity(x, "h")?,
                    (None, Some(text)) => model.internal("over", text, Dimension::TIME)?,
                    (None, None) => 0.0,
                },
            })
        })
        .collect::<Result<Vec<_>, StepError>>()?;
    Ok(Regimen { doses })
}

fn ends(e: &Estimate) -> (Cell, Cell) {
    (e.ci95.map(|c| c.0).into(), e.ci95.map(|c| c.1).into())
}

fn estimates(step: &FitModel, model: &LoadedModel, declared: &[FitParameter], fit: &Fit) -> Table {
    let caption = "Estimates by maximum a posteriori; contraction is the share of the prior's variance that the data removed; deviation is on the scale on which the prior is normal";
    let mut table = Table::new(&step.id, caption)
        .column("parameter", "")
        .column("unit", "")
        .column("prior_median", "")
        .column("prior_cv", "%")
        .column("estimate", "")
        // The minimum is found to 1e-4 standard errors, and another processor's rounding moves the
        // integrator's steps.
        .tolerance(2e-3)
        .column("se", "")
        .tolerance(1e-2)
        .column("low", "")
        .tolerance(1e-2)
        .column("high", "")
        .tolerance(1e-2)
        .column("contraction", "%")
        .tolerance(2e-2)
        .column("deviation", "prior SD")
        .tolerance(2e-2)
        .column("note", "");
    let system = model.simulator.system();
    for p in declared {
        let name = p.name.as_str();
        let (Some(e), Ok(index)) = (fit.estimate(name), model.simulator.parameter(name)) else {
            continue;
        };
        let info = &system.parameters()[index];
        let prior = p.prior;
        let cv = prior.and_then(|q| q.law(p.transform).declared_cv()).map(|cv| 100.0 * cv);
        let deviation = prior.map(|q| q.deviation(p.transform, e.value)).filter(|d| d.is_finite());
        let (low, high) = ends(e);
        let note =
            if e.determined.is_determined() { String::new() } else { e.determined.to_string() };
        table.push(vec![
            name.into(),
            info.unit.symbol().into(),
            p.start.into(),
            cv.into(),
            e.value.into(),
            e.se.into(),
            low,
            high,
            e.contraction.map(|c| 100.0 * c).into(),
            deviation.into(),
            note.into(),
        ]);
    }
    table
}

fn summary(step: &FitModel, fit: &Fit) -> Table {
    let mut table = Table::new(format!("{}.fit", step.id), "How the fit ended")
        .column("what", "")
        .column("value", "")
        .tolerance(2e-2);
    let mut push = |what: &str, value: Cell| table.push(vec![what.into(), value]);
    push("status", fit.status.to_string().into());
    push("observations", (fit.n as f64).into());
    push("parameters", (fit.estimates.iter().filter(|e| !e.fixed).count() as f64).into());
    push("chi-square of the data", fit.chi_square.into());
    push("starts that agree", (fit.starts.agreeing as f64).into());
    push("starts", (fit.starts.runs.len() as f64).into());
    table
}

fn points(step: &FitModel, series: &[Series], fit: &Fit) -> Table {
    let caption =
        "Measured and fitted activities; residuals in standard deviations of the error model";
    let mut table = Table::new(format!("{}.points", step.id), caption)
        .column("region", "")
        .column("time", "h")
        .column("activity", "MBq")
        .column("sd", "MBq")
        .column("fitted", "MBq")
        .tolerance(1e-3)
        .column("residual", "")
        .tolerance(2e-2);
    let measured = series.iter().flat_map(|s| s.points.iter().map(move |p| (s, p)));
    for ((s, (t, a, sd)), residual) in measured.zip(&fit.residuals) {
        table.push(vec![
            s.region.as_str().into(),
            (*t).into(),
            (*a).into(),
            (*sd).into(),
            residual.predicted.into(),
            residual.weighted.into(),
        ]);
    }
    table
}

fn curves(
    step: &FitModel,
    series: &[Series],
    predictor: &OdePredictor,
    fit: &Fit,
    hour: f64,
) -> Result<Table, StepError> {
    let mut table =
        Table::new(format!("{}.curves", step.id), "Fitted curves with pointwise 95 % intervals")
            .column("region", "")
            .column("time", "h")
            .column("activity", "MBq")
            .tolerance(1e-3)
            .column("low", "MBq")
            .tolerance(1e-2)
            .column("high", "MBq")
            .tolerance(1e-2);
    let early = (1..=10).map(|i| 0.4 * f64::from(i));
    let late = (1..=98).map(|i| 4.0 + (step.until - 4.0) * f64::from(i) / 98.0);
    let times: Vec<f64> = early.chain(late).collect();
    let samples: Vec<Sample> = series
        .iter()
        .flat_map(|s| {
            let output = &s.observable;
            times.iter().map(move |t| Sample { output: output.clone(), time: t * hour })
        })
        .collect();
    let drawn = predictor.at_samples(&samples)?;
    let predictions = fit.predict(&drawn)?;
    let rows = series.iter().flat_map(|s| times.iter().map(move |t| (s, t)));
    for ((s, t), p) in rows.zip(predictions) {
        table.push(vec![
            s.region.as_str().into(),
            (*t).into(),
            p.value.into(),
            p.ci95.map(|c| c.0).into(),
            p.ci95.map(|c| c.1).into(),
        ]);
    }
    Ok(table)
}

fn tias(
    step: &FitModel,
    series: &[Series],
    fit: &Fit,
    hour: f64,
) -> Result<(Table, Vec<RegionTia>), StepError> {
    let mut table = Table::new(
        format!("{}.tia", step.id),
        "Time-integrated activities of the fitted model, from the injection to infinity, one standard error",
    )
    .column("region", "")
    .column("tia", "MBq h")
    .tolerance(1e-3)
    .column("tia_sd", "MBq h")
    .tolerance(1e-2)
    .column("tia_coefficient", "h")
    .tolerance(1e-3)
    .column("extrapolated", "%")
    .tolerance(1e-2)
    .column("note", "");
    let mut tias = Vec::new();
    for s in series {
        let derived = |kind| fit.derived_of(kind, &s.observable);
        let tia = derived(DerivedKind::Tia)
            .ok_or_else(|| format!("`{}` has no integral", s.observable))?;
        let value = tia.value / hour;
        let sd = tia.se.map(|sd| sd / hour);
        let extrapolated = derived(DerivedKind::ExtrapolatedFraction).map(|d| d.value);
        let judged = judge::model(fit, tia, &s.region, (value, sd, extrapolated));
        let (found, note) = shown(&judged);
        table.push(vec![
            s.region.as_str().into(),
            found.map(Tia::value_mbq_h).into(),
            found.and_then(Tia::sd_mbq_h).into(),
            found.map(|t| t.value_mbq_h() / s.injected_mbq).into(),
            found.and_then(Tia::extrapolated_fraction).map(|f| 100.0 * f).into(),
            note.into(),
        ]);
        tias.push(RegionTia {
            region: s.region.clone(),
            nuclide: s.nuclide.clone(),
            injected_mbq: s.injected_mbq,
            tia: judged,
            phases: Vec::new(),
        });
    }
    Ok((table, tias))
}
