//! A trial of an experiment at any size, written to disk patient by patient.

use std::{
    path::{Path, PathBuf},
    sync::atomic::AtomicBool,
};

use lutetia_diagnostic::Sources;
use lutetia_trial::{
    Trial,
    stream::{StreamError, Streamed, stream},
    summary::Endpoint,
    tally::{Tally, hazard_ratio},
};

use super::{
    Context, Step,
    cohort::{self, CohortStep},
    trial::{self, MONTH, TrialStep},
};
use crate::{
    experiment,
    provenance::hash,
    run::{Failure, Inputs},
    table::{Cell, Table},
};

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
}

/// What came out.
#[derive(Debug)]
pub struct StreamResult {
    /// What was done.
    pub streamed: Streamed,
    /// A row per arm and endpoint, counted from the table on disk.
    pub summary: Table,
}

/// Runs the trial of an experiment file into `<out>/patients.csv`; a run that was stopped goes on.
///
/// # Errors
/// [`StreamFailure`].
pub fn run(
    request: &StreamRequest,
    stop: &AtomicBool,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<StreamResult, StreamFailure> {
    let mut inputs = Inputs::new(&request.root);
    let text = std::fs::read_to_string(&request.file)
        .map_err(|source| Failure::Read { path: request.file.clone(), source })?;
    let mut sources = Sources::new();
    let name = request.file.display().to_string();
    let experiment = experiment::parse(&name, &text, &mut sources)
        .map_err(|diagnostics| Failure::Diagnostics { diagnostics, sources: Box::new(sources) })?;
    let fail = |step: &str, reason: String| Failure::Step { step: step.to_owned(), reason };
    let step = chosen(&experiment.steps, request.step.as_deref())?;
    let mut context = Context::load(&experiment, &mut inputs)?;
    if let Some(seed) = request.seed {
        context.seed = seed;
    }
    let cohort_step = cohort_of(&experiment.steps, step).ok_or_else(|| {
        fail(&step.id, format!("`{}` is not a step of the kind `cohort`", step.cohort))
    })?;
    let prepared = cohort::prepare(cohort_step, &context).map_err(|e| fail(&cohort_step.id, e))?;
    context.cohorts.insert(cohort_step.id.clone(), prepared);
    let mut used = trial::prepare(step, &context).map_err(|e| fail(&step.id, e))?;
    if let Some(patients) = request.patients {
        spread(&mut used.spec, patients, step.same_patients).map_err(|e| fail(&step.id, e))?;
    }
    let simulator = used.cohort.model.simulator.clone();
    let prepared = Trial::new(&simulator, &used.cohort.population, used.spec.clone())
        .map_err(|e| fail(&step.id, e.to_string()))?;
    let sizes: Vec<usize> = used.spec.arms.iter().map(|a| a.patients).collect();
    // Everything the rows depend on; an interrupted run of another program version starts anew.
    let identity = hash(
        format!(
            "{}\n{:?}\n{:?}\n{}\n{}",
            text,
            inputs.hashes(),
            sizes,
            used.cohort.spec.seed,
            env!("CARGO_PKG_VERSION")
        )
        .as_bytes(),
    );
    let identity = format!("lutetia trial {} {identity}", step.id);
    let streamed = stream(&prepared, &request.out, &identity, stop, progress)?;
    let summary = summary(&streamed.table, prepared.spec())?;
    Ok(StreamResult { streamed, summary })
}

fn chosen<'a>(steps: &'a [Step], asked: Option<&str>) -> Result<&'a TrialStep, Failure> {
    let trials: Vec<&TrialStep> = steps
        .iter()
        .filter_map(|s| if let Step::Trial(t) = s { Some(t.as_ref()) } else { None })
        .collect();
    let known = || trials.iter().map(|t| t.id.as_str()).collect::<Vec<_>>().join(", ");
    match asked {
        Some(id) => trials.iter().find(|t| t.id == id).copied().ok_or_else(|| Failure::Step {
            step: id.to_owned(),
            reason: format!("the experiment has no trial of that name; it has: {}", known()),
        }),
        None if trials.len() == 1 => Ok(trials[0]),
        None => Err(Failure::Step {
            step: "trial".to_owned(),
            reason: match trials.len() {
                0 => "the experiment has no step of the kind `trial`".to_owned(),
                n => format!("the experiment has {n} trials; name one with `--step`: {}", known()),
            },
        }),
    }
}

