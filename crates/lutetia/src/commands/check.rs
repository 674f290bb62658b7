//! `lutetia check`.

use std::path::{Path, PathBuf};

use clap::Args;
use lutetia_data::Study;
use lutetia_diagnostic::{Diagnostic, Sources, has_errors, render_json};
use lutetia_model::SourceFile;
use serde_json::{Value, json};

use super::{data, experiments, models, studies};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files,
    terminal::{Terminal, count},
};

const EXAMPLE: &str = "\
Example:
  lutetia check models/
  lutetia check --json models/sstr2/dotatate-small.toml
  lutetia check reports/02_hot_and_cold/experiment.toml
  lutetia check data/studies/snmmi_patient4";

/// Arguments of `check`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Model and experiment files, folders of them, or names of bundled models such as `psma/tumour-kidney`. An
    /// experiment is checked with the models and data that it names, and nothing is run. A folder with one of the tables
    /// of a study is checked as a study, as `lutetia data check` does.
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
    let (studies, others): (Vec<PathBuf>, Vec<PathBuf>) =
        arguments.files.iter().cloned().partition(|path| path.is_dir() && studies::is_study(path));
    let mut files = files::model_files(&others)?;
    files.extend(studies);
    for path in &files {
        let Judged { file, ok, diagnostics, sources } = judged(path, terminal)?;
        let faulty = has_errors(&diagnostics) || (arguments.strict && !diagnostics.is_empty());
        bad += usize::from(faulty);
        if terminal.json() {
            let diagnostics: Value =
                serde_json::from_str(&render_json(&diagnostics, &sources)).unwrap_or(Value::Null);
            rows.push(json!({ "file": file, "ok": !faulty, "diagnostics": diagnostics }));
            continue;
        }
        terminal.diagnostics(&diagnostics, &sources);
        if let (false, Some(ok)) = (faulty, ok) {
            terminal.data(&format!("{file}: ok ({ok})"))?;
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

/// A file and what was found in it.
struct Judged {
    file: String,
    /// What it holds, where it can be used.
    ok: Option<String>,
    diagnostics: Vec<Diagnostic>,
    sources: Sources,
}

fn judged(path: &Path, terminal: &Terminal) -> Outcome<Judged> {
    if path.is_dir() {
        let (study, diagnostics, sources) = Study::read(path);
        if let Some(study) = &study {
            studies::say_understood(study, terminal);
        }
        let ok = study.as_ref().map(data::contents);
        return Ok(Judged { file: path.display().to_string(), ok, diagnostics, sources });
    }
    if experiments::is_experiment(path) {
        let checked = experiments::check(path)?;
        let ok = checked.experiment.map(|e| {
            format!("{}, {}", count(e.steps.len(), "step"), count(e.figures.len(), "figure"))
        });
        let (diagnostics, sources) = (checked.diagnostics, checked.sources);
        return Ok(Judged { file: path.display().to_string(), ok, diagnostics, sources });
    }
    // What models share is a file beside the families of models.
    let shared = path == Path::new(lutetia_models::PORTS_PATH);
    if shared || path.file_name().is_some_and(|name| name == "ports.toml") && path.is_file() {
        let file = path.display().to_string();
        let text = if shared { models::ports()?.0 } else { files::read_text(path)? };
        let source = SourceFile { name: file.clone(), text };
        let (ports, diagnostics, sources) = lutetia_model::ports(&source);
        let ok = Some(count(ports.list.len(), "port"));
        return Ok(Judged { file, ok, diagnostics, sources });
    }
    let (file, checked) = models::check(path, terminal)?;
    let ok = checked.model.map(|model| {
        format!(
            "{}: {}, {}, {}",
            model.id,
            count(model.pools.len() + model.quantities.len(), "pool"),
            count(model.parameters.len(), "parameter"),
            count(model.outputs.len(), "output"),
        )
    });
    Ok(Judged { file, ok, diagnostics: checked.diagnostics, sources: checked.sources })
}
