//! Quantities out of texts, with what they are for in their errors.

use lutetia_dose::{Mass, Sex, Tissue};
use lutetia_units::{Dimension, Quantity, Unit};

use crate::{TextError, percent::refuse_bare};

/// A number in `unit` from text such as `2.5 Gy`; a pure number for the unit `1`.
///
/// # Errors
/// [`TextError`]: no quantity, one of another unit, a share without its sign.
pub fn quantity(what: &str, text: &str, unit: &str) -> Result<f64, TextError> {
    let of = |error: TextError| error.of(what);
    let q = Quantity::parse(text).map_err(|e| of(e.into()))?;
    if unit == "1" {
        refuse_bare(text).map_err(|e| of(e.into()))?;
        return if q.dimension() == Dimension::NONE {
            Ok(q.si())
        } else {
            Err(TextError::NotPure { what: what.to_owned(), text: text.to_owned() })
        };
    }
    let unit = Unit::parse(unit)?;
    q.to(&unit).map_err(|e| of(e.into()))
}

/// A quantity of one dimension in a unit of it, such as a length in mm.
///
/// # Errors
/// [`TextError`]: no quantity, or one of another dimension.
pub fn in_unit(
    what: &str,
    text: &str,
    unit: &'static str,
    dimension: Dimension,
) -> Result<f64, TextError> {
    let read = || {
        let quantity = Quantity::parse(text)?;
        if quantity.dimension() != dimension {
            return Err(TextError::Dimension {
                text: text.to_owned(),
                found: quantity.dimension(),
                expected: dimension,
                unit,
            });
        }
        Ok(quantity.to(&Unit::parse(unit)?)?)
    };
    read().map_err(|e| e.of(what))
}

/// A number above 0 in `unit`.
///
/// # Errors
/// [`TextError`]: no quantity, one of another unit, zero or less.
pub fn above_zero(text: &str, unit: &str) -> Result<f64, TextError> {
    match Quantity::parse(text)?.to(&Unit::parse(unit)?)? {
        x if x > 0.0 => Ok(x),
        _ => Err(TextError::NotAboveZero { text: text.to_owned() }),
    }
}

/// A relative standard deviation from text such as `5 %`.
///
/// # Errors
/// [`TextError`]: no pure number, a negative one, one without its sign.
pub fn relative(text: &str) -> Result<f64, TextError> {
    refuse_bare(text)?;
    let q = Quantity::parse(text)?;
    if q.dimension() == Dimension::NONE && q.si() >= 0.0 {
        Ok(q.si())
    } else {
        Err(TextError::NotRelative { text: text.to_owned() })
    }
}

/// A mass in g from text such as `1.4 g`; `None` for `reference`.
///
/// # Errors
/// [`TextError`]: no mass above zero.
pub fn given_mass(region: &str, text: &str) -> Result<Option<f64>, TextError> {
    if text == "reference" {
        return Ok(None);
    }
    let g = quantity(&format!("mass of `{region}`"), text, "g")?;
    Ok(Some(Mass::new(region, g, None)?.g))
}

/// Shares of mass and activity of a cortex from texts such as `70 %` and `100 %`.
///
/// # Errors
/// [`TextError`]: no shares above 0 and at most 1.
pub fn cortex(mass: &str, activity: &str) -> Result<(f64, f64), TextError> {
    let share = |what: &'static str, text: &str| match quantity(what, text, "1")? {
        share if share > 0.0 && share <= 1.0 => Ok(share),
        _ => Err(TextError::NotAShare { what, text: text.to_owned() }),
    };
    Ok((share("mass of the cortex", mass)?, share("activity of the cortex", activity)?))
}

/// A tissue from texts such as `2.5 Gy` and `2.8 h`; repair in two phases is written `0.3 h + 4 h`
/// (equal shares) or `40 % 0.3 h + 60 % 4 h`.
///
/// # Errors
/// [`TextError`]: no dose and no time above zero.
pub fn tissue(alpha_beta: &str, repair: &str) -> Result<Tissue, TextError> {
    let alpha_beta = quantity("alpha/beta", alpha_beta, "Gy")?;
    let half_time = |text: &str| quantity("half-time of repair", text, "h");
    let tissue = match repair.split_once('+') {
        None => Tissue::new(alpha_beta, half_time(repair)?)?,
        Some((first, second)) => {
            let (w, first) = share(first)?;
            let (v, second) = share(second)?;
            let phases = [(w, half_time(first)?), (v, half_time(second)?)];
            Tissue::biphasic(alpha_beta, phases)?
        }
    };
    Ok(tissue)
}

/// The share and the rest of `40 % 0.5 h`; a half where none is said.
fn share(text: &str) -> Result<(f64, &str), TextError> {
    match text.split_once('%') {
        None => Ok((0.5, text.trim())),
        Some((percent, rest)) => {
            let text = format!("{} %", percent.trim());
            Ok((quantity("share of a phase of repair", &text, "1")?, rest.trim()))
        }
    }
}

/// A reference adult from `male`, `female`, `m` or `f`, in capitals or not.
///
/// # Errors
/// [`TextError`] for any other word.
pub fn adult(text: &str) -> Result<Sex, TextError> {
    match text.to_lowercase().as_str() {
        "female" | "f" => Ok(Sex::Female),
        "male" | "m" => Ok(Sex::Male),
        other => Err(TextError::Reference { text: other.to_owned() }),
    }
}
