//! Uncertain parameters from published trial results, and what they predict about the others.

use lutetia_scenario::{MONTH_D as MONTH, internal};
use std::{num::NonZeroU64, sync::atomic::AtomicBool};

use lutetia_trial::{
    CalibrationSpec, Generation, Particle, Posterior, Record, Target, Trial, TrialError, TrialSpec,
    Unknown, calibrate,
    summary::{self, Endpoint, Share},
};
use rayon::prelude::*;
use serde::Deserialize;

use super::{
    Context, StepKind, Use, roles,
    trial::{TrialUse, interval, with_interval},
};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// Calibration of a trial to published results. Tables: `<id>` (the unknowns; `spread_left` is the standard deviation
/// over that of the prior, 1 where the targets say nothing), `<id>.correlations`, `<id>.targets` (published
/// beside simulated; which were calibrated on and which judged), `<id>.band` (Kaplan–Meier curves of
/// trials of the published size), `<id>.generations` (a row each, and the row `final` whatever their number, to
/// which a text refers as `<id>.generations/final/tolerance`) and `<id>.particles`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrateStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// What is looked for.
    #[serde(rename = "unknown")]
    pub unknowns: Vec<UnknownSpec>,
    /// Published results.
    #[serde(rename = "target")]
    pub targets: Vec<TargetSpec>,
    /// Particles per generation.
    pub particles: u32,
    /// Generations after the first.
    pub generations: u32,
    /// Generations after the first at most, where tolerance 1 and `effective_size` are not reached by
    /// `generations`; as many as those if left out.
    pub most_generations: Option<u32>,
    /// The effective number of particles that is wanted at tolerance 1; a fifth of `particles` if left out.
    pub effective_size: Option<f64>,
    /// Patients per arm while calibrating; all arms treat the same ones, which are stratified: each lies in another
    /// stratum of every random number, so that together they resemble the population.
    pub patients: u32,
    /// Patients per arm in the first generations, where they are fewer: these only find where to look and carry no
    /// weight. They end when their tolerance is down to √(`patients`/`explore`), at the latest when half of all
    /// generations, ⌈(`generations` + 1)/2⌉, are over.
    pub explore: Option<u32>,
    /// Trials of the published size that are simulated from the posterior.
    pub predictions: u32,
}

/// A parameter and its prior, uniform between bounds (in the logarithm, where `log`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownSpec {
    /// Parameter of the model.
    pub name: String,
    /// Least value.
    pub lower: String,
    /// Greatest value.
    pub upper: String,
    /// Uniform in the logarithm.
    #[serde(default)]
    pub log: bool,
}

/// A published result.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetSpec {
    /// `median`, `hazard-ratio`, `survival` (at `at` months) or `share`.
    pub of: Quantity,
    /// `OS` or `PFS`; for a share its name in the table `<trial>.shares`.
    pub what: String,
    /// The arm; for a hazard ratio the one over the first.
    pub arm: String,
    /// Months, for `survival`.
    pub at: Option<f64>,
    /// The number as published: months, ratio, %, %.
    pub value: f64,
    /// Its 95 % interval as published.
    pub interval: Option<[f64; 2]>,
    /// Standard error where no interval is published: months, of ln HR, %, %.
    pub error: Option<f64>,
    /// Whether the calibration may use it; else it is judged.
    pub calibrate: bool,
    /// Whether the published number is of another endpoint than the simulated one, such as reported adverse events
    /// beside grades of laboratory values: it is shown and not judged.
    #[serde(default)]
    pub other_endpoint: bool,
    /// Name in tables and figures, where the arm and what is simulated do not tell targets apart.
    pub label: Option<String>,
    /// Where it is from and how sure it is: `read`, `recalled`.
    pub source: String,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quantity {
    /// Median time.
    Median,
    /// Hazard ratio.
    HazardRatio,
    /// Survival at a time, %.
    Survival,
    /// Share of the patients, %.
    Share,
}

