//! Writing without ever leaving half a file: to a temporary file beside the target, then rename.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use lutetia_experiment::Attempt;

/// A file or folder that could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{path}`: {}", source.kind())]
pub struct WriteError {
    /// What was attempted.
    pub action: Attempt,
    /// Where.
    pub path: PathBuf,
    /// Why not.
    pub source: io::Error,
}

impl WriteError {
    pub(crate) fn new(action: Attempt, path: &Path, source: io::Error) -> Self {
        Self { action, path: path.to_owned(), source }
    }
}

/// Writes `contents` to `path` whole or not at all.
///
/// The temporary file lies in the same folder (a rename across file systems is a copy) and is
/// removed when anything fails or the process is interrupted between the two steps by a signal
/// that unwinds; a reader sees the old file or the new one, never a part.
///
/// # Errors
/// When the folder cannot be made, or the file not written or renamed.
pub fn write_atomically(path: &Path, contents: &[u8]) -> Result<(), WriteError> {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(|e| WriteError::new(Attempt::CreateFolder, folder, e))?;
    let mut temporary = tempfile::Builder::new()
        .prefix(".lutetia-")
        .suffix(".tmp")
        .tempfile_in(folder)
        .map_err(|e| WriteError::new(Attempt::WriteInto, folder, e))?;
    temporary
        .write_all(contents)
        .and_then(|()| temporary.flush())
        .map_err(|e| WriteError::new(Attempt::Write, path, e))?;
    make_readable(temporary.as_file()).map_err(|e| WriteError::new(Attempt::Write, path, e))?;
    temporary.persist(path).map_err(|e| WriteError::new(Attempt::Write, path, e.error))?;
    Ok(())
}

/// A file that is written piece by piece and appears under its name when it is whole; dropped before, it leaves nothing.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    temporary: tempfile::NamedTempFile,
}

impl AtomicFile {
    /// Begins a file; its folder is made where it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made or written into.
    pub fn create(path: &Path) -> Result<Self, WriteError> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)
            .map_err(|e| WriteError::new(Attempt::CreateFolder, folder, e))?;
        let temporary = tempfile::Builder::new()
            .prefix(".lutetia-")
            .suffix(".tmp")
            .tempfile_in(folder)
            .map_err(|e| WriteError::new(Attempt::WriteInto, folder, e))?;
        Ok(Self { path: path.to_owned(), temporary })
    }

    /// Gives the whole file its name, in place of one that has it.
    ///
    /// # Errors
    /// When it cannot be written out or renamed.
    pub fn persist(mut self) -> Result<(), WriteError> {
        let fail = |e| WriteError::new(Attempt::Write, &self.path, e);
        self.temporary.flush().map_err(fail)?;
        make_readable(self.temporary.as_file()).map_err(fail)?;
        self.temporary
            .persist(&self.path)
            .map_err(|e| WriteError::new(Attempt::Write, &self.path, e.error))?;
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.temporary.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.temporary.flush()
    }
}

/// Writes a folder that must not exist yet, or be empty: whole or not at all.
///
/// The files (by path from the folder) are written into a temporary folder beside it, which then
/// takes its name. `stop` is looked at between files; when it is set, nothing is left.
///
/// # Errors
/// [`FolderError::Exists`] when something is there already, [`FolderError::Stopped`] after `stop`,
/// and [`FolderError::Write`] when a file or folder cannot be made.
pub fn write_new_folder(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    stop: &AtomicBool,
) -> Result<(), FolderError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(FolderError::Exists(folder.to_owned()));
            }
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) if e.kind() == io::ErrorKind::NotADirectory => {
            return Err(FolderError::Exists(folder.to_owned()));
        }
        Err(e) => return Err(WriteError::new(Attempt::Read, folder, e).into()),
    }
    let parent = folder.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(|e| WriteError::new(Attempt::CreateFolder, parent, e))?;
    let temporary = tempfile::Builder::new()
        .prefix(".lutetia-")
        .suffix(".tmp")
        .tempdir_in(parent)
        .map_err(|e| WriteError::new(Attempt::WriteInto, parent, e))?;
    for (path, bytes) in files {
        if stop.load(Ordering::Relaxed) {
            return Err(FolderError::Stopped);
        }
        write_atomically(&temporary.path().join(path), bytes)?;
    }
    make_folder_readable(temporary.path())
        .map_err(|e| WriteError::new(Attempt::Write, folder, e))?;
    if stop.load(Ordering::Relaxed) {
        return Err(FolderError::Stopped);
    }
    // An empty folder makes way; one that has been filled meanwhile does not.
    if folder.is_dir() {
        fs::remove_dir(folder).map_err(|e| WriteError::new(Attempt::Replace, folder, e))?;
    }
    fs::rename(temporary.path(), folder)
        .map_err(|e| WriteError::new(Attempt::Create, folder, e))?;
    // It has another name now and is no longer ours to remove.
    let _renamed = temporary.keep();
    Ok(())
}

