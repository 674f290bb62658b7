//! What other patients say of one: their mean, or their mean scaled by his uptake.

use super::Predicted;

/// What is known of a region of other patients: mean and standard deviation of logarithms.
pub(super) struct Known {
    /// Of coefficients.
    coefficient: Option<(f64, f64)>,
    /// Of coefficients over uptakes.
    ratio: Option<(f64, f64)>,
}

impl Known {
    /// Out of uptake and coefficient of each; nothing of fewer than two.
    pub(super) fn of(pairs: &[(f64, f64)]) -> Self {
        let coefficients: Vec<f64> = pairs.iter().map(|(_, a)| a.ln()).collect();
        let ratios: Vec<f64> = pairs.iter().map(|(uptake, a)| (a / uptake).ln()).collect();
        Self { coefficient: of_new(&coefficients), ratio: of_new(&ratios) }
    }

    /// Of a patient of whom nothing is known.
    pub(super) fn mean(&self) -> Option<Predicted> {
        self.coefficient.map(|law| predicted(law, 1.0))
    }

    /// Of a patient with an uptake.
    pub(super) fn scaled(&self, uptake: f64) -> Option<Predicted> {
        self.ratio.filter(|_| uptake > 0.0).map(|law| predicted(law, uptake))
    }
}

fn predicted((mean, log_sd): (f64, f64), times: f64) -> Predicted {
    Predicted { coefficient_h: times * mean.exp(), log_sd, left: None }
}

/// Mean of some logarithms, and the standard deviation of a new one about it: s·√(1 + 1/n).
#[expect(clippy::cast_precision_loss, reason = "counts of patients")]
fn of_new(logs: &[f64]) -> Option<(f64, f64)> {
    let n = logs.len() as f64;
    if logs.len() < 2 || logs.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Some((mean, (variance * (1.0 + 1.0 / n)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_mean_and_ratio_of_known_patients() {
        // Logarithms -1 and 1: mean 0, variance 2; of a third one 2·(1 + 1/2).
        let e = std::f64::consts::E;
        let known = Known::of(&[(2.0, 1.0 / e), (2.0 * e * e, e)]);
        let mean = known.mean().expect("two patients");
        assert!((mean.coefficient_h - 1.0).abs() < 1e-15);
        assert!((mean.log_sd - 3_f64.sqrt()).abs() < 1e-15);
        // Ratios 1/(2e) both: no scatter is left.
        let scaled = known.scaled(6.0 * e).expect("two patients");
        assert!((scaled.coefficient_h - 3.0).abs() < 1e-12 && scaled.log_sd < 1e-12);
        assert_eq!(known.scaled(0.0), None);
        assert_eq!(Known::of(&[(1.0, 1.0)]).mean(), None);
        assert_eq!(Known::of(&[(1.0, 1.0), (1.0, 0.0)]).mean(), None);
    }
}
