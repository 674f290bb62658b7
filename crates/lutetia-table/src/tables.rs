//! Several tables by name, and what is found in them.

use std::collections::BTreeMap;

use crate::{Cell, Table, TableError};

/// The tables of a result by name.
pub type Tables = BTreeMap<String, Table>;

/// The table of that name.
///
/// # Errors
/// When there is none; the message lists those there are.
pub fn table<'a>(tables: &'a Tables, name: &str) -> Result<&'a Table, TableError> {
    tables.get(name).ok_or_else(|| TableError::NoTable {
        name: name.to_owned(),
        known: tables.keys().cloned().collect(),
    })
}

/// The cell at `table/row/column`; the row is named by the first column.
///
/// # Errors
/// Names the part which does not exist and lists what does.
pub fn cell<'a>(tables: &'a Tables, path: &str) -> Result<&'a Cell, TableError> {
    let parts: Vec<&str> = path.split('/').collect();
    let [name, row, column] = parts[..] else {
        return Err(TableError::Path { path: path.to_owned() });
    };
    let found = table(tables, name)?;
    found.index(column)?;
    found.get(row, column).ok_or_else(|| TableError::NoRow {
        table: name.to_owned(),
        row: row.to_owned(),
        known: found.rows.iter().filter_map(|r| r.first()).map(Cell::csv).collect(),
    })
}

/// The rows of one group: the values of the columns asked for.
type Group<const N: usize> = (String, Vec<[Option<f64>; N]>);

/// The values of some columns of every row, grouped by a text column, in order of appearance.
///
/// # Errors
/// When a column does not exist.
pub fn grouped<const N: usize>(
    table: &Table,
    by: &str,
    columns: [&str; N],
) -> Result<Vec<Group<N>>, TableError> {
    let key = table.index(by)?;
    let mut at = [0; N];
    for (slot, column) in at.iter_mut().zip(columns) {
        *slot = table.index(column)?;
    }
    let mut groups: Vec<Group<N>> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for row in &table.rows {
        let name = row.get(key).map(Cell::csv).unwrap_or_default();
        let place = *places.entry(name.clone()).or_insert_with(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(at.map(|i| row.get(i).and_then(Cell::number)));
    }
    Ok(groups)
}
