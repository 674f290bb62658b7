//! Running experiments: from `reports/NN_name/experiment.toml` to tables, figures and pages.
//!
//! Everything of one report is computed in memory first and then written file by file, each whole
//! or not at all; the stamp that says the report is current comes last. An interruption therefore
//! leaves the old report, or a mixture of whole files that the next run repairs.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use rayon::prelude::*;

use crate::cache::Folder;
use crate::page;
use crate::page::IndexEntry;
use crate::provenance::Provenance;
use crate::steps::{Keeping, Steps, UnfitStep, in_turn};
use crate::write::{FolderLock, LockError, WriteError, write_atomically};
use lutetia_experiment::world::{hash, hash_file};
use lutetia_experiment::{
    Attempt, Cache, Checked, Disk, Experiment, Keep, Kept, Reading, StepRun, cache,
};
use lutetia_figure::figure;
use lutetia_table::{Difference, Tables};

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The folder that holds `reports/`, `models/` and `data/`.
    pub root: PathBuf,
    /// Names (or leading numbers) of the reports wanted; all if empty.
    pub only: Vec<String>,
    /// Make reports again even where nothing changed, and compute every step again.
    pub force: bool,
    /// Write nothing; compare the tables with those that are there. Steps are taken from the repository, but for one of
    /// each kind in turn, and computed where it has them not.
    pub check: bool,
    /// Decides which steps a check computes all the same; where it is empty, the program does.
    pub turn: String,
    /// Of which steps what they made is written beside the report, for the repository to keep.
    pub keep_steps: Keeping,
}

/// How a report ended.
#[derive(Debug)]
pub enum Outcome {
    /// It was made.
    Made,
    /// Nothing had changed since it was made.
    Current,
    /// It was compared with what is there.
    Compared {
        /// Cells that differ by more than their tolerances.
        differences: Vec<Difference>,
        /// Files of steps that are not what the steps make.
        unfit: Vec<UnfitStep>,
    },
    /// It failed.
    Failed(Failure),
}

/// Why a report failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The experiment: its files, a step, a chart.
    #[error(transparent)]
    Experiment(lutetia_experiment::Failure),
    /// The folder of the reports could not be read.
    #[error("cannot read `{path}`: {}", source.kind())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No file and no bundled model has the name.
    #[error(
        "cannot read the model `{name}`: no such file, and no bundled model has that name{}",
        nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"))
    )]
    NoModel {
        /// As the experiment names it.
        name: String,
        /// The bundled model of the nearest name.
        nearest: Option<&'static str>,
    },
    /// A file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Another run holds the folder.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The text around the numbers is faulty.
    #[error(transparent)]
    Page(#[from] page::PageError),
    /// A figure could not be drawn.
    #[error(transparent)]
    Figure(#[from] figure::FigureError),
    /// No report of that name.
    #[error("there is no report `{name}` in `{folder}`; there are: {}", known.join(", "))]
    Unknown {
        /// As asked.
        name: String,
        /// Where.
        folder: PathBuf,
        /// What there is.
        known: Vec<String>,
    },
    /// Stopped by the user.
    #[error(
        "interrupted; the reports already made are whole, the others untouched, and the same command \
         makes the rest"
    )]
    Interrupted,
}

impl From<lutetia_experiment::Failure> for Failure {
    fn from(failure: lutetia_experiment::Failure) -> Self {
        match failure {
            lutetia_experiment::Failure::Interrupted => Self::Interrupted,
            other => Self::Experiment(other),
        }
    }
}

/// Follows a run; called from several threads.
pub trait Progress: Sync {
    /// A report begins, with that many steps.
    fn begin(&self, report: &str, steps: usize);
    /// A step of a report begins.
    fn step(&self, report: &str, step: &str);
    /// What a person should know of the files that a report reads.
    fn note(&self, _report: &str, _text: &str) {}
    /// Where the steps of a report came from, and how long each took.
    fn steps(&self, _report: &str, _steps: &[StepRun]) {}
    /// A report ended.
    fn end(&self, report: &str, outcome: &Outcome);
}

