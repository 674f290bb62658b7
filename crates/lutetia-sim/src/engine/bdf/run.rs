//! How does one run proceed from its first dose to its last output?
//!
//! The schedule is cut into segments at doses, infusion edges, bends of inputs, and wherever a branch
//! of the model changes at a time known beforehand. Within a segment everything is smooth in time and
//! the integrator runs freely, with a clock of its own that starts at zero; at its end it stops
//! exactly, the state is changed, and it starts anew. Branches that depend on states are watched
//! ([`Watch`]). Outputs and time-integrals are read from the accepted points ([`History`]).

use std::sync::Arc;

use diffsol::{
    Bdf, DiffsolError, InitialConditionSolverOptions, OdeSolverOptions, OdeSolverProblem,
};
use diffsol_la::{NalgebraContext, NalgebraMat, Vector};
use lutetia_model::system::{EventTimes, System};

use super::equations::{Equations, Layout};
use super::failure::cause;
use super::history::History;
use super::linear_solver::NewtonSolver;
use super::matrix::{V, slice};
use super::tangents::{TangentLayout, Tangents};
use crate::engine::elimination::Elimination;
use crate::engine::{Lane, Plan, Stop};
use crate::error::{Cause, NoSteadyState, OfState, SolveFailure};
use crate::events::{Agenda, Due, check, check_same, made_by_events};
use crate::failure::Account;
use crate::field::{Field, Segment};
use crate::impossible::{Fault, Limits};
use crate::record::{Recorder, Standing, Statistics, Trajectory};
use crate::regimen::same_moment;
use crate::schedule::{Knot, nearest};
use crate::switches::{Side, Watch, shifts};
use crate::tail::Tail;
use crate::tolerance::Tolerances;

/// Steps below this are none; a share of the time since the segment began is added to it.
pub(super) const LEAST_STEP: f64 = 1e-300;

/// Everything one run needs; all of it borrowed.
#[derive(Clone, Copy)]
pub(super) struct Task<'r> {
    pub(super) system: &'r System,
    pub(super) layout: &'r Layout,
    pub(super) elimination: Option<&'r Arc<Elimination>>,
    pub(super) tangents: Option<&'r TangentLayout>,
    pub(super) plan: &'r Plan<'r>,
    pub(super) lane: &'r Lane<'r>,
    pub(super) stop: Stop<'r>,
}

pub(super) type Problem<'s> = OdeSolverProblem<Equations<'s>>;
pub(super) type Solver<'p, 's> =
    Bdf<'p, Equations<'s>, NewtonSolver, NalgebraMat<f64>, Tangents<'p, 's>>;

/// How a segment ends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Until {
    Time(f64),
    TailIsSmall,
}

/// A run under way.
pub(super) struct Run<'r> {
    pub(super) task: Task<'r>,
    /// Where the integrator's clock started.
    pub(super) start: f64,
    /// Since then.
    pub(super) elapsed: f64,
    pub(super) time: f64,
    pub(super) tolerances: Tolerances,
    limits: Limits,
    pub(super) watch: Option<Watch>,
    /// Whether times must be kept inside the segments.
    timed: bool,
    pub(super) last_stop: f64,
    pub(super) steps_at_stop: usize,
    pub(super) shown: Vec<f64>,
    pub(super) x: Vec<f64>,
    pub(super) s: Vec<f64>,
    pub(super) history: History,
    pub(super) y: Vec<f64>,
    pub(super) dy: Vec<f64>,
    pub(super) tail: Tail,
    pub(super) agenda: Agenda,
    pub(super) recorder: Recorder<'r>,
    pub(super) statistics: Statistics,
}

/// Whether a parameter moves two moments apart that are one.
pub(super) fn moves_apart(one: &[f64], other: &[f64]) -> bool {
    one.iter().zip(other).any(|(a, b)| (a - b).abs() > 1e-9 * a.abs().max(b.abs()))
}

