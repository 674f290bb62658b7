//! Likelihoods, individual estimation, optimisers.
//!
//! Given a [`Predictor`] (a curve with its derivatives), observations with an error model, and parameters with
//! transforms, bounds and perhaps priors, [`fit`](fn@fit) finds
//!
//! ```text
//! x̂ = argmin  Σ_j [ (y_j − f_j)²/R_j + ln R_j ]  −2 Σ_censored ln Φ((L_j − f_j)/√R_j)  +  Σ_k ((φ_k − μ_k)/ω_k)²
//! ```
//!
//! with `φ` the parameters on their transformed scales and `R_j` the variance of the error model. The same call fits a
//! sum of exponentials in biological rates ([`SumOfExponentials`]) and an ODE model ([`OdePredictor`]).
//!
//! | to … | use |
//! |---|---|
//! | fit a time–activity curve | [`SumOfExponentials::parameters`], [`Problem::new`], [`fit`](fn@fit) |
//! | fit a model of one's own | implement [`Predictor`] |
//! | draw a band between the observations | [`Fit::predict`] with a predictor at other times |
//! | profile a quantity, draw bootstrap samples | [`profile`](fn@profile), [`Sampler`] with [`Refit`] |
//! | choose among functions or average over them | [`Function`], [`average`], [`Fit::quality`], [`Pooled`] for a cohort |
//! | fit a million rows | [`VoxelFitter`] |
//! | search a box without derivatives, under limits | [`search()`] |
//! | join fits that hold something uncertain fixed | [`combined()`] |
//! | stop or watch a fit | [`FitOptions::interrupt`], [`FitOptions::observer`] |
//! | run the optimiser under one's own argmin `Executor` (checkpoints) | [`DampedScoring`] with [`Scored`] |
//!
//! ```
//! use lutetia_fit::{DerivedKind, ErrorModel, Function, Magnitude, Observation, Problem, fit};
//!
//! // Activities (MBq) of a region at four times (h) after an injection of Lu-177.
//! let (times, seen) = ([4.0, 24.0, 72.0, 168.0], [94.4, 70.7, 35.4, 8.8]);
//! let physical = 2.0_f64.ln() / (6.6443 * 24.0);
//! let function = Function::named("mono")?;
//! let curve = function.curve(physical, 7400.0, &times)?;
//! let observations = times.iter().zip(seen).map(|(t, a)| Observation::new(format!("{t} h"), a)).collect();
//! let parameters = function.parameters(&curve, 7400.0, &seen)?;
//! let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.05) };
//! let found = fit(&Problem::new(&curve, observations, error, parameters))?;
//! let tia = found.derived(DerivedKind::Tia).expect("a sum of exponentials has an integral");
//! assert!(found.is_determined() && (tia.value / 6900.0 - 1.0).abs() < 0.05);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The crate prints nothing, reads no file and no clock; random starts come from a seed.

mod bootstrap;
mod choice;
mod combined;
mod criterion;
mod curve;
mod error;
mod fast;
mod fit;
mod inference;
mod likelihood;
mod ode;
mod pooled;
mod predictor;
mod problem;
mod profile;
mod quasi;
mod result;
mod search;
mod selection;
mod solver;
mod tails;
mod verdict;
mod voxels;

pub use bootstrap::{Percentiles, Refit, Refitted, Sampler, percentiles};
pub use choice::{GAIN, MISFIT, MOST_BIRGE, Why, choose, widened};
pub use combined::{Combined, FEWEST_FITS, combined};
pub use criterion::NoCriterion;
pub use curve::exponentials::{AmplitudeSum, ExponentialForm, Rate, SumOfExponentials};
pub use curve::functions::{FUNCTIONS, Function, NameSource, UnknownFunction};
pub use curve::gamma::GammaVariate;
pub use curve::integral_first::IntegralFirst;
pub use curve::linear_uptake::LinearUptake;
pub use curve::superposed::{Administration, Schedule, Superposed};
pub use curve::{ActivityCurve, StartScratch, TimeActivity};
pub use error::{
    BadParameter, CurveError, EvaluationError, FitError, PredictError, ProfileError, SamplerError,
    SearchError, SearchFailure, SelectionError,
};
pub use fast::{FastFit, FastReason, FastResult, FastStatus};
pub use fit::fit;
pub use inference::IntervalKind;
pub use likelihood::Objective;
pub use lutetia_population::{Prior, Transform};
pub use nalgebra::DMatrix;
pub use ode::{OdePredictor, Sample};
pub use pooled::Pooled;
pub use predictor::{Derived, DerivedKind, DerivedUnit, Predictor};
pub use problem::{
    Censoring, ErrorModel, FitOptions, FitParameter, Magnitude, Observation, Observer, Problem,
    Progress, VarianceCount,
};
pub use profile::{Profile, ProfileEnd, profile};
pub use result::{
    DerivedEstimate, Estimate, Fit, Misfit, Prediction, Residual, StartSummary, Starts,
};
pub use search::{Found, Judged, SearchOptions, search};
pub use selection::{
    Average, GateFailure, Quality, QualityGates, Weighed, aicc, akaike_weights, average,
};
pub use solver::{DampedScoring, Linearisation, Scored};
pub use tails::{ln_normal_cdf, normal_hazard};
pub use verdict::{Bound, Breakdown, Determination, Reason, Status};
pub use voxels::{RowFit, VoxelFitter, VoxelWorker};
