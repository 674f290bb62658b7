//! Designs of a radioligand side by side: nuclides, and parameters of the ligand that are varied together and alone.

pub(crate) mod compute;
mod error;
pub(crate) mod tables;

use std::collections::BTreeMap;

use lutetia_scenario::{DoseEntry, unread};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};
use crate::written::AbsorbedDose;
pub use error::DesignsError;

/// Designs of a radioligand side by side.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DesignsStep {
    /// Name of the tables.
    pub id: String,
    /// Names under `[models]`, each with one nuclide.
    pub models: Vec<String>,
    /// The dose that every model is given; doses are tabulated per activity.
    pub dose: DoseEntry,
    /// Regions.
    pub regions: Vec<RegionSpec>,
    /// The region that is to be treated.
    pub target: String,
    /// Weight of alphas, for all regions.
    pub rbe: f64,
    /// RBE-weighted dose of the target at which all designs are compared.
    pub equal: AbsorbedDose,
    /// Parameters or covariates that differ from the file, in every design.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// What is varied: every combination is a design.
    #[serde(default)]
    pub vary: Vec<Axis>,
    /// Assumptions under which all designs are computed again; the first one is that of the main results.
    #[serde(default)]
    pub scenarios: Vec<Assumptions>,
}

/// A region of a body with a ligand and daughters.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DesignRegion")]
pub struct RegionSpec {
    /// The region.
    pub region: String,
    /// Output of the model that is the activity of the ligand there.
    pub activity: String,
    /// Outputs that are activities of daughters there, by nuclide; those of other nuclides are left aside.
    #[serde(default)]
    pub free: BTreeMap<String, String>,
    /// Mass of the region, such as `310 g`, or `reference`.
    #[schemars(extend("format" = "mass"))]
    pub mass: String,
    /// RBE-weighted dose that it may have; none if left out.
    pub limit: Option<AbsorbedDose>,
}

/// A parameter that is varied.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DesignAxis")]
pub struct Axis {
    /// Name in tables.
    pub name: String,
    /// The parameter.
    pub parameter: String,
    /// Its values.
    pub values: Vec<String>,
    /// The one among them that a design has where another parameter is varied alone.
    pub base: String,
}

/// Assumptions with a name.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "DesignScenario")]
pub struct Assumptions {
    /// Name in tables.
    pub name: String,
    /// Parameters that differ.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Weight of alphas that differs.
    pub rbe: Option<f64>,
}

impl StepKind for DesignsStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        self.models.iter().map(|name| Use::Model(name)).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        compute::asked(self, context)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let found = compute::designs(self, context)?;
        context.settings.insert("rtol".to_owned(), format!("{:e}", found.rtol));
        for table in tables::all(self, &found) {
            context.add(table);
        }
        for name in &self.models {
            let remarks = unread(&context.models, name, &self.set);
            context.remark(&self.id, remarks);
        }
        Ok(())
    }
}
