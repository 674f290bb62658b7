//! `lutetia data`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use lutetia_data::Study;
use lutetia_diagnostic::{has_errors, render_json};
use serde_json::{Value, json};

use super::studies;
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::{Terminal, count},
};

const EXAMPLE: &str = "\
Example:
  lutetia data check data/studies/snmmi_patient4";

/// The examples, and what a study is.
fn help() -> String {
    format!(
        "{EXAMPLE}

A study is a folder of four files. Commas, semicolons or tabs separate cells; a unit stands in
the header.
{}  README.md     where the data come from, and under which licence
Times of all cycles count from the start of the first injection; time_after_injection from that
of the cycle. `<12.3` is a value below detection. Columns go by other names, too: Patient, ROI,
Activity_MBq, hours p.i. … `lutetia schema study --page` says what each column means, and
`lutetia new study NAME` writes a folder to be filled.

Warnings name what can be read and is hardly what was meant, with the likely slip: masses far
from those of the reference adults, sums above what was injected, times in another unit, names
that differ only in case.",
        lutetia_data::study_summary()
    )
}

/// Arguments of `data`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Check study folders and report every fault by file, line and column.
    #[command(after_help = help())]
    Check(Check),
}

#[derive(Debug, Args)]
struct Check {
    /// Study folders with subjects.csv, doses.csv, activity.csv and README.md.
    #[arg(required = true, value_name = "FOLDER")]
    folders: Vec<PathBuf>,

    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
}

/// Checks every study and fails when one has a fault.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let What::Check(check) = &arguments.what;
    let mut rows = Vec::new();
    let mut bad = 0;
    for folder in &check.folders {
        // The reader of studies speaks of what is in the folder; that there is one is ours to say.
        studies::check_folder(folder)?;
        let (study, diagnostics, sources) = Study::read(folder);
        let faulty = has_errors(&diagnostics) || (check.strict && !diagnostics.is_empty());
        bad += usize::from(faulty);
        let name = folder.display().to_string();
        if terminal.json() {
            let diagnostics: Value =
                serde_json::from_str(&render_json(&diagnostics, &sources)).unwrap_or(Value::Null);
            let read_as: Vec<Value> = (study.iter().flat_map(Study::read_as))
                .map(|c| json!({ "file": c.file, "typed": c.typed, "column": c.column }))
                .collect();
            rows.push(json!({ "study": name, "ok": !faulty, "read_as": read_as, "diagnostics": diagnostics }));
            continue;
        }
        terminal.diagnostics(&diagnostics, &sources);
        if let (false, Some(study)) = (faulty, &study) {
            studies::say_understood(study, terminal);
            terminal.data(&format!("{name}: ok ({})", contents(study)))?;
        }
    }
    if terminal.json() {
        terminal.data_json(&Value::Array(rows))?;
    }
    if bad == 0 {
        return Ok(());
    }
    terminal.talk(&format!("faults in {bad} of {} named", count(check.folders.len(), "folder")));
    Err(Failure::shown(Exit::Data))
}

/// How much a study holds.
pub(crate) fn contents(study: &Study) -> String {
    format!(
        "{}, {}, {}",
        count(study.subjects().len(), "subject"),
        count(study.doses().len(), "dose"),
        count(study.measurement_count(), "measurement"),
    )
}
