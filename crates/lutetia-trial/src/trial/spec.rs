//! What is a trial? Arms with their treatments, what the outputs of the model mean, when patients are seen.

use lutetia_scenario::Treatment;
use lutetia_sim::Options;

use crate::{marker::MarkerVisits, scans::Visits};

/// What patients of an arm may change to when they progress.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossover {
    /// Name of the arm whose treatment they then get, from its beginning.
    pub to: String,
    /// Share of the progressing patients who do, 0 to 1.
    pub share: f64,
    /// From progression to the new treatment.
    pub delay: f64,
    /// What the share depends on; it is that of patients at the references.
    pub depends: Vec<Dependence>,
}

/// How the odds of crossover depend on something known at progression.
#[derive(Debug, Clone, PartialEq)]
pub struct Dependence {
    /// An output of the model, a parameter or covariate, or `time` (from entry to progression).
    pub on: String,
    /// Whether its logarithm counts.
    pub log: bool,
    /// Change of the log odds by one (internal unit, day) of it, or by one of its logarithm.
    pub coefficient: f64,
    /// Where the share holds.
    pub reference: f64,
}

/// One arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Arm {
    /// Name.
    pub name: String,
    /// Number of patients.
    pub patients: usize,
    /// Number of the first patient. Arms with the same number treat the same patients (common random
    /// numbers); a randomised trial gives each arm patients of its own.
    pub first: u64,
    /// The treatment.
    pub treatment: Treatment,
    /// Parameters that the arm fixes (name, internal value), after random effects.
    pub set: Vec<(String, f64)>,
    /// Whether treatment ends at progression.
    pub stop_at_progression: bool,
    /// Share of patients who leave at once, without any assessment of progression.
    pub drop_out_at_start: f64,
    /// Rate at which patients leave the assessments of progression, per day.
    pub drop_out_rate: f64,
    /// Rate at which patients are lost to all follow-up, per day.
    pub lost_rate: f64,
    /// Crossover at progression.
    pub crossover: Option<Crossover>,
}

impl Arm {
    /// An arm that gives nothing.
    #[must_use]
    pub fn untreated(name: &str, patients: usize) -> Self {
        Self {
            name: name.to_owned(),
            patients,
            first: 0,
            treatment: Treatment::default(),
            set: Vec::new(),
            stop_at_progression: false,
            drop_out_at_start: 0.0,
            drop_out_rate: 0.0,
            lost_rate: 0.0,
            crossover: None,
        }
    }
}

/// A toxicity graded by how far an output falls: grade g from `limits[g − 1]` down.
#[derive(Debug, Clone, PartialEq)]
pub struct Toxicity {
    /// Name.
    pub name: String,
    /// Output of the model.
    pub output: String,
    /// Values (internal) below which grades 1, 2, 3, 4 begin, descending (CTCAE).
    pub limits: Vec<f64>,
}

/// Which outputs mean what.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Meaning {
    /// Cumulative hazard of death.
    pub death: Option<String>,
    /// Cumulative hazard of a new lesion (or of clinical progression); found at the next scan.
    pub new_lesion: Option<String>,
    /// Tumour volume, mass or number of cells; its cube root is followed as a diameter.
    pub volume: Option<String>,
    /// A serum marker such as PSA.
    pub marker: Option<String>,
    /// When it is measured; without, it is looked at with the scans, and its progression is not judged.
    pub marker_visits: Option<MarkerVisits>,
    /// Toxicities.
    pub toxicities: Vec<Toxicity>,
    /// Further outputs to keep: their value at the end of treatment (such as absorbed doses).
    pub keep: Vec<String>,
}

/// A trial.
#[derive(Debug, Clone, PartialEq)]
pub struct TrialSpec {
    /// Arms.
    pub arms: Vec<Arm>,
    /// Which outputs mean what.
    pub meaning: Meaning,
    /// Longest follow-up of a patient.
    pub follow_up: f64,
    /// Time over which patients enter; a patient who enters late is followed that much less.
    pub accrual: f64,
    /// Distance of the times at which curves are kept.
    pub step: f64,
    /// Scans.
    pub visits: Visits,
    /// Time over which toxicity is watched after the last dose.
    pub toxicity_window: f64,
    /// How to integrate.
    pub options: Options,
}
