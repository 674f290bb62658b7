//! What is given: several administrations and infusions are superposed or refused; shares need their `%`, reference masses a
//! sex, and a mass out of all proportion is warned of.

use std::collections::BTreeMap;

use lutetia_data::Study;
use lutetia_diagnostic::{FlagKind, Verdict};
use lutetia_dose::Tia;
use lutetia_patient::{
    TextError,
    curves::{CurveOptions, RegionCurve, error_model, fit_regions},
    dose::{DoseOptions, all_doses, check_reference, reference},
    integrate::{Method, TailChoice, integrals, method},
    text::{cortex, given_mass, relative},
};

/// Effective half-life of the region, h.
const HALF_LIFE: f64 = 60.0;

/// The integral, whatever flags it has.
fn value(tia: Verdict<Tia>) -> Tia {
    tia.accept(&FlagKind::ALL).expect("an integral")
}

/// Why there is no integral.
fn refusal(tia: Verdict<Tia>) -> String {
    tia.accept(&FlagKind::ALL).expect_err("no integral").to_string()
}

fn study(doses: &str, rows: &[(f64, f64)]) -> Study {
    let mut activity = "subject,region,time (h),activity (MBq),volume (mL)\n".to_owned();
    for (t, a) in rows {
        activity += &format!("A,tumour1,{t},{a},20\n");
    }
    let (study, found, sources) = Study::parse(
        "given",
        &[
            ("README.md", b"Source: made for this test"),
            ("subjects.csv", b"subject\nA\n"),
            ("doses.csv", doses.as_bytes()),
            ("activity.csv", activity.as_bytes()),
        ],
    );
    study.unwrap_or_else(|| panic!("{}", lutetia_diagnostic::render(&found, &sources, false)))
}

fn options(function: &str) -> CurveOptions {
    CurveOptions {
        functions: vec![function.to_owned()],
        // Small, so that exact data are not drawn down by an error that is proportional to the curve.
        error: error_model("proportional 1 %").expect("an error model"),
        over_sd: false,
        seed: 1,
        until_h: 200.0,
        variance_count: lutetia_fit::VarianceCount::Estimated,
        gates: false,
        profile: false,
        bootstrap: 0,
    }
}

fn fitted(study: &Study, function: &str) -> RegionCurve {
    fit_regions(study, "A", 1, None, &options(function)).expect("a region").remove(0)
}

/// What doses (start h, duration h, MBq) leave: 1 % of each, falling with [`HALF_LIFE`]; pieces of 1/1000 of an infusion.
fn left(doses: &[(f64, f64, f64)], times: &[f64]) -> Vec<(f64, f64)> {
    let k = std::f64::consts::LN_2 / HALF_LIFE;
    let at = |t: f64| {
        doses
            .iter()
            .map(|(start, over, mbq)| {
                (0..1000)
                    .map(|i| start + over * (f64::from(i) + 0.5) / 1000.0)
                    .filter(|s| *s <= t)
                    .map(|s| 0.01 * mbq / 1000.0 * (-k * (t - s)).exp())
                    .sum::<f64>()
            })
            .sum::<f64>()
    };
    times.iter().map(|t| (*t, at(*t))).collect()
}

fn table(doses: &[(f64, f64, f64)]) -> String {
    let mut text = "subject,time (h),nuclide,activity (MBq),duration (h)\n".to_owned();
    for (start, over, mbq) in doses {
        text += &format!("A,{start},Lu-177,{mbq},{over}\n");
    }
    text
}

#[test]
fn exact_what_was_given_in_parts_has_the_integral_of_the_whole() {
    let k = std::f64::consts::LN_2 / HALF_LIFE;
    for (doses, times) in [
        (vec![(0.0, 0.0, 3700.0), (72.0, 0.0, 3700.0)], vec![4.0, 24.0, 48.0, 76.0, 120.0, 168.0]),
        (vec![(0.0, 0.0, 3700.0), (72.0, 0.0, 1000.0)], vec![4.0, 24.0, 48.0, 76.0, 120.0, 168.0]),
        (vec![(0.0, 48.0, 7400.0)], vec![50.0, 72.0, 120.0, 168.0]),
        (vec![(0.0, 10.0, 2000.0), (24.0, 6.0, 3000.0)], vec![12.0, 32.0, 72.0, 120.0, 168.0]),
    ] {
        let whole: f64 = doses.iter().map(|d| d.2).sum();
        let study = study(&table(&doses), &left(&doses, &times));
        let region = fitted(&study, "mono");
        let tia = value(region.tia().tia);
        // The proportional error of 1 % draws exact data by 1e-4, and the pieces are 1/1000 of an infusion.
        let truth = 0.01 * whole / k;
        assert!(
            (tia.value_mbq_h() / truth - 1.0).abs() < 5e-4,
            "{doses:?}: {} {truth}",
            tia.value_mbq_h()
        );
        assert_eq!(tia.method(), "mono, administrations superposed");
        // The dose rate is not a sum of exponentials from the first injection on, so that no phase says it is.
        assert!(region.tia().phases.is_empty());
        // What is drawn goes through what was measured.
        let best = region.best();
        let fit = best.fit.as_ref().expect("a fit");
        for r in &fit.residuals {
            assert!(r.weighted.is_some_and(|w| w.abs() < 0.1), "{doses:?}: {r:?}");
        }
    }
}

