//! Nothing that is printed carries the rounding of binary arithmetic: 26.3675, not 26.367500000000007.

use std::{fs, path::Path};

use lutetia_testkit::repository;

use crate::common::run;

/// More digits than these in one number are neither measured nor typed by anybody. Twelve are written at
/// most (JSON); six in tables.
const DIGITS: usize = 12;

/// Percentages below this are nothing, printed with an exponent.
const LEAST_PERCENT: f64 = 1e-9;

/// Numbers in a text: what begins with a digit where no word goes on, with its end.
fn numbers(text: &str) -> Vec<(String, usize)> {
    let bytes = text.as_bytes();
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'.';
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() || (at > 0 && word(bytes[at - 1])) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && (bytes[at].is_ascii_digit() || bytes[at] == b'.') {
            at += 1;
        }
        let exponent = bytes.get(at) == Some(&b'e')
            && bytes.get(at + 1).is_some_and(|b| b.is_ascii_digit() || *b == b'-');
        if exponent {
            at += 2;
            while at < bytes.len() && bytes[at].is_ascii_digit() {
                at += 1;
            }
        }
        // Hashes and names that begin with digits are not numbers.
        if bytes.get(at).is_none_or(|b| !word(*b)) {
            found.push((text[start..at].to_owned(), at));
        }
        while at < bytes.len() && word(bytes[at]) {
            at += 1;
        }
    }
    found
}

/// Numbers with noise.
fn noise(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (number, end) in numbers(text) {
        let mantissa = number.split('e').next().unwrap_or_default();
        // An integer of many digits is a count, a seed or a time; noise stands behind a point.
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.trim_start_matches('0').trim_end_matches('0');
        if mantissa.contains('.') && digits.len() > DIGITS {
            faults.push(number.clone());
        }
        let percent = text[end..].trim_start().starts_with('%');
        if percent && number.parse::<f64>().is_ok_and(|x| x > 0.0 && x < LEAST_PERCENT) {
            faults.push(format!("{number} %"));
        }
    }
    faults
}

#[test]
fn exact_noise_is_told_from_numbers() {
    let text =
        "sphere of 26.367500000000007 g, 249.07365000000001, by -4.44e-14 %, 0.30000000000000004";
    assert_eq!(
        noise(text),
        ["26.367500000000007", "249.07365000000001", "4.44e-14 %", "0.30000000000000004"]
    );
    let text = "7210.427 1e-14 20261128 3f12.345678901234567a \"0123456789abcdef\" p 2e-16 12.5 % 0 % 123456.789012";
    assert_eq!(noise(text), Vec::<String>::new());
}

/// A study whose units make noise: volumes in L, activities in GBq, a tumour of 26.3675 g.
fn study(folder: &Path) {
    fs::create_dir_all(folder).expect("a folder");
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("a file");
    write("README.md", "# Made up\n\nSource: made up for a test.\nLicence: none needed.\n");
    write("subjects.csv", "subject,sex\nP1,male\n");
    write("doses.csv", "subject,time (h),nuclide,activity (GBq)\nP1,0,Lu-177,7.2104270\n");
    let mut rows = String::from("subject,region,time (d),activity (GBq),volume (L)\n");
    for (region, litres, start, half) in [
        ("tumour", 0.024_875, 0.0421, 81.3),
        ("kidney_left", 0.2336, 0.1087, 49.7),
        ("liver", 2.2207, 0.4121, 61.1),
    ] {
        for hours in [4.1_f64, 27.7, 103.1, 171.3] {
            let activity = start * (-std::f64::consts::LN_2 * hours / half).exp();
            rows.push_str(&format!("P1,{region},{:.5},{activity:.7},{litres}\n", hours / 24.0));
        }
    }
    write("activity.csv", &rows);
}

#[test]
fn exact_nothing_printed_has_noise() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    study(&folder.path().join("awkward"));
    let repository = repository();
    let awkward = folder.path().join("awkward").display().to_string();
    let out = folder.path().join("pages").display().to_string();
    let shipped = "data/studies/snmmi_patient4";
    let model = "models/sstr2/dotatate-small.toml";
    let dose = r#"{ at = "0 h", into = "L.plasma", activity = "7.21 GBq", amount = "0.1 umol", over = "0.5 h" }"#;
    let mut commands: Vec<Vec<&str>> = Vec::new();
    for study in [shipped, awkward.as_str()] {
        commands.push(vec!["dose", study, "--volume-sd", "5 %"]);
        commands.push(vec!["dose", study, "--bed", "kidney_left=2.5 Gy,2.8 h"]);
        commands.push(vec![
            "dose",
            study,
            "--print",
            "budget",
            "--volume-sd",
            "5 %",
            "--calibration-sd",
            "3 %",
        ]);
        commands.push(vec!["fit", study, "--error", "proportional 7 %"]);
        commands.push(vec!["fit", study, "--print", "estimates"]);
        commands.push(vec!["fit", study, "--function", "all", "--print", "candidates"]);
        commands.push(vec![
            "plan",
            study,
            "--region",
            "kidney_left",
            "--remaining",
            "3",
            "--limit",
            "23 Gy",
        ]);
        commands.push(vec![
            "plan",
            study,
            "--region",
            "kidney_left",
            "--cycles",
            "4",
            "--limit",
            "40 Gy",
            "--tissue",
            "2.5 Gy,2.8 h",
        ]);
        commands.push(vec!["export", "mirdcalc", study]);
        commands.push(vec![
            "fit",
            study,
            "--model",
            model,
            "--into",
            "L.plasma",
            "--amount",
            "0.14 umol",
            "--over",
            "0.5 h",
            "--observe",
            "kidney_left=A_kidneys",
            "--observe",
            "liver=A_liver",
            "--print",
            "estimates",
        ]);
    }
    commands.push(vec![
        "simulate",
        model,
        "--nuclide",
        "Lu-177",
        "--until",
        "7 d",
        "--points",
        "8",
        "--dose",
        dose,
    ]);
    commands.push(vec!["explain", model]);
    commands.push(vec!["dose", &awkward, "--volume-sd", "5 %", "--out", &out]);
    let mut faults = Vec::new();
    for command in &commands {
        let json = [command.as_slice(), &["--json"]].concat();
        // With `--out` nothing is printed, and the folder may be made once.
        let forms = if command.contains(&"--out") {
            vec![command.clone()]
        } else {
            vec![command.clone(), json]
        };
        for arguments in forms {
            let ran = run(&repository, &arguments);
            for text in [&ran.stdout, &ran.stderr] {
                for number in noise(text) {
                    faults.push(format!("{}: {number}", arguments.join(" ")));
                }
            }
        }
    }
    let mut pages = vec![folder.path().join("pages")];
    let mut read = 0;
    while let Some(path) = pages.pop() {
        if path.is_dir() {
            pages.extend(fs::read_dir(&path).expect("pages").flatten().map(|e| e.path()));
        } else if path.extension().is_some_and(|e| e == "html" || e == "json" || e == "csv") {
            read += 1;
            for number in noise(&fs::read_to_string(&path).expect("a page")) {
                faults.push(format!("{}: {number}", path.display()));
            }
        }
    }
    assert!(read > 3, "{read} pages");
    assert!(faults.is_empty(), "{} numbers with noise:\n{}", faults.len(), faults.join("\n"));
}
