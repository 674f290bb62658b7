//! Does every key exist, is every needed one there, and is each value of the type that its key asks for?

use std::ops::Range;

use lutetia_diagnostic::{Diagnostic, SourceId, Span, closest};
use lutetia_units::{Quantity, Unit};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::keys::{self, Keys, Shape};

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) diagnostics: Vec<Diagnostic>,
    faulty: Vec<Faulty>,
}

/// A table, or an element of a list, with faults.
enum Faulty {
    /// Of the file, such as `experiment` or a key that there is not.
    Section(String),
    /// A table by name.
    Named(String, String),
    /// An element of a list.
    Listed(String, usize),
}

impl Found {
    /// Leaves out what has faults; an empty heading stands for a faulty one.
    pub(super) fn take_out(&self, table: &mut toml::Table) {
        // From behind, so that the places of elements hold until they are gone.
        for faulty in self.faulty.iter().rev() {
            match faulty {
                Faulty::Section(name) => {
                    table.remove(name);
                }
                Faulty::Named(section, name) => {
                    if let Some(section) = table.get_mut(section).and_then(|v| v.as_table_mut()) {
                        section.remove(name);
                    }
                }
                Faulty::Listed(section, at) => {
                    if let Some(items) = table.get_mut(section).and_then(|v| v.as_array_mut()) {
                        items.remove(*at);
                    }
                }
            }
        }
        table.entry("experiment").or_insert_with(|| {
            let texts = ["title", "question", "objective", "method", "result", "disagreement"];
            let mut heading = toml::Table::new();
            heading.insert("seed".to_owned(), 0.into());
            heading.extend(texts.map(|key| (key.to_owned(), String::new().into())));
            heading.into()
        });
    }
}

/// Checks the whole file against its table of keys.
pub(super) fn check(id: SourceId, text: &str, root: &DeTable<'_>) -> Found {
    let mut walker = Walker { id, text, diagnostics: Vec::new() };
    let mut faulty = Vec::new();
    let keys = keys::experiment();
    for name in walker.names(keys, root, 0..0, "an experiment") {
        faulty.push(Faulty::Section(name));
    }
    for key in &keys.keys {
        let Some(value) = root.get(key.name.as_str()) else { continue };
        let name = &key.name;
        let mut before = walker.diagnostics.len();
        match (&key.shape, value.get_ref()) {
            (Shape::List { of, .. }, DeValue::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    walker.value(of, item, &element(name, item));
                    if walker.diagnostics.len() > before {
                        faulty.push(Faulty::Listed(name.clone(), at));
                    }
                    before = walker.diagnostics.len();
                }
            }
            (Shape::Map(of), DeValue::Table(table)) => {
                for (inner, value) in table {
                    walker.value(of, value, &format!("`[{name}.{}]`", inner.get_ref()));
                    if walker.diagnostics.len() > before {
                        faulty.push(Faulty::Named(name.clone(), inner.get_ref().to_string()));
                    }
                    before = walker.diagnostics.len();
                }
            }
            (shape, _) => {
                walker.value(shape, value, &format!("`[{name}]`"));
                if walker.diagnostics.len() > before {
                    faulty.push(Faulty::Section(name.clone()));
                }
            }
        }
    }
    Found { diagnostics: walker.diagnostics, faulty }
}

/// A step or a figure by its name, where it has one.
fn element(section: &str, item: &Spanned<DeValue<'_>>) -> String {
    let table = item.get_ref().as_table();
    let text = |key: &str| table.and_then(|t| t.get(key)).and_then(|v| v.get_ref().as_str());
    match text("id").or_else(|| text("name")) {
        Some(name) => format!("the {section} `{name}`"),
        None => format!("a {section} without a name"),
    }
}

struct Walker<'a> {
    id: SourceId,
    text: &'a str,
    diagnostics: Vec<Diagnostic>,
}

