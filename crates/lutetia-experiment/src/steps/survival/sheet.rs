//! A CSV text of patients, read row by row with the place of each fault.

use lutetia_diagnostic::{Diagnostic, Sources, Span, closest};

/// Most faults that are listed one by one.
const MOST_FAULTS: usize = 20;

/// A CSV text with a header, read row by row with the place of each.
pub(super) struct Sheet<'a> {
    name: &'a str,
    text: &'a str,
    id: lutetia_diagnostic::SourceId,
    reader: csv::Reader<&'a [u8]>,
    pub(super) headers: Vec<String>,
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
    pub(super) fn separated(&self) -> Option<String> {
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
    pub(super) fn status(&self, used: &[usize]) -> Option<usize> {
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

    /// Where faults of a row that was read before go.
    pub(super) fn fault(&mut self, span: Span) -> Fault<'_> {
        Fault { span, faults: &mut self.faults, more: &mut self.more }
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
    pub(super) span: Span,
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
