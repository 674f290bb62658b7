//! A TOML document as a tree in which every key and value knows its place.

use lutetia_diagnostic::{Diagnostic, SourceId, Span};
use toml::de::{DeTable, DeValue};

use super::{code, text::Text};

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
}

/// The values of the model language.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(Text),
    /// A number or a date, as typed: quantities are texts, so this is rarely wanted.
    Number(f64),
    Flag(bool),
    List(Vec<Node>),
    Table(Vec<(Text, Node)>),
    Other,
}

impl Value {
    /// What it is, for people.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Number(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
            Self::Other => "a date",
        }
    }
}

/// Reads a document; what can be read is returned together with all faults.
pub(super) fn read(source: SourceId, text: &str) -> (Vec<(Text, Node)>, Vec<Diagnostic>) {
    let (table, errors) = DeTable::parse_recoverable(text);
    let faults = errors
        .iter()
        .map(|e| {
            let range = e.span().unwrap_or(0..0);
            Diagnostic::error(code::SYNTAX, format!("cannot read the TOML: {}", e.message().trim()))
                .at(Span::new(source, range.start, range.end), "")
                .hint("texts stand in quotation marks, tables in `[…]` or `{ … }`")
        })
        .collect();
    let reader = Reader { source, text };
    (reader.table(table.get_ref()), faults)
}

struct Reader<'a> {
    source: SourceId,
    text: &'a str,
}

impl Reader<'_> {
    fn table(&self, table: &DeTable<'_>) -> Vec<(Text, Node)> {
        let mut entries: Vec<(Text, Node)> = table
            .iter()
            .map(|(key, value)| {
                (self.string(key.get_ref(), key.span()), self.node(value.get_ref(), value.span()))
            })
            .collect();
        // The map sorts by name; people read, and states are laid out, in the order of the file.
        entries.sort_by_key(|(key, _)| key.span().start);
        entries
    }

    fn node(&self, value: &DeValue<'_>, range: std::ops::Range<usize>) -> Node {
        let span = Span::new(self.source, range.start, range.end);
        let value = match value {
            DeValue::String(s) => Value::Text(self.string(s, range)),
            DeValue::Integer(i) => i64::from_str_radix(i.as_str(), i.radix())
                .map_or(Value::Other, |i| Value::Number(i as f64)),
            DeValue::Float(f) => f.as_str().parse().map_or(Value::Other, Value::Number),
            DeValue::Boolean(b) => Value::Flag(*b),
            DeValue::Datetime(_) => Value::Other,
            DeValue::Array(items) => Value::List(
                items.iter().map(|item| self.node(item.get_ref(), item.span())).collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { value, span }
    }

    /// A text with the place of each of its bytes. Where escapes make the text differ from what is
    /// typed, all bytes are at the place of the whole.
    fn string(&self, value: &str, range: std::ops::Range<usize>) -> Text {
        let raw = self.text.get(range.clone()).unwrap_or("");
        let offset = ["'''", "\"\"\"", "'", "\"", ""].into_iter().find_map(|quote| {
            let body = raw.strip_prefix(quote)?;
            // TOML drops a line break right after the opening quotes.
            let skipped =
                ["\r\n", "\n", ""].into_iter().find(|s| quote.len() == 3 && body.starts_with(s));
            let skipped = skipped.map_or(0, str::len);
            body[skipped..].starts_with(value).then_some(range.start + quote.len() + skipped)
        });
        match offset {
            Some(start) => Text::plain(self.source, start, value),
            None => Text::lumped(Span::new(self.source, range.start, range.end), value),
        }
    }
}
