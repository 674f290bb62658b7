//! When does a regimen harm a patient? One rule for regimens that are compared and for one that is sought.

use lutetia_scenario::internal;
use lutetia_trial::Record;

use super::{TradeOffStep, own_harm::Struck};
use crate::steps::{StepError, trial::TrialUse};

/// What counts as harm in the trial of a regimen: a grade of any toxicity, a kept output above its limit, or what
/// befalls patients that the model does not compute.
pub(super) struct HarmRule {
    /// Least grade.
    grade: u8,
    /// Places among the kept outputs, and what they may be at most, internal.
    above: Vec<(usize, f64)>,
    struck: Struck,
}

impl HarmRule {
    /// The rule of a step for the regimens of a trial: harms of everybody, and the partner's own.
    ///
    /// # Errors
    /// An output that the trial does not keep, a quantity of another dimension, a harm that says not how often.
    pub(super) fn of(step: &TradeOffStep, base: &TrialUse, trial: &str) -> Result<Self, StepError> {
        let own = step.own_harm.get(trial).into_iter().flatten();
        let above = step
            .harm_above
            .iter()
            .map(|(name, text)| Ok((base.kept(name)?, internal(&base.cohort.model, name, text)?)))
            .collect::<Result<_, StepError>>()?;
        Ok(Self {
            grade: step.harm_grade,
            above,
            struck: Struck::new(base.cohort.spec.seed, step.background.iter().chain(own))?,
        })
    }

    /// Whether the model has it harm a patient of these grades and kept outputs, internal.
    fn by_model(&self, grades: &[u8], kept: &[f64]) -> bool {
        grades.iter().any(|g| *g >= self.grade)
            || self.above.iter().any(|(k, limit)| kept.get(*k).is_some_and(|v| v > limit))
    }

    /// Whether a patient was harmed, under a draw of the calibration.
    pub(super) fn harmed(&self, record: &Record, draw: usize) -> bool {
        self.by_model(&record.grades, &record.kept) || self.struck.harms(record.patient, draw)
    }

    /// The risk of a patient of whom the rest is an expectation: 1 where the model has it harm him, else that of what
    /// it does not compute.
    pub(super) fn risk(&self, grades: &[u8], kept: &[f64]) -> f64 {
        if self.by_model(grades, kept) { 1.0 } else { self.struck.risk() }
    }
}
