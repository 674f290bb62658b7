//! Events between two visits: patients' intervals, and the tables of Turnbull's curves.

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_outcome::survival::{Groups, IntervalData, Turnbull};

use super::SurvivalOptions;
use super::individuals::{Sheet, cell, index_in, label, reordered};
use crate::steps::StepError;
use lutetia_table::{Cell, Table, significant};

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
    /// Ends that are no interval, nobody.
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

    /// Patients of a table of an experiment.
    ///
    /// # Errors
    /// A missing column, a cell that is no time.
    pub fn from_table(table: &Table, columns: &IntervalColumns) -> Result<Self, StepError> {
        let (left_at, right_at) =
            (index_in(table, &columns.left)?, index_in(table, &columns.right)?);
        let arm_at = match &columns.arm {
            Some(name) => Some(index_in(table, name)?),
            None => table.index_of("arm"),
        };
        let (mut left, mut right, mut arm) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in table.rows.iter().enumerate() {
            let cell = |at: usize| row.get(at).unwrap_or(&Cell::Missing);
            let from = cell(left_at).number();
            left.push(from.ok_or_else(|| format!("row {} has no left end", i + 1))?);
            right.push(cell(right_at).number().unwrap_or(f64::INFINITY));
            arm.push(arm_at.map_or_else(|| "all".to_owned(), |at| cell(at).csv()));
        }
        Self::new(left, right, &arm)
    }

    /// Turnbull's curve of each arm, with its label, the reference first.
    fn curves(
        &self,
        options: &SurvivalOptions,
    ) -> Vec<(&str, IntervalData, Result<Turnbull, StepError>)> {
        let labels = self.groups.labels().iter().enumerate();
        labels
            .filter_map(|(g, label)| {
                let rows = self.groups.rows(g);
                let of = |ends: &[f64]| rows.iter().map(|&i| ends[i]).collect::<Vec<_>>();
                // Every label has patients, whose intervals were checked.
                let data = IntervalData::new(of(self.data.left()), of(self.data.right())).ok()?;
                let curve = Turnbull::fit(&data, options.interval, options.level);
                Some((label.as_str(), data, curve.map_err(StepError::from)))
            })
            .collect()
    }
}

/// Intervals of a CSV text with a header; every fault with its line.
///
/// # Errors
/// Missing columns, cells that are no time, a right end before the left one, no patients.
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

/// A row per arm: patients, events, the interval that holds the median, survival at the times asked for with the
/// ends that the data leave for it.
///
/// # Errors
/// Options out of range.
pub fn interval_arms(
    id: &str,
    patients: &Intervals,
    options: &SurvivalOptions,
) -> Result<Table, StepError> {
    let unit = options.unit.as_str();
    let mut table = Table::new(
        id,
        "Survival by arm with events between two visits (Turnbull); the median lies after `median_after` and not after `median_by`, a dash is not reached",
    )
    .column("arm", "")
    .column("patients", "")
    .column("events", "")
    .column("median_after", unit)
    .column("median_by", unit)
    .column("log_likelihood", "");
    for t in &options.at {
        let t = significant(*t, 6);
        table =
            table.column(&format!("survival_{t}_from"), "").column(&format!("survival_{t}_to"), "");
    }
    table = table.column("note", "");
    for (arm, data, curve) in patients.curves(options) {
        let known = curve.as_ref().ok();
        let median = known.and_then(|c| c.quantile(0.5).ok()).flatten();
        let mut row: Vec<Cell> = vec![
            arm.into(),
            (data.len() as f64).into(),
            (data.events() as f64).into(),
            median.map(|m| m.0).into(),
            median.map(|m| m.1).into(),
            known.map(|c| c.log_likelihood).into(),
        ];
        for &t in &options.at {
            let at = known.map(|c| c.survival_at(t));
            row.push(at.map(|s| s.0).into());
            row.push(at.map(|s| s.1).into());
        }
        row.push(curve.err().map_or(Cell::Missing, |e| e.to_string().into()));
        table.push(row);
    }
    Ok(table)
}

/// A row per interval in which the curve falls.
///
/// # Errors
/// Options out of range.
pub fn interval_curves(
    id: &str,
    patients: &Intervals,
    options: &SurvivalOptions,
) -> Result<Table, StepError> {
    let caption = format!(
        "Turnbull's curves: where they fall, and survival after that with pointwise {} intervals",
        options.percent()
    );
    let mut table = Table::new(id, caption)
        .column("arm", "")
        .column("after", &options.unit)
        .column("by", &options.unit)
        .column("probability", "")
        .column("survival", "")
        .column("low", "")
        .column("high", "");
    for (arm, _, curve) in patients.curves(options) {
        for fall in curve.iter().flat_map(|c| &c.falls) {
            table.push(vec![
                arm.into(),
                fall.from.into(),
                Cell::from(Some(fall.to).filter(|t| t.is_finite())),
                fall.probability.into(),
                fall.survival.into(),
                fall.lower.into(),
                fall.upper.into(),
            ]);
        }
    }
    Ok(table)
}
