//! Choosing a patient, a cycle and regions of a study.

use std::path::Path;

use lutetia_data::Study;
use lutetia_diagnostic::{Diagnostic, closest, has_errors};

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// Refuses what is not a folder that can be read.
pub(crate) fn check_folder(folder: &Path) -> Outcome {
    if folder.is_file() {
        let parent = folder.parent().filter(|p| !p.as_os_str().is_empty());
        let parent = parent.unwrap_or(Path::new("."));
        let hint = if is_study(parent) {
            format!("give the folder that holds it: `{}`", parent.display())
        } else {
            "a study is a folder of three tables: `lutetia new study NAME` writes one to be filled"
                .to_owned()
        };
        let message = format!("`{}` is a file, expected the folder of a study", folder.display());
        return Err(Failure::new(Exit::NoInput, Diagnostic::error("LUT8002", message).hint(hint)));
    }
    std::fs::read_dir(folder).map(|_| ()).map_err(|error| Failure::reading(folder, &error))
}

/// Reads a study that must be right: faults and warnings are shown, and faults end the run.
pub(crate) fn load(folder: &Path, terminal: &Terminal) -> Outcome<Study> {
    load_with_warnings(folder, terminal).map(|found| found.0)
}

/// The same, with what the warnings say.
pub(crate) fn load_with_warnings(
    folder: &Path,
    terminal: &Terminal,
) -> Outcome<(Study, Vec<String>)> {
    check_folder(folder)?;
    let (study, diagnostics, sources) = Study::read(folder);
    terminal.diagnostics(&diagnostics, &sources);
    match study {
        Some(study) if !has_errors(&diagnostics) => {
            say_understood(&study, terminal);
            Ok((study, diagnostics.into_iter().map(|d| d.message).collect()))
        }
        _ => Err(Failure::shown(Exit::Data)),
    }
}

/// Says which columns were read under other names than their own.
pub(crate) fn say_understood(study: &Study, terminal: &Terminal) {
    if let Some(understood) = study.understood() {
        terminal.talk(&understood);
    }
}

/// Whether a folder holds a study: one of its tables.
pub(crate) fn is_study(folder: &Path) -> bool {
    ["activity.csv", "doses.csv", "subjects.csv"].iter().any(|file| folder.join(file).is_file())
}

/// The subject asked for, or the only one.
pub(crate) fn subject(study: &Study, asked: Option<&str>) -> Outcome<String> {
    let names: Vec<&str> = study.subjects().iter().map(|s| s.id.as_str()).collect();
    match (asked, names.as_slice()) {
        (Some(name), _) if names.contains(&name) => Ok(name.to_owned()),
        (Some(name), _) => Err(missing("subject", name, study.name(), &names)),
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(Failure::usage(
            format!("study `{}` has {} subjects: {}", study.name(), names.len(), names.join(", ")),
            "choose one with `--subject NAME`",
        )),
    }
}

/// The regions asked for, or all that were measured.
pub(crate) fn regions(
    study: &Study,
    subject: &str,
    cycle: u16,
    asked: &[String],
) -> Outcome<Vec<String>> {
    let known = study.regions(subject, cycle);
    if known.is_empty() {
        let cycles: Vec<String> = study.cycles(subject).iter().map(u16::to_string).collect();
        let message = format!(
            "subject `{subject}` has no measurement in cycle {cycle}; it has doses in cycle {}",
            cycles.join(", ")
        );
        return Err(Failure::new(
            Exit::Data,
            Diagnostic::error("LUT8012", message).hint("choose a cycle with `--cycle N`"),
        ));
    }
    if let Some(unknown) = asked.iter().find(|region| !known.contains(&region.as_str())) {
        return Err(missing("region", unknown, study.name(), &known));
    }
    Ok(if asked.is_empty() {
        known.into_iter().map(str::to_owned).collect()
    } else {
        asked.to_vec()
    })
}

fn missing(what: &str, name: &str, study: &str, known: &[&str]) -> Failure {
    let hint = closest(name, known.iter().copied()).map_or_else(
        || format!("there are: {}", known.join(", ")),
        |near| format!("did you mean `{near}`?"),
    );
    Failure::new(
        Exit::Data,
        Diagnostic::error("LUT8013", format!("study `{study}` has no {what} `{name}`")).hint(hint),
    )
}
