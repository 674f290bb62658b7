//! An experiment on dynamic PET, which none that ships is.

use std::collections::BTreeSet;

use toml::Value;

use super::{Case, Memory, changes, judge};
use crate::{
    checked::{WORDS, Way},
    pet,
};

const KEYS: &str = r#"scans = ["first"]
regions = ["cortex"]
methods = ["logan", "reference-logan", "srtm"]
reference = "cerebellum"
k2_prime = "0.1 1/min"
t_star = "12 min"
delay = "0 s"
blood_fraction = "4 %"

[[figure]]
kind = "forest"
name = "volumes"
caption = "Volumes"
from = "k"
columns = { label = "region", estimate = "value", low = "low", high = "high", group = "method" }
only = { scan = "first" }
x_label = "value"
log = false
compared = false
weighted = false
"#;

/// Every change of every key, as its fits take no time.
#[test]
fn prop_a_changed_experiment_of_pet_is_found_or_runs() {
    let (tacs, blood) = pet::tables();
    let files = vec![("pet/tacs.csv".to_owned(), tacs), ("pet/blood.csv".to_owned(), blood)];
    let text = pet::experiment(KEYS)
        .replace("blood.csv\"", "blood.csv\", gaps = true")
        .replace("result = \"r\"", "result = '{{ num(\"k/first: cortex, srtm, BP_ND/value\") }}'");
    let root: Value = toml::from_str(&text).expect("TOML");
    let words = |way: &[Way]| {
        way.iter().any(|step| matches!(step, Way::Key(key) if WORDS.contains(&key.as_str())))
    };
    let case = |(what, experiment)| Case { what, experiment, files: files.clone() };
    let mut cases: Vec<Case> =
        changes(&root, &mut BTreeSet::new(), &words).into_iter().map(case).collect();
    cases.push(case(("as it is".to_owned(), text)));
    let (found, ran) = judge(&cases, &Memory::default());
    assert!(found > 100 && ran > 20, "{found} found, {ran} ran");
}
