//! What happens at a moment of a run: which events, when, and what do they change?
//!
//! Events at times are stops of the schedule. A condition changes where one of its switches does, and is looked at
//! there and after every dose and event; what it triggers with a delay waits in the [`Agenda`].

use std::cmp::Ordering;

use lutetia_model::system::{ActionInfo, EventTarget, EventTimes, System, TriggerInfo};
use lutetia_units::Dimension;

use crate::error::{Bounded, EventTime};
use crate::field::Field;
use crate::impossible::Fault;
use crate::record::Standing;
use crate::regimen::same_moment;
use crate::text::quantity_text;

/// Most events of one run, and most repetitions of one.
const MOST: usize = 100_000;
/// Most events at one moment: more trigger each other for ever.
const MOST_AT_ONCE: usize = 1000;

/// An event that is to happen, and by how much each parameter that is differentiated by moves its moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Due {
    pub(crate) event: usize,
    pub(crate) shift: Vec<f64>,
}

/// Events that come without an end.
#[derive(Debug)]
pub(crate) struct WithoutEnd {
    pub(crate) event: usize,
    /// All at one moment, or so many in a run.
    pub(crate) at_once: bool,
}

impl WithoutEnd {
    /// How many there were.
    pub(crate) fn count(&self) -> usize {
        if self.at_once { MOST_AT_ONCE } else { MOST }
    }
}

/// What is to come.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    /// Which conditions are true.
    truth: Vec<bool>,
    /// What was triggered and waits, the earliest first.
    pending: Vec<(f64, Due)>,
    happened: usize,
    at_once: usize,
    values: Vec<f64>,
}

impl Agenda {
    /// Takes the conditions as they are, or as they were when a run stopped, and what waited then.
    pub(crate) fn begin(
        &mut self,
        field: &Field,
        x: &[f64],
        standing: Option<&Standing>,
        lanes: usize,
    ) {
        self.values = vec![0.0; field.system().event_values()];
        self.truth = match standing {
            Some(standing) if !standing.truth.is_empty() => standing.truth.clone(),
            _ => self.conditions(field, 0.0, x),
        };
        let waiting = standing.map_or(&[][..], |standing| &standing.waiting);
        let due = |&(time, event): &(f64, usize)| (time, Due { event, shift: vec![0.0; lanes] });
        self.pending = waiting.iter().map(due).collect();
    }

    /// Which conditions are true.
    pub(crate) fn truth(&self) -> &[bool] {
        &self.truth
    }

    fn conditions(&mut self, field: &Field, elapsed: f64, x: &[f64]) -> Vec<bool> {
        field.events_into(elapsed, x, &mut self.values);
        let events = field.system().events().len();
        self.values[..events].iter().map(|value| *value > 0.5).collect()
    }

    /// The conditions that have become true since they were last looked at.
    pub(crate) fn risen(&mut self, field: &Field, elapsed: f64, x: &[f64]) -> Vec<usize> {
        let now = self.conditions(field, elapsed, x);
        let risen = (0..now.len()).filter(|&k| now[k] && !self.truth[k]).collect();
        self.truth = now;
        risen
    }

    /// The values of the actions, with the states as they are.
    pub(crate) fn values(&mut self, field: &Field, elapsed: f64, x: &[f64]) -> &[f64] {
        field.events_into(elapsed, x, &mut self.values);
        &self.values
    }

    /// Lets an event wait until a time.
    pub(crate) fn wait(&mut self, time: f64, due: Due) {
        let place = self.pending.partition_point(|(earlier, _)| *earlier <= time);
        self.pending.insert(place, (time, due));
    }

    /// When the next one that waits happens.
    pub(crate) fn next_time(&self) -> Option<f64> {
        self.pending.first().map(|(time, _)| *time)
    }

    /// Those that waited for this moment.
    pub(crate) fn take(&mut self, time: f64) -> Vec<Due> {
        let now = |&(at, _): &(f64, Due)| at <= time || same_moment(at, time);
        let count = self.pending.iter().take_while(|entry| now(entry)).count();
        self.pending.drain(..count).map(|(_, due)| due).collect()
    }

