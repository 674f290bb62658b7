//! `lutetia trial`.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Instant,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lutetia_diagnostic::Diagnostic;
use lutetia_experiment::steps::alone::{self, Stage, StreamFailure, StreamRequest};
use lutetia_report::shelf::Reports;
use lutetia_trial::stream::StreamError;
use serde_json::Value;

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    interrupt,
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia trial reports/06_vision/experiment.toml --step fitted --patients 1000 \\
    --out vision-1000

The file is an experiment with a step of the kind `trial`. Patients are written to
DIR/patients.csv, one row per patient and arm; what could not be simulated has its reason in the
column `status`. A run that was interrupted or killed goes on with the same command: nothing is
lost and nothing done twice. Where the trial has the values of a calibration of its experiment,
these are read from the tables beside the file if they are current, else computed first, which
takes minutes. The first line says what the hazard was fitted to.";

/// Arguments of `trial`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Experiment file.
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Its step of the kind `trial`, where there are several.
    #[arg(long, value_name = "ID")]
    step: Option<String>,

    /// Patients in all, spread over the arms as in the experiment.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    patients: Option<u64>,

    /// Seed, where it is not that of the experiment.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Folder of the result.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,

    /// Folder that holds `models/` and `data/`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,

    /// Number of threads; the result does not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// Streams the trial and prints endpoints by arm.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let request = StreamRequest {
        root: arguments.root.clone(),
        file: arguments.file.clone(),
        step: arguments.step.clone(),
        patients: arguments.patients,
        seed: arguments.seed,
        out: arguments.out.clone(),
    };
    let stop = interrupt::cooperative();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(arguments.threads.map_or(0, usize::from))
        .build()
        .map_err(|error| {
            let message = format!("cannot start the threads: {error}");
            Failure::new(
                Exit::Temporary,
                Diagnostic::error("LUT8009", message).hint("ask for fewer with `--threads`"),
            )
        })?;
    let shelf = Reports::of(&arguments.root);
    let following = Following::new(terminal);
    let ended = pool.install(|| alone::run(&request, &shelf, stop, &|stage| following.at(stage)));
    following.bar.finish_and_clear();
    let result = ended.map_err(|failure| said(failure, arguments, terminal))?;
    let streamed = &result.streamed;
    if streamed.found > 0 {
        terminal.talk(&format!(
            "{} of {} chunks were there already",
            streamed.found,
            streamed.found + streamed.simulated
        ));
    }
    if streamed.failed > 0 {
        terminal.talk(&format!(
            "warning: {} patients could not be simulated; the column `status` says why",
            streamed.failed
        ));
    }
    terminal.talk(&format!("patients are in {}", streamed.table.display()));
    let nobody = result.endpoints.iter().all(|e| e.patients == 0);
    if nobody {
        let message = format!(
            "no patient could be simulated; the column `status` of `{}` says why",
            streamed.table.display()
        );
        return Err(Failure::new(Exit::Data, Diagnostic::error("LUT8020", message)));
    }
    for note in &result.notes {
        terminal.talk(&format!("note: {note}"));
    }
    if terminal.json() {
        let mut rows = result.summary.to_json();
        for row in rows.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            row.insert("fitted_to".to_owned(), Value::String(result.fitted_to.clone()));
        }
        return terminal.data_json(&rows);
    }
    terminal.data(&format!("# hazard: {}\n{}", result.fitted_to, result.summary.to_csv()))
}

/// What a run says while it works: sentences, a bar on a terminal, and where there is none a line for each tenth of a
/// calibration.
struct Following<'a> {
    terminal: &'a Terminal,
    bar: ProgressBar,
    tenths: AtomicU64,
    begun: Instant,
}

impl<'a> Following<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        // indicatif draws on standard error, and only where that is a terminal.
        let bar = ProgressBar::new(1).with_style(
            ProgressStyle::with_template(
                "{spinner} [{bar:24}] {pos}/{len} {msg} {elapsed} eta {eta}",
            )
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        Self { terminal, bar, tenths: AtomicU64::new(0), begun: Instant::now() }
    }

    fn at(&self, stage: Stage<'_>) {
        let position = |done: u64, all: u64, what: &'static str| {
            self.bar.set_message(what);
            self.bar.set_length(all);
            self.bar.set_position(done);
        };
        match stage {
            Stage::Said(text) => self.bar.suspend(|| self.terminal.talk(text)),
            Stage::Chunks { done, all } => position(done as u64, all as u64, "chunks"),
            Stage::Calibrating { done, least, most } => {
                let all = if done > least { most } else { least };
                position(done, all, "particles");
                let tenth = 10 * done / least.max(1);
                if self.bar.is_hidden() && self.tenths.fetch_max(tenth, Ordering::Relaxed) < tenth {
                    let seconds = self.begun.elapsed().as_secs();
                    self.terminal.talk(&format!("{done} of {all} particles after {seconds} s"));
                }
            }
        }
    }
}

fn said(failure: StreamFailure, arguments: &Arguments, terminal: &Terminal) -> Failure {
    let fault = |exit: Exit, message: String, hint: Option<String>| {
        Failure::new(exit, Diagnostic::error("LUT8020", message).maybe_hint(hint))
    };
    match failure {
        StreamFailure::Experiment(lutetia_experiment::Failure::Diagnostics {
            diagnostics,
            sources,
        }) => {
            terminal.diagnostics(&diagnostics, &sources);
            Failure::shown(Exit::Data)
        }
        StreamFailure::Experiment(lutetia_experiment::Failure::Read { path, source }) => {
            let whole = if path == arguments.file { path } else { arguments.root.join(path) };
            Failure::reading(&whole, &source)
        }
        StreamFailure::Experiment(lutetia_experiment::Failure::Interrupted) => fault(
            Exit::Interrupted,
            "interrupted within the calibration, which the same command begins again".to_owned(),
            None,
        ),
        StreamFailure::Experiment(lutetia_experiment::Failure::Keep { .. }) => {
            fault(Exit::CannotCreate, failure.to_string(), None)
        }
        StreamFailure::Short { .. } => fault(Exit::Data, failure.to_string(), None),
        StreamFailure::Experiment(lutetia_experiment::Failure::Model(missing))
            if matches!(*missing, lutetia_scenario::ScenarioError::NoModel { .. }) =>
        {
            Failure::of(Exit::NoInput, missing.code(), &missing)
        }
        StreamFailure::Experiment(other) => match other.code() {
            Some(code) => Failure::of(Exit::Data, code, &other),
            None => fault(Exit::Data, other.to_string(), None),
        },
        StreamFailure::Stream(error) => match &error {
            StreamError::File { path, source } => Failure::writing(path, source),
            StreamError::Table { path, source } => Failure::reading(path, source),
            StreamError::Another { .. }
            | StreamError::Foreign { .. }
            | StreamError::Changed { .. } => fault(Exit::CannotCreate, error.to_string(), None),
            StreamError::Busy { .. } => fault(Exit::Temporary, error.to_string(), None),
            StreamError::Interrupted { .. } => fault(Exit::Interrupted, error.to_string(), None),
        },
    }
}
