//! Accelerated failure time models with covariates.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::location_scale::{Maximum, NoMaximum, Sample};
use crate::error::{Asked, OutcomeError, Unfinished, within};
use crate::survival::data::same_length;
use crate::survival::{Coefficient, SurvivalData, SurvivalModel, Undetermined};

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
    /// Columns of different lengths, values that are not finite, a time of 0; not determined without events, with
    /// covariates that are constant or follow from others, where the likelihood keeps rising as a coefficient grows
    /// (events on one side only), and where the covariates leave no scatter of the times.
    pub fn fit(self) -> Result<AftFit, OutcomeError> {
        self.check()?;
        let standard = Standard::new(&self.columns);
        if let Some(j) = standard.constant {
            return Err(dependent(&self.names[j + 1]).into());
        }
        let maximum = self.sample(&self.columns, &standard).maximise().map_err(|n| self.why(&n))?;
        let null = self.sample(&[], &standard).maximise().map_err(|n| self.why(&n))?;
        let (value, covariance) = standard.back(&maximum);
        let error = covariance.diagonal().map(f64::sqrt);
        // The intercept last: it is lost with the coefficient of any covariate.
        for j in (1..self.names.len()).chain([0]) {
            let span = j.checked_sub(1).map_or(1.0, |c| standard.span[c]);
            if error[j].is_nan() || error[j] * span >= ENORMOUS {
                let at = Some((value[j], error[j]));
                return Err(rising(&self.names[j], at).into());
            }
        }
        let of = |(j, name)| Coefficient::new(name, value[j], error[j], None);
        let coefficients: Vec<Coefficient> = self.names.into_iter().enumerate().map(of).collect();
        let scale = maximum.theta.get(coefficients.len()).map_or(1.0, |ln| ln.exp());
        Ok(AftFit {
            coefficients,
            scale,
            log_likelihood: maximum.value,
            null_log_likelihood: null.value,
        })
    }

    fn check(&self) -> Result<(), OutcomeError> {
        let n = self.data.len();
        for (name, column) in self.names[1..].iter().zip(&self.columns) {
            same_length(name, column.len(), n)?;
            if let Some(i) = column.iter().position(|v| !v.is_finite()) {
                let of = format!("`{name}` of patient {}", i + 1);
                within(of, column[i], "", true, "a finite number; leave out patients without one")?;
            }
        }
        if let Some(i) = self.data.time().iter().position(|&t| t <= 0.0) {
            let (of, t) = (format!("time of patient {}", i + 1), self.data.time()[i]);
            within(of, t, "", false, "a time above 0, since its logarithm is modelled")?;
        }
        if self.data.events() == 0 {
            let model = SurvivalModel::FailureTimes;
            return Err(Undetermined::AllCensored { model, patients: n }.into());
        }
        Ok(())
    }

    fn sample(&self, columns: &[Vec<f64>], standard: &Standard) -> Sample<'a> {
        let mut x = Vec::with_capacity(self.data.len() * (columns.len() + 1));
        for i in 0..self.data.len() {
            x.push(1.0);
            let scaled = |(j, c): (usize, &Vec<f64>)| (c[i] - standard.mean[j]) / standard.scale[j];
            x.extend(columns.iter().enumerate().map(scaled));
        }
        Sample {
            family: self.family,
            ln_time: self.data.time().iter().map(|t| t.ln()).collect(),
            event: self.data.event(),
            x,
            coefficients: columns.len() + 1,
        }
    }

    fn why(&self, none: &NoMaximum) -> OutcomeError {
        match none {
            NoMaximum::Dependent(j) => dependent(&self.names[*j]).into(),
            NoMaximum::NoScatter => Undetermined::NoScatter.into(),
            // The last place is that of σ.
            NoMaximum::Flat(j) => match self.names.get(*j) {
                Some(name) => rising(name, None).into(),
                None => Undetermined::NoScatter.into(),
            },
            NoMaximum::Steps(steps) => OutcomeError::NotConverged {
                what: Asked::Model(SurvivalModel::FailureTimes),
                reason: Unfinished::Steps { steps: *steps, penalised: false },
            },
        }
    }
}

/// A standard error of so much over the range of a covariate, in ln t, says that nothing is known of it.
const ENORMOUS: f64 = 100.0;

/// A covariate whose spread is below this share of its largest value is constant but for rounding.
const CONSTANT: f64 = 1e-13;

fn dependent(name: &str) -> Undetermined {
    Undetermined::Dependent { covariate: name.to_owned() }
}

fn rising(name: &str, at: Option<(f64, f64)>) -> Undetermined {
    Undetermined::Rising { model: SurvivalModel::FailureTimes, covariate: name.to_owned(), at }
}

/// Means and scales of covariates, so that those of the fit are of the order of one.
struct Standard {
    mean: Vec<f64>,
    scale: Vec<f64>,
    /// Greatest minus least value.
    span: Vec<f64>,
    /// The first that is constant.
    constant: Option<usize>,
}

impl Standard {
    fn new(columns: &[Vec<f64>]) -> Self {
        let mut of = Self { mean: vec![], scale: vec![], span: vec![], constant: None };
        for (j, column) in columns.iter().enumerate() {
            let n = column.len() as f64;
            let mean = column.iter().sum::<f64>() / n;
            let low = column.iter().copied().fold(f64::INFINITY, f64::min);
            let high = column.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if high - low <= CONSTANT * low.abs().max(high.abs()) {
                of.constant = of.constant.or(Some(j));
            }
            of.mean.push(mean);
            of.scale.push(column.iter().map(|v| (v - mean).abs()).sum::<f64>() / n);
            of.span.push(high - low);
        }
        of
    }

    /// Intercept and coefficients of the covariates as they were given, with their covariance.
    fn back(&self, maximum: &Maximum) -> (DVector<f64>, DMatrix<f64>) {
        let size = self.mean.len() + 1;
        let mut linear = DMatrix::identity(size, size);
        for (j, (mean, scale)) in self.mean.iter().zip(&self.scale).enumerate() {
            linear[(j + 1, j + 1)] = 1.0 / scale;
            linear[(0, j + 1)] = -mean / scale;
        }
        let covariance = maximum.covariance.view((0, 0), (size, size)).into_owned();
        let value = &linear * maximum.theta.rows(0, size);
        (value, &linear * covariance * linear.transpose())
    }
}
