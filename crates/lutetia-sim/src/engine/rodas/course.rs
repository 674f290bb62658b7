//! What happens to one lane between its steps: stops of the schedule, doses, outputs, integrals, switches.
//!
//! The steps are taken for a group; everything else is done for a lane alone, by the same parts that the other engine
//! uses.

use lutetia_model::system::{Lanes, System};

use super::dense::Dense;
use super::stepper::Stepper;
use crate::engine::first_step::first_step;
use crate::engine::{Lane, Plan};
use crate::error::{Cause, OfState, SolveFailure};
use crate::events::apply;
use crate::failure::Account;
use crate::field::Field;
use crate::impossible::{Fault, Limits};
use crate::record::{Recorder, Standing, Statistics, Trajectory};
use crate::regimen::same_moment;
use crate::schedule::{Knot, nearest};
use crate::switches::{Crossing, Interpolant as _, Watch};
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

/// Nodes and weights of Gauss quadrature with three points on (0, 1): exact for polynomials of degree five.
const GAUSS: [(f64, f64); 3] = [
    (0.112_701_665_379_258_31, 5.0 / 18.0),
    (0.5, 4.0 / 9.0),
    (0.887_298_334_620_741_7, 5.0 / 18.0),
];

/// What is read within a step, in the order of time.
#[derive(Debug, Clone, Copy)]
struct Reading {
    elapsed: f64,
    what: Read,
}

