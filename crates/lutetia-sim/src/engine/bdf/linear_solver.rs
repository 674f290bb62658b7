//! How is one Newton step's linear system solved?
//!
//! [`NewtonSolver`] is diffsol's linear solver for these models: the static elimination where it
//! can be trusted, a pivoted dense LU where it cannot. It also stands guard: a right-hand side or a
//! solution that is not finite is an error, which the integrator answers with a smaller step.

use std::cell::RefCell;
use std::sync::Arc;

use diffsol_la::{
    LaError, LinearOp, LinearSolver, Matrix, MatrixSparsity, NalgebraContext, Vector, VectorCommon,
};
use nalgebra::{DMatrix, DVector, Dyn, LU};

use super::matrix::{SharedPattern, SharedSparse, V};
use crate::engine::elimination::{Elimination, Factors};
use crate::failure::is_tame;

/// A factorisation of a right-hand side that was `A·1` must give back ones to this accuracy.
const RESIDUAL_BOUND: f64 = 1e-6;

/// Static elimination with a pivoted dense LU behind it.
pub(crate) struct NewtonSolver {
    plan: Option<Arc<Elimination>>,
    matrix: Option<SharedSparse>,
    factors: Factors,
    dense: Option<LU<f64, Dyn, Dyn>>,
    usable: bool,
    work: RefCell<Vec<f64>>,
}

impl Default for NewtonSolver {
    fn default() -> Self {
        Self::with_plan(None)
    }
}

impl NewtonSolver {
    /// A solver that uses the elimination worked out beforehand.
    pub(crate) fn with_plan(plan: Option<Arc<Elimination>>) -> Self {
        Self {
            plan,
            matrix: None,
            factors: Factors::default(),
            dense: None,
            usable: false,
            work: RefCell::new(Vec::new()),
        }
    }

    /// Solves `A x = A·1` and looks whether ones come back.
    fn residual_is_small(&self, plan: &Elimination, values: &[f64]) -> bool {
        let pattern = plan.pattern();
        let mut b = vec![0.0; pattern.n_rows];
        for (&row, value) in pattern.row_indices.iter().zip(values) {
            b[row] += value;
        }
        self.factors.solve(plan, &mut b, &mut self.work.borrow_mut());
        b.iter().all(|x| (x - 1.0).abs() <= RESIDUAL_BOUND)
    }
}

fn are_tame(values: &[f64]) -> bool {
    values.iter().all(|value| is_tame(*value))
}

impl LinearSolver<SharedSparse> for NewtonSolver {
    fn set_sparsity<C: LinearOp<V = V, T = f64, M = SharedSparse, C = NalgebraContext>>(
        &mut self,
        op: &C,
    ) {
        let sparsity = op.sparsity().unwrap_or_else(|| SharedPattern::new_diagonal(op.nrows()));
        if !self.plan.as_ref().is_some_and(|plan| Arc::ptr_eq(plan.pattern(), &sparsity.0)) {
            self.plan = Elimination::plan(Arc::clone(&sparsity.0)).map(Arc::new);
        }
        self.matrix = Some(SharedSparse::new_from_sparsity(
            op.nrows(),
            op.ncols(),
            Some(sparsity),
            *op.context(),
        ));
        self.usable = false;
    }

    fn set_linearisation<C: LinearOp<V = V, T = f64, M = SharedSparse, C = NalgebraContext>>(
        &mut self,
        op: &C,
    ) {
        self.usable = false;
        self.dense = None;
        let Some(mut matrix) = self.matrix.take() else {
            return;
        };
        op.matrix_inplace(&mut matrix);
        if are_tame(matrix.values()) {
            // Taken and put back, not counted: threads share the plan, and their cores would fight over its count
            // at every factorisation.
            if let Some(plan) = self.plan.take() {
                self.factors.factorise(&plan, matrix.values());
                self.usable =
                    self.factors.is_trustworthy() && self.residual_is_small(&plan, matrix.values());
                self.plan = Some(plan);
            }
            if !self.usable {
                let mut full = DMatrix::zeros(op.nrows(), op.ncols());
                let (entries, values) = matrix.triplet_iter();
                for ((row, column), value) in entries.zip(values) {
                    full[(row, column)] = value;
                }
                let lu = full.lu();
                self.usable = lu.is_invertible();
                self.dense = Some(lu);
            }
        }
        self.matrix = Some(matrix);
    }

    fn solve_in_place(&self, b: &mut V) -> Result<(), LaError> {
        if !self.usable {
            return Err(LaError::Other("the Newton matrix is singular".to_owned()));
        }
        let lanes = b.inner().ncols();
        let n = b.len();
        let values = b.inner_mut().as_mut_slice();
        if !are_tame(values) {
            return Err(LaError::Other("the residual is not finite".to_owned()));
        }
        match (&self.dense, &self.plan) {
            (Some(lu), _) => {
                for lane in values.chunks_exact_mut(n) {
                    let mut x = DVector::from_column_slice(lane);
                    if !lu.solve_mut(&mut x) {
                        return Err(LaError::Other("the Newton matrix is singular".to_owned()));
                    }
                    lane.copy_from_slice(x.as_slice());
                }
            }
            (None, Some(plan)) if lanes == 1 => {
                self.factors.solve(plan, values, &mut self.work.borrow_mut());
            }
            (None, Some(plan)) => {
                self.factors.solve_lanes(plan, values, lanes, &mut self.work.borrow_mut());
            }
            (None, None) => {
                return Err(LaError::Other("the Newton matrix is not set".to_owned()));
            }
        }
        if are_tame(values) {
            Ok(())
        } else {
            Err(LaError::Other("the Newton step is not finite".to_owned()))
        }
    }

    fn solve_transpose_in_place(&self, _b: &mut V) -> Result<(), LaError> {
        Err(LaError::Other(
            "transposed systems are not needed for forward sensitivities".to_owned(),
        ))
    }
}
