//! `cargo xtask tidy`: every check of the house, all faults at once.

use anyhow::{Result, bail};

use crate::{
    api, book, changelog, circles, codes, dependencies, edges, errors, invariants, licences, links,
    sizes, texts, workspace,
};

/// Runs every check and fails with the number of faults.
pub(crate) fn run() -> Result<()> {
    let metadata = workspace::metadata()?;
    let declared = edges::declared(&metadata);
    let members = edges::members(&metadata);

    let mut faults = edges::faults(&declared, &members);
    faults.extend(licences::faults(&metadata, &licences::allowed()?));
    faults.extend(lint_faults(&metadata)?);
    faults.extend(dependencies::faults(&metadata)?);
    faults.extend(codes::faults()?);
    faults.extend(sizes::faults()?);
    faults.extend(circles::faults()?);
    faults.extend(invariants::faults()?);
    faults.extend(book::faults()?);
    faults.extend(changelog::faults()?);
    faults.extend(api::faults(&metadata)?);
    let (untyped, lower) = errors::faults()?;
    faults.extend(untyped);
    let files = workspace::files()?;
    for path in &files {
        let Some(text) = workspace::text(path)? else { continue };
        faults.extend(texts::faults(path, &text));
        if path.extension().is_some_and(|e| e == "md") {
            faults.extend(links::faults(path, &text, linked));
        }
    }

    for edge in edges::sideways(&declared, &members) {
        println!("note: {edge}");
    }
    for ceiling in &lower {
        println!("note: {ceiling}");
    }
    for fault in &faults {
        println!("fault: {fault}");
    }
    if !faults.is_empty() {
        bail!("tidy: {} faults", faults.len());
    }
    println!(
        "tidy: {} crates, {} packages, {} files: no fault",
        members.len(),
        metadata.packages.len(),
        files.len()
    );
    Ok(())
}

/// What a link leads to: the text of a Markdown file, an empty one for anything else that exists.
fn linked(path: &std::path::Path) -> Option<String> {
    let target = workspace::root().join(path);
    if path.extension().is_some_and(|e| e == "md") {
        std::fs::read_to_string(target).ok()
    } else {
        target.exists().then(String::new)
    }
}

/// Crates that do not take the lints of the workspace.
fn lint_faults(metadata: &cargo_metadata::Metadata) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for package in metadata.workspace_packages() {
        let manifest: toml::Table = std::fs::read_to_string(&package.manifest_path)?.parse()?;
        let inherits = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool);
        if inherits != Some(true) {
            faults.push(format!("crate `{}` lacks `[lints] workspace = true`", package.name));
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_every_crate_takes_the_lints_of_the_workspace() {
        let metadata = workspace::metadata().expect("cargo metadata of this workspace");
        let faults = lint_faults(&metadata).expect("readable manifests");
        assert_eq!(faults, Vec::<String>::new());
    }
}
