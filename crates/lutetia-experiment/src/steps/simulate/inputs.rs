//! Measured curves that drive inputs of a model.

use lutetia_scenario::LoadedModel;
use lutetia_sim::{Curve, Inputs};
use lutetia_table::Table;
use lutetia_units::{Dimension, Quantity, Unit, UnitSystem};

use super::{InputCurve, Simulate, SimulateError};
use crate::steps::{Context, StepError};

/// The curves of a step, in the internal units of its model.
pub(super) fn of(
    step: &Simulate,
    model: &LoadedModel,
    context: &Context,
) -> Result<Inputs, StepError> {
    let curves = step
        .inputs
        .iter()
        .map(|(name, spec)| curve(name, spec, model, context.published(&spec.table)?))
        .collect::<Result<_, _>>()?;
    Ok(Inputs { curves })
}

fn curve(
    input: &str,
    spec: &InputCurve,
    model: &LoadedModel,
    table: &Table,
) -> Result<Curve, StepError> {
    let inputs = &model.model.inputs;
    let wanted = inputs.iter().find(|i| i.name == input).ok_or_else(|| SimulateError::NoInput {
        name: input.to_owned(),
        known: inputs.iter().map(|i| i.name.clone()).collect(),
    })?;
    let units = &model.model.units;
    let times = column(table, &spec.time, Dimension::TIME, units)?;
    let values = column(table, &spec.value, wanted.unit.dimension(), units)?;
    let points = times.into_iter().zip(values).filter_map(|(t, y)| Some((t?, y?))).collect();
    Ok(Curve { input: input.to_owned(), points })
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
        SimulateError::ColumnUnit {
            column: name.to_owned(),
            table: table.name.clone(),
            source: Box::new(source),
        }
    })?;
    if unit.dimension() != dimension {
        return Err(SimulateError::ColumnDimension {
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
