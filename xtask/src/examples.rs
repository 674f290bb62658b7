//! Examples for the reference pages, out of files of the repository that are run: steps and figures of experiments, keys of
//! models and chains. Nothing is written for a page, so that no example can be wrong without a check that fails.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::Path,
};

use anyhow::{Context as _, Result};

use crate::{links::slashed, pages, workspace};

/// Lines of an example, where a shorter one shows anything at all.
const LINES: usize = 40;
/// Examples of one kind.
const MOST: usize = 3;

/// A `[[step]]` or `[[figure]]` of an experiment.
#[derive(Debug)]
struct Block {
    /// `step` or `figure`.
    of: String,
    kind: String,
    /// Its keys, those of its own tables not included.
    keys: BTreeSet<String>,
    text: String,
    file: String,
    table: toml::Table,
}

/// The page of experiments with examples below the keys of every kind, and what share of the keys they show.
pub(crate) fn experiments(page: &str) -> Result<String> {
    let blocks = blocks_of_experiments()?;
    let (mut shown, mut all) = (0, 0);
    let mut missing = Vec::new();
    let page = by_section(page, "### `kind = \"", |title, section| {
        let Some(kind) = title.strip_suffix("\"`") else { return section.to_owned() };
        let of = if has_key(section, "id") { "step" } else { "figure" };
        let keys = keys_of(section);
        let chosen = choose(blocks.iter().filter(|b| b.of == of && b.kind == kind), &keys);
        all += keys.len();
        let mut open = keys;
        let mut out = section.trim_end().to_owned();
        for block in chosen {
            shown += open.iter().filter(|key| block.keys.contains(*key)).count();
            open.retain(|key| !block.keys.contains(key));
            let _written = write!(
                out,
                "\n\nAs in [{}]({}):\n\n```toml\n{}\n```",
                block.file,
                link(&block.file),
                block.text
            );
        }
        missing.extend(open.into_iter().map(|key| format!("`{kind}`: `{key}`")));
        out.push_str("\n\n");
        out
    });
    let mut page = page.trim_end().to_owned();
    write!(
        page,
        "\n\n## What is shown by an example\n\n\
         The examples are steps and figures of experiments that are run and compared on every change.\n\
         Of the {all} keys of steps and figures, {shown} stand in one.\n"
    )?;
    if !missing.is_empty() {
        write!(page, "No example here uses these:\n\n{}.\n", missing.join(", "))?;
    }
    Ok(page)
}

/// The page of model and chain files with an example of every key that a shipped file uses.
pub(crate) fn models(page: &str) -> Result<String> {
    let mut files = Vec::new();
    for path in workspace::files()? {
        let shipped = path.starts_with("models");
        let tested = path.starts_with("crates/lutetia-model/tests/good");
        if (!shipped && !tested) || path.extension().is_none_or(|e| e != "toml") {
            continue;
        }
        let Some(text) = workspace::text(&path)? else { continue };
        let table: toml::Table = text.parse().with_context(|| path.display().to_string())?;
        files.push((path, table));
    }
    // Shipped files first: what is in a test is shown where nothing else has it.
    files.sort_by_key(|(path, _)| (!path.starts_with("models"), path.clone()));
    let (mut shown, mut all) = (0, 0);
    let mut missing = Vec::new();
    let page = by_section(page, "## ", |title, section| {
        let Some((file, name)) = title.split_once(": `[") else { return section.to_owned() };
        let name = name.split(['.', ']']).next().unwrap_or_default();
        let of_file = files.iter().filter(|(_, table)| table.contains_key(file));
        let of_file: Vec<_> = of_file.collect();
        let mut within = name.to_owned();
        let mut out = String::new();
        for line in section.lines() {
            if let Some(inner) = line.strip_prefix("### `") {
                within = inner.trim_end_matches('`').to_owned();
            }
            out.push_str(line.strip_suffix(" |").unwrap_or(line));
            match line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) {
                Some(key) => {
                    all += 1;
                    let example = example(&of_file, name, &within, key);
                    shown += usize::from(example.is_some());
                    if example.is_none() {
                        missing.push(format!("`{within}`: `{key}`"));
                    }
                    let _written = write!(out, " | {} |", example.unwrap_or_default());
                }
                None if line.starts_with("| key") => out.push_str(" | for example |"),
                None if line.starts_with("|---") => out.push_str("---|"),
                None => {}
            }
            out.push('\n');
        }
        out
    });
    let mut page = page.trim_end().to_owned();
    write!(
        page,
        "\n\n# What is shown by an example\n\n\
         The examples are lines of shipped files, or else of models of the tests; both are checked and compiled on every change.\n\
         Of the {all} keys, {shown} have one.\n"
    )?;
    if !missing.is_empty() {
        writeln!(page, "Without one are {}.", missing.join(", "))?;
    }
    Ok(page)
}