/// The folders of `reports/` that hold an experiment, in order.
///
/// # Errors
/// When `reports/` cannot be read.
pub fn list(root: &Path) -> Result<Vec<String>, Failure> {
    let reports = root.join("reports");
    let entries = fs::read_dir(&reports)
        .map_err(|source| Failure::Read { path: "reports".into(), source })?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter(|e| e.path().join("experiment.toml").is_file())
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

/// Runs the reports asked for, in parallel; the results do not depend on the number of threads. When `stop`
/// comes up, nothing more is written; steps that work for long look at it too.
///
/// # Errors
/// When nothing can be started: no `reports/`, an unknown name, another run in progress, a folder
/// that cannot be written. What goes wrong within a report is its [`Outcome`].
pub fn run(
    settings: &Settings,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> Result<Vec<(String, Outcome)>, Failure> {
    let known = list(&settings.root)?;
    let reports = settings.root.join("reports");
    let mut wanted = known.clone();
    if !settings.only.is_empty() {
        for name in &settings.only {
            if !known.iter().any(|k| matches(k, name)) {
                return Err(Failure::Unknown { name: name.clone(), folder: reports, known });
            }
        }
        wanted.retain(|k| settings.only.iter().any(|n| matches(k, n)));
    }
    let _lock = if settings.check { None } else { Some(FolderLock::acquire(&reports)?) };
    // Without the program's own hash a rebuilt program would trust what an older one wrote.
    let program = program();
    let folder = Folder::of(&settings.root);
    let (nothing, refresh) = (cache::Nothing, cache::Refresh(&folder));
    let kept: &dyn Cache = match (settings.check, settings.force) {
        // What a check says must not rest on what was computed elsewhere.
        (true, _) => &nothing,
        (false, true) => &refresh,
        (false, false) => &folder,
    };
    let turn = if settings.turn.is_empty() { &program } else { &settings.turn };
    let anew = if settings.check && !settings.force {
        in_turn(&settings.root, &wanted, turn)
    } else {
        BTreeMap::new()
    };
    for (report, steps) in &anew {
        let steps: Vec<String> = steps.iter().map(|step| format!("`{step}`")).collect();
        progress.note(report, &format!("computed all the same, in turn: {}", steps.join(", ")));
    }
    let keep = Keep { cache: kept, program: &program, repository: &cache::Nothing };
    let mut outcomes: Vec<(String, Outcome)> = Vec::new();
    for wave in waves(&settings.root, &wanted) {
        outcomes.par_extend(wave.par_iter().map(|name| {
            let steps = Steps::of(&settings.root.join("reports").join(name));
            let steps = steps.without(anew.get(name).cloned().unwrap_or_default());
            let keep = if settings.force { keep } else { Keep { repository: &steps, ..keep } };
            let outcome = one(settings, name, &keep, &steps, progress, stop);
            progress.end(name, &outcome);
            (name.clone(), outcome)
        }));
    }
    if !settings.check {
        folder.sweep();
    }
    outcomes.sort_by(|a, b| a.0.cmp(&b.0));
    if !settings.check && !stop.load(Ordering::Relaxed) {
        write_index(&settings.root, &known)?;
    }
    Ok(outcomes)
}

/// What computes: the hash of this executable; empty where it cannot be read.
#[must_use]
pub fn program() -> String {
    std::env::current_exe().and_then(|path| hash_file(&path)).unwrap_or_default()
}

/// Reports in the order in which they may be made: what reads the tables of another one comes in a later
/// wave. An experiment that cannot be read says so when it is made; experiments that read each other are
/// made last, from the tables that are there.
fn waves(root: &Path, wanted: &[String]) -> Vec<Vec<String>> {
    let reads = |name: &String| -> Vec<String> {
        let path = root.join("reports").join(name).join("experiment.toml");
        let text = fs::read_to_string(path).unwrap_or_default();
        let read = toml::from_str::<Experiment>(&text).ok();
        read.map_or_else(Vec::new, |e| e.reads().into_iter().map(str::to_owned).collect())
    };
    let mut left: Vec<(String, Vec<String>)> =
        wanted.iter().map(|name| (name.clone(), reads(name))).collect();
    let mut waves = Vec::new();
    while !left.is_empty() {
        let waits = |(name, reads): &(String, Vec<String>)| {
            reads.iter().any(|r| r != name && left.iter().any(|(other, _)| other == r))
        };
        let (later, now): (Vec<_>, Vec<_>) = left.iter().cloned().partition(waits);
        let (later, now) = if now.is_empty() { (Vec::new(), later) } else { (later, now) };
        waves.push(now.into_iter().map(|(name, _)| name).collect());
        left = later;
    }
    waves
}

fn matches(report: &str, asked: &str) -> bool {
    report == asked || report.split('_').next() == Some(asked)
}

fn one(
    settings: &Settings,
    name: &str,
    keep: &Keep<'_>,
    steps: &Steps,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> Outcome {
    let folder = settings.root.join("reports").join(name);
    let stamp_path = folder.join(".stamp.json");
    if !settings.force && !settings.check && settings.keep_steps == Keeping::Present {
        let stamp =
            fs::read(&stamp_path).ok().and_then(|b| serde_json::from_slice::<Provenance>(&b).ok());
        if stamp.is_some_and(|s| s.is_current(keep.program, &settings.root, &folder)) {
            return Outcome::Current;
        }
    }
    match make(settings, name, keep, progress, stop) {
        Err(failure) => Outcome::Failed(failure),
        Ok(made) if settings.check => {
            let printed = |table: &str| {
                let path = folder.join("tables").join(format!("{table}.csv"));
                fs::read_to_string(path).unwrap_or_default()
            };
            let mut differences: Vec<Difference> =
                made.tables.values().flat_map(|t| t.differences(&printed(&t.name))).collect();
            // What was computed and what would have been taken are held against the same table.
            for difference in steps.differences(&made.kept, &printed) {
                if !differences.contains(&difference) {
                    differences.push(difference);
                }
            }
            Outcome::Compared { differences, unfit: steps.unfit(&made.kept) }
        }
        Ok(made) => {
            for unfit in steps.unfit(&made.kept) {
                let then = if unfit.reason.is_some() { "is written anew" } else { "goes" };
                progress.note(name, &format!("{unfit}; it {then}"));
            }
            let kept = |()| Ok(steps.keep(&made.kept, settings.keep_steps)?);
            match write(&made, &folder, &stamp_path, keep.program, stop).and_then(kept) {
                Ok(()) => Outcome::Made,
                Err(failure) => Outcome::Failed(failure),
            }
        }
    }
}

struct Made {
    tables: Arc<Tables>,
    provenance: Provenance,
    files: BTreeMap<String, Vec<u8>>,
    kept: Kept,
}

fn make(
    settings: &Settings,
    name: &str,
    keep: &Keep<'_>,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> Result<Made, Failure> {
    let disk = Disk::new(&settings.root);
    let mut reading = Reading::of(&disk);
    let path = format!("reports/{name}/experiment.toml");
    let text = reading.text(&path)?;
    let Checked { experiment, diagnostics, sources } =
        lutetia_experiment::check(&path, &text, &disk);
    let sound = experiment.filter(|_| !lutetia_diagnostic::has_errors(&diagnostics));
    let Some(experiment) = sound else {
        let sources = Box::new(sources);
        let faults = lutetia_experiment::Failure::Diagnostics { diagnostics, sources };
        return Err(Failure::Experiment(faults));
    };
    progress.begin(name, experiment.steps.len());
    let begin = |step: &str| progress.step(name, step);
    let made = lutetia_experiment::run(&experiment, &mut reading, keep, &begin, stop)
        .map_err(|failure| lutetia_experiment::placed(&path, &text, failure))?;
    lutetia_experiment::filled(&path, &text, &made.numbers)?;
    progress.steps(name, &made.steps);
    for note in reading.notes() {
        progress.note(name, note);
    }
    let mut provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: experiment.experiment.seed,
        settings: made.settings,
        inputs: reading.into_hashes(),
        outputs: BTreeMap::new(),
    };
    let mut files = BTreeMap::new();
    for table in made.tables.values() {
        files.insert(format!("tables/{}.csv", table.name), table.to_csv().into_bytes());
    }
    for figure in &made.figures {
        files.insert(format!("figures/{}.svg", figure.name), figure::svg(figure)?.into_bytes());
        files.insert(format!("figures/{}.csv", figure.name), figure.table().to_csv().into_bytes());
    }
    let (tables, numbers) = (Arc::new(made.tables), Arc::new(made.numbers));
    let text =
        page::render(&experiment, &tables, &numbers, &made.figures, &made.assumed, &provenance)?;
    files.insert("README.md".to_owned(), text.readme.into_bytes());
    files.insert("index.html".to_owned(), text.page.into_bytes());
    provenance.outputs = files.iter().map(|(path, bytes)| (path.clone(), hash(bytes))).collect();
    Ok(Made { tables, provenance, files, kept: made.kept })
}

fn write(
    made: &Made,
    folder: &Path,
    stamp_path: &Path,
    program: &str,
    stop: &Arc<AtomicBool>,
) -> Result<(), Failure> {
    if stop.load(Ordering::Relaxed) {
        return Err(Failure::Interrupted);
    }
    for (path, bytes) in &made.files {
        write_atomically(&folder.join(path), bytes)?;
    }
    remove_stale(made, folder)?;
    let json = |p: &Provenance| serde_json::to_vec_pretty(p).unwrap_or_default();
    write_atomically(&folder.join("provenance.json"), &json(&made.provenance))?;
    let stamp = Provenance { version: program.to_owned(), ..made.provenance.clone() };
    write_atomically(stamp_path, &json(&stamp))?;
    Ok(())
}

/// Tables and figures that the experiment no longer makes would be read as its results.
fn remove_stale(made: &Made, folder: &Path) -> Result<(), Failure> {
    for part in ["tables", "figures"] {
        let Ok(entries) = fs::read_dir(folder.join(part)) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && !made.files.contains_key(&format!("{part}/{name}")) {
                let path = entry.path();
                fs::remove_file(&path).map_err(|e| WriteError::new(Attempt::Remove, &path, e))?;
            }
        }
    }
    Ok(())
}

fn write_index(root: &Path, names: &[String]) -> Result<(), Failure> {
    let entries: Vec<IndexEntry> = names
        .iter()
        .filter_map(|name| {
            let folder = root.join("reports").join(name);
            let text = fs::read_to_string(folder.join("experiment.toml")).ok()?;
            let experiment: Experiment = toml::from_str(&text).ok()?;
            folder.join("index.html").is_file().then(|| IndexEntry {
                folder: name.clone(),
                title: experiment.experiment.title,
                question: experiment.experiment.question,
                figure: experiment.figures.first().map(|f| format!("figures/{}.svg", f.name())),
            })
        })
        .collect();
    Ok(write_atomically(&root.join("reports/index.html"), page::index(&entries)?.as_bytes())?)
}
