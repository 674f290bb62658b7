//! What the cache may give: exactly the steps that nothing has changed for, to the last bit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use lutetia_experiment::{Cache, Keep, Source, cache::Refresh};
use lutetia_table::Cell;
use lutetia_testkit::{CONSTANT_HAZARD, Files, Ran, heading};
use proptest::prelude::*;

const LIGAND: &str = r#"
[model]
id = "ligand"
title = "A ligand"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
plasma = "3 L"
[parameters]
k = { value = "0.2 1/h", source = "a test" }
[species]
L = { in = ["plasma"] }
[scheme]
processes = """
lose: L.plasma -> 0 @ k
"""
[outputs]
C = { of = "[L.plasma]", unit = "nmol/L" }
"#;

const PARENT: &str = r#"
[chain]
id = "parent"
title = "A ligand"
[parts]
pk = "ligand.toml"
"#;

const CHILD: &str = r#"
[chain]
id = "child"
title = "The same"
extends = "parent.toml"
"#;

const CURVE: &str =
    "arm,time,survival\na,0,1\na,4,0.8\na,8,0.5\na,12,0.4\nb,0,1\nb,4,0.9\nb,8,0.7\nb,12,0.6\n";
const AT_RISK: &str = "arm,time,at_risk\na,0,30\na,6,18\nb,0,30\nb,6,22\n";

const EXPERIMENT: &str = r#"
[data.patient]
study = "data/studies/snmmi_patient4"
[data.published]
table = "published.csv"
[data.curve]
table = "curve.csv"
[data.at_risk]
table = "at_risk.csv"
[models.hazard]
file = "patient.toml"
[models.chain]
file = "child.toml"

[[step]]
kind = "fit-curves"
id = "fits"
study = "patient"
functions = ["mono"]
error = "proportional 10 %"
[[step]]
kind = "dose"
id = "dose"
study = "patient"
from = "fits"
volume_sd = "5 %"
[[step]]
kind = "plan"
id = "plan"
from = "dose"
limit = "23 Gy"
cycles = 3
[[step]]
kind = "simulate"
id = "sim"
model = "hazard"
doses = [{ into = "X.c", amount = "1 nmol" }]
outputs = ["hazard"]
until = "100 h"
points = 3
[[step]]
kind = "simulate"
id = "chained"
model = "chain"
doses = [{ into = "pk:L.plasma", amount = "1 nmol" }]
outputs = ["pk:C"]
until = "100 h"
points = 3
[[step]]
kind = "cohort"
id = "men"
model = "hazard"
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
patients = 2
[[step]]
kind = "calibrate"
id = "posterior"
trial = "trial"
particles = 12
generations = 1
patients = 10
predictions = 2
unknown = [{ name = "rate", lower = "0.001 1/d", upper = "0.02 1/d", log = true }]
target = [
  { of = "median", what = "OS", arm = "a", value = 5, error = 1, calibrate = true, source = "typed" },
  { of = "survival", what = "OS", arm = "a", at = "6 mo", value = 40, error = 10, calibrate = false, source = "typed" },
]
[[step]]
kind = "cohort"
id = "fitted"
model = "hazard"
patients = 6
calibrated = "posterior"
[[step]]
kind = "reconstruct"
id = "os"
curve = "curve"
at_risk = "at_risk"
unit = "months"
[[step]]
kind = "survival"
id = "stat"
from = "os.individuals"
reference = "a"
unit = "months"
[[step]]
kind = "compare"
id = "literature"
caption = "c"
rows = [{ what = "w", ours = "dose/kidney_left/total", published = "published/kidney/dose", source = "s" }]
[[figure]]
kind = "comparison"
name = "beside"
caption = "a caption"
from = "literature"
"#;

