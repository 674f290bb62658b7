//! The survival of each arm: median, restricted mean, survival at times that are asked for.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::{Quantile, Rmst};

use super::{Patients, SurvivalOptions};

/// The survival of an arm.
pub(super) struct Summary<'p> {
    pub(super) arm: &'p str,
    pub(super) patients: usize,
    pub(super) events: usize,
    pub(super) median: Quantile,
    /// To the horizon of all arms.
    pub(super) restricted_mean: Result<Rmst, OutcomeError>,
    /// In the order of the times that are asked for.
    pub(super) at: Vec<AtTime>,
}

/// Survival at a time.
pub(super) struct AtTime {
    /// None beyond the end of the curve.
    pub(super) survival: Option<f64>,
    pub(super) lower: Option<f64>,
    pub(super) upper: Option<f64>,
    pub(super) at_risk: usize,
}

/// Every arm, the reference first.
pub(super) fn of<'p>(
    patients: &'p Patients,
    options: &SurvivalOptions,
) -> Result<Vec<Summary<'p>>, OutcomeError> {
    let tau = options.horizon(patients);
    let arms = patients.by_arm().into_iter();
    arms.map(|(arm, data)| {
        let curve = options.curve(&data)?;
        let at = options.at.iter().map(|&t| {
            let survival = curve.survival_at(t);
            let step = survival.and_then(|_| curve.step_at(t));
            AtTime {
                survival,
                lower: step.map_or(survival, |s| s.lower),
                upper: step.map_or(survival, |s| s.upper),
                at_risk: curve.at_risk_at(t),
            }
        });
        Ok(Summary {
            arm,
            patients: data.len(),
            events: data.events(),
            median: curve.median(),
            restricted_mean: curve.rmst(tau),
            at: at.collect(),
        })
    })
    .collect()
}
