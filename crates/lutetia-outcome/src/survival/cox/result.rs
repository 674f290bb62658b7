//! What a fitted Cox model says.

use nalgebra::{DMatrix, DVector};
use serde::Serialize;

use super::newton::{Maximum, STEPS};
use super::rows::Rows;
use super::{PhTest, PhTime, Ties, baseline, zph};
use crate::error::{Asked, OutcomeError, Unfinished, confidence_level};
use crate::numeric::{chi_squared_tail, two_sided_p, two_sided_z};
use crate::survival::{SurvivalModel, Undetermined};

/// One coefficient.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coefficient {
    /// Name of its covariate.
    pub name: String,
    /// β.
    pub value: f64,
    /// Standard error from the information matrix.
    pub model_error: f64,
    /// Robust (sandwich) standard error, if asked for.
    pub robust_error: Option<f64>,
    /// The standard error that the interval and the p-value use: the robust one if there is one.
    pub standard_error: f64,
    /// β/se.
    pub z: f64,
    /// Two-sided p-value of z.
    pub p: f64,
}

impl Coefficient {
    pub(in crate::survival) fn new(
        name: String,
        value: f64,
        model_error: f64,
        robust_error: Option<f64>,
    ) -> Self {
        let standard_error = robust_error.unwrap_or(model_error);
        let z = value / standard_error;
        Self { name, value, model_error, robust_error, standard_error, z, p: two_sided_p(z) }
    }

    /// `exp(β)`.
    #[must_use]
    pub fn hazard_ratio(&self) -> f64 {
        self.value.exp()
    }

    /// `exp(β ± z se)`.
    ///
    /// # Errors
    /// A level that is not between 0 and 1.
    pub fn hazard_ratio_interval(&self, level: f64) -> Result<(f64, f64), OutcomeError> {
        let half = two_sided_z(confidence_level(level)?) * self.standard_error;
        Ok(((self.value - half).exp(), (self.value + half).exp()))
    }
}

/// A χ² statistic.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct TestStatistic {
    /// χ².
    pub chi_squared: f64,
    /// Degrees of freedom.
    pub degrees_of_freedom: f64,
    /// P(χ²_df > χ²).
    pub p: f64,
}

impl TestStatistic {
    fn new(chi_squared: f64, degrees: usize) -> Self {
        let degrees_of_freedom = degrees as f64;
        Self {
            chi_squared,
            degrees_of_freedom,
            p: chi_squared_tail(chi_squared, degrees_of_freedom),
        }
    }
}

/// How often, of two patients whose order is known, the one of higher risk has the event first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Concordance {
    /// Harrell's C; ties in risk count half.
    pub c: f64,
    /// Its standard error.
    pub standard_error: Option<f64>,
}

/// A fitted Cox model.
#[derive(Debug, Clone)]
pub struct CoxFit {
    /// Coefficients in the order of the covariates.
    pub coefficients: Vec<Coefficient>,
    /// Logarithm of the partial likelihood at β = 0.
    pub null_log_likelihood: f64,
    /// Logarithm of the partial likelihood at the estimate.
    pub log_likelihood: f64,
    /// Likelihood-ratio test of β = 0.
    pub likelihood_ratio: TestStatistic,
    /// Score test of β = 0; for one binary covariate without ties, the log-rank test.
    pub score: TestStatistic,
    /// Wald test of β = 0.
    pub wald: TestStatistic,
    /// Concordance of the linear predictor with the times.
    pub concordance: Concordance,
    /// Patients.
    pub patients: usize,
    /// Events.
    pub events: usize,
    /// Method for ties.
    pub ties: Ties,
    pub(super) rows: Rows,
    /// β of the scaled covariates.
    pub(super) beta: DVector<f64>,
}

/// Where all events lie on one side the likelihood rises for ever, and the iteration stops at some large value with an
/// enormous error. An honest estimate with an error of so much over the range of its covariate would be as useless.
const ENORMOUS: f64 = 100.0;

/// A robust error below this share of that of the model is rounding.
const ROUNDING: f64 = 1e-10;

