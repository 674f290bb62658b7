//! Folders with one fault each give the message in their snapshot; folders written differently
//! give the same study.

use std::path::{Path, PathBuf};

use lutetia_data::{Covariate, Study};
use lutetia_diagnostic::{has_errors, render};
use lutetia_testkit::reference_text;

fn folders(kind: &str) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(Path::new("tests").join(kind))
        .expect("the folder of the suite")
        .map(|entry| entry.expect("an entry of the suite").path())
        .collect();
    folders.sort();
    folders
}

fn close(a: f64, b: f64) -> bool {
    // Values of the same study go through other units and back: a few roundings, and printed
    // decay-corrected values carry twelve digits.
    (a - b).abs() <= 1e-11 * b.abs().max(1e-300)
}

#[test]
fn regress_every_bad_folder_gives_its_message() {
    let folders = folders("bad");
    assert!(folders.len() >= 50, "the suite has {} folders", folders.len());
    for folder in folders {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let (study, diagnostics, sources) = Study::read(&folder);
        assert!(!diagnostics.is_empty(), "{name} has no fault");
        assert_eq!(study.is_none(), has_errors(&diagnostics), "{name}");
        for d in &diagnostics {
            assert!(d.code.starts_with("LUT3"), "{name}: {}", d.code);
            assert!(d.labels.iter().any(|l| l.primary), "{name}: no place for {}", d.message);
        }
        let text = render(&diagnostics, &sources, false).replace('\\', "/");
        let text: String = text.lines().map(|l| format!("{}\n", l.trim_end())).collect();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

#[test]
fn exact_every_good_folder_is_the_same_study() {
    let (reference, ..) = Study::read(Path::new("tests/good/plain"));
    let reference = reference.expect("the plain folder is read");
    for folder in folders("good") {
        let name = folder.display().to_string();
        let (study, diagnostics, sources) = Study::read(&folder);
        assert!(diagnostics.is_empty(), "{name}: {}", render(&diagnostics, &sources, false));
        let study = study.expect("no diagnostics");
        assert_eq!(study.subjects().len(), 2, "{name}");
        assert_eq!(
            study.subject("P1").map(|s| &s.covariates),
            reference.subject("P1").map(|s| &s.covariates),
            "{name}"
        );
        assert_eq!(study.doses().len(), reference.doses().len(), "{name}");
        for (a, b) in study.doses().iter().zip(reference.doses()) {
            assert_eq!((&a.subject, a.cycle, &a.nuclide), (&b.subject, b.cycle, &b.nuclide));
            assert!(close(a.activity_mbq, b.activity_mbq), "{name}: {a:?}");
            assert_eq!(a.amount_nmol, b.amount_nmol, "{name}");
            assert_eq!(a.duration_h.is_some(), b.duration_h.is_some(), "{name}");
        }
        assert_eq!(study.measurement_count(), reference.measurement_count(), "{name}");
        for (a, b) in study.measurements().zip(reference.measurements()) {
            assert_eq!((a.subject, a.cycle, a.region), (b.subject, b.cycle, b.region), "{name}");
            assert!(close(a.time_h, b.time_h), "{name}: {a:?}");
            assert!(close(a.activity_mbq, b.activity_mbq), "{name}: {a:?} {b:?}");
            assert!(close(a.sd_mbq.unwrap_or(0.0), b.sd_mbq.unwrap_or(0.0)), "{name}: {a:?}");
            assert!(close(a.volume_ml.unwrap_or(0.0), b.volume_ml.unwrap_or(0.0)), "{name}: {a:?}");
        }
    }
}

#[test]
fn exact_covariates_keep_their_unit() {
    let (study, ..) = Study::read(Path::new("tests/good/plain"));
    let study = study.expect("the plain folder is read");
    let subject = study.subject("P2").expect("P2 is listed");
    assert_eq!(subject.covariates.get("sex"), Some(&Covariate::Text("M".to_owned())));
    let Some(Covariate::Number(weight)) = subject.covariates.get("weight") else {
        panic!("weight is a number: {subject:?}");
    };
    assert!(close(weight.value(), 80.0));
    assert_eq!(weight.unit().symbol(), "kg");
}

#[test]
fn exact_cycles_share_one_clock() {
    let (study, diagnostics, sources) = Study::parse(
        "cycles",
        &[
            ("README.md", b"source: invented"),
            ("subjects.csv", b"subject\nP1\n"),
            (
                "doses.csv",
                b"subject,cycle,time (h),nuclide,activity (MBq)\nP1,2,1344,Lu-177,7000\nP1,1,0,Lu-177,7400\n",
            ),
            (
                "activity.csv",
                b"subject,cycle,region,time (h),activity (MBq)\nP1,2,liver,1368,60\nP1,2,liver,1348,90\nP1,2,liver,1400,<5\n",
            ),
        ],
    );
    assert!(diagnostics.is_empty(), "{}", render(&diagnostics, &sources, false));
    let study = study.expect("no diagnostics");
    assert_eq!(study.cycles("P1"), [1, 2]);
    assert_eq!(study.doses_of("P1").iter().map(|d| d.cycle).collect::<Vec<_>>(), [1, 2]);
    assert!(study.curve("P1", 1, "liver").is_none());
    let curve = study.curve("P1", 2, "liver").expect("measured in cycle 2");
    assert!(close(curve.injected_at_h, 1344.0) && close(curve.injected_mbq, 7000.0));
    let points: Vec<(f64, u32, bool)> =
        curve.points.iter().map(|p| (p.time_h, p.line, p.below_detection)).collect();
    assert_eq!(points, [(4.0, 3, false), (24.0, 2, false), (56.0, 4, true)]);
}

#[test]
fn exact_lines_far_down_keep_number_and_column() {
    let mut activity = String::from("subject,region,time (h),activity (MBq)\r\n");
    for i in 0..30_000 {
        let value = if i == 20_000 { "-7" } else { "7" };
        activity.push_str(&format!("P1,liver,{},{value}\r\n", 4 + i));
    }
    let (_, diagnostics, sources) = Study::parse(
        "long",
        &[
            ("README.md", b"source: invented"),
            ("subjects.csv", b"subject\nP1\n"),
            ("doses.csv", b"subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n"),
            ("activity.csv", activity.as_bytes()),
        ],
    );
    let fault = diagnostics.iter().find(|d| d.is_error()).expect("a negative activity");
    let span = fault.labels[0].span;
    assert_eq!(sources.line_column(span.source, span.start), (20_002, 16));
    assert_eq!(&sources.text(span.source)[span.start..span.end], "-7");
    // Only lines that a message points at are kept.
    assert!(sources.text(span.source).len() < 25_000);
}

#[test]
fn exact_numbers_too_large_for_their_unit_are_refused() {
    let (study, diagnostics, _) = Study::parse(
        "large",
        &[
            ("subjects.csv", b"subject\nP1\n"),
            ("doses.csv", b"subject,time (d),nuclide,activity (GBq)\nP1,1e308,Lu-177,1e308\n"),
            ("activity.csv", b"subject,region,time (h),activity (MBq)\nP1,liver,4,90\n"),
        ],
    );
    assert!(study.is_none());
    let codes: Vec<&str> = diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code).collect();
    assert_eq!(codes, [lutetia_data::codes::NOT_FINITE; 2]);
}

#[test]
fn exact_a_folder_that_is_not_there_is_one_error() {
    let (study, diagnostics, sources) = Study::read(Path::new("tests/no such folder"));
    assert!(study.is_none());
    assert_eq!(diagnostics.len(), 1);
    assert!(render(&diagnostics, &sources, false).contains("LUT3001"));
}

#[test]
fn exact_the_bundled_patient_reads_without_a_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/studies/snmmi_patient4");
    let (study, diagnostics, sources) = Study::read(&folder);
    assert!(diagnostics.is_empty(), "{}", render(&diagnostics, &sources, false));
    let study = study.expect("no diagnostics");
    assert_eq!(study.name(), "snmmi_patient4");
    assert_eq!(study.regions("Patient_004", 1).len(), 6);
    let kidney = study.curve("Patient_004", 1, "kidney_left").expect("measured");
    assert_eq!(kidney.points.len(), 4);
    assert!(close(kidney.injected_mbq, 7210.427));
    assert!(kidney.points.iter().all(|p| p.sd_mbq.is_none()), "the source gives no error");
    assert_eq!(study.doses()[0].duration_h, None, "the source gives no infusion time");
    // The whole field of view is the sum of its parts, to the printed digits.
    let at = |region: &str, i: usize| {
        study.curve("Patient_004", 1, region).expect("measured").points[i].activity_mbq
    };
    for i in 0..4 {
        let parts: f64 = ["kidney_left", "kidney_right", "liver", "spleen", "remainder"]
            .map(|r| at(r, i))
            .iter()
            .sum();
        assert!((parts - at("whole_field", i)).abs() < 2e-3, "{parts} at point {i}");
    }
}

#[test]
fn val_the_bundled_patient_is_the_reference_table() {
    let Some(text) = reference_text("data/tac/lu177_dotatate_snmmi_patient4.csv") else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/studies/snmmi_patient4");
    let study = Study::read(&folder).0.expect("the bundled study is read");
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split(',').collect()).collect();
    assert_eq!(rows.len(), study.measurement_count());
    for (row, m) in rows.iter().zip(study.measurements()) {
        let number = |i: usize| row[i].parse::<f64>().expect("a number of the reference table");
        assert!(close(m.time_h, number(3)), "{m:?}");
        assert!(close(m.activity_mbq, number(4)), "{m:?}");
        assert!(close(m.volume_ml.expect("volumes are given"), number(5)), "{m:?}");
    }
}
