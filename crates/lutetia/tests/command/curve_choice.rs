//! Curves that once gave a confident wrong number, and what the command says of them.

use std::path::Path;

use crate::common;

/// A study of one patient and one region measured at `points` (h, MBq, MBq).
fn study(region: &str, points: &[(f64, f64, Option<f64>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: String| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    write("README.md", "# Self-made\n\n## Source\n\nself-made\n".to_owned());
    write("subjects.csv", "subject,sex\np1,M\n".to_owned());
    write(
        "doses.csv",
        "subject,cycle,time (h),nuclide,activity (MBq)\np1,1,0,Lu-177,7400\n".to_owned(),
    );
    let rows: Vec<String> = points
        .iter()
        .map(|(t, a, sd)| {
            let sd = sd.map_or_else(String::new, |sd| sd.to_string());
            format!("p1,1,{region},{t},{a},{sd}\n")
        })
        .collect();
    write(
        "activity.csv",
        format!("subject,cycle,region,time (h),activity (MBq),sd (MBq)\n{}", rows.concat()),
    );
    folder
}

fn run(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, arguments).stdout
}

/// The first row: integral, its standard error, and the whole line.
fn fitted(folder: &Path, more: &[&str]) -> (Option<f64>, Option<f64>, String) {
    let text = run(folder, &[&["fit", "."], more].concat());
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let row = reader.records().next().expect("a row").expect("a row");
    let number = |name: &str| {
        let at = header.iter().position(|h| h == name).expect("a column");
        row[at].parse::<f64>().ok()
    };
    (number("tia (MBq h)"), number("tia_sd (MBq h)"), row.iter().collect::<Vec<_>>().join(","))
}

/// Each with its truth in MBq h: the value lies within two standard errors, or there is none.
#[test]
fn exact_curves_that_one_exponential_misses() {
    let sd = |points: &[(f64, f64)], cv: f64| -> Vec<(f64, f64, Option<f64>)> {
        points.iter().map(|&(t, a)| (t, a, Some(cv * a))).collect()
    };
    let without = |points: &[(f64, f64)]| -> Vec<(f64, f64, Option<f64>)> {
        points.iter().map(|&(t, a)| (t, a, None)).collect()
    };
    // Uptake 0.03 1/h and biological washout 0.0043 1/h, four scans, no noise.
    let uptake = [(4.0, 9.437145), (24.0, 37.406312), (96.0, 39.902746), (168.0, 23.082947)];
    let (tia, error, row) = fitted(study("tumour1", &without(&uptake)).path(), &[]);
    let (tia, error) = (tia.expect("an integral"), error.expect("an SD"));
    assert!((tia - 8653.6).abs() < 2.0 * error && error < 0.2 * tia, "{row}");
    assert!(row.contains("bi-uptake"), "{row}");
    // Said once, by the verdict.
    assert_eq!(row.matches("without AICc").count(), 1, "{row}");
    assert!(!row.contains("not ranked"), "{row}");
    // 3·(2^(−t/60) − 2^(−t/9)) at three times: 220.7 = 3 (60 − 9)/ln 2.
    let three = [(5.0, 0.7904), (30.0, 1.824), (130.0, 0.668)];
    let (tia, error, row) = fitted(study("tumour1", &sd(&three, 0.06)).path(), &[]);
    assert!((tia.expect("an integral") - 220.7).abs() < error.expect("an SD"), "{row}");
    // 80·2^(−t/6) + 20·2^(−t/90).
    let two: Vec<(f64, f64)> = [1.0, 4.0, 20.0, 48.0, 96.0, 168.0]
        .map(|t: f64| (t, 80.0 * (-t / 6.0).exp2() + 20.0 * (-t / 90.0).exp2()))
        .to_vec();
    let (tia, _, row) = fitted(study("liver", &without(&two)).path(), &[]);
    // (80·6 + 20·90)/ln 2, to the digits that the search leaves.
    assert!((tia.expect("an integral") / 3289.34 - 1.0).abs() < 1e-5, "{row}");
    // Two phases at three times with an SD of 0.4 %: nothing fits, nothing is determined.
    let few = [(3.0, 108.3), (20.0, 32.11), (120.0, 9.143)];
    let (tia, _, row) = fitted(study("liver", &sd(&few, 0.004)).path(), &[]);
    assert!(tia.is_none() && row.contains("misses the data"), "{row}");
    // The end falls with a half-life above 159.5 h behind a fast phase.
    let slow = [(4.0, 22.38), (24.0, 10.37), (140.0, 6.513)];
    let folder = study("kidney_left", &sd(&slow, 0.015));
    assert!(fitted(folder.path(), &[]).0.is_none());
    let (tia, _, row) = fitted_by(folder.path(), "trapezoid fitted");
    assert!(tia.is_none() && row.contains("falls more slowly than Lu-177 decays"), "{row}");
}

fn fitted_by(folder: &Path, method: &str) -> (Option<f64>, Option<f64>, String) {
    fitted(folder, &["--method", method])
}

/// Uptake that goes on: no value, and no word of an upper bound.
#[test]
fn exact_where_uptake_goes_on_there_is_no_upper_bound() {
    let rising = [(4.0, 0.35168), (24.0, 1.877615), (96.0, 4.945944), (168.0, 5.722041)];
    let rows: Vec<(f64, f64, Option<f64>)> = rising.map(|(t, a)| (t, a, None)).to_vec();
    let folder = study("spleen", &rows);
    for more in [&[][..], &["--error", "proportional 3 %"]] {
        let (tia, _, row) = fitted(folder.path(), more);
        assert!(tia.is_none() && !row.contains("upper bound"), "{row}");
    }
    let (tia, _, row) = fitted_by(folder.path(), "trapezoid physical");
    assert!(tia.is_some() && row.contains("no upper bound"), "{row}");
}

/// An effective half-life of 400 h of a nuclide of 159.5 h, wherever it can be typed.
#[test]
fn exact_no_effective_half_life_above_the_physical_one() {
    let folder = study("kidney_left", &[(24.0, 50.0, None)]);
    std::fs::write(
        folder.path().join("lib.csv"),
        "curve,amplitude,effective_half_life (h)\na,1,50\nb,1,400\n",
    )
    .expect("a file");
    for method in ["madsen 400 h", "map effective 400 h 20 %", "trapezoid 400 h", "library"] {
        let more: &[&str] = match method {
            "library" => &["--method", method, "--library", "lib.csv"],
            _ => &["--method", method],
        };
        let (tia, _, row) = fitted(folder.path(), more);
        // 1/(1/400 + 1/159.5).
        assert!(tia.is_none() && row.contains("the effective one is 114 h"), "{method}: {row}");
    }
    assert!(fitted_by(folder.path(), "map biological 400 h 20 %").0.is_some());
}

/// The measurement's own standard deviation reaches the integral, and a time far from any is refused.
#[test]
fn exact_one_measurement_with_its_error_and_its_time() {
    let folder = study("kidney_left", &[(24.0, 50.0, Some(5.0)), (120.0, 10.0, Some(1.0))]);
    for method in ["haenscheid", "madsen 51 h"] {
        let (tia, error, row) = fitted(folder.path(), &["--method", method, "--at", "26 h"]);
        let share = error.expect("an SD") / tia.expect("an integral");
        // Six digits are printed.
        assert!((share - 0.1).abs() < 1e-5, "{row}");
    }
    let (tia, _, row) = fitted(folder.path(), &["--method", "haenscheid", "--at", "500 h"]);
    assert!(tia.is_none() && row.contains("measured at 24, 120 h"), "{row}");
    let (_, _, row) = fitted(folder.path(), &["--method", "madsen 100 h", "--at", "24 h"]);
    assert!(row.contains("outside 0.75 to 2.5"), "{row}");
}

/// `--error` replaces what the table states and says so.
#[test]
fn exact_an_error_on_the_command_line_replaces_stated_ones() {
    let rows = [(4.0, 95.0, Some(0.5)), (24.0, 72.0, Some(0.5)), (120.0, 19.0, Some(0.1))];
    let folder = study("kidney_left", &rows);
    let sd = |more: &[&str]| fitted(folder.path(), more).1.expect("an SD");
    assert!(sd(&["--error", "proportional 30 %"]) > 10.0 * sd(&[]));
    let dose = run(
        folder.path(),
        &["dose", ".", "--mass", "kidney_left=150 g", "--error", "proportional 30 %"],
    );
    assert!(dose.contains("error proportional 30 %"), "{dose}");
}

/// The verdicts of a map are those of a fit.
#[test]
fn exact_a_map_gives_the_verdicts_of_a_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("voxels.csv"),
        "voxel,a4,a24,a96\n1,10,8,3\n4,5,5,8\n6,10,12,11.9\n9,100,20,9\n",
    )
    .expect("a file");
    let more = ["--activity", "a96=96 h", "--activity", "a4=4 h", "--activity", "a24=24 h"];
    let out = run(
        folder.path(),
        &[&["fit-map", "voxels.csv", "--nuclide", "Lu-177"][..], &more].concat(),
    );
    let status: Vec<&str> = out.lines().skip(1).filter_map(|l| l.rsplit(',').next()).collect();
    assert_eq!(
        status[..3],
        [
            "ok",
            "not determined: rises at its last measurement",
            "not determined: falls more slowly than the nuclide decays"
        ]
    );
    assert!(status[3].contains("misses the data"), "{out}");
}

