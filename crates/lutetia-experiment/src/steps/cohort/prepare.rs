//! The keys of a cohort in the terms of the population.

use std::sync::Arc;

use lutetia_scenario::{LoadedModel, internal, setting};
use lutetia_trial::{CohortSpec, CovariateLaw, Limit, Population};
use lutetia_units::{Quantity, Unit};

use super::{Calibrated, CohortFault, CohortStep, CohortUse, LawSpec, uncertain};
use lutetia_patient::refuse_bare;

use crate::steps::{Context, StepError, TrialStepError};

/// The population of a step, without drawing anybody.
pub(crate) fn prepare(step: &CohortStep, context: &Context) -> Result<CohortUse, StepError> {
    let model = context.model(&step.model)?;
    let number = |name: &str, text: &str| internal(model, name, text);
    let mut typical = step
        .set
        .iter()
        .map(|(name, text)| Ok((name.clone(), setting(model, name, text)?)))
        .collect::<Result<Vec<_>, StepError>>()?;
    let mut posterior = None;
    match &step.calibrated {
        Some(Calibrated::Step(id)) => {
            let found = context.artefacts.calibrated(id)?;
            let known = found.iter().filter_map(|value| Some((value.name.clone(), value.nearest?)));
            typical.extend(known);
        }
        Some(Calibrated::Elsewhere(elsewhere)) => {
            // The draws belong to the calibration, not to the patients: cohorts of other seeds share them.
            let drawn = elsewhere.draw(&context.elsewhere, model, context.seed)?;
            typical.extend(drawn.nearest.iter().cloned());
            posterior = Some(Arc::new(drawn));
        }
        None => {}
    }
    let spec = CohortSpec {
        seed: step.seed.unwrap_or(context.seed),
        typical,
        covariates: step
            .covariates
            .iter()
            .map(|(name, spec)| Ok((name.clone(), law(name, spec, model)?)))
            .collect::<Result<_, StepError>>()?,
        correlations: step
            .correlations
            .iter()
            .map(|c| (c.of[0].clone(), c.of[1].clone(), c.value))
            .collect(),
        by_occasion: step
            .by_occasion
            .iter()
            .map(|(name, values)| {
                let values = values
                    .iter()
                    .map(|v| setting(model, name, v))
                    .collect::<Result<Vec<_>, _>>()?;
                Ok((name.clone(), values))
            })
            .collect::<Result<_, StepError>>()?,
        occasions: step.occasions as usize,
        limits: step
            .limits
            .iter()
            .map(|(name, [lower, upper])| {
                let end = |text: &String| {
                    if text.is_empty() { Ok(None) } else { number(name, text).map(Some) }
                };
                Ok(Limit { name: name.clone(), lower: end(lower)?, upper: end(upper)? })
            })
            .collect::<Result<_, StepError>>()?,
        ..CohortSpec::default()
    };
    if let Some(drawn) = uncertain::of_step(step, model, &spec)? {
        posterior = Some(Arc::new(drawn));
    }
    let population = Population::new(&model.model, model.simulator.system(), &spec)?;
    Ok(CohortUse {
        model: model.clone(),
        spec,
        population: Arc::new(population),
        margins: step.margins.clone(),
        patients: step.patients as usize,
        effective_size: None,
        posterior,
    })
}

/// The law of a covariate.
fn law(name: &str, spec: &LawSpec, model: &LoadedModel) -> Result<CovariateLaw, StepError> {
    let number = |name: &str, text: &str| internal(model, name, text);
    let cv = |text: &str| -> Result<f64, TrialStepError> {
        refuse_bare(text)
            .map_err(|bare| CohortFault::BareCv { covariate: name.to_owned(), bare })?;
        Quantity::parse(text)
            .and_then(|q| q.to(&Unit::parse("1")?))
            .map_err(TrialStepError::quantity(format!("the cv of `{name}`")))
    };
    let given = [&spec.median, &spec.cv, &spec.mean, &spec.sd, &spec.lower, &spec.upper]
        .map(Option::as_deref);
    match (given, &spec.value, &spec.shares) {
        ([Some(m), Some(c), None, None, None, None], None, None) => {
            Ok(CovariateLaw::LogNormal { median: number(name, m)?, cv: cv(c)? })
        }
        ([None, None, Some(m), Some(s), None, None], None, None) => {
            Ok(CovariateLaw::Normal { mean: number(name, m)?, sd: number(name, s)? })
        }
        ([None, None, None, None, Some(a), Some(b)], None, None) => {
            Ok(CovariateLaw::Uniform { lower: number(name, a)?, upper: number(name, b)? })
        }
        ([None, None, None, None, None, None], Some(v), None) => {
            Ok(CovariateLaw::Constant(setting(model, name, v)?))
        }
        ([None, None, None, None, None, None], None, Some(s)) => {
            Ok(CovariateLaw::Levels(s.clone()))
        }
        _ => Err(CohortFault::Law { covariate: name.to_owned() }.into()),
    }
}
