//! Drop a file into `good/` or `bad/`: the first must compile and run its first step, the second
//! must give the message in its snapshot.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use lutetia_diagnostic::{has_errors, render};
use lutetia_model::{Binding, Checked, NoFiles, Resolve, SourceFile, check, compile};

/// The files beside a model.
struct Beside(PathBuf);

impl Resolve for Beside {
    fn resolve(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.0.join(name)).ok()
    }
}

fn files(kind: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(Path::new("tests").join(kind))
        .expect("the folder of the suite")
        .map(|entry| entry.expect("an entry of the suite").path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

fn checked(path: &Path) -> Checked {
    let text = std::fs::read_to_string(path).expect("a file of the suite");
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    check(&SourceFile { name, text }, &Beside(path.parent().expect("a folder").to_owned()))
}

fn rendered(checked: &Checked) -> String {
    let text = render(&checked.diagnostics, &checked.sources, false);
    text.lines().map(|l| format!("{}\n", l.trim_end())).collect()
}

/// Faults that are worth a look and do not keep a model from running.
const WARNINGS: [&str; 2] = ["flows_do_not_balance", "unused_parameter"];

#[test]
fn regress_every_bad_file_gives_its_message() {
    let files = files("bad");
    assert!(files.len() >= 60, "the suite has {} files", files.len());
    let mut codes = BTreeSet::new();
    for path in files {
        let name = stem(&path);
        let checked = checked(&path);
        assert!(!checked.diagnostics.is_empty(), "{name} has no fault");
        let warning = WARNINGS.contains(&name.as_str());
        assert_eq!(has_errors(&checked.diagnostics), !warning, "{name}");
        assert_eq!(checked.model.is_some(), warning, "{name}");
        for d in &checked.diagnostics {
            assert!(d.code.starts_with("LUT2"), "{name}: {}", d.code);
            assert!(d.labels.iter().any(|l| l.primary), "{name}: no place for {}", d.message);
            codes.insert(d.code);
        }
        // One fault, one message: what follows from it is not worth a reader's time.
        assert_eq!(checked.diagnostics.len(), 1, "{name}:\n{}", rendered(&checked));
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(format!("bad__{name}"), rendered(&checked));
        });
    }
    let declared = include_str!("../../src/front/code.rs");
    let declared: BTreeSet<&str> = declared
        .lines()
        .filter_map(|line| line.split('"').nth(1))
        .filter(|code| code.starts_with("LUT"))
        // Those of chains: `regress_faults_of_chains`.
        .filter(|code| !code.starts_with("LUT261"))
        .collect();
    let missing: Vec<_> = declared.iter().filter(|code| !codes.contains(**code)).collect();
    // A file of more than 1 MiB is not a file for a repository; `exact_a_file_that_is_too_large`.
    assert_eq!(missing, [&"LUT2006"], "codes without a file");
}

#[test]
fn exact_a_file_that_is_too_large_is_refused_unread() {
    let text = format!("# {}\n", "x".repeat(1 << 20));
    let checked = check(&SourceFile { name: "large.toml".to_owned(), text }, &NoFiles);
    assert!(checked.model.is_none());
    assert_eq!(checked.diagnostics.len(), 1);
    assert_eq!(checked.diagnostics[0].code, "LUT2006");
}

#[test]
fn exact_every_good_file_compiles_and_has_a_finite_derivative() {
    let files = files("good");
    assert!(files.len() >= 12, "the suite has {} files", files.len());
    for path in files {
        let name = stem(&path);
        let checked = checked(&path);
        assert!(checked.diagnostics.is_empty(), "{name}:\n{}", rendered(&checked));
        let model = checked.model.unwrap_or_else(|| panic!("{name} has no model"));
        // The first line may name the nuclides: `# nuclides: Ac-225`.
        let text = std::fs::read_to_string(&path).expect("a file of the suite");
        let nuclides = text.lines().next().and_then(|l| l.strip_prefix("# nuclides: "));
        let nuclides = nuclides.unwrap_or("Lu-177").split(", ").map(str::to_owned);
        let table = lutetia_data::nuclides();
        let labelled = !model.labels.is_empty();
        let binding = if labelled { Binding::all(table, nuclides) } else { Binding::new(table) };
        let system = compile(&model, &binding).unwrap_or_else(|e| panic!("{name}: {e}"));
        let parameters = system.default_parameters();
        assert!(parameters.iter().all(|p| p.is_finite()), "{name}: {parameters:?}");
        let mut evaluator = system.evaluator();
        evaluator.set_parameters(&parameters);
        let states = system.states().len();
        let inputs: Vec<f64> = system.inputs().iter().map(|i| i.default.unwrap_or(0.0)).collect();
        let mut y = vec![0.0; states];
        evaluator.initial(&mut y);
        let mut dy = vec![f64::NAN; states];
        evaluator.rhs(0.0, &y, &inputs, &mut dy);
        assert!(y.iter().chain(&dy).all(|x| x.is_finite()), "{name}: {y:?} {dy:?}");
    }
}

#[test]
fn exact_all_faults_of_a_file_are_shown_at_once() {
    let text = std::fs::read_to_string("tests/good/design_illustration.toml").expect("the file");
    let mut faulty = text.clone();
    let changes = [
        ("\"2.4 L/h\", iiv", "\"2.4 L/hh\", iiv"), // unknown unit
        ("fixed = true", "fixd = true"),           // unknown key
        ("R0    = \"5 nmol\"\n", ""),              // undeclared
        ("\"0.02 L\"", "\"-0.02 L\""),             // negative volume
        ("@ PS, PS", "@ PS"),                      // one coefficient missing
        ("-> Li.tumour + R.tumour", "-> Lj.tumour + R.tumour"), // undeclared amount
        ("unit = \"MBq\"", "unit = \"Gy/h\""),     // another dimension
        ("proportional 10 %", "about 10 %"),       // unreadable error model
        ("on = [\"L\", \"LR\", \"Li\"]", "on = [\"L\", \"LR\", \"Li\", \"Li\"]"), // twice
    ];
    for (from, to) in changes {
        assert!(faulty.contains(from), "{from}");
        faulty = faulty.replacen(from, to, 1);
    }
    let checked = check(&SourceFile { name: "faulty.toml".to_owned(), text: faulty }, &NoFiles);
    assert_eq!(checked.diagnostics.len(), changes.len(), "{}", rendered(&checked));
    insta::assert_snapshot!("all_at_once", rendered(&checked));
}
