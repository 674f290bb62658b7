//! What the tests of several crates share. Nothing here is linked into what is shipped, and everything panics where a test
//! would fail anyway.
//!
//! [`Rows`] reads tables by the names of their columns; [`repository`] is where the files of users lie, and
//! [`reference()`] where those of others that may not lie there. With the feature
//! `experiments`, `Files` runs an experiment in memory; with `models`, `Build` makes a model without a text.

#[cfg(feature = "models")]
mod build;
#[cfg(feature = "experiments")]
mod files;
#[cfg(feature = "models")]
mod nuclides;
mod reference;
mod rows;
mod small;

use std::path::{Path, PathBuf};

#[cfg(feature = "models")]
pub use build::{
    Build, activity, amount, call, checked, num, quantity, receptor, stays_cold, unit, volume,
};
#[cfg(feature = "experiments")]
pub use files::{EXPERIMENT, Files, Ran, heading, said};
#[cfg(feature = "models")]
pub use nuclides::{nuclide, nuclide_table};
pub use reference::{reference, reference_text};
pub use rows::{Row, Rows};
pub use small::CONSTANT_HAZARD;

/// The root of the repository, which holds `models/`, `data/` and `reports/`.
#[must_use]
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of a file of the repository, by its path from the root.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn text(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}
