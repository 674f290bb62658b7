//! An arm as it is typed, in the terms of the engine: its treatment, its drop-out, its crossover.

use lutetia_scenario::{LoadedModel, MONTH_D as MONTH, Treatment, internal, setting};
use lutetia_trial::{Arm, Crossover, Dependence};

use super::{ArmSpec, CrossoverSpec, DependenceSpec, days};
use crate::{steps::StepError, written::Rate};

/// An arm in the terms of the engine.
pub(crate) fn arm(spec: &ArmSpec, model: &LoadedModel) -> Result<Arm, StepError> {
    Ok(Arm {
        name: spec.name.clone(),
        patients: spec.patients as usize,
        first: 0,
        treatment: Treatment::of(&spec.name, &spec.doses, model)?,
        set: spec
            .set
            .iter()
            .map(|(name, text)| Ok((name.clone(), setting(model, name, text)?)))
            .collect::<Result<_, StepError>>()?,
        stop_at_progression: spec.stop_at_progression,
        drop_out_at_start: spec.drop_out_at_start,
        drop_out_rate: spec.drop_out_rate.as_ref().map_or(0.0, Rate::per_d),
        lost_rate: spec.lost_rate.as_ref().map_or(0.0, Rate::per_d),
        crossover: spec.crossover.as_ref().map(|c| crossover(c, model)).transpose()?,
    })
}

fn crossover(spec: &CrossoverSpec, model: &LoadedModel) -> Result<Crossover, StepError> {
    Ok(Crossover {
        to: spec.to.clone(),
        share: spec.share,
        delay: spec.delay.d(),
        depends: spec
            .depends
            .iter()
            .map(|d| dependence(d, model))
            .collect::<Result<_, StepError>>()?,
    })
}

/// A dependence in the terms of the engine.
fn dependence(spec: &DependenceSpec, model: &LoadedModel) -> Result<Dependence, StepError> {
    let system = model.simulator.system();
    let (reference, per_unit) = if let Some(output) = system.output_index(&spec.on) {
        // Outputs are multiplied by their factor to be told, parameters divided.
        (internal(model, &spec.on, &spec.reference)?, system.outputs()[output].factor)
    } else if let Some(slot) = system.parameter_index(&spec.on) {
        (internal(model, &spec.on, &spec.reference)?, 1.0 / system.parameters()[slot].factor)
    } else if spec.on == "time" {
        (days("the reference of `time`", &spec.reference)?, 1.0 / MONTH)
    } else {
        // Says what there is.
        (internal(model, &spec.on, &spec.reference)?, 1.0)
    };
    Ok(Dependence {
        on: spec.on.clone(),
        log: spec.log,
        coefficient: if spec.log { spec.coefficient } else { spec.coefficient * per_unit },
        reference,
    })
}
