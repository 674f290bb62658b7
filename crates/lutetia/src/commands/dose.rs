//! `lutetia dose`.

use std::{
    collections::BTreeMap,
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use lutetia_experiment::world::hash_file;
use lutetia_patient::{
    cycles::{Options, Patient},
    dose::{DoseOptions, DoseWarning, check_regions},
};
use lutetia_report::patient::{Words, files, folder_names, index_page, tables};
use lutetia_report::run;
use lutetia_table::Table;

use super::{
    curves::{ASSUMED_ERROR, Curves, failed},
    dose_asked::Asked,
    measurement::Measurement,
    output,
    patients::{Patients, reference},
    table::print_all,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::{Terminal, count},
};

const EXAMPLE: &str = "\
Example:
  lutetia dose data/studies/snmmi_patient4
  lutetia dose data/studies/snmmi_patient4 --region kidney_left --volume-sd \"5 %\" --reference female
  lutetia dose data/studies/snmmi_patient4 --bed \"kidney_left=2.5 Gy,2.8 h\"
  lutetia dose data/studies/snmmi_patient4 --calibration-sd \"3 %\" --voxel \"4.8 mm\" \\
    --resolution \"12 mm\" --print budget
  lutetia dose data/studies/snmmi_patient4 --volume-sd \"5 %\" --out patient4

Masses, volumes and sex of the patients are those of `subjects.csv`, activities and times those of
`doses.csv`. Measured curves are integrated without a model, so a table of patients would set
nothing. To fit a model with the parameters and covariates of a table, use `lutetia fit --model FILE
--patients TABLE.csv`.

Every patient and cycle of the study is computed, unless `--subject` or `--cycle` chooses. With
`--out`, a page per patient with curves, doses and budget, the tables as CSV, everything as
JSON, and an index. `lutetia schema study --page` says what the tables of a study may hold.";

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Print {
    /// Absorbed doses.
    Doses,
    /// Doses of all cycles together.
    Cumulative,
    /// Integrals and half-lives.
    Integrals,
    /// Every function tried, with its weight.
    Functions,
    /// Relative standard errors and the input that dominates.
    Uncertainty,
    /// What each input adds.
    Budget,
}

impl Print {
    /// Name of the table of a patient.
    fn table(self) -> &'static str {
        match self {
            Self::Doses => "doses",
            Self::Cumulative => "cumulative",
            Self::Integrals => "integrals",
            Self::Functions => "functions",
            Self::Uncertainty => "uncertainty",
            Self::Budget => "budget",
        }
    }
}

/// Arguments of `dose`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    #[command(flatten)]
    curves: Curves,

    /// Reference adult whose organs are scaled to the measured volumes: `female` or `male`. The
    /// `sex` of the subject without it, else male.
    #[arg(long, value_name = "ADULT")]
    reference: Option<String>,

    #[command(flatten)]
    asked: Asked,

    /// A table of patients, which sets nothing here; said where it is tried.
    #[arg(long, value_name = "FILE.csv", hide = true)]
    patients: Option<PathBuf>,

    /// What to print: `doses`, `cumulative` (all cycles together), `integrals`, `functions`,
    /// `uncertainty` or `budget` (what each input adds to it).
    #[arg(
        long,
        value_enum,
        default_value = "doses",
        hide_possible_values = true,
        value_name = "WHAT"
    )]
    print: Print,

    /// Folder to write pages, tables, figures and JSON into.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Write over the files of an earlier run.
    #[arg(long, requires = "out")]
    overwrite: bool,

    #[command(flatten)]
    measurement: Measurement,
}

