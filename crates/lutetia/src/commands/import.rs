//! `lutetia import`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use lutetia_data::Study;
use lutetia_diagnostic::{Diagnostic, has_errors};
use lutetia_exchange::{
    OlindaCase, PyTheranosticsTable, read_olinda_case, read_pytheranostics_json,
    read_pytheranostics_table,
};
use lutetia_table::{Cell, Table};
use lutetia_units::{Dimension, Unit};

use super::{output, quantity::parse_quantity, table::print};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files::read_text,
    terminal::{Terminal, count},
};

const PYTHERANOSTICS: &str = "\
Example:
  lutetia import pytheranostics patient7.json --out data/studies/patient7
  lutetia import pytheranostics results.csv --subject P7 --nuclide Lu-177 --cycle 2 \\
    --out data/studies/p7_2

A study needs times and activities of every region, and volumes for doses; what a file lacks is
said.";

const OLINDA: &str = "\
Example:
  lutetia import olinda patient7.cas
  lutetia import olinda patient7.cas --activity \"7.4 GBq\"

A case file holds time-integrated activity coefficients, phantom and masses. It lacks times,
activities and volumes of the patient, so that it makes no study folder: its kinetics are
printed as a table.";

/// Arguments of `import`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a study folder of results of PyTheranostics: the JSON of a patient, or the CSV of one cycle.
    #[command(after_help = PYTHERANOSTICS)]
    Pytheranostics(PyTheranostics),
    /// Print the kinetics of an OLINDA/EXM 2 case file.
    #[command(after_help = OLINDA)]
    Olinda(Olinda),
}

#[derive(Debug, Args)]
struct PyTheranostics {
    /// The file: `.json`, or `.csv` of the table of results.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Study folder to make.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Name of the patient, for a CSV. That of the file without it.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,

    /// Nuclide, for a CSV.
    #[arg(long, value_name = "NUCLIDE")]
    nuclide: Option<String>,

    /// Treatment cycle, for a CSV.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    cycle: u16,

    /// Injected activity, for a CSV. Without it, the ratio of its two integrals.
    #[arg(long, value_name = "ACTIVITY")]
    activity: Option<String>,
}

#[derive(Debug, Args)]
struct Olinda {
    /// The case file.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Administered activity, to print time-integrated activities as well.
    #[arg(long, value_name = "ACTIVITY")]
    activity: Option<String>,
}

/// Reads a file of another program.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    match &arguments.what {
        What::Pytheranostics(asked) => pytheranostics(asked, terminal),
        What::Olinda(asked) => olinda(asked, terminal),
    }
}

fn activity_mbq(text: Option<&str>) -> Outcome<Option<f64>> {
    let Some(text) = text else { return Ok(None) };
    let quantity = parse_quantity("`--activity`", text, Dimension::ACTIVITY, "7.4 GBq")?;
    let mbq = Unit::parse("MBq").and_then(|unit| quantity.to(&unit));
    match mbq.map_err(|e| Failure::usage(e.to_string(), "write it as `7.4 GBq`"))? {
        mbq if mbq > 0.0 => Ok(Some(mbq)),
        _ => Err(Failure::usage(format!("`--activity {text}` is not above 0"), "leave it out")),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn pytheranostics(asked: &PyTheranostics, terminal: &Terminal) -> Outcome {
    let injected_mbq = activity_mbq(asked.activity.as_deref())?;
    let text = read_text(&asked.file)?;
    let name = file_name(&asked.file);
    let json = asked.file.extension().is_some_and(|e| e.eq_ignore_ascii_case("json"))
        || text.trim_start().starts_with('{');
    let (files, diagnostics, sources) = if json {
        read_pytheranostics_json(&name, &text)
    } else {
        let nuclide = asked.nuclide.clone().ok_or_else(|| {
            Failure::usage(
                format!("`{name}` is a table and does not say which nuclide was measured"),
                "name it with `--nuclide Lu-177`",
            )
        })?;
        let stem = asked.file.file_stem().map(|s| s.to_string_lossy().into_owned());
        let more = PyTheranosticsTable {
            subject: asked.subject.clone().or(stem).unwrap_or_default(),
            nuclide,
            cycle: asked.cycle,
            injected_mbq,
        };
        read_pytheranostics_table(&name, &text, &more)
    };
    terminal.diagnostics(&diagnostics, &sources);
    let Some(files) = files else { return Err(Failure::shown(Exit::Data)) };
    // What has been read must be a study before it is written as one.
    let study_name = file_name(&asked.out);
    let (study, diagnostics, sources) = Study::parse(&study_name, &files.as_input());
    terminal.diagnostics(&diagnostics, &sources);
    let (Some(study), false) = (study, has_errors(&diagnostics)) else {
        return Err(Failure::new(
            Exit::Data,
            Diagnostic::error("LUT8022", format!("`{name}` makes no study; nothing is written"))
                .hint("the faults above are those of the tables it would become"),
        ));
    };
    let bytes = files
        .files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.clone().into_bytes()))
        .collect();
    output::new_folder(&asked.out, &bytes, "choose another folder with `--out`")?;
    let regions: usize = study
        .subjects()
        .iter()
        .flat_map(|s| study.cycles(&s.id).into_iter().map(|c| study.regions(&s.id, c).len()))
        .sum();
    terminal.talk(&format!(
        "note: `{}` holds {} and {} of regions; `lutetia dose {}` computes doses",
        asked.out.display(),
        count(study.doses().len(), "cycle"),
        count(regions, "curve"),
        asked.out.display()
    ));
    Ok(())
}

fn olinda(asked: &Olinda, terminal: &Terminal) -> Outcome {
    let injected_mbq = activity_mbq(asked.activity.as_deref())?;
    let text = read_text(&asked.file)?;
    let (case, diagnostics, sources) = read_olinda_case(&file_name(&asked.file), &text);
    terminal.diagnostics(&diagnostics, &sources);
    let Some(case) = case else { return Err(Failure::shown(Exit::Data)) };
    let table = kinetics(&case, injected_mbq);
    if table.rows.is_empty() {
        terminal.talk("note: all kinetics of this case are zero");
    }
    print(&table, terminal)
}

/// Source organs with kinetics.
fn kinetics(case: &OlindaCase, injected_mbq: Option<f64>) -> Table {
    let mut table = Table::new("kinetics", "Kinetics of an OLINDA case")
        .column("nuclide", "")
        .column("phantom", "")
        .column("organ", "")
        .column("phantom_mass", "g")
        .column("target_mass", "g")
        .column("tia_coefficient", "h");
    if injected_mbq.is_some() {
        table = table.column("tia", "MBq h");
    }
    for model in &case.models {
        for source in model.sources.iter().filter(|s| s.tiac_h > 0.0) {
            let target = model.targets.iter().find(|t| t.0 == source.organ).map(|t| t.1);
            let mut row: Vec<Cell> = vec![
                case.nuclides.join(" + ").into(),
                model.name.as_str().into(),
                source.organ.as_str().into(),
                source.mass_g.into(),
                target.into(),
                source.tiac_h.into(),
            ];
            row.extend(injected_mbq.map(|mbq| Cell::from(mbq * source.tiac_h)));
            table.push(row);
        }
    }
    table
}
