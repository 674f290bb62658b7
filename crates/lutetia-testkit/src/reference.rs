//! Data of others that tests compare with and that may not be given on with the repository.

use std::path::PathBuf;

/// Names the folder of the reference data; without it there are none.
const FOLDER: &str = "LUTETIA_REFERENCE";

/// Set to `1`, what is not there fails a test instead of passing it over.
const REQUIRED: &str = "LUTETIA_REQUIRE_REFERENCE";

/// A file or folder of the reference data, or `None` with a printed reason.
///
/// # Panics
/// When it is not there and `LUTETIA_REQUIRE_REFERENCE` is `1`.
#[must_use]
#[expect(clippy::print_stdout, reason = "a test that is passed over says so")]
pub fn reference(path: &str) -> Option<PathBuf> {
    let found = std::env::var_os(FOLDER).map(|folder| PathBuf::from(folder).join(path));
    if let Some(found) = found.filter(|found| found.exists()) {
        return Some(found);
    }
    let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "1");
    assert!(!required, "`{path}` is not in the folder that {FOLDER} names, and {REQUIRED} is 1");
    println!("skipped: `{path}` is not in the folder that {FOLDER} names");
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
