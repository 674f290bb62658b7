//! The tables of a trial.

use std::collections::BTreeMap;

use lutetia_outcome::survival::Interval;
use lutetia_scenario::MONTH_D as MONTH;
use lutetia_table::{Cell, Table, significant};
use lutetia_trial::{Failed, Record, Trial, TrialSpec, summary::Endpoint};

use super::{
    crossover::{Adjusted, Caution},
    result::{ArmContrast, ArmEndpoint, ArmMargin, ArmShare, TrialResult, shares_patients},
};
use crate::results::{Measure, Results, Shown};
use crate::steps::{
    StepError,
    cohort::MOST_ROWS,
    survival::{SurvivalOptions, interval_arms, interval_curves},
};

/// What is said of comparisons of arms that treat the same patients.
pub(crate) const SHARED: &str = "the arms treat the same patients and are compared as if these were independent: intervals \
                                 and p are those of a randomised trial of that size, too wide for a comparison of the \
                                 same patients";

/// All tables of a trial.
pub(super) fn tables(
    id: &str,
    trial: &Trial<'_>,
    records: &[Record],
    failed: &[Failed],
    result: &TrialResult,
) -> Result<Vec<Shown>, StepError> {
    let spec = trial.spec();
    let mut all: Vec<Shown> = vec![
        endpoints(id, spec, &result.endpoints).into(),
        ratios(id, spec, &result.contrasts).into(),
        curves(id, spec, &result.endpoints).into(),
    ];
    if let Some(patients) = &result.between_scans {
        let options = SurvivalOptions {
            unit: "mo".to_owned(),
            interval: Interval::LogLog,
            at: vec![12.0, 24.0],
            ..SurvivalOptions::default()
        };
        let [arms, curves] = ["", "_curve"].map(|part| format!("{id}.interval_censored{part}"));
        all.push(interval_arms(&arms, patients, &options)?.into());
        all.push(interval_curves(&curves, patients, &options)?.into());
    }
    all.extend(patient_tables(id, trial, records).into_iter().map(Shown::from));
    all.push(shares(id, spec, &result.shares).into());
    all.extend(result.crossover.as_ref().map(|adjusted| crossover(id, spec, adjusted).into()));
    all.push(failures(id, spec, failed).into());
    if !result.margins.is_empty() {
        all.push(margins(id, spec, &result.margins).into());
    }
    Ok(all)
}

fn count(n: usize) -> Cell {
    Cell::Number(f64::from(u32::try_from(n).unwrap_or(u32::MAX)))
}

fn name(spec: &TrialSpec, arm: usize) -> &str {
    spec.arms[arm].name.as_str()
}

fn endpoints(id: &str, spec: &TrialSpec, found: &[ArmEndpoint]) -> Results {
    let mut table = Results::new(id, "Endpoints by arm, 95 % intervals on the log-log scale")
        .subject("row", "")
        .text("arm")
        .text("endpoint")
        .number(Measure::Patients, "")
        .number(Measure::Events, "")
        .number(Measure::Median, "mo")
        .number(Measure::Low, "mo")
        .number(Measure::High, "mo")
        .number(Measure::At12Mo, "")
        .number(Measure::At24Mo, "");
    let months = |x: Option<f64>| Cell::from(x.map(|t| t / MONTH));
    for ArmEndpoint { endpoint, arm, curve } in found {
        let median = curve.median();
        table.push(vec![
            format!("{} {}", name(spec, *arm), endpoint.name()).into(),
            name(spec, *arm).into(),
            endpoint.name().into(),
            count(curve.patients),
            count(curve.events),
            months(median.estimate),
            months(median.lower),
            months(median.upper),
            curve.survival_at(12.0 * MONTH).into(),
            curve.survival_at(24.0 * MONTH).into(),
        ]);
    }
    table
}

