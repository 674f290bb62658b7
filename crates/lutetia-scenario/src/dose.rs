//! A dose as it is written: one table of an experiment, one `--dose` of the command, one row of `doses.csv`.

use lutetia_data::{DoseRow, RowKind};
use lutetia_diagnostic::closest;
use lutetia_model::system::{DoseAmountError, DoseNuclideError, System};
use lutetia_sim::{Dose, DoseKind, Regimen};
use lutetia_units::{Dimension, Quantity, UnitError};
use schemars::JsonSchema;
use serde::Deserialize;

/// A dose and its repetitions: `{ at = "0 h", into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol" }`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DoseEntry {
    /// Start of the first, such as `0 h`, or `-24 h` for what was given before; zero if left out.
    #[schemars(extend("format" = "quantity:h"))]
    pub at: Option<String>,
    /// The pool it goes into: `L.plasma`. Only a reset that gives nothing goes nowhere.
    #[serde(default)]
    pub into: String,
    /// Nuclide, where the pool can carry several.
    #[schemars(extend("format" = "nuclide"))]
    pub nuclide: Option<String>,
    /// Activity at its start, such as `7.4 GBq`.
    #[schemars(extend("format" = "quantity:MBq"))]
    pub activity: Option<String>,
    /// Hot and cold ligand together, or a drug, as an amount or a mass such as `100 nmol`; carrier-free if left out.
    #[schemars(extend("format" = "quantity:nmol|mg"))]
    pub amount: Option<String>,
    /// Duration of the infusion, such as `30 min`. If left out, the `duration` or `rate` that the model gives the pool,
    /// and a bolus where it gives none.
    #[schemars(extend("format" = "quantity:h"))]
    pub over: Option<String>,
    /// What it does: it is added (`add`, if left out), added to the steady state of itself at the interval `every`
    /// (`steady`), that steady state is added to what is there (`add-steady`), put in the place of what the pool holds
    /// (`replace`), or everything begins anew and then it is added (`reset`).
    pub kind: Option<Kind>,
    /// Interval of its repetitions, such as `6 week`, or of its steady state.
    #[schemars(extend("format" = "quantity:h"))]
    pub every: Option<String>,
    /// How often it is given in all; once if left out.
    pub cycles: Option<u32>,
    /// The occasion that the first of them belongs to, from 1; the repetitions belong to the next ones. Left out, the
    /// first entry with an activity begins an occasion with each dose, and partners begin none.
    pub cycle: Option<u32>,
}

/// What a dose does to what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "DoseKind")]
pub enum Kind {
    /// It is added.
    Add,
    /// It is added to the steady state of itself, given at the interval `every` without an end before.
    Steady,
    /// The steady state of itself is added to what is there.
    AddSteady,
    /// The pool holds that much afterwards; by `amount` alone hot and cold keep their shares.
    Replace,
    /// Everything is as at the start, what was given before and has not arrived never does; then it is added.
    Reset,
}

impl Kind {
    const ALL: [(&'static str, Self); 5] = [
        ("add", Self::Add),
        ("steady", Self::Steady),
        ("add-steady", Self::AddSteady),
        ("replace", Self::Replace),
        ("reset", Self::Reset),
    ];
}

/// What a model needs of a dose and a study may leave open.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Unsaid<'a> {
    /// The pool it goes into: `L.plasma`.
    pub into: &'a str,
    /// Hot and cold ligand together, such as `100 nmol`.
    pub amount: Option<&'a str>,
    /// Duration of the infusion, such as `30 min`.
    pub over: Option<&'a str>,
}

/// Most repetitions of a dose.
const MOST_CYCLES: u32 = 1000;

const KEYS: [&str; 10] =
    ["at", "into", "nuclide", "activity", "amount", "over", "kind", "every", "cycles", "cycle"];

const EXAMPLE: &str = "write it as `{ at = \"0 h\", into = \"L.plasma\", activity = \"7.4 GBq\", amount = \"100 nmol\" }`";

