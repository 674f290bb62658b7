//! Sums of exponentials through the regions of a patient.

use std::f64::consts::LN_2;

use lutetia_data::{Curve, Study};
use lutetia_dose::Tia;
use lutetia_fit::{
    Censoring, ErrorModel, ExponentialForm, Fit, FitOptions, Magnitude, Observation, Problem,
    SumOfExponentials, fit,
};
use lutetia_units::{Dimension, Quantity, Unit};
use rayon::prelude::*;

use serde::Deserialize;

use super::{
    Context, RegionTia, StepKind, Use,
    averaging::{self, Average, Weighed},
    cycle, defaults, subject,
};
use crate::table::{Cell, Table, significant};

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
    /// Functions tried; the first that AICc ranks best among those it is defined for is used, and
    /// where it is defined for none, the first.
    pub functions: Vec<String>,
    /// Measurement error where the table has no SD: `proportional 10 %`.
    pub error: String,
    /// Last time drawn, in hours.
    #[serde(default = "defaults::until_h")]
    pub until: f64,
}

impl StepKind for FitCurves {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study)]
    }

    fn run(&self, context: &mut Context) -> Result<(), String> {
        run(self, context)
    }
}

/// Names of the functions, as experiments and the command write them, with their meaning.
pub const FUNCTIONS: [(&str, &str); 9] = [
    ("physical", "physical decay only"),
    ("mono", "one exponential"),
    ("mono-physical", "one exponential and a part that stays"),
    ("mono-blood", "one exponential after a supply from blood with a half-life of 1 min"),
    ("bi", "two exponentials"),
    ("bi-uptake", "uptake and washout"),
    ("bi-blood", "two exponentials after a supply from blood with a half-life of 1 min"),
    ("tri", "three exponentials"),
    ("tri-uptake", "uptake and two washouts"),
];

/// How curves are fitted.
#[derive(Debug, Clone)]
pub struct CurveOptions {
    /// Names out of [`FUNCTIONS`].
    pub functions: Vec<String>,
    /// Measurement error where the table has no SD.
    pub error: ErrorModel,
    /// Seed of the random starts.
    pub seed: u64,
    /// Last time drawn, in h.
    pub until_h: f64,
}

/// One function fitted to one region.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Name out of [`FUNCTIONS`].
    pub function: String,
    /// The curve at the measured times.
    pub curve: SumOfExponentials,
    /// The fit, or why there is none.
    pub fit: Result<Box<Fit>, String>,
}

/// One region with all its candidates.
#[derive(Debug, Clone)]
pub struct RegionCurve {
    /// The data.
    pub data: Curve,
    /// In the order asked for.
    pub candidates: Vec<Candidate>,
    /// Index of the one used.
    pub chosen: usize,
    /// Why that one.
    pub why: String,
}

/// The names under which the Ulm group published the same functions (Kletting 2013, Hardiansyah
/// 2021).
const PUBLISHED: [(&str, &str); 9] = [
    ("f1", "physical"),
    ("f2", "mono"),
    ("f3", "mono-blood"),
    ("f3a", "bi-uptake"),
    ("f3d", "mono-physical"),
    ("f4a", "bi"),
    ("f4c", "bi-blood"),
    ("f5a", "tri-uptake"),
    ("f6a", "tri"),
];

/// Rate of the supply from blood, 1/h: a half-life of 1 min.
const BLOOD_PER_H: f64 = 60.0 * LN_2;

/// The form of a function by its name or its published one (`f3a`).
///
/// # Errors
/// A sentence that lists the names.
pub fn form(name: &str) -> Result<ExponentialForm, String> {
    let own = PUBLISHED.iter().find(|p| p.0 == name).map_or(name, |p| p.1);
    Ok(match own {
        "physical" => ExponentialForm::physical(),
        "mono" => ExponentialForm::mono(),
        "mono-physical" => ExponentialForm::mono_and_physical(),
        "mono-blood" => ExponentialForm::mono_from_blood(BLOOD_PER_H),
        "bi" => ExponentialForm::bi(),
        "bi-blood" => ExponentialForm::bi_from_blood(BLOOD_PER_H),
        "bi-uptake" => ExponentialForm::bi_uptake(),
        "tri" => ExponentialForm::tri(),
        "tri-uptake" => ExponentialForm::tri_uptake(),
        _ => {
            let known: Vec<&str> = FUNCTIONS.iter().map(|f| f.0).collect();
            let near = lutetia_diagnostic::closest(name, known.iter().copied())
                .map_or_else(String::new, |c| format!("; did you mean `{c}`?"));
            return Err(format!("unknown function `{name}`; known are {}{near}", known.join(", ")));
        }
    })
}

