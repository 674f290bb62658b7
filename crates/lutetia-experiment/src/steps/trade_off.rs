//! Benefit against harm over regimens, and the regimen that limits allow.

use lutetia_scenario::{DoseEntry, LoadedModel, MONTH_D as MONTH, internal};
use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use lutetia_trial::{
    Arm, Population, Record, Trial, TrialError, TrialSpec,
    summary::Endpoint,
    tradeoff::{Banded, NeededToHarm, Outcomes, Point, Resampled, Standing, Weighing},
};
use lutetia_units::Unit;
use serde::Deserialize;

use super::{
    Context, StepKind, Use,
    own_harm::{OwnHarm, Struck},
    proposal::ProposeSpec,
    roles,
    trial::{ArmSpec, TrialUse, arm, days},
};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// Benefit against harm over regimens, all tried on the same patients without censoring. Tables: `<id>` (a
/// row per regimen), `<id>.fronts` (the best benefit at each level of harm, with its band), `<id>.best` (the
/// regimen of greatest utility of each series, and those not told apart from it), `<id>.index` (benefit, harm and
/// both over what is given), `<id>.own_harm` where harms are stated that the model does not compute, and, with
/// `propose`, `<id>.proposal` and `<id>.limits`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TradeOffStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`: its cohort, model and rules are used.
    pub trial: String,
    /// Number of virtual patients; where the cohort has draws from a calibration, under each of them.
    pub patients: u32,
    /// The regimens, each like an arm.
    #[serde(rename = "regimen")]
    pub regimens: Vec<RegimenSpec>,
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
    /// Harms that befall patients under every regimen, treated or not, and that the model does not compute.
    /// Where nothing is stated, not even `0 %`, and the reference harms nobody, no number needed to harm is given.
    #[serde(default)]
    pub background: Vec<OwnHarm>,
    /// Harms of a partner's own, by the trial with that partner. A series with a partner for which nothing is
    /// stated, not even `0 %`, is not ranked.
    #[serde(default)]
    pub own_harm: BTreeMap<String, Vec<OwnHarm>>,
    /// Whether what is given in cycles ends at progression, as in trials; without scans of a `volume` none is
    /// seen.
    #[serde(default = "yes")]
    pub stop_at_progression: bool,
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

fn yes() -> bool {
    true
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

/// A regimen.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegimenSpec {
    /// Name.
    pub name: String,
    /// The series whose front it belongs to, such as the partner; one series if left out everywhere.
    #[serde(default)]
    pub series: String,
    /// A trial whose model it is tried with, where that is not the one of the step: one with a partner. Its
    /// cohort must draw the same patients.
    pub trial: Option<String>,
    /// Doses; each is repeated on its own schedule.
    #[serde(default)]
    pub doses: Vec<DoseEntry>,
    /// Parameters that the regimen fixes for everybody.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

impl RegimenSpec {
    /// As an arm without censoring.
    pub(crate) fn arm(&self, stop_at_progression: bool) -> ArmSpec {
        ArmSpec {
            name: self.name.clone(),
            patients: 1,
            doses: self.doses.clone(),
            set: self.set.clone(),
            stop_at_progression,
            drop_out_at_start: 0.0,
            drop_out_rate: None,
            lost_rate: None,
            crossover: None,
        }
    }
}

impl StepKind for TradeOffStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let others = self.regimens.iter().filter_map(|r| r.trial.as_deref());
        let fitted = self.propose.iter().filter_map(|p| p.fitted.as_ref()).map(|f| f.step.as_str());
        std::iter::once(self.trial.as_str()).chain(others).chain(fitted).map(Use::Step).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        for table in self.compute(context)? {
            context.add(table);
        }
        Ok(())
    }
}

/// The regimens of one trial: their places among all, and what they are tried with.
struct Group<'a> {
    base: &'a TrialUse,
    places: Vec<usize>,
    arms: Vec<Arm>,
    above: Vec<(usize, f64)>,
    struck: Struck,
}

