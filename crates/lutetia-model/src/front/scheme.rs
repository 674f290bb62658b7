//! The scheme: processes with their rates, and the rules of labels and of mass action.

use lutetia_diagnostic::Diagnostic;
use lutetia_units::{Dimension, significant, typed};

use super::{
    code,
    fields::identifier,
    names::{Names, Place},
    syntax,
    text::Text,
};
use crate::{
    expr::{Form, Symbol},
    model::{Participant, Process, QuantityState, Rate},
};

/// A side: participants with multiplicity and place.
type Side = Vec<(Participant, f64, lutetia_diagnostic::Span)>;

const EXAMPLE: &str = "write `name: L.plasma -> L.tumour @ coefficient`, `<->` with two coefficients, or `=>` with a flux";

/// What the rules of labels need to know of the species.
pub(super) struct Labels<'a> {
    /// Label group of each pool.
    pub(super) group: &'a [Option<usize>],
}

/// Reads one line; one process, or two for `<->`.
pub(super) fn process(
    line: &Text,
    names: &mut Names,
    labels: &Labels<'_>,
    quantities: &[QuantityState],
    faults: &mut Vec<Diagnostic>,
) -> Vec<(Text, Process)> {
    let whole = line.as_str();
    let fault = |message: &str, start: usize, end: usize| {
        Diagnostic::error(code::PROCESS, message.to_owned())
            .at(line.place(start, end), "")
            .hint(EXAMPLE)
    };
    let Some(colon) = whole.find(':') else {
        faults.push(fault("a process has no name", 0, whole.len()));
        return Vec::new();
    };
    let name = line.part(0, colon);
    if let Some(bad) = identifier(&name) {
        faults.push(bad);
        return Vec::new();
    }
    let Some(at) = whole.find('@') else {
        faults.push(fault("a process has no rate", colon + 1, whole.len()));
        return Vec::new();
    };
    let scheme = line.part(colon + 1, at.max(colon + 1));
    let Some((arrow, start)) =
        ["<->", "->", "=>"].iter().find_map(|a| Some((*a, scheme.as_str().find(a)?)))
    else {
        faults.push(fault("a process has no arrow", colon + 1, at.max(colon + 1)));
        return Vec::new();
    };
    let left = scheme.part(0, start);
    let right = scheme.part(start + arrow.len(), scheme.as_str().len());
    let reactants = side(&left, names, quantities, faults);
    let products = side(&right, names, quantities, faults);
    let rates = line.part(at + 1, whole.len()).split(',');
    let wanted = if arrow == "<->" { 2 } else { 1 };
    let (Some(reactants), Some(products)) = (reactants, products) else { return Vec::new() };
    if rates.len() != wanted || rates.iter().any(|r| r.as_str().is_empty()) {
        faults.push(fault(
            if wanted == 2 {
                "`<->` needs two coefficients, forward and back"
            } else {
                "a one-way process needs one rate"
            },
            at,
            whole.len(),
        ));
        return Vec::new();
    }
    if reactants.is_empty() && products.is_empty() {
        faults.push(fault("nothing becomes nothing", colon + 1, at));
        return Vec::new();
    }
    let mut out = Vec::new();
    let mut one = |name: Text,
                   label: String,
                   from: &Side,
                   to: &Side,
                   rate: &Text,
                   faults: &mut Vec<Diagnostic>| {
        let labels_fit = check_labels(from, to, labels, names, faults);
        let rate_found = if arrow == "=>" {
            explicit(rate, from, to, names, quantities, faults)
        } else {
            mass_action(rate, from, names, faults)
        };
        if let (true, Some(found)) = (labels_fit, rate_found) {
            let plain = |side: &Side| side.iter().map(|p| (p.0, p.1)).collect();
            out.push((
                name,
                Process {
                    name: label,
                    reactants: plain(from),
                    products: plain(to),
                    rate: found,
                    text: rate.as_str().to_owned(),
                },
            ));
        }
    };
    one(name.clone(), name.as_str().to_owned(), &reactants, &products, &rates[0], faults);
    if arrow == "<->" {
        one(
            name.clone(),
            format!("{} (back)", name.as_str()),
            &products,
            &reactants,
            &rates[1],
            faults,
        );
    }
    out
}

