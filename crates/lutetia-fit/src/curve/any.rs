//! The one type that holds any of the curves.

use nalgebra::DMatrix;

use crate::curve::exponentials::SumOfExponentials;
use crate::curve::gamma::GammaVariate;
use crate::curve::integral_first::IntegralFirst;
use crate::curve::linear_uptake::LinearUptake;
use crate::curve::superposed::{Schedule, Superposed};
use crate::curve::{StartScratch, TimeActivity};
use crate::error::{CurveError, PredictError};
use crate::predictor::{Derived, Predictor};
use crate::problem::FitParameter;

/// Any of the curves.
#[derive(Clone, Debug, PartialEq)]
pub enum ActivityCurve {
    /// A sum of exponentials.
    Exponentials(SumOfExponentials),
    /// One whose time-integrated activity is a parameter (f4d).
    IntegralFirst(IntegralFirst),
    /// A gamma variate.
    Gamma(GammaVariate),
    /// A linear uptake and an exponential washout.
    LinearUptake(LinearUptake),
    /// A sum of exponentials after several administrations or a long one.
    Superposed(Superposed),
}

impl ActivityCurve {
    fn inner(&self) -> &dyn TimeActivity {
        match self {
            Self::Exponentials(c) => c,
            Self::IntegralFirst(c) => c,
            Self::Gamma(c) => c,
            Self::LinearUptake(c) => c,
            Self::Superposed(c) => c,
        }
    }

    /// What the administrations leave where one injection of the whole activity would leave this curve.
    ///
    /// # Errors
    /// When the curve is not a sum of exponentials: what the others mean is the curve after one injection.
    pub fn superposed(self, schedule: Schedule) -> Result<Self, PredictError> {
        match self {
            Self::Exponentials(curve) => Ok(Self::Superposed(Superposed::new(curve, schedule))),
            _ => Err(CurveError::OneInjection.into()),
        }
    }

    /// The same curve at other times, for drawing; the last time of the measurements stays what it is.
    ///
    /// # Errors
    /// When a time is negative or not finite.
    pub fn at_times(&self, times: &[f64]) -> Result<Self, PredictError> {
        Ok(match self {
            Self::Exponentials(c) => Self::Exponentials(c.at_times(times)?),
            Self::IntegralFirst(c) => Self::IntegralFirst(c.at_times(times)?),
            Self::Gamma(c) => Self::Gamma(c.at_times(times)?),
            Self::LinearUptake(c) => Self::LinearUptake(c.at_times(times)?),
            Self::Superposed(c) => Self::Superposed(c.at_times(times)?),
        })
    }
}

impl Predictor for ActivityCurve {
    fn names(&self) -> &[String] {
        self.inner().names()
    }
    fn n_values(&self) -> usize {
        self.inner().n_values()
    }
    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError> {
        self.inner().predict(theta, values, jacobian)
    }
    fn precision(&self) -> f64 {
        self.inner().precision()
    }
    fn derived(&self, theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        self.inner().derived(theta)
    }
    fn canonical(&self, theta: &mut [f64]) {
        self.inner().canonical(theta);
    }
}

impl TimeActivity for ActivityCurve {
    fn times(&self) -> &[f64] {
        self.inner().times()
    }
    fn point(&self, theta: &[f64], t: f64, gradient: &mut [f64]) -> f64 {
        self.inner().point(theta, t, gradient)
    }
    fn tia(&self, theta: &[f64], gradient: &mut [f64]) -> f64 {
        self.inner().tia(theta, gradient)
    }
    fn terminal_rate(&self, theta: &[f64]) -> f64 {
        self.inner().terminal_rate(theta)
    }
    fn start(&self, activities: &[f64], scratch: &mut StartScratch, theta: &mut [f64]) {
        self.inner().start(activities, scratch, theta);
    }
    fn parameters(&self, activities: &[f64]) -> Result<Vec<FitParameter>, PredictError> {
        self.inner().parameters(activities)
    }
    fn effective_phases(&self, theta: &[f64]) -> Vec<(f64, f64)> {
        self.inner().effective_phases(theta)
    }
}
