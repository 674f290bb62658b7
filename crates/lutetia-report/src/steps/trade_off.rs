//! Benefit against harm over regimens, and the regimen that limits allow.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicBool},
};

use lutetia_trial::{
    Arm, Record, Trial, TrialError, TrialSpec,
    regimen::{Assessed, Knob, Proposal, RegimenLimit, options, propose},
    tradeoff::{Banded, NeededToHarm, Outcomes, Point, Weighing, trade_off},
};
use lutetia_units::{Quantity, Unit};
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    cohort::internal,
    trial::{ArmSpec, MONTH, TrialUse, arm, days},
};
use crate::table::{Cell, Table, significant};

/// Benefit against harm over regimens, all tried on the same patients without censoring. Tables: `<id>` (a
/// row per regimen), `<id>.index` (benefit, harm and both over the activity given), and, with `propose`,
/// `<id>.proposal` and `<id>.limits`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradeOffStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`: its cohort, model and rules are used.
    pub trial: String,
    /// Number of virtual patients.
    pub patients: u32,
    /// The regimens, each like an arm.
    #[serde(rename = "regimen")]
    pub regimens: Vec<ArmSpec>,
    /// `restricted-mean` of survival, or `progression-free` or `alive` at the horizon.
    pub benefit: Benefit,
    /// The horizon, such as `24 mo`.
    pub horizon: String,
    /// Least grade of any toxicity that counts as harm.
    #[serde(default = "three")]
    pub harm_grade: u8,
    /// Kept outputs above which a patient counts as harmed, such as a dose of the kidneys.
    #[serde(default)]
    pub harm_above: BTreeMap<String, String>,
    /// Weights of `benefit` and `harm`; they sum to one.
    pub weights: BTreeMap<String, f64>,
    /// Name of the regimen against which the number needed to harm is counted.
    pub reference: String,
    /// Bootstrap samples of patients.
    #[serde(default = "thousand")]
    pub samples: u32,
    /// Seeks a regimen under limits.
    pub propose: Option<ProposeSpec>,
}

fn three() -> u8 {
    3
}

fn thousand() -> u32 {
    1000
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Benefit {
    /// Mean survival up to the horizon, months.
    RestrictedMean,
    /// Alive without progression at the horizon.
    ProgressionFree,
    /// Alive at the horizon.
    Alive,
}

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
    /// Patients of the cohort used; 0 for the one patient of `patient`.
    pub patients: u32,
    /// Parameters of one fitted patient, for whom the regimen is sought instead of for the cohort.
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

impl StepKind for TradeOffStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.trial)]
    }

    fn run(&self, context: &mut Context) -> Result<(), String> {
        let base = context
            .trials
            .get(&self.trial)
            .ok_or_else(|| format!("the step `{}` is not of the kind `trial`", self.trial))?
            .clone();
        for table in self.compute(&base, context.seed, &context.stop)? {
            context.add(table);
        }
        Ok(())
    }
}

impl TradeOffStep {
    fn compute(
        &self,
        base: &TrialUse,
        seed: u64,
        stop: &Arc<AtomicBool>,
    ) -> Result<Vec<Table>, String> {
        let horizon = days("horizon", &self.horizon)?;
        let reference =
            self.regimens.iter().position(|r| r.name == self.reference).ok_or_else(|| {
                let known: Vec<&str> = self.regimens.iter().map(|r| r.name.as_str()).collect();
                format!(
                    "the reference `{}` is no regimen; there are: {}",
                    self.reference,
                    known.join(", ")
                )
            })?;
        let weighing = Weighing {
            weights: self.weights.clone(),
            scale: if self.benefit == Benefit::RestrictedMean { horizon / MONTH } else { 1.0 },
            reference,
            samples: self.samples as usize,
            seed,
        };
        let arms: Vec<Arm> =
            self.regimens.iter().map(|r| arm(r, &base.cohort.model)).collect::<Result<_, _>>()?;
        let above = self.above(base)?;
        let given: Vec<f64> = arms.iter().map(activity_gbq).collect();
        let spec = self.specification(base, arms, horizon, self.patients as usize);
        let population = &base.cohort.population;
        let said = |e: TrialError| e.to_string();
        let trial = Trial::new(&base.cohort.model.simulator, population, spec).map_err(said)?;
        let (records, failed) = trial.run_until(stop).map_err(said)?;
        let mut lost: Vec<u64> = failed.iter().map(|f| f.patient).collect();
        lost.sort_unstable();
        lost.dedup();
        let outcomes: Vec<Outcomes> = self
            .regimens
            .iter()
            .enumerate()
            .map(|(k, r)| {
                let own = || {
                    records.iter().filter(|x| x.arm == k && lost.binary_search(&x.patient).is_err())
                };
                Outcomes {
                    name: r.name.clone(),
                    benefit: own().map(|x| self.benefit_of(x, horizon)).collect(),
                    harmed: own().map(|x| self.harmed(x, &above)).collect(),
                }
            })
            .collect();
        let points = trade_off(&outcomes, &weighing).map_err(said)?;
        let mut tables =
            vec![self.table(&points, lost.len()), index_table(&self.id, &points, &given)];
        if let Some(propose) = &self.propose {
            tables.extend(self.search(propose, base, horizon, &above, seed, stop)?);
        }
        Ok(tables)
    }

