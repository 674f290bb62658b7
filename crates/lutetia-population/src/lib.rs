//! How patients differ.
//!
//! A model file declares a typical patient, random effects about it, and covariates. This crate gives them
//! their meaning, for whoever draws patients and whoever estimates them:
//!
//! | to … | use |
//! |---|---|
//! | turn a random effect into a parameter, and back | [`ParameterLaw`], [`Form`] |
//! | work on the scale of the random effect | [`Transform`], [`Prior`] |
//! | read the random effects of a model | [`Effects`] |
//! | draw virtual patients | [`Population::new`], [`Population::cohort`] |
//! | give each a random number that depends on nothing else | [`Draws`] |
//! | draw what an estimate may be instead | [`Uncertainty`] |
//! | weight them to published margins | [`weights`], [`Population::weighted`] |
//!
//! ```
//! use lutetia_population::{Draws, Form, ParameterLaw};
//!
//! // A clearance of 2 L/h that varies log-normally with a standard deviation of 0.3 of its logarithm.
//! let clearance = ParameterLaw { form: Form::LogNormal, typical: 2.0, sd: 0.3 };
//! // A patient one standard deviation above the typical one.
//! assert!((clearance.value(0.3) - 2.0 * 0.3_f64.exp()).abs() < 1e-12);
//! assert!((clearance.eta(clearance.value(0.3)) - 0.3).abs() < 1e-12);
//! // For a log-normal law CV² = exp(ω²) − 1.
//! let cv = clearance.cv().expect("it has moments");
//! assert!((cv - (0.09_f64.exp() - 1.0).sqrt()).abs() < 1e-12);
//! ```

mod cohort;
mod covariate;
mod covariate_law;
mod draw;
mod effects;
mod error;
mod law;
mod limits;
mod range;
mod slots;
mod uncertainty;
mod weighting;

pub use cohort::{Cohort, CohortSpec, Patient, Population};
pub use covariate_law::CovariateLaw;
pub use draw::{Draws, log_normal_draws, normal_quantile, normal_share};
pub use effects::{Effects, RandomEffect};
pub use error::{Instead, NoVariability, NoWeights, PopulationError, Refusing};
pub use law::{Form, ParameterLaw, Prior, Transform};
pub use limits::Limit;
pub use range::{ExpectedLaw, NoLaw, PopulationRange};
pub use uncertainty::{Uncertainty, WIDEST_RANGE, in_range};
pub use weighting::{Margin, Weighting, resample, weights};
