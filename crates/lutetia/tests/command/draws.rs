//! `simulate --draws`: what is uncertain, and how patients differ.

use std::{fs, path::Path};

use serde_json::Value;

use crate::common::{Ran, run};

const MODEL: &str = r#"
[model]
id    = "uncertain"
title = "A drug that leaves at a rate known to 20 %"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
c = "1 L"
[parameters]
k     = { value = "0.5 1/h", uncertainty = "20 %" }
scale = { value = "1", iiv = "30 %" }
other = "2"
[species]
X = { in = ["c"] }
[scheme]
processes = "out: X.c -> 0 @ 0*k"
[observables]
rate = { of = "k*scale*other", unit = "1/h" }
"#;

fn folder(model: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("m.toml"), model).expect("a file");
    folder
}

fn draws(folder: &Path, more: &[&str]) -> Ran {
    let head = ["simulate", "m.toml", "--json", "--until", "1 h", "--points", "2"];
    let dose = ["--dose", "{ into = \"X.c\", amount = \"1 nmol\" }"];
    run(folder, &[&head[..], &dose, more].concat())
}

fn row(ran: &Ran) -> Value {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let rows: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    rows[0].clone()
}

/// The output is log-normal, so that its quantiles are known: 2·0.5·exp(±1.96 ω), ω² = ln(1 + CV²). Each interval of the
/// quantiles holds the true one in 95 of 100 seeds; that of the seed here does.
#[test]
fn exact_quantiles_of_a_log_normal_uncertainty() {
    let folder = folder(MODEL);
    for (of, cv2) in [
        ("uncertainty", vec![0.04_f64]),
        ("between-patients", vec![0.09]),
        ("both", vec![0.04, 0.09]),
    ] {
        let ran = draws(folder.path(), &["--draws", "1000", "--draws-of", of, "--seed", "5"]);
        let row = row(&ran);
        let omega = cv2.iter().map(|cv2| cv2.ln_1p()).sum::<f64>().sqrt();
        for (name, z) in [("median", 0.0), ("2.5 %", -1.959_964), ("97.5 %", 1.959_964)] {
            let at = |part: &str| row[format!("{name}{part}")].as_f64().expect("a number");
            let exact = f64::exp(z * omega);
            assert!(at(" low") <= at("") && at("") <= at(" high"), "{of} {name}: {row}");
            assert!(at(" low") <= exact && exact <= at(" high"), "{of} {name}: {row}");
        }
        assert_eq!(row["output"], "rate");
    }
}

#[test]
fn exact_what_is_drawn_stands_on_the_first_line() {
    let folder = folder(MODEL);
    let first = |of: &str| {
        let ran = draws(folder.path(), &["--draws", "150", "--draws-of", of]);
        ran.stderr.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        first("uncertainty"),
        "drawn: the uncertainty of k (150 draws, seed 1); not drawn: differences between patients"
    );
    assert_eq!(
        first("between-patients"),
        "drawn: differences between patients in scale (150 draws, seed 1); not drawn: the uncertainty of the numbers of the model"
    );
    assert!(first("both").starts_with("drawn: the uncertainty of k, and differences between"));
    let ran = draws(folder.path(), &["--draws", "150"]);
    assert!(
        ran.stderr
            .contains("held fixed, as no uncertainty is stated or they are set: scale, other")
    );
    // What is set is known.
    let ran = draws(folder.path(), &["--draws", "150", "--set", "k=0.4 1/h"]);
    assert_eq!(ran.code, Some(64), "{}", ran.shown());
    assert!(ran.stderr.contains("there is nothing to draw"), "{}", ran.stderr);
}

/// With 145 draws no order statistic encloses the ends with 95 %; with 146 one does.
#[test]
fn exact_ends_need_146_draws() {
    let folder = folder(MODEL);
    let few = draws(folder.path(), &["--draws", "145"]);
    assert!(few.stderr.contains("145 draws are too few"), "{}", few.stderr);
    let row_of = row(&few);
    assert!(row_of["2.5 %"].is_null() && row_of["97.5 % high"].is_null(), "{row_of}");
    assert!(row_of["median"].is_number());
    let enough = draws(folder.path(), &["--draws", "146"]);
    assert!(!enough.stderr.contains("too few"), "{}", enough.stderr);
    assert!(row(&enough)["2.5 %"].is_number());
    // The same seed is the same text.
    assert_eq!(enough.stdout, draws(folder.path(), &["--draws", "146"]).stdout);
}

/// An assumed number lies between its ends, and a normal one within its bounds.
#[test]
fn prop_draws_keep_to_ranges_and_bounds() {
    let model = MODEL.replace(
        "{ value = \"0.5 1/h\", uncertainty = \"20 %\" }",
        "{ value = \"0.5 1/h\", evidence = \"assumed\", min = \"0.25 1/h\", max = \"1 1/h\" }",
    );
    let folder = folder(&model);
    let row_of = row(&draws(folder.path(), &["--draws", "500"]));
    let at = |name: &str| row_of[name].as_f64().expect("a number");
    // Even in the logarithm from 0.5 to 2: the median is 1.
    assert!(at("2.5 % low") >= 0.5 && at("97.5 % high") <= 2.0, "{row_of}");
    assert!(at("median low") <= 1.0 && 1.0 <= at("median high"), "{row_of}");
    let bounded =
        MODEL.replace("uncertainty = \"20 %\"", "uncertainty = \"0.5 1/h\", min = \"0 1/h\"");
    fs::write(folder.path().join("m.toml"), bounded).expect("a file");
    assert!(row(&draws(folder.path(), &["--draws", "500"]))["2.5 % low"].as_f64() >= Some(0.0));
}

#[test]
fn regress_bad_uncertainties_give_their_messages() {
    for (written, said) in [
        ("\"-5 %\"", "expected a standard error above zero"),
        ("\"3 L\"", "expected a standard error in 1/h"),
    ] {
        let model = MODEL.replace("uncertainty = \"20 %\"", &format!("uncertainty = {written}"));
        let folder = folder(&model);
        let ran = draws(folder.path(), &["--draws", "150"]);
        assert_eq!(ran.code, Some(65), "{}", ran.shown());
        assert!(ran.stderr.contains(said), "{}", ran.stderr);
    }
}
