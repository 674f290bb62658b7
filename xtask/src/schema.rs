//! `cargo xtask schema [--check]`: the JSON Schemas of the files that people write, and the reference pages of models,
//! experiments, charts, studies and ports, as `lutetia schema` prints them, with examples.
//!
//! The command is asked, and not its crates, so that a chore does not build the solver once more with other features.

use std::{collections::BTreeMap, path::Path, process::Command};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{examples, workspace};

/// Every schema or page: where it is committed, and what prints it.
const SCHEMAS: &[(&str, &[&str])] = &[
    (EXPERIMENT, &["experiment", "--page"]),
    (MODEL, &["model", "--page"]),
    ("docs/study.md", &["study", "--page"]),
    ("docs/ports.md", &["ports", "--page"]),
    ("schemas/chain.schema.json", &["chain"]),
    ("schemas/experiment.schema.json", &["experiment"]),
    ("schemas/model.schema.json", &["model"]),
    ("schemas/ports.schema.json", &["ports"]),
];

/// Pages that are given examples.
const EXPERIMENT: &str = "docs/experiment.md";
const MODEL: &str = "docs/model.md";
const CHARTS: &str = "docs/charts.md";

/// Writes the schemas and pages, or with `check` fails when a committed one is stale.
pub(crate) fn run(check: bool) -> Result<()> {
    let made = made()?;
    for (name, fresh) in &made {
        let path = workspace::root().join(name);
        if check {
            let committed = std::fs::read(&path).with_context(|| name.clone())?;
            if committed != *fresh {
                bail!("`{name}` is stale; run `cargo xtask schema` and commit it");
            }
            println!("schema: `{name}` is current");
            continue;
        }
        std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
        std::fs::write(&path, fresh).with_context(|| name.clone())?;
        println!("schema: wrote `{name}`");
    }
    for path in workspace::files()? {
        let name = crate::links::slashed(&path);
        if path.starts_with(examples::PICTURES) && !made.contains_key(&name) {
            ensure!(!check, "`{name}` is of no kind of chart; run `cargo xtask schema`");
            std::fs::remove_file(workspace::root().join(&path))?;
            println!("schema: removed `{name}`");
        }
    }
    Ok(())
}

/// Every file by its path.
fn made() -> Result<BTreeMap<String, Vec<u8>>> {
    let mut out = BTreeMap::new();
    for (name, arguments) in SCHEMAS {
        let mut text = printed(arguments)?;
        if *name == EXPERIMENT {
            let (charts, pictures) = examples::charts(&text)?;
            out.insert(CHARTS.to_owned(), charts.into_bytes());
            for (picture, bytes) in pictures {
                let path = Path::new(examples::PICTURES).join(picture);
                out.insert(crate::links::slashed(&path), bytes);
            }
            text = examples::experiments(&text)?;
        } else if *name == MODEL {
            text = examples::models(&text)?;
        }
        out.insert((*name).to_owned(), text.into_bytes());
    }
    Ok(out)
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
