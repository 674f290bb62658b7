//! Hints that offer a text to write: written, the fault is gone and no other has come.

use std::collections::BTreeMap;

use lutetia_data::{Study, codes};
use lutetia_diagnostic::{Diagnostic, Sources, render};

type Files = BTreeMap<String, String>;

fn parse(files: &Files) -> (Option<Study>, Vec<Diagnostic>, Sources) {
    let list: Vec<(&str, &[u8])> =
        files.iter().map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    Study::parse("hints", &list)
}

/// What a hint says to write in the place of what is marked.
fn offered(hint: &str) -> Option<&str> {
    let rest = ["write `", "did you mean `"].iter().find_map(|w| hint.split_once(w))?.1;
    Some(rest.split_once('`')?.0)
}

/// The files with the text of a hint in the place that the fault marks.
fn followed(files: &Files, fault: &Diagnostic, sources: &Sources) -> Option<Files> {
    let text = offered(fault.hint.as_deref()?)?;
    let span = fault.labels.iter().find(|l| l.primary)?.span;
    let (line, column) = sources.line_column(span.source, span.start);
    let marked = sources.text(span.source).get(span.start..span.end)?.to_owned();
    let mut files = files.clone();
    let file = files.get_mut(sources.name(span.source))?;
    let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
    let row = lines.get_mut(line.checked_sub(1)?)?;
    let at: usize = row.chars().take(column - 1).map(char::len_utf8).sum();
    if !row.get(at..)?.starts_with(&marked) {
        return None;
    }
    // A byte-order mark or a quote beside it stays.
    row.replace_range(at..at + marked.len(), text);
    *file = lines.join("\n") + "\n";
    Some(files)
}

fn errors(found: &[Diagnostic]) -> Vec<(&str, &str)> {
    found.iter().filter(|d| d.is_error()).map(|d| (d.code, d.message.as_str())).collect()
}

#[test]
fn prop_a_text_that_a_hint_offers_mends_its_fault() {
    let mut tried = Vec::new();
    for entry in std::fs::read_dir("tests/bad").expect("the suite") {
        let folder = entry.expect("an entry").path();
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let mut files = Files::new();
        for file in std::fs::read_dir(&folder).expect("a folder") {
            let path = file.expect("a file").path();
            if let Ok(text) = std::fs::read_to_string(&path) {
                let file = path.file_name().expect("a name").to_string_lossy().into_owned();
                files.insert(file, text);
            }
        }
        let (_, before, sources) = parse(&files);
        let [fault] = before.as_slice() else { continue };
        let Some(mended) = followed(&files, fault, &sources) else { continue };
        let (_, after, sources) = parse(&mended);
        assert!(after.is_empty(), "{name}: {}", render(&after, &sources, false));
        tried.push(name);
    }
    // What is counted among them changes with the suite; that some are tried at all must not.
    assert!(tried.len() >= 6, "{tried:?}");
}