/// Fits the curves, integrates them, prints the absorbed doses, and writes pages where asked for.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    if arguments.patients.is_some() {
        return Err(Failure::usage(
            "`dose` integrates measured curves and uses no model, so that a table of patients sets nothing",
            "write masses, volumes and sex into `subjects.csv` and doses into `doses.csv` of the study, or fit a model with \
             `lutetia fit --model FILE --patients TABLE.csv`",
        ));
    }
    let options = Options {
        integration: arguments.curves.integration()?,
        dose: DoseOptions {
            chain: Some(arguments.measurement.chain()?),
            ..arguments.asked.options(arguments.measurement.volume_sd())?
        },
        reference: reference(arguments.reference.as_deref())?,
        tissue: None,
        until_h: arguments.curves.until_h()?,
    };
    if let Some(out) = arguments.out.as_deref().filter(|_| !arguments.overwrite) {
        // Before the work, not after it.
        output::must_be_new(out, OVERWRITE)?;
    }
    let found = arguments.curves.patients(&options, false, terminal)?;
    let tias: Vec<_> =
        found.patients.iter().flat_map(|p| &p.cycles).flat_map(|c| c.tias.clone()).collect();
    check_regions(&options.dose, &tias)
        .map_err(|e| Failure::asked(e.code(), &e, "name it as the study does"))?;
    let mut said: Vec<&DoseWarning> = Vec::new();
    for warning in found.patients.iter().flat_map(|p| &p.cycles).flat_map(|c| &c.doses.warnings) {
        if !said.contains(&warning) {
            terminal.talk(&format!("warning: {warning}"));
            said.push(warning);
        }
    }
    remarks(&found.patients, terminal);
    let mut tables = vec![stacked(&found.patients, arguments.print)?];
    if arguments.print == Print::Doses {
        for part in ["marrow", "daughters", "rbe"] {
            tables.extend(part_of(&found.patients, part)?);
        }
    }
    if let Some(out) = &arguments.out {
        write(arguments, &found, out, terminal)?;
    }
    let several = found.patients.iter().any(|p| p.cycles.len() > 1);
    if several && arguments.print == Print::Doses {
        terminal.talk("note: the doses of all cycles together are printed by `--print cumulative`");
    }
    print_all(&tables, terminal)
}

/// Says what stands against the doses: with the subject where there are several.
pub(super) fn remarks(patients: &[Patient], terminal: &Terminal) {
    for patient in patients {
        for remark in patient.remarks() {
            let word = if remark.grave { "warning" } else { "note" };
            match patients.len() {
                0 | 1 => terminal.talk(&format!("{word}: {remark}")),
                _ => terminal.talk(&format!("{word}: {}, {remark}", patient.subject)),
            }
        }
    }
}

/// A table that belongs to the doses, where it was asked for.
fn part_of(patients: &[Patient], part: &str) -> Outcome<Option<Table>> {
    let table = whole(patients, part)?;
    Ok((!table.columns.is_empty()).then(|| Table { name: format!("dose.{part}"), ..table }))
}

/// A table of all patients: the subject in front where there are several, the cycle where one has
/// several.
fn stacked(patients: &[Patient], what: Print) -> Outcome<Table> {
    let name = what.table();
    let mut whole = whole(patients, name)?;
    if what == Print::Doses {
        whole.name = "dose".to_owned();
    }
    if whole.columns.is_empty() {
        let why = match what {
            Print::Cumulative => "no subject has several cycles",
            _ => "integrals without a function have no functions",
        };
        return Err(Failure::usage(
            format!("there is nothing to print for `--print {name}`: {why}"),
            "print another table",
        ));
    }
    Ok(whole)
}

/// The rows of all patients; no columns where nobody has such a table.
fn whole(patients: &[Patient], name: &str) -> Outcome<Table> {
    let mut whole = Table::new(name, "");
    for patient in patients {
        let tables = tables(patient).map_err(|e| failed(&e))?;
        let Some(table) = tables.get(name) else { continue };
        if patients.len() > 1 {
            whole.append(&["subject"], &[patient.subject.as_str().into()], table);
        } else {
            whole.append(&[], &[], table);
        }
    }
    let first = patients.first().and_then(|p| p.cycles.first()).map(|c| c.number);
    let one =
        patients.iter().all(|p| p.cycles.len() <= 1 && p.cycles.first().map(|c| c.number) == first);
    if one {
        let names: Vec<&str> =
            whole.columns.iter().map(|c| c.name.as_str()).filter(|n| *n != "cycle").collect();
        return Ok(whole.only(&names));
    }
    Ok(whole)
}

