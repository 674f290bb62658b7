//! What was made before: tables of reports, and calibrations kept beside a trial.

use std::path::Path;

use crate::Failure;

/// Why a table of a report cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// Nothing says how the report was made.
    #[error("it was not made yet")]
    Unmade,
    /// Another version of Lutetia made it.
    #[error("it was made by version {version}")]
    Version {
        /// Which.
        version: String,
    },
    /// Something it was made of has changed.
    #[error("`{path}` has changed since it was made")]
    Changed {
        /// Which.
        path: String,
    },
    /// Somebody edited the table.
    #[error("`{path}` was changed after it was written")]
    Altered {
        /// Which.
        path: String,
    },
    /// It does not make that table.
    #[error("it has no `{path}`")]
    Missing {
        /// Which.
        path: String,
    },
}

/// Where a trial that is run by itself finds what was made before, and keeps what it had to make.
pub trait Shelf: Sync {
    /// The CSV text of a table of the report in `folder`, if it is what this version makes of the files of today and
    /// of `experiment`, the text of its experiment.
    ///
    /// # Errors
    /// [`Stale`].
    fn table(&self, folder: &Path, experiment: &str, table: &str) -> Result<String, Stale>;

    /// Writes a file whole or not at all.
    ///
    /// # Errors
    /// [`Failure::Keep`].
    fn keep(&self, path: &Path, text: &str) -> Result<(), Failure>;
}
