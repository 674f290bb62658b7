//! Cox's proportional hazards model.

mod baseline;
mod concordance;
mod exact;
mod likelihood;
mod newton;
mod residuals;
mod result;
mod risk_sets;
mod rows;
mod zph;

use serde::Serialize;

use self::newton::NoMaximum;
pub use self::result::{Coefficient, Concordance, CoxFit, TestStatistic};
use self::rows::{Columns, Rows};
pub use self::zph::{PhTest, PhTime};
use super::data::{Groups, SurvivalData, same_length};
use super::ties::join_ties;
use super::undetermined::{SurvivalModel, Undetermined};
use crate::error::{Contradiction, OutcomeError, above_zero, within};

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
    /// Columns of different lengths, values that are not finite, weights or robust errors with exact ties; not determined
    /// without events, with covariates that are constant or follow from others, where the likelihood keeps rising as a
    /// coefficient grows (all events on one side), and where the clusters leave no robust error.
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
        let rows = Rows::new(&Columns {
            time: &time,
            event: self.data.event(),
            entry: entry.as_deref(),
            weights: self.weights,
            strata: self.strata.map(Groups::of),
            covariates: &self.columns,
        })
        .map_err(|j| Undetermined::Dependent { covariate: self.names[j].clone() })?;
        let maximum = newton::maximise(&rows, self.ties).map_err(|none| match none {
            NoMaximum::Dependent(j) => Undetermined::Dependent { covariate: self.names[j].clone() },
            NoMaximum::Flat(j) => result::rising(&self.names[j], None),
        })?;
        let cluster = self.cluster.map(Groups::of);
        let robust = self.robust.then(|| {
            residuals::robust(&rows, self.ties, &maximum.beta, &maximum.covariance, cluster)
        });
        let coefficients = result::coefficients(self.names, &rows, &maximum, robust.as_ref())?;
        let concordance = concordance::concordance(&rows, &maximum.beta, cluster);
        Ok(CoxFit::new(coefficients, rows, maximum, robust.as_ref(), self.ties, concordance))
    }

    fn check(&self) -> Result<(), OutcomeError> {
        let n = self.data.len();
        if self.columns.is_empty() {
            return Err(Contradiction::NoCovariates.into());
        }
        for (name, column) in self.names.iter().zip(&self.columns) {
            same_length(name, column.len(), n)?;
            if let Some(i) = column.iter().position(|v| !v.is_finite()) {
                let what = format!("`{name}` of patient {}", i + 1);
                within(
                    what,
                    column[i],
                    "",
                    true,
                    "a finite number; leave out patients without one",
                )?;
            }
        }
        if let Some(entry) = self.entry {
            same_length("entry", entry.len(), n)?;
            let rows = || entry.iter().zip(self.data.time());
            if let Some(i) = rows().position(|(from, to)| !(from.is_finite() && from < to)) {
                let what = format!("entry of row {}", i + 1);
                within(what, entry[i], "", false, "a time before the end of the row")?;
            }
        }
        if let Some(weights) = self.weights {
            same_length("weight", weights.len(), n)?;
            if let Some(i) = weights.iter().position(|w| !(w.is_finite() && *w > 0.0)) {
                above_zero(format!("weight of row {}", i + 1), weights[i], "")?;
            }
        }
        for (what, groups) in [("stratum", self.strata), ("cluster", self.cluster)] {
            if let Some(groups) = groups {
                same_length(what, groups.of().len(), n)?;
            }
        }
        if self.ties == Ties::Exact && (self.weights.is_some() || self.robust) {
            return Err(Contradiction::ExactTies.into());
        }
        if self.data.events() == 0 {
            return Err(Undetermined::AllCensored { model: SurvivalModel::Cox, patients: n }.into());
        }
        Ok(())
    }
}
