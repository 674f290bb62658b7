//! Right-censored times and the groups of patients.

use std::collections::BTreeMap;

use serde::Serialize;

use super::ties::join_ties;
use crate::error::{OutcomeError, not_negative};

/// One time per patient, and whether it ended with the event or was censored.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SurvivalData {
    time: Vec<f64>,
    event: Vec<bool>,
}

impl SurvivalData {
    /// Times from the origin (0 or later) with `true` where the event happened. Times that differ by rounding are made
    /// one ([`join_ties`]), so that every estimate from them has the same ties.
    ///
    /// # Errors
    /// No patients, columns of different lengths, a time that is negative or not finite.
    pub fn new(mut time: Vec<f64>, event: Vec<bool>) -> Result<Self, OutcomeError> {
        if time.is_empty() {
            return Err(OutcomeError::Empty { what: "the table of survival times".to_owned() });
        }
        same_length("event", event.len(), time.len())?;
        for (i, &t) in time.iter().enumerate() {
            not_negative(format!("time of patient {}", i + 1), t, "")?;
        }
        join_ties(&mut [&mut time]);
        Ok(Self { time, event })
    }

    /// The times.
    #[must_use]
    pub fn time(&self) -> &[f64] {
        &self.time
    }

    /// Where the event happened.
    #[must_use]
    pub fn event(&self) -> &[bool] {
        &self.event
    }

    /// Number of patients.
    #[must_use]
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Never true: a table without patients is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Number of events.
    #[must_use]
    pub fn events(&self) -> usize {
        self.event.iter().filter(|&&e| e).count()
    }

    /// The latest time, of an event or of a censoring.
    #[must_use]
    pub fn last_time(&self) -> f64 {
        self.time.iter().copied().fold(0.0, f64::max)
    }

    /// The patients of these rows.
    pub(crate) fn rows(&self, rows: &[usize]) -> Self {
        Self {
            time: rows.iter().map(|&i| self.time[i]).collect(),
            event: rows.iter().map(|&i| self.event[i]).collect(),
        }
    }
}

/// Patients sorted into labelled groups: arms, strata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Groups {
    labels: Vec<String>,
    of: Vec<usize>,
}

impl Groups {
    /// Groups in the order in which their labels first appear; the first is the reference.
    #[must_use]
    pub fn by_appearance<S: AsRef<str>>(of: &[S]) -> Self {
        let mut labels: Vec<String> = Vec::new();
        let mut place: BTreeMap<&str, usize> = BTreeMap::new();
        let of = of
            .iter()
            .map(|label| {
                *place.entry(label.as_ref()).or_insert_with(|| {
                    labels.push(label.as_ref().to_owned());
                    labels.len() - 1
                })
            })
            .collect();
        Self { labels, of }
    }

    /// `count` groups without names of their own.
    pub(super) fn numbered(of: &[usize], count: usize) -> Self {
        Self { labels: (1..=count).map(|g| g.to_string()).collect(), of: of.to_vec() }
    }

    /// Groups in a stated order; the first is the reference.
    ///
    /// # Errors
    /// A label that is not one of the groups, a group without a patient.
    pub fn with_order<S: AsRef<str>>(labels: &[&str], of: &[S]) -> Result<Self, OutcomeError> {
        let mut found = Vec::with_capacity(of.len());
        for label in of {
            let label = label.as_ref();
            found.push(labels.iter().position(|l| *l == label).ok_or_else(|| {
                OutcomeError::UnknownName {
                    kind: "group",
                    name: label.to_owned(),
                    known: labels.join(", "),
                }
            })?);
        }
        for (g, label) in labels.iter().enumerate() {
            if !found.contains(&g) {
                return Err(OutcomeError::Empty { what: format!("group `{label}`") });
            }
        }
        Ok(Self { labels: labels.iter().map(|&l| l.to_owned()).collect(), of: found })
    }

    /// The labels, the reference first.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// For every patient the position of its group in [`labels`](Self::labels).
    #[must_use]
    pub fn of(&self) -> &[usize] {
        &self.of
    }

    /// The patients of one group.
    #[must_use]
    pub fn rows(&self, group: usize) -> Vec<usize> {
        (0..self.of.len()).filter(|&i| self.of[i] == group).collect()
    }

    /// The data of each group, in the order of the labels.
    ///
    /// # Errors
    /// Columns of different lengths.
    pub fn split(&self, data: &SurvivalData) -> Result<Vec<SurvivalData>, OutcomeError> {
        same_length("group", self.of.len(), data.len())?;
        Ok((0..self.labels.len()).map(|g| data.rows(&self.rows(g))).collect())
    }
}

pub(crate) fn same_length(what: &str, found: usize, expected: usize) -> Result<(), OutcomeError> {
    if found == expected {
        return Ok(());
    }
    Err(OutcomeError::Lengths { what: what.to_owned(), found, expected })
}