fn side(
    text: &Text,
    names: &mut Names,
    quantities: &[QuantityState],
    faults: &mut Vec<Diagnostic>,
) -> Option<Side> {
    if text.as_str() == "0" {
        return Some(Vec::new());
    }
    let mut out: Side = Vec::new();
    let mut failed = false;
    for term in text.split('+') {
        let body = term.as_str();
        let (times, length) = multiplicity(body);
        let name = term.part(length, body.len());
        let n = name.as_str();
        let word =
            !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        if !word || times <= 0.0 {
            faults.push(
                Diagnostic::error(code::PROCESS, format!("cannot read `{body}` as a participant"))
                    .at(term.span(), "")
                    .hint("write `0`, or amounts such as `L.plasma + R.tumour`, with a number such as `2`, `0.5` or `1/2` before them if needed"),
            );
            failed = true;
            continue;
        }
        let participant = if let Some(i) = quantities.iter().position(|q| q.name == n) {
            names.used.insert(n.to_owned());
            Participant::Quantity(i)
        } else {
            match names.pool(n, name.span(), Place::Anywhere, faults) {
                Some((pool, Form::Total)) => Participant::Pool(pool),
                Some(_) => {
                    faults.push(
                        Diagnostic::error(code::LABEL_FLOW, format!("`{n}` names one form; a process holds for the hot and the cold form"))
                            .at(name.span(), "")
                            .hint("leave `.hot` or `.cold` out"),
                    );
                    failed = true;
                    continue;
                }
                None => {
                    failed = true;
                    continue;
                }
            }
        };
        match out.iter_mut().find(|p| p.0 == participant) {
            Some(same) => same.1 += times,
            None => out.push((participant, times, name.span())),
        }
    }
    (!failed).then_some(out)
}

/// The number before a participant and its length in bytes: `2`, `0.5`, `1/2`; 1 where there is none, 0 where it cannot
/// be read.
fn multiplicity(body: &str) -> (f64, usize) {
    let length = body.len()
        - body.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '/').len();
    if length == 0 {
        return (1.0, 0);
    }
    let number = |text: &str| {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        text.parse::<f64>().ok().filter(|x| *x < 1000.0 && digits <= 9)
    };
    let value = match body[..length].split_once('/') {
        None => number(&body[..length]),
        Some((above, below)) => number(above).zip(number(below)).map(|(a, b)| a / b),
    };
    (value.filter(|x| x.is_finite()).unwrap_or(0.0), length)
}

fn group(p: Participant, labels: &Labels<'_>) -> Option<usize> {
    match p {
        Participant::Pool(i) => labels.group[i],
        Participant::Quantity(_) => None,
    }
}

fn check_labels(
    from: &Side,
    to: &Side,
    labels: &Labels<'_>,
    names: &Names,
    faults: &mut Vec<Diagnostic>,
) -> bool {
    let labelled: Vec<_> = from.iter().filter(|p| group(p.0, labels).is_some()).collect();
    let name = |p: Participant| match p {
        Participant::Pool(i) => format!("{}.{}", names.pool_parts[i].0, names.pool_parts[i].1),
        Participant::Quantity(_) => String::new(),
    };
    let before = faults.len();
    if labelled.len() > 1 {
        faults.push(
            Diagnostic::error(
                code::LABEL_FLOW,
                format!(
                    "`{}` and `{}` both carry a label",
                    name(labelled[0].0),
                    name(labelled[1].0)
                ),
            )
            .at(labelled[1].2, "second labelled reactant")
            .note_at(labelled[0].2, "first labelled reactant")
            .hint("a process may have one labelled reactant; the other must be without label"),
        );
    }
    if let Some(other) = labelled.iter().find(|p| (p.1 - 1.0).abs() > 0.0) {
        faults.push(
            Diagnostic::error(
                code::LABEL_FLOW,
                format!(
                    "{} molecules of `{}` would mix hot and cold",
                    typed(other.1),
                    name(other.0)
                ),
            )
            .at(other.2, "")
            .hint("a labelled reactant takes part once"),
        );
    }
    // One molecule has one label to give: shares of it may go different ways, or be lost.
    let given: f64 = to.iter().filter(|p| group(p.0, labels).is_some()).map(|p| p.1).sum();
    if let (true, Some(last)) =
        (given > 1.0 + 1e-9, to.iter().rfind(|p| group(p.0, labels).is_some()))
        && !labelled.is_empty()
    {
        faults.push(
            Diagnostic::error(
                code::LABEL_FLOW,
                format!(
                    "one labelled reactant would become {} labelled products",
                    significant(given, 6)
                ),
            )
            .at(last.2, "")
            .hint("labelled products are together one at most, such as `0.3 L.a + 0.7 L.b`"),
        );
    }
    for p in to {
        let Some(own) = group(p.0, labels) else { continue };
        match labelled.first().and_then(|l| group(l.0, labels)) {
            Some(other) if other == own => {}
            Some(_) => faults.push(
                Diagnostic::error(
                    code::LABEL_FLOW,
                    format!("`{}` carries another label than the reactant", name(p.0)),
                )
                .at(p.2, "")
                .hint("a label goes from a reactant to products of the same group"),
            ),
            // From nothing, only the cold form can come; a labelled species that is made in the body
            // has no nuclide, so this is nearly always a mistake.
            None => faults.push(
                Diagnostic::error(
                    code::LABEL_FLOW,
                    format!("`{}` carries a label that comes from nowhere", name(p.0)),
                )
                .at(p.2, "no reactant carries this label")
                .hint(
                    "give the process a labelled reactant, or take the species out of `label.on`",
                ),
            ),
        }
    }
    faults.len() == before
}

