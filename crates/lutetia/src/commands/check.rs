//! `lutetia check`.

use std::path::PathBuf;

use clap::Args;
use lutetia_diagnostic::{has_errors, render_json};
use serde_json::{Value, json};

use super::models;
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files,
    terminal::{Terminal, count},
};

const EXAMPLE: &str = "\
Example:
  lutetia check models/
  lutetia check --json models/sstr2/dotatate-small.toml";

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Model files, folders of them, or names of bundled models such as `psma/tumour-kidney`.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
}

/// Checks every file, shows every fault, and fails when there was one.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let mut rows = Vec::new();
    let mut bad = 0;
    let files = files::model_files(&arguments.files)?;
    for path in &files {
        let (file, checked) = models::check(path, terminal)?;
        let faulty = has_errors(&checked.diagnostics)
            || (arguments.strict && !checked.diagnostics.is_empty());
        bad += usize::from(faulty);
        if terminal.json() {
            let diagnostics: Value =
                serde_json::from_str(&render_json(&checked.diagnostics, &checked.sources))
                    .unwrap_or(Value::Null);
            rows.push(json!({ "file": file, "ok": !faulty, "diagnostics": diagnostics }));
            continue;
        }
        terminal.diagnostics(&checked.diagnostics, &checked.sources);
        if let (false, Some(model)) = (faulty, &checked.model) {
            terminal.data(&format!(
                "{file}: ok ({}: {}, {}, {})",
                model.id,
                count(model.pools.len() + model.quantities.len(), "pool"),
                count(model.parameters.len(), "parameter"),
                count(model.outputs.len(), "output"),
            ))?;
        }
    }
    if terminal.json() {
        terminal.data_json(&Value::Array(rows))?;
    }
    if bad == 0 {
        return Ok(());
    }
    terminal.talk(&format!("faults in {bad} of {}", count(files.len(), "file")));
    Err(Failure::shown(Exit::Data))
}