    /// Which kept outputs are harm, and above what (internal).
    fn above(&self, base: &TrialUse) -> Result<Vec<(usize, f64)>, String> {
        self.harm_above
            .iter()
            .map(|(name, text)| Ok((kept(base, name)?, internal(&base.cohort.model, name, text)?)))
            .collect()
    }

    fn specification(
        &self,
        base: &TrialUse,
        arms: Vec<Arm>,
        horizon: f64,
        patients: usize,
    ) -> TrialSpec {
        let arms = arms
            .into_iter()
            .map(|a| Arm {
                patients,
                first: 0,
                drop_out_at_start: 0.0,
                drop_out_rate: 0.0,
                lost_rate: 0.0,
                crossover: None,
                ..a
            })
            .collect();
        TrialSpec { arms, follow_up: horizon, accrual: 0.0, ..base.spec.clone() }
    }

    fn benefit_of(&self, record: &Record, horizon: f64) -> f64 {
        match self.benefit {
            Benefit::RestrictedMean => record.survival.0.min(horizon) / MONTH,
            Benefit::ProgressionFree => f64::from(u8::from(!record.progression_free.1)),
            Benefit::Alive => f64::from(u8::from(!record.survival.1)),
        }
    }

    fn harmed(&self, record: &Record, above: &[(usize, f64)]) -> bool {
        record.grades.iter().any(|g| *g >= self.harm_grade)
            || above.iter().any(|(k, limit)| record.kept.get(*k).is_some_and(|v| v > limit))
    }

    fn table(&self, points: &[Point], lost: usize) -> Table {
        let unit = if self.benefit == Benefit::RestrictedMean { "mo" } else { "%" };
        let factor = if self.benefit == Benefit::RestrictedMean { 1.0 } else { 100.0 };
        let mut table = Table::new(
            &self.id,
            format!(
                "Regimens on the same {} virtual patients ({lost} left out who could not be simulated under \
                 every one); 95 % bands of a bootstrap of patients",
                self.patients
            ),
        )
        .column("regimen", "")
        .column("benefit", unit)
        .column("benefit_low", unit)
        .column("benefit_high", unit)
        .column("harm", "%")
        .column("harm_low", "%")
        .column("harm_high", "%")
        .column("on_front", "")
        .column("front_share", "%")
        .column("utility", "")
        .column("utility_low", "")
        .column("utility_high", "")
        .column("best_share", "%")
        .column("nnh", "")
        .column("nnh_low", "")
        .column("nnh_high", "")
        .column("nnh_note", "");
        for p in points {
            let mut row: Vec<Cell> = vec![p.name.as_str().into()];
            row.extend(band(p.benefit, factor));
            row.extend(band(p.harm, 100.0));
            row.push(f64::from(u8::from(p.on_front)).into());
            row.push((100.0 * p.front_share).into());
            row.extend(band(p.utility, 1.0));
            row.push((100.0 * p.best_share).into());
            match p.needed_to_harm {
                NeededToHarm::Patients(b) => {
                    row.extend(band(b, 1.0));
                    row.push(Cell::Missing);
                }
                NeededToHarm::NotDetermined { difference } => {
                    row.extend([Cell::Missing, Cell::Missing, Cell::Missing]);
                    row.push(
                        format!(
                            "not determined: the difference of risks is {} % ({} to {})",
                            significant(100.0 * difference.estimate, 2),
                            significant(100.0 * difference.lower, 2),
                            significant(100.0 * difference.upper, 2)
                        )
                        .into(),
                    );
                }
                NeededToHarm::Spared => {
                    row.extend([Cell::Missing, Cell::Missing, Cell::Missing]);
                    row.push("less harm than the reference".into());
                }
                NeededToHarm::Reference => {
                    row.extend([Cell::Missing, Cell::Missing, Cell::Missing]);
                    row.push("reference".into());
                }
            }
            table.push(row);
        }
        table
    }

