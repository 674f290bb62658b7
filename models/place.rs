//! Where the text of a named model is: in a file of the user, or here.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, MAIN_SEPARATOR, Path, PathBuf},
};

use crate::{Bundled, find};

/// Where the text of a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a file, which wins over a bundled model of the same name.
    File {
        /// Its path from the folder where it was looked for: as named, or with what the name left out.
        path: PathBuf,
        /// The bundled model of that name, where there is one.
        bundled: Option<&'static Bundled>,
    },
    /// In the library.
    Bundled(&'static Bundled),
    /// Nowhere: no file and no bundled model is called so.
    Nowhere,
}

/// Looks for a model: first a file below `root`, as named, with `.toml` behind, with `models/` in front, or with both;
/// then a bundled model of that name.
///
/// What is there and is not a file of text is given back too, so that whoever reads it says what is wrong with it.
#[must_use]
pub fn place(root: &Path, name: &Path) -> Place {
    place_by(&|path| fs::metadata(root.join(path)).map(|found| found.is_dir()), name)
}

/// The same where files are looked for by `look`, which says whether a path is a folder.
#[must_use]
pub fn place_by(look: &dyn Fn(&Path) -> io::Result<bool>, name: &Path) -> Place {
    let bundled = find(&slashed(name));
    let mut folder = None;
    for path in candidates(name) {
        match look(&path) {
            Ok(true) => folder = folder.or(Some(path)),
            Err(error) if missing(&error) => {}
            // Found, or hidden: reading it says why.
            Ok(false) | Err(_) => return Place::File { path, bundled },
        }
    }
    match (bundled, folder) {
        (Some(model), _) => Place::Bundled(model),
        (None, Some(path)) => Place::File { path, bundled },
        (None, None) => Place::Nowhere,
    }
}

/// The path with `/` between its parts, as models are named on every system.
#[must_use]
pub fn slashed(path: &Path) -> String {
    let text = path.to_string_lossy();
    if MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace(MAIN_SEPARATOR, "/") }
}

/// A name and what it may stand for, in the order in which they are tried.
fn candidates(name: &Path) -> Vec<PathBuf> {
    let mut paths = vec![name.to_path_buf()];
    if name.extension().is_none_or(|e| e != "toml") && name.file_name().is_some() {
        let mut longer = OsString::from(name);
        longer.push(".toml");
        paths.push(longer.into());
    }
    // A path that climbs or begins at the root of the system says itself where it is.
    let plain = name.components().all(|part| matches!(part, Component::Normal(_)));
    if plain && !name.starts_with("models") {
        let below: Vec<PathBuf> = paths.iter().map(|path| Path::new("models").join(path)).collect();
        paths.extend(below);
    }
    paths
}

fn missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

impl Bundled {
    /// The sentence that says that a file is read in place of this model, which has the same name; nothing where both
    /// say the same.
    #[must_use]
    pub fn note(&self, path: &str, text: &str) -> Option<String> {
        (text != self.text).then(|| {
            let what = match self.path {
                "ports.toml" => "list of ports".to_owned(),
                _ => format!("model `{}`", self.name()),
            };
            format!("`{path}` is read, not the bundled {what}, from which it differs")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = [
        "psma/tumour-kidney",
        "psma/tumour-kidney.toml",
        "models/psma/tumour-kidney",
        "models/psma/tumour-kidney.toml",
    ];

    /// A folder of this test alone, taken away at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("lutetia-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).expect("a temporary folder");
            Self(path)
        }

        fn write(&self, path: &str) {
            let path = self.0.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, "[model]\n").expect("a file");
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _left = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn exact_an_empty_folder_has_the_bundled_models() {
        let folder = Folder::new("empty");
        for name in NAMES {
            let model = find("psma/tumour-kidney").expect("it is bundled");
            assert_eq!(place(&folder.0, Path::new(name)), Place::Bundled(model), "{name}");
        }
        for name in ["psma", "tumour-kidney", "../psma/tumour-kidney", "/psma/tumour-kidney"] {
            assert_eq!(place(&folder.0, Path::new(name)), Place::Nowhere, "{name}");
        }
    }

    #[test]
    fn exact_a_file_wins_under_each_of_its_names() {
        let folder = Folder::new("wins");
        folder.write("models/psma/tumour-kidney.toml");
        folder.write("mine/own.toml");
        for name in NAMES {
            let Place::File { path, bundled } = place(&folder.0, Path::new(name)) else {
                panic!("`{name}` is not found as a file");
            };
            assert_eq!(path, Path::new("models/psma/tumour-kidney.toml"), "{name}");
            assert_eq!(bundled.map(Bundled::name), Some("psma/tumour-kidney"), "{name}");
        }
        for name in ["mine/own", "mine/own.toml"] {
            let expected = Place::File { path: "mine/own.toml".into(), bundled: None };
            assert_eq!(place(&folder.0, Path::new(name)), expected, "{name}");
        }
        // Nearer than the one below `models/`.
        folder.write("psma/tumour-kidney.toml");
        let Place::File { path, .. } = place(&folder.0, Path::new("psma/tumour-kidney")) else {
            panic!("the nearer file is not found");
        };
        assert_eq!(path, Path::new("psma/tumour-kidney.toml"));
    }

    #[test]
    fn exact_a_folder_is_given_back_where_nothing_else_has_the_name() {
        let folder = Folder::new("folder");
        folder.write("own/a.toml");
        let expected = Place::File { path: "own".into(), bundled: None };
        assert_eq!(place(&folder.0, Path::new("own")), expected);
    }

    #[test]
    fn exact_only_another_text_is_worth_a_note() {
        let model = find("psma/tumour-kidney").expect("it is bundled");
        assert_eq!(model.note("a.toml", model.text), None);
        let note = model.note("a.toml", "[model]").expect("another text");
        assert!(note.contains("`a.toml`") && note.contains("`psma/tumour-kidney`"), "{note}");
    }
}
