//! Steps of several patients at once.
//!
//! Each lane has its own time, size of step and error: a lane whose step is refused tries again while the others go on, and
//! one that has ended makes room for the next patient.

use lutetia_model::system::{LaneEvaluator, Pack, System};

use super::course::{Course, Goes};
use super::dense::Taken;
use super::factors::PackFactors;
use super::method::{A, ALPHA, C, D, GAMMA, LEAST_CHANGE, STAGES, change};
use crate::engine::elimination::Elimination;
use crate::engine::{Lane, Plan, Stop};
use crate::error::SolveFailure;
use crate::record::Trajectory;

/// Where in a step ∂f/∂t is taken from a difference: far enough that the difference is none of rounding, near enough that
/// what it is multiplied by (h·d) leaves nothing of its own error.
const TIME_DIFFERENCE: f64 = 1e-6;

/// What came out of a patient who has left; boxed, as most do not leave.
type Ended = Box<Result<Trajectory, SolveFailure>>;

fn failed(failure: SolveFailure) -> Ended {
    Box::new(Err(failure))
}

/// A patient in a lane.
struct Seat<'r> {
    /// Which of the lanes of the plan.
    lane: usize,
    course: Course<'r>,
    /// The size of the next step.
    h: f64,
    /// Whether the last step was refused, so that the next one does not grow.
    refused: bool,
    /// Where the step that is tried ends, and whether that is a stop.
    end: f64,
    reached: bool,
}

/// What is common to all lanes.
pub(super) struct Common<'r> {
    pub(super) system: &'r System,
    pub(super) plan: &'r Plan<'r>,
    pub(super) elimination: &'r Elimination,
    /// Whether slopes depend on time by themselves.
    pub(super) timed: bool,
    pub(super) stop: Stop<'r>,
}

/// Up to `L` patients.
pub(super) struct Group<'r, const L: usize> {
    common: &'r Common<'r>,
    seats: [Option<Seat<'r>>; L],
    evaluator: LaneEvaluator<L>,
    factors: PackFactors<L>,
    jacobian: Vec<Pack<L>>,
    inputs: Vec<Pack<L>>,
    x: Vec<Pack<L>>,
    y: Vec<Pack<L>>,
    by_time: Vec<Pack<L>>,
    k: [Vec<Pack<L>>; STAGES],
    absolute: Vec<Pack<L>>,
    line: Vec<f64>,
}

impl<'r, const L: usize> Group<'r, L> {
    pub(super) fn new(common: &'r Common<'r>) -> Self {
        let (system, elimination) = (common.system, common.elimination);
        let states = || vec![Pack::ZERO; system.states().len()];
        Self {
            common,
            seats: std::array::from_fn(|_| None),
            evaluator: system.lane_evaluator(),
            factors: PackFactors::new(elimination),
            jacobian: vec![Pack::ZERO; system.jacobian_pattern().entries()],
            inputs: vec![Pack::ZERO; system.inputs().len()],
            x: states(),
            y: states(),
            by_time: states(),
            k: std::array::from_fn(|_| states()),
            absolute: vec![Pack([1.0; L]); system.states().len()],
            line: vec![0.0; system.inputs().len()],
        }
    }

