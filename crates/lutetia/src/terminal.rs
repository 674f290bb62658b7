//! Where text goes: data to standard output, talk to standard error.

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use lutetia_diagnostic::{Diagnostic, Sources, render};

use crate::failure::{Failure, Outcome};

/// When to colour what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Colour {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The two streams and how they are to be used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    colour: bool,
    json: bool,
}

impl Terminal {
    /// Decides on colour once.
    pub(crate) fn new(colour: Colour, json: bool) -> Self {
        let colour = match colour {
            Colour::Always => true,
            Colour::Never => false,
            Colour::Auto => {
                let unwanted = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
                    || std::env::var_os("TERM").is_some_and(|v| v == "dumb");
                io::stderr().is_terminal() && !unwanted
            }
        };
        Self { colour, json }
    }

    /// Whether standard output is read by a machine.
    pub(crate) fn json(&self) -> bool {
        self.json
    }

    /// Writes data.
    pub(crate) fn data(&self, text: &str) -> Outcome {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes())
            .and_then(|()| if text.ends_with('\n') { Ok(()) } else { out.write_all(b"\n") })
            .and_then(|()| out.flush())
            .map_err(|error| Failure::output(&error))
    }

    /// Writes data for machines.
    pub(crate) fn data_json(&self, value: &serde_json::Value) -> Outcome {
        self.data(&format!("{value:#}"))
    }

    /// Says something. Nobody may be listening, and that is no reason to stop.
    pub(crate) fn talk(&self, text: &str) {
        let _unheard = writeln!(io::stderr().lock(), "{}", text.trim_end());
    }

    /// Says diagnostics, in the order of the text.
    pub(crate) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        if !diagnostics.is_empty() {
            self.talk(&render(diagnostics, sources, self.colour));
        }
    }
}

/// A panic is a fault of ours: it is said so, with what somebody needs who wants to mend it.
pub(crate) fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let what = info.payload_as_str().unwrap_or("no message");
        let place =
            info.location().map_or_else(String::new, |l| format!(" ({}:{})", l.file(), l.line()));
        let arguments: Vec<String> =
            std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
        let _unheard = writeln!(
            io::stderr().lock(),
            "error[LUT8070]: lutetia {} has a fault: {what}{place}\n  \
             command: lutetia {}\n  \
             hint: report it with the files it was given: {}/issues",
            env!("CARGO_PKG_VERSION"),
            arguments.join(" "),
            env!("CARGO_PKG_REPOSITORY"),
        );
    }));
}

/// A number with its noun: `1 file`, `2 files`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
