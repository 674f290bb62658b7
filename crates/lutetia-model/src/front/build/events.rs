//! What happens at a moment: triggers, delays, and what changes.

use std::collections::BTreeMap;

use lutetia_diagnostic::{Diagnostic, Span};
use lutetia_units::Dimension;

use super::super::{
    code,
    declare::{Entry, wrong_kind},
    fields::{identifier, string, text, texts},
    names::Place,
    syntax,
    text::Text,
    tree::Value,
};
use super::{Builder, twice};
use crate::{
    expr::{Expr, Form, Symbol},
    model::{Action, Event, Participant, Trigger},
};

impl Builder<'_> {
    pub(super) fn events(&mut self, faults: &mut Vec<Diagnostic>) {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for e in &self.found.events {
            if let Some(bad) = identifier(&e.name) {
                faults.push(bad);
                continue;
            }
            if let Some(first) = seen.insert(e.name.as_str().to_owned(), e.name.span()) {
                faults.push(twice(&e.name, Some(first)));
            }
            let trigger = self.trigger(e, faults);
            let delay = self.moment(e, "delay", faults);
            let priority = number(e, "priority", faults).unwrap_or(0.0);
            let actions = self.actions(e, faults);
            let Some(trigger) = trigger else { continue };
            self.events.push(Event {
                name: e.name.as_str().to_owned(),
                trigger,
                delay,
                priority,
                actions,
                about: string(&e.fields, "about", faults),
                source: string(&e.fields, "source", faults),
            });
        }
    }

    /// A time of an event: a quantity, or a formula of parameters and covariates.
    fn moment(&mut self, e: &Entry, key: &str, faults: &mut Vec<Diagnostic>) -> Option<Expr> {
        let t = text(&e.fields, key, faults)?.clone();
        let what = format!("`{key}` of event `{}`", e.name.as_str());
        self.value(&t, Dimension::TIME, &what, Place::Formula, faults)
    }

    fn trigger(&mut self, e: &Entry, faults: &mut Vec<Diagnostic>) -> Option<Trigger> {
        let name = e.name.as_str();
        let fault = |message: String, at: Span, hint: &str| {
            Diagnostic::error(code::EVENT, message).at(at, "").hint(hint)
        };
        let given = |key: &str| e.fields.get(key);
        let when = text(&e.fields, "when", faults).cloned();
        let at = self.moment(e, "at", faults);
        let every = self.moment(e, "every", faults);
        let times = number(e, "times", faults).and_then(|n| {
            let whole = n.fract().abs() <= 0.0 && (1.0..=f64::from(u32::MAX)).contains(&n);
            if !whole {
                faults.push(fault(
                    format!(
                        "event `{name}` happens {n} times; expected a whole number of 1 or more"
                    ),
                    e.fields.get("times").map_or(e.name.span(), |n| n.span),
                    "write `times = 6`, or leave it out for an event without an end",
                ));
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a whole number in range"
            )]
            whole.then_some(n as u32)
        });
        match (given("at"), given("when")) {
            (None, None) => {
                faults.push(fault(
                    format!("event `{name}` has neither `at` nor `when`"),
                    e.fields.span,
                    "write `at = \"4 h\"`, with `every = \"4 h\"` where it repeats, or a condition: `when = \"V > V_full\"`",
                ));
                None
            }
            (Some(_), Some(node)) => {
                faults.push(fault(
                    format!("event `{name}` has both `at` and `when`"),
                    node.span,
                    "leave one of them out, or write two events",
                ));
                None
            }
            (Some(_), None) => {
                if times.is_some_and(|n| n > 1) && given("every").is_none() {
                    faults.push(fault(
                        format!("event `{name}` has `times` and no `every`"),
                        e.fields.span,
                        "write the interval: `every = \"4 h\"`",
                    ));
                }
                Some(Trigger::Times { at: at?, every, times })
            }
            (None, Some(_)) => {
                for key in ["every", "times"] {
                    if let Some(node) = given(key) {
                        faults.push(fault(
                            format!("event `{name}` has `when` and `{key}`"),
                            node.span,
                            "`every` and `times` go with `at`; an event with a condition happens each time it becomes true",
                        ));
                    }
                }
                let t = when?;
                let condition = self.condition(&t, faults)?;
                Some(Trigger::When { condition, text: t.as_str().to_owned() })
            }
        }
    }

    /// A condition of the language, which must be able to change during a run.
    fn condition(&mut self, t: &Text, faults: &mut Vec<Diagnostic>) -> Option<Expr> {
        let raw = syntax::expression(t).map_err(|d| faults.push(*d)).ok()?;
        let condition = self.names.condition(&raw, Place::Anywhere, faults)?;
        if !self.varies(&condition) {
            faults.push(
                Diagnostic::error(
                    code::EVENT,
                    format!("`{}` never changes during a run", t.as_str()),
                )
                .at(t.span(), "the same from beginning to end")
                .hint(
                    "compare an amount, a state or the time: `V.bladder > V_full`, `t > t_surgery`",
                ),
            );
            return None;
        }
        Some(condition)
    }

    /// Whether an expression can change during a run.
    fn varies(&self, expr: &Expr) -> bool {
        let mut varies = false;
        expr.for_each_symbol(&mut |symbol| {
            varies |= match symbol {
                Symbol::Parameter(_) | Symbol::Covariate(_) | Symbol::CovariateLevel(..) => false,
                Symbol::Define(d) => self.defines.get(d).is_none_or(|d| self.varies(&d.expr)),
                Symbol::Volume(c) => {
                    self.compartments.get(c).is_none_or(|c| self.varies(&c.volume))
                }
                _ => true,
            };
        });
        varies
    }

    fn actions(&mut self, e: &Entry, faults: &mut Vec<Diagnostic>) -> Vec<Action> {
        let lines: Vec<Text> = texts(&e.fields, "set", faults).into_iter().cloned().collect();
        if lines.is_empty() && e.fields.get("set").is_none_or(|n| matches!(n.value, Value::List(_)))
        {
            faults.push(
                Diagnostic::error(
                    code::EVENT,
                    format!("event `{}` changes nothing", e.name.as_str()),
                )
                .at(e.fields.span, "`set` is missing")
                .hint("write `set = [\"L.bladder = 0\"]`"),
            );
        }
        let mut actions: Vec<Action> = Vec::new();
        for line in &lines {
            let Some(action) = self.action(line, faults) else { continue };
            if actions.iter().any(|a| a.target == action.target) {
                faults.push(
                    Diagnostic::error(
                        code::EVENT,
                        format!("event `{}` changes one state twice", e.name.as_str()),
                    )
                    .at(line.span(), "again here")
                    .hint("put both into one line"),
                );
                continue;
            }
            actions.push(action);
        }
        actions
    }

    /// `L.bladder = 0`, `B.plasma += dose`.
    fn action(&mut self, line: &Text, faults: &mut Vec<Diagnostic>) -> Option<Action> {
        let Some((left, right)) = line.as_str().split_once('=') else {
            faults.push(
                Diagnostic::error(
                    code::EVENT,
                    format!("`{}` does not say what changes", line.as_str()),
                )
                .at(line.span(), "expected `=` or `+=`")
                .hint("write it as `L.bladder = 0` or `B.plasma += dose`"),
            );
            return None;
        };
        let bare = left.trim_end().trim_end_matches('+');
        if bare.trim().is_empty() || bare.ends_with(['-', '*', '/', '<', '>', '!']) {
            faults.push(
                Diagnostic::error(
                    code::EVENT,
                    format!("`{}` does not say what changes", line.as_str()),
                )
                .at(line.span(), "expected `=` or `+=`")
                .hint("take away by `X.a += -x`, keep a share by `X.a = 0.1*X.a`"),
            );
            return None;
        }
        let adds = left.ends_with('+');
        let name = line.part(0, left.len() - usize::from(adds));
        let value = line.part(line.as_str().len() - right.len(), line.as_str().len());
        let (target, dimension) = self.target(&name, faults)?;
        let what = format!("what event sets `{}` to", name.as_str());
        let value = if value.as_str() == "0" {
            Expr::Number(0.0)
        } else {
            self.value(&value, dimension, &what, Place::Anywhere, faults)?
        };
        Some(Action { target, adds, value, text: line.as_str().to_owned() })
    }

    /// The state that a name means.
    fn target(
        &mut self,
        name: &Text,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<(Participant, Dimension)> {
        let refused = |what: &str, hint: &str| {
            Diagnostic::error(code::EVENT, format!("`{}` is {what}", name.as_str()))
                .at(name.span(), "an event changes amounts and states")
                .hint(hint.to_owned())
        };
        if name.as_str().contains('.') {
            let (pool, form) =
                self.names.pool(name.as_str(), name.span(), Place::Anywhere, faults)?;
            if form != Form::Total {
                faults.push(refused(
                    "one form of a labelled amount",
                    "name the amount; `=` keeps the shares of hot and cold, `+=` adds cold molecules",
                ));
                return None;
            }
            return Some((Participant::Pool(pool), Dimension::AMOUNT));
        }
        let Some(meaning) = self.names.plain.get(name.as_str()).copied() else {
            self.names.undeclared(name.as_str(), name.span(), faults);
            return None;
        };
        self.names.used.insert(name.as_str().to_owned());
        match meaning.symbol {
            Symbol::Quantity(q) => {
                Some((Participant::Quantity(q), self.quantities.get(q)?.unit.dimension()))
            }
            Symbol::Parameter(_) | Symbol::Covariate(_) => {
                faults.push(refused(
                    "a parameter, which does not change during a run",
                    "declare a state that begins with it: `[states.x]`, `initial = \"the parameter\"`, use it in its place, and let the event change that",
                ));
                None
            }
            _ => {
                faults.push(refused("not a state", "change the states that it is made of"));
                None
            }
        }
    }
}

/// A number of an event.
fn number(e: &Entry, key: &str, faults: &mut Vec<Diagnostic>) -> Option<f64> {
    let node = e.fields.get(key)?;
    match &node.value {
        Value::Number(x) if x.is_finite() => Some(*x),
        other => {
            faults.push(
                wrong_kind(key, other, "a number", node.span).hint(format!("write `{key} = 1`")),
            );
            None
        }
    }
}
