//! The order in which reports that read each other are made.

use std::fs;

use lutetia_report::run::{Outcome, Settings};
use lutetia_testkit::{CONSTANT_HAZARD, Rows, heading};

use crate::silent::go;

const READS: &str = r#"
[models.m]
file = "patient.toml"
[[step]]
kind = "cohort"
id = "men"
model = "m"
patients = 5
calibrated = { experiment = "02_first", step = "posterior", draws = 3 }
"#;

const CALIBRATES: &str = r#"
[models.m]
file = "patient.toml"
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
[[step.arm]]
name = "b"
patients = 20
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
"#;

/// A report that reads another one is made after it, whatever their names.
#[test]
fn exact_what_is_read_is_made_first() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    fs::write(root.join("patient.toml"), CONSTANT_HAZARD).expect("a file");
    for (name, steps) in [("01_second", READS), ("02_first", CALIBRATES)] {
        let report = root.join("reports").join(name);
        fs::create_dir_all(&report).expect("a folder");
        fs::write(report.join("experiment.toml"), format!("{}{steps}", heading(1)))
            .expect("a file");
    }
    let settings = Settings { root: root.to_owned(), ..Settings::default() };
    let outcomes = go(&settings);
    for (name, outcome) in outcomes.iter().rev() {
        assert!(matches!(outcome, Outcome::Made), "{name}: {outcome:?}");
    }
    assert_eq!(outcomes[0].0, "01_second");
    let draws = fs::read_to_string(root.join("reports/01_second/tables/men.draws.csv"));
    assert_eq!(Rows::read(&draws.expect("it was made")).len(), 4);
    // And nothing is made again where nothing changed, nor does a check differ.
    let again = go(&settings);
    assert!(again.iter().all(|(_, o)| matches!(o, Outcome::Current)), "{again:?}");
    let check = Settings { check: true, ..settings };
    for (name, outcome) in go(&check) {
        let Outcome::Compared { differences, .. } = outcome else { panic!("{name}: {outcome:?}") };
        assert!(differences.is_empty(), "{name}: {differences:?}");
    }
}
