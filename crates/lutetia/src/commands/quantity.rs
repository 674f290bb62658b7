//! Quantities as they are typed behind an option.

use lutetia_units::{Dimension, Quantity};

use crate::failure::{Failure, Outcome};

/// Reads a quantity that must have a dimension and must not be negative.
pub(crate) fn parse_quantity(
    what: &str,
    text: &str,
    dimension: Dimension,
    example: &str,
) -> Outcome<Quantity> {
    parse(what, text, (dimension, example), false)
}

/// Reads a time, before zero or later.
pub(crate) fn parse_time(what: &str, text: &str, example: &str) -> Outcome<Quantity> {
    parse(what, text, (Dimension::TIME, example), true)
}

fn parse(
    what: &str,
    text: &str,
    (dimension, example): (Dimension, &str),
    negative: bool,
) -> Outcome<Quantity> {
    // Of what a bare number is meant is not known; one unit that works is shown with it.
    let bare = text.trim().parse::<f64>().is_ok_and(f64::is_finite);
    let unit = match dimension {
        Dimension::TIME => Some("h"),
        _ => example.split_once(' ').map(|(_, unit)| unit),
    };
    let hint = match unit.filter(|_| bare && !dimension.is_none()) {
        Some(unit) => format!("write it with its unit, such as `{} {unit}`", text.trim()),
        None => format!("write it as `{example}`"),
    };
    let quantity = Quantity::parse(text)
        .map_err(|error| Failure::usage(format!("cannot read {what}: {error}"), hint.clone()))?;
    if quantity.dimension() != dimension {
        return Err(Failure::usage(
            format!("{what} is `{text}` ({}); expected {dimension}", quantity.dimension()),
            hint,
        ));
    }
    if quantity.value() < 0.0 && !negative {
        return Err(Failure::usage(format!("{what} is `{text}`; expected 0 or more"), hint));
    }
    Ok(quantity)
}
