//! Biologically effective doses, of mixed radiation too.

use lutetia_diagnostic::Verdict;
use lutetia_dose::{AbsorbedDose, DoseRatePhase, Tissue, protraction_factor};
use lutetia_outcome::{
    OutcomeError,
    radiobiology::{Bed, Radiobiological},
};
use serde::Serialize;

use super::{Linear, Weights, linear};
use crate::{NoValue, RegionTia};

/// A dose and what it is worth: `BED = w D + G D²/(α/β)`, with w the weight of the linear part: 1 where the
/// radiation is sparse, Σ RBE·D/D where it is mixed (α rises with the density of ionisation, β does not).
/// In Gy, or in Gy(RBE) where an RBE was given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Effective {
    /// Absorbed dose D, Gy.
    pub dose_gy: f64,
    /// Lea–Catcheside factor G, 0 to 1.
    pub protraction: f64,
    /// Weight of the linear part and what it is for.
    pub linear: Linear,
    /// BED.
    pub bed_gy: f64,
    /// `BED/(1 + 2 Gy/(α/β))`.
    pub eqd2_gy: f64,
}

impl Effective {
    /// Of a dose D (Gy) with a protraction factor.
    ///
    /// # Errors
    /// [`OutcomeError`]: a number out of range.
    pub fn of(
        dose_gy: f64,
        protraction: f64,
        linear: Linear,
        tissue: Tissue,
    ) -> Result<Self, OutcomeError> {
        let ratio = tissue.alpha_beta_gy();
        let bed = Bed::<Radiobiological>::of_mixed(dose_gy, 0.0, linear.weight, protraction, ratio);
        let bed = bed?;
        let eqd2_gy = bed.eqd2_gy(ratio)?;
        Ok(Self { dose_gy, protraction, linear, bed_gy: bed.gy(), eqd2_gy })
    }
}

/// BED of a region: the dose rate is its curve of activity times the dose per integral, and alphas are
/// weighted by the RBE given. Refused where the curve is not a sum of exponentials, and for alphas without an
/// RBE.
pub fn effective(
    tia: &RegionTia,
    dose: &Verdict<AbsorbedDose>,
    tissue: Tissue,
    rbe: &[Weights],
) -> Verdict<Effective> {
    if !tia.tia.is_refused() && tia.phases.is_empty() {
        return Verdict::refused(NoValue::NoPhases);
    }
    dose.as_ref().zip(tia.tia.as_ref()).and_then(|(dose, integral)| {
        let per_mbq_h = dose.total / integral.value_mbq_h();
        let phases: Vec<DoseRatePhase> = tia
            .phases
            .iter()
            .map(|&(a, k)| DoseRatePhase { gy_per_h: a * per_mbq_h, per_h: k })
            .collect();
        let protraction = Verdict::from(protraction_factor(&phases, tissue).map_err(NoValue::from));
        protraction
            .zip(linear(dose, rbe))
            // Rounding may leave a G of a dose at once above 1.
            .try_map(|(g, linear)| {
                Effective::of(dose.total, g.clamp(0.0, 1.0), linear, tissue).map_err(NoValue::from)
            })
    })
}
