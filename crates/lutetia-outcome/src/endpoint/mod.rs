//! What is counted in a trial: response, progression, toxicity grades, time to the first event.
//!
//! Times are days since the start of treatment, diameters mm, volumes mL, PSA ng/mL, cell counts
//! 10⁹/L, haemoglobin g/dL: the rules name these units.

mod bone;
mod ctcae;
mod first_event;
mod psa;
mod recist;
mod visits;

pub use bone::{BoneScan, bone_progression};
pub use ctcae::{Ctcae, Toxicity, WorstGrade};
pub use first_event::{Candidate, FirstEvent, event_time, first_event, first_events};
pub use psa::{PsaResponse, PsaRules, PsaValue, psa_best_change, psa_progression, psa_response};
pub use recist::{
    Assessment, BestResponse, Course, NonTarget, RecistRules, Response, Scan, assess,
    sphere_diameter_mm, sum_of_diameters_mm,
};
pub use visits::{ProgressionFree, Visits};
