//! What do the derivatives by parameters obey?
//!
//! [`Tangents`] adds one tangent per chosen parameter to the [`Equations`], all sharing one Jacobian:
//! `dS/dt = J·S + ∂f/∂p`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use diffsol::{
    AugmentedOdeEquations, ConstantOp, NonLinearOp, NonLinearOpJacobian, OdeEquations,
    OdeEquationsRef, Op, UnitCallable,
};
use diffsol_la::NalgebraContext;
use lutetia_model::system::{SensitivityEvaluator, SensitivityTapes};

use super::equations::{Equations, multiply_lanes};
use super::matrix::{SharedPattern, SharedSparse, V, slice, slice_mut};
use super::moves::Moves;

/// What is shared by all runs with the same chosen parameters.
#[derive(Debug)]
pub(super) struct TangentLayout {
    pub(super) tapes: SensitivityTapes,
    pub(super) lanes: usize,
    rhs_dp: Vec<(usize, usize)>,
    output_dx: Vec<(usize, usize)>,
    output_dp: Vec<(usize, usize)>,
}

impl TangentLayout {
    pub(super) fn new(tapes: SensitivityTapes) -> Self {
        Self {
            lanes: tapes.wrt().len(),
            rhs_dp: tapes.rhs_dp_pattern().iter().collect(),
            output_dx: tapes.output_dx_pattern().iter().collect(),
            output_dp: tapes.output_dp_pattern().iter().collect(),
            tapes,
        }
    }
}

/// The derivatives at one state of the main equations.
struct Linearisation {
    evaluator: SensitivityEvaluator,
    jacobian: Vec<f64>,
    rhs_dp: Vec<f64>,
    output_dx: Vec<f64>,
    output_dp: Vec<f64>,
    inputs: Vec<f64>,
    /// How parameters change what flows in from outside: place in the tangents, and slope.
    inflow: Vec<(usize, f64)>,
}

/// The tangent equations: one lane per chosen parameter.
#[derive(Clone)]
pub(super) struct Tangents<'t, 's> {
    equations: &'t Equations<'s>,
    layout: &'t TangentLayout,
    rtol: f64,
    atol: &'t V,
    lane_context: NalgebraContext,
    linearisation: Rc<RefCell<Linearisation>>,
    moves: Rc<Moves>,
}

impl<'t, 's> Tangents<'t, 's> {
    pub(super) fn new(
        equations: &'t Equations<'s>,
        layout: &'t TangentLayout,
        evaluator: SensitivityEvaluator,
        rtol: f64,
        atol: &'t V,
    ) -> Self {
        let moves = Rc::new(Moves::new(&equations.field, &evaluator, layout.lanes));
        Self {
            equations,
            layout,
            rtol,
            atol,
            moves,
            lane_context: NalgebraContext::with_nbatch(layout.lanes.max(1)),
            linearisation: Rc::new(RefCell::new(Linearisation {
                evaluator,
                jacobian: vec![0.0; equations.layout.pattern.len()],
                rhs_dp: vec![0.0; layout.rhs_dp.len()],
                output_dx: vec![0.0; layout.output_dx.len()],
                output_dp: vec![0.0; layout.output_dp.len()],
                inputs: vec![0.0; equations.field.system().inputs().len()],
                inflow: Vec::new(),
            })),
        }
    }

    pub(super) fn initial(&self, s: &mut [f64]) {
        self.linearisation.borrow_mut().evaluator.initial(s);
    }

    /// Evaluates the derivatives at a state of the main equations.
    pub(super) fn linearise(&self, t: f64, x: &[f64]) {
        let at = &mut *self.linearisation.borrow_mut();
        self.equations.field.jacobian_into(t, x, &mut at.jacobian);
        at.inflow.clear();
        if !self.moves.is_empty() {
            for (state, rate, by) in self.equations.field.inflow(t) {
                let slopes = (0..self.layout.lanes).map(|lane| self.moves.rate(by, lane) * rate);
                let places =
                    slopes.enumerate().map(|(lane, slope)| (lane * x.len() + state, slope));
                at.inflow.extend(places);
            }
        }
        let t = self.equations.field.fill_inputs(t, &mut at.inputs);
        at.evaluator.rhs_dp(t, x, &at.inputs, &mut at.rhs_dp);
    }

