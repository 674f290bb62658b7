//! The keys of model and chain files, as a page.

use std::fmt::Write as _;

use crate::front::keys::{CHAIN, Form, Key, Kind, TABLES, Table};

const HEAD: &str = "\
# Model and chain files: the keys

<!-- Written by `cargo xtask schema` out of the tables by which the files are read; change those. -->

A model is a TOML file, and so is a chain, which connects models.
`lutetia new ligand NAME` and `lutetia new chain NAME` write one to start from, `lutetia check` finds every fault, `lutetia explain` prints what the file means.
What an expression can be, and what the tables do together, is in [Expressions and structure](language.md).
An editor that knows TOML completes and checks the keys by the schema that `lutetia schema model` and `lutetia schema chain` print.

A *value* is a text with a unit, such as `\"2.4 L/h\"`, or an expression; where it has no dimension it may be a plain number.
A *quantity* in the place of a table with one needed key is that key: `CL = \"2.4 L/h\"` is `CL = { value = \"2.4 L/h\" }`.
";

/// The keys of model and chain files as a page in Markdown.
#[must_use]
pub fn keys_page() -> String {
    let mut page = HEAD.to_owned();
    page.push_str("\n# Model files\n");
    TABLES.iter().for_each(|table| section(&mut page, "model", table));
    page.push_str("\n# Chain files\n");
    CHAIN.iter().for_each(|table| section(&mut page, "chain", table));
    page
}

fn section(page: &mut String, file: &str, table: &Table) {
    let (head, entry) = match table.form {
        Form::Plain => (format!("[{}]", table.name), None),
        Form::Named(short) => (format!("[{}.NAME]", table.name), Some(short)),
    };
    // The name of the file tells `[connect]` of a chain from a table of a model that may be called the same one day.
    let _written = writeln!(page, "\n## {file}: `{head}`\n\n{}.", capital(table.about));
    if let Some(short) = entry.filter(|_| table.keys.len() > 1) {
        let _written = writeln!(page, "An entry that is not a table is the key `{short}`.");
    }
    rows(page, table.keys);
    inner(page, table.keys);
}

/// The tables within keys, each under the name of its key.
fn inner(page: &mut String, keys: &[Key]) {
    for key in keys {
        if let Kind::Table(keys) | Kind::Tables(keys) = key.kind {
            let _written = writeln!(page, "\n### `{}`\n\n{}.", key.name, capital(key.about));
            rows(page, keys);
            inner(page, keys);
        }
    }
}

fn rows(page: &mut String, keys: &[Key]) {
    page.push_str("\n| key | needed | what may stand there | meaning |\n|---|---|---|---|\n");
    for key in keys {
        let needed = if key.required { "yes" } else { "" };
        let row = [&format!("`{}`", key.name), needed, &shown(key.kind), &capital(key.about)]
            .map(|cell| cell.replace('|', "\\|"));
        let _written = writeln!(page, "| {} |", row.join(" | "));
    }
}

fn shown(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".to_owned(),
        Kind::Value => "value".to_owned(),
        Kind::Flag => "`true`, `false`".to_owned(),
        Kind::Number => "number".to_owned(),
        Kind::Word(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Texts => "text, or list of texts".to_owned(),
        Kind::Places => "value, or one per place".to_owned(),
        Kind::Table(_) => "table, below".to_owned(),
        Kind::Tables(_) => "table or list of tables, below".to_owned(),
        Kind::Rows => "list of tables".to_owned(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    // A text that begins with code begins as code does.
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_the_page_has_every_key_of_every_table() {
        let page = keys_page();
        for (file, table) in
            TABLES.iter().map(|t| ("model", t)).chain(CHAIN.iter().map(|t| ("chain", t)))
        {
            let title = format!("\n## {file}: `[{}", table.name);
            let at = page.find(&title).unwrap_or_else(|| panic!("{title} is not on the page"));
            let section = &page[at + title.len()..];
            let section = section.split("\n## ").next().unwrap_or_default();
            for key in table.keys {
                assert!(
                    section.contains(&format!("\n| `{}` |", key.name)),
                    "{title}: {}",
                    key.name
                );
            }
        }
    }
}
