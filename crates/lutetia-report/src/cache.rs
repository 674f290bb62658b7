//! What steps made before, in a folder on disk.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use lutetia_experiment::Cache;

use crate::write::write_atomically;

/// Bytes that the entries may take together.
const MOST: u64 = 500_000_000;

/// How long a file that another run may be writing is left alone.
const WRITING: Duration = Duration::from_secs(3600);

/// Entries as files of a folder, each whole or not there, so that several processes may read and write at once. A
/// folder that cannot be read or written keeps nothing, and reports are made all the same.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    most: u64,
}

impl Folder {
    /// That of the repository at `root`: `.lutetia/steps`, which version control leaves out.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        Self { path: root.join(".lutetia").join("steps"), most: MOST }
    }

    /// The same folder with another limit, in bytes.
    #[must_use]
    pub fn at_most(self, most: u64) -> Self {
        Self { most, ..self }
    }

    /// Removes the entries that were not used for longest until the rest is within the limit.
    pub fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.path) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let about = entry.metadata().ok().filter(fs::Metadata::is_file)?;
                Some((about.modified().ok()?, about.len(), entry.path()))
            })
            .collect();
        files.sort();
        let mut all: u64 = files.iter().map(|(_, length, _)| length).sum();
        let today = now();
        for (used, length, path) in files {
            let temporary = path.extension().is_some_and(|ending| ending == "tmp");
            let old = today.duration_since(used).is_ok_and(|age| age > WRITING);
            // A run that was killed leaves its temporary file behind.
            let goes = if temporary { old } else { all > self.most };
            if goes && fs::remove_file(&path).is_ok() {
                all = all.saturating_sub(length);
            }
        }
    }

    fn file(&self, identity: &str) -> PathBuf {
        self.path.join(identity)
    }
}

impl Cache for Folder {
    fn get(&self, identity: &str) -> Option<Vec<u8>> {
        let path = self.file(identity);
        let bytes = fs::read(&path).ok()?;
        // The time of a file is that of its last use; where it cannot be set, the entry goes earlier.
        if let Ok(file) = File::options().append(true).open(&path) {
            let _aged = file.set_modified(now());
        }
        Some(bytes)
    }

    fn put(&self, identity: &str, entry: &[u8]) {
        let Some(above) = self.path.parent() else { return };
        let ignored = above.join(".gitignore");
        if !ignored.exists() {
            let _listed = write_atomically(&ignored, b"*\n");
        }
        let _kept = write_atomically(&self.file(identity), entry);
    }
}

/// The age of an entry says which goes first; no result depends on it.
#[expect(clippy::disallowed_methods, reason = "the age of a file is that of the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aged(folder: &Folder, identity: &str, seconds: u64) {
        let file = File::options().append(true).open(folder.file(identity)).expect("an entry");
        let then = now() - Duration::from_secs(seconds);
        file.set_modified(then).expect("its time is set");
    }

    #[test]
    fn exact_the_oldest_go_first_and_use_makes_young() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::of(root.path()).at_most(250);
        for (identity, age) in [("a", 300), ("b", 200), ("c", 100)] {
            folder.put(identity, &[7; 100]);
            aged(&folder, identity, age);
        }
        assert_eq!(folder.get("a"), Some(vec![7; 100]), "used now");
        folder.sweep();
        assert_eq!(folder.get("b"), None);
        assert!(folder.get("a").is_some() && folder.get("c").is_some());
        folder.sweep();
        assert!(folder.get("a").is_some() && folder.get("c").is_some(), "within the limit");
        let ignored = fs::read_to_string(root.path().join(".lutetia/.gitignore"));
        assert_eq!(ignored.expect("it is there"), "*\n");
    }

    #[test]
    fn exact_what_another_run_writes_is_left_alone() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folder = Folder::of(root.path()).at_most(0);
        for (name, age) in [(".lutetia-new.tmp", 1), (".lutetia-old.tmp", 7200)] {
            folder.put(name, b"half");
            aged(&folder, name, age);
        }
        folder.sweep();
        assert!(folder.get(".lutetia-new.tmp").is_some());
        assert_eq!(folder.get(".lutetia-old.tmp"), None);
    }

    #[test]
    fn exact_a_folder_that_cannot_be_keeps_nothing() {
        let root = tempfile::tempdir().expect("a temporary folder");
        fs::write(root.path().join(".lutetia"), "a file").expect("a file");
        let folder = Folder::of(root.path());
        folder.put("a", b"x");
        folder.sweep();
        assert_eq!(folder.get("a"), None);
    }
}
