//! Which function a cohort as a whole prefers: −2 ln L summed over the patients, parameters counted over the cohort.

use crate::steps::StepError;
use std::collections::BTreeMap;

use lutetia_data::{Curve, Study};
use lutetia_fit::{
    ActivityCurve, Censoring, ErrorModel, Fit, FitOptions, Function, MISFIT, Observation, Pooled,
    Predictor, Problem, VarianceCount, akaike_weights, fit,
};
use rayon::prelude::*;
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    curves::{error_model, functions, variance_count},
    cycle, defaults,
};
use lutetia_table::{Cell, Table, significant};

/// The function a cohort prefers.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectFunction {
    /// Name of the table.
    pub id: String,
    /// Name under `[data]` of a study with several subjects, or
    pub study: Option<String>,
    /// an earlier step of kind `cohort-curves`.
    pub from: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// Functions ranked.
    pub functions: Vec<String>,
    /// Parameters that all patients have in common, where a function has them.
    #[serde(default)]
    pub shared: Vec<String>,
    /// Measurement error where the table has no SD; `proportional` has its size estimated over the cohort.
    pub error: String,
    /// Whether the variance counts: `estimated`, `always` or `never`.
    pub count_variance: Option<String>,
    /// Only the first so many patients.
    pub first: Option<usize>,
}

