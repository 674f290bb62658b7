//! Sums: over organs (`sum(F_{organ:drains})`), over amounts (`sum(P.*)`), over what is listed.

use lutetia_diagnostic::{Diagnostic, Span};
use lutetia_units::Dimension;

use super::{
    LARGEST_FILE, code,
    names::{Found, Names, Place},
    organs::Organs,
    syntax::{Raw, RawKind},
    text::Text,
};
use crate::expr::{Expr, Form, Symbol};

/// Longest sum that leans to one side; a longer one is made of several, so that it does not nest without end.
const LEANING: usize = 256;

/// The text with every sum over organs written out: `sum(F_{organ})` becomes `sum(F_liver, F_spleen)`. A placeholder
/// inside a sum is that of the sum, not of the entry or line. `None` after a fault was reported.
pub(super) fn written_out(
    text: &Text,
    organs: &Organs,
    faults: &mut Vec<Diagnostic>,
) -> Option<Text> {
    let mut text = text.clone();
    while let Some((start, end)) = innermost(text.as_str()) {
        let body = text.part(start, end);
        let chosen = organs.chosen(&body, faults)?;
        if body.split(',').len() > 1 {
            faults.push(
                Diagnostic::error(
                    code::ARGUMENTS,
                    "a sum over organs is a sum of one expression; here it has several",
                )
                .at(body.span(), "")
                .hint("write one sum for each, or `+` between them"),
            );
            return None;
        }
        let terms: Vec<Text> = chosen.iter().map(|organ| body.expand(organ)).collect();
        text = text.replaced(start, end, &terms, "0");
        if text.as_str().len() > LARGEST_FILE {
            faults.push(
                Diagnostic::error(code::SIZE, "the sums over organs are too long when written out")
                    .at(body.span(), "")
                    .hint("name the inner sum under `[define]`"),
            );
            return None;
        }
    }
    Some(text)
}

/// What is summed in the last sum that holds a placeholder: its first byte, and one past its last.
fn innermost(text: &str) -> Option<(usize, usize)> {
    let name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '~';
    for (at, word) in text.rmatch_indices("sum") {
        let after = &text[at + word.len()..];
        let body = after.trim_start();
        if text[..at].ends_with(name) || !body.starts_with('(') {
            continue;
        }
        let start = text.len() - body.len() + 1;
        let mut depth = 1_i32;
        let end = text[start..].char_indices().find_map(|(k, c)| {
            depth += match c {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            (depth == 0).then_some(start + k)
        });
        if let Some(end) = end
            && text[start..end].contains('{')
        {
            return Some((start, end));
        }
    }
    None
}

impl Names {
    /// The pools that a name with `*` stands for, in the order of the states.
    pub(super) fn matching(&self, name: &str, fits: impl Fn(usize) -> bool) -> Vec<usize> {
        let (species, place) = name.split_once('.').unwrap_or((name, "*"));
        (0..self.pool_parts.len())
            .filter(|i| {
                let (s, p) = &self.pool_parts[*i];
                fits(*i) && (species == "*" || species == s) && (place == "*" || place == p)
            })
            .collect()
    }

    /// `sum(…)` of values of one dimension; `X.*` and `*.place` are the amounts they stand for.
    pub(super) fn sum(
        &mut self,
        arguments: &[Raw],
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Found> {
        if arguments.is_empty() {
            faults.push(
                Diagnostic::error(code::ARGUMENTS, "`sum` needs at least one value")
                    .at(span, "")
                    .hint("write `sum(L.*)`, `sum(F_{organ})` or `sum(x, y, z)`"),
            );
            return None;
        }
        let mut terms: Vec<Expr> = Vec::new();
        let mut pools: Vec<(usize, Form)> = Vec::new();
        let mut first: Option<(&Raw, Option<Dimension>)> = None;
        let mut good = true;
        for argument in arguments {
            let found = match &argument.kind {
                RawKind::Name(name) if name.contains('*') => {
                    self.amounts(name, argument.span, place, faults).map(|these| {
                        let add = |&(p, form): &(usize, Form)| {
                            terms.push(Expr::Symbol(Symbol::Amount(p, form)));
                            pools.push((p, form));
                        };
                        these.iter().for_each(add);
                        Some(Dimension::AMOUNT)
                    })
                }
                _ => self.resolve(argument, place, faults).map(|(expr, dimension)| {
                    if let Expr::Symbol(Symbol::Amount(p, form)) = expr {
                        pools.push((p, form));
                    }
                    terms.push(expr);
                    dimension
                }),
            };
            let Some(dimension) = found else {
                good = false;
                continue;
            };
            match first {
                Some(before @ (_, Some(_))) => {
                    let whole = Raw { kind: RawKind::Number(0.0), span };
                    good &= self.same(&whole, before, (argument, dimension), faults).is_some();
                }
                _ => first = Some((argument, dimension)),
            }
        }
        let mut sorted = pools.clone();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            let (species, place) = &self.pool_parts[twice[0].0];
            faults.push(
                Diagnostic::error(
                    code::TWICE,
                    format!("`{species}.{place}` is counted twice in a sum"),
                )
                .at(span, "")
                .hint("name each amount once; `*` stands for all species or all places"),
            );
            good = false;
        }
        good.then(|| (total(terms), first.and_then(|f| f.1)))
    }

    /// The amounts of `X.*`, `*.place`, `*.*`, each also with `.hot` or `.cold`.
    fn amounts(
        &mut self,
        name: &str,
        span: Span,
        place: Place,
        faults: &mut Vec<Diagnostic>,
    ) -> Option<Vec<(usize, Form)>> {
        let (base, form) = match name.rsplit_once('.') {
            Some((base, "hot")) => (base, Form::Hot),
            Some((base, "cold")) => (base, Form::Cold),
            _ => (name, Form::Total),
        };
        let found = self.matching(base, |i| form == Form::Total || self.labelled[i]);
        let Some(&one) = found.first() else {
            let what = if form == Form::Total { "" } else { " that carries a label" };
            faults.push(
                Diagnostic::error(code::UNDECLARED, format!("`{name}` matches no amount{what}"))
                    .at(span, "")
                    .hint("`L.*` is `L` in all its places, `*.tumour` all species of the tumour"),
            );
            return None;
        };
        // What is said of one amount is said of all.
        let (species, there) = self.pool_parts[one].clone();
        self.pool(&format!("{species}.{there}"), span, place, faults)?;
        for &i in &found {
            let species = self.pool_parts[i].0.clone();
            self.used.insert(species);
        }
        Some(found.into_iter().map(|i| (i, form)).collect())
    }
}

/// What a name with `*` must not stand alone as.
pub(super) fn stands_for_several(name: &str, span: Span) -> Diagnostic {
    Diagnostic::error(code::NOT_HERE, format!("`{name}` stands for several amounts"))
        .at(span, "one value is expected")
        .hint(format!("write `sum({name})` for what they are together"))
}

/// The sum as a person writes it: `a + b + c`.
fn total(mut terms: Vec<Expr>) -> Expr {
    if terms.len() > LEANING {
        let right = terms.split_off(terms.len() / 2);
        return total(terms) + total(right);
    }
    terms.into_iter().reduce(|a, b| a + b).unwrap_or(Expr::Number(0.0))
}
