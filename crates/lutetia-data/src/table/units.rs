//! Units as tables write them.

use lutetia_diagnostic::Code;
use lutetia_units::{Dimension, Unit, UnitError};

use super::{Fault, Kind, header::Scale};
use crate::codes;

/// What an activity is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Over {
    #[default]
    Nothing,
    /// The volume of its region, mL.
    Volume,
    /// The mass of its region, g.
    Mass,
}

/// What a number says of an activity: itself in MBq, or by volume, by mass or as a fraction of what was injected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Per {
    /// A fraction of the activity injected, in the place of MBq.
    pub(crate) injected: bool,
    pub(crate) over: Over,
}

/// An activity as it stands in a table, in MBq or as a fraction, over mL or g.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measure {
    pub(crate) value: f64,
    pub(crate) per: Per,
}

impl Measure {
    /// As people write it.
    pub(crate) fn shown(self) -> String {
        let over = match self.per.over {
            Over::Nothing => "",
            Over::Volume => "/mL",
            Over::Mass => "/g",
        };
        match self.per.injected {
            true => format!("{} %IA{over}", lutetia_units::significant(100.0 * self.value, 10)),
            false => format!("{} MBq{over}", self.value),
        }
    }
}

/// What a unit such as `kBq/mL`, `%IA` or `%ID/g` says, and what brings a number with it to MBq or a fraction, over mL or
/// g; `None` where it says neither a concentration nor a share of what was injected.
pub(crate) fn per_of(text: &str) -> Option<(f64, Per)> {
    let (of, over) = match text.split_once('/') {
        Some((of, over)) => (of, Some(over)),
        None => (text, None),
    };
    let to = |unit: &Unit, target: &str| unit.conversion_to(&Unit::parse(target).ok()?).ok();
    let (factor, injected) = match is_injected(of) {
        true => (0.01, true),
        false => (to(&parse_unit(of).ok()?, "MBq")?, false),
    };
    let Some(over) = over else {
        return injected.then_some((factor, Per { injected, over: Over::Nothing }));
    };
    let unit = parse_unit(over).ok()?;
    let (by, over) = match to(&unit, "mL") {
        Some(ml) => (ml, Over::Volume),
        None => (to(&unit, "g")?, Over::Mass),
    };
    Some((factor / by, Per { injected, over }))
}

/// Whether a text says percent of the injected (or administered) activity, which many call dose.
fn is_injected(text: &str) -> bool {
    let plain: String = text
        .chars()
        .filter(|c| c.is_alphabetic() || *c == '%')
        .flat_map(char::to_lowercase)
        .collect();
    let of = ["%", "percent", "pct"].iter().find_map(|word| plain.strip_prefix(word));
    let of = of.map(|rest| rest.strip_prefix("of").unwrap_or(rest));
    matches!(
        of,
        Some("ia" | "id" | "aa" | "injectedactivity" | "injecteddose" | "administeredactivity")
    )
}

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
    let relative = matches!(kind, Kind::MeasuredOrRelative | Kind::NumberOrRelative(_));
    let measured = matches!(kind, Kind::Measured | Kind::MeasuredOrRelative);
    if let (true, Some((factor, per))) = (measured, per_of(text)) {
        return Ok(Scale::Measured(factor, per));
    }
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
            ("MBq", d) if d.is_none() && measured => format!(
                "percent of the activity injected are `{column} (%IA)`, or `%IA/mL` and `%IA/g`"
            ),
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
