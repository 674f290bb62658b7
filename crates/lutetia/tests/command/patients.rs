//! Whole patients: pages, several cycles, plans, and files of other programs.

use std::{collections::BTreeMap, fs, path::Path};

use lutetia_testkit::{Row, Rows, repository};

use crate::common;

/// Exit code, standard output and standard error.
fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let ran = common::run(folder, arguments);
    (ran.code, ran.stdout, ran.stderr)
}

fn shown(folder: &Path, arguments: &[&str]) -> String {
    common::run(folder, arguments).shown()
}

fn ok(folder: &Path, arguments: &[&str]) -> String {
    let (code, stdout, stderr) = run(folder, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {stderr}");
    stdout
}

fn rows(csv_text: &str) -> Rows {
    Rows::read(csv_text)
}

/// Two patients; the first has two measured cycles and a third that was given and not measured.
fn study(folder: &Path) {
    let files = [
        ("README.md", "Source: invented\n"),
        ("subjects.csv", "subject,sex\nP1,female\nP2,male\n"),
        (
            "doses.csv",
            "subject,cycle,time (h),nuclide,activity (MBq)\nP1,1,0,Lu-177,7400\nP1,2,1344,Lu-177,7300\n\
             P1,3,2688,Lu-177,7500\nP2,1,0,Lu-177,7000\n",
        ),
        (
            "activity.csv",
            "subject,cycle,region,time (h),activity (MBq),sd (MBq),volume (mL)\n\
             P1,1,kidneys,4,190,10,300\nP1,1,kidneys,24,145,8,300\nP1,1,kidneys,96,52,3,300\n\
             P1,1,kidneys,168,19,1.5,300\nP1,1,tumour_1,4,30,3,20\nP1,1,tumour_1,24,28,3,20\n\
             P1,1,tumour_1,96,19,2,20\nP1,1,tumour_1,168,12.5,1.2,20\nP1,2,kidneys,1348,180,10,300\n\
             P1,2,kidneys,1368,140,8,300\nP1,2,kidneys,1440,50,3,300\nP1,2,kidneys,1512,18,1.5,300\n\
             P2,1,kidneys,4,150,8,310\nP2,1,kidneys,24,120,7,310\nP2,1,kidneys,96,45,3,310\n\
             P2,1,kidneys,168,17,1.5,310\n",
        ),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).expect("a file");
    }
}

/// Every file below a folder, by path.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below it").to_string_lossy();
                found.insert(name.replace('\\', "/"), fs::read(&path).expect("readable"));
            }
        }
    }
    found
}

const MONO: [&str; 2] = ["--function", "mono"];

#[test]
fn exact_cycles_add_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    study(folder.path());
    let dose = |more: &[&str]| {
        let head =
            ["dose", ".", "--subject", "P1", "--volume-sd", "5 %", "--bed", "kidneys=2.5 Gy,2.8 h"];
        rows(&ok(folder.path(), &[&head[..], &MONO, more].concat()))
    };
    let each = dose(&[]);
    let kidneys: Vec<_> = each.iter().filter(|r| &r["region"] == "kidneys").collect();
    assert_eq!(kidneys.iter().map(|r| &r["cycle"]).collect::<Vec<_>>(), ["1", "2"]);
    let together = dose(&["--print", "cumulative"]);
    let sum = together.iter().find(|r| &r["region"] == "kidneys").expect("the kidneys");
    let total = |column: &str| kidneys.iter().map(|r| r.number(column)).sum::<f64>();
    // Six digits are printed.
    for column in ["total (Gy)", "bed (Gy)"] {
        assert!((sum.number(column) / total(column) - 1.0).abs() < 2e-6, "{column}");
    }
    assert!((sum.number("activity (GBq)") - 14.7).abs() < 1e-9);
    assert!(sum["note"].contains("cycle 3 (7.50 GBq Lu-177) was not measured"), "{sum:?}");
    let tumour = together.iter().find(|r| &r["region"] == "tumour_1").expect("the tumour");
    assert!(tumour["note"].contains("not measured in cycle 2"), "{tumour:?}");
    // The fits add in quadrature, the volume linearly: between both.
    let (a, b) = (kidneys[0].number("total_sd (Gy)"), kidneys[1].number("total_sd (Gy)"));
    let sd = sum.number("total_sd (Gy)");
    assert!(sd > a.hypot(b) && sd < a + b, "{a} {b} {sd}");
    // EQD2 = BED/(1 + 2/(α/β)).
    let eqd2 = sum.number("bed (Gy)") / 1.8;
    assert!((sum.number("eqd2 (Gy)") / eqd2 - 1.0).abs() < 2e-6);
    // One cycle of several may be asked for, and has no sum.
    assert_eq!(dose(&["--cycle", "2"]).len(), 1);
    let (code, _, stderr) =
        run(folder.path(), &["dose", ".", "--subject", "P2", "--print", "cumulative"]);
    assert!(code == Some(64) && stderr.contains("no subject has several cycles"), "{stderr}");
}