fn mass_action(
    rate: &Text,
    from: &Side,
    names: &mut Names,
    faults: &mut Vec<Diagnostic>,
) -> Option<Rate> {
    if let Some(state) = from.iter().find(|p| matches!(p.0, Participant::Quantity(_))) {
        faults.push(
            Diagnostic::error(
                code::MASS_ACTION,
                "a state that is not an amount has no mass action",
            )
            .at(state.2, "")
            .hint("write `=>` and the flux in the unit of the state per time"),
        );
        return None;
    }
    if let Some(part) = from.iter().find(|p| p.1.fract().abs() > 0.0) {
        faults.push(
            Diagnostic::error(
                code::MASS_ACTION,
                format!(
                    "{} of a molecule meets nothing, so it has no mass action",
                    significant(part.1, 6)
                ),
            )
            .at(part.2, "")
            .hint("write `=>` and the flux, or multiply both sides until the reactants are whole numbers"),
        );
        return None;
    }
    let raw = syntax::expression(rate).map_err(|d| faults.push(*d)).ok()?;
    let (coefficient, dimension) = names.resolve(&raw, Place::Anywhere, faults)?;
    let n: i32 = from.iter().map(|p| p.1 as i32).sum();
    let per_time = Dimension::AMOUNT / Dimension::TIME;
    let base = per_time / Dimension::AMOUNT.powi(n);
    let Some(found) = dimension else {
        return Some(Rate::MassAction { coefficient, volume_power: 0, place: None });
    };
    let power = (0..=n).find(|p| base * Dimension::VOLUME.powi(*p) == found);
    let Some(volume_power) = power else {
        let expected: Vec<String> = match n {
            0 => vec!["amount / time".to_owned()],
            1 => vec!["1 / time".to_owned(), "volume / time".to_owned()],
            _ => (0..n).map(|p| (base * Dimension::VOLUME.powi(p)).to_string()).collect(),
        };
        faults.push(
            Diagnostic::error(code::FLUX, "the flux of this process is not an amount per time")
                .at(rate.span(), format!("this is {found} ({})", names.units.unit_of(found)))
                .hint(format!(
                    "{} need{} a coefficient of {}",
                    match n {
                        0 => "no reactants".to_owned(),
                        1 => "one reactant".to_owned(),
                        n => format!("{n} reactants"),
                    },
                    if n == 1 { "s" } else { "" },
                    expected.join(" or ")
                )),
        );
        return None;
    };
    let places: Vec<usize> = from
        .iter()
        .filter_map(|p| match p.0 {
            Participant::Pool(i) => Some(names.places_of[i]),
            Participant::Quantity(_) => None,
        })
        .collect();
    let place = places.first().copied();
    if volume_power > 0 && places.iter().any(|p| Some(*p) != place) {
        faults.push(
            Diagnostic::error(code::MASS_ACTION, "the reactants are in different compartments, so there is no one volume for their concentrations")
                .at(from.last().map_or(rate.span(), |p| p.2), "")
                .hint("write `=>` with the flux, or move the reactants into one compartment first"),
        );
        return None;
    }
    Some(Rate::MassAction {
        coefficient,
        volume_power,
        place: if volume_power > 0 { place } else { None },
    })
}

fn explicit(
    rate: &Text,
    from: &Side,
    to: &Side,
    names: &mut Names,
    quantities: &[QuantityState],
    faults: &mut Vec<Diagnostic>,
) -> Option<Rate> {
    let raw = syntax::expression(rate).map_err(|d| faults.push(*d)).ok()?;
    let (flux, found) = names.resolve(&raw, Place::Anywhere, faults)?;
    let of = |p: Participant| match p {
        Participant::Pool(_) => Dimension::AMOUNT,
        Participant::Quantity(i) => quantities[i].unit.dimension(),
    };
    let all: Vec<_> = from.iter().chain(to).collect();
    let first = of(all.first()?.0);
    if let Some(other) = all.iter().find(|p| of(p.0) != first) {
        faults.push(
            Diagnostic::error(
                code::DIMENSION,
                format!("one flux cannot change {first} and {}", of(other.0)),
            )
            .at(other.2, format!("this is {}", of(other.0)))
            .hint("write two processes, each with a flux of its own"),
        );
        return None;
    }
    let expected = first / Dimension::TIME;
    if let Some(found) = found.filter(|f| *f != expected) {
        faults.push(
            Diagnostic::error(code::FLUX, format!("the flux is {found}; expected {expected}"))
                .at(rate.span(), format!("this is in {}", names.units.unit_of(found)))
                .hint(format!("a flux here is in {}", names.units.unit_of(expected))),
        );
        return None;
    }
    // A rate that does not mention its reactant goes on when there is nothing left.
    let mentions = |i: usize| {
        let mut seen = false;
        flux.for_each_symbol(&mut |s| {
            seen |= matches!(s, Symbol::Amount(p, _) if p == i) || matches!(s, Symbol::Define(_));
        });
        seen
    };
    for p in from {
        if let Participant::Pool(i) = p.0
            && !mentions(i)
        {
            faults.push(
                Diagnostic::warning(code::MASS_ACTION, "this flux does not depend on what it consumes, so the amount can fall below zero")
                    .at(p.2, "")
                    .hint("let the flux fall to zero with the amount"),
            );
        }
    }
    Some(Rate::Explicit(flux))
}
