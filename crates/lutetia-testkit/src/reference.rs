//! Data of others that tests compare with and that may not be given on with the repository.

use std::path::PathBuf;

use crate::repository;

/// Names the folder of the reference data; without it they are looked for in `shared` beside the repository.
const FOLDER: &str = "LUTETIA_REFERENCE";

/// Set to `1`, what is not there fails a test instead of passing it over.
const REQUIRED: &str = "LUTETIA_REQUIRE_REFERENCE";

/// A file or folder of the reference data, or `None` with a printed reason.
///
/// # Panics
/// When it is not there and `LUTETIA_REQUIRE_REFERENCE` is `1`.
#[must_use]
#[allow(clippy::print_stdout)]
pub fn reference(path: &str) -> Option<PathBuf> {
    let folder = std::env::var_os(FOLDER).map(PathBuf::from);
    let found = folder.unwrap_or_else(|| repository().join("../shared")).join(path);
    if found.exists() {
        return Some(found);
    }
    let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
    assert!(!required, "{} is not there, and {REQUIRED} is 1", found.display());
    println!("skipped: {} is not there; {FOLDER} names the folder", found.display());
    None
}

/// The text of such a file.
///
/// # Panics
/// When it is there and cannot be read, and as [`reference()`].
#[must_use]
pub fn reference_text(path: &str) -> Option<String> {
    let text = |found: PathBuf| {
        std::fs::read_to_string(&found).unwrap_or_else(|e| panic!("{}: {e}", found.display()))
    };
    reference(path).map(text)
}
