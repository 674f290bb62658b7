//! Sums of exponentials and other functions through the regions of a patient.

use crate::artefact::Artefact;
use crate::steps::StepError;
use lutetia_data::{Curve, Study};
use lutetia_fit::{
    ActivityCurve, Average, Censoring, DerivedKind, Determination, ErrorModel, FUNCTIONS, Fit,
    FitOptions, FitParameter, Function, GateFailure, MISFIT, Magnitude, Misfit, Observation,
    Problem, QualityGates, TimeActivity as _, VarianceCount, Weighed, Why, average, choose, fit,
    widened,
};
use lutetia_units::{Dimension, Quantity, Unit};
use rayon::prelude::*;

use serde::Deserialize;

use super::{
    Context, RegionTia, StepKind, Use, administrations, bare, curve_tables::tables, cycle,
    defaults, intervals, judge, shape, subject,
};
use lutetia_table::significant;

/// Sums of exponentials through every region of a patient.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitCurves {
    /// Name of the tables.
    pub id: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// Functions tried; the one used is the one with the lowest AICc among those that the data do not refute, as
    /// [`lutetia_fit::choose`] says.
    pub functions: Vec<String>,
    /// Measurement error where the table has no SD: `proportional 10 %`. Stated SDs stay.
    pub error: String,
    /// Last time drawn, in hours, or with a unit such as `5 d`.
    #[serde(default = "defaults::until_h", deserialize_with = "defaults::hours")]
    pub until: f64,
    /// Whether the variance counts among the parameters of AICc: `estimated` (where it is), `always` or `never`.
    pub count_variance: Option<String>,
    /// Leave functions outside the quality gates (CV 50 %, correlation 0.8) out of the choice and the average.
    #[serde(default)]
    pub gates: bool,
    /// Profile likelihood of the integral and the half-life.
    #[serde(default)]
    pub profile: bool,
    /// Samples of a parametric bootstrap.
    #[serde(default)]
    pub bootstrap: usize,
}

impl StepKind for FitCurves {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study)]
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

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

/// Why a quantity that follows from a function has no value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NoQuantity {
    /// The function was not fitted.
    #[error("{reason}")]
    Unfitted {
        /// Why not.
        reason: String,
    },
    /// The curve does not fall.
    #[error("the curve does not fall, its integral is infinite")]
    Infinite,
    /// The data do not determine it.
    #[error("{0}")]
    NotDetermined(Determination),
    /// The data refute the function.
    #[error("not determined: {0}")]
    Refuted(Misfit),
}

/// One function fitted to one region.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Name as asked for.
    pub function: String,
    /// The curve at the measured times.
    pub curve: ActivityCurve,
    /// Parameters with their starts.
    pub parameters: Vec<FitParameter>,
    /// The fit, or why there is none.
    pub fit: Result<Box<Fit>, String>,
    /// What lies outside the quality gates; empty where the fit passes.
    pub failures: Vec<GateFailure>,
    /// How the integral is made, in words: the function, and the error where it stands in for that of the table.
    pub method: String,
}

/// One region with all its candidates.
#[derive(Debug, Clone)]
pub struct RegionCurve {
    /// The data.
    pub data: Curve,
    /// The data as they were fitted.
    pub observations: Vec<Observation>,
    /// The error model they were fitted under.
    pub error: ErrorModel,
    /// In the order asked for.
    pub candidates: Vec<Candidate>,
    /// Index of the one used.
    pub chosen: usize,
    /// Why that one.
    pub why: String,
    /// Whether every function with an AICc was refuted (or there was none), so that the one used was not ranked.
    pub without_aicc: bool,
    /// Why no function can be integrated to infinity, where the data themselves stand against it.
    pub refused: Option<String>,
    /// How the data refute the candidate used, where they do.
    pub misfit: Option<Misfit>,
    /// Parameters of the candidate used that rest at a bound of their range.
    pub at_bound: Vec<String>,
    gates: bool,
}

/// The functions of these names; `all` stands for every one. The published names (`f3a`, `f4d`) are known too.
///
/// # Errors
/// A sentence that lists the names.
pub fn functions(names: &[String]) -> Result<Vec<(String, &'static Function)>, String> {
    if matches!(names, [all] if all == "all") {
        return Ok(FUNCTIONS.iter().map(|f| (f.name.to_owned(), f)).collect());
    }
    names
        .iter()
        .map(|name| {
            let found = Function::named(name).map_err(|e| {
                let known = FUNCTIONS
                    .iter()
                    .flat_map(|f| std::iter::once(f.name).chain(f.published.iter().map(|p| p.0)));
                let near = lutetia_diagnostic::closest(name, known)
                    .map_or_else(String::new, |c| format!("; did you mean `{c}`?"));
                format!("{e}{near}")
            })?;
            Ok((name.clone(), found))
        })
        .collect()
}

