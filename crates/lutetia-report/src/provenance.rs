//! How a result was made: hashes of everything that went in, seed, tolerances, version.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

/// SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, read in pieces.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Provenance {
    /// Whether the report in `folder` was made by `version` from these inputs (paths from `root`),
    /// and none of its files has been changed since.
    #[must_use]
    pub fn is_current(&self, version: &str, root: &Path, folder: &Path) -> bool {
        let same = |base: &Path, files: &BTreeMap<String, String>| {
            files.iter().all(|(path, expected)| {
                hash_file(&base.join(path)).is_ok_and(|found| found == *expected)
            })
        };
        self.version == version && same(root, &self.inputs) && same(folder, &self.outputs)
    }
}
