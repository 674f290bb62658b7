//! The activity that limits of dose allow.

use lutetia_dose::{DoseRatePhase, Tissue, protraction_factor};
use lutetia_patient::text::tissue;

use super::SideBySide;
use crate::steps::StepError;

/// A limit of a region.
pub(super) struct Limit {
    /// Index of the region.
    pub(super) region: usize,
    /// Gy; biologically effective with a tissue.
    pub(super) gy: f64,
    pub(super) tissue: Option<Tissue>,
}

/// What the limits allow.
pub(super) struct Allowed {
    pub(super) gbq: f64,
    /// What allows no more: a limit, by its index, or the amount of ligand, which carries no more.
    pub(super) by: Option<usize>,
}

pub(super) fn limits(step: &SideBySide) -> Result<Vec<Limit>, StepError> {
    let of = |(at, region): (usize, &super::RegionSpec)| Some((at, step.limits.get(&region.name)?));
    let named = step.regions.iter().enumerate().filter_map(of);
    named
        .map(|(region, spec)| {
            let tissue =
                spec.tissue.as_ref().map(|t| tissue(&t.alpha_beta, &t.repair)).transpose()?;
            Ok(Limit { region, gy: spec.dose.gy(), tissue })
        })
        .collect()
}

/// The absorbed dose D (Gy) of a limit: itself, or the solution of BED = D + G·D²/(α/β), where G is that of a dose rate
/// which falls with one half-life (h).
pub(super) fn absorbed(limit: &Limit, half_life: Option<f64>) -> Result<Option<f64>, StepError> {
    let Some(tissue) = limit.tissue else { return Ok(Some(limit.gy)) };
    let Some(half_life) = half_life.filter(|h| *h > 0.0 && h.is_finite()) else { return Ok(None) };
    let phase = DoseRatePhase { gy_per_h: 1.0, per_h: std::f64::consts::LN_2 / half_life };
    let g = protraction_factor(&[phase], tissue)?;
    let steep = 2.0 * g / tissue.alpha_beta_gy();
    Ok(Some(((1.0 + 2.0 * steep * limit.gy).sqrt() - 1.0) / steep))
}

/// The least activity at which a limit or the amount of ligand is reached. Doses are Gy/GBq and follow the activity, as
/// the amount of ligand stays; `carried` is the activity of a ligand of which every molecule is labelled, GBq.
pub(super) fn allowed(
    limits: &[Limit],
    doses: &[Option<f64>],
    half_lives: &[Option<f64>],
    carried: Option<f64>,
) -> Result<Option<Allowed>, StepError> {
    let mut least = carried.map(|gbq| Allowed { gbq, by: None });
    for (at, limit) in limits.iter().enumerate() {
        let Some(per_gbq) = doses[limit.region].filter(|d| *d > 0.0) else { continue };
        let Some(gy) = absorbed(limit, half_lives[limit.region])? else { continue };
        let gbq = gy / per_gbq;
        if least.as_ref().is_none_or(|least| gbq < least.gbq) {
            least = Some(Allowed { gbq, by: Some(at) });
        }
    }
    Ok(least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_absorbed_dose_of_a_biologically_effective_one() {
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        let limit = Limit { region: 0, gy: 10.0, tissue: Some(tissue) };
        let dose = absorbed(&limit, Some(33.0)).expect("it is").expect("it has a half-life");
        // G = λ/(λ + μ) of one exponential.
        let g = (1.0 / 33.0) / (1.0 / 33.0 + 1.0 / 2.8);
        assert!((dose + g * dose * dose / 2.5 - 10.0).abs() < 1e-12, "{dose}");
        assert_eq!(absorbed(&limit, None).expect("it is"), None);
    }

    #[test]
    fn exact_the_first_limit_that_is_reached_allows() {
        let limit = |region, gy| Limit { region, gy, tissue: None };
        let limits = [limit(0, 23.0), limit(1, 2.0)];
        let doses = [Some(0.5), Some(0.03)];
        let found = |carried| {
            let found = allowed(&limits, &doses, &[None, None], carried).expect("it is computed");
            found.map(|a| (a.gbq, a.by))
        };
        assert_eq!(found(None), Some((46.0, Some(0))));
        assert_eq!(found(Some(30.0)), Some((30.0, None)));
        let none = allowed(&limits, &[None, Some(0.0)], &[None, None], None);
        assert!(none.expect("it is computed").is_none());
    }
}
