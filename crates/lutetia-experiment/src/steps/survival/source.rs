//! Patients' times that an earlier step hands on.

use std::borrow::Cow;

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_trial::{Record, summary::Endpoint};

use super::{Intervals, Patients, SurvivalError};
use crate::{
    artefact::{Artefacts, PatientTimes},
    steps::{StepError, trial::TrialUse},
};

/// Patients' times with their arms.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Individuals {
    /// Times of the event or of the censoring.
    pub(crate) time: Vec<f64>,
    /// Whether it was the event.
    pub(crate) event: Vec<bool>,
    /// Arms.
    pub(crate) arm: Vec<String>,
    /// Between which times the event happened, the second infinite where it did not; none where no visits are known.
    pub(crate) between: Option<[Vec<f64>; 2]>,
}

impl Individuals {
    /// Times by arm.
    pub(crate) fn patients(&self) -> Result<Patients, StepError> {
        Patients::new(self.time.clone(), self.event.clone(), &self.arm)
    }

    /// Intervals by arm; `from` is where they come from, for the message.
    pub(crate) fn intervals(&self, from: &str) -> Result<Intervals, StepError> {
        let Some([left, right]) = &self.between else {
            return Err(SurvivalError::NoVisits { from: from.to_owned() }.into());
        };
        Intervals::new(left.clone(), right.clone(), &self.arm)
    }
}

/// The patients of `<id>.individuals` of a reconstruction, or of an endpoint of `<id>.events` of a trial, months.
///
/// # Errors
/// Another step or another table, an endpoint that the trial does not follow, none named where it follows several.
pub(crate) fn individuals<'a>(
    artefacts: &'a Artefacts,
    from: &str,
    endpoint: Option<&str>,
) -> Result<Cow<'a, Individuals>, StepError> {
    let (step, part) = from.split_once('.').unwrap_or((from, ""));
    match (artefacts.patient_times(step)?, part, endpoint) {
        (PatientTimes::Reconstructed(found), "individuals", None) => Ok(Cow::Borrowed(found)),
        (PatientTimes::Reconstructed(_), "individuals", Some(_)) => {
            Err(SurvivalError::OneEndpoint { from: from.to_owned() }.into())
        }
        (PatientTimes::Trial(base, records), "events", endpoint) => {
            Ok(Cow::Owned(followed(base, records, named(base, endpoint)?)))
        }
        (PatientTimes::Reconstructed(_), ..) => {
            Err(SurvivalError::NoTimes { from: from.to_owned(), part: "individuals" }.into())
        }
        (PatientTimes::Trial(..), ..) => {
            Err(SurvivalError::NoTimes { from: from.to_owned(), part: "events" }.into())
        }
    }
}

/// The endpoint of a name, or the only one of a trial.
fn named(base: &TrialUse, name: Option<&str>) -> Result<Endpoint, SurvivalError> {
    let there = Endpoint::of_trial(&base.spec);
    match (name, &there[..]) {
        (None, [only]) => Ok(*only),
        _ => there.iter().copied().find(|e| Some(e.name()) == name).ok_or_else(|| {
            let known = there.iter().map(|e| e.name()).collect();
            SurvivalError::Endpoint { name: name.map(str::to_owned), known }
        }),
    }
}

/// What the patients of a trial had, in its months.
fn followed(base: &TrialUse, records: &[Record], endpoint: Endpoint) -> Individuals {
    let mut found = Individuals::default();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for record in records {
        let observed = endpoint.of(record);
        let (after, by) = observed.interval();
        found.time.push(observed.at / MONTH);
        found.event.push(observed.event);
        found.arm.push(base.spec.arms[record.arm].name.clone());
        left.push(after / MONTH);
        right.push(by / MONTH);
    }
    found.between = Some([left, right]);
    found
}
