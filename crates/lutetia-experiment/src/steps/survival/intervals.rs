//! Events between two visits: patients' intervals, and Turnbull's curves.

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::{Groups, IntervalData, Turnbull};
use lutetia_table::{Cell, Table};

use super::individuals::reordered;
use super::sheet::{Sheet, cell, label};
use super::{SurvivalError, SurvivalOptions};
use crate::steps::StepError;

/// Patients' intervals by arm.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    data: IntervalData,
    groups: Groups,
}

/// Columns of intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntervalColumns {
    /// Last time known to be without the event.
    pub left: String,
    /// First time known to be with it; empty where the patient is censored.
    pub right: String,
    /// Arm; all patients are one arm where the default column does not exist.
    pub arm: Option<String>,
}

impl Intervals {
    /// Intervals `(left, right]` with their arms; ∞ on the right where a patient is censored.
    ///
    /// # Errors
    /// Ends that are not an interval, nobody.
    pub fn new<S: AsRef<str>>(
        left: Vec<f64>,
        right: Vec<f64>,
        arm: &[S],
    ) -> Result<Self, StepError> {
        let data = IntervalData::new(left, right)?;
        Ok(Self { data, groups: Groups::by_appearance(arm) })
    }

    /// The same with another reference.
    ///
    /// # Errors
    /// An arm that does not exist.
    pub fn ordered(self, reference: Option<&str>) -> Result<Self, StepError> {
        Ok(Self { data: self.data, groups: reordered(self.groups, reference)? })
    }

    /// Patients of a table under `[data]`.
    ///
    /// # Errors
    /// A missing column, a cell that is not a time.
    pub fn from_table(table: &Table, columns: &IntervalColumns) -> Result<Self, StepError> {
        let (left_at, right_at) = (table.index(&columns.left)?, table.index(&columns.right)?);
        let arm_at = match &columns.arm {
            Some(name) => Some(table.index(name)?),
            None => table.index_of("arm"),
        };
        let (mut left, mut right, mut arm) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in table.rows.iter().enumerate() {
            let cell = |at: usize| row.get(at).unwrap_or(&Cell::Missing);
            let from = cell(left_at).number();
            left.push(from.ok_or(SurvivalError::NoLeftEnd { row: i + 1 })?);
            right.push(cell(right_at).number().unwrap_or(f64::INFINITY));
            arm.push(arm_at.map_or_else(|| "all".to_owned(), |at| cell(at).csv()));
        }
        Self::new(left, right, &arm)
    }

    /// Turnbull's curve of each arm, the reference first.
    pub(super) fn curves(&self, options: &SurvivalOptions) -> Vec<IntervalArm<'_>> {
        let labels = self.groups.labels().iter().enumerate();
        labels
            .filter_map(|(g, arm)| {
                let rows = self.groups.rows(g);
                let of = |ends: &[f64]| rows.iter().map(|&i| ends[i]).collect::<Vec<_>>();
                // Every label has patients, whose intervals were checked.
                let data = IntervalData::new(of(self.data.left()), of(self.data.right())).ok()?;
                let curve = Turnbull::fit(&data, options.interval, options.level);
                Some(IntervalArm { arm, patients: data.len(), events: data.events(), curve })
            })
            .collect()
    }
}

/// The survival of an arm with events between two visits.
pub(super) struct IntervalArm<'p> {
    pub(super) arm: &'p str,
    pub(super) patients: usize,
    pub(super) events: usize,
    /// Turnbull's curve, or why there is none.
    pub(super) curve: Result<Turnbull, OutcomeError>,
}

/// Intervals of a CSV text with a header; every fault with its line.
///
/// # Errors
/// Missing columns, cells that are not times, a right end before the left one, no patients.
pub fn read_intervals(
    name: &str,
    text: &str,
    columns: &IntervalColumns,
    sources: &mut Sources,
) -> Result<Intervals, Vec<Diagnostic>> {
    let mut sheet = Sheet::new(name, text, sources);
    let left_at = sheet.column(&columns.left, "--left");
    let right_at = sheet.column(&columns.right, "--right");
    let arm_at = sheet.arm(columns.arm.as_deref());
    let (Some(left_at), Some(right_at), Ok(arm_at)) = (left_at, right_at, arm_at) else {
        return Err(sheet.faults);
    };
    let (mut left, mut right, mut arm) = (Vec::new(), Vec::new(), Vec::new());
    let number = sheet.number();
    sheet.rows(|record, fault| {
        let (from, to) = (cell(record, left_at), cell(record, right_at));
        let open =
            ["", "na", "inf", "+inf", "infinity"].contains(&to.to_ascii_lowercase().as_str());
        let end = if open { Some(f64::INFINITY) } else { number(to) };
        match (number(from), end) {
            (Some(a), Some(b)) if a <= b => {
                left.push(a);
                right.push(b);
            }
            (Some(a), Some(b)) => {
                fault.push(
                    format!("the interval ends at {b}, before it begins at {a}"),
                    "give the last visit without the event first, then the first one with it",
                );
            }
            (None, _) => fault.push(
                format!("`{}` is `{from}`, expected a number of 0 or more", columns.left),
                "give 0 where the first visit already showed the event",
            ),
            (_, None) => fault.push(
                format!(
                    "`{}` is `{to}`, expected a number of 0 or more, or nothing",
                    columns.right
                ),
                "leave it empty where the patient is censored",
            ),
        }
        arm.push(label(record, arm_at, fault).to_owned());
    });
    sheet.finish(arm.len())?;
    Intervals::new(left, right, &arm).map_err(|e| vec![Diagnostic::error("LUT9102", e.to_string())])
}
