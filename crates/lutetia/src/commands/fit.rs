//! `lutetia fit`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use lutetia_diagnostic::Diagnostic;
use lutetia_experiment::steps::{
    fit_curves::tables, integrate::tables::integrals, select_function::tables::ranking,
};
use lutetia_fit::{DerivedKind, DerivedUnit};
use lutetia_patient::{
    curves::{CurveOptions, Intervals, intervals},
    select::{self, SelectOptions},
};
use lutetia_table::{Cell, Table};

use super::{
    curves::{Curves, Fitted, failed},
    fit_model::{self, WithModel},
    table,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia fit data/studies/snmmi_patient4 --region kidney_left
  lutetia fit data/studies/snmmi_patient4 --function all --print candidates
  lutetia fit data/studies/snmmi_patient4 --region liver --profile --bootstrap 1000
  lutetia fit data/studies/snmmi_patient4 --function mono --print estimates \\
    --error \"proportional 15 %\"
  lutetia fit data/studies/snmmi_patient4 --model models/sstr2/dotatate-small.toml --into L.plasma \\
    --amount \"140 nmol\" --over \"30 min\" --observe \"kidney_left + kidney_right=A_kidneys\" \\
    --observe liver=A_liver --observe spleen=A_spleen --print estimates

`lutetia schema study --page` says what the tables of a study may hold, and by which names its
columns are read; `lutetia new study NAME` writes one to be filled.";

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Print {
    /// One row per region: integral, half-life, goodness of fit.
    Results,
    /// One row per parameter and derived quantity, with standard error and interval.
    Estimates,
    /// Every function tried.
    Candidates,
    /// Measured and fitted activities with residuals.
    Points,
    /// The fitted curves with 95 % intervals.
    Curves,
    /// The integral averaged over the functions by Akaike weights.
    Averaged,
    /// 95 % intervals of integral and half-life by each method asked for.
    Intervals,
    /// The points of the profiles of `--profile`.
    Profile,
    /// With `--model`: what the model file derives from its parameters.
    Derived,
}

/// Arguments of `fit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    #[command(flatten)]
    curves: Curves,

    /// What to print: `results`, `estimates`, `candidates`, `points`, `curves`, `averaged`, and with
    /// `--profile` or `--bootstrap` `intervals` (then what is printed without this) or `profile`.
    #[arg(long, value_enum, hide_possible_values = true, value_name = "WHAT")]
    print: Option<Print>,

    /// Profile likelihood of the integral and the effective half-life.
    #[arg(long, conflicts_with_all = ["method", "model"])]
    profile: bool,

    /// Parametric bootstrap of the integral and the effective half-life, with this many samples.
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true,
        conflicts_with_all = ["method", "model"], value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    bootstrap: u32,

    /// Rank the functions over all subjects of the study together: −2 ln L summed, parameters counted over the cohort.
    #[arg(long, conflicts_with_all = ["method", "model", "profile", "bootstrap", "print", "subject"])]
    population: bool,

    /// With `--population`, a parameter that all subjects have in common, such as `lambda2`; repeat for several.
    #[arg(long, value_name = "PARAMETER", requires = "population")]
    shared: Vec<String>,

    #[command(flatten)]
    with: WithModel,
}

/// Fits every curve asked for and prints one table.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    if arguments.population {
        return population(arguments, terminal);
    }
    let intervals_asked = arguments.profile || arguments.bootstrap > 0;
    let print = arguments.print.unwrap_or(match intervals_asked {
        true => Print::Intervals,
        false => Print::Results,
    });
    if let Some(file) = &arguments.with.model {
        if arguments.with.draws.is_some() && arguments.print.is_some() {
            return Err(Failure::usage(
                "`--draws` prints a table of its own, and `--print` asks for another",
                "leave out one of them",
            ));
        }
        let Arguments { curves, with, .. } = arguments;
        return fit_model::run(file, with, curves, print, terminal);
    }
    if print == Print::Derived {
        return Err(Failure::usage(
            "`--print derived` needs a model".to_owned(),
            "add `--model`; what a curve gives stands in `--print estimates`",
        ));
    }
    if print == Print::Profile && !arguments.profile {
        return Err(Failure::usage(
            "`--print profile` needs profiles".to_owned(),
            "add `--profile`",
        ));
    }
    if let Some(cycles) = arguments.curves.integrals(terminal)? {
        let made = cycles.into_iter().map(|(cycle, tias)| (cycle, integrals("fit", &tias).table()));
        return print_cycles(made.collect(), terminal);
    }
    let fitted = arguments.curves.fit(terminal)?;
    let mut made = Vec::with_capacity(fitted.len());
    for cycle in fitted {
        made.push((cycle.cycle, one(arguments, print, &cycle)?));
    }
    print_cycles(made, terminal)
}

/// The table asked for, of one cycle.
fn one(arguments: &Arguments, print: Print, fitted: &Fitted) -> Outcome<Table> {
    let regions = &fitted.regions;
    Ok(match print {
        Print::Estimates => estimates(fitted),
        Print::Intervals | Print::Profile => {
            let options = CurveOptions {
                profile: arguments.profile,
                bootstrap: arguments.bootstrap as usize,
                ..arguments.curves.options()?
            };
            let found: Vec<Intervals> = regions.iter().map(|r| intervals(r, &options)).collect();
            match print {
                Print::Profile => tables::profile("fit", regions, &found),
                _ => tables::intervals("fit", regions, &found),
            }
        }
        Print::Results | Print::Derived => tables::results("fit", regions).table(),
        Print::Candidates => tables::candidates("fit", regions),
        Print::Points => tables::points("fit", regions),
        Print::Curves => {
            tables::curves("fit", regions, arguments.curves.until_h()?).map_err(|e| failed(&e))?
        }
        Print::Averaged => tables::averaged("fit", regions).table(),
    })
}

