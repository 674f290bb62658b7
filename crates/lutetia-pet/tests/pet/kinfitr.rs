//! Twenty scans beside the fits of kinfitr (`data/pet`), and its simulated scans with a reference region.

use std::path::{Path, PathBuf};

use lutetia_data::{PetAllowed, PetFrame, PetRegion, PetScan, PetStudy};
use lutetia_fit::FitOptions;
use lutetia_pet::{Analysis, Compartments, Known, Method, Start, analyse};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/pet")
}

fn study() -> PetStudy {
    let tacs = data().join("tacs.csv");
    let (study, diagnostics, _) =
        PetStudy::read(&tacs, Some(&data().join("blood.csv")), PetAllowed::default());
    study.unwrap_or_else(|| panic!("{diagnostics:#?}"))
}

/// Rows of a table by the names of its columns.
fn rows(path: &Path) -> Vec<std::collections::HashMap<String, String>> {
    let mut reader =
        csv::ReaderBuilder::new().comment(Some(b'#')).from_path(path).expect("a table");
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

fn number(row: &std::collections::HashMap<String, String>, name: &str) -> f64 {
    row[name].parse().unwrap_or(f64::NAN)
}

fn region<'a>(study: &'a PetStudy, scan: &str, name: &str) -> (&'a PetScan, &'a PetRegion) {
    let scan = study.scans.iter().find(|s| s.name == scan).expect("a scan");
    (scan, scan.regions.iter().find(|r| r.name == name).expect("a region"))
}

fn analysis(method: Method) -> Analysis<'static> {
    Analysis {
        method,
        reference: None,
        k2_prime: None,
        start: Start::default(),
        delay: None,
        blood_fraction: None,
        options: FitOptions::default(),
    }
}

fn value(answer: &lutetia_pet::Answer, name: &str) -> f64 {
    answer.quantities.iter().find(|q| q.name == name).expect("a quantity").value
}

/// The weighted sum of squares of an answer.
fn squares(answer: &lutetia_pet::Answer, region: &PetRegion) -> f64 {
    let weights = region.weights.as_ref().expect("weights");
    let terms = answer.seen.iter().zip(weights).filter(|(seen, _)| seen.used);
    terms.map(|(seen, w)| w * (seen.measured - seen.fitted).powi(2)).sum()
}

/// The region with frames that are over in an instant, at the middle of the real ones: what a program sees that samples
/// the model there.
fn instants(region: &PetRegion) -> PetRegion {
    let short = |f: &PetFrame| {
        let middle = 0.5 * (f.start_min + f.end_min);
        PetFrame { start_min: middle - 1e-5, end_min: middle + 1e-5 }
    };
    PetRegion { frames: region.frames.iter().map(short).collect(), ..region.clone() }
}

/// kinfitr samples the model at the middle of each frame. So sampled, each of its fits that is at a minimum within its
/// bounds is reproduced; where it stopped elsewhere, a better fit is found.
#[test]
fn val_two_compartments_beside_kinfitr() {
    let study = study();
    let (mut sampled, mut averaged, mut better) = (0, 0, 0);
    for row in rows(&data().join("kinfitr.csv")) {
        let (scan, region) = region(&study, &row["scan"], &row["region"]);
        let name = format!("{} {}", row["scan"], row["region"]);
        let (volume, sum) = (number(&row, "2tcm_VT"), number(&row, "2tcm_wrss"));
        let two = analysis(Method::Tissue(Compartments::TwoTissue));
        let there = instants(region);
        let at_middles = analyse(scan, &there, &two).expect("a fit");
        let over_frames = analyse(scan, region, &two).expect("a fit");
        let off = value(&at_middles, "V_T") / volume - 1.0;
        let off_frames = value(&over_frames, "V_T") / volume - 1.0;
        let ratio = squares(&at_middles, &there) / sum;
        println!(
            "{name} {}: {off:+.4} {off_frames:+.4}, sum of squares {ratio:.3}",
            row["at_bound"]
        );
        // Its convolution by rectangles is another by a part of a percent.
        assert!(ratio < 1.02, "{name}: {ratio}");
        if row["at_bound"] == "yes" || ratio < 0.95 {
            better += 1;
            continue;
        }
        assert!(off.abs() < 0.005, "{name}: {off:+.4}");
        sampled += 1;
        averaged += usize::from(off_frames.abs() < 0.01);
        assert!(off_frames.abs() < 0.02, "{name}: {off_frames:+.4}");
    }
    // Over frames all but one (rbqc_2 FC, -1.6 %, a delay that the first frames decide) stay within 1 %.
    assert!(sampled >= 30 && averaged + 1 >= sampled, "{sampled} {averaged} {better}");
}

