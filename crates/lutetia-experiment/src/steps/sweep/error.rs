//! Why amounts of a ligand cannot be compared.

use lutetia_units::Unit;

/// Why amounts of a ligand cannot be compared.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// A model with no nuclide, or with several.
    #[error(
        "a sweep needs a model with exactly one nuclide; this one has {}",
        if found.is_empty() { "none".to_owned() } else { found.join(", ") }
    )]
    Nuclides {
        /// The nuclides of the model.
        found: Vec<String>,
    },
    /// An output that is not an activity.
    #[error("the output `{name}` is in {unit}; expected a unit of activity")]
    NoActivity {
        /// Which.
        name: String,
        /// Its unit.
        unit: Box<Unit>,
    },
}

impl SweepError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nuclides { .. } | Self::NoActivity { .. } => "LUT7154",
        }
    }
}
