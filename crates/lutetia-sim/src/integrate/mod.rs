//! How does one run proceed from its first dose to its last output?
//!
//! The schedule is cut into segments at doses, infusion edges, bends of inputs, and wherever a branch
//! of the model changes at a time known beforehand. Within a segment everything is smooth in time and
//! the integrator runs freely, with a clock of its own that starts at zero; at its end it stops
//! exactly, the state is changed, and it starts anew. Branches that depend on states are watched
//! ([`Watch`]). Outputs and time-integrals are read from the accepted points ([`History`]).

mod failure;
mod schedule;
mod tail;

use std::sync::Arc;

use diffsol::{
    Bdf, BdfState, InitialConditionSolverOptions, OdeSolverMethod, OdeSolverOptions,
    OdeSolverProblem, OdeSolverState, OdeSolverStopReason, ode_solver::state::StateCommon,
};
use diffsol_la::{NalgebraContext, NalgebraMat, Vector};
use lutetia_model::system::{StateForm, System};

use self::schedule::nearest;
use self::tail::Tail;
use crate::elimination::Elimination;
use crate::equations::{Equations, Layout, TangentLayout, Tangents, slice};
use crate::error::SimError;
use crate::history::History;
use crate::impossible::Limits;
use crate::inputs::Feeds;
use crate::linear_solver::NewtonSolver;
use crate::matrix::V;
use crate::regimen::{Course, same_moment};
use crate::simulator::{Change, Options, Piece, Standing};
use crate::switches::{Crossing, Side, Watch, shifts};
use crate::tolerance::Tolerances;
use crate::trajectory::{Grid, IntegralToInfinity, Sensitivities, Statistics, Trajectory};

/// Beyond this a state, its rate or an initial value counts as run away.
const MOST_MAGNITUDE: f64 = 1e120;
/// Steps below this are none; a share of the time since the segment began is added to it.
const LEAST_STEP: f64 = 1e-300;

/// Everything one run needs; all of it borrowed.
pub(crate) struct Request<'r> {
    pub(crate) system: &'r System,
    pub(crate) layout: &'r Layout,
    pub(crate) plan: Option<&'r Arc<Elimination>>,
    pub(crate) tangents: Option<&'r TangentLayout>,
    pub(crate) parameters: &'r [f64],
    /// Parameters that hold from a time on, times ascending.
    pub(crate) changes: &'r [Change],
    pub(crate) course: &'r Course,
    pub(crate) feeds: &'r Feeds,
    pub(crate) times: &'r [f64],
    pub(crate) options: &'r Options,
    /// Where only a piece of the run is wanted.
    pub(crate) piece: Option<Piece<'r>>,
}

type Solver<'p, 's> = Bdf<'p, Equations<'s>, NewtonSolver, NalgebraMat<f64>, Tangents<'p, 's>>;

/// How a segment ends.
#[derive(Clone, Copy)]
enum Until {
    Time(f64),
    TailIsSmall,
}

/// Why a stretch of steps ended.
enum Outcome {
    /// The segment is at its end, or whoever watches has seen enough.
    Done,
    Switched(Crossing),
}

struct Run<'r> {
    request: &'r Request<'r>,
    /// Where the integrator's clock started.
    start: f64,
    /// Since then.
    elapsed: f64,
    time: f64,
    tolerances: Tolerances,
    limits: Limits,
    watch: Option<Watch>,
    /// Whether times must be kept inside the segments.
    timed: bool,
    last_stop: f64,
    steps_at_stop: usize,
    shown: Vec<f64>,
    x: Vec<f64>,
    s: Vec<f64>,
    next_time: usize,
    /// Whether whoever watches has seen enough.
    ended: bool,
    /// Integrals so far: of the outputs, then of their derivatives, lane after lane.
    integrals: Vec<f64>,
    integrals_at_last_time: Vec<f64>,
    history: History,
    y: Vec<f64>,
    dy: Vec<f64>,
    tail: Tail,
    trajectory: Trajectory,
    sensitivities: Sensitivities,
    statistics: Statistics,
}

