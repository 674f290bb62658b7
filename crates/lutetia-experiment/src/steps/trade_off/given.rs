//! What a regimen gives in all.

use lutetia_scenario::LoadedModel;
use lutetia_trial::Arm;
use lutetia_units::Unit;

/// What a regimen gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Given {
    /// All activity, GBq.
    pub(super) activity_gbq: f64,
    /// The largest amount of labelled ligand in a dose, nmol; none where only activities are given.
    pub(super) ligand_nmol: Option<f64>,
}

impl Given {
    pub(super) fn by(arm: &Arm, model: &LoadedModel) -> Self {
        Self { activity_gbq: activity_gbq(arm), ligand_nmol: ligand_nmol(arm, model) }
    }
}

/// All activity of an arm, GBq.
pub(super) fn activity_gbq(arm: &Arm) -> f64 {
    let doses = arm.treatment.doses();
    doses.iter().flat_map(|d| &d.activities).map(|(_, mbq)| mbq / 1000.0).sum()
}

fn ligand_nmol(arm: &Arm, model: &LoadedModel) -> Option<f64> {
    let doses = arm.treatment.doses();
    let labelled = doses.iter().filter(|d| !d.activities.is_empty());
    let amount = labelled.filter_map(|d| d.amount).reduce(f64::max)?;
    let nmol = Unit::parse("nmol").ok()?;
    Some(model.model.units.from_internal(amount, &nmol))
}
