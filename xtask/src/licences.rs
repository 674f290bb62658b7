//! Whether everything that is linked may be used under MIT OR Apache-2.0.
//!
//! The permitted licences are those of `deny.toml`, so that cargo-deny and this check agree.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail, ensure};
use cargo_metadata::Metadata;

use crate::workspace;

/// The licences `deny.toml` allows.
pub(crate) fn allowed() -> Result<BTreeSet<String>> {
    let path = workspace::root().join("deny.toml");
    let text = std::fs::read_to_string(&path).context("deny.toml")?;
    let table: toml::Table = text.parse().context("deny.toml")?;
    let list = table
        .get("licenses")
        .and_then(|licences| licences.get("allow"))
        .and_then(toml::Value::as_array)
        .context("deny.toml has no `licenses.allow`")?;
    Ok(list.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect())
}

/// Packages whose licence is missing, unreadable or not allowed, as sentences.
pub(crate) fn faults(metadata: &Metadata, allowed: &BTreeSet<String>) -> Vec<String> {
    metadata
        .packages
        .iter()
        .filter_map(|package| {
            let name = format!("{} {}", package.name, package.version);
            match &package.license {
                None => Some(format!("`{name}` states no licence")),
                Some(expression) => match satisfied(expression, allowed) {
                    Ok(true) => None,
                    Ok(false) => Some(format!(
                        "`{name}` is under `{expression}`, which deny.toml does not allow"
                    )),
                    Err(error) => {
                        Some(format!("`{name}` has the unreadable licence `{expression}`: {error}"))
                    }
                },
            }
        })
        .collect()
}

/// Whether an SPDX expression can be satisfied with the allowed licences.
///
/// `OR` (and the older `/`) need one side, `AND` both; `WITH` makes one name of two.
fn satisfied(expression: &str, allowed: &BTreeSet<String>) -> Result<bool> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words: Vec<&str> = spaced.split_whitespace().rev().collect();
    ensure!(!words.is_empty(), "it is empty");
    let value = any_of(&mut words, allowed)?;
    match words.pop() {
        None => Ok(value),
        Some(word) => bail!("`{word}` is out of place"),
    }
}

fn any_of(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> Result<bool> {
    let mut value = all_of(words, allowed)?;
    while words.last() == Some(&"OR") {
        words.pop();
        // Both sides are read whatever the first says, so that a fault in the second is seen.
        value |= all_of(words, allowed)?;
    }
    Ok(value)
}

fn all_of(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> Result<bool> {
    let mut value = one(words, allowed)?;
    while words.last() == Some(&"AND") {
        words.pop();
        value &= one(words, allowed)?;
    }
    Ok(value)
}

fn one(words: &mut Vec<&str>, allowed: &BTreeSet<String>) -> Result<bool> {
    match words.pop() {
        Some("(") => {
            let value = any_of(words, allowed)?;
            ensure!(words.pop() == Some(")"), "a parenthesis is not closed");
            Ok(value)
        }
        None | Some("OR" | "AND" | "WITH" | ")") => bail!("a name is missing"),
        Some(name) if words.last() == Some(&"WITH") => {
            words.pop();
            let exception = words.pop().context("an exception is missing")?;
            Ok(allowed.contains(&format!("{name} WITH {exception}")))
        }
        Some(name) => Ok(allowed.contains(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_every_dependency_has_an_allowed_licence() {
        let metadata = workspace::metadata().expect("cargo metadata of this workspace");
        let allowed = allowed().expect("deny.toml lists licences");
        // A resolution of nothing would pass in silence.
        assert!(metadata.packages.len() > 100, "{} packages", metadata.packages.len());
        assert_eq!(faults(&metadata, &allowed), Vec::<String>::new());
    }

    #[test]
    fn exact_expressions() {
        let allowed: BTreeSet<String> =
            ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"]
                .map(str::to_owned)
                .into();
        for yes in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
        ] {
            assert!(satisfied(yes, &allowed).expect("a readable expression"), "{yes}");
        }
        for no in ["GPL-3.0", "MIT AND GPL-3.0", "MIT WITH LLVM-exception", "AGPL-3.0-only"] {
            assert!(!satisfied(no, &allowed).expect("a readable expression"), "{no}");
        }
        for unreadable in ["", "MIT OR", "(MIT", "MIT MIT", ")"] {
            assert!(satisfied(unreadable, &allowed).is_err(), "{unreadable}");
        }
    }
}
