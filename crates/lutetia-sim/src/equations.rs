//! What does the integrator evaluate?
//!
//! [`Equations`] hands the compiled system to diffsol: right-hand side with the infusions that run
//! in the present segment, and the sparse Jacobian. [`Tangents`] adds one tangent per chosen
//! parameter, all sharing one Jacobian: `dS/dt = J·S + ∂f/∂p`.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use diffsol::{
    AugmentedOdeEquations, ConstantOp, NonLinearOp, NonLinearOpJacobian, OdeEquations,
    OdeEquationsRef, Op, UnitCallable,
};
use diffsol_la::{NalgebraContext, Vector, VectorCommon};
use lutetia_model::system::{
    Evaluator, SensitivityEvaluator, SensitivityTapes, SparsePattern, System,
};

use crate::elimination::Pattern;
use crate::matrix::{SharedPattern, SharedSparse, V};

/// All lanes of a vector, one after the other.
pub(crate) fn slice(v: &V) -> &[f64] {
    v.inner().as_slice()
}

/// All lanes of a vector, one after the other.
pub(crate) fn slice_mut(v: &mut V) -> &mut [f64] {
    v.inner_mut().as_mut_slice()
}

/// Material that flows into one state during a segment: `constant + Σ size·exp(−λ·(t − start))`.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    pub(crate) state: usize,
    pub(crate) constant: f64,
    /// (size, decay constant, start).
    pub(crate) decaying: Vec<(f64, f64, f64)>,
}

/// An input that is linear in time during a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) time: f64,
    pub(crate) value: f64,
    pub(crate) slope: f64,
}

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

/// What is shared by all runs of one model: patterns only.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) n_states: usize,
    pub(crate) n_inputs: usize,
    pub(crate) n_outputs: usize,
    /// Pattern of the Jacobian; the system always includes the diagonal.
    pub(crate) pattern: Arc<Pattern>,
}

impl Layout {
    pub(crate) fn new(
        n_states: usize,
        n_inputs: usize,
        n_outputs: usize,
        jacobian: &SparsePattern,
    ) -> Self {
        let pattern = Pattern::from_entries(n_states, n_states, jacobian.iter().collect());
        Self { n_states, n_inputs, n_outputs, pattern: Arc::new(pattern) }
    }
}

struct Scratch {
    evaluator: Evaluator,
    inputs: Vec<f64>,
    calls: Calls,
}

/// The equations of one run.
pub(crate) struct Equations<'s> {
    layout: &'s Layout,
    segment: RefCell<Segment>,
    scratch: RefCell<Scratch>,
    context: NalgebraContext,
}

