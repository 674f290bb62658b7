//! Survival of arms: curves, medians, comparisons, families; what `lutetia survival` prints.

mod coding;
mod contrasts;
mod error;
mod individuals;
mod intervals;
mod options;
mod parametric;
mod sheet;
pub(crate) mod source;
mod splines;
mod summaries;
mod tables;

use schemars::JsonSchema;
use serde::Deserialize;

pub use lutetia_outcome::survival::{Interval, SplineScale};

pub use coding::{EventFault, Listed};
pub use error::SurvivalError;
pub use individuals::{Columns, Patients, read};
pub use intervals::{IntervalColumns, Intervals, read_intervals};
pub use options::SurvivalOptions;
pub use tables::{
    arms, comparison, curves, families, interval_arms, interval_curves, periods, splines,
};

use super::{Context, StepError, StepKind, Use};
use crate::written::{FollowUp, TimeUnit};

/// Curves, medians and comparisons of patients' times.
///
/// Its tables are `<id>` (a row per arm), `<id>.comparison`, `<id>.curve`, and where asked for
/// `<id>.periods`, `<id>.families`, `<id>.splines`, `<id>.interval_censored` and
/// `<id>.interval_censored_curve`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SurvivalStep {
    /// Name of its tables.
    pub id: String,
    /// Patients of an earlier step: `<id>.individuals` of a step of the kind `reconstruct`, or `<id>.events` of a `trial`.
    pub from: Option<String>,
    /// Which endpoint of a trial, such as `OS`; needed where it follows several.
    pub endpoint: Option<String>,
    /// A table under `[data]` with `time`, `event` (1 or 0) and `arm`, a row per patient.
    pub data: Option<String>,
    /// Names of the columns of that table.
    #[serde(default)]
    pub columns: Columns,
    /// Unit of the times of the patients, as tables print it.
    pub unit: TimeUnit,
    /// The arm that others are compared with; the first without it.
    pub reference: Option<String>,
    /// Horizon of the restricted means, such as `24 mo`.
    pub rmst: Option<FollowUp>,
    /// Times at which survival and numbers at risk are tabulated per arm, such as `12 mo`.
    #[serde(default)]
    pub at: Vec<FollowUp>,
    /// Times that cut follow-up into periods with a hazard ratio each, such as `6 mo`.
    #[serde(default)]
    pub periods: Vec<FollowUp>,
    /// Whether the parametric families are fitted.
    #[serde(default)]
    pub families: bool,
    /// Most internal knots of Royston–Parmar splines, which are fitted with none to that many.
    pub knots: Option<usize>,
    /// What is a spline of ln t: `hazard` (the default), `odds` or `normal`.
    #[schemars(extend("format" = "spline-scale"))]
    pub spline_scale: Option<String>,
    /// Whether hazard ratios are by Firth's penalised likelihood.
    #[serde(default)]
    pub firth: bool,
    /// Columns `left` and `right` of intervals in which the event happened, empty on the right for a censoring; those of a
    /// trial are called so.
    pub between: Option<Between>,
}

/// Columns of intervals.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Between {
    /// Last time known to be without the event.
    pub left: String,
    /// First time known to be with it.
    pub right: String,
}

impl StepKind for SurvivalStep {
    fn id(&self) -> &str {
        &self.id
    }

    fn uses(&self) -> Vec<Use<'_>> {
        let step = self.from.as_deref().map(|t| Use::Step(t.split('.').next().unwrap_or(t)));
        step.into_iter().chain(self.data.as_deref().map(Use::Data)).collect()
    }

    fn rehearse(&self, context: &mut Context) -> Result<(), StepError> {
        if self.from.is_some() == self.data.is_some() {
            return Err(SurvivalError::Source.into());
        }
        if let Some(name) = &self.data {
            context.published(name)?;
        }
        Ok(())
    }

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        let (patients, intervals) = self.patients(context)?;
        let options = SurvivalOptions {
            unit: self.unit.text().to_owned(),
            reference: self.reference.clone(),
            rmst: self.rmst.as_ref().map(|time| time.r#in(&self.unit)),
            at: self.times(&self.at),
            firth: self.firth,
            ..SurvivalOptions::default()
        };
        let patients = patients.ordered(self.reference.as_deref())?;
        context.add(arms(&self.id, &patients, &options)?);
        context.add(curves(&format!("{}.curve", self.id), &patients, &options)?);
        if patients.arms() > 1 {
            context.add(comparison(&format!("{}.comparison", self.id), &patients, &options)?);
            if !self.periods.is_empty() {
                let name = format!("{}.periods", self.id);
                let cuts = self.times(&self.periods);
                context.add(periods(&name, &patients, &options, &cuts)?);
            }
        }
        if let Some(knots) = self.knots {
            let scale = spline_scale(self.spline_scale.as_deref().unwrap_or("hazard"))?;
            context.add(splines(
                &format!("{}.splines", self.id),
                &patients,
                &options,
                knots,
                scale,
            )?);
        } else if self.spline_scale.is_some() {
            return Err(SurvivalError::ScaleWithoutKnots.into());
        }
        if self.families {
            context.add(families(&format!("{}.families", self.id), &patients, &options)?);
        }
        if let Some(intervals) = intervals {
            let patients = intervals.ordered(self.reference.as_deref())?;
            let id = format!("{}.interval_censored", self.id);
            context.add(interval_arms(&id, &patients, &options)?);
            context.add(interval_curves(&format!("{id}_curve"), &patients, &options)?);
        }
        Ok(())
    }
}

impl SurvivalStep {
    /// Times in the unit of the patients.
    pub(crate) fn times(&self, times: &[FollowUp]) -> Vec<f64> {
        times.iter().map(|time| time.r#in(&self.unit)).collect()
    }

    /// The patients, and their intervals where they are asked for.
    fn patients(&self, context: &Context) -> Result<(Patients, Option<Intervals>), StepError> {
        match (&self.from, &self.data) {
            (Some(from), None) => {
                if self.columns != Columns::default() {
                    return Err(SurvivalError::Columns { from: from.clone() }.into());
                }
                let found =
                    source::individuals(&context.artefacts, from, self.endpoint.as_deref())?;
                let intervals = self.between.as_ref().map(|between| {
                    if (between.left.as_str(), between.right.as_str()) != ("left", "right") {
                        return Err(SurvivalError::Columns { from: from.clone() }.into());
                    }
                    found.intervals(from)
                });
                Ok((found.patients()?, intervals.transpose()?))
            }
            (None, Some(name)) => {
                if self.endpoint.is_some() {
                    return Err(SurvivalError::OneEndpoint { from: name.clone() }.into());
                }
                let table = context.published(name)?;
                let intervals = self.between.as_ref().map(|between| {
                    let columns = IntervalColumns {
                        left: between.left.clone(),
                        right: between.right.clone(),
                        arm: self.columns.arm.clone(),
                    };
                    Intervals::from_table(table, &columns)
                });
                Ok((Patients::from_table(table, &self.columns)?, intervals.transpose()?))
            }
            _ => Err(SurvivalError::Source.into()),
        }
    }
}

/// The scale of a spline of a name.
///
/// # Errors
/// A name that is none of them.
pub fn spline_scale(name: &str) -> Result<SplineScale, SurvivalError> {
    let found = SplineScale::ALL.into_iter().find(|s| s.name() == name);
    found.ok_or_else(|| SurvivalError::Scale { name: name.to_owned() })
}
