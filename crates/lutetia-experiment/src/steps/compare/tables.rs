//! The table of a comparison.

use lutetia_table::Table;

use super::{Compare, pairs::Pair};

/// `<id>`: ours, the published number, their ratio, and why they differ.
pub(super) fn pairs(step: &Compare, pairs: &[Pair<'_>]) -> Table {
    let mut table = Table::new(&step.id, &step.caption)
        .column("quantity", "")
        .column("ours", "")
        .column("sd", "")
        .column("published", "")
        .column("ratio", "")
        .column("published_in", "")
        .column("explanation", "");
    for pair in pairs {
        table.push(vec![
            pair.row.what.as_str().into(),
            pair.ours.clone(),
            pair.sd.into(),
            pair.published.into(),
            pair.ratio.into(),
            pair.row.source.as_str().into(),
            pair.row.why.as_str().into(),
        ]);
    }
    table
}
