//! From where, and with which first step, does the integrator start?

use diffsol::{BdfState, OdeSolverState, ode_solver::state::StateCommon};
use diffsol_la::{NalgebraContext, Vector};

use super::matrix::{V, slice};
use super::run::{Problem, Run};
use super::tangents::Tangents;
use crate::engine::first_step::first_step;
use crate::error::{OfState, SolveFailure};
use crate::failure::is_tame;

impl Run<'_> {
    /// State at the start of a segment, with the first step's size.
    pub(super) fn initial_state(
        &self,
        problem: &Problem<'_>,
        tangents: Option<&Tangents<'_, '_>>,
        end: Option<f64>,
    ) -> Result<BdfState<V>, SolveFailure> {
        let field = &problem.eqn.field;
        let context = NalgebraContext::new();
        let mut dx = vec![0.0; self.x.len()];
        field.rhs_into(self.elapsed, &self.x, &mut dx);
        self.check_finite(&self.x, OfState::Value)?;
        self.check_finite(&dx, OfState::Rate)?;
        let span = end.map_or_else(|| self.tail.span(), |end| end - self.elapsed);
        let size = (slice(&problem.atol), problem.rtol);
        let h = first_step(field, size, (self.elapsed, &self.x, &dx), span);
        let lanes = tangents.map_or(1, |_| self.s.len() / self.x.len().max(1));
        let lane_context = NalgebraContext::with_nbatch(lanes.max(1));
        let mut ds = vec![0.0; self.s.len()];
        if let Some(tangents) = tangents {
            tangents.linearise(self.elapsed, &self.x);
            tangents.slope(&self.s, &mut ds);
            if let Some(k) = ds.iter().chain(&self.s).position(|v| !is_tame(*v)) {
                let k = k % self.x.len().max(1);
                return Err(self.non_finite(k, OfState::Sensitivity));
            }
        }
        let (s, ds) = if tangents.is_some() {
            (V::from_vec(self.s.clone(), lane_context), V::from_vec(ds, lane_context))
        } else {
            (V::zeros(0, context), V::zeros(0, context))
        };
        Ok(BdfState::new_from_common(StateCommon {
            y: V::from_slice(&self.x, context),
            dy: V::from_vec(dx, context),
            g: V::zeros(0, context),
            dg: V::zeros(0, context),
            sg: V::zeros(0, *s.context()),
            dsg: V::zeros(0, *ds.context()),
            s,
            ds,
            t: self.elapsed,
            h,
        }))
    }
}
