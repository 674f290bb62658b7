//! A combination beside independent action on event times.

mod beside;
mod tables;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, survival::source::individuals};
use crate::written::{FollowUp, TimeUnit};

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
    /// Patients of an earlier step: `<id>.individuals` of a step of the kind `reconstruct`, or `<id>.events` of a `trial`.
    pub from: String,
    /// Which endpoint of a trial, such as `OS`; needed where it follows several.
    pub endpoint: Option<String>,
    /// The arm of the combination.
    pub combination: String,
    /// The arm of one treatment alone.
    pub alone: String,
    /// The arm of the other treatment alone, if there is one.
    pub other: Option<String>,
    /// Correlation of the two times of a patient.
    #[serde(default)]
    pub correlation: f64,
    /// Times, such as `12 mo`.
    pub at: Vec<FollowUp>,
    /// Unit of the times of the patients, as tables print it.
    pub unit: TimeUnit,
}

impl StepKind for IndependentActionStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Step(self.from.split('.').next().unwrap_or(&self.from))]
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let endpoint = self.endpoint.as_deref();
        let patients = individuals(&context.artefacts, &self.from, endpoint)?.patients()?;
        let table = tables::beside(self, &beside::of(self, &patients)?);
        context.add(table);
        Ok(())
    }
}
