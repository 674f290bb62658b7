//! Competing risks: cumulative incidence after Aalen and Johansen, regression after Fine and Gray.

use ::survival::regression::{FineGrayInput, finegray_expand};
use ::survival::surv_analysis::{SurvfitAJData, SurvfitAJOptions, survfitaj};
use serde::Serialize;

use super::cox::{Cox, CoxFit};
use super::data::{Groups, SurvivalData, same_length};
use crate::error::{OutcomeError, not_determined, not_negative};
use crate::numeric::two_sided_z;

/// One time per patient, and which of several events ended it, if any did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompetingData {
    time: Vec<f64>,
    cause: Vec<Option<usize>>,
    causes: Vec<String>,
}

/// The cumulative incidences at one time.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct IncidenceStep {
    /// The time.
    pub time: f64,
    /// Patients at risk just before it.
    pub at_risk: usize,
    /// F_k just after it, by cause.
    pub incidence: Vec<f64>,
    /// Standard errors (infinitesimal jackknife).
    pub standard_error: Vec<f64>,
}

/// Cumulative incidence of each cause, `F_k(t) = Σ_{t_i ≤ t} S(t_i−) d_{ki}/n_i`.
///
/// The incidences and the share without an event add to 1; one minus Kaplan–Meier of a cause alone,
/// with the other causes censored, is larger and is not the risk of a patient.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AalenJohansen {
    /// The causes.
    pub causes: Vec<String>,
    /// Steps in the order of time.
    pub steps: Vec<IncidenceStep>,
}

impl CompetingData {
    /// Times with the position of the cause in `causes`, or none where the patient was censored.
    ///
    /// # Errors
    /// As [`SurvivalData::new`]; a cause that is not in the list.
    pub fn new(
        time: Vec<f64>,
        cause: Vec<Option<usize>>,
        causes: &[&str],
    ) -> Result<Self, OutcomeError> {
        let events = cause.iter().map(Option::is_some).collect();
        let checked = SurvivalData::new(time, events)?;
        for c in cause.iter().flatten() {
            if *c >= causes.len() {
                return Err(OutcomeError::UnknownName {
                    kind: "cause",
                    name: format!("number {c}"),
                    known: causes.join(", "),
                });
            }
        }
        let causes = causes.iter().map(|&c| c.to_owned()).collect();
        Ok(Self { time: checked.time().to_vec(), cause, causes })
    }

    /// The times.
    #[must_use]
    pub fn time(&self) -> &[f64] {
        &self.time
    }

    /// What ended each time.
    #[must_use]
    pub fn cause(&self) -> &[Option<usize>] {
        &self.cause
    }

    /// Names of the causes.
    #[must_use]
    pub fn causes(&self) -> &[String] {
        &self.causes
    }

    /// The times to one cause with all others censored: what a cause-specific hazard is made of.
    ///
    /// # Errors
    /// A cause that is not in the list.
    pub fn cause_specific(&self, cause: &str) -> Result<SurvivalData, OutcomeError> {
        let k = self.position(cause)?;
        SurvivalData::new(self.time.clone(), self.cause.iter().map(|c| *c == Some(k)).collect())
    }

    fn position(&self, cause: &str) -> Result<usize, OutcomeError> {
        self.causes.iter().position(|c| c == cause).ok_or_else(|| OutcomeError::UnknownName {
            kind: "cause",
            name: cause.to_owned(),
            known: self.causes.join(", "),
        })
    }

    fn codes(&self) -> Vec<i32> {
        self.cause
            .iter()
            .map(|c| c.map_or(0, |k| i32::try_from(k + 1).unwrap_or(i32::MAX)))
            .collect()
    }
}

