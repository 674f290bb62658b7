//! Studies as other programs and spreadsheets write them: the same doses as of Lutetia's own form.

use std::{fs, path::Path};

use crate::common::run;

/// Region, activity at 4, 24, 96 and 168 h (MBq), volume (mL).
const REGIONS: [(&str, [f64; 4], f64); 3] = [
    ("kidney_left", [94.6, 71.7, 26.4, 9.7], 160.5),
    ("kidney_right", [89.9, 68.1, 25.1, 9.2], 155.25),
    ("tumour_1", [38.6, 32.5, 17.4, 9.3], 12.5),
];

fn write(folder: &Path, subjects: &str, doses: &str, activity: &str) {
    fs::create_dir_all(folder).expect("a folder");
    for (name, text) in [
        ("README.md", "Source: made for this test\n"),
        ("subjects.csv", subjects),
        ("doses.csv", doses),
        ("activity.csv", activity),
    ] {
        fs::write(folder.join(name), text).expect("a file");
    }
}

/// A table with a header and a row per region and scan.
fn table(header: &str, row: impl Fn(&str, usize, f64, f64) -> String) -> String {
    let mut text = header.to_owned();
    for (region, activities, volume) in REGIONS {
        for (scan, activity) in activities.iter().enumerate() {
            text += &row(region, scan, *activity, volume);
        }
    }
    text
}

fn own(folder: &Path) {
    let hours = [4, 24, 96, 168];
    write(
        folder,
        "subject,sex\nP1,female\n",
        "subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n",
        &table("subject,region,time (h),activity (MBq),volume (mL)\n", |r, i, a, v| {
            format!("P1,{r},{},{a},{v}\n", hours[i])
        }),
    );
}

/// As a spreadsheet with decimal commas exports it: byte-order mark, CRLF, semicolons, points in dates.
fn spreadsheet(folder: &Path) {
    let dates = ["06.05.2025 13:30", "07.05.2025 09:30", "10.05.2025 09:30", "13.05.2025 09:30"];
    write(
        folder,
        "\u{feff}Patient;Gender\r\nP1;f\r\n",
        "\u{feff}Patient;Date;Isotope;Injected activity (GBq)\r\nP1;06.05.2025 09:30;Lu-177;7,4\r\n",
        &table("\u{feff}Patient;ROI;Scan date;Activity (MBq);Volume (ml)\r\n", |r, i, a, v| {
            let number = |x: f64| x.to_string().replace('.', ",");
            format!("P1;{r};{};{};{}\r\n", dates[i], number(a), number(v))
        }),
    );
}

/// As PyTheranostics calls things: units after underscores, hours after the injection.
fn underscores(folder: &Path) {
    let hours = [4, 24, 96, 168];
    write(
        folder,
        "PatientID,Sex\nP1,F\n",
        "PatientID,Cycle,Time (h),Radionuclide,InjectedActivity_MBq\nP1,1,0,Lu177,7400\n",
        &table("PatientID,Cycle,Organ,Time_p.i. (h),Activity_MBq,Volume_mL\n", |r, i, a, v| {
            format!("P1,1,{r},{},{a},{v}\n", hours[i])
        }),
    );
}

/// As a workstation exports regions: tabs, DICOM dates and times, kBq and cc.
fn workstation(folder: &Path) {
    let moments = ["20250506\t133000", "20250507\t093000", "20250510\t093000", "20250513\t093000"];
    write(
        folder,
        "Patient ID\tSex\nP1\tF\n",
        "Patient ID\tAdministration Date\tAdministration Time\tIsotope\tAdministered Activity (MBq)\n\
         P1\t20250506\t093000\tLu-177\t7400\n",
        &table(
            "Patient ID\tStructure\tAcquisition Date\tAcquisition Time\tTotal Activity (kBq)\tVolume (cc)\n",
            |r, i, a, v| format!("P1\t{r}\t{}\t{:.0}\t{v}\n", moments[i], a * 1000.0),
        ),
    );
}

/// Its name, what writes it, and what must be said of it.
type Form = (&'static str, fn(&Path), &'static str);

