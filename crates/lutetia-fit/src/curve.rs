//! What every function of time and activity offers, and the one type that holds any of them.

use nalgebra::DMatrix;

use crate::exponentials::SumOfExponentials;
use crate::gamma::GammaVariate;
use crate::integral_first::IntegralFirst;
use crate::linear_uptake::LinearUptake;
use crate::predictor::{Derived, PredictError, Predictor, named};
use crate::problem::FitParameter;
use crate::stripping::StartScratch;
use crate::superposed::{Schedule, Superposed};

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

    /// Amplitude and effective rate of each phase; empty where the curve is no sum of exponentials.
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

/// Refuses a rate or times that no curve can have.
pub(crate) fn check_times(physical_rate: f64, times: &[f64]) -> Result<(), PredictError> {
    let fail = |reason: String| Err(PredictError::Failed { reason });
    if !(physical_rate.is_finite() && physical_rate >= 0.0) {
        return fail(format!(
            "physical decay rate is {physical_rate}, expected a finite number ≥ 0; take it from the nuclide"
        ));
    }
    match times.iter().find(|t| !(t.is_finite() && **t >= 0.0)) {
        Some(t) => {
            fail(format!("time is {t}, expected a finite number ≥ 0; count from the injection"))
        }
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
    /// When the curve is no sum of exponentials: what the others mean is the curve after one injection.
    pub fn superposed(self, schedule: Schedule) -> Result<Self, PredictError> {
        match self {
            Self::Exponentials(curve) => Ok(Self::Superposed(Superposed::new(curve, schedule))),
            _ => Err(PredictError::Failed {
                reason: "this function is the curve after one short injection; use a sum of exponentials, such as `mono` \
                         or `bi-uptake`"
                    .to_owned(),
            }),
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
