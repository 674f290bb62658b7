//! Absorbed doses out of a model: the integrals of its activities, region by region and nuclide by
//! nuclide, also while one parameter is varied.

pub mod tables;

use std::collections::BTreeMap;

use lutetia_dose::Sex;
use lutetia_patient::{
    model_dose::{ModelDoses, ModelSource, check_model_doses, model_doses},
    text::{adult, given_mass},
};
use lutetia_scenario::{DoseEntry, LoadedModel, ScenarioError, Treatment, setting, unread};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, dose::keys::RbeSpec};
use crate::written::{OfNuclide, Text};

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
    #[schemars(extend("format" = "adult"))]
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
    #[schemars(with = "Vec<Text<OfNuclide>>")]
    pub nuclides: Vec<String>,
    /// Mass of the region, such as `310 g`, or `reference`.
    #[schemars(extend("format" = "mass"))]
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

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let model = context.model(&self.model)?;
        check_model_doses(model, &asked(self, model)?)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// The keys of a step in the terms of its model.
fn asked(step: &ModelDose, model: &LoadedModel) -> Result<ModelDoses, StepError> {
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
    for source in &step.sources {
        model.simulator.output(&source.output)?;
    }
    if let Some(Vary { parameter, values }) = &step.vary {
        for value in values {
            setting(model, parameter, value)?;
        }
    }
    model.parameters(&step.set)?;
    Ok(ModelDoses {
        treatment: Treatment::on_one_occasion(doses),
        set: step.set.clone(),
        reference: step.reference.as_deref().map_or(Ok(Sex::Male), adult)?,
        sources: step.sources.iter().map(source).collect::<Result<_, StepError>>()?,
        weights: step.rbe.iter().map(RbeSpec::weights).collect(),
        vary: step.vary.as_ref().map(|v| (v.parameter.clone(), v.values.clone())),
    })
}

fn run(step: &ModelDose, context: &mut Context) -> Result<(), StepError> {
    let model = context.model(&step.model)?;
    let asked = asked(step, model)?;
    let found = model_doses(model, &asked)?;
    context.settings.insert("rtol".to_owned(), format!("{:e}", found.rtol));
    for table in tables::all(&step.id, &asked, &found) {
        context.add(table);
    }
    let remarks = unread(&context.models, &step.model, &step.set);
    context.remark(&step.id, remarks);
    Ok(())
}
