//! What no file of the repository may contain.

use std::path::Path;

/// A soft ceiling that is held hard: beyond it a file answers more than one question.
const MAX_LINES: usize = 1000;

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

/// Faults of one text file, as sentences that name the line.
pub(crate) fn faults(path: &Path, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let name = path.display();
    let rust = path.extension().is_some_and(|e| e == "rs");
    let lines = text.lines().count();
    if rust && lines > MAX_LINES {
        faults.push(format!("{name}: {lines} lines; split it (at most {MAX_LINES})"));
    }
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        for pattern in MACHINE_PATHS {
            if line.match_indices(pattern).any(|(at, _)| begins_a_path(&line[..at])) {
                faults.push(format!("{name}:{number}: a path of one machine: `{pattern}…`"));
            }
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
    fn exact_long_files_are_found() {
        let found = faults(Path::new("a.rs"), &"\n".repeat(MAX_LINES + 1));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(faults(Path::new("a.rs"), &"\n".repeat(MAX_LINES)), Vec::<String>::new());
    }
}