#[test]
fn exact_methods_of_one_injection_refuse_other_administrations() {
    let doses = [(0.0, 0.0, 3700.0), (72.0, 0.0, 3700.0)];
    let given = study(&table(&doses), &left(&doses, &[4.0, 24.0, 76.0, 120.0]));
    let infused = [(0.0, 48.0, 7400.0)];
    let slow = study(&table(&infused), &left(&infused, &[50.0, 72.0, 120.0]));
    for study in [&given, &slow] {
        for text in [
            "haenscheid",
            "madsen 51 h",
            "map effective 51 h 20 %",
            "trapezoid physical",
            "trapezoid fitted",
            "trapezoid 60 h",
            "jackson",
        ] {
            let how = method(text, None).expect("a method");
            let found = integrals(study, "A", 1, &["tumour1".to_owned()], &how, Some(24.0))
                .expect("measured");
            assert!(found[0].tia.is_refused(), "{text}");
            let reason = found[0].tia.note();
            assert!(reason.contains("`mono`") && reason.contains("superposed"), "{text}: {reason}");
        }
        for function in ["gamma", "linear-uptake", "bi-uptake-tia"] {
            let reason = refusal(fitted(study, function).tia().tia);
            assert!(reason.contains("`mono`"), "{function}: {reason}");
        }
    }
}

#[test]
fn exact_a_short_infusion_counts_as_an_injection() {
    // ln 2/60 h times 0.25 h and 0.75 h is 0.29 % and 0.87 %, below the limit of 1 %; times 1 h it is 1.16 %, above it.
    for (over, one) in [(0.5, true), (1.5, true), (2.0, false)] {
        let doses = [(0.0, over, 7400.0)];
        let study = study(&table(&doses), &left(&doses, &[4.0, 24.0, 72.0, 168.0]));
        let name = value(fitted(&study, "mono").tia().tia).method().to_owned();
        assert_eq!(name == "mono", one, "{over} h: {name}");
        let how = Method::Trapezoid(TailChoice::Fitted);
        let found =
            integrals(&study, "A", 1, &["tumour1".to_owned()], &how, None).expect("measured");
        assert_eq!(!found[0].tia.is_refused(), one, "{over} h");
    }
    // Two syringes at the same time are one injection; a measurement during an infusion is none after it.
    let together = [(0.0, 0.0, 3000.0), (0.0, 0.1, 4400.0)];
    let study_of =
        |doses: &[(f64, f64, f64)], times: &[f64]| study(&table(doses), &left(doses, times));
    let text = table(&together).replace("A,0,Lu-177,4400,0.1", "A,0.1,Lu-177,4400,0");
    let one = study(&text, &left(&together, &[4.0, 24.0, 72.0]));
    assert_eq!(value(fitted(&one, "mono").tia().tia).method(), "mono");
    let during = study_of(&[(0.0, 0.5, 7400.0)], &[0.25, 4.0, 24.0, 72.0]);
    let name = value(fitted(&during, "mono").tia().tia).method().to_owned();
    assert_eq!(name, "mono, administrations superposed");
}

#[test]
fn exact_other_nuclides_in_a_cycle_are_refused() {
    let rows = left(&[(0.0, 0.0, 7400.0)], &[4.0, 24.0, 72.0]);
    let doses = "subject,time (h),nuclide,activity (MBq)\nA,0,Lu-177,7400\nA,72,Y-90,1000\n";
    let mut activity = "subject,region,time (h),activity (MBq),volume (mL),nuclide\n".to_owned();
    for (t, a) in rows {
        activity += &format!("A,tumour1,{t},{a},20,NUCLIDE\n");
    }
    for (doses, nuclide, words) in [
        (doses, "Lu-177", "Y-90 as well as Lu-177"),
        (
            "subject,time (h),nuclide,activity (MBq)\nA,0,Ac-225,8\n",
            "Bi-213",
            "was measured as Bi-213",
        ),
    ] {
        let (study, found, sources) = Study::parse(
            "nuclides",
            &[
                ("README.md", b"Source: made for this test"),
                ("subjects.csv", b"subject\nA\n"),
                ("doses.csv", doses.as_bytes()),
                ("activity.csv", activity.replace("NUCLIDE", nuclide).as_bytes()),
            ],
        );
        let study = study
            .unwrap_or_else(|| panic!("{}", lutetia_diagnostic::render(&found, &sources, false)));
        let reason = refusal(fitted(&study, "mono").tia().tia);
        assert!(reason.contains(words), "{reason}");
        let how = method("trapezoid physical", None).expect("a method");
        let found =
            integrals(&study, "A", 1, &["tumour1".to_owned()], &how, None).expect("measured");
        assert!(found[0].tia.is_refused() && found[0].tia.note().contains(words));
    }
}

