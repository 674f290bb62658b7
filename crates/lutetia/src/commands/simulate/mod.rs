//! `lutetia simulate`.

mod case;
mod draws;
mod patients;
mod settings;

use std::path::PathBuf;

use clap::Args;
use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_scenario::Treatment;
use lutetia_table::Table;

use self::{case::Case, settings::complete};
use super::{driven, table};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia simulate models/sstr2/dotatate-small.toml --nuclide Lu-177 --until \"7 d\" \\
    --dose '{ at = \"0 h\", into = \"L.plasma\", activity = \"7.4 GBq\", amount = \"100 nmol\" }'

A dose is the table that an experiment file holds. Without `amount` it is carrier-free.
It is repeated by itself: `every = \"12 h\", cycles = 10` (ADDL and II of NONMEM).
`kind = \"steady\"` adds it to the steady state of itself at the interval `every` (SS = 1),
`kind = \"add-steady\"` adds that state to what is there (SS = 2; linear models),
`kind = \"replace\"` puts it in the place of what the pool holds (to void: `amount = \"0 nmol\"`),
`kind = \"reset\"` begins anew first (EVID = 3 and 4). Lag, bioavailability, duration and rate are
the model's: `lutetia explain` shows them. A dose may be given before zero: `at = \"-24 h\"`.

A curve of `--input` is linear between its points; `interpolation = \"previous\"` holds the value
of the point before, `\"next\"` that of the point after. Where the run goes beyond it, `before` and
`after` say what holds: `\"hold\"` or a value such as `\"0 kBq/mL\"`. docs/language.md has more.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Model file, or the name of a bundled model such as `psma/tumour-kidney`.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Nuclide of the label; `GROUP=NUCLIDE` where the model has several label groups. Repeat for
    /// several.
    #[arg(long = "nuclide", value_name = "NUCLIDE")]
    nuclides: Vec<String>,

    /// A dose: `{ at, into, nuclide, activity, amount, over, kind, every, cycles }`. Repeat for several.
    #[arg(long = "dose", value_name = "TABLE")]
    doses: Vec<String>,

    /// Repeat every dose at this interval.
    #[arg(long, value_name = "TIME", requires = "cycles")]
    every: Option<String>,

    /// How often the doses are given in all.
    #[arg(long, value_name = "N", requires = "every", value_parser = clap::value_parser!(u16).range(1..=1000))]
    cycles: Option<u16>,

    /// How long to simulate.
    #[arg(long, value_name = "TIME", default_value = "7 d", allow_hyphen_values = true)]
    until: String,

    /// First output time; before zero, too.
    #[arg(long, value_name = "TIME", default_value = "0 h", allow_hyphen_values = true)]
    from: String,

    /// Number of output times, evenly spaced from the first to the end.
    #[arg(long, value_name = "N", default_value_t = 201, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    points: u32,

    /// Set a parameter or covariate: `CL=2.4 L/h`, `sex=female`. Repeat for several.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,

    /// A measured curve that drives an input of the model, or a parameter or covariate that changes
    /// during the run: `C_P=blood.csv`, with the columns `time (min)` and `C_P (kBq/mL)`, or
    /// `C_P={ file, value, interpolation, delay, before, after }`. Repeat for several.
    #[arg(long = "input", value_name = "NAME=FILE")]
    inputs: Vec<String>,

    /// Simulate every patient of this table: a column `patient`, and columns of parameters and
    /// covariates by name with the unit in the title, such as `weight (kg)`. A dose may stand in the
    /// columns `activity (MBq)`, `amount (nmol)`, `at (h)`, `over (h)`, `into` and `nuclide`; those of
    /// `--dose` are given to all.
    #[arg(long, value_name = "FILE.csv")]
    patients: Option<PathBuf>,

    /// Doses of the patients, written as `doses.csv` of a study.
    #[arg(long, value_name = "FILE.csv", requires = "patients")]
    patient_doses: Option<PathBuf>,

    /// Simulate so many draws of the parameters and print the median and the middle 95 % of each
    /// output with the intervals that so many draws allow; the ends from 146 draws on.
    #[arg(long, value_name = "N", conflicts_with_all = ["patients", "integrals"], value_parser = clap::value_parser!(u32).range(6..=100_000))]
    draws: Option<u32>,

    /// What is drawn: `uncertainty`, how certain the numbers of the model are (their `uncertainty`, or
    /// `min` to `max` of an assumed one); `between-patients`, how patients differ (`iiv`); or `both`.
    #[arg(
        long,
        value_name = "WHAT",
        default_value = "uncertainty",
        requires = "draws",
        hide_possible_values = true
    )]
    draws_of: draws::Of,

    /// Seed of the draws.
    #[arg(long, value_name = "N", default_value_t = 1, requires = "draws")]
    seed: u64,

    /// Print this output only; repeat for several. All without it.
    #[arg(long = "output", value_name = "NAME")]
    outputs: Vec<String>,

    /// Add the time integral of every output to each time, and a last row with those to infinity.
    #[arg(long)]
    integrals: bool,

    /// Relative tolerance of the solver.
    #[arg(long, value_name = "NUMBER", default_value = "1e-6")]
    rtol: f64,

    /// Absolute tolerance of the solver, as a share of the dose of each species (of what it starts
    /// with, where none is given): amounts below it are zero. Without it 1e-9, or a thousandth of
    /// `--rtol` where that is less.
    #[arg(long, value_name = "NUMBER")]
    atol: Option<f64>,
}

