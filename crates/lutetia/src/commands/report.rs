//! `lutetia report`.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use lutetia_diagnostic::Diagnostic;
use lutetia_experiment::{Source, StepRun};
use lutetia_report::{
    run::{self, Outcome as Ended, Progress, Settings},
    steps::Keeping,
};
use serde_json::{Value, json};

use crate::{
    exit::Exit,
    failure::{Failure, Outcome},
    interrupt,
    terminal::Terminal,
};

const EXAMPLE: &str = "\
Example:
  lutetia report                     # every experiment that changed
  lutetia report 01_dotatate_patient --force --timings
  lutetia report --check             # compare with the tables as they are, write nothing
  lutetia report 01 --keep-steps=0.3 # long steps too, for the repository";

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Experiments, by the name or the number of their folder; all without one.
    #[arg(value_name = "EXPERIMENT")]
    experiments: Vec<String>,

    /// Folder that holds `reports/`, `models/` and `data/`.
    #[arg(long, value_name = "DIR", default_value = ".")]
    root: PathBuf,

    /// Write nothing; compare the tables with those that are there, and fail where they differ by
    /// more than the stated tolerances. Long steps are taken from the repository where it has them, but of each kind one
    /// in turn is computed; with `--force` all are.
    #[arg(long)]
    check: bool,

    /// Redo experiments that have not changed too, and compute every step instead of taking it from the repository or
    /// from the cache, which is refreshed.
    #[arg(long)]
    force: bool,

    /// With `--check`: a word, such as the name of a commit, that decides whose turn it is; the program itself decides
    /// without it.
    #[arg(long, value_name = "WORD", requires = "check", conflicts_with = "force")]
    turn: Option<String>,

    /// Write what steps made into `reports/NAME/steps/`, to be committed: who clones the repository then takes it from
    /// there. Alone it keeps the steps that are kept now, on every machine; files that no longer fit are written anew
    /// without it too, where the report is made. `--keep-steps=0.3` keeps the steps that took 0.3 s or more in this run;
    /// with `--force` no others, so that a slower machine may keep more.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
          default_missing_value = NOW, value_parser = keeping, conflicts_with = "check")]
    keep_steps: Option<Keeping>,

    /// Show where the time goes: the seconds of each step, slowest first.
    #[arg(long)]
    timings: bool,

    /// Number of threads; the tables do not depend on it.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
}

/// What `--keep-steps` alone means: the steps that are kept now.
const NOW: &str = "now";

/// The steps that are kept now, or the seconds from which on a step is.
fn keeping(text: &str) -> Result<Keeping, SecondsError> {
    if text == NOW {
        return Ok(Keeping::Again);
    }
    let seconds = text.parse().ok().filter(|s: &f64| s.is_finite() && *s >= 0.0);
    seconds.map(Keeping::Long).ok_or(SecondsError)
}

/// What is not a number of seconds.
#[derive(Debug, thiserror::Error)]
#[error("expected `{NOW}` or a number of seconds, 0 or more, such as 0.3")]
struct SecondsError;

/// Runs the experiments and says how each ended, as it ends.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let settings = Settings {
        root: arguments.root.clone(),
        only: arguments.experiments.clone(),
        force: arguments.force,
        check: arguments.check,
        turn: arguments.turn.clone().unwrap_or_default(),
        keep_steps: arguments.keep_steps.unwrap_or_default(),
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
    let pages = Pages::new(*terminal);
    let ended = pool.install(|| run::run(&settings, &pages, stop));
    pages.clear();
    let said = pages.said();
    ended.map_err(|failure| before(&failure))?;
    if let Some(failure) = said.unheard {
        return Err(failure);
    }

    let mut exit = Exit::Ok;
    let mut rows = Vec::new();
    for (name, (word, code)) in &said.pages {
        exit = worse(exit, *code);
        let mut row = json!({ "experiment": name, "outcome": word, "exit": *code as u8 });
        let taken = said.steps.get(name).map(|steps| from_repository(steps));
        row["repository"] = taken.unwrap_or_default().into();
        if arguments.timings {
            row["steps"] = said.steps.get(name).map(|steps| timings_json(steps)).into();
        }
        rows.push(row);
    }
    if arguments.timings && !terminal.json() && !said.steps.is_empty() {
        for line in timings(&said.steps) {
            terminal.data(&line)?;
        }
    }
    if terminal.json() {
        terminal.data_json(&Value::Array(rows))?;
    } else if exit == Exit::Ok && !arguments.check {
        let index = arguments.root.join("reports").join("index.html");
        terminal.talk(&format!("open {} in a browser", index.display()));
    }
    if exit == Exit::Ok { Ok(()) } else { Err(Failure::shown(exit)) }
}

