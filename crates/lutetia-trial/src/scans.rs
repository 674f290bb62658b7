//! What do the scans of a patient show, and when?

use lutetia_outcome::endpoint::{BestResponse, NonTarget, RecistRules, Scan, assess};

use crate::error::{Statistic, TrialError};

/// Scans and what they call progression.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Visits {
    /// Days of the scans, ascending, the baseline scan at zero left out.
    pub times: Vec<f64>,
    /// Sum of diameters at baseline in mm, against which the 5 mm of RECIST 1.1 are measured.
    pub baseline_mm: f64,
    /// Scans of a patient are all up to this many days early or late: the calendar of real trials.
    pub jitter: f64,
}

impl Visits {
    /// A scan every `first` until `change`, then every `later`, until `end`.
    #[must_use]
    pub fn every(first: f64, change: f64, later: f64, end: f64, baseline_mm: f64) -> Self {
        let mut times = Vec::new();
        let mut at = first;
        while at <= end && times.len() < 100_000 {
            times.push(at);
            // A moment of grace, so that eight times three weeks are 24 weeks.
            at += if at < change * (1.0 - 1e-9) { first } else { later };
        }
        Self { times, baseline_mm, jitter: 0.0 }
    }

    /// The scans of one patient, for a uniform number between 0 and 1.
    #[must_use]
    pub fn of_patient(&self, u: f64) -> Self {
        let shift = self.jitter * (2.0 * u - 1.0);
        let times = self.times.iter().map(|t| t + shift).filter(|t| *t > 0.0).collect();
        Self { times, ..self.clone() }
    }
}

/// A curve at a time, linear between its points and constant beyond them.
pub(crate) fn interpolate(times: &[f64], values: &[f64], at: f64) -> f64 {
    let after = times.partition_point(|t| *t <= at);
    match (after.checked_sub(1), after < times.len().min(values.len())) {
        (None, _) => values.first().copied().unwrap_or(f64::NAN),
        (Some(k), false) => values.get(k).or(values.last()).copied().unwrap_or(f64::NAN),
        (Some(k), true) => {
            let share = (at - times[k]) / (times[k + 1] - times[k]);
            values[k] + share * (values[k + 1] - values[k])
        }
    }
}

/// What the scans of a patient show.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The first scan that shows progression.
    pub progression: Option<f64>,
    /// Best response by RECIST 1.1, over the scans until `until`.
    pub best: BestResponse,
    /// Best change of the sum of diameters over those scans, as a share of the baseline.
    pub best_change: Option<f64>,
}

/// Judges the scans by RECIST 1.1 ([`assess`]): the diameter follows the cube root of the volume; a new
/// lesion is seen at the first scan after it arose. Times are days. Without volumes, new lesions alone
/// show progression.
///
/// # Errors
/// [`TrialError`] for a volume that is not a number or below zero.
pub fn scans(
    visits: &Visits,
    times: &[f64],
    volume: Option<&[f64]>,
    lesion: Option<f64>,
    until: f64,
) -> Result<Seen, TrialError> {
    let first = volume.and_then(|v| v.first()).copied().unwrap_or(1.0);
    let mut list = Vec::new();
    for &day in visits.times.iter().filter(|t| **t <= until) {
        let ratio = match volume {
            Some(v) if first > 0.0 => (interpolate(times, v, day) / first).max(0.0),
            _ => 1.0,
        };
        list.push(Scan {
            day,
            sum_mm: ratio.cbrt() * visits.baseline_mm,
            new_lesion: lesion.is_some_and(|l| l <= day),
            non_target: NonTarget::Present,
        });
    }
    let course = assess(visits.baseline_mm, &list, RecistRules::default())
        .map_err(TrialError::outcome(Statistic::Response))?;
    Ok(Seen {
        progression: course.progression_day,
        best: course.best,
        best_change: course.best_change,
    })
}
