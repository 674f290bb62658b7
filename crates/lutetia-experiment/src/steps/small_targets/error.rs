//! Why nuclides cannot be compared in small targets.

use lutetia_units::typed;

/// Why nuclides cannot be compared in small targets.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SmallTargetsError {
    /// A number that must be above zero.
    #[error("{what} is {}; expected more than 0", typed(*value))]
    NotAboveZero {
        /// What.
        what: &'static str,
        /// As given.
        value: f64,
    },
    /// A nucleus that is not a part of its cell.
    #[error("the nucleus of {nucleus} is not within the cell of {cell}; expected a smaller one")]
    Nucleus {
        /// As given.
        nucleus: String,
        /// As given.
        cell: String,
    },
    /// Diameters that do not rise, or too few.
    #[error("`diameters` do not rise: {}; expected at least two, the bulk last", found.join(", "))]
    Diameters {
        /// As given.
        found: Vec<String>,
    },
    /// A probability that is none.
    #[error("`control` is {text}; expected a share between 0 % and 100 %")]
    Control {
        /// As given.
        text: String,
    },
}

impl SmallTargetsError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7171"
    }
}
