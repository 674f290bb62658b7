//! Royston–Parmar splines of each arm, held against its own patients.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::lack_of_fit::{LackOfFit, survival_lack_of_fit};
use lutetia_outcome::survival::{SplineFit, SplineScale, fit_spline};

use super::{Patients, SurvivalError, SurvivalOptions};

/// Most internal knots.
pub(super) const MOST_KNOTS: usize = 10;

/// The splines of an arm.
pub(super) struct Splines<'p> {
    pub(super) arm: &'p str,
    /// Best AIC first.
    pub(super) fits: Vec<Fitted>,
    /// Internal knots of those that could not be fitted.
    pub(super) refused: Vec<(usize, OutcomeError)>,
}

/// One spline.
pub(super) struct Fitted {
    pub(super) fit: SplineFit,
    /// AIC over that of the best one.
    pub(super) aic_difference: f64,
    pub(super) median: Result<f64, OutcomeError>,
    /// To the horizon of all arms.
    pub(super) restricted_mean: Option<f64>,
    pub(super) lack_of_fit: Option<LackOfFit>,
}

/// Every arm with none to `most` internal knots, the reference first.
pub(super) fn of<'p>(
    patients: &'p Patients,
    options: &SurvivalOptions,
    most: usize,
    scale: SplineScale,
) -> Result<Vec<Splines<'p>>, SurvivalError> {
    if most > MOST_KNOTS {
        return Err(SurvivalError::Knots { most });
    }
    let tau = options.horizon(patients);
    let arms = patients.by_arm().into_iter();
    Ok(arms
        .map(|(arm, data)| {
            let (mut fits, mut refused) = (Vec::new(), Vec::new());
            for knots in 0..=most {
                match fit_spline(&data, knots, scale, options.level) {
                    Ok(fit) => fits.push(fit),
                    Err(e) => refused.push((knots, e)),
                }
            }
            fits.sort_by(|a, b| a.aic.total_cmp(&b.aic));
            let best = fits.first().map_or(f64::NAN, |f| f.aic);
            let fits = fits.into_iter().map(|fit| {
                let hazard = |t: f64| if t > 0.0 { -fit.survival(t).ln() } else { 0.0 };
                Fitted {
                    aic_difference: fit.aic - best,
                    median: fit.quantile(0.5),
                    restricted_mean: fit.restricted_mean(tau).ok(),
                    lack_of_fit: survival_lack_of_fit(&data, hazard).ok(),
                    fit,
                }
            });
            Splines { arm, fits: fits.collect(), refused }
        })
        .collect())
}
