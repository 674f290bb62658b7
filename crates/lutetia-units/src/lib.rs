//! Quantities with dimensions, and nuclide algebra.
//!
//! Activity is a base quantity of its own: MBq becomes nmol only through a [`Nuclide`], and mass
//! becomes amount only through a [`MolarMass`]. Absorbed dose (Gy), RBE-weighted dose (Gy(RBE)) and
//! biologically effective dose (Gy(BED)) are different dimensions.
//!
//! ```
//! use lutetia_units::{Quantity, Unit};
//!
//! let clearance = Quantity::parse("2.4 L/h")?;
//! assert!((clearance.to(&Unit::parse("mL/min")?)? - 40.0).abs() < 1e-12);
//! // An activity is not a mass, and never becomes one by itself.
//! let refused = Quantity::parse("7400 MBq")?.to(&Unit::parse("mg")?);
//! assert!(refused.is_err());
//! # Ok::<(), lutetia_units::UnitError>(())
//! ```

mod chain;
mod dimension;
mod error;
mod molar_mass;
mod nuclide;
mod number;
mod quantity;
mod system;
mod time;
mod unit;

pub use chain::DecayChain;
pub use dimension::Dimension;
pub use error::UnitError;
pub use molar_mass::MolarMass;
pub use nuclide::{Branch, MeanEnergy, Nuclide, NuclideError, NuclideTable};
pub use number::{push_significant, significant, typed, without_noise};
pub use quantity::Quantity;
pub use system::UnitSystem;
pub use time::time_unit;
pub use unit::Unit;

/// Avogadro constant in 1/mol, exact since 2019.
pub const AVOGADRO: f64 = 6.022_140_76e23;