impl TargetSpec {
    /// For people and for placeholders.
    pub(super) fn name(&self) -> String {
        if let Some(label) = &self.label {
            return label.clone();
        }
        match (self.of, self.at) {
            (Quantity::Median, _) => format!("{} median {}", self.arm, self.what),
            (Quantity::HazardRatio, _) => format!("HR {}", self.what),
            (Quantity::Survival, Some(at)) => format!("{} {} at {at} mo", self.arm, self.what),
            _ => format!("{} {}", self.arm, self.what),
        }
    }

    fn logarithmic(&self) -> bool {
        matches!(self.of, Quantity::Median | Quantity::HazardRatio)
    }

    /// On the scale on which the error is taken to be normal: logarithms of times and ratios, shares
    /// as they are.
    fn scaled(&self, published: f64) -> f64 {
        if self.logarithmic() { published.ln() } else { published }
    }

    fn target(&self) -> Result<Target, StepError> {
        let name = self.name();
        let error = match (self.interval, self.error) {
            (Some([low, high]), _) => (self.scaled(high) - self.scaled(low)) / (2.0 * 1.96),
            // A standard error of months is one of the logarithm, relatively.
            (None, Some(e)) if self.of == Quantity::Median => e / self.value,
            (None, Some(e)) => e,
            (None, None) => {
                return Err(format!("the target `{name}` needs an `interval` or an `error`").into());
            }
        };
        Ok(Target { name, value: self.scaled(self.value), error })
    }

    fn endpoint(&self) -> Result<Endpoint, StepError> {
        Endpoint::named(&self.what).ok_or_else(|| {
            format!(
                "the target `{}` is of `{}`; expected `OS`, `PFS` or `marker PFS`",
                self.name(),
                self.what
            )
            .into()
        })
    }

    /// What a simulated trial gives for it, in published units; none where it is not determined.
    fn simulated(&self, spec: &TrialSpec, records: &[Record]) -> Result<Option<f64>, StepError> {
        let arm = spec.arms.iter().position(|a| a.name == self.arm).ok_or_else(|| {
            let known: Vec<&str> = spec.arms.iter().map(|a| a.name.as_str()).collect();
            format!("the target `{}` is of no arm; the arms are {}", self.name(), known.join(", "))
        })?;
        match self.of {
            Quantity::Median => {
                let km = summary::curve(spec, records, arm, self.endpoint()?);
                Ok(km.ok().and_then(|k| k.median().estimate).map(|t| t / MONTH))
            }
            Quantity::Survival => {
                let at = self
                    .at
                    .ok_or_else(|| format!("the target `{}` needs `at`, in months", self.name()))?;
                let km = summary::curve(spec, records, arm, self.endpoint()?);
                Ok(km.ok().and_then(|k| k.survival_at(at * MONTH)).map(|s| 100.0 * s))
            }
            Quantity::HazardRatio => {
                if arm == 0 {
                    return Err(format!(
                        "the target `{}` compares the first arm with itself; name another",
                        self.name()
                    )
                    .into());
                }
                let ratio = summary::contrast(spec, records, arm, 0, self.endpoint()?);
                Ok(ratio.ok().map(|c| c.hazard_ratio))
            }
            Quantity::Share => {
                let what = Share::named(&self.what, spec).ok_or_else(|| {
                    let known: Vec<String> =
                        Share::of_trial(spec).iter().map(|share| share.name(spec)).collect();
                    format!("no share is called `{}`; there are: {}", self.what, known.join(", "))
                })?;
                Ok(summary::share(records, arm, what).map(|s| 100.0 * s.0))
            }
        }
    }
}

impl StepKind for CalibrateStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.trial)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let base = context
            .trials
            .get(&self.trial)
            .ok_or_else(|| format!("the step `{}` is not of the kind `trial`", self.trial))?
            .clone();
        let (tables, nearest) = self.compute(&base, context.seed, &context.stop)?;
        context.calibrated.insert(self.id.clone(), nearest);
        for table in tables {
            context.add(table);
        }
        Ok(())
    }
}

