//! Survival statistics: what times with censoring say.
//!
//! Names and conventions are those of R's `survival`. Times have the unit of the caller; a curve's
//! unit is that of its data. Kaplan–Meier curves, Cox models and their tests are computed with the
//! crate `survival`, wrapped here so that no other crate names it; what it does not have is ours.

mod competing;
mod cox;
mod crossover;
mod data;
mod firth;
mod interval_censored;
mod kaplan_meier;
mod log_rank;
mod parametric;
mod reconstruct;
mod switching;
mod ties;

pub use competing::{AalenJohansen, CompetingData, IncidenceStep, fine_gray};
pub use cox::{Coefficient, Concordance, Cox, CoxFit, PhTest, PhTime, TestStatistic, Ties};
pub use crossover::{ControlPiece, Ipcw, Rpsftm, RpsftmOptions, SwitchingPatient, ipcw, rpsftm};
pub(crate) use data::same_length;
pub use data::{Groups, SurvivalData};
pub use firth::{FirthCoefficient, FirthFit, firth};
pub use interval_censored::{Fall, IntervalData, Turnbull};
pub use kaplan_meier::{Interval, KaplanMeier, Quantile, Rmst, RmstContrast, Step};
pub use log_rank::{GroupCounts, LogRank, LogRankResult};
pub use parametric::{
    Aft, AftFamily, AftFit, Distribution, Family, Parameter, ParametricFit, SplineFit, SplineScale,
    fit_all, fit_parametric, fit_spline,
};
pub use reconstruct::{PublishedCurve, Reconstruction};
pub use switching::{
    ControlPatient, Decision, IpcwByDecision, TwoStage, TwoStageOptions, ipcw_by_decision,
    two_stage,
};
pub use ties::join_ties;
