//! What numbers and models say that they rest on.

use lutetia_diagnostic::render;
use lutetia_model::{
    Checked, Evidence, Model, Named, NoFiles, Parameter, Resolve, SourceFile, Status, check,
    explain,
};

const LIGAND: &str = r#"
[model]
id = "ligand"
title = "Ligand"
units = { time = "h", amount = "nmol", volume = "L" }
[organs]
rows = [
  { organ = "liver", V = "1.8 L", Q = "54 L/h", source = "ICRP 89", evidence = "reference" },
  { organ = "spleen", V = "0.15 L", Q = "6.5 L/h" },
]
[compartments]
plasma = "3 L"
"{organ}" = "V_{organ}"
[parameters]
CL = { value = "6 L/h", min = "3 L/h", max = "9 L/h", source = "a guess", evidence = "assumed" }
[species]
L = { in = ["plasma", "{organ}"] }
[scheme]
processes = '''
excrete: L.plasma -> 0 @ CL
perfuse_{organ}: L.plasma <-> L.{organ} @ Q_{organ}, Q_{organ}
'''
[observables]
N = { of = "L.plasma", unit = "nmol" }
"#;

const TARGET: &str = r#"
[chain]
id = "target"
title = "Target"
status = "sketch"
[parts]
pk = "ligand"
[set]
"pk.Q_spleen" = { value = "7 L/h", source = "measured so", evidence = "measured" }
"#;

struct Library;

impl Resolve for Library {
    fn resolve(&self, _name: &str) -> Option<String> {
        None
    }

    fn named(&self, name: &str) -> Option<Named<'_>> {
        let text = match name {
            "ligand" => LIGAND.to_owned(),
            "sketched" => LIGAND.replace("units =", "status = \"sketch\"\nunits ="),
            "target" => TARGET.to_owned(),
            _ => return None,
        };
        Some(Named { file: SourceFile { name: name.to_owned(), text }, resolve: Box::new(Self) })
    }
}

fn checked(text: &str) -> Checked {
    check(&SourceFile { name: "mine.toml".to_owned(), text: text.to_owned() }, &Library)
}

fn model(text: &str) -> Model {
    let checked = checked(text);
    let faults = render(&checked.diagnostics, &checked.sources, false);
    checked.model.unwrap_or_else(|| panic!("{faults}"))
}

fn parameter<'a>(model: &'a Model, name: &str) -> &'a Parameter {
    model.parameters.iter().find(|p| p.name == name).expect("a parameter")
}

#[test]
fn exact_a_row_gives_its_source_and_grade_to_each_of_its_numbers() {
    let model = model(LIGAND);
    for name in ["V_liver", "Q_liver"] {
        let found = parameter(&model, name);
        assert_eq!(found.source.as_deref(), Some("ICRP 89"), "{name}");
        assert_eq!(found.evidence, Some(Evidence::Reference), "{name}");
    }
    let other = parameter(&model, "V_spleen");
    assert_eq!((other.source.as_deref(), other.evidence), (None, None));
    // The columns themselves are not numbers.
    assert!(model.parameters.iter().all(|p| !p.name.starts_with("source")));
    let file = SourceFile {
        name: "bad.toml".to_owned(),
        text: LIGAND.replace("evidence = \"reference\"", "evidence = \"textbook\""),
    };
    let faults = check(&file, &NoFiles).diagnostics;
    assert!(faults.iter().all(|f| f.message == "`textbook` is not an `evidence`"), "{faults:?}");
}

#[test]
fn exact_an_explanation_shows_grade_and_range() {
    let explained = explain(&model(LIGAND));
    let row = explained.parameters.iter().find(|p| p.name == "CL").expect("CL");
    assert_eq!(row.evidence, Some(Evidence::Assumed));
    assert_eq!(row.range, Some(["3".to_owned(), "9".to_owned()]));
    let text = lutetia_model::explain_text(&model(TARGET), false);
    assert!(text.contains("status: sketch"), "{text}");
    assert!(text.contains("assumed: 3 to 9; a guess"), "{text}");
    assert!(text.contains("measured: measured so"), "{text}");
}

#[test]
fn exact_a_setting_brings_its_own_grade_and_range() {
    let head = "[chain]\nid = \"mine\"\ntitle = \"Mine\"\nextends = \"target\"\n";
    let set = |line: &str| format!("{head}[set]\n\"pk.CL\" = {line}\n");
    let mine = model(&set(
        "{ value = \"5 L/h\", min = \"4 L/h\", max = \"6 L/h\", source = \"here\", evidence = \"related\" }",
    ));
    let found = parameter(&mine, "pk:CL");
    assert_eq!(found.evidence, Some(Evidence::Related));
    let ends = (found.bounds.0.expect("low"), found.bounds.1.expect("high"));
    assert!((ends.0 - 4.0).abs() < 1e-12 && (ends.1 - 6.0).abs() < 1e-12, "{ends:?}");
    // Without one the range of the part stays; the grade is that of the number, which is another.
    let plain = model(&set("\"5 L/h\""));
    let found = parameter(&plain, "pk:CL");
    assert_eq!(found.evidence, None);
    assert!((found.bounds.0.expect("low") - 3.0).abs() < 1e-12);
    for (line, message) in [
        (
            "{ value = \"7 L/h\", min = \"4 L/h\", max = \"6 L/h\" }",
            "the value is `7 L/h`; expected 4 L/h to 6 L/h, its range",
        ),
        (
            "{ value = \"7 L/h\", min = \"8 L/h\" }",
            "the value is `7 L/h`; expected 8 L/h to …, its range",
        ),
        ("{ value = \"7 L/h\", evidence = \"sure\" }", "`sure` is not an `evidence`"),
        ("{ value = \"7 L/h\", min = \"4 L\" }", "`min` is `4 L` (volume); expected volume / time"),
    ] {
        let checked = checked(&set(line));
        assert!(checked.model.is_none(), "{line}");
        assert_eq!(checked.diagnostics.len(), 1, "{line}: {:?}", checked.diagnostics);
        let fault = &checked.diagnostics[0];
        assert_eq!(fault.message, message);
        assert!(fault.hint.is_some() && fault.labels.iter().any(|l| l.primary), "{line}");
    }
}

#[test]
fn exact_what_is_made_of_a_sketch_is_one() {
    let head = |extends: &str, status: &str| {
        format!("[chain]\nid = \"mine\"\ntitle = \"Mine\"\n{extends}\n{status}\n")
    };
    let extends = "extends = \"target\"";
    let status = |text: &str| model(text).status;
    assert_eq!(status(LIGAND), None);
    // A chain that extends another says for itself, or takes what that says.
    assert_eq!(status(&head(extends, "")), Some(Status::Sketch));
    assert_eq!(status(&head(extends, "status = \"validated\"")), Some(Status::Validated));
    // A part that is a sketch makes one of the whole.
    let parts = "[parts]\npk = \"sketched\"\n";
    let text = format!("{}{parts}", head("", "status = \"validated\""));
    assert!(model(&text).is_sketch());
}