/// How the variance is counted, from `estimated`, `always` or `never`.
///
/// # Errors
/// A sentence that says what would do.
pub fn variance_count(text: &str) -> Result<VarianceCount, String> {
    match text {
        "estimated" => Ok(VarianceCount::Estimated),
        "always" => Ok(VarianceCount::Always),
        "never" => Ok(VarianceCount::Never),
        _ => Err(format!(
            "cannot read `{text}`; expected `estimated` (the variance counts where it is estimated), `always` or `never`"
        )),
    }
}

/// An error model from text: `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`,
/// `proportional` (its size estimated), or `unweighted` (additive, its size taken from the residuals).
///
/// # Errors
/// A sentence that says what was found and what would do.
pub fn error_model(text: &str) -> Result<ErrorModel, String> {
    let expected = "`proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`, `proportional` or `unweighted`";
    let fail = || format!("cannot read the error model `{text}`; expected {expected}");
    let (kind, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let mbq = Unit::parse("MBq").map_err(|e| e.to_string())?;
    let additive = |t: &str| -> Result<Magnitude, String> {
        let q = Quantity::parse(t).map_err(|e| e.to_string())?;
        q.to(&mbq).map(Magnitude::Fixed).map_err(|e| e.to_string())
    };
    let fraction = |t: &str| -> Result<Magnitude, String> {
        let q = Quantity::parse(t).map_err(|e| e.to_string())?;
        bare::refuse(t)?;
        if q.dimension() == Dimension::NONE { Ok(Magnitude::Fixed(q.si())) } else { Err(fail()) }
    };
    match kind {
        "unweighted" if rest.is_empty() => {
            Ok(ErrorModel::Additive { sd: Magnitude::Estimated(1.0) })
        }
        "proportional" if rest.is_empty() => {
            Ok(ErrorModel::Proportional { cv: Magnitude::Estimated(0.1) })
        }
        "proportional" => Ok(ErrorModel::Proportional { cv: fraction(rest)? }),
        "additive" => Ok(ErrorModel::Additive { sd: additive(rest)? }),
        "combined" => {
            let (a, b) = rest.split_once('+').ok_or_else(fail)?;
            Ok(ErrorModel::Combined { sd: additive(a)?, cv: fraction(b)? })
        }
        _ => Err(fail()),
    }
}

/// An error model in the words of [`error_model`].
fn describe(error: ErrorModel) -> String {
    let share = |m: Magnitude| {
        if m.estimated() {
            String::new()
        } else {
            format!(" {} %", significant(100.0 * m.value(), 4))
        }
    };
    let mbq = |m: Magnitude| format!("{} MBq", significant(m.value(), 4));
    match error {
        ErrorModel::Known => "of the table".to_owned(),
        ErrorModel::Weighted => "of the table up to a factor".to_owned(),
        ErrorModel::Additive { sd } if sd.estimated() => "unweighted".to_owned(),
        ErrorModel::Additive { sd } => format!("additive {}", mbq(sd)),
        ErrorModel::Proportional { cv } => format!("proportional{}", share(cv)),
        ErrorModel::Combined { sd, cv } => format!("combined {} +{}", mbq(sd), share(cv)),
    }
}

/// Fits every region of one cycle of one patient.
///
/// # Errors
/// When a function is unknown or a region was not measured. A region that cannot be fitted is a
/// [`Candidate`] that says so.
pub fn fit_regions(
    study: &Study,
    subject: &str,
    cycle: u16,
    regions: Option<&[String]>,
    options: &CurveOptions,
) -> Result<Vec<RegionCurve>, String> {
    let measured = study.regions(subject, cycle);
    let wanted: Vec<&str> = match regions {
        Some(names) => names.iter().map(String::as_str).collect(),
        None => measured.clone(),
    };
    functions(&options.functions)?;
    let curves = wanted
        .iter()
        .map(|region| {
            study.curve(subject, cycle, region).ok_or_else(|| {
                format!(
                    "region `{region}` of subject `{subject}` was not measured in cycle {cycle}; measured: {}",
                    measured.join(", ")
                )
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    curves.into_par_iter().map(|curve| fit_region(curve, options)).collect()
}

pub(crate) fn fit_region(mut data: Curve, options: &CurveOptions) -> Result<RegionCurve, String> {
    let nuclide = lutetia_data::nuclides().get(&data.nuclide).map_err(|e| e.to_string())?;
    let physical = nuclide.lambda_per_s() * 3600.0;
    let known = data.points.iter().all(|p| p.sd_mbq.is_some()) && !options.over_sd;
    let error = if known { ErrorModel::Known } else { options.error };
    if matches!(error, ErrorModel::Proportional { .. }) {
        // Nothing at the injection is no measurement, and under a proportional error it would be exact.
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
    if let Some(reason) = shape::unfit(&data, error) {
        return Ok(RegionCurve::without(data, observations, error, options, reason));
    }
    let schedule = match administrations::schedule(&data, physical) {
        Ok(schedule) => schedule,
        Err(reason) => {
            return Ok(RegionCurve::without(data, observations, error, options, reason));
        }
    };
    let (end, of_end) = administrations::after_the_last(&data, &observations, schedule.as_ref());
    let refused = shape::refused(&end, &of_end, error, physical);
    let mut candidates = Vec::new();
    for (name, function) in functions(&options.functions)? {
        let curve = function
            .curve(physical, data.injected_mbq, &times)
            .map_err(|e| format!("`{}`: {e}", data.region))?;
        let (curve, served) = administrations::superpose(curve, &data, schedule.as_ref());
        let parameters = served.and_then(|()| {
            function.parameters(&curve, data.injected_mbq, &activities).map_err(|e| e.to_string())
        });
        let fitted = parameters.clone().and_then(|parameters| {
            let mut problem = Problem::new(&curve, observations.clone(), error, parameters);
            problem.options = FitOptions {
                seed: options.seed,
                variance_count: options.variance_count,
                ..FitOptions::default()
            };
            fit(&problem).map(Box::new).map_err(|e| e.to_string())
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
        why: why.describe().to_owned(),
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

impl RegionCurve {
    /// A region whose data no function can be fitted to.
    fn without(
        data: Curve,
        observations: Vec<Observation>,
        error: ErrorModel,
        options: &CurveOptions,
        reason: String,
    ) -> Self {
        let times: Vec<f64> = data.points.iter().map(|p| p.time_h).collect();
        let candidates = functions(&options.functions)
            .unwrap_or_default()
            .into_iter()
            .filter_map(|(function, f)| {
                let curve = f.curve(0.0, 1.0, &times).ok()?;
                let fit = Err(reason.clone());
                Some(Candidate {
                    method: function.clone(),
                    function,
                    curve,
                    parameters: Vec::new(),
                    fit,
                    failures: Vec::new(),
                })
            })
            .collect();
        Self {
            data,
            observations,
            error,
            candidates,
            chosen: 0,
            why: reason,
            without_aicc: false,
            refused: None,
            misfit: None,
            at_bound: Vec::new(),
            gates: options.gates,
        }
    }

    /// The candidate used.
    #[must_use]
    pub fn best(&self) -> &Candidate {
        &self.candidates[self.chosen]
    }

    /// The time-integrated activity of the candidate used, with what stands against it.
    #[must_use]
    pub fn tia(&self) -> RegionTia {
        let tia = judge::curve(self);
        RegionTia {
            region: self.data.region.clone(),
            nuclide: self.data.nuclide.clone(),
            injected_mbq: self.data.injected_mbq,
            phases: if tia.is_refused() { Vec::new() } else { self.best().phases() },
            tia,
        }
    }

    /// The time-integrated activity averaged over the candidates, by Akaike weights. Functions that the data refute have
    /// no weight as long as one is not refuted; where all are, their standard errors are the widened ones.
    ///
    /// # Errors
    /// Why there is none.
    pub fn average(&self) -> Result<Average, String> {
        if let Some(reason) = &self.refused {
            return Err(reason.clone());
        }
        if self.without_aicc {
            return Err("AICc is not defined for any function that fits the data".to_owned());
        }
        let refuted = self.misfit.is_some();
        let all: Vec<Option<Weighed>> = self
            .candidates
            .iter()
            .map(|c| {
                let fits = refuted || c.misfit().is_none();
                c.weighed().filter(|_| fits && (!self.gates || c.passes()))
            })
            .collect();
        average(&all).map_err(|e| e.to_string())
    }
}

impl Candidate {
    /// What averaging needs: AICc, integral and its standard error; `None` where one is missing.
    pub(crate) fn weighed(&self) -> Option<Weighed> {
        let fit = self.fit.as_ref().ok().filter(|f| f.status.converged())?;
        let (value, sd) = self.quantity(DerivedKind::Tia).ok()?;
        Some(Weighed { aicc: fit.aicc?, value, sd: sd? })
    }

    /// A derived quantity with its standard error; the latter widened by Birge's ratio where the data refute the
    /// function.
    ///
    /// # Errors
    /// [`NoQuantity`].
    pub fn quantity(&self, kind: DerivedKind) -> Result<(f64, Option<f64>), NoQuantity> {
        let unfitted = |reason: &String| NoQuantity::Unfitted { reason: reason.clone() };
        let fit = self.fit.as_ref().map_err(unfitted)?;
        let found = fit.derived(kind).ok_or(NoQuantity::Infinite)?;
        if !found.determined.is_determined() {
            return Err(NoQuantity::NotDetermined(found.determined.clone()));
        }
        let Some(misfit) = self.misfit() else { return Ok((found.value, found.se)) };
        match found.se.and_then(|sd| widened(found.value, sd, misfit.birge_ratio())) {
            Some(sd) => Ok((found.value, Some(sd))),
            None => Err(NoQuantity::Refuted(misfit)),
        }
    }

    /// How the data refute the function under the variances they were fitted with; `None` where they do not, or where
    /// nothing can be said because the variance was estimated from the same data.
    #[must_use]
    pub fn misfit(&self) -> Option<Misfit> {
        self.fit.as_ref().ok()?.misfit(MISFIT)
    }

    /// Names of the parameters that rest at a bound of their range.
    #[must_use]
    pub fn at_bound(&self) -> Vec<String> {
        let estimates = self.fit.as_ref().map(|f| f.estimates.as_slice()).unwrap_or_default();
        estimates.iter().filter(|e| e.at_bound.is_some()).map(|e| e.name.clone()).collect()
    }

    /// Amplitudes (MBq) and effective rates (1/h) of its phases.
    fn phases(&self) -> Vec<(f64, f64)> {
        self.fit.as_ref().map(|f| self.curve.effective_phases(&f.theta())).unwrap_or_default()
    }

    /// Whether the fit converged and lies within the quality gates.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.fit.as_ref().is_ok_and(|f| f.status.converged()) && self.failures.is_empty()
    }

    /// What a reader must know: what is not determined, and why.
    pub(crate) fn note(&self) -> String {
        match &self.fit {
            Err(reason) => reason.clone(),
            Ok(fit) => {
                let mut notes: Vec<String> = Vec::new();
                if !fit.status.converged() {
                    notes.push(fit.status.to_string());
                }
                for e in &fit.estimates {
                    if !e.determined.is_determined() {
                        notes.push(format!("{} {}", e.name, e.determined));
                    }
                }
                notes.extend(self.misfit().map(|m| match self.quantity(DerivedKind::Tia) {
                    Ok(_) => format!(
                        "{m}; standard errors are widened by √(χ²/ν) = {}",
                        significant(m.birge_ratio(), 3)
                    ),
                    Err(_) => format!("not determined: {m}"),
                }));
                notes.extend(fit.criteria_note.map(|note| note.to_string()));
                notes.join("; ")
            }
        }
    }
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &FitCurves, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?.to_owned();
    let options = CurveOptions {
        functions: step.functions.clone(),
        error: error_model(&step.error)?,
        over_sd: false,
        seed: context.seed,
        until_h: step.until,
        variance_count: step
            .count_variance
            .as_deref()
            .map(variance_count)
            .transpose()?
            .unwrap_or_default(),
        gates: step.gates,
        profile: step.profile,
        bootstrap: step.bootstrap,
    };
    let regions =
        fit_regions(study, &subject, cycle(step.cycle)?, step.regions.as_deref(), &options)?;
    for table in tables(&step.id, &regions, step.until)? {
        context.add(table);
    }
    if options.profile || options.bootstrap > 0 {
        for table in intervals::tables(&step.id, &regions, &options) {
            context.add(table);
        }
    }
    if step.functions.len() > 1 || step.functions.iter().any(|f| f == "all") {
        context.settings.insert(
            format!("variance in AICc of `{}`", step.id),
            options.variance_count.describe().to_owned(),
        );
    }
    context.settings.insert(format!("measurement error of `{}`", step.id), step.error.clone());
    let tias = regions.iter().map(RegionCurve::tia).collect();
    context.artefacts.add(&step.id, Artefact::Integrals(tias));
    Ok(())
}
