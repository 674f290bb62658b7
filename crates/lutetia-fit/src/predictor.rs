//! What a model must offer to be fitted.

use nalgebra::DMatrix;

use crate::error::PredictError;

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

/// What a derived quantity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DerivedKind {
    /// Time-integrated activity from zero to infinity.
    Tia,
    /// Time-integrated activity from zero to the last measurement.
    TiaToLast,
    /// The part of [`Tia`](Self::Tia) after the last measurement, 0 to 1.
    ExtrapolatedFraction,
    /// Effective half-life of the terminal phase.
    EffectiveHalfLife,
    /// Time at which the curve is highest.
    TimeOfMaximum,
    /// A quantity that the model file derives from its parameters, by the name of the "output": a distribution volume.
    OfModel,
}

/// The unit of a derived quantity, in those of the values and times of its predictor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DerivedUnit {
    /// A value times a time (MBq h).
    ValueTime,
    /// A time (h).
    Time,
    /// None.
    One,
    /// That of the model file.
    OfModel,
}

impl DerivedKind {
    /// Every kind that a curve has.
    pub const ALL: [Self; 5] = [
        Self::Tia,
        Self::TiaToLast,
        Self::ExtrapolatedFraction,
        Self::EffectiveHalfLife,
        Self::TimeOfMaximum,
    ];

    /// Name in tables and options: `tia`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tia => "tia",
            Self::TiaToLast => "tia_to_last",
            Self::ExtrapolatedFraction => "extrapolated_fraction",
            Self::EffectiveHalfLife => "effective_half_life",
            Self::TimeOfMaximum => "time_of_maximum",
            Self::OfModel => "derived",
        }
    }

    /// The kind that a curve has by that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Unit.
    pub fn unit(self) -> DerivedUnit {
        match self {
            Self::Tia | Self::TiaToLast => DerivedUnit::ValueTime,
            Self::ExtrapolatedFraction => DerivedUnit::One,
            Self::OfModel => DerivedUnit::OfModel,
            Self::EffectiveHalfLife | Self::TimeOfMaximum => DerivedUnit::Time,
        }
    }
}

/// `tia`, or `tia(C_tumour)` of one output among several; `V_T` of what a model file derives.
pub(crate) fn derived_name(kind: DerivedKind, output: Option<&str>) -> String {
    match output {
        None => kind.name().to_owned(),
        Some(name) if kind == DerivedKind::OfModel => name.to_owned(),
        Some(output) => format!("{}({output})", kind.name()),
    }
}

/// A quantity computed from the parameters, with its gradient on their natural scale. Kind and output are unique within
/// a predictor.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// What it is.
    pub kind: DerivedKind,
    /// Of which output, where the predictor has several; what a model file derives, by its name.
    pub output: Option<String>,
    /// Value.
    pub value: f64,
    /// `∂ value / ∂ theta_j`, one for each parameter.
    pub gradient: Vec<f64>,
    /// Whether the quantity is positive by its nature; its interval is then formed on the log scale.
    pub positive: bool,
}

impl Derived {
    /// A quantity of a curve, positive by nature.
    pub fn of_curve(kind: DerivedKind, value: f64, gradient: Vec<f64>) -> Self {
        Self { kind, output: None, value, gradient, positive: true }
    }

    /// A quantity of one output of a model, positive by nature.
    pub fn of_output(kind: DerivedKind, output: &str, value: f64, gradient: Vec<f64>) -> Self {
        Self { output: Some(output.to_owned()), ..Self::of_curve(kind, value, gradient) }
    }

    /// Name, unique within a predictor.
    pub fn name(&self) -> String {
        derived_name(self.kind, self.output.as_deref())
    }
}

/// `a1 = 2.5, lambda1 = 0.01`
pub(crate) fn named(names: &[String], theta: &[f64]) -> String {
    let parts: Vec<String> = names.iter().zip(theta).map(|(n, v)| format!("{n} = {v:e}")).collect();
    parts.join(", ")
}
