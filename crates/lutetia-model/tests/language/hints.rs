//! Hints that hold a replacement are followed: the corrected text is read again, and the fault is gone.

use std::path::{Path, PathBuf};

use lutetia_diagnostic::Diagnostic;
use lutetia_model::{Checked, Resolve, SourceFile, check};

struct Beside;

impl Resolve for Beside {
    fn resolve(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(Path::new("tests/bad").join(name)).ok()
    }
}

fn checked(text: &str) -> Checked {
    check(&SourceFile { name: "x.toml".to_owned(), text: text.to_owned() }, &Beside)
}

/// The text with what the hint of a fault offers in the place that the fault marks.
fn followed(text: &str, fault: &Diagnostic) -> Option<String> {
    let hint = fault.hint.as_deref()?;
    let label = fault.labels.iter().find(|l| l.primary)?;
    let (start, end) = (label.span.start, label.span.end);
    let replaced = |by: &str| format!("{}{by}{}", &text[..start], &text[end..]);
    let offered = |after: &str| hint.strip_prefix(after)?.split('`').next();
    if let Some(name) = offered("did you mean `") {
        return Some(replaced(name));
    }
    let written = offered("write `")?;
    if written.contains('…') {
        return None;
    }
    if written.contains(" = ") {
        // A key that is missing, or one whose value is wrong.
        let key = written.split(" = ").next()?;
        let missing =
            fault.message.contains(&format!("no `{key}`")) || label.message.contains("missing");
        if !missing {
            let line = text[..start].rfind('\n').map_or(0, |p| p + 1);
            let stop = text[start..].find('\n').map_or(text.len(), |p| p + start);
            let own = text[line..stop].trim_start().starts_with(key);
            return own.then(|| format!("{}{written}{}", &text[..line], &text[stop..]));
        }
        // Into the inline table that is marked or that the marked name has, or into its own table.
        let stop = text[start..].find('\n').map_or(text.len(), |p| p + start);
        let line = text[..start].rfind('\n').map_or(0, |p| p + 1);
        let marked = text[start..].starts_with('{').then_some(start + 1);
        let around = text[line..start].rfind('{').map(|p| p + line + 1);
        if let Some(open) = marked.or(around) {
            return Some(format!("{} {written},{}", &text[..open], &text[open..]));
        }
        if let Some(open) = text[start..stop].find('{').map(|p| p + start + 1) {
            return Some(format!("{} {written},{}", &text[..open], &text[open..]));
        }
        return Some(format!("{}\n{written}{}", &text[..stop], &text[stop..]));
    }
    // A scheme line with names of its own is an example, not a replacement.
    (!written.contains("->") && !written.contains("=>")).then(|| replaced(written))
}

fn files() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir("tests/bad")
        .expect("the suite")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn exact_a_replacement_that_a_hint_offers_mends_the_fault() {
    let mut tried = 0;
    let mut left = Vec::new();
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("a file");
        for fault in checked(&text).diagnostics {
            let Some(better) = followed(&text, &fault) else { continue };
            tried += 1;
            let again = checked(&better).diagnostics;
            if again.iter().any(|d| d.code == fault.code && d.message == fault.message) {
                left.push(format!("{}: {} ({:?})", path.display(), fault.message, fault.hint));
            }
        }
    }
    assert!(left.is_empty(), "hints that do not help:\n{}", left.join("\n"));
    assert!(tried >= 20, "only {tried} hints were followed");
}

/// No name of one letter is offered for another, and no hint ends in an empty list.
#[test]
fn exact_no_hint_is_silly_or_empty() {
    let base = std::fs::read_to_string("tests/good/minimal.toml").expect("a file");
    for path in files() {
        let text = std::fs::read_to_string(&path).expect("a file");
        for d in checked(&text).diagnostics {
            let hint = d.hint.unwrap_or_default();
            assert!(!hint.trim_end().ends_with([':', ',']), "{}: {hint}", path.display());
            assert!(!hint.ends_with(" are "), "{}: {hint}", path.display());
        }
    }
    let text = format!("{base}\n[define]\nx = \"2*V\"\n");
    let hints: Vec<String> = checked(&text)
        .diagnostics
        .into_iter()
        .filter(|d| d.message.contains("`V`"))
        .filter_map(|d| d.hint)
        .collect();
    assert_eq!(hints.len(), 1);
    assert!(!hints[0].contains("`t`"), "{}", hints[0]);
}
