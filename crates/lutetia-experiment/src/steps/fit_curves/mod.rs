//! Sums of exponentials and other functions through the regions of a patient.

pub mod tables;

use lutetia_fit::VarianceCount;
use lutetia_patient::curves::{
    CurveOptions, Intervals, RegionCurve, error_model, fit_regions, intervals, variance_count,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, cycle, defaults, subject};
use crate::artefact::Artefact;
use crate::written::{OfFunction, Text, Time};

/// Sums of exponentials through every region of a patient.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FitCurves {
    /// Name of the tables.
    pub id: String,
    /// Name under `[data]`.
    pub study: String,
    /// Subject; the only one if left out.
    pub subject: Option<String>,
    /// Cycle, from 1.
    #[serde(default = "defaults::one")]
    pub cycle: u32,
    /// Regions; all if left out.
    pub regions: Option<Vec<String>>,
    /// Functions tried; the one used is the one with the lowest AICc among those that the data do not refute, as
    /// [`lutetia_fit::choose`] says.
    #[schemars(with = "Vec<Text<OfFunction>>")]
    pub functions: Vec<String>,
    /// Measurement error where the table has no SD: `proportional 10 %`. Stated SDs stay.
    #[schemars(extend("format" = "error-model"))]
    pub error: String,
    /// Last time drawn, such as `5 d`.
    #[serde(default = "defaults::until")]
    pub until: Time,
    /// Whether the variance counts among the parameters of AICc: `estimated` (where it is), `always` or `never`.
    #[schemars(extend("format" = "variance-count"))]
    pub count_variance: Option<String>,
    /// Leave functions outside the quality gates (CV 50 %, correlation 0.8) out of the choice and the average.
    #[serde(default)]
    pub gates: bool,
    /// Profile likelihood of the integral and the half-life.
    #[serde(default)]
    pub profile: bool,
    /// Samples of a parametric bootstrap.
    #[serde(default)]
    pub bootstrap: usize,
}

impl StepKind for FitCurves {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.study)]
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

fn run(step: &FitCurves, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?.to_owned();
    let options = CurveOptions {
        functions: step.functions.clone(),
        error: error_model(&step.error)?,
        over_sd: false,
        seed: context.seed,
        until_h: step.until.h(),
        variance_count: counted(step.count_variance.as_deref())?,
        gates: step.gates,
        profile: step.profile,
        bootstrap: step.bootstrap,
    };
    let regions =
        fit_regions(study, &subject, cycle(step.cycle)?, step.regions.as_deref(), &options)?;
    for table in tables::all(&step.id, &regions, step.until.h())? {
        context.add(table);
    }
    if options.profile || options.bootstrap > 0 {
        let found: Vec<Intervals> = regions.iter().map(|r| intervals(r, &options)).collect();
        context.add(tables::intervals(&step.id, &regions, &found));
        if options.profile {
            context.add(tables::profile(&step.id, &regions, &found));
        }
    }
    if step.functions.len() > 1 || step.functions.iter().any(|f| f == "all") {
        context.settings.insert(
            format!("variance in AICc of `{}`", step.id),
            options.variance_count.describe().to_owned(),
        );
    }
    context.settings.insert(format!("measurement error of `{}`", step.id), step.error.clone());
    let tias = regions.iter().map(RegionCurve::tia).collect();
    context.artefacts.add(&step.id, Artefact::Integrals(tias));
    Ok(())
}

/// How the variance is counted; where it is estimated if nothing is said.
pub(crate) fn counted(text: Option<&str>) -> Result<VarianceCount, StepError> {
    Ok(text.map(variance_count).transpose()?.unwrap_or_default())
}
