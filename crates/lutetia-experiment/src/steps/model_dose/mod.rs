//! Absorbed doses out of a model: the integrals of its activities, region by region and nuclide by
//! nuclide, also while one parameter is varied.

pub mod tables;

use std::collections::BTreeMap;

use lutetia_dose::Sex;
use lutetia_patient::{
    model_dose::{ModelDoses, ModelSource, model_doses},
    text::{adult, given_mass},
};
use lutetia_scenario::{DoseEntry, ScenarioError, Treatment, unread};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, dose::keys::RbeSpec};

/// Absorbed doses out of a model.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelDose {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Doses given.
    pub doses: Vec<DoseEntry>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Reference adult whose organs are taken: `male` or `female`.
    pub reference: Option<String>,
    /// Activities and where they are.
    pub sources: Vec<SourceSpec>,
    /// Weights by effect.
    #[serde(default)]
    pub rbe: Vec<RbeSpec>,
    /// A parameter that takes several values; the tables then have a column of it.
    pub vary: Option<Vary>,
}

/// One output of the model, an activity.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceSpec {
    /// Output, in a unit of activity.
    pub output: String,
    /// Region whose dose it adds to.
    pub region: String,
    /// Nuclides that decay there: the one of the output, then daughters that the model does not
    /// follow and that decay where the first does, by branching.
    pub nuclides: Vec<String>,
    /// Mass of the region, such as `310 g`, or `reference`.
    pub mass: String,
}

/// A parameter and the values it takes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Varied")]
pub struct Vary {
    /// The parameter.
    pub parameter: String,
    /// Its values.
    pub values: Vec<String>,
}

impl StepKind for ModelDose {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Model(&self.model)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

fn run(step: &ModelDose, context: &mut Context) -> Result<(), StepError> {
    let model = context.model(&step.model)?;
    let mut doses = Vec::new();
    for entry in &step.doses {
        doses.extend(entry.doses(model.simulator.system()).map_err(ScenarioError::from)?);
    }
    let source = |spec: &SourceSpec| {
        Ok(ModelSource {
            output: spec.output.clone(),
            region: spec.region.clone(),
            nuclides: spec.nuclides.clone(),
            mass_g: given_mass(&spec.region, &spec.mass)?,
        })
    };
    let asked = ModelDoses {
        treatment: Treatment::on_one_occasion(doses),
        set: step.set.clone(),
        reference: step.reference.as_deref().map_or(Ok(Sex::Male), adult)?,
        sources: step.sources.iter().map(source).collect::<Result<_, StepError>>()?,
        weights: step.rbe.iter().map(RbeSpec::weights).collect(),
        vary: step.vary.as_ref().map(|v| (v.parameter.clone(), v.values.clone())),
    };
    let found = model_doses(model, &asked)?;
    context.settings.insert("rtol".to_owned(), format!("{:e}", found.rtol));
    for table in tables::all(&step.id, &asked, &found) {
        context.add(table);
    }
    let remarks = unread(&context.models, &step.model, &step.set);
    context.remark(&step.id, remarks);
    Ok(())
}
