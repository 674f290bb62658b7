//! Texts of an experiment that mean something by themselves: quantities, error models, methods.
//!
//! A key whose text is a [`Written`] is read for what it means when the file is read. Its form stands in the schema as
//! the `format` of the key, so that the check of a file finds a text that does not read, with its place, by `read`.

mod form;
mod meant;
mod unread;

use std::{fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use lutetia_units::{Dimension, Quantity, Unit, time_unit};

pub use meant::{Meaning, Meant};
pub use unread::Unread;

pub(crate) use form::{example, is_quantity, read, shown, units};

/// The kind of quantity that a key holds.
pub trait Kind {
    /// The `format` of the schema: `quantity:` and the units of which one must be meant, `|` between them.
    const FORM: &'static str;
}

/// A quantity as it is written, of a dimension that was checked when it was read.
pub struct Written<K> {
    text: String,
    quantity: Quantity,
    kind: PhantomData<fn() -> K>,
}

/// A time.
pub type Time = Written<OfTime>;
/// A time of follow-up.
pub type FollowUp = Written<OfFollowUp>;
/// An activity.
pub type Activity = Written<OfActivity>;
/// A quantity of whatever a parameter is.
pub type Value = Written<OfAny>;
/// An amount of molecules, or a mass of them.
pub type Amount = Written<OfAmount>;
/// An absorbed dose.
pub type AbsorbedDose = Written<OfDose>;
/// A length.
pub type Length = Written<OfLength>;
/// A share or a relative deviation, with its `%`.
pub type Share = Written<OfShare>;
/// A rate.
pub type Rate = Written<OfRate>;

macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident $form:literal;)*) => {$(
        $(#[$about])*
        #[derive(Debug)]
        pub enum $name {}

        impl Kind for $name {
            const FORM: &'static str = $form;
        }
    )*};
}

kinds! {
    /// Times.
    OfTime "quantity:h";
    /// Times of follow-up.
    OfFollowUp "quantity:mo";
    /// Activities.
    OfActivity "quantity:MBq";
    /// Quantities of any dimension, and numbers.
    OfAny "quantity";
    /// Amounts and masses.
    OfAmount "quantity:nmol|mg";
    /// Absorbed doses.
    OfDose "quantity:Gy";
    /// Lengths.
    OfLength "quantity:mm";
    /// Shares.
    OfShare "quantity:%";
    /// Rates.
    OfRate "quantity:1/h";
}

impl<K: Kind> Written<K> {
    /// Reads a text.
    ///
    /// # Errors
    /// [`Unread`]: no quantity, one of another dimension, a bare number where a unit is needed.
    pub fn parse(text: &str) -> Result<Self, Unread> {
        let quantity = form::quantity(text, &units(K::FORM))?;
        Ok(Self { text: text.to_owned(), quantity, kind: PhantomData })
    }
}

impl<K> Written<K> {
    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The quantity.
    #[must_use]
    pub fn quantity(&self) -> &Quantity {
        &self.quantity
    }

    /// The number in a unit of `scale` SI units.
    fn over(&self, scale: f64) -> f64 {
        self.quantity.value() * (self.quantity.unit().scale() / scale)
    }
}

/// Seconds of a minute, an hour, a day, and the month of reports, a twelfth of a Julian year.
const MINUTE_S: f64 = 60.0;
const HOUR_S: f64 = 3600.0;
const DAY_S: f64 = 86400.0;

impl Time {
    /// So many days.
    #[must_use]
    pub fn days(days: f64) -> Self {
        let unit = Unit::from_parts(Dimension::TIME, DAY_S, "d");
        let quantity = Quantity::new(days, unit);
        Self { text: quantity.to_string(), quantity, kind: PhantomData }
    }

    /// So many hours.
    #[must_use]
    pub fn hours(hours: f64) -> Self {
        let unit = Unit::from_parts(Dimension::TIME, HOUR_S, "h");
        let quantity = Quantity::new(hours, unit);
        Self { text: quantity.to_string(), quantity, kind: PhantomData }
    }

    /// In hours.
    #[must_use]
    pub fn h(&self) -> f64 {
        self.over(HOUR_S)
    }

    /// In days.
    #[must_use]
    pub fn d(&self) -> f64 {
        self.over(DAY_S)
    }

    /// In minutes.
    #[must_use]
    pub fn min(&self) -> f64 {
        self.over(MINUTE_S)
    }
}

impl FollowUp {
    /// In a unit of time.
    #[must_use]
    pub fn r#in(&self, unit: &TimeUnit) -> f64 {
        self.over(unit.unit.scale())
    }
}

impl Rate {
    /// Per day.
    #[must_use]
    pub fn per_d(&self) -> f64 {
        self.over(1.0 / DAY_S)
    }

    /// Per minute.
    #[must_use]
    pub fn per_min(&self) -> f64 {
        self.over(1.0 / MINUTE_S)
    }
}

