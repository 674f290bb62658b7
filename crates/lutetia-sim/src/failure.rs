//! What is said when a run fails.

use lutetia_model::system::{OutputInfo, System};

use crate::doses::Doses;
use crate::error::{Cause, NoSteadyState, OfState, SolveFailure};
use crate::impossible::Fault;
use crate::text::{number, parameters_text, time_text, with_unit};

/// Beyond this a state, its rate or an initial value counts as run away: squares of such numbers would
/// overflow in an error norm.
const MOST_MAGNITUDE: f64 = 1e120;

/// Whether a number is finite and has not run away.
pub(crate) fn is_tame(value: f64) -> bool {
    value.abs() <= MOST_MAGNITUDE
}

/// Tells of the failures of one run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account<'a> {
    pub(crate) system: &'a System,
    pub(crate) doses: &'a Doses,
    pub(crate) parameters: &'a [f64],
}

impl Account<'_> {
    /// `30.5 h (cycle 2, 0.5 h after the infusion began)`.
    pub(crate) fn when(&self, time: f64) -> String {
        let place = self.doses.place(self.system, time);
        format!("{} ({place})", time_text(self.system.units(), time))
    }

    /// Looks whether all of one number per state are numbers; `what` of a state they are.
    pub(crate) fn check_finite(
        &self,
        time: f64,
        values: &[f64],
        what: OfState,
    ) -> Result<(), SolveFailure> {
        match values.iter().position(|v| !is_tame(*v)) {
            None => Ok(()),
            Some(index) => Err(self.non_finite(time, index, what)),
        }
    }

    /// What of a state is not a number.
    pub(crate) fn non_finite(&self, time: f64, state: usize, what: OfState) -> SolveFailure {
        SolveFailure::NonFinite {
            what,
            state: self.system.states()[state].name.clone(),
            when: self.when(time),
            parameters: self.parameters_text(),
        }
    }

    fn parameters_text(&self) -> String {
        parameters_text(self.system, self.parameters)
    }

    /// The integrator gave up.
    pub(crate) fn stopped(&self, time: f64, steps: usize, cause: Cause) -> SolveFailure {
        SolveFailure::Stopped {
            when: self.when(time),
            steps,
            parameters: self.parameters_text(),
            cause,
        }
    }

    /// A state that has grown out of all proportion to what was given.
    pub(crate) fn run_away(&self, x: &[f64]) -> Option<Cause> {
        x.iter()
            .zip(self.system.states())
            .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
            .filter(|(x, _)| x.abs() > 1e15 * self.doses.total_amount.max(1.0))
            .map(|(x, state)| Cause::RunAway {
                state: state.name.clone(),
                value: with_unit(x * state.factor, state.unit.symbol()),
            })
    }

    /// An integral that has no end: its output, and the internal value of that.
    pub(crate) fn does_not_decay(
        &self,
        time: f64,
        output: &OutputInfo,
        value: f64,
    ) -> SolveFailure {
        SolveFailure::DoesNotDecay {
            output: output.name.clone(),
            when: self.when(time),
            value: number(value * output.factor),
            unit: output.unit.symbol().to_owned(),
        }
    }

    /// Doses that have no steady state.
    pub(crate) fn no_steady_state(&self, told: NoSteadyState) -> SolveFailure {
        let parameters = self.parameters_text();
        SolveFailure::NoSteadyState(Box::new(NoSteadyState { parameters, ..told }))
    }

    /// A fault of the numbers the parameters fix; with a time where it came up along the run.
    pub(crate) fn refused(&self, fault: Fault, time: Option<f64>) -> SolveFailure {
        fault.at(time.map(|time| self.when(time)), self.parameters_text())
    }
}
