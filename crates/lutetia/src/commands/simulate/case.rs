//! What every run of one call of `simulate` has in common: the model with its curves, the grid of times, the outputs.

use std::sync::Arc;

use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_model::system::System;
use lutetia_scenario::{
    DoseEntry, DoseError, Drive, LoadedModel, Scenario, ScenarioError, Treatment, bound, follow,
    sketch_note,
};
use lutetia_sim::{Dose, Options, Regimen, Trajectory};
use lutetia_table::{Cell, Table};
use lutetia_units::Dimension;

use super::{
    super::{
        driven, models,
        quantity::{parse_quantity, parse_time},
    },
    Arguments, failed,
    settings::parameters,
};
use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    terminal::Terminal,
};

/// What all runs have in common.
pub(super) struct Case {
    pub(super) model: LoadedModel,
    pub(super) drives: Vec<Drive>,
    /// The defaults with what is set, internal; not a number where a covariate has neither.
    pub(super) parameters: Vec<f64>,
    /// The doses of `--dose`, repeated as asked.
    pub(super) doses: Vec<Dose>,
    /// The times of the table, internal.
    pub(super) times: Vec<f64>,
    /// Outputs shown.
    pub(super) shown: Vec<usize>,
    pub(super) options: Options,
}

impl Case {
    /// Reads the model and what is asked of it.
    pub(super) fn read(arguments: &Arguments, terminal: &Terminal) -> Outcome<Self> {
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
        let drives = driven::read(&arguments.inputs, &mut model, terminal)?;
        let id = model.id.clone();
        let model = bound(&id, model, &arguments.nuclides).map_err(|error| match error {
            ScenarioError::Compile { source, .. } => failed("LUT8017", &source.to_string()),
            other => failed("LUT8017", &other.to_string()),
        })?;
        let system = model.simulator.system();
        let parameters = parameters(&model.model, system, &arguments.settings)?;
        let doses = doses(arguments, system)?;
        let shown = outputs(system, &arguments.outputs)?;
        let times = times(arguments, system)?;
        let options = Options {
            rtol: arguments.rtol,
            atol_relative: arguments.atol,
            to_infinity: arguments.integrals,
            integrals: if arguments.integrals { shown.clone() } else { Vec::new() },
            ..Options::default()
        };
        Ok(Self { model, drives, parameters, doses, times, shown, options })
    }

    pub(super) fn system(&self) -> &System {
        self.model.simulator.system()
    }

    /// The last time, internal.
    pub(super) fn end(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }

    /// One patient with the curves of all.
    pub(super) fn scenario(&self, parameters: Vec<f64>, treatment: Treatment) -> Scenario {
        Scenario::new(Arc::clone(&self.model.simulator), parameters, treatment)
            .with_inputs(Drive::inputs(&self.drives))
    }

    /// From when to when a run needs its curves; to infinity with integrals.
    pub(super) fn span(&self, scenario: &Scenario) -> (f64, f64) {
        let end = if self.options.to_infinity { f64::INFINITY } else { self.end() };
        (scenario.start(&self.times), end)
    }

    /// A table with the columns of a trajectory.
    pub(super) fn columns(&self, table: Table) -> Table {
        let system = self.system();
        let time = system.units().unit_of(Dimension::TIME).symbol().to_owned();
        let mut table = table.column("time", &time);
        let named = |&output: &usize| {
            let info = &system.outputs()[output];
            (info.name.clone(), info.unit.symbol().to_owned())
        };
        for (name, unit) in self.shown.iter().map(named) {
            table = table.column(&name, &unit);
        }
        for (name, unit) in self.options.integrals.iter().map(named) {
            table = table.column(&format!("integral of {name}"), &format!("{unit} {time}"));
        }
        table
    }

    /// The rows of a trajectory, each behind some cells; last that of the integrals to infinity, where they are asked for.
    pub(super) fn push(&self, table: &mut Table, trajectory: &Trajectory, lead: &[Cell]) {
        let infos = self.system().outputs();
        let declared =
            |value: Option<f64>, output: usize| Cell::from(value.map(|y| y * infos[output].factor));
        let integrated = &self.options.integrals;
        for (row, time) in self.times.iter().enumerate() {
            let mut cells = lead.to_vec();
            cells.push(Cell::from(*time));
            let shown = self.shown.iter();
            cells.extend(shown.map(|&o| declared(trajectory.outputs.get(row, o), o)));
            let integrals = integrated.iter().enumerate();
            cells.extend(integrals.map(|(k, &o)| declared(trajectory.integrals.get(row, k), o)));
            table.push(cells);
        }
        if self.options.to_infinity {
            let mut cells = lead.to_vec();
            cells.push(Cell::from("infinity"));
            cells.extend(self.shown.iter().map(|_| Cell::Missing));
            let integrals = integrated.iter().zip(&trajectory.integrals_to_infinity);
            cells.extend(integrals.map(|(&o, integral)| declared(Some(integral.value), o)));
            table.push(cells);
        }
    }
}

/// The times of the table, internal.
fn times(arguments: &Arguments, system: &System) -> Outcome<Vec<f64>> {
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
    let time = |index: u32| begin + (end - begin) * f64::from(index) / last;
    Ok((0..arguments.points).map(time).collect())
}

/// The doses in internal units, repeated as asked.
fn doses(arguments: &Arguments, system: &System) -> Outcome<Vec<Dose>> {
    let mut doses = Vec::new();
    for text in &arguments.doses {
        let entry = DoseEntry::parse(text).map_err(|e| refused(&e))?;
        doses.extend(repeated(arguments, system, entry.doses(system).map_err(|e| refused(&e))?)?);
    }
    Ok(doses)
}

/// Doses, each repeated as `--every` and `--cycles` ask.
pub(super) fn repeated(
    arguments: &Arguments,
    system: &System,
    doses: Vec<Dose>,
) -> Outcome<Vec<Dose>> {
    let (Some(every), Some(cycles)) = (&arguments.every, arguments.cycles) else {
        return Ok(doses);
    };
    let every = parse_quantity("`--every`", every, Dimension::TIME, "8 week")?;
    let every = system.units().to_internal(&every);
    let again = |dose: &Dose| Regimen::repeat(dose, every, usize::from(cycles)).doses;
    Ok(doses.iter().flat_map(again).collect())
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