    fn search(
        &self,
        spec: &ProposeSpec,
        base: &TrialUse,
        horizon: f64,
        above: &[(usize, f64)],
        seed: u64,
        stop: &Arc<AtomicBool>,
    ) -> Result<Vec<Table>, String> {
        let from =
            self.regimens.iter().find(|r| r.name == spec.from).ok_or_else(|| {
                format!("`propose` starts from `{}`, which is no regimen", spec.from)
            })?;
        let knobs = knobs(spec)?;
        let mut limits = Vec::new();
        if let Some(text) = &spec.harm {
            limits.push(RegimenLimit {
                name: "harm (%)".to_owned(),
                most: 100.0 * plain("harm", text)?,
            });
        }
        let mut kept_limits = Vec::new();
        let system = base.cohort.model.simulator.system();
        for (name, text) in &spec.limits {
            let output = system
                .output_index(name)
                .ok_or_else(|| format!("the model has no output `{name}`"))?;
            let info = &system.outputs()[output];
            let most = internal(&base.cohort.model, name, text)? * info.factor;
            kept_limits.push(kept(base, name)?);
            limits.push(RegimenLimit { name: format!("{name} ({})", info.unit), most });
        }
        let typical = spec
            .patient
            .iter()
            .map(|(name, text)| Ok((name.clone(), internal(&base.cohort.model, name, text)?)))
            .collect::<Result<Vec<_>, String>>()?;
        let said = |e: TrialError| e.to_string();
        let one =
            if spec.patients == 0 { Some(base.cohort.with(&typical).map_err(said)?) } else { None };
        let population = one.as_ref().unwrap_or(&base.cohort.population);
        let assess = |x: &[f64]| -> Result<Assessed, String> {
            let varied = varied(from, &knobs, x);
            let arm = arm(&varied, &base.cohort.model)?;
            let patients = spec.patients.max(1) as usize;
            let spec_of = self.specification(base, vec![arm], horizon, patients);
            let factors: Vec<f64> = base
                .spec
                .meaning
                .keep
                .iter()
                .map(|n| system.output_index(n).map_or(1.0, |o| system.outputs()[o].factor))
                .collect();
            let trial =
                Trial::new(&base.cohort.model.simulator, population, spec_of).map_err(said)?;
            let mut limited = Vec::new();
            if one.is_some() {
                let patient = population.typical();
                let (mean, values, grades) = trial.expected(&patient, 0, horizon).map_err(said)?;
                let harmed = grades.iter().any(|g| *g >= self.harm_grade)
                    || above.iter().any(|(k, limit)| values[*k] / factors[*k] > *limit);
                if spec.harm.is_some() {
                    limited.push(if harmed { 100.0 } else { 0.0 });
                }
                limited.extend(kept_limits.iter().map(|k| values[*k]));
                return Ok(Assessed { benefit: mean / MONTH, limited });
            }
            let (records, failed) = trial.run_until(stop).map_err(said)?;
            if records.is_empty() {
                return Err(failed.first().map_or_else(String::new, |f| f.reason.clone()));
            }
            #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
            let n = records.len() as f64;
            let mean = |of: &dyn Fn(&Record) -> f64| records.iter().map(of).sum::<f64>() / n;
            if spec.harm.is_some() {
                limited.push(100.0 * mean(&|r| f64::from(u8::from(self.harmed(r, above)))));
            }
            for k in &kept_limits {
                limited.push(mean(&|r| r.kept[*k] * factors[*k]));
            }
            Ok(Assessed { benefit: mean(&|r| self.benefit_of(r, horizon)), limited })
        };
        let search =
            options(spec.points as usize, u64::from(spec.rounds), seed, Some(Arc::clone(stop)));
        let proposal = propose(&knobs, &limits, &search, &assess).map_err(said)?;
        Ok(proposal_tables(&self.id, spec, &knobs, &proposal))
    }
}

