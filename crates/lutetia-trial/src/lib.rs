//! Cohorts, virtual trials, calibration, regimen search.
//!
//! Whatever must simulate many patients lives here: it samples patients from the population of a
//! model, simulates them through `lutetia-sim`, and judges them with `lutetia-outcome`.
//!
//! | to … | use |
//! |---|---|
//! | draw virtual patients | [`Population::new`], [`Population::cohort`] |
//! | weight them to published margins | [`weights`] |
//! | give each a random number that depends on nothing else | [`Draws`] |

mod cohort;
mod draw;
mod error;
mod weighting;

pub use cohort::{Cohort, CohortSpec, Law, Limit, Patient, Population};
pub use draw::Draws;
pub use error::TrialError;
pub use weighting::{Margin, Weighting, resample, weights};
