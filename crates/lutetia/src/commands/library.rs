//! `lutetia models`.

use std::{collections::BTreeMap, path::Path};

use clap::Args;
use lutetia_diagnostic::Diagnostic;
use lutetia_models::{Bundled, MODELS};
use lutetia_scenario::nearest;
use lutetia_table::Table;
use serde_json::json;

use super::{models, table};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia models
  lutetia models psma
  lutetia models psma/tumour-kidney > my-model.toml
  lutetia models --page psma/tumour-kidney

A name of this list can be given wherever a model file is named: `lutetia explain
psma/tumour-kidney`. A file of that name in the current folder, or in its `models/`, is preferred.";

/// Arguments of `models`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Print the text of this model, or list this family alone.
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Print a page about the model instead of its text: what it is for, how far it is trusted, what its numbers rest on.
    #[arg(long, requires = "name")]
    page: bool,
}

/// Lists the bundled models, or prints one.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let Some(name) = &arguments.name else {
        return table::print(&list(MODELS.iter()), terminal);
    };
    if let Some(model) = lutetia_models::find(name) {
        if arguments.page {
            return page(model, terminal);
        }
        if terminal.json() {
            return terminal.data_json(&json!({ "name": model.name(), "text": model.text }));
        }
        return terminal.data(model.text);
    }
    let family = lutetia_models::plain(name.trim_end_matches('/'));
    let of_family = list(MODELS.iter().filter(|model| family_of(model) == family));
    if !of_family.rows.is_empty() {
        return table::print(&of_family, terminal);
    }
    let message = format!("there is no bundled model or family `{name}`");
    let hint = nearest(name).map_or_else(
        || "`lutetia models` lists those there are".to_owned(),
        |near| format!("did you mean `{near}`?"),
    );
    Err(Failure::new(Exit::NoInput, Diagnostic::error("LUT8040", message).hint(hint)))
}

fn family_of(model: &Bundled) -> &'static str {
    model.path.split_once('/').map_or("", |(family, _)| family)
}

/// Names, titles, what each is for, and how far it can be trusted.
fn list<'a>(models: impl Iterator<Item = &'a Bundled>) -> Table {
    let columns = ["name", "title", "target", "disease", "nuclides", "validity", "numbers"];
    let table = Table::new("models", "Bundled models");
    let mut table = columns.into_iter().fold(table, |table, column| table.column(column, ""));
    for model in models {
        let scope = lutetia_models::scope(model.name());
        let heading = Heading::of(model.text);
        table.push(vec![
            model.name().into(),
            heading.title.into(),
            scope.target.into(),
            scope.disease.into(),
            scope.nuclides.into(),
            heading.validity.into(),
            heading.grades.into(),
        ]);
    }
    table
}

/// What a file says of itself.
#[derive(Debug, Default)]
struct Heading {
    title: String,
    /// Its `status`; empty where it says none.
    validity: String,
    /// How many of its own numbers rest on what: `12 sourced, 3 assumed`.
    grades: String,
}

impl Heading {
    fn of(text: &str) -> Self {
        let Ok(file) = text.parse::<toml::Table>() else { return Self::default() };
        let heading = file.get("model").or_else(|| file.get("chain"));
        let word = |key: &str| {
            let word = heading.and_then(|heading| heading.get(key)?.as_str());
            word.unwrap_or_default().to_owned()
        };
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let own = file.get("parameters").or_else(|| file.get("set"));
        for entry in own.and_then(toml::Value::as_table).into_iter().flatten() {
            if let Some(grade) = grade(entry.1) {
                *counts.entry(grade).or_default() += 1;
            }
        }
        let grades: Vec<String> =
            counts.iter().map(|(grade, count)| format!("{count} {grade}")).collect();
        Self { title: word("title"), validity: word("status"), grades: grades.join(", ") }
    }
}

/// What a number rests on: the word of its `evidence`, else whether it has a source. A formula rests on what is in it.
fn grade(entry: &toml::Value) -> Option<String> {
    let field = |key: &str| entry.get(key).and_then(toml::Value::as_str);
    let value = entry.get("value").unwrap_or(entry);
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if value.as_str().is_some_and(|text| !is_number(text)) {
        return None;
    }
    let assumed = |source: &str| source.trim().to_lowercase().starts_with("assumed");
    Some(match (field("evidence"), field("source")) {
        (Some(evidence), _) => evidence.to_owned(),
        (None, Some(source)) if !assumed(source) => "sourced".to_owned(),
        _ => "assumed".to_owned(),
    })
}

/// Everything a reader wants to know before he runs a model.
fn page(model: &'static Bundled, terminal: &Terminal) -> Outcome {
    let checked = models::load(Path::new(model.path), terminal)?;
    let e = lutetia_model::explain(&checked);
    let scope = lutetia_models::scope(model.name());
    let heading = Heading::of(model.text);
    if terminal.json() {
        return terminal.data_json(&json!({
            "name": model.name(),
            "title": e.title,
            "target": scope.target,
            "disease": scope.disease,
            "nuclides": scope.nuclides,
            "validity": heading.validity,
            "numbers": heading.grades,
            "reference": e.reference,
            "about": e.about,
            "states": e.states.len(),
            "assumed": e.assumed,
            "outputs": e.outputs.iter().map(|o| &o.name).collect::<Vec<_>>(),
        }));
    }
    let mut out = format!("# {}\n\n{}\n\n", model.name(), e.title);
    let mut line = |what: &str, text: &str| {
        if !text.is_empty() {
            out.push_str(&format!("- {what}: {text}\n"));
        }
    };
    line("target", scope.target);
    line("disease", scope.disease);
    line("nuclides", scope.nuclides);
    line("validity", if heading.validity.is_empty() { "not stated" } else { &heading.validity });
    line("numbers", &heading.grades);
    line("reference", e.reference.as_deref().unwrap_or_default());
    for label in &e.labels {
        line("label", label);
    }
    for part in e.chain.iter().flat_map(|chain| &chain.parts) {
        line("part", &format!("{} is {}", part.alias, part.model));
    }
    line("states", &e.states.len().to_string());
    let given = |rows: &[lutetia_model::explain::GivenRow]| {
        let one = |row: &lutetia_model::explain::GivenRow| format!("{} ({})", row.name, row.unit);
        rows.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    line("covariates", &given(&e.covariates));
    line("inputs", &given(&e.inputs));
    let outputs: Vec<String> =
        e.outputs.iter().map(|o| format!("{} ({})", o.name, o.unit)).collect();
    line("outputs", &outputs.join(", "));
    line("assumed without source", &e.assumed.join(", "));
    if let Some(about) = &e.about {
        out.push_str(&format!("\n{about}\n"));
    }
    terminal.data(&out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_every_bundled_model_has_a_title() {
        for model in MODELS {
            assert!(!Heading::of(model.text).title.is_empty(), "{}", model.path);
        }
    }
}