    /// `dS/dt` at the last linearisation.
    pub(super) fn slope(&self, s: &[f64], ds: &mut [f64]) {
        let at = &*self.linearisation.borrow();
        multiply_lanes(&self.equations.layout.pattern, &at.jacobian, s, ds);
        let n = self.equations.layout.n_states;
        for (&(row, lane), value) in self.layout.rhs_dp.iter().zip(&at.rhs_dp) {
            ds[lane * n + row] += value;
        }
        for &(place, slope) in &at.inflow {
            ds[place] += slope;
        }
    }

    /// Derivatives of all outputs at a state, one lane per parameter.
    pub(super) fn output_derivatives(&self, t: f64, x: &[f64], s: &[f64], dy: &mut [f64]) {
        let at = &mut *self.linearisation.borrow_mut();
        let t = self.equations.field.fill_inputs(t, &mut at.inputs);
        at.evaluator.output_dx(t, x, &at.inputs, &mut at.output_dx);
        at.evaluator.output_dp(t, x, &at.inputs, &mut at.output_dp);
        self.total_derivatives(&at.output_dx, &at.output_dp, s, dy);
    }

    /// How parameters change doses.
    pub(super) fn moves(&self) -> Rc<Moves> {
        Rc::clone(&self.moves)
    }

    pub(super) fn lanes(&self) -> usize {
        self.layout.lanes
    }

    /// Derivatives of the switches' arguments by the parameters: (switch, lane, value).
    pub(super) fn switch_derivatives(&self, elapsed: f64, x: &[f64]) -> Vec<(usize, usize, f64)> {
        let at = &mut *self.linearisation.borrow_mut();
        let t = self.equations.field.fill_inputs(elapsed, &mut at.inputs);
        let pattern = self.layout.tapes.switch_dp_pattern();
        let mut values = vec![0.0; pattern.entries()];
        at.evaluator.switch_dp(t, x, &at.inputs, &mut values);
        pattern.iter().zip(values).map(|((row, lane), value)| (row, lane, value)).collect()
    }

    /// Derivatives of `at`, `every` and `delay` of the events: (3 · event + which, lane, value).
    pub(super) fn event_times_derivatives(&self) -> Vec<(usize, usize, f64)> {
        self.linearisation.borrow().evaluator.event_times_dp()
    }

    /// Derivatives of the values of actions from the `first` on, lane after lane, at a moment that parameters move.
    pub(super) fn action_derivatives(
        &self,
        (elapsed, x, s): (f64, &[f64], &[f64]),
        (slope, shift): (&[f64], &[f64]),
        first: usize,
        derivatives: &mut [Vec<f64>],
    ) {
        let at = &mut *self.linearisation.borrow_mut();
        let t = self.equations.field.fill_inputs(elapsed, &mut at.inputs);
        let (by_x, by_p) =
            (self.layout.tapes.action_dx_pattern(), self.layout.tapes.action_dp_pattern());
        let (mut dx, mut dp) = (vec![0.0; by_x.entries()], vec![0.0; by_p.entries()]);
        at.evaluator.action_dx(t, x, &at.inputs, &mut dx);
        at.evaluator.action_dp(t, x, &at.inputs, &mut dp);
        let count = derivatives.len();
        let own = |row: usize| row.checked_sub(first).filter(|&k| k < count);
        for ((row, column), value) in by_x.iter().zip(dx) {
            let Some(action) = own(row) else { continue };
            let speed = self.equations.field.speed_of(column, slope);
            for (lane, d) in derivatives[action].iter_mut().enumerate() {
                let moved = if column < x.len() { s[lane * x.len() + column] } else { 0.0 };
                *d += value
                    * (moved + if shift[lane].abs() > 0.0 { speed * shift[lane] } else { 0.0 });
            }
        }
        for ((row, lane), value) in by_p.iter().zip(dp) {
            if let Some(action) = own(row) {
                derivatives[action][lane] += value;
            }
        }
    }

    fn total_derivatives(&self, output_dx: &[f64], output_dp: &[f64], s: &[f64], dy: &mut [f64]) {
        let (n_outputs, n) = (self.equations.layout.n_outputs, self.equations.layout.n_states);
        dy.fill(0.0);
        for lane in 0..self.layout.lanes {
            let s = &s[lane * n..(lane + 1) * n];
            let dy = &mut dy[lane * n_outputs..(lane + 1) * n_outputs];
            for (&(output, state), value) in self.layout.output_dx.iter().zip(output_dx) {
                dy[output] += value * s[state];
            }
        }
        for (&(output, lane), value) in self.layout.output_dp.iter().zip(output_dp) {
            dy[lane * n_outputs + output] += value;
        }
    }
}

