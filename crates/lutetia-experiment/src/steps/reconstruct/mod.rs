//! Individual times from the points of published curves.

mod arms;
mod error;
mod tables;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};
use crate::{artefact::Artefact, written::TimeUnit};

pub use error::ReconstructError;

/// Individual times from published curves (Guyot 2012).
///
/// Its tables are `<id>`, what was found per arm, and `<id>.individuals` with `time`, `event`, `arm`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reconstruct {
    /// Name of its tables.
    pub id: String,
    /// Table under `[data]` with `arm`, `time`, `survival`.
    pub curve: String,
    /// Table under `[data]` with `arm`, `time`, `at_risk`.
    pub at_risk: String,
    /// Published numbers of events by arm, where known.
    #[serde(default)]
    pub events: BTreeMap<String, usize>,
    /// Unit of the times of both tables, as its own print it.
    pub unit: TimeUnit,
    /// Whether the points are readings at fixed times, so that deaths lie between them, and not points
    /// set on the steps of the curve.
    #[serde(default)]
    pub fixed_times: bool,
}

impl StepKind for Reconstruct {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Data(&self.curve), Use::Data(&self.at_risk)]
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        context.published(&self.curve)?;
        context.published(&self.at_risk)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let curve = context.published(&self.curve)?;
        let at_risk = context.published(&self.at_risk)?;
        let arms = arms::of(self, curve, at_risk)?;
        let individuals = arms::individuals(&arms);
        context.add(tables::found(self, &arms));
        context.add(tables::individuals(self, &individuals));
        context.artefacts.add(&self.id, Artefact::Individuals(individuals));
        Ok(())
    }
}
