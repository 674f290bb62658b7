//! Biologically effective dose: what a dose that comes slowly is worth.
//!
//! Protracted linear-quadratic model with mono-exponential repair, `−ln S = αD + βG D²`; dose rates
//! are sums of exponentials, as curves of activity are.

use std::f64::consts::LN_2;

use serde::Serialize;

use crate::error::{DoseError, above_zero, not_negative};

/// One phase of a dose rate, `a e^{−k t}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct DoseRatePhase {
    /// Amplitude, Gy/h; negative for an uptake.
    pub gy_per_h: f64,
    /// Effective rate, 1/h.
    pub per_h: f64,
}

/// How a tissue answers: α/β, and how fast it repairs, by one or two exponentials.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Tissue {
    alpha_beta_gy: f64,
    /// Share and half-time (h) of each phase of repair; the second has no share where there is one.
    repair: [(f64, f64); 2],
}

impl Tissue {
    /// A tissue with α/β (Gy) and a half-time of repair (h).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when one of them is not above 0.
    pub fn new(alpha_beta_gy: f64, repair_half_time_h: f64) -> Result<Self, DoseError> {
        Self::biphasic(alpha_beta_gy, [(1.0, repair_half_time_h), (0.0, repair_half_time_h)])
    }

    /// A tissue that repairs in two phases, each with its share and half-time (h); the shares sum to
    /// 1. Then G = Σ w_k G(μ_k).
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when α/β (Gy) or a half-time is not above 0, or the shares do not sum
    /// to 1.
    pub fn biphasic(alpha_beta_gy: f64, repair: [(f64, f64); 2]) -> Result<Self, DoseError> {
        above_zero("alpha/beta", "the tissue", alpha_beta_gy, "Gy")?;
        for (share, half_time) in repair {
            above_zero("half-time of repair", "the tissue", half_time, "h")?;
            not_negative("share of a phase of repair", "the tissue", share, "(of 1)")?;
        }
        let sum = repair[0].0 + repair[1].0;
        // Shares are typed as decimals or percents.
        if (sum - 1.0).abs() > 1e-9 {
            return Err(DoseError::OutOfRange {
                quantity: "sum of the shares of repair",
                of: "the tissue".to_owned(),
                value: sum,
                unit: "(of 1)",
                expected: "1",
            });
        }
        Ok(Self { alpha_beta_gy, repair })
    }

    /// α/β in Gy.
    #[must_use]
    pub fn alpha_beta_gy(&self) -> f64 {
        self.alpha_beta_gy
    }

    /// Share and half-time (h) of each phase of repair.
    #[must_use]
    pub fn repair(&self) -> [(f64, f64); 2] {
        self.repair
    }

