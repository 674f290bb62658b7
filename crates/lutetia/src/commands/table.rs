//! A table of results as CSV for people and spreadsheets, or as JSON for machines.

use lutetia_report::{Cell, Table, table::json_number};
use serde_json::{Map, Value};

use crate::{failure::Outcome, terminal::Terminal};

/// Prints a table: CSV as reports write it, or one JSON object per row with twelve digits.
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
            Cell::Number(number) => json_number(*number),
            Cell::Text(text) => Value::from(text.as_str()),
            Cell::Missing => Value::Null,
        });
        Value::Object(headers.iter().cloned().zip(cells).collect::<Map<_, _>>())
    });
    Value::Array(rows.collect())
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