fn ratios(id: &str, spec: &TrialSpec, found: &[ArmContrast]) -> Results {
    let mut caption = "Hazard ratios against the first arm".to_owned();
    if shares_patients(spec) {
        caption = format!("{caption}; {SHARED}");
    }
    let mut table = Results::new(format!("{id}.ratios"), caption)
        .subject("endpoint", "")
        .text("arm")
        .number(Measure::HazardRatio, "")
        .number(Measure::Low, "")
        .number(Measure::High, "")
        .number(Measure::P, "")
        .text("note");
    for ArmContrast { endpoint, arm, ratio } in found {
        let mut row: Vec<Cell> = vec![endpoint.name().into(), name(spec, *arm).into()];
        match ratio {
            Ok(c) => row.extend([
                c.hazard_ratio.into(),
                c.lower.into(),
                c.upper.into(),
                Cell::of_p(c.p),
                Cell::Missing,
            ]),
            Err(e) => row.extend([
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                e.to_string().into(),
            ]),
        }
        table.push(row);
    }
    table
}

fn curves(id: &str, spec: &TrialSpec, found: &[ArmEndpoint]) -> Table {
    let mut table = Table::new(format!("{id}.curves"), "Kaplan–Meier curves")
        .column("endpoint", "")
        .column("arm", "")
        .column("time", "mo")
        .column("survival", "")
        .column("low", "")
        .column("high", "")
        .column("at_risk", "")
        .column("censored", "");
    for ArmEndpoint { endpoint, arm, curve } in found {
        for step in &curve.steps {
            table.push(vec![
                endpoint.name().into(),
                name(spec, *arm).into(),
                (step.time / MONTH).into(),
                step.survival.into(),
                step.lower.into(),
                step.upper.into(),
                count(step.at_risk),
                count(step.censored),
            ]);
        }
    }
    table
}

/// A row per patient: events, responses, grades.
fn patient_tables(id: &str, trial: &Trial<'_>, records: &[Record]) -> Vec<Table> {
    let spec = trial.spec();
    let mut events = Table::new(format!("{id}.events"), "Events by patient")
        .column("patient", "")
        .column("arm", "")
        .column("endpoint", "")
        .column("time", "mo")
        .column("event", "")
        .column("left", "mo")
        .column("right", "mo")
        .column("crossed", "mo");
    let mut responses = Table::new(format!("{id}.responses"), "Responses by patient")
        .column("patient", "")
        .column("arm", "")
        .column("response", "")
        .column("best_size", "%")
        .column("best_marker", "%")
        .column("cycles", "");
    let mut grades = Table::new(format!("{id}.grades"), "Worst grades by patient")
        .column("patient", "")
        .column("arm", "")
        .column("toxicity", "")
        .column("grade", "");
    let mut kept = Table::new(format!("{id}.kept"), "Kept outputs by patient")
        .column("patient", "")
        .column("arm", "")
        .column("output", "")
        .column("value", "");
    let mut rows_of: BTreeMap<usize, usize> = BTreeMap::new();
    for r in records {
        let row = rows_of.entry(r.arm).or_default();
        *row += 1;
        // The tables are for reading and drawing; a large trial is streamed.
        if *row > MOST_ROWS / spec.arms.len().max(1) {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "numbers of patients")]
        let number = r.patient as f64;
        let head = || -> Vec<Cell> { vec![number.into(), name(spec, r.arm).into()] };
        for endpoint in Endpoint::of_trial(spec) {
            let observed = endpoint.of(r);
            let (left, right) = observed.interval();
            let mut row = head();
            row.extend([
                endpoint.name().into(),
                (observed.at / MONTH).into(),
                f64::from(u8::from(observed.event)).into(),
                (left / MONTH).into(),
                Cell::from(Some(right / MONTH).filter(|t| t.is_finite())),
                Cell::from(r.crossed_at.map(|t| t / MONTH)),
            ]);
            events.push(row);
        }
        let percent = |x: Option<f64>| Cell::from(x.map(|x| 100.0 * x));
        let mut row = head();
        row.extend([
            r.response.name().into(),
            percent(r.best_size),
            percent(r.best_marker),
            count(r.cycles),
        ]);
        responses.push(row);
        for (t, grade) in spec.meaning.toxicities.iter().zip(&r.grades) {
            let mut row = head();
            row.extend([t.name.as_str().into(), f64::from(*grade).into()]);
            grades.push(row);
        }
        for (output, value) in spec.meaning.keep.iter().zip(trial.kept_in_declared_units(&r.kept)) {
            let mut row = head();
            row.extend([output.as_str().into(), value.into()]);
            kept.push(row);
        }
    }
    vec![events, responses, grades, kept]
}

