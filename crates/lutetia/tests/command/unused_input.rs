//! What is given to `simulate` and changes nothing is named, and hints that are followed work.

use std::{fs, path::Path};

use crate::common::run;

const MODEL: &str = r#"
[model]
id    = "m"
title = "A label, its free daughter, a receptor that waits"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["L"], decayed = "Bi" }
[patient]
sex    = { levels = ["male", "female"], typical = "male" }
[inputs]
loss = { unit = "1/h", default = "0.5 1/h" }
[compartments]
body = "3 L"
[parameters]
k    = "(1 + 0.5*sex.female)*k0"
k0   = "0.1 1/h"
idle = "3 1/h"
[species]
L  = { in = ["body"] }
Bi = { in = ["body"], nuclide = "Bi-212", decayed = "lost" }
[scheme]
processes = '''
out:  L.body -> 0 @ k + 0*loss
'''
[outputs]
A = { of = "activity(L.body)", unit = "MBq" }
"#;

const STILL: &str = r#"
[model]
id    = "still"
title = "Nothing but a drug"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
body = "3 L"
[parameters]
k = "0.1 1/h"
[species]
D = { in = ["body"] }
[scheme]
processes = "out: D.body -> 0 @ k"
[outputs]
N = { of = "D.body", unit = "nmol" }
"#;

/// Exit code, data and talk.
fn simulate(folder: &Path, more: &[&str]) -> (i32, String, String) {
    let ran = run(folder, &[&["simulate"], more].concat());
    (ran.code.unwrap_or(-1), ran.stdout, ran.stderr)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("m.toml"), MODEL).expect("a file");
    fs::write(folder.path().join("still.toml"), STILL).expect("a file");
    folder
}

const DOSE: &str = "{ into = \"L.body\", activity = \"100 MBq\" }";
const HEAD: [&str; 5] = ["m.toml", "--nuclide", "Pb-212", "--points", "3"];

#[test]
fn exact_what_is_given_and_changes_nothing_is_named() {
    let folder = folder();
    let late = "{ at = \"8 d\", into = \"L.body\", activity = \"100 MBq\" }";
    let edge = "{ at = \"7 d\", into = \"L.body\", activity = \"100 MBq\" }";
    for (more, said) in [
        (
            vec!["--dose", DOSE, "--dose", late],
            "the dose into `L.body` at 192 h is given after the end, 168 h",
        ),
        (
            vec!["--dose", DOSE, "--every", "8 week", "--cycles", "3"],
            "2 doses into `L.body`, the first at 1344 h, are given after the end, 168 h",
        ),
        (vec![], "no dose is given, so every activity is 0"),
        (
            vec!["--dose", DOSE, "--set", "idle=2 1/h"],
            "`idle` is set, and nothing in the model reads it",
        ),
        (vec!["--dose", DOSE], "nothing drives the input `loss` (0.5 1/h); it keeps its default"),
    ] {
        let (code, data, talk) = simulate(folder.path(), &[&HEAD[..], &more].concat());
        assert_eq!(code, 0, "{more:?}: {talk}");
        assert!(talk.contains("warning[LUT8030]") && talk.contains(said), "{more:?}: {talk}");
        assert!(!data.contains("warning"), "talk among the data: {data}");
    }
    let (code, _, talk) = simulate(folder.path(), &["still.toml"]);
    assert_eq!(code, 0, "{talk}");
    assert!(talk.contains("every output stays as it starts"), "{talk}");
    // Nothing is said where all is used.
    let (code, _, talk) = simulate(
        folder.path(),
        &["still.toml", "--dose", "{ into = \"D.body\", amount = \"1 nmol\" }"],
    );
    assert_eq!((code, talk.as_str()), (0, ""));
    let (_, _, talk) =
        simulate(folder.path(), &[&HEAD[..], &["--dose", DOSE, "--dose", edge]].concat());
    assert!(!talk.contains("after the end"), "{talk}");
}

#[test]
fn exact_categories_are_set_by_the_name_of_a_level() {
    let folder = folder();
    let run =
        |set: &str| simulate(folder.path(), &[&HEAD[..], &["--dose", DOSE, "--set", set]].concat());
    let (male, female) = (run("sex=male").1, run("sex=female").1);
    assert_ne!(male, female);
    assert_eq!(run("sex=0").1, male);
    assert_eq!(run("sex=1").1, female);
    for bad in ["0.5", "2", "weiblich"] {
        let (code, data, talk) = run(&format!("sex={bad}"));
        assert_eq!((code, data.as_str()), (64, ""), "{talk}");
        let said = format!("`{bad}` is not a level of `sex`; its levels are male, female");
        assert!(talk.contains(&said), "{talk}");
    }
    let (code, _, talk) = run("k=1 1/h");
    assert_eq!(code, 64);
    assert!(talk.contains("`k` is the formula"), "{talk}");
}

#[test]
fn exact_the_hint_of_an_interval_can_be_followed() {
    let folder = folder();
    let run = |every: &str| {
        let more = ["--dose", DOSE, "--until", "20 week", "--every", every, "--cycles", "2"];
        simulate(folder.path(), &[&HEAD[..], &more].concat())
    };
    let (code, _, talk) = run("8 parsecs");
    assert_eq!(code, 64);
    let hint = talk.split("write it as `").nth(1).and_then(|t| t.split('`').next());
    let (code, _, said) = run(hint.expect("a hint"));
    assert_eq!(code, 0, "{said}");
    for typed in ["6 wk", "6 w", "6 wks"] {
        let (code, _, talk) = run(typed);
        assert_eq!(code, 64);
        assert!(talk.contains("did you mean `week`?"), "{typed}: {talk}");
    }
}
