//! What an output must be to play a role in a trial: its dimension, and for a cumulative hazard its kind.

use lutetia_model::role::{Found, Role};
use lutetia_outcome::endpoint::{Ctcae, Toxicity as Graded};
use lutetia_scenario::LoadedModel;
use lutetia_units::{Dimension, Quantity};

use lutetia_outcome::OutcomeError;
use lutetia_sim::SimError;
use lutetia_trial::{TrialSpec, summary::Endpoint};

use super::TrialStep;
use crate::steps::{NeedsEndpoint, StepError, TrialStepError};

/// Why an output, or what names it, cannot play a role.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RoleFault {
    /// An output that the model does not have.
    #[error("`{key}`: {source}")]
    NoOutput {
        /// The key, with the toxicity where it is that of one.
        key: String,
        /// What there is.
        source: Box<SimError>,
    },
    /// An output of another kind.
    #[error("`{key}` is `{output}`, {found}; expected {}{}", .role.expected(), outputs_that_fit(.fitting))]
    Unfit {
        /// The key, with the toxicity where it is that of one.
        key: String,
        /// The output.
        output: String,
        /// What it is.
        found: Found,
        /// What it is to be.
        role: Role,
        /// Outputs of the model that could play the role, five at most.
        fitting: Vec<String>,
    },
    /// No count of the CTCAE.
    #[error("the toxicity `{toxicity}`: {source}")]
    NoItem {
        /// The toxicity.
        toxicity: String,
        /// What there is.
        source: Box<OutcomeError>,
    },
    /// An arm in which something happens at a progression that nothing can show.
    #[error(
        "the arm `{arm}` {} at progression, and nothing can progress; name `volume` or `new_lesion`",
        if *.crosses { "crosses over" } else { "stops treatment" }
    )]
    NoProgression {
        /// The arm.
        arm: String,
        /// Whether its patients cross over; else their treatment stops.
        crosses: bool,
    },
}

fn outputs_that_fit(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match &names[..] {
        [] => "; no output of the model is one".to_owned(),
        names => format!("; outputs that are: {}", names.join(", ")),
    }
}

/// Why an output cannot play a role; none where it can.
fn fault(role: Role, model: &LoadedModel, key: &str, name: &str) -> Option<RoleFault> {
    let system = model.simulator.system();
    let key = key.to_owned();
    let output = match model.simulator.output(name) {
        Ok(output) => output,
        Err(source) => return Some(RoleFault::NoOutput { key, source: Box::new(source) }),
    };
    let found = role.unfit(&model.model, system.outputs()[output].index)?;
    let fits = |k: usize| role.unfit(&model.model, system.outputs()[k].index).is_none();
    let fitting = (0..system.outputs().len())
        .filter(|&k| fits(k))
        .map(|k| system.outputs()[k].name.clone())
        .take(5)
        .collect();
    Some(RoleFault::Unfit { key, output: name.to_owned(), found, role, fitting })
}

/// The role of a count that is graded.
fn of_item(item: Graded) -> Role {
    if item == Graded::Haemoglobin { Role::Haemoglobin } else { Role::Count }
}

/// Whether the outputs of a trial, its own and those that the chain declares, can play their roles.
///
/// # Errors
/// Everything that stands against it, in one [`TrialStepError::Roles`].
pub fn check(step: &TrialStep, model: &LoadedModel) -> Result<(), StepError> {
    playable(&step.with_declared(&model.model), model)
}

/// The same of a step that has its roles.
pub(super) fn playable(step: &TrialStep, model: &LoadedModel) -> Result<(), StepError> {
    let mut roles: Vec<(String, Role, &str)> = Vec::new();
    let named = [
        ("death", Role::Hazard, &step.death),
        ("new_lesion", Role::Hazard, &step.new_lesion),
        ("volume", Role::Size, &step.volume),
        ("marker", Role::Marker, &step.marker),
    ];
    for (key, role, output) in named {
        if let Some(output) = output {
            roles.push((key.to_owned(), role, output));
        }
    }
    let mut faults = Vec::new();
    for t in step.toxicities.iter().flatten() {
        match t.ctcae.as_deref().map(Graded::named) {
            Some(Ok(item)) => {
                roles.push((format!("{}, ctcae", t.name), of_item(item), &t.output));
            }
            Some(Err(source)) => {
                faults
                    .push(RoleFault::NoItem { toxicity: t.name.clone(), source: Box::new(source) });
            }
            None => {}
        }
    }
    faults.extend(roles.iter().filter_map(|(key, role, output)| fault(*role, model, key, output)));
    // What happens at progression needs something that can progress.
    if step.volume.is_none() && step.new_lesion.is_none() {
        for arm in &step.arms {
            let crosses = arm.crossover.is_some();
            if crosses || arm.stop_at_progression {
                faults.push(RoleFault::NoProgression { arm: arm.name.clone(), crosses });
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(TrialStepError::Roles(faults).into()) }
}

/// Whether a trial has an endpoint that something later is computed from.
///
/// # Errors
/// Names the roles that are missing.
pub(crate) fn needs(
    spec: &TrialSpec,
    trial: &str,
    endpoint: Endpoint,
    what: NeedsEndpoint,
) -> Result<(), StepError> {
    if Endpoint::of_trial(spec).contains(&endpoint) {
        return Ok(());
    }
    Err(TrialStepError::NoEndpoint { what, endpoint, trial: trial.to_owned() }.into())
}

/// Limits of the CTCAE grades of an output, internal.
///
/// # Errors
/// An unknown item, or an output of another dimension.
pub fn graded_limits(
    model: &LoadedModel,
    name: &str,
    item: &str,
    output: &str,
) -> Result<Vec<f64>, StepError> {
    let item = Graded::named(item).map_err(|source| {
        let toxicity = name.to_owned();
        TrialStepError::Roles(vec![RoleFault::NoItem { toxicity, source: Box::new(source) }])
    })?;
    let row = Ctcae::of(item)?;
    let key = format!("{name}, ctcae");
    if let Some(fault) = fault(of_item(item), model, &key, output) {
        return Err(TrialStepError::Roles(vec![fault]).into());
    }
    let system = model.simulator.system();
    let index = model.simulator.output(output)?;
    let info = &system.outputs()[index];
    // The table counts cells in 10⁹/L and haemoglobin in g/dL.
    let counted = (info.unit.dimension() * Dimension::VOLUME).is_none();
    let unit = match item {
        Graded::Haemoglobin => "g/dL",
        _ if counted => "1/nL",
        _ => "cells/nL",
    };
    row.limits()
        .into_iter()
        .flatten()
        .map(|l| {
            let limit = Quantity::parse(&format!("{l} {unit}"))?;
            Ok(limit.to(&info.unit)? / info.factor)
        })
        .collect()
}