impl CalibrateStep {
    /// The tables, and the unknowns of the particle nearest to the targets.
    fn compute(
        &self,
        base: &TrialUse,
        seed: u64,
        stop: &AtomicBool,
    ) -> Result<(Vec<Table>, Vec<(String, f64)>), StepError> {
        let (unknowns, posterior) = self.posterior(base, seed, stop, &|| ())?;
        let (targets, band) = self.predictions(base, &posterior, seed, stop)?;
        let mut tables = vec![self.unknown_table(base, &unknowns, &posterior), targets, band];
        tables.push(self.correlations(&unknowns, &posterior));
        tables.extend(self.process_tables(base, &posterior));
        Ok((tables, self.nearest(base, &posterior)?))
    }

    /// The unknowns of the particle nearest to the targets, as they are printed: whoever reads them from the table has
    /// the same patients as whoever goes on from here.
    pub(super) fn nearest(
        &self,
        base: &TrialUse,
        posterior: &Posterior,
    ) -> Result<Vec<(String, f64)>, StepError> {
        let values = posterior.nearest().map_or(&[] as &[f64], |p| p.values.as_slice());
        let printed = |(u, x): (&UnknownSpec, &f64)| {
            let (unit, factor) = declared(base, &u.name);
            let text = format!("{} {unit}", Cell::Number(x / factor).csv());
            Ok((u.name.clone(), internal(&base.cohort.model, &u.name, text.trim())?))
        };
        self.unknowns.iter().zip(values).map(printed).collect()
    }

    /// How many particles are simulated at least and at most.
    pub(super) fn particles(&self) -> (u64, u64) {
        let most = self.most_generations.unwrap_or(self.generations).max(self.generations);
        let of = |generations: u32| u64::from(self.particles) * (1 + u64::from(generations));
        (of(self.generations), of(most))
    }

    /// The unknowns with their priors, and the posterior; `done` is called with every particle.
    pub(super) fn posterior(
        &self,
        base: &TrialUse,
        seed: u64,
        stop: &AtomicBool,
        done: &(dyn Fn() + Sync),
    ) -> Result<(Vec<Unknown>, Posterior), StepError> {
        let used: Vec<&TargetSpec> = self.targets.iter().filter(|t| t.calibrate).collect();
        let judged = self.targets.iter().filter(|t| !t.calibrate && !t.other_endpoint).count();
        if judged == 0 {
            return Err(
                "every target is calibrated on, so none is left to judge the result by; set \
                 `calibrate = false` for some"
                    .into(),
            );
        }
        let model = &base.cohort.model;
        let end = |u: &UnknownSpec, text: &str| internal(model, &u.name, text);
        let spec = CalibrationSpec {
            unknowns: self
                .unknowns
                .iter()
                .map(|u| {
                    let (lower, upper) = (end(u, &u.lower)?, end(u, &u.upper)?);
                    Ok(Unknown { name: u.name.clone(), lower, upper, log: u.log })
                })
                .collect::<Result<_, StepError>>()?,
            targets: used.iter().map(|t| t.target()).collect::<Result<_, _>>()?,
            particles: self.particles as usize,
            generations: self.generations as usize,
            most_generations: self.most_generations.unwrap_or(self.generations) as usize,
            effective_size: self.effective_size,
            patients: self.patients as usize,
            explore: self.explore.map(|few| few as usize),
            seed,
        };
        // Unknown arms and names are said before hours of work.
        for t in &self.targets {
            if t.of != Quantity::Share {
                let what = format!("the target `{}`", t.name());
                roles::needs(&base.spec, &self.trial, t.endpoint()?, &what)?;
            }
            t.simulated(&base.spec, &[])?;
        }
        let posterior = calibrate(&spec, stop, &|values, patients| {
            let small = small(&base.spec, patients);
            let stratified = NonZeroU64::new(patients as u64);
            let records = self.records(base, &small, values, stratified, stop);
            done();
            let records = records.map_err(|e| e.to_string())?;
            used.iter()
                .map(|t| {
                    let found = t.simulated(&small, &records).map_err(|e| e.to_string())?;
                    // A median that is not reached within follow-up is at least that long.
                    let reached = found
                        .or((t.of == Quantity::Median).then_some(2.0 * small.follow_up / MONTH));
                    reached
                        .map(|x| t.scaled(x))
                        .ok_or_else(|| format!("`{}` is not determined", t.name()))
                })
                .collect()
        })?;
        Ok((spec.unknowns, posterior))
    }

