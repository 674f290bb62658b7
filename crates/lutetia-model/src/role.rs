//! What an output must be to play a role in a trial: its dimension, and for a cumulative hazard its kind.

use lutetia_units::{Dimension, Unit};

use crate::{
    expr::{Expr, Symbol},
    model::{Model, ParameterValue, Participant, Rate},
};

/// What an output is that cannot play a role.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Found {
    /// Of the dimension of a cumulative hazard, and none.
    #[error("a pure number that is not the integral of a hazard")]
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
    /// Cells per volume, graded by CTCAE.
    Count,
    /// Haemoglobin per volume, graded by CTCAE.
    Haemoglobin,
}

impl Role {
    /// The role of a key: `death`, `new_lesion`, `volume` or `marker`.
    #[must_use]
    pub fn named(key: &str) -> Option<Self> {
        match key {
            "death" | "new_lesion" => Some(Self::Hazard),
            "volume" => Some(Self::Size),
            "marker" => Some(Self::Marker),
            _ => None,
        }
    }

    /// The role of a count of CTCAE.
    #[must_use]
    pub fn of_count(item: &str) -> Self {
        if item == "haemoglobin" { Self::Haemoglobin } else { Self::Count }
    }

    /// What is expected, for people.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Hazard => {
                "a cumulative hazard: a pure number that starts at 0 and only grows, the integral of a hazard in a state of its own"
            }
            Self::Size => "a volume, a mass or a number of cells, such as `mL`, `g` or `cells`",
            Self::Marker => {
                "a marker in serum, such as `ug/L`, `nmol/L` or `1/L`, or the mass, volume or cells of the tumour it comes from"
            }
            Self::Haemoglobin => "a mass per volume, such as `g/dL`",
            Self::Count => "cells per volume, such as `cells/nL`",
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
            Self::Haemoglobin => dimension == per_volume(Dimension::MASS),
            Self::Count => [Dimension::COUNT, Dimension::NONE].map(per_volume).contains(&dimension),
        }
    }

    /// Why an output of a model (index into `Model::outputs`) cannot play the role; none where it can.
    #[must_use]
    pub fn unfit(self, model: &Model, output: usize) -> Option<Found> {
        let unit = &model.outputs.get(output)?.unit;
        let dimension = unit.dimension();
        if self.takes(dimension) {
            let fits = self != Self::Hazard || is_cumulative_hazard(model, output);
            (!fits).then_some(Found::NoIntegral)
        } else if dimension.is_none() {
            Some(Found::Number)
        } else {
            Some(Found::Dimension { dimension, unit: unit.clone() })
        }
    }

    /// The outputs that could play it, in the order of the model.
    pub fn fitting(self, model: &Model) -> impl Iterator<Item = &str> {
        let outputs = model.outputs.iter().enumerate();
        outputs.filter(move |(k, _)| self.unfit(model, *k).is_none()).map(|(_, o)| o.name.as_str())
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
