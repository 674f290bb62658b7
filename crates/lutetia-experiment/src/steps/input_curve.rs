//! Measured curves of `[data]` that drive inputs, parameters or covariates of a model, for whatever step simulates or
//! fits it.

use std::collections::BTreeMap;

use lutetia_model::Driven;
use lutetia_scenario::{CurveForm, Drive, Interpolation, LoadedModel, ScenarioError};
use lutetia_table::Table;
use lutetia_units::{Dimension, Quantity, Unit, UnitError, UnitSystem};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError};

/// A curve out of a table under `[data]`; units stand in its header.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InputCurve {
    /// Name under `[data]`.
    pub table: String,
    /// Column of the times.
    pub time: String,
    /// Column of the values.
    pub value: String,
    /// Between the points: a straight line (`linear`, if left out), the value of the point before (`previous`) or of
    /// the point after (`next`).
    #[serde(default)]
    pub interpolation: Interpolation,
    /// So much later than it was measured the curve acts, such as `20 s`.
    #[schemars(extend("format" = "quantity:h"))]
    pub delay: Option<String>,
    /// What holds before the first point: `hold` for its value, or a value. Left out, its value holds, and the page says
    /// so where a run needs it.
    pub before: Option<String>,
    /// What holds after the last point: `hold` for its value, or a value. Left out, its value holds, and the page says so
    /// where a run needs it.
    pub after: Option<String>,
}

/// Why a table is not a curve of what it is to drive.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InputCurveError {
    /// A column of which the header has no unit that can be read.
    #[error("the column `{column}` of `{table}`: {source}")]
    Unit {
        /// Which.
        column: String,
        /// Of which table.
        table: String,
        /// Why not.
        source: Box<UnitError>,
    },
    /// A column in a unit of something else.
    #[error(
        "the column `{column}` of `{table}` is in {found} ({}); expected {expected}",
        found.dimension()
    )]
    Dimension {
        /// Which.
        column: String,
        /// Of which table.
        table: String,
        /// Its unit.
        found: Box<Unit>,
        /// What is driven, or a time, has.
        expected: Dimension,
    },
    /// A value with which the model does not hold.
    #[error(
        "the column `{column}` of `{table}` has a value outside the range of `{name}` in the model"
    )]
    Range {
        /// Which.
        column: String,
        /// Of which table.
        table: String,
        /// What it drives.
        name: String,
    },
}

impl InputCurveError {
    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7153"
    }
}

/// The curves of a step, in the internal units of its model, and the model that they drive.
pub(crate) fn drives(
    inputs: &BTreeMap<String, InputCurve>,
    model: &LoadedModel,
    context: &Context,
) -> Result<(LoadedModel, Vec<Drive>), StepError> {
    let (model, driven) = model.varying(inputs.keys().map(String::as_str))?;
    let drives = inputs
        .values()
        .zip(&driven)
        .map(|(spec, driven)| {
            drive(spec, driven, &model.model.units, context.published(&spec.table)?)
        })
        .collect::<Result<_, _>>()?;
    Ok((model, drives))
}

fn drive(
    spec: &InputCurve,
    driven: &Driven,
    units: &UnitSystem,
    table: &Table,
) -> Result<Drive, StepError> {
    let times = column(table, &spec.time, Dimension::TIME, units)?;
    let values = column(table, &spec.value, driven.unit.dimension(), units)?;
    let points: Vec<(f64, f64)> =
        times.into_iter().zip(values).filter_map(|(t, y)| Some((t?, y?))).collect();
    let within = |y: f64| driven.range.is_none_or(|(low, high)| (low..=high).contains(&y));
    if !points.iter().all(|point| within(point.1)) {
        return Err(InputCurveError::Range {
            column: spec.value.clone(),
            table: table.name.clone(),
            name: driven.input.clone(),
        }
        .into());
    }
    let form = CurveForm {
        interpolation: spec.interpolation,
        delay: spec.delay.clone(),
        before: spec.before.clone(),
        after: spec.after.clone(),
    };
    Ok(Drive::new(driven, &points, &form, units).map_err(ScenarioError::from)?)
}

/// A column of a table in internal units.
fn column(
    table: &Table,
    name: &str,
    dimension: Dimension,
    units: &UnitSystem,
) -> Result<Vec<Option<f64>>, StepError> {
    let index = table.index(name)?;
    let header = &table.columns[index].unit;
    let unit = Unit::parse(if header.is_empty() { "1" } else { header }).map_err(|source| {
        InputCurveError::Unit {
            column: name.to_owned(),
            table: table.name.clone(),
            source: Box::new(source),
        }
    })?;
    if unit.dimension() != dimension {
        return Err(InputCurveError::Dimension {
            column: name.to_owned(),
            table: table.name.clone(),
            found: Box::new(unit),
            expected: dimension,
        }
        .into());
    }
    let internal = |x: f64| units.to_internal(&Quantity::new(x, unit.clone()));
    Ok(table.rows.iter().map(|r| r.get(index)?.number().map(internal)).collect())
}
