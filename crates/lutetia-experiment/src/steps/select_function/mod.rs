//! Which function a cohort as a whole prefers.

pub mod tables;

use std::collections::BTreeMap;

use lutetia_data::Curve;
use lutetia_fit::{ErrorModel, VarianceCount};
use lutetia_patient::select::{SelectOptions, cohort, rank};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, cycle, defaults};
use crate::written::{Meant, OfFunction, Text};

/// Curves by region.
type Curves = BTreeMap<String, Vec<Curve>>;

/// The function a cohort prefers.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectFunction {
    /// Name of the table.
    pub id: String,
    /// Name under `[data]` of a study with several subjects, or
    pub study: Option<String>,
    /// an earlier step of kind `cohort-curves`.
    pub from: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// Functions ranked.
    #[schemars(with = "Vec<Text<OfFunction>>")]
    pub functions: Vec<String>,
    /// Parameters that all patients have in common, where a function has them.
    #[serde(default)]
    pub shared: Vec<String>,
    /// Measurement error where the table has no SD; `proportional` has its size estimated over the cohort.
    pub error: Meant<ErrorModel>,
    /// Whether the variance counts: `estimated`, `always` or `never`.
    pub count_variance: Option<Meant<VarianceCount>>,
    /// Only the first so many patients.
    pub first: Option<usize>,
}

impl StepKind for SelectFunction {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let data = self.study.as_deref().map(Use::Data);
        data.into_iter().chain(self.from.as_deref().map(Use::Step)).collect()
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        match (&self.study, &self.from) {
            (Some(name), None) => {
                let curves = cohort(context.study(name)?, cycle(self.cycle)?);
                self.wanted(curves).map(drop)
            }
            // What the step before will have measured, it does not hand on before it has run.
            (None, Some(_)) => Ok(()),
            _ => Err(StepError::StudyOrStep),
        }
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

impl SelectFunction {
    /// The curves of the regions that are named, or of all.
    fn wanted(&self, mut curves: Curves) -> Result<Curves, StepError> {
        let Some(wanted) = &self.regions else { return Ok(curves) };
        if let Some(missing) = wanted.iter().find(|r| !curves.contains_key(*r)) {
            return Err(StepError::NoRegion {
                region: missing.clone(),
                measured: curves.keys().cloned().collect(),
            });
        }
        curves.retain(|region, _| wanted.contains(region));
        Ok(curves)
    }
}

fn run(step: &SelectFunction, context: &mut Context) -> Result<(), StepError> {
    let curves = match (&step.study, &step.from) {
        (Some(name), None) => cohort(context.study(name)?, cycle(step.cycle)?),
        (None, Some(name)) => context.artefacts.cohort_curves(name)?.clone(),
        _ => return Err(StepError::StudyOrStep),
    };
    let curves = step.wanted(curves)?;
    let options = SelectOptions {
        functions: step.functions.clone(),
        shared: step.shared.clone(),
        error: step.error.meaning(),
        over_sd: false,
        variance_count: step.count_variance.as_ref().map(Meant::meaning).unwrap_or_default(),
        seed: context.seed,
    };
    let mut ranking = BTreeMap::new();
    for (region, mut list) in curves {
        list.truncate(step.first.unwrap_or(usize::MAX));
        ranking.insert(region, rank(&list, &options)?);
    }
    context.add(tables::ranking(&step.id, &ranking));
    context.settings.insert(
        format!("variance in AICc of `{}`", step.id),
        options.variance_count.describe().to_owned(),
    );
    Ok(())
}
