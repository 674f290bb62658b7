//! From the uptakes of a diagnostic scan to the doses of a therapy, over virtual patients whose truth is known.

mod asked;
mod error;
mod run;
pub(crate) mod tables;

use std::collections::BTreeMap;

use lutetia_scenario::{DoseEntry, unread};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, side_by_side::RegionSpec};
use crate::written::{Share, Time};

pub use error::{PetToTherapyError, ScanFault};

/// From the uptakes of a diagnostic scan to the doses of a therapy, over virtual patients whose truth is known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PetToTherapy {
    /// Name of the tables.
    pub id: String,
    /// Scans, each of which is tried by itself.
    pub scans: Vec<ScanSpec>,
    /// What is predicted.
    pub therapy: TherapySpec,
    /// Regions, measured by the scans and predicted under the therapy.
    pub regions: Vec<RegionSpec>,
    /// Parameters and covariates in which patients differ, log-normally and independently of each other.
    pub differ: Vec<DifferSpec>,
    /// A table under `[data]` of patients, whose columns give median and spread of what does not state its own.
    pub from: Option<String>,
    /// Parameters or covariates that differ from the file, in scans and therapy.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Patients who are predicted.
    #[serde(default = "hundred")]
    pub patients: u32,
    /// Other patients, scanned and treated, whose mean the ways without a model take.
    #[serde(default = "hundred")]
    pub others: u32,
    /// What the prediction does not know: the truth then differs from what it believes.
    #[serde(default)]
    pub wrong: Vec<WrongSpec>,
}

fn hundred() -> u32 {
    100
}

/// A scan.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Scanned")]
pub struct ScanSpec {
    /// Name in tables.
    pub name: String,
    /// Name under `[models]`, with one nuclide.
    pub model: String,
    /// The injection.
    pub dose: DoseEntry,
    /// Times of its images after the injection, such as `["1 h", "4 h"]`.
    pub times: Vec<Time>,
    /// Coefficient of variation of a measured uptake, such as `12 %`.
    pub cv: Share,
}

/// The therapy that is predicted.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PredictedTherapy")]
pub struct TherapySpec {
    /// Name under `[models]`, with one nuclide.
    pub model: String,
    /// The injection.
    pub dose: DoseEntry,
}

/// Something in which patients differ.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Differing")]
pub struct DifferSpec {
    /// A parameter or covariate.
    pub parameter: String,
    /// Its median; the geometric mean of the column of `from` if left out.
    pub median: Option<String>,
    /// Its coefficient of variation, such as `40 %`; that of the column of `from` if left out.
    pub cv: Option<Share>,
    /// Whether it is known of each patient, as a measured volume is; what is not is estimated.
    #[serde(default)]
    pub known: bool,
}

/// What the prediction does not know.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Wrong")]
pub struct WrongSpec {
    /// Name in tables.
    pub name: String,
    /// Parameters of the tracer that are in truth something else.
    #[serde(default)]
    pub scan: BTreeMap<String, String>,
    /// Parameters of the therapy that are in truth something else.
    #[serde(default)]
    pub therapy: BTreeMap<String, String>,
    /// Medians of what is estimated that are in truth something else, for both.
    #[serde(default)]
    pub medians: BTreeMap<String, String>,
    /// How much wider patients differ in what is estimated than is believed, such as `150 %`.
    pub spread: Option<Share>,
    /// What the scanner shows of an activity, such as `85 %`.
    pub shows: Option<Share>,
    /// Scans that it is tried with; all if left out.
    pub scans: Option<Vec<String>>,
}

impl StepKind for PetToTherapy {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let models = self.scans.iter().map(|scan| Use::Model(&scan.model));
        let data = self.from.iter().map(|table| Use::Data(table));
        models.chain([Use::Model(&self.therapy.model)]).chain(data).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        asked::asked(self, context)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let made = tables::all(self, &run::of(self, context)?);
        context.settings.insert(
            format!("patients of `{}`", self.id),
            format!("{} predicted, {} others of whom a mean is known", self.patients, self.others),
        );
        for table in made {
            context.add(table);
        }
        let mut remarks = unread(&context.models, &self.therapy.model, &self.set);
        for scan in &self.scans {
            for remark in unread(&context.models, &scan.model, &self.set) {
                if !remarks.contains(&remark) {
                    remarks.push(remark);
                }
            }
        }
        context.remark(&self.id, remarks);
        Ok(())
    }
}
