//! Reports whose steps were made before: the same bytes as those of a first run.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use lutetia_experiment::{Cache as _, Source, StepRun};
use lutetia_report::{
    cache::Folder,
    run::{Failure, Outcome, Progress, Settings, run},
    steps::Keeping,
};
use lutetia_testkit::{CONSTANT_HAZARD, heading};

const STEPS: &str = r#"
[data.published]
table = "published.csv"
[models.m]
file = "patient.toml"
[[step]]
kind = "simulate"
id = "course"
model = "m"
doses = [{ into = "X.c", amount = "1 nmol" }]
outputs = ["hazard", "dose"]
until = "100 h"
points = 11
[[step]]
kind = "cohort"
id = "men"
model = "m"
patients = 5
[[step]]
kind = "trial"
id = "trial"
cohort = "men"
same_patients = true
follow_up = "12 mo"
death = "hazard"
[[step.arm]]
name = "a"
patients = 20
[[step]]
kind = "courses"
id = "courses"
trial = "trial"
patients = 3
[[step]]
kind = "compare"
id = "literature"
caption = "c"
rows = [{ what = "w", ours = "course/100/hazard", published = "published/men/hazard", source = "s" }]
[[figure]]
kind = "comparison"
name = "beside"
caption = "c"
from = "literature"
"#;

const REPORT: &str = "reports/01_test";

/// Remembers what is said of the steps, and the notes.
#[derive(Default)]
struct Heard(Mutex<Vec<StepRun>>, Mutex<Vec<String>>);

/// Says nothing, also of a report that fails.
struct Quiet;

impl Progress for Quiet {
    fn begin(&self, _report: &str, _steps: usize) {}
    fn step(&self, _report: &str, _step: &str) {}
    fn note(&self, _report: &str, _text: &str) {}
    fn end(&self, _report: &str, _outcome: &Outcome) {}
}

impl Progress for Heard {
    fn begin(&self, _report: &str, _steps: usize) {}
    fn step(&self, _report: &str, _step: &str) {}
    fn steps(&self, _report: &str, steps: &[StepRun]) {
        self.0.lock().expect("no thread panicked").extend(steps.iter().cloned());
    }
    fn note(&self, _report: &str, text: &str) {
        self.1.lock().expect("no thread panicked").push(text.to_owned());
    }
    fn end(&self, _report: &str, outcome: &Outcome) {
        assert!(!matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    }
}

fn fresh() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    fs::create_dir_all(root.join(REPORT)).expect("a folder");
    fs::write(root.join("patient.toml"), CONSTANT_HAZARD).expect("a file");
    fs::write(root.join("published.csv"), "who,hazard\nmen,0.04\n").expect("a file");
    let text = format!("{}{STEPS}", heading(1));
    fs::write(root.join(REPORT).join("experiment.toml"), text).expect("a file");
    folder
}

fn edit(root: &Path, path: &str, from: &str, to: &str) {
    let path = root.join(path);
    let text = fs::read_to_string(&path).expect("a file");
    assert!(text.contains(from), "{from}");
    fs::write(path, text.replacen(from, to, 1)).expect("it can be written");
}

/// Runs all; gives the steps by where they came from.
fn steps(root: &Path, settings: &Settings) -> BTreeMap<String, Source> {
    let heard = Heard::default();
    let settings = Settings { root: root.to_owned(), ..settings.clone() };
    run(&settings, &heard, &Arc::default()).expect("the run starts");
    let heard = heard.0.into_inner().expect("no thread panicked");
    heard.into_iter().map(|run| (run.step, run.source)).collect()
}

fn all(source: Source) -> BTreeMap<String, Source> {
    ["course", "men", "trial", "courses", "literature"].map(|step| (step.to_owned(), source)).into()
}

