//! The command line.

use clap::{CommandFactory as _, Parser, Subcommand, builder::styling};

use crate::{
    commands::{
        check, completions, data, dose, explain, export, fit, fit_map, functions, import, library,
        new, pet, plan, report, schema, simulate, survival, trial,
    },
    failure::Outcome,
    terminal::{Colour, Terminal},
};

const EXITS: &str = "\
Exit codes: 0 done; 64 wrong usage; 65 faults in a file; 66 no such file; 70 a fault of lutetia;
73 cannot create a file; 74 input or output failed; 75 in use by another run; 130 interrupted.

Data goes to standard output, talk to standard error.";

/// Model-informed radioligand therapy: a model file and a patient's curves in, a report out.
#[derive(Debug, Parser)]
#[command(version, after_help = EXITS, arg_required_else_help = true, styles = styling::Styles::plain())]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Print JSON on standard output, for machines.
    // The order of global arguments depends on the number of subcommands, unless it is given.
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,

    /// Colour what is said; `auto` means on a terminal, unless NO_COLOR is set.
    #[arg(
        long = "color",
        alias = "colour",
        global = true,
        display_order = 901,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_possible_values = true
    )]
    pub(crate) colour: Colour,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check model and experiment files and report every fault.
    Check(check::Arguments),
    /// List the bundled models, or print the text of one.
    Models(library::Arguments),
    /// Print what a model means: equations, states, conservation laws, parameters with sources; or the plan of an
    /// experiment.
    Explain(explain::Arguments),
    /// Write a ligand, chain, study or experiment to start from.
    New(new::Arguments),
    /// Work with patient data.
    Data(data::Arguments),
    /// Run a model under a regimen and print its outputs.
    Simulate(simulate::Arguments),
    /// Fit a patient's curves with exponentials or with a model.
    Fit(fit::Arguments),
    /// Fit every row of a large table (the voxels of a map) and write their integrals.
    FitMap(fit_map::Arguments),
    /// List the functions that can be fitted, with published names and equations.
    Functions(functions::Arguments),
    /// Kinetics of dynamic PET: distribution volumes, binding potentials and net uptake.
    Pet(pet::Arguments),
    /// Compute time-integrated activities and absorbed doses of a patient.
    Dose(dose::Arguments),
    /// How much activity until a limit of dose or of biologically effective dose, and with which risk.
    Plan(plan::Arguments),
    /// Read results and case files of other programs.
    Import(import::Arguments),
    /// Write integrals for other programs.
    Export(export::Arguments),
    /// Survival of patients by arm: curves, medians, hazard ratios, restricted means.
    Survival(survival::Arguments),
    /// Run the virtual trial of an experiment at any size, and go on where a run was stopped.
    Trial(trial::Arguments),
    /// Regenerate experiments: tables, figures and pages.
    Report(report::Arguments),
    /// Print the JSON Schema of model, chain or experiment files, for editors.
    Schema(schema::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
}

impl Command {
    /// Does what was asked.
    pub(crate) fn run(&self, terminal: &Terminal) -> Outcome {
        match self {
            Self::Check(arguments) => check::run(arguments, terminal),
            Self::Models(arguments) => library::run(arguments, terminal),
            Self::Explain(arguments) => explain::run(arguments, terminal),
            Self::New(arguments) => new::run(arguments, terminal),
            Self::Data(arguments) => data::run(arguments, terminal),
            Self::Simulate(arguments) => simulate::run(arguments, terminal),
            Self::Fit(arguments) => fit::run(arguments, terminal),
            Self::FitMap(arguments) => fit_map::run(arguments, terminal),
            Self::Functions(arguments) => functions::run(arguments, terminal),
            Self::Pet(arguments) => pet::run(arguments, terminal),
            Self::Dose(arguments) => dose::run(arguments, terminal),
            Self::Import(arguments) => import::run(arguments, terminal),
            Self::Export(arguments) => export::run(arguments, terminal),
            Self::Plan(arguments) => plan::run(arguments, terminal),
            Self::Survival(arguments) => survival::run(arguments, terminal),
            Self::Report(arguments) => report::run(arguments, terminal),
            Self::Trial(arguments) => trial::run(arguments, terminal),
            Self::Schema(arguments) => schema::run(arguments, terminal),
            Self::Completions(arguments) => completions::run(arguments, Cli::command(), terminal),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn exact_the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn exact_every_subcommand_shows_an_example() {
        let mut cli = super::Cli::command();
        cli.build();
        let mut queue: Vec<&clap::Command> = cli.get_subcommands().collect();
        while let Some(command) = queue.pop() {
            if command.get_name() == "help" {
                continue;
            }
            if command.has_subcommands() {
                queue.extend(command.get_subcommands());
                continue;
            }
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains("  lutetia "), "`{}` has no example", command.get_name());
            // Longer lines are broken where help is not printed to a wide terminal, examples with them.
            for line in after.lines() {
                assert!(line.chars().count() <= 100, "`{}`: {line}", command.get_name());
            }
        }
    }
}
