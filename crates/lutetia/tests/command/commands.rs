//! Whole runs of the command: exit code, standard output and standard error.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
};

use lutetia_testkit::repository;

use crate::common;

/// All that a user sees.
fn run(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, arguments).shown()
}

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn regress_help() {
    let folder = empty();
    insta::assert_snapshot!("help", run(folder.path(), &["--help"]));
    for command in [
        &["check"][..],
        &["models"],
        &["explain"],
        &["new", "ligand"],
        &["new", "study"],
        &["schema"],
        &["data", "check"],
        &["simulate"],
        &["fit"],
        &["fit-map"],
        &["functions"],
        &["dose"],
        &["plan"],
        &["import", "pytheranostics"],
        &["import", "olinda"],
        &["export", "olinda"],
        &["export", "mirdcalc"],
        &["survival"],
        &["report"],
        &["completions"],
    ] {
        let arguments = [command, &["--help"]].concat();
        insta::assert_snapshot!(
            format!("help_{}", command.join("_")),
            run(folder.path(), &arguments)
        );
    }
}

#[test]
fn regress_wrong_usage_is_64() {
    let folder = empty();
    insta::assert_snapshot!("usage_unknown_command", run(folder.path(), &["chekc"]));
    insta::assert_snapshot!(
        "usage_unknown_flag",
        run(folder.path(), &["check", "--strickt", "x.toml"])
    );
    insta::assert_snapshot!("usage_no_file", run(folder.path(), &["check"]));
    insta::assert_snapshot!("usage_threads", run(folder.path(), &["report", "--threads", "0"]));
    assert!(run(folder.path(), &[]).starts_with("exit code: 64\n"));
}

#[test]
fn regress_a_missing_file_is_66_and_a_near_name_is_suggested() {
    let folder = empty();
    std::fs::write(folder.path().join("psma.toml"), "").expect("a file");
    insta::assert_snapshot!("missing_file_near", run(folder.path(), &["check", "psna.toml"]));
    insta::assert_snapshot!(
        "missing_file",
        run(folder.path(), &["explain", "elsewhere/model.toml"])
    );
    insta::assert_snapshot!("missing_study", run(folder.path(), &["data", "check", "nowhere"]));
    insta::assert_snapshot!("missing_reports", run(folder.path(), &["report"]));
    insta::assert_snapshot!("folder_without_models", {
        std::fs::create_dir(folder.path().join("models")).expect("a folder");
        run(folder.path(), &["check", "models"])
    });
}

#[test]
fn regress_files_that_are_no_text_are_65() {
    let folder = empty();
    std::fs::write(folder.path().join("latin.toml"), b"[model]\nid = \"m\xfcnchen\"\n")
        .expect("a file");
    insta::assert_snapshot!("not_utf8", run(folder.path(), &["check", "latin.toml"]));
    // 17 MiB, one more than is read.
    std::fs::write(folder.path().join("huge.toml"), vec![b'\n'; 17 << 20]).expect("a file");
    insta::assert_snapshot!("too_large", run(folder.path(), &["check", "huge.toml"]));
}

#[test]
fn regress_new_ligand() {
    let folder = empty();
    let new = |arguments: &[&str]| run(folder.path(), &[&["new", "ligand"], arguments].concat());
    insta::assert_snapshot!("new_ligand", new(&["psma-617", "--family", "psma"]));
    let path = folder.path().join("models").join("psma").join("psma-617.toml");
    let first = std::fs::read(&path).expect("the file was written");
    insta::assert_snapshot!("new_ligand_again", new(&["psma-617", "--family", "psma"]));
    assert_eq!(std::fs::read(&path).expect("the file is still there"), first);
    insta::assert_snapshot!("new_ligand_name", new(&["PSMA_617"]));
    insta::assert_snapshot!("new_ligand_escape", new(&["../../etc"]));
    insta::assert_snapshot!("new_ligand_json", new(&["other", "--json"]));
    std::fs::write(folder.path().join("taken"), "").expect("a file");
    insta::assert_snapshot!("new_ligand_no_folder", new(&["x", "--dir", "taken"]));
}