/// Every file of the reports with its bytes.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, root, files);
            } else {
                let name = path.strip_prefix(root).expect("within").display().to_string();
                files.insert(name, fs::read(&path).expect("a file"));
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(&root.join("reports"), root, &mut found);
    found
}

#[test]
fn exact_a_report_out_of_the_cache_has_the_same_bytes() {
    let folder = fresh();
    let root = folder.path();
    let plain = Settings::default();
    assert_eq!(steps(root, &plain), all(Source::Computed));
    let first = files(root);
    assert!(first.len() > 10, "{:?}", first.keys());
    // Only the cache is left.
    fs::remove_dir_all(root.join(REPORT).join("tables")).expect("it was made");
    fs::remove_file(root.join(REPORT).join(".stamp.json")).expect("it was made");
    assert_eq!(steps(root, &plain), all(Source::Cache));
    assert!(files(root) == first, "a report out of the cache differs");
    // Neither the provenance nor the pages know of it: so do those of a run that computes everything.
    assert_eq!(steps(root, &Settings { force: true, ..plain.clone() }), all(Source::Computed));
    assert!(files(root) == first, "a report without the cache differs");
    let checked = steps(root, &Settings { check: true, ..plain });
    assert_eq!(checked, all(Source::Computed), "a check rests on nothing that was kept here");
}

#[test]
fn exact_a_changed_sentence_runs_no_step_and_a_changed_step_what_stands_on_it() {
    let folder = fresh();
    let root = folder.path();
    let plain = Settings::default();
    steps(root, &plain);
    let experiment = format!("{REPORT}/experiment.toml");
    edit(root, &experiment, "result = \"r\"", "result = \"Another sentence.\"");
    assert_eq!(steps(root, &plain), all(Source::Cache));
    let page = fs::read_to_string(root.join(REPORT).join("README.md")).expect("the page");
    assert!(page.contains("Another sentence."), "{page}");
    edit(root, &experiment, "follow_up = \"12 mo\"", "follow_up = \"18 mo\"");
    let mut expected = all(Source::Cache);
    // The cohort hands on a population, which no table holds.
    expected.insert("men".to_owned(), Source::Again);
    expected.insert("trial".to_owned(), Source::Computed);
    expected.insert("courses".to_owned(), Source::Computed);
    assert_eq!(steps(root, &plain), expected);
    let made = files(root);
    steps(root, &Settings { force: true, ..plain });
    assert!(files(root) == made, "what stands on kept steps differs");
}

#[test]
fn exact_damage_on_disk_is_computed_again() {
    let folder = fresh();
    let root = folder.path();
    let plain = Settings::default();
    steps(root, &plain);
    let first = files(root);
    let kept = root.join(".lutetia/steps");
    for entry in fs::read_dir(&kept).expect("it was made").flatten() {
        let bytes = fs::read(entry.path()).expect("an entry");
        fs::write(entry.path(), &bytes[..bytes.len() - 1]).expect("it can be written");
    }
    fs::remove_file(root.join(REPORT).join(".stamp.json")).expect("it was made");
    assert_eq!(steps(root, &plain), all(Source::Computed));
    assert!(files(root) == first, "a damaged cache changed a report");
    // A folder that cannot be is no reason to fail.
    fs::remove_dir_all(root.join(".lutetia")).expect("it was made");
    fs::write(root.join(".lutetia"), "a file").expect("a file");
    fs::remove_file(root.join(REPORT).join(".stamp.json")).expect("it was made");
    assert_eq!(steps(root, &plain), all(Source::Computed));
    assert!(files(root) == first, "a report without a cache differs");
}

/// A repository in which every step is kept.
fn keeping() -> tempfile::TempDir {
    let folder = fresh();
    let root = folder.path();
    let kept = steps(root, &Settings { keep_steps: Keeping::Long(0.0), ..Settings::default() });
    assert_eq!(kept, all(Source::Computed));
    folder
}

