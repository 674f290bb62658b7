//! Faults collected while reading, and their diagnostics at the end.
//!
//! A file may be larger than memory should hold, so a fault keeps line and cell; the few lines that
//! faults point at are fetched in a second pass. The text kept for them has every other line empty,
//! which keeps line numbers and columns true.

use std::collections::{BTreeMap, HashMap};

use lutetia_diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Span};

use super::{Cell, Input, split};

/// Faults of one kind in one file that are shown; the others are counted.
const SHOWN: usize = 10;

/// Which part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Line,
    /// A cell, from 0.
    Cell(usize),
    /// Bytes of a cell.
    Inside(usize, usize, usize),
    /// Bytes of the line.
    Bytes(usize, usize),
}

/// A part of a line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: usize,
    /// From 1; 0 is the file as a whole.
    pub(crate) line: u32,
    pub(crate) part: Part,
}

impl Place {
    pub(crate) fn file(file: usize) -> Self {
        Self { file, line: 0, part: Part::Bytes(0, 0) }
    }
}

/// What is said of a place.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    message: String,
    label: String,
    hint: Option<String>,
    also: Option<(Place, String)>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { message: message.into(), label: label.into(), hint: None, also: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    pub(crate) fn also(mut self, place: Place, label: impl Into<String>) -> Self {
        self.also = Some((place, label.into()));
        self
    }
}

#[derive(Debug, Default)]
struct Count {
    total: usize,
    first_omitted: Option<Place>,
}

/// The faults of a study.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    shown: Vec<(Code, Severity, Place, Fault)>,
    counts: HashMap<(Code, usize), Count>,
    errors: usize,
}

impl Faults {
    pub(crate) fn error(&mut self, code: Code, place: Place, fault: impl FnOnce() -> Fault) {
        self.push(code, Severity::Error, place, fault);
    }

    pub(crate) fn warning(&mut self, code: Code, place: Place, fault: impl FnOnce() -> Fault) {
        self.push(code, Severity::Warning, place, fault);
    }

    fn push(
        &mut self,
        code: Code,
        severity: Severity,
        place: Place,
        fault: impl FnOnce() -> Fault,
    ) {
        self.errors += usize::from(severity == Severity::Error);
        let count = self.counts.entry((code, place.file)).or_default();
        count.total += 1;
        if count.total <= SHOWN {
            self.shown.push((code, severity, place, fault()));
        } else if count.first_omitted.is_none() {
            count.first_omitted = Some(place);
            // Formatted at the end, when the count is known.
            self.shown.push((code, severity, place, Fault::new("", "the next one")));
        }
    }

    /// Number of errors, shown or not.
    pub(crate) fn errors(&self) -> usize {
        self.errors
    }

    /// Diagnostics with carets, in the order of the files and lines.
    pub(crate) fn finish(
        self,
        files: &[(String, Option<Input<'_>>, u8)],
    ) -> (Vec<Diagnostic>, Sources) {
        let mut sources = Sources::new();
        let mut places: Vec<BTreeMap<u32, Excerpt>> = vec![BTreeMap::new(); files.len()];
        for (_, _, place, fault) in &self.shown {
            for p in std::iter::once(place).chain(fault.also.iter().map(|a| &a.0)) {
                if p.line > 0 && p.file < files.len() {
                    places[p.file].insert(p.line, Excerpt::default());
                }
            }
        }
        let ids: Vec<SourceId> = files
            .iter()
            .zip(&mut places)
            .map(|((name, input, delimiter), wanted)| {
                let text = input
                    .as_ref()
                    .map_or_else(String::new, |input| excerpts(input, *delimiter, wanted));
                sources.add(name.clone(), text)
            })
            .collect();
        let span = |place: &Place| {
            let excerpt = places.get(place.file).and_then(|lines| lines.get(&place.line));
            let (start, end) = excerpt.map_or((0, 0), |e| e.range(place.part));
            Span::new(ids[place.file.min(ids.len() - 1)], start, end)
        };
        let mut shown = self.shown;
        shown.sort_by_key(|(_, _, place, _)| (place.file, place.line));
        let counts = self.counts;
        let diagnostics = shown
            .into_iter()
            .map(|(code, severity, place, fault)| {
                let more =
                    counts.get(&(code, place.file)).map_or(0, |c| c.total - c.total.min(SHOWN));
                let message = if fault.message.is_empty() {
                    format!("and {more} more like this in `{}`", files[place.file].0)
                } else {
                    printable(fault.message)
                };
                let mut diagnostic = match severity {
                    Severity::Error => Diagnostic::error(code, message),
                    Severity::Warning => Diagnostic::warning(code, message),
                }
                .at(span(&place), printable(fault.label))
                .maybe_hint(fault.hint.map(printable));
                if let Some((also, label)) = fault.also {
                    diagnostic = diagnostic.note_at(span(&also), label);
                }
                diagnostic
            })
            .collect();
        (diagnostics, sources)
    }
}

/// What the user typed is quoted in messages; it must not act on a terminal.
fn printable(text: String) -> String {
    if text.contains(char::is_control) { text.replace(char::is_control, "\u{FFFD}") } else { text }
}

/// One line of the kept text.
#[derive(Debug, Clone, Default)]
struct Excerpt {
    start: usize,
    length: usize,
    cells: Vec<Cell>,
}

impl Excerpt {
    fn range(&self, part: Part) -> (usize, usize) {
        let cell =
            |i: usize| self.cells.get(i).map_or((self.length, self.length), |c| (c.start, c.end));
        let (start, end) = match part {
            Part::Line => (0, self.length),
            Part::Cell(i) => cell(i),
            Part::Inside(i, from, to) => {
                let (start, end) = cell(i);
                ((start + from).min(end), (start + to).min(end))
            }
            Part::Bytes(from, to) => (from.min(self.length), to.min(self.length)),
        };
        (self.start + start, self.start + end)
    }
}

/// The text up to the last wanted line, with all other lines empty.
fn excerpts(input: &Input<'_>, delimiter: u8, wanted: &mut BTreeMap<u32, Excerpt>) -> String {
    let mut text = String::new();
    let Some(last) = wanted.keys().next_back().copied() else { return text };
    // The file was read a moment ago; should it have gone since, messages stay and carets do not.
    let Ok(mut lines) = input.lines() else { return text };
    while let Ok(Some(line)) = lines.next_line() {
        if let Some(excerpt) = wanted.get_mut(&line.number) {
            let shown = line.excerpt();
            excerpt.start = text.len();
            excerpt.length = shown.len();
            // A line that cannot be cut has no cells; its faults point at bytes.
            if split(&shown, delimiter, &mut excerpt.cells).is_err() {
                excerpt.cells.clear();
            }
            text.push_str(&shown);
        }
        text.push('\n');
        if line.number >= last {
            break;
        }
    }
    text
}