    /// The records of a trial at values of the unknowns.
    fn records(
        &self,
        base: &TrialUse,
        spec: &TrialSpec,
        values: &[f64],
        stratified: Option<NonZeroU64>,
        stop: &AtomicBool,
    ) -> Result<Vec<Record>, StepError> {
        let typical: Vec<(String, f64)> =
            self.unknowns.iter().map(|u| u.name.clone()).zip(values.iter().copied()).collect();
        let said = |e: TrialError| e.to_string();
        let population = base.cohort.stratified(&typical, stratified).map_err(said)?;
        let trial =
            Trial::new(&base.cohort.model.simulator, &population, spec.clone()).map_err(said)?;
        let (records, failed) = trial.run_until(stop).map_err(said)?;
        // One in twenty is more than an accident of tolerance.
        if failed.len() * 20 > records.len() + failed.len() {
            return Err(format!(
                "{} of {} patients could not be simulated; the first: {}",
                failed.len(),
                records.len() + failed.len(),
                failed.first().map_or_else(String::new, |f| f.reason.to_string())
            )
            .into());
        }
        Ok(records)
    }

    /// Trials of the published size at draws from the posterior, each with patients of its own.
    fn predictions(
        &self,
        base: &TrialUse,
        posterior: &Posterior,
        seed: u64,
        stop: &AtomicBool,
    ) -> Result<(Table, Table), StepError> {
        let draws: Vec<Particle> =
            posterior.draw(self.predictions as usize, seed)?.into_iter().cloned().collect();
        let trials: Vec<Vec<Record>> = draws
            .par_iter()
            .enumerate()
            .map(|(k, particle)| {
                let mut spec = base.spec.clone();
                let mut first = 1_000_000 * (1 + k as u64);
                for arm in &mut spec.arms {
                    arm.first = first;
                    first += arm.patients as u64;
                }
                self.records(base, &spec, &particle.values, None, stop)
            })
            .collect::<Result<_, StepError>>()?;
        let mut table = Table::new(
            format!("{}.targets", self.id),
            "Published results and simulated trials of the same size",
        )
        .column("target", "")
        .column("unit", "")
        .column("role", "")
        .column("published", "")
        .column("published_low", "")
        .column("published_high", "")
        .column("simulated", "")
        .column("low", "")
        .column("high", "")
        .column("ratio", "")
        .column("ratio_low", "")
        .column("ratio_high", "")
        .column("verdict", "")
        .column("simulated_with_interval", "")
        .column("source", "");
        for t in &self.targets {
            let values: Vec<Option<f64>> = trials
                .iter()
                .map(|records| t.simulated(&base.spec, records))
                .collect::<Result<_, _>>()?;
            let (middle, low, high, known) = interval(&values);
            let within = match (low, high) {
                (Some(low), Some(high)) => low <= t.value && t.value <= high,
                _ => false,
            };
            let unit = match t.of {
                Quantity::Median => "mo",
                Quantity::HazardRatio => "",
                Quantity::Survival | Quantity::Share => "%",
            };
            let verdict = match (known * 2 < values.len(), within) {
                _ if t.other_endpoint => "not judged: another endpoint",
                (true, _) => "not reached in most",
                (false, true) => "within",
                (false, false) => "outside",
            };
            let ratio = |x: Option<f64>| x.map(|x| x / t.value);
            let said = match (middle, low, high) {
                (Some(m), Some(l), Some(h)) => with_interval(m, l, h),
                _ => "not determined".to_owned(),
            };
            table.push(vec![
                t.name().into(),
                unit.into(),
                match (t.calibrate, t.other_endpoint) {
                    (true, _) => "calibrated",
                    (false, false) => "judged",
                    (false, true) => "beside",
                }
                .into(),
                t.value.into(),
                Cell::from(t.interval.map(|i| i[0])),
                Cell::from(t.interval.map(|i| i[1])),
                middle.into(),
                low.into(),
                high.into(),
                Cell::from(ratio(middle)),
                Cell::from(ratio(low)),
                Cell::from(ratio(high)),
                verdict.into(),
                said.into(),
                t.source.as_str().into(),
            ]);
        }
        Ok((table, self.band(base, &trials)))
    }