    /// Runs the lanes one after the other through the seats.
    pub(super) fn run(mut self, lanes: &'r [Lane<'r>]) -> Vec<Result<Trajectory, SolveFailure>> {
        let mut out: Vec<Result<Trajectory, SolveFailure>> =
            lanes.iter().map(|_| Err(SolveFailure::Interrupted)).collect();
        let mut waiting = 0..lanes.len();
        loop {
            if self.common.stop.is_set() {
                return out;
            }
            for at in 0..L {
                while self.seats[at].is_none() {
                    let Some(lane) = waiting.next() else { break };
                    if let Err(ended) = self.seat(at, lane, &lanes[lane]) {
                        out[lane] = *ended;
                    }
                }
            }
            if self.seats.iter().all(Option::is_none) {
                return out;
            }
            self.prepare(&mut out);
            self.step();
            for at in 0..L {
                let Some(seat) = self.seats[at].take() else { continue };
                let lane = seat.lane;
                match self.judged(at, seat) {
                    Ok(seat) => self.seats[at] = Some(seat),
                    Err(ended) => out[lane] = *ended,
                }
            }
        }
    }

    /// Puts a patient into a seat, or says what came out where there is no step to take.
    fn seat(&mut self, at: usize, lane: usize, given: &'r Lane<'r>) -> Result<(), Ended> {
        let course = Course::new(self.common.system, self.common.plan, given);
        let mut course = course.map_err(failed)?;
        match course.stop() {
            Err(failure) => Err(failed(failure)),
            Ok(Goes::Over) => Err(Box::new(Ok(course.finish()))),
            Ok(Goes::On | Goes::Anew) => {
                for (pack, tolerance) in self.absolute.iter_mut().zip(&course.tolerances.absolute) {
                    pack.0[at] = *tolerance;
                }
                let seat = Seat { lane, course, h: 0.0, refused: false, end: 0.0, reached: false };
                self.seats[at] = Some(self.anew(at, seat).map_err(failed)?);
                Ok(())
            }
        }
    }

    /// The state or what drives it is another.
    fn anew(&mut self, at: usize, mut seat: Seat<'r>) -> Result<Seat<'r>, SolveFailure> {
        seat.course.seat(at, &mut self.x);
        self.evaluator.set_parameters(at, &seat.course.parameters());
        seat.h = seat.course.first_step()?;
        seat.refused = false;
        Ok(seat)
    }

    /// Says where each step ends; who may not step leaves.
    fn prepare(&mut self, out: &mut [Result<Trajectory, SolveFailure>]) {
        for seat in &mut self.seats {
            let Some(own) = seat else { continue };
            match own.course.may_step(own.h, own.refused) {
                Ok(()) => (own.end, own.reached) = own.course.end_of(own.h),
                Err(failure) => {
                    out[own.lane] = Err(failure);
                    *seat = None;
                }
            }
        }
    }

    /// The size of the step of each lane; one where nobody sits.
    fn sizes(&self) -> Pack<L> {
        let size =
            |seat: &Option<Seat<'_>>| seat.as_ref().map_or(1.0, |s| s.end - s.course.elapsed);
        Pack(std::array::from_fn(|at| size(&self.seats[at])))
    }

    /// The slopes at a share of the step of each lane, and the model's time there; `of` are the states.
    fn slope(&mut self, share: f64, of: Of, h: &Pack<L>, into: usize) {
        let t = self.moment(share, h);
        let states = if of == Of::Start { &self.x } else { &self.y };
        let dx = &mut self.k[into];
        self.evaluator.rhs(t, states, &self.inputs, dx);
        for (at, seat) in self.seats.iter().enumerate() {
            let Some(seat) = seat else { continue };
            let elapsed = seat.course.elapsed + share * h.0[at];
            seat.course.field.add_inflow(elapsed, |state, rate| dx[state].0[at] += rate);
        }
    }

    /// Sets the inputs and gives the time the model is asked for.
    fn moment(&mut self, share: f64, h: &Pack<L>) -> Pack<L> {
        let mut t = [0.0; L];
        for (at, seat) in self.seats.iter().enumerate() {
            let Some(seat) = seat else { continue };
            t[at] = seat
                .course
                .field
                .fill_inputs(seat.course.elapsed + share * h.0[at], &mut self.line);
            for (pack, value) in self.inputs.iter_mut().zip(&self.line) {
                pack.0[at] = *value;
            }
        }
        Pack(t)
    }

    /// Tries a step of every lane: leaves the new states in `y` and the stages in `k`.
    fn step(&mut self) {
        let h = self.sizes();
        let t = self.moment(0.0, &h);
        self.evaluator.jacobian(t, &self.x, &self.inputs, &mut self.jacobian);
        let (mut over, mut diagonal) = ([0.0; L], [0.0; L]);
        for lane in 0..L {
            over[lane] = 1.0 / h.0[lane];
            diagonal[lane] = over[lane] / GAMMA;
        }
        self.factors.factorise(self.common.elimination, &self.jacobian, &Pack(diagonal));
        self.slope(0.0, Of::Start, &h, 0);
        let timed = self.common.timed
            || self.seats.iter().flatten().any(|seat| seat.course.field.moves_in_time());
        if timed {
            self.slope(TIME_DIFFERENCE, Of::Start, &h, 1);
            // h·∂f/∂t
            let (first, second) = self.k.split_at(1);
            for ((by, then), now) in self.by_time.iter_mut().zip(&second[0]).zip(&first[0]) {
                for lane in 0..L {
                    by.0[lane] = (then.0[lane] - now.0[lane]) / TIME_DIFFERENCE;
                }
            }
        }
        for stage in 0..STAGES {
            if stage > 0 {
                self.stage_state(stage);
                self.slope(ALPHA[stage], Of::Stage, &h, stage);
            }
            let (before, from) = self.k.split_at_mut(stage);
            let rhs = &mut from[0];
            if stage > 0 {
                add_stages(rhs, before, C[stage - 1], &over);
            }
            if timed && D[stage].abs() > 0.0 {
                for (value, by) in rhs.iter_mut().zip(&self.by_time) {
                    for lane in 0..L {
                        value.0[lane] += D[stage] * by.0[lane];
                    }
                }
            }
            self.factors.solve(self.common.elimination, rhs);
        }
        for (y, k) in self.y.iter_mut().zip(&self.k[STAGES - 1]) {
            for lane in 0..L {
                y.0[lane] += k.0[lane];
            }
        }
    }

    /// The states of a stage after the first.
    fn stage_state(&mut self, stage: usize) {
        if stage == STAGES - 1 {
            for (y, k) in self.y.iter_mut().zip(&self.k[stage - 1]) {
                for lane in 0..L {
                    y.0[lane] += k.0[lane];
                }
            }
            return;
        }
        self.y.copy_from_slice(&self.x);
        add_stages(&mut self.y, &self.k[..stage], A[stage - 1], &[1.0; L]);
    }

    /// Error of the step of a lane, in tolerances.
    fn error(&self, at: usize) -> f64 {
        let rtol = self.common.plan.tolerance.rtol;
        let mut sum = 0.0;
        let states = self.x.iter().zip(&self.y).zip(&self.k[STAGES - 1]).zip(&self.absolute);
        for (((x, y), k), absolute) in states {
            let scale = absolute.0[at] + rtol * x.0[at].abs().max(y.0[at].abs());
            let share = k.0[at] / scale;
            sum += share * share;
        }
        #[expect(clippy::cast_precision_loss, reason = "states are few")]
        let n = self.x.len().max(1) as f64;
        (sum / n).sqrt()
    }

    /// What becomes of the step of a lane: it goes on, or it has ended.
    fn judged(&mut self, at: usize, mut seat: Seat<'r>) -> Result<Seat<'r>, Ended> {
        let tried = seat.end - seat.course.elapsed;
        let error = if self.factors.trustworthy[at] { self.error(at) } else { f64::NAN };
        let factor = if error.is_nan() { LEAST_CHANGE } else { change(error) };
        seat.course.statistics.rhs_calls += STAGES;
        seat.course.statistics.jacobian_calls += 1;
        seat.course.statistics.factorisations += 1;
        if error.is_nan() || error > 1.0 {
            seat.course.statistics.error_failures += 1;
            seat.h = tried * factor.min(0.9);
            seat.refused = true;
            return Ok(seat);
        }
        let step =
            Taken { from: seat.course.elapsed, to: seat.end, x: &self.x, y: &self.y, k: &self.k };
        let goes = seat.course.accepted(at, &step, seat.reached).map_err(failed)?;
        match goes {
            Goes::Over => Err(Box::new(Ok(seat.course.finish()))),
            Goes::Anew => self.anew(at, seat).map_err(failed),
            Goes::On => {
                for (x, y) in self.x.iter_mut().zip(&self.y) {
                    x.0[at] = y.0[at];
                }
                seat.h = tried * if seat.refused { factor.min(1.0) } else { factor };
                seat.refused = false;
                Ok(seat)
            }
        }
    }
}

/// Which states a slope is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    Start,
    Stage,
}

/// Adds Σ weightⱼ·over·kⱼ, term by term in the order of the stages.
fn add_stages<const L: usize>(
    into: &mut [Pack<L>],
    stages: &[Vec<Pack<L>>],
    weights: &[f64],
    over: &[f64; L],
) {
    for (stage, &weight) in stages.iter().zip(weights) {
        let mut factor = [0.0; L];
        for lane in 0..L {
            factor[lane] = weight * over[lane];
        }
        for (value, k) in into.iter_mut().zip(stage) {
            for lane in 0..L {
                value.0[lane] += factor[lane] * k.0[lane];
            }
        }
    }
}