/// The prior of a parameter is stated on the scale of its distribution: k = 0.01 1/h, declared with `how`.
#[test]
fn exact_priors_of_every_distribution() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    // 7400 MBq with a biological rate of 0.012 1/h.
    let rows: Vec<String> = [4.0_f64, 24.0, 72.0, 120.0]
        .map(|t| format!("P1,all,{t},{}\n", 7400.0 * (-(0.012 + 0.004_345) * t).exp()))
        .to_vec();
    write("README.md", "# Self-made\n\n## Source\n\nself-made\n");
    write("subjects.csv", "subject\nP1\n");
    write("doses.csv", "subject,time (h),nuclide,activity (MBq),into\nP1,0,Lu-177,7400,L.c\n");
    write("activity.csv", &format!("subject,region,time (h),activity (MBq)\n{}", rows.concat()));
    let stated = |how: &str| -> (f64, f64, f64) {
        let model = format!(
            "[model]\nid = \"lin\"\ntitle = \"one pool\"\nunits = {{ time = \"h\", amount = \"nmol\", volume = \"L\" }}\n\
             label = {{ on = [\"L\"], decayed = [\"lost\"] }}\n[compartments]\nc = \"1 L\"\n[parameters]\n\
             k = {{ value = \"0.01 1/h\", {how}, source = \"assumed\" }}\n[species]\nL = {{ in = [\"c\"] }}\n\
             [scheme]\nprocesses = '''\nout: L.c -> 0 @ k\n'''\n[observables]\n\
             A = {{ of = \"activity(L.c)\", unit = \"MBq\", error = \"proportional 10 %\" }}\n"
        );
        write("lin.toml", &model);
        let text = run(
            folder.path(),
            &["fit", ".", "--model", "lin.toml", "--observe", "all=A", "--print", "estimates"],
        );
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let row = reader.records().next().expect("a row").expect("a row");
        let number = |name: &str| -> f64 {
            let at = header.iter().position(|h| h == name).expect("a column");
            row[at].parse().expect("a number")
        };
        (number("prior_cv (%)"), number("estimate"), number("deviation (prior SD)"))
    };
    // Six digits are printed of the estimate, of whose distance from the prior that leaves five.
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-4 * (1.0 + b.abs()), "{a} {b}");
    let (cv, k, z) = stated("iiv = \"0.002 1/h\", distribution = \"normal\"");
    close(cv, 20.0);
    close(z, (k - 0.01) / 0.002);
    let (cv, k, z) = stated("iiv = \"20 %\"");
    close(cv, 20.0);
    close(z, (k / 0.01).ln() / 0.04_f64.ln_1p().sqrt());
    let (cv, k, z) = stated("iiv = \"20 %\", distribution = \"box-cox\", shape = -0.8");
    close(cv, 20.0);
    close(z, (-0.8 * (k / 0.01).ln()).ln_1p() / -0.8 / 0.04_f64.ln_1p().sqrt());
    // On (0, 0.02) the slope dθ/dφ at the middle is 0.02/4, so the CV is 0.5·0.005/0.01 to first order.
    let (cv, k, z) = stated(
        "iiv = \"0.5\", distribution = \"logitnormal\", min = \"0 1/h\", max = \"0.02 1/h\"",
    );
    close(cv, 25.0);
    close(z, (k / (0.02 - k)).ln() / 0.5);
}
