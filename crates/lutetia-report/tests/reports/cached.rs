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
    run::{Outcome, Progress, Settings, run},
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

/// Remembers what is said of the steps.
#[derive(Default)]
struct Heard(Mutex<Vec<StepRun>>);

impl Progress for Heard {
    fn begin(&self, _report: &str, _steps: usize) {}
    fn step(&self, _report: &str, _step: &str) {}
    fn steps(&self, _report: &str, steps: &[StepRun]) {
        self.0.lock().expect("no thread panicked").extend(steps.iter().cloned());
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
    assert_eq!(checked, all(Source::Computed), "a check rests on nothing that was kept");
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
