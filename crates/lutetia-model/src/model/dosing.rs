//! What becomes of doses into a pool.

use lutetia_units::Dimension;

use crate::expr::Expr;

/// What becomes of doses into a pool: of parameters and covariates, so that they differ between patients and can be
/// estimated.
#[derive(Debug, Clone, Default)]
pub struct Dosing {
    /// From a dose to its arrival, a time of zero or more; NONMEM's ALAG.
    pub lag: Option<Formula>,
    /// Share of the molecules given that arrives, above zero; all of them where it is not said; NONMEM's F.
    pub bioavailability: Option<Formula>,
    /// How long a dose that does not say flows in, a time above zero; NONMEM's D, with RATE = −2.
    pub duration: Option<Formula>,
    /// How fast a dose that does not say how long it takes flows in, an amount per time above zero; NONMEM's R, with
    /// RATE = −1.
    pub rate: Option<Formula>,
}

/// A number of [`Dosing`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DoseNumber {
    /// From a dose to its arrival.
    Lag,
    /// Share that arrives.
    Bioavailability,
    /// How long a dose flows in.
    Duration,
    /// How fast it flows in.
    Rate,
}

impl DoseNumber {
    /// All of them, in the order in which they are evaluated.
    pub const ALL: [Self; 4] = [Self::Lag, Self::Bioavailability, Self::Duration, Self::Rate];

    /// The key of a model file.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Lag => "lag",
            Self::Bioavailability => "bioavailability",
            Self::Duration => "duration",
            Self::Rate => "rate",
        }
    }

    /// Its dimension.
    #[must_use]
    pub fn dimension(self) -> Dimension {
        match self {
            Self::Lag | Self::Duration => Dimension::TIME,
            Self::Bioavailability => Dimension::NONE,
            Self::Rate => Dimension::AMOUNT / Dimension::TIME,
        }
    }

    /// Whether a value can be.
    #[must_use]
    pub fn allows(self, value: f64) -> bool {
        value.is_finite() && if self == Self::Lag { value >= 0.0 } else { value > 0.0 }
    }

    /// What a value can be, in words.
    #[must_use]
    pub fn range(self) -> &'static str {
        match self {
            Self::Lag => "a time of 0 or more",
            Self::Bioavailability => "a number above 0",
            Self::Duration => "a time above 0",
            Self::Rate => "an amount per time above 0",
        }
    }

    /// A value that works.
    #[must_use]
    pub fn example(self) -> &'static str {
        match self {
            Self::Lag => "0.28 h",
            Self::Bioavailability => "0.7",
            Self::Duration => "2 h",
            Self::Rate => "50 nmol/h",
        }
    }
}

impl Dosing {
    /// One of its numbers, where it is said.
    #[must_use]
    pub fn of(&self, number: DoseNumber) -> Option<&Formula> {
        match number {
            DoseNumber::Lag => self.lag.as_ref(),
            DoseNumber::Bioavailability => self.bioavailability.as_ref(),
            DoseNumber::Duration => self.duration.as_ref(),
            DoseNumber::Rate => self.rate.as_ref(),
        }
    }

    /// One of its numbers, to be set.
    pub fn of_mut(&mut self, number: DoseNumber) -> &mut Option<Formula> {
        match number {
            DoseNumber::Lag => &mut self.lag,
            DoseNumber::Bioavailability => &mut self.bioavailability,
            DoseNumber::Duration => &mut self.duration,
            DoseNumber::Rate => &mut self.rate,
        }
    }
}

/// A value of parameters and covariates, and how it is written.
#[derive(Debug, Clone)]
pub struct Formula {
    /// Its value, internal.
    pub value: Expr,
    /// As the author wrote it.
    pub text: String,
}
