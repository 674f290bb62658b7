//! A trial of an experiment at any size, written to disk patient by patient.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use lutetia_diagnostic::Sources;
use lutetia_table::Table;
use lutetia_trial::{
    Trial, TrialSpec,
    stream::{Held, StreamError, Streamed, counted, stream_into},
};

use super::{
    Context, Step, StepError, cohort,
    trial::{self, TrialStep},
};
use crate::artefact::Artefact;
use crate::world::hash;
use crate::{Disk, Failure, Reading, shelf::Shelf, spec};
use basis::Alone;

mod basis;
mod error;
mod summary;
mod tables;

pub use error::AloneFault;
pub use summary::ArmEndpoint;

/// What to stream.
#[derive(Debug, Clone)]
pub struct StreamRequest {
    /// Folder that holds `models/` and `data/`.
    pub root: PathBuf,
    /// The experiment file.
    pub file: PathBuf,
    /// Its step of the kind `trial`; the only one if left out.
    pub step: Option<String>,
    /// Patients in all, spread over the arms as the experiment spreads its own.
    pub patients: Option<u64>,
    /// Seed, where it is not that of the experiment.
    pub seed: Option<u64>,
    /// Folder of the result.
    pub out: PathBuf,
}

/// Why a streamed trial failed.
#[derive(Debug, thiserror::Error)]
pub enum StreamFailure {
    /// The experiment or its models.
    #[error(transparent)]
    Experiment(#[from] Failure),
    /// Disk, another run's folder, or an interruption.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The table does not hold everybody.
    #[error(
        "`{path}` has {found} patients, and {expected} were asked for; remove it to simulate them again, or give \
         another folder"
    )]
    Short {
        /// The table.
        path: PathBuf,
        /// Its patients.
        found: u64,
        /// Those asked for.
        expected: u64,
    },
}

/// How far a run is, and what it has to say.
#[derive(Debug, Clone, Copy)]
pub enum Stage<'a> {
    /// Particles of a calibration that comes first.
    Calibrating {
        /// Done.
        done: u64,
        /// At least to be done.
        least: u64,
        /// At most.
        most: u64,
    },
    /// Chunks of the trial.
    Chunks {
        /// Done.
        done: usize,
        /// All of them.
        all: usize,
    },
    /// A sentence.
    Said(&'a str),
}

/// What came out.
#[derive(Debug)]
pub struct StreamResult {
    /// What was done.
    pub streamed: Streamed,
    /// By endpoint and arm, counted from the table on disk.
    pub endpoints: Vec<ArmEndpoint>,
    /// The same as a table.
    pub summary: Table,
    /// What the hazard was fitted to.
    pub fitted_to: String,
    /// What has to be known to read the summary.
    pub notes: Vec<String>,
}

