//! Slips that can be read as numbers: each gives a warning that names it, and sensible tables give none.

use lutetia_data::{Study, codes};
use lutetia_diagnostic::{Diagnostic, render};

const README: &[u8] = b"Source: made for this test";
const DOSES: &str =
    "subject,cycle,time (h),nuclide,activity (MBq)\nA,1,0,Lu-177,7400\nA,2,1344,Lu-177,7400\n";

/// Measurements of regions (name, amplitude in MBq, effective half-life in h, volume in mL) at 4, 24, 72 and 120 h.
fn activity(regions: &[(&str, f64, f64, f64)]) -> String {
    let mut text = "subject,cycle,region,time (h),activity (MBq),volume (mL)\n".to_owned();
    for (name, a, half_life, ml) in regions {
        for t in [4.0, 24.0, 72.0, 120.0] {
            let left = a * (-t * std::f64::consts::LN_2 / half_life).exp();
            text += &format!("A,1,{name},{t},{left:.6},{ml}\n");
        }
    }
    text
}

fn read(subjects: &str, doses: &str, activity: &str) -> (Option<Study>, Vec<Diagnostic>, String) {
    let (study, diagnostics, sources) = Study::parse(
        "test",
        &[
            ("README.md", README),
            ("subjects.csv", subjects.as_bytes()),
            ("doses.csv", doses.as_bytes()),
            ("activity.csv", activity.as_bytes()),
        ],
    );
    let shown = render(&diagnostics, &sources, false);
    (study, diagnostics, shown)
}

fn sensible() -> Vec<(&'static str, f64, f64, f64)> {
    vec![
        ("kidney_left", 100.0, 50.0, 150.0),
        ("kidney_right", 90.0, 52.0, 160.0),
        ("liver", 400.0, 70.0, 1700.0),
        ("spleen", 200.0, 60.0, 180.0),
        ("parotid_left", 20.0, 30.0, 25.0),
        ("tumour1", 60.0, 90.0, 20.0),
        ("remainder", 1500.0, 40.0, 60_000.0),
        ("whole_body", 3000.0, 75.0, 75_000.0),
    ]
}