/// The steps in their order, each with those it stands on.
pub(crate) const STEPS: [(&str, &[&str]); 13] = [
    ("fits", &[]),
    ("dose", &["fits"]),
    ("plan", &["dose"]),
    ("sim", &[]),
    ("chained", &[]),
    ("men", &[]),
    ("trial", &["men"]),
    ("courses", &["trial"]),
    ("posterior", &["trial"]),
    ("fitted", &["posterior"]),
    ("os", &[]),
    ("stat", &["os"]),
    ("literature", &["dose"]),
];

/// A world, an experiment in it, and its seed.
#[derive(Clone)]
pub(crate) struct Case {
    files: Vec<(String, String)>,
    text: String,
}

impl Case {
    pub(crate) fn new() -> Self {
        let study = "data/studies/snmmi_patient4";
        let shipped = Files::default().with_folder(study);
        let mut files: Vec<(String, String)> = [
            ("patient.toml", CONSTANT_HAZARD),
            ("ligand.toml", LIGAND),
            ("parent.toml", PARENT),
            ("child.toml", CHILD),
            ("curve.csv", CURVE),
            ("at_risk.csv", AT_RISK),
            ("published.csv", "organ,dose\nkidney,2.6\n"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
        for name in ["activity.csv", "doses.csv", "subjects.csv"] {
            let path = format!("{study}/{name}");
            let bytes = lutetia_experiment::World::bytes(&shipped, &path).expect("a shipped file");
            files.push((path, String::from_utf8(bytes).expect("text")));
        }
        Self { files, text: format!("{}{EXPERIMENT}", heading(1)) }
    }

    fn keys(&mut self, from: &str, to: &str) {
        assert_eq!(self.text.matches(from).count(), 1, "{from}");
        self.text = self.text.replace(from, to);
    }

    fn file(&mut self, path: &str, from: &str, to: &str) {
        let (_, text) = self.files.iter_mut().find(|(p, _)| p.ends_with(path)).expect("a file");
        assert!(text.contains(from), "{path}: {from}");
        *text = text.replacen(from, to, 1);
    }

    fn run(&self, cache: &dyn Cache, program: &str) -> Ran {
        self.run_keeping(&Keep { cache, program, ..Keep::nothing() })
    }

    pub(crate) fn run_keeping(&self, keep: &Keep<'_>) -> Ran {
        let files = self.files.iter().fold(Files::default(), |all, (p, t)| all.with(p, t));
        files.run_keeping(&self.text, keep).expect("it runs")
    }
}

/// What the steps of an experiment found is what the tables show that are declared to show it, and nothing else; it
/// comes out of the cache as it went in.
#[test]
fn exact_results_are_what_their_tables_show_with_and_without_a_cache() {
    let case = Case::new();
    let cache = Memory::default();
    let [first, again] = [(); 2].map(|()| case.run(&cache, "program"));
    assert_eq!(first.made.results, again.made.results);
    let sources = again.made.steps.iter().map(|step| step.source);
    assert!(sources.filter(|source| *source == Source::Cache).count() >= 12);
    let mut read = lutetia_diagnostic::Sources::new();
    let experiment = lutetia_experiment::spec::parse("experiment.toml", &case.text, &mut read);
    let experiment = experiment.expect("an experiment");
    let files = case.files.iter().fold(Files::default(), |all, (p, t)| all.with(p, t));
    let declared = lutetia_experiment::declared(&experiment, &files);
    let mut shown = BTreeSet::new();
    for results in &first.made.results {
        let made = &first.made.tables[results.name()];
        assert_eq!(results.table().of(made.origin), *made, "{}", results.name());
        let sheet = declared.iter().find(|sheet| sheet.name == results.name());
        assert!(sheet.is_some_and(|sheet| sheet.results), "{}", results.name());
        shown.insert(results.name());
    }
    for sheet in declared.iter().filter(|sheet| sheet.results) {
        let made = first.made.tables.contains_key(&sheet.name);
        assert_eq!(shown.contains(sheet.name.as_str()), made, "{}", sheet.name);
    }
    assert!(shown.len() >= 10, "{shown:?}");
}

/// A calibration that is not run gives the interval of its values too.
#[test]
fn exact_a_cached_calibration_gives_its_interval() {
    let mut case = Case::new();
    let step = "[[step]]\nkind = \"one-at-a-time\"\nid = \"moved\"\ntrial = \"trial\"\narm = \"a\"\nresult = \
                \"restricted-mean\"\nhorizon = \"6 mo\"\npatients = 4\nvary = [{ name = \"rate\", from = \"posterior\" }]\n";
    let cache = Memory::default();
    case.run(&cache, "program");
    case.text = case.text.replacen(
        "[[step]]\nkind = \"compare\"",
        &format!("{step}[[step]]\nkind = \"compare\""),
        1,
    );
    let ran = case.run(&cache, "program");
    let source =
        |id: &str| ran.made.steps.iter().find(|step| step.step == id).map(|step| step.source);
    assert_eq!(source("moved"), Some(Source::Computed));
    assert_eq!(source("posterior"), Some(Source::Cache), "it is not run for its interval");
    let (moved, posterior) = (ran.table("moved"), ran.table("posterior"));
    let (moved, posterior) = (moved.row("parameter", "rate"), posterior.row("name", "rate"));
    assert_eq!(moved.text("low_at"), posterior.text("low"));
    assert_eq!(moved.text("high_at"), posterior.text("high"));
    assert!(moved.number("low") > moved.number("high"), "a higher rate shortens lives");
    // A parameter that was not calibrated is said.
    case.text = case.text.replacen("name = \"rate\", from", "name = \"sex\", from", 1);
    let files = case.files.iter().fold(Files::default(), |all, (p, t)| all.with(p, t));
    assert!(files.run(&case.text).is_err());
}

/// A change, and the steps that it reaches by itself.
pub(crate) type Change = (fn(&mut Case), &'static [&'static str]);

pub(crate) const CHANGES: [Change; 16] = [
    (|c| c.keys("question = \"q\"", "question = \"another\""), &[]),
    (|c| c.keys("caption = \"a caption\"", "caption = \"another\""), &[]),
    (|c| c.keys("functions = [\"mono\"]", "functions = [\"bi\"]"), &["fits"]),
    (|c| c.keys("volume_sd = \"5 %\"", "volume_sd = \"6 %\""), &["dose"]),
    (|c| c.keys("limit = \"23 Gy\"", "limit = \"28 Gy\""), &["plan"]),
    (|c| c.keys("follow_up = \"12 mo\"", "follow_up = \"18 mo\""), &["trial"]),
    (|c| c.keys("particles = 12", "particles = 14"), &["posterior"]),
    (|c| c.keys("patients = 6", "patients = 7"), &["fitted"]),
    (|c| c.keys("reference = \"a\"", "reference = \"b\""), &["stat"]),
    (|c| c.file("activity.csv", "98.561432", "98.561433"), &["fits", "dose"]),
    (|c| c.file("published.csv", "2.6", "2.7"), &["literature"]),
    (|c| c.file("curve.csv", "8,0.5", "8,0.51"), &["os"]),
    (|c| c.file("patient.toml", "0.01 1/d", "0.011 1/d"), &["sim", "men", "fitted"]),
    (|c| c.file("ligand.toml", "0.2 1/h", "0.3 1/h"), &["chained"]),
    (|c| c.file("parent.toml", "A ligand", "A ligand and nothing else"), &["chained"]),
    (
        |c| c.keys("seed = 1", "seed = 2"),
        &[
            "posterior",
            "fitted",
            "fits",
            "dose",
            "plan",
            "sim",
            "chained",
            "men",
            "trial",
            "courses",
            "os",
            "stat",
            "literature",
        ],
    ),
];

/// The steps that some changes reach, through others too.
pub(crate) fn reached(changes: &[&Change]) -> BTreeSet<&'static str> {
    let mut reached: BTreeSet<&str> =
        changes.iter().flat_map(|(_, own)| own.iter().copied()).collect();
    for (step, on) in STEPS {
        if on.iter().any(|on| reached.contains(on)) {
            reached.insert(step);
        }
    }
    reached
}