impl TradeOffStep {
    /// Whether a trial has what benefit and harm are computed from.
    fn can_be_judged(&self, id: &str, spec: &TrialSpec) -> Result<(), StepError> {
        let (name, endpoints): (_, &[Endpoint]) = match self.benefit {
            Benefit::RestrictedMean => ("restricted-mean", &[Endpoint::OverallSurvival]),
            Benefit::Alive => ("alive", &[Endpoint::OverallSurvival]),
            Benefit::ProgressionFree => ("progression-free", &[Endpoint::ProgressionFreeSurvival]),
        };
        for endpoint in endpoints {
            roles::needs(spec, id, *endpoint, &format!("the benefit `{name}`"))?;
        }
        if spec.meaning.toxicities.is_empty() && self.harm_above.is_empty() {
            return Err(format!(
                "the trial `{id}` has no `toxicities` and the step no `harm_above`, so no regimen could harm anybody; name what counts as harm"
            ).into());
        }
        Ok(())
    }

    fn compute(&self, context: &Context) -> Result<Vec<Table>, StepError> {
        let seed = context.seed;
        let trial = |id: &str| {
            context
                .trials
                .get(id)
                .ok_or_else(|| format!("the step `{id}` is not of the kind `trial`").into())
        };
        let base = trial(&self.trial)?;
        let others = self.regimens.iter().filter_map(|r| r.trial.as_deref());
        for id in std::iter::once(self.trial.as_str()).chain(others) {
            let spec = &trial(id)?.spec;
            self.can_be_judged(id, spec)?;
        }
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
        let mut series: Vec<&str> = Vec::new();
        for r in &self.regimens {
            if !series.contains(&r.series.as_str()) {
                series.push(&r.series);
            }
        }
        let mut groups: Vec<(&str, Group<'_>)> = Vec::new();
        let mut given = Vec::new();
        for (k, r) in self.regimens.iter().enumerate() {
            let id = r.trial.as_deref().unwrap_or(&self.trial);
            let at = if let Some(at) = groups.iter().position(|g| g.0 == id) {
                at
            } else {
                let own = trial(id)?;
                same_patients(base, &self.trial, own, id)?;
                let above = self.above(own)?;
                let struck = self.struck(own, id)?;
                let group = Group { base: own, places: vec![], arms: vec![], above, struck };
                groups.push((id, group));
                groups.len() - 1
            };
            let group = &mut groups[at].1;
            let arm = arm(&r.arm(self.stop_at_progression), &group.base.cohort.model)?;
            given.push((activity_gbq(&arm), ligand(&arm, &group.base.cohort.model)));
            group.places.push(k);
            group.arms.push(arm);
        }
        if let Some(id) = self.own_harm.keys().find(|id| !groups.iter().any(|g| g.0 == **id)) {
            let known: Vec<&str> = groups.iter().map(|g| g.0).collect();
            return Err(format!(
                "`own_harm` names the trial `{id}`, which no regimen uses; they use: {}",
                known.join(", ")
            )
            .into());
        }
        let draws = base.cohort.posterior.as_ref().map_or(1, |p| p.draws.len());
        // By regimen, draw and patient.
        let mut found: Vec<Vec<Vec<Option<(f64, bool)>>>> =
            vec![vec![vec![None; self.patients as usize]; draws]; self.regimens.len()];
        let mut means: Vec<Mean> = vec![Mean::default(); self.regimens.len()];
        for (_, group) in &groups {
            for draw in 0..draws {
                for record in self.tried(group, draw, horizon, &context.stop)? {
                    let (k, i) = (group.places[record.arm], record.patient as usize);
                    let harmed = self.harmed(&record, &group.above)
                        || group.struck.harms(record.patient, draw);
                    found[k][draw][i] = Some((self.benefit_of(&record, horizon), harmed));
                    means[k].add(&record.kept);
                }
            }
        }
        let whole = |i: &usize| found.iter().flatten().all(|of| of[*i].is_some());
        let kept: Vec<usize> = (0..self.patients as usize).filter(whole).collect();
        let outcomes: Vec<Outcomes> = self
            .regimens
            .iter()
            .zip(&found)
            .map(|(r, found)| {
                let own = || found.iter().flat_map(|of| kept.iter().filter_map(|i| of[*i]));
                Outcomes {
                    name: r.name.clone(),
                    series: series.iter().position(|s| *s == r.series).unwrap_or(0),
                    benefit: own().map(|x| x.0).collect(),
                    harmed: own().map(|x| x.1).collect(),
                }
            })
            .collect();
        let weighing = Weighing {
            weights: self.weights.clone(),
            scale: if self.benefit == Benefit::RestrictedMean { horizon / MONTH } else { 1.0 },
            reference,
            samples: self.samples as usize,
            seed,
            draws,
        };
        let said = |e: TrialError| e.to_string();
        let sampled = Resampled::new(&outcomes, &weighing).map_err(said)?;
        let points = sampled.points().map_err(said)?;
        let bands = match draws {
            1 => "95 % bands of a bootstrap of patients".to_owned(),
            n if n < DRAWS_FOR_AN_INTERVAL => format!(
                "bands: a bootstrap of patients within {n} draws of the calibration, so few that the ends are \
                 about the range of the draws"
            ),
            n => {
                format!("95 % bands over {n} draws of the calibration and a bootstrap of patients")
            }
        };
        let lost = self.patients as usize - kept.len();
        let standings: Vec<Standing> =
            (0..series.len()).filter_map(|k| sampled.standing(k)).collect();
        let mut tables = vec![
            self.table(&points, &standings, lost, &bands),
            self.fronts(&sampled, &points, &series, &bands),
            self.best(&sampled, &points, &standings, &series, &bands),
            self.index_table(base, &points, &given, &means),
        ];
        tables.extend(self.own_harm_table());
        if let Some(propose) = &self.propose {
            let fitted = propose.fitted.as_ref().map(|f| {
                context
                    .fitted
                    .get(&f.step)
                    .ok_or_else(|| format!("the step `{}` is not of the kind `fit-model`", f.step))
            });
            let ways = (seed, &context.stop);
            let found =
                self.search(propose, &trial, horizon, fitted.transpose()?, &context.tables, ways)?;
            tables.extend(found);
        }
        Ok(tables)
    }

    /// The records of the regimens of a trial under a draw of the calibration.
    fn tried(
        &self,
        group: &Group<'_>,
        draw: usize,
        horizon: f64,
        stop: &AtomicBool,
    ) -> Result<Vec<Record>, StepError> {
        let cohort = &group.base.cohort;
        let said = |e: TrialError| e.to_string();
        let drawn: Option<Population> = match &cohort.posterior {
            Some(p) => Some(cohort.with(&p.draws[draw]).map_err(said)?),
            None => None,
        };
        let population = drawn.as_ref().unwrap_or(&cohort.population);
        let patients = self.patients as usize;
        let spec = self.specification(group.base, group.arms.clone(), horizon, patients);
        let trial = Trial::new(&cohort.model.simulator, population, spec).map_err(said)?;
        let (records, failed) = trial.run_until(stop).map_err(said)?;
        if records.is_empty() {
            return Err(failed.first().map_or_else(String::new, |f| f.reason.to_string()).into());
        }
        Ok(records)
    }

    /// The harms of a trial that its model does not compute: those of all, and the partner's own.
    pub(crate) fn struck(&self, base: &TrialUse, id: &str) -> Result<Struck, StepError> {
        let own = self.own_harm.get(id).into_iter().flatten();
        Struck::new(base.cohort.spec.seed, self.background.iter().chain(own))
    }

    /// Whether a regimen is tried with a partner about whose own harm nothing is stated.
    fn unstated(&self, r: &RegimenSpec) -> bool {
        r.trial.as_ref().is_some_and(|id| *id != self.trial && !self.own_harm.contains_key(id))
    }

    fn own_harm_table(&self) -> Option<Table> {
        let of = |whom: &str, harms: &[OwnHarm]| -> Vec<Vec<Cell>> {
            harms
                .iter()
                .map(|h| {
                    vec![
                        h.what.as_str().into(),
                        whom.into(),
                        h.probability().ok().map(|p| 100.0 * p).into(),
                        h.source.as_str().into(),
                    ]
                })
                .collect()
        };
        let mut rows = of("every regimen", &self.background);
        for (id, harms) in &self.own_harm {
            rows.extend(of(&format!("the trial {id}"), harms));
        }
        if rows.is_empty() {
            return None;
        }
        let mut table = Table::new(
            format!("{}.own_harm", self.id),
            "Harms that the model does not compute: they befall so many patients, independently of all else and \
             the same patients under every regimen with the same partner",
        )
        .column("harm", "")
        .column("under", "")
        .column("share", "%")
        .column("source", "");
        rows.into_iter().for_each(|row| table.push(row));
        Some(table)
    }

    /// Which kept outputs are harm, and above what (internal).
    pub(crate) fn above(&self, base: &TrialUse) -> Result<Vec<(usize, f64)>, StepError> {
        self.harm_above
            .iter()
            .map(|(name, text)| Ok((kept(base, name)?, internal(&base.cohort.model, name, text)?)))
            .collect()
    }

    pub(crate) fn specification(
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

    pub(crate) fn benefit_of(&self, record: &Record, horizon: f64) -> f64 {
        match self.benefit {
            Benefit::RestrictedMean => record.survival.at.min(horizon) / MONTH,
            Benefit::ProgressionFree => f64::from(u8::from(!record.progression_free.event)),
            Benefit::Alive => f64::from(u8::from(!record.survival.event)),
        }
    }

    pub(crate) fn harmed(&self, record: &Record, above: &[(usize, f64)]) -> bool {
        record.grades.iter().any(|g| *g >= self.harm_grade)
            || above.iter().any(|(k, limit)| record.kept.get(*k).is_some_and(|v| v > limit))
    }

    /// Unit of the benefit, and what makes it of a mean.
    fn unit(&self) -> (&'static str, f64) {
        if self.benefit == Benefit::RestrictedMean { ("mo", 1.0) } else { ("%", 100.0) }
    }

    fn table(&self, points: &[Point], standings: &[Standing], lost: usize, bands: &str) -> Table {
        let (unit, factor) = self.unit();
        let mut table = Table::new(
            &self.id,
            format!(
                "Regimens on the same {} virtual patients ({lost} left out who could not be simulated under \
                 every one); {bands}; behind: utility less that of the greatest of the series, paired",
                self.patients
            ),
        )
        .column("regimen", "")
        .column("key", "")
        .column("series", "")
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
        .column("more_harm", "%")
        .column("more_harm_low", "%")
        .column("more_harm_high", "%")
        .column("nnh", "")
        .column("nnh_low", "")
        .column("nnh_high", "")
        .column("number_needed_to_harm", "")
        .column("behind", "")
        .column("behind_low", "")
        .column("behind_high", "");
        // Nobody harmed under the reference is a model without background, not a rate.
        // A background that is stated is meant, also one of `0 %`.
        let unharmed = self.background.is_empty()
            && points.iter().any(|p| {
                matches!(p.needed_to_harm, NeededToHarm::Reference) && p.harm.estimate <= 0.0
            });
        for (k, (p, r)) in points.iter().zip(&self.regimens).enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "regimens are few")]
            let key = (k + 1) as f64;
            let mut row: Vec<Cell> =
                vec![p.name.as_str().into(), key.into(), r.series.as_str().into()];
            row.extend(band(p.benefit, factor));
            row.extend(band(p.harm, 100.0));
            row.push(f64::from(u8::from(p.on_front)).into());
            row.push((100.0 * p.front_share).into());
            row.extend(band(p.utility, 1.0));
            row.push((100.0 * p.best_share).into());
            let none = || [Cell::Missing, Cell::Missing, Cell::Missing];
            row.extend(p.needed_to_harm.difference().map_or_else(none, |d| band(d, 100.0)));
            row.extend(match p.needed_to_harm {
                NeededToHarm::Patients { number, .. } if !unharmed => band(number, 1.0),
                _ => none(),
            });
            row.push(match p.needed_to_harm {
                NeededToHarm::Reference => p.needed_to_harm.sentence().into(),
                _ if unharmed => {
                    "not given: the model harms nobody under the reference; state what befalls \
                                  patients anyway as `background`"
                        .into()
                }
                _ => p.needed_to_harm.sentence().into(),
            });
            let behind = standings.iter().flat_map(|s| &s.behind).find(|b| b.0 == k);
            row.extend(behind.map_or_else(none, |b| band(b.1, 1.0)));
            table.push(row);
        }
        table
    }

    /// The best benefit of each series at levels of harm.
    fn fronts(
        &self,
        sampled: &Resampled<'_>,
        points: &[Point],
        series: &[&str],
        bands: &str,
    ) -> Table {
        let (unit, factor) = self.unit();
        let mut table = Table::new(
            format!("{}.fronts", self.id),
            format!(
                "The best mean benefit of any regimen that harms no more than so many; {bands}"
            ),
        )
        .column("series", "")
        .column("harm", "%")
        .column("benefit", unit)
        .column("benefit_low", unit)
        .column("benefit_high", unit);
        // As far as regimens reach; a little beyond, so that the last step is seen.
        let most = points.iter().map(|p| p.harm.estimate).fold(0.0, f64::max).min(1.0);
        let levels: Vec<f64> =
            (0..=LEVELS).map(|i| 1.05 * most * f64::from(i) / f64::from(LEVELS)).collect();
        for (k, name) in series.iter().enumerate() {
            for level in sampled.front(k, &levels) {
                let mut row: Vec<Cell> = vec![(*name).into(), (100.0 * level.harm).into()];
                row.extend(match level.benefit {
                    Some(b) => band(b, factor),
                    None => [Cell::Missing, Cell::Missing, Cell::Missing],
                });
                table.push(row);
            }
        }
        table
    }

    /// The regimen of greatest utility of each series; called so only where no other is not told apart from it.
    fn best(
        &self,
        sampled: &Resampled<'_>,
        points: &[Point],
        standings: &[Standing],
        series: &[&str],
        bands: &str,
    ) -> Table {
        let mut table = Table::new(
            format!("{}.best", self.id),
            format!(
                "Which regimens of each series have the greatest utility: one is named as the best only where \
                 the paired difference of every other one, on the same patients, excludes zero; utility: the \
                 greatest of any of its regimens; {bands}"
            ),
        )
        .column("series", "")
        .column("regimen", "")
        .column("not_told_apart", "")
        .column("keys", "")
        .column("utility", "")
        .column("utility_low", "")
        .column("utility_high", "")
        .column("greatest", "")
        .column("share", "%");
        for (k, name) in series.iter().enumerate() {
            let found =
                sampled.best(k).zip(standings.iter().find(|s| {
                    points.len() > s.greatest && self.regimens[s.greatest].series == *name
                }));
            let Some((best, standing)) = found else { continue };
            let unstated = self.regimens.iter().find(|r| r.series == *name && self.unstated(r));
            if let Some(r) = unstated {
                let id = r.trial.as_deref().unwrap_or_default();
                table.push(vec![
                    (*name).into(),
                    format!("not ranked: nothing is stated of the harm of the partner of `{id}`")
                        .into(),
                ]);
                continue;
            }
            let near = standing.not_told_apart();
            let names: Vec<&str> = near.iter().map(|i| points[*i].name.as_str()).collect();
            let keys: Vec<String> = near.iter().map(|i| (i + 1).to_string()).collect();
            let greatest = points[best.regimen].name.as_str();
            let said = match names.len() {
                1 => greatest.to_owned(),
                n => format!("no single one: {n} are not told apart"),
            };
            let mut row: Vec<Cell> =
                vec![(*name).into(), said.into(), names.join("; ").into(), keys.join(" ").into()];
            row.extend(band(best.utility, 1.0));
            row.push(greatest.into());
            row.push((100.0 * best.share).into());
            table.push(row);
        }
        table
    }

    /// Benefit, harm and both, and the means of what the trial keeps, over what is given.
    fn index_table(
        &self,
        base: &TrialUse,
        points: &[Point],
        given: &[(f64, Option<f64>)],
        means: &[Mean],
    ) -> Table {
        let mut table = Table::new(
            format!("{}.index", self.id),
            "Benefit, harm, and benefit without harm over the activity given",
        )
        .column("regimen", "")
        .column("series", "")
        .column("activity", "GBq")
        .column("amount", "nmol");
        for what in ["benefit", "harm", "both"] {
            table = table
                .column(what, "")
                .column(&format!("{what}_low"), "")
                .column(&format!("{what}_high"), "");
        }
        // Other trials keep the same, or the columns would not be comparable.
        let system = base.cohort.model.simulator.system();
        let keep: Vec<_> = base
            .spec
            .meaning
            .keep
            .iter()
            .filter_map(|name| Some(&system.outputs()[system.output_index(name)?]))
            .collect();
        for info in &keep {
            let name = info.name.replace(':', "_").to_lowercase();
            table = table.column(&format!("mean_{name}"), info.unit.symbol());
        }
        let mut order: Vec<usize> = (0..points.len()).collect();
        let amount = |k: &usize| given[*k].1.unwrap_or(0.0);
        order.sort_by(|a, b| {
            given[*a].0.total_cmp(&given[*b].0).then(amount(a).total_cmp(&amount(b)))
        });
        for k in order {
            let p = &points[k];
            let mut row: Vec<Cell> = vec![
                p.name.as_str().into(),
                self.regimens[k].series.as_str().into(),
                given[k].0.into(),
                given[k].1.into(),
            ];
            row.extend(band(p.benefit, 1.0));
            row.extend(band(p.harm, 1.0));
            match p.both {
                Some(both) => row.extend(band(both, 1.0)),
                None => row.extend([Cell::Missing, Cell::Missing, Cell::Missing]),
            }
            row.extend(
                keep.iter()
                    .enumerate()
                    .map(|(j, info)| Cell::from(means[k].of(j).map(|x| x * info.factor))),
            );
            table.push(row);
        }
        table
    }
}

