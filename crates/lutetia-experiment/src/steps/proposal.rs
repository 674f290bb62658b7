//! The regimen that limits allow, for a cohort or for one fitted patient.

use lutetia_scenario::{MONTH_D as MONTH, internal, setting};
use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use lutetia_patient::model::FittedPatient;
use lutetia_trial::{
    Population, Record, Trial, TrialError,
    regimen::{Assessed, Knob, Proposal, RegimenLimit, options, propose},
};
use lutetia_units::{Dimension, Quantity, Unit};
use rayon::prelude::*;
use serde::Deserialize;

use super::{
    cohort::{CohortUse, quantile},
    own_harm::Struck,
    trade_off::{Benefit, DRAWS_FOR_AN_INTERVAL, RegimenSpec, TradeOffStep, activity_gbq, kept},
    trial::{ArmSpec, TrialUse, arm},
};
use crate::steps::StepError;
use lutetia_table::{Cell, Table, Tables, cell};

/// A search for the regimen of greatest benefit within limits. It starts from the named regimen and
/// changes its first dose (and, for a partner, its second).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProposeSpec {
    /// The regimen that is varied.
    pub from: String,
    /// Bounds of the activity of a cycle.
    pub activity: Option<[String; 2]>,
    /// Bounds of the number of cycles.
    pub cycles: Option<[u32; 2]>,
    /// Bounds of the interval between cycles.
    pub every: Option<[String; 2]>,
    /// Bounds of the ligand amount of a cycle.
    pub amount: Option<[String; 2]>,
    /// Bounds of the amount of the partner's dose (the second of the regimen).
    pub partner_amount: Option<[String; 2]>,
    /// Bounds of the partner's start.
    pub partner_at: Option<[String; 2]>,
    /// Greatest share of patients harmed, such as `20 %`.
    pub harm: Option<String>,
    /// Greatest mean of kept outputs.
    #[serde(default)]
    pub limits: BTreeMap<String, String>,
    /// Greatest activity of all cycles together, such as what is approved.
    pub total_activity: Option<String>,
    /// Limits that must also hold for the doses of the patient's own curves, not only for those of the model that
    /// was fitted to them: by the limited output.
    #[serde(default)]
    pub measured: BTreeMap<String, MeasuredDose>,
    /// Patients of the cohort used; 0 for one patient, of `fitted` or `patient`.
    pub patients: u32,
    /// A fit whose patient the regimen is sought for, instead of for the cohort.
    pub fitted: Option<Fitted>,
    /// Parameters of that patient that differ from the fit, or of a patient without one.
    #[serde(default)]
    pub patient: BTreeMap<String, String>,
    /// Regimens held at a time.
    #[serde(default = "points")]
    pub points: u32,
    /// Rounds.
    #[serde(default = "rounds")]
    pub rounds: u32,
}

fn points() -> u32 {
    16
}

fn rounds() -> u32 {
    12
}

/// An absorbed dose that was measured, against which a limited output is judged again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredDose {
    /// The kept output that is the absorbed dose of the same organ.
    pub dose: String,
    /// Absorbed dose per activity in Gy/GBq as `table/row/column` of earlier steps; of several (left and right) the
    /// largest counts.
    pub per_activity: Vec<String>,
}

/// A limited output, judged by a measured dose.
struct Measured {
    /// Places of the limited output and of the absorbed dose among those kept.
    limited: usize,
    dose: usize,
    per_gbq: f64,
}

impl Measured {
    /// The limited output if the organ had the measured dose D′ instead of the model's D. What the output is beyond
    /// the absorbed dose is quadratic in the dose rate, as in `BED = D + G D²/(α/β)`:
    /// `x′ = D′ + (x − D) (D′/D)²`; an output that is the dose itself becomes D′.
    fn of(&self, values: &[f64], gbq: f64) -> f64 {
        let (x, d) = (values[self.limited], values[self.dose]);
        if d <= 0.0 {
            return x;
        }
        let own = self.per_gbq * gbq;
        own + (x - d) * (own / d).powi(2)
    }
}

/// A patient as an earlier fit found him.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// A step of the kind `fit-model`.
    pub step: String,
    /// The part of the connected model that was fitted, such as `pk`; none where it is the whole model.
    #[serde(default)]
    pub part: String,
}

/// Draws of a fitted patient, for the intervals at the proposed regimen.
const DRAWS: usize = 60;

