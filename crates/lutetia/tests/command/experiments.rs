//! Experiments are checked and explained without being run.

use std::{fs, path::Path};

use lutetia_testkit::repository;

use crate::common;

/// All that a user sees of a command in a folder.
fn run(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, arguments).shown()
}

const SHIPPED: &str = "reports/02_hot_and_cold/experiment.toml";
const AMOUNTS: &str = "data/patients/psma-it-wholebody/amounts.csv";

#[test]
fn regress_an_experiment_is_checked_and_explained() {
    let root = repository();
    insta::assert_snapshot!("experiment_check", run(&root, &["check", SHIPPED]));
    // Nothing was made in a folder of its own.
    let own = tempfile::tempdir().expect("a temporary folder");
    for file in [SHIPPED, "models/psma/tumour-kidney.toml", AMOUNTS] {
        let path = own.path().join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::copy(root.join(file), path).expect("a file of the repository");
    }
    insta::assert_snapshot!("experiment_explain", run(own.path(), &["explain", SHIPPED]));
    insta::assert_snapshot!("experiment_latex", run(&root, &["explain", "--latex", SHIPPED]));
    let folder = run(&root, &["check", "reports/02_hot_and_cold"]);
    assert!(folder.contains("experiment.toml: ok ("), "{folder}");
    let json = common::run(&root, &["explain", "--json", SHIPPED]);
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(plan["steps"][0]["models"][0], "psma", "{plan}");
}

const SMALL: &str = r#"
[models.m]
file = "sstr2/dotatate-small"
nuclides = ["Lu-177"]
[[step]]
kind = "simulate"
id = "course"
model = "m"
doses = [{ into = "L.plasma", activity = "1 GBq", amount = "100 nmol" }]
outputs = ["A_kidneys"]
until = "100 h"
points = 3
[[step]]
kind = "compare"
id = "beside"
caption = "c"
rows = [{ what = "w", ours = "course/100/A_kidneys", published = 1, source = "s" }]
"#;

#[test]
fn exact_an_explanation_says_what_is_there_already() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let file = "reports/01_small/experiment.toml";
    fs::create_dir_all(root.join("reports/01_small")).expect("a folder");
    let text = format!("{}{SMALL}", lutetia_testkit::heading(1));
    fs::write(root.join(file), &text).expect("a file");
    let sources = || {
        let ran = common::run(root, &["explain", "--json", file]);
        let plan: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        [0, 1].map(|step| plan["steps"][step]["source"].as_str().map(str::to_owned))
    };
    let both = |word: &str| [Some(word.to_owned()), Some(word.to_owned())];
    assert_eq!(sources(), both("computed"));
    let made = run(root, &["report", "--keep-steps=0"]);
    assert!(made.starts_with("exit code: 0\n"), "{made}");
    assert_eq!(sources(), both("cache"));
    fs::remove_dir_all(root.join(".lutetia")).expect("it was made");
    assert_eq!(sources(), both("repository"));
    let shown = run(root, &["explain", file]);
    assert_eq!(shown.matches("in the repository").count(), 2, "{shown}");
    fs::write(root.join(file), text.replace("points = 3", "points = 5")).expect("a file");
    assert_eq!(sources(), both("computed"));
    fs::write(root.join(file), &text).expect("a file");
    fs::remove_file(root.join("reports/01_small/.stamp.json")).expect("it was made");
    let taken = run(root, &["report"]);
    assert!(taken.contains("; from the repository: course, beside"), "{taken}");
    let kept = root.join("reports/01_small/steps/course.bin");
    fs::write(&kept, "no entry").expect("a file");
    fs::write(kept.with_file_name("nobody.bin"), "no entry").expect("a file");
    let checked = run(root, &["report", "--check", "--force"]);
    assert!(checked.starts_with("exit code: 65\n"), "{checked}");
    assert!(checked.contains("`steps/course.bin` is damaged and is not used"), "{checked}");
    // The report is current: what is said must mend it all the same.
    for does in ["writes it anew", "removes it"] {
        let said = format!("`lutetia report 01_small --force` {does}");
        assert!(checked.contains(&said), "{checked}");
    }
    let mended = run(root, &["report", "01_small", "--force"]);
    assert!(mended.starts_with("exit code: 0\n"), "{mended}");
    let checked = run(root, &["report", "--check", "--force"]);
    assert!(checked.starts_with("exit code: 0\n"), "{checked}");
}

#[test]
fn regress_a_faulty_experiment_is_65_and_makes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = fs::read_to_string(repository().join(SHIPPED)).expect("an experiment");
    let text = text
        .replace("until = \"168 h\"", "untill = \"168 h\"")
        .replace("figure(\"ratio\")", "figure(\"ration\")");
    let reports = folder.path().join("reports/01_hot");
    fs::create_dir_all(&reports).expect("a folder");
    fs::write(reports.join("experiment.toml"), text).expect("a file");
    let amounts = folder.path().join(AMOUNTS);
    fs::create_dir_all(amounts.parent().expect("a folder")).expect("a folder");
    fs::copy(repository().join(AMOUNTS), amounts).expect("a file of the repository");
    let file = "reports/01_hot/experiment.toml";
    insta::assert_snapshot!("experiment_faulty", run(folder.path(), &["check", file]));
    let explained = run(folder.path(), &["explain", file]);
    assert!(explained.starts_with("exit code: 65\n"), "{explained}");
    let json = common::run(folder.path(), &["check", "--json", file]);
    let rows: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(rows[0]["ok"], false, "{rows}");
    assert_eq!(rows[0]["diagnostics"].as_array().map(Vec::len), Some(2), "{rows}");
    assert_eq!(fs::read_dir(&reports).expect("the folder").count(), 1);
}
