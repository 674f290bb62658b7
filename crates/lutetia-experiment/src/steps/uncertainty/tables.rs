//! The tables of uncertainty by input.

use lutetia_diagnostic::Verdict;
use lutetia_dose::Budget;
use lutetia_patient::shown;
use lutetia_table::{Cell, Table};

use crate::results::{Measure, Results};

/// The tables `<id>` and `<id>.budget`.
#[must_use]
pub fn all(id: &str, budgets: &[(String, Verdict<Budget>)]) -> [Table; 2] {
    let (totals, parts) = found(id, budgets);
    [totals.table(), parts]
}

/// The uncertainty of each dose, and what adds to it.
pub(super) fn found(id: &str, budgets: &[(String, Verdict<Budget>)]) -> (Results, Table) {
    let mut totals = Results::new(
        id,
        "Absorbed dose with the uncertainty of the whole chain; activity and dose factor are correlated through the volume",
    )
    .subject("region", "")
    .number(Measure::Total, "Gy")
    .number(Measure::Total.sd(), "Gy")
    .number(Measure::Relative.sd(), "%")
    .number(Measure::ActivityRelative.sd(), "%")
    .number(Measure::FactorRelative.sd(), "%")
    .number(Measure::Correlation, "")
    .text("dominant")
    .text("note");
    let mut parts = Table::new(
        format!("{id}.budget"),
        "What each input adds to the uncertainty of the absorbed dose, and its share of the variance",
    )
    .column("region", "")
    .column("input", "")
    .column("input_sd", "%")
    .column("sensitivity", "")
    .column("dose_sd", "%")
    .column("dose_sd_gy", "Gy")
    .column("share", "%");
    let percent = |x: Option<f64>| Cell::from(x.map(|x| 100.0 * x));
    for (region, found) in budgets {
        let (found, mut note) = shown(found);
        let Some(b) = found else {
            let mut row = vec![Cell::Missing; 8];
            row[0] = region.as_str().into();
            row.push(note.into());
            totals.push(row);
            continue;
        };
        if b.relative_sd.is_none() {
            let join = if note.is_empty() { "" } else { "; " };
            note = format!("{note}{join}not determined: no standard error of the integral");
        }
        let both = b.activity_relative_sd.map(|a| a * b.factor_relative_sd);
        totals.push(vec![
            region.as_str().into(),
            b.dose_gy.into(),
            b.sd_gy().into(),
            percent(b.relative_sd),
            percent(b.activity_relative_sd),
            percent(Some(b.factor_relative_sd)),
            both.filter(|x| *x > 0.0).map(|x| b.relative_covariance / x).into(),
            b.dominant().map_or(Cell::Missing, |i| i.name().into()),
            note.into(),
        ]);
        for c in &b.contributions {
            parts.push(vec![
                region.as_str().into(),
                c.input.name().into(),
                percent(c.relative_sd),
                c.sensitivity.into(),
                percent(c.of_dose()),
                c.of_dose().map(|sd| sd * b.dose_gy).into(),
                percent(c.share),
            ]);
        }
    }
    (totals, parts)
}
