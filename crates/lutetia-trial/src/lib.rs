//! Cohorts, virtual trials, calibration, regimen search.
//!
//! Whatever must simulate many patients lives here: it samples patients from the population of a
//! model, simulates them through `lutetia-sim`, and judges them with `lutetia-outcome`.
//!
//! | to … | use |
//! |---|---|
//! | draw virtual patients | [`Population::new`], [`Population::cohort`] |
//! | run arms × regimen × cohort | [`Trial::new`], [`Trial::run`] |
//! | see one patient from visit to visit | [`Trial::observe`] |
//! | write one of any size to disk, and go on after a kill | [`stream::stream`] |
//! | curves, hazard ratios and shares of its records | [`summary`] |
//! | compare arms as if nobody had crossed over | [`crossover_adjustment`] |
//! | calibrate to published results | [`fn@calibrate`] |
//! | weigh benefit against harm | [`tradeoff::trade_off`] |
//! | seek a regimen within limits | [`regimen::propose`] |
//! | see what is uncertain or differs between patients in outputs over time | [`fn@draws::bands`] |
//! | weight them to published margins | [`weights`], [`Population::weighted`] |
//! | give each a random number that depends on nothing else | [`Draws`] |
//!
//! ```
//! use lutetia_trial::{Arm, CohortSpec, Endpoint, Meaning, Population, Trial, TrialSpec, Visits, summary};
//!
//! let chain = lutetia_scenario::model(
//!     "survival/weibull-tumour",
//!     &[],
//!     &mut lutetia_scenario::bundled,
//! )?;
//! let population = Population::new(&chain.model, chain.simulator.system(), &CohortSpec::default())?;
//! let trial = TrialSpec {
//!     arms: vec![Arm::untreated("none", 20)],
//!     meaning: Meaning { death: Some("cumulative_hazard".to_owned()), ..Meaning::default() },
//!     follow_up: 730.0,
//!     accrual: 0.0,
//!     step: 7.0,
//!     visits: Visits::every(56.0, 168.0, 84.0, 730.0, 60.0),
//!     toxicity_window: 60.0,
//!     options: lutetia_sim::Options::default(),
//! };
//! let (records, failed) = Trial::new(&chain.simulator, &population, trial.clone())?.run();
//! assert_eq!((records.len(), failed.len()), (20, 0));
//! let curve = summary::curve(&trial, &records, 0, Endpoint::OverallSurvival)?;
//! assert!(curve.survival_at(730.0).is_some_and(|s| s < 1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! `examples/small_trial.rs` compares two arms.

mod calibrate;
pub mod crossover_adjustment;
pub mod draws;
mod endpoint;
mod error;
mod hazard;
mod marker;
mod observe;
mod range;
pub mod regimen;
mod scans;
pub mod stream;
pub mod summary;
pub mod tally;
pub mod tradeoff;
mod trial;

pub use calibrate::{CalibrationSpec, Generation, Particle, Posterior, Target, Unknown, calibrate};
pub use endpoint::{Endpoint, Share};
pub use error::{CalibrateError, ProposeError, Statistic, TrialError};
pub use hazard::{Crossing, crossing};
pub use lutetia_population::{
    Cohort, CohortSpec, CovariateLaw, Draws, Limit, Margin, Patient, Population, PopulationError,
    Uncertainty, Weighting, log_normal_draws, resample, weights,
};
pub use marker::MarkerVisits;
pub use observe::{ObservedCourse, Visit};
pub use range::{
    ArmNumber, ArmShare, CalibrationRange, RegimenRange, Time, TradeOffRange, TrialRange,
};
pub use scans::{Seen, Visits, scans};
pub use trial::{
    Arm, Crossover, Dependence, Expected, Failed, Meaning, Observed, Record, Toxicity, Trial,
    TrialSpec,
};
