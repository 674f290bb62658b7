//! Numbers of the experiment beside published ones.

use crate::{
    experiment::{Compare, Published},
    page::cell,
    steps::Context,
    table::{Cell, Table},
};

/// Tabulates ours, the published number, their ratio, and why they differ.
pub(crate) fn run(step: &Compare, context: &mut Context) -> Result<(), String> {
    let mut table = Table::new(&step.id, &step.caption)
        .column("quantity", "")
        .column("ours", "")
        .column("sd", "")
        .column("published", "")
        .column("ratio", "")
        .column("published_in", "")
        .column("explanation", "");
    for row in &step.rows {
        let ours = cell(&context.tables, &row.ours)?;
        let number = ours.number();
        // The uncertainty of a number stands in the column `<column>_sd` of the same row.
        let sd = cell(&context.tables, &format!("{}_sd", row.ours)).ok().and_then(Cell::number);
        let published = match &row.published {
            Published::Number(x) => Some(*x),
            Published::Cell(path) => cell(&context.published, path)?.number(),
        };
        let ratio = match (number, published) {
            (Some(a), Some(b)) if b.abs() > 0.0 => Some(a / b),
            _ => None,
        };
        table.push(vec![
            row.what.as_str().into(),
            ours.clone(),
            sd.into(),
            published.into(),
            ratio.into(),
            row.source.as_str().into(),
            row.why.as_str().into(),
        ]);
    }
    context.add(table);
    Ok(())
}
