//! A model over time under a regimen.

use lutetia_scenario::{DoseEntry, Given, LoadedModel, ScenarioError, internal};
use std::collections::BTreeMap;

use lutetia_sim::{Curve, Inputs, Options, Regimen, Request};
use lutetia_units::{Dimension, Quantity, Unit, UnitSystem};
use serde::Deserialize;

use super::{Context, StepKind, Use, defaults};
use crate::steps::StepError;
use lutetia_table::{Cell, Table, Tables};

/// A model over time under a regimen.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// Name of the table.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// An earlier step of the kind `cohort` of that model: its typical patient is simulated, with what the cohort
    /// sets.
    pub cohort: Option<String>,
    /// Doses.
    #[serde(default)]
    pub doses: Vec<DoseEntry>,
    /// Every dose is repeated at this interval.
    pub every: Option<String>,
    /// How often the doses are given in all.
    #[serde(default = "defaults::one")]
    pub cycles: u32,
    /// Measured curves that drive inputs of the model, by input.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputCurve>,
    /// Outputs tabulated; all if left out.
    pub outputs: Option<Vec<String>>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Last time, in hours, or with a unit such as `5 d`.
    #[serde(default = "defaults::until_h", deserialize_with = "defaults::hours")]
    pub until: f64,
    /// Number of times, evenly spaced from zero.
    #[serde(default = "defaults::points")]
    pub points: u32,
    /// Relative tolerance of the integration; 1e-6 if left out.
    pub rtol: Option<f64>,
    /// Its absolute tolerance, as a share of the dose of each species (of what it starts with, where
    /// none is given); if left out, 1e-9 or a thousandth of `rtol` where that is less.
    pub atol: Option<f64>,
}

/// A curve out of a table under `[data]`; units stand in its header.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputCurve {
    /// Name under `[data]`.
    pub table: String,
    /// Column of the times.
    pub time: String,
    /// Column of the values.
    pub value: String,
}

