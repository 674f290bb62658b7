//! `fit --model` with draws of what is fixed, and with a table of patients.

use std::fs;

use lutetia_testkit::Rows;

use crate::common::{Ran, run};

/// A region shows f·s of an activity that leaves at k: the data know f·s and k, and what is made of f is in s.
const MODEL: &str = r#"
[model]
id = "one"
title = "One pool"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["X"], decayed = "cold" }
[compartments]
c = "1 L"
[parameters]
k = { value = "0.02 1/h", iiv = "50 %", source = "assumed" }
s = { value = "0.1", iiv = "200 %", source = "assumed" }
f = { value = "1", uncertainty = "20 %", source = "assumed" }
g = { value = "1", source = "assumed" }
[species]
X = { in = ["c"] }
[scheme]
processes = "out: X.c -> 0 @ k"
[observables]
A_kidneys = { of = "f*g*s*activity(X.c)", unit = "MBq", error = "proportional 10 %" }
"#;

const K: f64 = 0.02;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("a file");
    fs::create_dir(folder.path().join("study")).expect("a folder");
    write("m.toml", MODEL);
    write("study/subjects.csv", "subject,source\nabe,test\nzoe,test\n");
    let dose = "0,Lu-177,1000,100,,X.c";
    write(
        "study/doses.csv",
        &format!(
            "subject,cycle,time (h),nuclide,activity (MBq),amount (nmol),duration (h),into\nabe,1,{dose}\nzoe,1,{dose}\n"
        ),
    );
    let lambda = 3600.0 * lutetia_data::nuclides().get("Lu-177").expect("a nuclide").lambda_per_s();
    let mut activity = "subject,cycle,region,time (h),activity (MBq)\n".to_owned();
    for subject in ["abe", "zoe"] {
        for t in [4.0, 24.0, 48.0, 96.0, 168.0] {
            let a = 0.1 * 1000.0 * f64::exp(-(K + lambda) * t);
            activity.push_str(&format!("{subject},1,kidneys,{t},{a}\n"));
        }
    }
    write("study/activity.csv", &activity);
    folder
}

fn fit(folder: &tempfile::TempDir, more: &[&str]) -> Ran {
    let head = ["fit", "study", "--subject", "abe", "--model", "m.toml"];
    run(folder.path(), &[&head[..], more].concat())
}

