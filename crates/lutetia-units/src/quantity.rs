//! Quantities: a number with its unit.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{dimension::Dimension, error::UnitError, unit::Unit};

/// A finite number with its unit, such as `2.4 L/h`.
#[derive(Clone, PartialEq, Debug)]
pub struct Quantity {
    value: f64,
    unit: Unit,
}

impl Quantity {
    /// A quantity from its parts.
    #[must_use]
    pub fn new(value: f64, unit: Unit) -> Self {
        Self { value, unit }
    }

    /// Reads a number followed by a unit; a number alone is dimensionless.
    ///
    /// # Errors
    /// With the bytes at fault: no number, a number that is not finite, no such unit.
    pub fn parse(text: &str) -> Result<Self, UnitError> {
        let start = text.len() - text.trim_start().len();
        let body = &text[start..];
        let length = number_length(body);
        let digits = &body[..length];
        let end = start + length;
        let value: f64 = digits.parse().map_err(|_| UnitError::Syntax {
            found: text.trim().chars().take(40).collect(),
            expected: "a number followed by a unit, such as `2.4 L/h`",
            start,
            end: text.len(),
        })?;
        if !value.is_finite() {
            return Err(UnitError::NonFinite { found: digits.to_owned(), start, end });
        }
        let unit = Unit::parse(&text[end..]).map_err(|e| shift(e, end))?;
        let quantity = Self { value, unit };
        if quantity.si().is_finite() {
            Ok(quantity)
        } else {
            Err(UnitError::NonFinite { found: text.trim().to_owned(), start, end: text.len() })
        }
    }

    /// The number, in [`Self::unit`].
    #[must_use]
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The unit.
    #[must_use]
    pub fn unit(&self) -> &Unit {
        &self.unit
    }

    /// The dimension.
    #[must_use]
    pub fn dimension(&self) -> Dimension {
        self.unit.dimension()
    }

    /// The number in SI units (energies in J, activities in Bq).
    #[must_use]
    pub fn si(&self) -> f64 {
        self.value * self.unit.scale()
    }

    /// The number in another unit.
    ///
    /// # Errors
    /// [`UnitError::Mismatch`] when the dimensions differ.
    pub fn to(&self, unit: &Unit) -> Result<f64, UnitError> {
        Ok(self.value * self.unit.conversion_to(unit)?)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.unit.symbol() == "1" {
            write!(f, "{}", self.value)
        } else {
            write!(f, "{} {}", self.value, self.unit)
        }
    }
}

impl FromStr for Quantity {
    type Err = UnitError;
    fn from_str(text: &str) -> Result<Self, UnitError> {
        Self::parse(text)
    }
}

impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

/// Bytes of the longest prefix that is a decimal number.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits = |mut i: usize| {
        while bytes.get(i).is_some_and(u8::is_ascii_digit) {
            i += 1;
        }
        i
    };
    let signed = |i: usize| if matches!(bytes.get(i), Some(b'+' | b'-')) { i + 1 } else { i };
    let mut end = digits(signed(0));
    if bytes.get(end) == Some(&b'.') {
        end = digits(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let from = signed(end + 1);
        let to = digits(from);
        if to > from {
            end = to;
        }
    }
    end
}

fn shift(error: UnitError, by: usize) -> UnitError {
    match error {
        UnitError::Unknown { symbol, suggestion, start, end } => {
            UnitError::Unknown { symbol, suggestion, start: start + by, end: end + by }
        }
        UnitError::Syntax { found, expected, start, end } => {
            UnitError::Syntax { found, expected, start: start + by, end: end + by }
        }
        UnitError::NonFinite { found, start, end } => {
            UnitError::NonFinite { found, start: start + by, end: end + by }
        }
        mismatch @ UnitError::Mismatch { .. } => mismatch,
    }
}
