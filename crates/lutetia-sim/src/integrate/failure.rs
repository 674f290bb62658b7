//! What is said when a run fails.

use diffsol::{DiffsolError, error::OdeSolverError};

use super::{Run, is_tame};
use crate::error::{SimError, time_text, with_unit};
use crate::impossible::Fault;

impl Run<'_> {
    /// `30.5 h (cycle 2, 0.5 h after the infusion began)`.
    pub(super) fn when(&self) -> String {
        let system = self.request.system;
        let place = self.request.course.place(system, self.time);
        format!("{} ({place})", time_text(system.units(), self.time))
    }

    pub(super) fn check_finite(&self, values: &[f64], what: &str) -> Result<(), SimError> {
        let Some(index) = values.iter().position(|v| !is_tame(*v)) else {
            return Ok(());
        };
        Err(SimError::NonFinite {
            what: format!("{what} of `{}`", self.request.system.states()[index].name),
            when: self.when(),
            parameters: self.parameters_text(),
        })
    }

    /// The parameters farthest from their defaults, with declared units.
    pub(super) fn parameters_text(&self) -> String {
        const MOST_NAMED: usize = 6;
        let mut moved: Vec<(f64, String)> = self
            .request
            .system
            .parameters()
            .iter()
            .zip(self.request.parameters)
            .filter_map(|(info, &value)| {
                let distance = if value.to_bits() == info.default.to_bits() {
                    return None;
                } else if value * info.default > 0.0 {
                    (value / info.default).ln().abs()
                } else {
                    f64::INFINITY
                };
                let value = with_unit(value / info.factor, info.unit.symbol());
                Some((distance, format!("{} = {value}", info.name)))
            })
            .collect();
        moved.sort_by(|a, b| b.0.total_cmp(&a.0));
        if moved.is_empty() {
            return "every parameter at its default".to_owned();
        }
        let rest = moved.len().saturating_sub(MOST_NAMED);
        let named: Vec<String> = moved.into_iter().take(MOST_NAMED).map(|m| m.1).collect();
        if rest > 0 {
            format!("{} and {rest} more off their defaults", named.join(", "))
        } else {
            named.join(", ")
        }
    }

    fn stop(&self, cause: String, hint: String) -> SimError {
        SimError::Stopped {
            when: self.when(),
            steps: self.statistics.steps,
            parameters: self.parameters_text(),
            cause,
            hint,
        }
    }

    pub(super) fn too_many_steps(&self) -> SimError {
        self.stop(
            format!(
                "the limit of {} steps between two stops is used up",
                self.request.options.max_steps
            ),
            "a rate far faster than the rest, or an oscillation that never ends, costs steps: check \
             the units of the fastest rate, or raise `max_steps`"
                .to_owned(),
        )
    }

    pub(super) fn stopped(&self, error: &DiffsolError) -> SimError {
        let system = self.request.system;
        let largest = self
            .x
            .iter()
            .zip(system.states())
            .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
            .filter(|(x, _)| x.abs() > 1e15 * self.request.course.total_amount.max(1.0));
        let cause = if let Some((x, state)) = largest {
            let value = with_unit(x * state.factor, state.unit.symbol());
            format!("`{}` has run away to {value}", state.name)
        } else {
            match error {
                DiffsolError::OdeSolverError(OdeSolverError::StepSizeTooSmall { .. }) => {
                    "the step became too small to go on: a rate is infinite or not a number, or a \
                     branch of the model changes back and forth"
                        .to_owned()
                }
                DiffsolError::OdeSolverError(OdeSolverError::TooManyErrorTestFailures {
                    ..
                }) => "no step was small enough for the tolerance: the solution changes too \
                       suddenly"
                    .to_owned(),
                other => format!("the equations of a step could not be solved ({other})"),
            }
        };
        self.stop(
            cause,
            "check the parameter farthest from its default and the units of the fastest rate"
                .to_owned(),
        )
    }

    /// A fault of the numbers the parameters fix.
    pub(super) fn refused(&self, fault: Fault, now: bool) -> SimError {
        fault.at(now.then(|| self.when()), self.parameters_text())
    }
}