/// Says what is to be said of one experiment; returns a word for it and the exit code it asks for.
fn show(name: &str, outcome: &Ended, terminal: &Terminal) -> (String, Exit) {
    match outcome {
        Ended::Made => ("made".to_owned(), Exit::Ok),
        Ended::Current => ("unchanged".to_owned(), Exit::Ok),
        Ended::Compared { differences, unfit } => {
            for difference in differences {
                terminal.talk(&format!("{name}: {difference}"));
            }
            for unfit in unfit {
                let does = if unfit.reason.is_some() { "writes it anew" } else { "removes it" };
                let mend = format!("`lutetia report {name} --force` {does}");
                terminal.talk(&format!("{name}: {unfit}; {mend}"));
            }
            let word = match (differences.len(), unfit.len()) {
                (0, 0) => return ("agrees with its tables".to_owned(), Exit::Ok),
                (0, unfit) => format!("kept steps that do not fit: {unfit}"),
                (differences, 0) => format!("{differences} differences"),
                (differences, unfit) => {
                    format!("{differences} differences, kept steps that do not fit: {unfit}")
                }
            };
            (word, Exit::Data)
        }
        Ended::Failed(run::Failure::Experiment(lutetia_experiment::Failure::Diagnostics {
            diagnostics,
            sources,
        })) => {
            terminal.diagnostics(diagnostics, sources);
            ("faults in its files".to_owned(), Exit::Data)
        }
        Ended::Failed(run::Failure::Experiment(lutetia_experiment::Failure::Placed {
            diagnostic,
            sources,
            of,
        })) => {
            terminal.diagnostics(std::slice::from_ref(&**diagnostic), sources);
            ("failed".to_owned(), experiment_code(of))
        }
        Ended::Failed(failure) => {
            // What has a code of its own is explained under it.
            let own = match failure {
                run::Failure::Experiment(failure) => failure.code(),
                _ => None,
            };
            let message = format!("{name}: {failure}");
            let report = Diagnostic::error(own.unwrap_or("LUT8010"), message);
            terminal.diagnostics(&[report], &lutetia_diagnostic::Sources::new());
            (
                if code(failure) == Exit::Interrupted { "interrupted" } else { "failed" }
                    .to_owned(),
                code(failure),
            )
        }
    }
}

/// A failure before any experiment ran.
fn before(failure: &run::Failure) -> Failure {
    let hint = match failure {
        run::Failure::Lock(_) if code(failure) == Exit::Temporary => {
            Some("wait for the other run to end, then try again".to_owned())
        }
        run::Failure::Read { .. } => {
            Some("run it where `reports/` is, or name that folder with `--root`".to_owned())
        }
        _ => None,
    };
    Failure::new(code(failure), Diagnostic::error("LUT8011", failure.to_string()).maybe_hint(hint))
}

fn code(failure: &run::Failure) -> Exit {
    use lutetia_report::write::LockError;
    match failure {
        run::Failure::Experiment(failure) => experiment_code(failure),
        run::Failure::Page(_) => Exit::Data,
        run::Failure::Read { .. } => Exit::NoInput,
        run::Failure::Write(_) => Exit::CannotCreate,
        run::Failure::Lock(LockError::Busy { .. }) => Exit::Temporary,
        run::Failure::Lock(_) => Exit::CannotCreate,
        run::Failure::Figure(_) => Exit::Software,
        run::Failure::Unknown { .. } => Exit::Usage,
        run::Failure::Interrupted => Exit::Interrupted,
        _ => Exit::Software,
    }
}