/// Means of kept outputs, internal.
#[derive(Debug, Clone, Default)]
struct Mean {
    sums: Vec<f64>,
    count: f64,
}

impl Mean {
    fn add(&mut self, kept: &[f64]) {
        self.sums.resize(kept.len(), 0.0);
        self.sums.iter_mut().zip(kept).for_each(|(s, x)| *s += x);
        self.count += 1.0;
    }

    fn of(&self, k: usize) -> Option<f64> {
        self.sums.get(k).map(|s| s / self.count)
    }
}

/// Fewer draws have no 2.5 and 97.5 %: of forty, one lies beyond each end.
pub(crate) const DRAWS_FOR_AN_INTERVAL: usize = 40;

/// Levels of harm at which a front is read.
const LEVELS: u32 = 60;

/// Refuses a trial whose cohort draws other patients.
fn same_patients(base: &TrialUse, id: &str, own: &TrialUse, own_id: &str) -> Result<(), StepError> {
    let (a, b) = (&base.cohort, &own.cohort);
    let draws = |c: &super::cohort::CohortUse| c.posterior.as_ref().map_or(0, |p| p.draws.len());
    let what = if a.spec.seed != b.spec.seed {
        "seeds"
    } else if a.spec.covariates != b.spec.covariates || a.spec.correlations != b.spec.correlations {
        "laws of covariates"
    } else if a.spec.limits != b.spec.limits {
        "plausibility limits"
    } else if draws(a) != draws(b) {
        "numbers of draws from a calibration"
    } else {
        return Ok(());
    };
    Err(format!(
        "the trials `{id}` and `{own_id}` do not try the same patients: the {what} of their cohorts differ"
    ).into())
}

