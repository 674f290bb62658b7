//! Several patients in the lanes of one evaluation.
//!
//! A [`Pack`] holds one number of each of eight patients, and a plain `f64` that of one. Every operation of a tape is
//! done lane by lane as it would be for one number alone, in the same order and with the same functions: what comes out
//! for a patient has the same bits whoever sits in the other lanes, and as many as there are.
//!
//! Everything here is inlined into its caller, so that it is compiled for the instruction set that the caller chose.
#![allow(clippy::inline_always, reason = "compiled for the instruction set of the caller")]

use std::fmt::Debug;
use std::sync::Arc;

use super::merged::{LaneTapes, tapes};

/// What a tape computes with: a number, or one of each of several patients.
pub trait Lanes: Copy + Debug + Send + Sync + 'static {
    /// How many.
    const WIDTH: usize;

    /// The same number in every lane.
    fn splat(x: f64) -> Self;

    /// The number of a lane, below [`WIDTH`](Self::WIDTH); a number alone is that of every lane.
    ///
    /// # Panics
    ///
    /// If a [`Pack`] has no such lane.
    fn lane(&self, lane: usize) -> f64;

    /// Sets the number of a lane, below [`WIDTH`](Self::WIDTH).
    ///
    /// # Panics
    ///
    /// If a [`Pack`] has no such lane.
    fn set_lane(&mut self, lane: usize, x: f64);

    /// Of each lane by itself.
    #[must_use]
    fn map(self, apply: impl Fn(f64) -> f64) -> Self;

    /// Of each lane of two.
    #[must_use]
    fn zip(self, other: Self, apply: impl Fn(f64, f64) -> f64) -> Self;

    /// Of each lane `a` where `self` is above zero, else `b`.
    #[must_use]
    fn choose(self, a: Self, b: Self) -> Self;

    /// self + other.
    #[must_use]
    #[inline(always)]
    fn plus(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    /// self − other.
    #[must_use]
    #[inline(always)]
    fn minus(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    /// self · other.
    #[must_use]
    #[inline(always)]
    fn times(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
}

impl Lanes for f64 {
    const WIDTH: usize = 1;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        x
    }

    #[inline(always)]
    fn lane(&self, _: usize) -> f64 {
        *self
    }

    #[inline(always)]
    fn set_lane(&mut self, _: usize, x: f64) {
        *self = x;
    }

    #[inline(always)]
    fn map(self, apply: impl Fn(f64) -> f64) -> Self {
        apply(self)
    }

    #[inline(always)]
    fn zip(self, other: Self, apply: impl Fn(f64, f64) -> f64) -> Self {
        apply(self, other)
    }

    #[inline(always)]
    fn choose(self, a: Self, b: Self) -> Self {
        if self > 0.0 { a } else { b }
    }
}

/// Lanes of a [`Pack`]: what fills a cache line, and the widest registers.
const WIDTH: usize = 8;

/// One number of each of eight patients.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(align(64))]
pub struct Pack([f64; WIDTH]);

impl Lanes for Pack {
    const WIDTH: usize = WIDTH;

    #[inline(always)]
    fn splat(x: f64) -> Self {
        Self([x; WIDTH])
    }

    #[inline(always)]
    fn lane(&self, lane: usize) -> f64 {
        self.0[lane]
    }

    #[inline(always)]
    fn set_lane(&mut self, lane: usize, x: f64) {
        self.0[lane] = x;
    }

    #[inline(always)]
    fn map(self, apply: impl Fn(f64) -> f64) -> Self {
        let mut out = self;
        for lane in 0..WIDTH {
            out.0[lane] = apply(self.0[lane]);
        }
        out
    }

    #[inline(always)]
    fn zip(self, other: Self, apply: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = self;
        for lane in 0..WIDTH {
            out.0[lane] = apply(self.0[lane], other.0[lane]);
        }
        out
    }

    #[inline(always)]
    fn choose(self, a: Self, b: Self) -> Self {
        let mut out = b;
        for lane in 0..WIDTH {
            out.0[lane] = if self.0[lane] > 0.0 { a.0[lane] } else { b.0[lane] };
        }
        out
    }
}

/// Evaluates a [`System`](super::System) for as many patients at once as `N` has lanes; owns its scratch, so one per thread. No call
/// allocates.
///
/// Coefficients that parameters fix are merged once per set of parameters: a slope is Σ coefficient·factor, where a factor
/// is a state or a product of states, and an entry of the Jacobian the same. That is the same number as
/// [`Evaluator`](super::Evaluator) gives but for rounding.
#[derive(Debug, Clone)]
pub struct LaneEvaluator<N> {
    tapes: Arc<LaneTapes>,
    registers: Vec<N>,
    parameters: Vec<N>,
    /// Coefficients of the slopes, row after row.
    slopes: Vec<N>,
    /// Coefficients of the entries of the Jacobian that vary, entry after entry.
    entries: Vec<N>,
    /// The part of each entry that the parameters fix.
    fixed: Vec<N>,
}

impl<N: Lanes> LaneEvaluator<N> {
    /// One per thread. Parameters start at their defaults.
    #[must_use]
    pub fn new(tapes: Arc<LaneTapes>) -> Self {
        let zeros = |count: usize| vec![N::splat(0.0); count];
        let mut evaluator = Self {
            registers: tapes.program.registers(),
            parameters: tapes.defaults.iter().map(|x| N::splat(*x)).collect(),
            slopes: zeros(tapes.slopes.len()),
            entries: zeros(tapes.entries.len()),
            fixed: zeros(tapes.fixed.len()),
            tapes,
        };
        evaluator.prepare();
        evaluator
    }

    /// Sets all parameters and covariates of one lane (internal units, order of [`System::parameters`](super::System::parameters)).
    ///
    /// # Panics
    ///
    /// If there is no such lane.
    pub fn set_parameters(&mut self, lane: usize, parameters: &[f64]) {
        for (pack, value) in self.parameters.iter_mut().zip(parameters) {
            pack.set_lane(lane, *value);
        }
        self.prepare();
    }

    fn prepare(&mut self) {
        let tapes = &self.tapes;
        tapes.program.set_parameters(&mut self.registers, &self.parameters);
        for (value, register) in self.slopes.iter_mut().zip(&tapes.slopes.coefficients) {
            *value = self.registers[*register as usize];
        }
        for (value, register) in self.entries.iter_mut().zip(&tapes.entries.coefficients) {
            *value = self.registers[*register as usize];
        }
        for (value, register) in self.fixed.iter_mut().zip(&tapes.fixed) {
            *value = self.registers[*register as usize];
        }
    }

    /// dx/dt of every lane at its time `t`, state `x` and inputs `u`, all internal; states in the order of the tapes.
    ///
    /// # Panics
    ///
    /// If `x`, `u` or `dx` have the wrong length.
    #[inline(always)]
    pub fn rhs(&mut self, t: N, x: &[N], u: &[N], dx: &mut [N]) {
        let Self { tapes, registers, slopes, .. } = self;
        tapes.program.evaluate(tapes::SLOPES, registers, t, x, u);
        let rows = tapes.slopes.rows(slopes);
        for (value, row) in dx.iter_mut().zip(rows) {
            *value = row.sum(registers);
        }
    }

    /// What parameters fix of each entry of ∂rhs/∂x, in the order of [`System::jacobian_pattern`](super::System::jacobian_pattern).
    #[must_use]
    pub fn fixed_jacobian(&self) -> &[N] {
        &self.fixed
    }

    /// What the entries of ∂rhs/∂x are beside what parameters fix: calls `visit` with the index of each entry that varies
    /// and its value of every lane.
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    #[inline(always)]
    pub fn varying_jacobian(&mut self, t: N, x: &[N], u: &[N], mut visit: impl FnMut(usize, N)) {
        let Self { tapes, registers, entries, .. } = self;
        tapes.program.evaluate(tapes::ENTRIES, registers, t, x, u);
        for (&entry, row) in tapes.varying.iter().zip(tapes.entries.rows(entries)) {
            visit(entry as usize, row.sum(registers));
        }
    }

    /// Outputs of every lane in the order of [`System::outputs`](super::System::outputs), internal units: the bits of
    /// [`Evaluator::outputs`](super::Evaluator::outputs).
    ///
    /// # Panics
    ///
    /// If `x` or `u` have the wrong length.
    #[inline(always)]
    pub fn outputs(&mut self, t: N, x: &[N], u: &[N], y: &mut [N]) {
        let Self { tapes, registers, .. } = self;
        tapes.program.evaluate(tapes::OUTPUTS, registers, t, x, u);
        tapes.program.gather(tapes::OUTPUTS, registers, y);
    }
}
