//! Tables of dynamic PET: what is read, and every fault at once.

use std::path::Path;

use lutetia_data::{PetAllowed, PetStudy, nuclides};
use lutetia_diagnostic::render;

const TACS: &str = "\
scan,region,start (s),end (s),activity (kBq/mL),sd (%)
A,FC,0,60,10,10
A,FC,60,120,40,5
A,FC,120,300,30,5
A,CBL,0,60,12,10
A,CBL,60,120,44,5
A,CBL,120,300,28,5
";
const BLOOD: &str = "\
scan,time (min),whole_blood (kBq/mL),plasma (kBq/mL),parent_fraction (%)
A,0,0,0,100
A,0.5,200,300,
A,1,100,,95
A,5,20,25,60
";

fn parse(tacs: &str, blood: Option<&str>, gaps: bool) -> (Option<PetStudy>, String) {
    let blood = blood.map(|text| ("blood.csv", text.as_bytes()));
    let allowed = PetAllowed { gaps };
    let (study, faults, sources) = PetStudy::parse(("tacs.csv", tacs.as_bytes()), blood, allowed);
    (study, render(&faults, &sources, false))
}

#[test]
fn exact_frames_and_blood_are_read_with_their_units() {
    let (study, said) = parse(TACS, Some(BLOOD), false);
    assert_eq!(said, "");
    let study = study.expect("no fault");
    let scan = &study.scans[0];
    let names: Vec<&str> = scan.regions.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["FC", "CBL"]);
    let region = &scan.regions[0];
    assert_eq!(region.frames[2].start_min.to_bits(), 2.0_f64.to_bits());
    assert_eq!(region.frames[2].end_min.to_bits(), 5.0_f64.to_bits());
    // 5 % of 40 kBq/mL is 2 kBq/mL.
    let weights = region.weights.as_ref().expect("weights");
    assert!((weights[1] - 0.25).abs() < 1e-12, "{weights:?}");
    let blood = scan.blood.as_ref().expect("blood");
    assert_eq!(blood.plasma.times_min, [0.0, 0.5, 5.0]);
    assert_eq!(blood.parent_fraction.values, [1.0, 0.95, 0.6]);
    assert!(blood.parent.values.is_empty() && blood.plasma_fraction.values.is_empty());
}

#[test]
fn exact_decay_is_corrected_over_frames_and_at_samples() {
    let (study, _) = parse(TACS, Some(BLOOD), false);
    let mut study = study.expect("no fault");
    let carbon = nuclides().get("C-11").expect("a nuclide");
    study.correct_decay(carbon);
    let rate = std::f64::consts::LN_2 / (1221.8 / 60.0);
    // Mean of e^{−λt} over the frame from 2 min to 5 min.
    let mean = ((-2.0 * rate).exp() - (-5.0 * rate).exp()) / (3.0 * rate);
    let found = study.scans[0].regions[0].activity[2];
    assert!((found - 30.0 / mean).abs() < 1e-9, "{found}");
    let plasma = &study.scans[0].blood.as_ref().expect("blood").plasma.values;
    assert!((plasma[2] - 25.0 * (5.0 * rate).exp()).abs() < 1e-9, "{plasma:?}");
}

