//! In which state is a system whose doses have been given at an interval for ever?
//!
//! That state comes back after one interval. It is searched with [`FixedPoint`] from the initial state of the model,
//! whose conserved sums it therefore keeps, until a further step changes no amount by more than the relative tolerance
//! of the run; the interval itself is integrated more exactly, since a slow mode makes much of a small error. Its
//! derivatives come back after an interval in the same way.

use super::run::{Run, Task, integrate_from};
use super::tangents::Tangents;
use crate::doses::{Doses, Steady};
use crate::engine::{Lane, Plan};
use crate::error::{NoSteadyState, SolveFailure};
use crate::field::Field;
use crate::fixed_point::FixedPoint;
use crate::record::{Record, Standing, Statistics};
use crate::schedule::Schedule;
use crate::text::{time_text, with_unit};
use crate::tolerance::Tolerance;

/// Most intervals that are integrated.
const MOST_INTERVALS: usize = 150;
/// An interval is integrated with this share of the relative tolerance, and no less than the next.
const SHARE: f64 = 1e-4;
const LEAST: f64 = 1e-12;

/// An entry beyond this many times what is the least that counts, a thousandth of what is given, is not a steady state.
const MOST_PILED_UP: f64 = 1e11;

/// One interval of doses, again and again.
struct Interval<'a> {
    task: Task<'a>,
    steady: &'a Steady,
    lane: Lane<'a>,
    statistics: Statistics,
}

impl Interval<'_> {
    /// The states, and the tangents where some are given, one interval later.
    fn image(
        &mut self,
        states: Vec<f64>,
        tangents: Option<&[f64]>,
    ) -> Result<(Vec<f64>, Vec<f64>), SolveFailure> {
        let standing = Standing { time: self.steady.time, states, ..Standing::default() };
        let Task { system, plan, .. } = self.task;
        let rtol = plan.tolerance.rtol;
        let tolerance = Tolerance { rtol: (SHARE * rtol).max(LEAST), ..plan.tolerance };
        let nothing = Record { times: &[], integrals: &[], to_infinity: false, states: false };
        let plan = Plan { record: nothing, tolerance, wrt: plan.wrt };
        let lane = Lane {
            parameters: self.lane.parameters,
            schedule: Schedule { from: Some(&standing), ..self.lane.schedule.clone() },
            inputs: self.lane.inputs.clone(),
            stop_rule: None,
            out: Err(SolveFailure::Interrupted),
        };
        let with = self.task.tangents.filter(|_| tangents.is_some());
        let task = Task { system, plan: &plan, lane: &lane, tangents: with, ..self.task };
        let run = integrate_from(&task, tangents)?;
        self.statistics.add(&run.statistics);
        Ok((run.x, run.s))
    }
}