#[test]
fn exact_tables_of_others_give_the_same_doses_at_the_first_run() {
    let folder = tempfile::tempdir().expect("a folder");
    own(&folder.path().join("own"));
    let wanted = run(folder.path(), &["dose", "own"]);
    assert_eq!(wanted.code, Some(0), "{}", wanted.shown());
    assert!(!wanted.stderr.contains("read as"), "{}", wanted.stderr);
    let forms: [Form; 3] = [
        ("spreadsheet", spreadsheet, "`ROI` read as region"),
        ("underscores", underscores, "`Time_p.i. (h)` read as time_after_injection"),
        ("workstation", workstation, "`Acquisition Time` read as scan_time"),
    ];
    for (name, form, said) in forms {
        form(&folder.path().join(name));
        let found = run(folder.path(), &["dose", name]);
        assert_eq!(found.code, Some(0), "{}", found.shown());
        assert_eq!(found.stdout, wanted.stdout, "{name}: {}", found.shown());
        assert!(found.stderr.contains(said), "{name}: {}", found.stderr);
        for check in [&["check", name][..], &["data", "check", name]] {
            let found = run(folder.path(), check);
            assert_eq!(found.code, Some(0), "{}", found.shown());
            assert!(
                found.stdout.contains("ok (1 subject, 1 dose, 12 measurements)"),
                "{}",
                found.shown()
            );
            assert!(found.stderr.contains(said), "{}", found.shown());
        }
    }
}

/// The study with that last column and value in every row.
fn with(folder: &Path, column: &str, value: &str) {
    let hours = [4, 24, 96, 168];
    write(
        folder,
        "subject,sex\nP1,female\n",
        "subject,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n",
        &table(&format!("subject,region,time (h),activity (MBq),{column}\n"), |r, i, a, _| {
            format!("P1,{r},{},{a},{value}\n", hours[i])
        }),
    );
}

#[test]
fn exact_a_mass_column_is_the_mass_of_doses_and_plans() {
    let folder = tempfile::tempdir().expect("a folder");
    with(&folder.path().join("masses"), "ROI mass [g]", "105");
    // Kidneys have 1.05 g/mL (ICRP Publication 89).
    with(&folder.path().join("volumes"), "volume (mL)", "100");
    own(&folder.path().join("own"));
    let masses: Vec<String> = REGIONS.iter().map(|r| format!("{}=105 g", r.0)).collect();
    let mut asked = vec!["dose", "own"];
    for mass in &masses {
        asked.extend(["--mass", mass]);
    }
    let (wanted, found) = (run(folder.path(), &asked), run(folder.path(), &["dose", "masses"]));
    assert_eq!(wanted.code, Some(0), "{}", wanted.shown());
    assert_eq!(found.stdout, wanted.stdout, "{}", found.shown());
    let other = run(folder.path(), &["dose", "own"]);
    assert_ne!(found.stdout, other.stdout, "{}", found.shown());
    let plan = |study: &str| {
        let kidneys = ["--region", "kidney_left", "--region", "kidney_right"];
        let asked = ["plan", study, "--limit", "23 Gy", "--remaining", "3"];
        run(folder.path(), &[&asked[..], &kidneys].concat())
    };
    let (wanted, found) = (plan("volumes"), plan("masses"));
    assert_eq!(wanted.code, Some(0), "{}", wanted.shown());
    assert_eq!(found.stdout, wanted.stdout, "{}", found.shown());
}

#[test]
fn exact_the_page_of_columns_is_printed_and_named_where_a_study_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let page = run(folder.path(), &["schema", "study", "--page"]);
    assert_eq!(page.code, Some(0), "{}", page.shown());
    for word in ["`scan_date`", "`roi`", "`patient_id`", "`mass`", "daylight saving time"] {
        assert!(page.stdout.contains(word), "{word}");
    }
    for help in [&["fit"][..], &["dose"], &["data", "check"], &["new", "study"]] {
        let mut command = help.to_vec();
        command.push("--help");
        let found = run(folder.path(), &command);
        assert!(found.stdout.contains("lutetia schema study --page"), "{help:?}: {}", found.stdout);
    }
    assert_eq!(run(folder.path(), &["schema", "study"]).code, Some(64));
    assert_eq!(run(folder.path(), &["new", "study", "mine"]).code, Some(0));
    let readme = fs::read_to_string(folder.path().join("mine/README.md")).expect("a README");
    assert!(readme.contains("`scan_date`") && !readme.contains("{columns}"), "{readme}");
    assert_eq!(run(folder.path(), &["check", "--strict", "mine"]).code, Some(0));
}
