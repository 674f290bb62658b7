//! `lutetia survival`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lutetia_diagnostic::Sources;
use lutetia_experiment::steps::StepError;
use lutetia_experiment::steps::survival::{
    Columns, IntervalColumns, SplineScale, SurvivalOptions, arms, comparison, curves, families,
    interval_arms, interval_curves, read, read_intervals, splines,
};
use lutetia_table::Table;
use serde_json::{Map, Value};

use super::table::{print, print_all};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files::read_table,
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia survival lung.csv --event status=2 --arm sex --reference 1 --unit d --at 365
  lutetia survival trial.csv --table curve > curve.csv
  lutetia survival trial.csv --table splines --knots 3 --scale odds
  lutetia survival scans.csv --left last_without --right first_with --unit mo

The file has a row per patient: the time, whether the event ended it (1) or not (0), the arm.
With --left and --right it has instead the two visits between which the event happened (empty on the
right where it was not seen, equal where the time is known), and Turnbull's estimate is printed.";

/// Arguments of `survival`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// A CSV file with a header and a row per patient.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Column of the time to the event or to censoring.
    #[arg(long, value_name = "COLUMN", default_value = "time")]
    time: String,

    /// Column of the event: 1 where it happened, 0 where not (also true and false, T and F, yes and no, Y and N);
    /// or `COLUMN=VALUE`, the value that means the event, compared as a number or whatever its case.
    #[arg(long, value_name = "COLUMN[=VALUE]", default_value = "event")]
    event: String,

    /// Column of the arm; without it the column `arm`, if there is one, else all are one arm.
    #[arg(long, value_name = "COLUMN")]
    arm: Option<String>,

    /// Column of the last time known to be without the event: events are between two visits, and the curve is
    /// Turnbull's. Needs `--right`; `--time` and `--event` are not read.
    #[arg(long, value_name = "COLUMN", requires = "right")]
    left: Option<String>,

    /// Column of the first time known to be with the event; empty where the patient is censored.
    #[arg(long, value_name = "COLUMN", requires = "left")]
    right: Option<String>,

    /// Arm that the others are compared with; the first in the file without it.
    #[arg(long, value_name = "ARM")]
    reference: Option<String>,

    /// Horizon of the restricted means; the last time of the arm followed least without it.
    #[arg(long, value_name = "TIME", allow_negative_numbers = true)]
    horizon: Option<f64>,

    /// A time at which survival and the number at risk are wanted. Repeat for several.
    #[arg(long = "at", value_name = "TIME", allow_negative_numbers = true)]
    at: Vec<f64>,

    /// Unit of time, for the headers.
    #[arg(long, value_name = "UNIT", default_value = "")]
    unit: String,

    /// Level of the intervals, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 95.0)]
    level: f64,

    /// Scale on which the interval of a curve is symmetric.
    #[arg(long, value_name = "SCALE", value_enum, default_value_t = Scale::Log)]
    interval: Scale,

    /// Hazard ratios by Firth's penalised likelihood, which are finite also where all events are in one arm,
    /// with intervals of its profile.
    #[arg(long)]
    firth: bool,

    /// Most internal knots of `--table splines`, which are fitted with none to that many.
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    knots: usize,

    /// What is a spline of ln t in `--table splines`.
    #[arg(long, value_name = "SCALE", value_enum, default_value_t = Spline::Hazard)]
    scale: Spline,

    /// Print one table alone: with curve, families and splines, which are not printed otherwise.
    #[arg(long, value_name = "TABLE", value_enum)]
    table: Option<Which>,
}

/// Scales of intervals.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scale {
    /// S itself.
    Plain,
    /// ln S.
    Log,
    /// ln(−ln S).
    LogLog,
}

/// Scales of splines.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Spline {
    /// ln H, the logarithm of the cumulative hazard.
    Hazard,
    /// ln((1 − S)/S), the logarithm of the odds.
    Odds,
    /// −Φ⁻¹(S).
    Normal,
}

/// What can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// A row per arm: patients, events, median, restricted mean.
    Arms,
    /// Each arm against the reference: hazard ratio, log-rank test, restricted means.
    Comparison,
    /// The Kaplan–Meier curves.
    Curve,
    /// Parametric families by maximum likelihood.
    Families,
    /// Royston–Parmar splines by maximum likelihood.
    Splines,
}

