//! Units as tables write them.

use lutetia_diagnostic::Code;
use lutetia_units::{Dimension, Unit, UnitError};

use super::{Fault, Kind, header::Scale};
use crate::codes;

/// Why a unit does not serve a column; `range` are the bytes of its text at fault, where not all.
#[derive(Debug)]
pub(crate) struct UnitFault {
    pub(crate) code: Code,
    pub(crate) fault: Fault,
    pub(crate) range: Option<(usize, usize)>,
}

/// Words for units, in lower case; what [`Unit::parse`] reads is read by it, so that `mBq` stays a thousandth.
const WORDS: &[(&str, &[&str])] = &[
    ("h", &["hour", "hours", "hr", "hrs"]),
    ("min", &["minute", "minutes", "mins"]),
    ("s", &["sec", "secs", "second", "seconds"]),
    ("a", &["year", "years", "yr", "yrs"]),
    ("GBq", &["gbq"]),
    ("MBq", &["mbq"]),
    ("kBq", &["kbq"]),
    ("Bq", &["bq"]),
    ("mCi", &["mci"]),
    ("uCi", &["uci", "µci"]),
    ("cm^3", &["cc", "ccm"]),
    ("mL", &["ml"]),
    ("g", &["gram", "grams", "gr"]),
    ("%", &["percent", "pct", "perc"]),
];

/// A unit as tables write it: a word for it, and a power without `^` (`cm3`, `m2`).
pub(crate) fn parse_unit(text: &str) -> Result<Unit, UnitError> {
    Unit::parse(text).or_else(|error| {
        let trimmed = text.trim();
        let lower = trimmed.to_lowercase();
        let word = WORDS.iter().find(|(_, words)| words.contains(&lower.as_str())).map(|w| w.0);
        let spelled = match (word, trimmed.strip_suffix(['2', '3'])) {
            (Some(unit), _) => unit.to_owned(),
            (None, Some(base)) if !base.is_empty() && base.chars().all(char::is_alphabetic) => {
                format!("{base}^{}", &trimmed[base.len()..])
            }
            _ => return Err(error),
        };
        Unit::parse(&spelled).map_err(|_| error)
    })
}

/// What brings a number with this unit to the fixed unit of its column, which the file calls `column`.
pub(crate) fn unit_factor(text: &str, column: &str, kind: Kind) -> Result<Scale, Box<UnitFault>> {
    let Some(wanted) = kind.unit() else { return Ok(Scale::None) };
    let relative = matches!(kind, Kind::NumberOrRelative(_));
    let unit = parse_unit(text).map_err(|error| {
        let fault = Fault::new(format!("unit of column `{column}`: {error}"), "in this unit")
            .hint(format!("`{column}` is read in `{wanted}` or any unit of the same kind"));
        UnitFault { code: codes::UNKNOWN_UNIT, fault, range: error.range() }
    })?;
    if relative && unit.dimension().is_none() {
        return Ok(Scale::Fraction(unit.scale()));
    }
    let target = Unit::parse(wanted).map_err(|error| {
        let fault = Fault::new(error.to_string(), "read in this unit");
        UnitFault { code: codes::UNKNOWN_UNIT, fault, range: None }
    })?;
    let factor = unit.conversion_to(&target).map_err(|_| {
        let hint = match (wanted, unit.dimension()) {
            ("MBq", d) if d == Dimension::ACTIVITY / Dimension::VOLUME => {
                "multiply the concentration by the volume of the region".to_owned()
            }
            ("nmol", d) if d == Dimension::MASS => {
                "divide the mass by the molar mass of the ligand and give `nmol`".to_owned()
            }
            _ => format!("write a unit such as `{column} ({wanted})`"),
        };
        let fault = Fault::new(
            format!(
                "`{text}` is a unit of {}, column `{column}` needs {} such as `{wanted}`",
                unit.dimension(),
                target.dimension()
            ),
            format!("found {}, expected {}", unit.dimension(), target.dimension()),
        )
        .hint(hint);
        UnitFault { code: codes::WRONG_DIMENSION, fault, range: None }
    })?;
    Ok(Scale::Factor(factor))
}
