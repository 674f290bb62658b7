//! What is simulated: the loaded and connected model, its settings by name, the doses and their occasions.
//!
//! The command and experiments use it alike: the table of `--dose` *is* the table that an experiment file holds
//! ([`DoseEntry`]).

mod clock;
mod dose;
mod error;
mod library;
mod model;
mod nuclide_dose;
mod remarks;
mod setting;
mod treatment;

pub use clock::MONTH_D;
pub use dose::{DoseEntry, DoseError};
pub use error::ScenarioError;
pub use library::nearest;
pub use model::{LoadedModel, ModelUse, Part, Wire, compiled, model, sketch_note, used};
pub use nuclide_dose::follow;
pub use remarks::{Given, unread};
pub use setting::{SettingFault, internal, setting, slots};
pub use treatment::{Occasion, Treatment, TreatmentError};
