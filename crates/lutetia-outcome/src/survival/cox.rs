//! Cox's proportional hazards model.

use ::survival::regression::{CoxPHFit, CoxphData, CoxphOptions, TieMethod, ZphTransform, cox_zph};
use ndarray::Array2;
use serde::Serialize;

use super::data::{Groups, SurvivalData, same_length};
use super::ties::join_ties;
use crate::error::{OutcomeError, above_zero, confidence_level, not_determined, within};
use crate::numeric::{chi_squared_tail, two_sided_p, two_sided_z};

/// How events at one time enter the partial likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ties {
    /// Efron's approximation, the default of R.
    #[default]
    Efron,
    /// Breslow's approximation.
    Breslow,
    /// The exact discrete likelihood.
    Exact,
}

/// A Cox model to be fitted: `h_i(t) = h₀(t) exp(x_iᵀβ)`.
#[derive(Debug, Clone)]
pub struct Cox<'a> {
    data: &'a SurvivalData,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
    entry: Option<&'a [f64]>,
    weights: Option<&'a [f64]>,
    strata: Option<&'a Groups>,
    cluster: Option<&'a Groups>,
    robust: bool,
    ties: Ties,
}

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

/// How often, of two patients whose order is known, the one of higher risk has the event first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Concordance {
    /// Harrell's C; ties in risk count half.
    pub c: f64,
    /// Its standard error.
    pub standard_error: Option<f64>,
}

/// Scale of time of the test of proportional hazards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhTime {
    /// 1 − the left-continuous Kaplan–Meier curve, the default of R's `cox.zph`.
    #[default]
    KaplanMeier,
    /// Ranks of the event times.
    Rank,
    /// The time itself.
    Identity,
    /// Its logarithm.
    Log,
}

/// Score test of proportional hazards against `β(t) = β + θ g(t)`, by coefficient and for all.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PhTest {
    /// g.
    pub time: PhTime,
    /// By covariate.
    pub terms: Vec<(String, TestStatistic)>,
    /// For all together.
    pub global: TestStatistic,
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
    fit: CoxPHFit,
}

impl<'a> Cox<'a> {
    /// A model without covariates; add some.
    #[must_use]
    pub fn new(data: &'a SurvivalData) -> Self {
        Self {
            data,
            names: Vec::new(),
            columns: Vec::new(),
            entry: None,
            weights: None,
            strata: None,
            cluster: None,
            robust: false,
            ties: Ties::Efron,
        }
    }

    /// Adds a covariate, one value per patient.
    #[must_use]
    pub fn covariate(mut self, name: impl Into<String>, values: &[f64]) -> Self {
        self.names.push(name.into());
        self.columns.push(values.to_vec());
        self
    }

    /// Adds an indicator for each group but the first, which is the reference.
    #[must_use]
    pub fn groups(mut self, groups: &Groups) -> Self {
        for (g, label) in groups.labels().iter().enumerate().skip(1) {
            self.names.push(label.clone());
            self.columns.push(groups.of().iter().map(|&of| f64::from(of == g)).collect());
        }
        self
    }

    /// Times at which patients (or pieces of patients) come under observation: rows are at risk in
    /// `(entry, time]`.
    #[must_use]
    pub fn entry(mut self, entry: &'a [f64]) -> Self {
        self.entry = Some(entry);
        self
    }

    /// Case weights, above 0.
    #[must_use]
    pub fn weights(mut self, weights: &'a [f64]) -> Self {
        self.weights = Some(weights);
        self
    }

    /// A baseline hazard for each stratum.
    #[must_use]
    pub fn strata(mut self, strata: &'a Groups) -> Self {
        self.strata = Some(strata);
        self
    }

    /// Robust errors, with score residuals summed per cluster: `V = I⁻¹ (Σ_g s_g s_gᵀ) I⁻¹`.
    #[must_use]
    pub fn cluster(mut self, cluster: &'a Groups) -> Self {
        self.cluster = Some(cluster);
        self.robust = true;
        self
    }

    /// Robust errors, each row a cluster of its own.
    #[must_use]
    pub fn robust(mut self) -> Self {
        self.robust = true;
        self
    }

