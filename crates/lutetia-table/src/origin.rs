//! Observed or simulated.

/// Where the numbers of a table come from. A chart never draws what was simulated as if it had been observed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Origin {
    /// Nobody said.
    #[default]
    Unknown,
    /// Measured or published, or made of nothing but such numbers.
    Observed,
    /// Made by running a model, or of numbers of which some were.
    Simulated,
}

impl Origin {
    /// The origin of what is made of both: simulated as soon as a part is.
    #[must_use]
    pub fn with(self, other: Self) -> Self {
        match (self, other) {
            (Self::Simulated, _) | (_, Self::Simulated) => Self::Simulated,
            (Self::Observed, _) | (_, Self::Observed) => Self::Observed,
            (Self::Unknown, Self::Unknown) => Self::Unknown,
        }
    }
}
