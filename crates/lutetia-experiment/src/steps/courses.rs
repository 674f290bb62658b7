//! How did single patients of a trial fare from visit to visit, and a toxicity from cycle to cycle?

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_trial::{ObservedCourse, Record, Trial, TrialSpec};
use rayon::prelude::*;
use serde::Deserialize;

use super::{Context, StepKind, Use, cohort::quantile, trial::TrialUse};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// The courses behind a trial's endpoints. Tables: `<id>.visits` (change of size and of the marker at each
/// visit, for the chart `spider`), `<id>.phases` and `<id>.events` (for `swimmer`), `<id>.toxicity` (median
/// and 90 % of the patients at risk over time, for `toxicity`) and `<id>.first` (what ended the time
/// without progression of every patient, for `cumulative-incidence`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoursesStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// Patients of each arm whose visits and phases are tabulated: the first ones.
    #[serde(default = "thirty")]
    pub shown: u32,
    /// Patients of each arm that the bands of toxicity are made of.
    #[serde(default = "two_hundred")]
    pub patients: u32,
}

fn thirty() -> u32 {
    30
}

fn two_hundred() -> u32 {
    200
}

/// Fewer patients at risk give no band.
const LEAST_AT_RISK: usize = 20;

impl StepKind for CoursesStep {
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
        let (base, records) = context.trial(&self.trial)?;
        let tables = self.compute(base, records)?;
        for table in tables {
            context.add(table);
        }
        Ok(())
    }
}

impl CoursesStep {
    fn compute(&self, base: &TrialUse, records: &[Record]) -> Result<Vec<Table>, StepError> {
        let trial =
            Trial::new(&base.cohort.model.simulator, &base.cohort.population, base.spec.clone())?;
        let spec = trial.spec();
        let wanted = self.patients.max(self.shown) as usize;
        let places: Vec<(u64, usize)> = spec
            .arms
            .iter()
            .enumerate()
            .flat_map(|(arm, a)| {
                (0..a.patients.min(wanted) as u64).map(move |k| (a.first + k, arm))
            })
            .collect();
        // Who cannot be simulated is named in the tables of the trial.
        let seen: Vec<ObservedCourse> = places
            .into_par_iter()
            .filter_map(|(patient, arm)| trial.observe(patient, arm).ok())
            .collect();
        let shown: Vec<&ObservedCourse> = (0..spec.arms.len())
            .flat_map(|arm| {
                seen.iter().filter(move |o| o.record.arm == arm).take(self.shown as usize)
            })
            .collect();
        Ok(vec![
            self.visits(spec, &shown),
            self.phases(spec, &shown),
            self.events(spec, &shown),
            self.toxicity(spec, &seen),
            self.first(spec, records),
        ])
    }

    fn table(&self, part: &str, caption: &str) -> Table {
        Table::new(format!("{}.{part}", self.id), caption)
    }

    fn visits(&self, spec: &TrialSpec, shown: &[&ObservedCourse]) -> Table {
        let mut table = self
            .table("visits", "Change from baseline at each visit while assessed")
            .column("subject", "")
            .column("arm", "")
            .column("time", "mo")
            .column("size", "%")
            .column("marker", "%");
        let percent = |x: Option<f64>| Cell::from(x.map(|x| 100.0 * x));
        for o in shown {
            let mut row = |time: f64, size: Option<f64>, marker: Option<f64>| {
                let mut cells = head(spec, o);
                cells.extend([(time / MONTH).into(), percent(size), percent(marker)]);
                table.push(cells);
            };
            row(
                0.0,
                spec.meaning.volume.is_some().then_some(0.0),
                spec.meaning.marker.is_some().then_some(0.0),
            );
            for visit in &o.visits {
                row(visit.day, visit.size, visit.marker);
            }
        }
        table
    }

