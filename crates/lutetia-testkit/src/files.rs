//! Experiments in memory: the files they read, and what they make.

use std::{collections::BTreeMap, fs, io, sync::Arc};

use lutetia_diagnostic::Sources;
use lutetia_experiment::{Failure, Keep, Made, Reading, World, spec};

use crate::{Rows, repository};

/// The path under which an experiment stands in its own messages.
pub const EXPERIMENT: &str = "reports/01_test/experiment.toml";

/// The texts that every experiment must have, each a letter, and its seed.
#[must_use]
pub fn heading(seed: u64) -> String {
    format!(
        "\n[experiment]\ntitle = \"t\"\nquestion = \"q\"\nseed = {seed}\nobjective = \"o\"\nmethod = \"m\"\nresult = \"r\"\n\
         disagreement = \"d\"\n"
    )
}

/// A world in memory. Bundled models are there without being added, as they are for a user.
#[derive(Debug, Clone, Default)]
pub struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    /// Files by path.
    #[must_use]
    pub fn of(files: &[(&str, &str)]) -> Self {
        files.iter().fold(Self::default(), |all, (path, text)| all.with(path, text))
    }

    /// These, and another one.
    #[must_use]
    pub fn with(mut self, path: &str, text: &str) -> Self {
        self.0.insert(path.to_owned(), text.as_bytes().to_vec());
        self
    }

    /// These, and the files of a folder of the repository under their own paths.
    ///
    /// # Panics
    /// When the folder cannot be read.
    #[must_use]
    pub fn with_folder(mut self, folder: &str) -> Self {
        let entries = fs::read_dir(repository().join(folder));
        for entry in entries.unwrap_or_else(|e| panic!("{folder}: {e}")) {
            let path = entry.expect("an entry of a folder").path();
            if path.is_file() {
                let name = path.file_name().expect("a name").to_string_lossy().into_owned();
                let bytes = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
                self.0.insert(format!("{folder}/{name}"), bytes);
            }
        }
        self
    }

    /// Runs an experiment that stands at [`EXPERIMENT`].
    ///
    /// # Errors
    /// [`Failure`], with the faults of the text among its kinds.
    pub fn run(&self, experiment: &str) -> Result<Ran, Failure> {
        self.run_keeping(experiment, &Keep::nothing())
    }

    /// The same with a cache.
    ///
    /// # Errors
    /// [`Failure`], with the faults of the text among its kinds.
    pub fn run_keeping(&self, experiment: &str, keep: &Keep<'_>) -> Result<Ran, Failure> {
        let mut sources = Sources::new();
        let experiment =
            spec::parse(EXPERIMENT, experiment, &mut sources).map_err(|diagnostics| {
                Failure::Diagnostics { diagnostics, sources: Box::new(sources.clone()) }
            })?;
        let mut reading = Reading::of(self);
        let stop = Arc::default();
        let made = lutetia_experiment::run(&experiment, &mut reading, keep, &|_| {}, &stop)?;
        Ok(Ran { made, read: reading.into_hashes() })
    }
}

impl World for Files {
    fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.bytes(path)
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.0.list(folder)
    }

    fn is_folder(&self, path: &str) -> io::Result<bool> {
        self.0.is_folder(path)
    }
}

/// What an experiment made.
#[derive(Debug)]
pub struct Ran {
    /// Tables and figures.
    pub made: Made,
    /// SHA-256 of what it read, by path.
    pub read: BTreeMap<String, String>,
}

impl Ran {
    /// A table by name, as it is printed.
    ///
    /// # Panics
    /// When there is none of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Rows {
        let known = || self.made.tables.keys().collect::<Vec<_>>();
        let table = self.made.tables.get(name);
        Rows::read(&table.unwrap_or_else(|| panic!("no `{name}` among {:?}", known())).to_csv())
    }

    /// A figure by name, as SVG.
    ///
    /// # Panics
    /// When there is none of that name, or it cannot be drawn.
    #[must_use]
    pub fn svg(&self, name: &str) -> String {
        let figure = self.made.figures.iter().find(|figure| figure.name == name);
        lutetia_figure::figure::svg(figure.unwrap_or_else(|| panic!("no figure `{name}`")))
            .unwrap_or_else(|e| panic!("{name}: {e}"))
    }
}

/// What a user reads of a failure.
#[must_use]
pub fn said(failure: &Failure) -> String {
    match failure {
        Failure::Diagnostics { diagnostics, sources } => {
            lutetia_diagnostic::render(diagnostics, sources, false)
        }
        Failure::Placed { diagnostic, sources, .. } => {
            lutetia_diagnostic::render(std::slice::from_ref(&**diagnostic), sources, false)
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: &str = "[data.p]\nstudy = \"data/studies/snmmi_patient4\"\n[[step]]\nkind = \"fit-curves\"\nid = \"fits\"\n\
                        study = \"p\"\nfunctions = [\"mono\"]\nerror = \"proportional 10 %\"\n";

    #[test]
    fn exact_an_experiment_runs_without_a_disk() {
        let files = Files::default().with_folder("data/studies/snmmi_patient4");
        let ran = files.run(&format!("{}{STEP}", heading(1))).expect("it runs");
        assert!(ran.table("fits").row("region", "liver").number("tia") > 0.0);
        assert!(ran.read.contains_key("data/studies/snmmi_patient4/activity.csv"));
    }

    #[test]
    fn exact_a_path_is_followed_as_on_a_disk() {
        let files = Files::of(&[("data/a.csv", "1\n")]);
        for path in ["data/a.csv", "./data/a.csv", "data/../data/./a.csv", "data//a.csv"] {
            assert_eq!(files.bytes(path).expect(path), b"1\n", "{path}");
        }
        assert!(files.bytes("../data/a.csv/b").is_err());
    }

    #[test]
    fn exact_what_fails_is_what_a_user_reads() {
        let text = format!("{}{STEP}", heading(1));
        let read = |failure: Failure| said(&failure);
        let missing = read(Files::default().run(&text).expect_err("no study"));
        assert!(missing.contains("data/studies/snmmi_patient4"), "{missing}");
        let text = text.replace("[\"mono\"]", "5");
        let faulty = read(Files::default().run(&text).expect_err("no list"));
        assert!(faulty.contains(&format!("{EXPERIMENT}:16:")), "{faulty}");
    }
}
