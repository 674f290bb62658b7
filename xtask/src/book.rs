//! Whether the book in `docs/` is whole: its summary names every page once, no link leads out of it to a file, since a
//! reader of the book has the book alone, and what it shows of a file (a block after `<!-- copy of PATH -->`) is that file.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::{links, workspace};

const SUMMARY: &str = "docs/SUMMARY.md";

/// Faults of the book.
pub(crate) fn faults() -> Result<Vec<String>> {
    let pages: Vec<String> = workspace::files()?
        .iter()
        .filter(|path| path.starts_with("docs") && path.extension().is_some_and(|e| e == "md"))
        .map(|path| links::slashed(path))
        .collect();
    let summary = std::fs::read_to_string(workspace::root().join(SUMMARY)).context(SUMMARY)?;
    let mut faults = summary_faults(&summary, &pages);
    for page in &pages {
        let Some(text) = workspace::text(Path::new(page))? else { continue };
        faults.extend(outward(page, &text));
        faults.extend(copies(page, &text, |path| workspace::text(Path::new(path)).ok().flatten()));
    }
    Ok(faults)
}

/// Pages that the summary lacks or names twice, and names of no page.
fn summary_faults(summary: &str, pages: &[String]) -> Vec<String> {
    let named: Vec<String> = summary
        .lines()
        .flat_map(links::targets)
        .map(|target| format!("docs/{}", target.trim_start_matches("./")))
        .collect();
    let mut faults = Vec::new();
    for page in pages.iter().filter(|page| *page != SUMMARY) {
        match named.iter().filter(|name| *name == page).count() {
            0 => faults.push(format!("{SUMMARY}: `{page}` is not in it")),
            1 => {}
            n => faults.push(format!("{SUMMARY}: `{page}` is in it {n} times")),
        }
    }
    // A page that does not exist is found with the links.
    faults
}

/// Links of a page that lead out of the folder of the book.
fn outward(page: &str, text: &str) -> Vec<String> {
    let depth = page.matches('/').count() - 1;
    links::outside_of_code(text)
        .flat_map(|(line, text)| links::targets(text).into_iter().map(move |t| (line, t)))
        .filter(|(_, target)| target.matches("../").count() > depth)
        .map(|(line, target)| {
            format!("{page}:{line}: `{target}` is not in the book; give the address on the web")
        })
        .collect()
}

/// Blocks of a page that are no longer the file that they show.
fn copies(page: &str, text: &str, read: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut faults = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let of = line.strip_prefix("<!-- copy of ").and_then(|rest| rest.strip_suffix(" -->"));
        let Some(path) = of else { continue };
        let block = lines.get(index + 2..).unwrap_or_default();
        let shown: Vec<&str> = block.iter().take_while(|line| **line != "```").copied().collect();
        match read(path) {
            Some(file) if file.trim_end() == shown.join("\n") => {}
            Some(_) => faults.push(format!("{page}:{}: this is not `{path}` as it is", index + 1)),
            None => faults.push(format!("{page}:{}: there is no `{path}`", index + 1)),
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_the_summary_names_every_page_once() {
        let summary =
            "# Summary\n\n[Start](README.md)\n- [A](a.md)\n  - [B](t/b.md)\n- [A](a.md)\n";
        let pages = ["docs/README.md", "docs/SUMMARY.md", "docs/a.md", "docs/c.md", "docs/t/b.md"];
        let pages = pages.map(str::to_owned);
        let found = summary_faults(summary, &pages);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("docs/a.md") && found[0].contains("2 times"), "{found:?}");
        assert!(found[1].contains("docs/c.md"), "{found:?}");
    }

    #[test]
    fn exact_a_copy_is_the_file() {
        let read = |path: &str| (path == "a.rs").then(|| "one\ntwo\n".to_owned());
        let page =
            |name: &str, text: &str| format!("<!-- copy of {name} -->\n```rust\n{text}```\n");
        assert_eq!(copies("p", &page("a.rs", "one\ntwo\n"), read), Vec::<String>::new());
        assert_eq!(copies("p", &page("a.rs", "one\n"), read).len(), 1);
        assert_eq!(copies("p", &page("b.rs", "one\n"), read).len(), 1);
    }

    #[test]
    fn exact_links_out_of_the_book_are_found() {
        assert_eq!(outward("docs/t/b.md", "[a](../a.md)"), Vec::<String>::new());
        assert_eq!(outward("docs/t/b.md", "x\n[a](../../README.md)").len(), 1);
        assert_eq!(outward("docs/a.md", "[a](../README.md)").len(), 1);
    }
}
