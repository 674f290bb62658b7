//! From bytes to cells that know where they stand.

mod cells;
mod faults;
mod header;
mod lines;
mod numbers;
mod reader;

use cells::{Cell, split};
pub(crate) use faults::{Fault, Faults, Part, Place};
use header::Header;
pub(crate) use header::{ColumnSpec, Kind, TableSpec};
pub(crate) use lines::Input;
use lines::LineFault;
use numbers::{Decimals, NumberFault, is_missing, parse_number};
pub(crate) use reader::{Bad, RowView, TableReader};