impl StepKind for Simulate {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let mut uses = vec![Use::Model(&self.model)];
        uses.extend(self.cohort.as_deref().map(Use::Step));
        uses.extend(self.inputs.values().map(|curve| Use::Data(&curve.table)));
        uses
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// Most times of a table.
const MOST_POINTS: u32 = 100_000;

/// Most repetitions of a dose.
const MOST_CYCLES: u32 = 1000;

/// Runs the step of an experiment.
pub(crate) fn run(step: &Simulate, context: &mut Context) -> Result<(), StepError> {
    let model = context
        .models
        .get(&step.model)
        .ok_or_else(|| format!("`{}` is not a model of this experiment", step.model))?;
    if !(2..=MOST_POINTS).contains(&step.points) {
        return Err(format!("`points` is {}; expected 2 to {MOST_POINTS}", step.points).into());
    }
    if !(step.until.is_finite() && step.until > 0.0) {
        return Err(format!("`until` is {} h; expected a time above 0 h", step.until).into());
    }
    if !(1..=MOST_CYCLES).contains(&step.cycles) {
        return Err(format!("`cycles` is {}; expected 1 to {MOST_CYCLES}", step.cycles).into());
    }
    let units = &model.model.units;
    let system = model.simulator.system();
    let parameters = match &step.cohort {
        None => model.parameters(&step.set)?,
        Some(id) => {
            let cohort = context
                .cohorts
                .get(id)
                .ok_or_else(|| format!("the step `{id}` is not of the kind `cohort`"))?;
            if cohort.model.model.id != model.model.id {
                return Err(format!(
                    "the cohort `{id}` is of the model `{}`, and the step simulates `{}`",
                    cohort.model.model.id, model.model.id
                )
                .into());
            }
            let set = step
                .set
                .iter()
                .map(|(name, text)| Ok((name.clone(), internal(model, name, text)?)))
                .collect::<Result<Vec<_>, StepError>>()?;
            let population = cohort.with(&set)?;
            population.typical().parameters(0).to_vec()
        }
    };
    let mut regimen = Regimen::default();
    for spec in &step.doses {
        let every = match &step.every {
            Some(text) => model.internal("every", text, Dimension::TIME)?,
            None if step.cycles == 1 => 0.0,
            None => return Err("`cycles` needs `every`, such as `8 week`".into()),
        };
        for dose in spec.doses(system).map_err(ScenarioError::from)? {
            regimen.doses.extend(Regimen::repeat(&dose, every, step.cycles as usize).doses);
        }
    }
    let inputs = Inputs {
        curves: step
            .inputs
            .iter()
            .map(|(name, spec)| curve(name, spec, model, &context.published))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let shown = match &step.outputs {
        None => (0..system.outputs().len()).collect(),
        Some(names) => names
            .iter()
            .map(|name| model.simulator.output(name).map_err(StepError::from))
            .collect::<Result<Vec<_>, _>>()?,
    };
    let hour = model.internal("an hour", "1 h", Dimension::TIME)?;
    let last = f64::from(step.points - 1);
    let hours: Vec<f64> = (0..step.points).map(|i| step.until * f64::from(i) / last).collect();
    let times: Vec<f64> = hours.iter().map(|t| t * hour).collect();
    let given = Given {
        system,
        regimen: &regimen,
        driven: step.inputs.keys().map(String::as_str).collect(),
        set: step.set.keys().map(String::as_str).collect(),
        end: step.until * hour,
    };
    let remarks = given.remarks();
    let defaults = Options::default();
    let options =
        Options { rtol: step.rtol.unwrap_or(defaults.rtol), atol_relative: step.atol, ..defaults };
    let trajectory = model
        .simulator
        .run(&Request::new(&parameters, &regimen, &times).inputs(&inputs).options(&options))?;

    let mut table = Table::new(&step.id, "Outputs over time").column("time", "h");
    for &output in &shown {
        let info = &system.outputs()[output];
        table = table.column(&info.name, info.unit.symbol());
    }
    for (row, t) in hours.iter().enumerate() {
        let values = shown.iter().map(|&output| {
            let info = &system.outputs()[output];
            let internal = trajectory.outputs.get(row, output);
            Cell::from(internal.map(|y| units.from_internal(y, &info.unit)))
        });
        table.push(std::iter::once(Cell::from(*t)).chain(values).collect());
    }
    context.settings.insert("rtol".to_owned(), format!("{:e}", options.rtol));
    if let Some(atol) = step.atol {
        context.settings.insert("atol".to_owned(), format!("{atol:e}"));
    }
    context.add(table);
    context.remark(&step.id, remarks);
    Ok(())
}

/// A measured curve for an input, in internal units.
fn curve(
    input: &str,
    spec: &InputCurve,
    model: &LoadedModel,
    tables: &Tables,
) -> Result<Curve, StepError> {
    let table = tables
        .get(&spec.table)
        .ok_or_else(|| format!("`{}` is not a table of this experiment", spec.table))?;
    let units = &model.model.units;
    let wanted = model
        .model
        .inputs
        .iter()
        .find(|i| i.name == input)
        .map(|i| i.unit.dimension())
        .ok_or_else(|| {
            let known: Vec<&str> = model.model.inputs.iter().map(|i| i.name.as_str()).collect();
            match &known[..] {
                [] => format!("the model has no input `{input}`, and no other input"),
                known => format!("the model has no input `{input}`; it has: {}", known.join(", ")),
            }
        })?;
    let times = column(table, &spec.time, Dimension::TIME, units)?;
    let values = column(table, &spec.value, wanted, units)?;
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
    let index = table.index_of(name).ok_or_else(|| {
        let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        format!("the table `{}` has no column `{name}`; it has: {}", table.name, known.join(", "))
    })?;
    let header = &table.columns[index].unit;
    let unit = Unit::parse(if header.is_empty() { "1" } else { header })
        .map_err(|e| format!("the column `{name}` of `{}`: {e}", table.name))?;
    if unit.dimension() != dimension {
        return Err(format!(
            "the column `{name}` of `{}` is in {unit} ({}); expected {dimension}",
            table.name,
            unit.dimension()
        )
        .into());
    }
    let internal = |x: f64| units.to_internal(&Quantity::new(x, unit.clone()));
    Ok(table.rows.iter().map(|r| r.get(index)?.number().map(internal)).collect())
}
