//! What an output must be to play a role in a trial: its dimension, and for a cumulative hazard its kind.

use lutetia_model::{Expr, Model, ParameterValue, Participant, Rate, Symbol};
use lutetia_outcome::endpoint::{Ctcae, Toxicity as Graded};
use lutetia_scenario::LoadedModel;
use lutetia_units::{Dimension, Quantity, Unit};

use lutetia_outcome::OutcomeError;
use lutetia_sim::SimError;
use lutetia_trial::{TrialSpec, summary::Endpoint};

use super::TrialStep;
use crate::steps::{NeedsEndpoint, StepError, TrialStepError};

/// Why an output, or what names it, cannot play a role.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleFault {
    /// An output that the model does not have.
    #[error("`{key}`: {source}")]
    NoOutput {
        /// The key, with the toxicity where it is that of one.
        key: String,
        /// What there is.
        source: Box<SimError>,
    },
    /// An output of another kind.
    #[error("`{key}` is `{output}`, {found}; expected {}{}", .role.expected(), outputs_that_fit(.fitting))]
    Unfit {
        /// The key, with the toxicity where it is that of one.
        key: String,
        /// The output.
        output: String,
        /// What it is.
        found: Found,
        /// What it is to be.
        role: Role,
        /// Outputs of the model that could play the role, five at most.
        fitting: Vec<String>,
    },
    /// No count of the CTCAE.
    #[error("the toxicity `{toxicity}`: {source}")]
    NoItem {
        /// The toxicity.
        toxicity: String,
        /// What there is.
        source: Box<OutcomeError>,
    },
    /// An arm in which something happens at a progression that nothing can show.
    #[error(
        "the arm `{arm}` {} at progression, and nothing can progress; name `volume` or `new_lesion`",
        if *.crosses { "crosses over" } else { "stops treatment" }
    )]
    NoProgression {
        /// The arm.
        arm: String,
        /// Whether its patients cross over; else their treatment stops.
        crosses: bool,
    },
}

/// What an output is that cannot play a role.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Found {
    /// Of the dimension of a cumulative hazard, and none.
    #[error("a pure number that is no integral of a hazard")]
    NoIntegral,
    /// Without a dimension where one is needed.
    #[error("a pure number")]
    Number,
    /// Of another dimension.
    #[error("{dimension}, in `{unit}`")]
    Dimension {
        /// The dimension.
        dimension: Dimension,
        /// The unit it is declared in.
        unit: Unit,
    },
}

fn outputs_that_fit(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] => "; no output of the model is one".to_owned(),
        names => format!("; outputs that are: {}", names.join(", ")),
    }
}

/// A role of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// `death`, `new_lesion`: a pure number that only grows, from 0.
    Hazard,
    /// `volume`: of the tumour, its mass or its number of cells; response is judged by its ratio to the start.
    Size,
    /// `marker`: what is measured in serum, or the size of the tumour it comes from.
    Marker,
    /// `ctcae`: cells per volume, or haemoglobin per volume.
    Graded(Graded),
}

impl Role {
    /// What is expected, for people.
    fn expected(self) -> &'static str {
        match self {
            Self::Hazard => {
                "a cumulative hazard: a pure number that starts at 0 and only grows, the integral of a hazard in a state of its own"
            }
            Self::Size => "a volume, a mass or a number of cells, such as `mL`, `g` or `cells`",
            Self::Marker => {
                "a marker in serum, such as `ug/L`, `nmol/L` or `1/L`, or the mass, volume or cells of the tumour it comes from"
            }
            Self::Graded(Graded::Haemoglobin) => "a mass per volume, such as `g/dL`",
            Self::Graded(_) => "cells per volume, such as `cells/nL`",
        }
    }

    /// Whether an output of that dimension can play it.
    fn takes(self, dimension: Dimension) -> bool {
        let per_volume = |d: Dimension| d / Dimension::VOLUME;
        let size = [Dimension::VOLUME, Dimension::MASS, Dimension::COUNT];
        match self {
            Self::Hazard => dimension.is_none(),
            Self::Size => size.contains(&dimension),
            Self::Marker => {
                let measured =
                    [Dimension::MASS, Dimension::AMOUNT, Dimension::COUNT, Dimension::NONE];
                size.contains(&dimension) || measured.map(per_volume).contains(&dimension)
            }
            Self::Graded(Graded::Haemoglobin) => dimension == per_volume(Dimension::MASS),
            Self::Graded(_) => {
                [Dimension::COUNT, Dimension::NONE].map(per_volume).contains(&dimension)
            }
        }
    }

    /// Why an output cannot play the role; none where it can.
    fn fault(self, model: &LoadedModel, key: &str, name: &str) -> Option<RoleFault> {
        let system = model.simulator.system();
        let key = key.to_owned();
        let output = match model.simulator.output(name) {
            Ok(output) => output,
            Err(source) => return Some(RoleFault::NoOutput { key, source: Box::new(source) }),
        };
        let info = &system.outputs()[output];
        let dimension = info.unit.dimension();
        let fits = |k: usize| {
            let info = &system.outputs()[k];
            self.takes(info.unit.dimension())
                && (self != Self::Hazard || is_cumulative_hazard(&model.model, info.index))
        };
        if fits(output) {
            return None;
        }
        let found = if self.takes(dimension) {
            Found::NoIntegral
        } else if dimension.is_none() {
            Found::Number
        } else {
            Found::Dimension { dimension, unit: info.unit.clone() }
        };
        let fitting = (0..system.outputs().len())
            .filter(|&k| fits(k))
            .map(|k| system.outputs()[k].name.clone())
            .take(5)
            .collect();
        Some(RoleFault::Unfit { key, output: name.to_owned(), found, role: self, fitting })
    }
}