/// Prints the tables of the cycles as one, with a column for the cycle where there are several.
fn print_cycles(made: Vec<(u16, Table)>, terminal: &Terminal) -> Outcome {
    let several = made.len() > 1;
    let mut whole: Option<Table> = None;
    for (cycle, mut table) in made {
        if several {
            let Some(column) = Table::new("", "").column("cycle", "").columns.pop() else {
                continue;
            };
            table.columns.insert(0, column);
            table.rows.iter_mut().for_each(|row| row.insert(0, f64::from(cycle).into()));
        }
        match &mut whole {
            Some(first) => first.rows.append(&mut table.rows),
            None => whole = Some(table),
        }
    }
    whole.map_or(Ok(()), |table| table::print(&table, terminal))
}

/// The functions ranked over the cohort, region by region.
fn population(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let given = arguments.curves.options()?;
    let study = arguments.curves.study(terminal)?;
    if let Some(first) = study.subjects().first() {
        arguments.curves.say_cycle(&study, &first.id, terminal);
    }
    let mut curves = select::cohort(&study, arguments.curves.cycle());
    if let Some(missing) = arguments.curves.regions().iter().find(|r| !curves.contains_key(*r)) {
        let known: Vec<&str> = curves.keys().map(String::as_str).collect();
        let message = format!("no region `{missing}`; measured: {}", known.join(", "));
        return Err(Failure::new(Exit::Data, Diagnostic::error("LUT8013", message)));
    }
    if !arguments.curves.regions().is_empty() {
        curves.retain(|region, _| arguments.curves.regions().contains(region));
    }
    let options = SelectOptions {
        functions: given.functions,
        shared: arguments.shared.clone(),
        error: given.error,
        over_sd: given.over_sd,
        variance_count: given.variance_count,
        seed: given.seed,
    };
    let mut found = BTreeMap::new();
    for (region, list) in curves {
        let ranked = select::rank(&list, &options).map_err(|e| failed(&e))?;
        found.insert(region, ranked);
    }
    table::print(&ranking("population", &found), terminal)
}

/// Parameters, error magnitudes and derived quantities of the functions used. A number that the
/// data do not determine is left out, so that nobody uses it; the note says why.
fn estimates(fitted: &Fitted) -> Table {
    let mut table = Table::new("estimates", "Estimates with standard errors and 95 % intervals");
    for column in ["region", "function", "name", "unit", "value", "se", "low", "high", "note"] {
        table = table.column(column, "");
    }
    for region in &fitted.regions {
        let best = region.best();
        let Ok(fit) = &best.fit else { continue };
        let of_fit = fit.estimates.iter().chain(&fit.magnitudes);
        let rows = of_fit
            .map(|e| (e.name.clone(), e.value, e.se, e.ci95, &e.determined))
            .chain(fit.derived.iter().map(|d| (d.name(), d.value, d.se, d.ci95, &d.determined)));
        for (name, value, se, ci95, determined) in rows {
            // What the data themselves stand against, or a function that they refute, leaves no number to use.
            let kind = DerivedKind::named(&name).filter(|kind| fit.derived(*kind).is_some());
            let doubt = match (&region.refused, kind.map(|kind| best.quantity(kind))) {
                (Some(why), Some(_)) => Some(format!("not determined: {why}")),
                (_, Some(Err(why))) => Some(why.to_string()),
                _ if !determined.is_determined() => Some(determined.to_string()),
                _ => None,
            };
            let known = doubt.is_none();
            let ratio = best.misfit().map_or(1.0, |m| m.birge_ratio());
            let se = se.map(|se| ratio * se);
            let ci95 = ci95.filter(|_| best.misfit().is_none());
            let note = doubt.unwrap_or_else(|| {
                best.misfit().map_or_else(String::new, |m| format!("{m}; standard error widened"))
            });
            let number = |x: Option<f64>| Cell::from(x.filter(|_| known));
            table.push(vec![
                region.data.region.as_str().into(),
                best.function.as_str().into(),
                name.as_str().into(),
                unit_of(&name).into(),
                number(Some(value)),
                number(se),
                number(ci95.map(|c| c.0)),
                number(ci95.map(|c| c.1)),
                note.into(),
            ]);
        }
    }
    table
}

/// Unit of a quantity of a sum of exponentials; its names are fixed.
fn unit_of(name: &str) -> &'static str {
    match DerivedKind::named(name).map(DerivedKind::unit) {
        Some(DerivedUnit::ValueTime) => return "MBq h",
        Some(DerivedUnit::Time) => return "h",
        Some(DerivedUnit::One) => return "1",
        Some(DerivedUnit::OfModel) | None => {}
    }
    match name {
        "rise" => "h",
        "cv" | "scale" | "shape" | "alpha" => "1",
        _ if name.starts_with("lambda") => "1/h",
        _ => "MBq",
    }
}