#[test]
fn exact_pages_are_whole_and_never_over_something_else() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    study(root);
    let head = ["dose", ".", "--calibration-sd", "3 %", "--volume-sd", "5 %", "--out", "out"];
    let printed = ok(root, &[&head[..], &MONO].concat());
    assert_eq!(rows(&printed).len(), 4);
    let first = files(&root.join("out"));
    for name in [
        "index.html",
        "P1/index.html",
        "P1/results.json",
        "P1/tables/doses.csv",
        "P1/tables/cumulative.csv",
        "P1/tables/functions.csv",
        "P1/tables/budget.csv",
        "P1/figures/curves_1.svg",
        "P1/figures/curves_2.svg",
        "P1/figures/budget_1.svg",
        "P2/index.html",
        "P2/figures/curves_1.csv",
    ] {
        assert!(first.contains_key(name), "{name} is missing: {:?}", first.keys());
    }
    assert!(!first.contains_key("P2/tables/cumulative.csv"));
    // The page shows what the tables hold, and every picture it shows is there.
    let page = String::from_utf8(first["P1/index.html"].clone()).expect("UTF-8");
    let pictures: Vec<&str> =
        page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(pictures.len(), 4, "{pictures:?}");
    for link in page.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let target = Path::new("P1").join(link);
        let known = link == "../index.html" || first.contains_key(&*target.to_string_lossy());
        assert!(known, "{link} leads nowhere");
    }
    for picture in pictures {
        assert!(first.contains_key(&format!("P1/{picture}")), "{picture}");
    }
    let json: serde_json::Value = serde_json::from_slice(&first["P1/results.json"]).expect("JSON");
    let in_json = json["tables"]["doses"][0]["total (Gy)"].as_f64().expect("a dose");
    let in_table = rows(&String::from_utf8_lossy(&first["P1/tables/doses.csv"]));
    assert!((in_json / in_table[0].number("total (Gy)") - 1.0).abs() < 1e-5);

    // Again: refused, and nothing changes; with the flag, files that are no longer made go, and others stay.
    let again = shown(root, &[&head[..], &MONO].concat());
    assert!(again.starts_with("exit code: 73\n"), "{again}");
    insta::assert_snapshot!("out_exists", again);
    assert!(files(&root.join("out")) == first);
    fs::write(root.join("out/P1/mine.txt"), "mine").expect("a file");
    let over = [&head[..], &["--overwrite", "--subject", "P1", "--cycle", "1"], &MONO].concat();
    ok(root, &over);
    let after = files(&root.join("out"));
    assert!(!after.contains_key("P1/figures/curves_2.svg"), "{:?}", after.keys());
    assert!(after.contains_key("P1/mine.txt") && after.contains_key("P2/index.html"));
    let left: Vec<_> = after.keys().filter(|name| name.contains(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");
    // A file where the folder must be made.
    fs::write(root.join("file"), "mine").expect("a file");
    let blocked = shown(root, &["dose", ".", "--out", "file"]);
    assert!(blocked.starts_with("exit code: 73\n"), "{blocked}");
    assert_eq!(fs::read_to_string(root.join("file")).expect("readable"), "mine");
}

#[test]
fn exact_what_was_given_counts_against_the_limit() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    study(folder.path());
    let plan = |more: &[&str]| {
        let head = ["plan", ".", "--subject", "P1", "--region", "kidneys", "--volume-sd", "5 %"];
        rows(&ok(folder.path(), &[&head[..], &MONO, more].concat()))
    };
    let whole = plan(&["--limit", "23 Gy", "--cycles", "4"]);
    let rest = plan(&["--limit", "23 Gy", "--remaining", "2", "--activity", "7.4 GBq"]);
    let (whole, rest) = (&whole[0], &rest[0]);
    let per = whole.number("per_activity (Gy/GBq)");
    // Six digits are printed.
    assert!((whole.number("activity_expected (GBq)") * 4.0 * per / 23.0 - 1.0).abs() < 1e-5);
    let each = rows(&ok(
        folder.path(),
        &[&["dose", ".", "--subject", "P1", "--region", "kidneys"][..], &MONO].concat(),
    ));
    // Cycle 3 is like cycle 2, with its own activity.
    let given = each[0].number("total (Gy)") + each[1].number("total (Gy)") + 7.5 * per;
    assert!((rest.number("given (Gy)") / given - 1.0).abs() < 1e-5);
    let left = (23.0 - given) / (2.0 * per);
    assert!((rest.number("activity_expected (GBq)") / left - 1.0).abs() < 1e-4);
    assert!(
        rest["note"]
            .contains("cycle 3 (7.50 GBq) was not measured and is taken to be like cycle 2")
    );
    let possible = rest.number("cycles_of_activity_asked");
    assert!((possible - ((23.0 - given) / (7.4 * per)).floor()).abs() < 1e-9);
    // The curve of risk rises from 0 to 1 and is one half at the expected activity.
    let risk = plan(&["--limit", "23 Gy", "--remaining", "2", "--print", "risk"]);
    let curve: Vec<(f64, f64)> =
        risk.iter().map(|r| (r.number("activity (GBq)"), r.number("risk (%)"))).collect();
    assert!(curve.is_sorted_by(|a, b| a.1 <= b.1) && curve.len() > 50);
    let near = curve.iter().min_by(|a, b| (a.0 - left).abs().total_cmp(&(b.0 - left).abs()));
    assert!((near.expect("points").1 - 50.0).abs() < 1.0, "{near:?}");
    let (code, _, stderr) =
        run(folder.path(), &["plan", ".", "--limit", "23 Gy", "--region", "kidneys"]);
    assert!(code == Some(64) && stderr.contains("--subject"), "{stderr}");
}

