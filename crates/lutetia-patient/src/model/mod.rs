//! A compartmental model through all regions of a patient at once, by maximum a posteriori.

mod draws;
mod patient;
mod series;

pub use draws::{DrawnFit, DrawnQuantity, FitDraws, Pooled, Sort, uncertain};
pub use patient::{FittedPatient, Spread};
pub use series::Series;

use std::collections::BTreeMap;

use lutetia_data::Study;
use lutetia_fit::{
    DerivedEstimate, DerivedKind, ErrorModel, Estimate, Fit, FitOptions, FitParameter, Observation,
    OdePredictor, Prediction, Problem, Sample, fit,
};
use lutetia_scenario::{Drive, LoadedModel, Scenario, ScenarioError, Treatment, of_subject};
use lutetia_sim::Options;
use lutetia_units::{Unit, significant};

use crate::{PatientError, RegionTia, judge};
use patient::patient;
use series::{CycleOf, series, treatment};

/// Relative tolerance of the integrations of a fit. The objective and its gradient must agree well
/// below the tolerance of the fit, or the search stalls on the rounding of the integrator.
pub const RTOL: f64 = 1e-8;

/// How a model is fitted to a patient. Amounts, durations and settings are texts, as a model reads them in its own units.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelFit {
    /// Where doses go of which the study does not say it.
    pub into: String,
    /// Ligand amount where the study has none, such as `100 nmol`.
    pub amount: Option<String>,
    /// Duration of the infusion where the study has none, such as `30 min`.
    pub over: Option<String>,
    /// Observable of the model for each measured region or sum of regions `A + B`.
    pub observe: BTreeMap<String, String>,
    /// Curves that drive what varies in the model, over the time after the first dose of the cycle.
    pub drives: Vec<Drive>,
    /// Parameters and covariates that `subjects.csv` does not give, or in the place of those it gives: name to quantity.
    pub set: BTreeMap<String, String>,
    /// Parameters estimated; those with `iiv` without it. Each carries its population prior.
    pub estimate: Option<Vec<String>>,
    /// Measurement error where the model file gives none.
    pub error: Option<ErrorModel>,
    /// Seed of random starts.
    pub seed: u64,
}

impl ModelFit {
    /// With what `subjects.csv` says of the subject under names that the model has, except what is set already.
    #[must_use]
    pub fn with_subject(&self, study: &Study, subject: &str, model: &LoadedModel) -> Self {
        let mut set = study.subject(subject).map_or_else(BTreeMap::new, |s| of_subject(model, s));
        set.extend(self.set.clone());
        Self { set, ..self.clone() }
    }
}

/// An estimate beside its prior.
#[derive(Debug, Clone)]
pub struct ModelEstimate {
    /// The parameter.
    pub name: String,
    /// Its declared unit, of every number here.
    pub unit: Unit,
    /// Median of the population.
    pub prior_median: f64,
    /// Coefficient of variation of the population, 1 = 100 %; none where the parameter has no prior.
    pub prior_cv: Option<f64>,
    /// The estimate.
    pub estimate: Estimate,
    /// Its distance from the median, in standard deviations of the prior on the scale on which that is normal.
    pub deviation: Option<f64>,
}

/// What the model file derives from its parameters, at the estimates.
#[derive(Debug, Clone)]
pub struct ModelDerived {
    /// Its declared unit.
    pub unit: Unit,
    /// Whether it is positive by its nature.
    pub positive: bool,
    /// The value with its error, or why the data do not determine it.
    pub estimate: DerivedEstimate,
}

/// A model that was fitted to one cycle of a patient.
#[derive(Debug)]
pub struct FittedModel {
    /// What was measured.
    pub series: Vec<Series>,
    /// The estimates beside their priors.
    pub estimates: Vec<ModelEstimate>,
    /// What the model file derives from its parameters, in the order of the file.
    pub derived: Vec<ModelDerived>,
    /// The fit.
    pub fit: Fit,
    /// Time-integrated activities, in the order of `series`.
    pub tias: Vec<RegionTia>,
    /// What it says of the patient.
    pub patient: FittedPatient,
    predictor: OdePredictor,
    hour: f64,
}

