//! `lutetia trial` as a whole run: killed, interrupted, gone on with.
#![allow(missing_docs)]

use std::{
    fs,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

const MODEL: &str = r#"
[model]
id    = "hazard"
title = "A hazard that follows a growing tumour"
units = { time = "d", amount = "nmol", volume = "L" }

[parameters]
one = { value = "1 g", fixed = true, source = "assumed" }
k_grow = { value = "0.003 1/d", iiv = "60 %", source = "assumed" }
h0     = { value = "0.001 1/d", iiv = "30 %", source = "assumed" }

[states]
M = { unit = "1", initial = "1" }
H = { unit = "1", initial = "0" }

[scheme]
processes = '''
grow: 0 => M @ k_grow*M
die:  0 => H @ h0*M
'''

[outputs]
size   = { of = "one*M", unit = "g" }
hazard = { of = "H", unit = "1" }
"#;

const EXPERIMENT: &str = r#"
[experiment]
title = "A trial"
question = "?"
seed = 3
objective = ""
method = ""
result = ""
disagreement = ""

[models.hazard]
file = "models/hazard.toml"

[[step]]
kind = "cohort"
id = "all"
model = "hazard"
patients = 10

[[step]]
kind = "trial"
id = "watching"
cohort = "all"
follow_up = "36 mo"
death = "hazard"
volume = "size"

[[step.arm]]
name = "slow"
patients = 200
set = { h0 = "0.0005 1/d" }

[[step.arm]]
name = "usual"
patients = 100
"#;

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir_all(folder.path().join("models")).expect("a folder");
    fs::write(folder.path().join("models/hazard.toml"), MODEL).expect("a file");
    fs::write(folder.path().join("trial.toml"), EXPERIMENT).expect("a file");
    folder
}

fn start(root: &Path, out: &str, patients: &str) -> Child {
    begin(root, "trial.toml", &["--out", out, "--patients", patients, "--threads", "1"])
}

fn begin(root: &Path, file: &str, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_lutetia"))
        .current_dir(root)
        .args(["trial", file])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts")
}

