//! What trials simulated from a posterior say of the published results, and how their survival scatters.

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_trial::{
    Record,
    summary::{self, Endpoint},
};

use super::{CalibrateStep, TargetSpec};
use crate::steps::{StepError, cohort::quantile, trial::TrialUse};

/// Median and middle 95 % of what is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Middle {
    pub(super) median: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// How many are known.
    pub(super) known: usize,
}

impl Middle {
    /// Of values that may be missing; none where all are.
    fn of(values: &[Option<f64>]) -> Option<Self> {
        let mut x: Vec<f64> = values.iter().copied().flatten().filter(|x| x.is_finite()).collect();
        x.sort_by(f64::total_cmp);
        (!x.is_empty()).then(|| Self {
            median: quantile(&x, 0.5),
            low: quantile(&x, 0.025),
            high: quantile(&x, 0.975),
            known: x.len(),
        })
    }
}

/// What simulated trials say of a published result.
pub(super) struct Predicted {
    /// None where no trial determines it.
    pub(super) simulated: Option<Middle>,
    pub(super) verdict: Verdict,
}

/// Whether a published result is one that the calibration predicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The published number is of another endpoint.
    OtherEndpoint,
    /// Most trials do not determine it.
    NotReached,
    Within,
    Outside,
}

impl Verdict {
    fn of(target: &TargetSpec, simulated: Option<Middle>, trials: usize) -> Self {
        let known = simulated.map_or(0, |s| s.known);
        let within = simulated.is_some_and(|s| s.low <= target.value && target.value <= s.high);
        match (known * 2 < trials, within) {
            _ if target.other_endpoint => Self::OtherEndpoint,
            (true, _) => Self::NotReached,
            (false, true) => Self::Within,
            (false, false) => Self::Outside,
        }
    }

    /// For people.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::OtherEndpoint => "not judged: another endpoint",
            Self::NotReached => "not reached in most",
            Self::Within => "within",
            Self::Outside => "outside",
        }
    }
}

/// The targets of a step, in their order.
///
/// # Errors
/// A target of what the trial does not have.
pub(super) fn targets(
    step: &CalibrateStep,
    base: &TrialUse,
    trials: &[Vec<Record>],
) -> Result<Vec<Predicted>, StepError> {
    step.targets
        .iter()
        .map(|t| {
            let meant = t.simulated(&base.spec, &step.trial)?;
            let values: Vec<Option<f64>> =
                trials.iter().map(|records| meant.of(&base.spec, records)).collect();
            let simulated = Middle::of(&values);
            let verdict = Verdict::of(t, simulated, values.len());
            Ok(Predicted { simulated, verdict })
        })
        .collect()
}

/// Survival in simulated trials at a time, months.
pub(super) struct BandPoint {
    pub(super) endpoint: Endpoint,
    pub(super) arm: usize,
    pub(super) time: f64,
    /// None where no trial has a curve.
    pub(super) survival: Option<Middle>,
}

/// Kaplan–Meier curves of the predicted trials, pointwise.
pub(super) fn band(base: &TrialUse, trials: &[Vec<Record>]) -> Vec<BandPoint> {
    let mut points = Vec::new();
    let last = base.spec.follow_up / MONTH;
    for endpoint in Endpoint::of_trial(&base.spec) {
        for arm in 0..base.spec.arms.len() {
            let curves: Vec<_> = trials
                .iter()
                .filter_map(|r| summary::curve(&base.spec, r, arm, endpoint).ok())
                .collect();
            for k in 0..=60 {
                let time = last * f64::from(k) / 60.0;
                let values: Vec<Option<f64>> =
                    curves.iter().map(|c| c.survival_at(time * MONTH)).collect();
                let survival = Middle::of(&values);
                // Where a trial has nobody left, the others are no longer all trials.
                if survival.map_or(0, |s| s.known) < curves.len() {
                    break;
                }
                points.push(BandPoint { endpoint, arm, time, survival });
            }
        }
    }
    points
}
