//! The tables of single courses.

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_table::{Cell, Table};
use lutetia_trial::{ObservedCourse, Record, TrialSpec};

use super::{
    CoursesStep,
    compute::{Cause, Courses, phases},
};

/// All tables of the courses of a trial.
pub(super) fn tables(
    step: &CoursesStep,
    spec: &TrialSpec,
    courses: &Courses,
    records: &[Record],
) -> Vec<Table> {
    let table = |part: &str, caption: &str| Table::new(format!("{}.{part}", step.id), caption);
    vec![
        visits(table("visits", "Change from baseline at each visit while assessed"), spec, courses),
        phases_table(table("phases", "On treatment and after it"), spec, courses),
        events(table("events", "What happened to them"), spec, courses),
        toxicity(
            table("toxicity", "Median and middle 90 % of the patients alive and watched"),
            spec,
            courses,
        ),
        first(table("first", "What ended the time without progression"), spec, records),
    ]
}

fn head(spec: &TrialSpec, o: &ObservedCourse) -> Vec<Cell> {
    vec![o.record.patient.to_string().into(), spec.arms[o.record.arm].name.as_str().into()]
}

fn visits(table: Table, spec: &TrialSpec, courses: &Courses) -> Table {
    let mut table = table
        .column("subject", "")
        .column("arm", "")
        .column("time", "mo")
        .column("size", "%")
        .column("marker", "%");
    let percent = |x: Option<f64>| Cell::from(x.map(|x| 100.0 * x));
    for o in courses.shown(spec) {
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

fn phases_table(table: Table, spec: &TrialSpec, courses: &Courses) -> Table {
    let mut table = table
        .column("subject", "")
        .column("arm", "")
        .column("start", "mo")
        .column("end", "mo")
        .column("phase", "")
        .column("ongoing", "");
    for o in courses.shown(spec) {
        for (start, stop, phase, ongoing) in phases(o) {
            let mut cells = head(spec, o);
            cells.extend([
                (start / MONTH).into(),
                (stop / MONTH).into(),
                phase.name().into(),
                f64::from(u8::from(ongoing)).into(),
            ]);
            table.push(cells);
        }
    }
    table
}

fn events(table: Table, spec: &TrialSpec, courses: &Courses) -> Table {
    let mut table =
        table.column("subject", "").column("arm", "").column("time", "mo").column("event", "");
    for o in courses.shown(spec) {
        let r = &o.record;
        let happened = [
            (Cause::of(r) == Cause::Progression).then_some((r.progression_free.at, "progression")),
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

fn toxicity(table: Table, spec: &TrialSpec, courses: &Courses) -> Table {
    let mut table = table
        .column("toxicity", "")
        .column("arm", "")
        .column("time", "mo")
        .column("value", "")
        .column("low", "")
        .column("high", "")
        .column("patients", "");
    for band in &courses.bands {
        table.push(vec![
            spec.meaning.toxicities[band.toxicity].name.as_str().into(),
            spec.arms[band.arm].name.as_str().into(),
            (band.time / MONTH).into(),
            band.median.into(),
            band.low.into(),
            band.high.into(),
            f64::from(u32::try_from(band.patients).unwrap_or(u32::MAX)).into(),
        ]);
    }
    table
}

fn first(table: Table, spec: &TrialSpec, records: &[Record]) -> Table {
    let mut table = table.column("arm", "").column("time", "mo").column("cause", "");
    for r in records {
        table.push(vec![
            spec.arms[r.arm].name.as_str().into(),
            (r.progression_free.at / MONTH).into(),
            Cause::of(r).name().into(),
        ]);
    }
    table
}
