//! Running experiments: from `reports/NN_name/experiment.toml` to tables, figures and pages.
//!
//! Everything of one report is computed in memory first and then written file by file, each whole
//! or not at all; the stamp that says the report is current comes last. An interruption therefore
//! leaves the old report, or a mixture of whole files that the next run repairs.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_models::Place;
use rayon::prelude::*;

use crate::{
    charts,
    experiment::{self, Experiment},
    figure::{self, Figure},
    page::{self, IndexEntry, Tables},
    provenance::{Provenance, hash, hash_file},
    steps,
    table::Difference,
    write::{FolderLock, LockError, WriteError, write_atomically},
};

/// What to run.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The folder that holds `reports/`, `models/` and `data/`.
    pub root: PathBuf,
    /// Names (or leading numbers) of the reports wanted; all if empty.
    pub only: Vec<String>,
    /// Make reports again even where nothing changed.
    pub force: bool,
    /// Write nothing; compare the tables with those that are there.
    pub check: bool,
}

/// How a report ended.
#[derive(Debug)]
pub enum Outcome {
    /// It was made.
    Made,
    /// Nothing had changed since it was made.
    Current,
    /// It was compared with what is there.
    Compared(Vec<Difference>),
    /// It failed.
    Failed(Failure),
}

/// Why a report failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Faults in files, each with its place.
    #[error("{} faults in its files", diagnostics.len())]
    Diagnostics {
        /// The faults.
        diagnostics: Vec<Diagnostic>,
        /// The texts they point into.
        sources: Box<Sources>,
    },
    /// A step could not be computed.
    #[error("step `{step}`: {reason}")]
    Step {
        /// Its identifier.
        step: String,
        /// Why.
        reason: String,
    },
    /// A file could not be read.
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
    #[error("there is no report `{name}` in `{folder}`; there are: {known}")]
    Unknown {
        /// As asked.
        name: String,
        /// Where.
        folder: PathBuf,
        /// What there is.
        known: String,
    },
    /// Stopped by the user.
    #[error(
        "interrupted; the reports already made are whole, the others untouched, and the same command \
         makes the rest"
    )]
    Interrupted,
}

/// Follows a run; called from several threads.
pub trait Progress: Sync {
    /// A report begins, with that many steps.
    fn begin(&self, report: &str, steps: usize);
    /// A step of a report begins.
    fn step(&self, report: &str, step: &str);
    /// What a person should know of the files that a report reads.
    fn note(&self, _report: &str, _text: &str) {}
    /// A report ended.
    fn end(&self, report: &str, outcome: &Outcome);
}

/// Where files are read from, and what was read.
pub(crate) struct Inputs<'a> {
    root: &'a Path,
    read: BTreeMap<String, String>,
    notes: BTreeSet<String>,
}

impl<'a> Inputs<'a> {
    /// Files under a root.
    pub(crate) fn new(root: &'a Path) -> Self {
        Self { root, read: BTreeMap::new(), notes: BTreeSet::new() }
    }

    /// The hashes of all files read so far.
    pub(crate) fn hashes(&self) -> &BTreeMap<String, String> {
        &self.read
    }

    /// The bytes of a file under the root; its hash goes into the provenance.
    pub(crate) fn bytes(&mut self, path: &str) -> Result<Vec<u8>, Failure> {
        let full = self.root.join(path);
        let bytes =
            fs::read(&full).map_err(|source| Failure::Read { path: path.into(), source })?;
        self.read.insert(path.to_owned(), hash(&bytes));
        Ok(bytes)
    }

    /// A file of text under the root.
    pub(crate) fn text(&mut self, path: &str) -> Result<String, Failure> {
        String::from_utf8(self.bytes(path)?).map_err(|e| Failure::Read {
            path: path.into(),
            source: io::Error::new(io::ErrorKind::InvalidData, e),
        })
    }

    /// The text of a model, of a file under the root or of the library; what was read is hashed under the path that it
    /// has, or would have, below the root.
    pub(crate) fn model(&mut self, name: &str) -> Result<String, Failure> {
        match lutetia_models::place(self.root, Path::new(name)) {
            Place::File { path, bundled } => {
                let path = lutetia_models::slashed(&path);
                let text = self.text(&path)?;
                self.notes.extend(bundled.and_then(|model| model.note(&path, &text)));
                Ok(text)
            }
            Place::Bundled(model) => {
                self.read.insert(format!("models/{}", model.path), hash(model.text.as_bytes()));
                Ok(model.text.to_owned())
            }
            Place::Nowhere => Err(Failure::NoModel {
                name: name.to_owned(),
                nearest: crate::library::nearest(name),
            }),
        }
    }

