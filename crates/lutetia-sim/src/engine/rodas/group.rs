//! Several patients at once.
//!
//! Each lane has its own time, size of step and error: a lane whose step is refused tries again while the others go on, and
//! one that has ended makes room for the next patient.

use lutetia_model::system::{LaneTapes, Lanes, System};

use std::sync::Arc;

use super::course::{Course, Goes};
use super::factors::is_trustworthy;
use super::method::{LEAST_CHANGE, STAGES, change};
use super::set::InstructionSet;
use super::stepper::{MOMENTS, Stepper};
use crate::engine::elimination::Elimination;
use crate::engine::{Lane, Plan, Stop};
use crate::error::SolveFailure;
use crate::record::Trajectory;

/// What came out of a patient who has no step to take; boxed, as most have.
type Out = Box<Result<Trajectory, SolveFailure>>;

/// Why a patient leaves.
enum Ended {
    Over,
    Failed(Box<SolveFailure>),
}

fn failed(failure: SolveFailure) -> Ended {
    Ended::Failed(Box::new(failure))
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
    /// Whether the step that was tried is taken.
    accepted: bool,
}

/// What is common to all lanes.
pub(super) struct Common<'r> {
    pub(super) system: &'r System,
    pub(super) plan: &'r Plan<'r>,
    pub(super) elimination: &'r Elimination,
    pub(super) tapes: Arc<LaneTapes>,
    /// The place of each state in the order of elimination.
    pub(super) places: &'r [usize],
    /// Whether slopes depend on time by themselves.
    pub(super) timed: bool,
    pub(super) set: InstructionSet,
    pub(super) stop: Stop<'r>,
}

/// Up to as many patients as `N` has lanes.
pub(super) struct Group<'r, N> {
    common: &'r Common<'r>,
    seats: Vec<Option<Seat<'r>>>,
    stepper: Stepper<'r, N>,
    /// Inputs of one lane.
    line: Vec<f64>,
}

