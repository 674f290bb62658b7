//! What is filled into the texts of an experiment, and what is refused there.

use std::fs;

use lutetia_report::run::{Failure, Outcome, Settings};
use lutetia_testkit::repository;

use crate::silent::go;

/// An experiment with one fit, one figure with this caption, and this title.
fn made(title: &str, caption: &str) -> (tempfile::TempDir, Outcome) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let study = repository().join("data/studies/snmmi_patient4");
    fs::create_dir_all(root.join("study")).expect("a folder");
    for entry in fs::read_dir(study).expect("the shipped study").flatten() {
        fs::copy(entry.path(), root.join("study").join(entry.file_name())).expect("a file");
    }
    fs::create_dir_all(root.join("reports/01_text")).expect("a folder");
    let text = format!(
        "[experiment]\ntitle = '{title}'\nquestion = \"q\"\nseed = 1\nobjective = \"o\"\nmethod = \"m\"\n\
         result = '{{{{ figure(\"curves\") }}}} [other](../02_other/README.md)'\ndisagreement = \"d\"\n\
         [data.p]\nstudy = \"study\"\n\
         [[step]]\nkind = \"fit-curves\"\nid = \"fits\"\nstudy = \"p\"\nfunctions = [\"mono\"]\n\
         error = \"proportional 10 %\"\n\
         [[figure]]\nkind = \"time-activity\"\nname = \"curves\"\nfrom = \"fits\"\ncaption = '{caption}'\n"
    );
    fs::write(root.join("reports/01_text/experiment.toml"), text).expect("a file");
    let settings = Settings { root: root.to_owned(), ..Settings::default() };
    let outcome = go(&settings).remove(0).1;
    (folder, outcome)
}

#[test]
fn exact_a_caption_is_filled_as_the_other_texts_are() {
    let (folder, outcome) = made("t", r#"Liver {{ num("fits/liver/tia", 3) }} MBq h"#);
    assert!(matches!(outcome, Outcome::Made), "{outcome:?}");
    for name in ["README.md", "index.html"] {
        let text =
            fs::read_to_string(folder.path().join("reports/01_text").join(name)).expect("a page");
        assert!(!text.contains("{{"), "{name}: {text}");
        assert!(text.contains("Liver "), "{name}: {text}");
    }
    let page =
        fs::read_to_string(folder.path().join("reports/01_text/index.html")).expect("a page");
    assert!(page.contains("href=\"../02_other/index.html\""), "{page}");
}

#[test]
fn exact_a_caption_that_names_nothing_fails() {
    let (_folder, outcome) = made("t", r#"{{ num("fits/lever/tia", 3) }}"#);
    let said = format!("{outcome:?}");
    assert!(said.contains("the table `fits` has no row `lever`"), "{said}");
    assert!(said.contains("did you mean `liver`?"), "{said}");
}

#[test]
fn exact_a_placeholder_where_none_is_filled_is_refused() {
    let (_folder, outcome) = made(r#"Dose {{ num("fits/liver/tia") }}"#, "c");
    let Outcome::Failed(Failure::Experiment(lutetia_experiment::Failure::Diagnostics {
        diagnostics,
        sources,
    })) = outcome
    else {
        panic!("{outcome:?}");
    };
    let text = lutetia_diagnostic::render(&diagnostics, &sources, false);
    assert!(text.contains("LUT7030") && text.contains("`title`"), "{text}");
}
