//! Doses written as `doses.csv` are read as the same doses.

use lutetia_data::{DoseRow, RowKind, Study};
use proptest::option::of;
use proptest::prelude::*;

fn row() -> impl Strategy<Value = DoseRow> {
    // A table shows twelve digits; what has no more is read back as it was.
    let short = |x: f64| (x * 1e4).round() / 1e4;
    (
        (1_u16..9, 0.0..5000.0_f64, 1e-3..2e4_f64),
        (of(1e3..1e6_f64), of(0.0..48.0_f64)),
        (of("L\\.[a-z]{1,8}"), of("[a-z][a-z \",;]{0,12}[a-z]")),
        (prop::sample::select(RowKind::ALL.to_vec()), 0.5..100.0_f64),
    )
        .prop_map(
            move |(
                (cycle, time_h, activity_mbq),
                (amount_nmol, duration_h),
                (into, note),
                (kind, every),
            )| {
                DoseRow {
                    subject: "P, 1".to_owned(),
                    cycle,
                    time_h: short(time_h),
                    nuclide: "Lu-177".to_owned(),
                    activity_mbq: short(activity_mbq).max(1e-3),
                    amount_nmol: amount_nmol.map(short),
                    duration_h: duration_h.map(short),
                    kind,
                    every_h: kind.is_steady().then_some(short(every)),
                    into,
                    note,
                    line: 0,
                }
            },
        )
}

proptest! {
    #[test]
    fn prop_what_is_written_is_read_back(rows in prop::collection::vec(row(), 1..6)) {
        let table = DoseRow::table(&rows);
        // One measurement of the first cycle, so that there is a study.
        let first = &rows[0];
        let activity = format!(
            "subject,cycle,region,time (h),activity (MBq)\n\"P, 1\",{},liver,{},{}\n",
            first.cycle,
            5000.0 + first.time_h,
            1e-9 * first.activity_mbq
        );
        let (study, faults, _) = Study::parse("written", &[
            ("README.md", b"source: invented"),
            ("subjects.csv", b"subject\n\"P, 1\"\n"),
            ("doses.csv", table.as_bytes()),
            ("activity.csv", activity.as_bytes()),
        ]);
        let study = study.ok_or_else(|| TestCaseError::fail(format!("{table}\n{faults:#?}")))?;
        let read: Vec<DoseRow> =
            study.doses().iter().map(|row| DoseRow { line: 0, ..row.clone() }).collect();
        prop_assert_eq!(read, rows);
    }
}

fn parsed(doses: &str) -> (Option<Study>, String) {
    let (study, faults, _) = Study::parse(
        "written",
        &[
            ("README.md", b"source: invented"),
            ("subjects.csv", b"subject\nP1\n"),
            ("doses.csv", doses.as_bytes()),
            ("activity.csv", b"subject,cycle,region,time (h),activity (MBq)\nP1,1,liver,24,50\n"),
        ],
    );
    (study, format!("{faults:?}"))
}

/// Four injections in one row are four rows, each in the next cycle.
#[test]
fn exact_a_repeated_injection_is_as_many_rows() {
    let short = "subject,cycle,time (h),nuclide,activity (MBq),every (week),number,duration (h)\nP1,1,0,Lu-177,7400,6,4,0.5\n";
    let mut long = "subject,cycle,time (h),nuclide,activity (MBq),duration (h)\n".to_owned();
    for k in 0..4 {
        long.push_str(&format!("P1,{},{},Lu-177,7400,0.5\n", k + 1, 1008 * k));
    }
    let rows = |text: &str| -> Vec<DoseRow> {
        let (study, faults) = parsed(text);
        let study = study.unwrap_or_else(|| panic!("{faults}"));
        study.doses().iter().map(|row| DoseRow { line: 0, ..row.clone() }).collect()
    };
    assert_eq!(rows(short), rows(&long));
    assert_eq!(rows(&short.replace(",6,4,", ",,,")).len(), 1);
}

#[test]
fn exact_an_interval_and_a_number_go_together() {
    let row = |every: &str, number: &str| {
        format!(
            "subject,time (h),nuclide,activity (MBq),every (h),number\nP1,0,Lu-177,7400,{every},{number}\n"
        )
    };
    for (every, number, words) in [
        ("1008", "", "has no `number`"),
        ("", "4", "have no interval"),
        ("1008", "0", "a whole number from 1"),
        ("1008", "2.5", "a whole number from 1"),
        ("0", "4", "must be positive"),
        ("-3", "4", "must be positive"),
    ] {
        let (study, faults) = parsed(&row(every, number));
        assert!(study.is_none(), "{every}, {number}");
        assert!(faults.contains(words) && faults.contains("LUT3027"), "{faults}");
    }
}

/// Words and the numbers of NONMEM mean the same; repetitions of a steady dose are added.
#[test]
fn exact_kinds_of_doses_are_read() {
    let row = |kind: &str, every: &str, number: &str| {
        format!(
            "subject,time (h),nuclide,activity (MBq),every (h),number,SS\nP1,0,Lu-177,7400,{every},{number},{kind}\n"
        )
    };
    let read = |text: &str| -> Vec<(RowKind, Option<f64>, f64)> {
        let (study, faults) = parsed(text);
        let study = study.unwrap_or_else(|| panic!("{faults}"));
        study.doses().iter().map(|d| (d.kind, d.every_h, d.time_h)).collect()
    };
    for (cell, kind, every) in [
        ("", RowKind::Add, None),
        ("0", RowKind::Add, None),
        ("add", RowKind::Add, None),
        ("reset", RowKind::Reset, None),
        ("1", RowKind::Steady, Some(12.0)),
        ("Steady", RowKind::Steady, Some(12.0)),
        ("2", RowKind::AddSteady, Some(12.0)),
        ("add_steady", RowKind::AddSteady, Some(12.0)),
    ] {
        let text = row(cell, every.map_or("", |_| "12"), "");
        assert_eq!(read(&text), [(kind, every, 0.0)], "{cell}");
    }
    let (steady, added) = (RowKind::Steady, RowKind::Add);
    assert_eq!(
        read(&row("1", "12", "3")),
        [(steady, Some(12.0), 0.0), (added, None, 12.0), (added, None, 24.0)]
    );
    for (kind, every, words) in [
        ("3", "", "`kind` is `3`"),
        ("stedy", "12", "`kind` is `stedy`"),
        ("1", "", "a `steady` dose has no interval"),
        ("2", "", "a `add-steady` dose has no interval"),
    ] {
        let (study, faults) = parsed(&row(kind, every, ""));
        assert!(study.is_none() && faults.contains(words), "{kind}: {faults}");
    }
}
