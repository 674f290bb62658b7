//! What the pages of the book show of a terminal, run as it is printed.
//!
//! A ```` ```console ```` block holds commands, each after `$ `, and below each what it prints. The blocks of a page run in
//! their order in one folder that is empty at the start, and what they print is compared line by line. `…` stands for
//! anything within a line, alone on a line for any number of lines. A block after `<!-- file: NAME -->` is a file that the
//! reader writes. A command that is meant to fail ends in `# exits with N`.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace;

/// A command of a page, and what the page says that it prints.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// Its line, from 0.
    line: usize,
    command: String,
    /// The lines below it: first, and one after the last.
    printed: std::ops::Range<usize>,
}

/// What a reader of a page does next.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    /// Writes a file.
    File { name: String, text: String },
    /// Runs a command.
    Run(Shown),
}

/// A command that prints something else than its page says.
#[derive(Debug)]
struct Fault {
    /// Whether the page leaves something out, so that only a person can write it anew.
    elided: bool,
    text: String,
}

/// Runs every page below `docs/` and returns how many commands ran. With `write` a page whose output has no `…` is given
/// what its commands print now.
pub(crate) fn run(path: &std::ffi::OsStr, write: bool) -> Result<usize> {
    let (mut ran, mut faults) = (0, Vec::new());
    for page in workspace::files()? {
        if !page.starts_with("docs") || page.extension().is_none_or(|e| e != "md") {
            continue;
        }
        let Some(text) = workspace::text(&page)? else { continue };
        let (count, fresh, wrong) = run_page(&page, &text, path)?;
        ran += count;
        let wrote = write && fresh != text;
        if wrote {
            std::fs::write(workspace::root().join(&page), &fresh)
                .with_context(|| page.display().to_string())?;
            println!("tour: wrote {}", page.display());
        }
        faults.extend(wrong.into_iter().filter(|fault| !wrote || fault.elided));
    }
    for fault in &faults {
        println!("{}", fault.text);
    }
    ensure!(faults.is_empty(), "tour: {} commands of the book print something else", faults.len());
    Ok(ran)
}

/// Runs a page: how many commands, its text with what they print now, and what differs.
fn run_page(
    page: &Path,
    text: &str,
    path: &std::ffi::OsStr,
) -> Result<(usize, String, Vec<Fault>)> {
    let lines: Vec<&str> = text.lines().collect();
    let parts = parts(&lines).with_context(|| page.display().to_string())?;
    let mut fresh: Vec<(std::ops::Range<usize>, String)> = Vec::new();
    let mut faults = Vec::new();
    let (mut ran, folder) = (0, tempfile::tempdir()?);
    for part in &parts {
        let shown = match part {
            Part::File { name, text } => {
                write_file(folder.path(), name, text)?;
                continue;
            }
            Part::Run(shown) => shown,
        };
        ran += 1;
        println!("tour: {}:{}", page.display(), shown.line + 1);
        let (code, printed) = execute(folder.path(), &shown.command, path)?;
        let place = format!("{}:{}: `{}`", page.display(), shown.line + 1, shown.command);
        ensure!(
            code == expected_code(&shown.command),
            "{place}: exit code {code}, and this is printed:\n{printed}"
        );
        let expected = &lines[shown.printed.clone()];
        let now: Vec<&str> = printed.trim_end().lines().map(str::trim_end).collect();
        if !matches(expected, &now) {
            let elided = expected.iter().any(|line| line.contains('…'));
            let mut text = format!("{place}\n  the page:\n");
            for line in expected {
                writeln!(text, "    {line}")?;
            }
            writeln!(text, "  printed now:")?;
            for line in &now {
                writeln!(text, "    {line}")?;
            }
            faults.push(Fault { elided, text });
            if !elided {
                fresh.push((shown.printed.clone(), now.join("\n")));
            }
        }
    }
    Ok((ran, replaced(&lines, &fresh), faults))
}

/// The page with other text in place of some lines.
fn replaced(lines: &[&str], fresh: &[(std::ops::Range<usize>, String)]) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut at = 0;
    for (range, text) in fresh {
        out.extend(&lines[at..range.start]);
        out.extend(text.lines());
        at = range.end;
    }
    out.extend(&lines[at..]);
    format!("{}\n", out.join("\n"))
}

/// The files that a reader of a page writes: name and text.
pub(crate) fn files(text: &str) -> Result<Vec<(String, String)>> {
    let lines: Vec<&str> = text.lines().collect();
    let of = |part| match part {
        Part::File { name, text } => Some((name, text)),
        Part::Run(_) => None,
    };
    Ok(parts(&lines)?.into_iter().filter_map(of).collect())
}

/// The files and commands of a page, in their order.
fn parts(lines: &[&str]) -> Result<Vec<Part>> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let name = lines[at].strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->"));
        if let Some(name) = name {
            // The mark is not shown: what is to be written where, a reader learns from the line above it.
            let above = lines[..at].iter().rev().find(|line| !line.is_empty());
            let named = above.is_some_and(|line| line.contains(&format!("`{name}`")));
            ensure!(named, "line {}: the line above must name `{name}`", at + 1);
            at += 1;
        }
        let Some(fence) = lines.get(at).and_then(|line| line.strip_prefix("```")) else {
            ensure!(name.is_none(), "line {}: a block must follow", at + 1);
            at += 1;
            continue;
        };
        let start = at + 1;
        let Some(length) = lines[start..].iter().position(|line| *line == "```") else {
            bail!("line {}: the block is not closed", at + 1);
        };
        let end = start + length;
        if let Some(name) = name {
            let text = format!("{}\n", lines[start..end].join("\n"));
            parts.push(Part::File { name: name.to_owned(), text });
        } else if fence == "console" {
            commands(lines, start..end, &mut parts)?;
        }
        at = end + 1;
    }
    Ok(parts)
}

