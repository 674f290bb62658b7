//! Patients' times from a CSV text or from a table.

use lutetia_diagnostic::{Diagnostic, Sources, Span, closest};
use lutetia_outcome::survival::{Groups, SurvivalData};
use serde::Deserialize;

use crate::table::{Cell, Table};

/// Names of the columns of patients' times.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Columns {
    /// Time to the event or to censoring.
    pub time: String,
    /// Whether it was the event.
    pub event: String,
    /// The value of `event` that means the event; without it 1, true or yes, and 0, false or no for
    /// censoring.
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
}

impl Patients {
    fn new(time: Vec<f64>, event: Vec<bool>, arm: &[String]) -> Result<Self, String> {
        let data = SurvivalData::new(time, event).map_err(|e| e.to_string())?;
        Ok(Self { data, groups: Groups::by_appearance(arm) })
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
    pub fn ordered(self, reference: Option<&str>) -> Result<Self, String> {
        let groups = reordered(self.groups, reference)?;
        Ok(Self { data: self.data, groups })
    }

    /// Patients of a table of an experiment.
    ///
    /// # Errors
    /// A missing column, a cell that is not a time or an event.
    pub fn from_table(table: &Table, columns: &Columns) -> Result<Self, String> {
        let index = |name: &str| index_in(table, name);
        let (time_at, event_at) = (index(&columns.time)?, index(&columns.event)?);
        let arm_at = match &columns.arm {
            Some(name) => Some(index(name)?),
            None => table.index_of("arm"),
        };
        let (mut time, mut event, mut arm) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in table.rows.iter().enumerate() {
            let n = i + 1;
            let cell = |at: usize| row.get(at).unwrap_or(&Cell::Missing);
            time.push(cell(time_at).number().ok_or_else(|| format!("row {n} has no time"))?);
            let text = cell(event_at).csv();
            event.push(
                happened(&text, columns.value.as_deref()).map_err(|e| format!("row {n}: {e}"))?,
            );
            arm.push(arm_at.map_or_else(|| "all".to_owned(), |at| cell(at).csv()));
        }
        Self::new(time, event, &arm)
    }
}

/// The place of a column of a table.
pub(super) fn index_in(table: &Table, name: &str) -> Result<usize, String> {
    table.index_of(name).ok_or_else(|| {
        let known: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        format!("the table `{}` has no column `{name}`; it has: {}", table.name, known.join(", "))
    })
}

/// Groups with another reference.
pub(super) fn reordered(groups: Groups, reference: Option<&str>) -> Result<Groups, String> {
    let Some(reference) = reference else { return Ok(groups) };
    let labels = groups.labels();
    if !labels.iter().any(|l| l == reference) {
        let near = closest(reference, labels.iter().map(String::as_str));
        let hint = near.map_or_else(
            || format!("the arms are {}", labels.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(format!("no arm `{reference}`; {hint}"));
    }
    let mut order: Vec<&str> = vec![reference];
    order.extend(labels.iter().map(String::as_str).filter(|l| *l != reference));
    let of: Vec<&str> = groups.of().iter().map(|&g| labels[g].as_str()).collect();
    Groups::with_order(&order, &of).map_err(|e| e.to_string())
}

/// Whether a cell of the event column is the event.
fn happened(text: &str, value: Option<&str>) -> Result<bool, String> {
    let text = text.trim();
    if let Some(value) = value {
        if text.is_empty() || text == "NA" {
            return Err("the event is missing".to_owned());
        }
        return Ok(text == value);
    }
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" => Ok(true),
        "0" | "false" | "no" => Ok(false),
        _ => Err(format!("the event is `{text}`, expected 1 or 0")),
    }
}

/// Most faults that are listed one by one.
const MOST_FAULTS: usize = 20;

/// A CSV text with a header, read row by row with the place of each.
pub(super) struct Sheet<'a> {
    name: &'a str,
    text: &'a str,
    id: lutetia_diagnostic::SourceId,
    reader: csv::Reader<&'a [u8]>,
    headers: Vec<String>,
    pub(super) faults: Vec<Diagnostic>,
    more: usize,
}

impl<'a> Sheet<'a> {
    pub(super) fn new(name: &'a str, text: &'a str, sources: &mut Sources) -> Self {
        let id = sources.add(name, text);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .comment(Some(b'#'))
            .from_reader(text.as_bytes());
        let headers: Vec<String> = reader
            .headers()
            .map(|h| {
                h.iter()
                    .map(|c| c.split(['(', '[']).next().unwrap_or(c).trim().to_owned())
                    .collect()
            })
            .unwrap_or_default();
        Self { name, text, id, reader, headers, faults: Vec::new(), more: 0 }
    }

