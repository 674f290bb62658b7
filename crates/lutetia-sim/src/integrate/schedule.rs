//! When does a run stop, and what holds in between?

use super::Run;
use crate::equations::Segment;
use crate::regimen::same_moment;
use crate::switches::{Knot, knots, matters, switch_times};

/// The model is asked for times this far (relative) inside a segment: more than what counts as one
/// moment, so that a branch that changes at the segment's end has changed for all of the next.
const INSIDE: f64 = 2e-12;

impl Run<'_> {
    /// Start, every stop, and the end, ascending and distinct.
    pub(super) fn knots(&self) -> Vec<Knot> {
        let request = self.request;
        let to_infinity = request.options.to_infinity;
        let (start, last_time) = match request.piece {
            Some(piece) => (piece.from.map_or(0.0, |s| s.time), piece.until),
            None => (0.0, request.times.last().copied().unwrap_or(0.0)),
        };
        let mut edges = request.course.edges();
        edges.extend(request.feeds.edges());
        edges.extend(request.changes.iter().map(|change| change.from));
        let mut times: Vec<(f64, Option<usize>)> = edges.into_iter().map(|t| (t, None)).collect();
        let matter = |s: &lutetia_model::system::Switch| {
            s.timed && matters(s, !request.options.integrals.is_empty())
        };
        if request.system.switches().iter().any(matter) {
            let horizon = if to_infinity {
                times.iter().map(|t| t.0).fold(last_time, f64::max) + self.patience()
            } else {
                last_time
            };
            self.timed_knots(start, horizon, &mut times);
        }
        times.retain(|&(t, _)| t > start && (to_infinity || t <= last_time));
        times.push((start, None));
        times.push((last_time, None));
        knots(times)
    }

    /// Where branches change at a time known beforehand, under the parameters that hold then.
    fn timed_knots(&self, start: f64, horizon: f64, times: &mut Vec<(f64, Option<usize>)>) {
        let request = self.request;
        let mut regimes = vec![(start, request.parameters)];
        for change in request.changes {
            if change.from <= start {
                regimes.clear();
            }
            regimes.push((change.from.max(start), &change.parameters));
        }
        let mut evaluator = request.system.evaluator();
        for (k, (from, parameters)) in regimes.iter().enumerate() {
            let to = regimes.get(k + 1).map_or(horizon, |next| next.0.min(horizon));
            if to > *from {
                evaluator.set_parameters(parameters);
                let integrals = !request.options.integrals.is_empty();
                let (system, feeds) = (request.system, request.feeds);
                switch_times(system, &evaluator, feeds, (*from, to), integrals, times);
            }
        }
    }

    pub(super) fn give_boluses(&mut self, knots: &[Knot], k: usize) {
        let start = knots.first().map_or(0.0, |knot| knot.time);
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
    pub(super) fn segment(&self, from: f64, to: f64) -> Segment {
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
        let inside = if self.timed {
            let end = if to.is_finite() { to } else { from };
            let margin = (INSIDE * from.abs().max(end.abs())).min(0.25 * (to - from));
            (from + margin, to - margin)
        } else {
            (f64::NEG_INFINITY, f64::INFINITY)
        };
        Segment { start: from, inside, sources, inputs: self.request.feeds.lines(middle) }
    }
}

/// Index of the knot nearest to a time, if the time lies within the knots at all.
pub(super) fn nearest(knots: &[Knot], time: f64) -> Option<usize> {
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
