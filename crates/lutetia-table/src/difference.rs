//! A regenerated table beside the committed one.

use crate::{Cell, Table};

/// Why a regenerated table differs from the committed one.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Difference {
    /// The header or the number of rows changed.
    #[error("the table `{table}` has changed shape: found {found}, expected {expected}")]
    Shape {
        /// Table name.
        table: String,
        /// What was regenerated.
        found: String,
        /// What is committed.
        expected: String,
    },
    /// A cell changed by more than its tolerance.
    #[error(
        "the table `{table}` differs in row {row}, column `{column}`: \
         found `{found}`, expected `{expected}` within {tolerance} relative"
    )]
    Value {
        /// Table name.
        table: String,
        /// Row from 1.
        row: usize,
        /// Column header.
        column: String,
        /// What was regenerated.
        found: String,
        /// What is committed.
        expected: String,
        /// The relative tolerance.
        tolerance: f64,
    },
}

impl Table {
    /// Compares with the CSV text of an earlier run; numbers within the columns' tolerances.
    #[must_use]
    pub fn differences(&self, committed_csv: &str) -> Vec<Difference> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(committed_csv.as_bytes());
        let committed: Vec<Vec<String>> = reader
            .records()
            .filter_map(Result::ok)
            .map(|r| r.iter().map(str::to_owned).collect())
            .collect();
        let headers = self.headers();
        let old_headers = committed.first().cloned().unwrap_or_default();
        if headers != old_headers || committed.len() != self.rows.len() + 1 {
            return vec![Difference::Shape {
                table: self.name.clone(),
                found: format!("{} rows of [{}]", self.rows.len(), headers.join(", ")),
                expected: format!(
                    "{} rows of [{}]",
                    committed.len().saturating_sub(1),
                    old_headers.join(", ")
                ),
            }];
        }
        // A number is compared against the largest of its column where it is tiny itself, so that
        // a residual of 1e-12 beside one of 1 does not count as a difference.
        let scales: Vec<f64> = (0..self.columns.len())
            .map(|j| {
                self.rows
                    .iter()
                    .filter_map(|r| r.get(j).and_then(Cell::number))
                    .filter(|x| x.is_finite())
                    .fold(0.0, |a: f64, x| if x.abs() > a { x.abs() } else { a })
            })
            .collect();
        let mut found = Vec::new();
        for (i, (row, old)) in self.rows.iter().zip(&committed[1..]).enumerate() {
            for (j, cell) in row.iter().enumerate() {
                let tolerance = self.columns[j].tolerance;
                let text = cell.csv();
                let old_text = old.get(j).cloned().unwrap_or_default();
                let same = text == old_text
                    || match (cell.number(), old_text.parse::<f64>().ok()) {
                        (Some(x), Some(y)) => {
                            (x - y).abs()
                                <= tolerance * (x.abs().midpoint(y.abs()) + 1e-6 * scales[j])
                                    // half a unit of the last printed digit
                                    + 10f64.powi(1 - Self::DIGITS as i32) * y.abs()
                        }
                        _ => false,
                    };
                if !same {
                    found.push(Difference::Value {
                        table: self.name.clone(),
                        row: i + 1,
                        column: headers[j].clone(),
                        found: text,
                        expected: old_text,
                        tolerance,
                    });
                }
            }
        }
        found
    }
}
