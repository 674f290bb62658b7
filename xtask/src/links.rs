//! Whether the links of the Markdown files lead somewhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Component, Path, PathBuf},
};

/// Links of a Markdown `text` at `path` whose target, inside the repository, does not exist, or has no heading of the
/// anchor that the link names.
///
/// `read` is asked for paths relative to the root of the repository: `None` where there is nothing, an empty text for a
/// folder or a file that is not Markdown. Links to the web are left alone: a check must not depend on the network.
pub(crate) fn faults(
    path: &Path,
    text: &str,
    read: impl Fn(&Path) -> Option<String>,
) -> Vec<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut faults = Vec::new();
    for (number, line) in outside_of_code(text) {
        for target in targets(line) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let place = format!("{}:{number}", path.display());
            let (file, anchor) = target.split_once('#').unwrap_or((&target, ""));
            let file = file.split('?').next().unwrap_or_default();
            let inside = if file.is_empty() { path.to_path_buf() } else { folder.join(file) };
            let Some(inside) = normal(&inside) else {
                faults.push(format!("{place}: `{target}` leads out of the repository"));
                continue;
            };
            let there = if file.is_empty() { Some(text.to_owned()) } else { read(&inside) };
            match there {
                None => faults.push(format!("{place}: `{target}` does not exist")),
                Some(there) => {
                    let markdown = inside.extension().is_some_and(|e| e == "md");
                    if markdown && !anchor.is_empty() && !anchors(&there).contains(anchor) {
                        faults.push(format!("{place}: `{target}`: there is no such heading"));
                    }
                }
            }
        }
    }
    faults
}

/// The lines of a Markdown text that are not code, with their numbers from 1.
pub(crate) fn outside_of_code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// The anchors of the headings of a Markdown text, as GitHub and mdBook make them, and those that the text sets itself.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (_, line) in outside_of_code(text) {
        for set in line.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            anchors.insert(set.to_owned());
        }
        let title = line.trim_start_matches('#');
        if title.len() == line.len() || !title.starts_with(' ') {
            continue;
        }
        let slug: String = title
            .trim()
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect();
        let count = seen.entry(slug.clone()).or_insert(0);
        anchors.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
        *count += 1;
    }
    anchors
}

/// The targets of `[…](target)` and `![…](target "title")` in a line, code spans left out.
pub(crate) fn targets(line: &str) -> Vec<String> {
    let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    outside
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|inner| inner.split_whitespace().next().map(str::to_owned))
        .collect()
}

/// A path with slashes, on every system.
pub(crate) fn slashed(path: &Path) -> String {
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// The path without `.` and `..`; `None` where it climbs above the root.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => out.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !out.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_broken_links_are_found() {
        let text = "# Here\n[a](b.md) ![p](../x.svg \"t\") [w](https://w.org) `[c](c.md)` [h](#here)\n\
                    ```\n[f](f.md)\n```\n[up](../../out.md) [`code`](missing.md#part) [n](#not)\n\
                    [one](b.md#a-heading-1) [two](b.md#a-heading-2)\n";
        let read = |path: &Path| {
            (path == Path::new("docs/b.md")).then(|| "# A `heading`\n## A heading\n".to_owned())
        };
        let found = faults(Path::new("docs/a.md"), text, read);
        assert_eq!(
            found,
            [
                "docs/a.md:2: `../x.svg` does not exist",
                "docs/a.md:6: `../../out.md` leads out of the repository",
                "docs/a.md:6: `missing.md#part` does not exist",
                "docs/a.md:6: `#not`: there is no such heading",
                "docs/a.md:7: `b.md#a-heading-2`: there is no such heading",
            ]
        );
    }
}
