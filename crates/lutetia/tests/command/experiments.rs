//! Experiments are checked and explained without being run.

use std::{fs, path::Path};

use lutetia_testkit::repository;

use crate::common;

/// All that a user sees of a command in a folder.
fn run(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, arguments).shown()
}

const SHIPPED: &str = "reports/02_hot_and_cold/experiment.toml";

#[test]
fn regress_an_experiment_is_checked_and_explained() {
    let root = repository();
    insta::assert_snapshot!("experiment_check", run(&root, &["check", SHIPPED]));
    insta::assert_snapshot!("experiment_explain", run(&root, &["explain", SHIPPED]));
    insta::assert_snapshot!("experiment_latex", run(&root, &["explain", "--latex", SHIPPED]));
    let folder = run(&root, &["check", "reports/02_hot_and_cold"]);
    assert!(folder.contains("experiment.toml: ok ("), "{folder}");
    let json = common::run(&root, &["explain", "--json", SHIPPED]);
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(plan["steps"][0]["models"][0], "psma", "{plan}");
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
