//! Which engines are there, and what does one not do?

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::text::closest;

/// Which engine integrates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum EngineId {
    /// Backward differentiation formulas of order one to five with steps of variable size.
    #[default]
    Bdf,
    /// A Rosenbrock method of order four that steps several patients at once.
    Rodas,
    /// [`Rodas`](Self::Rodas) where it can run what is asked and the relative tolerance is 1e-7 or more, else
    /// [`Bdf`](Self::Bdf). Who is run beside does not matter: the choice depends on the system, the options and the
    /// doses of a patient alone. [`Trajectory::engine`](crate::Trajectory::engine) says which it was.
    Auto,
}

impl EngineId {
    /// Every engine there is.
    pub const ALL: [Self; 2] = [Self::Bdf, Self::Rodas];

    /// What can be chosen.
    const CHOICES: [Self; 3] = [Self::Bdf, Self::Rodas, Self::Auto];

    /// What a user types.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bdf => "bdf",
            Self::Rodas => "rodas",
            Self::Auto => "auto",
        }
    }
}

impl fmt::Display for EngineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for EngineId {
    type Err = Unsupported;

    fn from_str(name: &str) -> Result<Self, Unsupported> {
        let found = Self::CHOICES.into_iter().find(|engine| engine.name() == name);
        found.ok_or_else(|| {
            let names = Self::CHOICES.map(Self::name);
            Unsupported::Engine {
                name: name.to_owned(),
                hint: closest(name, &names),
                known: names.map(|name| format!("`{name}`")).join(", "),
            }
        })
    }
}

/// What no engine, or the one that was chosen, does.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// An engine that does not exist.
    #[error("there is no engine `{name}`{hint}; engines are {known}")]
    Engine {
        /// As typed.
        name: String,
        /// Did-you-mean, or empty.
        hint: String,
        /// What there is.
        known: String,
    },
    /// Derivatives by parameters that change.
    #[error(
        "engine `{engine}` gives no derivatives where parameters change: {wrt} were asked for with \
         {changes} changes; leave out the derivatives, or differentiate each occasion as a run of \
         its own"
    )]
    DerivativesOfOccasions {
        /// The engine.
        engine: EngineId,
        /// Parameters to differentiate by.
        wrt: usize,
        /// Changes of parameters.
        changes: usize,
    },
    /// Derivatives of a run that goes on from somewhere: those until there are not known.
    #[error(
        "engine `{engine}` gives no derivatives of a run that goes on from another: {wrt} were asked \
         for; leave out the derivatives, or begin at time zero"
    )]
    DerivativesOfPiece {
        /// The engine.
        engine: EngineId,
        /// Parameters to differentiate by.
        wrt: usize,
    },
    /// Something that this engine does not do and another does.
    #[error("engine `{engine}` does not run {lacking}; leave the engine out, or choose `bdf`")]
    Lacking {
        /// The engine.
        engine: EngineId,
        /// What it does not do.
        lacking: Lacking,
    },
}

/// What an engine does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lacking {
    /// Derivatives by parameters.
    Derivatives,
    /// Models with events.
    Events,
    /// Doses in their steady state.
    SteadyStates,
    /// Models whose elimination cannot be worked out beforehand.
    Size,
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Derivatives => "derivatives by parameters",
            Self::Events => "models with events",
            Self::SteadyStates => "doses in their steady state",
            Self::Size => "models that are so densely connected",
        })
    }
}

impl Unsupported {
    /// The code of this fault.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Engine { .. } => "LUT4201",
            Self::DerivativesOfOccasions { .. } => "LUT4202",
            Self::DerivativesOfPiece { .. } => "LUT4203",
            Self::Lacking { .. } => "LUT4204",
        }
    }
}