/// An error model from text: `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`, or
/// `unweighted` (additive, its size taken from the residuals).
///
/// # Errors
/// A sentence that says what was found and what would do.
pub fn error_model(text: &str) -> Result<ErrorModel, String> {
    let expected = "`proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %` or `unweighted`";
    let fail = || format!("cannot read the error model `{text}`; expected {expected}");
    let (kind, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let mbq = Unit::parse("MBq").map_err(|e| e.to_string())?;
    let additive = |t: &str| -> Result<Magnitude, String> {
        let q = Quantity::parse(t).map_err(|e| e.to_string())?;
        q.to(&mbq).map(Magnitude::Fixed).map_err(|e| e.to_string())
    };
    let fraction = |t: &str| -> Result<Magnitude, String> {
        let q = Quantity::parse(t).map_err(|e| e.to_string())?;
        if q.dimension() == Dimension::NONE { Ok(Magnitude::Fixed(q.si())) } else { Err(fail()) }
    };
    match kind {
        "unweighted" if rest.is_empty() => {
            Ok(ErrorModel::Additive { sd: Magnitude::Estimated(1.0) })
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
    for name in &options.functions {
        form(name)?;
    }
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

fn fit_region(data: Curve, options: &CurveOptions) -> Result<RegionCurve, String> {
    let nuclide = lutetia_data::nuclides().get(&data.nuclide).map_err(|e| e.to_string())?;
    let physical = nuclide.lambda_per_s() * 3600.0;
    let times: Vec<f64> = data.points.iter().map(|p| p.time_h).collect();
    let activities: Vec<f64> = data.points.iter().map(|p| p.activity_mbq).collect();
    let all_sd = data.points.iter().all(|p| p.sd_mbq.is_some());
    let error = if all_sd { ErrorModel::Known } else { options.error };
    let observations: Vec<Observation> = data
        .points
        .iter()
        .map(|p| Observation {
            value: p.activity_mbq,
            sd: if all_sd { p.sd_mbq } else { None },
            censoring: if p.below_detection { Censoring::Left } else { Censoring::None },
            label: format!("{} at {} h", data.region, significant(p.time_h, 4)),
        })
        .collect();
    let mut candidates = Vec::new();
    for name in &options.functions {
        let curve =
            SumOfExponentials::new(form(name)?, physical, &times).map_err(|e| e.to_string())?;
        let result =
            curve.parameters(&activities).map_err(|e| e.to_string()).and_then(|parameters| {
                let mut problem = Problem::new(&curve, observations.clone(), error, parameters);
                problem.options = FitOptions { seed: options.seed, ..FitOptions::default() };
                fit(&problem).map(Box::new).map_err(|e| e.to_string())
            });
        candidates.push(Candidate { function: name.clone(), curve, fit: result });
    }
    let (chosen, why) = choose(&candidates);
    Ok(RegionCurve { data, candidates, chosen, why })
}

/// The candidate with the lowest AICc among those for which it is defined; where it is defined for
/// none, the first that could be fitted.
fn choose(candidates: &[Candidate]) -> (usize, String) {
    let ranked = candidates
        .iter()
        .enumerate()
        .filter_map(|(i, c)| Some((i, c.fit.as_ref().ok().filter(|f| f.status.converged())?.aicc?)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    if candidates.len() == 1 {
        return (0, "the only function asked for".to_owned());
    }
    if let Some((i, _)) = ranked {
        return (i, "lowest AICc of those for which it is defined".to_owned());
    }
    let first = candidates.iter().position(|c| c.fit.is_ok()).unwrap_or(0);
    (first, "AICc is defined for none; the first that could be fitted".to_owned())
}

impl RegionCurve {
    /// The candidate used.
    #[must_use]
    pub fn best(&self) -> &Candidate {
        &self.candidates[self.chosen]
    }

    /// The time-integrated activity of the candidate used.
    #[must_use]
    pub fn tia(&self) -> RegionTia {
        RegionTia {
            region: self.data.region.clone(),
            nuclide: self.data.nuclide.clone(),
            injected_mbq: self.data.injected_mbq,
            tia: self.best().tia(&self.data.region),
            phases: self.best().phases(),
        }
    }

    /// The time-integrated activity averaged over the candidates, by Akaike weights.
    ///
    /// # Errors
    /// Why there is none.
    pub fn average(&self) -> Result<Average, String> {
        let all: Vec<Option<Weighed>> = self.candidates.iter().map(Candidate::weighed).collect();
        averaging::average(&all)
    }
}

impl Candidate {
    /// What averaging needs: AICc, integral and its standard error; `None` where one is missing.
    fn weighed(&self) -> Option<Weighed> {
        let fit = self.fit.as_ref().ok().filter(|f| f.status.converged())?;
        let tia = fit.derived("tia").filter(|d| d.determined.is_determined())?;
        Some(Weighed { aicc: fit.aicc?, value: tia.value, sd: tia.se? })
    }

    /// Amplitudes (MBq) and effective rates (1/h) of its phases.
    fn phases(&self) -> Vec<(f64, f64)> {
        self.fit.as_ref().map(|f| self.curve.effective_phases(&f.theta())).unwrap_or_default()
    }

    /// The largest coefficient of variation and the largest correlation of its parameters.
    fn quality(&self) -> (Option<f64>, Option<f64>) {
        let Ok(fit) = &self.fit else { return (None, None) };
        let largest = |found: &mut dyn Iterator<Item = f64>| {
            found
                .filter(|x| x.is_finite())
                .fold(None, |m: Option<f64>, x| Some(m.map_or(x, |m| if x > m { x } else { m })))
        };
        let cv = largest(&mut fit.estimates.iter().filter_map(|e| Some((e.se? / e.value).abs())));
        let r = fit.correlation.as_ref().and_then(|r| {
            let n = r.nrows();
            let pairs = (0..n).flat_map(|i| (0..i).map(move |j| (i, j)));
            largest(&mut pairs.map(|(i, j)| r[(i, j)].abs()))
        });
        (cv, r)
    }

    fn tia(&self, region: &str) -> Result<Tia, String> {
        let fit = self.fit.as_ref().map_err(Clone::clone)?;
        let tia = fit.derived("tia").ok_or("the curve does not fall, its integral is infinite")?;
        if !tia.determined.is_determined() {
            return Err(tia.determined.to_string());
        }
        let extrapolated = fit.derived("extrapolated_fraction").map(|d| d.value);
        Tia::new(region, tia.value, tia.se, extrapolated, &self.function).map_err(|e| e.to_string())
    }

    /// What a reader must know: what is not determined, and why.
    fn note(&self) -> String {
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
                notes.extend(fit.criteria_note.clone());
                notes.join("; ")
            }
        }
    }
}

fn derived(fit: Option<&Fit>, name: &str) -> (Cell, Cell) {
    match fit.and_then(|f| f.derived(name)) {
        Some(d) if d.determined.is_determined() => (d.value.into(), d.se.into()),
        _ => (Cell::Missing, Cell::Missing),
    }
}

/// The tables of fitted regions: results, candidates, points, curves.
///
/// # Errors
/// When a fitted curve cannot be drawn.
pub fn tables(id: &str, regions: &[RegionCurve], until_h: f64) -> Result<Vec<Table>, String> {
    let mut results = Table::new(id, "Fitted curves: time-integrated activity from the injection to infinity, one standard error")
        .column("region", "")
        .column("function", "")
        .column("tia", "MBq h")
        .column("tia_sd", "MBq h")
        .column("tia_coefficient", "h")
        .column("extrapolated", "%")
        .column("effective_half_life", "h")
        .column("effective_half_life_sd", "h")
        .column("chi_square", "")
        .column("observations", "")
        .column("parameters", "")
        .column("note", "");
    let mut candidates = Table::new(format!("{id}.candidates"), "Every function tried")
        .column("region", "")
        .column("function", "")
        .column("tia", "MBq h")
        .column("tia_sd", "MBq h")
        .column("chi_square", "")
        .column("aicc", "")
        .column("weight", "")
        .column("largest_cv", "%")
        .column("largest_correlation", "")
        .column("used", "")
        .column("note", "");
    let mut points = Table::new(
        format!("{id}.points"),
        "Measured and fitted activities; residuals in standard deviations of the error model",
    )
    .column("region", "")
    .column("time", "h")
    .column("activity", "MBq")
    .column("sd", "MBq")
    .column("fitted", "MBq")
    .column("residual", "")
    // Residuals are differences of nearly equal numbers.
    .tolerance(1e-3);
    let mut curves =
        Table::new(format!("{id}.curves"), "Fitted curves with pointwise 95 % intervals")
            .column("region", "")
            .column("time", "h")
            .column("activity", "MBq")
            .column("low", "MBq")
            .column("high", "MBq");
    let mut averaged = Table::new(
        format!("{id}.averaged"),
        "Time-integrated activity averaged over the functions by Akaike weights (AICc); the standard error includes how far the functions lie apart",
    )
    .column("region", "")
    .column("tia", "MBq h")
    .column("tia_sd", "MBq h")
    .column("tia_coefficient", "h")
    .column("functions", "");
    for region in regions {
        let name = region.data.region.as_str();
        let average = region.average();
        averaged.push(match &average {
            Ok(a) => {
                let parts = a.weights.iter().zip(&region.candidates).filter_map(|(w, c)| {
                    let w = (*w)?;
                    Some(format!("{} {}", c.function, significant(w, 2)))
                });
                vec![
                    name.into(),
                    a.value.into(),
                    a.sd.into(),
                    (a.value / region.data.injected_mbq).into(),
                    parts.collect::<Vec<_>>().join(", ").into(),
                ]
            }
            Err(reason) => vec![
                name.into(),
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                format!("none: {reason}").into(),
            ],
        });
        for (i, c) in region.candidates.iter().enumerate() {
            let fit = c.fit.as_deref().ok();
            let (tia, sd) = derived(fit, "tia");
            let weight = average.as_ref().ok().and_then(|a| a.weights.get(i).copied().flatten());
            let (cv, correlation) = c.quality();
            candidates.push(vec![
                name.into(),
                c.function.as_str().into(),
                tia,
                sd,
                fit.map(|f| f.chi_square).into(),
                fit.and_then(|f| f.aicc).into(),
                weight.into(),
                cv.map(|cv| 100.0 * cv).into(),
                correlation.into(),
                if i == region.chosen { "yes" } else { "" }.into(),
                c.note().into(),
            ]);
        }
        let best = region.best();
        let fit = best.fit.as_deref().ok();
        let (tia, sd) = derived(fit, "tia");
        let coefficient = tia.number().map(|t| t / region.data.injected_mbq);
        let (extrapolated, _) = derived(fit, "extrapolated_fraction");
        let (half_life, half_life_sd) = derived(fit, "effective_half_life");
        results.push(vec![
            name.into(),
            best.function.as_str().into(),
            tia,
            sd,
            coefficient.into(),
            extrapolated.number().map(|f| 100.0 * f).into(),
            half_life,
            half_life_sd,
            fit.map(|f| f.chi_square).into(),
            fit.map(|f| f.n as f64).into(),
            fit.map(|f| f.estimates.len() as f64).into(),
            best.note().into(),
        ]);
        let Some(fit) = fit else { continue };
        for (point, residual) in region.data.points.iter().zip(&fit.residuals) {
            points.push(vec![
                name.into(),
                point.time_h.into(),
                point.activity_mbq.into(),
                residual.sd.into(),
                residual.predicted.into(),
                residual.weighted.into(),
            ]);
        }
        let grid = grid(&region.data, until_h);
        let drawn = best.curve.at_times(&grid).map_err(|e| e.to_string())?;
        let predictions = fit.predict(&drawn).map_err(|e| e.to_string())?;
        for (t, p) in grid.iter().zip(predictions) {
            curves.push(vec![
                name.into(),
                (*t).into(),
                p.value.into(),
                p.ci95.map(|c| c.0).into(),
                p.ci95.map(|c| c.1).into(),
            ]);
        }
    }
    Ok(vec![results, candidates, points, curves, averaged])
}

/// Times at which curves are drawn: dense where uptake happens, then even.
fn grid(data: &Curve, until_h: f64) -> Vec<f64> {
    let first = data.points.first().map_or(1.0, |p| p.time_h);
    let early = (1..=12).map(|i| first * f64::from(i) / 12.0);
    let late = (1..=60).map(|i| first + (until_h - first) * f64::from(i) / 60.0);
    early.chain(late.filter(|t| *t > first)).collect()
}

/// Runs the step of an experiment.
pub(crate) fn run(step: &FitCurves, context: &mut Context) -> Result<(), String> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?.to_owned();
    let options = CurveOptions {
        functions: step.functions.clone(),
        error: error_model(&step.error)?,
        seed: context.seed,
        until_h: step.until,
    };
    let regions =
        fit_regions(study, &subject, cycle(step.cycle)?, step.regions.as_deref(), &options)?;
    for table in tables(&step.id, &regions, step.until)? {
        context.add(table);
    }
    context.settings.insert(format!("measurement error of `{}`", step.id), step.error.clone());
    context.tias.insert(step.id.clone(), regions.iter().map(RegionCurve::tia).collect());
    Ok(())
}

/// Physical half-life of a nuclide in h.
#[must_use]
pub fn half_life_h(lambda_per_s: f64) -> f64 {
    LN_2 / lambda_per_s / 3600.0
}
