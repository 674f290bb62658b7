//! Every fault of an experiment file is found before anything runs.

use std::collections::BTreeSet;

use lutetia_diagnostic::{Diagnostic, Sources};
use lutetia_experiment::{Checked, Disk, Experiment, spec};
use lutetia_testkit::repository;
use rayon::prelude::*;
use toml::Value;

/// The experiments that ship, by folder.
pub(crate) fn shipped() -> Vec<(String, String)> {
    let folders = std::fs::read_dir(repository().join("reports")).expect("the reports");
    let mut found: Vec<(String, String)> = folders
        .flatten()
        .filter_map(|entry| {
            let text = std::fs::read_to_string(entry.path().join("experiment.toml")).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), text))
        })
        .collect();
    found.sort();
    assert!(found.len() > 10, "{}", found.len());
    found
}

/// The faults of a text, as they are shown.
fn faults(text: &str) -> (Vec<&'static str>, String, Vec<String>) {
    let mut sources = Sources::new();
    let found = spec::parse("experiment.toml", text, &mut sources).err().unwrap_or_default();
    let codes = found.iter().map(|d| d.code).collect();
    let bare = found.iter().filter_map(|fault| incomplete("", fault)).collect();
    (codes, lutetia_diagnostic::render(&found, &sources, false), bare)
}

#[test]
fn exact_what_ships_has_no_fault() {
    let disk = Disk::new(repository());
    for (name, text) in shipped() {
        let checked = lutetia_experiment::check(&name, &text, &disk);
        let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
        assert!(checked.experiment.is_some(), "{name}: {said}");
        assert!(!lutetia_diagnostic::has_errors(&checked.diagnostics), "{name}: {said}");
    }
}

/// A way from the file to one of its values.
#[derive(Clone)]
pub(crate) enum Way {
    Key(String),
    Element(usize),
}

pub(crate) fn ways(value: &Value, way: &[Way], found: &mut Vec<Vec<Way>>) {
    let mut go = |next: Way, value: &Value| {
        let way: Vec<Way> = way.iter().cloned().chain([next]).collect();
        found.push(way.clone());
        ways(value, &way, found);
    };
    match value {
        Value::Table(table) => {
            table.iter().for_each(|(key, value)| go(Way::Key(key.clone()), value));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| go(Way::Element(at), value));
        }
        _ => {}
    }
}

pub(crate) fn at<'v>(root: &'v mut Value, way: &[Way]) -> &'v mut Value {
    way.iter().fold(root, |value, step| match step {
        Way::Key(key) => value.get_mut(key.as_str()).expect("a key"),
        Way::Element(at) => value.get_mut(*at).expect("an element"),
    })
}

/// What tells one key of the language from another: the kind of its step or figure, and the keys down to it.
pub(crate) fn identity(root: &Value, way: &[Way]) -> String {
    let mut name = String::new();
    let mut value = root;
    for step in way {
        match step {
            Way::Key(key) => {
                name.push_str(&format!(".{key}"));
                value = &value[key.as_str()];
            }
            Way::Element(at) => {
                value = &value[*at];
                name.push_str(value.get("kind").and_then(Value::as_str).unwrap_or("[]"));
            }
        }
    }
    name
}

/// Words by which a message itself says what would do.
const SAYS: [&str; 14] = [
    "did you mean",
    "expected",
    "expects",
    "known are",
    "there are",
    "the model has",
    "it has",
    "the arms are",
    "the regions are",
    "measured:",
    "among the regions:",
    "give at least",
    "add it to",
    "such as",
];

/// A fault without its place in the file or without what can be done: as its hint, or by what was expected.
fn incomplete(what: &str, fault: &Diagnostic) -> Option<String> {
    let says = fault.hint.is_some() || SAYS.iter().any(|words| fault.message.contains(words));
    let lacks = match (fault.labels.is_empty(), !says) {
        (false, false) => return None,
        (true, false) => "place",
        (false, true) => "hint",
        (true, true) => "place and hint",
    };
    Some(format!("{what}: no {lacks}: {} {}", fault.code, fault.message))
}

