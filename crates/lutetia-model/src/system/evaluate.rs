//! Running a compiled model.

use super::{DoseNumbers, EventTimes, InputLine, System, dosing, tapes};

/// Evaluates a [`System`]; owns its scratch, so one per thread. No call allocates.
#[derive(Debug, Clone)]
pub struct Evaluator {
    system: System,
    registers: Vec<f64>,
    parameters: Vec<f64>,
}

impl Evaluator {
    pub(super) fn new(system: System) -> Self {
        let registers = system.inner.program.registers();
        Self { system, registers, parameters: Vec::new() }
    }

    /// The system evaluated.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// Sets all parameters and covariates (internal units, order of [`System::parameters`]).
    ///
    /// # Panics
    ///
    /// If the length is not the number of parameters.
    pub fn set_parameters(&mut self, parameters: &[f64]) {
        self.parameters.clear();
        self.parameters.extend_from_slice(parameters);
        self.system.inner.program.set_parameters(&mut self.registers, parameters);
    }

    /// Initial state at the parameters set.
    pub fn initial(&self, x: &mut [f64]) {
        self.system.inner.program.read_static(tapes::INITIAL, &self.registers, x);
    }

    /// dx/dt at time `t`, state `x`, inputs `u`, all internal.
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn rhs(&mut self, t: f64, x: &[f64], u: &[f64], dx: &mut [f64]) {
        self.system.inner.program.run(tapes::RHS, &mut self.registers, t, x, u, dx);
    }

    /// Values of ∂rhs/∂x in the order of [`System::jacobian_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn jacobian(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.system.inner.program.run(tapes::JACOBIAN, &mut self.registers, t, x, u, values);
    }

    /// Outputs in the order of [`System::outputs`], internal units.
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn outputs(&mut self, t: f64, x: &[f64], u: &[f64], y: &mut [f64]) {
        self.system.inner.program.run(tapes::OUTPUTS, &mut self.registers, t, x, u, y);
    }

    /// The parameters set.
    #[must_use]
    pub fn parameters(&self) -> &[f64] {
        &self.parameters
    }

    /// The numbers of [`System::limits`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn limits(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.system.inner.program.run(tapes::LIMITS, &mut self.registers, t, x, u, values);
    }

    /// The arguments of [`System::switches`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn switches(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.system.inner.program.run(tapes::SWITCHES, &mut self.registers, t, x, u, values);
    }

    /// Derivatives of the arguments of the switches, in the order of
    /// [`System::switch_slope_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn switch_slopes(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.system.inner.program.run(tapes::SWITCH_SLOPES, &mut self.registers, t, x, u, values);
    }

    /// When the events of [`System::events`] happen that do so at times, and how long after its trigger each does,
    /// at the parameters set.
    #[must_use]
    pub fn event_times(&self) -> Vec<EventTimes> {
        let mut values = vec![0.0; 3 * self.system.events().len()];
        self.system.inner.program.read_static(tapes::EVENT_TIMES, &self.registers, &mut values);
        values.chunks_exact(3).map(|v| EventTimes { at: v[0], every: v[1], delay: v[2] }).collect()
    }

    /// What becomes of doses into a target (its place in [`System::dose_targets`]), at the parameters set.
    #[must_use]
    pub fn dose_numbers(&self, target: usize) -> DoseNumbers {
        let inner = &self.system.inner;
        let mut values = vec![0.0; inner.dosing.len()];
        inner.program.read_static(tapes::DOSES, &self.registers, &mut values);
        dosing::numbers(&values, target)
    }

    /// For each event whether its condition is true (1, else 0; 0 without one), then the value of each action,
    /// event after event.
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn events(&mut self, t: f64, x: &[f64], u: &[f64], values: &mut [f64]) {
        self.system.inner.program.run(tapes::EVENTS, &mut self.registers, t, x, u, values);
    }

    /// Adds the times in `from < t < to` at which the argument of a timed switch changes its sign,
    /// with inputs that are straight lines there.
    ///
    /// An argument that is a straight line in time gives its root to rounding. Any other is
    /// enclosed by interval arithmetic: every change of sign is found, unless two of them lie
    /// within 2⁻³² of the stretch of each other.
    pub fn switch_times(
        &self,
        switch: usize,
        inputs: &[InputLine],
        stretch: (f64, f64),
        times: &mut Vec<f64>,
    ) {
        let (registers, parameters) = (&self.registers, &self.parameters);
        self.system.switch_times(switch, registers, parameters, inputs, stretch, times);
    }
}