#[test]
fn exact_the_budget_is_in_the_error_of_the_dose() {
    let head =
        ["dose", "data/studies/snmmi_patient4", "--region", "kidney_left", "--function", "mono"];
    let dose = |more: &[&str]| rows(&ok(&repository(), &[&head[..], more].concat()));
    let chain = [
        "--calibration-sd",
        "3 %",
        "--voxel",
        "4.8 mm",
        "--resolution",
        "12 mm",
        "--factor-sd",
        "2 %",
    ];
    let with = dose(&chain);
    let budget = dose(&[&chain[..], &["--print", "budget"]].concat());
    let squares: f64 = budget.iter().map(|r| r.number("dose_sd_gy (Gy)").powi(2)).sum();
    assert!((with[0].number("total_sd (Gy)") / squares.sqrt() - 1.0).abs() < 1e-5);
    let without = dose(&[]);
    assert!(without[0].number("total_sd (Gy)") < with[0].number("total_sd (Gy)"));
    // EANM: u(v)/v = 3 u(d)/d with d of a sphere of 241 mL.
    let volume = budget.iter().find(|r| &r["input"] == "volume").expect("the volume");
    let d = (6.0 * 240.98e3 / std::f64::consts::PI).cbrt();
    let u = (4.8f64.powi(2) / 6.0 + 144.0 / (4.0 * std::f64::consts::LN_2)).sqrt();
    // The mean volume is given to four digits above.
    assert!((volume.number("input_sd (%)") / (300.0 * u / d) - 1.0).abs() < 1e-4);
    // A cortex is as uncertain as its organ.
    let cortex = dose(&[&chain[..], &["--cortex", "kidney_left=70 %,100 %"]].concat());
    let relative = |r: &Row| r.number("total_sd (Gy)") / r.number("total (Gy)");
    assert_eq!(&cortex[1]["region"], "kidney_left cortex");
    assert!((relative(&cortex[1]) / relative(&cortex[0]) - 1.0).abs() < 1e-5);
    for (name, more) in [
        (
            "chain_contradiction",
            vec!["--volume-sd", "5 %", "--voxel", "4.8 mm", "--resolution", "12 mm"],
        ),
        ("chain_half", vec!["--voxel", "4.8 mm"]),
        ("chain_recovery", vec!["--recovery", "4 mL,1.1"]),
        ("chain_unit", vec!["--voxel", "4.8 mL", "--resolution", "12 mm"]),
    ] {
        insta::assert_snapshot!(name, shown(&repository(), &[&head[..], &more].concat()));
    }
}