/// Runs the model and prints one row per output time, of one patient or of several.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    check(arguments)?;
    let case = Case::read(arguments, terminal)?;
    match (&arguments.patients, arguments.draws) {
        (Some(table), _) => patients::run(&case, arguments, table, terminal),
        (None, Some(count)) => draws::run(&case, arguments, count, terminal),
        (None, None) => one(&case, arguments, terminal),
    }
}

/// That the tolerances are ones with which something can be computed.
fn check(arguments: &Arguments) -> Outcome {
    if !(1e-13..=1e-2).contains(&arguments.rtol) {
        return Err(Failure::usage(
            format!("`--rtol {}` is out of range: expected 1e-13 to 1e-2", arguments.rtol),
            "leave it out for 1e-6",
        ));
    }
    if let Some(atol) = arguments.atol.filter(|atol| !(1e-18..=1e-2).contains(atol)) {
        return Err(Failure::usage(
            format!("`--atol {atol}` is out of range: expected 1e-18 to 1e-2, a share of the dose"),
            "leave it out for 1e-9, or a thousandth of `--rtol` where that is less",
        ));
    }
    Ok(())
}

/// One run.
fn one(case: &Case, arguments: &Arguments, terminal: &Terminal) -> Outcome {
    complete(&case.model.model, case.system(), &case.parameters)?;
    let treatment = Treatment::on_one_occasion(case.doses.clone());
    let scenario = case.scenario(case.parameters.clone(), treatment);
    driven::covered(&case.drives, &case.model.model, case.span(&scenario))?;
    let set: Vec<&str> = set_names(&arguments.settings);
    for remark in scenario.remarks(&set, case.end()) {
        terminal.diagnostics(&[Diagnostic::warning("LUT8030", remark)], &Sources::new());
    }
    let trajectory = scenario
        .simulator()
        .run(&scenario.request(&case.times).options(&case.options))
        .map_err(|error| failed(error.code(), &error.to_string()))?;
    let mut result = case.columns(Table::new("simulation", "Outputs over time"));
    case.push(&mut result, &trajectory, &[]);
    table::print(&result, terminal)
}

/// The names that `--set` gives values.
fn set_names(settings: &[String]) -> Vec<&str> {
    settings.iter().filter_map(|s| s.split_once('=')).map(|(name, _)| name.trim()).collect()
}

fn failed(code: &'static str, reason: &str) -> Failure {
    Failure::new(Exit::Data, Diagnostic::error(code, reason))
}
