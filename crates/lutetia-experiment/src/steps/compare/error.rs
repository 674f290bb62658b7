//! Why numbers are not set beside published ones.

use lutetia_table::{Cell, significant};
use lutetia_units::UnitError;

/// Why numbers are not set beside published ones.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CompareError {
    /// A largest difference that is none.
    #[error("`within` of `{what}`: {source}")]
    Within {
        /// Of which row.
        what: String,
        /// Why not.
        source: Box<UnitError>,
    },
    /// A number that has left what the text says of it.
    #[error(
        "{what}: found {}, expected {} within {within}; what the text says of the method no longer holds",
        found.pretty(),
        published.map_or_else(|| "a number".to_owned(), |x| significant(x, 4))
    )]
    Beyond {
        /// Which row.
        what: String,
        /// Ours.
        found: Box<Cell>,
        /// The published number, where it is one.
        published: Option<f64>,
        /// The most that they may differ, as typed.
        within: String,
    },
}

impl CompareError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Within { .. } | Self::Beyond { .. } => "LUT7156",
        }
    }
}
