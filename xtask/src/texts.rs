//! What no file of the repository may contain.

use std::path::Path;

/// Where the machine that wrote a file must not show. The words are joined here so that this file
/// passes its own check.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tm", "p/"),
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("C:\\Us", "ers"),
];

/// What must not be left in Rust code.
const LEFTOVERS: &[(&str, &str)] = &[
    (concat!("to", "do!("), "unfinished code"),
    (concat!("unimple", "mented!("), "unfinished code"),
    (concat!("#[ig", "nore"), "a test that is not run proves nothing"),
    (concat!("#[should_", "panic"), "a fault is a value to be compared"),
];

/// Tags that only their writer can read. What stands in a source is said in words: which text was read, and
/// where the number is from if that text was not.
const TAGS: &[&str] = &["2ND", "MEM", "SRC", "RUN"];

/// The same of one letter, where they end or part a sentence of a source.
const LETTERS: &str = "ACDFKMRSV";

/// Faults of one text file, as sentences that name the line.
pub(crate) fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = path.display();
    let rust = path.extension().is_some_and(|e| e == "rs");
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        for pattern in MACHINE_PATHS {
            if line.match_indices(pattern).any(|(at, _)| begins_a_path(&line[..at])) {
                faults.push(format!("{name}:{number}: a path of one machine: `{pattern}…`"));
            }
        }
        if let Some(tag) = tag(line, rust) {
            faults.push(format!(
                "{name}:{number}: `[{tag}]` means nothing to a reader: say what was read where"
            ));
        }
        if shipped(path) && bare_recall(line) {
            faults.push(format!(
                "{name}:{number}: `recalled` of what? say \"<work>, quoted from memory\", or that it is assumed"
            ));
        }
        if rust {
            for (pattern, why) in LEFTOVERS {
                if line.contains(pattern) {
                    faults.push(format!("{name}:{number}: `{pattern}…`: {why}"));
                }
            }
        }
    }
    faults
}

/// A tag in brackets; a link (`[A](…)`) and code are none.
fn tag(line: &str, rust: bool) -> Option<&str> {
    line.match_indices('[').find_map(|(at, _)| {
        let inside = line[at + 1..].split(']').next()?;
        let after = line[at + 1 + inside.len()..].strip_prefix(']')?;
        let long = TAGS.contains(&inside);
        // One letter between brackets is a concentration or an index elsewhere.
        let letter = !rust
            && line.contains("source")
            && inside.len() == 1
            && LETTERS.contains(inside)
            && line[..at].ends_with(' ')
            && after.starts_with([';', ',', '.', '"', ' '])
            && !after.starts_with(" *");
        ((long && !after.starts_with('(')) || letter).then_some(inside)
    })
}

/// Models and data: what is given to others.
fn shipped(path: &Path) -> bool {
    path.starts_with("models") || path.starts_with("data")
}

/// `recalled` with no work beside it: no year, no capital letter in the same value.
fn bare_recall(line: &str) -> bool {
    line.split(['"', ';']).filter(|value| value.contains("recalled")).any(|value| {
        !value.chars().any(char::is_uppercase) && !value.chars().any(|c| c.is_ascii_digit())
    })
}

/// Whether a path that follows `before` starts at the root: `../shared` and web addresses do not.
fn begins_a_path(before: &str) -> bool {
    !before.ends_with(|c: char| {
        c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '}' | '>' | '~')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_faults_are_found_with_their_line() {
        let text = format!("fine\nlet a = \"{}main\";\n{});\n", MACHINE_PATHS[0], LEFTOVERS[0].0);
        let found = faults(Path::new("a.rs"), &text);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("a.rs:2:"), "{found:?}");
        assert!(found[1].starts_with("a.rs:3:"), "{found:?}");
    }

    #[test]
    fn exact_other_paths_pass() {
        let text = format!("see https://example.org{0}x and target{0}x\n", MACHINE_PATHS[1]);
        assert_eq!(faults(Path::new("a.md"), &text), Vec::<String>::new());
    }

    #[test]
    fn exact_tags_that_mean_nothing_are_found() {
        let two = concat!("[2", "ND]");
        for (path, line) in [
            ("models/a.toml", format!("CL = {{ source = \"Bajaj 2017 {two}\" }}")),
            ("a.md", format!("from {two}, by hand")),
            ("models/a.toml", "CL = { source = \"Bajaj 2017 [F]; median\" }".to_owned()),
            ("models/a.toml", "CL = { source = \"recalled\" }".to_owned()),
            ("models/a.toml", "CL = { source = \"kidney; recalled\" }".to_owned()),
        ] {
            assert_eq!(faults(Path::new(path), &line).len(), 1, "{line}");
        }
        for (path, line) in [
            ("models/a.toml", "CL = { source = \"Bajaj 2017, recalled\" }"),
            ("models/a.toml", "C = { of = \"M*[D]\", source = \"assumed\" }"),
            ("a.md", "see [A](a.md) and [B][b]"),
            ("a.rs", "let a = b[S];"),
        ] {
            assert_eq!(faults(Path::new(path), line), Vec::<String>::new(), "{line}");
        }
    }
}
