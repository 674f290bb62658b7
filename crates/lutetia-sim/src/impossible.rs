//! Numbers that nature does not allow, and organs that a patient does not have.

use lutetia_model::system::{Limit, LimitKind, System};

use crate::doses::Doses;
use crate::error::{Bounded, Filling, SolveFailure};
use crate::field::Field;
use crate::text::quantity_text;

/// A coefficient that varies may fall below zero by this share of the most it was: the error of
/// the states it is made of.
const ROUNDING: f64 = 1e-4;

/// What a run must not do, evaluated along it.
#[derive(Debug)]
pub(crate) struct Limits {
    values: Vec<f64>,
    /// Largest magnitude of each number that varies.
    most: Vec<f64>,
    varying: bool,
    /// States in compartments of volume zero.
    absent: Vec<usize>,
}

/// What was found.
#[derive(Debug)]
pub(crate) enum Fault {
    Impossible { what: Box<Bounded>, value: String, expected: &'static str },
    Missing { organ: String, what: Filling },
}

impl Fault {
    pub(crate) fn at(self, when: Option<String>, parameters: String) -> SolveFailure {
        match self {
            Self::Impossible { what, value, expected } => SolveFailure::Impossible {
                what,
                value,
                expected,
                when: when.map_or_else(String::new, |when| format!(" at {when}")),
                parameters,
            },
            Self::Missing { organ, what } => SolveFailure::MissingOrgan { organ, what, parameters },
        }
    }
}

impl Limits {
    pub(crate) fn new(system: &System) -> Self {
        let limits = system.limits();
        Self {
            values: vec![0.0; limits.len()],
            most: vec![0.0; limits.len()],
            varying: limits.iter().any(|limit| !limit.fixed),
            absent: Vec::new(),
        }
    }

    /// Looks at everything the parameters fix, before the run and where they change.
    pub(crate) fn check_fixed(
        &mut self,
        system: &System,
        field: &Field,
        doses: &Doses,
        x: &[f64],
    ) -> Result<(), Fault> {
        field.limits_into(0.0, x, &mut self.values);
        let limits = system.limits();
        for (limit, &value) in limits.iter().zip(&self.values) {
            if limit.fixed && !is_possible(limit.kind, value) {
                return Err(impossible(system, limit, value));
            }
        }
        let gone = |k: usize| {
            limits[k].kind == LimitKind::Volume && limits[k].fixed && is_zero(self.values[k])
        };
        let missing: Vec<usize> = (0..limits.len()).filter(|&k| gone(k)).collect();
        self.absent.clear();
        if missing.is_empty() {
            return Ok(());
        }
        for (limit, &value) in limits.iter().zip(&self.values) {
            let into = limit.into.iter().find(|&&place| gone(place));
            let from_there = limit.from.iter().any(|&place| gone(place));
            if let Some(&place) = into
                && limit.fixed
                && !from_there
                && !is_zero(value)
            {
                let text = quantity_text(system.units(), limit.dimension, value);
                let name = limit.name.clone();
                let what = match limit.kind {
                    LimitKind::Initial => Filling::Start { state: name, amount: text },
                    _ => Filling::Process { process: name, rate: text },
                };
                return Err(Fault::Missing { organ: limits[place].name.clone(), what });
            }
        }
        for (index, state) in system.states().iter().enumerate() {
            let place = missing.iter().find(|&&k| state.place.as_ref() == Some(&limits[k].name));
            if let Some(&place) = place {
                if doses.given.iter().any(|&(given, amount)| given == index && amount > 0.0) {
                    let what = Filling::Dose { state: state.name.clone() };
                    return Err(Fault::Missing { organ: limits[place].name.clone(), what });
                }
                self.absent.push(index);
            }
        }
        Ok(())
    }

    /// Whether there is something to look at along the run.
    pub(crate) fn look_along(&self) -> bool {
        self.varying || !self.absent.is_empty()
    }

    /// Looks at what varies, and that what is not there stays empty.
    pub(crate) fn check_along(
        &mut self,
        system: &System,
        field: &Field,
        elapsed: f64,
        x: &[f64],
    ) -> Result<(), Fault> {
        if let Some(&filled) = self.absent.iter().find(|&&k| !is_zero(x[k])) {
            let state = &system.states()[filled];
            return Err(Fault::Missing {
                organ: state.place.clone().unwrap_or_default(),
                what: Filling::Flow { state: state.name.clone() },
            });
        }
        if !self.varying {
            return Ok(());
        }
        field.limits_into(elapsed, x, &mut self.values);
        for ((limit, &value), most) in system.limits().iter().zip(&self.values).zip(&mut self.most)
        {
            if limit.fixed {
                continue;
            }
            *most = most.max(value.abs());
            let rounding = if limit.kind == LimitKind::Volume { 0.0 } else { ROUNDING * *most };
            // A value that is not a number shows in the states it makes.
            if value < -rounding || (limit.kind == LimitKind::Delay && value <= 0.0) {
                return Err(impossible(system, limit, value));
            }
        }
        Ok(())
    }
}

fn is_zero(x: f64) -> bool {
    x.abs() <= 0.0
}

fn is_possible(kind: LimitKind, value: f64) -> bool {
    if kind == LimitKind::Delay { value > 0.0 } else { value >= 0.0 }
}

fn impossible(system: &System, limit: &Limit, value: f64) -> Fault {
    let expected = match limit.kind {
        LimitKind::Volume => {
            "a volume above zero, or exactly zero for an organ the patient does not have"
        }
        LimitKind::Coefficient => "a rate of zero or more",
        LimitKind::Initial => "an amount of zero or more",
        LimitKind::Delay => "a time above zero",
    };
    let value = quantity_text(system.units(), limit.dimension, value);
    let (kind, name, formula) = (limit.kind, limit.name.clone(), limit.text.clone());
    Fault::Impossible { what: Box::new(Bounded::Limit { kind, name, formula }), value, expected }
}