    /// The place of a column; a fault where there is none.
    pub(super) fn column(&mut self, wanted: &str, flag: &str) -> Option<usize> {
        let found = self.headers.iter().position(|h| h == wanted);
        if found.is_none() {
            let known: Vec<&str> =
                self.headers.iter().map(String::as_str).filter(|h| !h.is_empty()).collect();
            let hint = match closest(wanted, known.iter().copied()) {
                Some(near) => format!("did you mean `{flag} {near}`?"),
                None if known.is_empty() => "the first line must name the columns".to_owned(),
                None => format!("name it with `{flag}`; the columns are {}", known.join(", ")),
            };
            let header_end = self.text.find('\n').unwrap_or(self.text.len());
            self.faults.push(
                Diagnostic::error("LUT9101", format!("`{}` has no column `{wanted}`", self.name))
                    .at(Span::new(self.id, 0, header_end), "")
                    .hint(hint),
            );
        }
        found
    }

    /// The column of the arms: the one asked for, or `arm` where there is one. An error where the one asked for
    /// is not there.
    pub(super) fn arm(&mut self, asked: Option<&str>) -> Result<Option<usize>, ()> {
        match asked {
            Some(arm) => self.column(arm, "--arm").map(Some).ok_or(()),
            None => Ok(self.headers.iter().position(|h| h == "arm")),
        }
    }

    /// Calls `row` with the cells of each record and a place for faults.
    pub(super) fn rows(&mut self, mut row: impl FnMut(&csv::StringRecord, &mut Fault<'_>)) {
        let mut record = csv::StringRecord::new();
        loop {
            match self.reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    let name = self.name;
                    self.faults.push(Diagnostic::error("LUT9102", format!("`{name}`: {error}")));
                    break;
                }
            }
            let start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
            let rest = self.text.get(start..).unwrap_or("");
            // The reader's position may stand on the line break before the record.
            let start = start + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
            let end = self
                .text
                .get(start..)
                .and_then(|t| t.find(['\r', '\n']))
                .map_or(self.text.len(), |p| start + p);
            let span = Span::new(self.id, start, end);
            row(&record, &mut Fault { span, faults: &mut self.faults, more: &mut self.more });
        }
    }

    /// All faults; also that there is nobody.
    pub(super) fn finish(mut self, patients: usize) -> Result<(), Vec<Diagnostic>> {
        if self.more > 0 {
            let more = self.more;
            self.faults
                .push(Diagnostic::error("LUT9102", format!("{more} more faults of this kind")));
        }
        if patients == 0 && self.faults.is_empty() {
            let name = self.name;
            self.faults.push(
                Diagnostic::error("LUT9103", format!("`{name}` has a header and no patients"))
                    .hint("give one row per patient"),
            );
        }
        if self.faults.is_empty() { Ok(()) } else { Err(self.faults) }
    }
}

/// Where faults of a row go.
pub(super) struct Fault<'a> {
    span: Span,
    faults: &'a mut Vec<Diagnostic>,
    more: &'a mut usize,
}

impl Fault<'_> {
    pub(super) fn push(&mut self, message: String, hint: &str) {
        if self.faults.len() < MOST_FAULTS {
            let fault = Diagnostic::error("LUT9102", message).at(self.span, "");
            self.faults.push(fault.hint(hint));
        } else {
            *self.more += 1;
        }
    }
}

/// A cell without the blanks around it; empty where the row is short.
pub(super) fn cell(record: &csv::StringRecord, at: usize) -> &str {
    record.get(at).unwrap_or("").trim()
}

/// The arm of a row.
pub(super) fn label<'r>(
    record: &'r csv::StringRecord,
    at: Option<usize>,
    fault: &mut Fault<'_>,
) -> &'r str {
    let label = at.map_or("all", |at| cell(record, at));
    if label.is_empty() {
        fault.push("the arm is missing".to_owned(), "give every patient an arm");
    }
    label
}

/// Patients of a CSV text with a header; every fault with its line.
///
/// # Errors
/// Missing columns, cells that are no time or no event, no patients.
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
    let (mut time, mut event, mut arm) = (Vec::new(), Vec::new(), Vec::new());
    sheet.rows(|record, fault| {
        let found = cell(record, time_at);
        let t = found.parse::<f64>().ok().filter(|t| t.is_finite() && *t >= 0.0);
        if t.is_none() {
            fault.push(
                format!("`{}` is `{found}`, expected a number of 0 or more", columns.time),
                "times count from 0, such as randomisation; leave out patients without one",
            );
        }
        let happened = happened(cell(record, event_at), columns.value.as_deref());
        if let Err(reason) = &happened {
            fault.push(
                reason.clone(),
                "where another value means the event, name it: `--event status=2`",
            );
        }
        arm.push(label(record, arm_at, fault).to_owned());
        time.push(t.unwrap_or(0.0));
        event.push(happened.unwrap_or(false));
    });
    sheet.finish(time.len())?;
    Patients::new(time, event, &arm).map_err(|e| vec![Diagnostic::error("LUT9102", e)])
}
