//! Writing what a user asked to be written: whole or not at all, and never over something else unless
//! told so.

use std::{collections::BTreeMap, io::ErrorKind, path::Path};

use lutetia_diagnostic::Diagnostic;
use lutetia_report::write::{
    FolderError, WriteError, write_atomically, write_into_folder, write_new_folder,
};

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    interrupt,
};

/// Writes a file; over another one only with `overwrite`.
pub(crate) fn file(path: &Path, contents: &[u8], overwrite: bool) -> Outcome {
    if path.exists() && !overwrite {
        return Err(exists(path, "choose another name, or add `--overwrite`"));
    }
    write_atomically(path, contents).map_err(|error| failed(&error))
}

/// Writes a folder that must not exist yet, or be empty.
pub(crate) fn new_folder(path: &Path, files: &BTreeMap<String, Vec<u8>>, hint: &str) -> Outcome {
    let stop = interrupt::cooperative();
    write_new_folder(path, files, stop).map_err(|error| folder(error, hint))
}

/// Writes into a folder that may hold older files of the same kind; `stale` of those go.
pub(crate) fn over_folder(
    path: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    stale: &[String],
) -> Outcome {
    let stop = interrupt::cooperative();
    write_into_folder(path, files, stale, stop).map_err(|error| folder(error, ""))
}

/// Whether a folder may be written as a new one; said before the work is done.
pub(crate) fn must_be_new(path: &Path, hint: &str) -> Outcome {
    let taken = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) => error.kind() != ErrorKind::NotFound,
    };
    if taken { Err(exists(path, hint)) } else { Ok(()) }
}

fn folder(error: FolderError, hint: &str) -> Failure {
    match error {
        FolderError::Exists(path) => exists(&path, hint),
        FolderError::Stopped => Failure::new(
            Exit::Interrupted,
            Diagnostic::error("LUT8021", "interrupted; every file that is there is whole"),
        ),
        FolderError::Write(error) => failed(&error),
    }
}

fn exists(path: &Path, hint: &str) -> Failure {
    let what = if path.is_dir() { "exists already and is not empty" } else { "exists already" };
    let message = format!("`{}` {what}; it is left as it is", path.display());
    Failure::new(Exit::CannotCreate, Diagnostic::error("LUT8007", message).hint(hint))
}

fn failed(error: &WriteError) -> Failure {
    let exit = match error.source.kind() {
        ErrorKind::StorageFull | ErrorKind::Interrupted => Exit::Io,
        _ => Exit::CannotCreate,
    };
    Failure::new(exit, Diagnostic::error("LUT8003", error.to_string()))
}
