//! A report says how each experiment ended when it ends, not when all have.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use assert_cmd::cargo::cargo_bin;
use lutetia_testkit::repository;

/// An experiment of one fit; `more` is added to its data.
fn experiment(root: &Path, name: &str, more: &str) {
    let folder = root.join("reports").join(name);
    fs::create_dir_all(&folder).expect("a folder");
    let text = format!(
        "[experiment]\ntitle = \"t\"\nquestion = \"q\"\nseed = 1\nobjective = \"o\"\nmethod = \"m\"\nresult = \"r\"\n\
         disagreement = \"d\"\n[data.p]\nstudy = \"study\"\n{more}\
         [[step]]\nkind = \"fit-curves\"\nid = \"fits\"\nstudy = \"p\"\nfunctions = [\"mono\"]\n\
         error = \"proportional 10 %\"\n"
    );
    fs::write(folder.join("experiment.toml"), text).expect("a file");
}

#[test]
fn exact_a_line_comes_when_its_page_is_made() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let study = repository().join("data/studies/snmmi_patient4");
    fs::create_dir_all(root.join("study")).expect("a folder");
    for entry in fs::read_dir(study).expect("the shipped study").flatten() {
        fs::copy(entry.path(), root.join("study").join(entry.file_name())).expect("a file");
    }
    experiment(root, "01_first", "");
    // The second experiment waits for its data: a pipe that nobody has written to yet.
    experiment(root, "02_second", "[data.late]\ntable = \"late.csv\"\n");
    let pipe = root.join("late.csv");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());

    let mut child = Command::new(cargo_bin("lutetia"))
        .args(["report", "--threads", "2"])
        .current_dir(root)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    let stdout = child.stdout.take().expect("it was asked for");
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _nobody = send.send(line);
        }
    });
    // Long enough for any machine; the experiment takes a fraction of a second.
    let first = lines.recv_timeout(Duration::from_secs(120));
    let second_is_there = root.join("reports/02_second/index.html").exists();
    let mut late = fs::OpenOptions::new().write(true).open(&pipe).expect("the pipe");
    late.write_all(b"name,value\na,1\n").expect("the pipe takes it");
    drop(late);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let first = first.expect("a line before the last page is made");
    assert!(first.starts_with("01_first: made, ") && first.ends_with(" s"), "{first}");
    assert!(!second_is_there);
    let second = lines.recv_timeout(Duration::from_secs(10)).expect("the other line");
    assert!(second.starts_with("02_second: made, "), "{second}");
    // No bar where standard error is not a terminal.
    assert!(!said.contains('\u{1b}') && !said.contains('['), "{said}");
}
