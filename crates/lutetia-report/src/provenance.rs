//! How a result was made: hashes of everything that went in, seed, tolerances, version.

use std::{collections::BTreeMap, fs, path::Path};

use lutetia_experiment::{
    shelf::Stale,
    world::{hash, hash_file},
};
use serde::{Deserialize, Serialize};

/// How a report was made. Written as `provenance.json` beside it; a report whose inputs and outputs
/// still have these hashes is not made again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Version of Lutetia.
    pub version: String,
    /// Seed of the random generators.
    pub seed: u64,
    /// Numerical settings.
    pub settings: BTreeMap<String, String>,
    /// SHA-256 of every file read, by path from the root of the repository.
    pub inputs: BTreeMap<String, String>,
    /// SHA-256 of every file written, by path from the folder of the report.
    pub outputs: BTreeMap<String, String>,
}

/// The hash of an input as it is now: of its file, or of the bundled model that was read in place of one.
fn hash_input(root: &Path, path: &str) -> Option<String> {
    match hash_file(&root.join(path)) {
        Ok(hash) => Some(hash),
        Err(_) => lutetia_models::find(path).map(|model| hash(model.text.as_bytes())),
    }
}

impl Provenance {
    /// Whether the report in `folder` was made by `version` from these inputs (paths from `root`),
    /// and none of its files has been changed since.
    #[must_use]
    pub fn is_current(&self, version: &str, root: &Path, folder: &Path) -> bool {
        let inputs = |(path, expected): (&String, &String)| {
            hash_input(root, path).is_some_and(|found| found == *expected)
        };
        let outputs = |(path, expected): (&String, &String)| {
            hash_file(&folder.join(path)).is_ok_and(|found| found == *expected)
        };
        self.version == version
            && self.inputs.iter().all(inputs)
            && self.outputs.iter().all(outputs)
    }

    /// Whether a table of the report in `folder` is what this version makes of the files under `root` and of this text
    /// of its experiment.
    ///
    /// # Errors
    /// What has changed since.
    pub fn vouches(
        &self,
        root: &Path,
        folder: &Path,
        experiment: &str,
        table: &str,
    ) -> Result<(), Stale> {
        if self.version != env!("CARGO_PKG_VERSION") {
            return Err(Stale::Version { version: self.version.clone() });
        }
        for (path, expected) in &self.inputs {
            let found = if Path::new(path).file_name().is_some_and(|n| n == "experiment.toml") {
                hash(experiment.as_bytes())
            } else {
                hash_input(root, path).unwrap_or_default()
            };
            if found != *expected {
                return Err(Stale::Changed { path: path.clone() });
            }
        }
        let path = format!("tables/{table}.csv");
        let found = hash_file(&folder.join(&path)).unwrap_or_default();
        match self.outputs.get(&path) {
            Some(expected) if *expected == found => Ok(()),
            Some(_) => Err(Stale::Altered { path }),
            None => Err(Stale::Missing { path }),
        }
    }

    /// The provenance of the report in a folder; none where it was not made.
    #[must_use]
    pub fn of(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(folder.join("provenance.json")).ok()?).ok()
    }
}
