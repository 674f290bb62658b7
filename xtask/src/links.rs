//! Whether the links of the Markdown files lead somewhere.

use std::path::{Component, Path, PathBuf};

/// Links of a Markdown `text` at `path` whose target, inside the repository, does not exist.
///
/// `exists` is asked for paths relative to the root of the repository. Links to the web are left
/// alone: a check must not depend on the network.
pub(crate) fn faults(path: &Path, text: &str, exists: impl Fn(&Path) -> bool) -> Vec<String> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut faults = Vec::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            let file = target.split(['#', '?']).next().unwrap_or_default();
            if file.is_empty() || target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            let place = format!("{}:{}", path.display(), index + 1);
            match normal(&folder.join(file)) {
                Some(inside) if exists(&inside) => {}
                Some(_) => faults.push(format!("{place}: `{target}` does not exist")),
                None => faults.push(format!("{place}: `{target}` leads out of the repository")),
            }
        }
    }
    faults
}

/// The targets of `[…](target)` and `![…](target "title")` in a line, code spans left out.
fn targets(line: &str) -> Vec<String> {
    let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    outside
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .filter_map(|inner| inner.split_whitespace().next().map(str::to_owned))
        .collect()
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
        let text = "[a](b.md) ![p](../x.svg \"t\") [w](https://w.org) `[c](c.md)` [h](#here)\n\
                    ```\n[f](f.md)\n```\n[up](../../out.md) [`code`](missing.md#part)\n";
        let exists = |path: &Path| path == Path::new("docs/b.md");
        let found = faults(Path::new("docs/a.md"), text, exists);
        assert_eq!(
            found,
            [
                "docs/a.md:1: `../x.svg` does not exist",
                "docs/a.md:5: `../../out.md` leads out of the repository",
                "docs/a.md:5: `missing.md#part` does not exist",
            ]
        );
    }
}
