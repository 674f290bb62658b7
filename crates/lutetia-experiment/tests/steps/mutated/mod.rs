//! What is changed in a file is found by its check, or the file runs as it was changed: never is a name or a unit found
//! to be wrong while steps run.
//!
//! Experiments run with few patients, and of what a change does not reach the tables are taken from a cache. A sample is
//! run with every change of the code, and more of it by `cargo xtask deep`: of chains and scaffolds every change.

mod chains;
mod experiments;
mod pet;
mod scaffolds;

use std::{
    collections::{BTreeMap, HashMap},
    io,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex},
};

use lutetia_experiment::{Cache, Disk, Failure, Keep, Reading, World, cache::Nothing};
use lutetia_figure::charts::ChartError;
use lutetia_testkit::repository;
use rayon::prelude::*;
use toml::Value;

use crate::checked::{Way, at, identity, ways};

/// The repository with some files in place of those that it has.
pub(crate) struct Replaced {
    disk: Disk,
    files: BTreeMap<String, Vec<u8>>,
}

impl Replaced {
    fn with(files: impl IntoIterator<Item = (String, String)>) -> Self {
        let files = files.into_iter().map(|(path, text)| (path, text.into_bytes())).collect();
        Self { disk: Disk::new(repository()), files }
    }
}

impl World for Replaced {
    fn bytes(&self, path: &str) -> io::Result<Vec<u8>> {
        self.files.bytes(path).or_else(|_| self.disk.bytes(path))
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        self.files.list(folder).or_else(|_| self.disk.list(folder))
    }

    fn is_folder(&self, path: &str) -> io::Result<bool> {
        self.files.is_folder(path).or_else(|_| self.disk.is_folder(path))
    }
}

/// Remembers what steps made.
#[derive(Default)]
struct Memory(Mutex<HashMap<String, Vec<u8>>>);

impl Cache for Memory {
    fn get(&self, identity: &str) -> Option<Vec<u8>> {
        self.0.lock().expect("whole").get(identity).cloned()
    }

    fn put(&self, identity: &str, entry: &[u8]) {
        self.0.lock().expect("whole").insert(identity.to_owned(), entry.to_vec());
    }
}

/// One changed file, in an experiment that uses it or is it.
struct Case {
    what: String,
    experiment: String,
    files: Vec<(String, String)>,
}

/// What came of a change.
enum Ended {
    Found,
    Ran,
    /// Nothing is wrong with it but numbers: a fit without an answer, an arm without an event.
    Failed(Failure),
    /// No file may do that.
    Panicked(String),
}

/// Codes of what cannot be known of names and units: numbers that have no answer, or are out of their range.
const NUMBERS: [&str; 13] = [
    "LUT4", "LUT5", "LUT6", "LUT9", "LUT7124", "LUT7126", "LUT7134", "LUT7139", "LUT7140",
    "LUT7141", "LUT7156", "LUT7160", "LUT7161",
];

fn ended(case: &Case, cache: &dyn Cache) -> Ended {
    let world = Replaced::with(case.files.iter().cloned());
    let checked = lutetia_experiment::check("reports/x/experiment.toml", &case.experiment, &world);
    if !checked.diagnostics.is_empty() {
        return Ended::Found;
    }
    let experiment = checked.experiment.expect("an experiment without a fault");
    let keep = Keep { cache, program: "a test", repository: &Nothing };
    let mut reading = Reading::of(&world);
    match lutetia_experiment::run(&experiment, &mut reading, &keep, &|_| {}, &Arc::default()) {
        Ok(_) => Ended::Ran,
        Err(failure) => Ended::Failed(failure),
    }
}

/// As [`ended`]: one that panics does not hide what becomes of the others.
fn caught(case: &Case, cache: &dyn Cache) -> Ended {
    panic::catch_unwind(AssertUnwindSafe(|| ended(case, cache))).unwrap_or_else(|said| {
        let text = said.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| said.downcast_ref::<&str>().copied());
        Ended::Panicked(text.unwrap_or("without a word").to_owned())
    })
}

/// Whether a chart cannot show the values that there are: none, or some that its axis does not have.
fn of_values(failure: &Failure) -> bool {
    let Failure::Chart { source, .. } = failure else { return false };
    matches!(
        **source,
        ChartError::NoRows { .. }
            | ChartError::Cell { .. }
            | ChartError::Ticks { .. }
            | ChartError::NoVariance
            | ChartError::NoReference { .. }
            | ChartError::NoExcess { .. }
            | ChartError::Outcome(_)
            | ChartError::Arm { .. }
    )
}

