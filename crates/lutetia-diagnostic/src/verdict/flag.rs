//! What stands against a value.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeMap as _};

/// Share of an integral after the last measurement above which it is flagged: EANM guidance asks that more
/// than about 20 % be said.
pub const LARGE_EXTRAPOLATION: f64 = 0.2;

/// What stands against a value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
#[non_exhaustive]
pub enum Flag {
    /// A function misses the data.
    Misfit {
        /// χ² of the residuals.
        chi_square: f64,
        /// Degrees of freedom.
        dof: usize,
        /// Probability of a χ² as large, 0 to 1.
        p: f64,
    },
    /// A standard error was widened by the Birge ratio, √(χ²/d.o.f.).
    Widened {
        /// By how much, above 1.
        ratio: f64,
    },
    /// A parameter lies at a bound of its range, so that nothing resting on it has a Gaussian error.
    AtBound {
        /// Its name.
        parameter: String,
    },
    /// A large part of an integral lies after the last measurement.
    Extrapolated {
        /// That part, 0 to 1.
        share: f64,
    },
    /// A parameter is that of a population and not of the patient.
    Prior {
        /// Its name.
        parameter: String,
    },
    /// Another function would be as good, or none could be compared.
    Model {
        /// What was chosen, and how.
        choice: Choice,
    },
    /// Something was taken for granted.
    Assumed {
        /// What.
        what: Assumption,
    },
    /// Something that belongs to a sum is not in it.
    Incomplete {
        /// What.
        what: Gap,
    },
}

/// How a function was chosen where another would be as good, or none could be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "case")]
#[non_exhaustive]
pub enum Choice {
    /// No criterion could compare it.
    WithoutAicc {
        /// What was chosen.
        function: String,
    },
    /// One measurement stands for the curve (Hänscheid et al. 2018).
    OneMeasurement,
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WithoutAicc { function } => write!(
                f,
                "`{function}` was chosen without AICc: every function with one misses the data, or none has one"
            ),
            Self::OneMeasurement => f.write_str(
                "one measurement without a half-life: holds from 0.75 to 2.5 effective half-lives",
            ),
        }
    }
}

/// What is taken for granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "case")]
#[non_exhaustive]
pub enum Assumption {
    /// After the last measurement nothing but decay takes activity away.
    PhysicalTail,
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PhysicalTail => "the tail is taken to fall by physical decay",
        })
    }
}

/// What belongs to a result and is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "case")]
#[non_exhaustive]
pub enum Gap {
    /// Photons of a region whose mass is not known.
    PhotonsOf {
        /// Which.
        region: String,
    },
    /// A standard error, so that no risk is known.
    StandardError,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PhotonsOf { region } => {
                write!(f, "without the photons of `{region}`, which has no dose")
            }
            Self::StandardError => {
                f.write_str("the dose has no standard error, so that no risk is known")
            }
        }
    }
}

/// Kind of a [`Flag`], for saying which are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FlagKind {
    /// [`Flag::Misfit`].
    Misfit,
    /// [`Flag::Widened`].
    Widened,
    /// [`Flag::AtBound`].
    AtBound,
    /// [`Flag::Extrapolated`].
    Extrapolated,
    /// [`Flag::Prior`].
    Prior,
    /// [`Flag::Model`].
    Model,
    /// [`Flag::Assumed`].
    Assumed,
    /// [`Flag::Incomplete`].
    Incomplete,
}

impl FlagKind {
    /// Every kind: for showing a value beside its note.
    pub const ALL: [Self; 8] = [
        Self::Misfit,
        Self::Widened,
        Self::AtBound,
        Self::Extrapolated,
        Self::Prior,
        Self::Model,
        Self::Assumed,
        Self::Incomplete,
    ];

    /// Every kind that does not say that the value is refuted: all but a misfit.
    pub const NOT_REFUTING: [Self; 7] = [
        Self::Widened,
        Self::AtBound,
        Self::Extrapolated,
        Self::Prior,
        Self::Model,
        Self::Assumed,
        Self::Incomplete,
    ];

    /// Its name, as a command line writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Misfit => "misfit",
            Self::Widened => "widened",
            Self::AtBound => "at-bound",
            Self::Extrapolated => "extrapolated",
            Self::Prior => "prior",
            Self::Model => "model",
            Self::Assumed => "assumed",
            Self::Incomplete => "incomplete",
        }
    }

    /// The kind of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Flag {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> FlagKind {
        match self {
            Self::Misfit { .. } => FlagKind::Misfit,
            Self::Widened { .. } => FlagKind::Widened,
            Self::AtBound { .. } => FlagKind::AtBound,
            Self::Extrapolated { .. } => FlagKind::Extrapolated,
            Self::Prior { .. } => FlagKind::Prior,
            Self::Model { .. } => FlagKind::Model,
            Self::Assumed { .. } => FlagKind::Assumed,
            Self::Incomplete { .. } => FlagKind::Incomplete,
        }
    }
}

/// Three significant digits.
struct Short(f64);

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.0.abs();
        if (0.01..1e4).contains(&size) {
            let decimals = (2 - size.log10().floor() as i32).max(0);
            write!(f, "{:.*}", usize::try_from(decimals).unwrap_or(0), self.0)
        } else {
            write!(f, "{:.2e}", self.0)
        }
    }
}

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misfit { chi_square, dof, p } => {
                let (chi, s) = (Short(*chi_square), if *dof == 1 { "" } else { "s" });
                write!(f, "the function misses the data: χ² {chi} on {dof} degree{s} of freedom")?;
                if *p < 1e-3 {
                    f.write_str(" (p < 0.001)")
                } else {
                    write!(f, " (p {})", Short(*p))
                }
            }
            Self::Widened { ratio } => {
                write!(f, "standard error widened {} times for the lack of fit", Short(*ratio))
            }
            Self::AtBound { parameter } => {
                write!(f, "`{parameter}` lies at its bound: no standard error")
            }
            Self::Extrapolated { share } => {
                write!(f, "{:.0} % of the integral lies after the last measurement", 100.0 * share)
            }
            Self::Prior { parameter } => {
                write!(f, "the {parameter} is a population's, not this patient's")
            }
            Self::Model { choice } => write!(f, "{choice}"),
            Self::Assumed { what } => write!(f, "{what}"),
            Self::Incomplete { what } => write!(f, "{what}"),
        }
    }
}

/// A flag, with what it is said of where that is not the value itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    /// Such as `cycle 2`; empty for the value itself.
    pub of: String,
    /// What stands against it.
    pub flag: Flag,
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.of.is_empty() {
            write!(f, "{}: ", self.of)?;
        }
        write!(f, "{}", self.flag)
    }
}

impl Serialize for Noted {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if !self.of.is_empty() {
            map.serialize_entry("of", &self.of)?;
        }
        map.serialize_entry("flag", &self.flag)?;
        map.serialize_entry("text", &self.flag.to_string())?;
        map.end()
    }
}