impl StepKind for SelectFunction {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let data = self.study.as_deref().map(Use::Data);
        data.into_iter().chain(self.from.as_deref().map(Use::Step)).collect()
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

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
    pub fit: Result<Box<Fit>, String>,
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

/// Fits every function to all curves of one region at once.
///
/// # Errors
/// An unknown function or nuclide.
pub fn rank(curves: &[Curve], options: &SelectOptions) -> Result<Vec<Ranked>, String> {
    let names = functions(&options.functions)?;
    let mut physical = Vec::with_capacity(curves.len());
    for curve in curves {
        super::administrations::one_injection(curve)
            .map_err(|reason| format!("`{}`: {reason}", curve.subject))?;
        let nuclide = lutetia_data::nuclides().get(&curve.nuclide).map_err(|e| e.to_string())?;
        physical.push(nuclide.lambda_per_s() * 3600.0);
    }
    Ok(names
        .into_par_iter()
        .map(|(name, function)| Ranked {
            fit: pooled(curves, &physical, function, options).map(Box::new),
            function: name,
        })
        .collect())
}

fn pooled(
    curves: &[Curve],
    physical: &[f64],
    function: &Function,
    options: &SelectOptions,
) -> Result<Fit, String> {
    let mut made: Vec<ActivityCurve> = Vec::with_capacity(curves.len());
    let mut parameters = Vec::with_capacity(curves.len());
    let mut observations = Vec::new();
    let all_sd =
        !options.over_sd && curves.iter().all(|c| c.points.iter().all(|p| p.sd_mbq.is_some()));
    let error = if all_sd { ErrorModel::Known } else { options.error };
    for (curve, lambda) in curves.iter().zip(physical) {
        let times: Vec<f64> = curve.points.iter().map(|p| p.time_h).collect();
        let values: Vec<f64> = curve.points.iter().map(|p| p.activity_mbq).collect();
        let fail = |e: lutetia_fit::PredictError| format!("`{}`: {e}", curve.subject);
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
    let pooled = Pooled::new(parts, &subjects, &shared).map_err(|e| e.to_string())?;
    let starts = pooled.parameters(&parameters);
    let mut problem = Problem::new(&pooled, observations, error, starts);
    problem.options = FitOptions {
        seed: options.seed,
        random_starts: 3,
        spread: 0.5,
        variance_count: options.variance_count,
        ..FitOptions::default()
    };
    fit(&problem).map_err(|e| e.to_string())
}

/// The table of a ranking, region by region.
#[must_use]
pub fn table(id: &str, ranking: &BTreeMap<String, (usize, Vec<Ranked>)>) -> Table {
    let mut table = Table::new(
        id,
        "Functions ranked over a cohort: −2 ln L of all patients together, K counted over the cohort; weights are Akaike's",
    )
    .column("region", "")
    .column("function", "")
    .column("patients", "")
    .column("observations", "")
    .column("k", "")
    .column("minus_two_ln_l", "")
    .column("aicc", "")
    .column("delta", "")
    .tolerance(1e-2)
    .column("weight", "")
    .tolerance(1e-2)
    .column("note", "");
    for (region, (patients, ranked)) in ranking {
        // A function that the data refute has no weight while another stands.
        let stands = |f: &Fit| f.misfit(MISFIT).is_none();
        let converged = |r: &Ranked| r.fit.as_ref().is_ok_and(|f| f.status.converged());
        let any = ranked
            .iter()
            .any(|r| converged(r) && r.fit.as_ref().is_ok_and(|f| stands(f) && f.aicc.is_some()));
        let usable = |r: &Ranked| {
            let fit = r.fit.as_ref().ok().filter(|f| f.status.converged())?;
            fit.aicc.filter(|_| !any || stands(fit))
        };
        let criteria: Vec<Option<f64>> = ranked.iter().map(usable).collect();
        let weights = akaike_weights(&criteria);
        let least = criteria.iter().flatten().fold(f64::INFINITY, |m, a| m.min(*a));
        for ((r, aicc), weight) in ranked.iter().zip(&criteria).zip(weights) {
            let fit = r.fit.as_ref().ok();
            let note = match &r.fit {
                Err(reason) => reason.clone(),
                Ok(f) if !f.status.converged() => f.status.to_string(),
                Ok(f) => {
                    let misfit = f.misfit(MISFIT).map(|m| m.to_string());
                    let notes: Vec<String> =
                        misfit.into_iter().chain(f.criteria_note.map(|n| n.to_string())).collect();
                    notes.join("; ")
                }
            };
            table.push(vec![
                region.as_str().into(),
                r.function.as_str().into(),
                (*patients as f64).into(),
                fit.map(|f| f.n as f64).into(),
                fit.map(|f| f.k as f64).into(),
                fit.and_then(|f| f.minus_two_log_likelihood).into(),
                Cell::from(*aicc),
                aicc.map(|a| a - least).into(),
                weight.into(),
                note.into(),
            ]);
        }
    }
    table
}

pub(crate) fn run(step: &SelectFunction, context: &mut Context) -> Result<(), StepError> {
    let mut curves = match (&step.study, &step.from) {
        (Some(name), None) => cohort(context.study(name)?, cycle(step.cycle)?),
        (None, Some(name)) => context.artefacts.cohort_curves(name)?.clone(),
        _ => return Err("give either `study` or `from`".into()),
    };
    if let Some(wanted) = &step.regions {
        if let Some(missing) = wanted.iter().find(|r| !curves.contains_key(*r)) {
            let known: Vec<&str> = curves.keys().map(String::as_str).collect();
            return Err(format!("no region `{missing}`; measured: {}", known.join(", ")).into());
        }
        curves.retain(|region, _| wanted.contains(region));
    }
    let options = SelectOptions {
        functions: step.functions.clone(),
        shared: step.shared.clone(),
        error: error_model(&step.error)?,
        over_sd: false,
        variance_count: step
            .count_variance
            .as_deref()
            .map(variance_count)
            .transpose()?
            .unwrap_or_default(),
        seed: context.seed,
    };
    let mut ranking = BTreeMap::new();
    for (region, mut list) in curves {
        list.truncate(step.first.unwrap_or(usize::MAX));
        ranking.insert(region, (list.len(), rank(&list, &options)?));
    }
    context.add(table(&step.id, &ranking));
    context.settings.insert(
        format!("variance in AICc of `{}`", step.id),
        options.variance_count.describe().to_owned(),
    );
    Ok(())
}