fn finish(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Waits until that many chunks are on disk.
fn wait_for_chunks(root: &Path, out: &str, count: usize) {
    let chunks = root.join(out).join("chunks");
    let begun = Instant::now();
    let whole = || {
        fs::read_dir(&chunks).map_or(0, |entries| {
            entries.flatten().filter(|e| e.path().extension().is_some_and(|x| x == "csv")).count()
        })
    };
    while whole() < count {
        assert!(begun.elapsed() < Duration::from_secs(120), "no chunk appeared");
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(unix)]
#[test]
fn exact_a_killed_or_interrupted_trial_goes_on_and_loses_nothing() {
    let folder = folder();
    let root = folder.path();
    let patients = "9000";
    let (code, summary, talk) = finish(start(root, "whole", patients));
    assert_eq!(code, Some(0), "{talk}");
    let whole = fs::read_to_string(root.join("whole/patients.csv")).expect("the table");
    assert_eq!(whole.lines().count(), 9001);

    // Killed without warning.
    let mut child = start(root, "parts", patients);
    wait_for_chunks(root, "parts", 2);
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    assert!(!root.join("parts/patients.csv").exists(), "it was done before it was killed");
    // Interrupted by the user.
    let child = start(root, "parts", patients);
    wait_for_chunks(root, "parts", 5);
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("`kill` starts").success());
    let (code, _, talk) = finish(child);
    assert_eq!(code, Some(130), "{talk}");
    assert!(talk.contains("the same command goes on from there"), "{talk}");
    // And on to the end.
    let (code, again, talk) = finish(start(root, "parts", patients));
    assert_eq!(code, Some(0), "{talk}");
    assert!(talk.contains("chunks were there already"), "{talk}");
    assert_eq!(again, summary);
    let parts = fs::read_to_string(root.join("parts/patients.csv")).expect("the table");
    assert!(parts == whole, "the table differs from that of a run nobody stopped");

    // The folder of another run is left alone.
    let (code, _, talk) = finish(start(root, "parts", "8000"));
    assert_eq!(code, Some(73), "{talk}");
    assert!(talk.contains("another run"), "{talk}");
}

/// Each endpoint is counted from its own columns, the marker's progression too.
#[test]
fn exact_the_summary_counts_each_endpoint_from_its_columns() {
    let folder = folder();
    let root = folder.path();
    let marker = "volume = \"size\"\nmarker = \"size\"\nmarker_visits = { every = \"4 week\" }";
    fs::write(root.join("trial.toml"), EXPERIMENT.replace("volume = \"size\"", marker))
        .expect("a file");
    let (code, summary, talk) = finish(start(root, "out", "600"));
    assert_eq!(code, Some(0), "{talk}");
    let mut reader = csv::Reader::from_path(root.join("out/patients.csv")).expect("the table");
    let names = reader.headers().expect("a header").clone();
    let rows: Vec<_> = reader.records().map(|r| r.expect("a row")).collect();
    let at = |name: &str| names.iter().position(|n| n == name).expect("a column");
    let mut counts = Vec::new();
    for (endpoint, column) in
        [("OS", "died"), ("PFS", "progressed"), ("marker PFS", "marker_progressed")]
    {
        for arm in ["slow", "usual"] {
            let events = rows.iter().filter(|r| &r[1] == arm && &r[at(column)] == "1").count();
            let patients = rows.iter().filter(|r| &r[1] == arm).count();
            let line = format!("{endpoint},{arm},{patients},0,{events},");
            assert!(summary.contains(&line), "no `{line}` in\n{summary}");
            counts.push(events);
        }
    }
    // Deaths, progressions and those of the marker in either arm: a mix-up of columns would be seen.
    let [os, slower, pfs, _, marker, _] = counts[..] else { panic!("{counts:?}") };
    assert!(os != pfs && os != marker && os != slower, "{counts:?}");
}

/// Nobody can be simulated: the table says why, patient by patient, and the command fails.
#[test]
fn exact_a_trial_of_nobody_fails() {
    let folder = folder();
    let root = folder.path();
    fs::write(
        root.join("models/hazard.toml"),
        MODEL.replace("die:  0 => H @ h0*M", "die:  0 => H @ h0*exp(1e6*M)"),
    )
    .expect("a file");
    let (code, _, talk) = finish(start(root, "out", "20"));
    assert_ne!(code, Some(0), "{talk}");
    assert!(talk.contains("no patient could be simulated; the column `status`"), "{talk}");
    let table = fs::read_to_string(root.join("out/patients.csv")).expect("the table");
    assert!(table.contains("is not a finite number"), "{table}");
}

/// A quick calibration, and one of hours.
const CALIBRATION: &str = r#"
[[step]]
kind = "calibrate"
id = "posterior"
trial = "watching"
particles = 10
generations = 1
patients = 20
predictions = 2
unknown = [{ name = "h0", lower = "0.0001 1/d", upper = "0.01 1/d", log = true }]
target = [
  { of = "median", what = "OS", arm = "usual", value = 15, error = 2, calibrate = true, source = "assumed" },
  { of = "median", what = "OS", arm = "slow", value = 20, error = 2, calibrate = false, source = "assumed" },
]
"#;

/// All files of a folder but the experiment.
#[cfg(unix)]
fn whole_files(folder: &Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut files = std::collections::BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(whole_files(&path));
        } else if path.file_name().is_some_and(|n| n != "experiment.toml") {
            files.insert(path.clone(), fs::read(&path).expect("a file"));
        }
    }
    files
}

