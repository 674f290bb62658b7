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
size   = { of = "M", unit = "1" }
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
    Command::new(env!("CARGO_BIN_EXE_lutetia"))
        .current_dir(root)
        .args(["trial", "trial.toml", "--out", out, "--patients", patients, "--threads", "1"])
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
