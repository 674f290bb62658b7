//! `lutetia completions`.

use clap::{Args, Command};
use clap_complete::Shell;

use crate::{failure::Outcome, terminal::Terminal};

const EXAMPLE: &str = "\
Example:
  lutetia completions bash > ~/.local/share/bash-completion/completions/lutetia";

/// Arguments of `completions`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// The shell.
    shell: Shell,
}

/// Prints the script of a command.
pub(crate) fn run(arguments: &Arguments, mut command: Command, terminal: &Terminal) -> Outcome {
    // Written to memory first: the generator panics when a pipe closes under it.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, "lutetia", &mut script);
    terminal.data(&String::from_utf8_lossy(&script))
}
