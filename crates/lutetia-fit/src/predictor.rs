//! What a model must offer to be fitted.

use nalgebra::DMatrix;

/// A model seen from the estimator: parameters in, predicted observations and their derivatives out.
///
/// Parameters and values are on their natural scales and in units of the implementor's choice; transforms belong to
/// [`FitParameter`](crate::FitParameter). Implementations must be pure: the same `theta` gives the same bits, on any
/// thread.
pub trait Predictor: Sync {
    /// Names of the parameters, in the order of `theta`.
    fn names(&self) -> &[String];

    /// Number of predicted values, one for each observation and in its order.
    fn n_values(&self) -> usize;

    /// Predicts all values, and where asked the Jacobian `∂ value_i / ∂ theta_j` (`n_values × names().len()`).
    ///
    /// `values` has length [`n_values`](Self::n_values). Everything in `values` and `jacobian` is overwritten.
    ///
    /// # Errors
    /// When the model cannot be evaluated at `theta`. The optimiser then tries a shorter step.
    fn predict(
        &self,
        theta: &[f64],
        values: &mut [f64],
        jacobian: Option<&mut DMatrix<f64>>,
    ) -> Result<(), PredictError>;

    /// Relative precision of the values and derivatives: rounding for closed forms, the tolerance of an integrator. The
    /// search does not ask for more, and a direction weaker than this is not determined.
    fn precision(&self) -> f64 {
        1e-15
    }

    /// Quantities computed from the parameters (time-integrated activity, half-lives, …) with their gradients.
    ///
    /// # Errors
    /// When a quantity does not exist at `theta`.
    fn derived(&self, _theta: &[f64]) -> Result<Vec<Derived>, PredictError> {
        Ok(Vec::new())
    }

    /// Puts `theta` into the one order chosen among equivalent ones (exchangeable phases), so that the same curve has
    /// the same parameters. The default does nothing.
    fn canonical(&self, _theta: &mut [f64]) {}
}

/// A quantity computed from the parameters, with its gradient on their natural scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// Name, unique within a predictor.
    pub name: String,
    /// Value.
    pub value: f64,
    /// `∂ value / ∂ theta_j`, one for each parameter.
    pub gradient: Vec<f64>,
    /// Whether the quantity is positive by its nature; its interval is then formed on the log scale.
    pub positive: bool,
}

/// Why a model could not be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PredictError {
    /// A prediction is infinite or not a number.
    #[error("prediction {index} is `{value}` at parameters {parameters}; bound the parameters")]
    NonFinite {
        /// Index of the value.
        index: usize,
        /// The value found.
        value: f64,
        /// `name = value` list.
        parameters: String,
    },
    /// The number of parameters or values passed in does not fit the predictor.
    #[error(
        "predictor needs {expected} {what}, found {found}; pass one for each name of the predictor"
    )]
    Shape {
        /// What was counted.
        what: &'static str,
        /// Number needed.
        expected: usize,
        /// Number passed in.
        found: usize,
    },
    /// The model said why.
    #[error("{reason}")]
    Failed {
        /// Reason in the model's words.
        reason: String,
    },
}

/// `a1 = 2.5, lambda1 = 0.01`
pub(crate) fn named(names: &[String], theta: &[f64]) -> String {
    let parts: Vec<String> = names.iter().zip(theta).map(|(n, v)| format!("{n} = {v:e}")).collect();
    parts.join(", ")
}
