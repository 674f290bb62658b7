//! Curves that users bring and that do not say what is asked of them.

use std::{fs, path::Path};

use assert_cmd::cargo::cargo_bin_cmd;
use lutetia_testkit::repository;

use crate::common;

fn run(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, arguments).shown()
}

/// A study of one region.
fn study(rows: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, text: String| {
        fs::write(folder.path().join(name), text).expect("a file");
    };
    write("subjects.csv", "subject,source\np1,made up\n".to_owned());
    write(
        "doses.csv",
        "subject,cycle,time (h),nuclide,activity (MBq)\np1,1,0,Lu-177,7400\n".to_owned(),
    );
    let rows: Vec<String> = rows.iter().map(|row| format!("p1,1,kidney_left,{row}\n")).collect();
    write(
        "activity.csv",
        format!("subject,cycle,region,time (h),activity (MBq),below_detection\n{}", rows.concat()),
    );
    folder
}

const EQUAL: [&str; 4] = ["4,50,no", "24,50,no", "72,50,no", "120,50,no"];
const RISING: [&str; 4] = ["4,20,no", "24,60,no", "72,70,no", "120,110,no"];
const SLOWER: [&str; 4] = ["4,100,no", "24,98,no", "72,90,no", "120,85,no"];
const THREE: [&str; 3] = ["4,100,no", "24,70,no", "72,30,no"];
const ZERO: [&str; 4] = ["4,100,no", "24,70,no", "72,30,no", "168,0,no"];
const BELOW: [&str; 4] = ["4,100,no", "24,70,no", "72,30,no", "168,12,yes"];
const NOTHING: [&str; 3] = ["4,0,no", "24,0,no", "72,0,no"];

#[test]
fn regress_curves_that_do_not_determine_what_is_asked() {
    let fit = |rows: &[&str], more: &[&str]| {
        let folder = study(rows);
        run(folder.path(), &[&["fit", "."], more].concat())
    };
    for (name, rows, more) in [
        ("three_points_tri_exponential", &THREE[..], &["--function", "tri"][..]),
        (
            "three_points_ranked",
            &THREE,
            &["--print", "candidates", "--function", "mono", "--function", "bi-uptake"],
        ),
        (
            "three_points_variance_counted",
            &["4,100,no", "24,70,no", "72,30,no", "120,14,no"],
            &[
                "--print",
                "candidates",
                "--count-variance",
                "always",
                "--function",
                "mono",
                "--function",
                "bi-uptake",
            ],
        ),
        ("all_equal", &EQUAL, &[]),
        ("rising", &RISING, &[]),
        ("rising_averaged", &RISING, &["--print", "averaged"]),
        ("rising_intervals", &RISING, &["--profile", "--bootstrap", "10"]),
        ("slower_than_decay", &SLOWER, &[]),
        ("zero", &ZERO, &[]),
        ("zero_with_additive_part", &ZERO, &["--error", "combined 2 MBq + 10 %"]),
        ("nothing", &NOTHING, &["--error", "additive 1 MBq", "--function", "mono"]),
        ("below_detection", &BELOW, &["--function", "mono", "--error", "combined 2 MBq + 10 %"]),
        ("known_activity", &THREE, &["--function", "f2e"]),
        ("count_variance", &THREE, &["--count-variance", "often"]),
        ("profile_not_asked", &THREE, &["--print", "profile"]),
    ] {
        insta::assert_snapshot!(name, fit(rows, more));
    }
}

/// A dose rests on the integral; where that is refused there is none.
#[test]
fn regress_no_dose_without_an_integral() {
    let folder = study(&RISING);
    insta::assert_snapshot!("rising_dose", run(folder.path(), &["dose", "."]));
}

#[test]
fn prop_bootstrap_is_the_same_on_any_number_of_threads() {
    let root = repository();
    let on = |threads: &str| {
        let output = cargo_bin_cmd!("lutetia")
            .current_dir(&root)
            .args(["fit", "data/studies/snmmi_patient4", "--region", "kidney_left"])
            .args(["--bootstrap", "200", "--function", "mono", "--function", "mono-physical"])
            .env("RAYON_NUM_THREADS", threads)
            .output()
            .expect("the command starts");
        assert!(output.status.success());
        String::from_utf8(output.stdout).expect("text")
    };
    let (one, three) = (on("1"), on("3"));
    assert_eq!(one, three);
    assert!(one.contains("bootstrap of the average"), "{one}");
}

/// Two subjects of three measurements: neither can rank a function with two parameters and a variance, both together can.
#[test]
fn regress_a_cohort_ranks_what_no_subject_can() {
    let folder = study(&THREE);
    let add = |name: &str, text: &str| {
        let path = folder.path().join(name);
        let old = fs::read_to_string(&path).expect("a file");
        fs::write(&path, old + text).expect("a file");
    };
    add("subjects.csv", "p2,made up\n");
    add("doses.csv", "p2,1,0,Lu-177,7400\n");
    add(
        "activity.csv",
        "p2,1,kidney_left,4,90,no\np2,1,kidney_left,24,58,no\np2,1,kidney_left,72,21,no\n",
    );
    let rank = |more: &[&str]| {
        let head = ["fit", ".", "--population", "--function", "physical", "--function", "mono"];
        run(folder.path(), &[&head, more].concat())
    };
    insta::assert_snapshot!("population", rank(&[]));
    insta::assert_snapshot!(
        "population_shared",
        rank(&["--error", "proportional", "--shared", "lambda1", "--region", "kidney_left"])
    );
    insta::assert_snapshot!("population_no_region", rank(&["--region", "liver"]));
}
