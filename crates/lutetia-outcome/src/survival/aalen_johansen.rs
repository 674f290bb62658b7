//! Cumulative incidence of competing events, after Aalen and Johansen.

use serde::Serialize;

use super::competing::CompetingData;
use super::undetermined::{SurvivalModel, Undetermined};
use crate::error::{OutcomeError, not_negative};
use crate::numeric::two_sided_z;

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

/// The variance of an incidence as it grows with time.
///
/// A patient at risk at s has cause k with the share `p_k` and any with p. Among the patients at risk the influences
/// `S(s−)/n [1_k − Q 1_any]` have the mean `S(s−)/n [p_k − Q p]`, where `Q = (F_k(t) − F_k(s))/S(s)` is what a survivor of
/// s has yet to expect; about it they are uncorrelated between times, so that their squares add:
/// `Var F_k(t) = Σ_s S(s−)²/n [p_k (1 − p_k) − 2 Q p_k (1 − p) + Q² p (1 − p)]` (Aalen and Johansen 1978, Scand J Stat
/// 5:141; Andersen, Borgan, Gill and Keiding 1993, section IV.4.1.3). Sums over `F(t) − F(s)` move on with F.
#[derive(Debug, Clone, Copy, Default)]
struct Variance {
    /// Σ S(s−)² p_k (1 − p_k)/n.
    own: f64,
    /// Σ b and Σ b (F(t) − F(s)), `b = S(s−) p_k/n`.
    b: [f64; 2],
    /// Σ c, Σ c (F(t) − F(s)) and Σ c (F(t) − F(s))², `c = p/(n (1 − p))`.
    c: [f64; 3],
}

/// Share of its terms below which a sum of them is rounding.
const ROUNDING: f64 = 1e-13;

impl Variance {
    /// F_k grows at a time at which `at_risk` patients have it with the shares `own` and `any`.
    fn step(&mut self, before: f64, at_risk: f64, own: f64, any: f64) {
        let growth = before * own;
        self.c[2] += growth * (2.0 * self.c[1] + growth * self.c[0]);
        self.c[1] += growth * self.c[0];
        self.b[1] += growth * self.b[0];
        self.own += before * before * own * (1.0 - own) / at_risk;
        // Where nobody survives nothing is left to expect.
        if any < 1.0 {
            self.b[0] += before * own / at_risk;
            self.c[0] += any / (at_risk * (1.0 - any));
        }
    }

    fn standard_error(&self) -> f64 {
        let variance = self.own - 2.0 * self.b[1] + self.c[2];
        // Where everybody has had the event nothing is uncertain, and the terms cancel but for rounding.
        if variance > ROUNDING * (self.own + self.c[2]) { variance.sqrt() } else { 0.0 }
    }
}

impl AalenJohansen {
    /// The cumulative incidences of these data, `O(n log n)`.
    ///
    /// # Errors
    /// Not determined without any event.
    pub fn fit(data: &CompetingData) -> Result<Self, OutcomeError> {
        let (time, cause) = (data.time(), data.cause());
        if cause.iter().all(Option::is_none) {
            let (model, patients) = (SurvivalModel::Incidence, time.len());
            return Err(Undetermined::AllCensored { model, patients }.into());
        }
        let mut order: Vec<usize> = (0..time.len()).collect();
        order.sort_unstable_by(|&a, &b| time[a].total_cmp(&time[b]));
        let causes = data.causes().len();
        let mut incidence = vec![0.0; causes];
        let mut variances = vec![Variance::default(); causes];
        let (mut survival, mut first) = (1.0, 0);
        let mut steps = Vec::new();
        while first < order.len() {
            let now = time[order[first]];
            let at_risk = order.len() - first;
            let mut counts = vec![0_usize; causes];
            while let Some(&patient) = order.get(first)
                && time[patient] <= now
            {
                if let Some(k) = cause[patient] {
                    counts[k] += 1;
                }
                first += 1;
            }
            let n = at_risk as f64;
            let any = counts.iter().sum::<usize>();
            for (k, &count) in counts.iter().enumerate() {
                let own = count as f64 / n;
                variances[k].step(survival, n, own, any as f64 / n);
                incidence[k] += survival * own;
            }
            survival *= (at_risk - any) as f64 / n;
            steps.push(IncidenceStep {
                time: now,
                at_risk,
                incidence: incidence.clone(),
                standard_error: variances.iter().map(Variance::standard_error).collect(),
            });
        }
        Ok(Self { causes: data.causes().to_vec(), steps })
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