/// Runs the request.
pub(crate) fn integrate(
    request: &Request<'_>,
) -> Result<(Trajectory, Sensitivities, Standing), SimError> {
    let system = request.system;
    let mut evaluator = system.evaluator();
    evaluator.set_parameters(request.parameters);
    let equations = Equations::new(request.layout, evaluator);
    let mut x = vec![0.0; request.layout.n_states];
    equations.initial(&mut x);
    let mut run = Run::new(request, x);
    run.check_finite(&run.x.clone(), "the initial value")?;
    run.check_fixed(&equations)?;

    let knots = run.knots();
    run.last_stop = knots.last().map_or(0.0, |knot| knot.time);
    let n = request.layout.n_states;
    let atol = V::from_vec(run.tolerances.absolute.clone(), NalgebraContext::new());
    let lanes = request.tangents.map_or(0, |t| t.lanes);
    let tangent_atol = run.tangent_tolerances(slice(&atol));
    let tangent_atol = V::from_vec(tangent_atol, NalgebraContext::with_nbatch(lanes.max(1)));
    let problem = OdeSolverProblem {
        eqn: equations,
        rtol: request.options.rtol,
        atol,
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
            max_nonlinear_solver_failures: request.options.max_steps,
            min_timestep: LEAST_STEP,
            ..OdeSolverOptions::default()
        },
    };
    let tangents = request.tangents.map(|layout| {
        let mut evaluator = layout.tapes.evaluator();
        evaluator.set_parameters(request.parameters);
        Tangents::new(&problem.eqn, layout, evaluator, request.options.rtol, &tangent_atol)
    });
    let tangents = tangents.as_ref();
    if let Some(tangents) = tangents {
        run.s.resize(n * lanes, 0.0);
        tangents.initial(&mut run.s);
    }

    if let Some(standing) = request.piece.and_then(|p| p.from) {
        // Tolerances above are those of the whole run, by its initial values.
        run.x.copy_from_slice(&standing.states);
        run.check_finite(&run.x.clone(), "the value")?;
    }
    for (k, knot) in knots.iter().enumerate() {
        run.time = knot.time;
        let next = knots.get(k + 1).map(|knot| knot.time);
        let before = (tangents.is_some() && k > 0 && !knot.switches.is_empty())
            .then(|| Side::at(&problem.eqn, run.elapsed, &run.x, request.layout.n_outputs));
        // What begins where a piece ends is for the next one.
        let begins = next.is_some() || request.piece.is_none();
        if begins {
            for change in request.changes {
                if nearest(&knots, change.from) == Some(k) {
                    problem.eqn.set_parameters(&change.parameters);
                    run.check_fixed(&problem.eqn)?;
                }
            }
        }
        (run.start, run.elapsed) = (knot.time, 0.0);
        problem.eqn.set_segment(run.segment(knot.time, next.unwrap_or(f64::INFINITY)));
        if let (Some(before), Some(tangents)) = (before, tangents) {
            run.jump(&problem.eqn, tangents, &knot.switches, &before)?;
        }
        if begins {
            run.give_boluses(&knots, k);
        }
        run.record_here(&problem.eqn, tangents);
        if run.ended || (next.is_none() && !run.request.options.to_infinity) {
            // Whatever comes after the last output concerns nobody.
            break;
        }
        run.check_along(&problem.eqn)?;
        let until = next.map_or(Until::TailIsSmall, Until::Time);
        run.segment_run(&problem, tangents, until)?;
        if run.ended {
            break;
        }
    }
    let calls = problem.eqn.calls();
    run.statistics.rhs_calls = calls.rhs;
    run.statistics.jacobian_calls = calls.jacobian;
    Ok(run.finish())
}