/// What a regimen is judged by.
struct Judge<'a> {
    step: &'a TradeOffStep,
    spec: &'a ProposeSpec,
    base: &'a TrialUse,
    from: &'a RegimenSpec,
    horizon: f64,
    above: Vec<(usize, f64)>,
    /// Kept outputs that are limited, by their place among those the trial keeps.
    limited: Vec<usize>,
    /// Limits that are judged by measured doses too.
    measured: Vec<Measured>,
    /// Harms that the model does not compute.
    struck: Struck,
    /// From internal to declared units, for all kept outputs.
    factors: Vec<f64>,
    stop: &'a AtomicBool,
}

impl Judge<'_> {
    /// Benefit and limited quantities of a regimen: of the cohort, or of the typical patient of a population.
    fn assess(
        &self,
        population: &Population,
        knobs: &[Knob],
        x: &[f64],
    ) -> Result<Assessed, StepError> {
        let said = |e: TrialError| e.to_string();
        let model = &self.base.cohort.model;
        let arm = arm(&varied(&self.from.arm(self.step.stop_at_progression), knobs, x), model)?;
        let gbq = activity_gbq(&arm);
        let total = self.spec.total_activity.is_some().then_some(gbq);
        let patients = self.spec.patients.max(1) as usize;
        let spec = self.step.specification(self.base, vec![arm], self.horizon, patients);
        let trial = Trial::new(&model.simulator, population, spec).map_err(said)?;
        let mut limited = Vec::new();
        if self.spec.patients == 0 {
            let patient = population.typical();
            let (mean, values, grades) = trial.expected(&patient, 0, self.horizon).map_err(said)?;
            let harmed = grades.iter().any(|g| *g >= self.step.harm_grade)
                || self.above.iter().any(|(k, limit)| values[*k] / self.factors[*k] > *limit);
            if self.spec.harm.is_some() {
                limited.push(if harmed { 100.0 } else { 100.0 * self.struck.risk() });
            }
            limited.extend(self.limited.iter().map(|k| values[*k]));
            limited.extend(self.measured.iter().map(|m| m.of(&values, gbq)));
            limited.extend(total);
            return Ok(Assessed { benefit: mean / MONTH, limited });
        }
        let (records, failed) = trial.run_until(self.stop).map_err(said)?;
        if records.is_empty() {
            return Err(failed.first().map_or_else(String::new, |f| f.reason.to_string()).into());
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let n = records.len() as f64;
        let mean = |of: &dyn Fn(&Record) -> f64| records.iter().map(of).sum::<f64>() / n;
        if self.spec.harm.is_some() {
            let harmed =
                |r: &Record| self.step.harmed(r, &self.above) || self.struck.harms(r.patient, 0);
            limited.push(100.0 * mean(&|r| f64::from(u8::from(harmed(r)))));
        }
        for k in &self.limited {
            limited.push(mean(&|r| r.kept[*k] * self.factors[*k]));
        }
        limited.extend(total);
        Ok(Assessed { benefit: mean(&|r| self.step.benefit_of(r, self.horizon)), limited })
    }
}

