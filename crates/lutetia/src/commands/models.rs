//! Reading a model file with its neighbours.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use lutetia_diagnostic::has_errors;
use lutetia_model::{Checked, Model, Resolve, SourceFile};

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files,
    terminal::Terminal,
};

/// Finds the files a model names (its organ table) beside the model file.
struct Neighbours {
    folder: PathBuf,
}

/// Reads and checks one file; faults are in what is returned.
pub(crate) fn check(path: &Path) -> Outcome<Checked> {
    let text = files::read_text(path)?;
    let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
    let file = SourceFile { name: path.display().to_string(), text };
    Ok(lutetia_model::check(&file, &Neighbours { folder }))
}

/// Reads a model that must be right: faults and warnings are shown, and faults end the run.
pub(crate) fn load(path: &Path, terminal: &Terminal) -> Outcome<Model> {
    let checked = check(path)?;
    terminal.diagnostics(&checked.diagnostics, &checked.sources);
    match checked.model {
        Some(model) if !has_errors(&checked.diagnostics) => Ok(model),
        _ => Err(Failure::shown(Exit::Data)),
    }
}

impl Resolve for Neighbours {
    fn resolve(&self, name: &str) -> Option<String> {
        // One byte more than is read, so that the check can say that it is too large.
        let mut text = String::new();
        let file = std::fs::File::open(self.folder.join(name)).ok()?;
        file.take(files::MAX_TEXT_BYTES + 1).read_to_string(&mut text).ok()?;
        Some(text)
    }
}
