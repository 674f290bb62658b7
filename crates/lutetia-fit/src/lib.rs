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
//! | stop or watch a fit | [`FitOptions::interrupt`], [`FitOptions::observer`] |
//! | run the optimiser under one's own argmin `Executor` (checkpoints) | [`DampedScoring`] with [`Scored`] |
//!
//! The crate prints nothing, reads no file and no clock; random starts come from a seed.

mod exponentials;
mod fit;
mod inference;
mod likelihood;
mod ode;
mod predictor;
mod problem;
mod result;
mod solver;
mod stripping;
mod tails;

pub use exponentials::{ExponentialForm, Rate, SumOfExponentials};
pub use fit::fit;
pub use likelihood::Objective;
pub use nalgebra::DMatrix;
pub use ode::{OdePredictor, Sample};
pub use predictor::{Derived, PredictError, Predictor};
pub use problem::{
    Censoring, ErrorModel, FitError, FitOptions, FitParameter, Magnitude, Observation, Observer,
    Prior, Problem, Progress, Transform,
};
pub use result::{
    Bound, DerivedEstimate, Determination, Estimate, Fit, IntervalKind, Prediction, Reason,
    Residual, StartSummary, Starts, Status,
};
pub use solver::{DampedScoring, Linearisation, Scored};
pub use tails::{ln_normal_cdf, normal_hazard};
