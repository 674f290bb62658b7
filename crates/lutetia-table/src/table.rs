//! Columns with units, and rows.

use serde::Serialize;

use crate::{Cell, Origin, TableError, json_number};

/// One column of a [`Table`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Column {
    /// Machine-readable name, lower-case with underscores.
    pub name: String,
    /// Unit as printed; empty for text and pure numbers.
    pub unit: String,
    /// Relative tolerance when a regenerated table is compared with the committed one.
    pub tolerance: f64,
}

/// A table with a name, a caption, columns with units, and rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Table {
    /// File name without ending.
    pub name: String,
    /// One sentence that says what the table shows.
    pub caption: String,
    /// Columns.
    pub columns: Vec<Column>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Cell>>,
    /// Whether the numbers were observed or simulated.
    #[serde(skip)]
    pub origin: Origin,
}

impl Table {
    /// Significant digits of a number in a CSV file.
    pub const DIGITS: usize = Cell::DIGITS;

    /// Relative tolerance of computed numbers unless a column says otherwise. Fits stop at a relative
    /// change of 1e-8 and integrations run at rtol 1e-6, so that another processor's rounding moves
    /// the fifth digit at most.
    pub const TOLERANCE: f64 = 1e-4;

    /// An empty table.
    #[must_use]
    pub fn new(name: impl Into<String>, caption: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            caption: caption.into(),
            columns: Vec::new(),
            rows: Vec::new(),
            origin: Origin::Unknown,
        }
    }

    /// The table with its origin.
    #[must_use]
    pub fn of(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// Adds a column.
    #[must_use]
    pub fn column(mut self, name: &str, unit: &str) -> Self {
        self.columns.push(Column {
            name: name.to_owned(),
            unit: unit.to_owned(),
            tolerance: Self::TOLERANCE,
        });
        self
    }

    /// Sets the comparison tolerance of the column added last.
    #[must_use]
    pub fn tolerance(mut self, relative: f64) -> Self {
        if let Some(column) = self.columns.last_mut() {
            column.tolerance = relative;
        }
        self
    }

    /// Adds a row; it is cut or filled with missing cells to the number of columns.
    pub fn push(&mut self, mut row: Vec<Cell>) {
        row.resize(self.columns.len(), Cell::Missing);
        self.rows.push(row);
    }

    /// Adds the columns of `other` where there are none yet, and its rows, each behind the cells of
    /// `lead` in columns of those names. A column that one of both lacks is empty there.
    pub fn append(&mut self, names: &[&str], lead: &[Cell], other: &Self) {
        let lead_columns = names.iter().map(|name| Column {
            name: (*name).to_owned(),
            unit: String::new(),
            tolerance: Self::TOLERANCE,
        });
        for column in lead_columns.chain(other.columns.iter().cloned()) {
            if !self.columns.iter().any(|c| c.name == column.name) {
                self.columns.push(column);
            }
        }
        for row in &other.rows {
            let mut cells = vec![Cell::Missing; self.columns.len()];
            let named = names.iter().copied().zip(lead);
            let own = other.columns.iter().map(|c| c.name.as_str()).zip(row);
            for (name, cell) in named.chain(own) {
                if let Some(at) = self.index_of(name) {
                    cells[at] = cell.clone();
                }
            }
            self.push(cells);
        }
        let width = self.columns.len();
        for row in &mut self.rows {
            row.resize(width, Cell::Missing);
        }
    }

    /// The rows as JSON objects by header, numbers to twelve digits; nothing is `null`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let headers = self.headers();
        let rows = self.rows.iter().map(|row| {
            let cells = row.iter().map(|cell| match cell {
                Cell::Int(count) => serde_json::json!(count),
                Cell::Bool(yes) => serde_json::json!(yes),
                Cell::Number(number) => json_number(*number),
                Cell::Text(text) => serde_json::json!(text),
                Cell::Missing => serde_json::Value::Null,
            });
            serde_json::Value::Object(headers.iter().cloned().zip(cells).collect())
        });
        serde_json::Value::Array(rows.collect())
    }

    /// The table with the columns named, in that order; a name that is not a column is left out.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        let at: Vec<usize> = names.iter().filter_map(|name| self.index_of(name)).collect();
        let pick = |row: &Vec<Cell>| {
            at.iter().map(|&i| row.get(i).cloned().unwrap_or(Cell::Missing)).collect()
        };
        Self {
            name: self.name.clone(),
            caption: self.caption.clone(),
            columns: at.iter().filter_map(|&i| self.columns.get(i).cloned()).collect(),
            rows: self.rows.iter().map(pick).collect(),
            origin: self.origin,
        }
    }

    /// The index of a column by name.
    #[must_use]
    pub fn index_of(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }

    /// The index of a column that must exist.
    ///
    /// # Errors
    /// When there is none of that name; the message lists those there are.
    pub fn index(&self, column: &str) -> Result<usize, TableError> {
        self.index_of(column).ok_or_else(|| TableError::NoColumn {
            table: self.name.clone(),
            column: column.to_owned(),
            known: self.columns.iter().map(|c| c.name.clone()).collect(),
        })
    }

    /// The cell in the row named `key`: the first row with that text in the first column, or, where
    /// the first column has it nowhere, in any column (published tables lead with the subject).
    #[must_use]
    pub fn get(&self, key: &str, column: &str) -> Option<&Cell> {
        let at = self.index_of(column)?;
        let leads = |r: &&Vec<Cell>| r.first().is_some_and(|c| c.csv() == key);
        let has = |r: &&Vec<Cell>| r.iter().any(|c| matches!(c, Cell::Text(t) if t == key));
        self.rows.iter().find(leads).or_else(|| self.rows.iter().find(has))?.get(at)
    }

    /// The headers as they stand in a CSV file: `name (unit)`.
    #[must_use]
    pub fn headers(&self) -> Vec<String> {
        self.columns
            .iter()
            .map(|c| {
                if c.unit.is_empty() { c.name.clone() } else { format!("{} ({})", c.name, c.unit) }
            })
            .collect()
    }

    /// The table as CSV (comma, LF, header `name (unit)`).
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
        // Writing to memory cannot fail, and every row has the width of the header.
        let _ = writer.write_record(self.headers());
        for row in &self.rows {
            let _ = writer.write_record(row.iter().map(Cell::csv));
        }
        writer.into_inner().ok().and_then(|b| String::from_utf8(b).ok()).unwrap_or_default()
    }

    /// The table as a Markdown table for people.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let escape = |s: String| s.replace('|', "\\|").replace('\n', " ");
        let mut out = String::new();
        let headers: Vec<String> = self
            .columns
            .iter()
            .map(|c| {
                let unit = if c.unit.is_empty() { String::new() } else { format!(" ({})", c.unit) };
                escape(readable(&c.name) + &unit)
            })
            .collect();
        out.push_str(&format!("| {} |\n", headers.join(" | ")));
        let rules: Vec<&str> = (0..self.columns.len())
            .map(|i| {
                let numeric =
                    self.rows.iter().any(|r| r.get(i).is_some_and(|c| c.number().is_some()));
                if numeric { "---:" } else { ":---" }
            })
            .collect();
        out.push_str(&format!("| {} |\n", rules.join(" | ")));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(|c| escape(c.pretty())).collect();
            out.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        out
    }
}