/// One compartment, plots: kinfitr's delay and blood fraction held.
#[test]
fn val_plots_beside_kinfitr() {
    let study = study();
    for row in rows(&data().join("kinfitr.csv")) {
        let (scan, region) = region(&study, &row["scan"], &row["region"]);
        let name = format!("{} {}", row["scan"], row["region"]);
        let first = region.frames[region.frames.len() - 10].start_min;
        let held = |method| Analysis {
            delay: Some(Known::Fixed(number(&row, "2tcm_delay"))),
            blood_fraction: Some(Known::Fixed(number(&row, "2tcm_vB"))),
            start: Start::Time(first),
            ..analysis(method)
        };
        for (method, column, within) in
            [(Method::Logan, "logan", 0.005), (Method::Ma1, "ma1", 0.007)]
        {
            let found = analyse(scan, region, &held(method)).expect("a line");
            let off = found.quantities[0].value / number(&row, column) - 1.0;
            let auto = Analysis { start: Start::default(), ..held(method) };
            let auto = analyse(scan, region, &auto).map(|a| (a.quantities[0].value, a.how));
            println!("{name} {column}: {off:+.4} {auto:?}");
            assert!(off.abs() < within, "{name} {column}: {off:+.4}");
        }
        let without = Analysis { blood_fraction: None, ..held(Method::Patlak) };
        let found = analyse(scan, region, &without).expect("a line");
        let (slope, expected) = (found.quantities[0].value, number(&row, "patlak"));
        println!("{name} patlak {slope:.5} {expected:.5}");
        // The tracer leaves again: the slope is near 0, and the plasma of a frame is not that at its middle.
        assert!((slope - expected).abs() < 1e-3, "{name} patlak: {slope} {expected}");
    }
}

/// The same least squares by SciPy, with a convolution on a grid: the same minimum or a lower one.
#[test]
fn val_two_compartments_beside_scipy() {
    let study = study();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/scipy.csv");
    let mut same = 0;
    for row in rows(&path) {
        let (scan, region) = region(&study, &row["scan"], &row["region"]);
        let name = format!("{} {}", row["scan"], row["region"]);
        let two = analysis(Method::Tissue(Compartments::TwoTissue));
        let found = analyse(scan, region, &two).expect("a fit");
        let ratio = squares(&found, region) / number(&row, "wrss");
        let off = value(&found, "V_T") / number(&row, "VT") - 1.0;
        println!("{name}: {off:+.5}, sum of squares {ratio:.5}");
        assert!(ratio < 1.001, "{name}: {ratio}");
        if ratio > 0.999 {
            same += 1;
            assert!(off.abs() < 0.002, "{name}: {off:+.5}");
        }
    }
    assert!(same >= 30, "{same}");
}

/// Simulated scans with a reference region (kinfitr, 2 % noise) beside the fits of kinfitr.
#[test]
fn val_reference_regions_beside_kinfitr() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let tacs = rows(&folder.join("simulated_reference.csv"));
    for row in rows(&folder.join("kinfitr_reference.csv")) {
        let of = |name: &str| {
            let here: Vec<_> = tacs.iter().filter(|t| t["scan"] == row["scan"]).collect();
            let frame = |t: &&std::collections::HashMap<String, String>| {
                let start_min = number(t, "start_min");
                PetFrame { start_min, end_min: start_min + number(t, "duration_min") }
            };
            PetRegion {
                name: name.to_owned(),
                frames: here.iter().map(frame).collect(),
                activity: here.iter().map(|t| number(t, name)).collect(),
                weights: Some(here.iter().map(|t| number(t, "weight")).collect()),
            }
        };
        let (region, reference) = (of(&row["region"]), of("reference"));
        let scan = PetScan { name: row["scan"].clone(), regions: Vec::new(), blood: None };
        let with = |method| Analysis { reference: Some(&reference), ..analysis(method) };
        let found = analyse(&scan, &region, &with(Method::Srtm)).expect("a fit");
        let name = format!("{} {}", row["scan"], row["region"]);
        let last = region.frames[region.frames.len() - 10].start_min;
        let plot = Analysis {
            k2_prime: Some(0.1),
            start: Start::Time(last),
            ..with(Method::ReferenceLogan)
        };
        let plot = analyse(&scan, &region, &plot).expect("a line");
        let (bp, expected) = (value(&found, "BP_ND"), number(&row, "bp"));
        let (line, expected_line) = (plot.quantities[0].value, number(&row, "refLogan"));
        println!(
            "{name}: R1 {:.4} {} k2 {:.4} {} BP {bp:.4} {expected:.4}; Logan {line:.4} {expected_line:.4}",
            value(&found, "R1"),
            row["R1"],
            value(&found, "k2"),
            row["k2"]
        );
        assert!((bp - expected).abs() < 0.02 * (1.0 + expected), "{name}: {bp} {expected}");
        assert!((line - expected_line).abs() < 0.02 * (1.0 + expected_line), "{name}: {line}");
    }
}
