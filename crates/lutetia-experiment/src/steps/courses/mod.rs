//! How did single patients of a trial fare from visit to visit, and a toxicity from cycle to cycle?

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};

mod compute;
mod tables;

/// The courses behind a trial's endpoints. Tables: `<id>.visits` (change of size and of the marker at each
/// visit, for the chart `spider`), `<id>.phases` and `<id>.events` (for `swimmer`), `<id>.toxicity` (median
/// and 90 % of the patients at risk over time, for `toxicity`) and `<id>.first` (what ended the time
/// without progression of every patient, for `cumulative-incidence`).
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoursesStep {
    /// Name of the tables.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// Patients of each arm whose visits and phases are tabulated: the first ones.
    #[serde(default = "thirty")]
    pub shown: u32,
    /// Patients of each arm that the bands of toxicity are made of.
    #[serde(default = "two_hundred")]
    pub patients: u32,
}

fn thirty() -> u32 {
    30
}

fn two_hundred() -> u32 {
    200
}

impl StepKind for CoursesStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(&self.trial)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let (base, records) = context.artefacts.trial(&self.trial)?;
        let courses = compute::courses(self, base)?;
        let tables = tables::tables(self, &base.spec, &courses, records);
        for table in tables {
            context.add(table);
        }
        Ok(())
    }
}
