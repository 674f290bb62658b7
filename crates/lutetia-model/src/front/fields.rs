//! Reading single fields: texts, quantities, numbers, each fault with its place.

use lutetia_diagnostic::{Diagnostic, Span};
use lutetia_units::{Dimension, Quantity, Unit, UnitError};

use super::{
    code,
    declare::{Fields, wrong_kind},
    text::Text,
    tree::{Node, Value},
};

/// The text of a field; a fault where it is of another kind.
pub(super) fn text<'a>(
    fields: &'a Fields,
    key: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<&'a Text> {
    let node = fields.get(key)?;
    match &node.value {
        Value::Text(text) => Some(text),
        other => {
            faults.push(wrong_kind(key, other, "a text", node.span));
            None
        }
    }
}

/// The text of a field as a string, without its place.
pub(super) fn string(fields: &Fields, key: &str, faults: &mut Vec<Diagnostic>) -> Option<String> {
    text(fields, key, faults).map(|t| t.as_str().to_owned())
}

/// The text of a field that must be there.
pub(super) fn required<'a>(
    fields: &'a Fields,
    key: &str,
    of: &str,
    example: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<&'a Text> {
    if fields.get(key).is_none() {
        faults.push(
            Diagnostic::error(code::MISSING, format!("{of} has no `{key}`"))
                .at(fields.span, format!("`{key}` is missing"))
                .hint(format!("write `{key} = {example}`")),
        );
    }
    text(fields, key, faults)
}

/// A field that is true or false.
pub(super) fn flag(fields: &Fields, key: &str, faults: &mut Vec<Diagnostic>) -> bool {
    match fields.get(key) {
        None => false,
        Some(Node { value: Value::Flag(flag), .. }) => *flag,
        Some(node) => {
            faults.push(wrong_kind(key, &node.value, "true or false", node.span));
            false
        }
    }
}

/// A field as a list of texts; a single text is a list of one.
pub(super) fn texts<'a>(
    fields: &'a Fields,
    key: &str,
    faults: &mut Vec<Diagnostic>,
) -> Vec<&'a Text> {
    match fields.get(key) {
        None => Vec::new(),
        Some(Node { value: Value::Text(text), .. }) => vec![text],
        Some(Node { value: Value::List(items), .. }) => {
            let mut out = Vec::new();
            for item in items {
                match &item.value {
                    Value::Text(text) => out.push(text),
                    other => faults.push(wrong_kind(key, other, "a text", item.span)),
                }
            }
            out
        }
        Some(node) => {
            // What a list of changes holds; a table of them is what other languages write.
            let example = match key {
                "set" => "\"L.bladder = 0\", \"B.plasma += dose\"",
                _ => "\"…\", \"…\"",
            };
            faults.push(
                wrong_kind(key, &node.value, "a list of texts", node.span)
                    .hint(format!("write `{key} = [{example}]`")),
            );
            Vec::new()
        }
    }
}

fn unit_fault(text: &Text, error: &UnitError) -> Diagnostic {
    let span = error.range().map_or_else(|| text.span(), |(start, end)| text.place(start, end));
    let hint = match error {
        UnitError::Unknown { .. } => {
            "units are SI with prefixes, and min, h, d, L, M, Bq, Gy, eV, %, cells"
        }
        _ => "write a number, a space and a unit: `2.4 L/h`",
    };
    let code = if matches!(error, UnitError::NonFinite { .. }) { code::NUMBER } else { code::UNIT };
    Diagnostic::error(code, error.to_string()).at(span, "").hint(hint)
}

/// Reads a unit.
pub(super) fn unit(text: &Text, faults: &mut Vec<Diagnostic>) -> Option<Unit> {
    Unit::parse(text.as_str()).map_err(|e| faults.push(unit_fault(text, &e))).ok()
}

/// Reads a quantity.
pub(super) fn quantity(text: &Text, faults: &mut Vec<Diagnostic>) -> Option<Quantity> {
    Quantity::parse(text.as_str()).map_err(|e| faults.push(unit_fault(text, &e))).ok()
}

/// Reads a quantity of a dimension.
pub(super) fn quantity_of(
    text: &Text,
    dimension: Dimension,
    what: &str,
    faults: &mut Vec<Diagnostic>,
) -> Option<Quantity> {
    let q = quantity(text, faults)?;
    if q.dimension() == dimension {
        Some(q)
    } else {
        faults.push(
            Diagnostic::error(
                code::DIMENSION,
                format!("{what} is `{}` ({}); expected {dimension}", text.as_str(), q.dimension()),
            )
            .at(text.span(), format!("this is {}", q.dimension()))
            .hint(if q.dimension() == Dimension::ACTIVITY {
                "an activity becomes an amount only through a nuclide, when the model is run"
                    .to_owned()
            } else {
                format!("give a quantity whose dimension is {dimension}")
            }),
        );
        None
    }
}

/// Whether a text begins like a number, and so is a quantity and not a formula.
pub(super) fn looks_like_quantity(text: &str) -> bool {
    let body = text.trim_start_matches(['+', '-', ' ']);
    if !body.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return false;
    }
    // `2*CL` and `1 - f` begin like numbers too; what follows the number of a quantity is its unit.
    let mut rest = body.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let digits = exponent.trim_start_matches(['+', '-']);
        if digits.starts_with(|c: char| c.is_ascii_digit()) {
            rest = digits.trim_start_matches(|c: char| c.is_ascii_digit());
        }
    }
    let rest = rest.trim_start();
    !rest.starts_with(['*', '+', '-', '/', '^', '(', ')']) || Quantity::parse(text).is_ok()
}

/// A diagnostic that a name cannot be one, if it cannot.
pub(super) fn identifier(name: &Text) -> Option<Diagnostic> {
    let s = name.as_str();
    let good = s.starts_with(|c: char| c.is_ascii_alphabetic())
        && s.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && s.len() <= 100;
    (!good).then(|| {
        Diagnostic::error(code::IDENTIFIER, format!("`{s}` cannot be a name"))
            .at(name.span(), "")
            .hint("names begin with a letter a–z or A–Z and go on with letters, digits and `_`, at most 100")
    })
}

/// The place of a field, or of its table.
pub(super) fn place(fields: &Fields, key: &str) -> Span {
    fields.get(key).map_or(fields.span, |n| n.span)
}
