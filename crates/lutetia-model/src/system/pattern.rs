//! Where a sparse matrix may be non-zero.

/// Compressed-column pattern: rows of column j are
/// `row_indices[column_starts[j]..column_starts[j + 1]]`, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SparsePattern {
    pub(crate) rows: usize,
    pub(crate) column_starts: Vec<usize>,
    pub(crate) row_indices: Vec<usize>,
}

impl SparsePattern {
    /// From the columns of each row; returns also, for each entry in column order, its (row,
    /// position within the row).
    pub(crate) fn from_rows(rows: &[Vec<u32>], columns: usize) -> (Self, Vec<(usize, usize)>) {
        let mut column_starts = vec![0; columns + 1];
        for row in rows {
            for &column in row {
                column_starts[column as usize + 1] += 1;
            }
        }
        for j in 0..columns {
            column_starts[j + 1] += column_starts[j];
        }
        let count = column_starts[columns];
        let mut next = column_starts.clone();
        let mut row_indices = vec![0; count];
        let mut origin = vec![(0, 0); count];
        for (i, row) in rows.iter().enumerate() {
            for (k, &column) in row.iter().enumerate() {
                let place = next[column as usize];
                next[column as usize] += 1;
                row_indices[place] = i;
                origin[place] = (i, k);
            }
        }
        (Self { rows: rows.len(), column_starts, row_indices }, origin)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.column_starts.len().saturating_sub(1)
    }

    /// Number of entries.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.row_indices.len()
    }

    /// Start of each column in the entries; one longer than the columns.
    #[must_use]
    pub fn column_starts(&self) -> &[usize] {
        &self.column_starts
    }

    /// Row of each entry.
    #[must_use]
    pub fn row_indices(&self) -> &[usize] {
        &self.row_indices
    }

    /// (row, column) of each entry, in the order of the values.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        (0..self.columns()).flat_map(move |j| {
            self.row_indices[self.column_starts[j]..self.column_starts[j + 1]]
                .iter()
                .map(move |&i| (i, j))
        })
    }
}