    /// What still waits, for a run that goes on from here.
    pub(crate) fn waiting(&self) -> Vec<(f64, usize)> {
        self.pending.iter().map(|(time, due)| (*time, due.event)).collect()
    }

    /// Another moment begins.
    pub(crate) fn another_moment(&mut self) {
        self.at_once = 0;
    }

    /// Counts one, while there are not too many.
    pub(crate) fn count(&mut self, event: usize) -> Result<(), WithoutEnd> {
        self.happened += 1;
        self.at_once += 1;
        if self.at_once > MOST_AT_ONCE {
            return Err(WithoutEnd { event, at_once: true });
        }
        if self.happened > MOST {
            return Err(WithoutEnd { event, at_once: false });
        }
        Ok(())
    }
}

/// What events put where, as far as it can be told from the initial state: the scale of amounts that come by events
/// alone.
pub(crate) fn made_by_events(field: &Field, x: &[f64]) -> Vec<(usize, f64)> {
    let system = field.system();
    if system.events().is_empty() {
        return Vec::new();
    }
    let mut values = vec![0.0; system.event_values()];
    field.events_into(0.0, x, &mut values);
    let mut made = Vec::new();
    for event in system.events() {
        for (action, value) in event.actions.iter().zip(&values[event.first_value..]) {
            if let EventTarget::Amount { cold, hot } = &action.target
                && value.is_finite()
                && *value > 0.0
            {
                made.extend(cold.iter().chain(hot).map(|&state| (state, *value)));
            }
        }
    }
    made
}

/// The next of those due: of the highest priority, the first in the file.
pub(crate) fn next_due(system: &System, due: &mut Vec<Due>) -> Option<Due> {
    let events = system.events();
    let order = |a: &Due, b: &Due| {
        let priority = |due: &Due| events[due.event].priority;
        match priority(b).total_cmp(&priority(a)) {
            Ordering::Equal => a.event.cmp(&b.event),
            other => other,
        }
    };
    let first = (0..due.len()).min_by(|&a, &b| order(&due[a], &due[b]))?;
    Some(due.remove(first))
}

/// Looks whether events can happen when their parameters say so, until a time.
pub(crate) fn check(system: &System, times: &[EventTimes], horizon: f64) -> Result<(), Fault> {
    for (event, times) in system.events().iter().zip(times) {
        let text = |time: f64| quantity_text(system.units(), Dimension::TIME, time);
        let wrong = |which: EventTime, value: f64, expected: &'static str| Fault::Impossible {
            what: Box::new(Bounded::EventTime { event: event.name.clone(), which }),
            value: text(value),
            expected,
        };
        if !(times.delay.is_finite() && times.delay >= 0.0) {
            return Err(wrong(EventTime::Delay, times.delay, "a finite time, zero or more"));
        }
        let TriggerInfo::Times { repeats, times: most } = event.trigger else { continue };
        if !(times.at.is_finite() && times.at >= 0.0) {
            return Err(wrong(EventTime::First, times.at, "a finite time, zero or later"));
        }
        if !repeats {
            continue;
        }
        if !(times.every.is_finite() && times.every > 0.0) {
            return Err(wrong(EventTime::Interval, times.every, "a finite time above zero"));
        }
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let too_many = (horizon - times.at) / times.every > MOST as f64;
        if too_many && most.is_none_or(|n| n as usize > MOST) {
            return Err(wrong(
                EventTime::Interval,
                times.every,
                "an interval at which it happens at most 100 000 times in a run",
            ));
        }
    }
    Ok(())
}