    fn phases(&self, spec: &TrialSpec, shown: &[&ObservedCourse]) -> Table {
        let mut table = self
            .table("phases", "On treatment and after it")
            .column("subject", "")
            .column("arm", "")
            .column("start", "mo")
            .column("end", "mo")
            .column("phase", "")
            .column("ongoing", "");
        for o in shown {
            let (end, dead) = (o.record.survival.at, o.record.survival.event);
            let mut edges = vec![(0.0, "on treatment")];
            match (o.treated_until, o.record.crossed_at) {
                (None, _) => edges[0].1 = "observed",
                (Some(until), crossed) if crossed.is_none_or(|c| until < c) => {
                    edges.push((until, "after treatment"));
                }
                _ => {}
            }
            if let Some(at) = o.record.crossed_at {
                edges.push((at, "after crossover"));
            }
            for (k, (start, phase)) in edges.iter().enumerate() {
                let stop = edges.get(k + 1).map_or(end, |next| next.0.min(end));
                if *start >= stop {
                    continue;
                }
                let mut cells = head(spec, o);
                cells.extend([
                    (start / MONTH).into(),
                    (stop / MONTH).into(),
                    (*phase).into(),
                    f64::from(u8::from(stop >= end && !dead)).into(),
                ]);
                table.push(cells);
            }
        }
        table
    }

    fn events(&self, spec: &TrialSpec, shown: &[&ObservedCourse]) -> Table {
        let mut table = self
            .table("events", "What happened to them")
            .column("subject", "")
            .column("arm", "")
            .column("time", "mo")
            .column("event", "");
        for o in shown {
            let r = &o.record;
            let happened = [
                (cause(r) == "progression").then_some((r.progression_free.at, "progression")),
                r.crossed_at.map(|at| (at, "crossover")),
                r.survival.event.then_some((r.survival.at, "death")),
            ];
            for (time, event) in happened.into_iter().flatten() {
                let mut cells = head(spec, o);
                cells.extend([(time / MONTH).into(), event.into()]);
                table.push(cells);
            }
        }
        table
    }

    fn toxicity(&self, spec: &TrialSpec, seen: &[ObservedCourse]) -> Table {
        let mut table = self
            .table("toxicity", "Median and middle 90 % of the patients alive and watched")
            .column("toxicity", "")
            .column("arm", "")
            .column("time", "mo")
            .column("value", "")
            .column("low", "")
            .column("high", "")
            .column("patients", "");
        for (k, toxicity) in spec.meaning.toxicities.iter().enumerate() {
            for (arm, a) in spec.arms.iter().enumerate() {
                let own: Vec<&ObservedCourse> =
                    seen.iter().filter(|o| o.record.arm == arm).collect();
                let Some(times) = own.first().map(|o| &o.times) else { continue };
                for (i, time) in times.iter().enumerate() {
                    let mut values: Vec<f64> = own
                        .iter()
                        .filter(|o| *time <= o.watched_until)
                        .filter_map(|o| o.toxicities.get(k)?.get(i).copied())
                        .collect();
                    if values.len() < LEAST_AT_RISK.min(own.len()) {
                        break;
                    }
                    values.sort_by(f64::total_cmp);
                    table.push(vec![
                        toxicity.name.as_str().into(),
                        a.name.as_str().into(),
                        (time / MONTH).into(),
                        quantile(&values, 0.5).into(),
                        quantile(&values, 0.05).into(),
                        quantile(&values, 0.95).into(),
                        f64::from(u32::try_from(values.len()).unwrap_or(u32::MAX)).into(),
                    ]);
                }
            }
        }
        table
    }

    fn first(&self, spec: &TrialSpec, records: &[Record]) -> Table {
        let mut table = self
            .table("first", "What ended the time without progression")
            .column("arm", "")
            .column("time", "mo")
            .column("cause", "");
        for r in records {
            table.push(vec![
                spec.arms[r.arm].name.as_str().into(),
                (r.progression_free.at / MONTH).into(),
                cause(r).into(),
            ]);
        }
        table
    }
}

fn head(spec: &TrialSpec, o: &ObservedCourse) -> Vec<Cell> {
    vec![o.record.patient.to_string().into(), spec.arms[o.record.arm].name.as_str().into()]
}

/// What ended the time without progression: at the time of death it is the death.
fn cause(record: &Record) -> &'static str {
    let (ended, life) = (record.progression_free, record.survival);
    match (ended.event, life.event && ended.at >= life.at) {
        (false, _) => "censored",
        (true, true) => "death",
        (true, false) => "progression",
    }
}