impl FittedModel {
    /// The curve of every series at some times, h, with its pointwise 95 % interval: for each series, for each time.
    ///
    /// # Errors
    /// [`PatientError`] where the model cannot be evaluated.
    pub fn drawn(&self, times_h: &[f64]) -> Result<Vec<Vec<Prediction>>, PatientError> {
        let samples: Vec<Sample> = self
            .series
            .iter()
            .flat_map(|s| {
                let sample = |t| Sample { output: s.observable.clone(), time: t * self.hour };
                times_h.iter().copied().map(sample)
            })
            .collect();
        let drawn = self.predictor.at_samples(&samples)?;
        let predictions = self.fit.predict(&drawn)?;
        Ok(predictions.chunks(times_h.len().max(1)).map(<[Prediction]>::to_vec).collect())
    }
}

/// What can be known of a fit before it: whether every region, observable, parameter and place that it names is there,
/// and every quantity of its unit.
///
/// # Errors
/// As of [`fit_model`].
pub fn check_fit(
    study: &Study,
    subject: &str,
    cycle: u16,
    model: &LoadedModel,
    asked: &ModelFit,
) -> Result<(), PatientError> {
    let of = CycleOf { study, subject, cycle };
    let asked = &asked.with_subject(study, subject, model);
    for (region, observable) in &asked.observe {
        series(of, region, observable, model, asked.error)?;
    }
    let given = treatment(of, asked, model)?;
    model.simulator.check_regimen(&given.regimen())?;
    scenario(model, asked, given)?;
    for name in asked.estimate.iter().flatten() {
        model.simulator.parameter(name)?;
    }
    Ok(())
}

/// Fits a model to one cycle of one patient by maximum a posteriori.
///
/// # Errors
/// [`PatientError`]: an unknown region, observable, parameter or place; a quantity that cannot be read; a fit that does
/// not converge.
pub fn fit_model(
    study: &Study,
    subject: &str,
    cycle: u16,
    model: &LoadedModel,
    asked: &ModelFit,
) -> Result<FittedModel, PatientError> {
    let hour = model.clock().hour();
    let of = CycleOf { study, subject, cycle };
    let asked = &asked.with_subject(study, subject, model);
    let series = asked
        .observe
        .iter()
        .map(|(region, observable)| series(of, region, observable, model, asked.error))
        .collect::<Result<Vec<_>, _>>()?;
    let scenario = scenario(model, asked, treatment(of, asked, model)?)?;
    // What is wrong with the doses is wrong at every starting point: say it once, plainly.
    scenario.simulator().run(&scenario.request(&[0.0]))?;
    let names = estimated(model, asked);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let Search { predictor, declared, fit: result } =
        search(scenario, &series, &names, (asked.seed, hour))?;
    if !result.status.converged() {
        return Err(PatientError::NotConverged { status: result.status });
    }
    let tias = tias(&series, &result, hour)?;
    let patient = patient(asked, model, &names, &result)?;
    Ok(FittedModel {
        estimates: estimates(model, &declared, &result),
        derived: derived(model, &result),
        series,
        fit: result,
        tias,
        patient,
        predictor,
        hour,
    })
}

/// What is estimated: as asked, or what differs between patients.
fn estimated(model: &LoadedModel, asked: &ModelFit) -> Vec<String> {
    match &asked.estimate {
        Some(names) => names.clone(),
        None => {
            let system = model.simulator.system();
            let varying = system.parameters().iter().filter(|p| p.iiv.is_some());
            varying.map(|p| p.name.clone()).collect()
        }
    }
}

/// A search for the estimates, wherever it ended.
struct Search {
    predictor: OdePredictor,
    declared: Vec<FitParameter>,
    fit: Fit,
}