const OVERWRITE: &str = "choose another folder, or add `--overwrite`";

/// A folder per patient, and the index.
fn write(arguments: &Arguments, found: &Patients, out: &Path, terminal: &Terminal) -> Outcome {
    let how = words(arguments, found);
    let subjects: Vec<&str> = found.patients.iter().map(|p| p.subject.as_str()).collect();
    let folders = folder_names(&subjects);
    let page = |error: &dyn Display| Failure::of(Exit::Data, "LUT8016", &error);
    let fault = |failure: run::Failure| match &failure {
        run::Failure::Experiment(own) => match own.code() {
            Some(code) => Failure::of(Exit::Data, code, own),
            None => page(own),
        },
        other => page(other),
    };
    let mut written = BTreeMap::new();
    for (folder, patient) in folders.iter().zip(&found.patients) {
        for (path, bytes) in files(patient, &how).map_err(fault)? {
            written.insert(format!("{folder}/{path}"), bytes);
        }
    }
    let listed: Vec<(String, &Patient)> = folders.iter().cloned().zip(&found.patients).collect();
    let index = index_page(&how.study, &listed).map_err(|e| page(&e))?;
    written.insert("index.html".to_owned(), index.into_bytes());
    if arguments.overwrite && out.is_dir() {
        output::over_folder(out, &written, &earlier(out, &folders))?;
    } else {
        output::new_folder(out, &written, OVERWRITE)?;
    }
    terminal.talk(&format!(
        "note: {} in `{}`; open `{}`",
        count(found.patients.len(), "page"),
        out.display(),
        out.join("index.html").display()
    ));
    Ok(())
}

/// Tables and figures that an earlier run wrote for these patients.
fn earlier(out: &Path, folders: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for folder in folders {
        let ours = fs::read_to_string(out.join(folder).join("results.json"))
            .ok()
            .and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok())
            .is_some_and(|value| value.get("lutetia").is_some());
        if !ours {
            continue;
        }
        for part in ["tables", "figures"] {
            let entries = fs::read_dir(out.join(folder).join(part)).into_iter().flatten().flatten();
            for entry in entries {
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.path().is_file() && (name.ends_with(".csv") || name.ends_with(".svg")) {
                    found.push(format!("{folder}/{part}/{name}"));
                }
            }
        }
    }
    found
}

/// What the pages say of how they were made.
fn words(arguments: &Arguments, found: &Patients) -> Words {
    let mut settings: BTreeMap<String, String> = arguments
        .measurement
        .settings()
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text))
        .collect();
    let mut say = |name: &str, text: String| settings.insert(name.to_owned(), text);
    match arguments.curves.error() {
        Some(error) => {
            say("error where the table has no standard deviation", error.to_owned());
        }
        None if !found.assumed.is_empty() => {
            say(
                "assumed error, as the table has no standard deviation",
                format!("{ASSUMED_ERROR} ({})", found.assumed.join(", ")),
            );
        }
        None => {}
    }
    if arguments.measurement.settings().is_empty() {
        say(
            "not in the standard errors",
            "calibration, recovery, volume and dose factor".to_owned(),
        );
    }
    say(
        "reference adult",
        arguments
            .reference
            .clone()
            .unwrap_or_else(|| "by the sex of the subject, else male".to_owned()),
    );
    settings.extend(arguments.asked.settings());
    let inputs = ["subjects.csv", "doses.csv", "activity.csv"]
        .into_iter()
        .filter_map(|name| {
            Some((name.to_owned(), hash_file(&arguments.curves.folder().join(name)).ok()?))
        })
        .collect();
    Words {
        study: found.study.name().to_owned(),
        settings,
        inputs,
        warnings: found.warnings.clone(),
    }
}
