//! Columns by other names, in another order and with their units spelled in other ways are the same study, bit for bit;
//! times of scans from dates and clock times are exact.

use std::{collections::BTreeMap, sync::LazyLock};

use lutetia_data::{Study, study_page};
use lutetia_diagnostic::{has_errors, render};
use proptest::prelude::*;

/// A column of the page: its name, its unit, its other names, those with the unit that they say.
#[derive(Debug, Clone)]
struct Column {
    name: String,
    unit: Option<String>,
    words: Vec<String>,
    united: Vec<(String, String)>,
}

/// The columns that the page lists for a file, so that what is documented is what is read.
fn columns(file: &str) -> Vec<Column> {
    let page = study_page();
    let section = page.split("\n## ").find(|s| s.starts_with(&format!("`{file}`"))).expect(file);
    let quoted = |text: &str| text.split('`').nth(1).map(str::to_owned);
    section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
            let [name, .., unit, words] = &cells[..] else { panic!("{line}") };
            let (mut plain, mut united) = (Vec::new(), Vec::new());
            for word in words.split(", ").filter(|w| !w.is_empty()) {
                let name = quoted(word).expect("a name in backticks");
                match word.split_once("(in ") {
                    Some((_, unit)) => united.push((name, unit.trim_end_matches(')').to_owned())),
                    None => plain.push(name),
                }
            }
            let name = quoted(name).expect("a name");
            Column { name, unit: quoted(unit), words: plain, united }
        })
        .collect()
}

/// A title as a hash of `choice` decides: which word, how written, and how the unit stands with it.
fn title(column: &Column, choice: u64) -> String {
    let names: Vec<&String> = std::iter::once(&column.name).chain(&column.words).collect();
    let name = names[(choice % names.len() as u64) as usize];
    let choice = choice / 64;
    let joined = |with: &str| name.replace('_', with);
    let name = match choice % 6 {
        0 => name.clone(),
        1 => joined(" "),
        2 => joined("-"),
        3 => joined("_").to_uppercase(),
        4 => name.split('_').map(|w| w[..1].to_uppercase() + &w[1..]).collect::<Vec<_>>().join(" "),
        _ => name.split('_').map(|w| w[..1].to_uppercase() + &w[1..]).collect(),
    };
    let choice = choice / 6;
    let Some(unit) = &column.unit else { return name };
    let same = column.united.iter().find(|u| &u.1 == unit);
    match (choice % 8, same) {
        (7, Some((word, _))) => word.replace('_', " "),
        (0 | 1, _) => format!("{name} ({unit})"),
        (2, _) => format!("{name} [{unit}]"),
        (3, _) => format!("{name} / {unit}"),
        (4, _) => format!("{name} in {unit}"),
        (5, _) => format!("{name}_{unit}"),
        (6, _) => format!("{name} {unit}"),
        _ => format!("{name}({unit})"),
    }
}

/// A table with columns of these names, in an order and with titles that `choices` decide.
fn table(file: &str, columns_used: &[&str], rows: &[&[&str]], choices: &[u64]) -> String {
    static KNOWN: LazyLock<BTreeMap<&str, Vec<Column>>> = LazyLock::new(|| {
        ["subjects.csv", "doses.csv", "activity.csv"].map(|file| (file, columns(file))).into()
    });
    let known = &KNOWN[file];
    let separator = [",", ";", "\t"][(choices[0] % 3) as usize];
    let commas = separator == ";" && choices[0] / 3 % 2 == 1;
    let mut order: Vec<usize> = (0..columns_used.len()).collect();
    order.sort_by_key(|&i| choices[1 + i].rotate_left(32));
    let cells = |row: &[String]| {
        order.iter().map(|&i| row[i].clone()).collect::<Vec<_>>().join(separator) + "\n"
    };
    let titles: Vec<String> = columns_used
        .iter()
        .zip(&choices[1..])
        .map(|(name, choice)| match known.iter().find(|c| c.name == **name) {
            Some(column) => title(column, *choice),
            None => (*name).to_owned(),
        })
        .collect();
    let mut text = cells(&titles);
    for row in rows {
        let row: Vec<String> = row
            .iter()
            .map(|cell| {
                if commas && cell.parse::<f64>().is_ok() {
                    cell.replace('.', ",")
                } else {
                    (*cell).to_owned()
                }
            })
            .collect();
        text += &cells(&row);
    }
    text
}