#[cfg(unix)]
#[test]
fn exact_a_report_stopped_within_a_calibration_ends_at_once_and_keeps_the_old_one() {
    let folder = folder();
    let root = folder.path();
    let report = root.join("reports/01_calibrated");
    fs::create_dir_all(&report).expect("a folder");
    let write = |calibration: &str| {
        fs::write(report.join("experiment.toml"), format!("{EXPERIMENT}{calibration}"))
            .expect("a file");
    };
    let start = || {
        Command::new(env!("CARGO_BIN_EXE_lutetia"))
            .current_dir(root)
            .arg("report")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts")
    };
    write(CALIBRATION);
    let (code, _, talk) = finish(start());
    assert_eq!(code, Some(0), "{talk}");
    let before = whole_files(&report);
    assert!(before.len() > 10, "{} files", before.len());

    write(&CALIBRATION.replace("patients = 20", "patients = 300_000"));
    let mut child = start();
    let begun = Instant::now();
    while !root.join("reports/.lock").exists() {
        assert!(begun.elapsed() < Duration::from_secs(30), "the report does not begin");
        thread::sleep(Duration::from_millis(5));
    }
    // The cohort of ten and the trial of 300 take a fraction of this.
    thread::sleep(Duration::from_secs(1));
    assert!(child.try_wait().expect("it runs").is_none(), "it ended by itself");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("`kill` starts").success());
    let begun = Instant::now();
    let (code, _, talk) = finish(child);
    let took = begun.elapsed();
    assert_eq!(code, Some(130), "{talk}");
    assert!(talk.contains("the same command makes the rest"), "{talk}");
    // Two seconds are what a person waits; a busy machine may be this much slower.
    assert!(took < Duration::from_secs(4), "{took:?}");
    assert_eq!(before, whole_files(&report), "the old report is whole");

    // The same command goes on, here with what is quick again.
    write(&CALIBRATION.replace("particles = 10", "particles = 11"));
    let (code, _, talk) = finish(start());
    assert_eq!(code, Some(0), "{talk}");
    let generations = fs::read_to_string(report.join("tables/posterior.generations.csv"));
    let generations = generations.expect("the table");
    assert!(generations.lines().last().expect("rows").starts_with("final,20,"), "{generations}");
}

