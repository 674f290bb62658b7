//! Regimens on the same patients, and what a bootstrap says of their benefit and harm.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use lutetia_outcome::trade_off::UtilityWeights;
use lutetia_scenario::MONTH_D as MONTH;
use lutetia_trial::{
    Arm, Failed, Population, Record, Trial, TrialSpec,
    summary::Endpoint,
    tradeoff::{Best, FrontLevel, NeededToHarm, Outcomes, Point, Resampled, Standing, Weighing},
};

use super::{
    Benefit, DRAWS_FOR_AN_INTERVAL, Differ, RegimenSpec, TradeOffFault, TradeOffStep, given::Given,
    harm::HarmRule, own_harm::OwnHarm,
};
use crate::steps::{
    Context, NeedsEndpoint, StepError, TrialStepError,
    cohort::CohortUse,
    trial::{TrialUse, arm, roles},
};

/// What a trade-off says.
pub(super) struct TradeOffResult<'a> {
    /// The trial that the step names.
    pub(super) base: &'a TrialUse,
    /// The regimens, in their order.
    pub(super) points: Vec<Point>,
    /// What each of them gives.
    pub(super) given: Vec<Given>,
    /// Means of what the trial keeps, by regimen.
    pub(super) means: Vec<Mean>,
    /// The series, in the order in which regimens name them.
    pub(super) series: Vec<Series<'a>>,
    /// Patients left out, who could not be simulated under every regimen.
    pub(super) lost: usize,
    /// What the bands are made of.
    pub(super) bands: Bands,
    /// Harms that the model does not compute.
    pub(super) stated: Vec<StatedHarm<'a>>,
    /// Whether the reference harms nobody and no background is stated: a model without background, not a rate.
    pub(super) unharmed: bool,
}

/// A harm that the model does not compute.
pub(super) struct StatedHarm<'a> {
    pub(super) harm: &'a OwnHarm,
    /// The trial with the partner whose harm it is; none where it befalls patients under every regimen.
    pub(super) trial: Option<&'a str>,
    /// Share of the patients, 0 to 1.
    pub(super) share: f64,
}

/// The regimens of one series together.
pub(super) struct Series<'a> {
    pub(super) name: &'a str,
    /// The best benefit at levels of harm.
    pub(super) front: Vec<FrontLevel>,
    /// The greatest utility, and who is not told apart from it.
    pub(super) best: Option<(Best, Standing)>,
}

/// What the bands of a trade-off are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bands {
    /// A bootstrap of patients.
    Patients,
    /// The same within draws of a calibration, too few for an interval.
    FewDraws(usize),
    /// The same within draws of a calibration.
    Draws(usize),
}

impl Bands {
    fn over(draws: usize) -> Self {
        match draws {
            1 => Self::Patients,
            n if n < DRAWS_FOR_AN_INTERVAL => Self::FewDraws(n),
            n => Self::Draws(n),
        }
    }
}

/// Means of kept outputs, internal.
#[derive(Debug, Clone, Default)]
pub(super) struct Mean {
    sums: Vec<f64>,
    count: f64,
}

impl Mean {
    fn add(&mut self, kept: &[f64]) {
        self.sums.resize(kept.len(), 0.0);
        self.sums.iter_mut().zip(kept).for_each(|(s, x)| *s += x);
        self.count += 1.0;
    }

    /// Of one output, by its place.
    pub(super) fn of(&self, k: usize) -> Option<f64> {
        self.sums.get(k).map(|s| s / self.count)
    }
}

/// Levels of harm at which a front is read.
const LEVELS: u32 = 60;

/// The regimens of one trial: their places among all, and what they are tried with.
struct Group<'a> {
    trial: &'a str,
    base: &'a TrialUse,
    places: Vec<usize>,
    arms: Vec<Arm>,
    harm: HarmRule,
}

/// Benefit and harm of every patient who could be simulated, by regimen, draw and patient.
type Tried = Vec<Vec<Vec<Option<(f64, bool)>>>>;