pub(crate) fn of(ran: &Ran, source: Source) -> BTreeSet<&str> {
    let steps = ran.made.steps.iter().filter(|s| s.source == source);
    steps.map(|s| s.step.as_str()).collect()
}

/// Every bit of what was made.
pub(crate) fn bits(ran: &Ran) -> String {
    let mut all = String::new();
    for table in ran.made.tables.values().chain(ran.made.numbers.values()) {
        let columns: Vec<_> =
            table.columns.iter().map(|c| (&c.name, &c.unit, c.tolerance.to_bits())).collect();
        all += &format!("{} {:?} {:?} {columns:?}\n", table.name, table.caption, table.origin);
        for cell in table.rows.iter().flatten() {
            match cell {
                Cell::Number(x) => all += &format!("{:x} ", x.to_bits()),
                other => all += &format!("{other:?} "),
            }
        }
    }
    let svg: Vec<String> = ran.made.figures.iter().map(|f| ran.svg(&f.name)).collect();
    format!("{all}\n{:?}\n{:?}\n{:?}\n{svg:?}", ran.made.settings, ran.made.assumed, ran.read)
}

/// Entries in memory.
#[derive(Debug, Default)]
pub(crate) struct Memory(Mutex<BTreeMap<String, Vec<u8>>>);

