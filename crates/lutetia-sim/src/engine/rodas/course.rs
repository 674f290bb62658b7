//! What happens to one lane between its steps: stops of the schedule, doses, outputs, integrals, switches.
//!
//! The steps are taken for a group; everything else is done for a lane alone, by the same parts that the other engine
//! uses.

use lutetia_model::system::{Pack, System};

use super::dense::{Dense, Taken};
use crate::engine::first_step::first_step;
use crate::engine::{Lane, Plan};
use crate::error::{Cause, OfState, SolveFailure};
use crate::failure::Account;
use crate::field::Field;
use crate::impossible::{Fault, Limits};
use crate::record::{Recorder, Standing, Statistics, Trajectory};
use crate::regimen::same_moment;
use crate::schedule::{Knot, nearest};
use crate::switches::{Interpolant, Watch};
use crate::tail::{Left, Tail};
use crate::tolerance::Tolerances;

/// A step must move the clock: its least share of the time since the segment began.
const LEAST_STEP: f64 = 1e-300;

/// How it goes on after a step or a stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    /// The next step follows on this one.
    On,
    /// The state, the clock, the parameters or what flows in are others: the integrator starts anew.
    Anew,
    /// The run is over.
    Over,
}

/// One run under way.
pub(super) struct Course<'r> {
    system: &'r System,
    plan: &'r Plan<'r>,
    lane: &'r Lane<'r>,
    pub(super) field: Field,
    pub(super) tolerances: Tolerances,
    limits: Limits,
    watch: Option<Watch>,
    recorder: Recorder<'r>,
    tail: Tail,
    knots: Vec<Knot>,
    /// The knot that the segment began at.
    knot: usize,
    timed: bool,
    start: f64,
    /// Since the start of the segment or its last switch.
    pub(super) elapsed: f64,
    time: f64,
    last_stop: f64,
    steps_at_stop: usize,
    /// The state at the last stop or accepted step.
    pub(super) x: Vec<f64>,
    dense: Dense,
    y: Vec<f64>,
    between: Vec<f64>,
    shown: Vec<f64>,
    integrands: Vec<f64>,
    pub(super) statistics: Statistics,
}

impl<'r> Course<'r> {
    /// At the first stop of a run, before anything is given there.
    pub(super) fn new(
        system: &'r System,
        plan: &'r Plan<'r>,
        lane: &'r Lane<'r>,
    ) -> Result<Self, SolveFailure> {
        let mut evaluator = system.evaluator();
        evaluator.set_parameters(lane.parameters);
        let field = Field::new(evaluator);
        let mut x = vec![0.0; system.states().len()];
        field.initial(&mut x);
        let record = plan.record;
        let (integrals, n_outputs) = (record.integrals.len(), system.outputs().len());
        let doses = &lane.schedule.doses;
        let mut course = Self {
            system,
            plan,
            lane,
            tolerances: Tolerances::new(system, doses, (&x, &[]), &plan.tolerance),
            limits: Limits::new(system),
            watch: Watch::new(system, integrals > 0, plan.tolerance.rtol),
            recorder: Recorder::new(record, lane.stop_rule, &[], x.len(), n_outputs),
            tail: Tail::new(system, doses, record.last_time(), integrals, false),
            knots: Vec::new(),
            knot: 0,
            timed: system.switches().iter().any(|switch| switch.timed),
            start: 0.0,
            elapsed: 0.0,
            time: 0.0,
            last_stop: 0.0,
            steps_at_stop: 0,
            dense: Dense::default(),
            y: vec![0.0; n_outputs],
            between: Vec::new(),
            shown: Vec::new(),
            integrands: Vec::new(),
            statistics: Statistics::default(),
            field,
            x,
        };
        course.check_finite(OfState::Initial)?;
        course.check_fixed()?;
        let (parameters, patience) = (lane.parameters, course.tail.patience());
        course.knots = lane.schedule.knots(system, parameters, &lane.inputs, &record, patience);
        course.last_stop = course.knots.last().map_or(0.0, |knot| knot.time);
        Ok(course)
    }

    /// What is done at the present stop; after it the state is that after what was given there.
    pub(super) fn stop(&mut self) -> Result<Goes, SolveFailure> {
        let (schedule, k) = (&self.lane.schedule, self.knot);
        let Some(time) = self.knots.get(k).map(|knot| knot.time) else { return Ok(Goes::Over) };
        let next = self.knots.get(k + 1).map(|knot| knot.time);
        (self.time, self.start, self.elapsed) = (time, time, 0.0);
        // What begins where a piece ends is for the next one.
        let begins = next.is_some() || schedule.until.is_none();
        if begins {
            for change in schedule.changes {
                if nearest(&self.knots, change.from) == Some(k) {
                    self.field.set_parameters(&change.parameters);
                    self.check_fixed()?;
                }
            }
        }
        let end = next.unwrap_or(f64::INFINITY);
        self.field.set_segment(schedule.segment(&self.lane.inputs, self.timed, time, end));
        if begins {
            for bolus in &schedule.doses.boluses {
                if schedule.is_at(&self.knots, k, bolus.time) {
                    for add in &bolus.adds {
                        self.x[add.state] += add.amount;
                    }
                }
            }
        }
        self.record_here();
        if self.recorder.stopped() || (next.is_none() && !self.plan.record.to_infinity) {
            // Whatever comes after the last output concerns nobody.
            return Ok(Goes::Over);
        }
        self.check_along()?;
        self.steps_at_stop = self.statistics.steps;
        self.begin();
        Ok(Goes::Anew)
    }

