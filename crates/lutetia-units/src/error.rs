//! What can be wrong with a quantity.

use crate::dimension::Dimension;

/// A text that is not a quantity, or two quantities that do not convert.
///
/// `start..end` are byte offsets into the text that was parsed, for a caret.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum UnitError {
    /// No unit of that name.
    #[error("unknown unit `{symbol}`{}", suggestion.as_ref().map_or_else(String::new, |s| format!("; did you mean `{s}`?")))]
    Unknown {
        /// As typed.
        symbol: String,
        /// A unit that is spelt alike.
        suggestion: Option<String>,
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
    },
    /// The text is not of the form number, unit.
    #[error("cannot read `{found}`: expected {expected}")]
    Syntax {
        /// The text at the fault.
        found: String,
        /// What would do.
        expected: &'static str,
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
    },
    /// The number is infinite or not a number.
    #[error("`{found}` is not a finite number")]
    NonFinite {
        /// As typed.
        found: String,
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
    },
    /// Different dimensions.
    #[error("`{from}` is {from_dimension}; expected {to_dimension} (such as `{to}`){}", hint(*from_dimension, *to_dimension))]
    Mismatch {
        /// Unit found.
        from: String,
        /// Its dimension.
        from_dimension: Dimension,
        /// Unit expected.
        to: String,
        /// Its dimension.
        to_dimension: Dimension,
    },
}

impl UnitError {
    /// The bytes of the parsed text at fault, if the fault lies in the text.
    #[must_use]
    pub fn range(&self) -> Option<(usize, usize)> {
        match self {
            Self::Unknown { start, end, .. }
            | Self::Syntax { start, end, .. }
            | Self::NonFinite { start, end, .. } => Some((*start, *end)),
            Self::Mismatch { .. } => None,
        }
    }
}

/// What a pair of dimensions that are often mixed up wants: the two differ by one exchange, alone or
/// inside a larger unit (`MBq/L` where `nmol/L` is wanted).
fn hint(from: Dimension, to: Dimension) -> &'static str {
    let ratio = from / to;
    let differ = |a: Dimension, b: Dimension| ratio == a / b || ratio == b / a;
    if differ(Dimension::ACTIVITY, Dimension::AMOUNT) {
        "; activity becomes an amount only through a nuclide"
    } else if differ(Dimension::ACTIVITY, Dimension::MASS) {
        "; activity becomes a mass only through a nuclide and a molar mass"
    } else if differ(Dimension::MASS, Dimension::AMOUNT) {
        "; mass becomes an amount only through a molar mass"
    } else if differ(Dimension::ACTIVITY, Dimension::RATE) {
        "; activity is a base quantity of its own, not a rate"
    } else if differ(Dimension::DOSE, Dimension::RBE_DOSE)
        || differ(Dimension::DOSE, Dimension::BED)
        || differ(Dimension::RBE_DOSE, Dimension::BED)
    {
        "; absorbed, RBE-weighted and biologically effective dose are told apart"
    } else {
        ""
    }
}
