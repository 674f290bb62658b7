//! `lutetia simulate`.

use std::path::PathBuf;

use clap::Args;

use crate::{failure::Outcome, terminal::Terminal};

const EXAMPLE: &str = "\
Example:
  lutetia simulate models/sstr2/dotatate-small.toml --nuclide Lu-177 --until \"7 d\" \\
    --dose '{ at = \"0 h\", into = \"L.plasma\", activity = \"7.4 GBq\", amount = \"100 nmol\", over = \"30 min\" }'

A dose is the table that an experiment file holds. Without `amount` it is carrier-free.";

/// Arguments of `simulate`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Model file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,

    /// Nuclide of the label; `GROUP=NUCLIDE` where the model has several label groups.
    #[arg(long = "nuclide", value_name = "NUCLIDE")]
    pub(crate) nuclides: Vec<String>,

    /// A dose: `{ at, into, activity, amount, over }`. Repeat for several.
    #[arg(long = "dose", value_name = "TABLE", required = true)]
    pub(crate) doses: Vec<String>,

    /// Repeat every dose at this interval.
    #[arg(long, value_name = "TIME", requires = "cycles")]
    pub(crate) every: Option<String>,

    /// How often the doses are given in all.
    #[arg(long, value_name = "N", requires = "every")]
    pub(crate) cycles: Option<u32>,

    /// How long to simulate.
    #[arg(long, value_name = "TIME", default_value = "7 d")]
    pub(crate) until: String,

    /// Number of output times, evenly spaced from zero to the end.
    #[arg(long, value_name = "N", default_value_t = 201)]
    pub(crate) points: u32,

    /// Set a parameter or covariate: `CL=2.4 L/h`. Repeat for several.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub(crate) settings: Vec<String>,

    /// Print this output only; repeat for several. All without it.
    #[arg(long = "output", value_name = "NAME")]
    pub(crate) outputs: Vec<String>,

    /// Add the time integral of every output, to each time and to infinity.
    #[arg(long)]
    pub(crate) integrals: bool,

    /// Relative tolerance of the solver.
    #[arg(long, value_name = "NUMBER", default_value_t = 1e-6)]
    pub(crate) rtol: f64,
}

/// Not wired yet.
pub(crate) fn run(_arguments: &Arguments, _terminal: &Terminal) -> Outcome {
    Err(crate::failure::Failure::usage(
        "`simulate` is not available in this build",
        "see `lutetia help`",
    ))
}
