//! When does a run stop, and what holds in between?

use lutetia_model::system::{Switch, System};

use crate::doses::Doses;
use crate::events::{is_endless, times_within};
use crate::field::Segment;
use crate::inputs::{Feeds, Line};
use crate::record::{Record, Standing};
use crate::regimen::{Change, same_moment};
use crate::switches::{matters, switch_times};

/// The model is asked for times this far (relative) inside a segment: more than what counts as one
/// moment, so that a branch that changes at the segment's end has changed for all of the next.
const INSIDE: f64 = 2e-12;

/// An event without an end has shown what it does once it has happened so often.
const OFTEN: usize = 2;

/// What happens to one patient from outside, and from when until when it is followed.
#[derive(Debug, Clone)]
pub(crate) struct Schedule<'s> {
    pub(crate) doses: Doses,
    /// Parameters that hold from a time on, times ascending.
    pub(crate) changes: &'s [Change],
    /// Where the run goes on from; from the initial state at its start if nowhere.
    pub(crate) from: Option<&'s Standing>,
    /// Where it ends before anything is given there; after the last output, with what is given
    /// there, if nowhere.
    pub(crate) until: Option<f64>,
    /// Where time, inputs and what depends on them stand still and events do not happen: the moment they show.
    pub(crate) still: Option<f64>,
}

/// A stop of the schedule.
#[derive(Debug, Clone)]
pub(crate) struct Knot {
    pub(crate) time: f64,
    /// Timed switches that change their branch here.
    pub(crate) switches: Vec<usize>,
    /// Events that happen here because it is time, and for which time (from 0).
    pub(crate) events: Vec<(usize, usize)>,
    /// Whether it is there for repetitions alone of events that have no end.
    pub(crate) repeats: bool,
}

/// Why there is a stop.
#[derive(Debug, Clone, Copy)]
enum Mark {
    Edge,
    Switch(usize),
    /// An event, which repetition, and whether it has no end.
    Event(usize, usize, bool),
}

/// Merges stops that cannot be told apart.
fn merged(mut times: Vec<(f64, Mark)>) -> Vec<Knot> {
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut knots: Vec<Knot> = Vec::new();
    for (time, mark) in times {
        if !knots.last().is_some_and(|last| same_moment(last.time, time)) {
            let (switches, events) = (Vec::new(), Vec::new());
            knots.push(Knot { time, switches, events, repeats: true });
        }
        if let Some(knot) = knots.last_mut() {
            knot.repeats &= matches!(mark, Mark::Event(_, OFTEN.., true));
            match mark {
                Mark::Edge => {}
                Mark::Switch(switch) => knot.switches.push(switch),
                Mark::Event(event, k, _) => knot.events.push((event, k)),
            }
        }
    }
    knots
}

impl Schedule<'_> {
    /// When a run starts: at zero, or at the first dose or output where that is earlier.
    pub(crate) fn start(&self, record: &Record<'_>) -> f64 {
        let outputs = record.times.first().copied();
        let first = || self.doses.first().into_iter().chain(outputs).fold(0.0, f64::min);
        self.from.map_or_else(first, |standing| standing.time)
    }

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
        let start = self.start(record);
        let last_time = self.until.unwrap_or_else(|| record.last_time());
        let integrals = !record.integrals.is_empty();
        let mut edges = self.doses.edges();
        edges.extend(feeds.edges());
        edges.extend(self.changes.iter().map(|change| change.from));
        let mut times: Vec<(f64, Mark)> = edges.into_iter().map(|t| (t, Mark::Edge)).collect();
        let matter = |switch: &Switch| switch.timed && matters(switch, integrals);
        let moves = self.still.is_none();
        if moves && (system.switches().iter().any(matter) || !system.events().is_empty()) {
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
                times.extend(
                    events
                        .into_iter()
                        .map(|(t, event, k)| (t, Mark::Event(event, k, is_endless(system, event)))),
                );
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

    /// Whether something of a time belongs to one of the knots, and to this run.
    pub(crate) fn is_at(&self, knots: &[Knot], k: usize, time: f64) -> bool {
        let start = knots.first().map_or(0.0, |knot| knot.time);
        // What was given before a piece is in its states.
        let before = time < start && !same_moment(time, start);
        !before && nearest(knots, time) == Some(k)
    }

    /// What flows in and what the inputs do between two knots. Where branches of the model are
    /// `timed`, times must be kept inside.
    pub(crate) fn segment(&self, feeds: &Feeds, timed: bool, from: f64, to: f64) -> Segment {
        // Where nothing follows, a moment later: an edge that merged with this knot lies behind.
        let middle =
            if to.is_finite() { 0.5 * (from + to) } else { from + (1e-9 * from.abs()).max(1e-12) };
        let sources = self
            .doses
            .infusions
            .iter()
            .filter(|infusion| infusion.start <= middle && middle < infusion.end)
            .flat_map(|infusion| infusion.sources.clone())
            .collect();
        if let Some(moment) = self.still {
            // Just after it, as what begins there has begun.
            let moment = moment + (INSIDE * moment.abs()).max(1e-12);
            let flat = |line: Line| Line { value: line.at(moment), slope: 0.0, ..line };
            let inputs = feeds.lines(moment).into_iter().map(flat).collect();
            return Segment { start: from, inside: (moment, moment), sources, inputs };
        }
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