/// A key with another name or a value of another type is found by the check, and never by the reader alone, whose
/// message has no place of its own and hides all others.
#[test]
fn prop_a_mutated_key_is_found_or_the_file_is_read() {
    let mut seen = BTreeSet::new();
    let mut bare = Vec::new();
    let (mut mutated, mut found) = (0, 0);
    for (name, text) in shipped() {
        let root: Value = toml::from_str(&text).expect("TOML");
        let mut all = Vec::new();
        ways(&root, &[], &mut all);
        for way in all {
            let identity = identity(&root, &way);
            if !seen.insert(identity.clone()) {
                continue;
            }
            let mut judge = |root: &Value, what: &str| {
                let text = toml::to_string(root).expect("TOML");
                let (codes, said, lacking) = faults(&text);
                bare.extend(lacking.into_iter().map(|l| format!("{name} {identity} {what}: {l}")));
                mutated += 1;
                found += usize::from(!codes.is_empty());
                assert!(!codes.contains(&"LUT7001"), "{name} {identity} {what}: {said}");
                if codes.is_empty() {
                    let read = toml::from_str::<Experiment>(&text);
                    assert!(read.is_ok(), "{name} {identity} {what}: {read:?}");
                }
            };
            if let Some((Way::Key(key), before)) = way.split_last() {
                let mut root = root.clone();
                let table = at(&mut root, before).as_table_mut().expect("a table");
                let value = table.remove(key).expect("a key");
                judge(&root, "without the key");
                let table = at(&mut root, before).as_table_mut().expect("a table");
                table.insert(format!("{key}x"), value);
                judge(&root, "under another name");
            }
            let others: [Value; 8] = [
                "5 furlongs".into(),
                1.5.into(),
                3.into(),
                (-1).into(),
                true.into(),
                Value::Array(vec!["x".into()]),
                Value::Array(Vec::new()),
                Value::Table(toml::Table::new()),
            ];
            for other in others {
                let what = format!("as {other}");
                let mut root = root.clone();
                *at(&mut root, &way) = other;
                judge(&root, &what);
            }
        }
    }
    assert!(mutated > 3000 && found > mutated / 2, "{found} of {mutated}");
    assert!(bare.is_empty(), "{} say less than they should:\n{}", bare.len(), bare.join("\n"));
}

/// Texts that are shown and mean nothing to what is computed: any words may stand there.
pub(crate) const WORDS: [&str; 30] = [
    "title",
    "question",
    "objective",
    "method",
    "result",
    "disagreement",
    "references",
    "caption",
    "labels",
    "x_label",
    "y_label",
    "z_label",
    "band_label",
    "interval_label",
    "estimate_label",
    "simulated_label",
    "tcp_label",
    "ntcp_label",
    "favours",
    "source",
    "why",
    "label",
    "effect",
    "leave_out",
    "unit",
    "series",
    "beside",
    "names",
    "null",
    "summary",
];

/// What a text or a name within a table becomes.
fn mutations(text: &str) -> Vec<String> {
    let mut all = vec![format!("{text}q")];
    // A quantity in a unit of something else, and without one.
    if let Ok(quantity) = lutetia_units::Quantity::parse(text)
        && !quantity.dimension().is_none()
    {
        let length = quantity.dimension() == lutetia_units::Dimension::LENGTH;
        let other = if length { "kg" } else { "mm" };
        all.push(format!("{} {other}", quantity.value()));
        all.push(quantity.value().to_string());
    }
    all
}

