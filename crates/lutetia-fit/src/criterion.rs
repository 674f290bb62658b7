//! Why a fit has no criterion to be chosen by.

use std::fmt;

use crate::error::SelectionError;
use crate::problem::VarianceCount;

/// Why a criterion of a fit is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoCriterion {
    /// The likelihood has no bound: the curve passes through every point.
    Interpolates,
    /// AICc has no meaning.
    NoAicc {
        /// Why not.
        cause: SelectionError,
        /// Whether the variance counts among the parameters.
        variance: VarianceCount,
    },
}

impl fmt::Display for NoCriterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interpolates => f.write_str(
                "the curve passes through every point, so the likelihood has no maximum",
            ),
            Self::NoAicc { cause, variance } => {
                write!(f, "{cause} (the variance is {})", variance.describe())
            }
        }
    }
}
