//! The table of a trial run by itself.

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_table::{Cell, Table};

use super::ArmEndpoint;

/// A row per endpoint and arm.
pub(super) fn summary(endpoints: &[ArmEndpoint]) -> Table {
    let mut table = Table::new("summary", "Endpoints by arm")
        .column("endpoint", "")
        .column("arm", "")
        .column("patients", "")
        .column("failed", "")
        .column("events", "")
        .column("median", "mo")
        .column("hazard_ratio", "")
        .column("low", "")
        .column("high", "")
        .column("note", "");
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let count = |n: u64| Cell::Number(n as f64);
    for e in endpoints {
        let ratio = e.ratio.as_ref().and_then(|r| r.as_ref().ok());
        let note = e.ratio.as_ref().and_then(|r| r.as_ref().err());
        table.push(vec![
            e.endpoint.name().into(),
            e.arm.as_str().into(),
            count(e.patients),
            count(e.failed),
            count(e.events),
            Cell::from(e.median_d.map(|d| d / MONTH)),
            Cell::from(ratio.map(|r| r.hazard_ratio)),
            Cell::from(ratio.map(|r| r.lower)),
            Cell::from(ratio.map(|r| r.upper)),
            note.map_or(Cell::Missing, |why| why.to_string().into()),
        ]);
    }
    table
}
