//! Tables: the numbers of a result with their units, written as CSV, JSON and Markdown, and compared with tolerance.
//!
//! ```
//! use lutetia_table::Table;
//!
//! let mut doses = Table::new("doses", "Absorbed dose by region").column("region", "").column("dose", "Gy");
//! doses.push(vec!["kidney".into(), 2.64.into()]);
//! assert_eq!(doses.to_csv(), "region,dose (Gy)\nkidney,2.64\n");
//! assert!(doses.differences("region,dose (Gy)\nkidney,2.64001\n").is_empty());
//! ```
//!
//! Nothing is computed from a table: what computes returns typed values, and tables are made of them.

mod cell;
mod difference;
mod error;
mod json;
mod origin;
mod read;
mod table;
mod tables;

pub use cell::Cell;
pub use difference::Difference;
pub use error::TableError;
pub use json::{json_number, json_numbers};
pub use origin::Origin;
pub use read::read;
pub use table::{Column, Table};
pub use tables::{Tables, cell, grouped, table};

pub use lutetia_units::significant;
