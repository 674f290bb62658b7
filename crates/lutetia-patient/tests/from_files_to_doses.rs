//! From the files of a study to absorbed doses with their standard deviation, with this crate alone.

use std::path::{Path, PathBuf};

use lutetia_data::Study;
use lutetia_diagnostic::FlagKind;
use lutetia_dose::{AbsorbedDose, Chain, Outline};
use lutetia_fit::VarianceCount;
use lutetia_patient::{
    curves::{CurveOptions, error_model},
    cycles::{Cycle, Integration, Options, compute},
    dose::{DoseOptions, RegionDose},
    text::tissue,
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The only cycle of the shipped patient, computed as report 01 does.
fn cycle(chain: Option<Chain>) -> Cycle {
    let (study, found, sources) = Study::read(&root().join("data/studies/snmmi_patient4"));
    let study =
        study.unwrap_or_else(|| panic!("{}", lutetia_diagnostic::render(&found, &sources, false)));
    let kidney = tissue("2.5 Gy", "2.8 h").expect("a tissue");
    let integration = Integration::Fit(CurveOptions {
        functions: ["mono", "bi-uptake"].map(str::to_owned).to_vec(),
        error: error_model("proportional 10 %").expect("an error model"),
        over_sd: false,
        seed: 1,
        until_h: 200.0,
        variance_count: VarianceCount::Estimated,
        gates: false,
        profile: false,
        bootstrap: 0,
    });
    let options = Options {
        integration,
        dose: DoseOptions {
            volume_sd: Some(0.05),
            leave_out: [("whole_field".to_owned(), "it is the sum of the others".to_owned())]
                .into(),
            bed: ["kidney_left", "kidney_right"].map(|name| (name.to_owned(), kidney)).into(),
            chain,
            ..DoseOptions::new(lutetia_dose::Sex::Male)
        },
        reference: None,
        tissue: None,
        until_h: 200.0,
    };
    let subject = study.subjects()[0].id.clone();
    let patient = compute(&study, &subject, &[1], None, &options).expect("a patient");
    patient.cycles.into_iter().next().expect("a cycle")
}

fn value(dose: &RegionDose) -> Option<AbsorbedDose> {
    dose.dose.clone().accept(&FlagKind::ALL).ok()
}

/// What is printed has six digits.
fn agrees(found: Option<f64>, printed: &str) -> bool {
    match found {
        None => printed.is_empty(),
        Some(x) => printed.parse::<f64>().is_ok_and(|p| (x - p).abs() <= 1e-5 * p.abs()),
    }
}

#[test]
fn regress_doses_of_the_shipped_patient_are_those_of_its_report() {
    let path = root().join("reports/01_dotatate_patient/tables/dose.csv");
    let mut reader = csv::Reader::from_path(path).expect("the committed table");
    let header = reader.headers().expect("a header").clone();
    let column = |name: &str| header.iter().position(|h| h == name).expect("a column");
    let cycle = cycle(None);
    let mut with_sd = 0;
    for row in reader.records().map(|row| row.expect("a row")) {
        let region = &row[column("region")];
        let dose = cycle.doses.regions.iter().find(|d| d.region == region).expect("a region");
        let found = value(dose);
        let bed = dose.effective.as_ref().and_then(|e| e.clone().accept(&FlagKind::ALL).ok());
        for (name, number) in [
            ("mass (g)", found.as_ref().map(|d| d.mass.g)),
            ("total (Gy)", found.as_ref().map(|d| d.total)),
            ("total_sd (Gy)", found.as_ref().and_then(|d| d.sd)),
            ("per_activity (Gy/GBq)", found.as_ref().and_then(|d| d.gy_per_gbq)),
            ("bed (Gy)", bed.map(|e| e.bed_gy)),
        ] {
            let printed = &row[column(name)];
            assert!(agrees(number, printed), "{region}, {name}: {number:?}, printed {printed}");
        }
        with_sd += usize::from(found.is_some_and(|d| d.sd.is_some()));
    }
    assert!(with_sd >= 4, "{with_sd} doses have a standard deviation");
}

#[test]
fn exact_a_dose_is_made_with_its_budget() {
    let exact = Chain { calibration: 0.0, outline: Outline::AsMass, recovery: None, factor: 0.0 };
    let (plain, known) = (cycle(Some(exact)), cycle(Some(Chain { calibration: 0.03, ..exact })));
    let mut compared = 0;
    for (plain, known) in plain.doses.regions.iter().zip(&known.doses.regions) {
        let (Some(a), Some(b)) = (value(plain), value(known)) else { continue };
        let budget = known.budget.clone().expect("asked for").accept(&FlagKind::ALL);
        let Ok(budget) = budget else { continue };
        assert_eq!(b.sd, budget.sd_gy(), "{}", known.region);
        // 3 % of the calibration adds in quadrature and moves no dose.
        let (Some(sd), Some(with)) = (a.sd, b.sd) else { continue };
        assert!((a.total / b.total - 1.0).abs() < 1e-14, "{}", known.region);
        let expected = sd.hypot(0.03 * a.total);
        assert!((with / expected - 1.0).abs() < 1e-12, "{}: {with} {expected}", known.region);
        compared += 1;
    }
    assert!(compared >= 4, "{compared} doses were compared");
    assert!(cycle(None).doses.regions.iter().all(|d| d.budget.is_none()));
}
