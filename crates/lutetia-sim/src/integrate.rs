//! How does one run proceed from its first dose to its last output?
//!
//! The schedule is cut into segments at doses, infusion edges and bends of inputs. Within a segment
//! everything is smooth and the integrator runs freely; at its end it stops exactly, the state is
//! changed, and it starts anew. Outputs and time-integrals are read from the accepted points
//! ([`History`]).

use std::sync::Arc;

use diffsol::{
    Bdf, BdfState, DiffsolError, InitialConditionSolverOptions, OdeSolverMethod, OdeSolverOptions,
    OdeSolverProblem, OdeSolverState, OdeSolverStopReason, error::OdeSolverError,
    ode_solver::state::StateCommon,
};
use diffsol_la::{NalgebraContext, NalgebraMat, Vector};
use lutetia_model::system::{StateForm, System};

use crate::elimination::Elimination;
use crate::equations::{Equations, Layout, Segment, TangentLayout, Tangents, slice};
use crate::error::{SimError, number, time_text};
use crate::history::History;
use crate::inputs::Feeds;
use crate::linear_solver::NewtonSolver;
use crate::matrix::V;
use crate::regimen::{Course, same_moment};
use crate::simulator::{Change, Options, Piece, Standing};
use crate::trajectory::{Grid, IntegralToInfinity, Sensitivities, Statistics, Trajectory};

/// Beyond this a state, its rate or an initial value counts as run away.
const MOST_MAGNITUDE: f64 = 1e120;
/// An integral to infinity ends when the bound on its rest falls below this share of it.
const TAIL: f64 = 1e-8;
/// Sensitivities fall more slowly than their outputs, like t·exp(−λt).
const TAIL_OF_TANGENTS: f64 = 1e-10;

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

struct Run<'r> {
    request: &'r Request<'r>,
    time: f64,
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

/// What is known about the fall of the integrated outputs.
#[derive(Default)]
struct Tail {
    /// Slowest decay constant of what was given; 0 without nuclides.
    lambda: f64,
    hot_states: Vec<usize>,
    most_hot: f64,
    /// Largest |output| / hot amount seen while the hot amount was still considerable.
    ratio: Vec<f64>,
    peak: Vec<f64>,
    /// (time, |output|) of the accepted point before the newest.
    before: Option<(f64, Vec<f64>)>,
}

