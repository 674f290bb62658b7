//! A published margin, and what patients have of it.

use lutetia_scenario::{LoadedModel, internal, slots};
use lutetia_trial::Margin;

use super::{CohortFault, MarginSpec};
use crate::steps::StepError;

/// A published margin, with what each patient has.
///
/// # Errors
/// A name that the model does not have, a quantity of another dimension, keys that make no margin.
pub(super) fn margin(
    spec: &MarginSpec,
    model: &LoadedModel,
    values: &dyn Fn(usize) -> Vec<f64>,
) -> Result<Margin, StepError> {
    let infos = model.simulator.system().parameters();
    let slot = *slots(model, &spec.of)
        .first()
        .ok_or_else(|| CohortFault::NoParameter { name: spec.of.clone(), near: None })?;
    let declared =
        |text: &str| Ok::<_, StepError>(internal(model, &spec.of, text)? / infos[slot].factor);
    let own = values(slot);
    let indicator =
        |holds: &dyn Fn(f64) -> bool| own.iter().map(|v| f64::from(u8::from(holds(*v)))).collect();
    match (&spec.mean, &spec.below, &spec.level, spec.share) {
        (Some(mean), None, None, None) => Ok(Margin {
            name: format!("mean of {}", spec.of),
            target: declared(mean)?,
            values: own.clone(),
        }),
        (None, Some(below), None, Some(share)) => {
            let limit = declared(below)?;
            Ok(Margin {
                name: format!("share of {} below {below}", spec.of),
                target: share,
                values: indicator(&|v| v < limit),
            })
        }
        (None, None, Some(level), Some(share)) => {
            let wanted = declared(level)?;
            Ok(Margin {
                name: format!("share of {} {level}", spec.of),
                target: share,
                values: indicator(&|v| (v - wanted).abs() < 0.5),
            })
        }
        _ => Err(CohortFault::Margin { of: spec.of.clone() }.into()),
    }
}