    /// Kaplan–Meier curves of the predicted trials, pointwise.
    fn band(&self, base: &TrialUse, trials: &[Vec<Record>]) -> Table {
        let mut table = Table::new(
            format!("{}.band", self.id),
            "Survival in simulated trials of the published size: median and 95 % of them",
        )
        .column("panel", "")
        .column("arm", "")
        .column("time", "mo")
        .column("median", "")
        .column("low", "")
        .column("high", "");
        let last = base.spec.follow_up / MONTH;
        for endpoint in Endpoint::of_trial(&base.spec) {
            for (index, arm) in base.spec.arms.iter().enumerate() {
                let curves: Vec<_> = trials
                    .iter()
                    .filter_map(|r| summary::curve(&base.spec, r, index, endpoint).ok())
                    .collect();
                for k in 0..=60 {
                    let time = last * f64::from(k) / 60.0;
                    let values: Vec<Option<f64>> =
                        curves.iter().map(|c| c.survival_at(time * MONTH)).collect();
                    let (middle, low, high, known) = interval(&values);
                    // Where a trial has nobody left, the others are no longer all trials.
                    if known < curves.len() {
                        break;
                    }
                    table.push(vec![
                        endpoint.name().into(),
                        arm.name.as_str().into(),
                        time.into(),
                        middle.into(),
                        low.into(),
                        high.into(),
                    ]);
                }
            }
        }
        table
    }

    fn unknown_table(&self, base: &TrialUse, priors: &[Unknown], posterior: &Posterior) -> Table {
        let model = &base.cohort.model;
        let mut table = Table::new(&self.id, "Unknowns before and after the calibration")
            .column("name", "")
            .column("unit", "")
            .column("prior_low", "")
            .column("prior_high", "")
            .column("nearest", "")
            .column("mean", "")
            .column("sd", "")
            .column("low", "")
            .column("median", "")
            .column("high", "")
            .column("spread_left", "");
        for ((k, u), prior) in self.unknowns.iter().enumerate().zip(priors) {
            let (unit, factor) = declared(base, &u.name);
            let (mean, sd) = posterior.moments(k);
            let end = |text: &str| internal(model, &u.name, text).map(|x| x / factor).ok();
            table.push(vec![
                u.name.as_str().into(),
                unit.into(),
                end(&u.lower).into(),
                end(&u.upper).into(),
                Cell::from(posterior.nearest().map(|p| p.values[k] / factor)),
                (mean / factor).into(),
                (sd / factor).into(),
                (posterior.quantile(k, 0.025) / factor).into(),
                (posterior.quantile(k, 0.5) / factor).into(),
                (posterior.quantile(k, 0.975) / factor).into(),
                posterior.spread(k, prior).into(),
            ]);
        }
        table
    }

