//! Sums of exponentials and other functions through the regions of a patient.

pub mod tables;

use lutetia_fit::{ErrorModel, VarianceCount};
use lutetia_patient::curves::{CurveOptions, Intervals, RegionCurve, fit_regions, intervals};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, cycle, defaults, subject};
use crate::artefact::Artefact;
use crate::written::{Meant, OfFunction, Text, Time};

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
    pub error: Meant<ErrorModel>,
    /// Last time drawn, such as `5 d`.
    #[serde(default = "defaults::until")]
    pub until: Time,
    /// Whether the variance counts among the parameters of AICc: `estimated` (where it is), `always` or `never`.
    pub count_variance: Option<Meant<VarianceCount>>,
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
        error: step.error.meaning(),
        over_sd: false,
        seed: context.seed,
        until_h: step.until.h(),
        variance_count: step.count_variance.as_ref().map(Meant::meaning).unwrap_or_default(),
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
    context
        .settings
        .insert(format!("measurement error of `{}`", step.id), step.error.text().to_owned());
    let tias = regions.iter().map(RegionCurve::tia).collect();
    context.artefacts.add(&step.id, Artefact::Integrals(tias));
    Ok(())
}
