//! Reports: pages, provenance, and the writer that leaves nothing half-written.
//!
//! [`run::run`] regenerates the reports under `reports/`: `lutetia-experiment` computes, `lutetia-figure` draws.

pub mod cache;
pub mod page;
pub mod patient;
pub mod provenance;
pub mod run;
pub mod shelf;
pub mod steps;
pub mod write;

pub use write::{AtomicFile, WriteError};
