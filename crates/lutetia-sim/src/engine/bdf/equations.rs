//! What does the integrator evaluate?
//!
//! [`Equations`] hands a [`Field`] to diffsol: right-hand side with the infusions that run in the
//! present segment, and the sparse Jacobian.

use std::sync::Arc;

use diffsol::{
    ConstantOp, NonLinearOp, NonLinearOpJacobian, OdeEquations, OdeEquationsRef, Op, UnitCallable,
};
use diffsol_la::NalgebraContext;
use lutetia_model::system::{Evaluator, SparsePattern};

use super::matrix::{SharedPattern, SharedSparse, V, slice, slice_mut};
use crate::engine::elimination::Pattern;
use crate::field::Field;

/// What is shared by all runs of one model: patterns only.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) n_states: usize,
    pub(super) n_outputs: usize,
    /// Pattern of the Jacobian; the system always includes the diagonal.
    pub(super) pattern: Arc<Pattern>,
}

impl Layout {
    pub(super) fn new(n_states: usize, n_outputs: usize, jacobian: &SparsePattern) -> Self {
        let pattern = Pattern::from_entries(n_states, n_states, jacobian.iter().collect());
        Self { n_states, n_outputs, pattern: Arc::new(pattern) }
    }
}

/// The equations of one run.
pub(super) struct Equations<'s> {
    pub(super) layout: &'s Layout,
    pub(super) field: Field,
    pub(super) context: NalgebraContext,
}

impl<'s> Equations<'s> {
    pub(super) fn new(layout: &'s Layout, evaluator: Evaluator) -> Self {
        Self { layout, field: Field::new(evaluator), context: NalgebraContext::new() }
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
pub(super) struct Rhs<'a, 's> {
    equations: &'a Equations<'s>,
}
forward_op!(Rhs<'_, '_>, equations);

impl NonLinearOp for Rhs<'_, '_> {
    fn call_inplace(&self, x: &V, t: f64, y: &mut V) {
        self.equations.field.rhs_into(t, slice(x), slice_mut(y));
    }
}

impl NonLinearOpJacobian for Rhs<'_, '_> {
    fn jac_mul_inplace(&self, x: &V, t: f64, v: &V, y: &mut V) {
        let mut values = vec![0.0; self.equations.layout.pattern.len()];
        self.equations.field.jacobian_into(t, slice(x), &mut values);
        multiply_lanes(&self.equations.layout.pattern, &values, slice(v), slice_mut(y));
    }
    fn jacobian_inplace(&self, x: &V, t: f64, y: &mut SharedSparse) {
        self.equations.field.jacobian_into(t, slice(x), y.values_mut());
    }
    fn jacobian_sparsity(&self) -> Option<SharedPattern> {
        Some(SharedPattern(Arc::clone(&self.equations.layout.pattern)))
    }
}

/// `y = A·x` for each lane.
pub(super) fn multiply_lanes(pattern: &Pattern, values: &[f64], x: &[f64], y: &mut [f64]) {
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
pub(super) struct Initial<'a, 's> {
    equations: &'a Equations<'s>,
}
forward_op!(Initial<'_, '_>, equations);

impl ConstantOp for Initial<'_, '_> {
    fn call_inplace(&self, _t: f64, y: &mut V) {
        self.equations.field.initial(slice_mut(y));
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
