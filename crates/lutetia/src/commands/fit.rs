//! `lutetia fit`.

use std::collections::BTreeMap;

use clap::{Args, ValueEnum};
use lutetia_diagnostic::Diagnostic;
use lutetia_report::{
    Cell, Table,
    steps::{
        curve_tables::tables,
        curves::CurveOptions,
        integrate, intervals,
        select::{self, SelectOptions},
    },
};

use super::{
    curves::{Curves, Fitted},
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
    --observe liver=A_liver --observe spleen=A_spleen --print estimates";

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
        let Arguments { curves, with, .. } = arguments;
        return fit_model::run(file, with, curves, print, terminal);
    }
    if print == Print::Profile && !arguments.profile {
        return Err(Failure::usage(
            "`--print profile` needs profiles".to_owned(),
            "add `--profile`",
        ));
    }
    if let Some((_, _, tias)) = arguments.curves.integrals(terminal)? {
        return table::print(&integrate::table("fit", &tias), terminal);
    }
    let fitted = arguments.curves.fit(terminal)?;
    let part = match print {
        Print::Estimates => return table::print(&estimates(&fitted), terminal),
        Print::Intervals | Print::Profile => {
            let options = CurveOptions {
                profile: arguments.profile,
                bootstrap: arguments.bootstrap as usize,
                ..arguments.curves.options()?
            };
            let tables = intervals::tables("fit", &fitted.regions, &options);
            let asked = tables.get(usize::from(print == Print::Profile));
            return asked.map_or(Ok(()), |t| table::print(t, terminal));
        }
        Print::Results => 0,
        Print::Candidates => 1,
        Print::Points => 2,
        Print::Curves => 3,
        Print::Averaged => 4,
    };
    let tables = tables("fit", &fitted.regions, arguments.curves.until_h())
        .map_err(|reason| Failure::new(Exit::Data, Diagnostic::error("LUT8016", reason)))?;
    match tables.get(part) {
        Some(asked) => table::print(asked, terminal),
        None => Ok(()),
    }
}

/// The functions ranked over the cohort, region by region.
fn population(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let failed = |reason: String| Failure::new(Exit::Data, Diagnostic::error("LUT8015", reason));
    let given = arguments.curves.options()?;
    let study = arguments.curves.study(terminal)?;
    let mut curves = select::cohort(&study, arguments.curves.cycle());
    if let Some(missing) = arguments.curves.regions().iter().find(|r| !curves.contains_key(*r)) {
        let known: Vec<&str> = curves.keys().map(String::as_str).collect();
        return Err(failed(format!("no region `{missing}`; measured: {}", known.join(", "))));
    }
    if !arguments.curves.regions().is_empty() {
        curves.retain(|region, _| arguments.curves.regions().contains(region));
    }
    let options = SelectOptions {
        functions: given.functions,
        shared: arguments.shared.clone(),
        error: given.error,
        variance_count: given.variance_count,
        seed: given.seed,
    };
    let mut ranking = BTreeMap::new();
    for (region, list) in curves {
        let ranked = select::rank(&list, &options).map_err(failed)?;
        ranking.insert(region, (list.len(), ranked));
    }
    table::print(&select::table("population", &ranking), terminal)
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
            .map(|e| (&e.name, e.value, e.se, e.ci95, &e.determined))
            .chain(fit.derived.iter().map(|d| (&d.name, d.value, d.se, d.ci95, &d.determined)));
        for (name, value, se, ci95, determined) in rows {
            let known = determined.is_determined();
            let number = |x: Option<f64>| Cell::from(x.filter(|_| known));
            table.push(vec![
                region.data.region.as_str().into(),
                best.function.as_str().into(),
                name.as_str().into(),
                unit_of(name).into(),
                number(Some(value)),
                number(se),
                number(ci95.map(|c| c.0)),
                number(ci95.map(|c| c.1)),
                if known { String::new() } else { determined.to_string() }.into(),
            ]);
        }
    }
    table
}

/// Unit of a quantity of a sum of exponentials; its names are fixed.
fn unit_of(name: &str) -> &'static str {
    match name {
        "tia" | "tia_to_last" => "MBq h",
        "effective_half_life" | "time_of_maximum" | "rise" => "h",
        "extrapolated_fraction" | "cv" | "scale" | "shape" | "alpha" => "1",
        _ if name.starts_with("lambda") => "1/h",
        _ => "MBq",
    }
}
