//! The check of an experiment file: every fault that can be found before anything runs, all at once, each with its
//! place.
//!
//! [`parse`] looks at the file alone: its TOML, its keys and their types ([`structure`]), the names that refer to each
//! other ([`names`]), the placeholders of its texts ([`texts`]). [`check`] looks at what the file names besides: models
//! and data ([`outside`]), and what steps ask of models ([`models`]).

mod after;
mod kinds;
mod models;
mod names;
mod outside;
mod regions;
mod rehearsal;
mod sheets;
mod structure;
mod tables;
mod texts;

use std::ops::Range;

use lutetia_diagnostic::{Diagnostic, SourceId, Sources, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use after::{filled, placed};
pub use sheets::Sheet;

use crate::{Experiment, World};

/// An experiment that was checked.
#[derive(Debug)]
pub struct Checked {
    /// The experiment, where nothing is wrong with its file.
    pub experiment: Option<Experiment>,
    /// Every fault, of the file and of what it names.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that they point into.
    pub sources: Sources,
}

/// Checks an experiment file with the models and data that it names; nothing is run.
#[must_use]
pub fn check(name: &str, text: &str, world: &dyn World) -> Checked {
    let mut sources = Sources::new();
    let file = File::read(name, text, &mut sources);
    let mut diagnostics = file.faults();
    let sound = diagnostics.is_empty();
    let experiment = file.sound();
    if let Some(experiment) = &experiment {
        let outside = outside::faults(&file, experiment, world, &mut sources);
        diagnostics.extend(about_the_file(outside));
    }
    let experiment = experiment.filter(|_| sound).map(|mut experiment| {
        experiment.written = text.parse().unwrap_or_default();
        experiment
    });
    Checked { experiment, diagnostics, sources }
}

/// The tables that the steps of an experiment will make, as far as its keys, its models and its data say.
#[must_use]
pub fn declared(experiment: &Experiment, world: &dyn World) -> Vec<Sheet> {
    outside::declared(experiment, world)
}

/// Reads an experiment file.
///
/// # Errors
/// Diagnostics with place: TOML that cannot be read, unknown or missing keys, values of another type, two steps of one
/// name, a figure, a step or a placeholder that names nothing.
pub fn parse(name: &str, text: &str, sources: &mut Sources) -> Result<Experiment, Vec<Diagnostic>> {
    let file = File::read(name, text, sources);
    let faults = file.faults();
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut experiment: Experiment = toml::from_str(text).map_err(|e| {
        let span = e.span().unwrap_or(0..0);
        vec![Diagnostic::error("LUT7001", e.message().to_owned()).at(file.span(span), "")]
    })?;
    experiment.written = text.parse().unwrap_or_default();
    Ok(experiment)
}

/// A file in which every key and value knows its place.
struct File<'a> {
    id: SourceId,
    text: &'a str,
    root: DeTable<'a>,
    syntax: Vec<Diagnostic>,
    structure: structure::Found,
}

impl<'a> File<'a> {
    fn read(name: &str, text: &'a str, sources: &mut Sources) -> Self {
        let id = sources.add(name, text);
        let (root, errors) = DeTable::parse_recoverable(text);
        let syntax: Vec<Diagnostic> = errors
            .iter()
            .map(|e| {
                let range = e.span().unwrap_or(0..0);
                Diagnostic::error("LUT7001", e.message().trim().to_owned())
                    .at(Span::new(id, range.start, range.end), "")
                    .hint("texts stand in quotation marks, tables in `[…]` or `{ … }`")
            })
            .collect();
        let root = root.into_inner();
        // What could not be read would be missing once more.
        let structure = match syntax.is_empty() {
            true => structure::check(id, text, &root),
            false => structure::Found::default(),
        };
        Self { id, text, root, syntax, structure }
    }

    /// Everything that is wrong with the file alone.
    fn faults(&self) -> Vec<Diagnostic> {
        if !self.syntax.is_empty() {
            return self.syntax.clone();
        }
        let mut faults = self.structure.diagnostics.clone();
        if let Some(experiment) = self.sound() {
            faults.extend(about_the_file(names::faults(self, &experiment)));
        }
        faults.extend(texts::faults(self));
        faults
    }

    /// The experiment with its faulty places made readable, so that its names are checked none the less.
    fn sound(&self) -> Option<Experiment> {
        let table: toml::Table = self.structure.mend(self.text.parse().ok()?);
        let written = table.clone();
        let experiment: Experiment = table.try_into().ok()?;
        Some(Experiment { written, ..experiment })
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span::new(self.id, range.start, range.end)
    }

