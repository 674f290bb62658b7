//! `lutetia new`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    failure::{Failure, Outcome},
    files,
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia new ligand psma-617 --family psma    # writes models/psma/psma-617.toml";

/// Longer names are not names.
const MAX_NAME: usize = 64;

/// Arguments of `new`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A ligand with hot and cold forms, one receptor organ and a remainder.
    #[command(after_help = EXAMPLE)]
    Ligand(Ligand),
}

#[derive(Debug, Args)]
struct Ligand {
    /// Name of the model: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    name: String,

    /// Folder of `models/` to put it in.
    #[arg(long, value_name = "FAMILY", default_value = "ligands")]
    family: String,

    /// Folder that holds (or will hold) `models/`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

/// Writes a file that passes `lutetia check`.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let What::Ligand(ligand) = &arguments.what;
    validate("name", &ligand.name)?;
    validate("family", &ligand.family)?;
    let inside: PathBuf =
        ["models", &ligand.family, &format!("{}.toml", ligand.name)].iter().collect();
    let path = if ligand.dir == Path::new(".") { inside } else { ligand.dir.join(inside) };
    files::write_new(&path, &lutetia_model::scaffold(&ligand.name))?;
    let shown = path.display();
    if terminal.json() {
        terminal.data_json(&json!({ "file": shown.to_string() }))?;
    } else {
        terminal.data(&shown.to_string())?;
    }
    terminal.talk(&format!(
        "its numbers are assumed until you give them a source; next: `lutetia check {shown}`, `lutetia explain {shown}`"
    ));
    Ok(())
}

/// Names become file names and identifiers, so they are kept to what both take everywhere.
fn validate(what: &str, name: &str) -> Outcome {
    let good = name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.ends_with('-');
    if good {
        return Ok(());
    }
    let hint = suggestion(name).map_or_else(
        || "begin with a lower-case letter".to_owned(),
        |better| format!("`{better}` would do"),
    );
    Err(Failure::usage(
        format!(
            "`{name}` cannot be a {what}: expected a lower-case letter, then at most {} lower-case letters, digits or hyphens",
            MAX_NAME - 1
        ),
        hint,
    ))
}

/// The nearest permitted name.
fn suggestion(name: &str) -> Option<String> {
    let mapped: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '-' })
        .collect();
    let words: Vec<&str> = mapped.split('-').filter(|w| !w.is_empty()).collect();
    let joined = words.join("-");
    let started = joined.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let cut = started.get(..MAX_NAME.min(started.len()))?.trim_end_matches('-');
    (!cut.is_empty()).then(|| cut.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{suggestion, validate};

    #[test]
    fn exact_names() {
        for good in ["psma-617", "x", "dotatate2"] {
            assert!(validate("name", good).is_ok(), "{good}");
        }
        for bad in ["", "PSMA", "-x", "x-", "../x", "a/b", "a b", "é", "1a", ".", "con.toml"] {
            assert!(validate("name", bad).is_err(), "{bad}");
        }
        assert_eq!(suggestion("PSMA_617"), Some("psma-617".to_owned()));
        assert_eq!(suggestion("../Etc//x"), Some("etc-x".to_owned()));
        assert_eq!(suggestion("123"), None);
        assert_eq!(suggestion(&"é".repeat(70)), None);
    }
}
