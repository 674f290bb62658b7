//! The reference page of the experiment file, `docs/experiment.md`.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{Key, Keys, Shape, Word, experiment};
use crate::written::{is_quantity, shown as shown_form, units};

const LEAD: &str = "\
# The experiment file

<!-- Written by `cargo xtask schema` out of the structs that an experiment is read into; change those. -->

An experiment is a file `reports/NN_name/experiment.toml`.
It states a question, names data and models, computes tables in steps, draws figures of them, and holds the text around the numbers.
`lutetia check reports/NN_name/experiment.toml` finds every fault before anything runs, `lutetia explain` prints the plan, `lutetia report NN` runs it.
An editor that knows TOML completes and checks the keys by the first line `#:schema ../../schemas/experiment.schema.json`.

A quantity is a text with its unit, such as `\"7.4 GBq\"`.
A key without a default must be there unless it is marked *optional*.
Into `objective`, `method`, `result`, `disagreement` and every `caption` are filled `{{ num(\"table/row/column\", digits) }}`, `{{ table(\"name\") }}` and `{{ figure(\"name\") }}`.

";

/// The page, in Markdown.
#[must_use]
pub fn page() -> String {
    let root = experiment();
    let mut out = LEAD.to_owned();
    let mut inner = BTreeMap::new();
    for key in &root.keys {
        collect(&key.shape, &mut inner);
        section(&mut out, key);
    }
    out.push_str("## Tables within tables\n\n");
    for (name, keys) in inner {
        let _written = writeln!(out, "### {name}\n\n{}\n", sentence(&keys.about));
        table(&mut out, keys);
    }
    format!("{}\n", out.trim_end())
}

fn section(out: &mut String, key: &Key) {
    let (head, inner) = match &key.shape {
        Shape::List { of, .. } => (format!("[[{}]]", key.name), &**of),
        Shape::Map(of) => (format!("[{}.NAME]", key.name), &**of),
        shape => (format!("[{}]", key.name), shape),
    };
    let _written = writeln!(out, "## `{head}`\n\n{}\n", sentence(&key.about));
    match inner {
        Shape::Table(keys) => table(out, keys),
        Shape::Kinds(kinds) => {
            for (Word { name, about }, keys) in kinds {
                let _written = writeln!(out, "### `kind = \"{name}\"`\n\n{}\n", sentence(about));
                table(out, keys);
            }
        }
        _ => {}
    }
}

fn table(out: &mut String, keys: &Keys) {
    out.push_str("| key | what may stand there | default | meaning |\n|---|---|---|---|\n");
    for key in keys.keys.iter().filter(|key| !is_kind(key)) {
        let default = match (&key.default, key.required) {
            (Some(default), _) => format!("`{default}`"),
            (None, true) => String::new(),
            (None, false) => "*optional*".to_owned(),
        };
        let row = [format!("`{}`", key.name), shown(&key.shape), default, meaning(key)];
        let row = row.map(|cell| cell.replace('|', "\\|"));
        let _written = writeln!(out, "| {} |", row.join(" | "));
    }
    out.push('\n');
}

/// The heading names the kind already.
fn is_kind(key: &Key) -> bool {
    key.name == "kind" && key.about.is_empty()
}

/// The meaning of a key, and of its words.
fn meaning(key: &Key) -> String {
    let mut about = sentence(&key.about);
    if let Shape::Word(words) = &key.shape {
        for word in words.iter().filter(|w| !w.about.is_empty()) {
            let _written = write!(about, " `{}`: {}", word.name, sentence(&word.about));
        }
    }
    about
}

/// What may stand at a place, with links to the tables within.
fn shown(shape: &Shape) -> String {
    match shape {
        Shape::Text { form: Some(form) } if is_quantity(form) => {
            let units = units(form);
            if units == ["%"] {
                "share".to_owned()
            } else {
                format!("quantity ({})", units.join(" or "))
            }
        }
        Shape::Text { form: Some(form) } => shown_form(form),
        Shape::Text { form: None } => "text".to_owned(),
        Shape::Word(words) => {
            words.iter().map(|w| format!("`{}`", w.name)).collect::<Vec<_>>().join(", ")
        }
        Shape::Number => "number".to_owned(),
        Shape::Whole { .. } => "whole number".to_owned(),
        Shape::Flag => "`true`, `false`".to_owned(),
        Shape::List { of, least, most } => match (least, most) {
            (least, Some(most)) if least == most => format!("list of {most}: {}", shown(of)),
            _ => format!("list: {}", shown(of)),
        },
        Shape::Map(of) => format!("table by name: {}", shown(of)),
        Shape::Table(keys) => {
            let name = readable(&keys.name);
            format!("[{name}](#{})", name.replace(' ', "-"))
        }
        Shape::Kinds(_) => "table".to_owned(),
        Shape::Either(shapes) => shapes.iter().map(shown).collect::<Vec<_>>().join(" or "),
    }
}

/// The tables within a shape, by what they are called on the page.
fn collect<'a>(shape: &'a Shape, into: &mut BTreeMap<String, &'a Keys>) {
    match shape {
        Shape::List { of, .. } | Shape::Map(of) => match &**of {
            Shape::Table(keys) if is_section(keys) => inside(keys, into),
            of => collect(of, into),
        },
        Shape::Table(keys) if is_section(keys) => inside(keys, into),
        Shape::Table(keys) => {
            into.insert(readable(&keys.name), keys);
            inside(keys, into);
        }
        Shape::Kinds(kinds) => kinds.iter().for_each(|(_, keys)| inside(keys, into)),
        Shape::Either(shapes) => shapes.iter().for_each(|shape| collect(shape, into)),
        _ => {}
    }
}

fn inside<'a>(keys: &'a Keys, into: &mut BTreeMap<String, &'a Keys>) {
    keys.keys.iter().for_each(|key| collect(&key.shape, into));
}

/// The tables that have a section of the page of their own.
fn is_section(keys: &Keys) -> bool {
    ["", "Heading", "Data", "ModelUse"].contains(&keys.name.as_str())
}

/// `DoseEntry` as a heading: `dose`.
fn readable(name: &str) -> String {
    let name =
        ["Spec", "Entry", "Key"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

fn sentence(text: &str) -> String {
    text.trim().to_owned()
}
