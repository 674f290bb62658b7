//! Several patients in the lanes of one evaluation.
//!
//! A [`Pack`] holds one number of each of `L` patients. Every operation of a tape is done lane by lane as it would be for
//! one number alone, in the same order and with the same functions: what comes out for a patient has the same bits
//! whoever sits in the other lanes, and as many as there are.

use super::{System, tapes};

/// What a tape computes with: a number, or one of each patient.
pub(super) trait Number: Copy {
    /// The same number in every lane.
    fn splat(x: f64) -> Self;

    /// Of each lane by itself.
    fn map(self, apply: impl Fn(f64) -> f64) -> Self;

    /// Of each lane of two.
    fn zip(self, other: Self, apply: impl Fn(f64, f64) -> f64) -> Self;

    /// Of each lane `a` where `self` is above zero, else `b`.
    fn choose(self, a: Self, b: Self) -> Self;
}

impl Number for f64 {
    #[inline]
    fn splat(x: f64) -> Self {
        x
    }

    #[inline]
    fn map(self, apply: impl Fn(f64) -> f64) -> Self {
        apply(self)
    }

    #[inline]
    fn zip(self, other: Self, apply: impl Fn(f64, f64) -> f64) -> Self {
        apply(self, other)
    }

    #[inline]
    fn choose(self, a: Self, b: Self) -> Self {
        if self > 0.0 { a } else { b }
    }
}

/// One number of each of `L` patients.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pack<const L: usize>(pub [f64; L]);

impl<const L: usize> Pack<L> {
    /// Zero in every lane.
    pub const ZERO: Self = Self([0.0; L]);
}

impl<const L: usize> Number for Pack<L> {
    #[inline]
    fn splat(x: f64) -> Self {
        Self([x; L])
    }

    #[inline]
    fn map(self, apply: impl Fn(f64) -> f64) -> Self {
        Self(self.0.map(apply))
    }

    #[inline]
    fn zip(self, other: Self, apply: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self.0;
        for (value, other) in out.iter_mut().zip(&other.0) {
            *value = apply(*value, *other);
        }
        Self(out)
    }

    #[inline]
    fn choose(self, a: Self, b: Self) -> Self {
        let mut out = b.0;
        for ((value, x), a) in out.iter_mut().zip(&self.0).zip(&a.0) {
            *value = if *x > 0.0 { *a } else { *value };
        }
        Self(out)
    }
}

/// Evaluates a [`System`] for `L` patients at once; owns its scratch, so one per thread. No call allocates.
#[derive(Debug, Clone)]
pub struct LaneEvaluator<const L: usize> {
    system: System,
    registers: Vec<Pack<L>>,
    parameters: Vec<Pack<L>>,
}

impl<const L: usize> LaneEvaluator<L> {
    pub(super) fn new(system: System) -> Self {
        let registers = system.inner.program.registers();
        let parameters = vec![Pack::ZERO; system.parameters().len()];
        Self { system, registers, parameters }
    }

    /// Sets all parameters and covariates of one lane (internal units, order of [`System::parameters`]).
    ///
    /// # Panics
    ///
    /// If there is no such lane.
    pub fn set_parameters(&mut self, lane: usize, parameters: &[f64]) {
        for (pack, value) in self.parameters.iter_mut().zip(parameters) {
            pack.0[lane] = *value;
        }
        self.system.inner.program.set_parameters(&mut self.registers, &self.parameters);
    }

    /// dx/dt of every lane at its time `t`, state `x` and inputs `u`, all internal.
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn rhs(&mut self, t: Pack<L>, x: &[Pack<L>], u: &[Pack<L>], dx: &mut [Pack<L>]) {
        self.system.inner.program.run(tapes::RHS, &mut self.registers, t, x, u, dx);
    }

    /// Values of ∂rhs/∂x of every lane, in the order of [`System::jacobian_pattern`].
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    pub fn jacobian(&mut self, t: Pack<L>, x: &[Pack<L>], u: &[Pack<L>], values: &mut [Pack<L>]) {
        self.system.inner.program.run(tapes::JACOBIAN, &mut self.registers, t, x, u, values);
    }
}
