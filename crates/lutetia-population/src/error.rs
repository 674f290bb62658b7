//! What can be wrong with a population.

use std::fmt;

use crate::{covariate_law::Said, range::PopulationRange};

/// Why a population, a cohort or a weighting of one cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PopulationError {
    /// A name the model does not have.
    #[error("the model has no {what} `{name}`{instead}")]
    Unknown {
        /// `parameter`, `covariate`, `output`.
        what: &'static str,
        /// As given.
        name: String,
        /// What there is instead.
        instead: Instead,
    },
    /// A number outside its range.
    #[error(transparent)]
    Range(#[from] PopulationRange),
    /// A parameter whose variability cannot be drawn.
    #[error("the variability of `{parameter}` cannot be drawn: {reason}")]
    Variability {
        /// Its name.
        parameter: String,
        /// Why, and what to do.
        reason: NoVariability,
    },
    /// A covariate without a value.
    #[error(
        "the covariate `{name}` ({unit}) has neither a typical value nor a distribution; give its \
         distribution in the cohort"
    )]
    NoCovariate {
        /// Its name.
        name: String,
        /// Its unit.
        unit: String,
    },
    /// Correlations that cannot hold together.
    #[error(
        "these correlations of {of} cannot hold together: their matrix is not positive definite; \
         make them smaller, or give the missing ones"
    )]
    Correlations {
        /// `covariates`, `random effects`.
        of: &'static str,
    },
    /// Plausibility limits that (nearly) no draw meets.
    #[error(
        "patient {patient}: none of {attempts} draws meets the plausibility limits; {limit} refuses \
         {refused} of them; widen it or change the typical values"
    )]
    Implausible {
        /// Number of the patient.
        patient: u64,
        /// Draws tried.
        attempts: u32,
        /// The limit that refuses most.
        limit: Refusing,
        /// How many it refuses.
        refused: u32,
    },
    /// Margins that no weighting of the cohort reaches.
    #[error(
        "no weighting of these {patients} patients meets the margin `{margin}`: {reason}; draw a \
         larger or wider cohort, or drop the margin"
    )]
    Margin {
        /// Size of the cohort.
        patients: usize,
        /// Name of the margin.
        margin: String,
        /// What stands against it.
        reason: NoWeights,
    },
}

/// A limit that refuses draws.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Refusing {
    /// The bounds of a parameter with a random effect.
    Bounds {
        /// The parameter.
        parameter: String,
    },
    /// A limit of the cohort.
    Limit {
        /// The parameter, covariate or output.
        name: String,
        /// Least and greatest plausible value, in `unit`; infinite where there is none.
        range: (f64, f64),
        /// Its unit.
        unit: String,
    },
}

impl fmt::Display for Refusing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bounds { parameter } => {
                write!(f, "the bounds of `{parameter}` in the model file")
            }
            Self::Limit { name, range, unit } => {
                let said = Said { unit, factor: 1.0 };
                write!(f, "the limit of `{name}`, {},", said.range(*range))
            }
        }
    }
}

/// Why a parameter cannot vary as its model file says.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoVariability {
    /// It is a formula.
    #[error("its value is a formula; give the variability to the parameters in it")]
    Formula,
    /// A typical value below zero of a law above it.
    #[error("a {form} parameter is above zero, and its typical value is {typical}")]
    BelowZero {
        /// `log-normal`, `Box-Cox`.
        form: &'static str,
        /// Typical value.
        typical: f64,
    },
    /// A typical value outside the bounds of a logit-normal law.
    #[error(
        "its typical value {typical} does not lie strictly between its bounds {lower} and {upper}"
    )]
    OutsideBounds {
        /// Typical value.
        typical: f64,
        /// Lower bound.
        lower: f64,
        /// Upper bound.
        upper: f64,
    },
    /// The same without bounds.
    #[error(
        "without bounds a logit-normal parameter lies between 0 and 1, and its typical value is \
         {typical}; give it bounds"
    )]
    NoShare {
        /// Typical value.
        typical: f64,
    },
}

/// Why no weights meet a margin.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoWeights {
    /// It does not have a value for each patient.
    #[error("it has {found} values")]
    Values {
        /// Values it has.
        found: usize,
    },
    /// A target or a value that is not a finite number.
    #[error("a value is not a finite number")]
    NotFinite,
    /// A target outside what the patients have.
    #[error("its target is {target}, and the patients have {least} to {most}")]
    Outside {
        /// Target.
        target: f64,
        /// Least value of a patient.
        least: f64,
        /// Greatest.
        most: f64,
    },
    /// Targets that exclude each other.
    #[error("with the other margins it reaches {reached:.4} at best, and its target is {target}")]
    Excluded {
        /// What the best weights reach.
        reached: f64,
        /// Target.
        target: f64,
    },
}

impl PopulationError {
    /// Code of the message, LUT92xx.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "LUT9201",
            Self::Range(_) => "LUT9202",
            Self::Variability { .. } => "LUT9203",
            Self::NoCovariate { .. } => "LUT9204",
            Self::Correlations { .. } => "LUT9205",
            Self::Implausible { .. } => "LUT9206",
            Self::Margin { .. } => "LUT9207",
        }
    }
}

/// What there is instead of a name that does not exist; as a text, the end of a message about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instead {
    /// A name that is near.
    Near(String),
    /// All names there are.
    All(Vec<String>),
    /// The name within several parts of a connected model.
    Parts(Vec<String>),
    /// A parameter of that name where a covariate is meant, and the covariates.
    Parameter(Box<Instead>),
}

impl Instead {
    /// What there is instead of a name: the nearest, else all.
    pub fn of<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone) -> Self {
        match lutetia_diagnostic::closest(name, names.clone()) {
            Some(near) => Self::Near(near.to_owned()),
            None => Self::All(names.map(str::to_owned).collect()),
        }
    }
}

impl fmt::Display for Instead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Near(near) => write!(f, "; did you mean `{near}`?"),
            Self::All(names) if names.is_empty() => f.write_str("; it has none"),
            Self::All(names) => write!(f, "; it has: {}", names.join(", ")),
            Self::Parts(names) => write!(f, "; several parts have it: {}", names.join(", ")),
            Self::Parameter(covariates) => {
                write!(f, "; it is a parameter, whose variability is its `iiv`{covariates}")
            }
        }
    }
}
