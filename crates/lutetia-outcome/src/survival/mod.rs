//! Survival statistics: what times with censoring say.
//!
//! Names and conventions are those of R's `survival`. Times have the unit of the caller; a curve's
//! unit is that of its data. Estimators read sorted rows once, `O(n log n)`, and are held to R's numbers by tests.

mod aalen_johansen;
mod competing;
mod cox;
mod crossover;
mod data;
mod fine_gray;
mod firth;
mod interval_censored;
mod kaplan_meier;
mod log_rank;
mod parametric;
mod reconstruct;
mod switching;
mod ties;
mod undetermined;

pub use aalen_johansen::{AalenJohansen, IncidenceStep};
pub use competing::CompetingData;
pub use cox::{Coefficient, Concordance, Cox, CoxFit, PhTest, PhTime, TestStatistic, Ties};
pub use crossover::{ControlPiece, Ipcw, Rpsftm, RpsftmOptions, SwitchingPatient, ipcw, rpsftm};
pub(crate) use data::same_length;
pub use data::{Groups, SurvivalData};
pub use fine_gray::fine_gray;
pub use firth::{FirthCoefficient, FirthFit, firth};
pub use interval_censored::{Fall, IntervalData, Turnbull};
pub use kaplan_meier::{Interval, KaplanMeier, Quantile, Rmst, RmstContrast, Step};
pub use log_rank::{GroupCounts, LogRank, LogRankResult};
pub use parametric::{
    Aft, AftFamily, AftFit, Distribution, Family, Parameter, ParametricFit, SplineFit, SplineScale,
    fit_all, fit_parametric, fit_spline,
};
pub use reconstruct::{AtRiskDiffer, Contradicted, EventsDiffer, PublishedCurve, Reconstruction};
pub use switching::{
    ControlPatient, Decision, IpcwByDecision, TwoStage, TwoStageOptions, ipcw_by_decision,
    two_stage,
};
pub use ties::join_ties;
pub use undetermined::{SurvivalModel, Undetermined};