/// Runs the trial of an experiment file into `<out>/patients.csv`; a run that was stopped goes on. Where its cohort has
/// the values of a calibration of the same experiment, these are read from the tables of the report if they are current,
/// else computed first. The first thing said is what the hazard was fitted to.
///
/// # Errors
/// [`StreamFailure`].
pub fn run(
    request: &StreamRequest,
    shelf: &dyn Shelf,
    stop: &AtomicBool,
    follow: &(dyn Fn(Stage<'_>) + Sync),
) -> Result<StreamResult, StreamFailure> {
    let disk = Disk::new(&request.root);
    let mut inputs = Reading::of(&disk);
    let text = std::fs::read_to_string(&request.file)
        .map_err(|source| Failure::Read { path: request.file.clone(), source })?;
    let mut sources = Sources::new();
    let name = request.file.display().to_string();
    let experiment = spec::parse(&name, &text, &mut sources)
        .map_err(|diagnostics| Failure::Diagnostics { diagnostics, sources: Box::new(sources) })?;
    let fail = |step: &str, reason: StepError| Failure::Step { step: step.to_owned(), reason };
    let step = chosen(&experiment.steps, request.step.as_deref())?;
    let mut context = Context::load(&experiment, &mut inputs)?;
    let made_of = format!("{}\n{:?}\n{}", text, inputs.hashes(), env!("CARGO_PKG_VERSION"));
    let alone = Alone {
        root: &request.root,
        folder: request.file.parent().unwrap_or(Path::new("")),
        text: &text,
        experiment: &experiment,
        out: &request.out,
        identity: &made_of,
        shelf,
        stop,
        follow,
    };
    let cohort_step = alone.cohort(&step.cohort).ok_or_else(|| {
        let fault = AloneFault::OtherKind { step: step.cohort.clone(), expected: "cohort" };
        fail(&step.id, fault.into())
    })?;
    // What must not be mixed is known before anything is computed, but for the values of a calibration.
    let asked = format!("{made_of}\n{:?}\n{:?}", request.patients, request.seed);
    let beginning = format!("lutetia trial {} {}", step.id, hash(asked.as_bytes()));
    enough(step, request).map_err(|e| fail(&step.id, e.into()))?;
    let held = Held::new(&request.out)?;
    held.check(&beginning)?;
    // A calibration belongs to the experiment: patients of another seed have the same values.
    let fitted_to = alone.provide(cohort_step, &mut context)?;
    let declared = context.model(&cohort_step.model).ok().map(|m| step.with_declared(&m.model));
    let whole = declared.as_ref().unwrap_or(step);
    let fitted_to =
        fitted_to.unwrap_or_else(|| alone.uncalibrated(whole, cohort_step, &mut inputs));
    follow(Stage::Said(&format!("hazard: {fitted_to}")));
    for note in inputs.notes() {
        follow(Stage::Said(&format!("note: {note}")));
    }
    if let Some(seed) = request.seed {
        context.seed = seed;
    }
    let prepared = cohort::prepare(cohort_step, &context).map_err(|e| fail(&cohort_step.id, e))?;
    context.artefacts.add(&cohort_step.id, Artefact::Cohort(Box::new(prepared)));
    let mut used = trial::prepare(step, &context).map_err(|e| fail(&step.id, e))?;
    if let Some(patients) = request.patients {
        spread(&mut used.spec, patients, step.same_patients);
    }
    let simulator = used.cohort.model.simulator.clone();
    let prepared = Trial::new(&simulator, &used.cohort.population, used.spec.clone())
        .map_err(|e| fail(&step.id, e.into()))?;
    // Everything else that the rows depend on.
    let typical = hash(format!("{:?}", used.cohort.spec.typical).as_bytes());
    let identity = format!("{beginning} {typical}");
    let chunks = |done: usize, all: usize| follow(Stage::Chunks { done, all });
    let streamed = stream_into(&prepared, &held, &identity, stop, &chunks)?;
    let counted = counted(&streamed.table, prepared.spec())?;
    let (found, expected) =
        (counted.patients, used.spec.arms.iter().map(|a| a.patients as u64).sum());
    if found != expected {
        return Err(StreamFailure::Short { path: streamed.table, found, expected });
    }
    let endpoints = summary::endpoints(&counted, prepared.spec());
    let mut notes = Vec::new();
    if trial::shares_patients(&used.spec) {
        notes.push(trial::SHARED.to_owned());
    }
    let summary = tables::summary(&endpoints);
    Ok(StreamResult { streamed, endpoints, summary, fitted_to, notes })
}

fn chosen<'a>(steps: &'a [Step], asked: Option<&str>) -> Result<&'a TrialStep, Failure> {
    let trials: Vec<&TrialStep> = steps
        .iter()
        .filter_map(|s| if let Step::Trial(t) = s { Some(t.as_ref()) } else { None })
        .collect();
    let known = || trials.iter().map(|t| t.id.clone()).collect();
    let fail = |step: &str, fault: AloneFault| Failure::Step {
        step: step.to_owned(),
        reason: fault.into(),
    };
    match (asked, &trials[..]) {
        (Some(id), trials) => trials
            .iter()
            .find(|t| t.id == id)
            .copied()
            .ok_or_else(|| fail(id, AloneFault::NoTrial { known: known() })),
        (None, [only]) => Ok(only),
        (None, []) => Err(fail("trial", AloneFault::NoTrials)),
        (None, _) => Err(fail("trial", AloneFault::WhichTrial { known: known() })),
    }
}

/// Whether there is somebody for every arm.
fn enough(step: &TrialStep, request: &StreamRequest) -> Result<(), AloneFault> {
    let arms = step.arms.len() as u64;
    match request.patients {
        Some(patients) if patients < arms => Err(AloneFault::FewPatients { patients, arms }),
        _ => Ok(()),
    }
}

/// Gives the arms `patients` in all, in the ratio they have.
fn spread(spec: &mut TrialSpec, patients: u64, same_patients: bool) {
    let all: u64 = spec.arms.iter().map(|a| a.patients as u64).sum();
    let mut left = patients;
    let mut first = 0;
    for k in 0..spec.arms.len() {
        let rest = (spec.arms.len() - k - 1) as u64;
        let own = if rest == 0 {
            left
        } else {
            // Rounded; every later arm keeps at least one.
            let share = u128::from(patients) * spec.arms[k].patients as u128;
            let share =
                u64::try_from((share + u128::from(all) / 2) / u128::from(all)).unwrap_or(left);
            share.clamp(1, left - rest)
        };
        spec.arms[k].patients = usize::try_from(own).unwrap_or(usize::MAX);
        spec.arms[k].first = if same_patients { 0 } else { first };
        first += own;
        left -= own;
    }
}