/// How an expression hangs on the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Course {
    /// On none: zero, or another constant of the patient.
    Zero,
    Constant,
    /// Grows from 0 with time alone, as what a shifted hazard has before its start.
    Passing,
    /// Grows with states that only grow, one at least.
    Growing,
    Other,
}

/// Whether an output is a cumulative hazard as far as its equations say: a sum of states, times constants, each of
/// which starts at 0, is never consumed, and grows at a rate that does not depend on itself (a rate `k·(X − H)` follows
/// X and falls with it). What grows with time alone may be added, as a hazard that begins a moment late has it
/// (`H + c·t/(t + t_0)`), but is none by itself: a clock or a share of a course has no hazard behind it.
fn is_cumulative_hazard(model: &Model, output: usize) -> bool {
    model.outputs.get(output).is_some_and(|o| course(model, &o.expr) == Course::Growing)
}

fn course(model: &Model, expr: &Expr) -> Course {
    use Course::{Constant, Growing, Other, Passing, Zero};
    let of = |e: &Expr| course(model, e);
    match expr {
        Expr::Number(x) if x.abs() < f64::MIN_POSITIVE => Zero,
        Expr::Number(_) => Constant,
        Expr::Symbol(symbol) => match symbol {
            Symbol::Time => Passing,
            // What no output drives keeps its default in a trial.
            Symbol::Parameter(_)
            | Symbol::Covariate(_)
            | Symbol::CovariateLevel(..)
            | Symbol::Input(_) => Constant,
            Symbol::Define(k) => model.defines.get(*k).map_or(Other, |d| of(&d.expr)),
            Symbol::Quantity(k) if accumulates(model, *k) => Growing,
            Symbol::Volume(k) => model.compartments.get(*k).map_or(Other, |c| of(&c.volume)),
            _ => Other,
        },
        Expr::Add(a, b) => match (of(a), of(b)) {
            (Zero, x) | (x, Zero) => x,
            (Growing, Growing | Passing) | (Passing, Growing) => Growing,
            (Passing, Passing) => Passing,
            (Constant, Constant) => Constant,
            _ => Other,
        },
        Expr::Mul(a, b) => match (of(a), of(b)) {
            (Zero, _) | (_, Zero) => Zero,
            (x @ (Growing | Passing), Constant) if !is_negative(model, b) => x,
            (Constant, x @ (Growing | Passing)) if !is_negative(model, a) => x,
            (Constant, Constant) => Constant,
            _ => Other,
        },
        Expr::Div(a, b) => match (of(a), of(b)) {
            (x @ (Growing | Passing), Constant) if !is_negative(model, b) => x,
            // x/(x + c) grows with x, from 0.
            (x @ (Growing | Passing), _) if is_itself_and_more(model, a, b) => x,
            (Constant | Zero, Constant) => Constant,
            _ => Other,
        },
        Expr::Neg(a) => still([of(a)]),
        Expr::Sub(a, b) | Expr::Pow(a, b) => still([of(a), of(b)]),
        Expr::Call(_, arguments) => still(arguments.iter().map(of)),
    }
}

/// Whether `whole` is `part` and a constant.
fn is_itself_and_more(model: &Model, part: &Expr, whole: &Expr) -> bool {
    let Expr::Add(x, y) = whole else { return false };
    let constant = |e: &Expr| course(model, e) == Course::Constant && !is_negative(model, e);
    (**x == *part && constant(y)) || (**y == *part && constant(x))
}

/// Whether an expression is written as below zero. Where the sign hangs on values (`1 - x`), it is not.
fn is_negative(model: &Model, expr: &Expr) -> bool {
    let of = |e: &Expr| is_negative(model, e);
    match expr {
        Expr::Number(x) => *x < 0.0,
        Expr::Symbol(Symbol::Parameter(k)) => model
            .parameters
            .get(*k)
            .is_some_and(|p| matches!(p.value, ParameterValue::Number(x) if x < 0.0)),
        Expr::Symbol(Symbol::Define(k)) => model.defines.get(*k).is_some_and(|d| of(&d.expr)),
        Expr::Neg(a) => !of(a),
        Expr::Mul(a, b) | Expr::Div(a, b) => of(a) != of(b),
        Expr::Add(a, b) => of(a) && of(b),
        Expr::Sub(..) | Expr::Pow(..) | Expr::Call(..) | Expr::Symbol(_) => false,
    }
}