/// Slope of all tangents.
pub(super) struct TangentRhs<'a, 't, 's> {
    tangents: &'a Tangents<'t, 's>,
}

/// Initial tangents; runs set their state themselves.
pub(super) struct TangentInitial<'a, 't, 's> {
    tangents: &'a Tangents<'t, 's>,
}

macro_rules! tangent_op {
    ($type:ty, |$self:ident| $tangents:expr, $nout:expr) => {
        impl Op for $type {
            type T = f64;
            type V = V;
            type M = SharedSparse;
            type C = NalgebraContext;
            fn context(&self) -> &NalgebraContext {
                let $self = self;
                &$tangents.equations.context
            }
            fn nstates(&self) -> usize {
                let $self = self;
                $tangents.equations.layout.n_states
            }
            fn nout(&self) -> usize {
                let $self = self;
                $nout
            }
            fn nparams(&self) -> usize {
                let $self = self;
                $tangents.layout.lanes
            }
        }
    };
}
tangent_op!(TangentRhs<'_, '_, '_>, |op| op.tangents, op.tangents.equations.layout.n_states);
tangent_op!(TangentInitial<'_, '_, '_>, |op| op.tangents, op.tangents.equations.layout.n_states);
tangent_op!(Tangents<'_, '_>, |op| op, op.equations.layout.n_states);

impl NonLinearOp for TangentRhs<'_, '_, '_> {
    fn call_inplace(&self, x: &V, _t: f64, y: &mut V) {
        self.tangents.slope(slice(x), slice_mut(y));
    }
}

impl NonLinearOpJacobian for TangentRhs<'_, '_, '_> {
    fn jac_mul_inplace(&self, _x: &V, _t: f64, v: &V, y: &mut V) {
        let at = self.tangents.linearisation.borrow();
        multiply_lanes(
            &self.tangents.equations.layout.pattern,
            &at.jacobian,
            slice(v),
            slice_mut(y),
        );
    }
    fn jacobian_inplace(&self, _x: &V, _t: f64, y: &mut SharedSparse) {
        let at = self.tangents.linearisation.borrow();
        y.values_mut().copy_from_slice(&at.jacobian);
    }
    fn jacobian_sparsity(&self) -> Option<SharedPattern> {
        Some(SharedPattern(Arc::clone(&self.tangents.equations.layout.pattern)))
    }
}

impl ConstantOp for TangentInitial<'_, '_, '_> {
    fn call_inplace(&self, _t: f64, y: &mut V) {
        self.tangents.initial(slice_mut(y));
    }
}

impl<'a, 't, 's> OdeEquationsRef<'a> for Tangents<'t, 's> {
    type Mass = UnitCallable<SharedSparse>;
    type Rhs = TangentRhs<'a, 't, 's>;
    type Root = UnitCallable<SharedSparse>;
    type Init = TangentInitial<'a, 't, 's>;
    type Out = UnitCallable<SharedSparse>;
    type Reset = UnitCallable<SharedSparse>;
}

impl<'t, 's> OdeEquations for Tangents<'t, 's> {
    fn rhs(&self) -> TangentRhs<'_, 't, 's> {
        TangentRhs { tangents: self }
    }
    fn mass(&self) -> Option<UnitCallable<SharedSparse>> {
        None
    }
    fn init(&self) -> TangentInitial<'_, 't, 's> {
        TangentInitial { tangents: self }
    }
    fn set_params(&mut self, _p: &V) {}
    fn get_params(&self, _p: &mut V) {}
}

impl<'s> AugmentedOdeEquations<Equations<'s>> for Tangents<'_, 's> {
    fn update_rhs_out_state(&mut self, y: &V, _dy: &V, t: f64) {
        self.linearise(t, slice(y));
    }
    fn max_index(&self) -> usize {
        self.layout.lanes
    }
    fn aug_context(&self) -> &NalgebraContext {
        &self.lane_context
    }
    fn include_in_error_control(&self) -> bool {
        true
    }
    fn include_out_in_error_control(&self) -> bool {
        false
    }
    fn rtol(&self) -> Option<f64> {
        Some(self.rtol)
    }
    fn atol(&self) -> Option<&V> {
        Some(self.atol)
    }
    fn out_rtol(&self) -> Option<f64> {
        None
    }
    fn out_atol(&self) -> Option<&V> {
        None
    }
    fn integrate_main_eqn(&self) -> bool {
        true
    }
}