fn study(activity: &str) -> Files {
    [
        ("README.md", "Source: made for this test\n"),
        ("subjects.csv", "subject\nP1\n"),
        ("doses.csv", "subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n"),
        ("activity.csv", activity),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .into_iter()
    .collect()
}

#[test]
fn prop_hints_are_followed_to_the_end() {
    let commas = "subject;region;time (h);activity (MBq)\nP1;liver;4,5;100,5\nP1;liver;24;80,5\nP1;liver;72;40,25\n";
    let points = "subject;region;time (h);activity (MBq)\nP1;liver;4.5;100.5\nP1;liver;24;80.5\nP1;liver;72;40.25\n";
    for (what, text) in [
        (
            "a point among commas, in the first row",
            commas.replace("4,5", "12.5").replace("P1;liver;24", "P1;liver;24,5"),
        ),
        (
            "two points among commas",
            commas
                .replace("4,5", "4.5")
                .replace("40,25", "40.25")
                .replace(";24;", ";24,25;")
                .replace("72;", "72,5;"),
        ),
        ("a comma among points", points.replace("100.5", "100,5")),
        ("a name near that of another program", points.replace("region", "orgna")),
        ("a patient", points.replace("subject", "Pateint")),
        ("no unit", points.replace("time (h)", "time")),
        ("a unit after a misspelled name", points.replace("activity (MBq)", "activty_MBq")),
        ("a unit in brackets after one", points.replace("activity (MBq)", "activty (MBq)")),
        ("separators of thousands", commas.replace("80,5", "1.080,5")),
        (
            "neither decimals nor thousands",
            points
                .replace("4.5", "4")
                .replace("100.5", "1.005")
                .replace("80.5", "80")
                .replace("40.25", "40"),
        ),
    ] {
        let mut files = study(&text);
        let (_, first, sources) = parse(&files);
        assert!(!errors(&first).is_empty(), "{what} is a fault");
        let good =
            |d: &Diagnostic| d.code == codes::MIXED_DECIMALS && d.message.contains("`100,5`");
        assert!(
            what != "a point among commas, in the first row" || !first.iter().any(good),
            "{what}: {}",
            render(&first, &sources, false)
        );
        for _ in 0..4 {
            let (_, found, sources) = parse(&files);
            let Some(fault) = found.iter().find(|d| d.is_error()) else { break };
            let before = errors(&found).len();
            files = followed(&files, fault, &sources)
                .unwrap_or_else(|| panic!("{what}: {}", render(&found, &sources, false)));
            let (_, after, sources) = parse(&files);
            assert!(errors(&after).len() < before, "{what}: {}", render(&after, &sources, false));
        }
        let (study, found, sources) = parse(&files);
        assert!(study.is_some(), "{what}: {}", render(&found, &sources, false));
    }
}

#[test]
fn exact_missing_and_impossible_numbers_have_one_hint() {
    let hint = |cell: &str| {
        let text =
            format!("subject,region,time (h),activity (MBq)\nP1,liver,4,{cell}\nP1,liver,24,80\n");
        let (_, found, _) = parse(&study(&text));
        let fault = found.iter().find(|d| d.is_error()).expect("a fault");
        (fault.message.clone(), fault.hint.clone().expect("a hint"))
    };
    let (empty, advice) = hint("");
    assert_eq!(empty, "`activity` is empty");
    for cell in ["nan", "NaN", "inf", "NA", "n/a", "."] {
        let (message, same) = hint(cell);
        assert_eq!(same, advice, "{cell}");
        assert!(message.contains(&format!("`{cell}`")), "{cell}: {message}");
    }
    // To follow it is to be rid of the fault: the row is removed, or a number given.
    let removed = study("subject,region,time (h),activity (MBq)\nP1,liver,24,80\nP1,liver,72,40\n");
    assert!(parse(&removed).0.is_some());
}

#[test]
fn exact_units_of_volume_are_read_as_tables_write_them() {
    for unit in ["mL", "ml", "cc", "ccm", "cm3", "cm^3"] {
        let text = format!(
            "subject,region,time (h),activity (MBq),volume ({unit})\nP1,tumour1,4,80,20\nP1,tumour1,24,60,20\n"
        );
        let (study, found, sources) = parse(&study(&text));
        let study = study.unwrap_or_else(|| panic!("{unit}: {}", render(&found, &sources, false)));
        let volume = study.curve("P1", 1, "tumour1").and_then(|c| c.mean_volume_ml());
        assert!((volume.expect("a volume") - 20.0).abs() < 1e-9, "{unit}");
    }
}

#[test]
fn exact_a_workbook_is_named_as_one() {
    let mut files = study("x");
    files.insert("activity.csv".into(), "PK\u{3}\u{4}\u{14}\u{0}".into());
    let (_, found, sources) = parse(&files);
    assert!(render(&found, &sources, false).contains("is a workbook of a spreadsheet program"));
}
