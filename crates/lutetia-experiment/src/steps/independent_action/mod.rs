//! A combination beside independent action on event times.

mod beside;
mod tables;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Context, StepError, StepKind, Use,
    survival::{Columns, Patients},
};

/// A combination beside independent action (Palmer and Sorger 2017): each patient has the better of
/// the two treatments' times.
///
/// With both treatments alone the null curve and the excess over it are tabulated; with one of them,
/// what the other would have to do alone to explain the combination without any interaction.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IndependentActionStep {
    /// Name of its table.
    pub id: String,
    /// Table of an earlier step with `time`, `event` (1 or 0) and `arm`.
    pub from: String,
    /// The arm of the combination.
    pub combination: String,
    /// The arm of one treatment alone.
    pub alone: String,
    /// The arm of the other treatment alone, if there is one.
    pub other: Option<String>,
    /// Correlation of the two times of a patient.
    #[serde(default)]
    pub correlation: f64,
    /// Times.
    pub at: Vec<f64>,
    /// Unit of time.
    pub unit: String,
}

impl StepKind for IndependentActionStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(self.from.split('.').next().unwrap_or(&self.from))]
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let from = lutetia_table::table(&context.tables, &self.from)?;
        let patients = Patients::from_table(from, &Columns::default())?;
        let table = tables::beside(self, &beside::of(self, &patients)?);
        context.add(table);
        Ok(())
    }
}