/// With ln f drawn from N(0, ω²), ω² = ln(1 + 0.2²), the fit finds s = 0.1/f but for what its wide prior pulls back: the
/// estimates of ln s scatter by ω. The integral is that of the data, whatever f is.
#[test]
fn exact_the_spread_of_what_is_fixed_joins_the_error() {
    let folder = folder();
    let ran = fit(&folder, &["--draws", "60", "--seed", "4"]);
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
    assert!(
        ran.stderr.contains("drawn: 60 fits with other values of f (seed 4); all converged"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("held fixed, as no uncertainty is stated or they are set: g\n"),
        "{}",
        ran.stderr
    );
    let table = Rows::read(&ran.stdout);
    let s = table.row("quantity", "s");
    let omega = (0.04_f64).ln_1p().sqrt();
    let relative = s.number("between_draws") / s.number("estimate");
    // The standard deviation of 60 draws is known to 1/√(2·59) of it; three of these.
    assert!((relative / omega - 1.0).abs() < 3.0 / 118.0_f64.sqrt(), "{relative}, {omega}");
    let (within, between, se) = (s.number("within"), s.number("between_draws"), s.number("se"));
    let total = (within.powi(2) + (1.0 + 1.0 / 60.0) * between.powi(2)).sqrt();
    // Six digits are printed.
    assert!((se / total - 1.0).abs() < 1e-5, "{se}, {total}");
    assert!(s.number("share") > 80.0, "{}", s.number("share"));
    assert!(s.number("low") < 0.1 && 0.1 < s.number("high"));
    let integral = table.row("quantity", "integral of kidneys");
    assert!((integral.number("estimate") / integral.number("fixed") - 1.0).abs() < 1e-3);
    assert!(integral.number("share") < 0.1, "{}", integral.number("share"));
    // A seed and a number make a draw: the same again.
    let again = fit(&folder, &["--draws", "60", "--seed", "4"]);
    assert_eq!(again.stdout, ran.stdout);
}

#[test]
fn exact_errors_that_so_many_fits_do_not_allow_are_left_out() {
    let folder = folder();
    let ran = fit(&folder, &["--draws", "8"]);
    let table = Rows::read(&ran.stdout);
    let s = table.row("quantity", "s");
    assert_eq!((s.text("se"), s.text("low"), s.text("estimate")), ("", "", ""));
    assert!(
        s.text("note").contains("8 of 8 fits determine it, at least 9 and 19 of 20 are needed"),
        "{}",
        s.text("note")
    );
    for (more, expected) in [
        (&["--draws", "9", "--set", "f=1"][..], "there is nothing to draw"),
        (&["--draws", "9", "--estimate", "f"], "there is nothing to draw"),
        (&["--draws", "9", "--print", "points"], "leave out one of them"),
        (&["--draws", "1"], "2..=10000"),
    ] {
        let ran = fit(&folder, more);
        assert_eq!(ran.code, Some(64), "{more:?} {}", ran.shown());
        assert!(ran.stderr.contains(expected), "{more:?} {}", ran.stderr);
    }
}

/// The row of the subject sets f, so that s is 0.1/f; that of another one does not.
#[test]
fn exact_a_table_of_patients_sets_what_a_fit_holds() {
    let folder = folder();
    let table = "patient,f\nzoe,4\nabe,2\n";
    fs::write(folder.path().join("table.csv"), table).expect("a file");
    let ran = fit(&folder, &["--patients", "table.csv", "--print", "estimates"]);
    assert_eq!(ran.code, Some(0), "{}", ran.shown());
    assert!(ran.stderr.contains("`f` = 2, out of `table.csv`"), "{}", ran.stderr);
    let s = Rows::read(&ran.stdout).row("parameter", "s").number("estimate");
    let plain = fit(&folder, &["--set", "f=2", "--print", "estimates"]);
    assert_eq!(plain.stdout, ran.stdout, "as if it were set");
    // The prior of s, whose logarithm has the standard deviation 1.27, pulls by (0.1/√5/1.27)² or so.
    assert!((s / 0.05 - 1.0).abs() < 5e-3, "{s}");
}

#[test]
fn exact_every_fault_of_a_table_of_patients_is_shown_at_its_place() {
    let folder = folder();
    let table = "patient,f,fg,activity (MBq)\nabel,1,1,5\nabe,x,1,5\nzoe,1,1,5\nzoe,1,1,5\n";
    fs::write(folder.path().join("table.csv"), table).expect("a file");
    let ran = fit(&folder, &["--patients", "table.csv"]);
    assert_eq!(ran.code, Some(65), "{}", ran.shown());
    for expected in [
        "no subject `abel`",
        "did you mean `abe`?",
        "table.csv:2:1",
        "no parameter or covariate `fg`",
        "the doses are those of the study",
        "table.csv:1:",
        "table.csv:3:",
        "patient `zoe` is listed twice",
    ] {
        assert!(ran.stderr.contains(expected), "{expected}\n{}", ran.stderr);
    }
    fs::write(folder.path().join("table.csv"), "patient,f\nzoe,1\n").expect("a file");
    let ran = fit(&folder, &["--patients", "table.csv"]);
    assert_eq!(ran.code, Some(65), "{}", ran.shown());
    assert!(ran.stderr.contains("has no row of `abe`"), "{}", ran.stderr);
    let ran = fit(&folder, &["--patients", "table.csv", "--set", "f=1"]);
    assert!(ran.stderr.contains("is a column and is set for all"), "{}", ran.stderr);
    let ran = run(folder.path(), &["dose", "study", "--patients", "table.csv"]);
    assert_eq!(ran.code, Some(64), "{}", ran.shown());
    assert!(
        ran.stderr.contains("uses no model") && ran.stderr.contains("`subjects.csv`"),
        "{}",
        ran.stderr
    );
}
