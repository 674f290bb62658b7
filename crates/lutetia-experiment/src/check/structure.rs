//! Does every key exist, is every needed one there, and is each value of the type that its key asks for?

use std::ops::Range;

use lutetia_diagnostic::{Diagnostic, SourceId, Span, closest};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::{
    keys::{self, Keys, Shape},
    written::{self, Unread},
};

/// Stands for a text that is missing or is none, so that the rest of its table can be looked at: what is said of a name
/// with it would be said of nothing that the file has.
pub(super) const STAND_IN: char = '\u{e000}';

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) diagnostics: Vec<Diagnostic>,
    repairs: Vec<Repair>,
}

/// A step on the way from the file to one of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Way {
    Key(String),
    Element(usize),
}

/// What makes a faulty place readable: another value there, or none.
struct Repair {
    way: Vec<Way>,
    value: Option<toml::Value>,
}

impl Found {
    /// The file with its faulty places made readable, so that the names in it can be looked at none the less.
    pub(super) fn mend(&self, table: toml::Table) -> toml::Table {
        let mut root = toml::Value::Table(table);
        // What is put in first: places hold until something is taken out, and that is done from behind.
        let put = self.repairs.iter().filter(|repair| repair.value.is_some());
        let taken = self.repairs.iter().rev().filter(|repair| repair.value.is_none());
        for Repair { way, value } in put.chain(taken) {
            let Some((last, before)) = way.split_last() else { continue };
            let holder = before.iter().try_fold(&mut root, |value, step| match step {
                Way::Key(key) => value.get_mut(key.as_str()),
                Way::Element(at) => value.get_mut(*at),
            });
            match (holder, last, value) {
                (Some(toml::Value::Table(table)), Way::Key(key), Some(value)) => {
                    table.insert(key.clone(), value.clone());
                }
                (Some(toml::Value::Table(table)), Way::Key(key), None) => {
                    table.remove(key);
                }
                (Some(toml::Value::Array(items)), Way::Element(at), Some(value)) => {
                    if let Some(item) = items.get_mut(*at) {
                        *item = value.clone();
                    }
                }
                (Some(toml::Value::Array(items)), Way::Element(at), None) if *at < items.len() => {
                    items.remove(*at);
                }
                _ => {}
            }
        }
        match root {
            toml::Value::Table(table) => table,
            _ => toml::Table::new(),
        }
    }
}

/// A value of a shape that says nothing.
fn stand_in(shape: &Shape) -> toml::Value {
    match shape {
        Shape::Text { form: None } => STAND_IN.to_string().into(),
        Shape::Text { form: Some(form) } => written::example(form).into(),
        Shape::Word(words) => words.first().map_or_else(String::new, |w| w.name.clone()).into(),
        Shape::Number => 1.0.into(),
        Shape::Whole { least, most } => 1.clamp(*least, *most).into(),
        Shape::Flag => false.into(),
        Shape::List { of, least, .. } => {
            toml::Value::Array((0..*least).map(|_| stand_in(of)).collect())
        }
        Shape::Map(_) => toml::Value::Table(toml::Table::new()),
        Shape::Table(keys) => stand_in_table(keys).into(),
        Shape::Kinds(kinds) => kinds
            .first()
            .map_or_else(toml::Table::new, |(word, keys)| {
                let mut table = stand_in_table(keys);
                table.insert("kind".to_owned(), word.name.clone().into());
                table
            })
            .into(),
        Shape::Either(shapes) => {
            shapes.first().map_or_else(|| STAND_IN.to_string().into(), stand_in)
        }
    }
}

fn stand_in_table(keys: &Keys) -> toml::Table {
    let needed = keys.keys.iter().filter(|key| key.required);
    needed.map(|key| (key.name.clone(), stand_in(&key.shape))).collect()
}

