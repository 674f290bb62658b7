//! A table of results as CSV for people and spreadsheets, or as JSON for machines.

use lutetia_table::Table;
use serde_json::Value;

use crate::{failure::Outcome, terminal::Terminal};

/// Prints a table: CSV as reports write it, or one JSON object per row with twelve digits.
pub(crate) fn print(table: &Table, terminal: &Terminal) -> Outcome {
    if !terminal.json() {
        return terminal.data(&table.to_csv());
    }
    terminal.data_json(&table.to_json())
}

/// Prints tables: one as [`print()`]; several as CSV below a line with the name of each, or as one JSON
/// object by name.
pub(crate) fn print_all(tables: &[Table], terminal: &Terminal) -> Outcome {
    if let [one] = tables {
        return print(one, terminal);
    }
    if terminal.json() {
        let all = tables.iter().map(|table| (table.name.clone(), table.to_json()));
        return terminal.data_json(&Value::Object(all.collect()));
    }
    let texts: Vec<String> =
        tables.iter().map(|table| format!("# {}\n{}", table.name, table.to_csv())).collect();
    terminal.data(&texts.join("\n"))
}
