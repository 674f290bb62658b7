//! A model over time under a regimen.

pub(crate) mod course;
mod error;
mod tables;

use std::collections::BTreeMap;

use lutetia_scenario::DoseEntry;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, defaults, input_curve::InputCurve};

use crate::written::Time;
pub use error::SimulateError;

/// A model over time under a regimen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Simulate {
    /// Name of the table.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// An earlier step of the kind `cohort` of that model: its typical patient is simulated, with what the cohort
    /// sets.
    pub cohort: Option<String>,
    /// Doses.
    #[serde(default)]
    pub doses: Vec<DoseEntry>,
    /// Every dose is repeated at this interval.
    pub every: Option<Time>,
    /// How often the doses are given in all.
    #[serde(default = "defaults::one")]
    pub cycles: u32,
    /// Measured curves that drive inputs of the model, or parameters and covariates that change during the run, by name.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputCurve>,
    /// Outputs tabulated; all if left out.
    pub outputs: Option<Vec<String>>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// First time, such as `-24 h`; zero if left out.
    pub from: Option<Time>,
    /// Last time, such as `5 d`.
    #[serde(default = "defaults::until")]
    pub until: Time,
    /// Number of times, evenly spaced from the first to the last.
    #[serde(default = "defaults::points")]
    pub points: u32,
    /// Relative tolerance of the integration; 1e-6 if left out.
    pub rtol: Option<f64>,
    /// Its absolute tolerance, as a share of the dose of each species (of what it starts with, where
    /// none is given); if left out, 1e-9 or a thousandth of `rtol` where that is less.
    pub atol: Option<f64>,
}

impl StepKind for Simulate {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let mut uses = vec![Use::Model(&self.model)];
        uses.extend(self.cohort.as_deref().map(Use::Step));
        uses.extend(self.inputs.values().map(|curve| Use::Data(&curve.table)));
        uses
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        course::asked(self, context.model(&self.model)?, context)
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let model = context.model(&self.model)?;
        let course = course::of(self, model, context)?;
        let table = tables::outputs(&self.id, &course);
        context.settings.insert("rtol".to_owned(), format!("{:e}", course.rtol));
        if let Some(atol) = self.atol {
            context.settings.insert("atol".to_owned(), format!("{atol:e}"));
        }
        context.add(table);
        context.remark(&self.id, course.remarks);
        Ok(())
    }
}
