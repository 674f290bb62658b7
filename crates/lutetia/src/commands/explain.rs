//! `lutetia explain`.

use std::path::PathBuf;

use clap::Args;

use super::{experiments, models};
use crate::{
    failure::{Failure, Outcome},
    files,
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia explain models/sstr2/dotatate-small.toml
  lutetia explain --latex models/sstr2/dotatate-small.toml > model.tex
  lutetia explain --diagram model.svg psma/tumour-kidney
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

    /// A line for every organ of an organ table, where one line stands for all that a template made.
    #[arg(long, conflicts_with = "latex")]
    every_organ: bool,

    /// Draw the network as SVG into this file: a box for each compartment, an arrow for each exchange. Nothing is printed.
    #[arg(long, value_name = "FILE.svg", conflicts_with = "latex")]
    diagram: Option<PathBuf>,
}

/// Prints the document a physicist signs, or what an experiment will do.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    if experiments::is_experiment(&arguments.file) {
        let flags = [
            (arguments.latex, "--latex"),
            (arguments.every_organ, "--every-organ"),
            (arguments.diagram.is_some(), "--diagram"),
        ];
        if let Some((_, flag)) = flags.into_iter().find(|flag| flag.0) {
            return Err(Failure::usage(
                "an experiment has no equations of its own",
                format!("leave out `{flag}`, or name one of its models"),
            ));
        }
        return experiments::explain(&arguments.file, terminal);
    }
    let model = models::load(&arguments.file, terminal)?;
    if let Some(file) = &arguments.diagram {
        let drawing = lutetia_model::diagram_svg(&model, arguments.every_organ);
        return files::write_new(file, &drawing);
    }
    if terminal.json() {
        // Strings, numbers and lists can always be written.
        let explanation = serde_json::to_value(lutetia_model::explain(&model)).unwrap_or_default();
        return terminal.data_json(&explanation);
    }
    let text = if arguments.latex {
        lutetia_model::explain_latex(&model)
    } else {
        lutetia_model::explain_text(&model, arguments.every_organ)
    };
    terminal.data(&text)
}
