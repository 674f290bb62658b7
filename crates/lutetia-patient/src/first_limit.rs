//! The activity that limits of dose allow: that at which the first of them is reached.

use lutetia_dose::{DoseError, DoseRatePhase, Tissue, protraction_factor};

/// A limit of a region.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    /// Index of the region.
    pub region: usize,
    /// Gy; biologically effective with a tissue.
    pub gy: f64,
    /// The tissue, where the limit is one of biologically effective dose.
    pub tissue: Option<Tissue>,
}

/// What the limits allow.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Allowed {
    /// The activity, in the unit per which the doses are.
    pub activity: f64,
    /// What allows no more: a limit, by its index, or the amount of ligand, which carries no more.
    pub by: Option<usize>,
}

impl Limit {
    /// The absorbed dose D (Gy) of a limit: itself, or the solution of BED = D + G·D²/(α/β), where G is that of a dose
    /// rate which falls with one half-life (h). None where it needs a half-life and there is none.
    ///
    /// # Errors
    /// [`DoseError`] of the protraction factor.
    pub fn absorbed(&self, half_life: Option<f64>) -> Result<Option<f64>, DoseError> {
        let Some(tissue) = self.tissue else { return Ok(Some(self.gy)) };
        let Some(half_life) = half_life.filter(|h| *h > 0.0 && h.is_finite()) else {
            return Ok(None);
        };
        let phase = DoseRatePhase { gy_per_h: 1.0, per_h: std::f64::consts::LN_2 / half_life };
        let g = protraction_factor(&[phase], tissue)?;
        Ok(Some(solved(self.gy, g, tissue)))
    }

    /// The absorbed dose (Gy) that reaches it when it is given at once, so that nothing is repaired meanwhile: the least.
    fn at_once(&self) -> f64 {
        self.tissue.map_or(self.gy, |tissue| solved(self.gy, 1.0, tissue))
    }
}

/// D of BED = D + G·D²/(α/β).
fn solved(bed: f64, g: f64, tissue: Tissue) -> f64 {
    let steep = 2.0 * g / tissue.alpha_beta_gy();
    ((1.0 + 2.0 * steep * bed).sqrt() - 1.0) / steep
}

/// The least activity at which a limit or the amount of ligand is reached. `doses` are those of the regions per activity
/// and follow it, as the amount of ligand stays; `carried` is the activity of a ligand of which every molecule is
/// labelled. Of limits that are reached together it is the first.
///
/// None where nothing limits it, and where it is not known what does: a limit of biologically effective dose in a region
/// without a half-life, which at once (G = 1) would be reached before all others.
///
/// # Errors
/// [`DoseError`] of the protraction factor.
pub fn allowed(
    limits: &[Limit],
    doses: &[Option<f64>],
    half_lives: &[Option<f64>],
    carried: Option<f64>,
) -> Result<Option<Allowed>, DoseError> {
    let mut unknown = Vec::new();
    let mut least = carried.map(|activity| Allowed { activity, by: None });
    for (at, limit) in limits.iter().enumerate() {
        let of = |values: &[Option<f64>]| values.get(limit.region).copied().flatten();
        let Some(per_activity) = of(doses).filter(|d| *d > 0.0) else { continue };
        let Some(gy) = limit.absorbed(of(half_lives))? else {
            unknown.push(limit.at_once() / per_activity);
            continue;
        };
        let activity = gy / per_activity;
        if least.is_none_or(|least| activity < least.activity) {
            least = Some(Allowed { activity, by: Some(at) });
        }
    }
    let first = |least: Allowed| unknown.iter().all(|reached| least.activity <= *reached);
    Ok(least.filter(|least| first(*least)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_absorbed_dose_of_a_biologically_effective_one() {
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        let limit = Limit { region: 0, gy: 10.0, tissue: Some(tissue) };
        let dose = limit.absorbed(Some(33.0)).expect("it is").expect("it has a half-life");
        // G = λ/(λ + μ) of one exponential.
        let g = (1.0 / 33.0) / (1.0 / 33.0 + 1.0 / 2.8);
        assert!((dose + g * dose * dose / 2.5 - 10.0).abs() < 1e-12, "{dose}");
        assert_eq!(limit.absorbed(None).expect("it is"), None);
    }

    #[test]
    fn exact_the_first_limit_that_is_reached_allows() {
        let limit = |region, gy| Limit { region, gy, tissue: None };
        let limits = [limit(0, 23.0), limit(1, 2.0)];
        let doses = [Some(0.5), Some(0.03)];
        let found = |carried| {
            let found = allowed(&limits, &doses, &[None, None], carried).expect("it is computed");
            found.map(|a| (a.activity, a.by))
        };
        assert_eq!(found(None), Some((46.0, Some(0))));
        assert_eq!(found(Some(30.0)), Some((30.0, None)));
        let none = allowed(&limits, &[None, Some(0.0)], &[None, None], None);
        assert!(none.expect("it is computed").is_none());
    }

    #[test]
    fn exact_a_limit_that_cannot_be_judged_allows_nothing_it_might_forbid() {
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        let kidneys = Limit { region: 0, gy: 10.0, tissue: Some(tissue) };
        // D + D²/2.5 = 10 at once.
        let at_once = (-1.0 + (1.0_f64 + 4.0 * 10.0 / 2.5).sqrt()) * 2.5 / 2.0;
        assert!((kidneys.at_once() - at_once).abs() < 1e-12);
        let marrow = |gy| Limit { region: 1, gy, tissue: None };
        let found = |gy| {
            let doses = [Some(1.0), Some(1.0)];
            allowed(&[kidneys, marrow(gy)], &doses, &[None, None], None).expect("it is computed")
        };
        assert_eq!(found(0.99 * at_once).map(|a| a.by), Some(Some(1)));
        assert_eq!(found(1.01 * at_once), None);
    }
}