    /// The method for ties.
    #[must_use]
    pub fn ties(mut self, ties: Ties) -> Self {
        self.ties = ties;
        self
    }

    /// Maximises the partial likelihood.
    ///
    /// # Errors
    /// Columns of different lengths, values that are not finite; not determined without events, with
    /// covariates that are constant or follow from others, and where the likelihood keeps rising as
    /// a coefficient grows (all events on one side).
    pub fn fit(self) -> Result<CoxFit, OutcomeError> {
        self.check()?;
        let mut time = self.data.time().to_vec();
        let mut entry = self.entry.map(<[f64]>::to_vec);
        // Whoever enters at a time at which others leave is not at risk there, rounding or not.
        if let Some(entry) = &mut entry {
            join_ties(&mut [&mut time, entry]);
            for (from, to) in entry.iter_mut().zip(&time) {
                // A row no longer than rounding is at risk at its end and at no other time.
                *from = from.min(to.next_down());
            }
        }
        let (n, k) = (self.data.len(), self.columns.len());
        let x = Array2::from_shape_fn((n, k), |(i, j)| self.columns[j][i]);
        let options = CoxphOptions {
            method: match self.ties {
                Ties::Efron => TieMethod::Efron,
                Ties::Breslow => TieMethod::Breslow,
                Ties::Exact => TieMethod::Exact,
            },
            cluster: self.cluster.map(Groups::codes),
            robust: Some(self.robust),
            ..CoxphOptions::default()
        };
        let fit = CoxphData::try_new(
            time,
            entry,
            self.data.status(),
            x,
            self.weights.map(<[f64]>::to_vec),
            self.strata.map(Groups::codes),
            None,
        )
        .and_then(|data| CoxPHFit::fit(data, options))
        .map_err(|e| not_determined("the Cox model", e.to_string()))?;
        self.result(fit)
    }

    fn check(&self) -> Result<(), OutcomeError> {
        let n = self.data.len();
        if self.columns.is_empty() {
            return Err(OutcomeError::Inconsistent {
                what: "a Cox model without covariates".to_owned(),
                hint: "add one, or the arms",
            });
        }
        for (name, column) in self.names.iter().zip(&self.columns) {
            same_length(name, column.len(), n)?;
            for (i, &v) in column.iter().enumerate() {
                let what = format!("`{name}` of patient {}", i + 1);
                within(what, v, "", true, "a finite number; leave out patients without one")?;
            }
        }
        if let Some(entry) = self.entry {
            same_length("entry", entry.len(), n)?;
            for (i, (&from, &to)) in entry.iter().zip(self.data.time()).enumerate() {
                let what = format!("entry of row {}", i + 1);
                within(what, from, "", from < to, "a time before the end of the row")?;
            }
        }
        if let Some(weights) = self.weights {
            same_length("weight", weights.len(), n)?;
            for (i, &w) in weights.iter().enumerate() {
                above_zero(format!("weight of row {}", i + 1), w, "")?;
            }
        }
        for (what, groups) in [("stratum", self.strata), ("cluster", self.cluster)] {
            if let Some(groups) = groups {
                same_length(what, groups.of().len(), n)?;
            }
        }
        if self.data.events() == 0 {
            return Err(not_determined(
                "the Cox model",
                format!("all {n} times are censored; follow the patients longer"),
            ));
        }
        Ok(())
    }