fn cohort_of<'a>(steps: &'a [Step], trial: &TrialStep) -> Option<&'a CohortStep> {
    steps.iter().find_map(|s| match s {
        Step::Cohort(c) if c.id == trial.cohort => Some(c),
        _ => None,
    })
}

/// Gives the arms `patients` in all, in the ratio they have.
fn spread(
    spec: &mut lutetia_trial::TrialSpec,
    patients: u64,
    same_patients: bool,
) -> Result<(), String> {
    let arms = spec.arms.len() as u64;
    if patients < arms {
        return Err(format!(
            "{patients} patients were asked for; expected at least one per arm, {arms}"
        ));
    }
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
        spec.arms[k].patients = usize::try_from(own).map_err(|e| e.to_string())?;
        spec.arms[k].first = if same_patients { 0 } else { first };
        first += own;
        left -= own;
    }
    Ok(())
}

/// Counts the table on disk.
fn summary(path: &Path, spec: &lutetia_trial::TrialSpec) -> Result<Table, Failure> {
    let read = |e: csv::Error| Failure::Read {
        path: path.to_owned(),
        source: std::io::Error::other(e.to_string()),
    };
    let mut reader = csv::Reader::from_path(path).map_err(read)?;
    let arms = spec.arms.len();
    let endpoints = trial::endpoints(spec);
    let names = reader.headers().map_err(read)?.clone();
    // The event stands right of its day.
    let columns: Vec<Option<usize>> = endpoints
        .iter()
        .map(|endpoint| {
            let day = match endpoint {
                Endpoint::OverallSurvival => "survival_d",
                Endpoint::ProgressionFreeSurvival => "progression_free_d",
                Endpoint::MarkerProgressionFree => "marker_free_d",
            };
            names.iter().position(|n| n == day)
        })
        .collect();
    let mut tallies = vec![vec![Tally::default(); endpoints.len()]; arms];
    let mut failed = vec![0_u64; arms];
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(read)? {
        let Some(arm) = spec.arms.iter().position(|a| Some(a.name.as_str()) == row.get(1)) else {
            continue;
        };
        if row.get(2) != Some("ok") {
            failed[arm] += 1;
            continue;
        }
        for (k, column) in columns.iter().enumerate().filter_map(|(k, c)| Some((k, (*c)?))) {
            let number = |c: usize| row.get(c).and_then(|x| x.parse::<f64>().ok());
            if let (Some(day), Some(event)) = (number(column), number(column + 1)) {
                tallies[arm][k].add(day, event > 0.5);
            }
        }
    }
    let mut table = Table::new("summary", "Endpoints by arm, counted in whole days")
        .column("endpoint", "")
        .column("arm", "")
        .column("patients", "")
        .column("failed", "")
        .column("events", "")
        .column("median", "mo")
        .column("hazard_ratio", "")
        .column("low", "")
        .column("high", "");
    #[expect(clippy::cast_precision_loss, reason = "counts of patients")]
    let count = |n: u64| Cell::Number(n as f64);
    for (k, endpoint) in endpoints.iter().enumerate() {
        for (arm, a) in spec.arms.iter().enumerate() {
            let tally = &tallies[arm][k];
            let ratio = if arm == 0 { None } else { hazard_ratio(tally, &tallies[0][k]) };
            table.push(vec![
                endpoint.short().into(),
                a.name.as_str().into(),
                count(tally.patients()),
                count(failed[arm]),
                count(tally.events()),
                Cell::from(tally.median().map(|d| d / MONTH)),
                Cell::from(ratio.map(|r| r.0)),
                Cell::from(ratio.map(|r| r.1)),
                Cell::from(ratio.map(|r| r.2)),
            ]);
        }
    }
    Ok(table)
}
