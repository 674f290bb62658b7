//! The repository as the checks see it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Metadata, MetadataCommand};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// What cargo knows of the workspace and of every dependency, from the lock file as committed.
pub(crate) fn metadata() -> Result<Metadata> {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("cargo metadata --locked")
}

/// The files of the repository, relative to its root and sorted: what git tracks or would track.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
    let output = std::process::Command::new("git")
        .args([
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .current_dir(root())
        .output()
        .context("`git ls-files` could not be started")?;
    ensure!(
        output.status.success(),
        "`git ls-files` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let mut files: Vec<PathBuf> = String::from_utf8(output.stdout)
        .context("a file name is not UTF-8")?
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        // A file that was deleted but is still in the index has no text to check.
        .filter(|path| root().join(path).is_file())
        .collect();
    files.sort();
    files.dedup();
    ensure!(!files.is_empty(), "`git ls-files` lists no file");
    Ok(files)
}

/// The text of a file of the repository; `None` where it is not UTF-8 (a picture, say).
pub(crate) fn text(path: &Path) -> Result<Option<String>> {
    let bytes = std::fs::read(root().join(path)).with_context(|| path.display().to_string())?;
    Ok(String::from_utf8(bytes).ok())
}

/// The cargo that runs us.
pub(crate) fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}
