//! Patients' times from a CSV text or from a table.

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_outcome::survival::{Groups, SurvivalData};
use lutetia_table::{Cell, Table};
use schemars::JsonSchema;
use serde::Deserialize;

use super::SurvivalError;
use super::coding::{events, unused};
use super::sheet::{Sheet, cell, label};
use crate::steps::StepError;

/// Names of the columns of patients' times.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(rename = "SurvivalColumns")]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Time to the event or to censoring.
    pub time: String,
    /// Whether it was the event.
    pub event: String,
    /// The value of `event` that means the event; without it 1, true, T, yes or Y, and 0, false, F, no or N
    /// for censoring.
    pub value: Option<String>,
    /// Arm; all patients are one arm where the default column does not exist.
    pub arm: Option<String>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { time: "time".to_owned(), event: "event".to_owned(), value: None, arm: None }
    }
}

/// Patients' times by arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Patients {
    /// All times.
    pub data: SurvivalData,
    /// The arms, the reference first.
    pub groups: Groups,
    /// What a reader of the results has to know of the file: rows left out, columns not used.
    pub notes: Vec<String>,
}

impl Patients {
    pub(super) fn new(time: Vec<f64>, event: Vec<bool>, arm: &[String]) -> Result<Self, StepError> {
        let data = SurvivalData::new(time, event)?;
        Ok(Self { data, groups: Groups::by_appearance(arm), notes: Vec::new() })
    }

    /// Number of arms.
    #[must_use]
    pub fn arms(&self) -> usize {
        self.groups.labels().len()
    }

    /// The times of each arm, with its label, the reference first.
    #[must_use]
    pub fn by_arm(&self) -> Vec<(&str, SurvivalData)> {
        // The groups were made for these very patients.
        let split = self.groups.split(&self.data).unwrap_or_default();
        self.groups.labels().iter().map(String::as_str).zip(split).collect()
    }

    /// The same with another reference.
    ///
    /// # Errors
    /// An arm that does not exist.
    pub fn ordered(self, reference: Option<&str>) -> Result<Self, StepError> {
        let groups = reordered(self.groups, reference)?;
        Ok(Self { groups, ..self })
    }

    /// Patients of a table under `[data]`.
    ///
    /// # Errors
    /// A missing column, a cell that is not a time or an event.
    pub fn from_table(table: &Table, columns: &Columns) -> Result<Self, StepError> {
        let (time_at, event_at) = (table.index(&columns.time)?, table.index(&columns.event)?);
        let arm_at = match &columns.arm {
            Some(name) => Some(table.index(name)?),
            None => table.index_of("arm"),
        };
        let (mut time, mut codes, mut arm) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in table.rows.iter().enumerate() {
            let cell = |at: usize| row.get(at).unwrap_or(&Cell::Missing);
            time.push(cell(time_at).number().ok_or(SurvivalError::NoTime { row: i + 1 })?);
            codes.push(cell(event_at).csv());
            arm.push(arm_at.map_or_else(|| "all".to_owned(), |at| cell(at).csv()));
        }
        let event = events(&codes, columns.value.as_deref())
            .map_err(|fault| SurvivalError::Events {
                column: columns.event.clone(),
                table: table.name.clone(),
                fault,
            })?
            .into_iter()
            .enumerate()
            .map(|(i, e)| e.map_err(|fault| SurvivalError::Event { row: i + 1, fault }))
            .collect::<Result<_, _>>()?;
        Self::new(time, event, &arm)
    }
}

/// Groups with another reference.
pub(super) fn reordered(groups: Groups, reference: Option<&str>) -> Result<Groups, StepError> {
    let Some(reference) = reference else { return Ok(groups) };
    let labels = groups.labels();
    if !labels.iter().any(|l| l == reference) {
        return Err(SurvivalError::no_arm(reference, labels.iter().map(String::as_str)).into());
    }
    let mut order: Vec<&str> = vec![reference];
    order.extend(labels.iter().map(String::as_str).filter(|l| *l != reference));
    let of: Vec<&str> = groups.of().iter().map(|&g| labels[g].as_str()).collect();
    Groups::with_order(&order, &of).map_err(StepError::from)
}

/// Patients of a CSV text with a header; every fault with its line.
///
/// # Errors
/// Missing columns, cells that are not times or events, no patients.
pub fn read(
    name: &str,
    text: &str,
    columns: &Columns,
    sources: &mut Sources,
) -> Result<Patients, Vec<Diagnostic>> {
    let mut sheet = Sheet::new(name, text, sources);
    let time_at = sheet.column(&columns.time, "--time");
    let event_at = sheet.column(&columns.event, "--event");
    let arm_at = sheet.arm(columns.arm.as_deref());
    let (Some(time_at), Some(event_at), Ok(arm_at)) = (time_at, event_at, arm_at) else {
        return Err(sheet.faults);
    };
    let status_at = sheet.status(&[time_at, event_at]);
    let number = sheet.number();
    let (mut time, mut codes, mut arm) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rows, mut spans, mut left_out) = (Vec::new(), Vec::new(), 0_usize);
    sheet.rows(|record, fault| {
        if status_at.is_some_and(|at| cell(record, at) != "ok") {
            left_out += 1;
            return;
        }
        let found = cell(record, time_at);
        let t = number(found);
        if t.is_none() {
            fault.push(
                format!("`{}` is `{found}`, expected a number of 0 or more", columns.time),
                "times count from 0, such as randomisation; leave out patients without one",
            );
        }
        arm.push(label(record, arm_at, fault).to_owned());
        time.push(t.unwrap_or(0.0));
        codes.push(cell(record, event_at).to_owned());
        rows.push(record.iter().map(str::to_owned).collect::<Vec<_>>());
        spans.push(fault.span);
    });
    let mut event = Vec::new();
    match events(&codes, columns.value.as_deref()) {
        Ok(found) => {
            for (found, span) in found.into_iter().zip(spans) {
                if let Err(reason) = &found {
                    sheet.fault(span).push(
                        reason.to_string(),
                        "where another value means the event, name it: `--event status=2`",
                    );
                }
                event.push(found.unwrap_or(false));
            }
        }
        Err(reason) => {
            let message = format!("`{}` of `{name}`: {reason}", columns.event);
            let hint = "name one of these after `=`";
            sheet.faults.push(Diagnostic::error("LUT9102", message).hint(hint));
        }
    }
    let used: Vec<usize> =
        [Some(time_at), Some(event_at), arm_at, status_at].into_iter().flatten().collect();
    let mut notes: Vec<String> = sheet.separated().into_iter().collect();
    if left_out > 0 {
        notes.push(format!(
            "{left_out} of {} rows are left out, as their `status` is not `ok`",
            left_out + time.len()
        ));
    }
    notes.extend(unused(&sheet.headers, &used, &rows));
    sheet.finish(time.len())?;
    let patients = Patients::new(time, event, &arm);
    Ok(Patients {
        notes,
        ..patients.map_err(|e| vec![Diagnostic::error("LUT9102", e.to_string())])?
    })
}
