//! What does the compiled model say at one moment of a run?
//!
//! A [`Field`] is the model under the parameters that hold, within one segment of the schedule: its
//! slope with the infusions that run, its Jacobian, outputs, switches and limits. No solver is named
//! here; an engine wraps a field into whatever its solver wants.

use std::cell::RefCell;

use lutetia_model::system::{DoseNumbers, Evaluator, EventTimes, System};

use crate::doses::{By, Source};
use crate::inputs::Line;

/// What holds between two stops of the schedule.
///
/// The integrator counts time from the start of the segment, so that what happens within a
/// microsecond of a dose is resolved however late the dose is.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    pub(crate) start: f64,
    /// The model is asked for times within these bounds only, strictly inside the segment: a branch
    /// that changes at its ends is then the right one on both sides, whatever rounding does.
    pub(crate) inside: (f64, f64),
    pub(crate) sources: Vec<Source>,
    pub(crate) inputs: Vec<Line>,
}

impl Default for Segment {
    fn default() -> Self {
        Self {
            start: 0.0,
            inside: (f64::NEG_INFINITY, f64::INFINITY),
            sources: Vec::new(),
            inputs: Vec::new(),
        }
    }
}

impl Segment {
    /// The time the model is asked for.
    fn time(&self, elapsed: f64) -> f64 {
        (self.start + elapsed).clamp(self.inside.0, self.inside.1)
    }
}

/// How often the model was evaluated.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Calls {
    pub(crate) rhs: usize,
    pub(crate) jacobian: usize,
}

struct Scratch {
    evaluator: Evaluator,
    inputs: Vec<f64>,
    calls: Calls,
}

/// The compiled model of one run, within the present segment.
pub(crate) struct Field {
    segment: RefCell<Segment>,
    scratch: RefCell<Scratch>,
}

impl Field {
    pub(crate) fn new(evaluator: Evaluator) -> Self {
        let inputs = vec![0.0; evaluator.system().inputs().len()];
        let scratch = Scratch { evaluator, inputs, calls: Calls::default() };
        Self { segment: RefCell::default(), scratch: RefCell::new(scratch) }
    }

    pub(crate) fn set_segment(&self, segment: Segment) {
        *self.segment.borrow_mut() = segment;
    }

    /// Starts the integrator's clock anew within the segment.
    pub(crate) fn restart(&self, start: f64) {
        self.segment.borrow_mut().start = start;
    }

    pub(crate) fn system(&self) -> System {
        self.scratch.borrow().evaluator.system().clone()
    }

    pub(crate) fn set_parameters(&self, parameters: &[f64]) {
        self.scratch.borrow_mut().evaluator.set_parameters(parameters);
    }

    /// What becomes of doses into a target.
    pub(crate) fn dose_numbers(&self, target: usize) -> DoseNumbers {
        self.scratch.borrow().evaluator.dose_numbers(target)
    }

    /// The parameters that hold.
    pub(crate) fn parameters(&self) -> Vec<f64> {
        self.scratch.borrow().evaluator.parameters().to_vec()
    }

    pub(crate) fn calls(&self) -> Calls {
        self.scratch.borrow().calls
    }

    pub(crate) fn initial(&self, x: &mut [f64]) {
        self.scratch.borrow_mut().evaluator.initial(x);
    }

    /// Sets the inputs and returns the time to ask for.
    pub(crate) fn fill_inputs(&self, elapsed: f64, inputs: &mut [f64]) -> f64 {
        let segment = self.segment.borrow();
        let t = segment.time(elapsed);
        for (u, line) in inputs.iter_mut().zip(&segment.inputs) {
            *u = line.at(t);
        }
        t
    }

    /// Slope without what flows in from outside.
    pub(crate) fn processes_into(&self, elapsed: f64, x: &[f64], dx: &mut [f64]) {
        let scratch = &mut *self.scratch.borrow_mut();
        scratch.calls.rhs += 1;
        let t = self.fill_inputs(elapsed, &mut scratch.inputs);
        scratch.evaluator.rhs(t, x, &scratch.inputs, dx);
    }

