//! `cargo xtask schema [--check]`: the JSON Schemas of the files that people write, and the reference page of
//! experiments, as the crates that read them make them.

use anyhow::{Context as _, Result, bail};

use crate::workspace;

/// Every schema or page: where it is committed, and what makes it.
const SCHEMAS: &[(&str, fn() -> String)] = &[
    ("docs/experiment.md", lutetia_experiment::keys::page),
    ("schemas/chain.schema.json", lutetia_model::chain_schema),
    ("schemas/experiment.schema.json", lutetia_experiment::keys::json_schema),
    ("schemas/model.schema.json", lutetia_model::json_schema),
];

/// Writes the schemas, or with `check` fails when a committed one is stale.
pub(crate) fn run(check: bool) -> Result<()> {
    for (name, make) in SCHEMAS {
        let path = workspace::root().join(name);
        let mut fresh = make().trim_end().to_owned();
        fresh.push('\n');
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
