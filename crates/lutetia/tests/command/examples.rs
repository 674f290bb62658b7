//! The examples of every `--help`, run as they are printed.
//!
//! The text is what a user sees, so that an example that the terminal would break is found too. Each
//! command has a copy of models, data and experiments of its own, with small files of the names that its
//! examples take.

use std::{fs, path::Path, process::Command};

use assert_cmd::cargo::cargo_bin;
use lutetia_testkit::repository;

/// Subcommands without an example: those that only hold others.
const GROUPS: [&str; 4] = ["new", "data", "import", "export"];

/// What an example says and what is run in its place where it would take minutes.
const SMALLER: [(&str, &str); 2] =
    [("--patients 1000", "--patients 4"), ("--bootstrap 1000", "--bootstrap 20")];

fn help(command: &[&str]) -> String {
    let output = Command::new(cargo_bin("lutetia"))
        .args(command)
        .arg("--help")
        .env_remove("COLUMNS")
        .output()
        .expect("the command starts");
    String::from_utf8(output.stdout).expect("help is UTF-8")
}

/// Names of the subcommands that a help lists.
fn listed(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        // A name stands two columns in; what is further in goes on with the line before.
        .filter(|line| line.chars().nth(2).is_some_and(|c| c != ' '))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The shell commands of the examples: lines two columns in after `Example:`, up to an empty line; a line
/// that ends in a backslash goes on.
fn examples(help: &str) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut goes_on = false;
    let lines = help.lines().skip_while(|line| *line != "Example:").skip(1);
    for line in lines.take_while(|line| !line.trim().is_empty()) {
        match commands.last_mut() {
            Some(command) if goes_on => {
                command.push('\n');
                command.push_str(line);
            }
            _ => commands.push(line.trim_start().to_owned()),
        }
        goes_on = line.ends_with('\\');
    }
    commands
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder in the temporary folder");
    for entry in fs::read_dir(from).expect("a folder of the repository").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if entry.file_name() != ".lock" && entry.file_name() != ".stamp.json" {
            fs::copy(&path, &target).expect("a file of the repository is copied");
        }
    }
}

/// A root with what the examples name.
fn root(command: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for part in ["models", "data"] {
        copy(&repository().join(part), &folder.path().join(part));
    }
    // All experiments where one of them is named; the first alone where all that are there are made.
    let reports = if command == "report" { "reports/01_dotatate_patient" } else { "reports" };
    if ["report", "trial", "check", "explain"].contains(&command) {
        copy(&repository().join(reports), &folder.path().join(reports));
    }
    fs::create_dir_all(folder.path().join(".local/share/bash-completion/completions"))
        .expect("a home");
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    copy(&files, folder.path());
    folder
}

#[test]
fn exact_every_example_of_a_help_runs() {
    let mut queue: Vec<Vec<String>> = listed(&help(&[])).into_iter().map(|c| vec![c]).collect();
    let mut ran = 0;
    let mut matched = [0; SMALLER.len()];
    let mut faults = Vec::new();
    assert!(queue.len() >= 16, "{queue:?}");
    while let Some(command) = queue.pop() {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let text = help(&words);
        if command.len() == 1 && GROUPS.contains(&words[0]) {
            for name in listed(&text) {
                queue.push(vec![words[0].to_owned(), name]);
            }
            continue;
        }
        let found = examples(&text);
        assert!(!found.is_empty(), "{command:?} has no example: {text}");
        let folder = root(words[0]);
        let binary = cargo_bin("lutetia");
        let path = std::env::join_paths(
            binary
                .parent()
                .map(Path::to_path_buf)
                .into_iter()
                .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
        )
        .expect("a path");
        for example in found {
            let mut small = example.clone();
            for ((long, short), matched) in SMALLER.iter().zip(&mut matched) {
                *matched += small.matches(long).count();
                small = small.replace(long, short);
            }
            let output = Command::new("sh")
                .args(["-euc", &small])
                .current_dir(folder.path())
                .env("PATH", &path)
                .env("HOME", folder.path())
                .output()
                .expect("a shell");
            if !output.status.success() {
                faults.push(format!(
                    "{example}\n{}\n{}",
                    output.status,
                    String::from_utf8_lossy(&output.stderr)
                ));
            }
            ran += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    // A number that no example has any more would let the long one run.
    for ((long, _), matched) in SMALLER.iter().zip(matched) {
        assert!(matched > 0, "no example has `{long}`");
    }
    assert!(ran >= 30, "{ran} examples");
}

#[test]
fn exact_an_example_that_goes_on_is_one_command() {
    let help =
        "About\n\nExample:\n  lutetia a \\\n    --b\n  lutetia c    # why\n\nMore\n  lutetia d\n";
    assert_eq!(examples(help), ["lutetia a \\\n    --b", "lutetia c    # why"]);
}