impl TradeOffStep {
    /// What can be known of the regimens without trying them.
    pub(super) fn asked(&self, context: &Context) -> Result<(), StepError> {
        let base = self.judged(context)?;
        self.compared_with()?;
        self.groups(base, context)?;
        self.stated()?;
        Ok(())
    }

    /// The trial, where it and those of the regimens have what benefit and harm are computed from.
    fn judged<'a>(&self, context: &'a Context) -> Result<&'a TrialUse, StepError> {
        let base = context.artefacts.trial(&self.trial)?.0;
        let used = self.regimens.iter().map(|r| self.trial_of(r));
        for id in std::iter::once(self.trial.as_str()).chain(used) {
            self.can_be_judged(id, &context.artefacts.trial(id)?.0.spec)?;
        }
        self.ranks_no_sketch(context)?;
        Ok(base)
    }

    /// Regimens of one model may be weighed whatever it is worth; those of several are a ranking of models, from which
    /// a sketch is kept out.
    fn ranks_no_sketch(&self, context: &Context) -> Result<(), StepError> {
        let mut models = BTreeMap::new();
        for regimen in &self.regimens {
            let trial = self.trial_of(regimen);
            let model = &context.artefacts.trial(trial)?.0.cohort.model.model;
            models.entry(model.id.as_str()).or_insert((trial, model.is_sketch()));
        }
        let trials = |sketches: bool| {
            let of = models.values().filter(|(_, sketch)| *sketch || !sketches);
            of.map(|(trial, _)| (*trial).to_owned()).collect::<Vec<_>>()
        };
        let sketches = trials(true);
        if models.len() < 2 || sketches.is_empty() {
            return Ok(());
        }
        Err(TradeOffFault::RanksSketches { trials: trials(false), sketches }.into())
    }

    /// The place of the regimen that the others are compared with.
    fn compared_with(&self) -> Result<usize, TradeOffFault> {
        let found = self.regimens.iter().position(|r| r.name == self.reference);
        found.ok_or_else(|| {
            let known = self.regimens.iter().map(|r| r.name.clone()).collect();
            TradeOffFault::NoReference { name: self.reference.clone(), known }
        })
    }

    /// Tries every regimen and weighs what it does.
    pub(super) fn compute<'a>(
        &'a self,
        context: &'a Context,
    ) -> Result<TradeOffResult<'a>, StepError> {
        let base = self.judged(context)?;
        let horizon = self.horizon.d();
        let reference = self.compared_with()?;
        let (groups, given) = self.groups(base, context)?;
        let draws = base.cohort.posterior.as_ref().map_or(1, |p| p.draws.len());
        let (found, means) = self.tried(&groups, draws, horizon, &context.stop)?;
        let kept: Vec<usize> = (0..self.patients as usize)
            .filter(|i| found.iter().flatten().all(|of| of[*i].is_some()))
            .collect();
        let names = self.series();
        let outcomes = self.outcomes(&names, &found, &kept);
        let weighing = Weighing {
            weights: UtilityWeights::new(self.weights.benefit, self.weights.harm)?,
            scale: if self.benefit == Benefit::RestrictedMean { horizon / MONTH } else { 1.0 },
            reference,
            samples: self.samples as usize,
            seed: context.seed,
            draws,
        };
        let sampled = Resampled::new(&outcomes, &weighing)?;
        let points = sampled.points()?;
        let levels = levels(&points);
        let series = names
            .into_iter()
            .enumerate()
            .map(|(k, name)| Series {
                name,
                front: sampled.front(k, &levels),
                best: sampled.best(k).zip(sampled.standing(k)),
            })
            .collect();
        // A background that is stated is meant, also one of `0 %`.
        let unharmed = self.background.is_empty()
            && points.iter().any(|p| {
                matches!(p.needed_to_harm, NeededToHarm::Reference) && p.harm.estimate <= 0.0
            });
        Ok(TradeOffResult {
            base,
            points,
            given,
            means,
            series,
            lost: self.patients as usize - kept.len(),
            bands: Bands::over(draws),
            stated: self.stated()?,
            unharmed,
        })
    }

    /// The trial that a regimen is tried with.
    pub(super) fn trial_of<'a>(&'a self, regimen: &'a RegimenSpec) -> &'a str {
        regimen.trial.as_deref().unwrap_or(&self.trial)
    }

    /// The harms that are stated.
    fn stated(&self) -> Result<Vec<StatedHarm<'_>>, StepError> {
        let partners = self
            .own_harm
            .iter()
            .flat_map(|(id, harms)| harms.iter().map(|h| (Some(id.as_str()), h)));
        self.background
            .iter()
            .map(|h| (None, h))
            .chain(partners)
            .map(|(trial, harm)| Ok(StatedHarm { harm, trial, share: harm.probability()? }))
            .collect()
    }

    /// The names of the series, as regimens name them first.
    fn series(&self) -> Vec<&str> {
        let mut series: Vec<&str> = Vec::new();
        for r in &self.regimens {
            if !series.contains(&r.series.as_str()) {
                series.push(&r.series);
            }
        }
        series
    }

    /// Whether a trial has what benefit and harm are computed from.
    fn can_be_judged(&self, id: &str, spec: &TrialSpec) -> Result<(), StepError> {
        let endpoint = match self.benefit {
            Benefit::RestrictedMean | Benefit::Alive => Endpoint::OverallSurvival,
            Benefit::ProgressionFree => Endpoint::ProgressionFreeSurvival,
        };
        roles::needs(spec, id, endpoint, NeedsEndpoint::Benefit { key: self.benefit.key() })?;
        if spec.meaning.toxicities.is_empty() && self.harm_above.is_empty() {
            return Err(TradeOffFault::NoHarm { trial: id.to_owned() }.into());
        }
        Ok(())
    }

    /// The regimens by the trial they are tried with, and what each of them gives.
    fn groups<'a>(
        &'a self,
        base: &'a TrialUse,
        context: &'a Context,
    ) -> Result<(Vec<Group<'a>>, Vec<Given>), StepError> {
        let mut groups: Vec<Group<'_>> = Vec::new();
        let mut given = Vec::new();
        for (k, r) in self.regimens.iter().enumerate() {
            let trial = self.trial_of(r);
            let at = if let Some(at) = groups.iter().position(|g| g.trial == trial) {
                at
            } else {
                let own = context.artefacts.trial(trial)?.0;
                same_patients((base, &self.trial), (own, trial))?;
                let harm = HarmRule::of(self, own, trial)?;
                groups.push(Group { trial, base: own, places: vec![], arms: vec![], harm });
                groups.len() - 1
            };
            let group = &mut groups[at];
            let model = &group.base.cohort.model;
            let arm = arm(&r.arm(self.stop_at_progression), model)?;
            given.push(Given::by(&arm, model));
            group.places.push(k);
            group.arms.push(arm);
        }
        if let Some(id) = self.own_harm.keys().find(|id| !groups.iter().any(|g| g.trial == **id)) {
            let used = groups.iter().map(|g| g.trial.to_owned()).collect();
            return Err(TradeOffFault::HarmOfNone { trial: id.clone(), used }.into());
        }
        Ok((groups, given))
    }

    /// What every regimen does to every patient under every draw, and the means of what is kept.
    fn tried(
        &self,
        groups: &[Group<'_>],
        draws: usize,
        horizon: f64,
        stop: &AtomicBool,
    ) -> Result<(Tried, Vec<Mean>), StepError> {
        let nobody = vec![vec![None; self.patients as usize]; draws];
        let mut found: Tried = vec![nobody; self.regimens.len()];
        let mut means: Vec<Mean> = vec![Mean::default(); self.regimens.len()];
        for group in groups {
            for draw in 0..draws {
                for record in self.records(group, draw, horizon, stop)? {
                    let (k, i) = (group.places[record.arm], record.patient as usize);
                    let harmed = group.harm.harmed(&record, draw);
                    found[k][draw][i] = Some((self.benefit.of(&record, horizon), harmed));
                    means[k].add(&record.kept);
                }
            }
        }
        Ok((found, means))
    }

    /// The records of the regimens of a trial under a draw of the calibration.
    fn records(
        &self,
        group: &Group<'_>,
        draw: usize,
        horizon: f64,
        stop: &AtomicBool,
    ) -> Result<Vec<Record>, StepError> {
        let cohort = &group.base.cohort;
        let drawn: Option<Population> =
            cohort.posterior.as_ref().map(|p| cohort.with(&p.draws[draw])).transpose()?;
        let population = drawn.as_ref().unwrap_or(&cohort.population);
        let patients = self.patients as usize;
        let spec = specification(group.base, group.arms.clone(), horizon, patients);
        let trial = Trial::new(&cohort.model.simulator, population, spec)?;
        somebody(trial.run_until(stop)?)
    }

    /// Benefit and harm of the patients who could be simulated under every regimen.
    fn outcomes(&self, series: &[&str], found: &Tried, kept: &[usize]) -> Vec<Outcomes> {
        self.regimens
            .iter()
            .zip(found)
            .map(|(r, found)| {
                let own = || found.iter().flat_map(|of| kept.iter().filter_map(|i| of[*i]));
                Outcomes {
                    name: r.name.clone(),
                    series: series.iter().position(|s| *s == r.series).unwrap_or(0),
                    benefit: own().map(|x| x.0).collect(),
                    harmed: own().map(|x| x.1).collect(),
                }
            })
            .collect()
    }

    /// Whether a regimen is tried with a partner about whose own harm nothing is stated.
    pub(super) fn unstated(&self, r: &RegimenSpec) -> bool {
        r.trial.as_ref().is_some_and(|id| *id != self.trial && !self.own_harm.contains_key(id))
    }
}

