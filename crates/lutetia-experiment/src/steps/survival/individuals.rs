//! Patients' times from a CSV text or from a table.

use lutetia_diagnostic::{Diagnostic, Sources, Span, closest};
use lutetia_outcome::survival::{Groups, SurvivalData};
use serde::Deserialize;

use super::coding::{events, unused};
use crate::steps::StepError;
use lutetia_table::{Cell, Table};

/// Names of the columns of patients' times.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
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
    fn new(time: Vec<f64>, event: Vec<bool>, arm: &[String]) -> Result<Self, StepError> {
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

    /// Patients of a table of an experiment.
    ///
    /// # Errors
    /// A missing column, a cell that is not a time or an event.
    pub fn from_table(table: &Table, columns: &Columns) -> Result<Self, StepError> {
        let index = |name: &str| index_in(table, name);
        let (time_at, event_at) = (index(&columns.time)?, index(&columns.event)?);
        let arm_at = match &columns.arm {
            Some(name) => Some(index(name)?),
            None => table.index_of("arm"),
        };
        let (mut time, mut codes, mut arm) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in table.rows.iter().enumerate() {
            let n = i + 1;
            let cell = |at: usize| row.get(at).unwrap_or(&Cell::Missing);
            time.push(cell(time_at).number().ok_or_else(|| format!("row {n} has no time"))?);
            codes.push(cell(event_at).csv());
            arm.push(arm_at.map_or_else(|| "all".to_owned(), |at| cell(at).csv()));
        }
        let event = events(&codes, columns.value.as_deref())
            .map_err(|e| format!("`{}` of the table `{}`: {e}", columns.event, table.name))?
            .into_iter()
            .enumerate()
            .map(|(i, e)| e.map_err(|e| format!("row {}: {e}", i + 1).into()))
            .collect::<Result<_, StepError>>()?;
        Self::new(time, event, &arm)
    }
}

/// The place of a column of a table.
pub(super) fn index_in(table: &Table, name: &str) -> Result<usize, StepError> {
    Ok(table.index(name)?)
}

/// Groups with another reference.
pub(super) fn reordered(groups: Groups, reference: Option<&str>) -> Result<Groups, StepError> {
    let Some(reference) = reference else { return Ok(groups) };
    let labels = groups.labels();
    if !labels.iter().any(|l| l == reference) {
        let near = closest(reference, labels.iter().map(String::as_str));
        let hint = near.map_or_else(
            || format!("the arms are {}", labels.join(", ")),
            |near| format!("did you mean `{near}`?"),
        );
        return Err(format!("no arm `{reference}`; {hint}").into());
    }
    let mut order: Vec<&str> = vec![reference];
    order.extend(labels.iter().map(String::as_str).filter(|l| *l != reference));
    let of: Vec<&str> = groups.of().iter().map(|&g| labels[g].as_str()).collect();
    Groups::with_order(&order, &of).map_err(StepError::from)
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
    delimiter: u8,
    pub(super) faults: Vec<Diagnostic>,
    more: usize,
}

/// What separates the columns: a comma, or what the first line has in its place.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().find(|l| !l.trim().is_empty() && !l.starts_with('#')).unwrap_or("");
    let count = |c: char| first.matches(c).count();
    [(b',', ','), (b';', ';'), (b'\t', '\t')]
        .into_iter()
        .find(|(_, c)| count(*c) > 0)
        .map_or(b',', |(byte, _)| byte)
}

impl<'a> Sheet<'a> {
    pub(super) fn new(name: &'a str, text: &'a str, sources: &mut Sources) -> Self {
        let id = sources.add(name, text);
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .comment(Some(b'#'))
            .delimiter(delimiter(text))
            .from_reader(text.as_bytes());
        let headers: Vec<String> = reader
            .headers()
            .map(|h| {
                h.iter()
                    .map(|c| c.split(['(', '[']).next().unwrap_or(c).trim().to_owned())
                    .collect()
            })
            .unwrap_or_default();
        let delimiter = delimiter(text);
        Self { name, text, id, reader, headers, delimiter, faults: Vec::new(), more: 0 }
    }

    /// A number of a cell. Where semicolons separate the columns, a comma is a decimal one.
    pub(super) fn number(&self) -> impl Fn(&str) -> Option<f64> + use<> {
        let decimal_comma = self.delimiter == b';';
        move |cell: &str| {
            let plain = decimal_comma && cell.matches(',').count() == 1 && !cell.contains('.');
            let number = if plain { cell.replace(',', ".").parse() } else { cell.parse() };
            number.ok().filter(|t: &f64| t.is_finite() && *t >= 0.0)
        }
    }

    /// What is said of a separator that is not a comma.
    fn separated(&self) -> Option<String> {
        match self.delimiter {
            b';' => Some(
                "the columns are separated by `;`, and a comma in a number is a decimal one"
                    .to_owned(),
            ),
            b'\t' => Some("the columns are separated by tabs".to_owned()),
            _ => None,
        }
    }

    /// The place of a column; a fault where there is none.
    pub(super) fn column(&mut self, wanted: &str, flag: &str) -> Option<usize> {
        let found = self.headers.iter().position(|h| h == wanted);
        if self.headers.iter().filter(|h| *h == wanted).count() > 1 {
            let message = format!("`{}` has several columns `{wanted}`", self.name);
            let header_end = self.text.find('\n').unwrap_or(self.text.len());
            let fault =
                Diagnostic::error("LUT9101", message).at(Span::new(self.id, 0, header_end), "");
            self.faults.push(fault.hint("give each a name of its own"));
            return None;
        }
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

    /// The column that says who could be simulated, in a table of `lutetia trial`.
    fn status(&self, used: &[usize]) -> Option<usize> {
        let at = |name: &str| self.headers.iter().position(|h| h == name);
        at("survival_d").and(at("patient"))?;
        at("status").filter(|at| !used.contains(at))
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
            let (cells, columns) = (record.len(), self.headers.len());
            if cells != columns {
                // A comma within a number or a name moves everything right of it.
                let (than, hint) = if cells > columns {
                    let hint = if self.delimiter == b',' {
                        "a decimal comma, or a comma in a name? write a point, put the cell in quotation marks, or \
                         separate the columns by `;`"
                    } else {
                        "put a cell that holds the separator in quotation marks"
                    };
                    ("more", hint)
                } else {
                    ("fewer", "leave a cell empty where nothing is known, but keep its separator")
                };
                let mut fault = Fault { span, faults: &mut self.faults, more: &mut self.more };
                fault.push(
                    format!("the row has {cells} cells, {than} than the {columns} columns"),
                    hint,
                );
                continue;
            }
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
                    Fault { span, faults: &mut sheet.faults, more: &mut sheet.more }.push(
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