impl TradeOffStep {
    /// The regimen of greatest benefit within limits.
    pub(crate) fn search<'a>(
        &self,
        spec: &ProposeSpec,
        trial: &dyn Fn(&str) -> Result<&'a TrialUse, StepError>,
        horizon: f64,
        fitted: Option<&FittedPatient>,
        tables: &Tables,
        (seed, stop): (u64, &Arc<AtomicBool>),
    ) -> Result<Vec<Table>, StepError> {
        let from = self.regimens.iter().find(|r| r.name == spec.from).ok_or_else(|| {
            let names = self.regimens.iter().map(|r| r.name.as_str());
            let near = lutetia_diagnostic::closest(&spec.from, names)
                .map_or_else(String::new, |n| format!("; did you mean `{n}`?"));
            format!("`propose` starts from `{}`, which is no regimen{near}", spec.from)
        })?;
        if spec.patients == 0 && self.benefit != Benefit::RestrictedMean {
            return Err("for one patient the benefit is an expected time: set `benefit = \
                        \"restricted-mean\"`, or `patients` for a cohort"
                .into());
        }
        if spec.patients > 0 && (fitted.is_some() || !spec.patient.is_empty()) {
            return Err("`propose` names one patient and a number of patients; set `patients = 0`, or leave \
                        out `fitted` and `patient`".into());
        }
        if spec.patients > 0 && !spec.measured.is_empty() {
            return Err("`measured` is of one patient's curves and `patients` of a cohort; set `patients = 0`, or \
                        leave out `measured`".into());
        }
        let id = from.trial.as_deref().unwrap_or(&self.trial);
        let base = trial(id)?;
        let cohort = &base.cohort;
        let system = cohort.model.simulator.system();
        let factor =
            |n: &String| system.output_index(n).map_or(1.0, |o| system.outputs()[o].factor);
        let mut judge = Judge {
            step: self,
            spec,
            base,
            from,
            horizon,
            above: self.above(base)?,
            limited: Vec::new(),
            measured: Vec::new(),
            struck: self.struck(base, id)?,
            factors: base.spec.meaning.keep.iter().map(factor).collect(),
            stop,
        };
        let mut limits = Vec::new();
        if let Some(text) = &spec.harm {
            limits.push(RegimenLimit {
                name: "harm (%)".to_owned(),
                most: 100.0 * plain("harm", text)?,
            });
        }
        for (name, text) in &spec.limits {
            let output = system
                .output_index(name)
                .ok_or_else(|| format!("the model has no output `{name}`"))?;
            let info = &system.outputs()[output];
            let most = internal(&cohort.model, name, text)? * info.factor;
            judge.limited.push(kept(base, name)?);
            limits.push(RegimenLimit { name: format!("{name} ({})", info.unit), most });
        }
        for (name, m) in &spec.measured {
            let Some(at) = spec.limits.keys().position(|l| l == name) else {
                return Err(format!(
                    "`measured` names `{name}`, which has no limit; add it to `limits`"
                )
                .into());
            };
            judge.measured.push(Measured {
                limited: judge.limited[at],
                dose: kept(base, &m.dose)?,
                per_gbq: largest(name, &m.per_activity, tables)?,
            });
            // The limits of harm and of outputs stand before.
            let own = &limits[usize::from(spec.harm.is_some()) + at];
            let (name, most) = (format!("{}, measured curves", own.name), own.most);
            limits.push(RegimenLimit { name, most });
        }
        if let Some(text) = &spec.total_activity {
            let most = Quantity::parse(text)
                .and_then(|q| q.to(&Unit::parse("GBq")?))
                .map_err(|e| format!("`total_activity`: {e}"))?;
            limits.push(RegimenLimit { name: "activity given in all (GBq)".to_owned(), most });
        }
        let knobs = knobs(spec)?;
        let said = |e: TrialError| e.to_string();
        let set = spec
            .patient
            .iter()
            .map(|(name, text)| Ok((name.clone(), setting(&cohort.model, name, text)?)))
            .collect::<Result<Vec<_>, StepError>>()?;
        let own = |name: &String| match spec.fitted.as_ref().map(|f| f.part.as_str()) {
            Some(part) if !part.is_empty() => format!("{part}:{name}"),
            _ => name.clone(),
        };
        let mut typical: Vec<(String, f64)> = fitted
            .map_or_else(Vec::new, |f| f.values.iter().map(|(name, x)| (own(name), *x)).collect());
        typical.extend(set.iter().cloned());
        let one =
            if spec.patients == 0 { Some(cohort.with(&typical).map_err(said)?) } else { None };
        let population = one.as_ref().unwrap_or(&cohort.population);
        let search =
            options(spec.points as usize, u64::from(spec.rounds), seed, Some(Arc::clone(stop)));
        let proposal = propose(&knobs, &limits, &search, &|x| {
            judge.assess(population, &knobs, x).map_err(|e| e.to_string())
        })
        .map_err(said)?;
        // What is uncertain at the proposed regimen: the patient's fit, and the calibration.
        let others = self.others(cohort, fitted, &own, &set, seed)?;
        let at = match &proposal {
            Proposal::Found { values, .. } => values,
            Proposal::Impossible { nearest, .. } => nearest,
        };
        let spread = others
            .par_iter()
            .map(|values| {
                let population = cohort.with(values).map_err(said)?;
                judge.assess(&population, &knobs, at)
            })
            .collect::<Result<Vec<_>, StepError>>()?;
        Ok(proposal_tables(&self.id, spec, &knobs, &proposal, &limits, &spread))
    }

    /// Values of uncertain parameters under which a proposed regimen is judged again.
    fn others(
        &self,
        cohort: &CohortUse,
        fitted: Option<&FittedPatient>,
        own: &dyn Fn(&String) -> String,
        set: &[(String, f64)],
        seed: u64,
    ) -> Result<Vec<Vec<(String, f64)>>, StepError> {
        let calibration: &[Vec<(String, f64)>] =
            cohort.posterior.as_ref().map_or(&[], |p| p.draws.as_slice());
        let Some(fit) = fitted else {
            let with = |d: &Vec<(String, f64)>| d.iter().chain(set).cloned().collect();
            return Ok(calibration.iter().map(with).collect());
        };
        let Some(spread) = &fit.spread else { return Ok(Vec::new()) };
        let first = fit.values.len() - spread.len();
        let drawn = spread.draws(DRAWS, seed)?;
        Ok(drawn
            .into_iter()
            .enumerate()
            .map(|(k, x)| {
                let mut values: Vec<(String, f64)> =
                    fit.values[..first].iter().map(|(n, v)| (own(n), *v)).collect();
                values.extend(fit.values[first..].iter().zip(x).map(|((n, _), x)| (own(n), x)));
                if !calibration.is_empty() {
                    values.extend(calibration[k % calibration.len()].iter().cloned());
                }
                values.extend(set.iter().cloned());
                values
            })
            .collect())
    }
}

