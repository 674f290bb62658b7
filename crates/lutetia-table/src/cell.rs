//! One value of a table.

use lutetia_units::significant;
use serde::Serialize;

/// One cell of a [`Table`](crate::Table).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Cell {
    /// A count; printed whole.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A number; printed to [`Cell::DIGITS`] significant digits.
    Number(f64),
    /// Text.
    Text(String),
    /// Nothing to say: not measured, not applicable.
    Missing,
}

impl From<f64> for Cell {
    fn from(value: f64) -> Self {
        if value.is_nan() { Self::Missing } else { Self::Number(value) }
    }
}

impl From<bool> for Cell {
    fn from(yes: bool) -> Self {
        Self::Bool(yes)
    }
}

/// Counts beyond the range of an integer of 64 bits stay numbers.
macro_rules! counts {
    ($($integer:ty),*) => {$(
        impl From<$integer> for Cell {
            fn from(count: $integer) -> Self {
                #[expect(clippy::allow_attributes, reason = "only some of the types can lose digits")]
                #[allow(clippy::cast_precision_loss, reason = "beyond 2^63 no digit matters")]
                i64::try_from(count).map_or(Self::Number(count as f64), Self::Int)
            }
        }
    )*};
}

counts!(u16, u32, u64, usize, i64);

impl From<Option<f64>> for Cell {
    fn from(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::from)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl Cell {
    /// Significant digits of a number in a CSV file.
    pub const DIGITS: usize = 6;

    /// The number, if it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(x) => Some(*x),
            // Exact up to 2^53, beyond any count.
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            Self::Int(n) => Some(*n as f64),
            Self::Bool(_) | Self::Text(_) | Self::Missing => None,
        }
    }

    /// The cell as it stands in a CSV file.
    #[must_use]
    pub fn csv(&self) -> String {
        match self {
            Self::Int(n) => n.to_string(),
            Self::Bool(yes) => yes.to_string(),
            Self::Number(x) => significant(*x, Self::DIGITS),
            Self::Text(t) => t.clone(),
            Self::Missing => String::new(),
        }
    }

    /// A p-value. One that is smaller than any number that can be stored is not zero: it has a bound.
    #[must_use]
    pub fn of_p(p: impl Into<Option<f64>>) -> Self {
        match p.into() {
            Some(p) if p < f64::MIN_POSITIVE => Self::Text("< 1e-300".to_owned()),
            p => Self::from(p),
        }
    }

    /// The cell as a person reads it: fewer digits, a dash where nothing is known.
    #[must_use]
    pub fn pretty(&self) -> String {
        match self {
            Self::Int(n) => n.to_string(),
            Self::Bool(yes) => (if *yes { "yes" } else { "no" }).to_owned(),
            Self::Number(x) => significant(*x, 4),
            Self::Text(t) => t.clone(),
            Self::Missing => "–".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_counts_and_answers_are_printed_whole() {
        for (cell, csv, pretty) in [
            (Cell::from(1_234_567_u64), "1234567", "1234567"),
            (Cell::from(0_usize), "0", "0"),
            (Cell::from(true), "true", "yes"),
            (Cell::from(false), "false", "no"),
            (Cell::from(1_234_567.0), "1234570", "1235000"),
            (Cell::from(f64::NAN), "", "–"),
        ] {
            assert_eq!((cell.csv().as_str(), cell.pretty().as_str()), (csv, pretty));
        }
        assert_eq!(Cell::from(12_u32).number(), Some(12.0));
        assert_eq!(Cell::from(true).number(), None);
    }
}