/// The shortest use of a key in the table `name`, or in the table `within` inside of it.
fn example(
    files: &[&(std::path::PathBuf, toml::Table)],
    name: &str,
    within: &str,
    key: &str,
) -> Option<String> {
    let mut best: Option<(bool, usize, String)> = None;
    for (path, table) in files {
        let Some(value) = table.get(name) else { continue };
        let mut found = Vec::new();
        let inside = within != name;
        uses(value, inside.then_some(within), key, 0, &mut found);
        let tested = !path.starts_with("models");
        for value in found {
            let value = value.to_string().replace(['\n', '|'], " ");
            let text = format!("`{key} = {}` ({})", short(&value), called(path));
            if best.as_ref().is_none_or(|(t, n, _)| (tested, value.len()) < (*t, *n)) {
                best = Some((tested, value.len(), text));
            }
        }
    }
    best.map(|(_, _, text)| text)
}

/// Every value of a key, within tables called `within` where that is given.
fn uses<'a>(
    value: &'a toml::Value,
    within: Option<&str>,
    key: &str,
    depth: usize,
    found: &mut Vec<&'a toml::Value>,
) {
    let tables: Vec<&toml::Table> = match value {
        toml::Value::Table(table) => vec![table],
        toml::Value::Array(list) => list.iter().filter_map(toml::Value::as_table).collect(),
        _ => return,
    };
    for table in tables {
        match within {
            None => found.extend(table.get(key)),
            Some(name) => {
                if let Some(inner) = table.get(name) {
                    uses(inner, None, key, 0, found);
                }
            }
        }
        // An entry of a named table lies one deeper, a table within it two.
        if depth < 1 {
            table.values().for_each(|inner| uses(inner, within, key, depth + 1, found));
        }
    }
}

fn short(text: &str) -> String {
    let mut out: String = text.chars().take(70).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out.replace('`', "'")
}

/// What a model is called where it is named.
fn called(path: &Path) -> String {
    let name = slashed(path);
    match name.strip_prefix("models/") {
        Some(model) => format!("`{}`", model.trim_end_matches(".toml")),
        None => "a test".to_owned(),
    }
}

/// A page with each section whose title begins in one way made anew.
fn by_section(page: &str, start: &str, mut make: impl FnMut(&str, &str) -> String) -> String {
    let ends =
        |line: &str| line.starts_with("## ") || line.starts_with("# ") || line.starts_with(start);
    let mut out = String::new();
    let mut section: Option<(String, String)> = None;
    for line in page.lines() {
        if ends(line) {
            if let Some((title, text)) = section.take() {
                out.push_str(&make(&title, &text));
            }
            if let Some(title) = line.strip_prefix(start) {
                section = Some((title.to_owned(), String::new()));
            }
        }
        let to = section.as_mut().map_or(&mut out, |(_, text)| text);
        to.push_str(line);
        to.push('\n');
    }
    if let Some((title, text)) = section {
        out.push_str(&make(&title, &text));
    }
    out
}

/// The keys that a section lists.
fn keys_of(section: &str) -> BTreeSet<String> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .map(str::to_owned)
        .collect()
}

fn has_key(section: &str, key: &str) -> bool {
    keys_of(section).contains(key)
}

/// The blocks that show most of the keys, the shorter ones where that is the same.
fn choose<'a>(blocks: impl Iterator<Item = &'a Block>, keys: &BTreeSet<String>) -> Vec<&'a Block> {
    let mut open = keys.clone();
    let mut left: Vec<&Block> = blocks.collect();
    let any_short = left.iter().any(|b| b.text.lines().count() <= LINES);
    left.retain(|b| !any_short || b.text.lines().count() <= LINES);
    let mut chosen = Vec::new();
    while chosen.len() < MOST {
        let new = |b: &Block| b.keys.intersection(&open).count();
        let best = left.iter().max_by_key(|b| {
            (new(b), std::cmp::Reverse(b.text.len()), std::cmp::Reverse(b.file.clone()))
        });
        let Some(best) = best.copied().filter(|b| new(b) > 0) else { break };
        open.retain(|key| !best.keys.contains(key));
        chosen.push(best);
    }
    chosen
}

