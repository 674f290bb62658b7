//! `lutetia`: model-informed radioligand therapy, from the command line.
//!
//! The only crate that prints. What a program may want to read goes to standard output; what is
//! said to the person at the keyboard goes to standard error. Exit codes are those of `sysexits`,
//! see [`exit::Exit`].

mod cli;
mod commands;
mod exit;
mod failure;
mod files;
mod interrupt;
mod terminal;

use std::{panic::AssertUnwindSafe, process::ExitCode};

use clap::Parser as _;

use crate::{cli::Cli, exit::Exit, terminal::Terminal};

fn main() -> ExitCode {
    terminal::install_panic_hook();
    // A panic is our fault and has been explained by the hook; what is left is the exit code.
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(run));
    ExitCode::from(outcome.unwrap_or(Exit::Software) as u8)
}

fn run() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        // Help and version are answers; anything else is wrong usage, which clap explains.
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            return match error.print() {
                Err(fault) if fault.kind() != std::io::ErrorKind::BrokenPipe => Exit::Io,
                _ => exit,
            };
        }
    };
    let terminal = Terminal::new(cli.colour, cli.json);
    if let Err(error) = interrupt::install() {
        terminal.talk(&format!("warning: Ctrl-C cannot be caught: {error}"));
    }
    match cli.command.run(&terminal) {
        Ok(()) => Exit::Ok,
        Err(failure) => {
            if let Some(report) = failure.report() {
                terminal
                    .diagnostics(std::slice::from_ref(report), &lutetia_diagnostic::Sources::new());
            }
            failure.exit()
        }
    }
}