fn study_of(subjects: &str, doses: &str, activity: &str) -> Result<Study, String> {
    let (study, found, sources) = Study::parse(
        "columns",
        &[
            ("README.md", b"Source: made for this test"),
            ("subjects.csv", subjects.as_bytes()),
            ("doses.csv", doses.as_bytes()),
            ("activity.csv", activity.as_bytes()),
        ],
    );
    let shown = || format!("{}\n{subjects}\n{doses}\n{activity}", render(&found, &sources, false));
    if found.is_empty() { study.ok_or_else(shown) } else { Err(shown()) }
}

/// Everything of a study but its lines and its words for columns, numbers as bits.
fn bits(study: &Study) -> String {
    let number = |x: Option<f64>| x.map(f64::to_bits);
    let mut text = format!("{:?}\n", study.subjects());
    for d in study.doses() {
        text += &format!(
            "{} {} {} {} {} {:?} {:?} {:?} {:?}\n",
            d.subject,
            d.cycle,
            d.time_h.to_bits(),
            d.nuclide,
            d.activity_mbq.to_bits(),
            number(d.amount_nmol),
            number(d.duration_h),
            d.into,
            d.note
        );
    }
    for m in study.measurements() {
        text += &format!(
            "{} {} {} {} {} {} {:?} {:?} {:?} {} {}\n",
            m.subject,
            m.cycle,
            m.region,
            m.nuclide,
            m.time_h.to_bits(),
            m.activity_mbq.to_bits(),
            number(m.sd_mbq),
            number(m.volume_ml),
            number(m.mass_g),
            m.below_detection,
            m.decay_correction_undone
        );
    }
    text
}

const DOSE_COLUMNS: [&str; 9] =
    ["subject", "cycle", "time", "nuclide", "activity", "amount", "duration", "into", "note"];
const DOSE_ROWS: [&[&str]; 2] = [
    &["P1", "1", "0", "Lu-177", "7400.5", "100.25", "0.5", "L.plasma", "first"],
    &["P1", "2", "1344.5", "Lu-177", "7300.5", "", "", "", ""],
];
/// With `time` or `time_after_injection` in the fourth place.
const SCAN_COLUMNS: [&str; 11] = [
    "subject",
    "cycle",
    "region",
    "",
    "activity",
    "sd",
    "volume",
    "mass",
    "below_detection",
    "nuclide",
    "note",
];
const SCANS: [(&str, &str, &str, &str); 5] = [
    ("1", "4.25", "4.25", "150.5"),
    ("1", "24.5", "24.5", "105.25"),
    ("1", "96.75", "96.75", "36.5"),
    ("2", "1348.75", "4.25", "140.5"),
    ("2", "1369", "24.5", "99.5"),
];

fn study_with(choices: &[Vec<u64>; 3], after: bool) -> Result<Study, String> {
    let subjects = table(
        "subjects.csv",
        &["subject", "sex", "weight (kg)"],
        &[&["P1", "female", "61.5"]],
        &choices[0],
    );
    let doses = table("doses.csv", &DOSE_COLUMNS, &DOSE_ROWS, &choices[1]);
    let mut used = SCAN_COLUMNS;
    used[3] = if after { "time_after_injection" } else { "time" };
    let rows: Vec<Vec<&str>> = SCANS
        .iter()
        .map(|(cycle, time, after_injection, activity)| {
            let time = if after { after_injection } else { time };
            vec![
                "P1",
                cycle,
                "kidney_left",
                time,
                activity,
                "5.5",
                "150.5",
                "158.25",
                "no",
                "Lu-177",
                "x",
            ]
        })
        .collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    study_of(&subjects, &doses, &table("activity.csv", &used, &rows, &choices[2]))
}

