//! Nothing a file can contain makes the compiler panic, hang or point outside the text.

use std::path::Path;

use lutetia_diagnostic::{has_errors, render, render_json};
use lutetia_model::{
    Binding, Resolve, SourceFile, check, compile, diagram_svg, explain_latex, explain_text,
};
use proptest::prelude::*;

/// An organ table beside every model.
struct Table(String);

impl Resolve for Table {
    fn resolve(&self, _name: &str) -> Option<String> {
        Some(self.0.clone())
    }
}

fn read_all(folder: &str, texts: &mut Vec<String>) {
    for entry in std::fs::read_dir(Path::new(folder)).expect("a folder of models").flatten() {
        let path = entry.path();
        if path.is_dir() {
            read_all(&path.to_string_lossy(), texts);
        } else if path.extension().is_some_and(|e| e == "toml") && !path.ends_with("Cargo.toml") {
            texts.push(std::fs::read_to_string(path).expect("a model"));
        }
    }
}

fn originals() -> Vec<String> {
    let mut texts = Vec::new();
    for folder in ["tests/good", "tests/bad", "../../models"] {
        read_all(folder, &mut texts);
    }
    assert!(texts.len() > 80, "{} models", texts.len());
    texts
}

const PIECES: [&str; 51] = [
    "",
    "\"",
    "'''",
    "[",
    "]",
    "{",
    "}",
    "=",
    ",",
    ".",
    "->",
    "<->",
    "=>",
    "@",
    ":",
    "+",
    "-",
    "*",
    "/",
    "^",
    " < ",
    " and ",
    "not ",
    "if(",
    "sum(",
    "(",
    "((((((((((((((((",
    "1e308",
    "-1e308",
    "1e-320",
    "nan",
    "inf",
    "0",
    "-1",
    "99999999999999999999",
    "L.plasma",
    "*.*",
    "{organ}",
    "{organ:receptor}",
    "activity(",
    "hill(",
    "[L.plasma]",
    "\u{feff}",
    "\0",
    "µ",
    "日本",
    "Gy/h",
    "cold",
    "[model]",
    "\r\n",
    "exp",
];

/// Where (in thousandths of the text), how, and with which piece a text is changed.
type Change = (usize, u8, usize, usize);

fn mutated(original: &str, changes: &[Change]) -> String {
    let mut text = original.to_owned();
    for (at, kind, piece, length) in changes {
        let mut at = text.len() * (at % 1000) / 1000;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let mut end = (at + length).min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let piece = PIECES[piece % PIECES.len()];
        match kind % 6 {
            0 => text.insert_str(at, piece),
            1 => text.truncate(at),
            2 => text.replace_range(at..end, piece),
            3 => {
                // A line once more.
                let line = text[at..].lines().next().unwrap_or("").to_owned();
                text.insert_str(at, &format!("{line}\n"));
            }
            4 => {
                // The next number becomes the piece.
                if let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()) {
                    let start = at + start;
                    let digits = text[start..]
                        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                        .unwrap_or(text.len() - start);
                    text.replace_range(start..start + digits, piece);
                }
            }
            _ => text.replace_range(at..end, ""),
        }
    }
    text
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop::collection::vec((any::<usize>(), any::<u8>(), any::<usize>(), 0_usize..40), 1..5)
}

fn survives(text: String, table: String) {
    let bytes = text.len();
    let checked = check(&SourceFile { name: "mutated.toml".to_owned(), text }, &Table(table));
    assert_eq!(checked.model.is_none(), has_errors(&checked.diagnostics));
    assert!(
        checked.diagnostics.is_empty()
            != render(&checked.diagnostics, &checked.sources, false).contains("LUT")
    );
    let _json = render_json(&checked.diagnostics, &checked.sources);
    for label in checked.diagnostics.iter().flat_map(|d| &d.labels) {
        assert!(label.span.start <= label.span.end, "{label:?}");
        assert!(label.span.end <= bytes.max(1 << 20), "{label:?}");
    }
    let Some(model) = checked.model else { return };
    let _text = explain_text(&model, false);
    let _latex = explain_latex(&model);
    let _drawing = diagram_svg(&model, false);
    let binding = Binding::all(lutetia_data::nuclides(), ["Lu-177".to_owned()]);
    if let Ok(system) = compile(&model, &binding) {
        let mut evaluator = system.evaluator();
        evaluator.set_parameters(&system.default_parameters());
        let mut y = vec![0.0; system.states().len()];
        evaluator.initial(&mut y);
        let inputs = vec![0.0; system.inputs().len()];
        let mut dy = y.clone();
        evaluator.rhs(0.0, &y, &inputs, &mut dy);
        let mut jacobian = vec![0.0; system.jacobian_pattern().entries()];
        evaluator.jacobian(0.0, &y, &inputs, &mut jacobian);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn prop_mutated_models_never_panic(which in any::<usize>(), m in changes(), t in changes()) {
        // Read once per case: the files are small and the system keeps them in memory.
        let originals = originals();
        let table = include_str!("../good/organs.csv");
        survives(mutated(&originals[which % originals.len()], &m), mutated(table, &t));
    }

    #[test]
    fn prop_any_text_is_no_panic(text in "\\PC{0,300}") {
        survives(text, String::new());
    }

    #[test]
    fn prop_any_scheme_and_expression_is_no_panic(
        line in "[LR0-9a-c.+*/^()@:<>=, -]{0,60}", formula in "[KDx0-9.+*/^()\\[\\],e-]{0,40}"
    ) {
        let good = include_str!("../good/design_illustration.toml");
        let text = good
            .replace("internalise:", &format!("{line}\ninternalise:"))
            .replace("\"5 nmol\"", &format!("\"{formula}\""));
        survives(text, String::new());
    }
}

#[test]
fn exact_deep_nesting_is_a_message() {
    let good = include_str!("../good/design_illustration.toml");
    for deep in [
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        "-".repeat(100_000) + "1",
        "1^".repeat(50_000) + "1",
        "exp(".repeat(100_000) + "1",
        "KD+".repeat(100_000) + "KD",
    ] {
        let text = good.replace("\"5 nmol\"", &format!("\"{deep}\""));
        let checked =
            check(&SourceFile { name: "deep.toml".to_owned(), text }, &Table(String::new()));
        assert!(checked.model.is_none());
        assert!(!checked.diagnostics.is_empty());
    }
    let text = good.replace("[\"L\", \"LR\", \"Li\"]", &"[".repeat(200_000));
    let checked = check(&SourceFile { name: "deep.toml".to_owned(), text }, &Table(String::new()));
    assert!(checked.model.is_none());
}