/// Responses and grades by arm.
fn shares(id: &str, spec: &TrialSpec, found: &[ArmShare]) -> Table {
    let mut table = Table::new(format!("{id}.shares"), "Responses, toxicities and losses by arm")
        .column("row", "")
        .column("arm", "")
        .column("what", "")
        .column("share", "%")
        .column("of", "");
    for ArmShare { arm, what, share } in found {
        let (arm, what) = (name(spec, *arm), what.name(spec));
        table.push(vec![
            format!("{arm} {what}").into(),
            arm.into(),
            what.into(),
            Cell::from(share.map(|s| 100.0 * s.0)),
            share.map_or(Cell::Missing, |s| count(s.1)),
        ]);
    }
    table
}

fn crossover(id: &str, spec: &TrialSpec, adjusted: &Adjusted) -> Table {
    let mut table = Table::new(
        format!("{id}.crossover"),
        format!(
            "Overall survival of `{}` over `{}`, by how crossover is dealt with",
            name(spec, adjusted.treated),
            name(spec, adjusted.control)
        ),
    )
    .column("method", "")
    .column("hazard_ratio", "")
    .column("low", "")
    .column("high", "")
    .column("time_ratio", "")
    .column("note", "");
    for (method, found) in &adjusted.by {
        let mut row = vec![Cell::from(method.name())];
        match found {
            Ok(f) => row.extend([
                f.ratio.into(),
                Cell::from(f.interval.map(|i| i.0)),
                Cell::from(f.interval.map(|i| i.1)),
                f.time_ratio.into(),
                match f.caution {
                    Some(Caution::LargestWeight(weight)) => {
                        format!("largest weight {}", significant(weight, 2)).into()
                    }
                    Some(Caution::OtherRoots) => "the statistic has other roots".into(),
                    None => Cell::Missing,
                },
            ]),
            Err(reason) => row.extend([
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                Cell::Missing,
                reason.to_string().into(),
            ]),
        }
        table.push(row);
    }
    table
}

fn failures(id: &str, spec: &TrialSpec, failed: &[Failed]) -> Table {
    let mut table = Table::new(format!("{id}.failures"), "Patients that could not be simulated")
        .column("patient", "")
        .column("arm", "")
        .column("reason", "");
    for f in failed {
        #[expect(clippy::cast_precision_loss, reason = "numbers of patients")]
        let number = f.patient as f64;
        table.push(vec![number.into(), name(spec, f.arm).into(), f.reason.to_string().into()]);
    }
    table
}

/// What the patients of a weighted trial have, beside the published margins.
fn margins(id: &str, spec: &TrialSpec, found: &[ArmMargin]) -> Table {
    let mut table = Table::new(
        format!("{id}.margins"),
        "The patients of the trial, drawn in proportion to their weights",
    )
    .column("name", "")
    .column("arm", "")
    .column("published", "")
    .column("trial", "")
    .column("patients", "")
    .column("effective_pool", "");
    for m in found {
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let patients = m.patients as f64;
        table.push(vec![
            m.name.as_str().into(),
            name(spec, m.arm).into(),
            m.published.into(),
            m.mean.into(),
            patients.into(),
            m.effective_pool.into(),
        ]);
    }
    table
}