fn choices() -> impl Strategy<Value = [Vec<u64>; 3]> {
    let one = || prop::collection::vec(any::<u64>(), 12);
    (one(), one(), one()).prop_map(|(a, b, c)| [a, b, c])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn prop_other_words_orders_and_spellings_are_the_same_study(chosen in choices(), after in any::<bool>()) {
        // Choices of 0 are the columns' own names with a unit in brackets, in their own order.
        let reference = study_with(&[vec![0; 12], vec![0; 12], vec![0; 12]], false).map_err(TestCaseError::fail)?;
        prop_assert!(reference.read_as().is_empty());
        let study = study_with(&chosen, after).map_err(TestCaseError::fail)?;
        prop_assert_eq!(bits(&study), bits(&reference));
    }

    /// What the reader makes of two moments is the difference of their minutes, rounded once.
    #[test]
    fn exact_hours_between_dates(days in 0_i64..80, minute in 1_i64..1440, start in 1_i64..1440, second in 0_i64..60) {
        let clock = |minute: i64| format!("{:02}:{:02}", minute / 60, minute % 60);
        prop_assume!(days > 0 || minute > start);
        // From 2025-04-01 on, 80 days bring no change of clocks in Europe or North America.
        let lengths = [30, 31, 30];
        let (mut day, mut month) = (1 + days, 4);
        while let Some(length) = lengths.get(month - 4).filter(|length| day > **length) {
            (day, month) = (day - length, month + 1);
        }
        let doses = format!("subject,injection_date,nuclide,activity (MBq)\nP1,2025-04-01 {},Lu-177,7400\n", clock(start));
        let scan = format!("{day:02}.{month:02}.2025 {}:{second:02}", clock(minute));
        let activity = format!("subject,region,scan_date,activity (MBq)\nP1,liver,{scan},1\n");
        let (study, found, sources) = Study::parse("dates", &[
            ("subjects.csv", b"subject\nP1\n"),
            ("doses.csv", doses.as_bytes()),
            ("activity.csv", activity.as_bytes()),
        ]);
        prop_assert!(!has_errors(&found), "{}", render(&found, &sources, false));
        let study = study.expect("no error");
        let found = study.measurements().next().expect("a scan").time_h;
        let seconds = (days * 1440 + minute - start) * 60 + second;
        prop_assert_eq!(found.to_bits(), (seconds as f64 / 3600.0).to_bits());
    }
}

#[test]
fn exact_the_committed_page_is_that_of_the_reader() {
    let committed = include_str!("../../../../docs/study.md");
    assert_eq!(
        committed,
        format!("{}\n", study_page().trim_end()),
        "`cargo xtask schema` writes it"
    );
}

#[test]
fn exact_what_was_understood_is_said() {
    let study = study_of(
        "Patient\nP1\n",
        "Patient,time (h),nuclide,activity (MBq)\nP1,0,Lu-177,7400\n",
        "Subject,ROI,hours p.i.,Activity_MBq\nP1,liver,4,90\nP1,liver,24,60\n",
    )
    .unwrap_or_else(|shown| panic!("{shown}"));
    assert_eq!(
        study.understood().as_deref(),
        Some(
            "subjects.csv: `Patient` read as subject; doses.csv: `Patient` read as subject; activity.csv: `ROI` read as \
             region, `hours p.i.` read as time_after_injection"
        )
    );
}

#[test]
fn exact_hours_of_later_cycles_are_told_from_those_of_the_first() {
    let files = |title: &str| {
        study_of(
            "subject\nP1\n",
            "subject,cycle,time (h),nuclide,activity (MBq)\nP1,1,0,Lu-177,7400\nP1,2,1344,Lu-177,7400\n",
            &format!(
                "subject,cycle,region,{title},activity (MBq)\nP1,2,liver,4,90\nP1,2,liver,24,60\n"
            ),
        )
    };
    let shown = files("time (h)").expect_err("4 h lie before the second injection");
    assert!(shown.contains("call the column `time_after_injection (h)`"), "{shown}");
    for title in ["time_after_injection (h)", "time (h p.i.)", "hours p.i.", "Time p.i. [h]"] {
        let study = files(title).unwrap_or_else(|shown| panic!("{title}: {shown}"));
        let times: Vec<f64> = study.measurements().map(|m| m.time_h).collect();
        assert_eq!(times, [1348.0, 1368.0], "{title}");
    }
}

#[test]
fn exact_hours_before_the_injection_of_a_cycle_are_told_by_its_clock() {
    let shown = study_of(
        "subject\nP1\n",
        "subject,cycle,time (h),nuclide,activity (MBq)\nP1,1,0,Lu-177,7400\nP1,2,1344,Lu-177,7400\n",
        "subject,cycle,region,hours p.i.,activity (MBq)\nP1,2,liver,-4,90\nP1,2,liver,24,60\n",
    )
    .expect_err("no scan lies before its injection");
    assert!(shown.contains("measured at -4 h, before the injection at 0 h"), "{shown}");
    assert!(
        shown.contains("hint: count from the start of the first injection of this cycle"),
        "{shown}"
    );
    assert!(!shown.contains("of all cycles"), "{shown}");
}

