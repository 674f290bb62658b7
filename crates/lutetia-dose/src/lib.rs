//! Time-integrated activity, dose factors, absorbed dose.
//!
//! Takes curves, masses and nuclides; knows no model and no solver. Names follow MIRD Pamphlet 21.
//! Alpha, electron and photon parts are kept apart to the end; dose is physical dose in Gy, and
//! what is weighted by RBE is another type.
//!
//! ```
//! use lutetia_dose::{Mass, Region, Sex, Tia, absorbed_dose, bundled, self_dose_factor};
//! let kidney = Region::named("Kidney_Left")?;
//! let mass = Mass::of_volume(&kidney, 241.0, Some(12.0))?;
//! let tia = Tia::new("Kidney_Left", 7593.75, Some(380.0), Some(0.3), "two exponentials")?;
//! let factor = self_dose_factor(&bundled::source("Lu-177")?, &kidney, mass.g, Sex::Male)?;
//! let dose = absorbed_dose(&tia, &factor, mass, Some(7210.427))?;
//! assert!(dose.total > 2.5 && dose.total < 2.8);
//! # Ok::<(), lutetia_dose::DoseError>(())
//! ```

mod absorbed;
mod bed;
pub mod bundled;
mod cell;
mod daughters;
mod dose;
mod emitter;
mod error;
mod factor;
mod kernel;
mod marrow;
mod region;
mod single_time_point;
mod three_points;
mod tia;
mod trapezoid;
mod uncertainty;

pub use absorbed::{Surroundings, photon_absorbed_fraction};
pub use bed::{
    DoseRatePhase, EffectiveDose, Tissue, activity_for_bed, activity_for_weighted_bed,
    effective_dose, protraction_factor, protraction_of_constant_rate,
};
pub use cell::{Cell, Compartment, SmallDose, cell_dose, small_sphere};
pub use daughters::{
    Leaving, MemberDecays, MemberDose, OwnActivity, PROMPT_HALF_LIFE_S, chain_decays, chain_doses,
    daughter_phases,
};
pub use dose::{
    AbsorbedDose, Mass, Rbe, RbeWeightedDose, absorbed_dose, cortex_dose, rbe_weighted,
};
pub use emitter::{Emitter, PhotonLine, Source};
pub use error::{CanLeave, DoseError, NoBody, NoDaughter};
pub use factor::{SelfDoseFactor, self_dose_factor, sphere_dose_factor};
pub use lutetia_data::Sex;
pub use marrow::{
    MarrowActivity, MarrowDose, MarrowInput, MarrowToBlood, marrow_dose, marrow_from_body,
    marrow_from_organ, marrow_self_factor,
};
pub use region::{Region, organ_names};
pub use single_time_point::{
    LibraryFactor, TacLibrary, from_library, haenscheid, haenscheid_error, madsen,
};
pub use three_points::TriExponential;
pub use tia::{Tia, biological_half_life_h, effective_half_life_h};
pub use trapezoid::{Start, Tail, Trapezoids, trapezoid};
pub use uncertainty::{
    Budget, Chain, Contribution, Input, Outline, Recovery, budget, edge_brightness,
    outline_diameter_sd_mm, outline_volume_sd,
};
