use lutetia_diagnostic::{Diagnostic, Sources, render};

use super::*;
use lutetia_data::{Sex, Study};

fn integral(
    region: &str,
    organ: &str,
    tiac_h: f64,
    sd: Option<f64>,
    mass: Option<f64>,
) -> OrganIntegral {
    OrganIntegral {
        region: region.to_owned(),
        organ: organ.to_owned(),
        tiac_h,
        tiac_sd_h: sd,
        mass_g: mass,
    }
}

fn patient() -> Vec<OrganIntegral> {
    vec![
        integral("kidney_left", "kidneys", 1.053, Some(0.03), Some(253.0)),
        integral("kidney_right", "kidneys", 0.943, Some(0.04), Some(249.0)),
        integral("liver", "liver", 7.8255, Some(0.5), Some(2220.0)),
        integral("parotid_left", "parotid glands", 0.00012, None, Some(24.0)),
        integral("tumour_1", "sphere", 0.21, Some(0.02), Some(12.0)),
        integral("remainder", "remainder of body", 5.2, Some(0.2), None),
        integral("whole_field", "whole field of view", 16.1, None, None),
        integral("blood", "blood", 0.1, None, None),
    ]
}

fn shown(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    render(diagnostics, sources, false)
}

#[test]
fn exact_a_case_file_comes_back_as_it_went() {
    for sex in [Sex::Male, Sex::Female] {
        let out = OlindaCase::export("Lu-177", sex, &patient(), "01.02.2026 at 10:00:00");
        let (case, faults, sources) = read_olinda_case("case.cas", &out.text);
        let case = case.unwrap_or_else(|| panic!("{}", shown(&faults, &sources)));
        assert!(faults.is_empty(), "{}", shown(&faults, &sources));
        assert_eq!(case.nuclides, ["Lu-177"]);
        let model = &case.models[0];
        assert_eq!(model.name.ends_with("Female"), sex == Sex::Female);
        assert!(model.masses_of_patient);
        assert_eq!((model.sources.len(), model.targets.len()), (33, 32));
        let tiac = |organ: &str| {
            model.sources.iter().find(|s| s.organ == organ).map(|s| s.tiac_h).expect("an organ")
        };
        // Six decimals are written, more for small numbers.
        for (organ, expected) in [
            ("Kidneys", 1.996),
            ("Liver", 7.8255),
            ("Salivary Glands", 0.00012),
            ("Total Body", 5.2),
            ("Spleen", 0.0),
        ] {
            let found = tiac(organ);
            assert!((found - expected).abs() <= 5e-7 * expected.max(1e-3), "{organ}: {found}");
        }
        let mass = |organ: &str| model.targets.iter().find(|t| t.0 == organ).map(|t| t.1);
        assert_eq!(mass("Kidneys"), Some(502.0));
        // The remainder has no mass of its own, and the body keeps that of the phantom.
        let body = if sex == Sex::Male { 73000.0 } else { 60000.0 };
        assert_eq!(mass("Total Body"), Some(body));
    }
}

#[test]
fn exact_what_has_no_place_is_named() {
    let out = OlindaCase::export("Lu-177", Sex::Male, &patient(), "now");
    assert_eq!(
        out.notes,
        [
            "Kidneys is the sum of kidney_left, kidney_right",
            "`tumour_1` is left out: a tumour is not a source organ",
            "`whole_field` is left out: a field of view is not an organ and holds the others",
            "`blood` is left out: blood has no single source organ there",
        ]
    );
    let organs = [integral("ovaries", "ovaries", 0.1, None, None)];
    let out = OlindaCase::export("Lu-177", Sex::Male, &organs, "now");
    assert!(out.notes[0].contains("has no Ovaries"), "{:?}", out.notes);
    let whole = [
        integral("body", "total body", 50.0, None, None),
        integral("liver", "liver", 5.0, None, None),
    ];
    let out = OlindaCase::export("Lu-177", Sex::Male, &whole, "now");
    assert!(out.notes[0].contains("give the remainder"), "{:?}", out.notes);
}