/// A slip: what it is, doses and activities with it, the code that it gives, and words of the message or the hint.
type Slip = (&'static str, String, String, &'static str, &'static str);

/// Sensible activities with one region in place of what it had.
fn with(name: &'static str, a: f64, half_life: f64, ml: f64) -> String {
    let mut regions = sensible();
    regions.retain(|r| r.0 != name);
    regions.push((name, a, half_life, ml));
    activity(&regions)
}

/// Masses and volumes that no region has.
fn masses() -> Vec<Slip> {
    let plain = activity(&sensible());
    vec![
        (
            "L as mL",
            DOSES.into(),
            with("liver", 400.0, 70.0, 1.7),
            codes::DOUBTFUL_MASS,
            "look like L",
        ),
        (
            "mm³ as mL",
            DOSES.into(),
            with("liver", 400.0, 70.0, 1.7e6),
            codes::DOUBTFUL_MASS,
            "mm^3",
        ),
        (
            "kidney of 160 kg",
            DOSES.into(),
            with("kidney_left", 100.0, 50.0, 160e3),
            codes::DOUBTFUL_MASS,
            "mm^3",
        ),
        (
            "tumour of 1060 kg",
            DOSES.into(),
            with("tumour1", 60.0, 90.0, 1e6),
            codes::DOUBTFUL_MASS,
            "no tumour",
        ),
        (
            "tumour in L",
            DOSES.into(),
            with("tumour1", 60.0, 90.0, 0.02),
            codes::DOUBTFUL_MASS,
            "look like L",
        ),
        (
            "one kidney named both",
            DOSES.into(),
            with("kidneys", 100.0, 50.0, 4.0),
            codes::DOUBTFUL_MASS,
            "310 g",
        ),
        (
            "mL column in L",
            DOSES.into(),
            plain.replace("volume (mL)", "volume (L)"),
            codes::DOUBTFUL_MASS,
            "liver",
        ),
        (
            "a volume that jumps",
            DOSES.into(),
            plain.replacen(",150\n", ",15\n", 1),
            codes::VOLUME_JUMPS,
            "15.00 mL",
        ),
    ]
}

/// Names that differ in case or separators alone.
fn spellings() -> Vec<Slip> {
    let plain = activity(&sensible());
    vec![
        (
            "other case",
            DOSES.into(),
            plain.replacen("A,1,kidney_left,24", "A,1,Kidney_Left,24", 1),
            codes::NAMES_ALIKE,
            "kidney_left",
        ),
        (
            "other separator",
            DOSES.into(),
            plain.replacen("A,1,kidney_left,24", "A,1,kidney left,24", 1),
            codes::NAMES_ALIKE,
            "kidney_left",
        ),
        (
            "other case in another cycle",
            DOSES.into(),
            format!("{plain}A,2,Kidney_Left,1348,90,150\nA,2,Kidney_Left,1400,50,150\n"),
            codes::NAMES_ALIKE,
            "Kidney_Left",
        ),
    ]
}

/// Regions that hold one another, or more than there is.
fn overlaps() -> Vec<Slip> {
    vec![
        (
            "the whole beside its parts",
            DOSES.into(),
            with("kidneys", 190.0, 51.0, 310.0),
            codes::REGIONS_OVERLAP,
            "`kidney_left` and `kidney_right`",
        ),
        (
            "a lobe beside the liver",
            DOSES.into(),
            with("liver_left", 90.0, 70.0, 500.0),
            codes::REGIONS_OVERLAP,
            "liver",
        ),
        (
            "glands beside theirs",
            DOSES.into(),
            with("salivary_glands", 60.0, 30.0, 85.0),
            codes::REGIONS_OVERLAP,
            "parotid_left",
        ),
        (
            "the total of tumours",
            DOSES.into(),
            with("tumour_total", 90.0, 90.0, 40.0),
            codes::REGIONS_OVERLAP,
            "tumour1",
        ),
        (
            "more than was injected",
            DOSES.into(),
            activity(&[
                ("liver", 4000.0, 100.0, 1700.0),
                ("spleen", 4000.0, 100.0, 180.0),
                ("remainder", 4000.0, 100.0, 6e4),
            ]),
            codes::SUM_ABOVE_INJECTED,
            "hold 11",
        ),
        (
            "the body less than its organs",
            DOSES.into(),
            with("whole_body", 300.0, 45.0, 75_000.0),
            codes::SUM_ABOVE_WHOLE,
            "whole_body",
        ),
    ]
}

/// Times and injected activities in another unit or of another nuclide.
fn times_and_activities() -> Vec<Slip> {
    let plain = activity(&sensible());
    vec![
        (
            "GBq as TBq",
            DOSES.replace("7400", "7400000"),
            plain.clone(),
            codes::DOUBTFUL_INJECTED,
            "GBq",
        ),
        (
            "alphas as if they were betas",
            DOSES.replace("Lu-177", "Ac-225"),
            plain.clone(),
            codes::DOUBTFUL_INJECTED,
            "Ac-225",
        ),
        (
            "days as h",
            DOSES.into(),
            {
                let mut text = "subject,cycle,region,time (h),activity (MBq)\n".to_owned();
                for t in [4.0_f64, 24.0, 72.0, 168.0] {
                    text +=
                        &format!("A,1,kidney_left,{},{}\n", t / 24.0, 100.0 * (-t / 72.0).exp());
                }
                text
            },
            codes::DOUBTFUL_TIME,
            "days (`time (d)`)",
        ),
        (
            "h as days",
            DOSES.into(),
            plain.replace("time (h)", "time (d)"),
            codes::DOUBTFUL_TIME,
            "time (h)",
        ),
        (
            "h as min",
            DOSES.into(),
            plain.replace("time (h)", "time (min)"),
            codes::DOUBTFUL_TIME,
            "time (h)",
        ),
    ]
}

#[test]
fn exact_slips_give_their_warning() {
    let table = [masses(), spellings(), overlaps(), times_and_activities()].concat();
    for (slip, doses, activity, code, words) in table {
        let (study, found, shown) = read("subject,sex\nA,f\n", &doses, &activity);
        assert!(study.is_some(), "{slip}: {shown}");
        let told: Vec<_> = found.iter().filter(|d| d.code == code).collect();
        let said = told.iter().any(|d| {
            d.message.contains(words) || d.hint.as_deref().is_some_and(|h| h.contains(words))
        });
        assert!(said, "{slip}: expected {code} with `{words}`\n{shown}");
        assert!(!told.iter().any(|d| d.is_error()), "{slip} is usable");
    }
}

#[test]
fn prop_sensible_tables_give_no_warning() {
    for (organ_size, uptake, half_life) in
        [(1.0, 1.0, 1.0), (0.5, 0.2, 0.3), (2.0, 1.5, 1.6), (1.5, 0.01, 0.25)]
    {
        for nuclide in ["Lu-177", "I-131", "Y-90", "Tb-161"] {
            let regions: Vec<_> = sensible()
                .into_iter()
                .map(|(name, a, t, ml)| {
                    // No effective half-life is above the physical, 64 h of Y-90.
                    (name, uptake * a, (half_life * t).min(60.0), organ_size * ml)
                })
                .collect();
            let doses = DOSES.replace("Lu-177", nuclide);
            let (_, found, shown) = read("subject,sex\nA,male\n", &doses, &activity(&regions));
            assert!(found.is_empty(), "{nuclide} {organ_size}: {shown}");
        }
    }
    for folder in ["tests/good/plain", "../../data/studies/snmmi_patient4"] {
        let (_, found, sources) = Study::read(std::path::Path::new(folder));
        assert!(found.is_empty(), "{}", render(&found, &sources, false));
    }
}

#[test]
fn exact_a_sex_is_understood_or_refused() {
    use lutetia_data::Sex;
    let plain = activity(&sensible());
    for (word, sex) in [
        ("m", Some(Sex::Male)),
        ("M", Some(Sex::Male)),
        ("male", Some(Sex::Male)),
        ("Male", Some(Sex::Male)),
        ("f", Some(Sex::Female)),
        ("F", Some(Sex::Female)),
        ("FEMALE", Some(Sex::Female)),
        ("other", None),
        ("unknown", None),
        ("", None),
        ("NA", None),
    ] {
        for column in ["sex", "Sex", "gender"] {
            let (study, _, shown) =
                read(&format!("subject,{column},source\nA,{word},x\n"), DOSES, &plain);
            let study = study.unwrap_or_else(|| panic!("{word}: {shown}"));
            assert_eq!(study.sex("A"), sex, "{column} {word}");
        }
    }
    for word in ["weiblich", "w", "Frau", "X", "fem", "1", "0", "divers"] {
        let (study, found, shown) = read(&format!("subject,sex\nA,{word}\n"), DOSES, &plain);
        assert!(study.is_none(), "{word}");
        assert!(
            found.iter().any(|d| d.code == codes::BAD_SEX && d.message.contains("`female`")),
            "{shown}"
        );
    }
}

#[test]
fn exact_a_mass_column_is_read() {
    let text = "subject,region,time (h),activity (MBq),volume (mL),mass (kg)\nA,tumour1,4,20,10,0.0192\nA,tumour1,24,16,10,\nA,tumour1,72,10,10,0.0192\n";
    let (study, found, shown) = read("subject\nA\n", DOSES, text);
    assert!(found.is_empty(), "{shown}");
    let curve = study.and_then(|s| s.curve("A", 1, "tumour1")).expect("a curve");
    assert!((curve.mean_mass_g().expect("a mass") - 19.2).abs() < 1e-12);
    for (text, words) in [
        (text.replace("tumour1", "kidney_left").replace("0.0192", "0.00015"), "a thousand times"),
        (text.replace("0.0192", "0.0012"), "g/mL, which no tissue has"),
        (text.replace("0.0192", "19.2"), "a thousandth"),
    ] {
        let (study, found, shown) = read("subject\nA\n", DOSES, &text);
        assert!(study.is_some() && found.len() == 1, "{shown}");
        assert!(found[0].code == codes::DOUBTFUL_MASS && shown.contains(words), "{shown}");
    }
    let wrong = text.replace("0.0192", "0");
    assert!(read("subject\nA\n", DOSES, &wrong).0.is_none());
}
