//! Choosing among functions, and averaging over them: what is not known about the choice belongs into the error.

use std::fmt;

use crate::error::SelectionError;
use crate::result::Fit;

/// Akaike's criterion with the correction for small samples, `−2 ln L + 2K + 2K(K+1)/(n−K−1)` (Hurvich and Tsai 1989).
///
/// # Errors
/// With `n ≤ K + 1` the correction has no meaning; the sentence says so with the numbers.
pub fn aicc(minus_two_log_likelihood: f64, k: usize, n: usize) -> Result<f64, SelectionError> {
    if n <= k + 1 {
        return Err(SelectionError::NoAicc { needed: k + 1, found: n });
    }
    let (kf, nf) = (k as f64, n as f64);
    Ok(minus_two_log_likelihood + 2.0 * kf + 2.0 * kf * (kf + 1.0) / (nf - kf - 1.0))
}

/// Akaike weights `w_i = e^{−Δ_i/2}/Σ e^{−Δ_j/2}`; `None` where there is no finite criterion.
pub fn akaike_weights(criteria: &[Option<f64>]) -> Vec<Option<f64>> {
    let least =
        criteria.iter().flatten().filter(|a| a.is_finite()).fold(f64::INFINITY, |m, a| m.min(*a));
    let raw: Vec<Option<f64>> = criteria
        .iter()
        .map(|c| c.filter(|c| c.is_finite()).map(|c| (-0.5 * (c - least)).exp()))
        .collect();
    let sum: f64 = raw.iter().flatten().sum();
    raw.into_iter().map(|w| w.map(|w| w / sum)).collect()
}

/// One function that can be averaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighed {
    /// Akaike's criterion with the small-sample correction.
    pub aicc: f64,
    /// The quantity.
    pub value: f64,
    /// Its standard error under this function.
    pub sd: f64,
}

/// An average over functions.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    /// Σ w_i x_i.
    pub value: f64,
    /// √(Σ w_i (u_i² + (x_i − x̄)²)).
    pub sd: f64,
    /// The weight of each function, `None` where it was left out.
    pub weights: Vec<Option<f64>>,
}

/// Averages by Akaike weights, with the unconditional variance of Buckland, Burnham and Augustin (1997, Biometrics
/// 53:603) in its additive form (Burnham and Anderson 2004).
///
/// # Errors
/// When no function can be averaged: AICc needs more than K + 1 observations, and the quantity must be determined.
pub fn average(functions: &[Option<Weighed>]) -> Result<Average, SelectionError> {
    let criteria: Vec<Option<f64>> = functions.iter().map(|f| f.map(|f| f.aicc)).collect();
    let weights = akaike_weights(&criteria);
    if weights.iter().all(Option::is_none) {
        return Err(SelectionError::NothingToAverage);
    }
    let parts =
        || weights.iter().zip(functions).filter_map(|(w, f)| Some((w.as_ref()?, f.as_ref()?)));
    let value: f64 = parts().map(|(w, f)| w * f.value).sum();
    let variance: f64 = parts().map(|(w, f)| w * (f.sd * f.sd + (f.value - value).powi(2))).sum();
    Ok(Average { value, sd: variance.sqrt(), weights })
}

/// The limits of the Ulm group for an acceptable fit (Hardiansyah 2021): coefficient of variation of each parameter
/// below 50 %, correlation of each pair below 0.8 in size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QualityGates {
    /// Largest coefficient of variation, 1 = 100 %.
    pub cv: f64,
    /// Largest absolute correlation.
    pub correlation: f64,
}

impl Default for QualityGates {
    fn default() -> Self {
        Self { cv: 0.5, correlation: 0.8 }
    }
}

/// A fit held against [`QualityGates`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quality {
    /// The parameter known worst, and its coefficient of variation (1 = 100 %).
    pub largest_cv: Option<(String, f64)>,
    /// The two parameters most correlated, and their correlation.
    pub largest_correlation: Option<(String, String, f64)>,
    /// What lies outside the gates; empty where the fit passes.
    pub failures: Vec<GateFailure>,
}

/// What lies outside the gates of quality.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GateFailure {
    /// A parameter is known too badly.
    Variation {
        /// Which.
        parameter: String,
        /// Its coefficient of variation, 1 = 100 %.
        cv: f64,
        /// What it must lie below.
        most: f64,
    },
    /// Nothing is known of how well a parameter is known.
    NoStandardError {
        /// Which.
        parameter: String,
    },
    /// Two parameters move together.
    Correlation {
        /// Which.
        parameters: [String; 2],
        /// Their correlation.
        value: f64,
        /// What its size must lie below.
        most: f64,
    },
}