    pub(crate) fn rhs_into(&self, elapsed: f64, x: &[f64], dx: &mut [f64]) {
        self.processes_into(elapsed, x, dx);
        let segment = self.segment.borrow();
        for source in &segment.sources {
            dx[source.state] += source.rate(segment.start, elapsed);
        }
    }

    /// Whether anything flows in from outside, or inputs do anything, within the segment.
    pub(crate) fn is_driven(&self) -> bool {
        let segment = self.segment.borrow();
        !(segment.sources.is_empty() && segment.inputs.is_empty())
    }

    /// Adds what flows in from outside then: state and rate.
    pub(crate) fn add_inflow(&self, elapsed: f64, mut add: impl FnMut(usize, f64)) {
        let segment = self.segment.borrow();
        for source in &segment.sources {
            add(source.state, source.rate(segment.start, elapsed));
        }
    }

    /// Whether what drives the model from outside changes within the segment.
    pub(crate) fn moves_in_time(&self) -> bool {
        let segment = self.segment.borrow();
        let flows = segment.sources.iter().any(|source| !source.decaying.is_empty());
        flows || segment.inputs.iter().any(|line| line.slope.abs() > 0.0)
    }

    /// What flows in from outside now: state, rate, and what parameters change it.
    pub(crate) fn inflow(&self, elapsed: f64) -> Vec<(usize, f64, By)> {
        let segment = self.segment.borrow();
        segment.sources.iter().map(|s| (s.state, s.rate(segment.start, elapsed), s.by)).collect()
    }

    pub(crate) fn jacobian_into(&self, elapsed: f64, x: &[f64], values: &mut [f64]) {
        let scratch = &mut *self.scratch.borrow_mut();
        scratch.calls.jacobian += 1;
        let t = self.fill_inputs(elapsed, &mut scratch.inputs);
        scratch.evaluator.jacobian(t, x, &scratch.inputs, values);
    }

    /// All outputs of the model.
    pub(crate) fn outputs_into(&self, elapsed: f64, x: &[f64], y: &mut [f64]) {
        let scratch = &mut *self.scratch.borrow_mut();
        let t = self.fill_inputs(elapsed, &mut scratch.inputs);
        scratch.evaluator.outputs(t, x, &scratch.inputs, y);
    }

    /// The numbers nature bounds.
    pub(crate) fn limits_into(&self, elapsed: f64, x: &[f64], values: &mut [f64]) {
        let scratch = &mut *self.scratch.borrow_mut();
        let t = self.fill_inputs(elapsed, &mut scratch.inputs);
        scratch.evaluator.limits(t, x, &scratch.inputs, values);
    }

    /// When events happen, at the parameters that hold.
    pub(crate) fn event_times(&self) -> Vec<EventTimes> {
        self.scratch.borrow().evaluator.event_times()
    }

    /// The conditions of the events, then the values of their actions.
    pub(crate) fn events_into(&self, elapsed: f64, x: &[f64], values: &mut [f64]) {
        let scratch = &mut *self.scratch.borrow_mut();
        let t = self.fill_inputs(elapsed, &mut scratch.inputs);
        scratch.evaluator.events(t, x, &scratch.inputs, values);
    }

    /// Arguments of the switches.
    pub(crate) fn switches_into(&self, elapsed: f64, x: &[f64], values: &mut [f64]) {
        let scratch = &mut *self.scratch.borrow_mut();
        let t = self.fill_inputs(elapsed, &mut scratch.inputs);
        scratch.evaluator.switches(t, x, &scratch.inputs, values);
    }

    /// Their derivatives by states, inputs and time.
    pub(crate) fn switch_slopes_into(&self, elapsed: f64, x: &[f64], values: &mut [f64]) {
        let scratch = &mut *self.scratch.borrow_mut();
        let t = self.fill_inputs(elapsed, &mut scratch.inputs);
        scratch.evaluator.switch_slopes(t, x, &scratch.inputs, values);
    }

    /// How fast a column of the switches' derivatives moves: a state, an input, or time.
    pub(crate) fn speed_of(&self, column: usize, slope: &[f64]) -> f64 {
        let inputs = column.checked_sub(slope.len());
        match inputs {
            None => slope[column],
            Some(k) => self.segment.borrow().inputs.get(k).map_or(1.0, |line| line.slope),
        }
    }
}
