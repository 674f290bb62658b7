//! Quantities and nuclides.
#![allow(missing_docs)]

mod chains;
mod quantities;
