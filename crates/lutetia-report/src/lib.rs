//! Experiments → tables, figures, pages, provenance.
//!
//! [`run::run`] regenerates the reports under `reports/`; [`steps`] holds the computations they are
//! made of, which the command offers one by one; [`table`] and [`figure`] are what they make.

pub mod charts;
pub mod experiment;
pub mod figure;
pub mod library;
pub mod map;
pub mod page;
pub mod patient;
pub mod provenance;
pub mod run;
pub mod steps;
pub mod table;
pub mod write;

pub use table::{Cell, Column, Origin, Table};
pub use write::{AtomicFile, WriteError};
