//! Parametric families of survival times.

mod aft;
mod distribution;
mod fit;
mod location_scale;
mod spline;

pub use aft::{Aft, AftFamily, AftFit};
pub use distribution::{Distribution, Family};
pub use fit::{Parameter, ParametricFit, fit_all, fit_parametric};
pub use spline::{SplineFit, SplineScale, fit_spline};
