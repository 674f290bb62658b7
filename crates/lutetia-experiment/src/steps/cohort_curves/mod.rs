//! What a method of integration makes of a cohort whose truth is known: virtual patients from the population of a model,
//! measured at clinical times with scatter.

use std::collections::BTreeMap;

use lutetia_fit::ErrorModel;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};
use crate::artefact::Artefact;

mod error;
mod estimate;
mod judged;
mod patients;
mod setting;
mod tables;
mod uncertain;

use crate::written::{Activity, Amount, Meant, OfFunction, Text, Time};
pub use error::CurvesFault;
pub(crate) use uncertain::NAMES as STATISTICS;

/// Methods of integration on a cohort whose truth is known.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortCurves {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`; its population is drawn from.
    pub model: String,
    /// Where the dose goes.
    pub into: String,
    /// Activity, such as `7.4 GBq`.
    pub activity: Activity,
    /// Amount of ligand, hot and cold; only hot if left out.
    pub amount: Option<Amount>,
    /// Duration of the infusion; a bolus if left out.
    pub over: Option<Time>,
    /// Patients.
    #[serde(default = "patients")]
    pub size: usize,
    /// Other patients of the same population, measured without scatter: what a method may know of the population.
    #[serde(default = "training")]
    pub training: usize,
    /// Parameters or covariates that differ from the file, in everybody.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Draws of the parameters that have an `uncertainty` in the model (or a range, where they are assumed); 0 for none,
    /// else at least 6. The same patients are drawn, measured and judged under each, while a method of the model goes on
    /// believing the values of the file; `<id>.uncertainty` has what that does to bias, deviation and integral.
    #[serde(default)]
    pub draws: u32,
    /// Regions and the outputs (in a unit of activity) that are measured there.
    pub regions: BTreeMap<String, String>,
    /// Times of the measurements, such as `["4 h", "1 d"]`.
    pub times: Vec<Time>,
    /// Scatter of the measurements, which the methods know: `proportional 10 %` or `combined 1 MBq + 10 %`.
    pub error: Meant<ErrorModel>,
    /// What is compared.
    pub methods: Vec<CohortMethod>,
    /// Absorbed dose per integral of a region, such as `0.005 mGy/(MBq h)`, for the column of doses.
    #[serde(default)]
    pub dose: BTreeMap<String, String>,
}

/// One way from measurements to an integral: `functions` (averaged over them where there are several) or `method`, or
/// `population` for the model itself under its own population, at the times `at` or all.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortMethod {
    /// Name in tables.
    pub name: String,
    /// Functions of time and activity.
    #[serde(default)]
    #[schemars(with = "Vec<Text<OfFunction>>")]
    pub functions: Vec<String>,
    /// Whether the functions are averaged by Akaike weights instead of the best one being taken.
    #[serde(default)]
    pub average: bool,
    /// A method of `integrate`; with `population` in place of numbers it takes them from the training patients:
    /// `madsen population`, `map population`, `library population`.
    pub method: Option<String>,
    /// The model with its population as prior.
    #[serde(default)]
    pub model: bool,
    /// Error model that the functions are fitted under, where it is not that of the scatter: `unweighted`.
    pub error: Option<Meant<ErrorModel>>,
    /// The times of the measurements used; all if left out. Several rows come of several times where one measurement is taken.
    #[serde(default)]
    pub at: Vec<Time>,
}

fn patients() -> usize {
    200
}

fn training() -> usize {
    30
}

impl StepKind for CohortCurves {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Model(&self.model)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let setting = setting::setting(self, context.model(&self.model)?, context.seed)?;
        uncertain::of_step(&setting)?;
        judged::asked(&setting)
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let model = context.model(&self.model)?;
        let setting = setting::setting(self, model, context.seed)?;
        let curves = patients::virtual_curves(&setting, &[])?;
        let judged = judged::judged(&setting, &curves)?;
        let drawn = uncertain::of_step(&setting)?;
        let drawn =
            drawn.map(|d| uncertain::bands(&setting, &d, &judged, &context.stop)).transpose()?;
        for table in tables::tables(self, &judged) {
            context.add(table);
        }
        if let Some(found) = drawn {
            context.add(tables::uncertainty(self, &found));
        }
        context
            .artefacts
            .add(&self.id, Artefact::CohortCurves(judged::measured_curves(self, &curves)));
        context
            .settings
            .insert(format!("scatter and error of `{}`", self.id), self.error.text().to_owned());
        context.settings.insert(
            format!("patients of `{}`", self.id),
            format!("{} judged, {} for what is known of the population", self.size, self.training),
        );
        Ok(())
    }
}
