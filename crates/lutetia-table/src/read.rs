//! Tables out of CSV text.

use crate::{Cell, Table};

/// A table from CSV text, such as published numbers; the first column names the rows, `#` begins a comment. Headers keep the name before a
/// bracket: `dose (Gy)` is `dose`.
#[must_use]
pub fn read(name: &str, text: &str) -> Table {
    let mut reader =
        csv::ReaderBuilder::new().flexible(true).comment(Some(b'#')).from_reader(text.as_bytes());
    let mut table = Table::new(name, "");
    for header in &reader.headers().cloned().unwrap_or_default() {
        let (column, unit) = match header.split_once(['(', '[']) {
            Some((column, unit)) => (column.trim(), unit.trim_end_matches([')', ']']).trim()),
            None => (header.trim(), ""),
        };
        table = table.column(column, unit);
    }
    for record in reader.records().filter_map(Result::ok) {
        table.push(
            record
                .iter()
                .map(|cell| match cell.trim().parse::<f64>() {
                    Ok(x) if x.is_finite() => Cell::Number(x),
                    _ if cell.trim().is_empty() => Cell::Missing,
                    _ => Cell::Text(cell.trim().to_owned()),
                })
                .collect(),
        );
    }
    table
}
