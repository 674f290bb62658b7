//! Which draws are not plausible patients?

use lutetia_model::system::System;

use crate::{
    effects::Effects,
    error::{Instead, PopulationError, Refusing},
    law::Form,
    range::PopulationRange,
};

/// What must lie between two values for a patient to be plausible.
#[derive(Debug, Clone, PartialEq)]
pub struct Limit {
    /// A parameter (before covariate effects), a covariate, or an output at time zero.
    pub name: String,
    /// Least plausible value.
    pub lower: Option<f64>,
    /// Greatest plausible value.
    pub upper: Option<f64>,
}

/// Where the value of a limit is found.
#[derive(Debug, Clone, Copy)]
enum Place {
    Slot(usize),
    Output(usize),
}

#[derive(Debug, Clone)]
struct Placed {
    place: Place,
    lower: f64,
    upper: f64,
    said: Refusing,
}

/// What a draw must meet: the bounds of the model file where there is a random effect, and the limits of the cohort.
#[derive(Debug, Clone)]
pub(crate) struct Limits(Vec<Placed>);

impl Limits {
    pub(crate) fn of(
        system: &System,
        effects: &Effects,
        limits: &[Limit],
    ) -> Result<Self, PopulationError> {
        let infos = system.parameters();
        let mut placed = Vec::new();
        for effect in effects.between().iter().chain(effects.within()) {
            // Logit-normal draws lie within their bounds by construction.
            let (lower, upper) = effect.bounds;
            if matches!(effect.form, Form::LogitNormal { .. })
                || (lower.is_none() && upper.is_none())
            {
                continue;
            }
            placed.push(Placed {
                place: Place::Slot(effect.slot),
                lower: lower.unwrap_or(f64::NEG_INFINITY),
                upper: upper.unwrap_or(f64::INFINITY),
                said: Refusing::Bounds { parameter: effect.name.clone() },
            });
        }
        for limit in limits {
            let (lower, upper) =
                (limit.lower.unwrap_or(f64::NEG_INFINITY), limit.upper.unwrap_or(f64::INFINITY));
            if lower.is_nan() || upper.is_nan() || lower >= upper {
                return Err(PopulationRange::Limit { name: limit.name.clone() }.into());
            }
            let place = place(system, &limit.name)?;
            let (unit, factor) = match place {
                Place::Slot(slot) => (infos[slot].unit.symbol(), infos[slot].factor),
                // Outputs are divided by their factor, parameters multiplied.
                Place::Output(o) => {
                    let info = &system.outputs()[o];
                    (info.unit.symbol(), 1.0 / info.factor)
                }
            };
            let said = Refusing::Limit {
                name: limit.name.clone(),
                range: (lower / factor, upper / factor),
                unit: unit.to_owned(),
            };
            placed.push(Placed { place, lower, upper, said });
        }
        Ok(Self(placed))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// A limit that [`refusal`](Self::refusal) named.
    pub(crate) fn refusing(&self, index: usize) -> Refusing {
        self.0[index].said.clone()
    }

    /// The first limit that refuses a draw.
    pub(crate) fn refusal(&self, system: &System, occasions: &[Vec<f64>]) -> Option<usize> {
        if self.0.is_empty() {
            return None;
        }
        let mut outputs = Vec::new();
        if self.0.iter().any(|l| matches!(l.place, Place::Output(_))) {
            let mut evaluator = system.evaluator();
            evaluator.set_parameters(&occasions[0]);
            let mut x = vec![0.0; system.states().len()];
            evaluator.initial(&mut x);
            let inputs: Vec<f64> =
                system.inputs().iter().map(|i| i.default.unwrap_or(0.0)).collect();
            outputs.resize(system.outputs().len(), 0.0);
            evaluator.outputs(0.0, &x, &inputs, &mut outputs);
        }
        self.0.iter().position(|limit| {
            let meets = |value: f64| value >= limit.lower && value <= limit.upper;
            match limit.place {
                Place::Slot(slot) => !occasions.iter().all(|parameters| meets(parameters[slot])),
                Place::Output(output) => !meets(outputs[output]),
            }
        })
    }
}

fn place(system: &System, name: &str) -> Result<Place, PopulationError> {
    if let Some(slot) = system.parameter_index(name) {
        return Ok(Place::Slot(slot));
    }
    system.output_index(name).map(Place::Output).ok_or_else(|| {
        let parameters = system.parameters().iter().map(|p| p.name.as_str());
        let names = parameters.chain(system.outputs().iter().map(|o| o.name.as_str()));
        PopulationError::Unknown {
            what: "parameter, covariate or output",
            name: name.to_owned(),
            instead: Instead::of(name, names),
        }
    })
}
