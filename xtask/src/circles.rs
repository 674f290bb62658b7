//! Files of different ideas inside a crate do not use each other in circles.
//!
//! A module of the root of a crate, a file or a folder, is one idea; inside a folder files may know each other. What a
//! module uses is read from the paths in its text, `crate::x`, `super::x` where that is the root, and names that the root
//! hands out; tests do not count. Circles that are still there are in `xtask/circles.csv`, each by the use that closes it
//! and the reason why; a line that closes no circle any more is a fault, so that the list only gets shorter.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context as _, Result};

use crate::workspace;

const PATH: &str = "xtask/circles.csv";

/// A module of a crate that uses another one.
type Edge = (String, String);

/// A use that may close a circle.
#[derive(Debug, PartialEq, Eq)]
struct Allowed {
    of: String,
    edge: Edge,
    reason: String,
}

/// The files of the modules of a crate, and the text of its root.
#[derive(Default)]
struct Crate {
    root: String,
    /// Module, number of parts of the path of the file's own module, text.
    files: Vec<(String, usize, String)>,
}

/// Faults of the repository.
pub(crate) fn faults() -> Result<Vec<String>> {
    let mut crates: BTreeMap<String, Crate> = BTreeMap::new();
    for path in workspace::files()? {
        let Some((of, inside)) = placed(&path) else { continue };
        let Some(text) = workspace::text(&path)? else { continue };
        crates.entry(of).or_default().add(&inside, code(&text));
    }
    let list = std::fs::read_to_string(workspace::root().join(PATH)).context(PATH)?;
    let (allowed, mut faults) = read(&list);
    for (of, all) in &crates {
        let own: Vec<&Allowed> = allowed.iter().filter(|a| a.of == *of).collect();
        faults.extend(judged(of, &all.edges(), &own));
    }
    for other in allowed.iter().filter(|a| !crates.contains_key(&a.of)) {
        faults.push(format!("{PATH}: `{}` is not a crate", other.of));
    }
    Ok(faults)
}

/// The crate of a source file and the parts of its path inside `src`.
fn placed(path: &Path) -> Option<(String, Vec<String>)> {
    let mut parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    let mut of = parts.next()?;
    if of == "crates" {
        of = parts.next()?;
    }
    let source = parts.next()? == "src" && path.extension().is_some_and(|e| e == "rs");
    source.then(|| (of, parts.collect()))
}

impl Crate {
    fn add(&mut self, inside: &[String], text: String) {
        match inside {
            [file] if file == "lib.rs" || file == "main.rs" => self.root.push_str(&text),
            [first, rest @ ..] => {
                let module = first.trim_end_matches(".rs").to_owned();
                let own = rest.last().map_or(1, |file| rest.len() + usize::from(file != "mod.rs"));
                self.files.push((module, own, text));
            }
            [] => {}
        }
    }

    /// Which module uses which.
    fn edges(&self) -> BTreeSet<Edge> {
        let modules: BTreeSet<&str> = self.files.iter().map(|f| f.0.as_str()).collect();
        let mut handed_out: BTreeMap<String, String> = BTreeMap::new();
        for (module, names) in uses(&self.root) {
            if modules.contains(module.as_str()) {
                handed_out.extend(names.into_iter().map(|name| (name, module.clone())));
            }
        }
        let mut edges = BTreeSet::new();
        for (module, depth, text) in &self.files {
            for name in named_at_root(text, *depth) {
                let direct = modules.contains(name.as_str()).then_some(&name);
                if let Some(other) = direct.or_else(|| handed_out.get(&name))
                    && other != module
                {
                    edges.insert((module.clone(), other.clone()));
                }
            }
        }
        edges
    }
}

/// The modules of the `use` lines of a root, with the names taken from each.
fn uses(root: &str) -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for line in root.split(';') {
        let Some((_, path)) = line.rsplit_once("use ") else { continue };
        let path = path.trim().trim_start_matches("crate::").trim_start_matches("self::");
        let Some((module, rest)) = path.split_once("::") else { continue };
        found.push((module.to_owned(), words(rest).map(str::to_owned).collect()));
    }
    found
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

