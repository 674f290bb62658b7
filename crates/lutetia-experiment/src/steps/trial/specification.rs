//! The keys of a trial in the terms of the engine.

use lutetia_scenario::{LoadedModel, internal};
use lutetia_sim::Options;
use lutetia_trial::{MarkerVisits, Meaning, Toxicity, TrialSpec, Visits};
use lutetia_units::{Quantity, Unit};

use super::{ToxicitySpec, TrialFault, TrialStep, TrialUse, arm, roles};
use crate::{
    steps::{Context, StepError, TrialStepError},
    written::Time,
};

/// A time in days.
pub(crate) fn days(what: &str, text: &str) -> Result<f64, StepError> {
    Quantity::parse(text)
        .and_then(|q| q.to(&Unit::parse("d")?))
        .map_err(|e| TrialStepError::quantity(what)(e).into())
}

/// The trial of a step, whose patients are those of its cohort as they are drawn.
pub(super) fn unweighted(step: &TrialStep, context: &Context) -> Result<TrialUse, StepError> {
    let cohort = context.artefacts.cohort(&step.cohort)?.clone();
    let spec = specification(step, &cohort.model)?;
    Ok(TrialUse { cohort, spec })
}

/// The trial of a step.
pub(crate) fn prepare(step: &TrialStep, context: &Context) -> Result<TrialUse, StepError> {
    let cohort = context.artefacts.cohort(&step.cohort)?.clone();
    let cohort = if step.weights { cohort.weighted()? } else { cohort };
    let spec = specification(step, &cohort.model)?;
    Ok(TrialUse { cohort, spec })
}

/// What the keys of a step mean to the engine.
///
/// # Errors
/// Quantities, roles and keys that make no trial.
fn specification(step: &TrialStep, model: &LoadedModel) -> Result<TrialSpec, StepError> {
    let step = &step.with_declared(&model.model);
    roles::playable(step, model)?;
    let follow_up = step.follow_up.d();
    let first = step.scans.every.d();
    if first <= 0.0 {
        return Err(TrialFault::Scans { found: step.scans.every.text().to_owned() }.into());
    }
    let optional = |time: &Option<Time>, otherwise: f64| time.as_ref().map_or(otherwise, Time::d);
    let change = optional(&step.scans.until, f64::INFINITY);
    let later = optional(&step.scans.then, first);
    let baseline_mm = step.baseline.mm();
    let mut next = 0_u64;
    let mut arms = Vec::new();
    for spec in &step.arms {
        let mut arm = arm(spec, model)?;
        if !step.same_patients {
            arm.first = next;
            next += u64::from(spec.patients);
        }
        arms.push(arm);
    }
    let toxicities = step
        .toxicities
        .iter()
        .flatten()
        .map(|t| toxicity(t, model))
        .collect::<Result<Vec<_>, StepError>>()?;
    Ok(TrialSpec {
        arms,
        meaning: Meaning {
            death: step.death.clone(),
            new_lesion: step.new_lesion.clone(),
            volume: step.volume.clone(),
            marker: step.marker.clone(),
            marker_visits: marker_visits(step, model)?,
            toxicities,
            keep: step.keep.clone(),
        },
        follow_up,
        accrual: step.accrual.d(),
        step: step.step.d(),
        visits: Visits {
            jitter: optional(&step.scans.jitter, 0.0),
            ..Visits::every(first, change, later, follow_up, baseline_mm)
        },
        toxicity_window: step.toxicity_window.d(),
        options: Options { rtol: step.rtol, atol_relative: step.atol, ..Options::default() },
    })
}

fn marker_visits(step: &TrialStep, model: &LoadedModel) -> Result<Option<MarkerVisits>, StepError> {
    let Some(spec) = &step.marker_visits else { return Ok(None) };
    let marker = step.marker.as_ref().ok_or(TrialFault::NoMarker)?;
    let least_rise = match &spec.least_rise {
        Some(text) => internal(model, marker, text)?,
        None => 0.0,
    };
    Ok(Some(MarkerVisits { every: spec.every.d(), least_rise }))
}

fn toxicity(spec: &ToxicitySpec, model: &LoadedModel) -> Result<Toxicity, StepError> {
    let number = |text: &String| internal(model, &spec.output, text);
    let limits = match (&spec.ctcae, &spec.limits) {
        (None, Some(limits)) => limits.iter().map(number).collect::<Result<_, _>>()?,
        (Some(item), None) => roles::graded_limits(model, &spec.name, item, &spec.output)?,
        _ => return Err(TrialFault::Scale { toxicity: spec.name.clone() }.into()),
    };
    Ok(Toxicity { name: spec.name.clone(), output: spec.output.clone(), limits })
}
