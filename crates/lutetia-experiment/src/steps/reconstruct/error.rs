//! Why individual times cannot be found for published curves.

use lutetia_outcome::OutcomeError;
use lutetia_units::typed;

/// Why individual times cannot be found for published curves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReconstructError {
    /// A number of events of an arm that has no curve.
    #[error("`events` names the arm `{name}`; the arms are {}", known.join(", "))]
    NoArm {
        /// As named.
        name: String,
        /// The arms that have curves.
        known: Vec<String>,
    },
    /// A cell that is not a number.
    #[error("row {row} of `{table}` has no {column}")]
    NoNumber {
        /// From 1.
        row: usize,
        /// Of which table.
        table: String,
        /// In which column.
        column: String,
    },
    /// An arm without numbers at risk.
    #[error("`{table}` has no numbers at risk of the arm `{arm}`")]
    NoneAtRisk {
        /// Which table.
        table: String,
        /// Which arm.
        arm: String,
    },
    /// A number at risk that is not a number of patients.
    #[error(
        "{} patients of `{arm}` at risk at {}; expected a whole number",
        typed(*found),
        typed(*time)
    )]
    AtRisk {
        /// Of which arm.
        arm: String,
        /// When, in the unit of the table.
        time: f64,
        /// As published.
        found: f64,
    },
    /// Points and numbers at risk that are of no curve.
    #[error("arm `{arm}`: {source}")]
    Curve {
        /// Of which arm.
        arm: String,
        /// Why.
        source: Box<OutcomeError>,
    },
}

impl ReconstructError {
    /// The code of the message, or that of the curve.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Curve { source, .. } => source.code(),
            Self::NoArm { .. }
            | Self::NoNumber { .. }
            | Self::NoneAtRisk { .. }
            | Self::AtRisk { .. } => "LUT7155",
        }
    }
}