#[derive(Debug, Clone, Copy)]
enum Read {
    /// A row of outputs.
    Row,
    /// The integrated outputs, so much of which goes into their integrals.
    Part(f64),
    /// The integrated outputs at the end of the step, for the tail.
    Tail,
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
    /// The state at the last stop; at the last step where something looks at it.
    pub(super) x: Vec<f64>,
    /// Whether the parameters are others than those last taken.
    other_parameters: bool,
    dense: Dense,
    /// Where the last step began, in time since the start of the segment.
    step_from: f64,
    readings: Vec<Reading>,
    crossing: Option<Crossing>,
    y: Vec<f64>,
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
            other_parameters: true,
            dense: Dense::default(),
            step_from: 0.0,
            readings: Vec::new(),
            crossing: None,
            y: vec![0.0; n_outputs],
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
        if let Some(standing) = lane.schedule.from {
            // Tolerances above are those of the whole run, by its initial values.
            course.x.copy_from_slice(&standing.states);
            course.check_finite(OfState::Value)?;
        }
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
                    self.other_parameters = true;
                    self.check_fixed()?;
                }
            }
        }
        let end = next.unwrap_or(f64::INFINITY);
        self.field.set_segment(schedule.segment(&self.lane.inputs, self.timed, time, end));
        if begins {
            self.give();
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

    /// Gives what is given at the present stop.
    fn give(&mut self) {
        let schedule = &self.lane.schedule;
        let doses = &schedule.doses;
        let here = |time: f64| schedule.is_at(&self.knots, self.knot, time);
        if doses.resets.iter().any(|&time| here(time)) {
            self.field.initial(&mut self.x);
        }
        for setting in doses.settings.iter().filter(|setting| here(setting.time)) {
            if let Some(forms) = &setting.forms {
                forms.iter().for_each(|&(state, value)| self.x[state] = value);
            } else {
                let (action, value) = &setting.total;
                let nothing = self.tolerances.nothing_of(action);
                apply(action, (*value, nothing), &mut self.x, &mut [], &[]);
            }
        }
        for add in doses.boluses.iter().filter(|bolus| here(bolus.time)).flat_map(|b| &b.adds) {
            self.x[add.state] += add.amount;
        }
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
    pub(super) fn may_step(&self, h: f64, too_sudden: bool) -> Result<(), Cause> {
        let most = self.plan.tolerance.max_steps;
        if self.statistics.steps - self.steps_at_stop >= most {
            return Err(Cause::TooManySteps { most });
        }
        if h.is_nan() || h < LEAST_STEP.max(1e-16 * self.elapsed) {
            return Err(if too_sudden { Cause::TooSudden } else { Cause::StepTooSmall });
        }
        Ok(())
    }

    /// Whether something looks at the state after every step.
    fn is_watched(&self) -> bool {
        self.watch.is_some() || self.plan.record.to_infinity || self.limits.look_along()
    }

    /// Goes to the end of an accepted step, and says what is to be read within it.
    pub(super) fn advance<N: Lanes>(
        &mut self,
        (lane, stepper): (usize, &Stepper<'_, N>),
        end: f64,
        reached: bool,
    ) -> Result<(), SolveFailure> {
        self.statistics.steps += 1;
        let from = std::mem::replace(&mut self.elapsed, end);
        self.step_from = from;
        self.time = match self.stop_ahead() {
            Some(stop) if reached => stop,
            _ => self.start + self.elapsed,
        };
        if reached || self.is_watched() {
            stepper.state_after(lane, &mut self.x);
            self.check_along()?;
        }
        let Self { watch, dense, field, x, tolerances, .. } = self;
        self.crossing = watch.as_mut().and_then(|watch| {
            dense.take(lane, (from, end), (stepper, x.len()));
            watch.within_step(field, dense, x, tolerances)
        });
        self.plan_readings();
        Ok(())
    }

    fn stop_ahead(&self) -> Option<f64> {
        self.knots.get(self.knot + 1).map(|knot| knot.time)
    }

    /// Integrals and outputs within the last step, until its end or what it is cut off at.
    fn plan_readings(&mut self) {
        self.readings.clear();
        let end = self.crossing.as_ref().map_or(self.elapsed, |crossing| crossing.after);
        let mut cursor = self.step_from;
        let stop = self.stop_ahead();
        for time in self.recorder.times_ahead() {
            let elapsed = time - self.start;
            // What coincides with the end of the segment is read after the dose given there.
            if elapsed > end || stop.is_some_and(|stop| same_moment(*time, stop)) {
                break;
            }
            parts(&mut self.readings, self.plan.record.integrals, (cursor, elapsed));
            cursor = elapsed;
            self.readings.push(Reading { elapsed, what: Read::Row });
        }
        parts(&mut self.readings, self.plan.record.integrals, (cursor, end));
        if self.plan.record.to_infinity {
            self.readings.push(Reading { elapsed: end, what: Read::Tail });
        }
    }

    /// Where the next thing is read: the share of the step, and the time since the start of the segment.
    pub(super) fn reading(&self, number: usize) -> Option<(f64, f64)> {
        let reading = self.readings.get(number).filter(|_| !self.recorder.stopped())?;
        let step = self.elapsed - self.step_from;
        Some((((reading.elapsed - self.step_from) / step).clamp(0.0, 1.0), reading.elapsed))
    }

    /// Takes what was read there.
    pub(super) fn take_reading<N: Lanes>(
        &mut self,
        number: usize,
        (lane, stepper): (usize, &Stepper<'_, N>),
    ) {
        let Some(reading) = self.readings.get(number).filter(|_| !self.recorder.stopped()) else {
            return;
        };
        let chosen = self.plan.record.integrals;
        match reading.what {
            Read::Part(weight) => {
                for (&output, integral) in chosen.iter().zip(&mut self.recorder.integrals) {
                    *integral += weight * stepper.output(lane, output);
                }
            }
            Read::Row => {
                if self.plan.record.states {
                    self.shown.resize(self.x.len(), 0.0);
                    stepper.state_shown(lane, &mut self.shown);
                }
                self.recorder.write(&self.shown, &[], |y| {
                    for (output, y) in y.iter_mut().enumerate() {
                        *y = stepper.output(lane, output);
                    }
                });
            }
            Read::Tail => {
                self.integrands.clear();
                self.integrands.extend(chosen.iter().map(|&output| stepper.output(lane, output)));
                self.tail.observe(self.time, &self.x, &self.integrands);
            }
        }
    }

    /// What follows on an accepted step of which everything was read.
    pub(super) fn conclude<N: Lanes>(
        &mut self,
        (lane, stepper): (usize, &Stepper<'_, N>),
        reached: bool,
    ) -> Result<Goes, SolveFailure> {
        if self.recorder.stopped() {
            stepper.state_after(lane, &mut self.x);
            return Ok(Goes::Over);
        }
        if let Some(crossing) = self.crossing.take() {
            self.dense.state_at(crossing.after, &mut self.x);
            self.elapsed = crossing.after;
            self.time = self.start + self.elapsed;
            if self.stop_ahead().is_some_and(|stop| same_moment(self.time, stop)) {
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
        if self.stop_ahead().is_none() && self.tail_is_small()? {
            return Ok(Goes::Over);
        }
        Ok(Goes::On)
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
    pub(super) fn stopped(&self, cause: Cause) -> SolveFailure {
        let account = self.account();
        let cause = account.run_away(&self.x).unwrap_or(cause);
        account.stopped(self.time, self.statistics.steps, cause)
    }

    /// The parameters that hold.
    pub(super) fn parameters(&self) -> Vec<f64> {
        self.field.parameters()
    }

    /// Whether they are others than those that were last taken.
    pub(super) fn takes_parameters(&mut self) -> bool {
        std::mem::take(&mut self.other_parameters)
    }

    /// What came out.
    pub(super) fn finish(self) -> Trajectory {
        let end = Standing { time: self.time, states: self.x, ..Standing::default() };
        self.recorder.finish(end, self.statistics)
    }
}

/// What is read for integrals from one time to another.
fn parts(readings: &mut Vec<Reading>, integrals: &[usize], (from, to): (f64, f64)) {
    let length = to - from;
    if integrals.is_empty() || length <= 0.0 {
        return;
    }
    readings.extend(GAUSS.map(|(node, weight)| Reading {
        elapsed: from + node * length,
        what: Read::Part(weight * length),
    }));
}