/// How a page of the book links to a file: within the book, or on the web.
fn link(file: &str) -> String {
    match file.strip_prefix("docs/") {
        Some(page) => page.to_owned(),
        None => format!("https://github.com/lutetia-rlt/lutetia/blob/main/{file}"),
    }
}

/// The steps and figures of every experiment, and of those that the tutorials write.
fn blocks_of_experiments() -> Result<Vec<Block>> {
    let mut out = Vec::new();
    for path in workspace::files()? {
        if path.starts_with("reports") && path.ends_with("experiment.toml") {
            let Some(text) = workspace::text(&path)? else { continue };
            out.extend(blocks(&slashed(&path), &text)?);
        }
        if path.starts_with("docs") && path.extension().is_some_and(|e| e == "md") {
            let Some(text) = workspace::text(&path)? else { continue };
            for (_, text) in
                pages::files(&text)?.iter().filter(|(name, _)| name.ends_with("experiment.toml"))
            {
                out.extend(blocks(&slashed(&path), text)?);
            }
        }
    }
    Ok(out)
}

/// The steps and figures of an experiment, as they are written.
fn blocks(file: &str, text: &str) -> Result<Vec<Block>> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut quoted: Option<&str> = None;
    for line in text.lines() {
        let head = line.strip_prefix("[[").filter(|_| quoted.is_none());
        let head = head.and_then(|rest| rest.split("]]").next());
        match head {
            Some(of @ ("step" | "figure")) => parts.push((of.to_owned(), String::new())),
            // `[[step.arm]]` and `[step.bed]` belong to the step before; anything else ends it.
            _ if quoted.is_none() && line.starts_with('[') => {
                let name = line.trim_start_matches('[');
                if !name.starts_with("step.") && !name.starts_with("figure.") {
                    parts.push((String::new(), String::new()));
                }
            }
            _ => {}
        }
        for mark in ["'''", "\"\"\""] {
            if line.matches(mark).count() % 2 == 1 && quoted.is_none_or(|open| open == mark) {
                quoted = if quoted.is_some() { None } else { Some(mark) };
            }
        }
        if let Some((_, part)) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    let mut out = Vec::new();
    for (of, text) in parts.into_iter().filter(|(of, _)| !of.is_empty()) {
        let text = text.trim_end().to_owned();
        let parsed: toml::Table = text.parse().with_context(|| file.to_owned())?;
        let table = parsed.get(&of).and_then(|list| list.get(0)).and_then(toml::Value::as_table);
        let Some(table) = table else { continue };
        let kind = table.get("kind").and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        let keys = table.keys().cloned().collect();
        out.push(Block { of, kind, keys, text, file: file.to_owned(), table: table.clone() });
    }
    Ok(out)
}

/// Where the pictures of the page of charts lie.
pub(crate) const PICTURES: &str = "docs/charts";

