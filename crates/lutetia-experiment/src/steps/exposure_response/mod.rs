//! Does a response or a harm of a trial's patients follow their exposure?

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};

mod compute;
mod tables;

/// A logistic curve of a response or a harm against an exposure over the patients of a trial. Tables:
/// `<id>` (the curve with its 95 % band), `<id>.patients`, `<id>.fit` (odds ratio, p) and `<id>.lack_of_fit`
/// (events seen and expected in tenths of the patients, and Hosmer and Lemeshow's test). A curve that its
/// patients refute has no band, and the interval of its odds ratio is widened by `√(χ²/df)`.
///
/// Patients of a trial stop treatment at progression and die: exposure follows response as well as
/// response exposure, so that the curve describes and does not predict.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExposureResponseStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// An output that the trial keeps, such as an absorbed dose.
    pub exposure: String,
    /// What is counted per patient, by its name in the table `<trial>.shares`.
    pub response: String,
    /// Arms that are pooled; all if left out.
    #[serde(default)]
    pub arms: Vec<String>,
    /// Rise of exposure that the odds ratio is of, such as `10 Gy`; one unit if left out.
    pub per: Option<String>,
}

impl StepKind for ExposureResponseStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.trial)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let base = context.artefacts.trial(&self.trial)?.0;
        self.asked(base)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let (base, records) = context.artefacts.trial(&self.trial)?;
        let found = self.compute(base, records)?;
        for table in tables::tables(self, &found) {
            context.add(table);
        }
        Ok(())
    }
}
