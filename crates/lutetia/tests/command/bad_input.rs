//! What users get wrong: files, numbers, doses, folders, and Ctrl-C in the middle.

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use lutetia_testkit::{Rows, repository};

use crate::common;

/// Exit code, standard error and the first lines of standard output.
fn run(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, arguments).shown_to(3)
}

const MODEL: &str = "models/sstr2/dotatate-small.toml";
const DOSE: &str =
    "{ into = \"L.plasma\", activity = \"7.4 GBq\", amount = \"100 nmol\", over = \"30 min\" }";

fn simulate(more: &[&str]) -> String {
    let head = ["simulate", MODEL, "--nuclide", "Lu-177", "--points", "3"];
    run(&repository(), &[&head, more].concat())
}

#[test]
fn regress_models_that_are_wrong() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lutetia-model/tests/bad");
    for name in
        ["empty", "cycle_of_definitions", "unit_gy_per_h_where_mbq_is_wanted", "negative_volume"]
    {
        let file = format!("{name}.toml");
        fs::copy(bad.join(&file), folder.path().join(&file)).expect("a file of the suite");
        insta::assert_snapshot!(format!("check_{name}"), run(folder.path(), &["check", &file]));
    }
    // An organ table that is a gigabyte long (and on disk nothing) is not read to its end.
    let model = "[model]\nid = \"m\"\ntitle = \"t\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n[organs]\ntable = \"organs.csv\"\n";
    fs::write(folder.path().join("organs.toml"), model).expect("a file");
    let table = fs::File::create(folder.path().join("organs.csv")).expect("a file");
    table.set_len(1 << 30).expect("a sparse file");
    insta::assert_snapshot!("organs_too_large", run(folder.path(), &["check", "organs.toml"]));
}

#[test]
fn regress_simulations_that_cannot_be() {
    for (name, arguments) in [
        ("no_such_place", vec!["--dose", "{ into = \"L.plasm\", activity = \"7.4 GBq\" }"]),
        (
            "more_than_it_carries",
            vec!["--dose", "{ into = \"L.plasma\", activity = \"7.4 GBq\", amount = \"1 nmol\" }"],
        ),
        ("overflow", vec!["--dose", DOSE, "--set", "kon=1e308 L/nmol/h"]),
        ("outside_range", vec!["--dose", DOSE, "--set", "GFR=1e308 L/h"]),
        ("no_such_parameter", vec!["--dose", DOSE, "--set", "k_on=1 L/nmol/h"]),
        ("no_such_output", vec!["--dose", DOSE, "--output", "A_kidny"]),
        ("negative_time", vec!["--dose", DOSE, "--until", "-1 h"]),
        ("time_in_litres", vec!["--dose", DOSE, "--until", "1 L"]),
    ] {
        insta::assert_snapshot!(format!("simulate_{name}"), simulate(&arguments));
    }
    // A volume that cannot be is refused before anything is simulated.
    let away = simulate(&["--dose", DOSE, "--set", "V_plasma=-1 L"]);
    assert!(away.starts_with("exit code: 65\n"), "{away}");
    assert!(away.contains("with V_plasma = -1 L") && away.contains("LUT4301"), "{away}");
    assert!(away.contains("the volume of `plasma`") && away.contains("is -1 L"), "{away}");
    let rate = simulate(&["--dose", DOSE, "--set", "kon=-1 L/nmol/h"]);
    assert!(rate.contains("the rate of process") && rate.contains("-1 L/"), "{rate}");
    let share = simulate(&["--dose", DOSE, "--atol", "1"]);
    assert!(share.starts_with("exit code: 64\n"), "{share}");
    assert!(share.contains("`--atol 1` is out of range") && share.contains("1e-18"), "{share}");
    // A dose says its own code, and what works.
    for (dose, found, hint) in [
        ("{ into = \"L.plasma\" }", "neither `activity` nor `amount`", "write it as"),
        ("{ into = \"L.plasma\", activity = \"1 mg\" }", "expected activity", "7.4 GBq"),
        ("{ into = \"L.plasma\", activity = \"1 MBq\", cycles = 2 }", "needs `every`", "8 week"),
        (
            "{ into = \"L.plasma\", activity = \"1 MBq\", every = \"6 week\" }",
            "no `cycles`",
            "cycles = 4",
        ),
        (
            "{ into = \"L.plasma\", activity = \"1 MBq\", kind = \"steady\" }",
            "needs `every`",
            "8 week",
        ),
        (
            "{ into = \"L.plasma\", activity = \"1 MBq\", kind = \"stedy\" }",
            "expected `add`",
            "`steady`",
        ),
        ("{ into = \"L.plasma\", activty = \"1 MBq\" }", "no `activty`", "`activity`"),
    ] {
        let said = simulate(&["--dose", dose]);
        assert!(said.starts_with("exit code: 64\n") && said.contains("error[LUT7050]"), "{said}");
        assert!(said.contains(found) && said.contains(hint), "{said}");
    }
    let without = run(&repository(), &["simulate", MODEL, "--dose", DOSE]);
    insta::assert_snapshot!("simulate_without_nuclide", without);
}