/// Why a dose cannot be given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DoseError {
    /// Not TOML.
    #[error("cannot read the dose `{text}`: {reason}")]
    Unreadable {
        /// As typed.
        text: String,
        /// What the reader says.
        reason: String,
    },
    /// Not a table.
    #[error("the dose `{text}` is not a table")]
    NotATable {
        /// As typed.
        text: String,
    },
    /// A key that a dose does not have.
    #[error("a dose has no `{key}`")]
    Key {
        /// As typed.
        key: String,
        /// The nearest one there is.
        near: Option<&'static str>,
    },
    /// A value of another type.
    #[error("`{key} = {found}` of a dose is not {expected}")]
    Type {
        /// The key.
        key: &'static str,
        /// Its value.
        found: String,
        /// `text` or `a whole number`.
        expected: &'static str,
    },
    /// A key that every dose needs.
    #[error("the dose `{text}` has no `into`")]
    Nowhere {
        /// As typed.
        text: String,
    },
    /// Nothing is given.
    #[error("the dose into `{into}` has neither `activity` nor `amount`")]
    Nothing {
        /// The pool.
        into: String,
    },
    /// Not a quantity.
    #[error("cannot read `{key}` of a dose: {source}")]
    Quantity {
        /// The key.
        key: &'static str,
        /// Why not.
        source: Box<UnitError>,
    },
    /// A quantity of something else.
    #[error("`{key}` of a dose is `{text}` ({found}); expected {expected}")]
    Dimension {
        /// The key.
        key: &'static str,
        /// As typed.
        text: String,
        /// Its dimension.
        found: Dimension,
        /// What it must have.
        expected: Dimension,
    },
    /// Less than nothing.
    #[error("`{key}` of a dose is `{text}`; expected 0 or more")]
    Negative {
        /// The key.
        key: &'static str,
        /// As typed.
        text: String,
    },
    /// The nuclide is not known.
    #[error(transparent)]
    Nuclide(#[from] DoseNuclideError),
    /// The amount cannot be found.
    #[error(transparent)]
    Amount(#[from] DoseAmountError),
    /// Too many, or none.
    #[error("a dose has {cycles} cycles; expected 1 to {MOST_CYCLES}")]
    Cycles {
        /// As given.
        cycles: u32,
    },
    /// Repetitions or a steady state without an interval.
    #[error(
        "a dose has `{}` and needs `every`, such as `8 week`",
        if *steady { "kind = \"steady\"" } else { "cycles" }
    )]
    NoInterval {
        /// Whether it is in its steady state.
        steady: bool,
    },
    /// An interval and nothing that is repeated.
    #[error("a dose has `every` and no `cycles`; expected how often it is given in all, such as 4")]
    NoNumber,
    /// All repetitions at once.
    #[error("`every` of a dose is `{text}`; expected an interval above 0")]
    ZeroInterval {
        /// As typed.
        text: String,
    },
    /// A word that is not a kind of dose.
    #[error(
        "`kind` of a dose is `{found}`; expected `add`, `steady`, `add-steady`, `replace` or `reset`"
    )]
    Kind {
        /// As typed.
        found: String,
        /// The nearest one there is.
        near: Option<&'static str>,
    },
    /// An amount that is put in the place of another flows nowhere.
    #[error("a dose of the kind `replace` has `over`; it is there at once")]
    ReplacedOver,
}

impl DoseError {
    /// What can be done.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unreadable { .. } | Self::NotATable { .. } | Self::Nowhere { .. } => {
                EXAMPLE.to_owned()
            }
            Self::Nothing { .. } => EXAMPLE.to_owned(),
            Self::Key { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Key { near: None, .. } => format!("a dose has: {}", KEYS.join(", ")),
            Self::Type { expected: "text", .. } => {
                "put the value and its unit in quotation marks".to_owned()
            }
            Self::Type { .. } => "write it as `cycles = 4`".to_owned(),
            Self::Quantity { key, .. }
            | Self::Dimension { key, .. }
            | Self::Negative { key, .. } => {
                format!("write it as `{}`", example(key))
            }
            Self::Nuclide(DoseNuclideError::None { .. }) => {
                "give the dose by `amount` alone, or into a pool that carries the label".to_owned()
            }
            Self::Nuclide(_) => "name one of them: `nuclide = \"…\"`".to_owned(),
            Self::Amount(_) => "see `lutetia explain` for the species of the model".to_owned(),
            Self::Cycles { .. } => "write it as `cycles = 4`".to_owned(),
            Self::NoInterval { .. } | Self::ZeroInterval { .. } => {
                "write it as `every = \"8 week\"`".to_owned()
            }
            Self::NoNumber => "write it as `cycles = 4`, or leave `every` out".to_owned(),
            Self::Kind { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::Kind { near: None, .. } => "leave it out where the dose is added".to_owned(),
            Self::ReplacedOver => "leave `over` out, or `kind` where the dose is added".to_owned(),
        }
    }

    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7050"
    }
}

/// A value that works for a key.
fn example(key: &str) -> &'static str {
    match key {
        "at" => "24 h",
        "activity" => "7.4 GBq",
        "amount" => "100 nmol` or `200 mg",
        "over" => "30 min",
        _ => "8 week",
    }
}