fn experiment_code(failure: &lutetia_experiment::Failure) -> Exit {
    use lutetia_experiment::Failure as F;
    use lutetia_scenario::ScenarioError;
    match failure {
        F::Read { .. } => Exit::NoInput,
        F::Model(error) if matches!(**error, ScenarioError::NoModel { .. }) => Exit::NoInput,
        F::Keep { .. } => Exit::CannotCreate,
        F::Interrupted => Exit::Interrupted,
        _ => Exit::Data,
    }
}

/// The exit code that says more: an interruption before a fault, a fault before none.
fn worse(a: Exit, b: Exit) -> Exit {
    if a == Exit::Interrupted || b == Exit::Ok { a } else { b }
}

/// Says how each experiment ended at the moment it ends, and shows on a terminal a bar for each that runs,
/// with the step it is in.
struct Pages {
    terminal: Terminal,
    lines: MultiProgress,
    running: Mutex<BTreeMap<String, (ProgressBar, Instant)>>,
    said: Mutex<Said>,
}

/// What was said so far.
#[derive(Default)]
struct Said {
    /// By experiment: how it ended and the exit code that this asks for.
    pages: BTreeMap<String, (String, Exit)>,
    /// By experiment: where its steps came from, and how long each took.
    steps: BTreeMap<String, Vec<StepRun>>,
    /// Why standard output takes no more.
    unheard: Option<Failure>,
}

impl Pages {
    fn new(terminal: Terminal) -> Self {
        // indicatif draws on standard error, and only where that is a terminal.
        Self {
            terminal,
            lines: MultiProgress::new(),
            running: Mutex::default(),
            said: Mutex::default(),
        }
    }

    fn clear(&self) {
        // A terminal that is gone has nothing left to clear.
        let _gone = self.lines.clear();
    }

    fn said(self) -> Said {
        self.said.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, report: &str, act: impl FnOnce(&ProgressBar)) {
        if let Some((bar, _)) = unpoisoned(&self.running).get(report) {
            act(bar);
        }
    }
}

/// A poisoned lock means that another thread panicked; what it holds is still whole.
fn unpoisoned<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress for Pages {
    fn begin(&self, report: &str, steps: usize) {
        let style = ProgressStyle::with_template(
            "{spinner} {prefix} [{bar:24}] {pos}/{len} {msg} {elapsed}",
        )
        .unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.lines.add(ProgressBar::new(steps as u64).with_style(style));
        bar.set_prefix(report.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        unpoisoned(&self.running).insert(report.to_owned(), (bar, Instant::now()));
    }

    fn step(&self, report: &str, step: &str) {
        self.with(report, |bar| {
            // The first step begins with none done.
            if !bar.message().is_empty() {
                bar.inc(1);
            }
            bar.set_message(step.to_owned());
        });
    }

    fn steps(&self, report: &str, steps: &[StepRun]) {
        unpoisoned(&self.said).steps.insert(report.to_owned(), steps.to_vec());
    }

    fn note(&self, report: &str, text: &str) {
        self.lines.suspend(|| self.terminal.talk(&format!("note: {report}: {text}")));
    }

    fn end(&self, report: &str, outcome: &Ended) {
        let took = unpoisoned(&self.running).remove(report).map(|(bar, since)| {
            bar.finish_and_clear();
            since.elapsed()
        });
        // One page speaks at a time, and no bar is drawn through its words.
        let mut said = unpoisoned(&self.said);
        self.lines.suspend(|| {
            let (word, code) = show(report, outcome, &self.terminal);
            let line = match took {
                // How long it took to fail says nothing.
                Some(took) if !matches!(outcome, Ended::Failed(_)) => {
                    let steps = said.steps.get(report).map_or(&[][..], Vec::as_slice);
                    format!("{report}: {word}, {}{}", duration(took), taken(steps))
                }
                _ => format!("{report}: {word}"),
            };
            if self.terminal.json() {
                self.terminal.talk(&line);
            } else if said.unheard.is_none() {
                said.unheard = self.terminal.data(&line).err();
            }
            said.pages.insert(report.to_owned(), (word, code));
        });
    }
}

/// How many steps the cache had and which the repository, where they had any.
fn taken(steps: &[StepRun]) -> String {
    let cached = steps.iter().filter(|s| s.source == Source::Cache).count();
    let mut said = String::new();
    if cached > 0 {
        said = format!("; {cached} of {} steps from the cache", steps.len());
    }
    let repository = from_repository(steps);
    if !repository.is_empty() {
        said += &format!("; from the repository: {}", repository.join(", "));
    }
    said
}

/// The steps that were taken from the repository.
fn from_repository(steps: &[StepRun]) -> Vec<&str> {
    let taken = steps.iter().filter(|s| s.source == Source::Repository);
    taken.map(|s| s.step.as_str()).collect()
}

/// Where a step came from, in words.
fn source(source: Source) -> &'static str {
    match source {
        Source::Computed => "computed",
        Source::Cache => "from the cache",
        Source::Repository => "from the repository",
        Source::Again => "computed again for a step that stands on it",
    }
}