impl Walker<'_> {
    fn say(
        &mut self,
        code: &'static str,
        range: Range<usize>,
        message: String,
        hint: Option<String>,
    ) {
        let span = Span::new(self.id, range.start, range.end);
        self.diagnostics.push(Diagnostic::error(code, message).at(span, "").maybe_hint(hint));
    }

    /// Keys that there are not, which are returned, and keys that are needed.
    fn names(
        &mut self,
        keys: &Keys,
        table: &DeTable<'_>,
        head: Range<usize>,
        of: &str,
    ) -> Vec<String> {
        let known = || keys.keys.iter().map(|key| key.name.as_str());
        let is_here = |name: &str| table.get(name).is_some();
        let mut unknown = Vec::new();
        let mut meant = Vec::new();
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            if known().any(|k| k == name) {
                continue;
            }
            let near = closest(name, known().filter(|k| !is_here(k)));
            let left: Vec<&str> = known().filter(|k| !is_here(k)).collect();
            let hint = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None if left.is_empty() => {
                    "it has all keys that there are; remove this one".to_owned()
                }
                None => format!("keys that it may have besides: `{}`", left.join("`, `")),
            };
            meant.extend(near);
            unknown.push(name.to_owned());
            self.say("LUT7005", key.span(), format!("`{name}` is not a key of {of}"), Some(hint));
        }
        let head = self.first_line(head);
        for key in keys.keys.iter().filter(|key| key.required && !is_here(&key.name)) {
            // Whoever is told the right spelling of a key need not be told that it is missing.
            if meant.contains(&key.name.as_str()) {
                continue;
            }
            let about = if key.about.is_empty() {
                format!("give `{}`: {}", key.name, key.shape.describe())
            } else {
                format!("give `{}`, {}: {}", key.name, key.shape.describe(), key.about)
            };
            let message = format!("the key `{}` is missing in {of}", key.name);
            self.say("LUT7006", head.clone(), message, Some(about));
        }
        unknown
    }

    fn first_line(&self, range: Range<usize>) -> Range<usize> {
        let line = self.text.get(range.clone()).and_then(|t| t.lines().next()).unwrap_or("");
        range.start..range.start + line.len()
    }

    fn table(&mut self, keys: &Keys, table: &DeTable<'_>, head: Range<usize>, of: &str) {
        self.names(keys, table, head, of);
        for key in &keys.keys {
            if let Some(value) = table.get(key.name.as_str()) {
                self.value(&key.shape, value, &format!("`{}` of {of}", key.name));
            }
        }
    }

    fn value(&mut self, shape: &Shape, value: &Spanned<DeValue<'_>>, of: &str) {
        let span = value.span();
        match (shape, value.get_ref()) {
            (Shape::Text { unit: None }, DeValue::String(_))
            | (Shape::Number, DeValue::Float(_))
            | (Shape::Flag, DeValue::Boolean(_)) => {}
            (Shape::Text { unit: Some(unit) }, DeValue::String(text)) => {
                let read = Quantity::parse(text).and_then(|q| q.to(&Unit::parse(unit)?));
                if let Err(fault) = read {
                    let hint = format!("give a number with a unit that becomes `{unit}`");
                    self.say("LUT7010", span, format!("{of}: {fault}"), Some(hint));
                }
            }
            (Shape::Word(words), DeValue::String(text)) => {
                let known = words.iter().map(|w| w.name.as_str());
                self.word(text, known, span, of);
            }
            (Shape::Number, DeValue::Integer(i)) => {
                if i64::from_str_radix(i.as_str(), i.radix()).is_err() {
                    let message = format!("{of} is `{i}`, more than 64 bits hold");
                    self.say("LUT7009", span, message, Some("write it as `1e30`".to_owned()));
                }
            }
            (Shape::Whole { least, most }, DeValue::Integer(i)) => {
                let read = i64::from_str_radix(i.as_str(), i.radix()).ok();
                if !read.is_some_and(|i| (*least..=*most).contains(&i)) {
                    let message =
                        format!("{of} is `{i}`, expected a whole number from {least} to {most}");
                    self.say("LUT7009", span, message, None);
                }
            }
            (Shape::List { of: inner, count }, DeValue::Array(items)) => {
                if let Some(count) = count.filter(|n| *n != items.len()) {
                    let message = format!("{of} has {} elements, expected {count}", items.len());
                    self.say("LUT7009", span, message, None);
                }
                for item in items {
                    self.value(inner, item, &format!("an element of {of}"));
                }
            }
            (Shape::Map(inner), DeValue::Table(table)) => {
                for (key, value) in table {
                    self.value(inner, value, &format!("`{}` in {of}", key.get_ref()));
                }
            }
            (Shape::Table(keys), DeValue::Table(table)) => self.table(keys, table, span, of),
            (Shape::Kinds(kinds), DeValue::Table(table)) => {
                let Some(kind) = table.get("kind") else {
                    let known: Vec<&str> = kinds.iter().map(|(w, _)| w.name.as_str()).collect();
                    let head = self.first_line(span);
                    let message = format!("the key `kind` is missing in {of}");
                    let hint = format!("it is one of `{}`", known.join("`, `"));
                    return self.say("LUT7006", head, message, Some(hint));
                };
                let DeValue::String(word) = kind.get_ref() else {
                    return self.wrong(kind, "a text", &format!("`kind` of {of}"));
                };
                match kinds.iter().find(|(w, _)| w.name == *word) {
                    Some((_, keys)) => self.table(keys, table, span, of),
                    None => {
                        let known = kinds.iter().map(|(w, _)| w.name.as_str());
                        self.word(word, known, kind.span(), &format!("`kind` of {of}"));
                    }
                }
            }
            (Shape::Either(shapes), found) => {
                match shapes.iter().find(|shape| admits(shape, found)) {
                    Some(shape) => self.value(shape, value, of),
                    None => self.wrong(value, &shape.describe(), of),
                }
            }
            _ => self.wrong(value, &shape.describe(), of),
        }
    }

    fn wrong(&mut self, value: &Spanned<DeValue<'_>>, expected: &str, of: &str) {
        let message = format!("{of} is {}, expected {expected}", found(value.get_ref()));
        let hint = match value.get_ref() {
            DeValue::Integer(_) | DeValue::Float(_) if expected.starts_with("a text") => Some(
                "a text stands in quotation marks; a quantity is a text with its unit".to_owned(),
            ),
            _ => None,
        };
        let range = match value.get_ref() {
            DeValue::Table(_) | DeValue::Array(_) => self.first_line(value.span()),
            _ => value.span(),
        };
        self.say("LUT7007", range, message, hint);
    }

    fn word<'k>(
        &mut self,
        word: &str,
        known: impl Iterator<Item = &'k str> + Clone,
        span: Range<usize>,
        of: &str,
    ) {
        if known.clone().any(|k| k == word) {
            return;
        }
        let hint = closest(word, known.clone()).map_or_else(
            || format!("it is one of `{}`", known.collect::<Vec<_>>().join("`, `")),
            |near| format!("did you mean `{near}`?"),
        );
        self.say("LUT7008", span, format!("{of} cannot be `{word}`"), Some(hint));
    }
}

/// Whether a value is of the type of a shape, whatever is in it.
fn admits(shape: &Shape, value: &DeValue<'_>) -> bool {
    match shape {
        Shape::Text { .. } | Shape::Word(_) => value.is_str(),
        Shape::Number => value.is_integer() || value.is_float(),
        Shape::Whole { .. } => value.is_integer(),
        Shape::Flag => value.is_bool(),
        Shape::List { .. } => value.is_array(),
        Shape::Map(_) | Shape::Table(_) | Shape::Kinds(_) => value.is_table(),
        Shape::Either(shapes) => shapes.iter().any(|shape| admits(shape, value)),
    }
}

fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
