//! Does the search have a minimum, and do the data determine a quantity? The words, and the rules that the general fit
//! and the fast one share.

use std::fmt;

use lutetia_population::Transform;

/// A log or logit parameter, or an integral, with a larger relative standard error is not determined (Hardiansyah 2021).
pub(crate) const CV_GATE: f64 = 0.5;

/// Solutions within this much of the best −2 ln L fit equally well.
pub(crate) const SAME_OBJECTIVE: f64 = 0.01;

/// A change of the cost below this part of its unit is none.
pub(crate) const FLAT: f64 = 1e-6;

/// Whether a coordinate lies at a bound, to rounding.
pub(crate) fn at_bound(x: f64, bound: f64) -> bool {
    bound.is_finite() && (x - bound).abs() <= 1e-9 * (1.0 + bound.abs())
}

/// Whether a value rests on a parameter at its bound: conditional on a bound the variance is too small. It is kept where
/// moving the parameter by a factor e (one unit of the transformed scale) would not move the value by a tenth.
pub(crate) fn rests_on(gradient: f64, value: f64) -> bool {
    gradient.abs() > 0.1 * value.abs()
}

/// Whether two values of a quantity are further apart than a standard error (or, without one, than one per cent).
pub(crate) fn values_apart(other: f64, value: f64, se: Option<f64>) -> bool {
    (other - value).abs() > se.unwrap_or(0.0).max(0.01 * value.abs())
}

/// The same of a parameter, on the scale of its estimation.
pub(crate) fn parameters_apart(transform: Transform, a: f64, b: f64, sd: Option<f64>) -> bool {
    let distance = (transform.forward(a) - transform.forward(b)).abs();
    let unit = match transform {
        Transform::Identity => b.abs(),
        _ => 1.0,
    };
    distance > sd.unwrap_or(0.0).max(0.01 * unit)
}

/// What broke down in a search or in what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Breakdown {
    /// No singular values.
    #[error("the singular values of the information do not converge")]
    SingularValues,
    /// No singular vectors.
    #[error("the information has no singular vectors")]
    SingularVectors,
    /// Stopped from outside.
    #[error("interrupted")]
    Interrupted,
    /// The optimiser stopped for a reason of its own.
    #[error("{reason}")]
    Stopped {
        /// In its words.
        reason: String,
    },
}

/// How the search ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// At a minimum.
    Converged,
    /// At a minimum, with the named parameters at a bound of their range.
    ConvergedAtBound {
        /// Names of the parameters at a bound.
        parameters: Vec<String>,
    },
    /// No step lowered the objective although the gradient does not vanish.
    Stalled {
        /// Remaining Newton step, in standard errors.
        remaining_step: f64,
    },
    /// The iterations ran out.
    MaxIterations {
        /// Iterations made.
        iterations: u64,
        /// Remaining Newton step, in standard errors.
        remaining_step: f64,
    },
    /// The search or the covariance broke down.
    Failed {
        /// Why.
        reason: Breakdown,
    },
}

impl Status {
    /// Whether a minimum was found.
    pub fn converged(&self) -> bool {
        matches!(self, Self::Converged | Self::ConvergedAtBound { .. })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Converged => f.write_str("converged"),
            Self::ConvergedAtBound { parameters } => {
                write!(f, "converged with {} at a bound", parameters.join(", "))
            }
            Self::Stalled { remaining_step } => {
                write!(f, "stalled {} from a minimum", steps(*remaining_step))
            }
            Self::MaxIterations { iterations, remaining_step } => write!(
                f,
                "did not converge in {iterations} iterations, {} from a minimum",
                steps(*remaining_step)
            ),
            Self::Failed { reason } => write!(f, "failed: {reason}"),
        }
    }
}

/// A distance in standard errors, in words: beyond a hundred the number says nothing.
fn steps(remaining: f64) -> String {
    if remaining.is_finite() && remaining < 100.0 {
        format!("{} standard errors", short(remaining))
    } else {
        "far".to_owned()
    }
}

/// Whether the data determine a quantity.
#[derive(Clone, Debug, PartialEq)]
pub enum Determination {
    /// They do, with the standard error given.
    Determined,
    /// They do not; the value is not to be used.
    NotDetermined {
        /// Why.
        reason: Reason,
    },
}

