//! `cargo xtask tour`: the README's tour is run as it is written, and what the pages of the book show of a terminal.
//!
//! A block of the README is part of the tour when the line above its ```` ```sh ```` is `<!-- tour -->`. The blocks
//! run in their order, in one copy of the repository, with the built command first on the path.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::{pages, workspace};

const MARK: &str = "<!-- tour -->";

/// A marked block of commands.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// Line of the first command in the README, from 1.
    line: usize,
    text: String,
}

/// Runs the tour and fails at the first block that fails; then the pages of the book.
pub(crate) fn run() -> Result<()> {
    let path = search_path([build()?, examples()?])?;
    readme(&path)?;
    let ran = pages::run(&path, false)?;
    println!("tour: {ran} commands of the book ran and print what it says");
    Ok(())
}

/// Runs the pages of the book alone; with `write` they are given what their commands print now. The command is in
/// `binaries`, or built.
pub(crate) fn book(write: bool, binaries: Option<&Path>) -> Result<()> {
    let built = match binaries {
        Some(folder) => folder.canonicalize().with_context(|| folder.display().to_string())?,
        None => build()?,
    };
    let ran = pages::run(&search_path([built, examples()?])?, write)?;
    println!("tour: {ran} commands of the book ran");
    Ok(())
}

/// The search path of a shell, with what was built first.
fn search_path(binaries: [PathBuf; 2]) -> Result<OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    Ok(std::env::join_paths(binaries.into_iter().chain(std::env::split_paths(&rest)))?)
}

/// Builds the examples of all crates and returns the folder they are in. They are built as the tests of the workspace
/// need them, so that nothing is built for the tour alone.
fn examples() -> Result<PathBuf> {
    let status = Command::new(workspace::cargo())
        .args(["build", "--workspace", "--examples", "--locked"])
        .current_dir(workspace::root())
        .status()
        .context("cargo build --examples")?;
    ensure!(status.success(), "the examples do not build");
    Ok(workspace::metadata()?.target_directory.join("debug/examples").into_std_path_buf())
}

/// Runs the tour of the README.
fn readme(path: &OsStr) -> Result<()> {
    let readme = std::fs::read_to_string(workspace::root().join("README.md"))?;
    let blocks = blocks(&readme)?;
    ensure!(!blocks.is_empty(), "README.md has no block marked `{MARK}`");
    let copy = tempfile::tempdir()?;
    copy_repository(copy.path())?;
    for block in &blocks {
        println!("tour: README.md:{}", block.line);
        let status = Command::new("bash")
            .args(["-euo", "pipefail", "-x", "-c", &block.text])
            .current_dir(copy.path())
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .status()
            .context("bash")?;
        if !status.success() {
            bail!("the block at README.md:{} failed ({status})", block.line);
        }
    }
    let left = left_behind(copy.path())?;
    ensure!(
        left.is_empty(),
        "the tour leaves files that git does not ignore: {}; add them to .gitignore",
        left.join(", ")
    );
    println!("tour: {} blocks ran", blocks.len());
    Ok(())
}

/// The marked blocks of a README.
fn blocks(readme: &str) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    let mut lines = readme.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if line.trim() != MARK {
            continue;
        }
        let fence = lines.next().map(|(_, line)| line.trim());
        ensure!(fence == Some("```sh"), "README.md:{}: a ```sh block must follow", index + 1);
        let mut text = String::new();
        loop {
            match lines.next() {
                Some((_, "```")) => break,
                Some((_, line)) => {
                    text.push_str(line);
                    text.push('\n');
                }
                None => bail!("README.md:{}: the block is not closed", index + 1),
            }
        }
        blocks.push(Block { line: index + 3, text });
    }
    Ok(blocks)
}

/// Builds the command and returns the folder it is in.
fn build() -> Result<PathBuf> {
    let status = Command::new(workspace::cargo())
        .args(["build", "--release", "--locked", "--package", "lutetia"])
        .current_dir(workspace::root())
        .status()
        .context("cargo build")?;
    ensure!(status.success(), "the command does not build");
    Ok(workspace::metadata()?.target_directory.join("release").into_std_path_buf())
}

/// Files of the copy that are neither the repository's nor ignored there: a reader who follows the tour in a
/// clone would find them in `git status`.
fn left_behind(copy: &Path) -> Result<Vec<String>> {
    let known: std::collections::BTreeSet<PathBuf> = workspace::files()?.into_iter().collect();
    let mut new = Vec::new();
    let mut folders = vec![copy.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            let relative = path.strip_prefix(copy)?.to_path_buf();
            if path.is_dir() {
                folders.push(path);
            } else if !known.contains(&relative) {
                new.push(relative);
            }
        }
    }
    let mut left = Vec::new();
    for path in new {
        // 0 says ignored, 1 says not; the rules hold for paths that do not exist here too.
        let status = Command::new("git")
            .args(["-c", "safe.directory=*", "check-ignore", "--quiet", "--no-index"])
            .arg(&path)
            .current_dir(workspace::root())
            .status()
            .context("git")?;
        if !status.success() {
            left.push(path.display().to_string());
        }
    }
    left.sort();
    Ok(left)
}

fn copy_repository(to: &Path) -> Result<()> {
    for file in workspace::files()? {
        let target = to.join(&file);
        if let Some(folder) = target.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::copy(workspace::root().join(&file), &target)
            .with_context(|| file.display().to_string())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_only_marked_blocks_are_taken() {
        let readme = "a\n```sh\nno\n```\n<!-- tour -->\n```sh\none\ntwo\n```\n";
        let found = blocks(readme).expect("a readable README");
        assert_eq!(found, [Block { line: 7, text: "one\ntwo\n".to_owned() }]);
        assert!(blocks("<!-- tour -->\ntext\n").is_err());
        assert!(blocks("<!-- tour -->\n```sh\nopen\n").is_err());
    }

    #[test]
    fn exact_what_the_tour_writes_is_ignored() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for path in ["models/demo/my-ligand.toml", "patient4/index.html", "reports/.lock"] {
            let target = folder.path().join(path);
            std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
            std::fs::write(target, "").expect("a file");
        }
        assert_eq!(left_behind(folder.path()).expect("git answers"), Vec::<String>::new());
        std::fs::write(folder.path().join("elsewhere.txt"), "").expect("a file");
        assert_eq!(left_behind(folder.path()).expect("git answers"), ["elsewhere.txt"]);
    }

    #[test]
    fn exact_the_readme_has_a_tour() {
        let readme = std::fs::read_to_string(workspace::root().join("README.md"))
            .expect("a README at the root");
        assert!(!blocks(&readme).expect("a readable README").is_empty());
    }
}
