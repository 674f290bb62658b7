//! Survival of arms: curves, medians, comparisons, families; what `lutetia survival` prints.

mod individuals;
mod tables;

use serde::Deserialize;

pub use lutetia_outcome::survival::Interval;

pub use individuals::{Columns, Patients, read};
pub use tables::{SurvivalOptions, arms, comparison, curves, families, periods};

use super::{Context, StepKind, Use};

/// Curves, medians and comparisons of patients' times.
///
/// Its tables are `<id>` (a row per arm), `<id>.comparison`, `<id>.curve`, and where asked for
/// `<id>.periods` and `<id>.families`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurvivalStep {
    /// Name of its tables.
    pub id: String,
    /// Table of an earlier step with `time`, `event` (1 or 0) and `arm`, a row per patient.
    pub from: Option<String>,
    /// The same as a table under `[data]`.
    pub data: Option<String>,
    /// Names of the columns.
    #[serde(default)]
    pub columns: Columns,
    /// Unit of time.
    pub unit: String,
    /// The arm that others are compared with; the first without it.
    pub reference: Option<String>,
    /// Horizon of the restricted means.
    pub rmst: Option<f64>,
    /// Times at which survival and numbers at risk are tabulated per arm.
    #[serde(default)]
    pub at: Vec<f64>,
    /// Times that cut follow-up into periods with a hazard ratio each.
    #[serde(default)]
    pub periods: Vec<f64>,
    /// Whether the parametric families are fitted.
    #[serde(default)]
    pub families: bool,
}

impl StepKind for SurvivalStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let step = self.from.as_deref().map(|t| Use::Step(t.split('.').next().unwrap_or(t)));
        step.into_iter().chain(self.data.as_deref().map(Use::Data)).collect()
    }

    fn run(&self, context: &mut Context) -> Result<(), String> {
        let table = match (&self.from, &self.data) {
            (Some(name), None) => context.tables.get(name),
            (None, Some(name)) => context.published.get(name),
            _ => return Err("needs either `from`, a table of a step, or `data`".to_owned()),
        };
        let table = table.ok_or_else(|| {
            let known: Vec<&str> = context.tables.keys().map(String::as_str).collect();
            format!("there is no such table; there are: {}", known.join(", "))
        })?;
        let patients = Patients::from_table(table, &self.columns)?;
        let options = SurvivalOptions {
            unit: self.unit.clone(),
            reference: self.reference.clone(),
            rmst: self.rmst,
            at: self.at.clone(),
            ..SurvivalOptions::default()
        };
        let patients = patients.ordered(self.reference.as_deref())?;
        context.add(arms(&self.id, &patients, &options)?);
        context.add(curves(&format!("{}.curve", self.id), &patients, &options)?);
        if patients.arms() > 1 {
            context.add(comparison(&format!("{}.comparison", self.id), &patients, &options)?);
            if !self.periods.is_empty() {
                let name = format!("{}.periods", self.id);
                context.add(periods(&name, &patients, &options, &self.periods)?);
            }
        }
        if self.families {
            context.add(families(&format!("{}.families", self.id), &patients, &options)?);
        }
        Ok(())
    }
}