impl<'r> Run<'r> {
    /// At the initial state.
    fn new(request: &'r Request<'r>, x: Vec<f64>) -> Self {
        let options = request.options;
        let integrals = !options.integrals.is_empty();
        let (n, n_outputs, n_times) =
            (request.layout.n_states, request.layout.n_outputs, request.times.len());
        let lanes = request.tangents.map_or(0, |t| t.lanes);
        let m = options.integrals.len();
        let nuclides = request.system.nuclides();
        let given = |k: usize| request.course.hot_amounts.get(k).is_some_and(|h| *h > 0.0);
        let any_given = (0..nuclides.len()).any(given);
        let lambda = nuclides
            .iter()
            .enumerate()
            .filter(|(k, nuclide)| nuclide.lambda > 0.0 && (given(*k) || !any_given))
            .map(|(_, nuclide)| nuclide.lambda)
            .fold(f64::INFINITY, f64::min);
        let hot_states = request
            .system
            .states()
            .iter()
            .enumerate()
            .filter(|(_, state)| matches!(state.form, StateForm::Hot(_)))
            .map(|(index, _)| index)
            .collect();
        let per_lane = |columns: usize| vec![Grid::zeros(n_times, columns); lanes];
        Self {
            request,
            start: 0.0,
            elapsed: 0.0,
            time: 0.0,
            tolerances: Tolerances::new(request.system, request.course, &x, options),
            limits: Limits::new(request.system),
            watch: Watch::new(request.system, integrals, options.rtol),
            timed: request.system.switches().iter().any(|switch| switch.timed),
            last_stop: 0.0,
            steps_at_stop: 0,
            shown: Vec::new(),
            x,
            s: Vec::new(),
            next_time: 0,
            ended: false,
            integrals: vec![0.0; m * (1 + lanes)],
            integrals_at_last_time: vec![0.0; m],
            history: History::default(),
            y: vec![0.0; n_outputs],
            dy: vec![0.0; n_outputs * lanes],
            tail: Tail {
                lambda: if lambda.is_finite() { lambda } else { 0.0 },
                hot_states,
                ratio: vec![0.0; m],
                peak: vec![0.0; m],
                ..Tail::default()
            },
            trajectory: Trajectory {
                times: request.times.to_vec(),
                outputs: Grid::zeros(n_times, n_outputs),
                states: options.states.then(|| Grid::zeros(n_times, n)),
                integrals: Grid::zeros(n_times, m),
                ..Trajectory::default()
            },
            sensitivities: Sensitivities {
                wrt: request.tangents.map_or_else(Vec::new, |t| t.tapes.wrt().to_vec()),
                outputs: per_lane(n_outputs),
                integrals: per_lane(m),
                integrals_to_infinity: Grid::zeros(lanes, m),
            },
            statistics: Statistics::default(),
        }
    }

    /// The tolerance of a state divided by the size of the parameter.
    fn tangent_tolerances(&self, atol: &[f64]) -> Vec<f64> {
        let Some(tangents) = self.request.tangents else {
            return atol.to_vec();
        };
        tangents
            .tapes
            .wrt()
            .iter()
            .flat_map(|&p| {
                let size = self.request.parameters[p].abs();
                let size = if size > 0.0 { size } else { 1.0 };
                atol.iter().map(move |a| (a / size).max(1e-200))
            })
            .collect()
    }

    /// Records every output time that is this very moment.
    fn record_here(&mut self, equations: &Equations<'_>, tangents: Option<&Tangents<'_, '_>>) {
        while let Some(&time) = self.request.times.get(self.next_time) {
            if !same_moment(time, self.time) {
                break;
            }
            let (x, s) = (std::mem::take(&mut self.x), std::mem::take(&mut self.s));
            self.record(equations, tangents, self.elapsed, &x, &s);
            (self.x, self.s) = (x, s);
            if self.ended {
                break;
            }
        }
    }