    /// Σ share·f(μ) over the phases, μ = ln 2/T in 1/h.
    fn over_repair(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.repair
            .iter()
            .filter(|(share, _)| *share > 0.0)
            .map(|(share, half_time)| share * f(LN_2 / half_time))
            .sum()
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
    let double = tissue.over_repair(|mu| {
        phases
            .iter()
            .flat_map(|i| phases.iter().map(move |j| (i, j)))
            .map(|(i, j)| i.gy_per_h * j.gy_per_h / ((i.per_h + j.per_h) * (i.per_h + mu)))
            .sum()
    });
    Ok(2.0 * double / (dose * dose))
}

/// Lea–Catcheside factor of a constant dose rate that lasts `hours`: G = 2(x − 1 + e^(−x))/x², x = μT;
/// 1 for a dose at once.
///
/// # Errors
/// [`DoseError::OutOfRange`] when the duration (h) is negative or not finite.
pub fn protraction_of_constant_rate(hours: f64, tissue: Tissue) -> Result<f64, DoseError> {
    not_negative("duration", "the dose rate", hours, "h")?;
    Ok(tissue.over_repair(|mu| {
        let x = mu * hours;
        // Below, the closed form loses its digits to the series 1 − x/3 + x²/12.
        if x < 1e-4 { 1.0 - x / 3.0 + x * x / 12.0 } else { 2.0 * (x + (-x).exp_m1()) / (x * x) }
    }))
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
    activity_for_weighted_bed(bed_gy, cycles, gy_per_gbq, 1.0, protraction, tissue)
}

/// As [`activity_for_bed`] for radiation whose linear part is weighted by w = Σ RBE·D/D: the root of
/// `n (w D + G D²/(α/β)) = BED`, with the limit in Gy(RBE).
///
/// # Errors
/// As [`activity_for_bed`].
pub fn activity_for_weighted_bed(
    bed_gy: f64,
    cycles: u32,
    gy_per_gbq: f64,
    linear: f64,
    protraction: f64,
    tissue: Tissue,
) -> Result<f64, DoseError> {
    above_zero("limit of the BED", "the plan", bed_gy, "Gy")?;
    above_zero("number of cycles", "the plan", f64::from(cycles), "")?;
    above_zero("dose per activity", "the plan", gy_per_gbq, "Gy/GBq")?;
    above_zero("weight of the linear part", "the plan", linear, "(a ratio)")?;
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
    // The stable form of (−w + √(w² + 4 g B))/(2 g).
    let dose = 2.0 * per_cycle / (linear + (linear * linear + 4.0 * g * per_cycle).sqrt());
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
    fn val_two_phases_of_repair() {
        // Kidney of 5 Gy and 50 h with half-times of 0.3 and 4 h in equal shares: G = 0.040019
        // (independent computation), and the mean of both phases alone.
        let tissue = Tissue::biphasic(2.5, [(0.5, 0.3), (0.5, 4.0)]).expect("a tissue");
        let phases = [phase(5.0 * LN_2 / 50.0, 50.0)];
        let found = protraction_factor(&phases, tissue).expect("a factor");
        close(found, 0.040_019, 1e-5);
        close(found, 0.5 * (0.3 / 50.3 + 4.0 / 54.0), 1e-13);
        assert!(Tissue::biphasic(2.5, [(0.5, 0.3), (0.6, 4.0)]).is_err());
        assert!(Tissue::biphasic(2.5, [(1.5, 0.3), (-0.5, 4.0)]).is_err());
    }

    #[test]
    fn val_constant_rate() {
        // 0.5 Gy/h for 24 h, half-time of repair 1.5 h: independent computation.
        let tissue = Tissue::new(10.0, 1.5).expect("a tissue");
        let found = protraction_of_constant_rate(24.0, tissue).expect("a factor");
        close(found, 0.164_076_433, 1e-8);
        // At once, and where series and closed form meet (next term x³/60 of 1e-12).
        close(protraction_of_constant_rate(0.0, tissue).expect("a factor"), 1.0, 1e-15);
        let at = |x: f64| protraction_of_constant_rate(x * 1.5 / LN_2, tissue).expect("a factor");
        close(at(0.999e-4), at(1.001e-4) + 0.002e-4 / 3.0, 1e-7);
    }

    /// Double integral of the definition by the equations dq/dt = R − μq, G = 2∫Rq dt/D², integrated by
    /// the classical Runge–Kutta method with steps far below every time constant.
    fn by_equations(phases: &[DoseRatePhase], tissue: Tissue) -> (f64, f64) {
        let rate =
            |t: f64| -> f64 { phases.iter().map(|p| p.gy_per_h * (-p.per_h * t).exp()).sum() };
        let mus = tissue.repair().map(|(share, half)| (share, LN_2 / half));
        // State: dose, q of each phase, Σ share ∫ R q.
        let f = |t: f64, y: [f64; 4]| -> [f64; 4] {
            let r = rate(t);
            [r, r - mus[0].1 * y[1], r - mus[1].1 * y[2], r * (mus[0].0 * y[1] + mus[1].0 * y[2])]
        };
        let (mut t, mut y) = (0.0, [0.0; 4]);
        let slowest = phases.iter().map(|p| p.per_h).fold(f64::INFINITY, f64::min);
        let fastest = phases.iter().map(|p| p.per_h).chain(mus.map(|m| m.1)).fold(0.0, f64::max);
        let end = 32.0 / slowest;
        while t < end {
            // Fine while the fast phases last, then growing with them gone; stability of the method
            // keeps the step below 2.7 over the fastest rate.
            let h = (0.01 + 0.002 * t * fastest).min(0.15) / fastest;
            let add = |y: [f64; 4], k: [f64; 4], s: f64| std::array::from_fn(|i| y[i] + s * k[i]);
            let k1 = f(t, y);
            let k2 = f(t + h / 2.0, add(y, k1, h / 2.0));
            let k3 = f(t + h / 2.0, add(y, k2, h / 2.0));
            let k4 = f(t + h, add(y, k3, h));
            for i in 0..4 {
                y[i] += h / 6.0 * (k1[i] + 2.0 * k2[i] + 2.0 * k3[i] + k4[i]);
            }
            t += h;
        }
        (y[0], 2.0 * y[3] / (y[0] * y[0]))
    }

    #[test]
    fn exact_closed_form_and_equations_agree() {
        let one = Tissue::new(2.5, 2.8).expect("a tissue");
        let two = Tissue::biphasic(2.5, [(0.4, 0.5), (0.6, 4.0)]).expect("a tissue");
        let p = |gy_per_h, per_h| DoseRatePhase { gy_per_h, per_h };
        for phases in [
            vec![p(0.07, 0.014)],
            vec![p(0.1, 0.014), p(-0.1, 0.5)],
            vec![p(0.05, 0.01), p(0.2, 0.06), p(-0.25, 0.9)],
            // The amplitude and rate of a fit that a peer's BED takes for each other.
            vec![p(0.1087, 0.0141), p(-0.1087, 0.845)],
        ] {
            for tissue in [one, two] {
                let closed = effective_dose(&phases, tissue).expect("a dose");
                let (dose, g) = by_equations(&phases, tissue);
                println!("{} {} {:e}", closed.protraction, g, g / closed.protraction - 1.0);
                close(dose, closed.dose_gy, 1e-10);
                close(g, closed.protraction, 1e-10);
            }
        }
    }

    #[test]
    fn exact_a_plan_reaches_its_limit() {
        let tissue = Tissue::new(2.5, 2.8).expect("a tissue");
        for (limit, cycles) in [(40.0, 4), (23.0, 1), (1e-3, 6)] {
            let gbq = activity_for_bed(limit, cycles, 0.4, 0.053, tissue).expect("an activity");
            let one = of_dose(0.4 * gbq, 0.053, tissue).bed_gy;
            close(f64::from(cycles) * one, limit, 1e-12);
            // With a weight of 4.9 of the linear part, w D + G D²/(α/β).
            let gbq = activity_for_weighted_bed(limit, cycles, 0.4, 4.9, 0.053, tissue);
            let d = 0.4 * gbq.expect("an activity");
            close(f64::from(cycles) * (4.9 * d + 0.053 * d * d / 2.5), limit, 1e-12);
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
