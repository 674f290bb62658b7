//! `simulate --patients`: one run per row.

use std::{fs, path::Path};

use serde_json::Value;

use crate::common::{Ran, run};

const MODEL: &str = r#"
[model]
id    = "cleared"
title = "One compartment"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["X"], decayed = "cold" }
[patient]
weight = { typical = "70 kg", range = ["30 kg", "200 kg"] }
sex    = { levels = ["male", "female"] }
[compartments]
c = "0.1 L/kg*weight"
[parameters]
CL = { value = "2 L/h", effects = [{ of = "sex", form = "level", level = "female", coefficient = "-0.5" }] }
[species]
X = { in = ["c"] }
[scheme]
processes = "out: X.c -> 0 @ CL"
[observables]
N = { of = "X.c", unit = "nmol" }
"#;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let model = MODEL
        .replace("c = \"0.1 L/kg*weight\"", "c = \"spec*weight\"")
        .replace("[parameters]", "[parameters]\nspec = \"0.1 L/kg\"");
    for (name, text) in [("cleared.toml", model.as_str())].iter().chain(files) {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

fn simulate(folder: &Path, more: &[&str]) -> Ran {
    let head =
        ["simulate", "cleared.toml", "--nuclide", "Lu-177", "--until", "4 h", "--points", "3"];
    run(folder, &[&head[..], more].concat())
}

/// N = dose·exp(−CL t/V), V = 0.1 L/kg · weight, half the clearance of women.
#[test]
fn exact_each_row_is_its_patient() {
    let table = "patient;weight (kg);sex;CL (mL/min);amount (nmol);into\n\
                 zoe;50;female;50;100;X.c\nabe;80,0;male;;20;X.c\nmo;100;male;25;;\n";
    let folder = folder(&[("table.csv", table)]);
    let ran = simulate(folder.path(), &["--json", "--patients", "table.csv"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("`CL` is empty for patient abe"), "{}", ran.stderr);
    assert!(ran.stderr.contains("patient mo: no dose is given"), "{}", ran.stderr);
    let rows: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let rows = rows.as_array().expect("rows");
    let patients = [("zoe", 100.0, 1.5, 5.0), ("abe", 20.0, 2.0, 8.0), ("mo", 0.0, 1.5, 10.0)];
    assert_eq!(rows.len(), 9);
    for (k, row) in rows.iter().enumerate() {
        let (name, dose, cl, v) = patients[k / 3];
        let t = 2.0 * (k % 3) as f64;
        assert_eq!(row["patient"], name, "rows are in the order of the table");
        let found = row["N (nmol)"].as_f64().expect("a number");
        let exact = dose * f64::exp(-cl * t / v);
        assert!((found - exact).abs() < 1e-2, "{name} {t} h: {found}, exactly {exact}");
    }
}

/// The same row alone, among others and on other threads: the same text.
#[test]
fn prop_rows_do_not_see_each_other() {
    let row = |k: u32| format!("p{k},{},male,{},100,X.c\n", 40 + k, 1 + k % 7);
    let head = "patient,weight (kg),sex,CL (L/h),amount (nmol),into\n";
    let all: String = (0..40).map(row).collect();
    let folder =
        folder(&[("all.csv", &format!("{head}{all}")), ("one.csv", &format!("{head}{}", row(17)))]);
    let of = |table: &str| simulate(folder.path(), &["--json", "--patients", table]).stdout;
    let (all, one): (Value, Value) = (
        serde_json::from_str(&of("all.csv")).expect("JSON"),
        serde_json::from_str(&of("one.csv")).expect("JSON"),
    );
    let mine: Vec<&Value> =
        all.as_array().expect("rows").iter().filter(|row| row["patient"] == "p17").collect();
    assert_eq!(mine, one.as_array().expect("rows").iter().collect::<Vec<_>>());
}

/// Doses of a table as those of a study; a second one after 2 h.
#[test]
fn exact_doses_of_a_second_table() {
    let table = "patient,weight (kg),sex\na,100,male\nb,100,male\n";
    let doses = "patient,time (h),nuclide,activity (MBq),amount (nmol),into\n\
                 a,0,Lu-177,1,100,X.c\na,2,Lu-177,1,50,X.c\n";
    let folder = folder(&[("table.csv", table), ("doses.csv", doses)]);
    let given = ["--json", "--patients", "table.csv", "--patient-doses", "doses.csv"];
    let ran = simulate(folder.path(), &given);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let rows: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let left = f64::exp(-2.0 * 2.0 / 10.0);
    let exact = [100.0, 100.0 * left + 50.0, (100.0 * left + 50.0) * left, 0.0, 0.0, 0.0];
    for (row, exact) in rows.as_array().expect("rows").iter().zip(exact) {
        let found = row["N (nmol)"].as_f64().expect("a number");
        assert!((found - exact).abs() < 1e-2, "{row}: exactly {exact}");
    }
}

/// Every fault at once, each with its line.
#[test]
fn regress_faults_of_a_table_are_told_at_once() {
    let table = "patient,weight (kg),sex,CLL (L/h),CL (L)\n\
                 a,70,male,1,2\nb,500,male,1,2\nc,70,mal,1,2\na,70,female,1,2\nd,NaN,male,1,2\n";
    let folder = folder(&[("table.csv", table)]);
    let ran = simulate(folder.path(), &["--patients", "table.csv"]);
    assert_eq!(ran.code, Some(65), "{}", ran.shown());
    for said in [
        "the model has no parameter or covariate `CLL`",
        "did you mean `CL`?",
        "column `CL` is in `L`",
        "`weight` = 500 kg is outside the range of the model",
        "`mal` is not a level of `sex`",
        "patient `a` is listed twice",
        "not a finite number",
        "table.csv:3:",
        "table.csv:4:",
        "table.csv:5:",
        "table.csv:6:",
    ] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    for (name, table, said) in [
        ("twice", "patient,sex,sex\na,male,male\n", "is there twice"),
        ("empty", "", "is empty"),
        ("no patient", "weight (kg),sex\n70,male\n", "patient"),
        ("no covariate", "patient,weight (kg)\na,70\n", "fill the column `sex`"),
        ("no unit", "patient,sex,CL\na,male,2\n", "write `CL (L/h)`"),
        ("nowhere", "patient,sex,amount (nmol)\na,male,2\n", "fill the column `into`"),
    ] {
        fs::write(folder.path().join("table.csv"), table).expect("a file");
        let ran = simulate(folder.path(), &["--patients", "table.csv"]);
        assert_eq!(ran.code, Some(65), "{name}: {}", ran.shown());
        assert!(ran.stderr.contains(said), "{name}: {}", ran.stderr);
    }
    fs::write(folder.path().join("table.csv"), "patient,sex,CL (L/h)\na,male,2\n").expect("a file");
    let ran = simulate(folder.path(), &["--patients", "table.csv", "--set", "CL=3 L/h"]);
    assert!(ran.stderr.contains("keep one of both"), "{}", ran.stderr);
    let doses = "patient,time (h),nuclide,activity (MBq),into\nz,0,Lu-177,1,X.c\n";
    fs::write(folder.path().join("doses.csv"), doses).expect("a file");
    let given = ["--patients", "table.csv", "--patient-doses", "doses.csv"];
    let ran = simulate(folder.path(), &given);
    assert!(ran.stderr.contains("`z` is not in table.csv"), "{}", ran.stderr);
}

/// A column of `subjects.csv` that is called as a covariate of the model is its value in a fit, as if it were set.
#[test]
fn exact_columns_of_subjects_are_values_of_the_model() {
    let study = lutetia_testkit::repository().join("data/studies/snmmi_patient4");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for file in ["doses.csv", "activity.csv", "README.md"] {
        fs::copy(study.join(file), folder.path().join(file)).expect("a copy");
    }
    let subjects = "subject,GFR (mL/min),diet\nPatient_004,90,none\n";
    fs::write(folder.path().join("subjects.csv"), subjects).expect("a file");
    let fit = |study: &Path, more: &[&str]| {
        let rest = [
            "--model",
            "sstr2/dotatate-small",
            "--into",
            "L.plasma",
            "--amount",
            "140 nmol",
            "--over",
            "30 min",
            "--observe",
            "liver=A_liver",
            "--estimate",
            "d_liver",
            "--print",
            "estimates",
            "--json",
        ];
        let study = study.display().to_string();
        let ran = run(folder.path(), &[&["fit", &study], &rest[..], more].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        ran
    };
    let column = fit(folder.path(), &[]);
    assert!(
        column.stderr.contains("note: `GFR` = 90 mL/min, out of subjects.csv"),
        "{}",
        column.stderr
    );
    let set = fit(&study, &["--set", "GFR=90 mL/min"]);
    assert_eq!(column.stdout, set.stdout);
    let other = fit(folder.path(), &["--set", "GFR=30 mL/min"]);
    assert_ne!(column.stdout, other.stdout, "what is set wins");
}
