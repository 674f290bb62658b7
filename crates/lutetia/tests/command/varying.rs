//! `--input` of `simulate` and of `fit --model`: measured curves, and what changes during a run.

use std::{fs, path::Path};

use serde_json::Value;

use crate::common::run;

const MODEL: &str = r#"
[model]
id    = "kidneys"
title = "One compartment, cleared by the kidneys"
units = { time = "h", amount = "nmol", volume = "L" }
[patient]
gfr = { typical = "100 mL/min", range = ["5 mL/min", "200 mL/min"] }
[compartments]
c = "10 L"
[parameters]
share = "0.5"
renal = "share*gfr"
R0    = "3 nmol"
[species]
X = { in = ["c"] }
R = { in = ["c"], initial = "R0" }
[scheme]
processes = "out: X.c -> 0 @ renal/volume(c)"
[observables]
N = { of = "X.c", unit = "nmol" }
"#;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in [("kidneys.toml", MODEL)].iter().chain(files) {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

/// A column of the JSON of a run.
fn column(folder: &Path, arguments: &[&str], name: &str) -> Vec<f64> {
    let ran = run(folder, &[&["simulate", "--json"], arguments].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let rows: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let rows = rows.as_array().expect("rows");
    rows.iter().map(|row| row[name].as_f64().unwrap_or_else(|| panic!("{name} in {row}"))).collect()
}

const DOSE: [&str; 2] = ["--dose", "{ into = \"X.c\", amount = \"100 nmol\" }"];

/// ∫gfr = 6 t − 0.05 t² in L, of which half leaves 10 L.
#[test]
fn exact_a_falling_gfr_out_of_a_file() {
    let text = "time (d);gfr (mL/min)\n0;100\n1,0;60\n2,0;20\n";
    let folder = folder(&[("gfr.csv", text)]);
    let asked = ["kidneys.toml", "--input", "gfr=gfr.csv", "--until", "48 h", "--points", "9"];
    let found = column(folder.path(), &[&asked[..], &DOSE].concat(), "N (nmol)");
    for (k, found) in found.iter().enumerate() {
        let t = 6.0 * k as f64;
        let exact = 100.0 * (-0.05 * (6.0 * t - 0.05 * t * t)).exp();
        // 100 times the relative tolerance of the run, of what was given.
        assert!((found - exact).abs() < 1e-2, "{t} h: {found}, exactly {exact}");
    }
}

/// Steps of a curve whose value is held, and a delay: the same as steps an hour later.
#[test]
fn exact_steps_and_a_delay() {
    let steps = "time (h),renal function (mL/min)\n0,100\n12,50\n";
    let folder = folder(&[("steps.csv", steps)]);
    let input = "gfr={ file = \"steps.csv\", interpolation = \"previous\", delay = \"60 min\", \
                 before = \"200 mL/min\", after = \"hold\" }";
    let asked = ["kidneys.toml", "--input", input, "--until", "24 h", "--points", "7"];
    let found = column(folder.path(), &[&asked[..], &DOSE].concat(), "N (nmol)");
    for (k, found) in found.iter().enumerate() {
        let t = 4.0 * k as f64;
        let litres =
            12.0 * t.min(1.0) + 6.0 * (t - 1.0).clamp(0.0, 12.0) + 3.0 * (t - 13.0).max(0.0);
        let exact = 100.0 * (-0.05 * litres).exp();
        assert!((found - exact).abs() < 1e-2, "{t} h: {found}, exactly {exact}");
    }
}

/// One tissue compartment with blood that is linear between its samples, against the recurrence of the closed form over
/// each piece: C' = K1 C_P − k2 C.
#[test]
fn exact_a_blood_input_of_a_scan() {
    let blood = [(0.0, 0.0), (0.5, 80.0), (1.0, 40.0), (5.0, 12.0), (30.0, 4.0), (90.0, 1.0)];
    let mut text = "time (s),plasma (Bq/mL),whole_blood (kBq/mL)\n".to_owned();
    for (t, y) in blood {
        text.push_str(&format!("{},{},1\n", 60.0 * t, 1000.0 * y));
    }
    let folder = folder(&[("blood.csv", &text)]);
    let plasma = "C_P={ file = \"blood.csv\", value = \"plasma\" }";
    let whole = "C_B={ file = \"blood.csv\", value = \"whole_blood\" }";
    let asked = [
        "pet/1tcm",
        "--input",
        plasma,
        "--input",
        whole,
        "--set",
        "K1=0.1 1/min",
        "--set",
        "k2=0.05 1/min",
        "--set",
        "vB=0",
        "--until",
        "90 min",
        "--points",
        "181",
        "--output",
        "C_T",
    ];
    let found = column(folder.path(), &asked, "C_T (kBq/mL)");
    let (k1, k2) = (0.1, 0.05);
    let (mut c, mut at) = (0.0, 0.0);
    for (piece, ends) in blood.windows(2).enumerate() {
        let ((t0, y0), (t1, y1)) = (ends[0], ends[1]);
        let slope = (y1 - y0) / (t1 - t0);
        // C = a + b (t − t0) + (C0 − a) e^(−k2 (t − t0)), b = K1 slope/k2, a = (K1 y0 − b)/k2.
        let b = k1 * slope / k2;
        let a = (k1 * y0 - b) / k2;
        let value = |t: f64| a + b * (t - t0) + (c - a) * (-k2 * (t - t0)).exp();
        for (k, found) in found.iter().enumerate() {
            let t = 0.5 * k as f64;
            if t >= t0 && t <= t1 {
                assert!((found - value(t)).abs() < 1e-3, "piece {piece}, {t} min: {found}");
            }
        }
        (c, at) = (value(t1), t1);
    }
    assert!((at - 90.0_f64).abs() < 1e-12);
}

/// Faults of a curve, each with its place, and what can be done.
#[test]
fn regress_bad_curves_give_their_messages() {
    let cases: &[(&str, &str, &str, &str)] = &[
        ("empty", "", "LUT3003", "write a header"),
        ("header only", "time (h),gfr (mL/min)\n", "LUT3003", "add a row"),
        ("not a number", "time (h),gfr (mL/min)\n0,100\n1,abc\n", "LUT3014", ":3:"),
        ("NaN", "time (h),gfr (mL/min)\n0,100\n1,NaN\n200,50\n", "LUT3015", ":3:"),
        ("falling times", "time (h),gfr (mL/min)\n0,100\n5,60\n2,50\n", "LUT3077", "5 h"),
        ("twice", "time (h),gfr (mL/min)\n0,100\n5,60\n5,50\n", "LUT3023", "5 h"),
        ("two columns", "time (h),gfr (mL/min),gfr (L/h)\n0,100,6\n", "LUT3010", "keep one"),
        ("no unit", "time (h),gfr\n0,100\n", "LUT3011", "gfr (mL/min)"),
        ("other dimension", "time (h),gfr (mL)\n0,100\n", "LUT3013", "write a unit"),
        (
            "out of range",
            "time (h),gfr (mL/min)\n0,100\n5,600\n",
            "LUT3027",
            "5 mL/min to 200 mL/min",
        ),
        ("no time", "when (h),gfr (mL/min)\n0,100\n", "LUT3008", "time"),
        ("which column", "time (h),a (mL/min),b (mL/min)\n0,100,90\n", "LUT3008", "value = \"a\""),
        ("late", "time (h),gfr (mL/min)\n1,100\n200,60\n", "LUT7053", "before = \"hold\""),
        ("short", "time (h),gfr (mL/min)\n0,100\n20,60\n", "LUT7053", "after = \"hold\""),
    ];
    for (name, text, code, said) in cases {
        let folder = folder(&[("gfr.csv", text)]);
        let ran = run(folder.path(), &["simulate", "kidneys.toml", "--input", "gfr=gfr.csv"]);
        assert!(matches!(ran.code, Some(64 | 65)), "{name}: {}", ran.shown());
        assert!(ran.stderr.contains(code), "{name}: {}", ran.stderr);
        assert!(ran.stderr.contains(said), "{name}: {}", ran.stderr);
        assert_eq!(ran.stdout, "", "{name}");
    }
}

/// What cannot be driven, and options that cannot be read.
#[test]
fn regress_bad_inputs_give_their_messages() {
    let folder = folder(&[("gfr.csv", "time (h),gfr (mL/min),R0 (nmol)\n0,100,3\n200,60,3\n")]);
    let cases: &[(&[&str], &str, &str)] = &[
        (&["gfrr=gfr.csv"], "LUT7053", "did you mean `gfr`?"),
        (&["renal=gfr.csv"], "LUT7053", "drive what stands in it"),
        (&["R0=gfr.csv"], "LUT8017", "the initial value of `R.c` depends on it"),
        (&["gfr=gfr.csv", "gfr=gfr.csv"], "LUT7053", "has two curves"),
        (&["gfr=missing.csv"], "LUT8002", "check the path"),
        (&["gfr"], "LUT8001", "names no file"),
        (
            &["gfr={ file = \"gfr.csv\", interpolate = \"next\" }"],
            "LUT8001",
            "did you mean `interpolation`?",
        ),
        (
            &["gfr={ file = \"gfr.csv\", interpolation = \"nxt\" }"],
            "LUT8001",
            "did you mean `next`?",
        ),
        (&["gfr={ file = \"gfr.csv\", delay = \"3 L\" }"], "LUT7053", "delay = \"20 s\""),
        (&["gfr={ file = \"gfr.csv\", before = \"1 mL/min\" }"], "LUT7053", "outside the range"),
        (&["gfr={ value = \"gfr\" }"], "LUT8001", "has no `file`"),
    ];
    for (inputs, code, said) in cases {
        let mut arguments = vec!["simulate", "kidneys.toml"];
        for input in *inputs {
            arguments.extend(["--input", input]);
        }
        let ran = run(folder.path(), &arguments);
        assert!(ran.code.is_some_and(|code| code != 0), "{inputs:?}: {}", ran.shown());
        assert!(
            ran.stderr.contains(code) && ran.stderr.contains(said),
            "{inputs:?}: {}",
            ran.stderr
        );
    }
    let both = ["simulate", "kidneys.toml", "--input", "gfr=gfr.csv", "--set", "gfr=90 mL/min"];
    let ran = run(folder.path(), &both);
    assert!(ran.stderr.contains("cannot be set"), "{}", ran.stderr);
}

/// A constant curve in a fit is the number that it stands for, in other units: the same estimates, to the tolerance of
/// the search (a thousandth of a standard error) and of the integrator.
#[test]
fn exact_a_constant_curve_in_a_fit_is_the_number() {
    let study = lutetia_testkit::repository().join("data/studies/snmmi_patient4");
    let folder = folder(&[("gfr.csv", "time (min),GFR (mL/min)\n0,90\n60,90\n")]);
    let fit = |more: &[&str]| {
        let head = ["fit", &study.display().to_string(), "--model", "sstr2/dotatate-small"]
            .map(str::to_owned);
        let rest = "--into L.plasma --amount 140_nmol --over 30_min --observe liver=A_liver --observe \
                    kidney_left+kidney_right=A_kidneys --estimate d_liver --estimate d_kidneys --print \
                    estimates --json";
        let rest = rest
            .split(' ')
            .map(|word| word.replace("140_nmol", "140 nmol").replace("30_min", "30 min"));
        let more = more.iter().map(|word| (*word).to_owned());
        let arguments: Vec<String> = head.into_iter().chain(rest).chain(more).collect();
        let ran = run(folder.path(), &arguments);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let rows: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        rows
    };
    let set = fit(&["--set", "GFR=5.4 L/h"]);
    let driven = fit(&["--input", "GFR={ file = \"gfr.csv\", after = \"hold\" }"]);
    let (set, driven) = (set.as_array().expect("rows"), driven.as_array().expect("rows"));
    assert_eq!(set.len(), driven.len());
    assert!(set.len() >= 2);
    for (a, b) in set.iter().zip(driven) {
        let keys: Vec<&String> = a.as_object().expect("a row").keys().collect();
        let estimate = |row: &Value| row["estimate"].as_f64().unwrap_or_else(|| panic!("{keys:?}"));
        let (a, b) = (estimate(a), estimate(b));
        assert!((a / b - 1.0).abs() < 1e-3, "{a} {b}");
    }
    let text = [
        "fit",
        &study.display().to_string(),
        "--model",
        "sstr2/dotatate-small",
        "--into",
        "L.plasma",
        "--input",
        "GFR=gfr.csv",
    ]
    .map(str::to_owned);
    let ran = run(folder.path(), &text);
    assert!(ran.stderr.contains("after = \"hold\""), "{}", ran.stderr);
}
