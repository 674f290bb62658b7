//! What the check says of tables before they are made, beside the tables that were made.

use std::{collections::BTreeMap, path::Path};

use lutetia_experiment::{Disk, Experiment, Sheet, declared, spec};
use lutetia_figure::charts;
use lutetia_table::{Table, Tables};
use lutetia_testkit::repository;

use crate::checked::shipped;

/// The committed tables of an experiment.
fn committed(folder: &Path) -> Tables {
    let mut tables = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("tables")).expect("tables").flatten() {
        let path = entry.path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a table");
        tables.insert(name.clone(), lutetia_table::read(&name, &text));
    }
    tables
}

fn read(name: &str, text: &str) -> Experiment {
    let mut sources = lutetia_diagnostic::Sources::new();
    spec::parse(name, text, &mut sources).unwrap_or_else(|faults| {
        panic!("{name}: {}", lutetia_diagnostic::render(&faults, &sources, false))
    })
}

fn columns(table: &Table) -> Vec<String> {
    table.columns.iter().map(|column| column.name.clone()).collect()
}

/// Every committed table of every experiment is declared with the columns that it has, and with the rows where they are
/// declared; every table that is declared for certain was made.
#[test]
fn exact_tables_are_made_as_they_are_declared() {
    let disk = Disk::new(repository());
    let (mut compared, mut with_rows) = (0, 0);
    for (name, text) in shipped() {
        let made = committed(&repository().join("reports").join(&name));
        let sheets = declared(&read(&name, &text), &disk);
        let of = |table: &str| sheets.iter().find(|sheet| sheet.name == *table);
        for (table, found) in &made {
            let sheet = of(table).unwrap_or_else(|| panic!("{name}: `{table}` is not declared"));
            let Sheet { columns: declared, open, among, rows, .. } = sheet;
            let found_columns = columns(found);
            if *open {
                assert!(found_columns.starts_with(declared), "{name}: {table}: {found_columns:?}");
                let further = &found_columns[declared.len()..];
                let known = |name| among.as_ref().is_none_or(|among| among.contains(name));
                assert!(further.iter().all(known), "{name}: {table}: {further:?}");
            } else {
                assert_eq!(&found_columns, declared, "{name}: {table}");
            }
            compared += 1;
            for (column, known) in &sheet.texts {
                let at = found.index_of(column).expect("a column");
                for cell in found.rows.iter().filter_map(|row| row.get(at)) {
                    assert!(
                        known.contains(&cell.csv()),
                        "{name}: {table}: {column}: {}",
                        cell.csv()
                    );
                }
            }
            if let Some(rows) = rows {
                with_rows += 1;
                for row in found.rows.iter().filter_map(|row| row.first()) {
                    assert!(
                        rows.contains(&row.csv()),
                        "{name}: {table}: {} in {rows:?}",
                        row.csv()
                    );
                }
            }
        }
        for sheet in sheets.iter().filter(|sheet| sheet.certain) {
            assert!(made.contains_key(&sheet.name), "{name}: `{}` was not made", sheet.name);
        }
    }
    assert!(compared > 300 && with_rows > 40, "{compared}, {with_rows} with rows");
}

/// A figure cannot be drawn without any one of the columns that it is said to need, and can with them alone.
#[test]
fn exact_figures_need_the_columns_that_they_name() {
    let (mut figures, mut needed) = (0, 0);
    for (name, text) in shipped() {
        let experiment = read(&name, &text);
        let mut tables = committed(&repository().join("reports").join(&name));
        for (data, spec) in &experiment.data {
            let Some(path) = &spec.table else { continue };
            let text = std::fs::read_to_string(repository().join(path)).expect("a table");
            tables.entry(data.clone()).or_insert_with(|| lutetia_table::read(data, &text));
        }
        for figure in &experiment.figures {
            let has = |table: &str, column: &str| {
                tables.get(table).is_some_and(|table| table.index_of(column).is_some())
            };
            let needs = figure.needs(&has);
            assert!(needs.roles.is_empty(), "{name}: {}: {:?}", figure.name(), needs.roles);
            assert!(charts::figure(figure, &tables).is_ok(), "{name}: {}", figure.name());
            figures += 1;
            for need in &needs.columns {
                let mut fewer = tables.clone();
                let table = fewer.get_mut(&need.table).expect("a table that is named");
                let kept: Vec<String> =
                    columns(table).into_iter().filter(|c| *c != need.column).collect();
                let kept: Vec<&str> = kept.iter().map(String::as_str).collect();
                *table = table.only(&kept);
                let drawn = charts::figure(figure, &fewer);
                assert!(drawn.is_err(), "{name}: {} without {need:?}", figure.name());
                needed += 1;
            }
        }
    }
    assert!(figures > 50 && needed > 150, "{figures} figures, {needed} columns");
}
