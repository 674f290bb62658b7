//! Where an experiment reads from: a folder on disk, or files in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use lutetia_models::Place;
use lutetia_scenario::ScenarioError;
use sha2::{Digest, Sha256};

use crate::Failure;

/// Everything that an experiment reads from outside. Paths are those of the files of users: from the root of the
/// repository, with `/` between folders.
pub trait World: Sync {
    /// The bytes of a file.
    ///
    /// # Errors
    /// When there is no such file, or it cannot be read.
    fn bytes(&self, path: &str) -> io::Result<Vec<u8>>;

    /// The names of the files of a folder, sorted; folders within it are left out.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be read.
    fn list(&self, folder: &str) -> io::Result<Vec<String>>;

    /// Whether a path is a folder.
    ///
    /// # Errors
    /// When there is nothing of that name.
    fn is_folder(&self, path: &str) -> io::Result<bool>;

    /// Whether a path can be read more than once: a pipe gives what it holds to the first who asks, so that a check
    /// leaves it alone.
    fn reads_again(&self, _path: &str) -> bool {
        true
    }
}

/// The files under a folder on disk.
#[derive(Debug, Clone)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// The files under `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

impl World for Disk {
    fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(self.root.join(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = fs::read_dir(self.root.join(folder))?
            .filter_map(Result::ok)
            .filter(|e| e.path().is_file())
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        Ok(names)
    }

    fn is_folder(&self, path: &str) -> io::Result<bool> {
        fs::metadata(self.root.join(path)).map(|found| found.is_dir())
    }

    fn reads_again(&self, path: &str) -> bool {
        fs::metadata(self.root.join(path)).map_or(true, |found| found.is_file() || found.is_dir())
    }
}

/// Files in memory by path; `.` and `..` lead where they lead on a disk.
impl World for BTreeMap<String, Vec<u8>> {
    fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        self.get(&plain(path)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let folder = format!("{}/", plain(folder));
        let inside = self.keys().filter_map(|path| path.strip_prefix(&folder));
        let names: Vec<String> = inside.filter(|n| !n.contains('/')).map(str::to_owned).collect();
        if names.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(names) }
    }

    fn is_folder(&self, path: &str) -> io::Result<bool> {
        let path = plain(path);
        let folder = format!("{path}/");
        match self.contains_key(&path) {
            true => Ok(false),
            false if self.keys().any(|p| p.starts_with(&folder)) => Ok(true),
            false => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// The path without `.` and `..`, which a disk follows by itself.
fn plain(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts.join("/")
}

/// A world, and the hash of everything that was read from it, for the provenance.
pub struct Reading<'w> {
    world: &'w dyn World,
    read: BTreeMap<String, String>,
    notes: BTreeSet<String>,
}

impl<'w> Reading<'w> {
    /// Nothing read yet.
    #[must_use]
    pub fn of(world: &'w dyn World) -> Self {
        Self { world, read: BTreeMap::new(), notes: BTreeSet::new() }
    }

    /// SHA-256 of every file read so far, by path.
    #[must_use]
    pub fn hashes(&self) -> &BTreeMap<String, String> {
        &self.read
    }

    /// The same, when nothing more is read.
    #[must_use]
    pub fn into_hashes(self) -> BTreeMap<String, String> {
        self.read
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`Failure::Read`].
    pub fn bytes(&mut self, path: &str) -> Result<Vec<u8>, Failure> {
        let bytes = self.world.bytes(path);
        let bytes = bytes.map_err(|source| Failure::Read { path: path.into(), source })?;
        self.read.insert(path.to_owned(), hash(&bytes));
        Ok(bytes)
    }

    /// A file of text.
    ///
    /// # Errors
    /// [`Failure::Read`], also where it is not UTF-8.
    pub fn text(&mut self, path: &str) -> Result<String, Failure> {
        self.utf8(path).map_err(|source| Failure::Read { path: path.into(), source })
    }

    fn utf8(&mut self, path: &str) -> io::Result<String> {
        let bytes = self.world.bytes(path)?;
        self.read.insert(path.to_owned(), hash(&bytes));
        String::from_utf8(bytes).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }

    /// The text of a model, of a file of the world or of the library; what was read is hashed under the path that it
    /// has, or would have.
    ///
    /// # Errors
    /// When there is no such model, or its file cannot be read.
    pub fn model(&mut self, name: &str) -> Result<String, ScenarioError> {
        let look = |path: &Path| self.world.is_folder(&lutetia_models::slashed(path));
        match lutetia_models::place_by(&look, Path::new(name)) {
            Place::File { path, bundled } => {
                let path = lutetia_models::slashed(&path);
                let text = self
                    .utf8(&path)
                    .map_err(|source| ScenarioError::Read { path: path.clone().into(), source })?;
                self.notes.extend(bundled.and_then(|model| model.note(&path, &text)));
                Ok(text)
            }
            Place::Bundled(model) => {
                self.read.insert(format!("models/{}", model.path), hash(model.text.as_bytes()));
                Ok(model.text.to_owned())
            }
            Place::Nowhere => Err(ScenarioError::NoModel {
                name: name.to_owned(),
                nearest: lutetia_scenario::nearest(name),
            }),
        }
    }

    /// What a person should know of the files read so far.
    pub fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(String::as_str)
    }

    /// The files of a folder with their names.
    ///
    /// # Errors
    /// [`Failure::Read`].
    pub fn folder(&mut self, path: &str) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        let names = self.world.list(path);
        let names = names.map_err(|source| Failure::Read { path: path.into(), source })?;
        let within = path.trim_end_matches('/');
        names.into_iter().map(|n| Ok((n.clone(), self.bytes(&format!("{within}/{n}"))?))).collect()
    }
}

/// SHA-256 of some bytes, in hexadecimal.
#[must_use]
pub fn hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// SHA-256 of a file, read in pieces.
///
/// # Errors
/// When the file cannot be read.
pub fn hash_file(path: &Path) -> io::Result<String> {
    let mut file = fs::File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match io::Read::read(&mut file, &mut buffer)? {
            0 => return Ok(hex(&hasher.finalize())),
            n => hasher.update(&buffer[..n]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_a_world_in_memory_reads_as_one_on_disk() {
        let files = [("data/a/x.csv", "1\n"), ("data/a/y.csv", "2\n"), ("data/a/b/z.csv", "3\n")];
        let memory: BTreeMap<String, Vec<u8>> =
            files.iter().map(|(p, t)| ((*p).to_owned(), t.as_bytes().to_vec())).collect();
        let folder = tempfile::tempdir().expect("temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("folder")).expect("folder");
            fs::write(path, text).expect("file");
        }
        let disk = Disk::new(folder.path());
        for path in ["data/a/x.csv", "data/a/b/z.csv", "data/a/none.csv"] {
            let (on_disk, in_memory) = (disk.bytes(path), memory.bytes(path));
            assert_eq!(on_disk.map_err(|e| e.kind()), in_memory.map_err(|e| e.kind()), "{path}");
        }
        for path in ["data/a", "data/a/b", "none"] {
            let (on_disk, in_memory) = (disk.list(path), memory.list(path));
            assert_eq!(on_disk.map_err(|e| e.kind()), in_memory.map_err(|e| e.kind()), "{path}");
        }
        let mut reading = Reading::of(&memory);
        reading.folder("data/a/").expect("files");
        let read: Vec<&String> = reading.hashes().keys().collect();
        assert_eq!(read, ["data/a/x.csv", "data/a/y.csv"]);
        assert_eq!(reading.hashes()["data/a/x.csv"], hash(b"1\n"));
    }
}