impl<'r, N: Lanes> Group<'r, N> {
    pub(super) fn new(common: &'r Common<'r>) -> Self {
        let (system, rtol) = (common.system, common.plan.tolerance.rtol);
        let sizes = (system.inputs().len(), system.outputs().len());
        let how = (common.timed, common.set);
        Self {
            common,
            seats: (0..N::WIDTH).map(|_| None).collect(),
            stepper: Stepper::new(&common.tapes, common.elimination, sizes, rtol, how),
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
            for at in 0..N::WIDTH {
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
            self.stepper.drive.clear();
            self.stepper.h = N::splat(1.0);
            self.each(&mut out, Self::prepared);
            self.stepper.step();
            self.each(&mut out, Self::judged);
            self.look();
            self.stepper.accept(self.taken());
            self.each(&mut out, Self::concluded);
        }
    }

    /// Does something with every patient who has a seat; who has ended leaves.
    fn each(
        &mut self,
        out: &mut [Result<Trajectory, SolveFailure>],
        act: impl Fn(&mut Self, usize, &mut Seat<'r>) -> Result<(), Ended>,
    ) {
        for at in 0..N::WIDTH {
            let Some(mut seat) = self.seats[at].take() else { continue };
            match act(self, at, &mut seat) {
                Ok(()) => self.seats[at] = Some(seat),
                Err(Ended::Over) => out[seat.lane] = Ok(seat.course.finish()),
                Err(Ended::Failed(failure)) => out[seat.lane] = Err(*failure),
            }
        }
    }

    /// Puts a patient into a seat, or says what came out where there is no step to take.
    fn seat(&mut self, at: usize, lane: usize, given: &'r Lane<'r>) -> Result<(), Out> {
        let failed = |failure: SolveFailure| -> Out { Box::new(Err(failure)) };
        let course = Course::new(self.common.system, self.common.plan, given);
        let mut course = course.map_err(failed)?;
        if course.stop().map_err(failed)? == Goes::Over {
            return Err(Box::new(Ok(course.finish())));
        }
        self.stepper.set_tolerances(at, &course.tolerances);
        let (refused, reached, accepted) = (false, false, false);
        let mut seat = Seat { lane, course, h: 0.0, refused, end: 0.0, reached, accepted };
        self.anew(at, &mut seat).map_err(failed)?;
        self.seats[at] = Some(seat);
        Ok(())
    }

    /// The state or what drives it is another.
    fn anew(&mut self, at: usize, seat: &mut Seat<'r>) -> Result<(), SolveFailure> {
        self.stepper.set_state(at, &seat.course.x);
        if seat.course.takes_parameters() {
            self.stepper.set_parameters(at, &seat.course.parameters());
        }
        seat.h = seat.course.first_step()?;
        seat.refused = false;
        Ok(())
    }

    /// Says where a step ends, and what drives it; who may not step leaves.
    fn prepared(&mut self, at: usize, seat: &mut Seat<'r>) -> Result<(), Ended> {
        if let Err(cause) = seat.course.may_step(seat.h, seat.refused) {
            self.stepper.state(at, &mut seat.course.x);
            return Err(failed(seat.course.stopped(cause)));
        }
        (seat.end, seat.reached) = seat.course.end_of(seat.h);
        let h = seat.end - seat.course.elapsed;
        self.stepper.h.set_lane(at, h);
        let field = &seat.course.field;
        let drive = &mut self.stepper.drive;
        if self.common.timed || !self.line.is_empty() {
            for (moment, share) in MOMENTS.iter().enumerate() {
                let time = field.fill_inputs(seat.course.elapsed + share * h, &mut self.line);
                drive.set(at, moment, time, &self.line);
            }
        }
        if field.is_driven() {
            drive.moves |= field.moves_in_time();
            for (moment, share) in MOMENTS.iter().enumerate() {
                let elapsed = seat.course.elapsed + share * h;
                field.add_inflow(elapsed, |state, rate| {
                    let place = self.common.places[state];
                    drive.add(at, moment, (place, rate));
                });
            }
        }
        Ok(())
    }

    /// Whether the step of a lane is taken, and what there is to be read in it.
    fn judged(&mut self, at: usize, seat: &mut Seat<'r>) -> Result<(), Ended> {
        let tried = seat.end - seat.course.elapsed;
        let trusted = is_trustworthy(self.stepper.growth.lane(at));
        let error = if trusted { self.stepper.error.lane(at) } else { f64::NAN };
        let factor = if error.is_nan() { LEAST_CHANGE } else { change(error) };
        let statistics = &mut seat.course.statistics;
        statistics.rhs_calls += STAGES;
        statistics.jacobian_calls += 1;
        statistics.factorisations += 1;
        seat.accepted = error <= 1.0;
        if !seat.accepted {
            statistics.error_failures += 1;
            seat.h = tried * factor.min(0.9);
            seat.refused = true;
            return Ok(());
        }
        seat.h = tried * if seat.refused { factor.min(1.0) } else { factor };
        seat.refused = false;
        seat.course.advance((at, &self.stepper), seat.end, seat.reached).map_err(failed)
    }

    /// Reads what there is to be read within the steps that are taken, in as few looks as one lane needs.
    fn look(&mut self) {
        for number in 0.. {
            let mut any = false;
            for (at, seat) in self.seats.iter_mut().enumerate() {
                let Some(seat) = seat.as_mut().filter(|seat| seat.accepted) else { continue };
                let Some((share, elapsed)) = seat.course.reading(number) else { continue };
                any = true;
                let place = &mut self.stepper.place;
                place.share.set_lane(at, share);
                place.time.set_lane(at, seat.course.field.fill_inputs(elapsed, &mut self.line));
                for (pack, value) in place.inputs.iter_mut().zip(&self.line) {
                    pack.set_lane(at, *value);
                }
            }
            if !any {
                return;
            }
            self.stepper.look();
            for (at, seat) in self.seats.iter_mut().enumerate() {
                if let Some(seat) = seat.as_mut().filter(|seat| seat.accepted) {
                    seat.course.take_reading(number, (at, &self.stepper));
                }
            }
        }
    }

    /// Above zero for lanes whose step is taken.
    fn taken(&self) -> N {
        let mut lanes = N::splat(0.0);
        for (at, seat) in self.seats.iter().enumerate() {
            if seat.as_ref().is_some_and(|seat| seat.accepted) {
                lanes.set_lane(at, 1.0);
            }
        }
        lanes
    }

    /// What follows on a step that was taken.
    fn concluded(&mut self, at: usize, seat: &mut Seat<'r>) -> Result<(), Ended> {
        if !seat.accepted {
            return Ok(());
        }
        let goes = seat.course.conclude((at, &self.stepper), seat.reached).map_err(failed)?;
        match goes {
            Goes::On => Ok(()),
            Goes::Anew => self.anew(at, seat).map_err(failed),
            Goes::Over => Err(Ended::Over),
        }
    }
}
