//! One patient: from curves to integrals, absorbed doses with their uncertainty, and a plan.
//!
//! | to … | use |
//! |---|---|
//! | fit functions through every region of a cycle | [`curves::fit_regions`] |
//! | integrate without a function | [`integrate::integrals`] |
//! | choose a function over a cohort | [`select::rank`] |
//!
//! Inputs and results are typed; tables and pages are made of them elsewhere. What the data of a region do not allow is
//! no error: it is a [`Verdict`](lutetia_diagnostic::Verdict) on that region.

mod administrations;
pub mod curves;
mod error;
pub mod integrate;
pub mod judge;
mod percent;
mod region;
pub mod select;
pub mod shape;
pub mod text;

pub use administrations::without_effective_dose;
pub use error::{GivenAs, NoIntegral, PatientError, TextError};
pub use percent::{BareNumber, refuse_bare};
pub use region::{RegionTia, shown};
