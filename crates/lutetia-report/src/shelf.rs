//! Tables of the reports of a repository, and calibrations kept beside a trial.

use std::{
    fs,
    path::{Path, PathBuf},
};

use lutetia_experiment::{
    Failure,
    shelf::{Shelf, Stale},
};

use crate::{provenance::Provenance, write::write_atomically};

/// The reports under a folder.
#[derive(Debug, Clone)]
pub struct Reports {
    root: PathBuf,
}

impl Reports {
    /// Those of the repository at `root`.
    #[must_use]
    pub fn of(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl Shelf for Reports {
    fn table(&self, folder: &Path, experiment: &str, table: &str) -> Result<String, Stale> {
        let provenance = Provenance::of(folder).ok_or(Stale::Unmade)?;
        provenance.vouches(&self.root, folder, experiment, table)?;
        let path = format!("tables/{table}.csv");
        fs::read_to_string(folder.join(&path)).map_err(|_| Stale::Missing { path })
    }

    fn keep(&self, path: &Path, text: &str) -> Result<(), Failure> {
        write_atomically(path, text.as_bytes()).map_err(|e| Failure::Keep {
            action: e.action,
            path: e.path,
            source: e.source,
        })
    }
}
