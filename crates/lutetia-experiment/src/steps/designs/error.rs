//! Why designs cannot be compared.

use lutetia_units::typed;

/// Why designs cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DesignsError {
    /// A target that is not a region.
    #[error("`target` is `{target}`, which is not among the regions: {}", regions.join(", "))]
    Target {
        /// As named.
        target: String,
        /// Those there are.
        regions: Vec<String>,
    },
    /// Nothing limits the activity.
    #[error("no region beside the target has a `limit`; expected one such as `limit = \"23 Gy\"`")]
    NoLimit,
    /// A number that must be above zero.
    #[error("{what} is {}; expected more than 0", typed(*value))]
    NotAboveZero {
        /// What.
        what: String,
        /// As given.
        value: f64,
    },
    /// A base that is not among the values.
    #[error("`base` of `{axis}` is `{base}`; expected one of its values: {}", values.join(", "))]
    Base {
        /// The axis.
        axis: String,
        /// As given.
        base: String,
        /// Its values.
        values: Vec<String>,
    },
    /// A target without dose.
    #[error("the target gets no dose from `{design}`; nothing can be compared")]
    NoDose {
        /// The design.
        design: String,
    },
    /// Two models of one nuclide.
    #[error("`{first}` and `{second}` both have {nuclide}; expected another nuclide in each model")]
    NuclideTwice {
        /// A model.
        first: String,
        /// Another.
        second: String,
        /// The nuclide of both.
        nuclide: String,
    },
    /// Too many combinations.
    #[error("{count} designs are asked for; expected at most {most}")]
    TooMany {
        /// How many.
        count: usize,
        /// The most.
        most: usize,
    },
}

impl DesignsError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7170"
    }
}