#[test]
fn exact_a_table_for_mirdcalc() {
    let out = mirdcalc_csv(&patient());
    let mut reader = csv::Reader::from_reader(out.text.as_bytes());
    let rows: Vec<Vec<String>> =
        reader.records().flatten().map(|r| r.iter().map(str::to_owned).collect()).collect();
    let names: Vec<&str> = rows.iter().map(|r| r[0].as_str()).collect();
    assert_eq!(names, ["Kidneys", "Liver", "Salivary glands", "Rest of body", "Sphere"]);
    let number = |row: usize, column: usize| rows[row][column].parse::<f64>().expect("a number");
    // Sum, and standard deviations in quadrature (3-4-5); seven digits are written.
    assert!((number(0, 1) - 1.996).abs() < 1e-6 && (number(0, 2) - 0.05).abs() < 1e-8);
    assert!((number(0, 3) - 100.0 * 0.05 / 1.996).abs() < 5e-3);
    assert!((number(4, 4) - 12.0).abs() < 1e-9);
    assert_eq!(rows[2][2], "");
    assert_eq!(rows[0][5], "kidney_left + kidney_right");
    assert_eq!(out.notes.len(), 3, "{:?}", out.notes);
}

/// A case as PyTheranostics' template and other writers make it: kinetics beside the mass only.
const CASE: &str = "\
Saved on 11.27.2017 at 11:50:52 PST
[BEGIN CASE FILE]
[BEGIN NUCLIDES]
Lu-177|
[END NUCLIDES]
[BEGIN MODELS]
[BEGIN ICRP 89 Adult Male]
ICRP 89 Adult Male|A
[BEGIN ICRP 89 Adult Male SOURCE ORGANS]
Kidneys|310.0|1.5
Liver|1800.0|2.0
[END ICRP 89 Adult Male SOURCE ORGANS]
[BEGIN ICRP 89 Adult Male TARGET ORGANS]
Kidneys|280.0
[END ICRP 89 Adult Male TARGET ORGANS]
[BEGIN ICRP 89 Adult Male MODEL TARGET ORGANS]
TARGET_ORGAN_MASSES_ARE_FROM_USER_INPUT|TRUE
[END ICRP 89 Adult Male MODEL TARGET ORGANS]
[BEGIN KINETIC DATA]
Kidneys|0.0
Liver|2.5
[END KINETIC DATA]
[END ICRP 89 Adult Male]
[END MODELS]
[END CASE FILE]
";

#[test]
fn exact_kinetics_in_either_place_are_read() {
    let (case, faults, sources) = read_olinda_case("case.cas", CASE);
    let case = case.expect("warnings only");
    let tiacs: Vec<f64> = case.models[0].sources.iter().map(|s| s.tiac_h).collect();
    assert_eq!(tiacs, [1.5, 2.5]);
    assert_eq!(faults.len(), 1);
    let text = shown(&faults, &sources);
    assert!(text.contains("`Liver` has 2 h beside its mass and 2.5 h in its kinetics"), "{text}");
    assert!(text.contains("case.cas:21"), "{text}");
    // Windows writes the same file with another end of line.
    let (same, _, _) = read_olinda_case("case.cas", &CASE.replace('\n', "\r\n"));
    assert_eq!(same, Some(case));
}

#[test]
fn exact_faults_of_a_case_file_are_named_at_once() {
    let wrong = |text: &str| {
        let (case, faults, sources) = read_olinda_case("case.cas", text);
        assert!(case.is_none());
        shown(&faults, &sources)
    };
    let text = wrong("region,time\nliver,4\n");
    assert!(text.contains("no OLINDA case file"), "{text}");
    let text = wrong(&CASE.replace("Kidneys|0.0", "Kidneys|much").replace("|280.0", "|-3"));
    assert!(text.contains("found `much` in cell 2") && text.contains("found `-3`"), "{text}");
    let text = wrong(&CASE.replace("[END KINETIC DATA]\n", ""));
    assert!(text.contains("closes `[BEGIN KINETIC DATA]`"), "{text}");
    let text = wrong(&CASE.replace("Lu-177|\n", ""));
    assert!(text.contains("the case has no nuclide"), "{text}");
    let text = wrong(&CASE.replace("[END MODELS]\n[END CASE FILE]\n", ""));
    assert!(text.contains("has no `[END MODELS]`"), "{text}");
    let text = wrong(&CASE.replace("Liver|2.5", "Lver|2.5"));
    assert!(text.contains("`Lver` has kinetics and is not a source organ"), "{text}");
}