/// The names that a text takes directly from the root of its crate.
fn named_at_root(text: &str, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    let up = "super::".repeat(depth);
    for (path, at_start) in [("crate::", true), (up.as_str(), depth > 0)] {
        for (at, _) in text.match_indices(path).filter(|_| at_start) {
            let before = text[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            names.extend(first_names(&text[at + path.len()..]));
        }
    }
    names
}

/// The first name of a path, or those of a list in braces.
fn first_names(text: &str) -> Vec<String> {
    let text = text.trim_start();
    let Some(list) = text.strip_prefix('{') else {
        let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        return words(&text[..end]).map(str::to_owned).collect();
    };
    let (mut depth, mut begins, mut names) = (1_usize, true, Vec::new());
    let mut word = String::new();
    for c in list.chars() {
        if depth == 1 && begins && (c.is_alphanumeric() || c == '_') {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            names.push(std::mem::take(&mut word));
            begins = false;
        }
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => begins = true,
            _ => {}
        }
    }
    names
}

/// The code of a file: without comments, texts and modules of tests.
fn code(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = plain.chars().next_back().is_some_and(|b| b.is_alphanumeric() || b == '_');
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if c == '"' {
            quoted(rest)
        } else if (c == 'r' || rest.starts_with("br")) && !word {
            raw(rest)
        } else if c == '\'' {
            character(rest)
        } else {
            0
        };
        if skipped == 0 {
            plain.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            rest = &rest[skipped..];
        }
    }
    without_tests(&plain)
}

/// Length of a text in quotation marks.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of a raw text; 0 where there is none.
fn raw(text: &str) -> usize {
    let prefix = if text.starts_with('b') { 2 } else { 1 };
    let marks = text[prefix..].bytes().take_while(|b| *b == b'#').count();
    if !text[prefix + marks..].starts_with('"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(marks));
    let from = prefix + marks + 1;
    text[from..].find(&end).map_or(text.len(), |at| from + at + end.len())
}

/// Length of a character; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match (chars.next(), chars.next()) {
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or(0, |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

/// Code without its modules of tests.
fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::new();
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        let after = &rest[at + MARK.len()..];
        let is_module =
            words(after).find(|word| !["pub", "crate", "super"].contains(word)) == Some("mod");
        let end = if is_module { end_of_item(after) } else { 0 };
        kept.push_str(&rest[..at]);
        rest = &after[end..];
    }
    kept.push_str(rest);
    kept
}

/// Where an item ends: at its semicolon, or behind its braces.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    text.len()
}

/// The uses that may close circles, and lines that are none.
fn read(list: &str) -> (Vec<Allowed>, Vec<String>) {
    let (mut allowed, mut faults) = (Vec::new(), Vec::new());
    for (at, line) in list.lines().enumerate() {
        if line.starts_with('#') || line == "crate,from,to,reason" || line.trim().is_empty() {
            continue;
        }
        match line.splitn(4, ',').collect::<Vec<_>>()[..] {
            [of, from, to, reason] if !reason.trim().is_empty() => allowed.push(Allowed {
                of: of.to_owned(),
                edge: (from.to_owned(), to.to_owned()),
                reason: reason.to_owned(),
            }),
            _ => faults.push(format!("{PATH}:{}: expected crate,from,to,reason", at + 1)),
        }
    }
    (allowed, faults)
}

/// Circles of a crate without the uses that may close one, and of those the ones that close none.
fn judged(of: &str, edges: &BTreeSet<Edge>, allowed: &[&Allowed]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut open = edges.clone();
    for one in allowed {
        let (from, to) = &one.edge;
        if !edges.contains(&one.edge) {
            faults.push(format!(
                "{PATH}: `{from}` of `{of}` no longer uses `{to}`; take the line out"
            ));
        } else if path(edges, to, from).is_none() {
            faults.push(format!(
                "{PATH}: `{from}` to `{to}` of `{of}` closes no circle; take the line out"
            ));
        }
        open.remove(&one.edge);
    }
    let mut told: BTreeSet<String> = BTreeSet::new();
    for (from, to) in &open {
        if told.contains(from) {
            continue;
        }
        if let Some(back) = path(&open, to, from) {
            let circle = std::iter::once(from.as_str()).chain(back.iter().map(String::as_str));
            let circle = circle.collect::<Vec<_>>().join("` → `");
            faults.push(format!(
                "crate `{of}`: modules use each other in a circle, `{circle}`; move what both need below them, or \
                 into one folder"
            ));
            told.extend(back);
        }
    }
    faults
}