    fn result(self, fit: CoxPHFit) -> Result<CoxFit, OutcomeError> {
        let k = self.columns.len();
        let mut coefficients = Vec::with_capacity(k);
        for j in 0..k {
            let (name, value) = (&self.names[j], fit.coefficients[j]);
            let model_error = fit.naive_var.as_ref().unwrap_or(&fit.var)[(j, j)].sqrt();
            let what = || format!("the coefficient of `{name}`");
            if value.is_nan() {
                return Err(not_determined(
                    what(),
                    "the covariate is constant, or follows from the others; leave it out",
                ));
            }
            let range = span(&self.columns[j]);
            // Where all events lie on one side the likelihood rises for ever, and the iteration stops
            // at some large value with an enormous error. An honest estimate with an error of 100
            // over the range of its covariate would be as useless.
            if model_error.is_nan() || model_error * range >= 100.0 {
                return Err(not_determined(
                    what(),
                    format!(
                        "the likelihood keeps rising as it grows ({value:.3} with a standard error of {model_error:.3e} when the iteration stopped): events on one side only, where Firth's penalised likelihood still has a maximum"
                    ),
                ));
            }
            let robust_error = fit.naive_var.is_some().then(|| fit.var[(j, j)].sqrt());
            let standard_error = robust_error.unwrap_or(model_error);
            let z = value / standard_error;
            let p = two_sided_p(z);
            coefficients.push(Coefficient {
                name: name.clone(),
                value,
                model_error,
                robust_error,
                standard_error,
                z,
                p,
            });
        }
        if fit.flag == 1000 {
            return Err(OutcomeError::NotConverged {
                what: "the Cox model".to_owned(),
                reason: format!("{} iterations were not enough", fit.iter),
            });
        }
        let statistic = |chi_squared: f64| TestStatistic {
            chi_squared,
            degrees_of_freedom: k as f64,
            p: chi_squared_tail(chi_squared, k as f64),
        };
        let concordance = Concordance {
            c: fit.concordance.concordance.first().copied().unwrap_or(f64::NAN),
            standard_error: fit
                .concordance
                .var
                .as_ref()
                .and_then(|v| v.first()?.first().copied())
                .map(f64::sqrt),
        };
        Ok(CoxFit {
            coefficients,
            null_log_likelihood: fit.loglik[0],
            log_likelihood: fit.loglik[1],
            likelihood_ratio: statistic(2.0 * (fit.loglik[1] - fit.loglik[0])),
            score: statistic(fit.score),
            wald: statistic(fit.wald_test),
            concordance,
            patients: fit.n,
            events: fit.nevent,
            ties: self.ties,
            fit,
        })
    }
}

fn span(values: &[f64]) -> f64 {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low
}

impl CoxFit {
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
    /// Not determined with fewer than two different event times.
    pub fn proportional_hazards(&self, time: PhTime) -> Result<PhTest, OutcomeError> {
        let transform = match time {
            PhTime::KaplanMeier => ZphTransform::Km,
            PhTime::Rank => ZphTransform::Rank,
            PhTime::Identity => ZphTransform::Identity,
            PhTime::Log => ZphTransform::Log,
        };
        let what = "the test of proportional hazards";
        let rows = self.fit.time.iter().zip(&self.fit.status);
        let mut times: Vec<f64> = rows.filter(|(_, s)| **s == 1).map(|(t, _)| *t).collect();
        times.sort_by(f64::total_cmp);
        times.dedup();
        if times.len() < 2 {
            return Err(not_determined(what, "all events are at one time"));
        }
        let test = cox_zph(&self.fit, &transform, true, false, true, None)
            .map_err(|_| not_determined(what, "the events do not determine a trend over time"))?;
        let of = |t: &::survival::regression::CoxZphTest| TestStatistic {
            chi_squared: t.chisq,
            degrees_of_freedom: t.df,
            p: t.p,
        };
        let global = test.global_test.as_ref().or(test.table.first()).map(of);
        let Some(global) = global.filter(|g| g.chi_squared.is_finite()) else {
            return Err(not_determined(what, "there are too few different event times"));
        };
        let names = self.coefficients.iter().map(|c| c.name.clone());
        Ok(PhTest { time, terms: names.zip(test.table.iter().map(of)).collect(), global })
    }

    /// The cumulative baseline hazard at covariates 0 of a stratum (0 without strata), as (time, H₀)
    /// in the order of time.
    ///
    /// # Errors
    /// A failure of the estimator.
    pub fn baseline_hazard(&self, stratum: usize) -> Result<Vec<(f64, f64)>, OutcomeError> {
        let base = self
            .fit
            .basehaz(false)
            .map_err(|e| not_determined("the baseline hazard", e.to_string()))?;
        let of =
            |i: usize| base.strata.as_ref().is_none_or(|s| usize::try_from(s[i]) == Ok(stratum));
        Ok((0..base.time.len())
            .filter(|&i| of(i))
            .map(|i| (base.time[i], base.hazard[i]))
            .collect())
    }
}
