//! Numbers of the experiment beside published ones.

use lutetia_units::{Quantity, Unit};
use serde::Deserialize;

use super::{Context, StepKind, Use};
use crate::steps::StepError;
use lutetia_table::{Cell, Table, cell, significant};

/// Numbers of this experiment beside published ones.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compare {
    /// Name of the table.
    pub id: String,
    /// What is shown.
    pub caption: String,
    /// Rows.
    pub rows: Vec<CompareRow>,
}

/// One row of a comparison.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareRow {
    /// What is compared.
    pub what: String,
    /// Ours: `table/row/column`.
    pub ours: String,
    /// Published: `data-name/row/column` of a CSV under `[data]`, or a number.
    pub published: Published,
    /// Where the published number stands.
    pub source: String,
    /// Why they differ.
    #[serde(default)]
    pub why: String,
    /// The most that they may differ, such as `5 %`; beyond it the report is not made. For what the text states of
    /// the method, which a changed model must not leave behind.
    pub within: Option<String>,
}

/// A published number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Published {
    /// Typed here.
    Number(f64),
    /// `data-name/row/column`.
    Cell(String),
}

impl StepKind for Compare {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        Vec::new()
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// Tabulates ours, the published number, their ratio, and why they differ.
pub(crate) fn run(step: &Compare, context: &mut Context) -> Result<(), StepError> {
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
        if let Some(text) = &row.within {
            let most = Quantity::parse(text)
                .and_then(|q| q.to(&Unit::parse("1")?))
                .map_err(|e| format!("`within` of `{}`: {e}", row.what))?;
            if !ratio.is_some_and(|r| (r - 1.0).abs() <= most) {
                return Err(format!(
                    "{}: found {}, expected {} within {text}; what the text says of the method no longer holds",
                    row.what,
                    ours.pretty(),
                    published.map_or_else(|| "a number".to_owned(), |x| significant(x, 4)),
                ).into());
            }
        }
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
