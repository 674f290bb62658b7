//! A table survives Arrow and Parquet with its types, units, tolerances and origin.
#![allow(missing_docs)]

use lutetia_arrow::{from_batch, from_ipc, from_parquet, to_batch, to_ipc, to_parquet};
use lutetia_table::{Cell, Origin, Table};

fn table(rows: usize) -> Table {
    let mut table = Table::new("doses", "Absorbed dose by region")
        .column("region", "")
        .column("dose", "Gy")
        .tolerance(1e-3)
        .column("points", "")
        .column("refuted", "")
        .column("note", "")
        .column("nothing", "h")
        .of(Origin::Simulated);
    for k in 0..rows {
        table.push(vec![
            format!("region {k}").into(),
            if k % 3 == 0 { Cell::Missing } else { (1.0 / (k as f64)).into() },
            Cell::Int(k as i64),
            Cell::Bool(k % 2 == 0),
            if k % 2 == 0 { "not determined".into() } else { Cell::Missing },
            Cell::Missing,
        ]);
    }
    table
}

#[test]
fn exact_tables_survive() {
    for rows in [0, 1, 5, 5000] {
        let table = table(rows);
        assert_eq!(from_batch(&to_batch(&table).expect("a batch")).expect("a table"), table);
        assert_eq!(from_ipc(&to_ipc(&table).expect("a file")).expect("a table"), table);
        assert_eq!(from_parquet(to_parquet(&table).expect("a file")).expect("a table"), table);
    }
}

#[test]
fn exact_a_column_of_numbers_and_text_is_text() {
    let mut table = Table::new("p", "").column("p", "");
    table.push(vec![0.25.into()]);
    table.push(vec!["< 1e-300".into()]);
    let back = from_batch(&to_batch(&table).expect("a batch")).expect("a table");
    assert_eq!(back.to_csv(), table.to_csv());
}

#[test]
fn exact_what_is_no_file_is_refused() {
    assert!(from_ipc(b"not an Arrow file").is_err());
    assert!(from_parquet(b"not a Parquet file".to_vec()).is_err());
}
