//! Reading and writing files that a user named.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use lutetia_diagnostic::{Diagnostic, closest};
use lutetia_models::{Bundled, slashed};
use lutetia_scenario::nearest;

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
};

/// More than any model, table of organs or experiment; a larger file was named by mistake.
pub(crate) const MAX_TEXT_BYTES: u64 = 16 << 20;

/// A row per patient of the largest trials; more does not fit into the memory of usual machines.
pub(crate) const MAX_TABLE_BYTES: u64 = 4 << 30;

/// Reads a text file of bounded size.
pub(crate) fn read_text(path: &Path) -> Outcome<String> {
    let hint = "name a model file; patient tables are read by `lutetia data check FOLDER`";
    read_bounded(path, MAX_TEXT_BYTES, "which no model file is", hint)
}

/// Reads a table of patients.
pub(crate) fn read_table(path: &Path) -> Outcome<String> {
    let hint = "give the columns that are needed alone, or fewer patients";
    read_bounded(path, MAX_TABLE_BYTES, "more than is held in memory", hint)
}

fn read_bounded(path: &Path, most: u64, why: &str, hint: &str) -> Outcome<String> {
    let file = File::open(path).map_err(|error| not_read(path, &error))?;
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes).map_err(|error| Failure::reading(path, &error))?;
    if bytes.len() as u64 > most {
        let message = format!("`{}` is larger than {} MiB, {why}", path.display(), most >> 20);
        return Err(Failure::new(Exit::Data, Diagnostic::error("LUT8005", message).hint(hint)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let before = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        let message = format!("`{}` is not UTF-8 text at {line}:{column}", path.display());
        Failure::new(
            Exit::Data,
            Diagnostic::error("LUT8006", message).hint("save the file as UTF-8"),
        )
    })
}

/// No file and no bundled model has the name; one that is near is suggested, a file before a bundled model.
pub(crate) fn no_model(path: &Path) -> Failure {
    // Asked again, so that the system says in its words that there is no such file.
    let error = File::open(path).err().unwrap_or_else(|| io::ErrorKind::NotFound.into());
    let failure = Failure::reading(path, &error);
    let near = neighbour(path)
        .map(|near| near.display().to_string())
        .or_else(|| nearest(&lutetia_models::slashed(path)).map(str::to_owned));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "check the path; it is taken from the current folder, and `lutetia models` lists the bundled models".to_owned(),
    };
    hinted(failure, hint)
}

/// The file could not be opened; a neighbour of a similar name is suggested.
fn not_read(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::reading(path, error);
    if error.kind() != io::ErrorKind::NotFound {
        return failure;
    }
    match neighbour(path) {
        Some(near) => hinted(failure, format!("did you mean `{}`?", near.display())),
        None => failure,
    }
}

/// A failure with another hint.
fn hinted(failure: Failure, hint: String) -> Failure {
    match failure.report() {
        Some(report) => Failure::new(failure.exit(), report.clone().hint(hint)),
        None => failure,
    }
}

/// What lies beside a missing file under a name near to its own.
fn neighbour(path: &Path) -> Option<PathBuf> {
    let wanted = path.file_name().map(|name| name.to_string_lossy().into_owned())?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let near = closest(&wanted, names.iter().map(String::as_str))?;
    Some(path.with_file_name(near))
}

/// Writes a file that must not exist yet; what could not be written whole is taken away again.
pub(crate) fn write_new(path: &Path, text: &str) -> Outcome {
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|error| Failure::writing(folder, &error))?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            exists(path)
        } else {
            Failure::writing(path, &error)
        }
    })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        drop(file);
        // The first error is the one to report.
        let _left_behind = fs::remove_file(path);
        return Err(Failure::writing(path, &error));
    }
    Ok(())
}

/// Writes files that must not exist yet, all or none.
pub(crate) fn write_all_new(files: &[(PathBuf, String)]) -> Outcome {
    for (path, _) in files {
        if path.exists() {
            return Err(exists(path));
        }
    }
    for (done, (path, text)) in files.iter().enumerate() {
        if let Err(failure) = write_new(path, text) {
            for (path, _) in &files[..done] {
                // The first error is the one to report.
                let _left_behind = fs::remove_file(path);
            }
            return Err(failure);
        }
    }
    Ok(())
}

fn exists(path: &Path) -> Failure {
    let message = format!("`{}` exists already and is left as it is", path.display());
    Failure::new(
        Exit::CannotCreate,
        Diagnostic::error("LUT8007", message).hint("choose another name, or remove the file"),
    )
}

/// A file of TOML that is not the manifest of a crate: the library of models is one.
fn is_model_file(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "toml") && !path.ends_with("Cargo.toml")
}

/// Files and, where a folder is named, every `*.toml` below it, in the order of their names; a family of bundled models
/// where no such folder is there.
pub(crate) fn model_files(named: &[PathBuf]) -> Outcome<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in named {
        if path.is_dir() {
            let before = found.len();
            let mut folders = vec![path.clone()];
            while let Some(folder) = folders.pop() {
                let entries = fs::read_dir(&folder)
                    .and_then(Iterator::collect::<io::Result<Vec<_>>>)
                    .map_err(|error| Failure::reading(&folder, &error))?;
                for entry in entries {
                    let kind =
                        entry.file_type().map_err(|e| Failure::reading(&entry.path(), &e))?;
                    // Links to folders are not followed: they may lead in circles.
                    if kind.is_dir() {
                        folders.push(entry.path());
                    } else if is_model_file(&entry.path()) {
                        found.push(entry.path());
                    }
                }
            }
            if found.len() == before {
                return Err(Failure::new(
                    Exit::NoInput,
                    Diagnostic::error(
                        "LUT8008",
                        format!("`{}` holds no `.toml` file", path.display()),
                    )
                    .hint("`lutetia new ligand NAME` writes a first model"),
                ));
            }
            found[before..].sort();
        } else {
            match bundled_below(path) {
                family if family.is_empty() => found.push(path.clone()),
                family => found.extend(family),
            }
        }
    }
    Ok(found)
}

/// The bundled models of a family, or all of them for `models`; none where that is the name of something that is there.
fn bundled_below(folder: &Path) -> Vec<PathBuf> {
    if folder.exists() {
        return Vec::new();
    }
    let name = slashed(folder);
    let name = name.trim_end_matches('/');
    let family = lutetia_models::plain(name);
    let within = |model: &&Bundled| {
        let rest = model.path.strip_prefix(family);
        name == "models" || rest.is_some_and(|rest| rest.starts_with('/'))
    };
    lutetia_models::MODELS
        .iter()
        .filter(within)
        .map(|model| Path::new("models").join(model.path))
        .collect()
}
