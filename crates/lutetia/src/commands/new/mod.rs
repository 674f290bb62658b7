//! `lutetia new`: a first file or folder that passes its check and says what comes next.

mod scaffold;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::{
    failure::{Failure, Outcome},
    files,
    terminal::Terminal,
};

use scaffold::Scaffold;

const LIGAND: &str = "\
Example:
  lutetia new ligand psma-617 --family psma    # writes models/psma/psma-617.toml";

const CHAIN: &str = "\
Example:
  lutetia new chain my-trial                   # writes models/chains/my-trial.toml";

const STUDY: &str = "\
Example:
  lutetia new study my-patients                # writes the folder my-patients

The folder holds subjects.csv, doses.csv and activity.csv with the rows of a patient who is made
up, and a README.md that says what every column means. Columns may be called as your spreadsheet
calls them (Patient, ROI, Activity_MBq, hours p.i.), scans may have dates and clock times, and
regions a mass or a volume: `lutetia schema study --page` lists all of it.";

const EXPERIMENT: &str = "\
Example:
  lutetia new experiment my-question           # writes reports/my-question/experiment.toml
  lutetia report my-question                   # makes its page";

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
    #[command(after_help = LIGAND)]
    Ligand(Ligand),
    /// Models connected once, to be named wherever a model is.
    #[command(after_help = CHAIN)]
    Chain(Named),
    /// A folder of patient data, with what each of its columns means.
    #[command(after_help = STUDY)]
    Study(Named),
    /// A question that is answered by computing: steps, figures and the text of a page.
    #[command(after_help = EXPERIMENT)]
    Experiment(Named),
}

#[derive(Debug, Args)]
struct Ligand {
    #[command(flatten)]
    named: Named,

    /// Folder of `models/` to put it in.
    #[arg(long, value_name = "FAMILY", default_value = "ligands")]
    family: String,
}

#[derive(Debug, Args)]
struct Named {
    /// Its name: lower-case letters, digits and hyphens.
    #[arg(value_name = "NAME")]
    name: String,

    /// Folder to write in; models go to its `models/`, experiments to its `reports/`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

/// Writes files that pass their check.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let (named, scaffold) = match &arguments.what {
        What::Ligand(ligand) => {
            validate("family", &ligand.family)?;
            (&ligand.named, scaffold::ligand(&ligand.named.name, &ligand.family))
        }
        What::Chain(named) => (named, scaffold::chain(&named.name)),
        What::Study(named) => (named, scaffold::study(&named.name)),
        What::Experiment(named) => (named, scaffold::experiment(&named.name)),
    };
    validate("name", &named.name)?;
    let Scaffold { place, files, next } = scaffold;
    let below = |inside: &Path| match named.dir == Path::new(".") {
        true => inside.to_path_buf(),
        false => named.dir.join(inside),
    };
    let files: Vec<(PathBuf, String)> =
        files.into_iter().map(|(path, text)| (below(&path), text)).collect();
    files::write_all_new(&files)?;
    let shown = below(&place).display().to_string();
    if terminal.json() {
        terminal.data_json(&json!({ "file": shown }))?;
    } else {
        terminal.data(&shown)?;
    }
    terminal.talk(&next.replace("{}", &shown));
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