#[test]
fn prop_cut_case_files_never_panic() {
    for at in 0..CASE.len() {
        let _ = read_olinda_case("case.cas", &CASE[..at]);
    }
}

/// A file of results of two cycles, with the empty cycles of the template; `regions` is `rois` or
/// `VOIs`.
fn results(regions: &str) -> String {
    let region = |a: &str, volumes: &str| {
        format!(
            r#"{{"volumes_mL": {{"different_tps": {volumes}, "uncertainty": "NA", "mean": 1}},
                "activity_MBq": {{"values": {a}, "uncertainty": "NA"}},
                "timepoints_h": {{"values": [4.0, 24.0, 96.0]}},
                "fit_params": [100.0, 0.014], "R_2": NaN, "AIC": -Infinity,
                "TIA_MBqh": 7142.9, "TIA_MBqh_uncertainty": "NA", "TIA_h": 0.965, "mean_AD_Gy": "NA"}}"#
        )
    };
    let cycle = |n: u32, date: &str, body: &str| {
        format!(
            r#"[{{"CycleNumber": {n}, "InjectionDate": "{date}", "InjectionTime": "093000.000", "InjectedActivity": 7400.0,
                "TimePoints_h": [4.0, 24.0, 96.0], "{regions}": {body}, "Organ-level_AD": {{}}}}]"#
        )
    };
    let kidney = region("[95.0, 71.0, 26.0]", "[230.5, 231.5, 232.0]");
    let marrow = region("[9.0, 7.0, 2.0]", "1170");
    format!(
        r#"{{"Type": "DosimetryResults", "Radionuclide": "Lu177", "PatientID": "P \"7\"", "Gender": "Female",
            "No_of_completed_cycles": 2,
            "Cycle_01": {}, "Cycle_02": {}, "Cycle_03": [{{"CycleNumber": "NA", "{regions}": {{}}}}]}}"#,
        cycle(1, "20240229", &format!(r#"{{"Kidney_Left": {kidney}, "BoneMarrow": {marrow}}}"#)),
        cycle(2, "20240425", &format!(r#"{{"Kidney_Left": {kidney}}}"#)),
    )
}

#[test]
fn exact_results_become_a_study() {
    for key in ["rois", "VOIs"] {
        let text = results(key);
        let (files, faults, sources) = read_pytheranostics_json("P7.json", &text);
        let files = files.unwrap_or_else(|| panic!("{}", shown(&faults, &sources)));
        let (study, faults, sources) = Study::parse("P7", &files.as_input());
        let study = study.unwrap_or_else(|| panic!("{}", shown(&faults, &sources)));
        assert!(faults.is_empty(), "{}", shown(&faults, &sources));
        let subject = "P \"7\"";
        assert_eq!(study.cycles(subject), [1, 2]);
        let curve = study.curve(subject, 2, "Kidney_Left").expect("measured");
        assert_eq!(curve.nuclide, "Lu-177");
        // 29 February to 25 April is 56 days.
        assert!((curve.injected_at_h - 56.0 * 24.0).abs() < 1e-9, "{}", curve.injected_at_h);
        let points: Vec<(f64, f64)> =
            curve.points.iter().map(|p| (p.time_h, p.activity_mbq)).collect();
        assert_eq!(points, [(4.0, 95.0), (24.0, 71.0), (96.0, 26.0)]);
        assert_eq!(curve.points[1].volume_ml, Some(231.5));
        let marrow = study.curve(subject, 1, "BoneMarrow").expect("measured");
        assert_eq!(marrow.mean_volume_ml(), Some(1170.0));
        assert!(files.files["published.csv"].contains("Kidney_Left,7142.9,0.965,"));
    }
}

#[test]
fn exact_what_results_lack_is_said() {
    let wrong = |text: &str| {
        let (files, faults, sources) = read_pytheranostics_json("P7.json", text);
        assert!(files.is_none());
        shown(&faults, &sources)
    };
    let text = wrong("{\"a\": 1,\n \"b\": ]}");
    assert!(text.contains("P7.json:2:7"), "{text}");
    assert!(wrong("{}").contains("no `Cycle_01`"));
    let text = wrong(&results("rois").replace("20240425", "NA"));
    assert!(text.contains("Cycle_02 cannot be placed after the first cycle"), "{text}");
    let text = wrong(&results("rois").replace("20240425", "20230425"));
    assert!(text.contains("before the first cycle"), "{text}");
    let text = wrong(
        &results("rois").replace("\"InjectedActivity\": 7400.0", "\"InjectedActivity\": \"NA\""),
    );
    assert!(text.contains("Cycle_01 has no `InjectedActivity`"), "{text}");
    assert!(text.contains("Cycle_02 has no `InjectedActivity`"), "{text}");
    let text = wrong(&results("rois").replace("[9.0, 7.0, 2.0]", "\"NA\""));
    assert!(text.contains("Cycle_01, `BoneMarrow` has no activities"), "{text}");
    let without = results("rois")
        .replace("[230.5, 231.5, 232.0]", "\"NA\"")
        .replace("\"mean\": 1", "\"mean\": \"NA\"");
    let (files, faults, sources) = read_pytheranostics_json("P7.json", &without);
    let text = shown(&faults, &sources);
    assert!(files.is_some() && text.contains("Cycle_02, `Kidney_Left` has no volume"), "{text}");
    let text = wrong(&results("rois").replace("[9.0, 7.0, 2.0]", "[9.0, 7.0]"));
    assert!(text.contains("has 3 times and 2 activities"), "{text}");
    let text = wrong(&results("rois").replace("\"Lu177\"", "\"NA\""));
    assert!(text.contains("`Radionuclide` is missing"), "{text}");
}

#[test]
fn prop_cut_results_never_panic() {
    let text = results("rois");
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        let _ = read_pytheranostics_json("P7.json", &text[..at]);
    }
}

const TABLE: &str = "\
,Time_hr,Volume_CT_mL,Activity_MBq,Density_HU,Fit_params,R_squared_AIC,TIA_MBq_h,TIA_h,Lambda_eff
Kidney_Left,\"[4.0, 24.0]\",\"[np.float64(233.6), np.float64(234.1)]\",\"[98.5, 73.6]\",\"[20.6, 21.1]\",\"[108.7, 0.014]\",\"[np.float64(0.99), nan]\",7400.0,1.0,[0.014]
Liver,\"[4.0, 24.0]\",\"[np.float64(2037.3), np.float64(2166.8)]\",\"[378.4, 347.4]\",\"[1.0, 2.0]\",\"[1.0]\",\"[1.0]\",55500.0,7.5,[0.007]
";

fn table_of(text: &str, injected_mbq: Option<f64>) -> (Option<StudyFiles>, String) {
    let more = PyTheranosticsTable {
        subject: "P1".to_owned(),
        nuclide: "177Lu".to_owned(),
        cycle: 1,
        injected_mbq,
    };
    let (files, faults, sources) = read_pytheranostics_table("results.csv", text, &more);
    (files, shown(&faults, &sources))
}

#[test]
fn exact_a_table_of_results_becomes_a_study() {
    let (files, text) = table_of(TABLE, None);
    let files = files.unwrap_or_else(|| panic!("{text}"));
    let (study, faults, sources) = Study::parse("P1", &files.as_input());
    let study = study.unwrap_or_else(|| panic!("{}", shown(&faults, &sources)));
    let liver = study.curve("P1", 1, "Liver").expect("measured");
    // The injected activity is the ratio of the two integrals.
    assert!((liver.injected_mbq - 7400.0).abs() < 1e-9);
    assert_eq!(liver.points[1].volume_ml, Some(2166.8));
    assert_eq!(liver.points[0].activity_mbq.to_string(), "378.4");

    let without = TABLE.replace("7400.0,1.0,", ",,").replace("55500.0,7.5,", ",,");
    let (files, text) = table_of(&without, None);
    assert!(files.is_none() && text.contains("the injected activity is not known"), "{text}");
    assert!(table_of(&without, Some(7400.0)).0.is_some());
    let (_, text) = table_of(&TABLE.replace("Time_hr", "Time"), None);
    assert!(text.contains("there is no column `Time_hr`"), "{text}");
    let (_, text) = table_of(&TABLE.replace("[98.5, 73.6]", "[98.5, low]"), None);
    assert!(text.contains("`Kidney_Left`: found `low`"), "{text}");
}
