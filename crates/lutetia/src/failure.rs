//! Why a command did not do what was asked.

use std::{fmt::Display, io, path::Path};

use lutetia_diagnostic::Diagnostic;

use crate::exit::Exit;

/// What is said and with which exit code the run ends.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    report: Option<Box<Diagnostic>>,
}

/// The outcome of a command.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    /// A failure that is still to be said.
    pub(crate) fn new(exit: Exit, report: Diagnostic) -> Self {
        Self { exit, report: Some(Box::new(report)) }
    }

    /// What a library says, under its own code.
    pub(crate) fn of(exit: Exit, code: &'static str, said: &impl Display) -> Self {
        Self::new(exit, Diagnostic::error(code, said.to_string()))
    }

    /// An option that a library refuses, under the code of that.
    pub(crate) fn asked(code: &'static str, said: &impl Display, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, Diagnostic::error(code, said.to_string()).hint(hint))
    }

    /// A failure whose reasons have been shown already.
    pub(crate) fn shown(exit: Exit) -> Self {
        Self { exit, report: None }
    }

    /// The command line asks for something that cannot be.
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, Diagnostic::error("LUT8001", message).hint(hint))
    }

    /// A file or folder cannot be read.
    pub(crate) fn reading(path: &Path, error: &io::Error) -> Self {
        let missing =
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied);
        let exit = if missing { Exit::NoInput } else { Exit::Io };
        let hint = match error.kind() {
            io::ErrorKind::NotFound => Some("check the path; it is taken from the current folder"),
            io::ErrorKind::PermissionDenied => Some("ask for the permission to read it"),
            io::ErrorKind::IsADirectory => Some("name a file in this folder"),
            _ => None,
        };
        let message = format!("cannot read `{}`: {}", path.display(), plain(error));
        Self::new(exit, Diagnostic::error("LUT8002", message).maybe_hint(hint.map(str::to_owned)))
    }

    /// A file or folder cannot be written.
    pub(crate) fn writing(path: &Path, error: &io::Error) -> Self {
        let message = format!("cannot write `{}`: {}", path.display(), plain(error));
        let exit = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::Interrupted => Exit::Io,
            _ => Exit::CannotCreate,
        };
        let hint = match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Some("choose a folder that can be written with `--dir`")
            }
            _ => None,
        };
        Self::new(exit, Diagnostic::error("LUT8003", message).maybe_hint(hint.map(str::to_owned)))
    }

    /// Standard output cannot be written. A reader that has gone away (`lutetia … | head`) has
    /// what it wanted, so that is not a failure of ours.
    pub(crate) fn output(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::shown(Exit::Ok);
        }
        let message = format!("cannot write to standard output: {}", plain(error));
        Self::new(Exit::Io, Diagnostic::error("LUT8004", message))
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// What is still to be said.
    pub(crate) fn report(&self) -> Option<&Diagnostic> {
        self.report.as_deref()
    }
}

/// An operating-system message in our style: lower-case start, no number.
fn plain(error: &impl Display) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}
