//! `delay(x, tau, n)`: what was, in the mean `tau` ago, as a chain of `n` transit states.

use lutetia_diagnostic::{Diagnostic, Span};
use lutetia_units::Dimension;

use super::{
    code,
    names::{Found, Names, Place, not_here},
    syntax::{Raw, RawKind},
};
use crate::{
    expr::{Expr, Symbol},
    model::{Delay, Participant, Process, QuantityState, Rate},
};

/// Most transit states of one delay.
const MOST: usize = 100;
/// Most transit states of a model.
const MOST_OF_ALL: usize = 5000;

impl Names {
    /// dz₁/dt = (x − z₁)·n/τ, dzₖ/dt = (zₖ₋₁ − zₖ)·n/τ, all empty at the start; the value is zₙ.
    pub(super) fn delay(
        &mut self,
        arguments: &[Raw],
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        const WRITE: &str = "write `delay(x, tau, n)`: the mean delay is tau, its variance tau^2/n, n transit states";
        let [of, tau, count] = arguments else {
            faults.push(
                Diagnostic::error(
                    code::ARGUMENTS,
                    format!("`delay` has {} arguments; expected 3", arguments.len()),
                )
                .at(span, "")
                .hint(WRITE),
            );
            return None;
        };
        if place != Place::Anywhere {
            faults.push(not_here("delay", "a delay, which varies in time", place, span));
            return None;
        }
        let found = self.resolve(of, place, faults);
        let mean = self.resolve(tau, place, faults);
        let stages = match count.kind {
            RawKind::Number(n) if n.fract().abs() <= 0.0 && (1.0..=MOST as f64).contains(&n) => {
                Some(n as usize)
            }
            _ => {
                faults.push(
                    Diagnostic::error(
                        code::NUMBER,
                        format!(
                            "the number of transit states is not a whole number from 1 to {MOST}"
                        ),
                    )
                    .at(count.span, "")
                    .hint(
                        "a number of transit states such as `5`: the more, the sharper the delay",
                    ),
                );
                None
            }
        };
        let ((of, dimension), (mean, of_mean), stages) = (found?, mean?, stages?);
        if of_mean != Some(Dimension::TIME) {
            let found = of_mean.map_or_else(|| "zero".to_owned(), |d| d.to_string());
            faults.push(
                Diagnostic::error(
                    code::DIMENSION,
                    format!("the mean of a delay is {found}; expected a time above zero"),
                )
                .at(tau.span, "")
                .hint("declare it under `[parameters]`: `tau = \"2 h\"`"),
            );
            return None;
        }
        let same = |d: &&Delay| d.states == stages && d.of == of && d.mean == mean;
        if let Some(known) = self.delays.iter().find(same) {
            let last = Symbol::Quantity(known.first + stages - 1);
            return Some((Expr::Symbol(last), dimension));
        }
        let first = self.delays.last().map_or(self.states, |d| d.first + d.states);
        if first - self.states + stages > MOST_OF_ALL {
            faults.push(
                Diagnostic::error(
                    code::SIZE,
                    format!("the delays of the model have more than {MOST_OF_ALL} transit states"),
                )
                .at(span, "")
                .hint("use fewer of them"),
            );
            return None;
        }
        self.delays.push(Delay {
            name: format!("delay{}", self.delays.len() + 1),
            of,
            mean,
            dimension: dimension.unwrap_or(Dimension::NONE),
            first,
            states: stages,
        });
        Some((Expr::Symbol(Symbol::Quantity(first + stages - 1)), dimension))
    }

    /// The states and processes of all delays.
    pub(super) fn transit(&self) -> (Vec<QuantityState>, Vec<Process>) {
        let (mut states, mut processes) = (Vec::new(), Vec::new());
        for delay in &self.delays {
            for k in 0..delay.states {
                let name = format!("{}~{}", delay.name, k + 1);
                let here = Expr::Symbol(Symbol::Quantity(delay.first + k));
                let before = match k {
                    0 => delay.of.clone(),
                    _ => Expr::Symbol(Symbol::Quantity(delay.first + k - 1)),
                };
                let flux = Expr::Number(delay.states as f64) * (before - here) / delay.mean.clone();
                states.push(QuantityState {
                    name: name.clone(),
                    unit: self.units.unit_of(delay.dimension),
                    initial: Expr::Number(0.0),
                    about: Some(format!("transit state of {}", delay.name)),
                });
                processes.push(Process {
                    name,
                    reactants: Vec::new(),
                    products: vec![(Participant::Quantity(delay.first + k), 1.0)],
                    rate: Rate::Explicit(flux),
                    text: format!("{}*(before - here)/mean", delay.states),
                });
            }
        }
        (states, processes)
    }
}
