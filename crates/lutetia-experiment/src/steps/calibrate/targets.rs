//! What a published result is compared with in a simulated trial.

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_trial::{
    Record, Target, TrialSpec,
    summary::{self, Endpoint, Share},
};

use super::{CalibrationFault, Quantity, TargetSpec};
use crate::steps::{NeedsEndpoint, StepError, TrialStepError, trial::roles};

/// What a target is of, in the terms of a trial.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Simulated {
    /// Median time, months.
    Median { arm: usize, endpoint: Endpoint },
    /// Survival after a time (days), %.
    Survival { arm: usize, endpoint: Endpoint, at: f64 },
    /// Hazard ratio over the first arm.
    HazardRatio { arm: usize, endpoint: Endpoint },
    /// Share of the patients, %.
    Share { arm: usize, share: Share },
}

impl Simulated {
    /// What the records of a trial give for it, in published units; none where they do not determine it.
    pub(super) fn of(self, spec: &TrialSpec, records: &[Record]) -> Option<f64> {
        let curve = |arm, endpoint| summary::curve(spec, records, arm, endpoint).ok();
        match self {
            Self::Median { arm, endpoint } => {
                curve(arm, endpoint)?.median().estimate.map(|t| t / MONTH)
            }
            Self::Survival { arm, endpoint, at } => {
                curve(arm, endpoint)?.survival_at(at).map(|s| 100.0 * s)
            }
            Self::HazardRatio { arm, endpoint } => {
                let ratio = summary::contrast(spec, records, arm, 0, endpoint);
                ratio.ok().map(|c| c.hazard_ratio)
            }
            Self::Share { arm, share } => summary::share(records, arm, share).map(|s| 100.0 * s.0),
        }
    }

    /// The same where a median that is not reached within follow-up counts: it is at least that long, and taken for
    /// twice that.
    pub(super) fn at_least(self, spec: &TrialSpec, records: &[Record]) -> Option<f64> {
        let beyond = matches!(self, Self::Median { .. }).then_some(2.0 * spec.follow_up / MONTH);
        self.of(spec, records).or(beyond)
    }
}

impl TargetSpec {
    /// For people and for placeholders.
    pub(crate) fn name(&self) -> String {
        if let Some(label) = &self.label {
            return label.clone();
        }
        match (self.of, &self.at) {
            (Quantity::Median, _) => format!("{} median {}", self.arm, self.what),
            (Quantity::HazardRatio, _) => format!("HR {}", self.what),
            (Quantity::Survival, Some(at)) => {
                format!("{} {} at {}", self.arm, self.what, at.text())
            }
            _ => format!("{} {}", self.arm, self.what),
        }
    }

    /// On the scale on which the error is taken to be normal: logarithms of times and ratios, shares
    /// as they are.
    pub(super) fn scaled(&self, published: f64) -> f64 {
        match self.of {
            Quantity::Median | Quantity::HazardRatio => published.ln(),
            Quantity::Survival | Quantity::Share => published,
        }
    }

    /// The number and its standard error on that scale.
    ///
    /// # Errors
    /// [`CalibrationFault::NoError`].
    pub(super) fn target(&self) -> Result<Target, CalibrationFault> {
        let name = self.name();
        let error = match (self.interval, self.error) {
            (Some([low, high]), _) => (self.scaled(high) - self.scaled(low)) / (2.0 * 1.96),
            // A standard error of months is one of the logarithm, relatively.
            (None, Some(e)) if self.of == Quantity::Median => e / self.value,
            (None, Some(e)) => e,
            (None, None) => return Err(CalibrationFault::NoError { target: name }),
        };
        Ok(Target { name, value: self.scaled(self.value), error })
    }

    /// What it is of in the trial of a step.
    ///
    /// # Errors
    /// An endpoint, an arm or a share that the trial does not have, a time that is left out.
    pub(super) fn simulated(&self, spec: &TrialSpec, trial: &str) -> Result<Simulated, StepError> {
        let target = || self.name();
        let endpoint = match self.of {
            Quantity::Share => None,
            Quantity::Median | Quantity::Survival | Quantity::HazardRatio => {
                let found = || self.what.clone();
                let endpoint = Endpoint::named(&self.what).ok_or_else(|| {
                    CalibrationFault::NoEndpoint { target: target(), found: found() }
                })?;
                roles::needs(spec, trial, endpoint, NeedsEndpoint::Target { name: target() })?;
                Some(endpoint)
            }
        };
        let arm = spec.arms.iter().position(|a| a.name == self.arm).ok_or_else(|| {
            let known = spec.arms.iter().map(|a| a.name.clone()).collect();
            CalibrationFault::NoArm { target: target(), known }
        })?;
        match (self.of, endpoint) {
            (Quantity::Median, Some(endpoint)) => Ok(Simulated::Median { arm, endpoint }),
            (Quantity::Survival, Some(endpoint)) => {
                let no_time = || CalibrationFault::NoTime { target: target() };
                let at = self.at.as_ref().ok_or_else(no_time)?.d();
                Ok(Simulated::Survival { arm, endpoint, at })
            }
            (Quantity::HazardRatio, Some(endpoint)) if arm > 0 => {
                Ok(Simulated::HazardRatio { arm, endpoint })
            }
            (Quantity::HazardRatio, Some(_)) => {
                Err(CalibrationFault::Itself { target: target() }.into())
            }
            (_, _) => {
                let share = Share::named(&self.what, spec).ok_or_else(|| {
                    let known =
                        Share::of_trial(spec).iter().map(|share| share.name(spec)).collect();
                    TrialStepError::NoShare { name: self.what.clone(), known }
                })?;
                Ok(Simulated::Share { arm, share })
            }
        }
    }
}
