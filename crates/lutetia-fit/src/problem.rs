//! What is fitted to what: observations, error model, parameters, options; and the check of all of it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use lutetia_population::{Prior, Transform};

use crate::error::{BadParameter, FitError};
use crate::predictor::{Predictor, named};
use crate::verdict::CV_GATE;

/// Whether a value was measured or only known to lie below a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Censoring {
    /// Measured.
    None,
    /// Below detection: `value` is the limit.
    Left,
}

/// One observation, in the order of the predictor's values.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Measured value, or the limit of detection of a censored one. Finite.
    pub value: f64,
    /// Standard deviation, where known. Positive and finite; needed by [`ErrorModel::Known`], [`ErrorModel::Weighted`].
    pub sd: Option<f64>,
    /// Measured or below detection.
    pub censoring: Censoring,
    /// Name for messages and tables ("kidney at 27.7 h").
    pub label: String,
}

impl Observation {
    /// A measured value without a standard deviation of its own.
    pub fn new(label: impl Into<String>, value: f64) -> Self {
        Self { value, sd: None, censoring: Censoring::None, label: label.into() }
    }

    /// A measured value with its standard deviation.
    pub fn with_sd(label: impl Into<String>, value: f64, sd: f64) -> Self {
        Self { value, sd: Some(sd), censoring: Censoring::None, label: label.into() }
    }

    /// A value known only to be below `limit`.
    pub fn below(label: impl Into<String>, limit: f64, sd: Option<f64>) -> Self {
        Self { value: limit, sd, censoring: Censoring::Left, label: label.into() }
    }
}

/// Size of an error component.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Magnitude {
    /// Known, positive.
    Fixed(f64),
    /// To be estimated, from this positive starting value.
    Estimated(f64),
}

impl Magnitude {
    /// The number held.
    pub fn value(self) -> f64 {
        match self {
            Self::Fixed(v) | Self::Estimated(v) => v,
        }
    }
    /// Whether it is to be estimated.
    pub fn estimated(self) -> bool {
        matches!(self, Self::Estimated(_))
    }
}

/// Variance `R` of an observation about its prediction `f`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ErrorModel {
    /// `R = sd_j²`, every observation's own.
    Known,
    /// `R = σ² sd_j²`: the standard deviations are known up to one common factor, which is estimated (name `scale`).
    Weighted,
    /// `R = sd²` (name `sd`). With an estimated magnitude, no prior and no censoring this is ordinary least squares.
    Additive {
        /// Standard deviation, in the unit of the values.
        sd: Magnitude,
    },
    /// `R = (cv f)²`, proportional to the model (name `cv`). With a fixed magnitude, here and in [`Self::Combined`], the
    /// estimates are those of the quasi-likelihood of this variance, which clean data meet; with an estimated one, those
    /// of the normal likelihood.
    Proportional {
        /// Coefficient of variation, 1 = 100 %.
        cv: Magnitude,
    },
    /// `R = sd² + (cv f)²` (names `sd`, `cv`).
    Combined {
        /// Additive part, in the unit of the values.
        sd: Magnitude,
        /// Proportional part, 1 = 100 %.
        cv: Magnitude,
    },
}

impl ErrorModel {
    /// Names and magnitudes of the components, in the order in which they are estimated.
    pub fn magnitudes(&self) -> Vec<(&'static str, Magnitude)> {
        match *self {
            Self::Known => Vec::new(),
            Self::Weighted => vec![("scale", Magnitude::Estimated(1.0))],
            Self::Additive { sd } => vec![("sd", sd)],
            Self::Proportional { cv } => vec![("cv", cv)],
            Self::Combined { sd, cv } => vec![("sd", sd), ("cv", cv)],
        }
    }
}

/// A parameter of the predictor as it is to be estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct FitParameter {
    /// Name, as the predictor has it.
    pub name: String,
    /// Starting value (or the value itself when fixed), on the natural scale.
    pub start: f64,
    /// Scale of estimation.
    pub transform: Transform,
    /// Inclusive bounds on the natural scale.
    pub bounds: Option<(f64, f64)>,
    /// Prior on the transformed scale.
    pub prior: Option<Prior>,
    /// Held at `start`.
    pub fixed: bool,
}

impl FitParameter {
    /// A parameter without bounds and prior.
    pub fn new(name: impl Into<String>, start: f64, transform: Transform) -> Self {
        Self { name: name.into(), start, transform, bounds: None, prior: None, fixed: false }
    }
    /// A positive parameter, estimated as its logarithm.
    pub fn log(name: impl Into<String>, start: f64) -> Self {
        Self::new(name, start, Transform::Log)
    }
    /// The same with inclusive bounds on the natural scale.
    #[must_use]
    pub fn bounded(mut self, lo: f64, hi: f64) -> Self {
        self.bounds = Some((lo, hi));
        self
    }
    /// The same with a prior.
    #[must_use]
    pub fn with_prior(mut self, prior: Prior) -> Self {
        self.prior = Some(prior);
        self
    }
    /// The same, held at its start.
    #[must_use]
    pub fn fix(mut self) -> Self {
        self.fixed = true;
        self
    }
}

