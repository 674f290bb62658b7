//! What a table does not hold.

/// A table, row or column that was named and does not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// A path to a cell that is not `table/row/column`.
    #[error("`{path}` is not of the form `table/row/column`")]
    Path {
        /// As written.
        path: String,
    },
    /// No table of that name.
    #[error("there is no table `{name}`; there are: {}", known.join(", "))]
    NoTable {
        /// As asked.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No column of that name.
    #[error("the table `{table}` has no column `{column}`; it has: {}", known.join(", "))]
    NoColumn {
        /// Where.
        table: String,
        /// As asked.
        column: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No row of that name.
    #[error("the table `{table}` has no row `{row}`; it has: {}", known.join(", "))]
    NoRow {
        /// Where.
        table: String,
        /// As asked.
        row: String,
        /// The first cell of each row.
        known: Vec<String>,
    },
}