/// A text that names something, or says how much of it, and that is changed is found by the check: another name, another
/// unit, none. What is not found is listed, with the reason.
#[test]
fn prop_a_mutated_text_is_found() {
    let disk = Disk::new(repository());
    let mut seen = BTreeSet::new();
    let mut cases = Vec::new();
    for (name, text) in shipped() {
        let root: Value = toml::from_str(&text).expect("TOML");
        let mut all = Vec::new();
        ways(&root, &[], &mut all);
        for way in all {
            let key = way.iter().rev().find_map(|w| match w {
                Way::Key(key) => Some(key.clone()),
                Way::Element(_) => None,
            });
            let words = |w: &Way| matches!(w, Way::Key(key) if WORDS.contains(&key.as_str()));
            if key.is_none() || way.iter().any(words) {
                continue;
            }
            let identity = identity(&root, &way);
            let value = at(&mut root.clone(), &way).clone();
            let Some(text) = value.as_str() else { continue };
            if seen.insert(identity.clone()) {
                for other in mutations(text) {
                    let mut root = root.clone();
                    *at(&mut root, &way) = other.clone().into();
                    let what = format!("{name}{identity} = {other:?}");
                    cases.push((what, toml::to_string(&root).expect("TOML")));
                }
            }
        }
    }
    let judged: Vec<(&str, Checked)> = cases
        .par_iter()
        .map(|(what, text)| {
            (what.as_str(), lutetia_experiment::check("experiment.toml", text, &disk))
        })
        .collect();
    let bare: Vec<String> = judged
        .iter()
        .flat_map(|(what, checked)| checked.diagnostics.iter().filter_map(|d| incomplete(what, d)))
        .collect();
    assert!(bare.is_empty(), "{} say less than they should:\n{}", bare.len(), bare.join("\n"));
    let missed: Vec<&str> = judged
        .iter()
        .filter(|(_, checked)| checked.diagnostics.is_empty())
        .map(|(what, _)| *what)
        .collect();
    let free = |what: &&&str| FREE.iter().any(|key| what.contains(key));
    let found: Vec<&&str> = missed.iter().filter(|what| !free(what)).collect();
    assert!(found.is_empty(), "{} of {} are not found:\n{found:#?}", found.len(), cases.len());
    assert!(cases.len() > 300, "{}", cases.len());
}

/// Keys whose text is a name that is given and that nothing of the shipped experiments refers to by more than a row of
/// its own table: what a row compares, what a harm is called, treatments by their names, and the rest of a figure.
const FREE: [&str; 10] = [
    ".stepdesigns.scenarios[].name",
    ".stepside-by-side.case[].group",
    ".stepcompare.rows[].what",
    ".steptrade-off.background[].what",
    ".steptrade-off.own_harm.",
    ".stepcohort-curves.methods[].name",
    ".stepcombination.a.name",
    ".stepcombination.b.name",
    ".stepcombination.scenarios[].name",
    ".stepmodel-dose.sources[].region",
];

/// Tables of which only a run tells the rows, by the kind of their step and their part.
const ROWS_OF_A_RUN: [&str; 7] = [
    "combination.grid",
    "exposure-response.fit",
    "select-function",
    "survival.families",
    "survival.periods",
    "trial.crossover",
    "trial.shares",
];

/// Every placeholder of every page is checked in each of its parts. All of a file are changed at once, as all faults are
/// shown at once.
#[test]
fn prop_every_placeholder_is_checked() {
    let disk = Disk::new(repository());
    let (mut cells, mut unknown) = (0, BTreeSet::new());
    for (name, text) in shipped() {
        let experiment = spec::parse("x", &text, &mut Sources::new()).expect("an experiment");
        for part in 0..3 {
            let mut changed = String::new();
            let mut asked: Vec<String> = Vec::new();
            for (at, piece) in text.split("num(\"").enumerate() {
                let end = piece.find('"').filter(|_| at > 0);
                let Some(end) = end else {
                    changed.push_str(piece);
                    continue;
                };
                let mut parts: Vec<String> = piece[..end].split('/').map(str::to_owned).collect();
                parts[part].push('q');
                let path = parts.join("/");
                changed.push_str(&format!("num(\"{path}{}", &piece[end..]));
                asked.push(path);
            }
            let checked = lutetia_experiment::check("x", &changed, &disk);
            let marked: BTreeSet<&str> = checked
                .diagnostics
                .iter()
                .filter_map(|fault| fault.labels.first())
                .map(|label| {
                    &checked.sources.text(label.span.source)[label.span.start..label.span.end]
                })
                .collect();
            for path in asked {
                cells += 1;
                if marked.contains(path.as_str()) {
                    continue;
                }
                let table = path.split('/').next().expect("a table");
                let id = table.split('.').next().expect("a step");
                let step = experiment.steps.iter().find(|step| step.id() == id);
                let kind = step.map_or("data", |step| step.word());
                assert!(part == 1, "{name}: {path} is not found");
                unknown.insert(table.replacen(id, kind, 1));
            }
        }
    }
    let known: BTreeSet<String> = ROWS_OF_A_RUN.iter().map(|&table| table.to_owned()).collect();
    assert_eq!(unknown, known);
    assert!(cells > 900, "{cells}");
}

