//! `lutetia models`.

use clap::Args;
use lutetia_diagnostic::Diagnostic;
use lutetia_models::{Bundled, MODELS};
use lutetia_scenario::nearest;
use lutetia_table::Table;
use serde_json::json;

use super::table;
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

A name of this list can be given wherever a model file is named: `lutetia explain
psma/tumour-kidney`. A file of that name in the current folder, or in its `models/`, is preferred.";

/// Arguments of `models`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Print the text of this model, or list this family alone.
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Lists the bundled models, or prints one.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let Some(name) = &arguments.name else {
        return table::print(&list(MODELS.iter()), terminal);
    };
    if let Some(model) = lutetia_models::find(name) {
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

/// Names and titles.
fn list<'a>(models: impl Iterator<Item = &'a Bundled>) -> Table {
    let mut table = Table::new("models", "Bundled models").column("name", "").column("title", "");
    for model in models {
        table.push(vec![model.name().into(), title(model.text).into()]);
    }
    table
}

/// The title that a model gives itself; every bundled one does, which a test holds.
fn title(text: &str) -> String {
    let read = text.parse::<toml::Table>().ok();
    let heading = read.as_ref().and_then(|file| file.get("model").or_else(|| file.get("chain")));
    let title = heading.and_then(|heading| heading.get("title")?.as_str());
    title.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_every_bundled_model_has_a_title() {
        for model in MODELS {
            assert!(!title(model.text).is_empty(), "{}", model.path);
        }
    }
}