    /// Writes one row at the next output time, `elapsed` after the start of the clock.
    fn record(
        &mut self,
        equations: &Equations<'_>,
        tangents: Option<&Tangents<'_, '_>>,
        elapsed: f64,
        x: &[f64],
        s: &[f64],
    ) {
        let row = self.next_time;
        self.next_time += 1;
        let mut shown = std::mem::take(&mut self.shown);
        shown.clear();
        shown.extend_from_slice(x);
        self.tolerances.clear(&mut shown);
        let x = &shown[..];
        let outputs = self.trajectory.outputs.row_mut(row);
        equations.outputs_into(elapsed, x, outputs);
        for output in outputs {
            // Minus zero is zero.
            *output += 0.0;
        }
        if let Some(piece) = &self.request.piece {
            self.ended = !(piece.watch)(row, self.trajectory.outputs.row(row));
        }
        if let Some(states) = &mut self.trajectory.states {
            states.row_mut(row).copy_from_slice(x);
        }
        let m = self.request.options.integrals.len();
        self.trajectory.integrals.row_mut(row).copy_from_slice(&self.integrals[..m]);
        self.integrals_at_last_time.copy_from_slice(&self.integrals[..m]);
        if let Some(tangents) = tangents {
            tangents.output_derivatives(elapsed, x, s, &mut self.dy);
            let n_outputs = self.request.layout.n_outputs;
            for lane in 0..self.sensitivities.outputs.len() {
                self.sensitivities.outputs[lane]
                    .row_mut(row)
                    .copy_from_slice(&self.dy[lane * n_outputs..(lane + 1) * n_outputs]);
                self.sensitivities.integrals[lane]
                    .row_mut(row)
                    .copy_from_slice(&self.integrals[(lane + 1) * m..(lane + 2) * m]);
            }
        }
        self.shown = shown;
    }

    fn check_fixed(&mut self, equations: &Equations<'_>) -> Result<(), SimError> {
        let Request { system, course, .. } = *self.request;
        self.limits
            .check_fixed(system, equations, course, &self.x)
            .map_err(|fault| self.refused(fault, false))
    }

    fn check_along(&mut self, equations: &Equations<'_>) -> Result<(), SimError> {
        self.limits
            .check_along(self.request.system, equations, self.elapsed, &self.x)
            .map_err(|fault| self.refused(fault, true))
    }

    /// What switches do to tangents and to the derivatives of integrals at the present point, with
    /// the side that was left.
    fn jump(
        &mut self,
        equations: &Equations<'_>,
        tangents: &Tangents<'_, '_>,
        switches: &[usize],
        before: &Side,
    ) -> Result<(), SimError> {
        let after = Side::at(equations, self.elapsed, &self.x, before.outputs.len());
        let here = (self.elapsed, &self.x[..], &self.s[..]);
        let shifts = shifts(equations, tangents, switches, here, &before.slope)
            .map_err(|_| SimError::NoDerivative { when: self.when() })?;
        let (n, chosen) = (self.x.len(), &self.request.options.integrals);
        for (lane, shift) in shifts.into_iter().enumerate() {
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
            for (&output, integral) in chosen.iter().zip(&mut self.integrals[lane]) {
                add(integral, before.outputs[output], after.outputs[output]);
            }
        }
        Ok(())
    }

    /// Integrates one segment, in as many stretches as branches of the model change within it.
    fn segment_run<'p, 's>(
        &mut self,
        problem: &'p OdeSolverProblem<Equations<'s>>,
        tangents: Option<&Tangents<'p, 's>>,
        until: Until,
    ) -> Result<(), SimError> {
        self.steps_at_stop = self.statistics.steps;
        if let Some(watch) = &mut self.watch {
            watch.begin(&problem.eqn, self.elapsed, &self.x, &self.tolerances);
        }
        loop {
            let Outcome::Switched(crossing) = self.stretch(problem, tangents, until)? else {
                return Ok(());
            };
            let n_outputs = self.request.layout.n_outputs;
            let mut side = None;
            if tangents.is_some() {
                let mut x = vec![0.0; self.x.len()];
                self.history.at(crossing.before, &mut x, &mut []);
                side = Some(Side::at(&problem.eqn, crossing.before, &x, n_outputs));
            }
            self.history.at(crossing.after, &mut self.x, &mut self.s);
            self.elapsed = crossing.after;
            if let (Some(side), Some(tangents)) = (side, tangents) {
                self.jump(&problem.eqn, tangents, &crossing.switches, &side)?;
            }
            self.time = self.start + self.elapsed;
            if let Until::Time(end) = until
                && same_moment(self.time, end)
            {
                self.time = end;
                return Ok(());
            }
            (self.start, self.elapsed) = (self.time, 0.0);
            problem.eqn.restart(self.start);
        }
    }

