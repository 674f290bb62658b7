//! What is simulated: the loaded and connected model, its settings by name, the doses and their occasions.
//!
//! The command and experiments use it alike: the table of `--dose` *is* the table that an experiment file holds
//! ([`DoseEntry`]), and a row of `doses.csv` is one of these. Who fits a patient, follows one through a trial or
//! simulates him once is given the same [`Treatment`], on the same [`Clock`].
//!
//! ```
//! use lutetia_scenario::{DoseEntry, Scenario, Treatment};
//!
//! let model = lutetia_scenario::model("psma/tumour-kidney", &["Lu-177".to_owned()], &mut lutetia_scenario::bundled)?;
//! let dose = DoseEntry::parse(r#"{ into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol" }"#)?;
//! let treatment = Treatment::of("one injection", &[dose], &model)?;
//! let parameters = model.parameters(&[("KD".to_owned(), "2 nmol/L".to_owned())].into())?;
//! let scenario = Scenario::new(model.simulator.clone(), parameters, treatment);
//! let kidneys = scenario.simulator().output("A_kidneys")?;
//! let run = scenario.simulator().run(&scenario.request(&[0.0, 24.0]))?;
//! assert!(run.outputs.get(1, kidneys).is_some_and(|mbq| mbq > 0.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod clock;
mod dose;
mod drive;
mod error;
mod library;
mod model;
mod nuclide_dose;
mod patient_fault;
mod patients;
mod remarks;
mod scenario;
mod setting;
mod treatment;

pub use clock::{Clock, MONTH_D};
pub use dose::{DoseEntry, DoseError, Kind as DoseKind, Unsaid};
pub use drive::{CurveForm, Drive, DriveError, HOLD, Interpolation};
pub use error::{NOT_OF_NUCLIDE, ScenarioError};
pub use library::{bundled, nearest, ports_file};
pub use model::{LoadedModel, ModelUse, Part, Wire, bound, compiled, model, sketch_note, used};
pub use nuclide_dose::follow;
pub use patient_fault::PatientFault;
pub use patients::{GivenPatient, PatientColumns, of_subject};
pub use remarks::unread;
pub use scenario::Scenario;
pub use setting::{SettingFault, agreeing, internal, setting, slots, unit_hint};
pub use treatment::{Moment, Occasion, Treatment, TreatmentError};
