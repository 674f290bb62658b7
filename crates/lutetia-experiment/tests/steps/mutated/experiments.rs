//! The experiments that ship.

use std::collections::BTreeSet;

use toml::Value;

use super::{Case, Ended, Memory, changes, ended, judge, sample};
use crate::checked::{WORDS, Way, shipped};

/// Numbers of patients, draws and points, by the name of their key, and the most that a run here has of them.
const SIZES: [(&str, i64); 17] = [
    ("patients", 12),
    ("size", 4),
    ("particles", 10),
    ("effective_size", 3),
    ("generations", 1),
    ("most_generations", 2),
    ("explore", 6),
    ("predictions", 4),
    ("draws", 3),
    ("map_patients", 2),
    ("shown", 3),
    ("bootstrap", 4),
    ("first", 4),
    ("points", 6),
    ("rounds", 2),
    ("calls", 4),
    ("occasions", 4),
];

/// The same experiment with few patients.
fn shortened(value: &mut Value) {
    match value {
        Value::Table(table) => {
            for (key, value) in table.iter_mut() {
                let most = SIZES.iter().find(|(size, _)| size == key).map(|(_, most)| *most);
                match (most, value.as_integer()) {
                    (Some(most), Some(size)) => *value = size.min(most).into(),
                    _ => shortened(value),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(shortened),
        _ => {}
    }
}

/// Every change of every experiment; the first of each is the experiment as it is.
fn cases() -> Vec<Case> {
    let mut seen = BTreeSet::new();
    let mut cases = Vec::new();
    for (name, text) in shipped() {
        let mut root: Value = toml::from_str(&text).expect("TOML");
        shortened(&mut root);
        // Any words may be shown, and how many of something there are names nothing.
        let left_out = |way: &[Way]| {
            way.iter().any(|step| match step {
                Way::Key(key) => {
                    WORDS.contains(&key.as_str()) || SIZES.iter().any(|(size, _)| size == key)
                }
                Way::Element(_) => false,
            })
        };
        for (what, experiment) in changes(&root, &mut seen, &left_out) {
            cases.push(Case { what: format!("{name}{what}"), experiment, files: Vec::new() });
        }
    }
    cases
}

/// The experiments as they are, with few patients, so that what fails below fails by its change.
fn whole(cache: &Memory) {
    for (name, text) in shipped() {
        let mut root: Value = toml::from_str(&text).expect("TOML");
        shortened(&mut root);
        let experiment = toml::to_string(&root).expect("TOML");
        let case = Case { what: name.clone(), experiment, files: Vec::new() };
        match ended(&case, cache) {
            Ended::Ran => {}
            Ended::Found => panic!("{name} has faults"),
            Ended::Failed(failure) => panic!("{name}: {}", lutetia_testkit::said(&failure)),
            Ended::Panicked(said) => panic!("{name}: {said}"),
        }
    }
}

#[test]
fn prop_a_changed_experiment_is_found_or_runs() {
    let cache = Memory::default();
    let cases = sample(cases(), 64, 1);
    // Of what is not changed it takes a minute without optimisation, and a changed experiment is as good.
    if !cfg!(debug_assertions) {
        whole(&cache);
    }
    let (found, ran) = judge(&cases, &cache);
    assert!(found > 30 && ran > 5, "{found} found, {ran} ran");
}