    /// Integrates until the segment ends or a branch changes.
    fn stretch<'p, 's>(
        &mut self,
        problem: &'p OdeSolverProblem<Equations<'s>>,
        tangents: Option<&Tangents<'p, 's>>,
        until: Until,
    ) -> Result<Outcome, SimError> {
        self.statistics.segments += 1;
        let end = match until {
            Until::Time(end) => Some(end - self.start),
            Until::TailIsSmall => None,
        };
        let state = self.initial_state(problem, tangents, end)?;
        let solver = NewtonSolver::with_plan(self.request.plan.cloned());
        let mut solver: Solver<'p, 's> = match tangents {
            None => Bdf::new(problem, state, solver),
            Some(tangents) => Bdf::new_augmented(state, problem, tangents.clone(), solver),
        }
        .map_err(|error| self.stopped(&error))?;
        if let Some(end) = end {
            solver.set_stop_time(end).map_err(|error| self.stopped(&error))?;
        }
        self.history.clear();
        self.tail.before = None;
        self.remember(&problem.eqn, tangents, 1);
        let outcome = self.steps(&mut solver, &problem.eqn, tangents, until);
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
        equations: &Equations<'_>,
        tangents: Option<&Tangents<'_, '_>>,
        until: Until,
    ) -> Result<Outcome, SimError> {
        loop {
            if self.statistics.steps - self.steps_at_stop >= self.request.options.max_steps {
                return Err(self.too_many_steps());
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
            self.check_finite(&self.x, "the value")?;
            self.check_along(equations)?;
            self.remember(equations, tangents, order);
            let crossing = self.watch.as_mut().and_then(|watch| {
                watch.within_step(equations, &self.history, &self.x, &self.tolerances)
            });
            self.read_step(equations, tangents, until, crossing.as_ref().map(|c| c.after));
            if self.ended {
                return Ok(Outcome::Done);
            }
            if let Some(crossing) = crossing {
                return Ok(Outcome::Switched(crossing));
            }
            match until {
                Until::Time(_) if reached => return Ok(Outcome::Done),
                Until::TailIsSmall if self.tail_is_small()? => return Ok(Outcome::Done),
                _ => {}
            }
        }
    }

    /// Adds the present point to the history.
    fn remember(
        &mut self,
        equations: &Equations<'_>,
        tangents: Option<&Tangents<'_, '_>>,
        order: usize,
    ) {
        let chosen = &self.request.options.integrals;
        if !chosen.is_empty() {
            let mut shown = std::mem::take(&mut self.shown);
            shown.clone_from(&self.x);
            self.tolerances.clear(&mut shown);
            equations.outputs_into(self.elapsed, &shown, &mut self.y);
            self.shown = shown;
            if let Some(tangents) = tangents {
                tangents.output_derivatives(self.elapsed, &self.x, &self.s, &mut self.dy);
            }
        }
        let n_outputs = self.request.layout.n_outputs;
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
        equations: &Equations<'_>,
        tangents: Option<&Tangents<'_, '_>>,
        until: Until,
        change: Option<f64>,
    ) {
        let Some((mut cursor, end)) = self.history.last_step() else {
            return;
        };
        let end = change.unwrap_or(end);
        let (mut x, mut s) = (Vec::new(), Vec::new());
        while let Some(&time) = self.request.times.get(self.next_time) {
            // What coincides with the end of the segment is read after the dose given there.
            let at_stop = matches!(until, Until::Time(stop) if same_moment(time, stop));
            let elapsed = time - self.start;
            if elapsed > end || at_stop {
                break;
            }
            self.history.integrate(cursor, elapsed, &mut self.integrals);
            cursor = elapsed;
            x.resize(self.x.len(), 0.0);
            s.resize(self.s.len(), 0.0);
            self.history.at(elapsed, &mut x, &mut s);
            self.record(equations, tangents, elapsed, &x, &s);
            if self.ended {
                return;
            }
        }
        self.history.integrate(cursor, end, &mut self.integrals);
        self.observe_tail();
    }

    /// State at the start of a segment, with the first step's size.
    fn initial_state(
        &self,
        problem: &OdeSolverProblem<Equations<'_>>,
        tangents: Option<&Tangents<'_, '_>>,
        end: Option<f64>,
    ) -> Result<BdfState<V>, SimError> {
        let equations = &problem.eqn;
        let context = NalgebraContext::new();
        let mut dx = vec![0.0; self.x.len()];
        equations.rhs_into(self.elapsed, &self.x, &mut dx);
        self.check_finite(&self.x, "the value")?;
        self.check_finite(&dx, "the rate of change")?;
        let span = end.map_or_else(
            || if self.tail.lambda > 0.0 { 1.0 / self.tail.lambda } else { 1.0 },
            |end| end - self.elapsed,
        );
        let h = self.first_step(equations, slice(&problem.atol), problem.rtol, &dx, span);
        let lanes = tangents.map_or(1, |_| self.s.len() / self.x.len().max(1));
        let lane_context = NalgebraContext::with_nbatch(lanes.max(1));
        let mut ds = vec![0.0; self.s.len()];
        if let Some(tangents) = tangents {
            tangents.linearise(self.elapsed, &self.x);
            tangents.slope(&self.s, &mut ds);
            if let Some(k) = ds.iter().chain(&self.s).position(|v| !is_tame(*v)) {
                let k = k % self.x.len().max(1);
                return Err(SimError::NonFinite {
                    what: format!(
                        "a parameter derivative of `{}`",
                        self.request.system.states()[k].name
                    ),
                    when: self.when(),
                    parameters: self.parameters_text(),
                });
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
    fn first_step(
        &self,
        equations: &Equations<'_>,
        atol: &[f64],
        rtol: f64,
        dx: &[f64],
        span: f64,
    ) -> f64 {
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
        equations.rhs_into(self.elapsed + h0, &x1, &mut dx1);
        let d2 = norm(&|k| dx1[k] - dx[k]) / h0;
        let steepest = d1.max(d2);
        let h1 =
            if steepest > 1e-15 { (0.01 / steepest).sqrt() } else { (1e-3 * h0).max(1e-6 * span) };
        let h = (100.0 * h0).min(h1).min(span);
        if h.is_finite() && h > 0.0 { h } else { 1e-12 * span }
    }

    fn finish(mut self) -> (Trajectory, Sensitivities, Standing) {
        let m = self.request.options.integrals.len();
        if self.request.options.to_infinity {
            self.trajectory.integrals_to_infinity = (0..m)
                .map(|k| {
                    let value = self.integrals[k];
                    let beyond = value - self.integrals_at_last_time[k];
                    IntegralToInfinity {
                        value,
                        extrapolated_fraction: if value.abs() > 0.0 { beyond / value } else { 0.0 },
                    }
                })
                .collect();
            for lane in 0..self.sensitivities.wrt.len() {
                self.sensitivities
                    .integrals_to_infinity
                    .row_mut(lane)
                    .copy_from_slice(&self.integrals[(lane + 1) * m..(lane + 2) * m]);
            }
        }
        self.trajectory.statistics = self.statistics;
        self.trajectory.keep_rows(self.next_time);
        let standing = Standing { time: self.time, states: self.x };
        (self.trajectory, self.sensitivities, standing)
    }
}

/// Whether a number is finite and has not run away.
fn is_tame(value: f64) -> bool {
    value.abs() <= MOST_MAGNITUDE
}