#[test]
fn regress_all_faults_of_a_file_are_shown_at_once() {
    let text = r##"
[experiment]
title = "Faults"
qestion = "How many?"
seed = -1
objective = "{{ num(\"swep/8/tiac\") }}"
method = '''
Two lines, and {{ figure("curve") }}.
'''
result = '{{ table("sweep") }} {{ num("sweep/8") }}'

[data]
p = { study = 3 }

[models.psma]
file = "psma/tumour-kidney"
parts = ["x"]

[[step]]
kind = "sweep"
id = "sweep"
model = "psm"
into = "L.plasma"
activity = "7.4 GBq"
amounts = "8 nmol"
until = "5 furlongs"

[[step]]
kind = "swep"
id = "second"

[[step]]
id = "third"

[[step]]
kind = "fit-curves"
id = "second"
study = "q"
functions = ["mono"]
error = "proportional 10 %"
gates = "yes"

[[figure]]
kind = "pareto"
name = "{{ x }}"
caption = '{{ table("sweep") }} {{ num("sweep/1/2")'
from = "nothing"
x_label = "x"
y_label = "y"
x_better = "lss"
x_utility = [1.0]
"##;
    insta::assert_snapshot!(faults(text).1);
}

/// What is named from outside is looked at too, each file with its own places.
#[test]
fn regress_models_and_data_are_checked_before_a_run() {
    let heading = lutetia_testkit::heading(1);
    let text = format!(
        "{heading}[data.a]\nstudy = \"none\"\n[data.b]\ntable = \"b.csv\"\n\
         [models.c]\nfile = \"c.toml\"\n[models.d]\nfile = \"psma/tumour-kidny\"\n"
    );
    let files = [("b.csv", "x,y\n1,2,3\n"), ("c.toml", "[model]\nid = \"c\"\n[what]\nx = 1\n")];
    let world: std::collections::BTreeMap<String, Vec<u8>> =
        files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect();
    let checked = lutetia_experiment::check("experiment.toml", &text, &world);
    let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
    insta::assert_snapshot!(said);
}

/// What a step asks of its model is looked at before a run: names and values that are set, doses, outputs.
#[test]
fn regress_what_steps_ask_of_models_is_checked_before_a_run() {
    let heading = lutetia_testkit::heading(1);
    let text = format!(
        "{heading}[models.psma]\nfile = \"psma/tumour-kidney\"\nnuclides = [\"Lu-177\"]\n\
         [[step]]\nkind = \"simulate\"\nid = \"s\"\nmodel = \"psma\"\noutputs = [\"A_kidnys\"]\n\
         set = {{ weigth = \"70 kg\" }}\n\
         doses = [{{ into = \"L.plasm\", activity = \"7.4 GBq\" }}, {{ into = \"L.plasma\", activity = \"7.4 mg\" }}]\n"
    );
    let world = std::collections::BTreeMap::<String, Vec<u8>>::new();
    let checked = lutetia_experiment::check("experiment.toml", &text, &world);
    let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
    insta::assert_snapshot!(said);
}

/// An output of a part is `part.output` in a step as in a connection; both ways of writing it pass the check and run
/// to the same numbers.
#[test]
fn exact_outputs_of_parts_are_named_as_in_connections() {
    let text = |separator: &str| {
        format!(
            r#"{}
[models.chain]
file = "chains/psma-tumour"
nuclides = ["Lu-177"]
[[step]]
kind = "simulate"
id = "run"
model = "chain"
until = "2 d"
points = 3
outputs = ["tumour{separator}ratio", "pk{separator}A_tumour"]
set = {{ "tumour{separator}alpha" = "0.02 1/Gy" }}
doses = [{{ at = "0 h", into = "pk:L.blood", activity = "7.4 GBq" }}]
"#,
            lutetia_testkit::heading(1)
        )
    };
    let files = lutetia_testkit::Files::default();
    let made = [".", ":"].map(|separator| {
        let text = text(separator);
        let checked = lutetia_experiment::check("experiment.toml", &text, &files);
        let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
        assert!(checked.diagnostics.is_empty(), "{said}");
        let ran = files.run(&text).unwrap_or_else(|e| panic!("{e}"));
        format!("{:?}", ran.made.tables["run"].rows)
    });
    assert_eq!(made[0], made[1]);
    let (_, wrong) = {
        let text = text(".").replace("tumour.ratio", "tumour.ration");
        let checked = lutetia_experiment::check("experiment.toml", &text, &files);
        let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
        (checked.experiment, said)
    };
    assert!(wrong.contains("no output `tumour.ration`"), "{wrong}");
}

