//! How does the integrator get through one segment?

use diffsol::{Bdf, OdeSolverMethod, OdeSolverStopReason};

use super::linear_solver::NewtonSolver;
use super::matrix::slice;
use super::run::{LEAST_STEP, Problem, Run, Solver, Until};
use super::tangents::Tangents;
use crate::error::{OfState, SolveFailure};
use crate::field::Field;
use crate::regimen::same_moment;
use crate::switches::{Crossing, Interpolant, Side};
use crate::tail::Left;

/// Why a stretch of steps ended.
enum Outcome {
    /// The segment is at its end, or the stop rule has seen enough.
    Done,
    Switched(Crossing),
}

impl Run<'_> {
    /// Integrates one segment, in as many stretches as branches of the model change within it.
    pub(super) fn segment_run<'p, 's>(
        &mut self,
        problem: &'p Problem<'s>,
        tangents: Option<&Tangents<'p, 's>>,
        until: Until,
    ) -> Result<(), SolveFailure> {
        self.steps_at_stop = self.statistics.steps;
        let at_knot = until;
        if let Some(watch) = &mut self.watch {
            watch.begin(&problem.eqn.field, self.elapsed, &self.x, &self.tolerances);
        }
        loop {
            let field = &problem.eqn.field;
            let waits = |time: f64| time <= self.time || same_moment(time, self.time);
            if self.agenda.next_time().is_some_and(waits) {
                let due = self.agenda.take(self.time);
                let still = vec![0.0; tangents.map_or(0, Tangents::lanes)];
                self.settle(field, tangents, due, &still)?;
                self.go_on(field, tangents)?;
                if self.recorder.stopped() {
                    return Ok(());
                }
                continue;
            }
            // What waits stops the run as a knot does.
            let until = match (self.agenda.next_time(), at_knot) {
                (Some(time), Until::Time(end)) if time >= end || same_moment(time, end) => at_knot,
                (Some(time), _) => Until::Time(time),
                (None, _) => at_knot,
            };
            let Outcome::Switched(crossing) = self.stretch(problem, tangents, until)? else {
                if self.recorder.stopped() || until == at_knot {
                    return Ok(());
                }
                (self.start, self.elapsed) = (self.time, 0.0);
                field.restart(self.start);
                let due = self.agenda.take(self.time);
                let still = vec![0.0; tangents.map_or(0, Tangents::lanes)];
                self.settle(field, tangents, due, &still)?;
                self.go_on(field, tangents)?;
                if self.recorder.stopped() {
                    return Ok(());
                }
                continue;
            };
            let n_outputs = self.task.layout.n_outputs;
            let mut side = None;
            if tangents.is_some() {
                let mut x = vec![0.0; self.x.len()];
                self.history.at(crossing.before, &mut x, &mut []);
                side = Some(Side::at(&problem.eqn.field, crossing.before, &x, n_outputs));
            }
            self.history.at(crossing.after, &mut self.x, &mut self.s);
            self.elapsed = crossing.after;
            let mut cause = vec![0.0; tangents.map_or(0, Tangents::lanes)];
            if let (Some(side), Some(tangents)) = (side, tangents) {
                cause = self.jump(&problem.eqn.field, tangents, &crossing.switches, &side)?;
            }
            self.time = self.start + self.elapsed;
            if self.settle(field, tangents, Vec::new(), &cause)? {
                self.go_on(field, tangents)?;
            }
            if let Until::Time(end) = at_knot
                && same_moment(self.time, end)
            {
                self.time = end;
                return Ok(());
            }
            (self.start, self.elapsed) = (self.time, 0.0);
            problem.eqn.field.restart(self.start);
        }
    }

    /// After an event: the states are others.
    fn go_on(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
    ) -> Result<(), SolveFailure> {
        // What bounds the steps is for stretches; events have a bound of their own.
        self.steps_at_stop = self.statistics.steps;
        self.record_here(field, tangents);
        self.check_along(field)?;
        if let Some(watch) = &mut self.watch {
            watch.begin(field, self.elapsed, &self.x, &self.tolerances);
        }
        Ok(())
    }

    /// Integrates until the segment ends or a branch changes.
    fn stretch<'p, 's>(
        &mut self,
        problem: &'p Problem<'s>,
        tangents: Option<&Tangents<'p, 's>>,
        until: Until,
    ) -> Result<Outcome, SolveFailure> {
        self.statistics.segments += 1;
        let end = match until {
            Until::Time(end) => Some(end - self.start),
            Until::TailIsSmall => None,
        };
        let state = self.initial_state(problem, tangents, end)?;
        let solver = NewtonSolver::with_plan(self.task.elimination.cloned());
        let mut solver: Solver<'p, 's> = match tangents {
            None => Bdf::new(problem, state, solver),
            Some(tangents) => Bdf::new_augmented(state, problem, tangents.clone(), solver),
        }
        .map_err(|error| self.stopped(&error))?;
        if let Some(end) = end {
            solver.set_stop_time(end).map_err(|error| self.stopped(&error))?;
        }
        self.history.clear();
        self.tail.restart();
        self.remember(&problem.eqn.field, tangents, 1);
        let outcome = self.steps(&mut solver, &problem.eqn.field, tangents, until);
        let statistics = solver.get_statistics();
        self.statistics.error_failures += statistics.number_of_error_test_failures;
        self.statistics.newton_failures += statistics.number_of_nonlinear_solver_fails;
        self.statistics.newton_iterations += statistics.number_of_nonlinear_solver_iterations;
        self.statistics.factorisations += statistics.number_of_linear_solver_setups;
        outcome
    }

    fn steps<'p, 's>(
        &mut self,
        solver: &mut Solver<'p, 's>,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        until: Until,
    ) -> Result<Outcome, SolveFailure> {
        loop {
            if self.statistics.steps - self.steps_at_stop >= self.task.plan.tolerance.max_steps {
                return Err(self.too_many_steps());
            }
            if self.task.stop.is_set() {
                return Err(SolveFailure::Interrupted);
            }
            let order = solver.order();
            // A step must move the clock.
            solver.config_mut().minimum_timestep = LEAST_STEP.max(1e-16 * self.elapsed);
            let reason = solver.step().map_err(|error| self.stopped(&error))?;
            self.statistics.steps += 1;
            let state = solver.state();
            self.x.copy_from_slice(slice(state.y));
            if tangents.is_some() {
                self.s.copy_from_slice(slice(state.s));
            }
            self.elapsed = state.t;
            self.time = self.start + self.elapsed;
            let reached = matches!(reason, OdeSolverStopReason::TstopReached);
            if let (true, Until::Time(end)) = (reached, until) {
                self.time = end;
            }
            self.check_finite(&self.x, OfState::Value)?;
            self.check_along(field)?;
            self.remember(field, tangents, order);
            let crossing = self.watch.as_mut().and_then(|watch| {
                watch.within_step(field, &self.history, &self.x, &self.tolerances)
            });
            self.read_step(field, tangents, until, crossing.as_ref().map(|c| c.after));
            if self.recorder.stopped() {
                return Ok(Outcome::Done);
            }
            if let Some(crossing) = crossing {
                return Ok(Outcome::Switched(crossing));
            }
            match until {
                Until::Time(_) if reached => return Ok(Outcome::Done),
                Until::TailIsSmall if self.tail_is_small(field)? => return Ok(Outcome::Done),
                _ => {}
            }
        }
    }

    /// Adds the present point to the history.
    fn remember(&mut self, field: &Field, tangents: Option<&Tangents<'_, '_>>, order: usize) {
        let chosen = self.task.plan.record.integrals;
        if !chosen.is_empty() {
            let mut shown = std::mem::take(&mut self.shown);
            shown.clone_from(&self.x);
            self.tolerances.clear(&mut shown);
            field.outputs_into(self.elapsed, &shown, &mut self.y);
            self.shown = shown;
            if let Some(tangents) = tangents {
                tangents.output_derivatives(self.elapsed, &self.x, &self.s, &mut self.dy);
            }
        }
        let n_outputs = self.task.layout.n_outputs;
        let (time, x, s, y, dy) = (self.elapsed, &self.x, &self.s, &self.y, &self.dy);
        self.history.push(order, |point| {
            point.time = time;
            point.x.clone_from(x);
            point.s.clone_from(s);
            point.integrands.clear();
            point.integrands.extend(chosen.iter().map(|&output| y[output]));
            if n_outputs > 0 && !chosen.is_empty() {
                for lane in dy.chunks_exact(n_outputs) {
                    point.integrands.extend(chosen.iter().map(|&output| lane[output]));
                }
            }
        });
    }

    /// Integrals and outputs within the last step, or until its branch changes.
    fn read_step(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        until: Until,
        change: Option<f64>,
    ) {
        let Some((mut cursor, end)) = self.history.last_step() else {
            return;
        };
        let end = change.unwrap_or(end);
        let (mut x, mut s) = (Vec::new(), Vec::new());
        while let Some(time) = self.recorder.next_time() {
            // What coincides with the end of the segment is read after the dose given there.
            let at_stop = matches!(until, Until::Time(stop) if same_moment(time, stop));
            let elapsed = time - self.start;
            if elapsed > end || at_stop {
                break;
            }
            self.history.integrate(cursor, elapsed, &mut self.recorder.integrals);
            cursor = elapsed;
            x.resize(self.x.len(), 0.0);
            s.resize(self.s.len(), 0.0);
            self.history.at(elapsed, &mut x, &mut s);
            self.record(field, tangents, elapsed, &x, &s);
            if self.recorder.stopped() {
                return;
            }
        }
        self.history.integrate(cursor, end, &mut self.recorder.integrals);
        if let (true, Some(point)) = (self.task.plan.record.to_infinity, self.history.newest()) {
            self.tail.observe(self.time, &self.x, &point.integrands);
        }
    }

    /// Whether what is left of every integral is small, or an error where it never will be.
    pub(super) fn tail_is_small(&mut self, field: &Field) -> Result<bool, SolveFailure> {
        let Some(point) = self.history.newest() else {
            return Ok(false);
        };
        let integrals = &self.recorder.integrals;
        let left = self.tail.unfinished(self.time, &self.x, &point.integrands, integrals);
        if left.is_empty() || self.time <= self.last_stop + self.tail.patience() {
            return Ok(left.is_empty());
        }
        let mut y = vec![0.0; self.y.len()];
        let stays = left.into_iter().find(|&k| {
            let output = self.task.plan.record.integrals[k];
            let noise = self.tolerances.noise(&self.x, |x| {
                field.outputs_into(self.elapsed, x, &mut y);
                y[output]
            });
            let (value, integral) = (point.integrands[k], integrals[k]);
            let left = Left { k, time: self.time, x: &self.x, value, integral };
            !self.tail.is_noise(left, noise, self.task.plan.tolerance.rtol)
        });
        stays.map_or(Ok(true), |k| Err(self.does_not_decay(k)))
    }
}
