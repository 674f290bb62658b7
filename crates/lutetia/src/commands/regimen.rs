//! Doses as they are typed: `{ at = "0 h", into = "L.plasma", activity = "7.4 GBq", … }`.

use lutetia_diagnostic::closest;
use lutetia_units::{Dimension, Quantity};

use crate::failure::{Failure, Outcome};

const KEYS: [&str; 6] = ["at", "into", "nuclide", "activity", "amount", "over"];
const EXAMPLE: &str = "write it as `{ at = \"0 h\", into = \"L.plasma\", activity = \"7.4 GBq\", amount = \"100 nmol\" }`";

/// One dose, dimensions checked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TypedDose {
    /// Start; the beginning of the simulation without it.
    pub(crate) at: Option<Quantity>,
    /// Pool that receives it.
    pub(crate) into: String,
    /// Nuclide, where it is not the only one.
    pub(crate) nuclide: Option<String>,
    /// Activity at its start.
    pub(crate) activity: Option<Quantity>,
    /// Hot and cold ligand together, or a drug, as an amount or a mass; carrier-free without it.
    pub(crate) amount: Option<Quantity>,
    /// Infusion time; a bolus without it.
    pub(crate) over: Option<Quantity>,
}

/// Reads one dose.
pub(crate) fn parse(text: &str) -> Outcome<TypedDose> {
    let table = format!("dose = {}", text.trim());
    let table: toml::Table = table.parse().map_err(|error: toml::de::Error| {
        Failure::usage(format!("cannot read the dose `{text}`: {}", error.message()), EXAMPLE)
    })?;
    let Some(toml::Value::Table(dose)) = table.get("dose").filter(|_| table.len() == 1) else {
        return Err(Failure::usage(format!("the dose `{text}` is no table"), EXAMPLE));
    };
    for key in dose.keys() {
        if !KEYS.contains(&key.as_str()) {
            let hint = closest(key, KEYS).map_or_else(
                || format!("a dose has: {}", KEYS.join(", ")),
                |k| format!("did you mean `{k}`?"),
            );
            return Err(Failure::usage(format!("a dose has no `{key}`"), hint));
        }
    }
    let word = |key: &str| -> Outcome<Option<String>> {
        match dose.get(key) {
            None => Ok(None),
            Some(toml::Value::String(word)) => Ok(Some(word.clone())),
            Some(other) => Err(Failure::usage(
                format!("`{key} = {other}` of a dose is no text"),
                "put the value and its unit in quotation marks",
            )),
        }
    };
    let quantity = |key: &str, dimension: Dimension, example: &str| -> Outcome<Option<Quantity>> {
        word(key)?
            .map(|text| parse_quantity(&format!("`{key}` of a dose"), &text, dimension, example))
            .transpose()
    };
    let typed = TypedDose {
        at: quantity("at", Dimension::TIME, "24 h")?,
        into: word("into")?
            .ok_or_else(|| Failure::usage(format!("the dose `{text}` has no `into`"), EXAMPLE))?,
        nuclide: word("nuclide")?,
        activity: quantity("activity", Dimension::ACTIVITY, "7.4 GBq")?,
        amount: amount(word("amount")?)?,
        over: quantity("over", Dimension::TIME, "30 min")?,
    };
    if typed.activity.is_none() && typed.amount.is_none() {
        return Err(Failure::usage(
            format!("the dose `{text}` has neither `activity` nor `amount`"),
            EXAMPLE,
        ));
    }
    Ok(typed)
}

/// Reads what is given: an amount, or a mass, which the molar mass of the species makes one.
fn amount(text: Option<String>) -> Outcome<Option<Quantity>> {
    let Some(text) = text else { return Ok(None) };
    let mass = Quantity::parse(&text).is_ok_and(|q| q.dimension() == Dimension::MASS);
    let dimension = if mass { Dimension::MASS } else { Dimension::AMOUNT };
    parse_quantity("`amount` of a dose", &text, dimension, "100 nmol` or `200 mg").map(Some)
}

/// Reads a quantity that must have a dimension and must not be negative.
pub(crate) fn parse_quantity(
    what: &str,
    text: &str,
    dimension: Dimension,
    example: &str,
) -> Outcome<Quantity> {
    let hint = format!("write it as `{example}`");
    let quantity = Quantity::parse(text)
        .map_err(|error| Failure::usage(format!("cannot read {what}: {error}"), hint.clone()))?;
    if quantity.dimension() != dimension {
        return Err(Failure::usage(
            format!("{what} is `{text}` ({}); expected {dimension}", quantity.dimension()),
            hint,
        ));
    }
    if quantity.value() < 0.0 {
        return Err(Failure::usage(format!("{what} is `{text}`; expected 0 or more"), hint));
    }
    Ok(quantity)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_a_dose_is_read() {
        let dose = parse(
            r#"{ at = "1 d", into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol", over = "30 min" }"#,
        )
        .expect("a dose");
        assert_eq!(dose.into, "L.plasma");
        let mbq = lutetia_units::Unit::parse("MBq").expect("a unit");
        let activity = dose.activity.expect("an activity").to(&mbq).expect("an activity");
        // One product of two decimal numbers.
        assert!((activity - 7400.0).abs() < 1e-9, "{activity}");
        assert_eq!(dose.nuclide, None);
    }

    #[test]
    fn exact_faulty_doses_are_refused_with_their_reason() {
        for (text, reason) in [
            ("", "cannot read the dose"),
            ("7.4 GBq", "cannot read the dose"),
            ("\"7.4 GBq\"", "is no table"),
            ("{ into = \"L.plasma\" }", "neither `activity` nor `amount`"),
            ("{ activity = \"7.4 GBq\" }", "no `into`"),
            ("{ into = \"L.plasma\", activity = \"7400 mg\" }", "expected activity"),
            ("{ into = \"L.plasma\", activity = \"-1 MBq\" }", "0 or more"),
            ("{ into = \"L.plasma\", activity = 7400 }", "is no text"),
            ("{ into = \"L.plasma\", activty = \"7.4 GBq\" }", "a dose has no `activty`"),
            ("{ into = \"L.plasma\", activity = \"1 MBq\" }\nx = 1", "is no table"),
        ] {
            let failure = parse(text).expect_err("a faulty dose");
            let message = &failure.report().expect("a message").message;
            assert!(message.contains(reason), "`{text}`: {message}");
        }
    }
}
