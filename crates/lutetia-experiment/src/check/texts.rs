//! Do the placeholders of the texts stand for tables and figures that there are, and stand only where they are filled?

use lutetia_diagnostic::{Diagnostic, Span};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{File, meant, tables::Wanted};
use crate::names::owns;

/// Keys whose text is filled with numbers of the tables.
const FILLED: [&str; 5] = ["objective", "method", "result", "disagreement", "caption"];

pub(super) fn faults(file: &File<'_>) -> Vec<Diagnostic> {
    let mut texts = Texts {
        file,
        steps: file.named("step", "id"),
        data: file.keys("data"),
        figures: file.named("figure", "name"),
        faults: Vec::new(),
    };
    texts.table(&file.root);
    texts.faults
}

/// The cells and tables that the texts are filled with, with their places; what is not a cell is said elsewhere.
pub(super) fn named(file: &File<'_>) -> Vec<(Wanted, Span)> {
    let mut found = Vec::new();
    for (key, value) in &file.root {
        collect(file, key.get_ref(), value, &mut found);
    }
    found
}

struct Texts<'f> {
    file: &'f File<'f>,
    steps: Vec<&'f str>,
    data: Vec<&'f str>,
    figures: Vec<&'f str>,
    faults: Vec<Diagnostic>,
}

impl Texts<'_> {
    fn table(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            self.value(key.get_ref(), value);
        }
    }

    fn value(&mut self, key: &str, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::String(text) if FILLED.contains(&key) => self.filled(key, text, value),
            DeValue::String(text) => self.unfilled(key, text, value),
            DeValue::Array(items) => items.iter().for_each(|item| self.value(key, item)),
            DeValue::Table(table) => self.table(table),
            _ => {}
        }
    }

    /// A text that is printed as it stands.
    fn unfilled(&mut self, key: &str, text: &str, value: &Spanned<DeValue<'_>>) {
        let Some(at) = text.find("{{") else { return };
        let length = text[at..].find("}}").map_or(2, |end| end + 2);
        let message = format!("`{key}` is printed as it stands, found `{{{{` in it");
        let hint = format!("numbers are filled into `{}`", FILLED.join("`, `"));
        let place = self.file.inside(value.span(), at, length);
        self.faults.push(Diagnostic::error("LUT7030", message).at(place, "").hint(hint));
    }

    fn filled(&mut self, key: &str, text: &str, value: &Spanned<DeValue<'_>>) {
        for (at, call) in calls(text) {
            let fault = match call {
                Call::Open => Some((
                    "`{{` is not closed".to_owned(),
                    "a placeholder ends with `}}`, as in `{{ num(\"table/row/column\") }}`"
                        .to_owned(),
                    2,
                )),
                Call::Of { function, argument, offset: _ } => self
                    .fault(key, function, argument)
                    .map(|(message, hint)| (message, hint, argument.len())),
            };
            let Some((message, hint, length)) = fault else { continue };
            let offset = match call {
                Call::Open => 0,
                Call::Of { offset, .. } => offset,
            };
            let place = self.file.inside(value.span(), at + offset, length);
            self.faults.push(Diagnostic::error("LUT7011", message).at(place, "").hint(hint));
        }
    }

    /// What is wrong with a placeholder, and what may be meant.
    fn fault(&self, key: &str, function: &str, argument: &str) -> Option<(String, String)> {
        let of_step = |table: &str| self.steps.iter().any(|id| owns(id, table));
        match function {
            "num" => {
                let parts: Vec<&str> = argument.split('/').collect();
                let [table, _, _] = parts[..] else {
                    let message = format!("`{argument}` names no cell");
                    return Some((message, "name a cell as `table/row/column`".to_owned()));
                };
                let known = self.steps.iter().chain(&self.data).copied();
                (!of_step(table) && !self.data.contains(&table)).then(|| {
                    let message = format!("`{table}` is not a table of a step or of `[data]`");
                    (message, meant(table.split('.').next().unwrap_or(table), known))
                })
            }
            "table" | "figure" if key == "caption" => Some((
                format!("a caption holds numbers, not a {function}"),
                "put it into `result`, and numbers such as `{{ num(\"table/row/column\") }}` here"
                    .to_owned(),
            )),
            "table" => (!of_step(argument)).then(|| {
                let message = format!("`{argument}` is not a table of a step");
                let name = argument.split('.').next().unwrap_or(argument);
                (message, meant(name, self.steps.iter().copied()))
            }),
            "figure" => (!self.figures.contains(&argument)).then(|| {
                let message = format!("`{argument}` is not a figure of this experiment");
                (message, meant(argument, self.figures.iter().copied()))
            }),
            _ => None,
        }
    }
}

fn collect(
    file: &File<'_>,
    key: &str,
    value: &Spanned<DeValue<'_>>,
    found: &mut Vec<(Wanted, Span)>,
) {
    match value.get_ref() {
        DeValue::String(text) if FILLED.contains(&key) => {
            for (at, call) in calls(text) {
                let Call::Of { function, argument, offset } = call else { continue };
                let wanted = match function {
                    "num" => Wanted::cell(argument),
                    "table" => Some(Wanted { table: argument.to_owned(), row: None, column: None }),
                    _ => None,
                };
                let place = || file.inside(value.span(), at + offset, argument.len());
                found.extend(wanted.map(|wanted| (wanted, place())));
            }
        }
        DeValue::Array(items) => items.iter().for_each(|item| collect(file, key, item, found)),
        DeValue::Table(table) => {
            table.iter().for_each(|(key, value)| collect(file, key.get_ref(), value, found));
        }
        _ => {}
    }
}

/// A placeholder of a text.
#[derive(Clone, Copy)]
enum Call<'t> {
    /// One that does not end.
    Open,
    /// A function of a text; `offset` is that of the text from the opening braces.
    Of { function: &'t str, argument: &'t str, offset: usize },
}

/// The placeholders of a text that are a function of a text, with their places; whatever else the template language
/// allows is left to it.
fn calls(text: &str) -> Vec<(usize, Call<'_>)> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("{{").map(|at| from + at) {
        let Some(end) = text[at..].find("}}").map(|end| at + end) else {
            found.push((at, Call::Open));
            break;
        };
        let inner = &text[at + 2..end];
        if let Some((function, rest)) = inner.split_once('(')
            && let Some(quote) = rest.trim_start().chars().next().filter(|c| "'\"".contains(*c))
            && let Some(opened) = inner.find(quote)
            && let Some(length) = inner[opened + 1..].find(quote)
        {
            let argument = &inner[opened + 1..opened + 1 + length];
            let offset = 2 + opened + 1;
            found.push((at, Call::Of { function: function.trim(), argument, offset }));
        }
        from = end + 2;
    }
    found
}
