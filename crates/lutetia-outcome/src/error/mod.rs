//! What can be wrong with a question about outcomes.

mod asked;
mod contradiction;
mod reason;

use crate::survival::Undetermined;

pub use asked::Asked;
pub use contradiction::Contradiction;
pub use reason::{Curve, NoAnswer, Of, Unfinished};

/// Why an outcome cannot be given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OutcomeError {
    /// A number outside its range.
    #[error("{quantity} is {value}{unit}; expected {expected}", unit = spaced(.unit))]
    OutOfRange {
        /// What the number is, and whose.
        quantity: String,
        /// What was found.
        value: f64,
        /// Unit of `value`; may be empty.
        unit: &'static str,
        /// What was expected, in the same unit.
        expected: &'static str,
    },
    /// Columns of one table that do not have the same length.
    #[error("`{what}` has {found} values for {expected} patients; give one value per patient")]
    Lengths {
        /// The column.
        what: String,
        /// Its length.
        found: usize,
        /// The number of patients.
        expected: usize,
    },
    /// A group without a patient.
    #[error(
        "{what} has no patients; expected at least 1: leave it out, or check the spelling of its label"
    )]
    Empty {
        /// The arm, stratum or table.
        what: String,
    },
    /// The data do not determine the answer.
    #[error("{what} is not determined: {reason}")]
    NotDetermined {
        /// What was asked for.
        what: Asked,
        /// Why there is no answer, and what would give one.
        reason: NoAnswer,
    },
    /// The data do not determine a model of survival times.
    #[error(transparent)]
    Undetermined(#[from] Undetermined),
    /// An iteration that came to no end.
    #[error("{what} did not converge: {reason}")]
    NotConverged {
        /// What was computed.
        what: Asked,
        /// What is known about the cause.
        reason: Unfinished,
    },
    /// A name that is not one of a fixed set.
    #[error("no {kind} named `{name}`; known are {known}")]
    UnknownName {
        /// What was to be named.
        kind: &'static str,
        /// As given.
        name: String,
        /// The known names.
        known: String,
    },
    /// Inputs that contradict each other.
    #[error(transparent)]
    Inconsistent(#[from] Contradiction),
}

impl OutcomeError {
    /// Code of the message, LUT9xxx.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::OutOfRange { .. } => "LUT9001",
            Self::Lengths { .. } => "LUT9002",
            Self::Empty { .. } => "LUT9003",
            Self::NotDetermined { .. } | Self::Undetermined(_) => "LUT9004",
            Self::NotConverged { .. } => "LUT9005",
            Self::UnknownName { .. } => "LUT9006",
            Self::Inconsistent(_) => "LUT9007",
        }
    }
}

fn spaced(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

/// `value` if it is finite and above zero.
pub(crate) fn above_zero(
    quantity: impl Into<String>,
    value: f64,
    unit: &'static str,
) -> Result<f64, OutcomeError> {
    within(quantity, value, unit, value > 0.0, "a finite number above 0")
}

/// `value` if it is finite and not below zero.
pub(crate) fn not_negative(
    quantity: impl Into<String>,
    value: f64,
    unit: &'static str,
) -> Result<f64, OutcomeError> {
    within(quantity, value, unit, value >= 0.0, "a finite number, 0 or more")
}

/// `value` if it is a number between 0 and 1, both included.
pub(crate) fn probability(quantity: impl Into<String>, value: f64) -> Result<f64, OutcomeError> {
    within(quantity, value, "", (0.0..=1.0).contains(&value), "a probability between 0 and 1")
}

/// A confidence level strictly between 0 and 1.
pub(crate) fn confidence_level(value: f64) -> Result<f64, OutcomeError> {
    let good = value > 0.0 && value < 1.0;
    within("confidence level", value, "", good, "a number between 0 and 1, such as 0.95")
}

/// `value` if it is finite and `good`.
pub(crate) fn within(
    quantity: impl Into<String>,
    value: f64,
    unit: &'static str,
    good: bool,
    expected: &'static str,
) -> Result<f64, OutcomeError> {
    if value.is_finite() && good {
        return Ok(value);
    }
    Err(OutcomeError::OutOfRange { quantity: quantity.into(), value, unit, expected })
}

pub(crate) fn not_determined(what: Asked, reason: NoAnswer) -> OutcomeError {
    OutcomeError::NotDetermined { what, reason }
}