/// A column header as people read it.
///
/// Underscores of words become spaces (`half_life (h)`), those of a symbol or of a name that models use
/// stay (`tumour:k_g (1/h)`), since the name with a space does not exist.
fn readable(name: &str) -> String {
    let symbol = name.contains(':')
        || name.chars().any(char::is_uppercase)
        || name.split('_').next().is_some_and(|first| first.chars().count() < 2);
    if symbol { name.replace('_', "\\_") } else { name.replace('_', " ") }
}

#[cfg(test)]
mod tests {
    use lutetia_units::significant;

    use super::*;
    use crate::Difference;

    #[test]
    fn exact_headers_keep_the_underscores_of_names() {
        for (name, header) in [
            ("half_life_cv", "half life cv"),
            ("hazard_ratio_low", "hazard ratio low"),
            ("tumour:k_g", "tumour:k\\_g"),
            ("survival:lambda_", "survival:lambda\\_"),
            ("care:k_care", "care:k\\_care"),
            ("k_leave", "k\\_leave"),
            ("T_clear", "T\\_clear"),
        ] {
            assert_eq!(readable(name), header);
        }
        let mut table = Table::new("t", "c").column("survival:lambda_", "d");
        table.push(vec![1.0.into()]);
        assert!(table.to_markdown().starts_with("| survival:lambda\\_ (d) |"), "{table:?}");
    }

    #[test]
    fn exact_json_has_no_rounding_noise() {
        let mut table = Table::new("t", "c").column("observations", "").column("mass", "g");
        table.push(vec![4.0.into(), 249.073_650_000_000_01.into()]);
        let rows = table.to_json();
        assert_eq!(rows[0]["observations"].to_string(), "4");
        assert_eq!(rows[0]["mass (g)"].to_string(), "249.07365");
    }

    #[test]
    fn exact_significant_digits() {
        assert_eq!(significant(7210.427, 6), "7210.43");
        assert_eq!(significant(0.000123456789, 4), "0.0001235");
        assert_eq!(significant(1.0, 6), "1");
        assert_eq!(significant(-0.0, 6), "0");
        assert_eq!(significant(9.999999, 3), "10");
        assert_eq!(significant(123456789.0, 3), "1.23e8");
        assert_eq!(significant(2.37e-14, 6), "2.37e-14");
        assert_eq!(significant(100.0, 2), "100");
    }

    fn table(x: f64) -> Table {
        let mut t = Table::new("t", "").column("region", "").column("dose", "Gy");
        t.push(vec!["kidney".into(), x.into()]);
        t
    }

    #[test]
    fn exact_round_trip_and_tolerance() {
        let csv = table(2.64).to_csv();
        assert_eq!(csv, "region,dose (Gy)\nkidney,2.64\n");
        assert!(table(2.64).differences(&csv).is_empty());
        assert!(table(2.640_01).differences(&csv).is_empty());
        assert_eq!(table(2.65).differences(&csv).len(), 1);
        assert!(matches!(table(2.64).differences("a\n")[0], Difference::Shape { .. }));
    }
}
