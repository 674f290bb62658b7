//! What can be wrong with the keys of a trial?

/// Why the keys of a trial make none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrialFault {
    /// Scans that never come.
    #[error("`scans.every` is {found}; expected a time above zero")]
    Scans {
        /// As typed.
        found: String,
    },
    /// Visits of a marker that nothing is.
    #[error("`marker_visits` needs a `marker`")]
    NoMarker,
    /// A toxicity without a scale, or with two.
    #[error("the toxicity `{toxicity}` needs either `ctcae` or `limits`")]
    Scale {
        /// Its name.
        toxicity: String,
    },
}

impl TrialFault {
    /// Code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Scans { .. } => "LUT7126",
            Self::NoMarker | Self::Scale { .. } => "LUT7125",
        }
    }
}
