//! Biologically effective dose: what a dose that comes slowly is worth.
//!
//! Protracted linear-quadratic model with mono-exponential repair, `−ln S = αD + βG D²`; dose rates
//! are sums of exponentials, as curves of activity are.

use std::f64::consts::LN_2;

use serde::Serialize;

use crate::error::{DoseError, above_zero};

/// One phase of a dose rate, `a e^{−k t}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DoseRatePhase {
    /// Amplitude, Gy/h; negative for an uptake.
    pub gy_per_h: f64,
    /// Effective rate, 1/h.
    pub per_h: f64,
}

/// How a tissue answers: α/β and the half-time of repair.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tissue {
    alpha_beta_gy: f64,
    repair_half_time_h: f64,
}

impl Tissue {
    /// A tissue with α/β (Gy) and a half-time of repair (h).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when one of them is not above 0.
    pub fn new(alpha_beta_gy: f64, repair_half_time_h: f64) -> Result<Self, DoseError> {
        above_zero("alpha/beta", "the tissue", alpha_beta_gy, "Gy")?;
        above_zero("half-time of repair", "the tissue", repair_half_time_h, "h")?;
        Ok(Self { alpha_beta_gy, repair_half_time_h })
    }

    /// α/β in Gy.
    #[must_use]
    pub fn alpha_beta_gy(&self) -> f64 {
        self.alpha_beta_gy
    }

    /// Half-time of repair in h.
    #[must_use]
    pub fn repair_half_time_h(&self) -> f64 {
        self.repair_half_time_h
    }
}

/// Dose, protraction and what follows from them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EffectiveDose {
    /// Absorbed dose D, Gy.
    pub dose_gy: f64,
    /// Lea–Catcheside factor G, 0 to 1: 1 for a dose at once.
    pub protraction: f64,
    /// BED = D (1 + G D/(α/β)), Gy.
    pub bed_gy: f64,
    /// Dose in fractions of 2 Gy of the same effect, EQD2 = BED/(1 + 2 Gy/(α/β)), Gy.
    pub eqd2_gy: f64,
}

/// Lea–Catcheside factor of a dose rate `R(t) = Σ a_i e^{−k_i t}` over all time:
///
/// ```text
/// G = (2/D²) Σ_i Σ_j a_i a_j / ((k_i + k_j)(k_i + μ)),   D = Σ a_i/k_i,   μ = ln 2/T_rep
/// ```
///
/// (Lea and Catcheside 1942; Dale 1985, Br J Radiol 58:515.)
///
/// # Errors
/// [`DoseError::OutOfRange`] when a rate is not above 0 (the dose has no end), or the dose is not
/// above 0.
pub fn protraction_factor(phases: &[DoseRatePhase], tissue: Tissue) -> Result<f64, DoseError> {
    let dose = total(phases)?;
    let mu = LN_2 / tissue.repair_half_time_h;
    let double: f64 = phases
        .iter()
        .flat_map(|i| phases.iter().map(move |j| (i, j)))
        .map(|(i, j)| i.gy_per_h * j.gy_per_h / ((i.per_h + j.per_h) * (i.per_h + mu)))
        .sum();
    Ok(2.0 * double / (dose * dose))
}

fn total(phases: &[DoseRatePhase]) -> Result<f64, DoseError> {
    for phase in phases {
        above_zero("effective rate of a phase", "the dose rate", phase.per_h, "1/h")?;
    }
    let dose = phases.iter().map(|p| p.gy_per_h / p.per_h).sum();
    above_zero("absorbed dose", "the dose rate", dose, "Gy")
}

/// BED and EQD2 of a dose rate that is a sum of exponentials.
///
/// # Errors
/// As [`protraction_factor`].
pub fn effective_dose(
    phases: &[DoseRatePhase],
    tissue: Tissue,
) -> Result<EffectiveDose, DoseError> {
    let dose = total(phases)?;
    let protraction = protraction_factor(phases, tissue)?;
    Ok(of_dose(dose, protraction, tissue))
}

fn of_dose(dose_gy: f64, protraction: f64, tissue: Tissue) -> EffectiveDose {
    let bed_gy = dose_gy * (1.0 + protraction * dose_gy / tissue.alpha_beta_gy);
    let eqd2_gy = bed_gy / (1.0 + 2.0 / tissue.alpha_beta_gy);
    EffectiveDose { dose_gy, protraction, bed_gy, eqd2_gy }
}

