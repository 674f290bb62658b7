//! What do events do to a run, and to its derivatives?
//!
//! At an event at τ the states become h(τ, x, p). A parameter also moves the moment by τ', so that with the slopes f
//! before and after s⁺ = ∂h/∂x·(s⁻ + f⁻τ') + ∂h/∂t·τ' + ∂h/∂p − f⁺τ', and an integral of g gains (g⁻ − g⁺)τ'.

use lutetia_model::system::{EventTarget, TriggerInfo};
use lutetia_units::Dimension;

use super::run::Run;
use super::tangents::Tangents;
use crate::error::{Bounded, SolveFailure};
use crate::events::{Due, WithoutEnd, apply, next_due};
use crate::field::Field;
use crate::impossible::Fault;
use crate::schedule::Knot;
use crate::switches::Side;
use crate::text::quantity_text;

impl Run<'_> {
    /// Whether events happen at all.
    pub(super) fn has_events(&self) -> bool {
        !self.task.system.events().is_empty() && self.task.lane.schedule.still.is_none()
    }

    /// What happens at a knot because it is time.
    pub(super) fn due_at(&self, tangents: Option<&Tangents<'_, '_>>, knot: &Knot) -> Vec<Due> {
        knot.events
            .iter()
            .map(|&(event, k)| Due { event, shift: shift_of_times(tangents, event, Some(k)) })
            .collect()
    }

    /// Lets happen what is due at this moment, and what that triggers. `cause` is how parameters move a moment at
    /// which conditions became true by themselves. Tells whether anything happened.
    pub(super) fn settle(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        mut due: Vec<Due>,
        cause: &[f64],
    ) -> Result<bool, SolveFailure> {
        if !self.has_events() {
            return Ok(false);
        }
        self.agenda.another_moment();
        let mut happened = false;
        let mut cause = cause.to_vec();
        loop {
            for event in self.agenda.risen(field, self.elapsed, &self.x) {
                self.triggered(field, tangents, event, &cause, &mut due);
            }
            let Some(next) = next_due(self.task.system, &mut due) else { return Ok(happened) };
            self.agenda.count(next.event).map_err(|fault| self.without_end(&fault))?;
            self.happen(field, tangents, &next)?;
            happened = true;
            cause = next.shift;
        }
    }

    /// A condition has become true: its event is due now, or after its delay.
    fn triggered(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        event: usize,
        cause: &[f64],
        due: &mut Vec<Due>,
    ) {
        if self.task.system.events()[event].trigger != TriggerInfo::Condition {
            return;
        }
        let delay = field.event_times()[event].delay;
        let by_delay = shift_of_times(tangents, event, None);
        let shift = cause.iter().zip(by_delay).map(|(a, b)| a + b).collect();
        let due_then = Due { event, shift };
        if delay > 0.0 {
            self.agenda.wait(self.time + delay, due_then);
        } else {
            due.push(due_then);
        }
    }

    /// One event.
    fn happen(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        due: &Due,
    ) -> Result<(), SolveFailure> {
        let system = self.task.system;
        let event = &system.events()[due.event];
        let values = self.agenda.values(field, self.elapsed, &self.x);
        let values = values[event.first_value..event.first_value + event.actions.len()].to_vec();
        let n_outputs = self.task.layout.n_outputs;
        let (n, lanes) = (self.x.len(), tangents.map_or(0, Tangents::lanes));
        let before = tangents.map(|_| Side::at(field, self.elapsed, &self.x, n_outputs));
        let mut derivatives = vec![vec![0.0; lanes]; event.actions.len()];
        if let (Some(tangents), Some(before)) = (tangents, &before) {
            let first = event.first_value - system.events().len();
            tangents.action_derivatives(
                (self.elapsed, &self.x, &self.s),
                (&before.slope, &due.shift),
                first,
                &mut derivatives,
            );
            for (lane, shift) in due.shift.iter().enumerate().filter(|(_, s)| s.abs() > 0.0) {
                for (s, f) in self.s[lane * n..(lane + 1) * n].iter_mut().zip(&before.slope) {
                    *s += f * shift;
                }
            }
        }
        let was = self.x.clone();
        for ((action, &value), derivatives) in event.actions.iter().zip(&values).zip(&derivatives) {
            if !value.is_finite() {
                let dimension = match &action.target {
                    EventTarget::Quantity(state) => system.states()[*state].dimension,
                    EventTarget::Amount { .. } => Dimension::AMOUNT,
                };
                return Err(self.impossible(&event.name, &action.name, (value, dimension)));
            }
            let nothing = self.tolerances.nothing_of(action);
            apply(action, (value, nothing), &mut self.x, &mut self.s, derivatives);
        }
        let mut shown = self.x.clone();
        self.tolerances.clear(&mut shown);
        // What the solver left below zero is none of the event's doing.
        let made_less = |k: usize| {
            shown[k] < 0.0 && system.states()[k].species.is_some() && differs(self.x[k], was[k])
        };
        if let Some(k) = (0..n).find(|&k| made_less(k)) {
            let amount = (shown[k], Dimension::AMOUNT);
            return Err(self.impossible(&event.name, &system.states()[k].name, amount));
        }
        if let Some(before) = &before {
            let after = Side::at(field, self.elapsed, &self.x, n_outputs);
            let chosen = self.task.plan.record.integrals;
            for (lane, shift) in due.shift.iter().enumerate().filter(|(_, s)| s.abs() > 0.0) {
                for (s, f) in self.s[lane * n..(lane + 1) * n].iter_mut().zip(&after.slope) {
                    *s -= f * shift;
                }
                let m = chosen.len();
                let integrals = &mut self.recorder.integrals[(lane + 1) * m..(lane + 2) * m];
                for (&output, integral) in chosen.iter().zip(integrals) {
                    *integral += (before.outputs[output] - after.outputs[output]) * shift;
                }
            }
        }
        Ok(())
    }

    /// What an event makes of a state cannot be.
    fn impossible(
        &self,
        event: &str,
        state: &str,
        (value, dimension): (f64, Dimension),
    ) -> SolveFailure {
        let units = self.task.system.units();
        self.refused_along(Fault::Impossible {
            what: Box::new(Bounded::Made { event: event.to_owned(), state: state.to_owned() }),
            value: quantity_text(units, dimension, value),
            expected: if value.is_finite() {
                "an amount of zero or more"
            } else {
                "a finite number"
            },
        })
    }

    fn without_end(&self, fault: &WithoutEnd) -> SolveFailure {
        SolveFailure::EventsWithoutEnd {
            event: self.task.system.events()[fault.event].name.clone(),
            count: fault.count(),
            at_once: fault.at_once,
            when: self.when(),
        }
    }
}

/// Whether two numbers are not the same number.
fn differs(a: f64, b: f64) -> bool {
    (a - b).abs() > 0.0
}

/// How parameters move the moment of an event: of a repetition of one at times, or the delay of another.
fn shift_of_times(tangents: Option<&Tangents<'_, '_>>, event: usize, k: Option<usize>) -> Vec<f64> {
    let Some(tangents) = tangents else { return Vec::new() };
    let mut shift = vec![0.0; tangents.lanes()];
    for (row, lane, value) in tangents.event_times_derivatives() {
        if row / 3 != event {
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let weight = match (row % 3, k) {
            (0, Some(_)) | (2, _) => 1.0,
            (1, Some(k)) => k as f64,
            _ => 0.0,
        };
        if weight > 0.0 {
            shift[lane] += weight * value;
        }
    }
    shift
}
