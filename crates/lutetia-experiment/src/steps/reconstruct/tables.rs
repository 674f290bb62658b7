//! The tables of reconstructed times.

use lutetia_table::{Cell, Table};

use super::{Reconstruct, arms::Arm};
use crate::results::{Measure, Results};
use crate::steps::survival::source::Individuals;

/// `<id>`: a row per arm.
pub(super) fn found(step: &Reconstruct, arms: &[Arm]) -> Results {
    let mut table = Results::new(&step.id, "Individual times found for the published curves")
        .subject("arm", "")
        .number(Measure::Points, "")
        .number(Measure::Patients, "")
        .number(Measure::Events, "")
        .number(Measure::EventsMissing, "")
        .number(Measure::LargestDistance, "")
        .number(Measure::LargestAtRiskDifference, "")
        .text("warning");
    for arm in arms {
        let found = &arm.found;
        table.push(vec![
            arm.name.as_str().into(),
            (arm.points as f64).into(),
            (found.data.len() as f64).into(),
            (found.data.events() as f64).into(),
            found.missing_events.map(|m| m as f64).into(),
            found.largest_distance.into(),
            (found.largest_at_risk_difference as f64).into(),
            found.contradiction().map_or(Cell::Missing, |c| c.to_string().into()),
        ]);
    }
    table
}

/// `<id>.individuals`: a row per patient.
pub(super) fn individuals(step: &Reconstruct, all: &Individuals) -> Table {
    let name = format!("{}.individuals", step.id);
    let mut table = Table::new(name, "Times that make the published curves; no patient's own")
        .column("time", step.unit.text())
        .column("event", "")
        .column("arm", "");
    for ((t, event), arm) in all.time.iter().zip(&all.event).zip(&all.arm) {
        table.push(vec![(*t).into(), f64::from(*event).into(), arm.as_str().into()]);
    }
    table
}
