//! Tables as a reader has them: digits as they are printed, columns by name.

use std::ops::{Deref, Index};

/// The rows of a table, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows(Vec<Row>);

/// One row: header and cell of each column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row(Vec<(String, String)>);

impl Rows {
    /// Those of a CSV text.
    ///
    /// # Panics
    /// When the text is not CSV.
    #[must_use]
    pub fn read(text: &str) -> Self {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().expect("a header").clone();
        let row = |record: csv::StringRecord| {
            Row(headers.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect())
        };
        Self(reader.records().map(|record| row(record.expect("a row"))).collect())
    }

    /// The first row with that text in a column.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn row(&self, column: &str, text: &str) -> &Row {
        let found = self.0.iter().find(|row| row.text(column) == text);
        found.unwrap_or_else(|| panic!("no row has `{text}` in `{column}`: {self:?}"))
    }

    /// The numbers of a column.
    ///
    /// # Panics
    /// When there is no such column, or a cell of it is not a number.
    #[must_use]
    pub fn numbers(&self, column: &str) -> Vec<f64> {
        self.0.iter().map(|row| row.number(column)).collect()
    }
}

impl Deref for Rows {
    type Target = [Row];

    fn deref(&self) -> &[Row] {
        &self.0
    }
}

impl<'a> IntoIterator for &'a Rows {
    type Item = &'a Row;
    type IntoIter = std::slice::Iter<'a, Row>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Row {
    /// The cell of a column, named by its header with or without the unit.
    #[must_use]
    pub fn get(&self, column: &str) -> Option<&str> {
        let named = |header: &str| header == column || header.split(" (").next() == Some(column);
        self.0.iter().find(|(header, _)| named(header)).map(|(_, cell)| cell.as_str())
    }

    /// The same of a column that must be there.
    ///
    /// # Panics
    /// When it is not.
    #[must_use]
    pub fn text(&self, column: &str) -> &str {
        self.get(column).unwrap_or_else(|| panic!("no column `{column}`: {self:?}"))
    }

    /// The same as a number.
    ///
    /// # Panics
    /// When there is no such column, or its cell is not a number.
    #[must_use]
    pub fn number(&self, column: &str) -> f64 {
        let text = self.text(column);
        text.parse().unwrap_or_else(|_| panic!("`{column}` is `{text}`: {self:?}"))
    }

    /// The text of the first column, which names a row in most tables.
    ///
    /// # Panics
    /// When the table has no columns.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.first().expect("a column").1
    }
}

/// As [`Row::text`].
impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        self.text(column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "region,dose (Gy),bed (Gy(BED)),note\nkidney,2.5,3,ok\nliver,,,none\n";

    #[test]
    fn exact_cells_are_found_by_the_names_of_row_and_column() {
        let rows = Rows::read(TEXT);
        assert_eq!(rows.len(), 2);
        let kidney = rows.row("region", "kidney");
        assert!((kidney.number("dose") - 2.5).abs() < 1e-12);
        assert!((kidney.number("dose (Gy)") - 2.5).abs() < 1e-12);
        assert!((kidney.number("bed") - 3.0).abs() < 1e-12);
        assert_eq!((kidney.name(), rows.row("note", "none").text("dose")), ("kidney", ""));
    }

    #[test]
    fn exact_a_part_of_a_name_is_not_the_name() {
        let rows = Rows::read(TEXT);
        for column in ["dos", "dose (mGy)", "Gy", ""] {
            assert_eq!(rows[0].get(column), None, "{column}");
        }
    }
}
