//! The table of a combination beside independent action.

use lutetia_table::Cell;

use super::{
    IndependentActionStep,
    beside::{At, Partner},
};
use crate::results::{Measure, Results};

/// `<id>`: a row per time.
pub(super) fn beside(step: &IndependentActionStep, times: &[At]) -> Results {
    let table = Results::new(&step.id, caption(step))
        .subject("time", step.unit.text())
        .number(Measure::Combination, "")
        .number(Measure::Alone, "")
        .number(Measure::Difference, "")
        .number(Measure::Difference.low(), "")
        .number(Measure::Difference.high(), "");
    let mut table = if step.other.is_some() {
        table.number(Measure::Other, "").number(Measure::Null, "").number(Measure::Excess, "")
    } else {
        table
            .number(Measure::Needed, "")
            .number(Measure::Needed.low(), "")
            .number(Measure::Needed.high(), "")
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
