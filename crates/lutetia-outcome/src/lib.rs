//! Radiobiology, toxicity grades, endpoints, survival statistics.
//!
//! Takes curves, doses and times; knows no model and no solver.
//!
//! ```
//! use lutetia_outcome::survival::{Interval, KaplanMeier, SurvivalData};
//! let data = SurvivalData::new(vec![2.0, 3.0, 3.0, 5.0], vec![true, true, false, false])?;
//! let curve = KaplanMeier::fit(&data, Interval::Log, 0.95)?;
//! assert_eq!(curve.survival_at(3.0), Some(0.5));
//! # Ok::<(), lutetia_outcome::OutcomeError>(())
//! ```

pub mod combination;
pub mod endpoint;
mod error;
pub mod exposure_response;
pub mod lack_of_fit;
mod numeric;
pub mod radiobiology;
pub mod survival;
pub mod trade_off;

pub use error::{Asked, Contradiction, Curve, NoAnswer, Of, OutcomeError, Unfinished};
