//! A table of results as CSV for people and spreadsheets, or as JSON for machines.

use lutetia_report::{Cell, Table};
use serde_json::{Map, Value, json};

use crate::{failure::Outcome, terminal::Terminal};

/// Prints a table: CSV as reports write it, or one JSON object per row with all digits.
pub(crate) fn print(table: &Table, terminal: &Terminal) -> Outcome {
    if !terminal.json() {
        return terminal.data(&table.to_csv());
    }
    terminal.data_json(&rows(table))
}

/// One JSON object per row.
pub(crate) fn rows(table: &Table) -> Value {
    let headers = table.headers();
    let rows = table.rows.iter().map(|row| {
        let cells = row.iter().map(|cell| match cell {
            Cell::Number(number) => whole(*number).map_or_else(|| json!(number), |n| json!(n)),
            Cell::Text(text) => json!(text),
            Cell::Missing => Value::Null,
        });
        Value::Object(headers.iter().cloned().zip(cells).collect::<Map<_, _>>())
    });
    Value::Array(rows.collect())
}

/// A whole number, as counts are: 13, not 13.0.
fn whole(number: f64) -> Option<i64> {
    // Above 2^53 neighbours are no longer told apart.
    let whole = number.is_finite() && number.fract() == 0.0 && number.abs() < 9e15;
    #[expect(
        clippy::cast_possible_truncation,
        reason = "whole and within the range of exact integers"
    )]
    whole.then_some(number as i64)
}

/// Prints tables: one as [`print()`]; several as CSV below a line with the name of each, or as one JSON
/// object by name.
pub(crate) fn print_all(tables: &[Table], terminal: &Terminal) -> Outcome {
    if let [one] = tables {
        return print(one, terminal);
    }
    if terminal.json() {
        let all = tables.iter().map(|table| (table.name.clone(), rows(table)));
        return terminal.data_json(&Value::Object(all.collect()));
    }
    let texts: Vec<String> =
        tables.iter().map(|table| format!("# {}\n{}", table.name, table.to_csv())).collect();
    terminal.data(&texts.join("\n"))
}
