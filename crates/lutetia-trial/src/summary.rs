//! What do the records of a trial say together?

use lutetia_outcome::survival::{Cox, Groups, Interval, KaplanMeier, LogRank, SurvivalData};

pub use crate::endpoint::{Endpoint, Share};

use crate::{
    error::{Statistic, TrialError},
    trial::{Record, TrialSpec},
};

/// A hazard ratio by Cox's model (Efron ties) with its log-rank test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contrast {
    /// exp(β), the arm over the reference.
    pub hazard_ratio: f64,
    /// Lower 95 % limit.
    pub lower: f64,
    /// Upper 95 % limit.
    pub upper: f64,
    /// Log-rank p.
    pub p: Option<f64>,
}

/// Times and events of one arm.
///
/// # Errors
/// When nobody of the arm could be simulated.
pub fn data(
    spec: &TrialSpec,
    records: &[Record],
    arm: usize,
    endpoint: Endpoint,
) -> Result<SurvivalData, TrialError> {
    let of = records.iter().filter(|r| r.arm == arm).map(|r| endpoint.of(r));
    let (times, events) = of.map(|o| (o.at, o.event)).unzip();
    SurvivalData::new(times, events).map_err(|cause| {
        let arm = spec.arms.get(arm).map_or_else(String::new, |a| a.name.clone());
        TrialError::outcome(Statistic::Times { endpoint, arm })(cause)
    })
}

/// The Kaplan–Meier curve of one arm with 95 % limits on the log-log scale, as trials print them.
///
/// # Errors
/// As [`data`].
pub fn curve(
    spec: &TrialSpec,
    records: &[Record],
    arm: usize,
    endpoint: Endpoint,
) -> Result<KaplanMeier, TrialError> {
    let data = data(spec, records, arm, endpoint)?;
    KaplanMeier::fit(&data, Interval::LogLog, 0.95)
        .map_err(TrialError::outcome(Statistic::Curve(endpoint)))
}

/// The hazard ratio of an arm over a reference.
///
/// # Errors
/// [`TrialError::Outcome`] where an arm has nobody or no event.
pub fn contrast(
    spec: &TrialSpec,
    records: &[Record],
    arm: usize,
    reference: usize,
    endpoint: Endpoint,
) -> Result<Contrast, TrialError> {
    let mut times = Vec::new();
    let mut events = Vec::new();
    let mut label = Vec::new();
    for a in [reference, arm] {
        let d = data(spec, records, a, endpoint)?;
        times.extend_from_slice(d.time());
        events.extend_from_slice(d.event());
        label.extend(vec![if a == arm { "arm" } else { "reference" }; d.len()]);
    }
    let said = |cause| TrialError::outcome(Statistic::HazardRatio(endpoint))(cause);
    let data = SurvivalData::new(times, events).map_err(said)?;
    let groups = Groups::by_appearance(&label);
    let fit = Cox::new(&data).groups(&groups).fit().map_err(said)?;
    let coefficient = fit.coefficient("arm").map_err(said)?;
    let (lower, upper) = coefficient.hazard_ratio_interval(0.95).map_err(said)?;
    let p = LogRank::new(&data, &groups).test().ok().map(|t| t.p);
    Ok(Contrast { hazard_ratio: coefficient.hazard_ratio(), lower, upper, p })
}

/// Share of the patients of an arm for whom something holds, with the number it is a share of.
#[must_use]
pub fn share(records: &[Record], arm: usize, what: Share) -> Option<(f64, usize)> {
    let known: Vec<bool> =
        records.iter().filter(|r| r.arm == arm).filter_map(|r| what.of(r)).collect();
    if known.is_empty() {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let share = known.iter().filter(|x| **x).count() as f64 / known.len() as f64;
    Some((share, known.len()))
}
