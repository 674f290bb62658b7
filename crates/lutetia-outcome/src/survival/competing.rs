//! Times that one of several events ends.

use serde::Serialize;

use super::data::SurvivalData;
use crate::error::OutcomeError;

/// One time per patient, and which of several events ended it, if any did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompetingData {
    time: Vec<f64>,
    cause: Vec<Option<usize>>,
    causes: Vec<String>,
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

    pub(super) fn position(&self, cause: &str) -> Result<usize, OutcomeError> {
        self.causes.iter().position(|c| c == cause).ok_or_else(|| OutcomeError::UnknownName {
            kind: "cause",
            name: cause.to_owned(),
            known: self.causes.join(", "),
        })
    }
}
