//! What long steps made, committed beside their report: `reports/NN_name/steps/<step>.bin`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
};

use lutetia_experiment::{Attempt, Experiment, Kept, Repository, Unfit, world::hash};
use lutetia_table::Difference;

use crate::write::{WriteError, write_atomically};

/// The folder beside `tables` and `figures`.
const FOLDER: &str = "steps";

/// The ending of its files.
const ENDING: &str = "bin";

/// Bytes above which a step is not kept: the most that a committed file may have.
const MOST: usize = 1_000_000;

/// Which steps the repository keeps of a report that is made.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Keeping {
    /// Those of which it has a file; a file that no longer fits is written anew.
    #[default]
    Present,
    /// The same and what stands in memory on them, also of a report in which nothing has changed. No time decides, so
    /// that every machine keeps the same steps.
    Again,
    /// Those that took so many seconds in this run, and what stands in memory on them; without `force` also those of
    /// which it has a file that fits. Another machine may keep others.
    Long(f64),
}

/// The steps that the repository keeps of one report.
#[derive(Debug, Clone)]
pub struct Steps {
    folder: PathBuf,
    /// Those that are computed all the same.
    anew: BTreeSet<String>,
}

/// A committed file that is not what its step makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfitStep {
    /// Name of the file without ending, which is that of the step.
    pub step: String,
    /// Why; none where the experiment has no such step.
    pub reason: Option<Unfit>,
}

impl fmt::Display for UnfitStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { step, reason } = self;
        write!(f, "`{FOLDER}/{step}.{ENDING}` ")?;
        match reason {
            Some(reason) => write!(f, "{reason} and is not used"),
            None => write!(f, "is of no step of the experiment"),
        }
    }
}

impl Steps {
    /// Those of the report in a folder.
    #[must_use]
    pub fn of(report: &Path) -> Self {
        Self { folder: report.join(FOLDER), anew: BTreeSet::new() }
    }

    /// The same, but for steps that are computed all the same.
    #[must_use]
    pub fn without(self, anew: BTreeSet<String>) -> Self {
        Self { anew, ..self }
    }

    /// The steps of which there is a file, sorted.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let steps = paths.filter(|path| path.extension().is_some_and(|ending| ending == ENDING));
        let mut steps: Vec<String> = steps
            .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
            .collect();
        steps.sort();
        steps
    }

    /// The files that a run has shown not to be of its steps.
    #[must_use]
    pub fn unfit(&self, made: &Kept) -> Vec<UnfitStep> {
        let unfit = |step: String| {
            if made.sealed(&step).is_none() {
                return Some(UnfitStep { step, reason: None });
            }
            let bytes = fs::read(self.file(&step)).unwrap_or_default();
            let reason = made.open(&step, &bytes).err()?;
            Some(UnfitStep { step, reason: Some(reason) })
        };
        self.list().into_iter().filter_map(unfit).collect()
    }

    /// How the tables in the files differ from the printed ones; `printed` gives a table of the report by its name.
    #[must_use]
    pub fn differences(&self, made: &Kept, printed: &dyn Fn(&str) -> String) -> Vec<Difference> {
        let mut differences = Vec::new();
        for step in self.list() {
            let bytes = fs::read(self.file(&step)).unwrap_or_default();
            for table in made.open(&step, &bytes).unwrap_or_default() {
                differences.extend(table.differences(&printed(&table.name)));
            }
        }
        differences
    }

    /// Writes what is to be kept; files of no step go.
    ///
    /// # Errors
    /// When a file cannot be written or removed.
    pub fn keep(&self, made: &Kept, keeping: Keeping) -> Result<(), WriteError> {
        let unfit = self.unfit(made);
        let mut write: BTreeSet<&str> = BTreeSet::new();
        let mut remove: BTreeSet<String> = BTreeSet::new();
        let chosen = match keeping {
            Keeping::Present => None,
            Keeping::Again => Some(made.with_what_stands_on(&self.list().into_iter().collect())),
            Keeping::Long(seconds) => Some(made.worth(seconds)),
        };
        if let Some(chosen) = chosen {
            write = chosen;
            remove = self.list().into_iter().filter(|s| !write.contains(s.as_str())).collect();
        } else {
            for UnfitStep { step, reason } in &unfit {
                match reason {
                    Some(_) => drop(write.insert(step)),
                    None => drop(remove.insert(step.clone())),
                }
            }
        }
        for step in write {
            let path = self.file(step);
            match made.sealed(step).filter(|sealed| sealed.len() <= MOST) {
                // The bytes are the same where nothing has changed; then the file is left alone.
                Some(sealed) if fs::read(&path).is_ok_and(|there| there == sealed) => {}
                Some(sealed) => write_atomically(&path, &sealed)?,
                None => drop(remove.insert(step.to_owned())),
            }
        }
        for path in remove.iter().map(|step| self.file(step)).filter(|path| path.exists()) {
            fs::remove_file(&path).map_err(|e| WriteError::new(Attempt::Remove, &path, e))?;
        }
        Ok(())
    }

    fn file(&self, step: &str) -> PathBuf {
        self.folder.join(format!("{step}.{ENDING}"))
    }
}

impl Repository for Steps {
    fn entry(&self, step: &str) -> Option<Vec<u8>> {
        if self.anew.contains(step) { None } else { fs::read(self.file(step)).ok() }
    }
}

/// Which of the kept steps of some reports a check computes all the same: of each kind one, by report. Which one is
/// decided by the hash of `turn` and the kind, so that the same word chooses the same steps.
#[must_use]
pub fn in_turn(root: &Path, reports: &[String], turn: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut by_kind: BTreeMap<&'static str, Vec<(&String, String)>> = BTreeMap::new();
    for report in reports {
        let folder = root.join("reports").join(report);
        let text = fs::read_to_string(folder.join("experiment.toml")).unwrap_or_default();
        let Ok(experiment) = toml::from_str::<Experiment>(&text) else { continue };
        for step in Steps::of(&folder).list() {
            let Some(known) = experiment.steps.iter().find(|s| s.id() == step) else { continue };
            by_kind.entry(known.word()).or_default().push((report, step));
        }
    }
    let mut chosen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (kind, steps) in by_kind {
        let digits = hash(format!("{turn} {kind}").as_bytes());
        // Seven digits of a hexadecimal number are fewer than 2²⁸.
        let number = digits.get(..7).and_then(|d| usize::from_str_radix(d, 16).ok()).unwrap_or(0);
        let (report, step) = &steps[number % steps.len()];
        chosen.entry((*report).clone()).or_default().insert(step.clone());
    }
    chosen
}