impl Run<'_> {
    /// Puts the steady state of doses in the place of the states; or adds what they make of the steady state without them.
    pub(super) fn settle_down(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        steady: &Steady,
    ) -> Result<(), SolveFailure> {
        let (x, s) = self.settled(field, tangents, steady, steady.interval.clone())?;
        if !steady.adds {
            self.x.copy_from_slice(&x);
            self.s.copy_from_slice(&s);
            return Ok(());
        }
        let (rest, still) = self.settled(field, tangents, steady, steady.interval.emptied())?;
        let add = |to: &mut [f64], with: &[f64], without: &[f64]| {
            for (to, (with, without)) in to.iter_mut().zip(with.iter().zip(without)) {
                *to += with - without;
            }
        };
        add(&mut self.x, &x, &rest);
        add(&mut self.s, &s, &still);
        Ok(())
    }

    /// The state that comes back after an interval of these doses, and its derivatives where they are asked for.
    fn settled(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        steady: &Steady,
        doses: Doses,
    ) -> Result<(Vec<f64>, Vec<f64>), SolveFailure> {
        let parameters = field.parameters();
        let schedule = Schedule {
            doses,
            changes: &[],
            from: None,
            until: Some(steady.time + steady.every),
            still: Some(steady.time),
        };
        let lane = Lane {
            parameters: &parameters,
            schedule,
            inputs: self.task.lane.inputs.clone(),
            stop_rule: None,
            out: Err(SolveFailure::Interrupted),
        };
        let mut interval =
            Interval { task: self.task, steady, lane, statistics: Statistics::default() };
        let rtol = self.task.plan.tolerance.rtol;
        let absolute = self.tolerances.absolute.clone();
        let mut x = vec![0.0; self.x.len()];
        field.initial(&mut x);
        let least: Vec<f64> = absolute.iter().map(|a| a / rtol).collect();
        let x = search(x, (&least, rtol), |x| Ok(interval.image(x.to_vec(), None)?.0))
            .map_err(|fault| self.unsettled(steady, fault))?;
        let mut s = vec![0.0; self.s.len()];
        if let Some(tangents) = tangents {
            tangents.initial(&mut s);
            let least: Vec<f64> =
                self.tangent_tolerances(&absolute).iter().map(|a| a / rtol).collect();
            s = search(s, (&least, rtol), |s| Ok(interval.image(x.clone(), Some(s))?.1))
                .map_err(|fault| self.unsettled(steady, fault))?;
        }
        self.statistics.add(&interval.statistics);
        Ok((x, s))
    }

    /// Why there is no steady state, for people.
    fn unsettled(&self, steady: &Steady, fault: Unsettled) -> SolveFailure {
        let (entry, gain, intervals) = match fault {
            Unsettled::Failed(failure) => return failure,
            Unsettled::NotFound { entry, gain, intervals } => (entry, gain, intervals),
        };
        let states = self.task.system.states();
        let state = &states[entry % states.len()];
        let change = with_unit(gain.abs() * state.factor, state.unit.symbol());
        self.no_steady_state(NoSteadyState {
            into: steady.into.join("` and `"),
            every: time_text(self.task.system.units(), steady.every),
            state: state.name.clone(),
            change: format!("{} {change}", if gain < 0.0 { "loses" } else { "gains" }),
            intervals,
            parameters: String::new(),
        })
    }
}

/// Why a search ended without a steady state.
enum Unsettled {
    Failed(SolveFailure),
    NotFound { entry: usize, gain: f64, intervals: usize },
}

impl From<SolveFailure> for Unsettled {
    fn from(failure: SolveFailure) -> Self {
        Self::Failed(failure)
    }
}

/// Where the map of an interval stays: until two steps in a row change no entry by more than `rtol` of it, or of the
/// `least` that counts, and an interval changes none by more than that.
fn search(
    mut point: Vec<f64>,
    (least, rtol): (&[f64], f64),
    mut image: impl FnMut(&[f64]) -> Result<Vec<f64>, SolveFailure>,
) -> Result<Vec<f64>, Unsettled> {
    let mut map = FixedPoint::default();
    let mut settled = 0;
    let mut most = vec![0.0_f64; point.len()];
    for intervals in 1..=MOST_INTERVALS {
        let next_image = image(&point)?;
        for (most, x) in most.iter_mut().zip(&next_image) {
            *most = most.max(x.abs());
        }
        let sizes: Vec<f64> = most.iter().zip(least).map(|(m, l)| (m + l).max(1e-200)).collect();
        let mut next = map.next(&point, next_image.clone(), &sizes);
        // A combination may leave what can be, or all that a slow mode can pile up; an image does not.
        let leaves = |(next, (image, least)): (&f64, (&f64, &f64))| {
            (*next < -rtol * least && *image >= 0.0) || next.abs() > MOST_PILED_UP * least
        };
        if next.iter().zip(next_image.iter().zip(least)).any(leaves) {
            next = next_image;
        }
        let stays = next
            .iter()
            .zip(&point)
            .zip(least)
            .all(|((a, b), l)| (a - b).abs() <= rtol * (a.abs() + l));
        // Far beyond what is given a gain is a small share, too, and a gain.
        settled = if stays && map.is_near(least) { settled + 1 } else { 0 };
        point = next;
        if settled == 2 {
            return Ok(point);
        }
        let moving = map.moving_on(least);
        let last = (intervals == MOST_INTERVALS).then(|| map.worst(least)).flatten();
        if let Some((entry, gain)) = moving.or(last) {
            return Err(Unsettled::NotFound { entry, gain, intervals });
        }
    }
    Ok(point)
}