impl AbsorbedDose {
    /// In gray.
    #[must_use]
    pub fn gy(&self) -> f64 {
        self.over(1.0)
    }
}

impl Length {
    /// So many millimetres.
    #[must_use]
    pub fn millimetres(mm: f64) -> Self {
        let unit = Unit::from_parts(Dimension::LENGTH, 1e-3, "mm");
        let quantity = Quantity::new(mm, unit);
        Self { text: quantity.to_string(), quantity, kind: PhantomData }
    }

    /// In millimetres.
    #[must_use]
    pub fn mm(&self) -> f64 {
        self.over(1e-3)
    }
}

impl Share {
    /// As a number: 0.05 for `5 %`.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.quantity.si()
    }
}

impl<K> Clone for Written<K> {
    fn clone(&self) -> Self {
        Self { text: self.text.clone(), quantity: self.quantity.clone(), kind: PhantomData }
    }
}

impl<K> fmt::Debug for Written<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl<K> fmt::Display for Written<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<K> PartialEq for Written<K> {
    fn eq(&self, other: &Self) -> bool {
        self.quantity == other.quantity
    }
}

impl<K> Serialize for Written<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Written<K> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl<K: Kind> JsonSchema for Written<K> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        K::FORM.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": K::FORM })
    }
}

/// The unit of the times of a table, as it is printed: `mo`, `months`.
#[derive(Clone, PartialEq)]
pub struct TimeUnit {
    text: String,
    unit: Unit,
}

impl TimeUnit {
    /// The word that the schema has for it.
    const FORM: &'static str = "time-unit";

    /// Reads a text.
    ///
    /// # Errors
    /// [`Unread`]: no unit of time.
    pub fn parse(text: &str) -> Result<Self, Unread> {
        let unit = time_unit(text).ok_or_else(|| Unread::TimeUnit { text: text.to_owned() })?;
        Ok(Self { text: text.to_owned(), unit })
    }

    /// As it is printed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether both are of the same length.
    #[must_use]
    pub fn is_that_of(&self, other: &Self) -> bool {
        (self.unit.scale() / other.unit.scale() - 1.0).abs() < 1e-12
    }
}

impl fmt::Debug for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl Serialize for TimeUnit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for TimeUnit {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl JsonSchema for TimeUnit {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        Self::FORM.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": Self::FORM })
    }
}

/// A text of another form, in the schema alone: its key holds the text, which its step reads.
pub(crate) struct Text<F>(PhantomData<fn() -> F>);

/// The form of a [`Text`].
pub(crate) trait Form {
    /// The `format` of the schema.
    const FORM: &'static str;
}

macro_rules! forms {
    ($($name:ident $form:literal;)*) => {$(
        pub(crate) enum $name {}

        impl Form for $name {
            const FORM: &'static str = $form;
        }
    )*};
}

forms! {
    OfFunction "function";
    OfPetMethod "pet-method";
    OfNuclide "nuclide";
    OfMass "mass";
    OfCell "cell";
}

impl<F: Form> JsonSchema for Text<F> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        F::FORM.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": F::FORM })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_a_time_is_the_same_in_every_unit() {
        for (text, h) in [("36 h", 36.0), ("1.5 d", 36.0), ("2160 min", 36.0)] {
            let time = Time::parse(text).expect(text);
            assert!((time.h() - h).abs() < 1e-12 && (time.d() - h / 24.0).abs() < 1e-12, "{text}");
            assert_eq!(time.text(), text);
        }
        assert_eq!(Time::days(7.0).text(), "7 d");
        assert_eq!(Time::hours(200.0).text(), "200 h");
        assert!((Rate::parse("0.02 1/d").expect("a rate").per_d() - 0.02).abs() < 1e-15);
    }

    #[test]
    fn exact_bare_numbers_and_other_dimensions_are_refused_with_what_works() {
        for (text, corrected) in [("168", "168 h"), ("-2.5", "-2.5 h"), (" 1e3 ", "1e3 h")] {
            let fault = Time::parse(text).expect_err(text);
            assert_eq!(fault.corrected().as_deref(), Some(corrected));
        }
        assert_eq!(Share::parse("5").expect_err("bare").corrected().as_deref(), Some("5 %"));
        assert_eq!(Share::parse("0.05").expect_err("bare").corrected().as_deref(), Some("5 %"));
        assert!(Share::parse("0").is_ok() && Share::parse("5 %").is_ok());
        assert!(Amount::parse("3 mg").is_ok() && Amount::parse("3 nmol").is_ok());
        for text in ["5 mg", "5 furlongs", "", "h"] {
            assert!(Time::parse(text).is_err(), "{text}");
        }
        let said = Amount::parse("3 MBq").expect_err("an activity").to_string();
        assert!(said.contains("expected amount or mass"), "{said}");
    }
}
