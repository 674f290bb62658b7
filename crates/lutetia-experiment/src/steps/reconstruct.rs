//! Individual times from the points of published curves.

use std::collections::BTreeMap;

use lutetia_outcome::survival::PublishedCurve;
use serde::Deserialize;

use super::{Context, StepKind, Use};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// Individual times from published curves (Guyot 2012).
///
/// Its tables are `<id>`, what was found per arm, and `<id>.individuals` with `time`, `event`, `arm`.
#[derive(Debug, Clone, Deserialize)]
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
    /// Unit of time.
    pub unit: String,
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

    fn run(&self, context: &mut Context) -> Result<(), StepError> {
        run(self, context)
    }
}

/// Rows (time, value) of each arm, in the order in which the arms appear.
fn by_arm(table: &Table, value: &str) -> Result<Vec<(String, Vec<(f64, f64)>)>, StepError> {
    let index = |name: &str| {
        table.index_of(name).ok_or_else(|| {
            let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
            format!(
                "the table `{}` has no column `{name}`; it has: {}",
                table.name,
                known.join(", ")
            )
        })
    };
    let (arm_at, time_at, value_at) = (index("arm")?, index("time")?, index(value)?);
    let mut arms: Vec<(String, Vec<(f64, f64)>)> = Vec::new();
    for (i, row) in table.rows.iter().enumerate() {
        let number = |at: usize, what: &str| {
            row.get(at)
                .and_then(Cell::number)
                .ok_or_else(|| format!("row {} of `{}` has no {what}", i + 1, table.name))
        };
        let point = (number(time_at, "time")?, number(value_at, value)?);
        let arm = row.get(arm_at).map(Cell::csv).unwrap_or_default();
        match arms.iter_mut().find(|a| a.0 == arm) {
            Some((_, points)) => points.push(point),
            None => arms.push((arm, vec![point])),
        }
    }
    Ok(arms)
}

fn run(step: &Reconstruct, context: &mut Context) -> Result<(), StepError> {
    let published = |name: &str| {
        context.published.get(name).ok_or_else(|| format!("`{name}` is not a table under `[data]`"))
    };
    let curves = by_arm(published(&step.curve)?, "survival")?;
    let risks = by_arm(published(&step.at_risk)?, "at_risk")?;
    if let Some(unknown) = step.events.keys().find(|arm| curves.iter().all(|c| c.0 != **arm)) {
        let known: Vec<&str> = curves.iter().map(|c| c.0.as_str()).collect();
        return Err(format!(
            "`events` names the arm `{unknown}`; the arms are {}",
            known.join(", ")
        )
        .into());
    }
    let unit = step.unit.as_str();
    let mut found = Table::new(&step.id, "Individual times found for the published curves")
        .column("arm", "")
        .column("points", "")
        .column("patients", "")
        .column("events", "")
        .column("events_missing", "")
        .column("largest_distance", "")
        .column("largest_at_risk_difference", "")
        .column("warning", "");
    let name = format!("{}.individuals", step.id);
    let mut individuals =
        Table::new(name, "Times that make the published curves; no patient's own")
            .column("time", unit)
            .column("event", "")
            .column("arm", "");
    for (arm, points) in &curves {
        let risk = risks.iter().find(|r| r.0 == *arm).ok_or_else(|| {
            format!("`{}` has no numbers at risk of the arm `{arm}`", step.at_risk)
        })?;
        let mut at_risk = Vec::with_capacity(risk.1.len());
        for &(t, n) in &risk.1 {
            if n < 0.0 || n.fract().abs() > 0.0 {
                return Err(format!(
                    "{n} patients of `{arm}` at risk at {t}; expected a whole number"
                )
                .into());
            }
            at_risk.push((t, n as usize));
        }
        let events = step.events.get(arm).copied();
        let result = PublishedCurve::new(points, &at_risk, events)
            .and_then(|curve| {
                let curve = if step.fixed_times { curve.read_between_steps() } else { curve };
                curve.reconstruct()
            })
            .map_err(|e| format!("arm `{arm}`: {e}"))?;
        let warning = result.contradiction();
        found.push(vec![
            arm.as_str().into(),
            (points.len() as f64).into(),
            (result.data.len() as f64).into(),
            (result.data.events() as f64).into(),
            result.missing_events.map(|m| m as f64).into(),
            result.largest_distance.into(),
            (result.largest_at_risk_difference as f64).into(),
            warning.map_or(Cell::Missing, Into::into),
        ]);
        for (t, event) in result.data.time().iter().zip(result.data.event()) {
            individuals.push(vec![(*t).into(), f64::from(*event).into(), arm.as_str().into()]);
        }
    }
    context.add(found);
    context.add(individuals);
    Ok(())
}
