//! How large things may be: a file or a function that is larger answers more than one question, and a committed file that
//! is larger belongs elsewhere.
//!
//! What was larger when the limits were set is listed with its length. It may shrink and not grow, and what has become
//! short enough leaves the list, which is to be empty.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};

use crate::workspace;

/// Lines of a file of Rust.
const FILE_LINES: usize = 800;

/// Lines of a function, from its name to its closing brace.
const FUNCTION_LINES: usize = 120;

/// Bytes of a committed file.
const FILE_BYTES: u64 = 1_000_000;

/// Bytes of all committed files under `reports/`.
const REPORTS_BYTES: u64 = 25_000_000;

/// Longer files: path and lines.
const LONG_FILES: &[(&str, usize)] = &[];

/// Longer functions: path and name, lines.
const LONG_FUNCTIONS: &[(&str, usize)] = &[];

/// Larger files that are committed all the same: path and bytes.
const LARGE_FILES: &[(&str, u64)] = &[];

/// Faults of the repository.
pub(crate) fn faults() -> Result<Vec<String>> {
    let (mut lines, mut functions, mut bytes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut reports = 0;
    for path in workspace::files()? {
        let name = slashed(&path);
        let size =
            std::fs::metadata(workspace::root().join(&path)).with_context(|| name.clone())?.len();
        if path.starts_with("reports") {
            reports += size;
        }
        bytes.insert(name.clone(), size);
        if path.extension().is_none_or(|e| e != "rs") {
            continue;
        }
        let Some(text) = workspace::text(&path)? else { continue };
        lines.insert(name.clone(), text.lines().count());
        for (function, length) in function_lengths(&text) {
            let longest = functions.entry(format!("{name}: {function}")).or_insert(0);
            *longest = length.max(*longest);
        }
    }
    let mut faults = above("lines", FILE_LINES, LONG_FILES, &lines);
    faults.extend(above("lines", FUNCTION_LINES, LONG_FUNCTIONS, &functions));
    faults.extend(above("bytes", FILE_BYTES, LARGE_FILES, &bytes));
    if reports > REPORTS_BYTES {
        faults.push(format!("reports/: {reports} bytes are committed; at most {REPORTS_BYTES}"));
    }
    Ok(faults)
}

/// What is larger than a limit and than the list allows, and what stands in the list for nothing.
fn above<N>(unit: &str, limit: N, listed: &[(&str, N)], found: &BTreeMap<String, N>) -> Vec<String>
where
    N: Copy + Ord + std::fmt::Display,
{
    let allowed = |name: &str| listed.iter().find(|(listed, _)| *listed == name).map(|(_, n)| *n);
    let grown = found.iter().filter_map(|(name, size)| match allowed(name) {
        Some(most) if *size > most => Some(format!(
            "{name}: {size} {unit}, {most} when it was listed; what is too large may not grow"
        )),
        None if *size > limit => Some(format!("{name}: {size} {unit}; split it (at most {limit})")),
        _ => None,
    });
    let spare = listed.iter().filter(|(name, _)| found.get(*name).is_none_or(|n| *n <= limit));
    let spare = spare.map(|(name, _)| {
        format!("{name}: it is listed in `xtask/src/sizes.rs` and no longer too large; take it out")
    });
    grown.chain(spare).collect()
}

/// Names and lengths of the functions of a text that rustfmt has set: the closing brace of a function stands as far in as
/// its name.
fn function_lengths(text: &str) -> Vec<(String, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (first, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        // What ends on its line has no body, or a short one.
        if line.ends_with(['}', ';']) {
            found.push((name, 1));
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let closes = |line: &&str| {
            let inside = line.trim_start();
            // A declaration without a body may be broken, too.
            let declared = inside.starts_with(')') && inside.ends_with(';');
            line.len() - inside.len() == indent && (inside == "}" || declared)
        };
        let length = lines[first + 1..].iter().position(closes).map_or(1, |after| after + 2);
        found.push((name, length));
    }
    found
}

/// The name of the function that a line begins to define.
fn function_name(line: &str) -> Option<String> {
    let mut words = line.trim_start();
    loop {
        if let Some(rest) = words.strip_prefix("fn ") {
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            return (!name.is_empty()).then_some(name);
        }
        let rest = ["pub ", "const ", "async ", "unsafe "]
            .iter()
            .find_map(|word| words.strip_prefix(word))
            .or_else(|| words.strip_prefix("pub(")?.split_once(") ").map(|(_, rest)| rest));
        words = rest?;
    }
}

/// A path as the lists write it on every system.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(of: &[(&str, usize)]) -> BTreeMap<String, usize> {
        of.iter().map(|(name, size)| ((*name).to_owned(), *size)).collect()
    }

    #[test]
    fn exact_the_repository_keeps_its_limits() {
        assert_eq!(faults().expect("a readable repository"), Vec::<String>::new());
    }

    #[test]
    fn exact_what_is_too_large_is_found() {
        let found = above("lines", 10, &[], &sizes(&[("a.rs", 10), ("b.rs", 11)]));
        assert_eq!(found, ["b.rs: 11 lines; split it (at most 10)"]);
    }

    #[test]
    fn exact_what_is_listed_may_shrink_and_not_grow() {
        let listed = [("a.rs", 20)];
        for shorter in [20, 19, 11] {
            let found = above("lines", 10, &listed, &sizes(&[("a.rs", shorter)]));
            assert_eq!(found, Vec::<String>::new(), "{shorter}");
        }
        let grown = above("lines", 10, &listed, &sizes(&[("a.rs", 21)]));
        assert!(grown.len() == 1 && grown[0].contains("may not grow"), "{grown:?}");
    }

    #[test]
    fn exact_what_is_listed_for_nothing_is_found() {
        for now in [sizes(&[("a.rs", 10)]), sizes(&[])] {
            let found = above("lines", 10, &[("a.rs", 20)], &now);
            assert!(found.len() == 1 && found[0].contains("take it out"), "{found:?}");
        }
    }

    #[test]
    fn exact_functions_are_measured() {
        let text = "\
pub(crate) const fn short() -> u8 {
    1
}

impl A {
    /// fn in a comment
    pub fn long<T>(
        a: T,
    ) -> T
    where
        T: Copy,
    {
        fn inner() {
            ();
        }
        if true {
        }
        a
    }

    fn one(&self) {}
}

trait B {
    fn declared(&self);
    fn broken(
        &self,
    ) -> u8;
    fn last(&self) {
        ();
    }
}
";
        let found = function_lengths(text);
        let expected = [
            ("short", 3),
            ("long", 13),
            ("inner", 3),
            ("one", 1),
            ("declared", 1),
            ("broken", 3),
            ("last", 3),
        ];
        let expected: Vec<(String, usize)> =
            expected.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
        assert_eq!(found, expected);
    }
}
