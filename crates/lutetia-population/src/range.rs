//! Numbers of a population that lie outside their ranges: what was found, and what was expected.

use std::fmt;

use crate::covariate_law::{CovariateLaw, Said};

/// A number of a population outside its range.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PopulationRange {
    /// Patients without an occasion.
    #[error("the number of occasions is 0; expected at least 1")]
    NoOccasions,
    /// Patients who are never drawn.
    #[error("the number of draws per patient is 0; expected at least 1")]
    NoAttempts,
    /// A cohort of nobody.
    #[error("the size of the cohort is 0; expected at least one patient")]
    NoPatients,
    /// A typical value that is not a number.
    #[error("{name} is {found}; expected a finite number")]
    Typical {
        /// The parameter.
        name: String,
        /// As given.
        found: f64,
    },
    /// Values by occasion that are none.
    #[error("`{name}` by occasion is {found:?}; expected at least one finite value")]
    ByOccasion {
        /// The covariate.
        name: String,
        /// As given, internal.
        found: Vec<f64>,
    },
    /// Two laws of one covariate.
    #[error("the law of `{name}` is given twice; expected one law per covariate")]
    Twice {
        /// The covariate.
        name: String,
    },
    /// A law that nobody can be drawn from.
    #[error(transparent)]
    Law(Box<NoLaw>),
    /// Shares of levels that do not make one.
    #[error(
        "the sum of the shares {shares:?} of `{name}` is {:.4}; expected shares of zero or more that sum to one",
        shares.iter().sum::<f64>()
    )]
    Shares {
        /// The covariate.
        name: String,
        /// As given.
        shares: Vec<f64>,
    },
    /// A limit that nobody meets.
    #[error(
        "the plausibility limit of `{name}` is empty; expected a lower limit below the upper one"
    )]
    Limit {
        /// What is limited.
        name: String,
    },
    /// Weights that are not on the simplex.
    #[error("the sum of the weights is {found}; expected weights of zero or more that sum to one")]
    Weights {
        /// Their sum.
        found: f64,
    },
    /// A covariance of another size.
    #[error(
        "the covariance of the estimates is {rows} rows; expected {size} rows of {size} finite numbers"
    )]
    Covariance {
        /// Its rows.
        rows: usize,
        /// Estimates.
        size: usize,
    },
}

/// A law of a covariate that nobody can be drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct NoLaw {
    /// The covariate.
    pub covariate: String,
    /// The law, internal.
    pub law: CovariateLaw,
    /// The unit in which the covariate is declared.
    pub unit: String,
    /// From internal to declared values: these are smaller by it.
    pub factor: f64,
    /// What it should be.
    pub expected: ExpectedLaw,
}

/// What the law of a covariate should be.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum ExpectedLaw {
    /// One of numbers, as the covariate has no levels.
    Numbers,
    /// A share for each level.
    ShareOfEach {
        /// Levels there are.
        levels: usize,
    },
    /// Shares of levels instead of numbers.
    Shares,
    /// A value that the model file allows, internal.
    Within {
        /// Its ends.
        range: (f64, f64),
    },
    /// A mean and a standard deviation that are numbers.
    Normal,
    /// A median and a coefficient of variation that are numbers.
    LogNormal,
    /// Ends in their order.
    Uniform,
    /// A law with patients whom the model file allows, internal.
    SomebodyWithin {
        /// Its ends.
        range: (f64, f64),
    },
}

impl fmt::Display for NoLaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = Said { unit: &self.unit, factor: self.factor };
        write!(f, "the law of `{}` is {}; expected ", self.covariate, said.law(&self.law))?;
        match self.expected {
            ExpectedLaw::Numbers => f.write_str("numbers: the covariate has no levels"),
            ExpectedLaw::ShareOfEach { levels } => {
                write!(f, "one for each of the {levels} levels")
            }
            ExpectedLaw::Shares => f.write_str("shares of its levels"),
            ExpectedLaw::Within { range } => {
                write!(f, "the range of the model file, {}", said.range(range))
            }
            ExpectedLaw::Normal => f.write_str("finite numbers, sd zero or more"),
            ExpectedLaw::LogNormal => f.write_str("a median above zero and a CV of zero or more"),
            ExpectedLaw::Uniform => f.write_str("a lower end below the upper one"),
            ExpectedLaw::SomebodyWithin { range } => write!(
                f,
                "a law with patients in the range of the model file, {}",
                said.range(range)
            ),
        }
    }
}

impl std::error::Error for NoLaw {}