/// Runs one lane.
pub(super) fn integrate(task: &Task<'_>) -> Result<Trajectory, SolveFailure> {
    let run = integrate_from(task, None)?;
    let end = Standing {
        time: run.time,
        states: run.x,
        waiting: run.agenda.waiting(),
        truth: run.agenda.truth().to_vec(),
    };
    Ok(run.recorder.finish(end, run.statistics))
}

/// Runs one lane to its end; where it goes on from somewhere, with tangents of there.
pub(super) fn integrate_from<'r>(
    task: &Task<'r>,
    tangents_there: Option<&[f64]>,
) -> Result<Run<'r>, SolveFailure> {
    let mut evaluator = task.system.evaluator();
    evaluator.set_parameters(task.lane.parameters);
    let equations = Equations::new(task.layout, evaluator);
    let mut x = vec![0.0; task.layout.n_states];
    equations.field.initial(&mut x);
    let made = made_by_events(&equations.field, &x);
    let mut run = Run::new(task, x, &made);
    run.check_finite(&run.x, OfState::Initial)?;
    run.check_fixed(&equations.field)?;
    run.check_occasions(&equations.field)?;

    let knots = task.lane.schedule.knots(
        task.system,
        task.lane.parameters,
        &task.lane.inputs,
        &task.plan.record,
        run.tail.patience(),
    );
    run.last_stop = knots.last().map_or(0.0, |knot| knot.time);
    let problem = run.problem(equations);
    let lanes = task.tangents.map_or(0, |t| t.lanes);
    let tangent_atol = run.tangent_tolerances(slice(&problem.atol));
    let tangent_atol = V::from_vec(tangent_atol, NalgebraContext::with_nbatch(lanes.max(1)));
    let tangents = task.tangents.map(|layout| {
        let mut evaluator = layout.tapes.evaluator();
        evaluator.set_parameters(task.lane.parameters);
        Tangents::new(&problem.eqn, layout, evaluator, problem.rtol, &tangent_atol)
    });
    let tangents = tangents.as_ref();
    if let Some(tangents) = tangents {
        run.s.resize(task.layout.n_states * lanes, 0.0);
        tangents.initial(&mut run.s);
    }
    if let Some(standing) = task.lane.schedule.from {
        // Tolerances above are those of the whole run, by its initial values.
        run.x.copy_from_slice(&standing.states);
        run.check_finite(&run.x, OfState::Value)?;
        if let Some(there) = tangents_there {
            run.s.copy_from_slice(there);
        }
    }
    problem.eqn.field.set_segment(run.first_segment(&knots));
    for change in task.lane.schedule.changes {
        if nearest(&knots, change.from) == Some(0) {
            problem.eqn.field.set_parameters(&change.parameters);
        }
    }
    if run.has_events() {
        run.agenda.begin(&problem.eqn.field, &run.x, task.lane.schedule.from, lanes);
    }
    run.proceed(&problem, tangents, &knots)?;
    let calls = problem.eqn.field.calls();
    run.statistics.rhs_calls += calls.rhs;
    run.statistics.jacobian_calls += calls.jacobian;
    Ok(run)
}

impl<'r> Run<'r> {
    /// At the initial state.
    fn new(task: &Task<'r>, x: Vec<f64>, made: &[(usize, f64)]) -> Self {
        let Task { system, layout, plan, lane, .. } = *task;
        let record = plan.record;
        let integrals = record.integrals.len();
        let wrt = task.tangents.map_or(&[][..], |t| t.tapes.wrt());
        let doses = &lane.schedule.doses;
        Self {
            task: *task,
            start: 0.0,
            elapsed: 0.0,
            time: 0.0,
            tolerances: Tolerances::new(system, doses, (&x, made), &plan.tolerance),
            limits: Limits::new(system),
            watch: Watch::new(system, integrals > 0, plan.tolerance.rtol),
            timed: system.switches().iter().any(|switch| switch.timed),
            last_stop: 0.0,
            steps_at_stop: 0,
            shown: Vec::new(),
            s: Vec::new(),
            history: History::default(),
            y: vec![0.0; layout.n_outputs],
            dy: vec![0.0; layout.n_outputs * wrt.len()],
            tail: Tail::new(system, doses, record.last_time(), integrals, !wrt.is_empty()),
            agenda: Agenda::default(),
            recorder: Recorder::new(record, lane.stop_rule, wrt, x.len(), layout.n_outputs),
            x,
            statistics: Statistics::default(),
        }
    }

