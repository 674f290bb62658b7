//! Units: parsed from text, printed back, converted.

use std::fmt;

use crate::{dimension::Dimension, error::UnitError};

/// A unit of measurement such as `L/nmol/h` or `mGy/(MBq s)`.
#[derive(Clone, PartialEq, Debug)]
pub struct Unit {
    dimension: Dimension,
    scale: f64,
    symbol: String,
}

/// Longest unit text read; longer ones are refused before any work.
const LONGEST: usize = 200;
/// Highest power of a unit.
const HIGHEST: i32 = 12;
const SUPERSCRIPTS: &str = "⁰¹²³⁴⁵⁶⁷⁸⁹";

struct Base {
    symbol: &'static str,
    dimension: Dimension,
    /// SI value of one.
    scale: f64,
    /// Takes SI prefixes.
    prefixed: bool,
}

const fn base(symbol: &'static str, dimension: Dimension, scale: f64, prefixed: bool) -> Base {
    Base { symbol, dimension, scale, prefixed }
}

/// One joule in the table's energy unit is one; an electronvolt is exact since 2019.
const EV: f64 = 1.602_176_634e-19;

const BASES: &[Base] = &[
    base("s", Dimension::TIME, 1.0, true),
    base("min", Dimension::TIME, 60.0, false),
    base("h", Dimension::TIME, 3600.0, false),
    base("d", Dimension::TIME, 86_400.0, false),
    base("day", Dimension::TIME, 86_400.0, false),
    base("days", Dimension::TIME, 86_400.0, false),
    base("week", Dimension::TIME, 604_800.0, false),
    base("weeks", Dimension::TIME, 604_800.0, false),
    // A twelfth of a Julian year, 30.4375 d: the month of survival times.
    base("mo", Dimension::TIME, 2_629_800.0, false),
    // Julian year, as ENSDF and ICRP use.
    base("y", Dimension::TIME, 31_557_600.0, false),
    base("a", Dimension::TIME, 31_557_600.0, false),
    base("m", Dimension::LENGTH, 1.0, true),
    base("g", Dimension::MASS, 1e-3, true),
    base("u", Dimension::MASS, 1.660_539_068_92e-27, false),
    base("Da", Dimension::MASS, 1.660_539_068_92e-27, true),
    base("mol", Dimension::AMOUNT, 1.0, true),
    base("L", Dimension::VOLUME, 1e-3, true),
    base("l", Dimension::VOLUME, 1e-3, true),
    base("M", Dimension::CONCENTRATION, 1e3, true),
    base("Bq", Dimension::ACTIVITY, 1.0, true),
    base("Ci", Dimension::ACTIVITY, 3.7e10, true),
    base("J", Dimension::ENERGY, 1.0, true),
    base("eV", Dimension::ENERGY, EV, true),
    base("Gy", Dimension::DOSE, 1.0, true),
    base("Gy(RBE)", Dimension::RBE_DOSE, 1.0, true),
    base("Gy(BED)", Dimension::BED, 1.0, true),
    base("cell", Dimension::COUNT, 1.0, false),
    base("cells", Dimension::COUNT, 1.0, false),
    base("count", Dimension::COUNT, 1.0, false),
    base("%", Dimension::NONE, 0.01, false),
    base("1", Dimension::NONE, 1.0, false),
];

