//! What `lutetia new` writes: an experiment, a chain, a ligand and a study.

use std::collections::BTreeSet;

use toml::Value;

use super::{Case, Ended, Memory, changes, ended, judge, sample};

/// A template of the command as it is written for a name.
fn template(path: &str) -> String {
    let text = lutetia_testkit::text(&format!("crates/lutetia/templates/{path}"));
    text.replace("{id}", "own").replace("{family}", "ligands")
}

fn simulate(model: &str, into: &str) -> String {
    format!(
        "{}[models.own]\nfile = \"{model}\"\nnuclides = [\"Lu-177\"]\n\
         [[step]]\nkind = \"simulate\"\nid = \"course\"\nmodel = \"own\"\nuntil = \"2 d\"\npoints = 3\n\
         doses = [{{ into = \"{into}\", activity = \"7.4 GBq\", amount = \"100 nmol\" }}]\n",
        lutetia_testkit::heading(1)
    )
}

const PATIENT: &str = "\
[data.own]
study = \"own\"
[[step]]
kind = \"fit-curves\"
id = \"fits\"
study = \"own\"
functions = [\"mono\"]
error = \"proportional 10 %\"
[[step]]
kind = \"dose\"
id = \"doses\"
from = \"fits\"
study = \"own\"
";

/// Changes of a TOML file that an experiment uses.
fn of_toml(path: &str, text: &str, experiment: &str) -> Vec<Case> {
    let root: Value = toml::from_str(text).expect("TOML");
    let mut cases = vec![Case {
        what: path.to_owned(),
        experiment: experiment.to_owned(),
        files: vec![(path.to_owned(), text.to_owned())],
    }];
    for (what, text) in changes(&root, &mut BTreeSet::new(), &|_| false) {
        let files = vec![(path.to_owned(), text)];
        cases.push(Case {
            what: format!("{path}{what}"),
            experiment: experiment.to_owned(),
            files,
        });
    }
    cases
}

/// Changes of the titles and cells of a study: each title, and each cell of the first row under them.
fn of_study() -> Vec<Case> {
    let experiment = format!("{}{PATIENT}", lutetia_testkit::heading(1));
    let names = ["README.md", "subjects.csv", "doses.csv", "activity.csv"];
    let files = names.map(|name| {
        let text = template(&format!("study/{name}"));
        (format!("own/{name}"), text.replace("{columns}", &lutetia_data::study_columns()))
    });
    let case = |what: String, files: Vec<(String, String)>| Case {
        what,
        experiment: experiment.clone(),
        files,
    };
    let mut cases = vec![case("own".to_owned(), files.to_vec())];
    for at in 1..4 {
        let lines: Vec<Vec<&str>> =
            files[at].1.lines().map(|line| line.split(',').collect()).collect();
        for row in [0, 1] {
            for column in 0..lines[row].len() {
                let cell = lines[row][column];
                let bare = cell.split(" (").next().unwrap_or(cell);
                for other in [
                    format!("{cell}q"),
                    String::new(),
                    bare.to_owned(),
                    format!("{bare} (mm)"),
                    format!("{bare} (kBq/mL)"),
                    "-3".to_owned(),
                ] {
                    if other == cell {
                        continue;
                    }
                    let mut lines = lines.clone();
                    lines[row][column] = &other;
                    let text: String = lines.iter().map(|line| line.join(",") + "\n").collect();
                    let mut files = files.to_vec();
                    files[at].1 = text;
                    cases.push(case(format!("{} {row} {cell:?} as {other:?}", files[at].0), files));
                }
            }
        }
    }
    cases
}

#[test]
fn prop_a_changed_scaffold_is_found_or_runs() {
    let cache = Memory::default();
    let ligand = format!("{}{}", lutetia_model::scaffold("own"), template("ligand.toml"));
    let experiment = template("experiment.toml");
    let mut cases =
        of_toml("models/ligands/own.toml", &ligand, &simulate("ligands/own", "L.plasma"));
    cases.extend(of_toml(
        "models/chains/own.toml",
        &template("chain.toml"),
        &simulate("chains/own", "pk:L.blood"),
    ));
    let root: Value = toml::from_str(&experiment).expect("TOML");
    cases.push(Case { what: "an experiment".to_owned(), experiment, files: Vec::new() });
    for (what, experiment) in changes(&root, &mut BTreeSet::new(), &|_| false) {
        cases.push(Case { what: format!("experiment{what}"), experiment, files: Vec::new() });
    }
    cases.extend(of_study());
    let as_written = cases.iter().filter(|case| {
        !case.what.contains(" as ")
            && !case.what.contains(" the key")
            && !case.what.contains(" another name")
    });
    let as_written: Vec<&Case> = as_written.collect();
    assert_eq!(as_written.len(), 4);
    for case in as_written {
        assert!(matches!(ended(case, &cache), Ended::Ran), "{} is as it is written", case.what);
    }
    let (found, ran) = judge(&sample(cases, 4, 1), &cache);
    assert!(found > 100 && ran > 10, "{found} found, {ran} ran");
}
