//! Doses as the file that is read: `doses.csv`.

use super::{DoseRow, RowKind};

/// A column that a file may have: its header, and the cell of a row where that says something.
type Column = (&'static str, fn(&DoseRow) -> Option<String>);

const COLUMNS: [Column; 11] = [
    ("subject", |row| Some(row.subject.clone())),
    ("cycle", |row| Some(row.cycle.to_string())),
    ("time (h)", |row| Some(row.time_h.to_string())),
    ("nuclide", |row| Some(row.nuclide.clone())),
    ("activity (MBq)", |row| Some(row.activity_mbq.to_string())),
    ("amount (nmol)", |row| row.amount_nmol.map(|x| x.to_string())),
    ("duration (h)", |row| row.duration_h.map(|x| x.to_string())),
    ("every (h)", |row| row.every_h.map(|x| x.to_string())),
    ("kind", |row| (row.kind != RowKind::Add).then(|| row.kind.word().to_owned())),
    ("into", |row| row.into.clone()),
    ("note", |row| row.note.clone()),
];

/// Columns that every file has.
const ALWAYS: usize = 5;

impl DoseRow {
    /// The text of `doses.csv` with these rows, which [`Study::parse`](crate::Study::parse) reads back. Columns that
    /// no row fills are left out.
    #[must_use]
    pub fn table(rows: &[Self]) -> String {
        let filled =
            |at: &usize| *at < ALWAYS || rows.iter().any(|row| COLUMNS[*at].1(row).is_some());
        let columns: Vec<Column> =
            (0..COLUMNS.len()).filter(filled).map(|at| COLUMNS[at]).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        // Writing to memory cannot fail.
        let _ = writer.write_record(columns.iter().map(|(header, _)| *header));
        for row in rows {
            let _ =
                writer.write_record(columns.iter().map(|(_, cell)| cell(row).unwrap_or_default()));
        }
        writer.into_inner().ok().and_then(|b| String::from_utf8(b).ok()).unwrap_or_default()
    }
}
