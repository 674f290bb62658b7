//! The table of values varied alone.

use lutetia_table::Table;

use super::{
    OneAtATimeStep, Outcome,
    compute::{Swing, Swings},
};
use crate::steps::{calibrate::declared, trial::TrialUse};

/// A row per value.
pub(super) fn table(step: &OneAtATimeStep, base: &TrialUse, swings: &Swings) -> Table {
    let unit = match step.result {
        Outcome::RestrictedMean => "mo",
        Outcome::Grade3OrMore => "%",
    };
    let of = match &step.against {
        Some(other) => format!("`{}` over `{other}`", step.arm),
        None => format!("`{}`", step.arm),
    };
    let caption = format!("Result of {of} with one value at its low or high end");
    let mut table = Table::new(&step.id, caption)
        .column("parameter", "")
        .column("unit", "")
        .column("low_at", "")
        .column("high_at", "")
        .column("low", unit)
        .column("high", unit)
        .column("base", unit);
    for (vary, Swing { at, results }) in step.vary.iter().zip(&swings.of) {
        let (symbol, factor) = declared(base, &vary.name);
        table.push(vec![
            vary.name.as_str().into(),
            symbol.into(),
            (at[0] / factor).into(),
            (at[1] / factor).into(),
            results[0].into(),
            results[1].into(),
            swings.middle.into(),
        ]);
    }
    table
}