#[test]
fn exact_a_case_file_goes_out_and_comes_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = repository();
    let study = root.join("data/studies/snmmi_patient4");
    let study = study.to_string_lossy();
    let export = ["export", "olinda", &study, "--function", "mono", "--file", "p4.cas"];
    let (code, stdout, stderr) = run(folder.path(), &export);
    assert_eq!((code, stdout.as_str()), (Some(0), ""), "{stderr}");
    assert!(stderr.contains("Kidneys is the sum of kidney_left, kidney_right"), "{stderr}");
    assert!(stderr.contains("`whole_field` is left out"), "{stderr}");
    assert!(shown(folder.path(), &export).starts_with("exit code: 73\n"));
    let back =
        rows(&ok(folder.path(), &["import", "olinda", "p4.cas", "--activity", "7210.427 MBq"]));
    let organs: Vec<&str> = back.iter().map(|r| &r["organ"]).collect();
    assert_eq!(organs, ["Kidneys", "Liver", "Spleen", "Total Body"]);
    let fit = rows(&ok(folder.path(), &["fit", &study, "--function", "mono"]));
    let tia = |region: &str| fit.row("region", region).number("tia (MBq h)");
    let kidneys = tia("kidney_left") + tia("kidney_right");
    // A case file holds six decimals of about 2 h, and a table six digits.
    assert!((back[0].number("tia (MBq h)") / kidneys - 1.0).abs() < 1e-5);
    assert!((back[0].number("target_mass (g)") - 502.2).abs() < 1.0, "{:?}", back[0]);
    let csv = ok(folder.path(), &["export", "mirdcalc", &study, "--function", "mono"]);
    let first = &rows(&csv)[0];
    assert_eq!(&first["source region"], "Kidneys");
    assert!((first.number("TIAC (h)") * 7210.427 / kidneys - 1.0).abs() < 1e-5);
}

#[test]
fn regress_files_of_other_programs_that_lack_something() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let write = |name: &str, text: &str| fs::write(root.join(name), text).expect("a file");
    write("empty.json", "{\"PatientID\": \"P1\"}");
    write(
        "no_times.json",
        r#"{"PatientID": "P1", "Radionuclide": "Lu177", "Gender": "Male", "Cycle_01": [{"InjectedActivity": 7400,
            "rois": {"Liver": {"activity_MBq": {"values": [90.0]}, "TIA_MBqh": 1000.0}}}]}"#,
    );
    write("results.csv", ",Time_hr,Volume_CT_mL,TIA_MBq_h\nLiver,\"[4.0]\",\"[1500.0]\",1000\n");
    write("notes.cas", "Saved on 1.1.2026\nhello\n");
    write(
        "too_much.json",
        r#"{"PatientID": "P1", "Radionuclide": "Lu177", "Gender": "Male", "Cycle_01": [{"InjectedActivity": 74,
            "rois": {"Liver": {"activity_MBq": {"values": [90.0]}, "timepoints_h": {"values": [4]}}}}]}"#,
    );
    for (name, arguments) in [
        ("import_empty", vec!["import", "pytheranostics", "empty.json", "--out", "s"]),
        ("import_no_times", vec!["import", "pytheranostics", "no_times.json", "--out", "s"]),
        ("import_csv_nuclide", vec!["import", "pytheranostics", "results.csv", "--out", "s"]),
        (
            "import_csv_activity",
            vec!["import", "pytheranostics", "results.csv", "--nuclide", "Lu177", "--out", "s"],
        ),
        ("import_cas", vec!["import", "olinda", "notes.cas"]),
        ("import_no_study", vec!["import", "pytheranostics", "too_much.json", "--out", "s"]),
    ] {
        insta::assert_snapshot!(name, shown(root, &arguments));
        assert!(!root.join("s").exists(), "{name} wrote something");
    }
}