impl DoseEntry {
    /// Reads one dose, written as an inline table.
    ///
    /// # Errors
    /// What is not as a dose is written.
    pub fn parse(text: &str) -> Result<Self, DoseError> {
        let file = format!("dose = {}", text.trim());
        let table: toml::Table = file.parse().map_err(|e: toml::de::Error| {
            DoseError::Unreadable { text: text.to_owned(), reason: e.message().to_owned() }
        })?;
        let Some(toml::Value::Table(dose)) = table.get("dose").filter(|_| table.len() == 1) else {
            return Err(DoseError::NotATable { text: text.to_owned() });
        };
        for key in dose.keys() {
            if !KEYS.contains(&key.as_str()) {
                return Err(DoseError::Key { key: key.clone(), near: closest(key, KEYS) });
            }
        }
        let word = |key: &'static str| match dose.get(key) {
            None => Ok(None),
            Some(toml::Value::String(word)) => Ok(Some(word.clone())),
            Some(other) => Err(DoseError::Type { key, found: other.to_string(), expected: "text" }),
        };
        let count = |key: &'static str| match dose.get(key) {
            None => Ok(None),
            Some(value) => {
                value.as_integer().and_then(|n| u32::try_from(n).ok()).map(Some).ok_or_else(|| {
                    DoseError::Type { key, found: value.to_string(), expected: "a whole number" }
                })
            }
        };
        let kind = match word("kind")? {
            None => None,
            Some(found) => {
                let known = Kind::ALL.iter().find(|(name, _)| *name == found);
                let near = closest(&found, Kind::ALL.map(|k| k.0));
                Some(known.ok_or(DoseError::Kind { found, near })?.1)
            }
        };
        let entry = Self {
            at: word("at")?,
            into: word("into")?.unwrap_or_default(),
            nuclide: word("nuclide")?,
            activity: word("activity")?,
            amount: word("amount")?,
            over: word("over")?,
            kind,
            every: word("every")?,
            cycles: count("cycles")?,
            cycle: count("cycle")?,
        };
        entry.check()?;
        Ok(entry)
    }

    /// One bolus into a pool at the start, of which neither activity nor amount is known yet.
    #[must_use]
    pub fn into_pool(into: &str) -> Self {
        Self {
            at: None,
            into: into.to_owned(),
            nuclide: None,
            activity: None,
            amount: None,
            over: None,
            kind: None,
            every: None,
            cycles: None,
            cycle: None,
        }
    }

    /// A row of `doses.csv`, from a start on the subject's clock (h), with what the study leaves open.
    #[must_use]
    pub fn of_row(row: &DoseRow, start_h: f64, unsaid: Unsaid<'_>) -> Self {
        // The text of a number is the shortest that reads back as the same one.
        let typed = |x: f64, unit: &str| format!("{x} {unit}");
        let or = |x: Option<f64>, unit: &str, otherwise: Option<&str>| {
            x.map(|x| typed(x, unit)).or_else(|| otherwise.map(str::to_owned))
        };
        Self {
            at: Some(typed(row.time_h - start_h, "h")),
            nuclide: Some(row.nuclide.clone()),
            activity: Some(typed(row.activity_mbq, "MBq")),
            amount: or(row.amount_nmol, "nmol", unsaid.amount),
            over: or(row.duration_h, "h", unsaid.over),
            kind: match row.kind {
                RowKind::Add => None,
                RowKind::Steady => Some(Kind::Steady),
                RowKind::AddSteady => Some(Kind::AddSteady),
                RowKind::Reset => Some(Kind::Reset),
            },
            every: row.every_h.map(|x| typed(x, "h")),
            ..Self::into_pool(row.into.as_deref().unwrap_or(unsaid.into))
        }
    }

    /// Checks what can be without a model: dimensions, signs, that something is given.
    fn check(&self) -> Result<(), DoseError> {
        for (key, text, dimension) in [
            ("at", &self.at, Dimension::TIME),
            ("activity", &self.activity, Dimension::ACTIVITY),
            ("over", &self.over, Dimension::TIME),
            ("every", &self.every, Dimension::TIME),
        ] {
            quantity(key, text, dimension)?;
        }
        self.given()?;
        let (kind, nothing) = (self.kind(), self.activity.is_none() && self.amount.is_none());
        if self.into.is_empty() && !(kind == Kind::Reset && nothing) {
            return Err(DoseError::Nowhere { text: self.text() });
        }
        if nothing && kind != Kind::Reset {
            return Err(DoseError::Nothing { into: self.into.clone() });
        }
        if kind == Kind::Replace && self.over.is_some() {
            return Err(DoseError::ReplacedOver);
        }
        let times = self.times();
        if !(1..=MOST_CYCLES).contains(&times) {
            return Err(DoseError::Cycles { cycles: times });
        }
        let steady = matches!(kind, Kind::Steady | Kind::AddSteady);
        match &self.every {
            None if steady || times > 1 => Err(DoseError::NoInterval { steady }),
            Some(_) if self.cycles.is_none() && !steady => Err(DoseError::NoNumber),
            Some(text) if Quantity::parse(text).is_ok_and(|q| q.value() <= 0.0) => {
                Err(DoseError::ZeroInterval { text: text.clone() })
            }
            _ => Ok(()),
        }
    }

    /// What it does.
    fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Add)
    }

    /// How often it is given in all.
    fn times(&self) -> u32 {
        self.cycles.unwrap_or(1)
    }

    /// What can be said of a dose that goes nowhere.
    fn text(&self) -> String {
        let said = [("activity", &self.activity), ("amount", &self.amount), ("at", &self.at)];
        let said = said.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
        let said: Vec<String> = said.map(|(key, text)| format!("{key} = \"{text}\"")).collect();
        format!("{{ {} }}", said.join(", "))
    }

    /// The amount: one of molecules, or a mass, which the molar mass of the species makes one.
    fn given(&self) -> Result<Option<Quantity>, DoseError> {
        let mass =
            |text: &String| Quantity::parse(text).is_ok_and(|q| q.dimension() == Dimension::MASS);
        let dimension = if self.amount.as_ref().is_some_and(mass) {
            Dimension::MASS
        } else {
            Dimension::AMOUNT
        };
        quantity("amount", &self.amount, dimension)
    }

    /// Whether it carries an activity.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.activity.is_some()
    }

    /// Whether an activity of zero would carry nothing at all, as in an arm that stands for no treatment.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        if matches!(self.kind(), Kind::Replace | Kind::Reset) {
            return false;
        }
        let zero = |text: &String| {
            Quantity::parse(text).is_ok_and(|q| {
                q.dimension() == Dimension::ACTIVITY && q.value().abs() < f64::MIN_POSITIVE
            })
        };
        self.amount.is_none() && self.activity.as_ref().is_some_and(zero)
    }

    /// The first of its doses, in the internal units of a model.
    ///
    /// # Errors
    /// What cannot be given to this model.
    pub fn dose(&self, system: &System) -> Result<Dose, DoseError> {
        self.check()?;
        let units = system.units();
        let internal = |key, text: &Option<String>, dimension| {
            Ok::<_, DoseError>(quantity(key, text, dimension)?.map(|q| units.to_internal(&q)))
        };
        let activities = match internal("activity", &self.activity, Dimension::ACTIVITY)? {
            None => Vec::new(),
            Some(activity) => {
                vec![(system.dose_nuclide(&self.into, self.nuclide.as_deref())?, activity)]
            }
        };
        let amount = self.given()?.map(|q| system.dose_amount(&self.into, &q)).transpose()?;
        let every = internal("every", &self.every, Dimension::TIME)?.unwrap_or(0.0);
        Ok(Dose {
            at: internal("at", &self.at, Dimension::TIME)?.unwrap_or(0.0),
            into: self.into.clone(),
            activities,
            amount,
            over: internal("over", &self.over, Dimension::TIME)?,
            kind: match self.kind() {
                Kind::Add => DoseKind::Adds,
                Kind::Steady => DoseKind::Steady { every },
                Kind::AddSteady => DoseKind::AddsSteady { every },
                Kind::Replace => DoseKind::Replaces,
                Kind::Reset => DoseKind::Resets,
            },
        })
    }

    /// All of its doses, in order of time.
    ///
    /// # Errors
    /// What cannot be given to this model.
    pub fn doses(&self, system: &System) -> Result<Vec<Dose>, DoseError> {
        let first = self.dose(system)?;
        let every = quantity("every", &self.every, Dimension::TIME)?
            .map_or(0.0, |q| system.units().to_internal(&q));
        Ok(Regimen::repeat(&first, every, self.times() as usize).doses)
    }
}