/// The page of charts, and the pictures that it shows by the name of their file: of each kind a figure of an experiment.
pub(crate) fn charts(page: &str) -> Result<(String, BTreeMap<String, Vec<u8>>)> {
    let blocks = blocks_of_experiments()?;
    let mut out = String::from(
        "# Charts\n\n\
         <!-- Written by `cargo xtask schema` out of the kinds of charts and the figures of the experiments. -->\n\n\
         A `[[figure]]` of an experiment draws tables of its steps.\n\
         Here is each kind, with a figure of an experiment that is run and compared on every change; [Experiment files](experiment.md) lists its keys.\n\
         Beside every figure lies a CSV with each number that it draws.\n",
    );
    let mut pictures = BTreeMap::new();
    let figures = page.split("\n## ").find(|s| s.starts_with("`[[figure]]`")).unwrap_or_default();
    for section in figures.split("\n### `kind = \"").skip(1) {
        let Some((kind, rest)) = section.split_once("\"`") else { continue };
        let about = rest.trim_start().lines().next().unwrap_or_default();
        write!(out, "\n## `{kind}`\n\n{about}\n")?;
        let mut found = Vec::new();
        for block in blocks.iter().filter(|b| b.of == "figure" && b.kind == kind) {
            let name = block.table.get("name").and_then(toml::Value::as_str).unwrap_or_default();
            let folder = block.file.trim_end_matches("experiment.toml");
            let path = format!("{folder}figures/{name}.svg");
            let full = workspace::root().join(&path);
            if let Ok(bytes) = std::fs::read(&full) {
                found.push((bytes.len(), path, bytes, block));
            }
        }
        // Neither the poorest nor the fullest one.
        found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        let middle = found.len() / 2;
        let Some((_, _, bytes, block)) = (!found.is_empty()).then(|| found.swap_remove(middle))
        else {
            match blocks.iter().find(|b| b.of == "figure" && b.kind == kind) {
                Some(b) => write!(
                    out,
                    "\n```toml\n{}\n```\n\nOf [{1}]({2}).\n",
                    b.text,
                    b.file,
                    link(&b.file)
                )?,
                None => writeln!(out, "\nNo experiment draws one yet.")?,
            }
            continue;
        };
        let caption = block.table.get("caption").and_then(toml::Value::as_str).unwrap_or_default();
        let caption = if caption.contains("{{") { kind } else { caption };
        let caption = caption.split_whitespace().collect::<Vec<_>>().join(" ");
        let caption = caption.replace(['[', ']'], "");
        write!(
            out,
            "\n![{caption}](charts/{kind}.svg)\n\n*{caption}*\n\n```toml\n{}\n```\n\nOf [{}]({}).\n",
            block.text,
            block.file,
            link(&block.file)
        )?;
        pictures.insert(format!("{kind}.svg"), bytes);
    }
    Ok((out, pictures))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPERIMENT: &str = "\
[experiment]
result = '''
[[step]]
'''
[[step]]
kind = \"trial\"
id = \"t\"
[[step.arm]]
name = \"a\"

[[figure]]
kind = \"lines\"
name = \"f\"
[models.x]
file = \"x\"
";

    #[test]
    fn exact_blocks_are_taken_as_they_are_written() {
        let found = blocks("e.toml", EXPERIMENT).expect("it reads");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!((found[0].of.as_str(), found[0].kind.as_str()), ("step", "trial"));
        assert!(found[0].keys.contains("arm") && found[0].text.ends_with("name = \"a\""));
        assert_eq!(found[1].text, "[[figure]]\nkind = \"lines\"\nname = \"f\"");
    }

    #[test]
    fn exact_the_blocks_that_show_most_keys_are_chosen() {
        let block = |keys: &[&str], text: &str| Block {
            of: "step".into(),
            kind: "k".into(),
            keys: keys.iter().map(|&k| k.to_owned()).collect(),
            text: text.into(),
            file: "f".into(),
            table: toml::Table::new(),
        };
        let blocks = [
            block(&["a"], "1"),
            block(&["a", "b"], "22"),
            block(&["a", "b"], "333"),
            block(&["c"], "4444"),
        ];
        let keys = ["a", "b", "c", "d"].map(str::to_owned).into();
        let chosen: Vec<&str> =
            choose(blocks.iter(), &keys).iter().map(|b| b.text.as_str()).collect();
        assert_eq!(chosen, ["22", "4444"]);
    }

    #[test]
    fn exact_a_use_of_a_key_is_found_at_its_depth() {
        let table: toml::Table = "[parameters]\nCL = { value = \"1 L/h\", effects = [{ of = \"w\" }] }\nk = \"2 1/h\"\n[model]\nid = \"m\"\n"
            .parse()
            .expect("TOML");
        let file = (std::path::PathBuf::from("models/a/b.toml"), table);
        let files = [&file];
        let of = |within: &str, key: &str| example(&files, "parameters", within, key);
        assert_eq!(of("parameters", "value").as_deref(), Some("`value = \"1 L/h\"` (`a/b`)"));
        assert_eq!(of("effects", "of").as_deref(), Some("`of = \"w\"` (`a/b`)"));
        assert_eq!(of("parameters", "of"), None);
        assert_eq!(of("parameters", "iiv"), None);
    }

    #[test]
    fn exact_sections_are_made_anew_and_nothing_else() {
        let page = "# A\nx\n## B\ny\n### C\nz\n## D\n";
        let made = by_section(page, "### ", |title, text| format!("<{title}>{text}"));
        assert_eq!(made, "# A\nx\n## B\ny\n<C>### C\nz\n## D\n");
    }

    #[test]
    fn exact_every_kind_on_the_page_has_an_example() {
        let page = std::fs::read_to_string(workspace::root().join("docs/experiment.md"))
            .expect("the committed page");
        let mut without = Vec::new();
        let _same = by_section(&page, "### `kind = \"", |title, section| {
            if !section.contains("\n```toml\n") {
                without.push(title.trim_end_matches("\"`").to_owned());
            }
            String::new()
        });
        assert_eq!(without, Vec::<String>::new());
    }
}