/// The largest of some absorbed doses per activity, Gy/GBq.
fn largest(name: &str, paths: &[String], tables: &Tables) -> Result<f64, StepError> {
    let mut found: Option<f64> = None;
    for path in paths {
        let number = cell(tables, path)?.number().filter(|x| *x > 0.0);
        let number = number.ok_or_else(|| {
            format!("`{path}`, by which `{name}` is judged, is no dose per activity above zero")
        })?;
        let mut parts = path.split('/');
        let column = parts.next().and_then(|t| tables.get(t)).zip(parts.nth(1));
        let unit = column
            .and_then(|(t, c)| t.columns.iter().find(|k| k.name == c))
            .map_or("", |k| k.unit.as_str());
        if unit != "Gy/GBq" {
            return Err(format!(
                "`{path}`, by which `{name}` is judged, is in `{unit}`, expected `Gy/GBq`"
            )
            .into());
        }
        found = Some(found.map_or(number, |f| f.max(number)));
    }
    found.ok_or_else(|| format!("`measured` of `{name}` names no `per_activity`").into())
}

/// A number without unit, or with `%`.
fn plain(what: &str, text: &str) -> Result<f64, StepError> {
    Quantity::parse(text)
        .and_then(|q| q.to(&Unit::parse("1")?))
        .map_err(|e| format!("{what}: {e}").into())
}

/// Unit of what is given: mg where it is typed as a mass, as drugs are, else nmol.
fn given(bounds: &Option<[String; 2]>) -> &'static str {
    let lower = bounds.as_ref().and_then(|b| Quantity::parse(&b[0]).ok());
    let mass = lower.is_some_and(|q| q.dimension() == Dimension::MASS);
    if mass { "mg" } else { "nmol" }
}

/// The knobs of a search: activity in GBq, interval and start in weeks, amounts in nmol or mg.
fn knobs(spec: &ProposeSpec) -> Result<Vec<Knob>, StepError> {
    let mut all = Vec::new();
    let mut add = |name: &str, unit: &str, bounds: &Option<[String; 2]>| -> Result<(), StepError> {
        let Some([lower, upper]) = bounds else { return Ok(()) };
        let number = |text: &String| {
            Quantity::parse(text)
                .and_then(|q| q.to(&Unit::parse(unit)?))
                .map_err(|e| format!("the bounds of `{name}`: {e}"))
        };
        all.push(Knob {
            name: format!("{name} ({unit})"),
            lower: number(lower)?,
            upper: number(upper)?,
            whole: false,
        });
        Ok(())
    };
    add("activity", "GBq", &spec.activity)?;
    add("every", "week", &spec.every)?;
    add("amount", given(&spec.amount), &spec.amount)?;
    add("partner_amount", given(&spec.partner_amount), &spec.partner_amount)?;
    add("partner_at", "week", &spec.partner_at)?;
    if let Some([lower, upper]) = spec.cycles {
        all.push(Knob {
            name: "cycles".to_owned(),
            lower: f64::from(lower),
            upper: f64::from(upper),
            whole: true,
        });
    }
    Ok(all)
}

/// The regimen with the knobs set.
fn varied(from: &ArmSpec, knobs: &[Knob], x: &[f64]) -> ArmSpec {
    let mut arm = from.clone();
    for (knob, value) in knobs.iter().zip(x) {
        let (name, unit) = knob
            .name
            .split_once(" (")
            .map_or((knob.name.as_str(), ""), |(n, u)| (n, u.trim_end_matches(')')));
        let text = Some(format!("{value} {unit}"));
        let second = name.starts_with("partner");
        let Some(dose) = arm.doses.get_mut(usize::from(second)) else { continue };
        match name {
            "activity" => dose.activity = text,
            "every" => dose.every = text,
            "amount" | "partner_amount" => dose.amount = text,
            "partner_at" => dose.at = text,
            _ => {
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "whole and at least one by its bounds"
                )]
                let cycles = value.round() as u32;
                dose.cycles = cycles;
            }
        }
    }
    arm
}