#[test]
fn exact_what_a_trial_cannot_do_is_said() {
    let folder = folder();
    let root = folder.path();
    let run = |more: &[&str], file: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_lutetia"))
            .current_dir(root)
            .args(["trial", file, "--out", "out"])
            .args(more)
            .output()
            .expect("the command starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, talk) = run(&[], "nothing.toml");
    assert!(code == Some(66) && talk.contains("nothing.toml"), "{code:?} {talk}");
    let (code, talk) = run(&["--step", "wathcing"], "trial.toml");
    assert!(code == Some(65) && talk.contains("watching"), "{code:?} {talk}");
    let (code, talk) = run(&["--patients", "1"], "trial.toml");
    assert!(code == Some(65) && talk.contains("at least one per arm"), "{code:?} {talk}");
    let (code, talk) = run(&["--patients", "0"], "trial.toml");
    assert!(code == Some(64), "{code:?} {talk}");
    let empty = EXPERIMENT.replace("patients = 100", "patients = 0");
    fs::write(root.join("empty.toml"), empty).expect("a file");
    let (code, talk) = run(&[], "empty.toml");
    assert!(code == Some(65) && talk.contains("arm `usual` is 0"), "{code:?} {talk}");
}

/// The summary has exact times: it is what `lutetia survival` makes of the same table.
#[test]
fn exact_the_summary_is_what_survival_says_of_the_table() {
    let folder = folder();
    let root = folder.path();
    let (code, summary, talk) = finish(start(root, "out", "600"));
    assert_eq!(code, Some(0), "{talk}");
    let mut lines = summary.lines();
    let first = lines.next().expect("a line");
    assert!(
        first.starts_with("# hazard: not calibrated: `hazard` is that of `models/hazard.toml`"),
        "{first}"
    );
    assert!(talk.starts_with("hazard: not calibrated"), "{talk}");
    for (endpoint, time, event) in
        [("OS", "survival_d", "died"), ("PFS", "progression_free_d", "progressed")]
    {
        let output = Command::new(env!("CARGO_BIN_EXE_lutetia"))
            .current_dir(root)
            .args(["survival", "out/patients.csv", "--time", time, "--event", event, "--json"])
            .output()
            .expect("the command starts");
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let row = |arm: &str| -> Vec<String> {
            let of = |l: &&str| l.starts_with(&format!("{endpoint},{arm},"));
            let line = summary.lines().find(of).expect("a row");
            line.split(',').map(str::to_owned).collect()
        };
        let close = |found: &str, expected: &serde_json::Value, per: f64| {
            let (a, b) =
                (found.parse::<f64>().expect("a number"), expected.as_f64().expect("one") / per);
            // Six digits are printed.
            assert!((a / b - 1.0).abs() < 5e-6, "{endpoint}: {a} {b}");
        };
        for (k, arm) in ["slow", "usual"].into_iter().enumerate() {
            close(&row(arm)[5], &value["arms"][k]["median"], 30.4375);
        }
        let usual = row("usual");
        let comparison = &value["comparison"][0];
        for (k, column) in [(6, "hazard_ratio"), (7, "low"), (8, "high")] {
            close(&usual[k], &comparison[column], 1.0);
        }
    }
}

#[test]
fn exact_a_ratio_of_two_patients_is_not_determined() {
    let folder = folder();
    let root = folder.path();
    let quick = EXPERIMENT.replace("h0 = \"0.0005 1/d\"", "h0 = \"0.05 1/d\"");
    fs::write(root.join("trial.toml"), quick).expect("a file");
    let (code, summary, talk) = finish(start(root, "out", "2"));
    assert_eq!(code, Some(0), "{talk}");
    let usual = summary.lines().find(|l| l.starts_with("OS,usual,")).expect("a row");
    assert!(usual.contains(",,,") && usual.contains("not determined"), "{summary}");
}

/// What lies in the folder is of this run and whole, or is refused; what is in use is in use.
#[test]
fn exact_the_folder_is_of_one_run_and_in_one_use() {
    let folder = folder();
    let root = folder.path();
    // Somebody else's table.
    fs::create_dir_all(root.join("theirs")).expect("a folder");
    fs::write(root.join("theirs/patients.csv"), "patient,arm,status\n1,usual,ok\n")
        .expect("a file");
    let (code, out, talk) = finish(start(root, "theirs", "600"));
    assert_eq!((code, out.as_str()), (Some(73), ""), "{talk}");
    assert!(talk.contains("run.txt"), "{talk}");

    let (code, summary, talk) = finish(start(root, "own", "600"));
    assert_eq!(code, Some(0), "{talk}");
    let table = root.join("own/patients.csv");
    let whole = fs::read(&table).expect("the table");
    let line_end =
        1 + whole.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(250).expect("lines").0;
    for cut in [0, 7, line_end, line_end + 5, whole.len() - 1] {
        fs::write(&table, &whole[..cut]).expect("a file");
        let (code, out, talk) = finish(start(root, "own", "600"));
        assert_eq!((code, out.as_str()), (Some(73), ""), "{cut}: {talk}");
        assert!(talk.contains("is not as this run wrote it"), "{talk}");
    }
    // Removed, it is simulated again, to the byte.
    fs::remove_file(&table).expect("it is there");
    let (code, again, _) = finish(start(root, "own", "600"));
    assert_eq!((code, again), (Some(0), summary));
    assert!(fs::read(&table).expect("the table") == whole);

    // Two at once.
    let mut first = start(root, "both", "90000");
    wait_for_chunks(root, "both", 1);
    let begun = Instant::now();
    let (code, _, talk) = finish(start(root, "both", "90000"));
    assert_eq!(code, Some(75), "{talk}");
    assert!(talk.contains("in use by another run"), "{talk}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    // A dead process holds nothing.
    first.kill().expect("it runs");
    first.wait().expect("it ends");
    let mut third = start(root, "both", "90000");
    thread::sleep(Duration::from_millis(1500));
    let still = third.try_wait().expect("a state").is_none();
    third.kill().ok();
    let (code, _, talk) = finish(third);
    assert!(still || code == Some(0), "{talk}");
}

/// A calibrated trial treats the patients of the report: with its tables where they are current, with a calibration made
/// first where they are not.
#[test]
fn exact_a_calibrated_trial_is_that_of_the_report() {
    let folder = folder();
    let root = folder.path();
    let report = root.join("reports/01_calibrated");
    fs::create_dir_all(&report).expect("a folder");
    let fitted = r#"
[[step]]
kind = "cohort"
id = "fitted_men"
model = "hazard"
patients = 10
calibrated = "posterior"

[[step]]
kind = "trial"
id = "fitted"
cohort = "fitted_men"
follow_up = "36 mo"
death = "hazard"
volume = "size"
[[step.arm]]
name = "slow"
patients = 20
[[step.arm]]
name = "usual"
patients = 20
"#;
    let file = "reports/01_calibrated/experiment.toml";
    fs::write(root.join(file), format!("{EXPERIMENT}{CALIBRATION}{fitted}")).expect("a file");
    let trial = |out: &str, step: &str| {
        finish(begin(root, file, &["--step", step, "--patients", "40", "--out", out]))
    };
    // Nothing is made yet: the calibration comes first, and is kept.
    let (code, computed, talk) = trial("computed", "fitted");
    assert_eq!(code, Some(0), "{talk}");
    assert!(talk.starts_with("calibrating `posterior` first"), "{talk}");
    assert!(
        computed.starts_with("# hazard: calibrated by the step `posterior` to `usual median OS`"),
        "{computed}"
    );
    fs::remove_file(root.join("computed/patients.csv")).expect("it is there");
    let (code, again, talk) = trial("computed", "fitted");
    assert!(code == Some(0) && talk.contains("by an earlier run"), "{talk}");
    assert_eq!(
        again.lines().skip(1).collect::<Vec<_>>(),
        computed.lines().skip(1).collect::<Vec<_>>()
    );

    let made = Command::new(env!("CARGO_BIN_EXE_lutetia")).current_dir(root).arg("report").output();
    assert!(made.expect("the command starts").status.success());
    let (code, _, talk) = trial("read", "fitted");
    assert_eq!(code, Some(0), "{talk}");
    assert!(talk.contains("which is current") && !talk.contains("calibrating"), "{talk}");
    let patients =
        |out: &str| fs::read_to_string(root.join(out).join("patients.csv")).expect("a table");
    assert!(patients("read") == patients("computed"), "the values differ");
    // Patient by patient the report's, whose table has months with six digits.
    let mut events =
        csv::Reader::from_path(report.join("tables/fitted.events.csv")).expect("the table");
    let reported: Vec<(String, f64)> = events
        .records()
        .map(|r| r.expect("a row"))
        .filter(|r| &r[2] == "OS")
        .map(|r| (format!("{},{}", &r[0], &r[1]), r[3].parse().expect("a time")))
        .collect();
    assert_eq!(reported.len(), 40);
    let table = patients("read");
    for (head, months) in reported {
        let line = table.lines().find(|l| l.starts_with(&format!("{head},"))).expect("a patient");
        let days: f64 = line.split(',').nth(3).expect("a cell").parse().expect("a number");
        assert!((days / 30.4375 / months - 1.0).abs() < 5e-6, "{head}: {days} {months}");
    }

    // A table that was touched, and a model that was changed, are not current.
    let posterior = report.join("tables/posterior.csv");
    let text = fs::read_to_string(&posterior).expect("the table");
    fs::write(&posterior, text.replacen("0.00", "0.01", 1)).expect("a file");
    let (code, _, talk) = trial("touched", "fitted");
    assert!(code == Some(0) && talk.contains("was changed after it was written"), "{talk}");
    assert!(patients("touched") == patients("computed"));
    fs::write(&posterior, text).expect("a file");
    fs::write(root.join("models/hazard.toml"), MODEL.replace("60 %", "50 %")).expect("a file");
    let (code, _, talk) = trial("changed", "fitted");
    assert!(code == Some(0) && talk.contains("`models/hazard.toml` has changed"), "{talk}");
    let (code, _, talk) = trial("read", "fitted");
    assert!(code == Some(73) && talk.contains("another run"), "{talk}");

    // The trial that was calibrated on has the values of the library, and says so first.
    let (code, out, talk) = trial("uncalibrated", "watching");
    assert_eq!(code, Some(0), "{talk}");
    for said in [out.lines().next(), talk.lines().next()] {
        let said = said.expect("a line");
        assert!(said.contains("not calibrated") && said.contains("`posterior`"), "{said}");
        assert!(said.contains("`fitted`"), "{said}");
    }
}
