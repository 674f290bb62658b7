//! Loewe additivity.

use serde::Serialize;

use crate::error::{
    Asked, NoAnswer, OutcomeError, above_zero, not_determined, not_negative, within,
};

/// An effect that rises with dose from 0.
pub trait DoseResponse {
    /// Effect of a dose.
    fn effect(&self, dose: f64) -> f64;
    /// The dose of an effect; none when no dose reaches it.
    fn dose_of(&self, effect: f64) -> Option<f64>;
    /// The effect that no dose exceeds.
    fn largest_effect(&self) -> f64;
}

/// Hill's curve, `E = E_max d^h/(EC50^h + d^h)`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Hill {
    largest: f64,
    ec50: f64,
    exponent: f64,
}

impl Hill {
    /// A curve with a largest effect, the dose of half of it, and the exponent.
    ///
    /// # Errors
    /// Numbers that are not above 0.
    pub fn new(largest: f64, ec50: f64, exponent: f64) -> Result<Self, OutcomeError> {
        above_zero("largest effect", largest, "")?;
        above_zero("EC50", ec50, "")?;
        above_zero("Hill exponent", exponent, "")?;
        Ok(Self { largest, ec50, exponent })
    }
}

impl DoseResponse for Hill {
    fn effect(&self, dose: f64) -> f64 {
        if dose <= 0.0 {
            return 0.0;
        }
        self.largest / (1.0 + (self.ec50 / dose).powf(self.exponent))
    }

    fn dose_of(&self, effect: f64) -> Option<f64> {
        if effect <= 0.0 {
            return Some(0.0);
        }
        let odds = effect / (self.largest - effect);
        (odds > 0.0).then(|| self.ec50 * odds.powf(1.0 / self.exponent))
    }

    fn largest_effect(&self) -> f64 {
        self.largest
    }
}

/// An effect by Loewe, and whether both drugs can reach it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LoewePoint {
    /// The effect.
    pub effect: f64,
    /// Whether each drug alone reaches it at some dose; where one does not, its dose counts for
    /// nothing, and the null model is that of the other alone.
    pub within_both: bool,
}

/// Loewe's combination index at an effect, `d_A/D_A(E) + d_B/D_B(E)`: below 1 the doses do more than
/// they would of one drug.
///
/// # Errors
/// Negative doses, an effect not above 0; not determined when neither drug reaches it.
pub fn combination_index(
    a: &dyn DoseResponse,
    b: &dyn DoseResponse,
    dose_a: f64,
    dose_b: f64,
    effect: f64,
) -> Result<f64, OutcomeError> {
    not_negative("dose of A", dose_a, "")?;
    not_negative("dose of B", dose_b, "")?;
    above_zero("effect of the combination index", effect, "")?;
    let part = |dose: f64, alone: Option<f64>| alone.map(|d| dose / d);
    match (part(dose_a, a.dose_of(effect)), part(dose_b, b.dose_of(effect))) {
        (Some(x), Some(y)) => Ok(x + y),
        // A drug that never reaches the effect would need an infinite dose for it.
        (Some(x), None) | (None, Some(x)) => Ok(x),
        (None, None) => Err(not_determined(
            Asked::CombinationIndex,
            NoAnswer::NeitherReaches { a: a.largest_effect(), b: b.largest_effect(), effect },
        )),
    }
}

/// The effect at which Loewe's index of two doses is 1: what they do if they are dilutions of one drug.
///
/// # Errors
/// Negative doses.
pub fn loewe(
    a: &dyn DoseResponse,
    b: &dyn DoseResponse,
    dose_a: f64,
    dose_b: f64,
) -> Result<LoewePoint, OutcomeError> {
    not_negative("dose of A", dose_a, "")?;
    not_negative("dose of B", dose_b, "")?;
    let most = a.largest_effect().max(b.largest_effect());
    within("largest effect of the drugs", most, "", most > 0.0, "a number above 0")?;
    if dose_a <= 0.0 && dose_b <= 0.0 {
        return Ok(LoewePoint { effect: 0.0, within_both: true });
    }
    // The index falls from infinity at no effect; at the larger single effect it is 1 or more, at the
    // largest effect of all 0.
    let (mut low, mut high) = (a.effect(dose_a).max(b.effect(dose_b)), most);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        match combination_index(a, b, dose_a, dose_b, middle) {
            Ok(index) if index > 1.0 => low = middle,
            _ => high = middle,
        }
    }
    let effect = 0.5 * (low + high);
    let within_both = effect < a.largest_effect().min(b.largest_effect());
    Ok(LoewePoint { effect, within_both })
}
