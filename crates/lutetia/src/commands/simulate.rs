//! `lutetia simulate`.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use lutetia_diagnostic::{Diagnostic, Sources, closest};
use lutetia_model::{
    Model, ParameterValue,
    system::{Binding, ParameterInfo, SettingError, System},
};
use lutetia_scenario::{
    DoseEntry, DoseError, NOT_OF_NUCLIDE, Scenario, Treatment, follow, sketch_note,
};
use lutetia_sim::{Options, Regimen, Simulator};
use lutetia_table::{Cell, Table};
use lutetia_units::Dimension;

use super::{
    models,
    quantity::{parse_quantity, parse_time},
    table,
};
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
the model's: `lutetia explain` shows them. A dose may be given before zero: `at = \"-24 h\"`.";

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

/// Runs the model and prints one row per output time.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
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
    let mut model = models::load(&arguments.file, terminal)?;
    let set = |name: &String| {
        let is = |text: &String| text.split_once('=').is_some_and(|(n, _)| n.trim() == name);
        arguments.settings.iter().any(is)
    };
    for (parameter, note) in follow(&mut model, &arguments.nuclides) {
        if !set(&parameter) {
            terminal.talk(&format!("note: {note}"));
        }
    }
    if let Some(note) = sketch_note(&model) {
        terminal.talk(&format!("note: {note}"));
    }
    let system = lutetia_model::system::compile(&model, &binding(&arguments.nuclides))
        .map_err(|error| failed("LUT8017", &error.to_string()))?;
    let parameters = parameters(&model, &system, &arguments.settings)?;
    let treatment = treatment(arguments, &system)?;
    let scenario = Scenario::new(Arc::new(Simulator::new(system)), parameters, treatment);
    let system = scenario.system();
    let shown = outputs(system, &arguments.outputs)?;
    let until = parse_quantity("`--until`", &arguments.until, Dimension::TIME, "7 d")?;
    let end = system.units().to_internal(&until);
    let from = parse_time("`--from`", &arguments.from, "-24 h")?;
    let begin = system.units().to_internal(&from);
    if begin >= end && (begin.abs() > 0.0 || end < 0.0) {
        return Err(Failure::usage(
            format!("`--from {}` is not before `--until {}`", arguments.from, arguments.until),
            "outputs go from the one to the other: make `--until` later",
        ));
    }
    let last = f64::from(arguments.points - 1);
    let times: Vec<f64> = (0..arguments.points)
        .map(|index| begin + (end - begin) * f64::from(index) / last)
        .collect();

    let set = arguments.settings.iter().filter_map(|s| s.split_once('='));
    let set: Vec<&str> = set.map(|(name, _)| name.trim()).collect();
    for remark in scenario.remarks(&set, end) {
        terminal.diagnostics(&[Diagnostic::warning("LUT8030", remark)], &Sources::new());
    }

    let names: Vec<(String, String)> =
        system.outputs().iter().map(|o| (o.name.clone(), o.unit.symbol().to_owned())).collect();
    let factors: Vec<f64> = system.outputs().iter().map(|o| o.factor).collect();
    let time_unit = system.units().unit_of(Dimension::TIME).symbol().to_owned();
    let integrated = if arguments.integrals { shown.clone() } else { Vec::new() };
    let options = Options {
        rtol: arguments.rtol,
        atol_relative: arguments.atol,
        to_infinity: arguments.integrals,
        integrals: integrated.clone(),
        ..Options::default()
    };
    let trajectory = scenario
        .simulator()
        .run(&scenario.request(&times).options(&options))
        .map_err(|error| failed(error.code(), &error.to_string()))?;
    let mut result = Table::new("simulation", "Outputs over time").column("time", &time_unit);
    for &output in &shown {
        result = result.column(&names[output].0, &names[output].1);
    }
    for &output in &integrated {
        let (name, unit) = &names[output];
        result = result.column(&format!("integral of {name}"), &format!("{unit} {time_unit}"));
    }
    for (row, time) in times.iter().enumerate() {
        let mut cells = vec![Cell::from(*time)];
        let declared =
            |value: Option<f64>, output: usize| Cell::from(value.map(|y| y * factors[output]));
        cells.extend(shown.iter().map(|&o| declared(trajectory.outputs.get(row, o), o)));
        let integrals = integrated.iter().enumerate();
        cells.extend(
            integrals.map(|(column, &o)| declared(trajectory.integrals.get(row, column), o)),
        );
        result.push(cells);
    }
    if arguments.integrals {
        let mut cells = vec![Cell::from("infinity")];
        cells.extend(shown.iter().map(|_| Cell::Missing));
        let integrals = integrated.iter().zip(&trajectory.integrals_to_infinity);
        cells.extend(integrals.map(|(&o, integral)| Cell::from(integral.value * factors[o])));
        result.push(cells);
    }
    table::print(&result, terminal)
}

/// Nuclides for all label groups, or group by group.
fn binding(named: &[String]) -> Binding<'static> {
    let table = lutetia_data::nuclides();
    let everywhere = named.iter().filter(|n| !n.contains('=')).cloned();
    let mut binding = Binding::all(table, everywhere);
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for (group, nuclide) in named.iter().filter_map(|n| n.split_once('=')) {
        match groups.iter_mut().find(|(name, _)| *name == group.trim()) {
            Some((_, nuclides)) => nuclides.push(nuclide.trim()),
            None => groups.push((group.trim(), vec![nuclide.trim()])),
        }
    }
    for (group, nuclides) in groups {
        binding = binding.with(group, nuclides);
    }
    binding
}

