//! What can be wrong with methods of integration on virtual patients?

use lutetia_fit::Status;
use lutetia_units::Unit;

/// Why methods of integration cannot be tried on virtual patients.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CurvesFault {
    /// Too few patients, or too many.
    #[error("`size` is {size} and `training` {training}; expected 1 to {most} and 2 to {most}")]
    Sizes {
        /// Patients that are judged.
        size: usize,
        /// Patients of whom something is known.
        training: usize,
        /// The most of each.
        most: usize,
    },
    /// Times that are none.
    #[error("`times` are hours above 0, at least one")]
    Times,
    /// Times out of order.
    #[error("`times` must ascend")]
    Order,
    /// A model of no nuclide, or of several.
    #[error("a cohort needs a model with exactly one nuclide; this one has {found}")]
    Nuclides {
        /// How many it has.
        found: usize,
    },
    /// An error model that draws nothing.
    #[error("`{error}` has no size to draw scatter with")]
    NoScatter {
        /// As typed.
        error: String,
    },
    /// An output that no camera measures.
    #[error("the output `{output}` of `{region}` is in {unit}; expected a unit of activity")]
    NoActivity {
        /// The output.
        output: String,
        /// The region.
        region: String,
        /// Its unit.
        unit: Unit,
    },
    /// A region whose integral the model does not give.
    #[error("`{region}` has no integral")]
    NoIntegral {
        /// The region.
        region: String,
    },
    /// A region without a half-life to know.
    #[error("fewer than two training patients have a half-life")]
    Training,
    /// A method of one measurement without its time.
    #[error("the method takes one measurement; give `at`")]
    OneMeasurement,
    /// A region that the step does not measure.
    #[error("`{region}` is not a region of the step")]
    NoRegion {
        /// The region.
        region: String,
    },
    /// A fit that found no end.
    #[error("{status}")]
    NotConverged {
        /// How it ended.
        status: Status,
    },
}

impl CurvesFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Sizes { .. }
            | Self::Times
            | Self::Order
            | Self::Nuclides { .. }
            | Self::NoScatter { .. }
            | Self::NoActivity { .. }
            | Self::OneMeasurement
            | Self::NoRegion { .. } => "LUT7140",
            Self::NoIntegral { .. } | Self::Training | Self::NotConverged { .. } => "LUT7141",
        }
    }
}
