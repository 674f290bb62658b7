//! The clock of treatments: internal time inside, days and months where people read.

/// Days in the month of survival times: a twelfth of a Julian year, 365.25 / 12.
pub const MONTH_D: f64 = 30.4375;
