//! Times on the axis of a chart, as an experiment writes them.

use lutetia_units::{Dimension, Quantity, time_unit};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, de};

use super::ChartError;
use crate::figure::Axis;

/// A time with its unit, such as `6 mo`.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment(Quantity);

impl Moment {
    /// In the unit of an axis, which its label says.
    ///
    /// # Errors
    /// A label that ends in no unit of time.
    pub(super) fn on(&self, label: &str) -> Result<f64, ChartError> {
        let axis = Axis::linear(label);
        let unit = time_unit(axis.unit()).ok_or_else(|| {
            let expected =
                "a label that ends in the unit of time of its table, such as `time (months)`";
            ChartError::key("x_label", format!("`{label}`"), expected)
        })?;
        Ok(self.0.value() * (self.0.unit().scale() / unit.scale()))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let quantity = Quantity::parse(&String::deserialize(from)?).map_err(de::Error::custom)?;
        match quantity.dimension() {
            Dimension::TIME => Ok(Self(quantity)),
            other => Err(de::Error::custom(format!("found {other}, expected time"))),
        }
    }
}

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": "quantity:mo" })
    }
}