/// The defaults of the model with what was set on the command line.
fn parameters(model: &Model, system: &System, settings: &[String]) -> Outcome<Vec<f64>> {
    let infos = system.parameters();
    let mut values: Vec<f64> = infos.iter().map(|p| p.default).collect();
    for setting in settings {
        let hint = "write it as `--set \"CL=2.4 L/h\"`";
        let Some((name, text)) = setting.split_once('=') else {
            return Err(Failure::usage(format!("`{setting}` sets nothing"), hint));
        };
        let (name, text) = (name.trim(), text.trim());
        let Some(index) = system.parameter_index(name) else {
            if let Some(ParameterValue::Formula { text, .. }) =
                model.parameters.iter().find(|p| p.name == name).map(|p| &p.value)
            {
                return Err(Failure::usage(
                    format!("`{name}` is the formula `{text}`, which cannot be set"),
                    "set what stands in it",
                ));
            }
            let near = closest(name, infos.iter().map(|p| p.name.as_str()));
            return Err(Failure::usage(
                format!("the model has no parameter or covariate `{name}`"),
                near.map_or_else(
                    || "`lutetia explain` lists those it has".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                ),
            ));
        };
        values[index] = value_of(&infos[index], text, hint)?;
    }
    if let Some(missing) = infos.iter().zip(&values).find(|(_, v)| v.is_nan()) {
        let name = &missing.0.name;
        if model.is_dose_factor(name) {
            return Err(Failure::usage(
                format!(
                    "`{name}` is what a nuclide deposits per decay, and there is not one nuclide"
                ),
                "run the chain with one, such as `--nuclide Lu-177`, or set it",
            ));
        }
        if model.is_of_nuclide(name) {
            return Err(failed(
                NOT_OF_NUCLIDE,
                &format!(
                    "`{name}` is a number of a nuclide and is not known of the one that the model is run with; \
                     give it with `--set \"{name}=… {}\"`",
                    missing.0.unit.symbol()
                ),
            ));
        }
        return Err(Failure::usage(
            format!("the covariate `{name}` has no typical value and is not set"),
            match missing.0.levels.first() {
                Some(level) => format!("give it with `--set \"{name}={level}\"`"),
                None => format!("give it with `--set \"{name}=… {}\"`", missing.0.unit.symbol()),
            },
        ));
    }
    Ok(values)
}

/// A value in the unit the model declares or a level, made internal, within the range it declares.
fn value_of(info: &ParameterInfo, text: &str, hint: &str) -> Outcome<f64> {
    info.setting(text).map_err(|error| {
        let hint = match &error {
            SettingError::Range { .. } => "set a value inside the range".to_owned(),
            SettingError::Level { .. } => {
                format!("write it as `--set \"{}={}\"`", info.name, info.levels[0])
            }
            // The unit of a parameter without one is `1`.
            SettingError::Unit { .. } if info.unit.symbol() == "1" => {
                format!("write it as a number: `--set \"{}=0.5\"`", info.name)
            }
            SettingError::Unit { .. } if info.name != "CL" => {
                format!(
                    "write it in a unit such as `{}`: `--set \"{}=2.4 {}\"`",
                    info.unit, info.name, info.unit
                )
            }
            SettingError::Unit { .. } => hint.to_owned(),
        };
        Failure::usage(error.to_string(), hint)
    })
}

/// The doses in internal units, repeated as asked.
fn treatment(arguments: &Arguments, system: &System) -> Outcome<Treatment> {
    let mut doses = Vec::new();
    for text in &arguments.doses {
        let entry = DoseEntry::parse(text).map_err(|e| refused(&e))?;
        for dose in entry.doses(system).map_err(|e| refused(&e))? {
            match (&arguments.every, arguments.cycles) {
                (Some(every), Some(cycles)) => {
                    let every = parse_quantity("`--every`", every, Dimension::TIME, "8 week")?;
                    let every = system.units().to_internal(&every);
                    doses.extend(Regimen::repeat(&dose, every, usize::from(cycles)).doses);
                }
                _ => doses.push(dose),
            }
        }
    }
    Ok(Treatment::on_one_occasion(doses))
}

/// A dose that cannot be given, with what can be done.
fn refused(error: &DoseError) -> Failure {
    let report = Diagnostic::error(error.code(), error.to_string()).hint(error.hint());
    Failure::new(Exit::Usage, report)
}

/// Indices of the outputs to print.
fn outputs(system: &System, asked: &[String]) -> Outcome<Vec<usize>> {
    let infos = system.outputs();
    if asked.is_empty() {
        return Ok((0..infos.len()).collect());
    }
    asked
        .iter()
        .map(|name| {
            system.output_index(name).ok_or_else(|| {
                let near = closest(name, infos.iter().map(|o| o.name.as_str()));
                let known: Vec<&str> = infos.iter().map(|o| o.name.as_str()).collect();
                Failure::usage(
                    format!("the model has no output `{name}`"),
                    match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None if known.is_empty() => {
                            "declare outputs under `[observables]` of the model".to_owned()
                        }
                        None => format!("there are: {}", known.join(", ")),
                    },
                )
            })
        })
        .collect()
}

fn failed(code: &'static str, reason: &str) -> Failure {
    Failure::new(Exit::Data, Diagnostic::error(code, reason))
}
