//! `cargo xtask tour`: the README's tour is run as it is written.
//!
//! A block is part of the tour when the line above its ```` ```sh ```` is `<!-- tour -->`. The blocks
//! run in their order, in one copy of the repository, with the built command first on the path.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace;

const MARK: &str = "<!-- tour -->";

/// A marked block of commands.
#[derive(Debug, PartialEq, Eq)]
struct Block {
    /// Line of the first command in the README, from 1.
    line: usize,
    text: String,
}

/// Runs the tour and fails at the first block that fails.
pub(crate) fn run() -> Result<()> {
    let readme = std::fs::read_to_string(workspace::root().join("README.md"))?;
    let blocks = blocks(&readme)?;
    ensure!(!blocks.is_empty(), "README.md has no block marked `{MARK}`");
    let binaries = build()?;
    let copy = tempfile::tempdir()?;
    copy_repository(copy.path())?;
    let path = std::env::join_paths(
        std::iter::once(binaries)
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    )?;
    for block in &blocks {
        println!("tour: README.md:{}", block.line);
        let status = Command::new("bash")
            .args(["-euo", "pipefail", "-x", "-c", &block.text])
            .current_dir(copy.path())
            .env("PATH", &path)
            .env("NO_COLOR", "1")
            .status()
            .context("bash")?;
        if !status.success() {
            bail!("the block at README.md:{} failed ({status})", block.line);
        }
    }
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
    fn exact_the_readme_has_a_tour() {
        let readme = std::fs::read_to_string(workspace::root().join("README.md"))
            .expect("a README at the root");
        assert!(!blocks(&readme).expect("a readable README").is_empty());
    }
}