/// Runs the request.
pub(crate) fn integrate(
    request: &Request<'_>,
) -> Result<(Trajectory, Sensitivities, Standing), SimError> {
    let mut evaluator = request.system.evaluator();
    evaluator.set_parameters(request.parameters);
    let equations = Equations::new(request.layout, evaluator);
    let mut run = Run::new(request);
    equations.initial(&mut run.x);
    run.check_finite(&run.x.clone(), "the initial value")?;

    let knots = run.knots();
    let n = request.layout.n_states;
    let atol = V::from_vec(run.absolute_tolerances(), NalgebraContext::new());
    let lanes = request.tangents.map_or(0, |t| t.lanes);
    let tangent_atol = run.tangent_tolerances(slice(&atol));
    let tangent_atol = V::from_vec(tangent_atol, NalgebraContext::with_nbatch(lanes.max(1)));
    let span = knots.last().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
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
            min_timestep: (1e-16 * span).max(1e-200),
            ..OdeSolverOptions::default()
        },
    };
    let tangents = request.tangents.map(|layout| {
        let mut evaluator = layout.tapes.evaluator();
        evaluator.set_parameters(request.parameters);
        Tangents::new(&problem.eqn, layout, evaluator, request.options.rtol, &tangent_atol)
    });
    if let Some(tangents) = &tangents {
        run.s.resize(n * lanes, 0.0);
        tangents.initial(&mut run.s);
    }

    if let Some(standing) = request.piece.and_then(|p| p.from) {
        // Tolerances above are those of the whole run, by its initial values.
        run.x.copy_from_slice(&standing.states);
        run.check_finite(&run.x.clone(), "the value")?;
    }
    for (k, &knot) in knots.iter().enumerate() {
        run.time = knot;
        let next = knots.get(k + 1).copied();
        // What begins where a piece ends is for the next one.
        if next.is_some() || request.piece.is_none() {
            for change in request.changes {
                if nearest(&knots, change.from) == Some(k) {
                    problem.eqn.set_parameters(&change.parameters);
                }
            }
            run.give_boluses(&knots, k);
        }
        if next.is_none() && !run.request.options.to_infinity {
            // Whatever comes after the last output concerns nobody, but inputs are still read here.
            problem.eqn.set_segment(run.segment(knot, f64::INFINITY));
            run.record_here(&problem.eqn, tangents.as_ref());
            break;
        }
        problem.eqn.set_segment(run.segment(knot, next.unwrap_or(f64::INFINITY)));
        run.record_here(&problem.eqn, tangents.as_ref());
        let until = next.map_or(Until::TailIsSmall, Until::Time);
        if run.ended {
            break;
        }
        run.segment_run(&problem, tangents.as_ref(), until)?;
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
    fn new(request: &'r Request<'r>) -> Self {
        let options = request.options;
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
            time: 0.0,
            x: vec![0.0; n],
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

    /// Start, every stop, and the end, ascending and distinct.
    fn knots(&self) -> Vec<f64> {
        let (start, last_time) = match self.request.piece {
            Some(piece) => (piece.from.map_or(0.0, |s| s.time), piece.until),
            None => (0.0, self.request.times.last().copied().unwrap_or(0.0)),
        };
        let mut edges = self.request.course.edges();
        edges.extend(self.request.feeds.edges());
        edges.extend(self.request.changes.iter().map(|change| change.from));
        edges.retain(|&t| t > start && (self.request.options.to_infinity || t <= last_time));
        edges.push(start);
        edges.push(last_time);
        edges.sort_by(f64::total_cmp);
        edges.dedup_by(|later, first| same_moment(*later, *first));
        edges
    }

    fn give_boluses(&mut self, knots: &[f64], k: usize) {
        let start = knots.first().copied().unwrap_or(0.0);
        for bolus in &self.request.course.boluses {
            // What was given before a piece is in its states.
            let before = bolus.time < start && !same_moment(bolus.time, start);
            if !before && nearest(knots, bolus.time) == Some(k) {
                for &(state, amount) in &bolus.adds {
                    self.x[state] += amount;
                }
            }
        }
    }

    /// What flows in and what the inputs do between two knots.
    fn segment(&self, from: f64, to: f64) -> Segment {
        // Where nothing follows, a moment later: an edge that merged with this knot lies behind.
        let middle =
            if to.is_finite() { 0.5 * (from + to) } else { from + (1e-9 * from).max(1e-12) };
        let sources = self
            .request
            .course
            .infusions
            .iter()
            .filter(|infusion| infusion.start <= middle && middle < infusion.end)
            .flat_map(|infusion| infusion.sources.clone())
            .collect();
        Segment { sources, inputs: self.request.feeds.lines(middle) }
    }

    /// 1e-9 (or what the options say) of what was given, form by form; of the initial value for
    /// quantities that are not amounts.
    fn absolute_tolerances(&self) -> Vec<f64> {
        let system = self.request.system;
        let course = self.request.course;
        let positive = |value: f64, otherwise: f64| if value > 0.0 { value } else { otherwise };
        let initial_amount = system
            .states()
            .iter()
            .zip(&self.x)
            .filter(|(state, _)| state.species.is_some())
            .map(|(_, x)| x.abs())
            .fold(0.0, f64::max);
        let amount = positive(course.total_amount, positive(initial_amount, 1.0));
        // A daughter that nobody gave is measured by what its parents can keep alive of it.
        let hot_scale = |k: usize| {
            let lambda = system.nuclides()[k].lambda;
            let fed: f64 = system
                .nuclides()
                .iter()
                .zip(&course.hot_amounts)
                .map(|(nuclide, hot)| hot * (nuclide.lambda / lambda).min(1.0))
                .sum();
            positive(course.hot_amounts[k], positive(fed, amount))
        };
        system
            .states()
            .iter()
            .zip(&self.x)
            .map(|(state, x)| {
                let scale = match state.form {
                    StateForm::Hot(k) => hot_scale(k),
                    _ if state.species.is_some() => amount,
                    _ => positive(x.abs(), 1.0),
                };
                (self.request.options.atol_relative * scale).max(1e-100)
            })
            .collect()
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

    /// `30.5 h (cycle 2, 0.5 h after the infusion began)`.
    fn when(&self) -> String {
        let system = self.request.system;
        let place = self.request.course.place(system, self.time);
        format!("{} ({place})", time_text(system.units(), self.time))
    }

    fn check_finite(&self, values: &[f64], what: &str) -> Result<(), SimError> {
        let Some(index) = values.iter().position(|v| !is_tame(*v)) else {
            return Ok(());
        };
        Err(SimError::NonFinite {
            what: format!("{what} of `{}`", self.request.system.states()[index].name),
            when: self.when(),
            parameters: self.parameters_text(),
        })
    }

    /// The parameters farthest from their defaults, with declared units.
    fn parameters_text(&self) -> String {
        const MOST_NAMED: usize = 6;
        let mut moved: Vec<(f64, String)> = self
            .request
            .system
            .parameters()
            .iter()
            .zip(self.request.parameters)
            .filter_map(|(info, &value)| {
                let distance = if value.to_bits() == info.default.to_bits() {
                    return None;
                } else if value * info.default > 0.0 {
                    (value / info.default).ln().abs()
                } else {
                    f64::INFINITY
                };
                let unit = info.unit.symbol();
                let text = format!("{} = {} {unit}", info.name, number(value / info.factor));
                Some((distance, text.trim_end_matches(" 1").to_owned()))
            })
            .collect();
        moved.sort_by(|a, b| b.0.total_cmp(&a.0));
        if moved.is_empty() {
            return "every parameter at its default".to_owned();
        }
        let rest = moved.len().saturating_sub(MOST_NAMED);
        let named: Vec<String> = moved.into_iter().take(MOST_NAMED).map(|m| m.1).collect();
        if rest > 0 {
            format!("{} and {rest} more off their defaults", named.join(", "))
        } else {
            named.join(", ")
        }
    }

    /// Records every output time that is this very moment.
    fn record_here(&mut self, equations: &Equations<'_>, tangents: Option<&Tangents<'_, '_>>) {
        while let Some(&time) = self.request.times.get(self.next_time) {
            if !same_moment(time, self.time) {
                break;
            }
            let (x, s) = (std::mem::take(&mut self.x), std::mem::take(&mut self.s));
            self.record(equations, tangents, self.time, &x, &s);
            (self.x, self.s) = (x, s);
            if self.ended {
                break;
            }
        }
    }

    /// Writes one row at the next output time.
    fn record(
        &mut self,
        equations: &Equations<'_>,
        tangents: Option<&Tangents<'_, '_>>,
        time: f64,
        x: &[f64],
        s: &[f64],
    ) {
        let row = self.next_time;
        self.next_time += 1;
        equations.outputs_into(time, x, self.trajectory.outputs.row_mut(row));
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
            tangents.output_derivatives(time, x, s, &mut self.dy);
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
    }

    /// Integrates one segment.
    fn segment_run<'p, 's>(
        &mut self,
        problem: &'p OdeSolverProblem<Equations<'s>>,
        tangents: Option<&Tangents<'p, 's>>,
        until: Until,
    ) -> Result<(), SimError> {
        self.statistics.segments += 1;
        let end = match until {
            Until::Time(end) => Some(end),
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
    ) -> Result<(), SimError> {
        let steps_before = self.statistics.steps;
        loop {
            if self.statistics.steps - steps_before >= self.request.options.max_steps {
                return Err(self.too_many_steps());
            }
            let order = solver.order();
            let reason = solver.step().map_err(|error| self.stopped(&error))?;
            self.statistics.steps += 1;
            let state = solver.state();
            self.x.copy_from_slice(slice(state.y));
            if tangents.is_some() {
                self.s.copy_from_slice(slice(state.s));
            }
            self.time = state.t;
            let reached = matches!(reason, OdeSolverStopReason::TstopReached);
            if let (true, Until::Time(end)) = (reached, until) {
                self.time = end;
            }
            self.check_finite(&self.x, "the value")?;
            self.remember(equations, tangents, order);
            self.read_step(equations, tangents, until);
            match until {
                _ if self.ended => return Ok(()),
                Until::Time(_) if reached => return Ok(()),
                Until::TailIsSmall if self.tail_is_small()? => return Ok(()),
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
            equations.outputs_into(self.time, &self.x, &mut self.y);
            if let Some(tangents) = tangents {
                tangents.output_derivatives(self.time, &self.x, &self.s, &mut self.dy);
            }
        }
        let n_outputs = self.request.layout.n_outputs;
        let (time, x, s, y, dy) = (self.time, &self.x, &self.s, &self.y, &self.dy);
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

    /// Integrals and outputs within the last step.
    fn read_step(
        &mut self,
        equations: &Equations<'_>,
        tangents: Option<&Tangents<'_, '_>>,
        until: Until,
    ) {
        let Some((mut cursor, end)) = self.history.last_step() else {
            return;
        };
        let (mut x, mut s) = (Vec::new(), Vec::new());
        while let Some(&time) = self.request.times.get(self.next_time) {
            // What coincides with the end of the segment is read after the dose given there.
            let at_stop = matches!(until, Until::Time(stop) if same_moment(time, stop));
            if time > end || at_stop {
                break;
            }
            self.history.integrate(cursor, time, &mut self.integrals);
            cursor = time;
            x.resize(self.x.len(), 0.0);
            s.resize(self.s.len(), 0.0);
            self.history.at(time, &mut x, &mut s);
            self.record(equations, tangents, time, &x, &s);
            if self.ended {
                return;
            }
        }
        self.history.integrate(cursor, end, &mut self.integrals);
        self.observe_tail();
    }

    fn hot_amount(&self) -> f64 {
        self.tail.hot_states.iter().map(|&k| self.x[k].abs()).sum()
    }

    fn observe_tail(&mut self) {
        if !self.request.options.to_infinity {
            return;
        }
        let hot = self.hot_amount();
        self.tail.most_hot = self.tail.most_hot.max(hot);
        let considerable = hot > 1e-6 * self.tail.most_hot;
        let Some(point) = self.history.newest() else {
            return;
        };
        for (k, value) in point.integrands.iter().take(self.tail.peak.len()).enumerate() {
            self.tail.peak[k] = self.tail.peak[k].max(value.abs());
            if considerable {
                self.tail.ratio[k] = self.tail.ratio[k].max(value.abs() / hot);
            }
        }
    }

    /// Whether what is left of every integral is small, or an error where it never will be.
    fn tail_is_small(&mut self) -> Result<bool, SimError> {
        let m = self.request.options.integrals.len();
        let Some(point) = self.history.newest() else {
            return Ok(false);
        };
        let values: Vec<f64> = point.integrands.iter().take(m).map(|v| v.abs()).collect();
        let hot = self.hot_amount();
        let lambda = self.tail.lambda;
        let share = if self.request.tangents.is_some() { TAIL_OF_TANGENTS } else { TAIL };
        let mut unfinished = None;
        for (k, &value) in values.iter().enumerate() {
            // Below twelve digits of its peak an output is the solver's noise.
            if value <= 1e-12 * self.tail.peak[k] {
                continue;
            }
            let by_decay = if lambda > 0.0 { self.tail.ratio[k] * hot / lambda } else { 0.0 };
            let fall = match &self.tail.before {
                Some((before, earlier)) if value > 0.0 && earlier[k] > value => {
                    (earlier[k] / value).ln() / (self.time - before)
                }
                _ => 0.0,
            };
            // An output that falls as fast as the nuclide is bounded by it; one that falls more
            // slowly only by its own fall.
            let by_fall =
                if lambda > 0.0 && fall > 0.9 * lambda { value / lambda } else { value / fall };
            let rest = by_decay.max(by_fall);
            // A rest that is not a number (nothing falls, nothing is left) is not small.
            let small = rest <= share * self.integrals[k].abs();
            if !small {
                unfinished = Some(k);
                break;
            }
        }
        self.tail.before = Some((self.time, values));
        let Some(k) = unfinished else {
            return Ok(true);
        };
        let last_time = self.request.times.last().copied().unwrap_or(0.0);
        let patience = if lambda > 0.0 { 60.0 / lambda } else { 1000.0 * last_time.max(1.0) };
        let last_edge = self.request.course.edges().into_iter().fold(last_time, f64::max);
        if self.time <= last_edge + patience {
            return Ok(false);
        }
        let output = &self.request.system.outputs()[self.request.options.integrals[k]];
        let value = self.history.newest().map_or(0.0, |p| p.integrands[k]);
        Err(SimError::DoesNotDecay {
            output: output.name.clone(),
            when: self.when(),
            value: number(value * output.factor),
            unit: output.unit.symbol().to_owned(),
        })
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
        equations.rhs_into(self.time, &self.x, &mut dx);
        self.check_finite(&self.x, "the value")?;
        self.check_finite(&dx, "the rate of change")?;
        let span = end.map_or_else(
            || if self.tail.lambda > 0.0 { 1.0 / self.tail.lambda } else { 1.0 },
            |end| end - self.time,
        );
        let h = self.first_step(equations, slice(&problem.atol), problem.rtol, &dx, span);
        let lanes = tangents.map_or(1, |_| self.s.len() / self.x.len().max(1));
        let lane_context = NalgebraContext::with_nbatch(lanes.max(1));
        let mut ds = vec![0.0; self.s.len()];
        if let Some(tangents) = tangents {
            tangents.linearise(self.time, &self.x);
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
            t: self.time,
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
        equations.rhs_into(self.time + h0, &x1, &mut dx1);
        let d2 = norm(&|k| dx1[k] - dx[k]) / h0;
        let steepest = d1.max(d2);
        let h1 =
            if steepest > 1e-15 { (0.01 / steepest).sqrt() } else { (1e-3 * h0).max(1e-6 * span) };
        let h = (100.0 * h0).min(h1).min(span);
        if h.is_finite() && h > 0.0 { h } else { 1e-12 * span }
    }

    fn stop(&self, cause: String, hint: String) -> SimError {
        SimError::Stopped {
            when: self.when(),
            steps: self.statistics.steps,
            parameters: self.parameters_text(),
            cause,
            hint,
        }
    }

    fn too_many_steps(&self) -> SimError {
        self.stop(
            format!(
                "the limit of {} steps between two stops is used up",
                self.request.options.max_steps
            ),
            "a rate far faster than the rest, or an oscillation that never ends, costs steps: check \
             the units of the fastest rate, or raise `max_steps`"
                .to_owned(),
        )
    }

    fn stopped(&self, error: &DiffsolError) -> SimError {
        let system = self.request.system;
        let largest = self
            .x
            .iter()
            .zip(system.states())
            .max_by(|a, b| a.0.abs().total_cmp(&b.0.abs()))
            .filter(|(x, _)| x.abs() > 1e15 * self.request.course.total_amount.max(1.0));
        let cause = if let Some((x, state)) = largest {
            format!(
                "`{}` has run away to {} {}",
                state.name,
                number(x * state.factor),
                state.unit.symbol()
            )
        } else {
            match error {
                DiffsolError::OdeSolverError(OdeSolverError::StepSizeTooSmall { .. }) => {
                    "the step became too small to go on: a rate is infinite or not a number, or \
                     jumps back and forth"
                        .to_owned()
                }
                DiffsolError::OdeSolverError(OdeSolverError::TooManyErrorTestFailures {
                    ..
                }) => "no step was small enough for the tolerance: the solution changes too \
                       suddenly"
                    .to_owned(),
                other => format!("the equations of a step could not be solved ({other})"),
            }
        };
        self.stop(
            cause,
            "check the parameter farthest from its default and the units of the fastest rate"
                .to_owned(),
        )
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

/// Index of the knot nearest to a time, if the time lies within the knots at all.
fn nearest(knots: &[f64], time: f64) -> Option<usize> {
    let last = *knots.last()?;
    if time > last && !same_moment(time, last) {
        return None;
    }
    let after = knots.partition_point(|&knot| knot < time);
    match (after.checked_sub(1), knots.get(after)) {
        (Some(before), Some(&knot)) if time - knots[before] < knot - time => Some(before),
        (_, Some(_)) => Some(after),
        (before, None) => before,
    }
}