/// What is committed: everything but what version control leaves out.
fn clone(from: &Path) -> tempfile::TempDir {
    let folder = fresh();
    for (name, bytes) in files(from) {
        let path = folder.path().join(&name);
        if !name.ends_with(".stamp.json") && !name.ends_with(".lock") {
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, bytes).expect("a file");
        }
    }
    folder
}

#[test]
fn exact_a_clone_takes_its_steps_from_the_repository_and_makes_the_same_bytes() {
    let first = keeping();
    let plain = Settings::default();
    let made = files(first.path());
    assert_eq!(made.keys().filter(|name| name.contains("/steps/")).count(), 5);
    // Who does not ask for it keeps nothing, and makes the same pages.
    let other = fresh();
    steps(other.path(), &plain);
    let pages: BTreeMap<_, _> = made.iter().filter(|(name, _)| !name.contains("/steps/")).collect();
    assert!(files(other.path()).iter().collect::<BTreeMap<_, _>>() == pages);
    // Another folder stands for another machine: neither cache nor stamp is there.
    let clone = clone(first.path());
    assert_eq!(steps(clone.path(), &plain), all(Source::Repository));
    assert!(files(clone.path()) == made, "a report out of the repository differs");
    // To compute everything writes no other bytes, and keeping takes what is there.
    assert_eq!(
        steps(clone.path(), &Settings { force: true, ..plain.clone() }),
        all(Source::Computed)
    );
    assert!(files(clone.path()) == made);
    let kept = Settings { keep_steps: Keeping::Long(0.0), ..plain };
    assert_eq!(steps(clone.path(), &kept), all(Source::Cache));
    assert!(files(clone.path()) == made);
}

#[test]
fn exact_a_step_that_does_not_fit_is_not_used_said_and_written_anew() {
    let first = keeping();
    let made = files(first.path());
    let kept = |step: &str| format!("{REPORT}/steps/{step}.bin");
    let clone = clone(first.path());
    let root = clone.path();
    fs::write(root.join(kept("course")), b"no entry").expect("a file");
    fs::copy(root.join(kept("men")), root.join(kept("courses"))).expect("a file");
    fs::write(root.join(kept("nobody")), &made[&kept("men")]).expect("a file");
    let heard = Heard::default();
    let settings = Settings { root: root.to_owned(), ..Settings::default() };
    let checking = Settings { check: true, force: true, ..settings.clone() };
    let checked = run(&checking, &Heard::default(), &Arc::default()).expect("it runs");
    let Outcome::Compared { differences, unfit } = &checked[0].1 else { panic!("{checked:?}") };
    assert!(differences.is_empty(), "{differences:?}");
    let unfit: Vec<String> = unfit.iter().map(ToString::to_string).collect();
    let expected = [
        "`steps/course.bin` is damaged and is not used",
        "`steps/courses.bin` was made of something else and is not used",
        "`steps/nobody.bin` is of no step of the experiment",
    ];
    assert_eq!(unfit, expected);
    run(&settings, &heard, &Arc::default()).expect("it runs");
    let sources: BTreeMap<String, Source> = heard
        .0
        .into_inner()
        .expect("whole")
        .into_iter()
        .map(|run| (run.step, run.source))
        .collect();
    let mut by_step = all(Source::Repository);
    by_step.insert("course".to_owned(), Source::Computed);
    by_step.insert("courses".to_owned(), Source::Computed);
    // What the courses take in memory.
    by_step.insert("trial".to_owned(), Source::Again);
    by_step.insert("men".to_owned(), Source::Again);
    assert_eq!(sources, by_step);
    let notes = heard.1.into_inner().expect("whole");
    assert_eq!(notes[0], format!("{}; it is written anew", expected[0]));
    assert_eq!(notes[2], format!("{}; it goes", expected[2]));
    assert!(files(root) == made, "they are as they were");
}

