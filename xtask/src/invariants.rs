//! Whether the invariants of `ARCHITECTURE.md` name tests that exist, in the crate that they name.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};

use crate::workspace;

/// How names of tests begin.
const KINDS: [&str; 4] = ["exact_", "val_", "prop_", "regress_"];

/// Faults of the list.
pub(crate) fn faults() -> Result<Vec<String>> {
    let text = std::fs::read_to_string(workspace::root().join("ARCHITECTURE.md"))
        .context("ARCHITECTURE.md")?;
    let mut tests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in workspace::files()? {
        let folder: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let of = match folder.as_slice() {
            [crates, of, ..] if crates == "crates" => of.clone().into_owned(),
            [of, ..] if of == "models" => "lutetia-models".to_owned(),
            [of, ..] if of == "data" => "lutetia-reference-data".to_owned(),
            [of, ..] => of.clone().into_owned(),
            [] => continue,
        };
        if path.extension().is_some_and(|e| e == "rs")
            && let Some(text) = workspace::text(&path)?
        {
            tests.entry(of).or_default().extend(functions(&text));
        }
    }
    Ok(unheld(&text, &tests))
}

/// The tests that a text defines.
fn functions(text: &str) -> impl Iterator<Item = String> {
    let named = text.lines().filter_map(|line| line.trim_start().strip_prefix("fn "));
    named.filter_map(|rest| rest.split('(').next()).filter(|name| is_test(name)).map(str::to_owned)
}

fn is_test(name: &str) -> bool {
    KINDS.iter().any(|kind| name.starts_with(kind))
}

/// Invariants that name a test which their crate lacks, and numbers out of order.
fn unheld(text: &str, tests: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let list = text.split("\n## Invariants").nth(1).unwrap_or_default();
    let list = list.split("\n## ").next().unwrap_or_default();
    let mut faults = Vec::new();
    let mut expected = 1;
    for line in list.lines() {
        let Some((number, rest)) = line.split_once(". ") else { continue };
        let Ok(number) = number.parse::<usize>() else { continue };
        if number != expected {
            faults
                .push(format!("ARCHITECTURE.md: invariant {number} stands where {expected} would"));
        }
        expected += 1;
        let mut of = "";
        for name in rest.split('`').skip(1).step_by(2) {
            if is_test(name) {
                if !tests.get(of).is_some_and(|known| known.contains(name)) {
                    faults.push(format!(
                        "ARCHITECTURE.md: invariant {number} names the test `{name}`, which `{of}` does not have"
                    ));
                }
            } else if tests.contains_key(name) {
                of = name;
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_every_invariant_names_a_test_of_its_crate() {
        assert_eq!(faults().expect("a readable repository"), Vec::<String>::new());
    }

    #[test]
    fn exact_a_test_that_is_not_there_is_found() {
        let tests = |of: &str, text: &str| (of.to_owned(), functions(text).collect());
        let tests = BTreeMap::from([
            tests("a", "#[test]\nfn exact_one() {}\n    fn prop_two(x in 0..3) {}\nfn helper() {}"),
            tests("b", "fn val_three() {"),
        ]);
        let with = |list: &str| unheld(&format!("# A\n\n## Invariants\n\n{list}\n"), &tests);
        let good = "1. **So.** `a`: `exact_one`, `prop_two`; `b`: `val_three`, and `helper`.\n2. **No test.**";
        assert_eq!(with(good), Vec::<String>::new());
        for bad in [
            "1. **So.** `b`: `exact_one`.",
            "1. **So.** `a`: `exact_on`.",
            "1. **So.** `exact_one`.",
            "2. **So.** `a`: `exact_one`.",
        ] {
            assert_eq!(with(bad).len(), 1, "{bad}");
        }
    }
}
