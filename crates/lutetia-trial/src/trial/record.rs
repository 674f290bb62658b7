//! What is kept of a patient.

use lutetia_outcome::{endpoint::BestResponse, survival::Decision};

use crate::error::TrialError;

/// How long somebody was followed for an event, and whether it ended with it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// Day of the event, or the last day on which it was known not to have happened.
    pub at: f64,
    /// Whether it happened.
    pub event: bool,
    /// Where it was only found at a visit: the visit before, zero for the first.
    pub after: Option<f64>,
}

impl Observed {
    /// An event on a day that is known.
    #[must_use]
    pub fn event(at: f64) -> Self {
        Self { at, event: true, after: None }
    }

    /// No event until a day.
    #[must_use]
    pub fn censored(at: f64) -> Self {
        Self { at, event: false, after: None }
    }

    /// An event that a visit showed, and that had not happened at the visit before.
    #[must_use]
    pub fn found(at: f64, after: f64) -> Self {
        Self { at, event: true, after: Some(after) }
    }

    /// The interval `(left, right]` in which the event happened: between two visits, at its day, or after the last
    /// day, where `right` is infinite.
    #[must_use]
    pub fn interval(self) -> (f64, f64) {
        if self.event { (self.after.unwrap_or(self.at), self.at) } else { (self.at, f64::INFINITY) }
    }
}

/// How one patient fared in one arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Number of the patient.
    pub patient: u64,
    /// Index of the arm.
    pub arm: usize,
    /// Death, or the last day known to be alive.
    pub survival: Observed,
    /// Progression or death, or the last assessment; a progression happened after the scan before the one that
    /// showed it.
    pub progression_free: Observed,
    /// When the patient would have been censored at the latest: the end of the study.
    pub end_of_study: f64,
    /// When treatment was changed.
    pub crossed_at: Option<f64>,
    /// When it was decided whether to change it, where it was, with what the decision depended on.
    pub decision: Option<Decision>,
    /// Cycles of the ligand begun: its occasions.
    pub cycles: usize,
    /// Best response by RECIST 1.1 over the scans while assessed.
    pub response: BestResponse,
    /// Best change of the sum of diameters over them, as a share of the baseline.
    pub best_size: Option<f64>,
    /// Best change of the marker, as a share of the baseline.
    pub best_marker: Option<f64>,
    /// Whether the marker fell to half, confirmed three weeks later; known where it has visits of its own.
    pub marker_halved: Option<bool>,
    /// Progression of the marker or death, or its last measurement; a progression happened after the measurement
    /// before the one that showed it. Known where the marker has visits of its own.
    pub marker_free: Option<Observed>,
    /// Worst grade of each toxicity.
    pub grades: Vec<u8>,
    /// Kept outputs at the end of treatment, internal.
    pub kept: Vec<f64>,
}

/// A patient that could not be simulated.
#[derive(Debug, Clone, PartialEq)]
pub struct Failed {
    /// Number of the patient.
    pub patient: u64,
    /// Index of the arm.
    pub arm: usize,
    /// Why.
    pub reason: Box<TrialError>,
}
