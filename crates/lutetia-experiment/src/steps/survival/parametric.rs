//! Parametric families of each arm, held against its own patients.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::lack_of_fit::{LackOfFit, survival_lack_of_fit};
use lutetia_outcome::survival::{Family, ParametricFit, fit_all};

use super::{Patients, SurvivalOptions};

/// The families of an arm.
pub(super) struct Families<'p> {
    pub(super) arm: &'p str,
    /// Best AIC first.
    pub(super) fits: Vec<FamilyFit>,
    /// Those that could not be fitted.
    pub(super) refused: Vec<(Family, OutcomeError)>,
}

/// One family.
pub(super) struct FamilyFit {
    pub(super) fit: ParametricFit,
    /// AIC over that of the best one.
    pub(super) aic_difference: f64,
    /// Estimate and ends of the interval; the latter take the family for true.
    pub(super) median: Option<(f64, f64, f64)>,
    /// To the horizon of all arms.
    pub(super) restricted_mean: Option<f64>,
    /// Largest distance from the curve of Kaplan and Meier, at both sides of every step.
    pub(super) largest_distance: f64,
    pub(super) lack_of_fit: Option<LackOfFit>,
}

impl FamilyFit {
    /// Whether the patients refute the family.
    pub(super) fn refuted(&self) -> bool {
        self.lack_of_fit.is_some_and(|t| t.refuted())
    }
}

/// Every arm, the reference first.
pub(super) fn of<'p>(
    patients: &'p Patients,
    options: &SurvivalOptions,
) -> Result<Vec<Families<'p>>, OutcomeError> {
    let tau = options.horizon(patients);
    let arms = patients.by_arm().into_iter();
    arms.map(|(arm, data)| {
        let (fits, refused) = fit_all(&data, options.level)?;
        let best = fits.first().map_or(f64::NAN, |f| f.aic);
        let curve = options.curve(&data)?;
        let fits = fits.into_iter().map(|fit| {
            let distance = curve.steps.windows(2).flat_map(|w| {
                let s = fit.distribution.survival(w[1].time);
                [(s - w[0].survival).abs(), (s - w[1].survival).abs()]
            });
            FamilyFit {
                aic_difference: fit.aic - best,
                median: fit.quantile(0.5).ok(),
                restricted_mean: fit.distribution.restricted_mean(tau).ok(),
                largest_distance: distance.fold(0.0, f64::max),
                lack_of_fit: survival_lack_of_fit(&data, |t| fit.distribution.cumulative_hazard(t))
                    .ok(),
                fit,
            }
        });
        Ok(Families { arm, fits: fits.collect(), refused })
    })
    .collect()
}