const PREFIXES: &[(&str, f64)] = &[
    ("P", 1e15),
    ("T", 1e12),
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
    ("d", 1e-1),
    ("c", 1e-2),
    ("m", 1e-3),
    ("µ", 1e-6),
    ("μ", 1e-6),
    ("u", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
    ("f", 1e-15),
    ("a", 1e-18),
];

impl Unit {
    /// The unit of a pure number.
    #[must_use]
    pub fn dimensionless() -> Self {
        Self { dimension: Dimension::NONE, scale: 1.0, symbol: "1".to_owned() }
    }

    /// A unit from its parts; `symbol` should parse back to it.
    #[must_use]
    pub fn from_parts(dimension: Dimension, scale: f64, symbol: impl Into<String>) -> Self {
        Self { dimension, scale, symbol: symbol.into() }
    }

    /// Reads a unit: symbols with SI prefixes, `*`, `·` or a space between factors, `/`, `^` or a
    /// superscript for powers, and brackets. An empty text is the unit of a pure number.
    ///
    /// # Errors
    /// [`UnitError::Unknown`] or [`UnitError::Syntax`], with the bytes at fault.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return Ok(Self::dimensionless());
        }
        if trimmed.len() > LONGEST {
            return Err(UnitError::Syntax {
                found: trimmed.chars().take(20).collect::<String>() + "…",
                expected: "a unit of at most 200 bytes",
                start: 0,
                end: text.len(),
            });
        }
        let mut parser = Parser { text, at: 0, depth: 0 };
        let (dimension, scale) = parser.product()?;
        parser.skip_spaces();
        if parser.at < text.len() {
            let number = parser.peek().is_some_and(|c| c.is_ascii_digit() || c == '.');
            return Err(parser.syntax(if number {
                "the end of the unit: a unit holds no number other than `1`"
            } else {
                "`*`, `/`, `^` or the end of the unit"
            }));
        }
        if !scale.is_normal() || dimension.is_at_limit() {
            return Err(UnitError::Syntax {
                found: trimmed.to_owned(),
                expected: "a unit whose size can be represented",
                start: 0,
                end: text.len(),
            });
        }
        let symbol = trimmed.split_whitespace().collect::<Vec<_>>().join(" ");
        Ok(Self { dimension, scale, symbol })
    }

    /// Its dimension.
    #[must_use]
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// SI value of one unit (energies in J, activities in Bq).
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// As typed, without needless spaces.
    #[must_use]
    pub fn symbol(&self) -> &str {
        &self.symbol
    }

    /// How many `other` one of this unit is.
    ///
    /// # Errors
    /// [`UnitError::Mismatch`] when the dimensions differ.
    pub fn conversion_to(&self, other: &Self) -> Result<f64, UnitError> {
        if self.dimension == other.dimension {
            Ok(self.scale / other.scale)
        } else {
            Err(UnitError::Mismatch {
                from: self.symbol.clone(),
                from_dimension: self.dimension,
                to: other.symbol.clone(),
                to_dimension: other.dimension,
            })
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.symbol)
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += self.peek().map_or(0, char::len_utf8);
        }
    }

    fn syntax(&self, expected: &'static str) -> UnitError {
        let rest = &self.text[self.at..];
        let end = self.at + rest.chars().next().map_or(0, char::len_utf8);
        let found = if rest.is_empty() { "end of the text" } else { &self.text[self.at..end] };
        UnitError::Syntax { found: found.to_owned(), expected, start: self.at, end }
    }

    fn product(&mut self) -> Result<(Dimension, f64), UnitError> {
        self.skip_spaces();
        let (mut dimension, mut scale) = self.factor()?;
        loop {
            self.skip_spaces();
            let divide = match self.peek() {
                Some('/') => true,
                Some('*' | '·' | '⋅' | '×') => false,
                Some(c) if c == '(' || is_symbol(c) => {
                    let (d, s) = self.factor()?;
                    (dimension, scale) = (dimension * d, scale * s);
                    continue;
                }
                _ => return Ok((dimension, scale)),
            };
            self.at += self.peek().map_or(0, char::len_utf8);
            self.skip_spaces();
            let (d, s) = self.factor()?;
            (dimension, scale) =
                if divide { (dimension / d, scale / s) } else { (dimension * d, scale * s) };
        }
    }

    fn factor(&mut self) -> Result<(Dimension, f64), UnitError> {
        let (dimension, scale) = if self.take('(') {
            self.depth += 1;
            if self.depth > 8 {
                return Err(self.syntax("at most 8 nested brackets"));
            }
            let inner = self.product()?;
            self.skip_spaces();
            if !self.take(')') {
                return Err(self.syntax("`)`"));
            }
            self.depth -= 1;
            inner
        } else {
            self.symbol()?
        };
        let power = self.power()?;
        Ok((dimension.powi(power), scale.powi(power)))
    }

    fn symbol(&mut self) -> Result<(Dimension, f64), UnitError> {
        let start = self.at;
        while self.peek().is_some_and(is_symbol) {
            self.at += self.peek().map_or(0, char::len_utf8);
        }
        for mark in ["(RBE)", "(BED)"] {
            if self.text[start..self.at].ends_with("Gy") && self.text[self.at..].starts_with(mark) {
                self.at += mark.len();
            }
        }
        let symbol = &self.text[start..self.at];
        if symbol.is_empty() {
            if self.peek().is_some_and(|c| c.is_ascii_digit() || c == '.') {
                return Err(self.syntax("a unit: it holds no number other than `1`"));
            }
            return Err(self.syntax("a unit such as `MBq`, `nmol/L` or `1/h`"));
        }
        lookup(symbol).ok_or_else(|| UnitError::Unknown {
            symbol: symbol.to_owned(),
            suggestion: suggest(symbol),
            start,
            end: self.at,
        })
    }

    fn power(&mut self) -> Result<i32, UnitError> {
        if self.take('^') {
            let start = self.at;
            self.take('-');
            while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                self.at += 1;
            }
            let digits = &self.text[start..self.at];
            return digits.parse().ok().filter(|p: &i32| p.abs() <= HIGHEST).ok_or_else(|| {
                UnitError::Syntax {
                    found: digits.to_owned(),
                    expected: "a whole power between -12 and 12",
                    start,
                    end: self.at,
                }
            });
        }
        let start = self.at;
        let negative = self.take('⁻');
        let mut power: Option<i32> = None;
        while let Some(digit) =
            self.peek().and_then(|c| SUPERSCRIPTS.chars().zip(0..).find(|(s, _)| *s == c))
        {
            self.at += digit.0.len_utf8();
            power = Some(power.map_or(digit.1, |p| (10 * p + digit.1).min(100)));
        }
        match power {
            None if !negative => Ok(1),
            Some(p) if p <= HIGHEST => Ok(if negative { -p } else { p }),
            _ => Err(UnitError::Syntax {
                found: self.text[start..self.at].to_owned(),
                expected: "a whole power between -12 and 12",
                start,
                end: self.at,
            }),
        }
    }
}

