//! Uncertainty of absorbed doses by their inputs, from calibration to mass.

use lutetia_diagnostic::Verdict;
use lutetia_dose::{Budget, Chain, Region, budget};

use super::RegionDose;
use crate::{NoValue, RegionTia};

/// The budget of every region, in the order of `doses`, or why there is none.
#[must_use]
pub fn budgets(
    tias: &[RegionTia],
    doses: &[RegionDose],
    chain: &Chain,
) -> Vec<(String, Verdict<Budget>)> {
    doses.iter().map(|d| (d.region.clone(), of_region(tias, d, chain))).collect()
}

/// The budget of one region.
pub(super) fn of_region(tias: &[RegionTia], dose: &RegionDose, chain: &Chain) -> Verdict<Budget> {
    let tia = match tias.iter().find(|t| t.region == dose.region) {
        Some(tia) => tia.tia.as_ref(),
        None => Verdict::refused(NoValue::SeveralIntegrals),
    };
    dose.dose.as_ref().zip(tia).try_map(|(found, tia)| {
        let region = Region::named(&dose.region)?;
        let volume_ml = found.mass.g / region.density();
        budget(found, tia, volume_ml, chain)
    })
}
