//! Null models of combination: what two treatments would do without working on each other.
//!
//! Synergy is what a combination does beyond a null model, and each null model asks another question;
//! they are therefore always shown together.

mod dose_response;
mod event_times;
mod probability;

pub use dose_response::{DoseResponse, Hill, LoewePoint, combination_index, loewe};
pub use event_times::{
    IndependentAction, additive_times, bivariate_normal_cdf, independent_action,
};
pub use probability::{Excess, bliss, highest_single_agent};
