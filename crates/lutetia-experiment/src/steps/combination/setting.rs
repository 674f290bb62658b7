//! What the runs of a step share: the model, its doses, and what is judged.

use std::collections::BTreeMap;

use lutetia_outcome::combination::{bliss, highest_single_agent};
use lutetia_scenario::{LoadedModel, ScenarioError};
use lutetia_sim::{Regimen, Request};
use lutetia_units::Dimension;

use super::{CombinationError, CombinationStep, Scenario};
use crate::{steps::StepError, written::Time};

/// Shares of the doses of A and of B in each arm.
pub(super) const ARMS: [(f64, f64); 4] = [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)];

/// What does not change between the runs of a step.
pub(super) struct Setting<'a> {
    pub(super) step: &'a CombinationStep,
    pub(super) model: &'a LoadedModel,
    /// The output that is the tumour over its size at the start.
    pub(super) response: usize,
    /// A day in the unit of the model.
    pub(super) day: f64,
}

impl<'a> Setting<'a> {
    /// Of a step and its model.
    pub(super) fn of(step: &'a CombinationStep, model: &'a LoadedModel) -> Result<Self, StepError> {
        let response = model.simulator.output(&step.response)?;
        let unit = &model.simulator.system().outputs()[response].unit;
        if !unit.dimension().is_none() {
            let unit = Box::new(unit.clone());
            return Err(CombinationError::Response { name: step.response.clone(), unit }.into());
        }
        Ok(Self { step, model, response, day: model.clock().day() })
    }

    /// Doses of both treatments times `levels`, B later by `shift`.
    pub(super) fn regimen(&self, levels: (f64, f64), shift: f64) -> Result<Regimen, StepError> {
        let mut regimen = Regimen::default();
        for (treatment, level, later) in
            [(&self.step.a, levels.0, 0.0), (&self.step.b, levels.1, shift)]
        {
            if level <= 0.0 {
                continue;
            }
            for planned in &treatment.doses {
                for mut dose in
                    planned.doses(self.model.simulator.system()).map_err(ScenarioError::from)?
                {
                    dose.at += later;
                    dose.amount = dose.amount.map(|n| n * level);
                    dose.activities.iter_mut().for_each(|a| a.1 *= level);
                    regimen.doses.push(dose);
                }
            }
        }
        Ok(regimen)
    }

    pub(super) fn simulate(
        &self,
        parameters: &[f64],
        regimen: &Regimen,
        times: &[f64],
    ) -> Result<lutetia_sim::Trajectory, StepError> {
        self.model.simulator.run(&Request::new(parameters, regimen, times)).map_err(StepError::from)
    }

    /// The response at the last time.
    pub(super) fn left(
        &self,
        parameters: &[f64],
        regimen: &Regimen,
        at: f64,
    ) -> Result<f64, StepError> {
        let run = self.simulate(parameters, regimen, &[at])?;
        let found = run.outputs.get(0, self.response);
        found.ok_or_else(|| CombinationError::NoValue { name: self.step.response.clone() }.into())
    }

    /// A time in the unit of the model.
    pub(super) fn time(&self, what: &str, time: &Time) -> Result<f64, StepError> {
        Ok(self.model.internal(what, time.text(), Dimension::TIME)?)
    }
}

/// Null models of the surviving shares `a` and `b`: Bliss and highest single agent. A treatment that
/// makes the tumour larger than none has a share above 1, for which neither is defined.
pub(super) fn nulls(a: f64, b: f64) -> (Option<f64>, Option<f64>) {
    // A treatment without effect leaves 1 within the error of two integrations.
    let share = |x: f64| if x < 1.0 + 1e-4 { x.min(1.0) } else { x };
    let (a, b) = (share(a), share(b));
    (bliss(a, b).ok(), highest_single_agent(a, b).ok())
}

/// A difference below the error of two integrations is none.
pub(super) fn settled(difference: f64) -> f64 {
    if difference.abs() < 1e-5 { 0.0 } else { difference }
}

/// By how much B is later, one without delay if none is named.
pub(crate) fn shifts(step: &CombinationStep) -> Vec<Time> {
    if step.shifts.is_empty() { vec![Time::days(0.0)] } else { step.shifts.clone() }
}

/// The assumptions that are tried, those of the files if none are named.
pub(crate) fn scenarios(step: &CombinationStep) -> Vec<Scenario> {
    if step.scenarios.is_empty() {
        vec![Scenario { name: "as in the files".to_owned(), set: BTreeMap::new() }]
    } else {
        step.scenarios.clone()
    }
}

/// The name of a scenario and start.
pub(crate) fn case(step: &CombinationStep, scenario: &Scenario, shift: &Time) -> String {
    match (step.scenarios.len(), step.shifts.len()) {
        (0, _) => shift.text().to_owned(),
        (_, 0 | 1) => scenario.name.clone(),
        _ => format!("{}, {shift}", scenario.name),
    }
}

/// The four arms by name.
pub(crate) fn arm_names(step: &CombinationStep) -> [String; 4] {
    [
        "untreated".to_owned(),
        step.a.name.clone(),
        step.b.name.clone(),
        format!("{} and {}", step.a.name, step.b.name),
    ]
}
