//! Patients, ligands or settings side by side: the dose of each region per activity, the activity until a limit, and
//! the span that values over a range leave.

pub(crate) mod cases;
mod draws;
mod error;
mod run;
mod summary;
pub(crate) mod tables;

use std::collections::BTreeMap;

use lutetia_scenario::{DoseEntry, unread};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, dose::keys::TissueSpec, model_dose::Vary};
use crate::written::{AbsorbedDose, Amount, Share, Time};

pub use error::SideBySideError;

/// Patients, ligands or settings side by side.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SideBySide {
    /// Name of the tables.
    pub id: String,
    /// The cases, in the order of the tables.
    #[serde(default, rename = "case")]
    pub cases: Vec<CaseSpec>,
    /// Or a case for each row of a table.
    pub patients: Option<PatientsSpec>,
    /// Regions whose dose is computed. A region of which a model has no output is left empty in its case.
    pub regions: Vec<RegionSpec>,
    /// Pairs of regions whose ratio of doses is tabulated.
    #[serde(default)]
    pub ratios: Vec<[String; 2]>,
    /// Outputs that are read at a time.
    #[serde(default)]
    pub readings: Vec<ReadingSpec>,
    /// Ligand amounts that each case is computed with in place of its own.
    #[serde(default)]
    pub amounts: Vec<Amount>,
    /// A parameter that takes several values in each case.
    pub vary: Option<Vary>,
    /// Where the integrals end; to infinity if left out.
    pub until: Option<Time>,
    /// Limits by region, over all that is given.
    #[serde(default)]
    pub limits: BTreeMap<String, LimitSpec>,
    /// The region whose dose counts at the activity that the limits allow. Cases are ranked by it, but for sketches.
    pub target: Option<String>,
    /// Joint draws of all values that have a range, and of `disagreement`; each case then has the middle 90 % of its results.
    #[serde(default)]
    pub draws: u32,
    /// Seed of the draws, where it is not that of the experiment.
    pub seed: Option<u64>,
    /// Further seeds, with each of which all is drawn again for the ranks alone: one that is not the same with every seed is
    /// `not determined`.
    #[serde(default)]
    pub seeds: Vec<u64>,
    /// Whether values that the ligand's and the target's files call `assumed` or `related` are drawn over the range that
    /// they state, up to a hundred times the value: evenly in the logarithm where the least is above zero.
    #[serde(default)]
    pub assumed: bool,
    /// Ranges of parameters or covariates that are drawn in every case: least and greatest value.
    #[serde(default)]
    pub ranges: BTreeMap<String, [String; 2]>,
}

/// One of several cases.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Case")]
pub struct CaseSpec {
    /// Name in tables.
    pub name: String,
    /// Heading under which figures list it, such as its target.
    #[serde(default)]
    pub group: String,
    /// Name under `[models]`.
    pub model: String,
    /// Doses given.
    pub doses: Vec<DoseEntry>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// How far doses of patients lie from those of this model: by region the least and the greatest factor that a draw
    /// multiplies its dose with, such as `{ glands = [0.4, 1.2] }`, evenly in the logarithm. The dose without draws stays.
    #[serde(default)]
    pub disagreement: BTreeMap<String, [f64; 2]>,
}

/// A case for each row of a table: columns are parameters or covariates, called as the model calls them, with their unit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PatientRows")]
pub struct PatientsSpec {
    /// A table under `[data]`; its first column names the cases.
    pub table: String,
    /// What stands before the name of each case, such as `patient`.
    #[serde(default)]
    pub called: String,
    /// Name under `[models]`.
    pub model: String,
    /// Pool that the dose goes into.
    pub into: String,
    /// Column of the activity given.
    pub activity: String,
    /// Columns whose sum is the ligand given, hot and cold.
    pub amount: Vec<String>,
    /// Duration of the infusion; a bolus if left out.
    pub over: Option<Time>,
    /// The part of activity and amount that is given, such as `50 %`; all if left out.
    pub share: Option<Share>,
    /// Other columns that the model does not know.
    #[serde(default)]
    pub leave: Vec<String>,
    /// Parameters or covariates that differ from the file in all of them.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
}

/// A region of a model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ModelRegion")]
pub struct RegionSpec {
    /// Name of its columns, without spaces.
    pub name: String,
    /// Output, in a unit of activity.
    pub output: String,
    /// The organ whose dose factors hold, such as `salivary glands`; that of the name if left out. A tumour is a sphere.
    pub organ: Option<String>,
    /// Its mass, such as `310 g`, or `reference` for that of the reference man, as if left out.
    #[schemars(extend("format" = "mass"))]
    pub mass: Option<String>,
    /// Or the parameter or covariate that is its volume, at 1 g/mL.
    pub volume: Option<String>,
    /// A dose per integral in place of that of nuclide and mass, such as `2.9e-4 Gy/(MBq h)`.
    pub factor: Option<String>,
}

/// An output at a time.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Reading")]
pub struct ReadingSpec {
    /// Name of its column, without spaces.
    pub name: String,
    /// The output.
    pub output: String,
    /// When.
    pub at: Time,
}

/// A limit of dose.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "RegionLimit")]
pub struct LimitSpec {
    /// The limit: an absorbed dose, or with `tissue` a biologically effective dose.
    pub dose: AbsorbedDose,
    /// α/β and half-time of repair. The dose is then one that falls with the half-life of the region between 24 and 96 h.
    pub tissue: Option<TissueSpec>,
}

impl StepKind for SideBySide {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let patients = self.patients.iter();
        let rows = patients.flat_map(|p| [Use::Data(&p.table), Use::Model(&p.model)]);
        self.cases.iter().map(|case| Use::Model(&case.model)).chain(rows).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        cases::asked(self, context)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let found = run::of(self, context)?;
        context.settings.insert("rtol".to_owned(), format!("{:e}", found.rtol));
        for table in tables::all(self, &found) {
            context.add(table);
        }
        let mut remarks = Vec::new();
        for case in &self.cases {
            for remark in unread(&context.models, &case.model, &case.set) {
                remarks.push(format!("{}: {remark}", case.name));
            }
        }
        context.remark(&self.id, remarks);
        Ok(())
    }
}
