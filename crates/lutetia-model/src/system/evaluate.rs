//! Running a compiled model.

use super::{System, tapes};

/// Evaluates a [`System`]; owns its scratch, so one per thread. No call allocates.
#[derive(Debug, Clone)]
pub struct Evaluator {
    system: System,
    registers: Vec<f64>,
}

impl Evaluator {
    pub(super) fn new(system: System) -> Self {
        let registers = system.inner.program.registers();
        Self { system, registers }
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
}