/// A constant where all parts are.
fn still(parts: impl IntoIterator<Item = Course>) -> Course {
    let constant = |c: Course| matches!(c, Course::Constant | Course::Zero);
    if parts.into_iter().all(constant) { Course::Constant } else { Course::Other }
}

/// Whether a state starts at 0 and only gains, at a rate that does not depend on itself and is not written as a loss.
fn accumulates(model: &Model, state: usize) -> bool {
    let is = |p: &(Participant, f64)| p.0 == Participant::Quantity(state);
    let starts_at_zero = model
        .quantities
        .get(state)
        .is_some_and(|q| matches!(q.initial, Expr::Number(x) if x.abs() < f64::MIN_POSITIVE));
    let mut gains = false;
    for process in &model.processes {
        if process.reactants.iter().any(is) {
            return false;
        }
        if process.products.iter().any(is) {
            let (Rate::Explicit(rate) | Rate::MassAction { coefficient: rate, .. }) = &process.rate;
            if mentions(model, rate, state) || is_negative(model, rate) {
                return false;
            }
            gains = true;
        }
    }
    starts_at_zero && gains
}

fn mentions(model: &Model, expr: &Expr, state: usize) -> bool {
    let mut found = false;
    let mut defines = Vec::new();
    expr.for_each_symbol(&mut |s| match s {
        Symbol::Quantity(k) => found |= k == state,
        Symbol::Define(k) => defines.push(k),
        _ => {}
    });
    // Each definition uses only earlier ones, so this ends.
    found
        || defines
            .into_iter()
            .any(|k| model.defines.get(k).is_some_and(|d| mentions(model, &d.expr, state)))
}

/// Whether the outputs of a trial can play their roles.
///
/// # Errors
/// Everything that stands against it, in one [`TrialStepError::Roles`].
pub fn check(step: &TrialStep, model: &LoadedModel) -> Result<(), StepError> {
    let mut roles: Vec<(String, Role, &str)> = Vec::new();
    let named = [
        ("death", Role::Hazard, &step.death),
        ("new_lesion", Role::Hazard, &step.new_lesion),
        ("volume", Role::Size, &step.volume),
        ("marker", Role::Marker, &step.marker),
    ];
    for (key, role, output) in named {
        if let Some(output) = output {
            roles.push((key.to_owned(), role, output));
        }
    }
    let mut faults = Vec::new();
    for t in &step.toxicities {
        match t.ctcae.as_deref().map(Graded::named) {
            Some(Ok(item)) => {
                roles.push((format!("{}, ctcae", t.name), Role::Graded(item), &t.output));
            }
            Some(Err(source)) => {
                faults
                    .push(RoleFault::NoItem { toxicity: t.name.clone(), source: Box::new(source) });
            }
            None => {}
        }
    }
    faults.extend(roles.iter().filter_map(|(key, role, output)| role.fault(model, key, output)));
    // What happens at progression needs something that can progress.
    if step.volume.is_none() && step.new_lesion.is_none() {
        for arm in &step.arms {
            let crosses = arm.crossover.is_some();
            if crosses || arm.stop_at_progression {
                faults.push(RoleFault::NoProgression { arm: arm.name.clone(), crosses });
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(TrialStepError::Roles(faults).into()) }
}

/// Whether a trial has an endpoint that something later is computed from.
///
/// # Errors
/// Names the roles that are missing.
pub(crate) fn needs(
    spec: &TrialSpec,
    trial: &str,
    endpoint: Endpoint,
    what: NeedsEndpoint,
) -> Result<(), StepError> {
    if Endpoint::of_trial(spec).contains(&endpoint) {
        return Ok(());
    }
    Err(TrialStepError::NoEndpoint { what, endpoint, trial: trial.to_owned() }.into())
}

/// Limits of the CTCAE grades of an output, internal.
///
/// # Errors
/// An unknown item, or an output of another dimension.
pub fn graded_limits(
    model: &LoadedModel,
    name: &str,
    item: &str,
    output: &str,
) -> Result<Vec<f64>, StepError> {
    let item = Graded::named(item).map_err(|source| {
        let toxicity = name.to_owned();
        TrialStepError::Roles(vec![RoleFault::NoItem { toxicity, source: Box::new(source) }])
    })?;
    let row = Ctcae::of(item)?;
    let key = format!("{name}, ctcae");
    if let Some(fault) = Role::Graded(item).fault(model, &key, output) {
        return Err(TrialStepError::Roles(vec![fault]).into());
    }
    let system = model.simulator.system();
    let index = model.simulator.output(output)?;
    let info = &system.outputs()[index];
    // The table counts cells in 10⁹/L and haemoglobin in g/dL.
    let counted = (info.unit.dimension() * Dimension::VOLUME).is_none();
    let unit = match item {
        Graded::Haemoglobin => "g/dL",
        _ if counted => "1/nL",
        _ => "cells/nL",
    };
    row.limits()
        .into_iter()
        .flatten()
        .map(|l| {
            let limit = Quantity::parse(&format!("{l} {unit}"))?;
            Ok(limit.to(&info.unit)? / info.factor)
        })
        .collect()
}
