//! The table of values varied alone.

use super::{
    OneAtATimeStep, Outcome,
    compute::{Swing, Swings},
};
use crate::results::{Measure, Results};
use crate::steps::{calibrate::declared, trial::TrialUse};

/// A row per value.
pub(super) fn table(step: &OneAtATimeStep, base: &TrialUse, swings: &Swings) -> Results {
    let unit = match step.result {
        Outcome::RestrictedMean => "mo",
        Outcome::Grade3OrMore => "%",
    };
    let of = match &step.against {
        Some(other) => format!("`{}` over `{other}`", step.arm),
        None => format!("`{}`", step.arm),
    };
    let caption = format!("Result of {of} with one value at its low or high end");
    let mut table = Results::new(&step.id, caption)
        .subject("parameter", "")
        .text("unit")
        .number(Measure::LowAt, "")
        .number(Measure::HighAt, "")
        .number(Measure::Low, unit)
        .number(Measure::High, unit)
        .number(Measure::Base, unit);
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
