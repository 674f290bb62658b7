//! What a regimen does to the cohort, or to the patient it is sought for.

use std::sync::atomic::AtomicBool;

use lutetia_scenario::MONTH_D as MONTH;
use lutetia_trial::{Population, Record, Trial, regimen::Assessed};

use super::{
    choices::{Chosen, varied},
    limits::Limited,
};
use crate::steps::{
    StepError,
    trade_off::{
        Benefit,
        compute::{somebody, specification},
        given::activity_gbq,
        harm::HarmRule,
    },
    trial::{ArmSpec, TrialUse, arm},
};

/// What a regimen is judged by.
pub(super) struct Judge<'a> {
    pub(super) base: &'a TrialUse,
    pub(super) benefit: Benefit,
    pub(super) harm: HarmRule,
    /// The regimen that is varied.
    pub(super) from: ArmSpec,
    pub(super) chosen: &'a [Chosen],
    pub(super) limited: Vec<Limited>,
    /// Days.
    pub(super) horizon: f64,
    /// Patients of the cohort; 0 for one patient.
    pub(super) patients: usize,
    pub(super) stop: &'a AtomicBool,
}

impl Judge<'_> {
    /// Benefit and limited quantities of a regimen: of the cohort, or of the typical patient of a population.
    pub(super) fn assess(
        &self,
        population: &Population,
        values: &[f64],
    ) -> Result<Assessed, StepError> {
        let model = &self.base.cohort.model;
        let arm = arm(&varied(&self.from, self.chosen, values), model)?;
        let gbq = activity_gbq(&arm);
        let spec = specification(self.base, vec![arm], self.horizon, self.patients.max(1));
        let trial = Trial::new(&model.simulator, population, spec)?;
        if self.patients == 0 { self.one(&trial, population, gbq) } else { self.many(&trial, gbq) }
    }

    /// The expectation of the typical patient.
    fn one(
        &self,
        trial: &Trial<'_>,
        population: &Population,
        gbq: f64,
    ) -> Result<Assessed, StepError> {
        let found = trial.expected(&population.typical(), 0, self.horizon)?;
        let declared = trial.kept_in_declared_units(&found.kept);
        let limited = |limited: &Limited| match limited {
            Limited::Harm => 100.0 * self.harm.risk(&found.grades, &found.kept),
            Limited::Output(k) => declared[*k],
            Limited::Measured(measured) => measured.of(&declared, gbq),
            Limited::Activity => gbq,
        };
        let limited = self.limited.iter().map(limited).collect();
        Ok(Assessed { benefit: found.survival / MONTH, limited })
    }

    /// Means over the patients of a cohort.
    fn many(&self, trial: &Trial<'_>, gbq: f64) -> Result<Assessed, StepError> {
        let records = somebody(trial.run_until(self.stop)?)?;
        #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
        let n = records.len() as f64;
        let mean = |of: &dyn Fn(&Record) -> f64| records.iter().map(of).sum::<f64>() / n;
        let declared = |r: &Record| trial.kept_in_declared_units(&r.kept);
        let limited = |limited: &Limited| match limited {
            Limited::Harm => 100.0 * mean(&|r| f64::from(u8::from(self.harm.harmed(r, 0)))),
            Limited::Output(k) => mean(&|r| declared(r)[*k]),
            Limited::Measured(measured) => mean(&|r| measured.of(&declared(r), gbq)),
            Limited::Activity => gbq,
        };
        let limited = self.limited.iter().map(limited).collect();
        Ok(Assessed { benefit: mean(&|r| self.benefit.of(r, self.horizon)), limited })
    }
}
