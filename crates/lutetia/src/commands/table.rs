//! A table of results as CSV for people and spreadsheets, or as JSON for machines.

use lutetia_report::{Cell, Table};
use serde_json::{Map, Value, json};

use crate::{failure::Outcome, terminal::Terminal};

/// Prints a table: CSV as reports write it, or one JSON object per row with all digits.
pub(crate) fn print(table: &Table, terminal: &Terminal) -> Outcome {
    if !terminal.json() {
        return terminal.data(&table.to_csv());
    }
    let headers = table.headers();
    let rows = table
        .rows
        .iter()
        .map(|row| {
            let cells = row.iter().map(|cell| match cell {
                Cell::Number(number) => json!(number),
                Cell::Text(text) => json!(text),
                Cell::Missing => Value::Null,
            });
            Value::Object(headers.iter().cloned().zip(cells).collect::<Map<_, _>>())
        })
        .collect();
    terminal.data_json(&Value::Array(rows))
}
