//! Texts that are read for what they mean when their file is read, and kept as they are written.

use std::fmt;

use lutetia_fit::{ErrorModel, VarianceCount};
use lutetia_patient::{
    TextError,
    curves::{error_model, variance_count},
};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What a text can mean.
pub trait Meaning: Sized {
    /// The `format` of the schema.
    const FORM: &'static str;

    /// Reads a text.
    ///
    /// # Errors
    /// [`TextError`]: a text that is not of the form.
    fn read(text: &str) -> Result<Self, TextError>;
}

impl Meaning for ErrorModel {
    const FORM: &'static str = "error-model";

    fn read(text: &str) -> Result<Self, TextError> {
        error_model(text)
    }
}

impl Meaning for VarianceCount {
    const FORM: &'static str = "variance-count";

    fn read(text: &str) -> Result<Self, TextError> {
        variance_count(text)
    }
}

/// A text as it is written, and what it means.
#[derive(Clone)]
pub struct Meant<M> {
    text: String,
    meaning: M,
}

impl<M: Meaning> Meant<M> {
    /// Reads a text.
    ///
    /// # Errors
    /// [`TextError`]: a text that is not of the form.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        Ok(Self { text: text.to_owned(), meaning: M::read(text)? })
    }
}

impl<M> Meant<M> {
    /// As it is written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<M: Copy> Meant<M> {
    /// What it means.
    #[must_use]
    pub fn meaning(&self) -> M {
        self.meaning
    }
}

impl<M> fmt::Debug for Meant<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl<M> Serialize for Meant<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de, M: Meaning> Deserialize<'de> for Meant<M> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}

impl<M: Meaning> JsonSchema for Meant<M> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        M::FORM.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": M::FORM })
    }
}
