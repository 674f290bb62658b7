//! Which uncertain value moves a trial's result most, each varied alone?

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};

mod compute;
mod error;
mod tables;

use crate::written::Time;
pub use error::VaryFault;

/// A result of one arm of a trial with each of several typical values at its low and at its high end and
/// all others in their middle, on the same virtual patients. The result is an expectation: chance decides
/// nothing but who the patients are, so that small differences are real ones. Table `<id>`, which the
/// chart `tornado` draws.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneAtATimeStep {
    /// Name of the table.
    pub id: String,
    /// An earlier step of the kind `trial`.
    pub trial: String,
    /// The arm.
    pub arm: String,
    /// The arm it is compared with: the result is then the difference.
    pub against: Option<String>,
    /// What is computed.
    pub result: Outcome,
    /// Until when.
    pub horizon: Time,
    /// Number of virtual patients.
    pub patients: u32,
    /// What is varied.
    pub vary: Vec<Vary>,
}

/// A result of an arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Mean survival until the horizon, months, of the planned treatment without drop-out.
    RestrictedMean,
    /// Share with a toxicity of grade 3 or more, %.
    Grade3OrMore,
}

/// A value and its ends.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "VariedAlone")]
pub struct Vary {
    /// A parameter of the model.
    pub name: String,
    /// Its low end; that of `from` or `data` if left out.
    pub low: Option<String>,
    /// Its high end.
    pub high: Option<String>,
    /// An earlier step of the kind `calibrate`, whose 95 % interval gives the ends.
    pub from: Option<String>,
    /// Or a table of `[data]`, such as that of a calibration of another experiment, with rows by name and the
    /// columns `low` and `high` in the parameter's unit.
    pub data: Option<String>,
}

impl StepKind for OneAtATimeStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let from = self.vary.iter().filter_map(|v| v.from.as_deref()).map(Use::Step);
        let data = self.vary.iter().filter_map(|v| v.data.as_deref()).map(Use::Data);
        std::iter::once(Use::Step(&self.trial)).chain(from).chain(data).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let base = context.artefacts.trial(&self.trial)?.0;
        self.asked(base, context)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let base = context.artefacts.trial(&self.trial)?.0;
        let table = tables::table(self, base, &self.compute(base, context)?);
        context.add(table);
        Ok(())
    }
}

impl Outcome {
    /// As it is typed.
    fn key(self) -> &'static str {
        match self {
            Self::RestrictedMean => "restricted-mean",
            Self::Grade3OrMore => "grade3-or-more",
        }
    }
}
