//! Nothing a file can contain makes the reader panic, and an error is what keeps a study away.

use std::collections::BTreeMap;

use lutetia_data::{Covariate, CurveAsked, Judge, MeasuredCurve, PatientTable, Refused, Study};
use lutetia_diagnostic::{has_errors, render, render_json};
use lutetia_units::{Dimension, Unit};
use proptest::prelude::*;

const SUBJECTS: &[u8] = include_bytes!("../good/plain/subjects.csv");
const DOSES: &[u8] = include_bytes!("../good/plain/doses.csv");
const ACTIVITY: &[u8] = include_bytes!("../good/plain/activity.csv");

const DATED: [&[u8]; 3] = [
    include_bytes!("../good/dates/subjects.csv"),
    include_bytes!("../good/dates/doses.csv"),
    include_bytes!("../good/dates/activity.csv"),
];

fn mutated(original: &[u8], changes: &[(usize, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for (at, kind, piece) in changes {
        let at = at % (bytes.len() + 1);
        match kind % 4 {
            0 => {
                bytes.splice(at..at, piece.iter().copied());
            }
            1 => bytes.truncate(at),
            2 => {
                let end = (at + piece.len()).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                for (b, p) in bytes[at..].iter_mut().zip(piece) {
                    *b = *p;
                }
            }
        }
    }
    bytes
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..12),
        prop::sample::select(vec![
            ",",
            ";",
            "\"",
            "\n",
            "\r",
            "(",
            ")",
            "1e308",
            "-1",
            "NaN",
            "µ",
            "<",
            "Gy/h",
            "P1",
            "\u{feff}",
            "subject",
            "1,5",
            "unit",
            "%",
            "[",
            "yes",
            "65536",
            "\0",
            "(%)",
            "03/04/2025",
            ":",
            "2025-05-06 ",
            "T",
            "+02:00",
            "Z",
            "20250506",
            "PM",
            "May",
            "date",
            "time",
            "p.i.",
            "(hh:mm)",
            "(dd/mm/yyyy)",
            "45783",
            "1.234",
            "_h",
            " in ",
            "/",
            "€",
            "9999",
            "\u{212a}",
            "İ",
        ])
        .prop_map(|s| s.as_bytes().to_vec()),
    ]
}

fn changes() -> impl Strategy<Value = Vec<(usize, u8, Vec<u8>)>> {
    prop::collection::vec((any::<usize>(), any::<u8>(), piece()), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn prop_mutated_files_never_panic(s in changes(), d in changes(), a in changes()) {
        check([mutated(SUBJECTS, &s), mutated(DOSES, &d), mutated(ACTIVITY, &a)])?;
    }

    #[test]
    fn prop_mutated_files_with_dates_never_panic(s in changes(), d in changes(), a in changes()) {
        check([mutated(DATED[0], &s), mutated(DATED[1], &d), mutated(DATED[2], &a)])?;
    }
}

/// Takes every column and value but those of a title that nothing is called.
struct Any;

struct NoName;

impl std::fmt::Display for NoName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no name")
    }
}

impl Refused for NoName {
    fn code(&self) -> lutetia_diagnostic::Code {
        lutetia_data::codes::UNKNOWN_COLUMN
    }

    fn hint(&self) -> String {
        "name it".to_owned()
    }
}

impl Judge for Any {
    type Refusal = NoName;

    fn column(&self, name: &str, _: Option<&Unit>) -> Result<(), NoName> {
        if name.is_empty() { Err(NoName) } else { Ok(()) }
    }

    fn cell(&self, _: &str, _: &Covariate) -> Result<(), NoName> {
        Ok(())
    }

    fn row(&self, _: &BTreeMap<String, Covariate>) -> Result<(), NoName> {
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn prop_mutated_curves_never_panic(c in changes()) {
        let text = mutated(b"time (min);C_P (kBq/mL);note\n0;0;a\n0,5;80,25;\n30;4;b\n", &c);
        let dimension = Unit::parse("kBq/mL").map_or(Dimension::NONE, |unit| unit.dimension());
        let asked =
            CurveAsked { name: "C_P", value: None, dimension, unit: "kBq/mL", range: None };
        let (curve, diagnostics, sources) = MeasuredCurve::parse(("c.csv", &text), &asked);
        prop_assert_eq!(curve.is_none(), has_errors(&diagnostics));
        prop_assert!(!render_json(&diagnostics, &sources).is_empty());
        if let Some(curve) = curve {
            prop_assert!(curve.times_h.windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(curve.values.iter().all(|y| y.is_finite()));
        }
    }

    #[test]
    fn prop_mutated_patients_never_panic(s in changes(), d in changes()) {
        let (patients, doses) = (mutated(SUBJECTS, &s), mutated(DOSES, &d));
        let given = Some(("doses.csv", &doses[..]));
        let (table, diagnostics, sources) =
            PatientTable::parse(("patients.csv", &patients), given, &Any);
        prop_assert_eq!(table.is_none(), has_errors(&diagnostics));
        prop_assert!(!render_json(&diagnostics, &sources).is_empty());
    }
}

fn check([s, d, a]: [Vec<u8>; 3]) -> Result<(), TestCaseError> {
    let (study, diagnostics, sources) =
        Study::parse("mutated", &[("subjects.csv", &s), ("doses.csv", &d), ("activity.csv", &a)]);
    prop_assert_eq!(study.is_none(), has_errors(&diagnostics));
    prop_assert!(!render(&diagnostics, &sources, false).is_empty());
    prop_assert!(!render_json(&diagnostics, &sources).is_empty());
    if let Some(study) = study {
        for dose in study.doses() {
            prop_assert!(dose.time_h.is_finite() && dose.time_h >= 0.0);
        }
        for m in study.measurements() {
            prop_assert!(m.time_h.is_finite() && m.activity_mbq.is_finite());
            prop_assert!(m.activity_mbq >= 0.0);
            prop_assert!(m.sd_mbq.is_none_or(|sd| sd > 0.0 && sd.is_finite()));
            prop_assert!(study.curve(m.subject, m.cycle, m.region).is_some());
        }
    }
    Ok(())
}