impl Benefit {
    /// That of a patient: months, or 1 where it is had.
    pub(super) fn of(self, record: &Record, horizon: f64) -> f64 {
        match self {
            Self::RestrictedMean => record.survival.at.min(horizon) / MONTH,
            Self::ProgressionFree => f64::from(u8::from(!record.progression_free.event)),
            Self::Alive => f64::from(u8::from(!record.survival.event)),
        }
    }
}

/// A trial of regimens: on the same patients, who neither enter late nor leave.
pub(super) fn specification(
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

/// The records of a trial, where there are any.
pub(super) fn somebody(
    (records, failed): (Vec<Record>, Vec<Failed>),
) -> Result<Vec<Record>, StepError> {
    if records.is_empty() {
        return Err(TrialStepError::patients(&failed, failed.len()).into());
    }
    Ok(records)
}

/// As far as regimens reach; a little beyond, so that the last step is seen.
fn levels(points: &[Point]) -> Vec<f64> {
    let most = points.iter().map(|p| p.harm.estimate).fold(0.0, f64::max).min(1.0);
    (0..=LEVELS).map(|i| 1.05 * most * f64::from(i) / f64::from(LEVELS)).collect()
}

/// Refuses a trial whose cohort draws other patients.
fn same_patients(base: (&TrialUse, &str), own: (&TrialUse, &str)) -> Result<(), StepError> {
    let (a, b) = (&base.0.cohort, &own.0.cohort);
    let draws = |c: &CohortUse| c.posterior.as_ref().map_or(0, |p| p.draws.len());
    let differ = if a.spec.seed != b.spec.seed {
        Differ::Seeds
    } else if a.spec.covariates != b.spec.covariates || a.spec.correlations != b.spec.correlations {
        Differ::Covariates
    } else if a.spec.limits != b.spec.limits {
        Differ::Limits
    } else if draws(a) != draws(b) {
        Differ::Draws
    } else {
        return Ok(());
    };
    let trials = [base.1.to_owned(), own.1.to_owned()];
    Err(TradeOffFault::OtherPatients { trials, differ }.into())
}