fn proposal_tables(
    id: &str,
    spec: &ProposeSpec,
    knobs: &[Knob],
    proposal: &Proposal,
    limits: &[RegimenLimit],
    spread: &[Assessed],
) -> Vec<Table> {
    let whom = match (&spec.fitted, spec.patients) {
        (Some(f), _) => format!(
            "for the patient of the fit `{}`, who is given every cycle, as an expectation without death or \
             progression",
            f.step
        ),
        (None, 0) => {
            "for one patient, who is given every cycle, as an expectation without death or progression"
                .to_owned()
        }
        (None, n) => format!("for a cohort of {n}"),
    };
    let (values, reached, outcome, tried) = match proposal {
        // At an end of what was searched lies no optimum, but where the search was cut off.
        Proposal::Found { values, limits, tried, bounds, .. } if !bounds.is_empty() => (
            values,
            limits,
            "no optimum inside the range that was searched, and no proposal",
            tried,
        ),
        Proposal::Found { values, limits, tried, .. } => (values, limits, "found", tried),
        Proposal::Impossible { nearest, broken, tried } => {
            (nearest, broken, "none; the nearest is shown", tried)
        }
    };
    // A few draws have no 2.5 %.
    let few = spread.len() < DRAWS_FOR_AN_INTERVAL;
    let ends = |of: &dyn Fn(&Assessed) -> f64| -> (Cell, Cell) {
        if spread.is_empty() {
            return (Cell::Missing, Cell::Missing);
        }
        let mut x: Vec<f64> = spread.iter().map(of).collect();
        x.sort_by(f64::total_cmp);
        let tail = if few { 0.0 } else { 0.025 };
        (quantile(&x, tail).into(), quantile(&x, 1.0 - tail).into())
    };
    let mut table = Table::new(
        format!("{id}.proposal"),
        format!("Proposed regimen {whom}; {tried} regimens tried"),
    )
    .column("what", "")
    .column("value", "")
    .column("lower_bound", "")
    .column("upper_bound", "")
    .column("low", "")
    .column("high", "")
    .column("note", "");
    for (knob, value) in knobs.iter().zip(values) {
        table.push(vec![
            knob.name.as_str().into(),
            (*value).into(),
            knob.lower.into(),
            knob.upper.into(),
        ]);
    }
    if let Proposal::Found { benefit, .. } = proposal {
        let (low, high) = ends(&|a| a.benefit);
        table.push(vec![
            "benefit".into(),
            (*benefit).into(),
            Cell::Missing,
            Cell::Missing,
            low,
            high,
        ]);
    }
    let mut row = vec![Cell::from("outcome")];
    row.extend([Cell::Missing, Cell::Missing, Cell::Missing, Cell::Missing, Cell::Missing]);
    row.push(format!("{outcome}: {}", proposal.sentence()).into());
    table.push(row);
    let mut at = Table::new(
        format!("{id}.limits"),
        format!(
            "Limits at the proposed regimen {whom}{}",
            match spread.len() {
                0 => String::new(),
                n if few =>
                    format!("; low and high: the range over {n} draws of what is uncertain"),
                n => format!("; low and high: the middle 95 % over {n} draws of what is uncertain"),
            }
        ),
    )
    .column("limit", "")
    .column("value", "")
    .column("low", "")
    .column("high", "")
    .column("most", "")
    .column("met", "%")
    .column("least_possible", "")
    .column("binds", "");
    for l in reached {
        let k = limits.iter().position(|x| x.name == l.name).unwrap_or(0);
        let of = |a: &Assessed| a.limited.get(k).copied().unwrap_or(f64::NAN);
        let (low, high) = ends(&of);
        #[expect(clippy::cast_precision_loss, reason = "draws are few")]
        let met = (!spread.is_empty()).then(|| {
            100.0 * spread.iter().filter(|a| of(a) <= l.most).count() as f64 / spread.len() as f64
        });
        at.push(vec![
            l.name.as_str().into(),
            l.value.into(),
            low,
            high,
            l.most.into(),
            met.into(),
            l.least.into(),
            if l.binds() { "yes" } else { "no" }.into(),
        ]);
    }
    vec![table, at]
}