#[test]
fn exact_all_faults_of_both_tables_are_told_at_once() {
    let tacs = "\
region,start (min),duration (min),activity
FC,0,1,10
FC,0.5,1,20
FC,3,1,30
FC,4,0,25
FC,-1,1,25
";
    let blood = "\
time (min),plasma (kBq/mL),parent_fraction
1,50,1
2,40,-0.1
3,30,95
3,29,0.9
9,,
";
    let (study, said) = parse(tacs, Some(blood), false);
    assert!(study.is_none());
    for expected in [
        "column `activity` has no unit",
        "a frame from 4 min to 4 min has no duration",
        "a frame starts at -1 min",
        "`parent_fraction` is -0.1",
        "`parent_fraction` is 95",
        "write `parent_fraction (%)` in the title",
        "a sample without a value",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
    let (study, said) = parse(
        &tacs.replace("activity", "activity (kBq/mL)").replace("FC,4,0,25\nFC,-1,1,25\n", ""),
        Some("time (min),plasma (kBq/mL),parent_fraction\n1,50,1\n2,40,0.9\n2,39,0.9\n"),
        false,
    );
    assert!(study.is_none());
    for expected in [
        "LUT3070",
        "one starts at 0.5 min, the one before it ends at 1 min",
        "LUT3071",
        "leave a gap from 1.5 min to 3 min",
        "LUT3072",
        "blood of scan `scan` begins at 1 min, after the first frame at 0 min",
        "LUT3073",
        "ends at 2 min, the scan at 4 min",
        "at 2 min is there twice",
        "tacs.csv:3:1",
        "blood.csv:2:1",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}

#[test]
fn exact_a_gap_can_be_allowed_and_an_overlap_cannot() {
    let tacs = "region,start (min),end (min),activity (Bq/mL)\nFC,0,1,1000\nFC,30,40,2000\n";
    assert!(parse(tacs, None, false).1.contains("LUT3071"));
    let (study, said) = parse(tacs, None, true);
    assert_eq!(said, "");
    let activity = &study.expect("no fault").scans[0].regions[0].activity;
    assert_eq!(activity, &[1.0, 2.0]);
    assert!(parse(&tacs.replace("30,40", "0.5,40"), None, true).1.contains("LUT3070"));
}

#[test]
fn exact_blood_must_say_what_reaches_the_tissue() {
    let said = |blood: &str| parse(TACS, Some(blood), false).1;
    let only = said("scan,time (s),whole_blood (kBq/mL)\nA,0,0\nA,300,10\n");
    assert!(only.contains("LUT3075") && only.contains("add a column `parent_plasma"), "{only}");
    let other = said("scan,time (s),parent_plasma (kBq/mL)\nB,0,0\nB,300,10\n");
    assert!(other.contains("scan `A` has no blood"), "{other}");
    let late = said("scan,time (s),parent_plasma (kBq/mL)\nA,0.1,90\nA,60,100\nA,300,10\n");
    assert!(late.contains("begins at"), "{late}");
}

#[test]
fn exact_a_table_without_ends_or_with_another_is_refused() {
    let (_, said) = parse("region,start (s),activity (kBq/mL)\nFC,0,10\n", None, false);
    assert!(said.contains("neither `end` nor `duration`"), "{said}");
    let (_, said) = parse(&TACS.replace("(kBq/mL)", "(MBq)"), None, false);
    assert!(said.contains("LUT3013"), "{said}");
}

/// The scans that ship are read without a fault; their blood is negative before the tracer arrives, and that is said.
#[test]
fn exact_the_scans_of_the_repository_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/pet");
    let (study, faults, _) = PetStudy::read(
        &folder.join("tacs.csv"),
        Some(&folder.join("blood.csv")),
        PetAllowed::default(),
    );
    let study = study.unwrap_or_else(|| panic!("{faults:#?}"));
    assert_eq!(study.scans.len(), 20);
    assert!(faults.iter().all(|f| f.code == "LUT3076"), "{faults:#?}");
    for scan in &study.scans {
        assert_eq!(scan.regions.len(), 6, "{}", scan.name);
        assert!(scan.regions.iter().all(|r| r.frames.len() == 37), "{}", scan.name);
    }
}

/// Any bytes in the place of a table give diagnostics, never a panic.
#[test]
fn prop_mutated_tables_never_panic() {
    for (k, _) in TACS.char_indices() {
        for with in ["", "\"", ",", "-", "e", "9", "\n"] {
            let mut text = String::from(&TACS[..k]);
            text.push_str(with);
            text.push_str(&TACS[k + 1..]);
            let _read = parse(&text, Some(BLOOD), false);
        }
    }
    for (k, _) in BLOOD.char_indices() {
        for with in ["", "\"", ",", "-", "e", "9", "\n"] {
            let mut text = String::from(&BLOOD[..k]);
            text.push_str(with);
            text.push_str(&BLOOD[k + 1..]);
            let _read = parse(TACS, Some(&text), true);
        }
    }
}
