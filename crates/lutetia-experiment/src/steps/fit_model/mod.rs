//! A compartmental model through all regions of a patient at once.

pub mod tables;

use std::{collections::BTreeMap, sync::Arc};

use lutetia_fit::{ErrorModel, FEWEST_FITS};
use lutetia_patient::model::{FitDraws, ModelFit, RTOL, check_fit, fit_model, uncertain};
use lutetia_scenario::Drive;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Context, StepError, StepKind, Use, cycle, defaults,
    input_curve::{self, InputCurve},
    subject,
};
use crate::artefact::Artefact;
use crate::written::{Amount, Meant, Time};

/// A compartmental model through all regions of a patient at once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitModel {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Where doses of the study go.
    pub into: String,
    /// Ligand amount where the study has none, such as `100 nmol`.
    pub amount: Option<Amount>,
    /// Duration of the infusion where the study has none, such as `30 min`.
    pub over: Option<Time>,
    /// Observable of the model for each measured region or sum of regions `A + B`.
    pub observe: BTreeMap<String, String>,
    /// Measured curves that drive inputs of the model, or parameters and covariates that change during the cycle, by name;
    /// times are those after its first dose.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputCurve>,
    /// Parameters and covariates that `subjects.csv` does not give, or in the place of those it gives: name to quantity.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Parameters estimated; those with `iiv` if left out. Each carries its population prior.
    pub estimate: Option<Vec<String>>,
    /// Measurement error where the model file gives none.
    pub error: Option<Meant<ErrorModel>>,
    /// Fits with other values of the parameters that are fixed and have an `uncertainty` in the model (or a range, where
    /// they are assumed); 0 for none, else at least 9. Their spread joins the errors of the estimates in `<id>.draws`, and
    /// those of the integrals in `<id>.tia` and wherever they are taken.
    #[serde(default)]
    pub draws: u32,
    /// Last time drawn, such as `5 d`.
    #[serde(default = "defaults::until")]
    pub until: Time,
}

impl StepKind for FitModel {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let mut uses = vec![Use::Data(&self.study), Use::Model(&self.model)];
        uses.extend(self.inputs.values().map(|curve| Use::Data(&curve.table)));
        uses
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let study = context.study(&self.study)?;
        let subject = subject(study, self.subject.as_deref())?;
        let (model, drives) =
            input_curve::drives(&self.inputs, context.model(&self.model)?, context)?;
        let asked = self.asked(context.seed, drives)?;
        check_fit(study, subject, cycle(self.cycle)?, &model, &asked)?;
        if self.draws > 0 {
            enough(self.draws)?;
            uncertain(study, subject, &model, &asked)?;
        }
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

impl FitModel {
    fn asked(&self, seed: u64, drives: Vec<Drive>) -> Result<ModelFit, StepError> {
        Ok(ModelFit {
            into: self.into.clone(),
            amount: self.amount.as_ref().map(|amount| amount.text().to_owned()),
            over: self.over.as_ref().map(|over| over.text().to_owned()),
            observe: self.observe.clone(),
            set: self.set.clone(),
            drives,
            estimate: self.estimate.clone(),
            error: self.error.as_ref().map(Meant::meaning),
            seed,
        })
    }
}

/// Most draws of a step.
const MOST_DRAWS: u32 = 10_000;

/// That the draws are enough for an error, and not more than anybody can wait for.
fn enough(draws: u32) -> Result<(), StepError> {
    let least = u32::try_from(FEWEST_FITS).unwrap_or(u32::MAX);
    match (least..=MOST_DRAWS).contains(&draws) {
        true => Ok(()),
        false => Err(StepError::FitDraws { found: draws, least, most: MOST_DRAWS }),
    }
}

fn run(step: &FitModel, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let (model, drives) = input_curve::drives(&step.inputs, context.model(&step.model)?, context)?;
    let asked = step.asked(context.seed, drives)?;
    let whole = asked.with_subject(study, subject, &model);
    let own = whole.set.iter().filter(|(name, _)| !asked.set.contains_key(*name));
    let said =
        own.map(|(name, value)| format!("`{name}` = {value}, out of subjects.csv")).collect();
    let cycle = cycle(step.cycle)?;
    let mut found = fit_model(study, subject, cycle, &model, &asked)?;
    let mut said: Vec<String> = said;
    if step.draws > 0 {
        enough(step.draws)?;
        let stop = Arc::clone(&context.stop);
        let draws = FitDraws { count: step.draws, seed: context.seed, stop };
        let drawn = found.drawn_again((study, subject, cycle), &model, &asked, &draws)?;
        said.push(tables::said(&drawn, context.seed));
        found.tias.clone_from(&drawn.tias);
        context.add(tables::draws(&step.id, &drawn));
    }
    for table in tables::all(&step.id, &found, step.until.h())? {
        context.add(table);
    }
    let made = Artefact::Fit { integrals: found.tias, patient: Box::new(found.patient) };
    context.artefacts.add(&step.id, made);
    context.settings.insert("rtol".to_owned(), format!("{RTOL:e}"));
    context.remark(&step.id, said);
    Ok(())
}
