//! The table of a combination beside independent action.

use lutetia_table::{Cell, Table};

use super::{
    IndependentActionStep,
    beside::{At, Partner},
};

/// `<id>`: a row per time.
pub(super) fn beside(step: &IndependentActionStep, times: &[At]) -> Table {
    let table = Table::new(&step.id, caption(step))
        .column("time", step.unit.text())
        .column("combination", "")
        .column("alone", "")
        .column("difference", "")
        .column("difference_low", "")
        .column("difference_high", "");
    let mut table = if step.other.is_some() {
        table.column("other", "").column("null", "").column("excess", "")
    } else {
        table.column("needed", "").column("needed_low", "").column("needed_high", "")
    };
    for at in times {
        let mut row: Vec<Cell> = vec![at.time.into()];
        if let Some(found) = &at.found {
            row.extend([found.combination, found.alone].map(Cell::from));
            row.extend(found.difference.map(Cell::from));
            match &found.partner {
                Partner::Known { other, null, excess } => {
                    row.extend([*other, *null, *excess].map(Cell::from));
                }
                Partner::Needed(needed) => {
                    row.extend(needed.iter().flatten().map(|x| Cell::from(*x)));
                }
            }
        }
        table.push(row);
    }
    table
}

fn caption(step: &IndependentActionStep) -> String {
    match &step.other {
        Some(other) => format!(
            "{} beside independent action of {} and {other} with correlation {}",
            step.combination, step.alone, step.correlation
        ),
        None => format!(
            "Survival that the missing partner would need alone to explain {} over {} by independent action without correlation; below 0: no partner can",
            step.combination, step.alone
        ),
    }
}
