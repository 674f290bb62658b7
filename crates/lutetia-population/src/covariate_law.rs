//! The law of a covariate, and how its numbers are told to people.

/// The law of a covariate. Where the model declares a range, the law is truncated to it (by its
/// quantiles, so that correlations hold and no draw is wasted).
#[derive(Debug, Clone, PartialEq)]
pub enum CovariateLaw {
    /// The same for everybody.
    Constant(f64),
    /// Normal.
    Normal {
        /// Mean before truncation.
        mean: f64,
        /// Standard deviation before truncation, ≥ 0.
        sd: f64,
    },
    /// Log-normal.
    LogNormal {
        /// Median before truncation, > 0.
        median: f64,
        /// Coefficient of variation as a fraction, ≥ 0: ω² = ln(1 + CV²).
        cv: f64,
    },
    /// Uniform.
    Uniform {
        /// Least value.
        lower: f64,
        /// Greatest value.
        upper: f64,
    },
    /// Levels of a categorical covariate with their shares, which sum to one; the value is the
    /// index of the level.
    Levels(Vec<f64>),
}

/// How internal numbers are told to people.
pub(crate) struct Said<'a> {
    pub(crate) unit: &'a str,
    pub(crate) factor: f64,
}

impl Said<'_> {
    fn value(&self, internal: f64) -> String {
        let declared = internal / self.factor;
        // Six digits are more than anybody types, and hide the rounding of the conversion.
        let rounded: f64 = format!("{declared:.6e}").parse().unwrap_or(declared);
        // A number without a unit stands alone, whatever it ends with.
        if self.unit.is_empty() || self.unit == "1" {
            rounded.to_string()
        } else {
            format!("{rounded} {}", self.unit)
        }
    }

    pub(crate) fn range(&self, range: (f64, f64)) -> String {
        match (range.0.is_finite(), range.1.is_finite()) {
            (true, true) => format!("{} to {}", self.value(range.0), self.value(range.1)),
            (true, false) => format!("{} or more", self.value(range.0)),
            (false, true) => format!("{} or less", self.value(range.1)),
            (false, false) => "any number".to_owned(),
        }
    }

    pub(crate) fn law(&self, law: &CovariateLaw) -> String {
        match law {
            CovariateLaw::Constant(x) => self.value(*x),
            CovariateLaw::Normal { mean, sd } => {
                format!("normal with mean {} and sd {}", self.value(*mean), self.value(*sd))
            }
            CovariateLaw::LogNormal { median, cv } => {
                format!("log-normal with median {} and CV {} %", self.value(*median), 100.0 * cv)
            }
            CovariateLaw::Uniform { lower, upper } => {
                format!("uniform from {} to {}", self.value(*lower), self.value(*upper))
            }
            CovariateLaw::Levels(shares) => format!("{} shares of levels", shares.len()),
        }
    }
}