    /// What a person should know of the files read so far.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().map(String::as_str)
    }

    /// A folder under the root, as a full path; the hashes of its files go into the provenance.
    pub(crate) fn folder(&mut self, path: &str) -> Result<PathBuf, Failure> {
        let full = self.root.join(path);
        let fail = |source| Failure::Read { path: path.into(), source };
        let mut names: Vec<_> = fs::read_dir(&full)
            .map_err(fail)?
            .filter_map(Result::ok)
            .filter(|e| e.path().is_file())
            .map(|e| e.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        for name in names {
            let digest = hash_file(&full.join(&name)).map_err(fail)?;
            self.read.insert(format!("{}/{name}", path.trim_end_matches('/')), digest);
        }
        Ok(full)
    }
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
                return Err(Failure::Unknown {
                    name: name.clone(),
                    folder: reports,
                    known: known.join(", "),
                });
            }
        }
        wanted.retain(|k| settings.only.iter().any(|n| matches(k, n)));
    }
    let _lock = if settings.check { None } else { Some(FolderLock::acquire(&reports)?) };
    // Without the program's own hash a rebuilt program would trust what an older one wrote.
    let program = std::env::current_exe().and_then(|p| hash_file(&p)).unwrap_or_default();
    let mut outcomes: Vec<(String, Outcome)> = Vec::new();
    for wave in waves(&settings.root, &wanted) {
        outcomes.par_extend(wave.par_iter().map(|name| {
            let outcome = one(settings, name, &program, progress, stop);
            progress.end(name, &outcome);
            (name.clone(), outcome)
        }));
    }
    outcomes.sort_by(|a, b| a.0.cmp(&b.0));
    if !settings.check && !stop.load(Ordering::Relaxed) {
        write_index(&settings.root, &known)?;
    }
    Ok(outcomes)
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
    program: &str,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> Outcome {
    let folder = settings.root.join("reports").join(name);
    let stamp_path = folder.join(".stamp.json");
    if !settings.force && !settings.check {
        let stamp =
            fs::read(&stamp_path).ok().and_then(|b| serde_json::from_slice::<Provenance>(&b).ok());
        if stamp.is_some_and(|s| s.is_current(program, &settings.root, &folder)) {
            return Outcome::Current;
        }
    }
    match make(settings, name, progress, stop) {
        Err(failure) => Outcome::Failed(failure),
        Ok(made) if settings.check => {
            let differences = made
                .tables
                .values()
                .flat_map(|table| {
                    let path = folder.join("tables").join(format!("{}.csv", table.name));
                    table.differences(&fs::read_to_string(path).unwrap_or_default())
                })
                .collect();
            Outcome::Compared(differences)
        }
        Ok(made) => match write(&made, &folder, &stamp_path, program, stop) {
            Ok(()) => Outcome::Made,
            Err(failure) => Outcome::Failed(failure),
        },
    }
}

struct Made {
    tables: Arc<Tables>,
    provenance: Provenance,
    files: BTreeMap<String, Vec<u8>>,
}

fn make(
    settings: &Settings,
    name: &str,
    progress: &dyn Progress,
    stop: &Arc<AtomicBool>,
) -> Result<Made, Failure> {
    let mut inputs = Inputs::new(&settings.root);
    let path = format!("reports/{name}/experiment.toml");
    let text = inputs.text(&path)?;
    let mut sources = Sources::new();
    let experiment = experiment::parse(&path, &text, &mut sources).map_err(|diagnostics| {
        Failure::Diagnostics { diagnostics, sources: Box::new(sources.clone()) }
    })?;
    progress.begin(name, experiment.steps.len());

    let mut context = steps::Context::load(&experiment, &mut inputs)?;
    context.stop = Arc::clone(stop);
    for note in inputs.notes() {
        progress.note(name, note);
    }
    for step in &experiment.steps {
        if stop.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        let step = step.kind();
        progress.step(name, step.id());
        context.begin(step);
        step.run(&mut context).map_err(|reason| {
            if stop.load(Ordering::Relaxed) {
                return Failure::Interrupted;
            }
            Failure::Step { step: step.id().to_owned(), reason }
        })?;
    }
    // Published tables may be drawn too; a step of the same name goes first.
    let mut drawn = context.published.clone();
    drawn.extend(context.tables.iter().map(|(name, table)| (name.clone(), table.clone())));
    let figures = experiment
        .figures
        .iter()
        .map(|spec| charts::build(spec, &drawn))
        .collect::<Result<Vec<Figure>, Failure>>()?;

    let mut provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: experiment.experiment.seed,
        settings: context.settings.clone(),
        inputs: inputs.read,
        outputs: BTreeMap::new(),
    };
    let mut files = BTreeMap::new();
    for table in context.tables.values() {
        files.insert(format!("tables/{}.csv", table.name), table.to_csv().into_bytes());
    }
    for figure in &figures {
        files.insert(format!("figures/{}.svg", figure.name), figure::svg(figure)?.into_bytes());
        files.insert(format!("figures/{}.csv", figure.name), figure.table().to_csv().into_bytes());
    }
    let assumed = context.assumed.clone();
    let tables = Arc::new(context.tables);
    let numbers = Arc::new(drawn);
    let text = page::render(&experiment, &tables, &numbers, &figures, &assumed, &provenance)?;
    files.insert("README.md".to_owned(), text.readme.into_bytes());
    files.insert("index.html".to_owned(), text.page.into_bytes());
    provenance.outputs = files.iter().map(|(path, bytes)| (path.clone(), hash(bytes))).collect();
    Ok(Made { tables, provenance, files })
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
                fs::remove_file(&path).map_err(|e| WriteError::new("remove", &path, e))?;
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
                figure: experiment
                    .figures
                    .first()
                    .map(|f| format!("figures/{}.svg", f.kind().name())),
            })
        })
        .collect();
    Ok(write_atomically(&root.join("reports/index.html"), page::index(&entries)?.as_bytes())?)
}
