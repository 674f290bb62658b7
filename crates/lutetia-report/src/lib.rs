//! Reports: pages, provenance, and the writer that leaves nothing half-written.
//!
//! [`run::run`] regenerates the reports under `reports/`: `lutetia-experiment` computes, `lutetia-figure` draws.
//!
//! ```
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("tables/doses.csv");
//! // The whole file or nothing, also where the run is stopped in the middle; folders are made.
//! lutetia_report::write::write_atomically(&path, b"region,dose (Gy)\nkidney,2.64\n")?;
//! assert!(std::fs::read_to_string(&path)?.ends_with("kidney,2.64\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod cache;
pub mod page;
pub mod patient;
pub mod provenance;
pub mod run;
pub mod shelf;
pub mod steps;
pub mod write;

pub use write::{AtomicFile, WriteError};
