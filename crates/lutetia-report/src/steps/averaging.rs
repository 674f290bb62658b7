//! Averaging over functions: what is not known about the choice belongs into the error.

/// One function that can be averaged.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighed {
    /// Akaike's criterion with the small-sample correction.
    pub aicc: f64,
    /// The quantity.
    pub value: f64,
    /// Its standard error under this function.
    pub sd: f64,
}

/// An average over functions.
#[derive(Debug, Clone, PartialEq)]
pub struct Average {
    /// Σ w_i x_i.
    pub value: f64,
    /// √(Σ w_i (u_i² + (x_i − x̄)²)).
    pub sd: f64,
    /// The weight of each function, `None` where it was left out.
    pub weights: Vec<Option<f64>>,
}

/// Averages by Akaike weights `w_i = e^{−Δ_i/2}/Σ e^{−Δ_j/2}`, with the unconditional variance of
/// Buckland, Burnham and Augustin (1997, Biometrics 53:603) in its additive form (Burnham and
/// Anderson 2004).
///
/// # Errors
/// When no function can be averaged: AICc needs more than K + 1 observations, and the quantity must
/// be determined.
pub fn average(functions: &[Option<Weighed>]) -> Result<Average, String> {
    let least = functions
        .iter()
        .flatten()
        .map(|f| f.aicc)
        .filter(|a| a.is_finite())
        .min_by(f64::total_cmp)
        .ok_or("AICc or the integral is not determined for any function")?;
    let raw: Vec<Option<f64>> = functions
        .iter()
        .map(|f| f.filter(|f| f.aicc.is_finite()).map(|f| (-0.5 * (f.aicc - least)).exp()))
        .collect();
    let sum: f64 = raw.iter().flatten().sum();
    let weights: Vec<Option<f64>> = raw.into_iter().map(|w| w.map(|w| w / sum)).collect();
    let parts =
        || weights.iter().zip(functions).filter_map(|(w, f)| Some((w.as_ref()?, f.as_ref()?)));
    let value: f64 = parts().map(|(w, f)| w * f.value).sum();
    let variance: f64 = parts().map(|(w, f)| w * (f.sd * f.sd + (f.value - value).powi(2))).sum();
    Ok(Average { value, sd: variance.sqrt(), weights })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(aicc: f64, value: f64, sd: f64) -> Option<Weighed> {
        Some(Weighed { aicc, value, sd })
    }

    #[test]
    fn exact_equal_functions_share_and_apart_ones_widen() {
        let same = average(&[of(3.0, 10.0, 1.0), of(3.0, 10.0, 1.0)]).expect("an average");
        assert_eq!(same.weights, [Some(0.5), Some(0.5)]);
        assert!((same.value - 10.0).abs() < 1e-15 && (same.sd - 1.0).abs() < 1e-15);
        let apart = average(&[of(3.0, 8.0, 1.0), of(3.0, 12.0, 1.0)]).expect("an average");
        // Half of (1 + 2²) twice.
        assert!((apart.value - 10.0).abs() < 1e-15 && (apart.sd - 5.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn exact_weights_follow_the_criterion() {
        // Δ = 2 ln 3: three to one.
        let found =
            average(&[of(0.0, 1.0, 0.0), None, of(2.0 * 3.0_f64.ln(), 5.0, 0.0)]).expect("one");
        let [Some(a), None, Some(b)] = found.weights[..] else { panic!("{found:?}") };
        assert!((a - 0.75).abs() < 1e-15 && (b - 0.25).abs() < 1e-15);
        assert!((found.value - 2.0).abs() < 1e-15 && (found.sd - 3.0_f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn exact_nothing_to_average_is_said() {
        assert!(average(&[None, None]).is_err());
        assert!(average(&[of(f64::NAN, 1.0, 1.0)]).is_err());
    }
}