#[test]
fn exact_force_mends_the_files_of_steps_of_a_report_that_is_current() {
    let first = keeping();
    let root = first.path();
    let made = files(root);
    let kept = |step: &str| root.join(REPORT).join(format!("steps/{step}.bin"));
    fs::write(kept("course"), b"no entry").expect("a file");
    fs::copy(kept("men"), kept("nobody")).expect("a file");
    let spoilt = files(root);
    let plain = Settings { root: root.to_owned(), ..Settings::default() };
    let again = run(&plain, &Heard::default(), &Arc::default()).expect("it runs");
    assert!(matches!(again[0].1, Outcome::Current), "{again:?}");
    assert!(files(root) == spoilt, "a report that is current is left alone");
    steps(root, &Settings { force: true, ..plain });
    assert!(files(root) == made, "they are as they were");
}

/// What can be known only after the steps ran has its place, its code and a hint all the same, and all of it is said at
/// once.
#[test]
fn exact_rows_that_are_not_made_are_said_at_their_places() {
    let folder = fresh();
    let root = folder.path();
    let experiment = format!("{REPORT}/experiment.toml");
    let result =
        "result = \"{{ num('men.summary/weigth/mean') }} {{ num('trial.events/nobody/time') }}\"";
    edit(root, &experiment, "result = \"r\"", result);
    let settings = Settings { root: root.to_owned(), ..Settings::default() };
    let ended = run(&settings, &Quiet, &Arc::default()).expect("it runs");
    let Outcome::Failed(Failure::Experiment(lutetia_experiment::Failure::Diagnostics {
        diagnostics,
        sources,
    })) = &ended[0].1
    else {
        panic!("{ended:?}")
    };
    assert_eq!(diagnostics.len(), 2, "{diagnostics:?}");
    let text = fs::read_to_string(root.join(&experiment)).expect("it is there");
    for (fault, cell) in
        diagnostics.iter().zip(["men.summary/weigth/mean", "trial.events/nobody/time"])
    {
        let span = fault.labels[0].span;
        assert_eq!(sources.text(span.source)[span.start..span.end], *cell);
        assert!(text[span.start..span.end] == *cell && fault.code == "LUT7014");
    }
    // Only a table that has rows can say which one is meant.
    assert!(diagnostics[0].hint.is_none() && diagnostics[1].hint.is_some(), "{diagnostics:?}");
    assert!(!root.join(REPORT).join("README.md").exists(), "a page with a hole is not written");
}

#[test]
fn exact_a_committed_step_is_kept_where_the_cache_has_it() {
    let first = keeping();
    let root = first.path();
    let made = files(root);
    // No step takes so long.
    let settings = Settings { keep_steps: Keeping::Long(1e9), ..Settings::default() };
    assert_eq!(steps(root, &settings), all(Source::Cache));
    assert!(files(root) == made, "what was committed stays");
}

/// Which steps are kept does not follow from what they take unless that is asked for, so that a slower machine keeps no
/// others.
#[test]
fn exact_the_steps_that_are_kept_stay_whatever_they_take() {
    let first = keeping();
    let made = files(first.path());
    let keeping = |kept: &[&str], keep_steps: Keeping| {
        let clone = clone(first.path());
        let file = |step: &str| clone.path().join(REPORT).join(format!("steps/{step}.bin"));
        for step in all(Source::Computed).keys().filter(|step| !kept.contains(&step.as_str())) {
            fs::remove_file(file(step)).expect("it was kept");
        }
        let settings = Settings { force: true, keep_steps, ..Settings::default() };
        assert_eq!(steps(clone.path(), &settings), all(Source::Computed));
        let after = files(clone.path());
        assert!(after.iter().all(|(name, bytes)| made.get(name) == Some(bytes)));
        let names = all(Source::Computed).into_keys();
        names.filter(|step| file(step).exists()).collect::<Vec<_>>()
    };
    for keep in [Keeping::Present, Keeping::Again] {
        assert_eq!(keeping(&["course"], keep), ["course"]);
        assert!(keeping(&[], keep).is_empty());
    }
    // What stands in memory on a step that is kept would have to be computed again for its sake.
    assert_eq!(keeping(&["men"], Keeping::Present), ["men"]);
    assert_eq!(keeping(&["men"], Keeping::Again), ["courses", "men", "trial"]);
    // By what they take: no step takes so long, and every step takes something.
    assert!(keeping(&["course", "men"], Keeping::Long(1e9)).is_empty());
    assert_eq!(keeping(&["course"], Keeping::Long(0.0)).len(), 5);
}