/// Writes files into a folder that may hold others, each whole or not at all; those of `stale` that
/// are not among them are removed.
///
/// # Errors
/// As [`write_new_folder`], without [`FolderError::Exists`]; what was written before a failure or
/// `stop` is whole.
pub fn write_into_folder(
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    stale: &[String],
    stop: &AtomicBool,
) -> Result<(), FolderError> {
    for (path, bytes) in files {
        if stop.load(Ordering::Relaxed) {
            return Err(FolderError::Stopped);
        }
        write_atomically(&folder.join(path), bytes)?;
    }
    for path in stale.iter().filter(|path| !files.contains_key(*path)) {
        let path = folder.join(path);
        fs::remove_file(&path).map_err(|e| WriteError::new(Attempt::Remove, &path, e))?;
    }
    Ok(())
}

/// Why a folder could not be written.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// Something is there that is not to be overwritten.
    #[error("`{0}` exists already")]
    Exists(PathBuf),
    /// The user stopped it.
    #[error("interrupted")]
    Stopped,
    /// A file or folder cannot be made.
    #[error(transparent)]
    Write(#[from] WriteError),
}

#[cfg(unix)]
fn make_folder_readable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_folder_readable(_folder: &Path) -> io::Result<()> {
    Ok(())
}

/// Temporary files are private by default; a report is for everybody who may read the folder.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Holds a folder for one writer; released when dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock {
    _file: File,
}

/// Why a folder could not be held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("another `lutetia report` is writing to `{folder}`")]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// The lock file cannot be made.
    #[error(transparent)]
    Io(#[from] WriteError),
}

impl FolderLock {
    /// Holds `folder`, or says who cannot.
    ///
    /// # Errors
    /// [`LockError::Busy`] when another process holds it; [`LockError::Io`] when it is read-only.
    pub fn acquire(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(".lock");
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|e| WriteError::new(Attempt::WriteInto, folder, e))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(fs::TryLockError::WouldBlock) => Err(LockError::Busy { folder: folder.to_owned() }),
            Err(fs::TryLockError::Error(e)) => Err(WriteError::new(Attempt::Lock, &path, e).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_old_contents_survive_a_failed_write() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.csv");
        write_atomically(&path, b"old").expect("first write");
        write_atomically(&path, b"new").expect("second write");
        assert_eq!(fs::read(&path).expect("readable"), b"new");
        // A folder in place of the target makes the rename fail; nothing else may remain.
        let blocked = folder.path().join("b.csv");
        fs::create_dir(&blocked).expect("folder");
        fs::write(blocked.join("x"), "x").expect("file");
        assert!(write_atomically(&blocked, b"new").is_err());
        let names: Vec<_> = fs::read_dir(folder.path())
            .expect("readable")
            .map(|e| e.expect("entry").file_name())
            .collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }

    #[test]
    fn exact_a_folder_is_whole_or_not_there() {
        let place = tempfile::tempdir().expect("a temporary folder");
        let target = place.path().join("a/b");
        let files: BTreeMap<String, Vec<u8>> =
            [("x.csv", "1"), ("t/y.csv", "2")].map(|(n, t)| (n.to_owned(), t.into())).into();
        let stop = AtomicBool::new(true);
        assert!(matches!(write_new_folder(&target, &files, &stop), Err(FolderError::Stopped)));
        let left = fs::read_dir(place.path().join("a")).expect("the parent").count();
        assert_eq!(left, 0, "nothing half-written");
        stop.store(false, Ordering::Relaxed);
        write_new_folder(&target, &files, &stop).expect("it is written");
        assert_eq!(fs::read(target.join("t/y.csv")).expect("readable"), b"2");
        assert!(matches!(write_new_folder(&target, &files, &stop), Err(FolderError::Exists(_))));
        let file = target.join("x.csv");
        assert!(matches!(write_new_folder(&file, &files, &stop), Err(FolderError::Exists(_))));
        // A name that a folder has cannot be a file: what was there stays.
        let bad: BTreeMap<String, Vec<u8>> = [("t".to_owned(), b"3".to_vec())].into();
        assert!(write_into_folder(&target, &bad, &[], &stop).is_err());
        assert_eq!(fs::read(target.join("t/y.csv")).expect("readable"), b"2");
        let new: BTreeMap<String, Vec<u8>> = [("x.csv".to_owned(), b"4".to_vec())].into();
        let stale = ["t/y.csv".to_owned(), "x.csv".to_owned()];
        write_into_folder(&target, &new, &stale, &stop).expect("it is written");
        assert!(!target.join("t/y.csv").exists() && target.join("x.csv").exists());
    }

    #[test]
    fn exact_second_writer_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = FolderLock::acquire(folder.path()).expect("free");
        assert!(matches!(FolderLock::acquire(folder.path()), Err(LockError::Busy { .. })));
        drop(first);
        assert!(FolderLock::acquire(folder.path()).is_ok());
    }
}