/// Checks the whole file against its table of keys.
pub(super) fn check(id: SourceId, text: &str, root: &DeTable<'_>) -> Found {
    let mut walker = Walker { id, text, way: Vec::new(), found: Found::default() };
    let keys = keys::experiment();
    walker.names(keys, root, 0..0, "an experiment");
    for key in &keys.keys {
        let Some(value) = root.get(key.name.as_str()) else { continue };
        let name = &key.name;
        walker.way.push(Way::Key(name.clone()));
        match (&key.shape, value.get_ref()) {
            (Shape::List { of, .. }, DeValue::Array(items)) => {
                for (at, item) in items.iter().enumerate() {
                    walker.below(Way::Element(at), of, item, &element(name, item));
                }
            }
            (Shape::Map(of), DeValue::Table(table)) => {
                for (inner, value) in table {
                    let inner = inner.get_ref().to_string();
                    let named = format!("`[{name}.{inner}]`");
                    walker.below(Way::Key(inner), of, value, &named);
                }
            }
            (shape, _) => walker.value(shape, value, &format!("`[{name}]`")),
        }
        walker.way.pop();
    }
    walker.found
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
    /// To the value that is looked at.
    way: Vec<Way>,
    found: Found,
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
        let fault = Diagnostic::error(code, message).at(span, "").maybe_hint(hint);
        self.found.diagnostics.push(fault);
    }

    /// Puts a value in the place that is looked at, or below it, or takes it out.
    fn repair(&mut self, key: Option<&str>, value: Option<toml::Value>) {
        let way = self.way.iter().cloned().chain(key.map(|k| Way::Key(k.to_owned()))).collect();
        self.found.repairs.push(Repair { way, value });
    }

    /// The same for what stands there, by its shape.
    fn stand_in(&mut self, shape: &Shape) {
        self.repair(None, Some(stand_in(shape)));
    }

    /// A value one step further down.
    fn below(&mut self, step: Way, shape: &Shape, value: &Spanned<DeValue<'_>>, of: &str) {
        self.way.push(step);
        self.value(shape, value, of);
        self.way.pop();
    }

    /// Keys that there are not, and keys that are needed.
    fn names(&mut self, keys: &Keys, table: &DeTable<'_>, head: Range<usize>, of: &str) {
        let known = || keys.keys.iter().map(|key| key.name.as_str());
        let is_here = |name: &str| table.get(name).is_some();
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
            self.repair(Some(name), None);
            self.say("LUT7005", key.span(), format!("`{name}` is not a key of {of}"), Some(hint));
        }
        let head = self.first_line(head);
        for key in keys.keys.iter().filter(|key| key.required && !is_here(&key.name)) {
            self.repair(Some(&key.name), Some(stand_in(&key.shape)));
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
    }

    fn first_line(&self, range: Range<usize>) -> Range<usize> {
        let line = self.text.get(range.clone()).and_then(|t| t.lines().next()).unwrap_or("");
        range.start..range.start + line.len()
    }

    fn table(&mut self, keys: &Keys, table: &DeTable<'_>, head: Range<usize>, of: &str) {
        self.names(keys, table, head, of);
        for key in &keys.keys {
            if let Some(value) = table.get(key.name.as_str()) {
                let of = format!("`{}` of {of}", key.name);
                self.below(Way::Key(key.name.clone()), &key.shape, value, &of);
            }
        }
    }

    fn value(&mut self, shape: &Shape, value: &Spanned<DeValue<'_>>, of: &str) {
        let span = value.span();
        match (shape, value.get_ref()) {
            (Shape::Text { form: None }, DeValue::String(_))
            | (Shape::Number, DeValue::Float(_))
            | (Shape::Flag, DeValue::Boolean(_)) => {}
            (Shape::Text { form: Some(form) }, DeValue::String(text)) => {
                if let Err(unread) = written::read(form, text) {
                    self.unread(form, &unread, span, of);
                    self.stand_in(shape);
                }
            }
            (Shape::Text { form: Some(form) }, DeValue::Integer(_) | DeValue::Float(_))
                if written::is_quantity(form) =>
            {
                self.bare(form, value, of);
                self.stand_in(shape);
            }
            (Shape::Word(words), DeValue::String(text)) => {
                let known = words.iter().map(|w| w.name.as_str());
                if self.word(text, known, span, of) {
                    self.stand_in(shape);
                }
            }
            (Shape::Number, DeValue::Integer(i)) => {
                if i64::from_str_radix(i.as_str(), i.radix()).is_err() {
                    let message = format!("{of} is `{i}`, more than 64 bits hold");
                    self.say("LUT7009", span, message, Some("write it as `1e30`".to_owned()));
                    self.stand_in(shape);
                }
            }
            (Shape::Whole { least, most }, DeValue::Integer(i)) => {
                let read = i64::from_str_radix(i.as_str(), i.radix()).ok();
                if !read.is_some_and(|i| (*least..=*most).contains(&i)) {
                    let message =
                        format!("{of} is `{i}`, expected a whole number from {least} to {most}");
                    self.say("LUT7009", span, message, None);
                    self.stand_in(shape);
                }
            }
            (Shape::List { of: inner, least, most }, DeValue::Array(items)) => {
                let found = items.len();
                if found < *least || most.is_some_and(|most| found > most) {
                    let message = amiss(of, found, *least, *most);
                    let hint = format!("each element is {}", inner.describe());
                    self.say("LUT7009", span, message, Some(hint));
                    self.stand_in(shape);
                    return;
                }
                for (at, item) in items.iter().enumerate() {
                    self.below(Way::Element(at), inner, item, &format!("an element of {of}"));
                }
            }
            (Shape::Map(inner), DeValue::Table(table)) => {
                for (key, value) in table {
                    let key = key.get_ref().to_string();
                    let of = format!("`{key}` in {of}");
                    self.below(Way::Key(key), inner, value, &of);
                }
            }
            (Shape::Table(keys), DeValue::Table(table)) => self.table(keys, table, span, of),
            (Shape::Kinds(kinds), DeValue::Table(table)) => {
                let Some(kind) = table.get("kind") else {
                    let known: Vec<&str> = kinds.iter().map(|(w, _)| w.name.as_str()).collect();
                    let head = self.first_line(span);
                    let message = format!("the key `kind` is missing in {of}");
                    let hint = format!("it is one of `{}`", known.join("`, `"));
                    self.repair(None, None);
                    return self.say("LUT7006", head, message, Some(hint));
                };
                let DeValue::String(word) = kind.get_ref() else {
                    self.repair(None, None);
                    return self.wrong(kind, "a text", &format!("`kind` of {of}"));
                };
                match kinds.iter().find(|(w, _)| w.name == *word) {
                    Some((_, keys)) => self.table(keys, table, span, of),
                    None => {
                        let known = kinds.iter().map(|(w, _)| w.name.as_str());
                        self.word(word, known, kind.span(), &format!("`kind` of {of}"));
                        self.repair(None, None);
                    }
                }
            }
            (Shape::Either(shapes), found) => {
                match shapes.iter().find(|shape| admits(shape, found)) {
                    Some(shape) => self.value(shape, value, of),
                    None => {
                        self.wrong(value, &shape.describe(), of);
                        self.stand_in(shape);
                    }
                }
            }
            _ => {
                self.wrong(value, &shape.describe(), of);
                self.stand_in(shape);
            }
        }
    }

    /// A text that is not of its form.
    fn unread(&mut self, form: &str, unread: &Unread, span: Range<usize>, of: &str) {
        let (message, hint) = (unread.to_string(), unread.hint());
        let corrected = unread.corrected();
        let message = format!("{of}: {message}");
        match corrected {
            Some(corrected) => self.say("LUT7015", span, message, Some(self.corrected(&corrected))),
            None => {
                let code = if written::is_quantity(form) { "LUT7010" } else { "LUT7016" };
                self.say(code, span, message, hint);
            }
        }
    }

    /// A number where a quantity is expected.
    fn bare(&mut self, form: &str, value: &Spanned<DeValue<'_>>, of: &str) {
        let number = self.text.get(value.span()).unwrap_or("").replace('_', "");
        // Nothing is nothing in any unit.
        let meant = written::read(form, &number).err().and_then(|unread| unread.corrected());
        let meant = meant.unwrap_or_else(|| format!("{number} {}", written::units(form)[0]));
        let message = format!("{of} is the number `{number}` without a unit");
        self.say("LUT7015", value.span(), message, Some(self.corrected(&meant)));
    }

    /// The key that is looked at with a text that it may have.
    fn corrected(&self, text: &str) -> String {
        match self.way.last() {
            Some(Way::Key(key)) => format!("write `{key} = \"{text}\"`"),
            _ => format!("write `\"{text}\"`"),
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

    /// Whether a word is none of those known, which is said.
    fn word<'k>(
        &mut self,
        word: &str,
        known: impl Iterator<Item = &'k str> + Clone,
        span: Range<usize>,
        of: &str,
    ) -> bool {
        if known.clone().any(|k| k == word) {
            return false;
        }
        let hint = closest(word, known.clone()).map_or_else(
            || format!("it is one of `{}`", known.collect::<Vec<_>>().join("`, `")),
            |near| format!("did you mean `{near}`?"),
        );
        self.say("LUT7008", span, format!("{of} cannot be `{word}`"), Some(hint));
        true
    }
}

/// Whether a value is of the type of a shape, whatever is in it.
/// What is said of a list of the wrong length.
fn amiss(of: &str, found: usize, least: usize, most: Option<usize>) -> String {
    let expected = match most {
        Some(most) if most == least => most.to_string(),
        Some(most) => format!("{least} to {most}"),
        None => format!("at least {least}"),
    };
    match found {
        0 => format!("{of} is empty, expected {expected}"),
        1 => format!("{of} has 1 element, expected {expected}"),
        _ => format!("{of} has {found} elements, expected {expected}"),
    }
}

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