fn is_symbol(c: char) -> bool {
    c.is_alphabetic() || c == '%' || c == '1' || c == 'µ'
}

fn lookup(symbol: &str) -> Option<(Dimension, f64)> {
    if let Some(b) = BASES.iter().find(|b| b.symbol == symbol) {
        return Some((b.dimension, b.scale));
    }
    PREFIXES.iter().find_map(|(prefix, factor)| {
        let rest = symbol.strip_prefix(prefix)?;
        let b = BASES.iter().find(|b| b.prefixed && b.symbol == rest)?;
        Some((b.dimension, b.scale * factor))
    })
}

/// Units people write, for did-you-mean.
const COMMON: &[&str] = &[
    "s", "min", "h", "d", "week", "mo", "y", "m", "cm", "mm", "kg", "g", "mg", "ug", "ng", "mol",
    "mmol", "umol", "nmol", "pmol", "fmol", "L", "mL", "uL", "nM", "uM", "pM", "Bq", "kBq", "MBq",
    "GBq", "mCi", "J", "eV", "keV", "MeV", "Gy", "mGy", "Gy(RBE)", "Gy(BED)", "cells", "%",
];

/// What people write for units that are spelt otherwise here.
const WRITTEN: &[(&str, &str)] = &[
    ("w", "week"),
    ("wk", "week"),
    ("wks", "week"),
    ("hr", "h"),
    ("hrs", "h"),
    ("hour", "h"),
    ("hours", "h"),
    ("sec", "s"),
    ("secs", "s"),
    ("second", "s"),
    ("seconds", "s"),
    ("mins", "min"),
    ("minute", "min"),
    ("minutes", "min"),
    ("mon", "mo"),
    ("mth", "mo"),
    ("mos", "mo"),
    ("month", "mo"),
    ("months", "mo"),
    ("yr", "y"),
    ("yrs", "y"),
    ("year", "y"),
    ("years", "y"),
    ("cc", "mL"),
    ("ccm", "mL"),
    ("liter", "L"),
    ("litre", "L"),
    ("liters", "L"),
    ("litres", "L"),
    ("gray", "Gy"),
    ("mcg", "ug"),
    ("percent", "%"),
];

fn suggest(symbol: &str) -> Option<String> {
    let lower = symbol.to_lowercase();
    if let Some((_, unit)) = WRITTEN.iter().find(|w| w.0 == lower) {
        return Some((*unit).to_owned());
    }
    let limit = if symbol.chars().count() > 4 { 2 } else { 1 };
    COMMON
        .iter()
        .map(|c| (strsim::damerau_levenshtein(&lower, &c.to_lowercase()), *c))
        // Of a short symbol, what is left must be more than another symbol: `w` is not `s`.
        .filter(|(d, c)| *d <= limit && 2 * d <= c.chars().count().max(symbol.chars().count()))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c.to_owned())
}
