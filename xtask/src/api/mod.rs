//! The public surface of a library crate as text: one line for every item that a user of the crate can name, so that a
//! change of it is seen where a change is read.
//!
//! The sources are read with `syn`, without a compiler: what a macro makes and what the compiler derives of types (`Send`,
//! lifetimes left out) is not seen. An item is listed where it is named by the shortest path; other paths to it are a line
//! `pub use`.

mod print;
mod resolve;
#[cfg(test)]
mod tests;
mod tree;

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use cargo_metadata::{Metadata, TargetKind};

use crate::workspace;

/// Crates that nobody uses but our tests.
const OF_TESTS: &[&str] = &["lutetia-testkit"];

const FILE: &str = "api.txt";

/// Writes the surface of every library crate, or with `check` fails where a committed one is stale.
pub(crate) fn run(check: bool) -> Result<()> {
    let metadata = workspace::metadata()?;
    let mut stale = 0;
    for (name, file, fresh) in surfaces(&metadata)? {
        if std::fs::read_to_string(&file).is_ok_and(|committed| committed == fresh) {
            continue;
        }
        stale += 1;
        if check {
            println!("fault: {}", stale_fault(&name));
        } else {
            std::fs::write(&file, fresh).with_context(|| name.clone())?;
            println!("api: wrote `{name}`");
        }
    }
    ensure!(!check || stale == 0, "api: {stale} crates differ from what is committed");
    Ok(())
}

/// Crates whose surface is not the committed one.
pub(crate) fn faults(metadata: &Metadata) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for (name, file, fresh) in surfaces(metadata)? {
        if std::fs::read_to_string(&file).ok().as_ref() != Some(&fresh) {
            faults.push(stale_fault(&name));
        }
    }
    Ok(faults)
}

fn stale_fault(name: &str) -> String {
    format!(
        "the public surface of `{name}` is not what its {FILE} says; run `cargo xtask api`, read the difference and commit it"
    )
}

/// Every library crate: its name, where its surface is committed, and the surface.
fn surfaces(metadata: &Metadata) -> Result<Vec<(String, PathBuf, String)>> {
    let mut out = Vec::new();
    for package in metadata.workspace_packages() {
        let library = package.targets.iter().find(|t| t.kind.contains(&TargetKind::Lib));
        let Some(library) = library.filter(|_| !OF_TESTS.contains(&package.name.as_str())) else {
            continue;
        };
        let tree = tree::Tree::read(&library.name, library.src_path.as_std_path())
            .with_context(|| package.name.to_string())?;
        let folder = package.manifest_path.parent().context("a manifest lies in a folder")?;
        let file = folder.join(FILE).into_std_path_buf();
        out.push((package.name.to_string(), file, text(&tree)));
    }
    Ok(out)
}

/// The surface of a crate, one item a line, sorted.
fn text(tree: &tree::Tree) -> String {
    let mut lines = BTreeSet::new();
    let surface = resolve::surface(tree);
    for named in &surface {
        print::lines(tree, &surface, named, &mut lines);
    }
    let mut out = String::new();
    for line in lines {
        out.push_str(&line.1);
        out.push('\n');
    }
    out
}
