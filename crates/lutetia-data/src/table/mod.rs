//! From bytes to cells that know where they stand.

mod cells;
mod clock;
mod faults;
mod header;
mod lines;
mod numbers;
mod reader;
mod spec;
mod title;
mod units;

use cells::{Cell, split};
pub(crate) use clock::Moment;
pub(crate) use faults::{Fault, Faults, Part, Place};
use header::Header;
pub use header::ReadAs;
pub(crate) use lines::Input;
use lines::LineFault;
use numbers::{Decimals, NumberFault, is_missing, parse_number};
pub(crate) use reader::{Bad, RowView, TableReader, When};
pub(crate) use spec::{ColumnSpec, Kind, Needed, TableSpec, Way, squashed};
pub(crate) use units::{Measure, Over};