/// A shortest way from one module to another, both named.
fn path(edges: &BTreeSet<Edge>, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways: Vec<Vec<String>> = vec![vec![from.to_owned()]];
    let mut seen: BTreeSet<String> = BTreeSet::from([from.to_owned()]);
    let mut next = 0;
    while let Some(way) = ways.get(next).cloned() {
        next += 1;
        let here = way.last()?.clone();
        if here == to {
            return Some(way);
        }
        for (_, there) in edges.iter().filter(|(a, _)| *a == here) {
            if seen.insert(there.clone()) {
                ways.push(way.iter().cloned().chain([there.clone()]).collect());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(files: &[(&str, &str)]) -> Crate {
        let mut made = Crate::default();
        for (path, text) in files {
            let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            made.add(&parts, code(text));
        }
        made
    }

    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        of(files).edges().into_iter().map(|(a, b)| format!("{a}>{b}")).collect()
    }

    #[test]
    fn exact_the_repository_has_no_circle_but_those_listed() {
        assert_eq!(faults().expect("readable files"), Vec::<String>::new());
    }

    /// Every way in which a file can name another module of its crate.
    #[test]
    fn exact_uses_are_found() {
        let others = [("b.rs", ""), ("c/mod.rs", ""), ("c/d.rs", "")];
        let found = |path: &str, text: &str| {
            edges(
                &[
                    &[("lib.rs", "mod a; mod b; mod c;\npub use b::{Name, deep::Other as Else};")],
                    &[(path, text)],
                    &others[..],
                ]
                .concat(),
            )
        };
        for (path, text) in [
            ("a.rs", "use crate::b;"),
            ("a.rs", "use crate::{std, b::{c, d}};"),
            ("a.rs", "fn f() { crate::b::g(\"//\") }"),
            ("a.rs", "use super::b;"),
            ("a/mod.rs", "use super::b::x;"),
            ("a/x.rs", "use super::super::b;"),
            ("a/x/mod.rs", "use super::super::{b};"),
            ("a.rs", "type T = crate::Name;"),
            ("a.rs", "type T<'a> = &'a crate::Else;"),
        ] {
            assert_eq!(found(path, text), ["a>b"], "{path}: {text}");
        }
        for (path, text) in [
            ("a.rs", "// crate::b"),
            ("a.rs", "const X: &str = \"crate::b\";"),
            ("a.rs", "const X: &str = r#\"crate::b \" crate::b\"#;"),
            ("a.rs", "#[cfg(test)]\nmod tests { use crate::b; fn f() {} }"),
            ("a/x.rs", "use super::b;"),
            ("a.rs", "use other_crate::b;"),
            ("a.rs", "use crate::a::b;"),
            ("b.rs", "use crate::Name;"),
        ] {
            assert_eq!(found(path, text), Vec::<String>::new(), "{path}: {text}");
        }
        // A quotation mark as a character opens no text, and what stands behind a module of tests counts.
        let text =
            "fn f(c: char) -> bool { c == '\"' }\n#[cfg(test)]\nmod tests { }\nuse crate::c;";
        assert_eq!(found("a.rs", text), ["a>c"]);
    }

    #[test]
    fn exact_circles_are_named_and_the_list_only_gets_shorter() {
        let edges: BTreeSet<Edge> = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")]
            .map(|(from, to)| (from.to_owned(), to.to_owned()))
            .into();
        let judge = |list: &str| {
            let (allowed, faults) = read(list);
            assert_eq!(faults, Vec::<String>::new());
            judged("k", &edges, &allowed.iter().collect::<Vec<_>>())
        };
        let found = judge("");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("`a` → `b` → `c` → `a`"), "{found:?}");
        assert_eq!(judge("# why\nk,c,a,a reason, and more"), Vec::<String>::new());
        for (line, said) in [("k,c,d,x", "closes no circle"), ("k,d,c,x", "no longer uses")] {
            let found = judge(&format!("k,c,a,x\n{line}"));
            assert!(found.len() == 1 && found[0].contains(said), "{found:?}");
        }
        assert_eq!(read("k,c,a").1.len(), 1, "without a reason");
        assert_eq!(read("k,c,a, ").1.len(), 1, "with an empty one");
    }
}