fn band(b: Banded, factor: f64) -> [Cell; 3] {
    [(factor * b.estimate).into(), (factor * b.lower).into(), (factor * b.upper).into()]
}

/// Position of an output among those the trial keeps.
pub(crate) fn kept(base: &TrialUse, name: &str) -> Result<usize, String> {
    base.spec
        .meaning
        .keep
        .iter()
        .position(|k| k == name)
        .ok_or_else(|| format!("the trial does not keep `{name}`; add it to `keep` of that step"))
}

/// All activity of an arm, GBq.
fn activity_gbq(arm: &Arm) -> f64 {
    let doses = arm.cycles.iter().flat_map(|c| &c.doses);
    doses.flat_map(|d| &d.activities).map(|(_, mbq)| mbq / 1000.0).sum()
}

/// Benefit, harm and both over the activity given.
fn index_table(id: &str, points: &[Point], given: &[f64]) -> Table {
    let mut table = Table::new(
        format!("{id}.index"),
        "Benefit, harm, and benefit without harm over the activity given",
    )
    .column("regimen", "")
    .column("activity", "GBq");
    for what in ["benefit", "harm", "both"] {
        table = table
            .column(what, "")
            .column(&format!("{what}_low"), "")
            .column(&format!("{what}_high"), "");
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| given[*a].total_cmp(&given[*b]));
    for k in order {
        let p = &points[k];
        let mut row: Vec<Cell> = vec![p.name.as_str().into(), given[k].into()];
        row.extend(band(p.benefit, 1.0));
        row.extend(band(p.harm, 1.0));
        match p.both {
            Some(both) => row.extend(band(both, 1.0)),
            None => row.extend([Cell::Missing, Cell::Missing, Cell::Missing]),
        }
        table.push(row);
    }
    table
}

/// A number without unit, or with `%`.
fn plain(what: &str, text: &str) -> Result<f64, String> {
    Quantity::parse(text).and_then(|q| q.to(&Unit::parse("1")?)).map_err(|e| format!("{what}: {e}"))
}

/// The knobs of a search: activity in GBq, interval and start in weeks, amounts in nmol.
fn knobs(spec: &ProposeSpec) -> Result<Vec<Knob>, String> {
    let mut all = Vec::new();
    let mut add = |name: &str, unit: &str, bounds: &Option<[String; 2]>| -> Result<(), String> {
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
    add("amount", "nmol", &spec.amount)?;
    add("partner_amount", "nmol", &spec.partner_amount)?;
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
) -> Vec<Table> {
    let whom = if spec.patients == 0 {
        "for one patient".to_owned()
    } else {
        format!("for a cohort of {}", spec.patients)
    };
    let (values, limits, outcome, tried) = match proposal {
        Proposal::Found { values, limits, tried, .. } => (values, limits, "found", tried),
        Proposal::Impossible { nearest, broken, tried } => {
            (nearest, broken, "no regimen meets the limits; the nearest", tried)
        }
    };
    let mut table = Table::new(
        format!("{id}.proposal"),
        format!("Proposed regimen {whom}; {tried} regimens tried"),
    )
    .column("what", "")
    .column("value", "")
    .column("lower", "")
    .column("upper", "")
    .column("note", "");
    for (knob, value) in knobs.iter().zip(values) {
        table.push(vec![
            knob.name.as_str().into(),
            (*value).into(),
            knob.lower.into(),
            knob.upper.into(),
            Cell::Missing,
        ]);
    }
    if let Proposal::Found { benefit, .. } = proposal {
        table.push(vec![
            "benefit".into(),
            (*benefit).into(),
            Cell::Missing,
            Cell::Missing,
            Cell::Missing,
        ]);
    }
    table.push(vec![
        "outcome".into(),
        Cell::Missing,
        Cell::Missing,
        Cell::Missing,
        format!("{outcome}: {}", proposal.sentence()).into(),
    ]);
    let mut at = Table::new(format!("{id}.limits"), "Limits at the proposed regimen")
        .column("limit", "")
        .column("value", "")
        .column("most", "")
        .column("least_possible", "")
        .column("binds", "");
    for l in limits {
        at.push(vec![
            l.name.as_str().into(),
            l.value.into(),
            l.most.into(),
            l.least.into(),
            if l.binds() { "yes" } else { "no" }.into(),
        ]);
    }
    vec![table, at]
}
