//! Kinetics of PET as a user asks for them.

use std::{fs, path::Path};

use lutetia_testkit::repository;
use serde_json::Value;

use crate::common;

fn json(arguments: &[&str]) -> Value {
    let arguments = [&["--json", "pet"], arguments].concat();
    let ran = common::run(&repository(), &arguments);
    serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.shown()))
}

fn value(rows: &Value, method: &str, quantity: &str) -> f64 {
    let rows = rows.as_array().expect("rows");
    let row = rows.iter().find(|r| r["method"] == method && r["quantity"] == quantity);
    row.and_then(|row| row["value"].as_f64()).unwrap_or(f64::NAN)
}

/// One scan by five methods: they agree as they should, and a held parameter is said to be held.
#[test]
fn val_a_scan_of_the_repository_by_several_methods() {
    let one = ["data/pet", "--scan", "cgyu_2", "--region", "FC"];
    let more =
        ["--method", "2tcm", "--method", "1tcm", "--print", "estimates", "--delay", "5.88 s"];
    let rows = json(&[&one[..], &more].concat());
    // kinfitr 0.9.1: 2.4334 and 2.1927.
    assert!((value(&rows, "2tcm", "V_T") / 2.4334 - 1.0).abs() < 0.01, "{rows:#}");
    assert!((value(&rows, "1tcm", "V_T") / 2.1927 - 1.0).abs() < 0.01, "{rows:#}");
    assert!((value(&rows, "2tcm", "delay") - 0.098).abs() < 1e-9, "{rows:#}");
    let plots = ["--method", "logan", "--method", "ma1", "--t-star", "32 min"];
    let rows = json(&[&one[..], &plots].concat());
    for method in ["logan", "ma1"] {
        assert!((value(&rows, method, "V_T") / 2.7 - 1.0).abs() < 0.03, "{rows:#}");
    }
}

fn write(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).expect("a file");
}

#[test]
fn regress_tables_of_pet_with_faults() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(
        folder.path(),
        "tacs.csv",
        "region,start (min),end (min),activity\nFC,0,1,10\nFC,0.5,2,20\nFC,3,4,30\n",
    );
    write(
        folder.path(),
        "blood.csv",
        "time (min),plasma (kBq/mL),parent_fraction\n1,50,1\n2,40,-0.1\n3,30,95\n",
    );
    let shown = common::run(folder.path(), &["pet", "."]).shown();
    for expected in ["exit code: 65", "has no unit", "`parent_fraction` is -0.1", "in percent"] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
    write(
        folder.path(),
        "tacs.csv",
        "region,start (min),end (min),activity (kBq/mL)\nFC,0,1,10\nFC,0.5,2,20\nFC,3,4,30\n",
    );
    write(folder.path(), "blood.csv", "time (min),parent_plasma (kBq/mL)\n1,50\n3,40\n");
    let shown = common::run(folder.path(), &["pet", "."]).shown();
    for expected in ["exit code: 65", "LUT3070", "LUT3071", "LUT3072", "tacs.csv:3:1"] {
        assert!(shown.contains(expected), "{expected}\n{shown}");
    }
}

#[test]
fn exact_what_cannot_be_asked_is_refused_with_a_hint() {
    let said = |arguments: &[&str]| {
        let arguments = [&["pet", "data/pet", "--scan", "cgyu_2", "--region", "FC"], arguments];
        common::run(&repository(), &arguments.concat()).shown()
    };
    for (arguments, code, expected) in [
        (&["--method", "logn"][..], 64, "did you mean `logan`?"),
        (&["--method", "srtm"], 64, "`--reference NAME`"),
        (&["--method", "reference-logan", "--reference", "CBL"], 64, "`--k2-prime"),
        (&["--reference", "CBX"], 65, "did you mean `CBL`?"),
        (&["--t-star", "30"], 64, "`30 h`"),
        (&["--delay", "5 kg"], 64, "expected"),
        (&["--blood-fraction", "120 %"], 64, "less than 1"),
        (&["--uncorrected", "C-12"], 64, "unknown nuclide `C-12`"),
        (&["--method", "logan", "--t-star", "90 min"], 65, "at least 5 are needed"),
    ] {
        let shown = said(arguments);
        assert!(shown.contains(&format!("exit code: {code}")), "{arguments:?}\n{shown}");
        assert!(shown.contains(expected), "{arguments:?}\n{shown}");
    }
}