impl<'s> Equations<'s> {
    pub(crate) fn new(layout: &'s Layout, evaluator: Evaluator) -> Self {
        Self {
            layout,
            segment: RefCell::default(),
            scratch: RefCell::new(Scratch {
                evaluator,
                inputs: vec![0.0; layout.n_inputs],
                calls: Calls::default(),
            }),
            context: NalgebraContext::new(),
        }
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

    pub(crate) fn calls(&self) -> Calls {
        self.scratch.borrow().calls
    }

    pub(crate) fn initial(&self, x: &mut [f64]) {
        self.scratch.borrow_mut().evaluator.initial(x);
    }

    /// Sets the inputs and returns the time to ask for.
    fn fill_inputs(&self, elapsed: f64, inputs: &mut [f64]) -> f64 {
        let segment = self.segment.borrow();
        let t = segment.time(elapsed);
        for (u, line) in inputs.iter_mut().zip(&segment.inputs) {
            *u = line.value + line.slope * (t - line.time);
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
            let mut rate = source.constant;
            for &(size, lambda, start) in &source.decaying {
                rate += size * (-lambda * (segment.start - start + elapsed)).exp();
            }
            dx[source.state] += rate;
        }
    }

    fn jacobian_into(&self, elapsed: f64, x: &[f64], values: &mut [f64]) {
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

macro_rules! forward_op {
    ($type:ty, $equations:ident) => {
        impl Op for $type {
            type T = f64;
            type V = V;
            type M = SharedSparse;
            type C = NalgebraContext;
            fn context(&self) -> &NalgebraContext {
                &self.$equations.context
            }
            fn nstates(&self) -> usize {
                self.$equations.layout.n_states
            }
            fn nout(&self) -> usize {
                self.$equations.layout.n_states
            }
            fn nparams(&self) -> usize {
                0
            }
        }
    };
}

/// The right-hand side.
pub(crate) struct Rhs<'a, 's> {
    equations: &'a Equations<'s>,
}
forward_op!(Rhs<'_, '_>, equations);

impl NonLinearOp for Rhs<'_, '_> {
    fn call_inplace(&self, x: &V, t: f64, y: &mut V) {
        self.equations.rhs_into(t, slice(x), slice_mut(y));
    }
}

impl NonLinearOpJacobian for Rhs<'_, '_> {
    fn jac_mul_inplace(&self, x: &V, t: f64, v: &V, y: &mut V) {
        let mut values = vec![0.0; self.equations.layout.pattern.len()];
        self.equations.jacobian_into(t, slice(x), &mut values);
        multiply_lanes(&self.equations.layout.pattern, &values, slice(v), slice_mut(y));
    }
    fn jacobian_inplace(&self, x: &V, t: f64, y: &mut SharedSparse) {
        self.equations.jacobian_into(t, slice(x), y.values_mut());
    }
    fn jacobian_sparsity(&self) -> Option<SharedPattern> {
        Some(SharedPattern(Arc::clone(&self.equations.layout.pattern)))
    }
}

/// `y = A·x` for each lane.
fn multiply_lanes(pattern: &Pattern, values: &[f64], x: &[f64], y: &mut [f64]) {
    let n = pattern.n_columns;
    for (x, y) in x.chunks_exact(n.max(1)).zip(y.chunks_exact_mut(pattern.n_rows.max(1))) {
        y.fill(0.0);
        for column in 0..n {
            let value = x[column];
            let range = pattern.column_starts[column]..pattern.column_starts[column + 1];
            for (&row, entry) in pattern.row_indices[range.clone()].iter().zip(&values[range]) {
                y[row] += entry * value;
            }
        }
    }
}

/// The initial state; runs set their state themselves.
pub(crate) struct Initial<'a, 's> {
    equations: &'a Equations<'s>,
}
forward_op!(Initial<'_, '_>, equations);

impl ConstantOp for Initial<'_, '_> {
    fn call_inplace(&self, _t: f64, y: &mut V) {
        self.equations.initial(slice_mut(y));
    }
}

impl Op for Equations<'_> {
    type T = f64;
    type V = V;
    type M = SharedSparse;
    type C = NalgebraContext;
    fn context(&self) -> &NalgebraContext {
        &self.context
    }
    fn nstates(&self) -> usize {
        self.layout.n_states
    }
    fn nout(&self) -> usize {
        self.layout.n_states
    }
    fn nparams(&self) -> usize {
        0
    }
}

impl<'a, 's> OdeEquationsRef<'a> for Equations<'s> {
    type Mass = UnitCallable<SharedSparse>;
    type Rhs = Rhs<'a, 's>;
    type Root = UnitCallable<SharedSparse>;
    type Init = Initial<'a, 's>;
    type Out = UnitCallable<SharedSparse>;
    type Reset = UnitCallable<SharedSparse>;
}

impl<'s> OdeEquations for Equations<'s> {
    fn rhs(&self) -> Rhs<'_, 's> {
        Rhs { equations: self }
    }
    fn mass(&self) -> Option<UnitCallable<SharedSparse>> {
        None
    }
    fn init(&self) -> Initial<'_, 's> {
        Initial { equations: self }
    }
    fn set_params(&mut self, _p: &V) {}
    fn get_params(&self, _p: &mut V) {}
}

/// What is shared by all runs with the same chosen parameters.
#[derive(Debug)]
pub(crate) struct TangentLayout {
    pub(crate) tapes: SensitivityTapes,
    pub(crate) lanes: usize,
    rhs_dp: Vec<(usize, usize)>,
    output_dx: Vec<(usize, usize)>,
    output_dp: Vec<(usize, usize)>,
}

impl TangentLayout {
    pub(crate) fn new(tapes: SensitivityTapes) -> Self {
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
}

/// The tangent equations: one lane per chosen parameter.
#[derive(Clone)]
pub(crate) struct Tangents<'t, 's> {
    equations: &'t Equations<'s>,
    layout: &'t TangentLayout,
    rtol: f64,
    atol: &'t V,
    lane_context: NalgebraContext,
    linearisation: Rc<RefCell<Linearisation>>,
}

impl<'t, 's> Tangents<'t, 's> {
    pub(crate) fn new(
        equations: &'t Equations<'s>,
        layout: &'t TangentLayout,
        evaluator: SensitivityEvaluator,
        rtol: f64,
        atol: &'t V,
    ) -> Self {
        Self {
            equations,
            layout,
            rtol,
            atol,
            lane_context: NalgebraContext::with_nbatch(layout.lanes.max(1)),
            linearisation: Rc::new(RefCell::new(Linearisation {
                evaluator,
                jacobian: vec![0.0; equations.layout.pattern.len()],
                rhs_dp: vec![0.0; layout.rhs_dp.len()],
                output_dx: vec![0.0; layout.output_dx.len()],
                output_dp: vec![0.0; layout.output_dp.len()],
                inputs: vec![0.0; equations.layout.n_inputs],
            })),
        }
    }

    pub(crate) fn initial(&self, s: &mut [f64]) {
        self.linearisation.borrow_mut().evaluator.initial(s);
    }

    /// Evaluates the derivatives at a state of the main equations.
    pub(crate) fn linearise(&self, t: f64, x: &[f64]) {
        let at = &mut *self.linearisation.borrow_mut();
        self.equations.jacobian_into(t, x, &mut at.jacobian);
        let t = self.equations.fill_inputs(t, &mut at.inputs);
        at.evaluator.rhs_dp(t, x, &at.inputs, &mut at.rhs_dp);
    }

    /// `dS/dt` at the last linearisation.
    pub(crate) fn slope(&self, s: &[f64], ds: &mut [f64]) {
        let at = &*self.linearisation.borrow();
        multiply_lanes(&self.equations.layout.pattern, &at.jacobian, s, ds);
        let n = self.equations.layout.n_states;
        for (&(row, lane), value) in self.layout.rhs_dp.iter().zip(&at.rhs_dp) {
            ds[lane * n + row] += value;
        }
    }

    /// Derivatives of all outputs at a state, one lane per parameter.
    pub(crate) fn output_derivatives(&self, t: f64, x: &[f64], s: &[f64], dy: &mut [f64]) {
        let at = &mut *self.linearisation.borrow_mut();
        let t = self.equations.fill_inputs(t, &mut at.inputs);
        at.evaluator.output_dx(t, x, &at.inputs, &mut at.output_dx);
        at.evaluator.output_dp(t, x, &at.inputs, &mut at.output_dp);
        self.total_derivatives(&at.output_dx, &at.output_dp, s, dy);
    }

    pub(crate) fn lanes(&self) -> usize {
        self.layout.lanes
    }

    /// Derivatives of the switches' arguments by the parameters: (switch, lane, value).
    pub(crate) fn switch_derivatives(&self, elapsed: f64, x: &[f64]) -> Vec<(usize, usize, f64)> {
        let at = &mut *self.linearisation.borrow_mut();
        let t = self.equations.fill_inputs(elapsed, &mut at.inputs);
        let pattern = self.layout.tapes.switch_dp_pattern();
        let mut values = vec![0.0; pattern.entries()];
        at.evaluator.switch_dp(t, x, &at.inputs, &mut values);
        pattern.iter().zip(values).map(|((row, lane), value)| (row, lane, value)).collect()
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
pub(crate) struct TangentRhs<'a, 't, 's> {
    tangents: &'a Tangents<'t, 's>,
}

/// Initial tangents; runs set their state themselves.
pub(crate) struct TangentInitial<'a, 't, 's> {
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