/// A quantity of a dimension that is in range.
fn quantity(
    key: &'static str,
    text: &Option<String>,
    expected: Dimension,
) -> Result<Option<Quantity>, DoseError> {
    let Some(text) = text else { return Ok(None) };
    let quantity = Quantity::parse(text)
        .map_err(|source| DoseError::Quantity { key, source: Box::new(source) })?;
    let found = quantity.dimension();
    if found != expected {
        return Err(DoseError::Dimension { key, text: text.clone(), found, expected });
    }
    // Only a start may lie before zero.
    if quantity.value() < 0.0 && key != "at" {
        return Err(DoseError::Negative { key, text: text.clone() });
    }
    Ok(Some(quantity))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_a_dose_is_read_as_an_experiment_reads_it() {
        let text = r#"{ at = "1 d", into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol", over = "30 min", every = "6 week", cycles = 4 }"#;
        let typed = DoseEntry::parse(text).expect("a dose");
        #[derive(Deserialize, JsonSchema)]
        struct File {
            dose: DoseEntry,
        }
        let read: File = toml::from_str(&format!("dose = {text}")).expect("a file");
        assert_eq!(typed, read.dose);
        assert_eq!((typed.into.as_str(), typed.cycles), ("L.plasma", Some(4)));
    }

    #[test]
    fn exact_faulty_doses_are_refused_with_their_reason() {
        for (text, reason) in [
            ("", "cannot read the dose"),
            ("7.4 GBq", "cannot read the dose"),
            ("\"7.4 GBq\"", "is not a table"),
            ("{ into = \"L.plasma\" }", "neither `activity` nor `amount`"),
            ("{ activity = \"7.4 GBq\" }", "no `into`"),
            ("{ into = \"L.plasma\", activity = \"7400 mg\" }", "expected activity"),
            ("{ into = \"L.plasma\", activity = \"-1 MBq\" }", "0 or more"),
            ("{ into = \"L.plasma\", activity = 7400 }", "is not text"),
            ("{ into = \"L.plasma\", activty = \"7.4 GBq\" }", "a dose has no `activty`"),
            ("{ into = \"L.plasma\", activity = \"1 MBq\" }\nx = 1", "is not a table"),
            ("{ into = \"L.plasma\", activity = \"1 MBq\", cycles = 2 }", "needs `every`"),
            ("{ into = \"L.plasma\", activity = \"1 MBq\", cycles = 0 }", "0 cycles"),
            ("{ into = \"L.plasma\", activity = \"1 MBq\", cycles = \"2\" }", "a whole number"),
            ("{ into = \"L.plasma\", activity = \"1 MBq\", every = \"2 mg\" }", "expected time"),
            ("{ into = \"L.plasma\", activity = \"1 MBq\", every = \"2 h\" }", "no `cycles`"),
            (
                "{ into = \"L.plasma\", activity = \"1 MBq\", every = \"0 h\", cycles = 2 }",
                "an interval above 0",
            ),
            ("{ into = \"L.plasma\", amount = \"1 nmol\", kind = \"steady\" }", "needs `every`"),
            (
                "{ into = \"L.plasma\", amount = \"1 nmol\", kind = \"steady\", every = \"0 h\" }",
                "an interval above 0",
            ),
            ("{ into = \"L.plasma\", amount = \"1 nmol\", kind = \"stedy\" }", "`steady`"),
            (
                "{ into = \"L.plasma\", amount = \"0 nmol\", kind = \"replace\", over = \"1 h\" }",
                "there at once",
            ),
            ("{ kind = \"replace\" }", "no `into`"),
            ("{ into = \"L.plasma\", kind = \"replace\" }", "neither `activity` nor `amount`"),
        ] {
            let error = DoseEntry::parse(text).expect_err("a faulty dose");
            assert!(error.to_string().contains(reason), "`{text}`: {error}");
            assert!(!error.hint().is_empty(), "`{text}`");
        }
    }

    #[test]
    fn exact_a_reset_alone_goes_nowhere() {
        let reset = DoseEntry::parse("{ at = \"2 d\", kind = \"reset\" }").expect("a dose");
        assert!(reset.into.is_empty() && !reset.is_idle());
        let before =
            DoseEntry::parse("{ at = \"-2 d\", into = \"L.plasma\", amount = \"1 nmol\" }");
        assert_eq!(before.expect("a dose").at.as_deref(), Some("-2 d"));
    }

    #[test]
    fn exact_an_activity_of_zero_gives_nothing() {
        let idle = |text: &str| DoseEntry::parse(text).expect("a dose").is_idle();
        assert!(idle("{ into = \"L.plasma\", activity = \"0 GBq\" }"));
        assert!(!idle("{ into = \"L.plasma\", activity = \"0 GBq\", amount = \"1 nmol\" }"));
        assert!(!idle("{ into = \"L.plasma\", activity = \"1 MBq\" }"));
    }
}