/// A copy of the shipped study with one file replaced.
fn study(folder: &Path, file: &str, text: &str) {
    let shipped = repository().join("data/studies/snmmi_patient4");
    for name in ["subjects.csv", "doses.csv", "activity.csv", "README.md"] {
        fs::copy(shipped.join(name), folder.join(name)).expect("a file of the study");
    }
    fs::write(folder.join(file), text).expect("a file");
}

#[test]
fn regress_studies_that_say_too_little() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let one = "subject,cycle,region,time (h),activity (MBq),volume (mL)\nPatient_004,1,kidney_left,3.7,98,234\n";
    study(folder.path(), "activity.csv", one);
    for command in [&["data", "check"][..], &["fit"], &["dose"]] {
        let name = format!("one_time_{}", command.join("_"));
        insta::assert_snapshot!(name, run(folder.path(), &[command, &["."]].concat()));
    }
    study(folder.path(), "activity.csv", "");
    insta::assert_snapshot!("empty_study", run(folder.path(), &["dose", "."]));
    let model = repository().join(MODEL);
    let model = model.to_string_lossy();
    study(folder.path(), "activity.csv", one);
    let fit =
        |more: &[&str]| run(folder.path(), &[&["fit", ".", "--model", &model], more].concat());
    insta::assert_snapshot!(
        "fit_model_without_place",
        fit(&["--observe", "kidney_left=A_kidneys"])
    );
    insta::assert_snapshot!(
        "fit_model_unknown_place",
        fit(&["--into", "L.plasm", "--observe", "kidney_left=A_kidneys"])
    );
    insta::assert_snapshot!(
        "fit_model_unknown_observable",
        fit(&["--into", "L.plasma", "--observe", "kidney_left=A_kidny"])
    );
    insta::assert_snapshot!("fit_model_nothing_observed", fit(&["--into", "L.plasma"]));
    insta::assert_snapshot!(
        "fit_model_less_than_it_carries",
        fit(&["--into", "L.plasma", "--observe", "kidney_left=A_kidneys", "--amount", "1 nmol"])
    );
}

#[test]
fn exact_fit_with_a_model_is_what_the_report_does() {
    let arguments = [
        "fit",
        "data/studies/snmmi_patient4",
        "--model",
        MODEL,
        "--into",
        "L.plasma",
        "--amount",
        "140 nmol",
        "--over",
        "30 min",
        "--observe",
        "kidney_left + kidney_right=A_kidneys",
        "--observe",
        "liver=A_liver",
        "--observe",
        "spleen=A_spleen",
        "--set",
        "V_kidneys=0.478 L",
        "--set",
        "V_spleen=0.253 L",
        "--set",
        "V_liver=2.115 L",
        "--print",
        "estimates",
    ];
    let printed = common::run(&repository(), &arguments).stdout;
    let table = repository().join("reports/01_dotatate_patient/tables/receptor.csv");
    let reported = fs::read_to_string(table).expect("the report is part of the repository");
    let column = |text: &str| -> Vec<(String, f64)> {
        Rows::read(text).iter().map(|r| (r.name().to_owned(), r.number("estimate"))).collect()
    };
    let (printed, reported) = (column(&printed), column(&reported));
    assert_eq!(printed.len(), 12);
    for ((name, x), (other, y)) in printed.iter().zip(&reported) {
        // The tolerance of the committed table against another processor.
        assert!(name == other && (x / y - 1.0).abs() < 2e-3, "{name} {x} {y}");
    }
}

/// An experiment that takes long: many steps of many points.
fn slow(root: &Path) {
    let shipped = repository().join("models/radiobiology/linear-quadratic.toml");
    fs::create_dir_all(root.join("reports/01_slow")).expect("a folder");
    fs::copy(shipped, root.join("lq.toml")).expect("the model");
    let mut text = String::from(
        "[experiment]\ntitle = \"t\"\nquestion = \"q\"\nseed = 1\nobjective = \"o\"\nmethod = \"m\"\n\
         result = \"r\"\ndisagreement = \"d\"\n[models.lq]\nfile = \"lq.toml\"\n",
    );
    for i in 0..500 {
        text.push_str(&format!(
            "[[step]]\nkind = \"simulate\"\nid = \"s{i}\"\nmodel = \"lq\"\npoints = 100000\n"
        ));
    }
    fs::write(root.join("reports/01_slow/experiment.toml"), text).expect("a file");
}

