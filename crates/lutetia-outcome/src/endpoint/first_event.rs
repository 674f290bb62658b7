//! Which of several events comes first, and when a hazard strikes.

use serde::Serialize;

use crate::error::{Asked, NoAnswer, OutcomeError, not_determined, not_negative, within};
use crate::survival::CompetingData;

/// An event that may come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Candidate<'a> {
    /// Its name.
    pub name: &'a str,
    /// When; none if it never comes.
    pub time: Option<f64>,
}

/// What came first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FirstEvent {
    /// Time of the event, or of censoring.
    pub time: f64,
    /// Position of the event in the list; none when censored.
    pub cause: Option<usize>,
}

/// The first of several events, or the censoring if that comes before all of them. Of events at one
/// time the first in the list counts; an event at the time of censoring counts as seen.
///
/// # Errors
/// Times that are negative or not numbers.
pub fn first_event(
    candidates: &[Candidate<'_>],
    censored_at: f64,
) -> Result<FirstEvent, OutcomeError> {
    not_negative("time of censoring", censored_at, "")?;
    let mut first = FirstEvent { time: censored_at, cause: None };
    for (k, candidate) in candidates.iter().enumerate() {
        let Some(t) = candidate.time else { continue };
        not_negative(format!("time of {}", candidate.name), t, "")?;
        let earlier = t < first.time || (first.cause.is_none() && t <= first.time);
        if earlier {
            first = FirstEvent { time: t, cause: Some(k) };
        }
    }
    Ok(first)
}

/// First events of a cohort as data with competing risks.
///
/// # Errors
/// No patients.
pub fn first_events(
    patients: &[FirstEvent],
    names: &[&str],
) -> Result<CompetingData, OutcomeError> {
    CompetingData::new(
        patients.iter().map(|p| p.time).collect(),
        patients.iter().map(|p| p.cause).collect(),
        names,
    )
}

/// The time at which a cumulative hazard reaches `−ln u`, linear between the points; none when it
/// stays below to the end.
///
/// With u uniform between 0 and 1 this is a random time with survival `exp(−H)`.
///
/// # Errors
/// Lists of different lengths, u outside 0 to 1, times or hazards that fall, a hazard that is not a
/// finite number (one that overflows) before the event.
pub fn event_time(
    times: &[f64],
    cumulative_hazard: &[f64],
    u: f64,
) -> Result<Option<f64>, OutcomeError> {
    crate::survival::same_length("cumulative hazard", cumulative_hazard.len(), times.len())?;
    within("random number of a survival time", u, "", u > 0.0 && u <= 1.0, "above 0, up to 1")?;
    let target = -u.ln();
    let (mut t0, mut h0) = (0.0, 0.0);
    for (&t, &h) in times.iter().zip(cumulative_hazard) {
        if !h.is_finite() {
            let reason = NoAnswer::HazardNotFinite { hazard: h, at: t, before: h0, from: t0 };
            return Err(not_determined(Asked::SurvivalTime, reason));
        }
        within("time of a cumulative hazard", t, "", t >= t0, "times that do not fall")?;
        within("cumulative hazard", h, "", h >= h0, "a hazard that does not fall")?;
        if h >= target && h > h0 {
            return Ok(Some(t0 + (t - t0) * (target - h0) / (h - h0)));
        }
        (t0, h0) = (t, h);
    }
    Ok(None)
}