impl AalenJohansen {
    /// The cumulative incidences of these data.
    ///
    /// # Errors
    /// Not determined without any event.
    pub fn fit(data: &CompetingData) -> Result<Self, OutcomeError> {
        let what = "the cumulative incidence";
        if data.cause.iter().all(Option::is_none) {
            let n = data.time.len();
            return Err(not_determined(what, format!("all {n} times are censored")));
        }
        let fit = SurvfitAJData::try_new(
            None,
            data.time.clone(),
            data.codes(),
            data.causes.clone(),
            None,
            None,
            None,
            None,
            None,
            None,
        )
        .and_then(|input| survfitaj(&input, &SurvfitAJOptions::default()))
        .map_err(|e| not_determined(what, e.to_string()))?;
        let column = |name: &String| fit.states.iter().position(|s| s == name);
        let columns: Option<Vec<usize>> = data.causes.iter().map(column).collect();
        let Some(columns) = columns else {
            return Err(not_determined(what, "a cause is missing from the states"));
        };
        let steps = (0..fit.time.len())
            .map(|i| IncidenceStep {
                time: fit.time[i],
                at_risk: fit.n_risk[i].iter().sum::<f64>().round() as usize,
                incidence: columns.iter().map(|&j| fit.pstate[i][j]).collect(),
                standard_error: columns
                    .iter()
                    .map(|&j| fit.std_err.as_ref().map_or(f64::NAN, |s| s[i][j]))
                    .collect(),
            })
            .collect();
        Ok(Self { causes: data.causes.clone(), steps })
    }

    /// F_k(t) of a cause with its standard error; none after the last observed time.
    ///
    /// # Errors
    /// A cause that is not in the list, a negative time.
    pub fn at(&self, cause: &str, t: f64) -> Result<Option<(f64, f64)>, OutcomeError> {
        not_negative("time of the cumulative incidence", t, "")?;
        let k = self.causes.iter().position(|c| c == cause).ok_or_else(|| {
            OutcomeError::UnknownName {
                kind: "cause",
                name: cause.to_owned(),
                known: self.causes.join(", "),
            }
        })?;
        if self.steps.last().is_none_or(|s| t > s.time) {
            return Ok(None);
        }
        let next = self.steps.partition_point(|s| s.time <= t);
        let found = next.checked_sub(1).map(|i| &self.steps[i]);
        Ok(Some(found.map_or((0.0, 0.0), |s| (s.incidence[k], s.standard_error[k]))))
    }

    /// The interval of F, symmetric for `ln(−ln F)`, so that it stays between 0 and 1.
    #[must_use]
    pub fn interval(incidence: f64, standard_error: f64, level: f64) -> Option<(f64, f64)> {
        if !(incidence > 0.0 && incidence < 1.0 && standard_error.is_finite()) {
            return None;
        }
        let half = two_sided_z(level) * standard_error / (incidence * incidence.ln()).abs();
        Some((incidence.powf(half.exp()), incidence.powf((-half).exp())))
    }
}

/// A Fine–Gray model: proportional hazards of the subdistribution of one cause.
///
/// Patients who had another event stay at risk, with the weight `G(t−)/G(T_i−)` that they would not
/// have been censored since (Fine and Gray 1999, JASA 94:496); errors are robust by patient.
///
/// # Errors
/// As [`Cox::fit`]; a cause that is not in the list.
pub fn fine_gray(
    data: &CompetingData,
    cause: &str,
    covariates: &[(&str, &[f64])],
) -> Result<CoxFit, OutcomeError> {
    let k = data.position(cause)?;
    let n = data.time.len();
    for (name, values) in covariates {
        same_length(name, values.len(), n)?;
    }
    let codes = data.codes();
    let event_type = i32::try_from(k + 1).unwrap_or(i32::MAX);
    if !codes.contains(&event_type) {
        return Err(not_determined(
            format!("the Fine–Gray model of `{cause}`"),
            format!("none of the {n} patients had it"),
        ));
    }
    let input = FineGrayInput {
        time: &data.time,
        status: &codes,
        event_type,
        start: None,
        strata: None,
        id: None,
        weights: None,
        timefix: true,
    };
    let rows = finegray_expand(&input)
        .map_err(|e| not_determined(format!("the Fine–Gray model of `{cause}`"), e.to_string()))?;
    // Rows count from 1. An added piece of a patient carries no event of interest.
    let of: Vec<usize> = rows.row.iter().map(|r| r - 1).collect();
    let event = of.iter().zip(&rows.add).map(|(&i, &add)| add == 0 && codes[i] == event_type);
    let expanded = SurvivalData::new(rows.end.clone(), event.collect())?;
    let patients: Vec<String> = of.iter().map(usize::to_string).collect();
    let cluster = Groups::by_appearance(&patients);
    let mut model = Cox::new(&expanded).entry(&rows.start).weights(&rows.wt).cluster(&cluster);
    for (name, values) in covariates {
        let column: Vec<f64> = of.iter().map(|&i| values[i]).collect();
        model = model.covariate(*name, &column);
    }
    model.fit()
}