#[test]
fn exact_what_new_writes_passes_check() {
    let folder = empty();
    let good = |words: &[&str]| {
        let ran = run(folder.path(), words);
        assert!(ran.starts_with("exit code: 0\n"), "{words:?}: {ran}");
        ran
    };
    good(&["new", "ligand", "demo"]);
    good(&["new", "chain", "demo"]);
    good(&["check", "--strict", "models"]);
    good(&["explain", "models/ligands/demo.toml"]);
    good(&["explain", "models/chains/demo.toml"]);
    good(&["new", "experiment", "demo"]);
    good(&["check", "--strict", "reports/demo/experiment.toml"]);
    good(&["report", "demo"]);
    assert!(folder.path().join("reports/demo/index.html").is_file());
    good(&["new", "study", "demo"]);
    let checked = good(&["data", "check", "demo"]);
    assert!(!checked.contains("warning"), "{checked}");
    let doses = good(&["dose", "demo"]);
    assert!(doses.contains("kidney_left") && doses.contains("tumour 1"), "{doses}");
    // What is there already is left, all of it.
    let again = run(folder.path(), &["new", "study", "demo"]);
    assert!(again.starts_with("exit code: 73\n"), "{again}");
}

#[test]
fn exact_json_is_one_value_on_standard_output() {
    let folder = empty();
    run(folder.path(), &["new", "ligand", "demo"]);
    std::fs::write(folder.path().join("bad.toml"), "").expect("a file");
    let text = run(folder.path(), &["check", "--json", "models", "bad.toml"]);
    assert!(text.starts_with("exit code: 65\n"), "{text}");
    let stdout = text
        .split("----- stdout -----\n")
        .nth(1)
        .and_then(|rest| rest.split("----- stderr -----").next())
        .expect("both streams");
    let value: serde_json::Value = serde_json::from_str(stdout).expect("one JSON value");
    assert_eq!(value[0]["ok"], true, "{value}");
    assert_eq!(value[1]["ok"], false, "{value}");
    let code = value[1]["diagnostics"][0]["code"].as_str().expect("a code");
    assert!(code.starts_with("LUT2"), "{value}");
}

#[test]
fn exact_colour_only_where_it_is_wanted() {
    let folder = empty();
    std::fs::write(folder.path().join("bad.toml"), "").expect("a file");
    // The streams of a test are not terminals.
    assert!(!run(folder.path(), &["check", "bad.toml"]).contains('\u{1b}'));
    assert!(run(folder.path(), &["check", "--color", "always", "bad.toml"]).contains('\u{1b}'));
}

#[test]
fn exact_every_shell_gets_a_script() {
    let folder = empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = run(folder.path(), &["completions", shell]);
        assert!(text.starts_with("exit code: 0\n") && text.contains("simulate"), "{shell}: {text}");
    }
}

/// A reader that goes away after one line is not a fault: no message, exit code 0.
#[test]
fn exact_a_closed_pipe_ends_in_silence() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("lutetia"))
        .args(["completions", "zsh"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    let lines: Vec<String> = stderr.lines().map_while(Result::ok).collect();
    assert_eq!(lines, Vec::<String>::new());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

/// The patient that is shipped, named as a user in the root of the repository would.
#[test]
fn regress_patient_data() {
    let root = repository();
    let study = "data/studies/snmmi_patient4";
    insta::assert_snapshot!("data_check", run(&root, &["data", "check", study]));
    insta::assert_snapshot!(
        "fit_unknown_region",
        run(&root, &["fit", study, "--region", "kidny_left"])
    );
    insta::assert_snapshot!("fit_unknown_cycle", run(&root, &["fit", study, "--cycle", "3"]));
    insta::assert_snapshot!(
        "fit_unknown_function",
        run(&root, &["fit", study, "--function", "bi-uptak"])
    );
    insta::assert_snapshot!(
        "fit_wrong_error",
        run(&root, &["fit", study, "--error", "proportional 5 MBq"])
    );
    insta::assert_snapshot!("dose_wrong_sd", run(&root, &["dose", study, "--volume-sd", "5 g"]));
    insta::assert_snapshot!(
        "dose_wrong_reference",
        run(&root, &["dose", study, "--reference", "mal"])
    );

    let folder = empty();
    std::fs::write(folder.path().join("README.md"), "Source: invented").expect("a file");
    std::fs::write(folder.path().join("subjects.csv"), "subject\nP1\n").expect("a file");
    std::fs::write(
        folder.path().join("doses.csv"),
        "subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n",
    )
    .expect("a file");
    std::fs::write(
        folder.path().join("activity.csv"),
        "subject,region,time (h),activity (MBq)\nP1,liver,4,-90\nP2,liver,24,60\n",
    )
    .expect("a file");
    let checked = run(folder.path(), &["data", "check", "."]);
    assert!(checked.starts_with("exit code: 65\n"), "{checked}");
    assert!(
        checked.contains("activity.csv:2:") && checked.contains("activity.csv:3:"),
        "{checked}"
    );
}