impl Memory {
    /// Lets something happen to every entry.
    fn spoil(&self, how: impl Fn(&mut Vec<u8>)) {
        let mut entries = self.0.lock().expect("no thread panicked");
        entries.values_mut().for_each(how);
    }

    /// How many entries there are.
    fn count(&self) -> usize {
        self.0.lock().expect("no thread panicked").len()
    }
}

impl Cache for Memory {
    fn get(&self, identity: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("no thread panicked").get(identity).cloned()
    }

    fn put(&self, identity: &str, entry: &[u8]) {
        let mut entries = self.0.lock().expect("no thread panicked");
        entries.insert(identity.to_owned(), entry.to_vec());
    }
}

/// What was kept first, and what is kept on top of it.
struct Layers<'c>(&'c Memory, Memory);

impl Cache for Layers<'_> {
    fn get(&self, identity: &str) -> Option<Vec<u8>> {
        self.1.get(identity).or_else(|| self.0.get(identity))
    }

    fn put(&self, identity: &str, entry: &[u8]) {
        self.1.put(identity, entry);
    }
}

/// A cache in which everything of the first case is kept.
fn warm() -> Memory {
    let memory = Memory::default();
    let first = Case::new().run(&memory, "p");
    assert_eq!(of(&first, Source::Computed).len(), STEPS.len());
    assert_eq!(memory.count(), STEPS.len());
    memory
}

#[test]
fn exact_what_is_kept_is_what_is_computed_to_the_last_bit() {
    let memory = warm();
    let again = Case::new().run(&memory, "p");
    assert_eq!(of(&again, Source::Cache).len(), STEPS.len());
    let alone = Case::new().run(&lutetia_experiment::cache::Nothing, "p");
    assert_eq!(bits(&again), bits(&alone));
}

