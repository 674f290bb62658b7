//! What do doses do to a run, and to its derivatives?
//!
//! A bolus b(p) that arrives at τ(p) makes x⁺ = x⁻ + b, so that s⁺ = s⁻ + (f⁻ − f⁺)τ' + b', and an integral of g
//! gains (g⁻ − g⁺)τ'. Where an infusion of rate u begins s falls by u·τ', where it ends it rises by u·τ', and in
//! between s' has ∂u/∂p beside J·s + ∂f/∂p.

use super::run::Run;
use super::tangents::Tangents;
use crate::doses::{Bolus, Setting};
use crate::error::SolveFailure;
use crate::events::apply;
use crate::field::Field;
use crate::schedule::Knot;
use crate::switches::Side;

/// The knots of a run, and at which of them it is.
pub(super) type At<'k> = (&'k [Knot], usize);

impl Run<'_> {
    /// How parameters move what is given at a knot: one entry for each dose that arrives, begins or ends there.
    pub(super) fn shifts_of_doses(
        &self,
        tangents: Option<&Tangents<'_, '_>>,
        (knots, k): At<'_>,
    ) -> Vec<Vec<f64>> {
        let Some(tangents) = tangents else { return Vec::new() };
        let moves = tangents.moves();
        let schedule = &self.task.lane.schedule;
        let doses = &schedule.doses;
        let here = |time: f64| schedule.is_at(knots, k, time);
        let still = || vec![0.0; tangents.lanes()];
        let mut all: Vec<Vec<f64>> = Vec::new();
        let boluses = doses.boluses.iter().filter(|b| here(b.time));
        all.extend(boluses.map(|b| moves.arrivals(b.target)));
        for infusion in &doses.infusions {
            let arrival = moves.arrivals(infusion.by.target);
            if here(infusion.end) {
                let end = arrival.iter().enumerate();
                let end = end.map(|(lane, a)| a + infusion.over * moves.length(infusion.by, lane));
                all.push(if infusion.own.1 { end.collect() } else { still() });
            }
            if here(infusion.start) {
                all.push(if infusion.own.0 { arrival } else { still() });
            }
        }
        let fixed = doses.settings.iter().map(|s| s.time).chain(doses.resets.iter().copied());
        all.extend(
            fixed.chain(doses.steady.iter().map(|s| s.time)).filter(|t| here(*t)).map(|_| still()),
        );
        all
    }

    /// Gives what is given at a knot. Returns how parameters move that moment.
    pub(super) fn give(
        &mut self,
        field: &Field,
        tangents: Option<&Tangents<'_, '_>>,
        at: At<'_>,
    ) -> Result<Vec<f64>, SolveFailure> {
        let lane = self.task.lane;
        let (schedule, doses) = (&lane.schedule, &lane.schedule.doses);
        let here = |time: f64| schedule.is_at(at.0, at.1, time);
        if let Some(tangents) = tangents {
            self.edges(tangents, &here, true);
        }
        if doses.resets.iter().any(|&time| here(time)) {
            field.initial(&mut self.x);
            if let Some(tangents) = tangents {
                tangents.initial(&mut self.s);
            }
            self.begin_anew(field, tangents);
        }
        for setting in doses.settings.iter().filter(|s| here(s.time)) {
            self.set(setting);
        }
        for adds in [false, true] {
            for steady in doses.steady.iter().filter(|s| here(s.time) && s.adds == adds) {
                self.settle_down(field, tangents, steady)?;
                if !adds {
                    self.begin_anew(field, tangents);
                }
            }
        }
        if let Some(tangents) = tangents {
            self.edges(tangents, &here, false);
        }
        let boluses: Vec<&Bolus> = doses.boluses.iter().filter(|b| here(b.time)).collect();
        match tangents {
            Some(tangents) => self.add_and_move(field, tangents, &boluses),
            None => {
                for add in boluses.iter().flat_map(|b| &b.adds) {
                    self.x[add.state] += add.amount;
                }
                Ok(Vec::new())
            }
        }
    }

    /// Conditions are looked at as at the start, and nothing waits.
    fn begin_anew(&mut self, field: &Field, tangents: Option<&Tangents<'_, '_>>) {
        if self.has_events() {
            let lanes = tangents.map_or(0, Tangents::lanes);
            self.agenda.begin(field, &self.x, None, lanes);
        }
    }

    /// What the ends, or the starts, of infusions do to the tangents.
    fn edges(&mut self, tangents: &Tangents<'_, '_>, here: &dyn Fn(f64) -> bool, ends: bool) {
        let moves = tangents.moves();
        if moves.is_empty() {
            return;
        }
        let n = self.x.len();
        for infusion in &self.task.lane.schedule.doses.infusions {
            let (time, own) = if ends {
                (infusion.end, infusion.own.1)
            } else {
                (infusion.start, infusion.own.0)
            };
            if !own || !here(time) {
                continue;
            }
            for lane in 0..tangents.lanes() {
                let arrival = moves.arrival(infusion.by.target, lane);
                let shift = if ends {
                    arrival + infusion.over * moves.length(infusion.by, lane)
                } else {
                    -arrival
                };
                for source in &infusion.sources {
                    self.s[lane * n + source.state] += source.rate(time, 0.0) * shift;
                }
            }
        }
    }

    /// An amount is set, as an event sets it.
    fn set(&mut self, setting: &Setting) {
        let lanes = self.s.len() / self.x.len().max(1);
        let still = vec![0.0; lanes];
        let Some(forms) = &setting.forms else {
            let (action, value) = &setting.total;
            let nothing = self.tolerances.nothing_of(action);
            apply(action, (*value, nothing), &mut self.x, &mut self.s, &still);
            return;
        };
        let n = self.x.len();
        for &(state, value) in forms {
            self.x[state] = value;
            for lane in 0..lanes {
                self.s[lane * n + state] = 0.0;
            }
        }
    }

    /// Boluses, whose moments and amounts parameters change.
    fn add_and_move(
        &mut self,
        field: &Field,
        tangents: &Tangents<'_, '_>,
        boluses: &[&Bolus],
    ) -> Result<Vec<f64>, SolveFailure> {
        let (n, lanes) = (self.x.len(), tangents.lanes());
        let moves = tangents.moves();
        let arrivals: Vec<Vec<f64>> = boluses.iter().map(|b| moves.arrivals(b.target)).collect();
        let moving = arrivals.iter().flatten().any(|shift| shift.abs() > 0.0);
        let outputs = self.task.layout.n_outputs;
        let side = |x: &[f64]| Side::at(field, self.elapsed, x, outputs);
        let before = moving.then(|| side(&self.x));
        let apart = arrivals.windows(2).any(|two| super::run::moves_apart(&two[0], &two[1]));
        if apart && self.has_events() {
            return Err(self.no_derivative());
        }
        // Where they move apart each has its own effect, which must not depend on the others.
        let alone: Vec<Side> = boluses
            .iter()
            .filter(|_| moving && apart)
            .map(|bolus| {
                let mut x = self.x.clone();
                bolus.adds.iter().for_each(|add| x[add.state] += add.amount);
                side(&x)
            })
            .collect();
        for (bolus, arrivals) in boluses.iter().zip(&arrivals) {
            for add in &bolus.adds {
                self.x[add.state] += add.amount;
                for (lane, arrival) in arrivals.iter().enumerate() {
                    let share = moves.share(bolus.target, lane);
                    self.s[lane * n + add.state] += share * add.amount + add.by_lag * arrival;
                }
            }
        }
        let Some(before) = before else { return Ok(vec![0.0; lanes]) };
        let after = Side::at(field, self.elapsed, &self.x, outputs);
        if apart {
            if !adds_up(&before, &after, &alone) {
                return Err(self.no_derivative());
            }
            for (alone, arrivals) in alone.iter().zip(&arrivals) {
                self.move_by(&before, alone, arrivals);
            }
            return Ok(vec![0.0; lanes]);
        }
        let shift = arrivals.first().cloned().unwrap_or_else(|| vec![0.0; lanes]);
        self.move_by(&before, &after, &shift);
        Ok(shift)
    }

    /// The moment at which one side follows another is moved by each parameter.
    fn move_by(&mut self, before: &Side, after: &Side, shift: &[f64]) {
        let (n, chosen) = (self.x.len(), self.task.plan.record.integrals);
        for (lane, shift) in shift.iter().enumerate().filter(|(_, s)| s.abs() > 0.0) {
            for (k, s) in self.s[lane * n..(lane + 1) * n].iter_mut().enumerate() {
                *s += (before.processes[k] - after.processes[k]) * shift;
            }
            let m = chosen.len();
            let integrals = &mut self.recorder.integrals[(lane + 1) * m..(lane + 2) * m];
            for (&output, integral) in chosen.iter().zip(integrals) {
                *integral += (before.outputs[output] - after.outputs[output]) * shift;
            }
        }
    }

    fn no_derivative(&self) -> SolveFailure {
        SolveFailure::NoDerivative { when: self.when() }
    }
}

/// Whether the effects of several doses, each alone, are that of all together.
fn adds_up(before: &Side, after: &Side, alone: &[Side]) -> bool {
    let same = |of: &dyn Fn(&Side) -> &[f64]| {
        let (before, after) = (of(before), of(after));
        (0..before.len()).all(|k| {
            let parts: Vec<f64> = alone.iter().map(|side| of(side)[k] - before[k]).collect();
            let size = parts.iter().map(|p| p.abs()).fold(before[k].abs(), f64::max);
            (parts.iter().sum::<f64>() - (after[k] - before[k])).abs() <= 1e-9 * size
        })
    };
    same(&|side| &side.processes) && same(&|side| &side.outputs)
}