/// The commands of a block.
fn commands(lines: &[&str], block: std::ops::Range<usize>, parts: &mut Vec<Part>) -> Result<()> {
    let mut at = block.start;
    while at < block.end {
        let Some(first) = lines[at].strip_prefix("$ ") else {
            bail!("line {}: a `console` block begins with a command after `$ `", at + 1);
        };
        let line = at;
        let mut command = first.to_owned();
        at += 1;
        while command.ends_with('\\') && at < block.end {
            command.push('\n');
            command.push_str(lines[at]);
            at += 1;
        }
        let start = at;
        while at < block.end && !lines[at].starts_with("$ ") {
            at += 1;
        }
        parts.push(Part::Run(Shown { line, command, printed: start..at }));
    }
    Ok(())
}

/// The exit code that a command says it has.
fn expected_code(command: &str) -> i32 {
    command.rsplit_once("# exits with ").and_then(|(_, code)| code.trim().parse().ok()).unwrap_or(0)
}

fn write_file(folder: &Path, name: &str, text: &str) -> Result<()> {
    let target: PathBuf = folder.join(name);
    if let Some(parent) = target.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(&target, text).with_context(|| name.to_owned())
}

/// What a command prints on both streams, in their order.
fn execute(folder: &Path, command: &str, path: &std::ffi::OsStr) -> Result<(i32, String)> {
    let output = Command::new("bash")
        .args(["-uo", "pipefail", "-c", &format!("exec 2>&1\n{command}")])
        .current_dir(folder)
        .env("PATH", path)
        .env("NO_COLOR", "1")
        .env("HOME", folder)
        .env_remove("COLUMNS")
        .output()
        .context("bash")?;
    let code = output.status.code().context("a command was stopped by a signal")?;
    Ok((code, String::from_utf8(output.stdout).context("what is printed is UTF-8")?))
}

/// Whether lines are as the page says.
fn matches(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skip| matches(rest, &printed[skip..])),
        Some((line, rest)) => {
            printed.first().is_some_and(|first| line_matches(line.trim_end(), first))
                && matches(rest, &printed[1..])
        }
    }
}

/// Whether a line is as the page says, `…` standing for anything.
fn line_matches(expected: &str, printed: &str) -> bool {
    let mut pieces = expected.split('…');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else { return false };
    let mut last = None;
    for piece in pieces {
        if let Some(between) = last.replace(piece) {
            match rest.find(between) {
                Some(at) => rest = &rest[at + str::len(between)..],
                None => return false,
            }
        }
    }
    match last {
        Some(end) => rest.ends_with(end),
        None => rest.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# A page
`a/b.txt`:
<!-- file: a/b.txt -->
```toml
x = 1
```
```sh
not run
```
```console
$ cat a/b.txt
x = 1
$ printf 'one\\n' \\
  | cat; exit 3   # exits with 3
two
```
";

    #[test]
    fn exact_a_page_is_files_and_commands() {
        let lines: Vec<&str> = PAGE.lines().collect();
        let found = parts(&lines).expect("a page");
        assert_eq!(found.len(), 3);
        assert_eq!(found[0], Part::File { name: "a/b.txt".into(), text: "x = 1\n".into() });
        assert_eq!(
            found[1],
            Part::Run(Shown { line: 10, command: "cat a/b.txt".into(), printed: 11..12 })
        );
        for faulty in [
            "```console\nls\n```",
            "```console\n$ ls",
            "`a`:\n<!-- file: a -->\ntext",
            "text\n<!-- file: a -->\n```\n```",
        ] {
            assert!(parts(&faulty.lines().collect::<Vec<_>>()).is_err(), "{faulty}");
        }
    }

    #[test]
    fn exact_what_differs_is_told_and_written() {
        let path = std::env::var_os("PATH").expect("a path");
        let (ran, fresh, faults) = run_page(Path::new("a.md"), PAGE, &path).expect("it runs");
        assert_eq!(ran, 2);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].text.contains("two") && faults[0].text.contains("one"), "{faults:?}");
        assert_eq!(fresh, PAGE.replace("\ntwo\n", "\none\n"));
        assert!(run_page(Path::new("a.md"), "```console\n$ exit 1\n```\n", &path).is_err());
    }

    #[test]
    fn exact_an_ellipsis_stands_for_anything() {
        assert!(matches(&["a", "…", "d"], &["a", "b", "c", "d"]));
        assert!(matches(&["…"], &[]));
        assert!(!matches(&["a", "…", "d"], &["a", "b", "c"]));
        assert!(line_matches("made, … s", "made, 0.1 s"));
        assert!(line_matches("a…b…c", "a1b2c"));
        assert!(!line_matches("a…b…c", "a1c"));
        assert!(!line_matches("made", "made it"));
        assert!(line_matches("aa…", "aa"));
        assert!(!line_matches("a…ab", "ab"));
    }
}
