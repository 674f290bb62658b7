//! `cargo xtask schema [--check]`: the JSON Schemas of the files that people write, and the reference pages of
//! experiments, studies and ports, as `lutetia schema` prints them.
//!
//! The command is asked, and not its crates, so that a chore does not build the solver once more with other features.

use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace;

/// Every schema or page: where it is committed, and what prints it.
const SCHEMAS: &[(&str, &[&str])] = &[
    ("docs/experiment.md", &["experiment", "--page"]),
    ("docs/study.md", &["study", "--page"]),
    ("docs/ports.md", &["ports", "--page"]),
    ("schemas/chain.schema.json", &["chain"]),
    ("schemas/experiment.schema.json", &["experiment"]),
    ("schemas/model.schema.json", &["model"]),
    ("schemas/ports.schema.json", &["ports"]),
];

/// Writes the schemas, or with `check` fails when a committed one is stale.
pub(crate) fn run(check: bool) -> Result<()> {
    for (name, arguments) in SCHEMAS {
        let path = workspace::root().join(name);
        let fresh = printed(arguments)?;
        if check {
            let committed = std::fs::read_to_string(&path).with_context(|| (*name).to_owned())?;
            if committed != fresh {
                bail!("`{name}` is stale; run `cargo xtask schema` and commit it");
            }
            println!("schema: `{name}` is current");
            continue;
        }
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        std::fs::write(&path, fresh).with_context(|| (*name).to_owned())?;
        println!("schema: wrote `{name}`");
    }
    Ok(())
}

/// What the command prints, with one line break at its end.
fn printed(arguments: &[&str]) -> Result<String> {
    let output = Command::new(workspace::cargo())
        .args(["run", "--release", "--locked", "--quiet", "--package", "lutetia", "--", "schema"])
        .args(arguments)
        .current_dir(workspace::root())
        .output()
        .context("cargo run")?;
    ensure!(
        output.status.success(),
        "`lutetia schema` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let text = String::from_utf8(output.stdout).context("a schema is UTF-8")?;
    Ok(format!("{}\n", text.trim_end()))
}