fn start(root: &Path) -> Child {
    let child = Command::new(assert_cmd::cargo::cargo_bin!("lutetia"))
        .arg("report")
        .current_dir(root)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    // It has begun when it holds the folder.
    let since = Instant::now();
    while !root.join("reports/.lock").exists() {
        assert!(since.elapsed() < Duration::from_secs(30), "the report does not begin");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[cfg(unix)]
#[test]
fn exact_ctrl_c_ends_with_130_and_leaves_nothing_half_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    slow(root);
    let mut child = start(root);
    // Another run in the same folder must wait its turn, and says so.
    let second = run(root, &["report"]);
    assert!(second.starts_with("exit code: 75\n"), "{second}");
    insta::assert_snapshot!("second_report", second);

    let interrupted = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupted.expect("`kill` starts").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let left: Vec<String> = fs::read_dir(root.join("reports/01_slow"))
        .expect("the folder")
        .flatten()
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left, ["experiment.toml"], "nothing was written");
    // The next run may begin at once.
    let mut child = start(root);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}

#[test]
fn regress_reports_that_cannot_be_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let amounts = "data/patients/psma-it-wholebody/amounts.csv";
    for part in ["models/psma", "data/patients/psma-it-wholebody", "reports/02_hot_and_cold"] {
        fs::create_dir_all(root.join(part)).expect("a folder");
    }
    let own = ["models/psma/tumour-kidney.toml", "reports/02_hot_and_cold/experiment.toml"];
    for file in own.into_iter().chain([amounts]) {
        fs::copy(repository().join(file), root.join(file)).expect("a file of the repository");
    }
    // A file stands where the folder of the tables must be made: permissions would not stop root.
    fs::write(root.join("reports/02_hot_and_cold/tables"), "mine").expect("a file");
    insta::assert_snapshot!("report_blocked", run(root, &["report"]));
    let kept = fs::read_to_string(root.join("reports/02_hot_and_cold/tables"));
    assert_eq!(kept.expect("the file is still there"), "mine");
    insta::assert_snapshot!("report_unknown", run(root, &["report", "07"]));
    // A file in place of `reports` itself.
    fs::remove_dir_all(root.join("reports")).expect("the folder goes");
    fs::write(root.join("reports"), "mine").expect("a file");
    insta::assert_snapshot!("report_no_folder", run(root, &["report"]));
}

#[test]
fn regress_integrals_without_a_function() {
    let study = "data/studies/snmmi_patient4";
    let fit = |more: &[&str]| {
        run(&repository(), &[&["fit", study, "--region", "kidney_left"], more].concat())
    };
    for (name, arguments) in [
        ("haenscheid", vec!["--method", "haenscheid", "--at", "103 h"]),
        ("which_measurement", vec!["--method", "haenscheid"]),
        ("trapezoid", vec!["--method", "trapezoid physical"]),
        ("unknown", vec!["--method", "simpson"]),
        ("with_function", vec!["--method", "haenscheid", "--function", "mono"]),
    ] {
        insta::assert_snapshot!(format!("method_{name}"), fit(&arguments));
    }
    let dose = |more: &[&str]| run(&repository(), &[&["dose", study], more].concat());
    insta::assert_snapshot!("bed_unknown", dose(&["--bed", "kidney_lef=2.5 Gy,2.8 h"]));
    insta::assert_snapshot!("bed_unreadable", dose(&["--bed", "kidney_left=2.5 Gy"]));
    insta::assert_snapshot!("bed_wrong_unit", dose(&["--bed", "kidney_left=2.5 h,2.8 h"]));
    let plan = |more: &[&str]| {
        let head = ["plan", study, "--region", "kidney_left", "--volume-sd", "5 %"];
        run(&repository(), &[&head, more].concat())
    };
    let tissue = ["--tissue", "2.5 Gy,2.8 h"];
    insta::assert_snapshot!(
        "plan",
        plan(&[&tissue[..], &["--limit", "40 Gy", "--activity", "7.4 GBq"]].concat())
    );
    insta::assert_snapshot!("plan_limit", plan(&[&tissue[..], &["--limit", "40 MBq"]].concat()));
    insta::assert_snapshot!("plan_zero", plan(&[&tissue[..], &["--limit", "0 Gy"]].concat()));
    insta::assert_snapshot!("plan_tissue", plan(&["--limit", "40 Gy", "--tissue", "2.5 Gy"]));
}
