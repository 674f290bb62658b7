//! What every function of time and activity offers. The forms stand beside, each in a file of its own; [`any`] holds any
//! of them.

pub(crate) mod any;
pub(crate) mod exponentials;
pub(crate) mod functions;
pub(crate) mod gamma;
pub(crate) mod integral_first;
pub(crate) mod linear_uptake;
mod phases;
mod stripping;
pub(crate) mod superposed;

use nalgebra::DMatrix;

pub use any::ActivityCurve;
pub use stripping::StartScratch;

use crate::error::{CurveError, PredictError};
use crate::predictor::{Predictor, named};
use crate::problem::FitParameter;

/// A curve of activity over time with a closed form: what a fit of many thousands needs without allocating, beside what
/// [`Predictor`] offers. Time and activity are in the caller's units.
pub trait TimeActivity: Predictor {
    /// Times of the values.
    fn times(&self) -> &[f64];

    /// Activity at `t`; the derivatives by the parameters go into `gradient` (one for each name).
    fn point(&self, theta: &[f64], t: f64, gradient: &mut [f64]) -> f64;

    /// Time-integrated activity from zero to infinity, with its derivatives. Not finite where the curve does not fall.
    fn tia(&self, theta: &[f64], gradient: &mut [f64]) -> f64;

    /// Effective rate of the terminal phase, 1/time; the terminal effective half-life is `ln 2` over it.
    fn terminal_rate(&self, theta: &[f64]) -> f64;

    /// Starting values from measured activities (one for each time) by curve stripping, into `theta`. Whatever the
    /// activities, the starts are positive, finite and within the bounds of [`parameters`](Self::parameters).
    fn start(&self, activities: &[f64], scratch: &mut StartScratch, theta: &mut [f64]);

    /// Parameters ready to be fitted to measured activities, with starting values from them.
    ///
    /// # Errors
    /// When the number of activities is not the number of times, or there is no positive time.
    fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError>;

    /// Amplitude and effective rate of each phase; empty where the curve is not a sum of exponentials.
    fn effective_phases(&self, _theta: &[f64]) -> Vec<(f64, f64)> {
        Vec::new()
    }
}

/// Values and Jacobian of a curve from its points.
pub(crate) fn predict_points<C: TimeActivity + ?Sized>(
    curve: &C,
    theta: &[f64],
    values: &mut [f64],
    jacobian: Option<&mut DMatrix<f64>>,
) -> Result<(), PredictError> {
    let names = curve.names();
    let times = curve.times();
    if theta.len() != names.len() {
        return Err(PredictError::Shape {
            what: "parameters",
            expected: names.len(),
            found: theta.len(),
        });
    }
    if values.len() != times.len() {
        return Err(PredictError::Shape {
            what: "values",
            expected: times.len(),
            found: values.len(),
        });
    }
    let mut gradient = vec![0.0; names.len()];
    let mut jacobian = jacobian;
    for (row, &t) in times.iter().enumerate() {
        values[row] = curve.point(theta, t, &mut gradient);
        if let Some(j) = jacobian.as_mut() {
            for (c, g) in gradient.iter().enumerate() {
                j[(row, c)] = *g;
            }
        }
    }
    match values.iter().position(|v| !v.is_finite()) {
        Some(index) => Err(PredictError::NonFinite {
            index,
            value: values[index],
            parameters: named(names, theta),
        }),
        None => Ok(()),
    }
}

/// The part of [`Predictor`] that a curve has from its points, in an `impl` of it.
macro_rules! predict_by_points {
    () => {
        fn names(&self) -> &[String] {
            &self.names
        }

        fn n_values(&self) -> usize {
            self.times.len()
        }

        fn predict(
            &self,
            theta: &[f64],
            values: &mut [f64],
            jacobian: Option<&mut nalgebra::DMatrix<f64>>,
        ) -> Result<(), $crate::error::PredictError> {
            $crate::curve::predict_points(self, theta, values, jacobian)
        }
    };
}
pub(crate) use predict_by_points;

/// Refuses a rate or times that no curve can have.
pub(crate) fn check_times(physical_rate: f64, times: &[f64]) -> Result<(), PredictError> {
    if !(physical_rate.is_finite() && physical_rate >= 0.0) {
        return Err(CurveError::PhysicalRate { rate: physical_rate }.into());
    }
    match times.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
        Some(t) => Err(CurveError::Time { time: *t }.into()),
        None => Ok(()),
    }
}

/// The starts of [`TimeActivity::start`] as a list.
pub(crate) fn starts<C: TimeActivity + ?Sized>(curve: &C, activities: &[f64]) -> Vec<f64> {
    let mut theta = vec![0.0; curve.names().len()];
    curve.start(activities, &mut StartScratch::default(), &mut theta);
    theta
}

/// Refuses as many activities as there are not times.
pub(crate) fn check_activities(times: &[f64], activities: &[f64]) -> Result<(), PredictError> {
    if activities.len() == times.len() {
        return Ok(());
    }
    Err(PredictError::Shape { what: "activities", expected: times.len(), found: activities.len() })
}
