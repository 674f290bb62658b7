//! One patient: from curves to integrals, absorbed doses with their uncertainty, and a plan.
//!
//! | to … | use |
//! |---|---|
//! | fit functions through every region of a cycle | [`curves::fit_regions`] |
//! | integrate without a function | [`integrate::integrals`] |
//! | compute doses, with the budget of each | [`dose::all_doses`] |
//! | fit a model to all regions at once | [`model::fit_model`] |
//! | compute doses out of a model | [`model_dose::model_doses`] |
//! | compare nuclides and rates of a radioligand by their doses | [`designs::design_doses`] |
//! | find the activity that limits of dose allow | [`first_limit::allowed`] |
//! | do all of it for every cycle of a patient | [`cycles::compute`] |
//! | add the cycles | [`cycles::cumulative`] |
//! | plan the cycles to come | [`plan::plans`] |
//! | predict a therapy from a scan, over virtual patients | [`predict::outcomes`] |
//! | choose a function over a cohort | [`select::rank`] |
//! | integrate the voxels of a map, row by row | [`map::run`] |
//!
//! ```
//! use lutetia_data::Study;
//! use lutetia_patient::{curves, shown};
//!
//! let (study, ..) = Study::parse(
//!     "demo",
//!     &[
//!         ("README.md", b"Source: invented for this example"),
//!         ("subjects.csv", b"subject\nP1\n"),
//!         ("doses.csv", b"subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n"),
//!         (
//!             "activity.csv",
//!             b"subject,region,time (h),activity (MBq)\n\
//!               P1,liver,4,90\nP1,liver,24,74\nP1,liver,72,46\nP1,liver,168,18\n\
//!               P1,bone,4,5\nP1,bone,24,11\nP1,bone,72,20\nP1,bone,168,24\n",
//!         ),
//!     ],
//! );
//! let study = study.expect("no faults");
//! let options = curves::CurveOptions::new(curves::error_model("proportional 5 %")?);
//! let regions = curves::fit_regions(&study, "P1", 1, None, &options)?;
//! let of = |name: &str| regions.iter().find(|r| r.data.region == name).expect("it was measured").tia();
//! assert!(shown(&of("liver").tia).0.is_some());
//! // The activity still rises: there is no number, and the reason is said.
//! let bone = of("bone");
//! let (none, why) = shown(&bone.tia);
//! assert!(none.is_none() && why.starts_with("not determined"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Inputs and results are typed; tables and pages are made of them elsewhere. What the data of a region do not allow is
//! no error: it is a [`Verdict`](lutetia_diagnostic::Verdict) on that region.

mod administrations;
pub mod curves;
pub mod cycles;
pub mod designs;
pub mod dose;
mod error;
pub mod first_limit;
pub mod integrate;
pub mod judge;
pub mod map;
pub mod model;
pub mod model_dose;
mod percent;
pub mod plan;
pub mod predict;
mod region;
pub mod select;
pub mod shape;
pub mod text;

pub use dose::budget;
pub use error::{GivenAs, NoIntegral, NoQuantity, NoValue, OpenInDraws, PatientError, TextError};
pub use percent::{BareNumber, refuse_bare};
pub use region::{RegionTia, shown};