/// The coefficients of a maximum, back from scaled covariates.
pub(super) fn coefficients(
    names: Vec<String>,
    rows: &Rows,
    maximum: &Maximum,
    robust: Option<&DMatrix<f64>>,
) -> Result<Vec<Coefficient>, OutcomeError> {
    let of = |(j, name): (usize, String)| {
        let scale = rows.scale[j];
        let value = maximum.beta[j] / scale;
        let model_error = maximum.covariance[(j, j)].sqrt() / scale;
        if model_error.is_nan() || model_error * rows.span[j] >= ENORMOUS {
            let at = Some((value, model_error));
            return Err(rising(&name, at));
        }
        let robust_error = robust.map(|v| v[(j, j)].sqrt() / scale);
        if robust_error.is_some_and(|e| e <= ROUNDING * model_error) {
            return Err(Undetermined::NoResiduals { covariate: name });
        }
        Ok(Coefficient::new(name, value, model_error, robust_error))
    };
    let found = names.into_iter().enumerate().map(of).collect::<Result<Vec<_>, Undetermined>>()?;
    if !maximum.converged {
        return Err(OutcomeError::NotConverged {
            what: Asked::Model(SurvivalModel::Cox),
            reason: Unfinished::Steps { steps: STEPS, penalised: false },
        });
    }
    Ok(found)
}

/// A coefficient that has no finite maximum, and how far the iteration came.
pub(super) fn rising(name: &str, at: Option<(f64, f64)>) -> Undetermined {
    Undetermined::Rising { model: SurvivalModel::Cox, covariate: name.to_owned(), at }
}

/// `βᵀ V⁻¹ β` with the covariance that the intervals use, and its degrees of freedom. A sandwich of fewer clusters than
/// covariates is singular: tested is what of β it reaches, by its eigenvectors in units of the errors.
fn wald(beta: &DVector<f64>, covariance: &DMatrix<f64>) -> TestStatistic {
    let errors = covariance.diagonal().map(f64::sqrt);
    let correlation = covariance.component_div(&(&errors * errors.transpose()));
    let eigen = correlation.symmetric_eigen();
    let along = eigen.eigenvectors.transpose() * beta.component_div(&errors);
    let kept = || along.iter().zip(eigen.eigenvalues.iter()).filter(|(_, v)| **v > ROUNDING);
    TestStatistic::new(kept().map(|(a, v)| a * a / v).sum(), kept().count())
}

impl CoxFit {
    /// All that follows from a maximum.
    pub(super) fn new(
        coefficients: Vec<Coefficient>,
        rows: Rows,
        maximum: Maximum,
        robust: Option<&DMatrix<f64>>,
        ties: Ties,
        concordance: Concordance,
    ) -> Self {
        let k = rows.covariates;
        let covariance = robust.unwrap_or(&maximum.covariance);
        Self {
            coefficients,
            null_log_likelihood: maximum.null,
            log_likelihood: maximum.value,
            likelihood_ratio: TestStatistic::new(2.0 * (maximum.value - maximum.null), k),
            score: TestStatistic::new(maximum.score_test, k),
            wald: wald(&maximum.beta, covariance),
            concordance,
            patients: rows.len(),
            events: rows.event.iter().filter(|e| **e).count(),
            ties,
            rows,
            beta: maximum.beta,
        }
    }

    /// The coefficient of a covariate.
    ///
    /// # Errors
    /// A name that is not a covariate of the model.
    pub fn coefficient(&self, name: &str) -> Result<&Coefficient, OutcomeError> {
        self.coefficients.iter().find(|c| c.name == name).ok_or_else(|| {
            let known: Vec<_> = self.coefficients.iter().map(|c| c.name.as_str()).collect();
            OutcomeError::UnknownName {
                kind: "covariate",
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }

    /// Tests proportional hazards (Grambsch and Therneau 1994, Biometrika 81:515, as a score test).
    ///
    /// # Errors
    /// Not determined with fewer than two different event times, or where the events show no trend over time.
    pub fn proportional_hazards(&self, time: PhTime) -> Result<PhTest, OutcomeError> {
        let mut events =
            self.rows.time.iter().zip(&self.rows.event).filter(|(_, e)| **e).map(|(t, _)| *t);
        let first = events.next().unwrap_or(f64::NAN);
        if events.all(|t| t.total_cmp(&first).is_eq()) {
            return Err(Undetermined::OneTime.into());
        }
        let (by_term, global) = zph::statistics(&self.rows, self.ties, &self.beta, time)
            .filter(|(_, global)| global.is_finite())
            .ok_or(Undetermined::NoTrend)?;
        let names = self.coefficients.iter().map(|c| c.name.clone());
        let terms = names.zip(by_term.into_iter().map(|x| TestStatistic::new(x, 1))).collect();
        Ok(PhTest { time, terms, global: TestStatistic::new(global, self.rows.covariates) })
    }

    /// The cumulative baseline hazard at covariates 0 of a stratum (0 without strata), as (time, H₀)
    /// in the order of time, by Efron's estimate after Efron's ties and by Breslow's after the others.
    #[must_use]
    pub fn baseline_hazard(&self, stratum: usize) -> Vec<(f64, f64)> {
        baseline::cumulative(&self.rows, self.ties, &self.beta, stratum)
    }
}
