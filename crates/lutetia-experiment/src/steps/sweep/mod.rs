//! A model over a grid of ligand amounts: what competition of hot and cold does to uptake.

mod error;
pub(crate) mod grid;
mod tables;

use std::collections::BTreeMap;

use lutetia_scenario::unread;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Context, StepError, StepKind, Use, defaults};

use crate::written::{Activity, Amount, Time};
pub use error::SweepError;

/// A model over a grid of ligand amounts.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Name of the tables.
    pub id: String,
    /// Name under `[models]`.
    pub model: String,
    /// Where the dose goes.
    pub into: String,
    /// Activity, such as `7.4 GBq`.
    pub activity: Activity,
    /// Duration, such as `10 min`.
    pub over: Option<Time>,
    /// Ligand amounts, such as `["10 nmol", "100 nmol"]`.
    pub amounts: Vec<Amount>,
    /// Observables (in a unit of activity) whose time-integrated activity is tabulated.
    pub observe: Vec<String>,
    /// Names of observables in tables and figures; their own if left out.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// Pairs of observables whose ratio is tabulated.
    #[serde(default)]
    pub ratios: Vec<[String; 2]>,
    /// Amounts whose curves are kept (a subset of `amounts`).
    #[serde(default)]
    pub curves: Vec<Amount>,
    /// Parameters or covariates that differ from the file.
    #[serde(default)]
    pub set: BTreeMap<String, String>,
    /// Last time of the curves, such as `5 d`.
    #[serde(default = "defaults::until")]
    pub until: Time,
}

impl StepKind for Sweep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        vec![Use::Model(&self.model)]
    }

    fn simulates(&self) -> bool {
        true
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        grid::asked(self, context.model(&self.model)?)?;
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let grid = grid::of(self, context.model(&self.model)?, &context.stop)?;
        context.settings.insert("rtol".to_owned(), format!("{:e}", grid.rtol));
        context.add(tables::coefficients(self, &grid));
        let remarks = unread(&context.models, &self.model, &self.set);
        context.remark(&self.id, remarks);
        if !self.curves.is_empty() {
            context.add(tables::curves(self, &grid));
        }
        Ok(())
    }
}
