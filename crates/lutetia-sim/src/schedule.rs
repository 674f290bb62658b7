//! When does a run stop, and what holds in between?

use lutetia_model::system::{Switch, System};

use crate::events::times_within;
use crate::field::Segment;
use crate::inputs::Feeds;
use crate::record::{Record, Standing};
use crate::regimen::{Doses, same_moment};
use crate::switches::{matters, switch_times};

/// The model is asked for times this far (relative) inside a segment: more than what counts as one
/// moment, so that a branch that changes at the segment's end has changed for all of the next.
const INSIDE: f64 = 2e-12;

/// Parameters that hold from a time on: those of the next occasion (cycle) of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Internal time, zero or later.
    pub from: f64,
    /// All parameters, internal, in the order of
    /// [`System::parameters`](lutetia_model::System::parameters).
    pub parameters: Vec<f64>,
}

/// What happens to one patient from outside, and from when until when it is followed.
#[derive(Debug, Clone)]
pub(crate) struct Schedule<'s> {
    pub(crate) doses: Doses,
    /// Parameters that hold from a time on, times ascending.
    pub(crate) changes: &'s [Change],
    /// Where the run goes on from; from the initial state at time zero if nowhere.
    pub(crate) from: Option<&'s Standing>,
    /// Where it ends before anything is given there; after the last output, with what is given
    /// there, if nowhere.
    pub(crate) until: Option<f64>,
}

/// A stop of the schedule.
#[derive(Debug, Clone)]
pub(crate) struct Knot {
    pub(crate) time: f64,
    /// Timed switches that change their branch here.
    pub(crate) switches: Vec<usize>,
    /// Events that happen here because it is time, and for which time (from 0).
    pub(crate) events: Vec<(usize, usize)>,
}

/// Why there is a stop.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Edge,
    Switch(usize),
    Event(usize, usize),
}

/// Merges stops that cannot be told apart.
fn merged(mut times: Vec<(f64, Mark)>) -> Vec<Knot> {
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut knots: Vec<Knot> = Vec::new();
    for (time, mark) in times {
        if !knots.last().is_some_and(|last| same_moment(last.time, time)) {
            knots.push(Knot { time, switches: Vec::new(), events: Vec::new() });
        }
        if let Some(knot) = knots.last_mut() {
            match mark {
                Mark::Edge => {}
                Mark::Switch(switch) => knot.switches.push(switch),
                Mark::Event(event, k) => knot.events.push((event, k)),
            }
        }
    }
    knots
}

impl Schedule<'_> {
    /// Start, every stop, and the end, ascending and distinct. An integral to infinity may go on for
    /// `patience` after the last of them.
    pub(crate) fn knots(
        &self,
        system: &System,
        parameters: &[f64],
        feeds: &Feeds,
        record: &Record<'_>,
        patience: f64,
    ) -> Vec<Knot> {
        let start = self.from.map_or(0.0, |standing| standing.time);
        let last_time = self.until.unwrap_or_else(|| record.last_time());
        let integrals = !record.integrals.is_empty();
        let mut edges = self.doses.edges();
        edges.extend(feeds.edges());
        edges.extend(self.changes.iter().map(|change| change.from));
        let mut times: Vec<(f64, Mark)> = edges.into_iter().map(|t| (t, Mark::Edge)).collect();
        let matter = |switch: &Switch| switch.timed && matters(switch, integrals);
        if system.switches().iter().any(matter) || !system.events().is_empty() {
            let horizon = if record.to_infinity {
                times.iter().map(|t| t.0).fold(last_time, f64::max) + patience
            } else {
                last_time
            };
            for (from, to, parameters) in self.regimes(start, horizon, parameters) {
                let mut evaluator = system.evaluator();
                evaluator.set_parameters(parameters);
                let mut switches = Vec::new();
                switch_times(system, &evaluator, feeds, (from, to), integrals, &mut switches);
                times.extend(switches.into_iter().map(|(t, switch)| (t, Mark::Switch(switch))));
                let closed = to >= horizon;
                let events = times_within(system, &evaluator.event_times(), (from, to), closed);
                times.extend(events.into_iter().map(|(t, event, k)| (t, Mark::Event(event, k))));
            }
        }
        let begins = |t: f64| t > start || same_moment(t, start);
        let here = |&(t, mark): &(f64, Mark)| match mark {
            Mark::Event(..) => begins(t),
            _ => t > start,
        };
        times.retain(|entry| here(entry) && (record.to_infinity || entry.0 <= last_time));
        times.push((start, Mark::Edge));
        times.push((last_time, Mark::Edge));
        merged(times)
    }

    /// From when to when which parameters hold.
    fn regimes<'p>(
        &'p self,
        start: f64,
        horizon: f64,
        parameters: &'p [f64],
    ) -> Vec<(f64, f64, &'p [f64])> {
        let mut begins = vec![(start, parameters)];
        for change in self.changes {
            if change.from <= start {
                begins.clear();
            }
            begins.push((change.from.max(start), &change.parameters));
        }
        let end = |k: usize| begins.get(k + 1).map_or(horizon, |next| next.0.min(horizon));
        begins
            .iter()
            .enumerate()
            .map(|(k, &(from, parameters))| (from, end(k), parameters))
            .filter(|(from, to, _)| to > from)
            .collect()
    }

    /// Gives what is given at one of the knots.
    pub(crate) fn give_boluses(&self, knots: &[Knot], k: usize, x: &mut [f64]) {
        let start = knots.first().map_or(0.0, |knot| knot.time);
        for bolus in &self.doses.boluses {
            // What was given before a piece is in its states.
            let before = bolus.time < start && !same_moment(bolus.time, start);
            if !before && nearest(knots, bolus.time) == Some(k) {
                for &(state, amount) in &bolus.adds {
                    x[state] += amount;
                }
            }
        }
    }

    /// What flows in and what the inputs do between two knots. Where branches of the model are
    /// `timed`, times must be kept inside.
    pub(crate) fn segment(&self, feeds: &Feeds, timed: bool, from: f64, to: f64) -> Segment {
        // Where nothing follows, a moment later: an edge that merged with this knot lies behind.
        let middle =
            if to.is_finite() { 0.5 * (from + to) } else { from + (1e-9 * from).max(1e-12) };
        let sources = self
            .doses
            .infusions
            .iter()
            .filter(|infusion| infusion.start <= middle && middle < infusion.end)
            .flat_map(|infusion| infusion.sources.clone())
            .collect();
        let inside = if timed {
            let end = if to.is_finite() { to } else { from };
            let margin = (INSIDE * from.abs().max(end.abs())).min(0.25 * (to - from));
            (from + margin, to - margin)
        } else {
            (f64::NEG_INFINITY, f64::INFINITY)
        };
        Segment { start: from, inside, sources, inputs: feeds.lines(middle) }
    }
}

/// Index of the knot nearest to a time, if the time lies within the knots at all.
pub(crate) fn nearest(knots: &[Knot], time: f64) -> Option<usize> {
    let last = knots.last()?.time;
    if time > last && !same_moment(time, last) {
        return None;
    }
    let after = knots.partition_point(|knot| knot.time < time);
    match (after.checked_sub(1), knots.get(after)) {
        (Some(before), Some(knot)) if time - knots[before].time < knot.time - time => Some(before),
        (_, Some(_)) => Some(after),
        (before, None) => before,
    }
}
