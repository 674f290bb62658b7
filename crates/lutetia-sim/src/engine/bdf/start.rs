//! From where, and with which first step, does the integrator start?

use diffsol::{BdfState, OdeSolverState, ode_solver::state::StateCommon};
use diffsol_la::{NalgebraContext, Vector};

use super::matrix::{V, slice};
use super::run::{Problem, Run};
use super::tangents::Tangents;
use crate::error::{OfState, SolveFailure};
use crate::failure::is_tame;
use crate::field::Field;

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
        let h = self.first_step(field, slice(&problem.atol), problem.rtol, &dx, span);
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

    /// Size of the first step at order one (Hairer, Nørsett, Wanner, *Solving ODEs I*, II.4).
    fn first_step(&self, field: &Field, atol: &[f64], rtol: f64, dx: &[f64], span: f64) -> f64 {
        let norm = |v: &dyn Fn(usize) -> f64| {
            let sum: f64 =
                (0..dx.len()).map(|k| (v(k) / (rtol * self.x[k].abs() + atol[k])).powi(2)).sum();
            #[expect(clippy::cast_precision_loss, reason = "states are few")]
            let n = dx.len().max(1) as f64;
            (sum / n).sqrt()
        };
        let (d0, d1) = (norm(&|k| self.x[k]), norm(&|k| dx[k]));
        let h0 = if d0 < 1e-5 || d1 < 1e-5 { 1e-6 * span } else { (0.01 * d0 / d1).min(span) };
        let x1: Vec<f64> = self.x.iter().zip(dx).map(|(x, dx)| x + h0 * dx).collect();
        let mut dx1 = vec![0.0; dx.len()];
        field.rhs_into(self.elapsed + h0, &x1, &mut dx1);
        let d2 = norm(&|k| dx1[k] - dx[k]) / h0;
        let steepest = d1.max(d2);
        let h1 =
            if steepest > 1e-15 { (0.01 / steepest).sqrt() } else { (1e-3 * h0).max(1e-6 * span) };
        let h = (100.0 * h0).min(h1).min(span);
        if h.is_finite() && h > 0.0 { h } else { 1e-12 * span }
    }
}