fn band(b: Banded, factor: f64) -> [Cell; 3] {
    [(factor * b.estimate).into(), (factor * b.lower).into(), (factor * b.upper).into()]
}

/// Position of an output among those the trial keeps.
pub(crate) fn kept(base: &TrialUse, name: &str) -> Result<usize, StepError> {
    base.spec.meaning.keep.iter().position(|k| k == name).ok_or_else(|| {
        format!("the trial does not keep `{name}`; add it to `keep` of that step").into()
    })
}

/// All activity of an arm, GBq.
pub(crate) fn activity_gbq(arm: &Arm) -> f64 {
    let doses = arm.cycles.iter().flat_map(|c| &c.doses);
    doses.flat_map(|d| &d.activities).map(|(_, mbq)| mbq / 1000.0).sum()
}

/// The largest amount of labelled ligand in a dose, nmol; none where only an activity is given.
fn ligand(arm: &Arm, model: &LoadedModel) -> Option<f64> {
    let doses = arm.cycles.iter().flat_map(|c| &c.doses).filter(|d| !d.activities.is_empty());
    let amount = doses.filter_map(|d| d.amount).reduce(f64::max)?;
    let nmol = Unit::parse("nmol").ok()?;
    Some(model.model.units.from_internal(amount, &nmol))
}
