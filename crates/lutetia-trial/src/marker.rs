//! What does a serum marker show, and when?

use lutetia_outcome::endpoint::{PsaRules, PsaValue, psa_progression, psa_response};

use crate::{
    error::{Statistic, TrialError},
    scans::interpolate,
};

/// When a marker is measured, and how much of a rise counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarkerVisits {
    /// Days between two measurements.
    pub every: f64,
    /// Least rise over the smallest value that is progression, in the internal unit of the marker, beside the
    /// 25 % of PCWG3 (2 ng/mL for PSA).
    pub least_rise: f64,
}

/// What the measurements of a patient say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct MarkerSeen {
    /// First day of progression that a later measurement confirms.
    pub(crate) progression: Option<f64>,
    /// The visit before it.
    pub(crate) before: Option<f64>,
    /// Whether it fell to half or less, confirmed three weeks later.
    pub(crate) halved: bool,
    /// Last day measured; zero where there was none after the baseline.
    pub(crate) last: f64,
}

impl MarkerVisits {
    /// Judges a curve by PCWG3 ([`psa_progression`], [`psa_response`]) until a day; `shift` moves all visits of
    /// the patient. Nothing where the marker is not above zero at baseline.
    pub(crate) fn judge(
        &self,
        times: &[f64],
        values: &[f64],
        shift: f64,
        until: f64,
    ) -> Result<Option<MarkerSeen>, TrialError> {
        let Some(&baseline) = values.first().filter(|b| **b > 0.0) else { return Ok(None) };
        let mut list = Vec::new();
        let mut day = self.every + shift;
        // A follow-up has fewer steps than this, which the trial checks.
        while day <= until && list.len() < 100_000 {
            if day > 0.0 {
                list.push(PsaValue { day, ng_per_ml: interpolate(times, values, day).max(0.0) });
            }
            day += self.every;
        }
        let rules = PsaRules { least_rise: self.least_rise, ..PsaRules::default() };
        let said = |cause| TrialError::outcome(Statistic::MarkerResponse)(cause);
        let progression = psa_progression(baseline, &list, rules).map_err(said)?;
        let before = |day: f64| list.iter().map(|v| v.day).filter(|d| *d < day).fold(0.0, f64::max);
        Ok(Some(MarkerSeen {
            progression,
            before: progression.map(before),
            halved: psa_response(baseline, &list, 0.5, rules).map_err(said)?.confirmed,
            last: list.last().map_or(0.0, |v| v.day),
        }))
    }
}