impl fmt::Display for GateFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variation { parameter, cv, most } => {
                write!(f, "CV of {parameter} is ")?;
                // Beyond ten times the value the number is that of a direction without information.
                if *cv > 10.0 {
                    f.write_str("above 1000 %")?;
                } else {
                    write!(f, "{:.0} %", 100.0 * cv)?;
                }
                write!(f, ", expected below {:.0} %", 100.0 * most)
            }
            Self::NoStandardError { parameter } => write!(f, "{parameter} has no standard error"),
            Self::Correlation { parameters: [a, b], value, most } => {
                write!(f, "correlation of {a} and {b} is {value:.2}, expected below {most} in size")
            }
        }
    }
}

impl Quality {
    /// Whether the fit lies within the gates.
    pub fn passes(&self) -> bool {
        self.failures.is_empty()
    }
}

impl fmt::Display for Quality {
    /// `pass`, or everything that lies outside the gates.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.passes() {
            return f.write_str("pass");
        }
        for (i, failure) in self.failures.iter().enumerate() {
            let between = if i > 0 { "; " } else { "" };
            write!(f, "{between}{failure}")?;
        }
        Ok(())
    }
}

impl Fit {
    /// Holds the fit against gates. A parameter without a standard error fails.
    pub fn quality(&self, gates: &QualityGates) -> Quality {
        let mut out = Quality::default();
        let free: Vec<usize> =
            (0..self.estimates.len()).filter(|&i| !self.estimates[i].fixed).collect();
        for &i in &free {
            let e = &self.estimates[i];
            match e.rse {
                Some(cv) => {
                    if out.largest_cv.as_ref().is_none_or(|(_, worst)| cv > *worst) {
                        out.largest_cv = Some((e.name.clone(), cv));
                    }
                    if cv >= gates.cv {
                        out.failures.push(GateFailure::Variation {
                            parameter: e.name.clone(),
                            cv,
                            most: gates.cv,
                        });
                    }
                }
                None => {
                    out.failures.push(GateFailure::NoStandardError { parameter: e.name.clone() });
                }
            }
        }
        if let Some(r) = &self.correlation {
            for (a, &i) in free.iter().enumerate() {
                for &j in &free[..a] {
                    let value = r[(i, j)];
                    let pair = (self.estimates[j].name.clone(), self.estimates[i].name.clone());
                    if value.abs() >= gates.correlation {
                        out.failures.push(GateFailure::Correlation {
                            parameters: [pair.0.clone(), pair.1.clone()],
                            value,
                            most: gates.correlation,
                        });
                    }
                    if out
                        .largest_correlation
                        .as_ref()
                        .is_none_or(|(.., worst)| value.abs() > worst.abs())
                    {
                        out.largest_correlation = Some((pair.0, pair.1, value));
                    }
                }
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(aicc: f64, value: f64, sd: f64) -> Option<Weighed> {
        Some(Weighed { aicc, value, sd })
    }

    #[test]
    fn exact_equal_functions_share_and_apart_ones_widen() {
        let same = average(&[of(3.0, 10.0, 1.0), of(3.0, 10.0, 1.0)]).expect("an average");
        assert_eq!(same.weights, [Some(0.5), Some(0.5)]);
        assert!((same.value - 10.0).abs() < 1e-15 && (same.sd - 1.0).abs() < 1e-15);
        let apart = average(&[of(3.0, 8.0, 1.0), of(3.0, 12.0, 1.0)]).expect("an average");
        // Half of (1 + 2²) twice.
        assert!((apart.value - 10.0).abs() < 1e-15 && (apart.sd - 5.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn exact_weights_follow_the_criterion() {
        // Δ = 2 ln 3: three to one.
        let found =
            average(&[of(0.0, 1.0, 0.0), None, of(2.0 * 3.0_f64.ln(), 5.0, 0.0)]).expect("one");
        let [Some(a), None, Some(b)] = found.weights[..] else { panic!("{found:?}") };
        assert!((a - 0.75).abs() < 1e-15 && (b - 0.25).abs() < 1e-15);
        assert!((found.value - 2.0).abs() < 1e-15 && (found.sd - 3.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn exact_nothing_to_average_is_said() {
        assert!(average(&[None, None]).is_err());
        assert!(average(&[of(f64::NAN, 1.0, 1.0)]).is_err());
    }

    #[test]
    fn exact_corrected_criterion_and_where_it_ends() {
        // 10 + 2·2 + 2·2·3/(6 − 3) = 18.
        assert!((aicc(10.0, 2, 6).expect("defined") - 18.0).abs() < 1e-14);
        assert_eq!(
            aicc(10.0, 3, 4).expect_err("undefined").to_string(),
            "AICc needs more than K + 1 = 4 observations, found 4"
        );
        assert!(aicc(10.0, 2, 4).is_ok());
    }
}