/// The activity per cycle, GBq, with which `cycles` equal cycles reach a BED, when one gives
/// `gy_per_gbq` with a protraction factor: the root of `n (D + G D²/(α/β)) = BED` in `D = A d`.
/// Cycles lie far apart against repair, so that their BED add.
///
/// # Errors
/// [`DoseError::OutOfRange`] when a number is not above 0, or the factor above 1.
pub fn activity_for_bed(
    bed_gy: f64,
    cycles: u32,
    gy_per_gbq: f64,
    protraction: f64,
    tissue: Tissue,
) -> Result<f64, DoseError> {
    above_zero("limit of the BED", "the plan", bed_gy, "Gy")?;
    above_zero("number of cycles", "the plan", f64::from(cycles), "")?;
    above_zero("dose per activity", "the plan", gy_per_gbq, "Gy/GBq")?;
    above_zero("protraction factor", "the plan", protraction, "(of 1)")?;
    if protraction > 1.0 {
        return Err(DoseError::OutOfRange {
            quantity: "protraction factor",
            of: "the plan".to_owned(),
            value: protraction,
            unit: "(of 1)",
            expected: "a number from 0 to 1",
        });
    }
    let per_cycle = bed_gy / f64::from(cycles);
    let g = protraction / tissue.alpha_beta_gy;
    // The stable form of (−1 + √(1 + 4 g B))/(2 g).
    let dose = 2.0 * per_cycle / (1.0 + (1.0 + 4.0 * g * per_cycle).sqrt());
    Ok(dose / gy_per_gbq)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(gy_per_h: f64, half_life_h: f64) -> DoseRatePhase {
        DoseRatePhase { gy_per_h, per_h: LN_2 / half_life_h }
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() <= tolerance * b.abs(), "{a} {b}");
    }

    /// One phase: G = λ/(λ + μ) = T_rep/(T_rep + T_eff). Kidney: 5 Gy, 50 h, 2.8 h, 2.5 Gy.
    #[test]
    fn exact_one_exponential() {
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        let found = effective_dose(&[phase(5.0 * LN_2 / 50.0, 50.0)], tissue).expect("a dose");
        close(found.dose_gy, 5.0, 1e-14);
        close(found.protraction, 2.8 / 52.8, 1e-14);
        // To the digits of an independent computation (numbers of the design's reference).
        close(found.protraction, 0.053_030_3, 1e-6);
        close(found.bed_gy, 5.5303, 1e-5);
        close(found.eqd2_gy, 3.07239, 2e-6);
    }

    /// Uptake 1.5 h, clearance 51 h, 24 Gy, repair 1.9 h, α/β 1.5 Gy, α 0.147/Gy: independent
    /// computation by double quadrature.
    #[test]
    fn val_uptake_and_clearance() {
        let (up, down) = (LN_2 / 1.5, LN_2 / 51.0);
        let a = 24.0 / (1.0 / down - 1.0 / up);
        let phases =
            [DoseRatePhase { gy_per_h: a, per_h: down }, DoseRatePhase { gy_per_h: -a, per_h: up }];
        let tissue = Tissue::new(1.5, 1.9).expect("a tissue");
        let found = effective_dose(&phases, tissue).expect("a dose");
        // To the digits given.
        close(found.protraction, 0.035_464_09, 1e-7);
        close(found.bed_gy, 37.618_21, 1e-7);
        close(-0.147 * found.bed_gy, -5.529_877, 1e-7);
    }

    #[test]
    fn exact_a_plan_reaches_its_limit() {
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        for (limit, cycles) in [(40.0, 4), (23.0, 1), (1e-3, 6)] {
            let gbq = activity_for_bed(limit, cycles, 0.4, 0.053, tissue).expect("an activity");
            let one = of_dose(0.4 * gbq, 0.053, tissue).bed_gy;
            close(f64::from(cycles) * one, limit, 1e-12);
        }
    }

    #[test]
    fn exact_what_has_no_end_or_no_dose_is_refused() {
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        let endless = [DoseRatePhase { gy_per_h: 1.0, per_h: 0.0 }];
        assert!(protraction_factor(&endless, tissue).is_err());
        assert!(effective_dose(&[], tissue).is_err());
        assert!(Tissue::new(0.0, 2.8).is_err());
        assert!(Tissue::new(2.5, f64::NAN).is_err());
        assert!(activity_for_bed(40.0, 0, 0.4, 0.05, tissue).is_err());
        assert!(activity_for_bed(40.0, 4, 0.4, 1.5, tissue).is_err());
    }
}
