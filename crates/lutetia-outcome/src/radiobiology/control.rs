//! Tumour control.

use super::linear_quadratic::{Bed, LinearQuadratic, ParameterSet};
use crate::error::{OutcomeError, above_zero, not_negative, probability};

/// Probability that no clonogenic cell of a lesion is left, `TCP = exp(−N₀ e^{−α BED})`.
///
/// # Errors
/// A number of clonogens that is negative.
pub fn tcp_poisson<S: ParameterSet>(
    clonogens: f64,
    cells: &LinearQuadratic<S>,
    bed: Bed<S>,
) -> Result<f64, OutcomeError> {
    not_negative("number of clonogenic cells", clonogens, "")?;
    Ok((-clonogens * cells.ln_survival(bed).exp()).exp())
}

/// Logistic control, `TCP = 1/(1 + (D50/D)^{4 γ50})` with the slope γ50 at D50.
///
/// # Errors
/// A negative dose, D50 or γ50 not above 0.
pub fn tcp_logistic(dose_gy: f64, d50_gy: f64, gamma50: f64) -> Result<f64, OutcomeError> {
    not_negative("absorbed dose", dose_gy, "Gy")?;
    above_zero("D50", d50_gy, "Gy")?;
    above_zero("gamma50", gamma50, "")?;
    Ok(1.0 / (1.0 + (d50_gy / dose_gy).powf(4.0 * gamma50)))
}

/// Probability that every lesion is controlled, their product (lesions taken as independent).
///
/// # Errors
/// A probability outside 0 to 1.
pub fn control_of_all(lesions: &[f64]) -> Result<f64, OutcomeError> {
    let mut product = 1.0;
    for &p in lesions {
        product *= probability("control of a lesion", p)?;
    }
    Ok(product)
}