#[test]
fn exact_a_check_computes_of_each_kind_one_in_turn_and_with_force_all() {
    let first = keeping();
    let check = Settings { check: true, turn: "a".to_owned(), ..Settings::default() };
    let taken = steps(first.path(), &check);
    // Each of the five steps is the only one of its kind, so that it is its turn.
    assert_eq!(taken, all(Source::Computed));
    // With a second one of a kind one of the two is taken, and another word lets the other have its turn.
    let experiment = format!("{REPORT}/experiment.toml");
    let second =
        "[[step]]\nkind = \"cohort\"\nid = \"women\"\nmodel = \"m\"\npatients = 6\n[[figure]]";
    edit(first.path(), &experiment, "[[figure]]", second);
    steps(first.path(), &Settings { keep_steps: Keeping::Long(0.0), ..Settings::default() });
    let mut seen = std::collections::BTreeSet::new();
    for turn in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let check = Settings { turn: turn.to_owned(), ..check.clone() };
        let once = steps(first.path(), &check);
        assert_eq!(once, steps(first.path(), &check), "{turn}: the same word chooses the same");
        let computed = |step: &str| once[step] != Source::Repository;
        // The trial is computed and takes the men along.
        assert!(computed("men") && computed("trial"));
        seen.insert(computed("women"));
    }
    assert_eq!(seen.len(), 2, "each has its turn");
    let force = Settings { force: true, ..check };
    assert!(steps(first.path(), &force).values().all(|source| *source == Source::Computed));
}

#[test]
fn exact_what_is_kept_is_held_against_the_printed_tables() {
    let first = keeping();
    let root = first.path();
    // An entry that fits, of a program that makes something else: as if a revision had not been raised.
    let path = root.join(REPORT).join("steps/men.bin");
    let sealed = fs::read(&path).expect("it was kept");
    let (before, after) = (b"\"columns\":[{\"name\":\"", sealed.len());
    let at = sealed.windows(before.len()).position(|w| w == before).expect("a column");
    let mut content =
        sealed[sealed.iter().position(|b| *b == b'\n').expect("a seal") + 1..].to_vec();
    let letter = at + before.len() + content.len() - after;
    content[letter] = if content[letter] == b'x' { b'y' } else { b'x' };
    let mut other = lutetia_experiment::world::hash(&content).into_bytes();
    other.push(b'\n');
    other.extend(content);
    fs::write(&path, other).expect("it can be written");
    for force in [false, true] {
        let check = Settings { check: true, force, ..Settings::default() };
        let settings = Settings { root: root.to_owned(), ..check };
        let checked = run(&settings, &Heard::default(), &Arc::default()).expect("it runs");
        let Outcome::Compared { differences, unfit } = &checked[0].1 else { panic!("{checked:?}") };
        assert!(!differences.is_empty() && unfit.is_empty(), "{differences:?} {unfit:?}");
    }
}

#[test]
fn exact_several_writers_leave_whole_entries() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let kept = Folder::of(folder.path());
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let kept = &kept;
            scope.spawn(move || {
                for _ in 0..50 {
                    kept.put("a", &vec![writer; 100_000]);
                    let found = kept.get("a").expect("somebody has written it");
                    assert!(found.len() == 100_000 && found.iter().all(|b| *b == found[0]));
                }
            });
        }
    });
}
