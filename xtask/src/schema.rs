//! `cargo xtask schema [--check]`: the JSON Schema of the model file, as the model crate makes it.

use anyhow::{Context as _, Result, bail};

use crate::workspace;

const PATH: &str = "schemas/model.schema.json";

/// Writes the schema, or with `check` fails when the committed one is stale.
pub(crate) fn run(check: bool) -> Result<()> {
    let path = workspace::root().join(PATH);
    let mut fresh = lutetia_model::json_schema().trim_end().to_owned();
    fresh.push('\n');
    if check {
        let committed = std::fs::read_to_string(&path).with_context(|| PATH.to_owned())?;
        if committed != fresh {
            bail!("`{PATH}` is stale; run `cargo xtask schema` and commit it");
        }
        println!("schema: `{PATH}` is current");
        return Ok(());
    }
    std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
    std::fs::write(&path, fresh).with_context(|| PATH.to_owned())?;
    println!("schema: wrote `{PATH}`");
    Ok(())
}
