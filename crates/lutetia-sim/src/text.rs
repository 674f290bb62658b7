//! How are numbers, times and names written for people?

use lutetia_model::system::System;
use lutetia_units::{Dimension, UnitSystem};

/// A number for people: six significant digits, exponent only where it helps.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "not a number".to_owned()
        } else if value > 0.0 {
            "infinite".to_owned()
        } else {
            "minus infinite".to_owned()
        };
    }
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e7).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let digits = if magnitude == 0.0 {
        0
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "the exponent lies in −4..7")]
        let exponent = magnitude.log10().floor() as i32;
        usize::try_from((3 - exponent).clamp(0, 8)).unwrap_or(0)
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

/// An internal number with its unit.
pub(crate) fn quantity_text(units: &UnitSystem, dimension: Dimension, internal: f64) -> String {
    let unit = units.unit_of(dimension);
    with_unit(units.from_internal(internal, &unit), unit.symbol())
}

/// A number with its unit, if it has one: `2 L`, `2`.
pub(crate) fn with_unit(declared: f64, unit: &str) -> String {
    if unit.is_empty() || unit == "1" || !declared.is_finite() {
        number(declared)
    } else {
        format!("{} {unit}", number(declared))
    }
}

/// A time with its unit.
pub(crate) fn time_text(units: &UnitSystem, internal: f64) -> String {
    quantity_text(units, Dimension::TIME, internal)
}

/// An activity (MBq) in the unit people use for its size.
pub(crate) fn activity_text(mbq: f64) -> String {
    if mbq.abs() >= 1e3 {
        format!("{} GBq", number(mbq / 1e3))
    } else if mbq.abs() >= 1.0 || mbq.abs() == 0.0 || mbq.is_nan() {
        format!("{} MBq", number(mbq))
    } else {
        format!("{} kBq", number(mbq * 1e3))
    }
}

/// `; did you mean …?`, or nothing.
pub(crate) fn closest(name: &str, known: &[&str]) -> String {
    lutetia_diagnostic::closest(name, known.iter().copied())
        .map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
}

/// The parameters farthest from their defaults, with declared units.
pub(crate) fn parameters_text(system: &System, parameters: &[f64]) -> String {
    const MOST_NAMED: usize = 6;
    let mut moved: Vec<(f64, String)> = system
        .parameters()
        .iter()
        .zip(parameters)
        .filter_map(|(info, &value)| {
            let distance = if value.to_bits() == info.default.to_bits() {
                return None;
            } else if value * info.default > 0.0 {
                (value / info.default).ln().abs()
            } else {
                f64::INFINITY
            };
            let value = with_unit(value / info.factor, info.unit.symbol());
            Some((distance, format!("{} = {value}", info.name)))
        })
        .collect();
    moved.sort_by(|a, b| b.0.total_cmp(&a.0));
    if moved.is_empty() {
        return "every parameter at its default".to_owned();
    }
    let rest = moved.len().saturating_sub(MOST_NAMED);
    let named: Vec<String> = moved.into_iter().take(MOST_NAMED).map(|m| m.1).collect();
    if rest > 0 {
        format!("{} and {rest} more off their defaults", named.join(", "))
    } else {
        named.join(", ")
    }
}