/// Whether the variance of the data counts among the `K` parameters of AIC, AICc and BIC. Authors differ, and with four
/// observations one parameter decides whether AICc exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VarianceCount {
    /// Counted where it is estimated from the data, as R does.
    #[default]
    Estimated,
    /// Counted once in any case, also where it is known.
    Always,
    /// Never counted.
    Never,
}

impl VarianceCount {
    /// How much it adds to `K` where `estimated` magnitudes are estimated.
    pub fn adds(self, estimated: usize) -> usize {
        match self {
            Self::Estimated => estimated,
            Self::Always => estimated.max(1),
            Self::Never => 0,
        }
    }

    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Estimated => "counted where estimated",
            Self::Always => "always counted",
            Self::Never => "not counted",
        }
    }
}

/// What an [`Observer`] is told after each iteration.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Which start, from 0.
    pub start: usize,
    /// Iteration, from 0.
    pub iteration: u64,
    /// Half of −2 ln L up to a constant.
    pub cost: f64,
    /// Largest absolute entry of its gradient on the transformed scale.
    pub gradient_norm: f64,
}

/// A callback that watches fits; called from several threads.
#[derive(Clone)]
pub struct Observer(pub Arc<dyn Fn(&Progress) + Send + Sync>);

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

/// How to search and when to call a parameter determined.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// Number of random starts beside the given ones. Default 12.
    pub random_starts: usize,
    /// Spread of the random starts, as SD on log and logit scales, relative to `|start|` on the identity scale; a
    /// parameter with a prior is drawn from the prior. Default 1.
    pub spread: f64,
    /// Seed of the random starts.
    pub seed: u64,
    /// More starting points on the natural scale, each with one value for each parameter.
    pub extra_starts: Vec<Vec<f64>>,
    /// Iterations of one start. Default 500.
    pub max_iterations: u64,
    /// Converged when the remaining Newton step is below this many standard errors. Default 1e-7.
    pub tolerance: f64,
    /// A log or logit parameter with a larger relative standard error is reported as not determined. Default 0.5
    /// (Hardiansyah 2021); `None` for no gate.
    pub cv_gate: Option<f64>,
    /// Directions with singular values below this fraction of the largest (columns scaled to 1) are not determined.
    /// Default 1e-8; never below [`Predictor::precision`].
    pub rank_tolerance: f64,
    /// A parameter whose prior variance the data reduce by less than this fraction is determined by the prior alone.
    /// Default 0.1.
    pub prior_gate: f64,
    /// Whether the variance counts among the parameters of AIC, AICc and BIC.
    pub variance_count: VarianceCount,
    /// Set to true from elsewhere (Ctrl-C) to stop; [`fit`](fn@crate::fit) then returns [`FitError::Interrupted`].
    pub interrupt: Option<Arc<AtomicBool>>,
    /// Told of every iteration.
    pub observer: Option<Observer>,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            random_starts: 12,
            spread: 1.0,
            seed: 0x4c75_3137,
            extra_starts: Vec::new(),
            max_iterations: 500,
            tolerance: 1e-7,
            cv_gate: Some(CV_GATE),
            rank_tolerance: 1e-8,
            prior_gate: 0.1,
            variance_count: VarianceCount::default(),
            interrupt: None,
            observer: None,
        }
    }
}

/// Everything [`fit`](fn@crate::fit) needs.
#[derive(Clone)]
pub struct Problem<'a> {
    /// The model.
    pub predictor: &'a dyn Predictor,
    /// The data, in the order of the predictor's values.
    pub observations: Vec<Observation>,
    /// Variance of the data.
    pub error: ErrorModel,
    /// Parameters, in the order of the predictor's names.
    pub parameters: Vec<FitParameter>,
    /// Search and gates.
    pub options: FitOptions,
}

impl<'a> Problem<'a> {
    /// A problem with default options.
    pub fn new(
        predictor: &'a dyn Predictor,
        observations: Vec<Observation>,
        error: ErrorModel,
        parameters: Vec<FitParameter>,
    ) -> Self {
        Self { predictor, observations, error, parameters, options: FitOptions::default() }
    }