    /// The integrator starts here.
    fn begin(&mut self) {
        self.statistics.segments += 1;
        if let Some(watch) = &mut self.watch {
            watch.begin(&self.field, self.elapsed, &self.x, &self.tolerances);
        }
        self.tail.restart();
        self.see();
    }

    /// The tail sees the present point.
    fn see(&mut self) {
        if !self.plan.record.to_infinity {
            return;
        }
        self.read_integrands();
        self.tail.observe(self.time, &self.x, &self.integrands);
    }

    /// The integrated outputs at the present point.
    fn read_integrands(&mut self) {
        self.shown.clone_from(&self.x);
        self.tolerances.clear(&mut self.shown);
        self.field.outputs_into(self.elapsed, &self.shown, &mut self.y);
        self.integrands.clear();
        let chosen = self.plan.record.integrals.iter();
        self.integrands.extend(chosen.map(|&output| self.y[output]));
    }

    /// Size of the first step.
    pub(super) fn first_step(&mut self) -> Result<f64, SolveFailure> {
        let mut dx = vec![0.0; self.x.len()];
        self.field.rhs_into(self.elapsed, &self.x, &mut dx);
        self.check_finite(OfState::Value)?;
        self.account().check_finite(self.time, &dx, OfState::Rate)?;
        let span = self.left().unwrap_or_else(|| self.tail.span());
        let size = (&self.tolerances.absolute[..], self.plan.tolerance.rtol);
        Ok(first_step(&self.field, size, (self.elapsed, &self.x, &dx), span))
    }

    /// How long it is to the next stop, if there is one.
    pub(super) fn left(&self) -> Option<f64> {
        let end = self.knots.get(self.knot + 1)?.time;
        Some((end - self.start) - self.elapsed)
    }

    /// The end of a step of this size, and whether it is the stop.
    pub(super) fn end_of(&self, h: f64) -> (f64, bool) {
        match self.knots.get(self.knot + 1).map(|knot| knot.time - self.start) {
            // What is left is not cut into a step and a scrap.
            Some(end) if self.elapsed + h * (1.0 + 1e-9) >= end => (end, true),
            _ => (self.elapsed + h, false),
        }
    }

    /// Whether a step of this size moves the clock, and another is allowed.
    pub(super) fn may_step(&self, h: f64, too_sudden: bool) -> Result<(), SolveFailure> {
        let most = self.plan.tolerance.max_steps;
        if self.statistics.steps - self.steps_at_stop >= most {
            return Err(self.stopped(Cause::TooManySteps { most }));
        }
        if h.is_nan() || h < LEAST_STEP.max(1e-16 * self.elapsed) {
            let cause = if too_sudden { Cause::TooSudden } else { Cause::StepTooSmall };
            return Err(self.stopped(cause));
        }
        Ok(())
    }

    /// Takes an accepted step.
    pub(super) fn accepted<const L: usize>(
        &mut self,
        at: usize,
        step: &Taken<'_, L>,
        reached: bool,
    ) -> Result<Goes, SolveFailure> {
        self.statistics.steps += 1;
        self.dense.take(at, step);
        for (x, y) in self.x.iter_mut().zip(step.y) {
            *x = y.0[at];
        }
        self.elapsed = step.to;
        let stop = self.knots.get(self.knot + 1).map(|knot| knot.time);
        self.time = match stop {
            Some(stop) if reached => stop,
            _ => self.start + self.elapsed,
        };
        self.check_finite(OfState::Value)?;
        self.check_along()?;
        let crossing = self.watch.as_mut().and_then(|watch| {
            watch.within_step(&self.field, &self.dense, &self.x, &self.tolerances)
        });
        self.read_step(crossing.as_ref().map_or(self.elapsed, |crossing| crossing.after));
        if self.recorder.stopped() {
            return Ok(Goes::Over);
        }
        if let Some(crossing) = crossing {
            self.dense.state_at(crossing.after, &mut self.x);
            self.elapsed = crossing.after;
            self.time = self.start + self.elapsed;
            if stop.is_some_and(|stop| same_moment(self.time, stop)) {
                self.knot += 1;
                return self.stop();
            }
            (self.start, self.elapsed) = (self.time, 0.0);
            self.field.restart(self.start);
            self.begin();
            return Ok(Goes::Anew);
        }
        if reached {
            self.knot += 1;
            return self.stop();
        }
        if stop.is_none() && self.tail_is_small()? {
            return Ok(Goes::Over);
        }
        Ok(Goes::On)
    }