#[test]
fn exact_each_change_runs_what_it_reaches_and_nothing_else() {
    let memory = warm();
    for change in &CHANGES {
        let mut case = Case::new();
        (change.0)(&mut case);
        let ran = case.run(&Layers(&memory, Memory::default()), "p");
        let expected = reached(&[change]);
        assert_eq!(of(&ran, Source::Computed), expected, "{expected:?}");
        // In memory a step hands on more than its tables; whose tables alone are read is not run for that.
        let again: &[&str] = match change.1 {
            ["dose"] => &["fits"],
            ["plan"] => &["fits", "dose"],
            ["trial"] => &["men"],
            ["stat"] => &["os"],
            // What a calibration hands on are a few values, which are kept with its tables.
            ["posterior"] => &["men", "trial"],
            _ => &[],
        };
        assert_eq!(of(&ran, Source::Again), again.iter().copied().collect(), "{expected:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn prop_the_cache_never_changes_what_is_made(chosen in prop::collection::vec(any::<bool>(), CHANGES.len() - 1)) {
        let memory = warm();
        let changes: Vec<&Change> =
            CHANGES.iter().zip(&chosen).filter(|(_, chosen)| **chosen).map(|(c, _)| c).collect();
        let mut case = Case::new();
        changes.iter().for_each(|change| (change.0)(&mut case));
        let ran = case.run(&memory, "p");
        prop_assert_eq!(of(&ran, Source::Computed), reached(&changes));
        let alone = case.run(&lutetia_experiment::cache::Nothing, "p");
        prop_assert_eq!(bits(&ran), bits(&alone));
        // Going back finds everything of before.
        let back = Case::new().run(&memory, "p");
        prop_assert_eq!(of(&back, Source::Cache).len(), STEPS.len());
    }
}

#[test]
fn exact_a_damaged_entry_is_computed_again_and_replaced() {
    let spoils: [fn(&mut Vec<u8>); 5] = [
        |entry| entry.clear(),
        |entry| entry.truncate(entry.len() / 2),
        |entry| {
            let last = entry.len() - 3;
            entry[last] ^= 1;
        },
        |entry| entry[0] ^= 1,
        |entry| *entry = b"no seal at all".to_vec(),
    ];
    let memory = warm();
    let whole = bits(&Case::new().run(&memory, "p"));
    for spoil in spoils {
        memory.spoil(spoil);
        let ran = Case::new().run(&memory, "p");
        assert_eq!(of(&ran, Source::Computed).len(), STEPS.len());
        assert_eq!(bits(&ran), whole);
        let again = Case::new().run(&memory, "p");
        assert_eq!(of(&again, Source::Cache).len(), STEPS.len(), "it was replaced");
    }
}

/// Gives every step the entry of another one.
struct Mixed<'c>(&'c Memory, String);

impl Cache for Mixed<'_> {
    fn get(&self, _identity: &str) -> Option<Vec<u8>> {
        self.0.get(&self.1)
    }

    fn put(&self, _identity: &str, _entry: &[u8]) {}
}

/// Remembers what was asked for.
#[derive(Default)]
struct Asked(std::sync::Mutex<Vec<String>>);

impl Cache for Asked {
    fn get(&self, identity: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("no thread panicked").push(identity.to_owned());
        None
    }

    fn put(&self, _identity: &str, _entry: &[u8]) {}
}

#[test]
fn exact_an_entry_under_another_name_is_none() {
    let memory = warm();
    let asked = Asked::default();
    let _ran = Case::new().run(&asked, "p");
    let asked = asked.0.into_inner().expect("no thread panicked");
    assert_eq!(asked.iter().collect::<BTreeSet<_>>().len(), STEPS.len(), "no two are alike");
    let ran = Case::new().run(&Mixed(&memory, asked[0].clone()), "p");
    // The fits are their own; they run for what the dose takes from them.
    assert_eq!(of(&ran, Source::Computed).len(), STEPS.len() - 1);
    assert_eq!(of(&ran, Source::Again), ["fits"].into());
}

#[test]
fn exact_another_program_takes_nothing_and_force_refreshes() {
    let memory = warm();
    let other = Case::new().run(&Layers(&memory, Memory::default()), "q");
    assert_eq!(of(&other, Source::Computed).len(), STEPS.len());
    // A program that is not known keeps nothing.
    let own = Memory::default();
    let unknown = Case::new().run(&own, "");
    assert_eq!((of(&unknown, Source::Computed).len(), own.count()), (STEPS.len(), 0));
    memory.spoil(Vec::clear);
    let forced = Case::new().run(&Refresh(&memory), "p");
    assert_eq!(of(&forced, Source::Computed).len(), STEPS.len());
    let again = Case::new().run(&memory, "p");
    assert_eq!(of(&again, Source::Cache).len(), STEPS.len(), "what is there is what force made");
}