/// Reads the patients and prints what was asked for.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let options = options(arguments)?;
    if let (Some(left), Some(right)) = (&arguments.left, &arguments.right) {
        return between_visits(arguments, &options, left, right, terminal);
    }
    let (event, value) = match arguments.event.split_once('=') {
        Some((column, value)) => (column, Some(value.to_owned())),
        None => (arguments.event.as_str(), None),
    };
    let columns = Columns {
        time: arguments.time.clone(),
        event: event.to_owned(),
        value,
        arm: arguments.arm.clone(),
    };
    let text = read_table(&arguments.file)?;
    let mut sources = Sources::new();
    let name = arguments.file.display().to_string();
    let patients = read(&name, &text, &columns, &mut sources).map_err(|diagnostics| {
        terminal.diagnostics(&diagnostics, &sources);
        Failure::shown(Exit::Data)
    })?;
    let patients = patients
        .ordered(arguments.reference.as_deref())
        .map_err(|e| refused(&e, "name an arm with `--reference`"))?;
    for note in &patients.notes {
        terminal.talk(&format!("note: {note}"));
    }
    let failed = |e: StepError| refused(&e, "see `lutetia survival --help`");
    let table = |which: Which| -> Outcome<Table> {
        match which {
            Which::Arms => arms("arms", &patients, &options).map(|found| found.table()),
            Which::Comparison => {
                comparison("comparison", &patients, &options).map(|found| found.table())
            }
            Which::Curve => curves("curve", &patients, &options),
            Which::Families => families("families", &patients, &options).map(|found| found.table()),
            Which::Splines => {
                splines("splines", &patients, &options, arguments.knots, scale(arguments.scale))
            }
        }
        .map_err(failed)
    };
    if let Some(which) = arguments.table {
        return print(&table(which)?, terminal);
    }
    let mut tables = vec![table(Which::Arms)?];
    if patients.arms() > 1 {
        tables.push(table(Which::Comparison)?);
    }
    // Always an object by name, also where one arm leaves one table.
    if terminal.json() {
        let named = tables.iter().map(|t| (t.name.clone(), t.to_json()));
        return terminal.data_json(&Value::Object(named.collect::<Map<_, _>>()));
    }
    print_all(&tables, terminal)
}

fn scale(scale: Spline) -> SplineScale {
    match scale {
        Spline::Hazard => SplineScale::Hazard,
        Spline::Odds => SplineScale::Odds,
        Spline::Normal => SplineScale::Normal,
    }
}

/// Events between two visits.
fn between_visits(
    arguments: &Arguments,
    options: &SurvivalOptions,
    left: &str,
    right: &str,
    terminal: &Terminal,
) -> Outcome {
    if let Some(which @ (Which::Comparison | Which::Families | Which::Splines)) = arguments.table {
        let name = which.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
        return Err(Failure::usage(
            format!(
                "`--table {name}` is for known times; events between two visits have `arms` and `curve`"
            ),
            "leave `--left` and `--right` out, and name `--time` and `--event`",
        ));
    }
    let columns = IntervalColumns {
        left: left.to_owned(),
        right: right.to_owned(),
        arm: arguments.arm.clone(),
    };
    let text = read_table(&arguments.file)?;
    let mut sources = Sources::new();
    let name = arguments.file.display().to_string();
    let patients = read_intervals(&name, &text, &columns, &mut sources).map_err(|diagnostics| {
        terminal.diagnostics(&diagnostics, &sources);
        Failure::shown(Exit::Data)
    })?;
    let patients = patients
        .ordered(arguments.reference.as_deref())
        .map_err(|e| refused(&e, "name an arm with `--reference`"))?;
    let failed = |e: StepError| refused(&e, "see `lutetia survival --help`");
    let by_arm = interval_arms("arms", &patients, options).map_err(failed)?.table();
    let curve = interval_curves("curve", &patients, options).map_err(failed)?;
    match arguments.table {
        Some(Which::Arms) => return print(&by_arm, terminal),
        Some(Which::Curve) => return print(&curve, terminal),
        _ => {}
    }
    let tables = [by_arm, curve];
    if terminal.json() {
        let named = tables.iter().map(|t| (t.name.clone(), t.to_json()));
        return terminal.data_json(&Value::Object(named.collect::<Map<_, _>>()));
    }
    print_all(&tables, terminal)
}

fn options(arguments: &Arguments) -> Outcome<SurvivalOptions> {
    let positive = |flag: &str, t: f64| {
        if t.is_finite() && t > 0.0 {
            return Ok(t);
        }
        let message = format!("{flag} is {t}; expected a time above 0");
        Err(Failure::usage(message, "give it in the unit of the times of the file"))
    };
    let level = arguments.level / 100.0;
    // Nobody wants an interval of 0.95 %.
    if !(0.5..1.0).contains(&level) {
        return Err(Failure::usage(
            format!("`--level` is {} %; expected 50 or more and less than 100", arguments.level),
            "write 95 for 95 %",
        ));
    }
    Ok(SurvivalOptions {
        unit: arguments.unit.clone(),
        reference: arguments.reference.clone(),
        interval: match arguments.interval {
            Scale::Plain => lutetia_experiment::steps::survival::Interval::Plain,
            Scale::Log => lutetia_experiment::steps::survival::Interval::Log,
            Scale::LogLog => lutetia_experiment::steps::survival::Interval::LogLog,
        },
        level,
        rmst: arguments.horizon.map(|t| positive("`--horizon`", t)).transpose()?,
        firth: arguments.firth,
        at: arguments.at.iter().map(|&t| positive("`--at`", t)).collect::<Outcome<_>>()?,
    })
}

/// What cannot be computed with these options, under its own code where it has one.
fn refused(error: &StepError, hint: &str) -> Failure {
    match error.code() {
        Some(code) => Failure::asked(code, error, hint),
        None => Failure::usage(error.to_string(), hint),
    }
}