/// Runs all cases; says how many were found and how many ran, and fails where a run fails on a name or a unit.
fn judge(cases: &[Case], cache: &dyn Cache) -> (usize, usize) {
    let ended: Vec<(&Case, Ended)> =
        cases.par_iter().map(|case| (case, caught(case, cache))).collect();
    let (mut found, mut ran, mut wrong) = (0, 0, Vec::new());
    for (case, ended) in &ended {
        match ended {
            Ended::Found => found += 1,
            Ended::Ran => ran += 1,
            Ended::Panicked(said) => wrong.push(format!("{}\n    panicked: {said}", case.what)),
            Ended::Failed(failure) => {
                ran += 1;
                let code = failure.code().unwrap_or("no code");
                if !NUMBERS.iter().any(|number| code.starts_with(number)) && !of_values(failure) {
                    let said = lutetia_testkit::said(failure);
                    wrong.push(format!("{}\n    {code}: {said}", case.what));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    (found, ran)
}

/// One of so many cases, or of so many where the tests are built with optimisation, as `cargo xtask deep` builds them.
/// They are chosen by what they are, so that one more leaves the others where they are.
fn sample(mut cases: Vec<Case>, plain: u64, optimised: u64) -> Vec<Case> {
    let one_of = if cfg!(debug_assertions) { plain } else { optimised };
    let chosen = |case: &Case| {
        let hash = case.what.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash >> 17) % one_of == 0
    };
    cases.retain(chosen);
    cases
}

/// A value of a TOML file changed in its name, its type, its text, its unit or what it refers to: what was done, and the
/// file. Each key of the language is changed once, at the first place where it stands.
fn changes(
    root: &Value,
    seen: &mut std::collections::BTreeSet<String>,
    left_out: &dyn Fn(&[Way]) -> bool,
) -> Vec<(String, String)> {
    let mut all = Vec::new();
    ways(root, &[], &mut all);
    let names = referents(root);
    let mut changed = Vec::new();
    for way in all.iter().filter(|way| !left_out(way)) {
        let identity = identity(root, way);
        if !seen.insert(identity.clone()) {
            continue;
        }
        let mut push = |what: &str, root: &Value| {
            changed.push((format!("{identity} {what}"), toml::to_string(root).expect("TOML")));
        };
        if let Some((Way::Key(key), before)) = way.split_last() {
            let mut root = root.clone();
            let table = at(&mut root, before).as_table_mut().expect("a table");
            let value = table.remove(key).expect("a key");
            push("without the key", &root);
            let table = at(&mut root, before).as_table_mut().expect("a table");
            table.insert(format!("{key}x"), value);
            push("under another name", &root);
        }
        let value = at(&mut root.clone(), way).clone();
        let mut others: Vec<Value> = match &value {
            Value::String(text) => texts(text, &names).into_iter().map(Value::from).collect(),
            _ => vec!["x".into()],
        };
        others.extend([
            3.into(),
            true.into(),
            Value::Array(vec!["x".into()]),
            Value::Array(Vec::new()),
            Value::Table(toml::Table::new()),
        ]);
        for other in others.into_iter().filter(|other| *other != value) {
            let mut root = root.clone();
            let what = format!("as {other}");
            *at(&mut root, way) = other;
            push(&what, &root);
        }
    }
    changed
}

/// Names that a file gives: of its steps, data, models, parts.
fn referents(root: &Value) -> Vec<String> {
    let keys = |section: &str| {
        let table = root.get(section).and_then(Value::as_table);
        table.into_iter().flat_map(|table| table.keys().cloned()).collect::<Vec<_>>()
    };
    let steps = root.get("step").and_then(Value::as_array);
    let ids =
        steps.into_iter().flatten().filter_map(|step| Some(step.get("id")?.as_str()?.to_owned()));
    ids.chain(keys("data")).chain(keys("models")).chain(keys("parts")).collect()
}

/// What a text becomes: another name, a quantity of something else or without its unit, another name that there is.
fn texts(text: &str, names: &[String]) -> Vec<String> {
    let mut all = vec![format!("{text}q"), String::new()];
    if let Ok(quantity) = lutetia_units::Quantity::parse(text)
        && !quantity.dimension().is_none()
    {
        let length = quantity.dimension() == lutetia_units::Dimension::LENGTH;
        let other = if length { "kg" } else { "mm" };
        all.push(format!("{} {other}", quantity.value()));
        all.push(quantity.value().to_string());
    }
    // What refers to one thing refers to each of the others.
    let (name, rest) = match text.find(['.', '/', ':']) {
        Some(cut) => text.split_at(cut),
        None => (text, ""),
    };
    if names.iter().any(|known| known == name) {
        let others = names.iter().filter(|known| *known != name);
        all.extend(others.take(4).map(|other| format!("{other}{rest}")));
    }
    all
}
