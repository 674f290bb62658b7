//! Patients of a trial followed again, with what is seen of them on the way.

use lutetia_trial::{ObservedCourse, Record, Trial, TrialSpec};
use rayon::prelude::*;

use super::CoursesStep;
use crate::steps::{StepError, cohort::quantile, trial::TrialUse};

/// Fewer patients at risk give no band.
const LEAST_AT_RISK: usize = 20;

/// The courses behind a trial's endpoints.
pub(super) struct Courses {
    /// Of the patients that bands are made of, arm after arm; who cannot be simulated is named in the tables of the
    /// trial.
    seen: Vec<ObservedCourse>,
    /// Patients of each arm that are shown one by one: the first ones.
    shown: usize,
    /// By toxicity, arm and time.
    pub(super) bands: Vec<ToxicityBand>,
}

/// A toxicity over the patients of an arm who are alive and watched.
pub(super) struct ToxicityBand {
    /// Place among the toxicities of the trial.
    pub(super) toxicity: usize,
    pub(super) arm: usize,
    /// Days.
    pub(super) time: f64,
    pub(super) median: f64,
    /// 5 % of the patients.
    pub(super) low: f64,
    /// 95 %.
    pub(super) high: f64,
    pub(super) patients: usize,
}

/// What a patient is in at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    OnTreatment,
    AfterTreatment,
    AfterCrossover,
    /// In an arm that gives nothing.
    Observed,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OnTreatment => "on treatment",
            Self::AfterTreatment => "after treatment",
            Self::AfterCrossover => "after crossover",
            Self::Observed => "observed",
        }
    }
}

/// What ended the time without progression: at the time of death it is the death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    Censored,
    Progression,
    Death,
}

impl Cause {
    pub(super) fn of(record: &Record) -> Self {
        let (ended, life) = (record.progression_free, record.survival);
        match (ended.event, life.event && ended.at >= life.at) {
            (false, _) => Self::Censored,
            (true, true) => Self::Death,
            (true, false) => Self::Progression,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Censored => "censored",
            Self::Progression => "progression",
            Self::Death => "death",
        }
    }
}

impl Courses {
    /// The patients that are shown one by one, arm after arm.
    pub(super) fn shown<'a>(
        &'a self,
        spec: &'a TrialSpec,
    ) -> impl Iterator<Item = &'a ObservedCourse> {
        (0..spec.arms.len()).flat_map(move |arm| {
            self.seen.iter().filter(move |o| o.record.arm == arm).take(self.shown)
        })
    }
}

/// Follows patients of a trial again.
///
/// # Errors
/// A trial that its model cannot have.
pub(super) fn courses(step: &CoursesStep, base: &TrialUse) -> Result<Courses, StepError> {
    let trial =
        Trial::new(&base.cohort.model.simulator, &base.cohort.population, base.spec.clone())?;
    let spec = trial.spec();
    let wanted = step.patients.max(step.shown) as usize;
    let places: Vec<(u64, usize)> = spec
        .arms
        .iter()
        .enumerate()
        .flat_map(|(arm, a)| (0..a.patients.min(wanted) as u64).map(move |k| (a.first + k, arm)))
        .collect();
    let seen: Vec<ObservedCourse> = places
        .into_par_iter()
        .filter_map(|(patient, arm)| trial.observe(patient, arm).ok())
        .collect();
    let bands = bands(spec, &seen);
    Ok(Courses { seen, shown: step.shown as usize, bands })
}

fn bands(spec: &TrialSpec, seen: &[ObservedCourse]) -> Vec<ToxicityBand> {
    let mut all = Vec::new();
    for toxicity in 0..spec.meaning.toxicities.len() {
        for arm in 0..spec.arms.len() {
            let own: Vec<&ObservedCourse> = seen.iter().filter(|o| o.record.arm == arm).collect();
            let Some(times) = own.first().map(|o| &o.times) else { continue };
            for (i, time) in times.iter().enumerate() {
                let mut values: Vec<f64> = own
                    .iter()
                    .filter(|o| *time <= o.watched_until)
                    .filter_map(|o| o.toxicities.get(toxicity)?.get(i).copied())
                    .collect();
                if values.len() < LEAST_AT_RISK.min(own.len()) {
                    break;
                }
                values.sort_by(f64::total_cmp);
                all.push(ToxicityBand {
                    toxicity,
                    arm,
                    time: *time,
                    median: quantile(&values, 0.5),
                    low: quantile(&values, 0.05),
                    high: quantile(&values, 0.95),
                    patients: values.len(),
                });
            }
        }
    }
    all
}

/// Phases of a patient: start and end (days), and whether it goes on when the follow-up ends.
pub(super) fn phases(o: &ObservedCourse) -> Vec<(f64, f64, Phase, bool)> {
    let (end, dead) = (o.record.survival.at, o.record.survival.event);
    let mut edges = vec![(0.0, Phase::OnTreatment)];
    match (o.treated_until, o.record.crossed_at) {
        (None, _) => edges[0].1 = Phase::Observed,
        (Some(until), crossed) if crossed.is_none_or(|c| until < c) => {
            edges.push((until, Phase::AfterTreatment));
        }
        _ => {}
    }
    if let Some(at) = o.record.crossed_at {
        edges.push((at, Phase::AfterCrossover));
    }
    let mut all = Vec::new();
    for (k, (start, phase)) in edges.iter().enumerate() {
        let stop = edges.get(k + 1).map_or(end, |next| next.0.min(end));
        if *start < stop {
            all.push((*start, stop, *phase, stop >= end && !dead));
        }
    }
    all
}
