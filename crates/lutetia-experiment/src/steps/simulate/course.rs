//! The outputs of a model over time under a regimen.

use std::sync::Arc;

use lutetia_scenario::{Drive, LoadedModel, Scenario, ScenarioError, Treatment, internal};
use lutetia_sim::{Options, Regimen};
use lutetia_units::{Dimension, Unit};

use super::{Simulate, SimulateError};
use crate::{
    steps::{Context, StepError, input_curve},
    written::Time,
};

/// Most times of a table.
pub(super) const MOST_POINTS: u32 = 100_000;

/// Most repetitions of a dose.
pub(super) const MOST_CYCLES: u32 = 1000;

/// What was simulated.
pub(super) struct Course {
    /// Times, h.
    pub(super) hours: Vec<f64>,
    /// The outputs that are shown.
    pub(super) outputs: Vec<OutputCourse>,
    /// Relative tolerance of the integration.
    pub(super) rtol: f64,
    /// What the step was given and the model does not use.
    pub(super) remarks: Vec<String>,
}

/// One output over time.
pub(super) struct OutputCourse {
    pub(super) name: String,
    pub(super) unit: Unit,
    /// At each time, in `unit`.
    pub(super) values: Vec<Option<f64>>,
}

/// What can be known of a simulation before it.
pub(super) fn asked(
    step: &Simulate,
    model: &LoadedModel,
    context: &Context,
) -> Result<(), StepError> {
    check(step)?;
    let (model, _) = input_curve::drives(&step.inputs, model, context)?;
    parameters(step, &model, context)?;
    treatment(step, &model)?;
    Ok(())
}

/// Simulates the regimen of a step.
pub(super) fn of(
    step: &Simulate,
    model: &LoadedModel,
    context: &Context,
) -> Result<Course, StepError> {
    check(step)?;
    let (model, drives) = input_curve::drives(&step.inputs, model, context)?;
    let model = &model;
    let system = model.simulator.system();
    let parameters = parameters(step, model, context)?;
    let scenario = Scenario::new(Arc::clone(&model.simulator), parameters, treatment(step, model)?)
        .with_inputs(Drive::inputs(&drives));
    let shown: Vec<usize> = match &step.outputs {
        None => (0..system.outputs().len()).collect(),
        Some(names) => {
            names.iter().map(|name| model.simulator.output(name)).collect::<Result<_, _>>()?
        }
    };
    let hour = model.clock().hour();
    let hours = hours(step);
    let times: Vec<f64> = hours.iter().map(|t| t * hour).collect();
    let set: Vec<&str> = step.set.keys().map(String::as_str).collect();
    let mut remarks = scenario.remarks(&set, step.until.h() * hour);
    let run = (scenario.start(&times), step.until.h() * hour);
    remarks.extend(drives.iter().flat_map(|d| d.held(run.0, run.1, &model.model.units)));
    let defaults = Options::default();
    let options =
        Options { rtol: step.rtol.unwrap_or(defaults.rtol), atol_relative: step.atol, ..defaults };
    let trajectory = scenario.simulator().run(&scenario.request(&times).options(&options))?;
    let units = &model.model.units;
    let outputs = shown
        .into_iter()
        .map(|output| {
            let info = &system.outputs()[output];
            let values = (0..hours.len())
                .map(|row| trajectory.outputs.get(row, output))
                .map(|y| y.map(|y| units.from_internal(y, &info.unit)))
                .collect();
            OutputCourse { name: info.name.clone(), unit: info.unit.clone(), values }
        })
        .collect();
    Ok(Course { hours, outputs, rtol: options.rtol, remarks })
}

/// The times of the table, h; none where their number is out of its range.
pub(crate) fn hours(step: &Simulate) -> Vec<f64> {
    if !(2..=MOST_POINTS).contains(&step.points) {
        return Vec::new();
    }
    let last = f64::from(step.points - 1);
    let (from, until) = (step.from.as_ref().map_or(0.0, Time::h), step.until.h());
    (0..step.points).map(|i| from + (until - from) * f64::from(i) / last).collect()
}

/// The largest tolerance with which a run means anything.
const MOST_TOLERANCE: f64 = 1e-2;

fn check(step: &Simulate) -> Result<(), SimulateError> {
    if !(2..=MOST_POINTS).contains(&step.points) {
        return Err(SimulateError::Points { found: step.points });
    }
    let from = step.from.as_ref().map_or(0.0, Time::h);
    if step.until.h() <= from {
        return Err(SimulateError::Until { hours: step.until.h(), from });
    }
    if !(1..=MOST_CYCLES).contains(&step.cycles) {
        return Err(SimulateError::Cycles { found: step.cycles });
    }
    for (key, found) in [("rtol", step.rtol), ("atol", step.atol)] {
        if let Some(found) = found.filter(|x| !(*x > 0.0 && *x <= MOST_TOLERANCE)) {
            return Err(SimulateError::Tolerance { key, found });
        }
    }
    Ok(())
}

/// The parameters of the file, or of the typical patient of a cohort, with what the step sets; internal.
fn parameters(
    step: &Simulate,
    model: &LoadedModel,
    context: &Context,
) -> Result<Vec<f64>, StepError> {
    let Some(id) = &step.cohort else { return Ok(model.parameters(&step.set)?) };
    let cohort = context.artefacts.cohort(id)?;
    if cohort.model.model.id != model.model.id {
        return Err(SimulateError::OtherModel {
            cohort: id.clone(),
            of: cohort.model.model.id.clone(),
            simulated: model.model.id.clone(),
        }
        .into());
    }
    let set = step
        .set
        .iter()
        .map(|(name, text)| Ok((name.clone(), internal(model, name, text)?)))
        .collect::<Result<Vec<_>, StepError>>()?;
    // What a curve drives is not a parameter any more, so that places differ and names do not.
    let typical = cohort.with(&set)?.typical();
    let (theirs, values) = (cohort.model.simulator.system(), typical.parameters(0));
    let of = |name: &str| theirs.parameter_index(name).and_then(|k| values.get(k).copied());
    let infos = model.simulator.system().parameters().iter();
    Ok(infos.map(|info| of(&info.name).unwrap_or(info.default)).collect())
}

/// The doses of the step, all with the same parameters.
fn treatment(step: &Simulate, model: &LoadedModel) -> Result<Treatment, StepError> {
    let mut doses = Vec::new();
    for spec in &step.doses {
        let every = match &step.every {
            Some(every) => model.internal("every", every.text(), Dimension::TIME)?,
            None if step.cycles == 1 => 0.0,
            None => return Err(SimulateError::NoInterval.into()),
        };
        for dose in spec.doses(model.simulator.system()).map_err(ScenarioError::from)? {
            doses.extend(Regimen::repeat(&dose, every, step.cycles as usize).doses);
        }
    }
    Ok(Treatment::on_one_occasion(doses))
}
