//! Experiment files among the files of `check` and `explain`.

use std::path::{Path, PathBuf};

use lutetia_diagnostic::has_errors;
use lutetia_experiment::{Checked, Disk, Keep, Plan, Reading, cache::stands};
use lutetia_report::{cache::Folder, run::program, steps::Steps};
use serde_json::Value;

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files,
    terminal::Terminal,
};

/// Whether a file is an experiment, by its name or by its first table.
pub(crate) fn is_experiment(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| name == "experiment.toml") {
        return path.is_file();
    }
    path.extension().is_some_and(|e| e == "toml")
        && path.is_file()
        && std::fs::read_to_string(path)
            .is_ok_and(|text| text.lines().any(|line| line.trim() == "[experiment]"))
}

/// Checks an experiment with the models and data that it names.
pub(crate) fn check(path: &Path) -> Outcome<Checked> {
    let text = files::read_text(path)?;
    let world = Disk::new(root(path));
    Ok(lutetia_experiment::check(&path.display().to_string(), &text, &world))
}

/// Where the paths of an experiment begin: the folder that holds its `reports/`, or else the current one.
fn root(path: &Path) -> PathBuf {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let reports = whole.ancestors().find(|folder| folder.ends_with("reports"));
    reports.and_then(Path::parent).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Prints what an experiment will do; its faults are shown, and there is no plan of a faulty one.
pub(crate) fn explain(path: &Path, terminal: &Terminal) -> Outcome {
    let checked = check(path)?;
    terminal.diagnostics(&checked.diagnostics, &checked.sources);
    let faulty = has_errors(&checked.diagnostics);
    let Some(experiment) = checked.experiment.filter(|_| !faulty) else {
        return Err(Failure::shown(Exit::Data));
    };
    let mut plan = Plan::of(&experiment);
    let root = root(path);
    let (cache, program) = (Folder::of(&root), program());
    let repository = Steps::of(path.parent().unwrap_or(Path::new("")));
    let keep = Keep { cache: &cache, program: &program, repository: &repository };
    let disk = Disk::new(&root);
    // What cannot be read was found by the check, or will be said by the run; the plan stands without it.
    let mut reading = Reading::of(&disk);
    if let Ok(stands) = stands(&experiment, &mut reading, &keep) {
        plan = plan.standing(&stands).reading(reading.hashes().keys());
    }
    for note in reading.notes() {
        terminal.talk(&format!("note: {note}"));
    }
    if terminal.json() {
        // Texts, numbers and lists can always be written.
        return terminal.data_json(&serde_json::to_value(&plan).unwrap_or(Value::Null));
    }
    terminal.data(&plan.to_string())
}
