//! `lutetia explain`.

use std::path::PathBuf;

use clap::Args;

use super::{experiments, models};
use crate::{
    failure::{Failure, Outcome},
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia explain models/sstr2/dotatate-small.toml
  lutetia explain --latex models/sstr2/dotatate-small.toml > model.tex
  lutetia explain reports/02_hot_and_cold/experiment.toml";

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Model file, the name of a bundled model such as `psma/tumour-kidney`, or an experiment, of which the plan is
    /// printed.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print LaTeX instead of text.
    #[arg(long)]
    latex: bool,
}

/// Prints the document a physicist signs, or what an experiment will do.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    if experiments::is_experiment(&arguments.file) {
        if arguments.latex {
            return Err(Failure::usage(
                "an experiment has no equations of its own",
                "leave out `--latex`, or name one of its models",
            ));
        }
        return experiments::explain(&arguments.file, terminal);
    }
    let model = models::load(&arguments.file, terminal)?;
    if terminal.json() {
        // Strings, numbers and lists can always be written.
        let explanation = serde_json::to_value(lutetia_model::explain(&model)).unwrap_or_default();
        return terminal.data_json(&explanation);
    }
    let text = if arguments.latex {
        lutetia_model::explain_latex(&model)
    } else {
        lutetia_model::explain_text(&model)
    };
    terminal.data(&text)
}