#[test]
fn exact_results_of_another_program_become_doses() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    let text = r#"{"PatientID": "P1", "Radionuclide": "Lu177", "Gender": "Male",
        "Cycle_01": [{"InjectedActivity": 7400, "rois": {"Kidney_Left": {
            "activity_MBq": {"values": [98.5, 73.6, 25.4, 19.0]}, "timepoints_h": {"values": [3.74, 27.7, 103.1, 124.0]},
            "volumes_mL": {"different_tps": [233.6, 234.1, 247.6, 248.6]}, "R_2": NaN}}}],
        "Cycle_02": [{"CycleNumber": "NA", "VOIs": {}}]}"#;
    fs::write(root.join("p1.json"), text).expect("a file");
    ok(root, &["import", "pytheranostics", "p1.json", "--out", "studies/p1"]);
    let dose = rows(&ok(root, &["dose", "studies/p1", "--function", "mono"]));
    // The shipped patient's kidney has these numbers to three digits and received 2.6 to 2.7 Gy.
    assert!((dose[0].number("total (Gy)") - 2.63).abs() < 0.1, "{:?}", dose[0]);
    let again = shown(root, &["import", "pytheranostics", "p1.json", "--out", "studies/p1"]);
    assert!(again.starts_with("exit code: 73\n"), "{again}");
}

/// A study of one patient with these rows of `activity.csv`, each `region,time,activity,volume,corrected`.
fn one(folder: &Path, rows: &[&str]) {
    study(folder);
    fs::write(folder.join("subjects.csv"), "subject\nP1\n").expect("a file");
    let doses = "subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n";
    fs::write(folder.join("doses.csv"), doses).expect("a file");
    let mut text =
        String::from("subject,region,time (h),activity (MBq),volume (mL),decay_corrected\n");
    for row in rows {
        text.push_str(&format!("P1,{row}\n"));
    }
    fs::write(folder.join("activity.csv"), text).expect("a file");
}

#[test]
fn regress_studies_that_cannot_give_a_dose() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let dose = || {
        shown(folder.path(), &["dose", ".", "--function", "mono", "--error", "proportional 5 %"])
    };
    // One scan exported with the decay taken out: 61.8 instead of 40.7, and so on.
    one(
        folder.path(),
        &[
            "kidneys,4,190,300,",
            "kidneys,24,144,300,",
            "kidneys,96,80.5,300,",
            "kidneys,168,19.5,300,",
            "spleen,4,90,220,",
            "spleen,24,74,220,",
            "spleen,96,55.2,220,",
            "spleen,168,17.8,220,",
        ],
    );
    insta::assert_snapshot!("mixed_scan", dose());
    one(
        folder.path(),
        &[
            "kidneys,4,190,300,",
            "kidneys,24,144,300,yes",
            "kidneys,96,53,300,",
            "kidneys,168,19.5,300,",
        ],
    );
    insta::assert_snapshot!("mixed_marks", dose());
    one(folder.path(), &["kidneys,4,190,0,", "kidneys,24,144,0,", "kidneys,96,53,0,"]);
    insta::assert_snapshot!("volume_of_zero", dose());
    let curve = |region: &str, volume: &str| {
        [(4, 19.0), (24, 14.4), (96, 5.3), (168, 1.95)]
            .map(|(t, a)| format!("{region},{t},{a},{volume},"))
    };
    let rows: Vec<String> = [
        curve("stomach", "150"),
        curve("kidny", "300"),
        curve("liver", ""),
        curve("tumour", "0.0001"),
    ]
    .concat();
    one(folder.path(), &rows.iter().map(String::as_str).collect::<Vec<_>>());
    insta::assert_snapshot!("organs_without_dose", dose());
}