    /// Indices of the parameters to be estimated.
    pub(crate) fn free(&self) -> Vec<usize> {
        (0..self.parameters.len()).filter(|&i| !self.parameters[i].fixed).collect()
    }

    /// Whether the common variance is unknown but drops out of the estimates: least squares whose scale is taken from
    /// the residuals afterwards.
    pub(crate) fn profiled(&self) -> bool {
        let common = match self.error {
            ErrorModel::Weighted => true,
            ErrorModel::Additive { sd } => sd.estimated(),
            _ => false,
        };
        common
            && self.observations.iter().all(|o| o.censoring == Censoring::None)
            && self.parameters.iter().all(|p| p.fixed || p.prior.is_none())
    }

    /// Checks everything that can be checked before the model is run.
    pub(crate) fn validate(&self) -> Result<(), FitError> {
        let names = self.predictor.names();
        if names.len() != self.parameters.len() {
            return Err(FitError::ParameterCount {
                expected: names.len(),
                found: self.parameters.len(),
            });
        }
        if self.predictor.n_values() != self.observations.len() {
            return Err(FitError::ObservationCount {
                expected: self.predictor.n_values(),
                found: self.observations.len(),
            });
        }
        for (index, (name, p)) in names.iter().zip(&self.parameters).enumerate() {
            if *name != p.name {
                return Err(FitError::ParameterName {
                    index,
                    expected: name.clone(),
                    found: p.name.clone(),
                });
            }
            self.validate_parameter(p)?;
        }
        if self.observations.is_empty() {
            return Err(FitError::NoObservations);
        }
        let needs_sd = matches!(self.error, ErrorModel::Known | ErrorModel::Weighted);
        for o in &self.observations {
            if !o.value.is_finite() {
                return Err(FitError::BadValue { label: o.label.clone(), value: o.value });
            }
            match o.sd {
                Some(sd) if !(sd.is_finite() && sd > 0.0) => {
                    return Err(FitError::BadSd { label: o.label.clone(), sd });
                }
                None if needs_sd => return Err(FitError::MissingSd { label: o.label.clone() }),
                _ => {}
            }
        }
        for (name, m) in self.error.magnitudes() {
            if !(m.value().is_finite() && m.value() > 0.0) {
                return Err(FitError::BadMagnitude { name, value: m.value() });
            }
        }
        for (k, s) in self.options.extra_starts.iter().enumerate() {
            if s.len() != names.len() {
                return Err(FitError::StartLength {
                    start: k,
                    expected: names.len(),
                    found: s.len(),
                });
            }
        }
        let free = self.free().len();
        if free == 0 {
            return Err(FitError::NothingToEstimate { parameters: names.len() });
        }
        // A likelihood with an unknown variance has no maximum when the curve can pass through every point.
        let estimated = self.error.magnitudes().iter().filter(|(_, m)| m.estimated()).count();
        if estimated > 0 && !self.profiled() {
            let measured =
                self.observations.iter().filter(|o| o.censoring == Censoring::None).count();
            if measured < free + estimated {
                return Err(FitError::UnboundedLikelihood {
                    measured,
                    parameters: free,
                    magnitudes: estimated,
                });
            }
        }
        Ok(())
    }

    fn validate_parameter(&self, p: &FitParameter) -> Result<(), FitError> {
        let domain = p.transform.domain();
        let bad = |reason| Err(FitError::BadParameter { name: p.name.clone(), reason });
        if let Transform::Logit { lo, hi } = p.transform
            && !(lo.is_finite() && hi.is_finite() && lo < hi)
        {
            return bad(BadParameter::Ends { lo, hi });
        }
        if !p.start.is_finite() {
            return bad(BadParameter::Start { start: p.start });
        }
        if p.fixed {
            // A fixed value is never transformed, so zero is a fine value even of a log parameter.
            return Ok(());
        }
        if p.start <= domain.0 || p.start >= domain.1 {
            return bad(BadParameter::OutsideDomain {
                start: p.start,
                lower: domain.0,
                upper: domain.1,
            });
        }
        if let Some((lower, upper)) = p.bounds {
            if lower.is_nan() || upper.is_nan() || lower >= upper {
                return bad(BadParameter::Bounds { lower, upper });
            }
            if p.start < lower || p.start > upper {
                return bad(BadParameter::OutsideBounds { start: p.start, lower, upper });
            }
        }
        if let Some(prior) = p.prior
            && !(prior.mean.is_finite() && prior.sd.is_finite() && prior.sd > 0.0)
        {
            return bad(BadParameter::Prior { mean: prior.mean, sd: prior.sd });
        }
        Ok(())
    }

    /// `name = value` list for messages.
    pub(crate) fn named(&self, theta: &[f64]) -> String {
        named(self.predictor.names(), theta)
    }
}
