//! Hints can be followed: what a message suggests for a slip is typed in its place, and the command runs.

use lutetia_testkit::repository;

use crate::common;

fn run(arguments: &[String]) -> (Option<i32>, String) {
    let ran = common::run(&repository(), arguments);
    (ran.code, ran.stdout + &ran.stderr)
}

const STUDY: &str = "data/studies/snmmi_patient4";
const MODEL: &str = "models/sstr2/dotatate-small.toml";

/// Arguments with a slip, and the slip.
fn slips() -> Vec<(Vec<&'static str>, &'static str)> {
    let fit_model = |into: &'static str, observe: &'static str| {
        vec![
            "fit",
            STUDY,
            "--model",
            MODEL,
            "--into",
            into,
            "--amount",
            "140 nmol",
            "--over",
            "30 min",
            "--observe",
            observe,
        ]
    };
    vec![
        (vec!["dose", STUDY, "--region", "kidny_left"], "kidny_left"),
        (vec!["fit", STUDY, "--function", "mno", "--region", "liver"], "mno"),
        (vec!["dose", STUDY, "--subject", "Patient_04"], "Patient_04"),
        (vec!["dose", STUDY, "--bed", "kidney_let=2.5 Gy,2.8 h"], "kidney_let"),
        (
            vec!["plan", STUDY, "--region", "kidney_left", "--remaining", "3", "--limit", "23 Gyy"],
            "Gyy",
        ),
        (
            vec!["plan", STUDY, "--region", "kidney_lefft", "--remaining", "3", "--limit", "23 Gy"],
            "kidney_lefft",
        ),
        (fit_model("L.plasm", "liver=A_liver"), "L.plasm"),
        (fit_model("L.plasma", "liver=A_livr"), "A_livr"),
        (vec!["check", "models/sstr2/dotatate-smal.toml"], "models/sstr2/dotatate-smal.toml"),
        (
            vec![
                "simulate",
                MODEL,
                "--nuclide",
                "Lu-17",
                "--until",
                "7 d",
                "--dose",
                r#"{ at = "0 h", into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol" }"#,
            ],
            "Lu-17",
        ),
        (
            vec![
                "simulate",
                MODEL,
                "--nuclide",
                "Lu-177",
                "--until",
                "7 d",
                "--dose",
                r#"{ at = "0 h", into = "L.plsma", activity = "7.4 GBq", amount = "100 nmol" }"#,
            ],
            "L.plsma",
        ),
    ]
}

#[test]
fn exact_what_is_suggested_runs() {
    for (arguments, slip) in slips() {
        let typed: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        let (code, said) = run(&typed);
        assert_ne!(code, Some(0), "{slip} is not a slip");
        let suggested = said
            .split("did you mean `")
            .nth(1)
            .and_then(|rest| rest.split('`').next())
            .unwrap_or_else(|| panic!("nothing is suggested for {slip}: {said}"));
        let mended: Vec<String> = typed.iter().map(|a| a.replace(slip, suggested)).collect();
        let (code, said) = run(&mended);
        assert_eq!(code, Some(0), "{slip} became {suggested}: {said}");
    }
}

#[test]
fn exact_a_method_of_one_measurement_names_its_flag() {
    let arguments = |more: &[&str]| {
        ["dose", STUDY, "--region", "kidney_left", "--method", "haenscheid"]
            .iter()
            .chain(more)
            .map(|a| (*a).to_owned())
            .collect::<Vec<String>>()
    };
    let (_, said) = run(&arguments(&[]));
    assert!(said.contains("`--at`"), "{said}");
    let (code, said) = run(&arguments(&["--at", "96 h"]));
    assert!(code == Some(0) && !said.contains("`--at`"), "{said}");
}