    /// Integrals and outputs within the last step, until `end`.
    fn read_step(&mut self, end: f64) {
        let mut cursor = match self.dense.last_step() {
            Some((from, _)) => from,
            None => return,
        };
        let stop = self.knots.get(self.knot + 1).map(|knot| knot.time);
        let mut x = std::mem::take(&mut self.between);
        while let Some(time) = self.recorder.next_time() {
            let elapsed = time - self.start;
            // What coincides with the end of the segment is read after the dose given there.
            if elapsed > end || stop.is_some_and(|stop| same_moment(time, stop)) {
                break;
            }
            self.integrate(cursor, elapsed);
            cursor = elapsed;
            x.resize(self.x.len(), 0.0);
            self.dense.state_at(elapsed, &mut x);
            self.record(elapsed, &x);
            if self.recorder.stopped() {
                self.between = x;
                return;
            }
        }
        self.between = x;
        self.integrate(cursor, end);
        self.see();
    }

    fn integrate(&mut self, from: f64, to: f64) {
        let chosen = self.plan.record.integrals;
        if chosen.is_empty() {
            return;
        }
        let Self { dense, shown, field, tolerances, recorder, y, .. } = self;
        let mut state = Vec::new();
        dense.integrate((from, to), &mut state, |time, x, weight| {
            shown.clear();
            shown.extend_from_slice(x);
            tolerances.clear(shown);
            field.outputs_into(time, shown, y);
            for (&output, integral) in chosen.iter().zip(&mut recorder.integrals) {
                *integral += weight * y[output];
            }
        });
    }

    /// Records every output time that is this very moment.
    fn record_here(&mut self) {
        while self.recorder.next_time().is_some_and(|time| same_moment(time, self.time)) {
            let x = std::mem::take(&mut self.x);
            self.record(self.elapsed, &x);
            self.x = x;
            if self.recorder.stopped() {
                break;
            }
        }
    }

    fn record(&mut self, elapsed: f64, x: &[f64]) {
        self.shown.clear();
        self.shown.extend_from_slice(x);
        self.tolerances.clear(&mut self.shown);
        let (x, field) = (&self.shown[..], &self.field);
        self.recorder.write(x, &[], |y| field.outputs_into(elapsed, x, y));
    }

    /// Whether what is left of every integral is small, or an error where it never will be.
    fn tail_is_small(&mut self) -> Result<bool, SolveFailure> {
        let integrals = &self.recorder.integrals;
        let left = self.tail.unfinished(self.time, &self.x, &self.integrands, integrals);
        if left.is_empty() || self.time <= self.last_stop + self.tail.patience() {
            return Ok(left.is_empty());
        }
        let y = &mut self.y;
        let stays = left.into_iter().find(|&k| {
            let output = self.plan.record.integrals[k];
            let noise = self.tolerances.noise(&self.x, |x| {
                self.field.outputs_into(self.elapsed, x, y);
                y[output]
            });
            let (value, integral) = (self.integrands[k], integrals[k]);
            let left = Left { k, time: self.time, x: &self.x, value, integral };
            !self.tail.is_noise(left, noise, self.plan.tolerance.rtol)
        });
        stays.map_or(Ok(true), |k| {
            let output = &self.system.outputs()[self.plan.record.integrals[k]];
            Err(self.account().does_not_decay(self.time, output, self.integrands[k]))
        })
    }

    fn account(&self) -> Account<'r> {
        let (doses, parameters) = (&self.lane.schedule.doses, self.lane.parameters);
        Account { system: self.system, doses, parameters }
    }

    fn check_finite(&self, what: OfState) -> Result<(), SolveFailure> {
        self.account().check_finite(self.time, &self.x, what)
    }

    fn check_fixed(&mut self) -> Result<(), SolveFailure> {
        let doses = &self.lane.schedule.doses;
        let possible = self.limits.check_fixed(self.system, &self.field, doses, &self.x);
        possible.map_err(|fault| self.account().refused(fault, None))
    }

    fn check_along(&mut self) -> Result<(), SolveFailure> {
        let along = self.limits.check_along(self.system, &self.field, self.elapsed, &self.x);
        along.map_err(|fault: Fault| self.account().refused(fault, Some(self.time)))
    }

    /// The integrator gives up.
    fn stopped(&self, cause: Cause) -> SolveFailure {
        let account = self.account();
        let cause = account.run_away(&self.x).unwrap_or(cause);
        account.stopped(self.time, self.statistics.steps, cause)
    }

    /// The parameters that hold.
    pub(super) fn parameters(&self) -> Vec<f64> {
        self.field.parameters()
    }

    /// Puts the state into a lane.
    pub(super) fn seat<const L: usize>(&self, at: usize, x: &mut [Pack<L>]) {
        for (pack, x) in x.iter_mut().zip(&self.x) {
            pack.0[at] = *x;
        }
    }

    /// What came out.
    pub(super) fn finish(self) -> Trajectory {
        let end = Standing { time: self.time, states: self.x, ..Standing::default() };
        self.recorder.finish(end, self.statistics)
    }
}