/// A comparison takes what a step found of something; a table that only lists is said to hold nothing of the kind, and
/// where there is.
#[test]
fn exact_a_table_without_results_is_said_before_a_run() {
    let heading = lutetia_testkit::heading(1);
    let text = |ours: &str| {
        format!(
            "{heading}[data.patient]\nstudy = \"data/studies/snmmi_patient4\"\n[[step]]\nkind = \"fit-curves\"\nid = \"fits\"\n\
             study = \"patient\"\nfunctions = [\"mono\"]\nerror = \"proportional 10 %\"\n[[step]]\nkind = \"compare\"\n\
             id = \"beside\"\ncaption = \"c\"\nrows = [{{ what = \"w\", ours = \"{ours}\", published = 1, source = \"s\" }}]\n"
        )
    };
    let disk = Disk::new(repository());
    let said = |ours: &str| {
        let checked = lutetia_experiment::check("experiment.toml", &text(ours), &disk);
        lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false)
    };
    assert_eq!(said("fits/kidney_left/tia"), "");
    let listed = said("fits.points/kidney_left/fitted");
    assert!(
        listed.contains("the table `fits.points` shows no results that a step can take"),
        "{listed}"
    );
    assert!(
        listed.contains("the results of the step `fits` are in fits, fits.averaged"),
        "{listed}"
    );
    assert!(listed.contains("experiment.toml:"), "{listed}");
}

/// Lists without an element, cells whose text is not a path, steps without a source, parts of data: found before a run, each at
/// its line.
#[test]
fn exact_what_only_a_run_showed_is_found_before_it() {
    let text = |step: &str| {
        let heading = lutetia_testkit::heading(1);
        format!(
            "{heading}[data.patient]\nstudy = \"data/studies/snmmi_patient4\"\n[data.points]\ntable = \"points.csv\"\n\
             [[step]]\nkind = \"fit-curves\"\nid = \"fits\"\nstudy = \"patient\"\nfunctions = [\"mono\"]\n\
             error = \"proportional 10 %\"\n{step}"
        )
    };
    let files = lutetia_testkit::Files::of(&[("points.csv", "region,time,value\nkidneys,1,2\n")])
        .with_folder("data/studies/snmmi_patient4");
    let figure = |keys: &str| format!("[[figure]]\nname = \"f\"\ncaption = \"c\"\n{keys}");
    for (step, expected) in [
        (
            "[[step]]\nkind = \"fit-curves\"\nid = \"none\"\nstudy = \"patient\"\nfunctions = []\nerror = \"proportional 10 %\"\n"
                .to_owned(),
            "`functions` of the step `none` is empty, expected at least 1",
        ),
        (
            "[[step]]\nkind = \"select-function\"\nid = \"choice\"\nfunctions = [\"mono\"]\nerror = \"proportional 10 %\"\n"
                .to_owned(),
            "step `choice`: give either `study` or `from`",
        ),
        (
            "[[step]]\nkind = \"compare\"\nid = \"beside\"\ncaption = \"c\"\n\
             rows = [{ what = \"w\", ours = \"fits/kidney_left/tia\", published = \"x\", source = \"s\" }]\n"
                .to_owned(),
            "step `beside`: `x` is not of the form `table/row/column`",
        ),
        (
            "[[step]]\nkind = \"survival\"\nid = \"os\"\nunit = \"mo\"\n".to_owned(),
            "step `os`: needs either `from`, the patients of a step, or `data`, a table",
        ),
        (
            figure("kind = \"scatter\"\nfrom = \"points.patients\"\nx = \"time\"\ny = \"value\"\nx_label = \"x\"\ny_label = \"y\"\n"),
            "`points.patients` is not a step or table of this experiment",
        ),
    ] {
        let text = text(&step);
        let checked = lutetia_experiment::check("experiment.toml", &text, &files);
        let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
        assert!(said.contains(expected), "{expected}:\n{said}");
        assert!(said.contains("experiment.toml:"), "{said}");
    }
}
