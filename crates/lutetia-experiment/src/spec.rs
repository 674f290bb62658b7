//! What an experiment file says: `reports/NN_name/experiment.toml`.
//!
//! An experiment names its data and models, a list of steps that compute tables, the figures drawn
//! from them, and the text around the numbers. The text is Markdown with placeholders that are
//! filled from the tables, so that no number is typed twice.

use std::collections::BTreeMap;

use lutetia_scenario::ModelUse;
use schemars::JsonSchema;
use serde::Deserialize;

pub use crate::check::parse;
use crate::steps::{Step, Use};
use crate::written::{OfNuclide, Text};
use lutetia_figure::ChartSpec;

/// An experiment file.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Title, question, text.
    pub experiment: Heading,
    /// Studies and tables by name.
    #[serde(default)]
    pub data: BTreeMap<String, Data>,
    /// Models by name.
    #[serde(default)]
    pub models: BTreeMap<String, ModelUse>,
    /// What is computed, in this order.
    #[serde(default, rename = "step")]
    pub steps: Vec<Step>,
    /// What is drawn.
    #[serde(default, rename = "figure")]
    pub figures: Vec<ChartSpec>,
    /// The file as it is written, of which the identities of steps are made; empty where no text was read.
    #[serde(skip)]
    pub(crate) written: toml::Table,
}

/// The text of an experiment; all of it Markdown.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    /// Title of the page.
    pub title: String,
    /// The question in one sentence.
    pub question: String,
    /// Seed of every random generator the experiment uses.
    pub seed: u64,
    /// Objective.
    pub objective: String,
    /// Method.
    pub method: String,
    /// Result, with placeholders.
    pub result: String,
    /// Where the result disagrees with the literature, and why.
    pub disagreement: String,
    /// References.
    #[serde(default)]
    pub references: Vec<String>,
}

/// A study folder, a table or dynamic scans, by path from the root of the repository.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// A study folder.
    pub study: Option<String>,
    /// A CSV file.
    pub table: Option<String>,
    /// Dynamic PET scans.
    pub pet: Option<Pet>,
}

/// Dynamic PET scans: `{ frames = "data/pet/tacs.csv", blood = "data/pet/blood.csv" }`, tables as `docs/pet.md` has them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pet {
    /// The CSV file of frames.
    pub frames: String,
    /// The CSV file of blood; none for methods with a reference region.
    pub blood: Option<String>,
    /// Allow frames to leave gaps, as of a break in the scan.
    #[serde(default)]
    pub gaps: bool,
    /// The nuclide, where concentrations are as measured; they are corrected for its decay since the injection.
    #[schemars(with = "Option<Text<OfNuclide>>")]
    pub uncorrected: Option<String>,
}

impl Experiment {
    /// The other experiments whose tables this one reads.
    #[must_use]
    pub fn reads(&self) -> Vec<&str> {
        let uses = self.steps.iter().flat_map(|s| s.kind().uses());
        let named = uses.filter_map(|u| match u {
            Use::Experiment(e) => Some(e.experiment.as_str()),
            _ => None,
        });
        named.collect()
    }
}
