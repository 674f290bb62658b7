//! Accelerated failure time models with covariates.

use ::survival::regression::{SurvregControl, SurvregData, SurvregDistribution, survreg_fit};
use ndarray::Array2;
use serde::Serialize;

use crate::error::{OutcomeError, not_determined, within};
use crate::numeric::two_sided_p;
use crate::survival::data::same_length;
use crate::survival::{Coefficient, SurvivalData};

/// Distribution of the error of `ln T = β₀ + xᵀβ + σ ε`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AftFamily {
    /// Extreme value with σ = 1.
    Exponential,
    /// Extreme value; shape 1/σ.
    Weibull,
    /// Normal.
    LogNormal,
    /// Logistic; shape 1/σ.
    LogLogistic,
}

/// An accelerated failure time model to be fitted.
#[derive(Debug, Clone)]
pub struct Aft<'a> {
    data: &'a SurvivalData,
    family: AftFamily,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

/// A fitted accelerated failure time model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AftFit {
    /// Intercept and coefficients; `exp(β)` is the factor of time.
    pub coefficients: Vec<Coefficient>,
    /// σ.
    pub scale: f64,
    /// Logarithm of the likelihood.
    pub log_likelihood: f64,
    /// The same without covariates.
    pub null_log_likelihood: f64,
}

impl<'a> Aft<'a> {
    /// A model without covariates.
    #[must_use]
    pub fn new(data: &'a SurvivalData, family: AftFamily) -> Self {
        Self { data, family, names: vec!["(intercept)".to_owned()], columns: Vec::new() }
    }

    /// Adds a covariate, one value per patient.
    #[must_use]
    pub fn covariate(mut self, name: impl Into<String>, values: &[f64]) -> Self {
        self.names.push(name.into());
        self.columns.push(values.to_vec());
        self
    }

    /// Maximises the likelihood.
    ///
    /// # Errors
    /// Columns of different lengths, values that are not finite, a time of 0; not determined without
    /// events or with covariates that follow from others.
    pub fn fit(self) -> Result<AftFit, OutcomeError> {
        let n = self.data.len();
        let what = "the accelerated failure time model";
        for (name, column) in self.names[1..].iter().zip(&self.columns) {
            same_length(name, column.len(), n)?;
            for (i, &v) in column.iter().enumerate() {
                let of = format!("`{name}` of patient {}", i + 1);
                within(of, v, "", true, "a finite number; leave out patients without one")?;
            }
        }
        for (i, &t) in self.data.time().iter().enumerate() {
            let of = format!("time of patient {}", i + 1);
            within(of, t, "", t > 0.0, "a time above 0, since its logarithm is modelled")?;
        }
        if self.data.events() == 0 {
            return Err(not_determined(what, format!("all {n} times are censored")));
        }
        let x = Array2::from_shape_fn((n, self.columns.len() + 1), |(i, j)| {
            j.checked_sub(1).map_or(1.0, |c| self.columns[c][i])
        });
        let name = match self.family {
            AftFamily::Exponential => "exponential",
            AftFamily::Weibull => "weibull",
            AftFamily::LogNormal => "lognormal",
            AftFamily::LogLogistic => "loglogistic",
        };
        let time = self.data.time().to_vec();
        let status = self.data.event().iter().map(|&e| i32::from(e)).collect();
        let fit = SurvregDistribution::from_name(name, None)
            .and_then(|distribution| {
                let data = SurvregData::try_new(time, status, x, None, None, None, None, None)?;
                survreg_fit(&data, &distribution, None, 0.0, &SurvregControl::default(), false)
            })
            .map_err(|e| not_determined(what, e.to_string()))?;
        if !fit.converged {
            return Err(OutcomeError::NotConverged {
                what: what.to_owned(),
                reason: format!("{} iterations were not enough", fit.iterations),
            });
        }
        let mut coefficients = Vec::with_capacity(self.names.len());
        for (j, name) in self.names.into_iter().enumerate() {
            let (value, error) = (fit.coefficients[j], fit.variance_matrix[j][j].sqrt());
            if !(value.is_finite() && error.is_finite()) {
                return Err(not_determined(
                    format!("the coefficient of `{name}`"),
                    "the covariate is constant, or follows from the others; leave it out",
                ));
            }
            let z = value / error;
            coefficients.push(Coefficient {
                name,
                value,
                model_error: error,
                robust_error: None,
                standard_error: error,
                z,
                p: two_sided_p(z),
            });
        }
        Ok(AftFit {
            coefficients,
            scale: fit.scale.first().copied().unwrap_or(1.0),
            log_likelihood: fit.log_likelihood,
            null_log_likelihood: fit.intercept_only_log_likelihood,
        })
    }
}
