//! Experiments → tables, figures, pages, provenance.

pub mod figure;
pub mod table;
pub mod write;

pub use table::{Cell, Column, Table};