impl Determination {
    /// Whether determined.
    pub fn is_determined(&self) -> bool {
        matches!(self, Self::Determined)
    }
}

impl fmt::Display for Determination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Determined => f.write_str("determined"),
            Self::NotDetermined { reason } => write!(f, "not determined: {reason}"),
        }
    }
}

/// Why the data do not determine a quantity.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// The search did not reach a minimum.
    NotConverged {
        /// How it ended.
        status: Status,
    },
    /// Fewer data (and priors) than parameters.
    FewerData {
        /// Observations and priors.
        data: usize,
        /// Free parameters.
        parameters: usize,
    },
    /// As many parameters as data and no standard deviations: nothing is left to estimate the error from.
    NoDegreesOfFreedom {
        /// Observations.
        observations: usize,
        /// Free parameters.
        parameters: usize,
    },
    /// A direction in parameter space along which the predictions do not change.
    Singular {
        /// The combination, `1.00·ln(a1) − 0.98·ln(a2)`.
        combination: String,
    },
    /// At a bound of its range, or resting on a parameter that is.
    AtBound {
        /// Which parameter.
        parameter: String,
        /// Bound reached, natural scale.
        bound: f64,
    },
    /// A quantity that has no value, or no derivative, at the estimates.
    NoValue,
    /// Relative standard error above the gate.
    LargeUncertainty {
        /// Relative standard error, 1 = 100 %.
        rse: f64,
        /// Gate.
        gate: f64,
    },
    /// The value is the prior's.
    PriorOnly {
        /// Fraction of the prior variance that the data removed.
        contraction: f64,
        /// Gate.
        gate: f64,
    },
    /// Other starts reached the same objective with another value.
    StartsDisagree {
        /// Smallest value found.
        lowest: f64,
        /// Largest value found.
        highest: f64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConverged { status } => write!(f, "the search {status}"),
            Self::FewerData { data, parameters } => {
                write!(f, "{data} data for {parameters} parameters")
            }
            Self::NoDegreesOfFreedom { observations, parameters } => write!(
                f,
                "{observations} observations and {parameters} parameters leave nothing to estimate the error from; give standard deviations"
            ),
            Self::Singular { combination } => {
                write!(f, "the data do not depend on the combination {combination}")
            }
            Self::AtBound { parameter, bound } => {
                write!(f, "`{parameter}` is at its bound {}", short(*bound))
            }
            Self::NoValue => f.write_str("it has no finite value or derivative at the estimates"),
            // Beyond ten times the value the number is that of a direction without information.
            Self::LargeUncertainty { rse, gate } if rse.is_nan() || *rse > 10.0 => write!(
                f,
                "relative standard error above 1000 %, expected at most {} %",
                short(100.0 * gate)
            ),
            Self::LargeUncertainty { rse, gate } => write!(
                f,
                "relative standard error {} % is above {} %",
                short(100.0 * rse),
                short(100.0 * gate)
            ),
            // Rounding leaves a contraction of 1e-16 of either sign where the data say nothing.
            Self::PriorOnly { contraction, gate } if *contraction < 5e-4 => write!(
                f,
                "the data do not reduce the variance of the prior, expected at least {} %: the value is the prior's",
                short(100.0 * gate)
            ),
            Self::PriorOnly { contraction, gate } => write!(
                f,
                "the data reduce the variance of the prior by {} %, less than {} %: the value is the prior's",
                short(100.0 * contraction),
                short(100.0 * gate)
            ),
            Self::StartsDisagree { lowest, highest } => {
                write!(f, "values from {} to {} fit equally well", short(*lowest), short(*highest))
            }
        }
    }
}

/// Three significant digits.
pub(crate) fn short(v: f64) -> String {
    if v.abs() < f64::MIN_POSITIVE {
        "0".to_owned()
    } else if v.abs() >= 0.001 && v.abs() < 1e4 {
        let digits = (2 - v.abs().log10().floor() as i32).max(0) as usize;
        format!("{v:.digits$}")
    } else {
        format!("{v:.2e}")
    }
}

/// Which side of its range a parameter sits at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// The lower, with its value.
    Lower(f64),
    /// The upper, with its value.
    Upper(f64),
}

impl Bound {
    /// The bound on the natural scale.
    pub fn value(self) -> f64 {
        match self {
            Self::Lower(v) | Self::Upper(v) => v,
        }
    }
}
