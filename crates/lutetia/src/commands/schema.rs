//! `lutetia schema`.

use clap::{Args, ValueEnum};

use crate::{
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia schema experiment > experiment.schema.json
  lutetia schema experiment --page > experiment.md
  lutetia schema model --page > model.md
  lutetia schema study --page > study.md

With the first line `#:schema PATH` in a file, an editor that knows TOML completes its keys and
marks unknown ones as you type.";

/// Arguments of `schema`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// The kind of file.
    #[arg(value_name = "KIND")]
    kind: Kind,

    /// Print a page instead: the keys of models and chains or of an experiment, the columns of a study, or the ports.
    #[arg(long)]
    page: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Model,
    Chain,
    Experiment,
    Study,
    Ports,
}

/// Prints the JSON Schema of a kind of file, made of what its reader reads.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let text = match (arguments.kind, arguments.page) {
        (Kind::Experiment, true) => lutetia_experiment::keys::page(),
        (Kind::Ports, true) => lutetia_model::ports(&lutetia_scenario::ports_file()).0.page(),
        (Kind::Model | Kind::Chain, true) => lutetia_model::keys_page(),
        (Kind::Study, true) => lutetia_data::study_page(),
        (Kind::Study, false) => {
            return Err(Failure::usage(
                "a study is a folder of tables, which has no JSON Schema",
                "`lutetia schema study --page` says what each of its columns means",
            ));
        }
        (Kind::Model, false) => lutetia_model::json_schema(),
        (Kind::Chain, false) => lutetia_model::chain_schema(),
        (Kind::Ports, false) => lutetia_model::ports_schema(),
        (Kind::Experiment, false) => lutetia_experiment::keys::json_schema(),
    };
    terminal.data(text.trim_end())
}
