//! What can be wrong with values that are varied alone?

/// Why a value cannot be varied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaryFault {
    /// A share of toxicities that nothing grades.
    #[error("the result `grade3-or-more` needs `toxicities`; the trial `{trial}` has none")]
    NoToxicities {
        /// The trial.
        trial: String,
    },
    /// A mean over nobody.
    #[error("`patients` is 0, expected at least 1")]
    NoPatients,
    /// A row of a table without an end.
    #[error("`{table}` has no number for `{parameter}`")]
    NoNumber {
        /// The table.
        table: String,
        /// The parameter.
        parameter: String,
    },
    /// Keys that give no ends.
    #[error("`{parameter}` mixes keys or lacks one; expected `low` and `high`, `from`, or `data`")]
    Keys {
        /// The parameter.
        parameter: String,
    },
    /// Ends in the wrong order.
    #[error("the low end of `{parameter}` is not below its high end")]
    Order {
        /// The parameter.
        parameter: String,
    },
}

impl VaryFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoToxicities { .. } => "LUT7123",
            Self::NoPatients => "LUT7126",
            Self::NoNumber { .. } | Self::Keys { .. } | Self::Order { .. } => "LUT7139",
        }
    }
}
