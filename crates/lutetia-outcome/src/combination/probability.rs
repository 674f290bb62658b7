//! Null models on surviving shares.

use serde::Serialize;

use crate::error::{OutcomeError, probability};

/// What was found beside what a null model says.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Excess {
    /// Found with the combination.
    pub observed: f64,
    /// Said by the null model.
    pub null: f64,
    /// Observed minus null.
    pub difference: f64,
}

impl Excess {
    /// The excess of an observation over a null model.
    #[must_use]
    pub fn over(observed: f64, null: f64) -> Self {
        Self { observed, null, difference: observed - null }
    }
}

/// Bliss independence of surviving shares of cells, `S_AB = S_A S_B`: logarithms of kill add.
///
/// # Errors
/// A share outside 0 to 1.
pub fn bliss(survival_a: f64, survival_b: f64) -> Result<f64, OutcomeError> {
    Ok(probability("surviving share under A", survival_a)?
        * probability("surviving share under B", survival_b)?)
}

/// Highest single agent: the smaller of the surviving shares.
///
/// # Errors
/// A share outside 0 to 1.
pub fn highest_single_agent(survival_a: f64, survival_b: f64) -> Result<f64, OutcomeError> {
    Ok(probability("surviving share under A", survival_a)?
        .min(probability("surviving share under B", survival_b)?))
}