    fn problem<'s>(&self, equations: Equations<'s>) -> Problem<'s> {
        let tolerance = &self.task.plan.tolerance;
        OdeSolverProblem {
            eqn: equations,
            rtol: tolerance.rtol,
            atol: V::from_vec(self.tolerances.absolute.clone(), NalgebraContext::new()),
            t0: 0.0,
            h0: 1.0,
            integrate_out: false,
            sens_rtol: None,
            sens_atol: None,
            out_rtol: None,
            out_atol: None,
            param_rtol: None,
            param_atol: None,
            ic_options: InitialConditionSolverOptions::default(),
            ode_options: OdeSolverOptions {
                // A hard nonlinear stretch may cost more than diffsol's fifty failures per run; the
                // number of steps and the smallest step bound the work already.
                max_nonlinear_solver_failures: tolerance.max_steps,
                min_timestep: LEAST_STEP,
                ..OdeSolverOptions::default()
            },
        }
    }

    /// The tolerance of a state divided by the size of the parameter.
    pub(super) fn tangent_tolerances(&self, atol: &[f64]) -> Vec<f64> {
        let Some(tangents) = self.task.tangents else {
            return atol.to_vec();
        };
        tangents
            .tapes
            .wrt()
            .iter()
            .flat_map(|&p| {
                let size = self.task.lane.parameters[p].abs();
                let size = if size > 0.0 { size } else { 1.0 };
                atol.iter().map(move |a| (a / size).max(1e-200))
            })
            .collect()
    }

    /// From knot to knot.
    fn proceed<'p, 's>(
        &mut self,
        problem: &'p Problem<'s>,
        tangents: Option<&Tangents<'p, 's>>,
        knots: &[Knot],
    ) -> Result<(), SolveFailure> {
        let field = &problem.eqn.field;
        let (lane, record) = (self.task.lane, self.task.plan.record);
        let schedule = &lane.schedule;
        for (k, knot) in knots.iter().enumerate() {
            self.time = knot.time;
            let next = knots.get(k + 1).map(|knot| knot.time);
            let before = (tangents.is_some() && k > 0 && !knot.switches.is_empty())
                .then(|| Side::at(field, self.elapsed, &self.x, self.task.layout.n_outputs));
            // What begins where a piece ends is for the next one.
            let begins = next.is_some() || schedule.until.is_none();
            if begins {
                for change in schedule.changes {
                    if nearest(knots, change.from) == Some(k) {
                        field.set_parameters(&change.parameters);
                        self.check_fixed(field)?;
                    }
                }
            }
            (self.start, self.elapsed) = (knot.time, 0.0);
            let end = next.unwrap_or(f64::INFINITY);
            field.set_segment(schedule.segment(&lane.inputs, self.timed, knot.time, end));
            let mut cause = vec![0.0; tangents.map_or(0, Tangents::lanes)];
            if let (Some(before), Some(tangents)) = (before, tangents) {
                cause = self.jump(field, tangents, &knot.switches, &before)?;
            }
            if begins && self.has_events() {
                let mut due = self.due_at(tangents, knot);
                let jumps = knot.switches.iter().any(|&k| self.task.system.switches()[k].jumps);
                let apart = due.windows(2).any(|two| moves_apart(&two[0].shift, &two[1].shift));
                let given = self.shifts_of_doses(tangents, (knots, k));
                let from_given = |due: &Due| given.iter().any(|g| moves_apart(g, &due.shift));
                if (jumps && due.iter().any(|due| moves_apart(&due.shift, &cause)))
                    || apart
                    || due.iter().any(from_given)
                {
                    return Err(SolveFailure::NoDerivative { when: self.when() });
                }
                due.extend(self.agenda.take(knot.time));
                self.settle(field, tangents, due, &cause)?;
            }
            if begins {
                let jumps = knot.switches.iter().any(|&k| self.task.system.switches()[k].jumps);
                let given =
                    if jumps { self.shifts_of_doses(tangents, (knots, k)) } else { Vec::new() };
                if given.iter().any(|shift| moves_apart(shift, &cause)) {
                    return Err(SolveFailure::NoDerivative { when: self.when() });
                }
                let moved = self.give(field, tangents, (knots, k))?;
                self.settle(field, tangents, Vec::new(), &moved)?;
            }
            self.record_here(field, tangents);
            if self.recorder.stopped() || (next.is_none() && !record.to_infinity) {
                // Whatever comes after the last output concerns nobody.
                break;
            }
            self.check_along(field)?;
            let until = next.map_or(Until::TailIsSmall, Until::Time);
            self.segment_run(problem, tangents, until)?;
            if self.recorder.stopped() {
                break;
            }
            // What is left are repetitions of events without an end, which have been seen.
            let rest = knots.get(k + 1..).unwrap_or(&[]);
            let over = record.to_infinity && !rest.is_empty() && rest.iter().all(|k| k.repeats);
            if over && self.time > record.last_time() && self.tail_is_small(field)? {
                break;
            }
        }
        Ok(())
    }

    /// What holds at the start.
    fn first_segment(&self, knots: &[Knot]) -> Segment {
        let lane = self.task.lane;
        let start = knots.first().map_or(0.0, |knot| knot.time);
        let end = knots.get(1).map_or(f64::INFINITY, |knot| knot.time);
        lane.schedule.segment(&lane.inputs, self.timed, start, end)
    }

    /// When it is, for people.
    pub(super) fn when(&self) -> String {
        self.account().when(self.time)
    }

    /// A number that came up along the run and cannot be.
    pub(super) fn refused_along(&self, fault: Fault) -> SolveFailure {
        self.account().refused(fault, Some(self.time))
    }

    /// Records every output time that is this very moment.
    pub(super) fn record_here(&mut self, field: &Field, tangents: Option<&Tangents<'_, '_>>) {
        while self.recorder.next_time().is_some_and(|time| same_moment(time, self.time)) {
            let (x, s) = (std::mem::take(&mut self.x), std::mem::take(&mut self.s));
            self.record(field, tangents, self.elapsed, &x, &s);
            (self.x, self.s) = (x, s);
            if self.recorder.stopped() {
                break;
            }
        }
    }

    /// Writes one row at the next output time, `elapsed` after the start of the clock.
    pub(super) fn record(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        elapsed: f64,
        x: &[f64],
        s: &[f64],
    ) {
        self.shown.clear();
        self.shown.extend_from_slice(x);
        self.tolerances.clear(&mut self.shown);
        let x = &self.shown[..];
        if let Some(tangents) = tangents {
            tangents.output_derivatives(elapsed, x, s, &mut self.dy);
        }
        self.recorder.write(x, &self.dy, |y| field.outputs_into(elapsed, x, y));
    }

    fn account(&self) -> Account<'r> {
        let Task { system, lane, .. } = self.task;
        Account { system, doses: &lane.schedule.doses, parameters: lane.parameters }
    }

    pub(super) fn check_finite(&self, values: &[f64], what: OfState) -> Result<(), SolveFailure> {
        self.account().check_finite(self.time, values, what)
    }

    /// Looks whether events keep their times where parameters change.
    fn check_occasions(&self, field: &Field) -> Result<(), SolveFailure> {
        let Task { system, lane, .. } = self.task;
        if system.events().is_empty() || lane.schedule.changes.is_empty() {
            return Ok(());
        }
        let mut first: Option<Vec<EventTimes>> = None;
        for change in lane.schedule.changes {
            field.set_parameters(&change.parameters);
            let times = field.event_times();
            let same = first.as_ref().map_or(Ok(()), |first| check_same(system, first, &times));
            same.map_err(|fault| self.account().refused(fault, Some(change.from)))?;
            first.get_or_insert(times);
        }
        field.set_parameters(lane.parameters);
        Ok(())
    }

    fn check_fixed(&mut self, field: &Field) -> Result<(), SolveFailure> {
        let Task { system, lane, .. } = self.task;
        let possible = self.limits.check_fixed(system, field, &lane.schedule.doses, &self.x);
        let horizon = if self.task.plan.record.to_infinity {
            self.task.plan.record.last_time() + self.tail.patience()
        } else {
            self.task.plan.record.last_time()
        };
        possible
            .and_then(|()| check(system, &field.event_times(), horizon))
            .map_err(|fault| self.account().refused(fault, None))
    }

    pub(super) fn check_along(&mut self, field: &Field) -> Result<(), SolveFailure> {
        self.limits
            .check_along(self.task.system, field, self.elapsed, &self.x)
            .map_err(|fault| self.account().refused(fault, Some(self.time)))
    }

    pub(super) fn non_finite(&self, state: usize, what: OfState) -> SolveFailure {
        self.account().non_finite(self.time, state, what)
    }

    pub(super) fn no_steady_state(&self, told: NoSteadyState) -> SolveFailure {
        self.account().no_steady_state(told)
    }

    pub(super) fn too_many_steps(&self) -> SolveFailure {
        let most = self.task.plan.tolerance.max_steps;
        self.account().stopped(self.time, self.statistics.steps, Cause::TooManySteps { most })
    }

    pub(super) fn stopped(&self, error: &DiffsolError) -> SolveFailure {
        let account = self.account();
        let cause = account.run_away(&self.x).unwrap_or_else(|| cause(error));
        account.stopped(self.time, self.statistics.steps, cause)
    }

    /// An integral does not fall although it had all the time it could need.
    pub(super) fn does_not_decay(&self, integral: usize) -> SolveFailure {
        let output = &self.task.system.outputs()[self.task.plan.record.integrals[integral]];
        let value = self.history.newest().map_or(0.0, |point| point.integrands[integral]);
        self.account().does_not_decay(self.time, output, value)
    }

    /// What switches do to tangents and to the derivatives of integrals at the present point, with
    /// the side that was left. Returns how each parameter moves the moment.
    pub(super) fn jump(
        &mut self,
        field: &Field,
        tangents: &Tangents<'_, '_>,
        switches: &[usize],
        before: &Side,
    ) -> Result<Vec<f64>, SolveFailure> {
        let after = Side::at(field, self.elapsed, &self.x, before.outputs.len());
        let here = (self.elapsed, &self.x[..], &self.s[..]);
        let by_parameter = tangents.switch_derivatives(self.elapsed, &self.x);
        let by_parameter = (tangents.lanes(), &by_parameter[..]);
        let shifts = shifts(field, switches, by_parameter, here, &before.slope)
            .map_err(|_| SolveFailure::NoDerivative { when: self.account().when(self.time) })?;
        let (n, chosen) = (self.x.len(), self.task.plan.record.integrals);
        for (lane, &shift) in shifts.iter().enumerate() {
            let add = |target: &mut f64, before: f64, after: f64| {
                // What does not jump does not care when.
                if (before - after).abs() > 0.0 {
                    *target += (before - after) * shift;
                }
            };
            for (k, s) in self.s[lane * n..(lane + 1) * n].iter_mut().enumerate() {
                add(s, before.processes[k], after.processes[k]);
            }
            let m = chosen.len();
            let lane = (lane + 1) * m..(lane + 2) * m;
            for (&output, integral) in chosen.iter().zip(&mut self.recorder.integrals[lane]) {
                add(integral, before.outputs[output], after.outputs[output]);
            }
        }
        Ok(shifts)
    }
}