/// Looks whether events happen at the same times in every occasion: else it would not be known which of them happened.
pub(crate) fn check_same(
    system: &System,
    first: &[EventTimes],
    other: &[EventTimes],
) -> Result<(), Fault> {
    for ((event, first), other) in system.events().iter().zip(first).zip(other) {
        for (which, a, b) in [
            (EventTime::First, first.at, other.at),
            (EventTime::Interval, first.every, other.every),
        ] {
            if (a - b).abs() > 0.0 {
                return Err(Fault::Impossible {
                    what: Box::new(Bounded::EventTime { event: event.name.clone(), which }),
                    value: quantity_text(system.units(), Dimension::TIME, b),
                    expected: "the same time in every occasion",
                });
            }
        }
    }
    Ok(())
}

/// Whether an event happens again and again without an end.
pub(crate) fn is_endless(system: &System, event: usize) -> bool {
    matches!(system.events()[event].trigger, TriggerInfo::Times { repeats: true, times: None })
}

/// Times within `from ≤ t < to` at which events happen that do so at times: (time, event, repetition).
pub(crate) fn times_within(
    system: &System,
    times: &[EventTimes],
    (from, to): (f64, f64),
    closed: bool,
) -> Vec<(f64, usize, usize)> {
    let mut found = Vec::new();
    for (index, (event, times)) in system.events().iter().zip(times).enumerate() {
        let TriggerInfo::Times { repeats, times: most } = event.trigger else { continue };
        let most = if repeats { most.map_or(MOST, |n| (n as usize).min(MOST)) } else { 1 };
        for k in 0..most {
            #[expect(clippy::cast_precision_loss, reason = "few")]
            let after = if k == 0 { 0.0 } else { k as f64 * times.every };
            let time = times.at + after + times.delay;
            let beyond = time > to || (!closed && same_moment(time, to));
            if beyond && !(closed && same_moment(time, to)) {
                break;
            }
            if time >= from || same_moment(time, from) {
                found.push((time, index, k));
            }
        }
    }
    found
}

/// Changes the states of an action. Of an amount that carries a nuclide the forms keep their shares where it is set
/// and is more than `nothing`, else it becomes cold; what is added is cold. `moved` are the tangents at the moving moment, lane after lane, with the derivatives of the
/// value.
pub(crate) fn apply(
    action: &ActionInfo,
    (value, nothing): (f64, f64),
    x: &mut [f64],
    moved: &mut [f64],
    by_parameter: &[f64],
) {
    let n = x.len();
    let set = |x: &mut [f64], moved: &mut [f64], state: usize, value: f64| {
        x[state] = value;
        for (lane, d) in by_parameter.iter().enumerate() {
            moved[lane * n + state] = *d;
        }
    };
    let add = |x: &mut [f64], moved: &mut [f64], state: usize| {
        x[state] += value;
        for (lane, d) in by_parameter.iter().enumerate() {
            moved[lane * n + state] += d;
        }
    };
    let (cold, hot) = match &action.target {
        EventTarget::Quantity(state) if action.adds => return add(x, moved, *state),
        EventTarget::Quantity(state) => return set(x, moved, *state, value),
        EventTarget::Amount { cold, hot } => (*cold, hot),
    };
    let Some(first) = cold.or(hot.first().copied()) else { return };
    if action.adds {
        return add(x, moved, first);
    }
    let all: Vec<usize> = cold.iter().chain(hot).copied().collect();
    let total: f64 = all.iter().map(|&k| x[k]).sum();
    if all.len() == 1 || total <= nothing {
        for &k in &all {
            x[k] = 0.0;
            for lane in 0..by_parameter.len() {
                moved[lane * n + k] = 0.0;
            }
        }
        return set(x, moved, first, value);
    }
    let share = value / total;
    for (lane, d) in by_parameter.iter().enumerate() {
        let moved = &mut moved[lane * n..(lane + 1) * n];
        let of_total: f64 = all.iter().map(|&k| moved[k]).sum();
        let of_share = (d - share * of_total) / total;
        for &k in &all {
            moved[k] = of_share * x[k] + share * moved[k];
        }
    }
    for &k in &all {
        x[k] *= share;
    }
}
