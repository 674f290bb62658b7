//! `lutetia fit-map`.

use std::{
    fs::File,
    io::{BufReader, BufWriter, Write},
    path::PathBuf,
};

use clap::Args;
use lutetia_diagnostic::Diagnostic;
use lutetia_fit::ErrorModel;
use lutetia_patient::{
    curves::{error_model, functions},
    map::{MapError, MapSpec, MapSummary, run as map},
};
use lutetia_report::AtomicFile;
use lutetia_units::{Quantity, Unit};

use super::curves::wrong;
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    interrupt,
    terminal::{Terminal, count},
};

const EXAMPLE: &str = "\
The column `status` gives the verdicts of `lutetia fit`: `ok`, a function that misses the data
(its SD is widened), a parameter at its bound, a row that rises at its end or falls slower than
the nuclide decays.

Example:
  lutetia fit-map voxels.csv --nuclide Lu-177 --activity \"a4=4 h\" --activity \"a24=24 h\" \\
    --activity \"a96=96 h\" --function mono --error \"proportional 10 %\" --out integrals.csv";

/// Arguments of `fit-map`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Table with a row per curve (a voxel) and a column per measured time.
    #[arg(value_name = "TABLE")]
    table: PathBuf,

    /// Column of activities and its time after the injection: `a24=24 h`. Once for each time.
    #[arg(long = "activity", value_name = "COLUMN=TIME", required = true)]
    activities: Vec<String>,

    /// Column of standard deviations, once for each `--activity` and in that order.
    #[arg(long = "sd", value_name = "COLUMN", conflicts_with = "error")]
    sd: Vec<String>,

    /// Nuclide of the activities, which are not decay-corrected.
    #[arg(long, value_name = "NUCLIDE")]
    nuclide: String,

    /// Function to fit; `lutetia functions` lists them.
    #[arg(long, value_name = "NAME", default_value = "mono")]
    function: String,

    /// How measurements scatter: `proportional 10 %`, `additive 5 MBq`, `combined 5 MBq + 10 %`,
    /// `unweighted`. An additive part is in the unit of the activities, which is taken for MBq.
    #[arg(long, value_name = "ERROR", default_value = "proportional 10 %")]
    error: String,

    /// Activity injected, in the unit of the activities, where the function needs it.
    #[arg(long, value_name = "NUMBER", default_value_t = 1.0, hide_default_value = true)]
    injected: f64,

    /// Seed of extra starting points.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// File to write, whole or not at all; standard output without it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Fits every row of a table.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let function = functions(std::slice::from_ref(&arguments.function))
        .map_err(|e| wrong(&e))?
        .into_iter()
        .next()
        .ok_or_else(|| {
            Failure::usage(
                "`all` is not a single function",
                "name one; `lutetia functions` lists them",
            )
        })?
        .1;
    if !arguments.sd.is_empty() && arguments.sd.len() != arguments.activities.len() {
        return Err(Failure::usage(
            format!(
                "found {} columns of standard deviations for {} of activities",
                arguments.sd.len(),
                arguments.activities.len()
            ),
            "give one `--sd` for each `--activity`",
        ));
    }
    let error = match arguments.sd.is_empty() {
        true => error_model(&arguments.error).map_err(|e| wrong(&e))?,
        false => ErrorModel::Known,
    };
    let nuclide = lutetia_data::nuclides()
        .get(&arguments.nuclide)
        .map_err(|e| Failure::usage(e.to_string(), "name it as `--nuclide Lu-177`"))?;
    let spec = MapSpec {
        activities: times(&arguments.activities)?,
        sd: arguments.sd.clone(),
        function,
        physical_per_h: nuclide.lambda_per_s() * 3600.0,
        injected: arguments.injected,
        error,
        seed: arguments.seed,
    };
    let input =
        File::open(&arguments.table).map_err(|error| Failure::reading(&arguments.table, &error))?;
    let input = BufReader::with_capacity(1 << 20, input);
    let stop = interrupt::cooperative();
    let summary = match &arguments.out {
        Some(path) => {
            let refuse = |e: lutetia_report::WriteError| {
                Failure::new(Exit::CannotCreate, Diagnostic::error("LUT8003", e.to_string()))
            };
            let mut file = AtomicFile::create(path).map_err(refuse)?;
            let mut buffered = BufWriter::with_capacity(1 << 20, &mut file);
            let summary =
                map(input, &mut buffered, &spec, stop).map_err(|e| failed(e, arguments))?;
            drop(buffered);
            file.persist().map_err(refuse)?;
            summary
        }
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            let summary = map(input, &mut out, &spec, stop).map_err(|e| failed(e, arguments))?;
            out.flush().map_err(|error| Failure::output(&error))?;
            summary
        }
    };
    say(&summary, terminal);
    Ok(())
}

fn times(given: &[String]) -> Outcome<Vec<(String, f64)>> {
    let hint = "write it as `--activity \"a24=24 h\"`";
    let hour = Unit::parse("h").map_err(|e| Failure::usage(e.to_string(), hint))?;
    given
        .iter()
        .map(|text| {
            let (column, time) = text
                .rsplit_once('=')
                .ok_or_else(|| Failure::usage(format!("cannot read `--activity {text}`"), hint))?;
            let hours = Quantity::parse(time.trim())
                .map_err(|e| e.to_string())
                .and_then(|q| q.to(&hour).map_err(|e| e.to_string()))
                .map_err(|reason| Failure::usage(reason, hint))?;
            Ok((column.trim().to_owned(), hours))
        })
        .collect()
}

fn failed(error: MapError, arguments: &Arguments) -> Failure {
    match error {
        MapError::Interrupted { .. } => Failure::shown(Exit::Interrupted),
        MapError::Write(e) if arguments.out.is_none() => Failure::output(&e),
        MapError::Write(_) => {
            Failure::new(Exit::Io, Diagnostic::error("LUT8003", error.to_string()))
        }
        _ => {
            let message = format!("`{}`: {error}", arguments.table.display());
            Failure::of(Exit::Data, error.code(), &message)
        }
    }
}

/// What became of the rows, on standard error.
fn say(summary: &MapSummary, terminal: &Terminal) {
    let rows = usize::try_from(summary.rows).unwrap_or(usize::MAX);
    terminal.talk(&format!("{}, {} with an integral", count(rows, "row"), summary.determined));
    for (status, n) in &summary.by_status {
        if *status != "ok" {
            terminal.talk(&format!("  {n}: {status}"));
        }
    }
}
