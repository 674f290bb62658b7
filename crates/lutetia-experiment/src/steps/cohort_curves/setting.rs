//! What the methods of a cohort work with: the model, one injection, the scatter of measurements.

use lutetia_fit::ErrorModel;
use lutetia_scenario::{DoseEntry, LoadedModel, ScenarioError, Treatment};

use super::{CohortCurves, CurvesFault};
use crate::steps::StepError;

/// Most patients of a step.
const MOST: usize = 100_000;

/// What a method works with.
pub(super) struct Setting<'a> {
    pub(super) step: &'a CohortCurves,
    pub(super) model: &'a LoadedModel,
    pub(super) treatment: Treatment,
    pub(super) error: ErrorModel,
    pub(super) seed: u64,
    /// Internal.
    pub(super) hour: f64,
}

/// The setting of a step.
///
/// # Errors
/// Numbers out of range, a model without one nuclide, quantities of other dimensions.
pub(super) fn setting<'a>(
    step: &'a CohortCurves,
    model: &'a LoadedModel,
    seed: u64,
) -> Result<Setting<'a>, StepError> {
    if !(1..=MOST).contains(&step.size) || !(2..=MOST).contains(&step.training) {
        return Err(
            CurvesFault::Sizes { size: step.size, training: step.training, most: MOST }.into()
        );
    }
    if step.times.is_empty() || step.times.iter().any(|t| t.h() <= 0.0) {
        return Err(CurvesFault::Times.into());
    }
    if step.times.windows(2).any(|w| w[1].h() <= w[0].h()) {
        return Err(CurvesFault::Order.into());
    }
    let [nuclide] = model.simulator.system().nuclides() else {
        let found = model.simulator.system().nuclides().len();
        return Err(CurvesFault::Nuclides { found }.into());
    };
    let entry = DoseEntry {
        nuclide: Some(nuclide.name.clone()),
        activity: Some(step.activity.text().to_owned()),
        amount: step.amount.as_ref().map(|amount| amount.text().to_owned()),
        over: step.over.as_ref().map(|over| over.text().to_owned()),
        ..DoseEntry::into_pool(&step.into)
    };
    let dose = entry.dose(model.simulator.system()).map_err(ScenarioError::from)?;
    let error = step.error.meaning();
    if error.magnitudes().iter().any(|(_, m)| m.estimated()) {
        return Err(CurvesFault::NoScatter { error: step.error.text().to_owned() }.into());
    }
    Ok(Setting {
        step,
        model,
        treatment: Treatment::on_one_occasion(vec![dose]),
        error,
        seed,
        hour: model.clock().hour(),
    })
}