    /// Pairs of unknowns of which the targets know a combination better than each.
    fn correlations(&self, priors: &[Unknown], posterior: &Posterior) -> Table {
        let mut pairs = Vec::new();
        for (k, a) in priors.iter().enumerate() {
            for (l, b) in priors.iter().enumerate().skip(k + 1) {
                pairs.push((&a.name, &b.name, posterior.correlation((k, a), (l, b))));
            }
        }
        pairs.retain(|(_, _, r)| r.abs() >= CORRELATED);
        pairs.sort_by(|a, b| b.2.abs().total_cmp(&a.2.abs()));
        let mut table = Table::new(
            format!("{}.correlations", self.id),
            "Unknowns that the calibration leaves correlated, on the scales of their priors",
        )
        .column("pair", "")
        .column("correlation", "");
        for (a, b, r) in pairs {
            table.push(vec![format!("{a} and {b}").into(), r.into()]);
        }
        table
    }

    fn process_tables(&self, base: &TrialUse, posterior: &Posterior) -> Vec<Table> {
        let mut generations =
            Table::new(format!("{}.generations", self.id), "How the calibration went")
                .column("generation", "")
                .column("patients", "")
                .column("tolerance", "")
                .column("effective_size", "")
                .column("without_weight", "")
                .column("note", "");
        let count = |n: usize| Cell::Number(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
        let mut row = |name: String, g: &Generation, without: usize, note: Cell| {
            generations.push(vec![
                name.into(),
                count(g.patients),
                g.tolerance.into(),
                g.effective_size.into(),
                count(without),
                note,
            ]);
        };
        for (k, g) in posterior.generations.iter().enumerate() {
            let explores = g.patients < self.patients as usize;
            let note = if explores { "explores".into() } else { Cell::Missing };
            row(k.to_string(), g, g.failed, note);
        }
        if let Some(last) = posterior.generations.last() {
            let without = posterior.particles.iter().filter(|p| p.weight <= 0.0).count();
            row("final".to_owned(), last, without, self.said(last).into());
        }
        let mut particles =
            Table::new(format!("{}.particles", self.id), "The posterior, particle by particle")
                .column("weight", "")
                .column("distance", "");
        for u in &self.unknowns {
            particles = particles.column(&u.name, &declared(base, &u.name).0);
        }
        // Those that explored were simulated otherwise and are no part of the posterior.
        for p in posterior.particles.iter().filter(|p| p.patients == self.patients as usize) {
            let finite = |x: f64| if x.is_finite() { Cell::Number(x) } else { Cell::Missing };
            let mut row = vec![finite(p.weight), finite(p.distance)];
            row.extend(
                self.unknowns
                    .iter()
                    .zip(&p.values)
                    .map(|(u, x)| Cell::from(x / declared(base, &u.name).1)),
            );
            particles.push(row);
        }
        vec![generations, particles]
    }

    /// How the calibration ended.
    fn said(&self, last: &Generation) -> String {
        let short = self.effective_size.filter(|wanted| last.effective_size < *wanted);
        match (last.tolerance > 1.0, short) {
            (false, None) => "tolerance 1 reached".to_owned(),
            (false, Some(wanted)) => {
                format!("tolerance 1 reached, an effective size of {wanted} not")
            }
            (true, _) => "tolerance 1 not reached; more particles, generations or unknowns, or a \
                          larger error of the target that pulls"
                .to_owned(),
        }
    }
}

/// A correlation that is worth a row: below it, a combination of two unknowns is known little better than each, and
/// some tens of effective particles say no more of it (standard error 1/√n).
const CORRELATED: f64 = 0.4;

/// Unit and factor of a parameter as declared; a bare number where the name is not one.
pub(crate) fn declared(base: &TrialUse, name: &str) -> (String, f64) {
    let system = base.cohort.model.simulator.system();
    system
        .parameters()
        .iter()
        .find(|p| p.name == name)
        .map_or((String::new(), 1.0), |p| (p.unit.symbol().to_owned(), p.factor))
}

/// The same trial with fewer patients, the same ones in every arm.
fn small(spec: &TrialSpec, patients: usize) -> TrialSpec {
    let mut spec = spec.clone();
    for arm in &mut spec.arms {
        arm.patients = patients;
        arm.first = 0;
    }
    spec
}