#[test]
fn exact_a_number_without_its_sign_is_refused_with_what_was_meant() {
    let refused: Vec<(&str, Result<(), TextError>, &str)> = vec![
        ("volume", relative("5").map(|_| ()), "`5 %`"),
        ("volume", relative("0.05").map(|_| ()), "`5 %`"),
        ("cortex", cortex("70", "100 %").map(|_| ()), "`70 %`"),
        ("cortex", cortex("70 %", "0.9").map(|_| ()), "`90 %`"),
        ("error", error_model("proportional 10").map(|_| ()), "`10 %`"),
        ("error", error_model("combined 5 MBq + 0.1").map(|_| ()), "`10 %`"),
        ("error", error_model("additive 5").map(|_| ()), "MBq"),
        ("mass", given_mass("tumour1", "20").map(|_| ()), "g"),
    ];
    for (what, found, words) in refused {
        let reason = found.expect_err(what).to_string();
        assert!(reason.contains(words), "{what}: {reason}");
    }
    assert_eq!(relative("5 %"), Ok(0.05));
    assert_eq!(relative("0"), Ok(0.0));
    assert_eq!(cortex("50 %", "100 %"), Ok((0.5, 1.0)));
    assert!(error_model("proportional 10 %").is_ok() && given_mass("tumour1", "20 g").is_ok());
}

fn of_sex(column: &str) -> Study {
    let (study, ..) = Study::parse(
        "sex",
        &[
            ("README.md", b"Source: made for this test"),
            ("subjects.csv", column.as_bytes()),
            ("doses.csv", b"subject,time (h),nuclide,activity (MBq)\nA,0,Lu-177,7400\n"),
            ("activity.csv", b"subject,region,time (h),activity (MBq)\nA,kidney_left,4,90\nA,kidney_left,24,60\nA,kidney_left,72,25\n"),
        ],
    );
    study.expect("a study")
}

#[test]
fn exact_a_reference_mass_needs_a_sex() {
    let by_reference: BTreeMap<String, Option<f64>> = [("kidney_left".to_owned(), None)].into();
    for (column, known) in [
        ("subject,sex\nA,f\n", true),
        ("subject,gender\nA,Male\n", true),
        ("subject,sex\nA,unknown\n", false),
        ("subject,sex\nA,other\n", false),
        ("subject\nA\n", false),
    ] {
        let study = of_sex(column);
        let found = check_reference(&study, "A", None, &by_reference);
        assert_eq!(found.is_ok(), known, "{column}: {found:?}");
        if let Err(error) = found {
            let reason = error.to_string();
            assert!(reason.contains("`male` or `female`"), "{reason}");
        }
        assert!(check_reference(&study, "A", Some("female"), &by_reference).is_ok());
        // Where no mass goes by sex, nothing is asked.
        let given = [("kidney_left".to_owned(), Some(150.0))].into();
        assert!(check_reference(&study, "A", None, &given).is_ok());
    }
    let woman = of_sex("subject,sex\nA,Female\n");
    assert_eq!(reference(&woman, "A", None).ok(), Some(lutetia_dose::Sex::Female));
}

#[test]
fn exact_a_mass_out_of_proportion_and_a_bed_that_cannot_be_had_are_said() {
    let study = of_sex("subject,sex\nA,f\n");
    let tias = vec![fitted(&study, "mono").tia()];
    for (g, words) in [(150e3, Some("was g meant?")), (0.15, Some("was kg meant?")), (150.0, None)]
    {
        let options = DoseOptions {
            masses: [("kidney_left".to_owned(), Some(g))].into(),
            ..DoseOptions::new(lutetia_dose::Sex::Female)
        };
        let found = all_doses(&study, "A", 1, &tias, &options).expect("doses").warnings;
        match words {
            Some(words) => {
                assert!(found.iter().any(|w| w.to_string().contains(words)), "{g}: {found:?}");
            }
            None => assert!(found.is_empty(), "{found:?}"),
        }
    }
    let doses = [(0.0, 0.0, 3700.0), (72.0, 0.0, 3700.0)];
    let parts = self::study(&table(&doses), &left(&doses, &[4.0, 24.0, 76.0, 120.0, 168.0]));
    let tias = vec![fitted(&parts, "mono").tia()];
    let tissue = lutetia_dose::Tissue::new(10.0, 1.5).expect("a tissue");
    let options = DoseOptions {
        bed: [("tumour1".to_owned(), tissue)].into(),
        ..DoseOptions::new(lutetia_dose::Sex::Female)
    };
    let found = all_doses(&parts, "A", 1, &tias, &options).expect("doses");
    let region = &found.regions[0];
    assert!(!region.dose.is_refused());
    assert!(region.effective.as_ref().is_none_or(Verdict::is_refused));
    assert!(
        found.warnings.iter().any(|w| w.to_string().contains("no biologically effective dose")),
        "{:?}",
        found.warnings
    );
}