/// The steps of all experiments, slowest first, a line each.
fn timings(steps: &BTreeMap<String, Vec<StepRun>>) -> Vec<String> {
    let runs = steps.iter().flat_map(|(report, steps)| steps.iter().map(move |s| (report, s)));
    let mut runs: Vec<(&String, &StepRun)> = runs.collect();
    runs.sort_by(|a, b| b.1.seconds.total_cmp(&a.1.seconds));
    let all: f64 = runs.iter().map(|(_, run)| run.seconds).sum();
    let line = |(report, run): (&String, &StepRun)| {
        let (step, how) = (&run.step, source(run.source));
        format!("{:>9.3} s  {report}: {step}, {how}", run.seconds)
    };
    runs.into_iter().map(line).chain([format!("{all:>9.3} s  all steps")]).collect()
}

/// The steps of an experiment in their order.
fn timings_json(steps: &[StepRun]) -> Vec<Value> {
    let row = |run: &StepRun| json!({ "step": run.step, "seconds": run.seconds, "source": source(run.source) });
    steps.iter().map(row).collect()
}

/// A duration for people: `0.4 s`, `42 s`, `2 min 05 s`.
fn duration(took: Duration) -> String {
    let seconds = took.as_secs_f64();
    if seconds < 9.95 {
        format!("{seconds:.1} s")
    } else if seconds < 99.5 {
        format!("{seconds:.0} s")
    } else {
        let whole = took.as_secs();
        format!("{} min {:02} s", whole / 60, whole % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_durations_are_for_people() {
        for (seconds, words) in [
            (0.04, "0.0 s"),
            (3.12, "3.1 s"),
            (9.96, "10 s"),
            (59.6, "60 s"),
            (125.7, "2 min 05 s"),
            (3600.0, "60 min 00 s"),
        ] {
            assert_eq!(duration(Duration::from_secs_f64(seconds)), words);
        }
    }

    #[test]
    fn exact_timings_are_slowest_first_and_say_where_a_step_came_from() {
        let run = |step: &str, source, seconds| StepRun { step: step.to_owned(), source, seconds };
        let first = vec![run("a", Source::Computed, 0.5), run("b", Source::Cache, 0.001)];
        let second = vec![run("c", Source::Again, 12.0)];
        assert_eq!(taken(&first), "; 1 of 2 steps from the cache");
        assert_eq!(taken(&second), "");
        let third = ["d", "e"].map(|step| run(step, Source::Repository, 0.0));
        assert_eq!(taken(&third), "; from the repository: d, e");
        let steps = [("01_x".to_owned(), first), ("02_y".to_owned(), second)].into();
        assert_eq!(
            timings(&steps),
            [
                "   12.000 s  02_y: c, computed again for a step that stands on it",
                "    0.500 s  01_x: a, computed",
                "    0.001 s  01_x: b, from the cache",
                "   12.501 s  all steps",
            ]
        );
    }

    #[test]
    fn exact_the_exit_code_is_that_of_the_worst() {
        assert_eq!(worse(Exit::Ok, Exit::Data), Exit::Data);
        assert_eq!(worse(Exit::Data, Exit::Ok), Exit::Data);
        assert_eq!(worse(Exit::Data, Exit::Interrupted), Exit::Interrupted);
        assert_eq!(worse(Exit::Interrupted, Exit::Data), Exit::Interrupted);
    }
}
