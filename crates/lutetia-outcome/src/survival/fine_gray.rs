//! Regression on the subdistribution of one of several causes, after Fine and Gray.

use super::competing::CompetingData;
use super::cox::{Cox, CoxFit};
use super::data::{Groups, SurvivalData, same_length};
use super::undetermined::Undetermined;
use crate::error::OutcomeError;

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
    let n = data.time().len();
    for (name, values) in covariates {
        same_length(name, values.len(), n)?;
    }
    if !data.cause().contains(&Some(k)) {
        return Err(Undetermined::NoSuchEvent { cause: cause.to_owned(), patients: n }.into());
    }
    let pieces = Pieces::new(data, k);
    let expanded = SurvivalData::new(pieces.to, pieces.event)?;
    let cluster = Groups::numbered(&pieces.patient, n);
    let mut model =
        Cox::new(&expanded).entry(&pieces.from).weights(&pieces.weight).cluster(&cluster);
    for (name, values) in covariates {
        let column: Vec<f64> = pieces.patient.iter().map(|&i| values[i]).collect();
        model = model.covariate(*name, &column);
    }
    model.fit()
}

/// Pieces of patients, in each of which the weight is one number.
#[derive(Default)]
struct Pieces {
    patient: Vec<usize>,
    from: Vec<f64>,
    to: Vec<f64>,
    event: Vec<bool>,
    weight: Vec<f64>,
}

impl Pieces {
    fn new(data: &CompetingData, k: usize) -> Self {
        let (time, cause) = (data.time(), data.cause());
        let mut events: Vec<f64> =
            time.iter().zip(cause).filter(|(_, c)| **c == Some(k)).map(|(t, _)| *t).collect();
        events.sort_unstable_by(f64::total_cmp);
        let last = events.last().copied().unwrap_or(f64::NEG_INFINITY);
        let censoring = Censoring::new(data, &events);
        // An event at time 0 needs a time at risk before it.
        let begin = if time.iter().any(|&t| t <= 0.0) { -1.0 } else { 0.0 };
        let mut pieces = Self::default();
        for (patient, (&ended, &by)) in time.iter().zip(cause).enumerate() {
            if by.is_none() || by == Some(k) {
                pieces.add(patient, begin, ended, by.is_some(), 1.0);
                continue;
            }
            // At risk for ever, which is to the last event of this cause.
            let (falls, unit) = censoring.from(ended);
            let mut from = begin;
            let mut weight = 1.0;
            for &(at, left) in falls {
                pieces.add(patient, from, at, false, weight);
                (from, weight) = (at, left / unit);
            }
            pieces.add(patient, from, last.max(ended), false, weight);
        }
        pieces
    }

    fn add(&mut self, patient: usize, from: f64, to: f64, event: bool, weight: f64) {
        self.patient.push(patient);
        self.from.push(from);
        self.to.push(to);
        self.event.push(event);
        self.weight.push(weight);
    }
}

/// G, the Kaplan–Meier curve of the censoring; at one time events come first.
struct Censoring {
    /// Times at which it falls, and its value after each.
    steps: Vec<(f64, f64)>,
    /// Those of them after which an event of interest happens before the next: nothing is seen of the others.
    seen: Vec<(f64, f64)>,
}

impl Censoring {
    /// `events` are the times of the cause of interest in their order.
    fn new(data: &CompetingData, events: &[f64]) -> Self {
        let mut order: Vec<(f64, bool)> =
            data.time().iter().zip(data.cause()).map(|(&t, c)| (t, c.is_none())).collect();
        order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut steps: Vec<(f64, f64)> = Vec::new();
        let (mut value, mut first) = (1.0, 0);
        while first < order.len() {
            let now = order[first].0;
            let same = order[first..].iter().take_while(|(t, _)| *t <= now).count();
            let censored = order[first..first + same].iter().filter(|(_, c)| *c).count();
            let at_risk = order.len() - first - (same - censored);
            if censored > 0 {
                value *= (at_risk - censored) as f64 / at_risk as f64;
                steps.push((now, value));
            }
            first += same;
        }
        let after = |t: f64| events.partition_point(|e| *e <= t);
        let next = |i: usize| steps.get(i + 1).map_or(events.len(), |(t, _)| after(*t));
        let seen = (0..steps.len()).filter(|&i| after(steps[i].0) < next(i));
        let seen = seen.map(|i| steps[i]).collect();
        Self { steps, seen }
    }

    /// The falls at `time` or later that are seen, and G just before `time`.
    fn from(&self, time: f64) -> (&[(f64, f64)], f64) {
        let place = |steps: &[(f64, f64)]| steps.partition_point(|(t, _)| *t < time);
        let before = place(&self.steps).checked_sub(1).map_or(1.0, |i| self.steps[i].1);
        (&self.seen[place(&self.seen)..], before)
    }
}
