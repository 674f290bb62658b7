//! An installed command has its models with it: everything here runs in a folder that holds no repository.

use std::{fs, path::Path};

use lutetia_testkit::repository;

use crate::common::{Ran, run};

const NAMES: [&str; 4] = [
    "psma/tumour-kidney",
    "psma/tumour-kidney.toml",
    "models/psma/tumour-kidney",
    "models/psma/tumour-kidney.toml",
];

const EXPERIMENT: &str = r#"
[experiment]
title = "Bundled"
question = "Does it run?"
seed = 1
objective = "-"
method = "-"
result = "-"
disagreement = "-"

[models.pk]
file = "psma/tumour-kidney"
nuclides = ["Lu-177"]

[[step]]
kind = "simulate"
id = "run"
model = "pk"
until = "24 h"
points = 3
doses = [{ at = "0 h", into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol" }]
"#;

fn empty() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn simulate(folder: &Path, name: &str) -> Ran {
    let dose = r#"{ at = "0 h", into = "L.plasma", activity = "7.4 GBq", amount = "100 nmol" }"#;
    run(folder, &["simulate", name, "--nuclide", "Lu-177", "--points", "3", "--dose", dose])
}

/// The text of the bundled model with another title.
fn changed() -> String {
    let text = lutetia_models::find("psma/tumour-kidney").expect("it is bundled").text;
    text.replacen("title     = \"", "title     = \"mine: ", 1)
}

#[test]
fn exact_bundled_models_run_in_an_empty_folder() {
    let folder = empty();
    let mut rows = Vec::new();
    for name in NAMES {
        let ran = simulate(folder.path(), name);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        assert!(!ran.stderr.contains("note:"), "{name}: {}", ran.stderr);
        rows.push(ran.stdout);
        for command in ["check", "explain"] {
            let ran = run(folder.path(), &[command, name]);
            assert_eq!(ran.code, Some(0), "{command} {name}: {}", ran.stderr);
            assert!(ran.stdout.contains("psma-tumour-kidney"), "{command} {name}: {}", ran.stdout);
        }
    }
    assert!(rows.iter().all(|row| *row == rows[0]), "each name is the same model");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing is left behind");
}

#[test]
fn exact_a_family_and_all_models_are_checked() {
    let folder = empty();
    for (name, models) in [("models", 40), ("models/", 40), ("psma", 5), ("models/psma", 5)] {
        let ran = run(folder.path(), &["check", name]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        assert!(ran.stdout.lines().count() >= models, "{name}: {}", ran.stdout);
    }
}

#[test]
fn exact_a_sketch_says_so_and_a_validated_ligand_does_not() {
    let folder = empty();
    let dose = r#"{ at = "0 h", into = "pk.P.serum", activity = "7.4 GBq", amount = "100 nmol" }"#;
    for (name, sketch) in [("ligand/neob", true), ("ligand/trastuzumab", false)] {
        let rest = ["--nuclide", "Lu-177", "--points", "3", "--dose", dose];
        let ran = run(folder.path(), &[&["simulate", name][..], &rest].concat());
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        assert_eq!(ran.stderr.contains("is a sketch"), sketch, "{name}: {}", ran.stderr);
        let explained = run(folder.path(), &["explain", name]).stdout;
        assert_eq!(explained.contains("status: sketch"), sketch, "{name}");
    }
}

#[test]
fn exact_models_are_listed_and_printed() {
    let folder = empty();
    let list = run(folder.path(), &["models"]);
    assert_eq!(list.code, Some(0), "{}", list.stderr);
    for model in lutetia_models::MODELS {
        assert!(list.stdout.contains(model.name()), "{}", model.path);
    }
    let model = lutetia_models::find("psma/tumour-kidney").expect("it is bundled");
    for name in NAMES {
        assert_eq!(run(folder.path(), &["models", name]).stdout, model.text, "{name}");
    }
    let family = run(folder.path(), &["models", "psma"]).stdout;
    assert!(family.contains("psma/tumour-kidney") && !family.contains("sstr2"), "{family}");
    let missing = run(folder.path(), &["models", "psma/tumor-kidney"]);
    assert_eq!(missing.code, Some(66));
    assert!(missing.stderr.contains("did you mean `psma/tumour-kidney`?"), "{}", missing.stderr);
}

#[test]
fn exact_a_file_wins_and_says_so_where_it_differs() {
    let folder = empty();
    let path = folder.path().join("models/psma/tumour-kidney.toml");
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, changed()).expect("a file");
    for name in NAMES {
        let ran = run(folder.path(), &["explain", name]);
        assert_eq!(ran.code, Some(0), "{name}: {}", ran.stderr);
        assert!(ran.stdout.contains("mine: "), "{name}: {}", ran.stdout);
        let note = "note: `models/psma/tumour-kidney.toml` is read, not the bundled model `psma/tumour-kidney`";
        assert!(ran.stderr.contains(note), "{name}: {}", ran.stderr);
    }
    // The same text in a file is the same model, of which nothing has to be said.
    let same = lutetia_models::find("psma/tumour-kidney").expect("it is bundled").text;
    fs::write(&path, same).expect("a file");
    for name in NAMES {
        assert_eq!(run(folder.path(), &["explain", name]).stderr, "", "{name}");
    }
}

/// A list of ports of the user connects the parts of a chain, and says so; a faulty one is shown with its place.
#[test]
fn exact_ports_of_the_user_connect_a_chain() {
    let folder = empty();
    let explain = || run(folder.path(), &["explain", "chains/psma-tumour"]);
    let bundled = explain();
    assert_eq!((bundled.code, bundled.stderr.as_str()), (Some(0), ""));
    assert!(bundled.stdout.contains("port tumour_activity"), "{}", bundled.stdout);
    assert!(bundled.stdout.contains("(ports: as listed in models/ports.toml)"));
    let path = folder.path().join("models/ports.toml");
    fs::create_dir(folder.path().join("models")).expect("a folder");
    fs::write(&path, lutetia_models::PORTS).expect("a file");
    assert_eq!(explain().stderr, "", "the same text is the same list");
    // Kinetics for PSMA give the tumour nothing.
    let given = "\"psma/*.A_tumour\", ";
    assert!(lutetia_models::PORTS.contains(given));
    fs::write(&path, lutetia_models::PORTS.replacen(given, "", 1)).expect("a file");
    let mine = explain();
    assert_eq!(mine.code, Some(0), "{}", mine.stderr);
    assert!(!mine.stdout.contains("port tumour_activity"), "{}", mine.stdout);
    let note =
        "note: `models/ports.toml` is read, not the bundled list of ports, from which it differs";
    assert!(mine.stderr.contains(note), "{}", mine.stderr);
    fs::write(&path, format!("{}\n[ports.mine]\nis = 3\n", lutetia_models::PORTS)).expect("a file");
    let line = lutetia_models::PORTS.lines().count() + 3;
    for command in ["explain", "check"] {
        let faulty = run(folder.path(), &[command, "chains/psma-tumour"]);
        assert_eq!(faulty.code, Some(65), "{}", faulty.stderr);
        assert!(faulty.stderr.contains(&format!("models/ports.toml:{line}")), "{}", faulty.stderr);
    }
}

#[test]
fn exact_a_name_that_is_neither_is_66_and_the_nearest_is_suggested() {
    let folder = empty();
    for name in ["psma/tumor-kidney", "models/psma/tumour-kidny.toml", "tumour-kidney"] {
        for command in ["explain", "check", "simulate"] {
            let ran = run(folder.path(), &[command, name]);
            assert_eq!(ran.code, Some(66), "{command} {name}: {}", ran.stderr);
            let hint = "did you mean `psma/tumour-kidney`?";
            assert!(ran.stderr.contains(hint), "{command} {name}: {}", ran.stderr);
        }
    }
    let ran = run(folder.path(), &["explain", "nothing/like-this-at-all"]);
    assert_eq!(ran.code, Some(66));
    assert!(ran.stderr.contains("`lutetia models` lists"), "{}", ran.stderr);
}

#[test]
fn exact_a_fit_takes_a_bundled_model() {
    let folder = empty();
    let study = repository().join("data/studies/snmmi_patient4");
    let study = study.to_string_lossy();
    let fit = |model: &str| {
        let doses = ["--into", "L.plasma", "--amount", "140 nmol"];
        run(folder.path(), &[&["fit", &study, "--model", model][..], &doses[..]].concat())
    };
    let ran = fit("sstr2/dotatate-small");
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let ran = fit("sstr2/dotatate-smal");
    assert_eq!(ran.code, Some(66), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `sstr2/dotatate-small`?"), "{}", ran.stderr);
}

#[test]
fn exact_an_experiment_takes_a_bundled_model_and_its_hash() {
    let folder = empty();
    let report = folder.path().join("reports/01_bundled");
    fs::create_dir_all(&report).expect("a folder");
    fs::write(report.join("experiment.toml"), EXPERIMENT).expect("a file");
    let made = |said: &str| {
        let ran = run(folder.path(), &["report"]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stdout, ran.stderr);
        assert!(ran.stdout.contains(said), "{}", ran.stdout);
        ran.stderr
    };
    let provenance = || fs::read_to_string(report.join("provenance.json")).expect("a provenance");
    made("made");
    let bundled = provenance();
    assert!(bundled.contains("models/psma/tumour-kidney.toml"), "{bundled}");
    made("unchanged");

    // The same text in a file is the same input; another text is another one, and is named.
    let path = folder.path().join("models/psma/tumour-kidney.toml");
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(&path, lutetia_models::find("psma/tumour-kidney").expect("it is bundled").text)
        .expect("a file");
    made("unchanged");
    fs::write(&path, changed()).expect("a file");
    let said = made("made");
    assert!(said.contains("note: 01_bundled: `models/psma/tumour-kidney.toml` is read"), "{said}");
    assert_ne!(provenance(), bundled);

    // A model that nothing has.
    let text = EXPERIMENT.replace("psma/tumour-kidney", "psma/tumour-kidny");
    fs::write(report.join("experiment.toml"), text).expect("a file");
    let ran = run(folder.path(), &["report"]);
    assert_eq!(ran.code, Some(65), "{}", ran.stderr);
    assert!(ran.stderr.contains("did you mean `psma/tumour-kidney`?"), "{}", ran.stderr);
}

#[test]
fn exact_a_chain_is_named_like_a_model() {
    let folder = empty();
    let checked = run(folder.path(), &["check", "chains/psma-survival"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let said = run(folder.path(), &["explain", "chains/psma-limits-olaparib"]).stdout;
    for line in [
        "kidneys.dose_rate",
        "pk.A_kidneys * S(kidneys, 296.782977492 g)",
        "models/chains/psma-limits.toml",
        "tumour.kill_rate  ",
        "port kill_rate",
        "survival.cumulative_hazard",
    ] {
        assert!(said.contains(line), "`{line}` is not in:\n{said}");
    }
    // A variant of one's own beside nothing else, with a path and with a name of the library.
    let mine = "[chain]\nid = \"mine\"\ntitle = \"Mine\"\nextends = \"chains/psma-tumour\"\n[set]\n\"tumour.alpha\" = { value = \"0.02 1/Gy\", source = \"a test\" }\n";
    fs::write(folder.path().join("mine.toml"), mine).expect("a file");
    let dose = r#"{ at = "0 h", into = "pk:L.blood", activity = "7.4 GBq" }"#;
    let simulate = |name: &str, more: &[&str]| {
        let mut words =
            vec!["simulate", name, "--nuclide", "Lu-177", "--points", "3", "--dose", dose];
        words.extend(more);
        run(folder.path(), &words)
    };
    let own = simulate("mine.toml", &[]);
    assert_eq!(own.code, Some(0), "{}", own.stderr);
    // What the chain sets can be set by the command with the point of a connection.
    let set = simulate("chains/psma-tumour", &["--set", "tumour.alpha=0.02 1/Gy"]);
    assert_eq!(set.code, Some(0), "{}", set.stderr);
    assert_eq!(own.stdout, set.stdout);
    assert_ne!(own.stdout, simulate("chains/psma-tumour", &[]).stdout);
    let wrong = mine.replace("tumour.alpha", "tumour.alfa");
    fs::write(folder.path().join("mine.toml"), wrong).expect("a file");
    let refused = run(folder.path(), &["check", "mine.toml"]);
    assert_eq!(refused.code, Some(65), "{}", refused.stderr);
    assert!(refused.stderr.contains("did you mean `tumour.alpha`?"), "{}", refused.stderr);
    assert!(refused.stderr.contains("mine.toml:6:"), "{}", refused.stderr);
}