    /// The tables of a section that is a list, in their order.
    fn listed(&self, section: &str) -> impl Iterator<Item = &Spanned<DeValue<'a>>> {
        let items = self.root.get(section).and_then(|value| value.get_ref().as_array());
        items.into_iter().flat_map(|items| items.iter())
    }

    /// The names of steps (`id`) or of figures (`name`), of those with faults too.
    fn named(&self, section: &str, key: &str) -> Vec<&str> {
        self.listed(section)
            .filter_map(|item| item.get_ref().as_table()?.get(key)?.get_ref().as_str())
            .collect()
    }

    /// The names of a section that is a table by name.
    fn keys(&self, section: &str) -> Vec<&str> {
        let table = self.root.get(section).and_then(|value| value.get_ref().as_table());
        table.into_iter().flat_map(DeTable::keys).map(|key| key.get_ref().as_ref()).collect()
    }

    /// The name of a table of such a section, where it is declared.
    fn declared(&self, section: &str, name: &str) -> Span {
        let table = self.root.get(section).and_then(|value| value.get_ref().as_table());
        let found =
            table.into_iter().flat_map(DeTable::keys).find(|key| key.get_ref().as_ref() == name);
        self.span(found.map_or(0..0, Spanned::span))
    }

    /// The inside of a text within a value whose text is `needle`, or is a table of the step `needle`.
    fn within(&self, value: &Spanned<DeValue<'_>>, needle: &str) -> Option<Span> {
        match value.get_ref() {
            DeValue::String(s) => {
                let own = s.strip_prefix(needle)?;
                let own = own.is_empty() || own.starts_with(['.', '/']);
                own.then(|| self.inside(value.span(), 0, needle.len()))
            }
            DeValue::Array(items) => items.iter().find_map(|item| self.within(item, needle)),
            DeValue::Table(table) => table.iter().find_map(|(_, value)| self.within(value, needle)),
            _ => None,
        }
    }

    /// From the first to the last byte of a table, whatever stands between its head and its values.
    fn extent(&self, value: &Spanned<DeValue<'_>>) -> Span {
        let own = self.span(value.span());
        let join = |a: Span, b: Span| Span::new(a.source, a.start.min(b.start), a.end.max(b.end));
        match value.get_ref() {
            DeValue::Array(items) => items.iter().map(|item| self.extent(item)).fold(own, join),
            DeValue::Table(table) => {
                table.iter().map(|(_, value)| self.extent(value)).fold(own, join)
            }
            _ => own,
        }
    }

    /// A key of that name within a value.
    fn key_within(&self, value: &Spanned<DeValue<'_>>, name: &str) -> Option<Span> {
        match value.get_ref() {
            DeValue::Array(items) => items.iter().find_map(|item| self.key_within(item, name)),
            DeValue::Table(table) => {
                let own = table.iter().find(|(key, _)| key.get_ref() == name);
                own.map(|(key, _)| self.span(key.span()))
                    .or_else(|| table.iter().find_map(|(_, value)| self.key_within(value, name)))
            }
            _ => None,
        }
    }

    /// A part of a text that stands in quotation marks; the whole of it where escapes hide the part.
    fn inside(&self, range: Range<usize>, from: usize, length: usize) -> Span {
        let raw = self.text.get(range.clone()).unwrap_or("");
        let quote = ["'''", "\"\"\"", "'", "\""].into_iter().find(|q| raw.starts_with(q));
        let Some(quote) = quote else { return self.span(range) };
        let body = &raw[quote.len()..];
        let skipped = ["\r\n", "\n"].into_iter().find(|s| quote.len() == 3 && body.starts_with(s));
        let start = range.start + quote.len() + skipped.map_or(0, str::len) + from;
        match raw.contains('\\') && !quote.starts_with('\'') {
            true => self.span(range),
            false => self.span(start..(start + length).min(range.end)),
        }
    }
}

/// Without what would be said of a stand-in for a missing text.
fn about_the_file(faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    faults.into_iter().filter(|fault| !fault.message.contains(structure::STAND_IN)).collect()
}

/// A hint for a name that is not there: the nearest one, or all of them.
fn meant<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match lutetia_diagnostic::closest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known here: {}", known.join(", ")),
    }
}