/// Looks for the estimates of `names` in a scenario that holds everything else.
fn search(
    scenario: Scenario,
    series: &[Series],
    names: &[&str],
    (seed, hour): (u64, f64),
) -> Result<Search, PatientError> {
    let samples: Vec<Sample> = series
        .iter()
        .flat_map(|s| {
            let output = s.observable.clone();
            s.points.iter().map(move |p| Sample { output: output.clone(), time: p.0 * hour })
        })
        .collect();
    let options = Options { rtol: RTOL, ..Options::default() };
    let observed: Vec<&str> = series.iter().map(|s| s.observable.as_str()).collect();
    let predictor = OdePredictor::new(scenario, names, &samples, options)
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
    let fit = fit(&problem)?;
    Ok(Search { predictor, declared, fit })
}

/// The patient as he is simulated at the start of the search. Curves must say what holds at every time to infinity,
/// where integrals go.
fn scenario(
    model: &LoadedModel,
    asked: &ModelFit,
    given: Treatment,
) -> Result<Scenario, PatientError> {
    let scenario = model.scenario(&asked.set, given)?.with_inputs(Drive::inputs(&asked.drives));
    let (start, units) = (scenario.start(&[]), &model.model.units);
    let drives = asked.drives.iter();
    match drives.flat_map(|drive| drive.uncovered(start, f64::INFINITY, units)).next() {
        Some(error) => Err(ScenarioError::from(error).into()),
        None => Ok(scenario),
    }
}

/// The estimates beside their priors, in the order of the model.
fn estimates(model: &LoadedModel, declared: &[FitParameter], fit: &Fit) -> Vec<ModelEstimate> {
    let system = model.simulator.system();
    declared
        .iter()
        .filter_map(|p| {
            let estimate = fit.estimate(&p.name)?.clone();
            let index = model.simulator.parameter(&p.name).ok()?;
            let prior = p.prior;
            let deviation = prior.map(|q| q.deviation(p.transform, estimate.value));
            Some(ModelEstimate {
                name: p.name.clone(),
                unit: system.parameters()[index].unit.clone(),
                prior_median: p.start,
                prior_cv: prior.and_then(|q| q.law(p.transform).declared_cv()),
                deviation: deviation.filter(|d| d.is_finite()),
                estimate,
            })
        })
        .collect()
}

/// What the model file derives, in its order.
fn derived(model: &LoadedModel, fit: &Fit) -> Vec<ModelDerived> {
    let infos = model.simulator.system().derived().iter();
    infos
        .filter_map(|info| {
            let estimate = fit.derived_of(DerivedKind::OfModel, &info.name)?.clone();
            Some(ModelDerived { unit: info.unit.clone(), positive: info.positive, estimate })
        })
        .collect()
}

/// The integral of every series, with what stands against it.
fn tias(series: &[Series], fit: &Fit, hour: f64) -> Result<Vec<RegionTia>, PatientError> {
    let mut tias = Vec::new();
    for s in series {
        let tia = fit
            .derived_of(DerivedKind::Tia, &s.observable)
            .ok_or_else(|| PatientError::NoTia { observable: s.observable.clone() })?;
        tias.push(region_tia(s, fit, tia, (tia.value / hour, tia.se.map(|sd| sd / hour))));
    }
    Ok(tias)
}

/// The integral of a series, `(MBq h, its standard error)`, with what stands against it.
fn region_tia(
    s: &Series,
    fit: &Fit,
    tia: &DerivedEstimate,
    (value, sd): (f64, Option<f64>),
) -> RegionTia {
    let extrapolated = fit.derived_of(DerivedKind::ExtrapolatedFraction, &s.observable);
    let extrapolated = extrapolated.map(|d| d.value);
    RegionTia {
        region: s.region.clone(),
        nuclide: s.nuclide.clone(),
        injected_mbq: s.injected_mbq,
        tia: judge::model(fit, tia, &s.region, (value, sd, extrapolated)),
        phases: Vec::new(),
    }
}
