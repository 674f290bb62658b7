//! Reading a named model with its neighbours: from a file, or from the library that travels inside the command.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use lutetia_diagnostic::has_errors;
use lutetia_model::{Checked, Model, Named, Resolve, SourceFile};
use lutetia_models::{Bundled, Place};

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    files,
    terminal::Terminal,
};

/// The text of a model and where it is from.
struct Found {
    /// As faults name it.
    name: String,
    text: String,
    neighbours: Neighbours,
}

/// Finds the files a model names (its organ table): beside the model file, or in its family of the library.
enum Neighbours {
    Folder(PathBuf),
    Family(&'static str),
}

/// Reads a model by its name; a file of the user is preferred to a bundled model, with a note where they differ.
fn read(name: &Path, terminal: &Terminal) -> Outcome<Found> {
    match lutetia_models::place(Path::new(""), name) {
        Place::File { path, bundled } => {
            let text = files::read_text(&path)?;
            let shown = path.display().to_string();
            if let Some(note) = bundled.and_then(|model| model.note(&shown, &text)) {
                terminal.talk(&format!("note: {note}"));
            }
            let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
            Ok(Found { name: shown, text, neighbours: Neighbours::Folder(folder) })
        }
        Place::Bundled(model) => Ok(bundled(model)),
        Place::Nowhere => Err(files::no_model(name)),
    }
}

fn bundled(model: &'static Bundled) -> Found {
    let family = model.path.rsplit_once('/').map_or("", |(family, _)| family);
    Found {
        name: format!("models/{}", model.path),
        text: model.text.to_owned(),
        neighbours: Neighbours::Family(family),
    }
}

/// Reads and checks one model; faults are in what is returned, with the name of what was read.
pub(crate) fn check(name: &Path, terminal: &Terminal) -> Outcome<(String, Checked)> {
    let Found { name, text, neighbours } = read(name, terminal)?;
    let checked = lutetia_model::check(&SourceFile { name: name.clone(), text }, &neighbours);
    let by_ports = checked.model.as_ref().and_then(|model| model.chain.as_ref()?.ports.as_ref());
    if by_ports.is_some()
        && let Some(note) = ports()?.1
    {
        terminal.talk(&format!("note: {note}"));
    }
    Ok((name, checked))
}

/// The text of the ports that models share, of a file of the user or as it is bundled, and what is said where the file
/// differs.
pub(crate) fn ports() -> Outcome<(String, Option<String>)> {
    let name = lutetia_models::PORTS_PATH;
    match lutetia_models::place(Path::new(""), Path::new(name)) {
        Place::File { path, bundled } => {
            let text = files::read_text(&path)?;
            let note = bundled.and_then(|file| file.note(name, &text));
            Ok((text, note))
        }
        Place::Bundled(file) => Ok((file.text.to_owned(), None)),
        Place::Nowhere => Err(files::no_model(Path::new(name))),
    }
}

/// Reads a model that must be right: faults and warnings are shown, and faults end the run.
pub(crate) fn load(name: &Path, terminal: &Terminal) -> Outcome<Model> {
    let (_, checked) = check(name, terminal)?;
    terminal.diagnostics(&checked.diagnostics, &checked.sources);
    match checked.model {
        Some(model) if !has_errors(&checked.diagnostics) => Ok(model),
        _ => Err(Failure::shown(Exit::Data)),
    }
}

impl Resolve for Neighbours {
    fn named(&self, name: &str) -> Option<Named<'_>> {
        let found = match lutetia_models::place(Path::new(""), Path::new(name)) {
            Place::File { path, .. } => {
                let text = files::read_text(&path).ok()?;
                let folder = path.parent().unwrap_or(Path::new("")).to_path_buf();
                let neighbours = Self::Folder(folder);
                Found { name: path.display().to_string(), text, neighbours }
            }
            Place::Bundled(model) => bundled(model),
            Place::Nowhere => return None,
        };
        let file = SourceFile { name: found.name, text: found.text };
        Some(Named { file, resolve: Box::new(found.neighbours) })
    }

    fn nearest(&self, name: &str) -> Option<String> {
        lutetia_scenario::nearest(name).map(str::to_owned)
    }

    fn ports(&self) -> Option<SourceFile> {
        let (text, _) = ports().ok()?;
        Some(SourceFile { name: lutetia_models::PORTS_PATH.to_owned(), text })
    }

    fn resolve(&self, name: &str) -> Option<String> {
        match self {
            Self::Folder(folder) => {
                // One byte more than is read, so that the check can say that it is too large.
                let mut text = String::new();
                let file = std::fs::File::open(folder.join(name)).ok()?;
                file.take(files::MAX_TEXT_BYTES + 1).read_to_string(&mut text).ok()?;
                Some(text)
            }
            Self::Family(family) => {
                Some(lutetia_models::find(&format!("{family}/{name}"))?.text.to_owned())
            }
        }
    }
}
