//! Why an experiment failed.

use std::{fmt, io, path::PathBuf};

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_figure::ChartError;

use lutetia_scenario::ScenarioError;

use crate::steps::StepError;

/// What was attempted with a file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// To make a folder, with those above it.
    CreateFolder,
    /// To put a file into a folder.
    WriteInto,
    /// To write a file.
    Write,
    /// To read a folder.
    Read,
    /// To take a folder away for another one.
    Replace,
    /// To give a folder its name.
    Create,
    /// To take a file away.
    Remove,
    /// To keep other runs out.
    Lock,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CreateFolder => "create the folder",
            Self::WriteInto => "write into",
            Self::Write => "write",
            Self::Read => "read",
            Self::Replace => "replace",
            Self::Create => "create",
            Self::Remove => "remove",
            Self::Lock => "lock",
        })
    }
}

/// Why an experiment could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Faults in files, each with its place.
    #[error("{} fault{} in its files", diagnostics.len(), if diagnostics.len() == 1 { "" } else { "s" })]
    Diagnostics {
        /// The faults.
        diagnostics: Vec<Diagnostic>,
        /// The texts they point into.
        sources: Box<Sources>,
    },
    /// A model could not be loaded.
    #[error(transparent)]
    Model(Box<ScenarioError>),
    /// A step could not be computed.
    #[error("step `{step}`: {reason}")]
    Step {
        /// Its identifier.
        step: String,
        /// Why.
        reason: StepError,
    },
    /// A figure could not be made of the tables.
    #[error("step `figure {figure}`: {source}")]
    Chart {
        /// Its name.
        figure: String,
        /// Why.
        source: Box<ChartError>,
    },
    /// A file could not be read.
    #[error("cannot read `{path}`: {}", source.kind())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A result that is kept beside a trial could not be written.
    #[error("cannot {action} `{path}`: {}", source.kind())]
    Keep {
        /// What was attempted.
        action: Attempt,
        /// Where.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
    /// What a step or a figure met, at the place of the experiment that it concerns.
    #[error("{of}")]
    Placed {
        /// The message with its place.
        diagnostic: Box<Diagnostic>,
        /// The text it points into.
        sources: Box<Sources>,
        /// What it is of.
        of: Box<Failure>,
    },
}

impl Failure {
    /// The code of the message, where what failed has one of its own.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Model(error) => Some(error.code()),
            Self::Chart { source, .. } => Some(source.code()),
            Self::Step { reason, .. } => reason.code(),
            Self::Placed { of, .. } => of.code(),
            Self::Diagnostics { .. }
            | Self::Read { .. }
            | Self::Keep { .. }
            | Self::Interrupted => None,
        }
    }
}

impl From<ScenarioError> for Failure {
    fn from(error: ScenarioError) -> Self {
        match error {
            ScenarioError::Files { diagnostics, sources } => {
                Self::Diagnostics { diagnostics, sources }
            }
            ScenarioError::Read { path, source } => Self::Read { path, source },
            other => Self::Model(Box::new(other)),
        }
    }
}