/// What is said of a study with these injections and scans, each a date and a cell beside it.
fn dated(injection: [&str; 2], scans: &[[&str; 2]]) -> String {
    let [date, clock] = injection;
    let mut activity = "subject,region,scan_date,scan_time,activity (MBq)\n".to_owned();
    for ([date, clock], value) in scans.iter().zip(["90", "60", "40", "30"]) {
        activity += &format!("P1,liver,{date},{clock},{value}\n");
    }
    let doses = format!(
        "subject,injection_date,injection_time,nuclide,activity (MBq)\nP1,{date},{clock},Lu-177,7400\n"
    );
    study_of("subject\nP1\n", &doses, &activity).err().unwrap_or_default()
}

#[test]
fn exact_each_change_of_the_clocks_is_warned_of_once() {
    let scans = ["2025-03-08", "2025-03-20", "2025-04-02", "2025-04-03"].map(|day| [day, "10:00"]);
    let shown = dated(["2025-03-07", "10:00"], &scans);
    for (region, day, example) in [
        ("North America", "2025-03-09", "`2025-03-20T10:00-04:00`"),
        ("Europe", "2025-03-30", "`2025-04-02T10:00+02:00`"),
    ] {
        let said = format!("clocks are set in {region} on {day},");
        assert_eq!(shown.matches(&said).count(), 1, "{shown}");
        assert!(shown.contains(example), "{shown}");
    }
    assert_eq!(shown.matches("clocks are set").count(), 2, "{shown}");
}

#[test]
fn exact_midnight_is_a_time_where_a_column_says_so() {
    let text = |scan: &str| {
        study_of(
            "subject\nP1\n",
            "subject,injection_date,nuclide,activity (MBq)\nP1,2025-05-06 09:30,Lu-177,7400\n",
            &format!(
                "subject,region,scan_date,activity (MBq)\nP1,liver,{scan},90\nP1,liver,2025-05-08 9:30,60\n"
            ),
        )
    };
    let shown = text("2025-05-07 00:00:00").expect_err("a date alone");
    assert!(shown.contains("`2025-05-07 00:00:00` has no clock time"), "{shown}");
    assert!(shown.contains("for midnight itself, `00:00` in `scan_time`"), "{shown}");
    assert!(text("2025-05-07 00:00:01").is_ok());
    let midnight = [["2025-05-07 00:00:00", "00:00"], ["2025-05-08", "10:00"]];
    assert_eq!(dated(["2025-05-06 00:00:00", "09:30"], &midnight), "");
}

#[test]
fn exact_a_span_of_clock_times_is_refused() {
    let shown = dated(["2025-05-06", "09:30"], &[["2025-05-07", "10:00-10:30"]]);
    assert!(shown.contains("`10:00-10:30` may be two clock times"), "{shown}");
    assert!(shown.contains("write `10:00`"), "{shown}");
}

#[test]
fn exact_all_faults_of_times_are_told_at_once() {
    let (study, found, sources) = Study::parse(
        "faults",
        &[
            ("README.md", b"Source: made for this test"),
            ("subjects.csv", b"Patient;Gender\nP1;m\n"),
            ("doses.csv", b"Patient;Date;Isotope;Dose (MBq)\nP1;06.05.2025 9:30;Lu-177;7400\n"),
            (
                "activity.csv",
                b"Patient;VOI;Date;Time;A (MBq)\nP1;liver;06/05/2025;13:30;90\nP1;liver;2025-05-07;9.30;60,5\nP1;liver;2025-05-32;9:30;-4\nP1;spleen;2025-05-05;9:30;40\n",
            ),
        ],
    );
    assert!(study.is_none());
    let places: Vec<(&str, usize, usize)> = found
        .iter()
        .filter(|d| d.is_error())
        .map(|d| {
            let span = d.labels.iter().find(|l| l.primary).expect("a place").span;
            let (line, column) = sources.line_column(span.source, span.start);
            (d.code, line, column)
        })
        .collect();
    let mut expected = vec![
        (lutetia_data::codes::BAD_DATE, 2, 10),
        (lutetia_data::codes::BAD_DATE, 3, 21),
        (lutetia_data::codes::BAD_DATE, 4, 10),
        (lutetia_data::codes::BAD_ACTIVITY, 4, 26),
        (lutetia_data::codes::BEFORE_INJECTION, 5, 11),
    ];
    expected.sort_unstable();
    let mut found_places = places.clone();
    found_places.sort_unstable();
    assert_eq!(found_places, expected, "{}", render(&found, &sources, false));
}
