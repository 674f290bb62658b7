//! Errors of the libraries are types with fields: a text cannot be matched, and says nothing of its parts.
//!
//! Where a library still returns texts, a ceiling says how often; it may be lowered and not raised.

use std::{collections::BTreeMap, path::Path};

use anyhow::Result;

use crate::workspace;

/// How often each crate may still name an error without a type; a crate that is not listed may not.
const CEILINGS: &[(&str, usize)] = &[];

/// Faults of the repository, and what the ceilings could be.
pub(crate) fn faults() -> Result<(Vec<String>, Vec<String>)> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for path in workspace::files()? {
        if let Some(of) = library(&path)
            && let Some(text) = workspace::text(&path)?
        {
            *counts.entry(of).or_default() += untyped(&text);
        }
    }
    Ok(compare(CEILINGS, &counts))
}

/// The crate of a source file, or of the manifest, of a crate.
fn library(path: &Path) -> Option<String> {
    let mut parts = path.iter().map(|part| part.to_string_lossy());
    if parts.next()? != "crates" {
        return None;
    }
    let of = parts.next()?.into_owned();
    let inside = parts.next()?;
    let rust = inside == "src" && path.extension().is_some_and(|e| e == "rs");
    (rust || inside == "Cargo.toml").then_some(of)
}

/// Crates above their ceilings, and crates below them.
fn compare(
    ceilings: &[(&str, usize)],
    counts: &BTreeMap<String, usize>,
) -> (Vec<String>, Vec<String>) {
    let ceiling = |of: &str| ceilings.iter().find(|(name, _)| *name == of).map_or(0, |(_, n)| *n);
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    for (of, &count) in counts {
        let most = ceiling(of);
        if count > most {
            faults.push(format!(
                "crate `{of}` names {count} errors without a type (`Result<_, String>`, `anyhow`, `Box<dyn Error>`); \
                 at most {most}: make an enum with fields of each"
            ));
        } else if count < most {
            notes.push(format!(
                "crate `{of}` names {count} errors without a type; write {count} for {most} in `xtask/src/errors.rs`"
            ));
        }
    }
    for (name, _) in ceilings.iter().filter(|(name, _)| !counts.contains_key(*name)) {
        faults.push(format!("`xtask/src/errors.rs` lists `{name}`, which is not a crate"));
    }
    (faults, notes)
}

/// How often a text names an error without a type; comments do not count.
fn untyped(text: &str) -> usize {
    let code: String = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .flat_map(|line| [line, " "])
        .collect();
    let results = code
        .match_indices("Result<")
        .filter(|(at, word)| error_of(&code[at + word.len()..]) == Some("String"))
        .count();
    let boxed = code.match_indices("Box<dyn ").filter(|(at, word)| {
        let of = code[at + word.len()..].split(['>', '+', ' ']).next().unwrap_or_default();
        of == "Error" || of.ends_with("::Error")
    });
    results + boxed.count() + code.matches("anyhow").count()
}

/// The last argument of a generic type of two or more, of which the text is what follows its opening bracket.
fn error_of(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    let mut last = None;
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            // The arrow of a function type closes nothing.
            '>' if before == '-' => {}
            '>' | ')' | ']' if depth > 0 => depth -= 1,
            '>' => return last.map(|from: usize| text[from..at].trim().trim_end_matches(',')),
            // A rustfmt that breaks the line leaves a comma behind the last argument.
            ',' if depth == 0 && !text[at + 1..].trim_start().starts_with('>') => {
                last = Some(at + 1);
            }
            ';' | '{' if depth == 0 => return None,
            _ => {}
        }
        before = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_no_crate_is_above_its_ceiling() {
        let (faults, _) = faults().expect("a readable repository");
        assert_eq!(faults, Vec::<String>::new());
    }

    #[test]
    fn exact_errors_without_a_type_are_found() {
        for (text, expected) in [
            ("fn a() -> Result<f64, String> {", 1),
            ("fn a() -> Result<Vec<(String, String)>, String> {", 1),
            ("fn a() -> Result<\n    Box<dyn Fn(f64) -> f64>,\n    String,\n> {", 1),
            ("read: impl Fn(&str) -> Result<(), String>,", 1),
            ("fn a() -> Result<(), Box<dyn Error>> {", 1),
            ("fn a() -> Result<(), Box<dyn std::error::Error + Send>> {", 1),
            ("use anyhow::Result;", 1),
            ("fn a() -> Result<String, FitError> {", 0),
            ("fn a() -> Result<BTreeMap<u8, String>, FitError> {", 0),
            ("fn a() -> Outcome<Vec<String>> {", 0),
            ("fn a() -> fmt::Result {\n    b::<u8, String>()", 0),
            ("/// Once `Result<f64, String>`.", 0),
        ] {
            assert_eq!(untyped(text), expected, "{text}");
        }
    }

    #[test]
    fn exact_a_ceiling_may_be_lowered_and_not_passed() {
        let counts = |n: usize| BTreeMap::from([("a".to_owned(), n), ("b".to_owned(), 0)]);
        let (faults, notes) = compare(&[("a", 3)], &counts(4));
        assert_eq!((faults.len(), notes.len()), (1, 0), "{faults:?} {notes:?}");
        let (faults, notes) = compare(&[("a", 3)], &counts(2));
        assert_eq!((faults.len(), notes.len()), (0, 1), "{faults:?} {notes:?}");
        let (faults, notes) = compare(&[("a", 3)], &counts(3));
        assert_eq!((faults.len(), notes.len()), (0, 0), "{faults:?} {notes:?}");
        // Without a ceiling none is allowed, and a ceiling needs its crate.
        assert_eq!(compare(&[], &counts(1)).0.len(), 1);
        assert_eq!(compare(&[("c", 1)], &counts(0)).0.len(), 1);
    }

    #[test]
    fn exact_only_sources_and_manifests_of_crates_count() {
        assert_eq!(library(Path::new("crates/lutetia-a/src/b/c.rs")).as_deref(), Some("lutetia-a"));
        assert_eq!(library(Path::new("crates/lutetia-a/Cargo.toml")).as_deref(), Some("lutetia-a"));
        for path in
            ["crates/lutetia-a/tests/b.rs", "xtask/src/main.rs", "crates/lutetia-a/src/b.md"]
        {
            assert_eq!(library(Path::new(path)), None, "{path}");
        }
    }
}
