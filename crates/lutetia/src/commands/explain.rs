//! `lutetia explain`.

use std::path::PathBuf;

use clap::Args;

use super::models;
use crate::{failure::Outcome, terminal::Terminal};

const EXAMPLE: &str = "\
Example:
  lutetia explain models/sstr2/dotatate-small.toml
  lutetia explain --latex models/sstr2/dotatate-small.toml > model.tex";

/// Arguments of `explain`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Model file, or the name of a bundled model such as `psma/tumour-kidney`.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Print LaTeX instead of text.
    #[arg(long)]
    latex: bool,
}

/// Prints the document a physicist signs.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
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
