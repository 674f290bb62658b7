//! Time-integrated activities without a fitted function: one measurement, or trapezoids.

pub mod tables;

use lutetia_patient::integrate::{integrals, method};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, cycle, defaults, subject};
use crate::artefact::Artefact;
use crate::written::Time;

/// Time-integrated activities without a fitted function.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Integrate {
    /// Name of the table.
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
    /// `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h`, `map effective 51 h 20 %`, `map biological 70 h 30 %` (with
    /// `amplitude 120 MBq 40 %` after it where the amplitude has a prior too), `library`, `jackson`,
    /// `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`.
    #[schemars(extend("format" = "method"))]
    pub method: String,
    /// Table under `[data]` with the curves of `library`: columns curve, amplitude, effective_half_life (h).
    pub library: Option<String>,
    /// The measurement nearest to this time, such as `1 d`, where the method takes one.
    pub at: Option<Time>,
}

impl StepKind for Integrate {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        std::iter::once(self.study.as_str()).chain(self.library.as_deref()).map(Use::Data).collect()
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

fn run(step: &Integrate, context: &mut Context) -> Result<(), StepError> {
    let study = context.study(&step.study)?;
    let subject = subject(study, step.subject.as_deref())?;
    let cycle = cycle(step.cycle)?;
    let regions: Vec<String> = match &step.regions {
        Some(names) => names.clone(),
        None => study.regions(subject, cycle).into_iter().map(str::to_owned).collect(),
    };
    let curves = match &step.library {
        None => None,
        Some(name) => Some(tables::library(context.published(name)?)?),
    };
    let at = step.at.as_ref().map(Time::h);
    let tias = integrals(study, subject, cycle, &regions, &method(&step.method, curves)?, at)?;
    context.add(tables::integrals(&step.id, &tias));
    context.artefacts.add(&step.id, Artefact::Integrals(tias));
    Ok(())
}
