//! One file per subcommand: its arguments and what it does.

pub(crate) mod check;
pub(crate) mod completions;
mod curves;
pub(crate) mod data;
pub(crate) mod dose;
mod dose_asked;
mod experiments;
pub(crate) mod explain;
pub(crate) mod export;
pub(crate) mod fit;
pub(crate) mod fit_map;
mod fit_model;
pub(crate) mod functions;
pub(crate) mod import;
pub(crate) mod library;
mod measurement;
mod models;
pub(crate) mod new;
mod output;
mod patients;
pub(crate) mod plan;
mod quantity;
pub(crate) mod report;
pub(crate) mod schema;
pub(crate) mod simulate;
mod studies;
pub(crate) mod survival;
mod table;
pub(crate) mod trial;

pub(crate) use models::bundled_below;

use crate::{cli::Command, failure::Outcome, terminal::Terminal};

/// Does what was asked.
pub(crate) fn run(command: &Command, terminal: &Terminal) -> Outcome {
    match command {
        Command::Check(arguments) => check::run(arguments, terminal),
        Command::Models(arguments) => library::run(arguments, terminal),
        Command::Explain(arguments) => explain::run(arguments, terminal),
        Command::New(arguments) => new::run(arguments, terminal),
        Command::Data(arguments) => data::run(arguments, terminal),
        Command::Simulate(arguments) => simulate::run(arguments, terminal),
        Command::Fit(arguments) => fit::run(arguments, terminal),
        Command::FitMap(arguments) => fit_map::run(arguments, terminal),
        Command::Functions(arguments) => functions::run(arguments, terminal),
        Command::Dose(arguments) => dose::run(arguments, terminal),
        Command::Import(arguments) => import::run(arguments, terminal),
        Command::Export(arguments) => export::run(arguments, terminal),
        Command::Plan(arguments) => plan::run(arguments, terminal),
        Command::Survival(arguments) => survival::run(arguments, terminal),
        Command::Report(arguments) => report::run(arguments, terminal),
        Command::Trial(arguments) => trial::run(arguments, terminal),
        Command::Schema(arguments) => schema::run(arguments, terminal),
        Command::Completions(arguments) => completions::run(arguments, terminal),
    }
}
