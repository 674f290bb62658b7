//! The result of a trial with one value at its low or high end.

use lutetia_scenario::{MONTH_D as MONTH, internal};
use lutetia_table::cell;
use lutetia_trial::{Arm, Population, Trial, TrialError, TrialSpec, summary::Endpoint};
use rayon::prelude::*;

use super::{OneAtATimeStep, Outcome, Vary, VaryFault};
use crate::artefact::CalibratedValue;
use crate::steps::{
    Context, NeedsEndpoint, StepError, TrialStepError,
    calibrate::declared,
    trial::{TrialUse, roles},
};

/// A result, and what moves it.
pub(super) struct Swings {
    /// With all values in their middle.
    pub(super) middle: f64,
    /// Of each value varied, in their order.
    pub(super) of: Vec<Swing>,
}

/// One value varied.
pub(super) struct Swing {
    /// Its ends, internal.
    pub(super) at: [f64; 2],
    /// The result there.
    pub(super) results: [f64; 2],
}

impl OneAtATimeStep {
    /// The arms in question, and the ends that no earlier step has to find.
    pub(super) fn asked(&self, base: &TrialUse, context: &Context) -> Result<TrialSpec, StepError> {
        let spec = self.specification(base)?;
        self.can_be_judged(base)?;
        for vary in &self.vary {
            base.cohort.model.simulator.parameter(&vary.name)?;
            if let Some(id) = &vary.from {
                calibrated(vary, id, context)?;
            } else {
                ends(vary, base, context)?;
            }
        }
        Ok(spec)
    }

    fn can_be_judged(&self, base: &TrialUse) -> Result<(), StepError> {
        match self.result {
            Outcome::RestrictedMean => {
                let what = NeedsEndpoint::Result { key: self.result.key() };
                roles::needs(&base.spec, &self.trial, Endpoint::OverallSurvival, what)?;
            }
            Outcome::Grade3OrMore if base.spec.meaning.toxicities.is_empty() => {
                return Err(VaryFault::NoToxicities { trial: self.trial.clone() }.into());
            }
            Outcome::Grade3OrMore => {}
        }
        if self.patients == 0 {
            return Err(VaryFault::NoPatients.into());
        }
        Ok(())
    }

    /// Varies each value alone.
    pub(super) fn compute(&self, base: &TrialUse, context: &Context) -> Result<Swings, StepError> {
        self.can_be_judged(base)?;
        let spec = self.specification(base)?;
        let ends: Vec<[f64; 2]> =
            self.vary.iter().map(|v| ends(v, base, context)).collect::<Result<_, _>>()?;
        let middle = self.result_at(base, &spec, &base.cohort.population)?;
        let with = |vary: &Vary, value: f64| {
            let population = base.cohort.with(&[(vary.name.clone(), value)])?;
            self.result_at(base, &spec, &population)
        };
        let of = self
            .vary
            .iter()
            .zip(ends)
            .map(|(v, at)| Ok(Swing { at, results: [with(v, at[0])?, with(v, at[1])?] }))
            .collect::<Result<_, StepError>>()?;
        Ok(Swings { middle, of })
    }

    /// The arms in question until the horizon, the arm first.
    fn specification(&self, base: &TrialUse) -> Result<TrialSpec, StepError> {
        let horizon = self.horizon.d();
        let find = |name: &String| -> Result<Arm, StepError> {
            base.spec.arms.iter().find(|a| a.name == *name).cloned().ok_or_else(|| {
                let known = base.spec.arms.iter().map(|a| a.name.clone()).collect();
                TrialStepError::NoArm { name: name.clone(), known }.into()
            })
        };
        let arms = std::iter::once(&self.arm)
            .chain(&self.against)
            .map(|name| Ok(Arm { crossover: None, ..find(name)? }))
            .collect::<Result<_, StepError>>()?;
        Ok(TrialSpec { arms, follow_up: horizon, accrual: 0.0, ..base.spec.clone() })
    }

    fn result_at(
        &self,
        base: &TrialUse,
        spec: &TrialSpec,
        population: &Population,
    ) -> Result<f64, StepError> {
        let trial = Trial::new(&base.cohort.model.simulator, population, spec.clone())?;
        let one = |number: u64| -> Result<f64, TrialError> {
            let patient = population.patient(number)?;
            let mut result = 0.0;
            for arm in 0..spec.arms.len() {
                let found = trial.expected(&patient, arm, spec.follow_up)?;
                let value = match self.result {
                    Outcome::RestrictedMean => found.survival / MONTH,
                    Outcome::Grade3OrMore => {
                        100.0 * f64::from(u8::from(found.grades.iter().any(|g| *g >= 3)))
                    }
                };
                result += if arm == 0 { value } else { -value };
            }
            Ok(result)
        };
        let results: Vec<f64> =
            (0..u64::from(self.patients)).into_par_iter().map(one).collect::<Result<_, _>>()?;
        Ok(results.iter().sum::<f64>() / f64::from(self.patients))
    }
}

/// What a calibration found of a parameter.
fn calibrated<'c>(
    vary: &Vary,
    step: &str,
    context: &'c Context,
) -> Result<&'c CalibratedValue, StepError> {
    let found = context.artefacts.calibrated(step)?.iter().find(|value| value.name == vary.name);
    found.ok_or_else(|| none(vary, step).into())
}

fn none(vary: &Vary, of: &str) -> VaryFault {
    VaryFault::NoNumber { table: of.to_owned(), parameter: vary.name.clone() }
}

/// Low and high end, internal.
fn ends(vary: &Vary, base: &TrialUse, context: &Context) -> Result<[f64; 2], StepError> {
    let at = match (&vary.low, &vary.high, &vary.from, &vary.data) {
        (Some(low), Some(high), None, None) => {
            let model = &base.cohort.model;
            [internal(model, &vary.name, low)?, internal(model, &vary.name, high)?]
        }
        (None, None, Some(id), None) => {
            let found = calibrated(vary, id, context)?.interval;
            found.ok_or_else(|| none(vary, id))?
        }
        (None, None, None, Some(id)) => {
            let end = |column: &str| -> Result<f64, StepError> {
                let found = cell(&context.published, &format!("{id}/{}/{column}", vary.name))?;
                found.number().ok_or_else(|| none(vary, id).into())
            };
            let factor = declared(base, &vary.name).1;
            [end("low")? * factor, end("high")? * factor]
        }
        _ => return Err(VaryFault::Keys { parameter: vary.name.clone() }.into()),
    };
    if at[0].partial_cmp(&at[1]) == Some(std::cmp::Ordering::Less) {
        return Ok(at);
    }
    Err(VaryFault::Order { parameter: vary.name.clone() }.into())
}
