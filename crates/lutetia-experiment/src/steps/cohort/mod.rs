//! Virtual patients from the population of a model.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use};
use crate::artefact::Artefact;

mod error;
mod margins;
mod posterior;
mod prepare;
mod result;
mod tables;
mod uncertain;
mod used;

pub use error::{CohortFault, PosteriorFault};
pub(crate) use posterior::Drawn;
pub use posterior::{Calibrated, Elsewhere};
pub(crate) use prepare::prepare;
pub(crate) use result::quantile;
pub(crate) use tables::MOST_ROWS;
pub(crate) use uncertain::{BAND, Band, draws};
pub(crate) use used::CohortUse;

/// Virtual patients from the population of a model. Tables: `<id>` (the first patients), `<id>.summary`
/// (everybody's mean, spread and quantiles) and `<id>.margins`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CohortStep {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Number of patients in the tables.
    pub patients: u32,
    /// Seed, where it is not that of the experiment.
    pub seed: Option<u64>,
    /// Typical values that differ from the files.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// A step of the kind `calibrate`, of this experiment or of another one (`{ experiment = "06_vision",
    /// step = "posterior", draws = 8 }`), whose most likely values (the particle nearest to its targets) are
    /// the typical ones. From another experiment come draws of the posterior too, which a trade-off tries
    /// all patients under; they are tabulated as `<id>.draws`.
    pub calibrated: Option<Calibrated>,
    /// Draws of the parameters that have an `uncertainty` in the model (or a range, where they are assumed), about their
    /// typical values; 0 for none, else at least 6. The same patients are drawn under each: `<id>.uncertainty` has what
    /// that does to the cohort, `<id>.draws` the values, and a `trade-off` tries all patients under each.
    #[serde(default)]
    pub draws: u32,
    /// Laws of covariates.
    #[serde(default)]
    pub covariates: BTreeMap<String, LawSpec>,
    /// Correlations of covariates.
    #[serde(default)]
    pub correlations: Vec<CorrelationSpec>,
    /// Number of occasions (cycles) that are drawn.
    #[serde(default = "one")]
    pub occasions: u32,
    /// Covariates that follow the occasion: their values or levels, the last one for all later ones.
    #[serde(default)]
    pub by_occasion: BTreeMap<String, Vec<String>>,
    /// Plausibility limits: lower and upper, either may be empty. A patient outside them, or outside `min` to `max` of a
    /// parameter with `iiv` in the model, is drawn again with the next of his random numbers; `<id>.margins` has the share
    /// of the draws that are not.
    #[serde(default)]
    pub limits: BTreeMap<String, [String; 2]>,
    /// Published margins that the patients are weighted to; a trial with `weights = true` draws its patients in
    /// proportion to these weights.
    #[serde(default)]
    pub margins: Vec<MarginSpec>,
    /// Parameters and covariates in the tables; those that differ between patients if left out.
    pub show: Option<Vec<String>>,
}

fn one() -> u32 {
    1
}

/// The law of a covariate: `{ median, cv }`, `{ mean, sd }`, `{ lower, upper }`, `{ value }` or
/// `{ shares }` of its levels.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LawSpec {
    /// Median of a log-normal law.
    pub median: Option<String>,
    /// Its coefficient of variation.
    #[schemars(extend("format" = "quantity:%"))]
    pub cv: Option<String>,
    /// Mean of a normal law.
    pub mean: Option<String>,
    /// Its standard deviation.
    pub sd: Option<String>,
    /// Lower end of a uniform law.
    pub lower: Option<String>,
    /// Its upper end.
    pub upper: Option<String>,
    /// The same value for everybody.
    pub value: Option<String>,
    /// Shares of the levels.
    pub shares: Option<Vec<f64>>,
}

/// Correlation of two covariates.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrelationSpec {
    /// The two.
    pub of: [String; 2],
    /// Between −1 and 1.
    pub value: f64,
}

/// A published mean or share.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MarginSpec {
    /// A parameter or covariate.
    pub of: String,
    /// Its published mean.
    pub mean: Option<String>,
    /// Or a value, of which `share` lie below it.
    pub below: Option<String>,
    /// Or a level, which `share` have.
    pub level: Option<String>,
    /// The share.
    pub share: Option<f64>,
}

impl StepKind for CohortStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let calibrated = self.calibrated.iter().map(|c| match c {
            Calibrated::Step(id) => Use::Step(id),
            Calibrated::Elsewhere(e) => Use::Experiment(e),
        });
        std::iter::once(Use::Model(&self.model)).chain(calibrated).collect()
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        let unread = match &self.calibrated {
            Some(Calibrated::Elsewhere(e)) => !context.elsewhere.contains_key(&e.table()),
            _ => false,
        };
        // What another experiment has not made yet is made before this one runs.
        let alone = unread.then(|| Self { calibrated: None, ..self.clone() });
        let cohort = prepare(alone.as_ref().unwrap_or(self), context)?;
        for name in self.show.iter().flatten() {
            if lutetia_scenario::slots(&cohort.model, name).is_empty() {
                cohort.model.simulator.parameter(name)?;
            }
        }
        context.artefacts.add(&self.id, Artefact::Cohort(Box::new(cohort)));
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let cohort = prepare(self, context)?;
        let drawn = cohort.population.cohort(0, self.patients as usize)?;
        let result = result::of(self, &cohort, &drawn)?;
        let uncertain = uncertain::spreads(&cohort, drawn.patients.len(), &result.spread)?;
        for table in tables::tables(self, &cohort, &drawn, &result, uncertain.as_deref()) {
            context.add(table);
        }
        context.artefacts.add(&self.id, Artefact::Cohort(Box::new(cohort)));
        Ok(())
    }
}
