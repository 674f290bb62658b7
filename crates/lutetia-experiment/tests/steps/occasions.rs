//! Occasions belong to the administrations of the radioligand, whatever else is given.
use std::fmt::Write as _;

use lutetia_experiment::Failure;
use lutetia_testkit::{Files, Ran, heading};

/// `clock` runs on the first occasion only; `varied` integrates what varies between occasions.
const MODEL: &str = r#"
[model]
id = "occ"
title = "A clock that runs on the first occasion only"
units = { time = "d", amount = "nmol", volume = "L" }
LABEL
[patient]
f = { unit = "1", typical = "1" }
[compartments]
c = "1 L"
[parameters]
one = { value = "1 1/d", source = "assumed" }
k = { value = "1 1/d", source = "assumed" }
q = { value = "1 1/d", iov = "50 %", source = "assumed" }
[species]
X = { in = ["c"] }
Y = { in = ["c"] }
[states]
A = { unit = "1", initial = "0" }
B = { unit = "1", initial = "0" }
H = { unit = "1", initial = "0" }
[scheme]
processes = '''
x: X.c -> 0 @ k
y: Y.c -> 0 @ k
clock: 0 => A @ one*f
vary: 0 => B @ q
die: 0 => H @ 0*one
'''
[outputs]
clock = { of = "A", unit = "1" }
varied = { of = "B", unit = "1" }
hazard = { of = "H", unit = "1" }
"#;

const EXPERIMENT: &str = r#"
[models.m]
file = "models/occ.toml"
NUCLIDES
[[step]]
kind = "cohort"
id = "men"
model = "m"
patients = 2
occasions = 3
by_occasion = { f = ["1", "0"] }
[[step]]
kind = "trial"
id = "t"
cohort = "men"
same_patients = true
follow_up = "100 d"
step = "1 d"
death = "hazard"
keep = ["clock", "varied"]
toxicity_window = "100 d"
"#;

/// Runs arms of two patients each.
fn run(labelled: bool, arms: &[(String, String)]) -> Result<Ran, Failure> {
    let (label, nuclides) = if labelled {
        ("label = { on = [\"X\"], decayed = \"cold\" }", "nuclides = [\"Lu-177\"]")
    } else {
        ("", "")
    };
    let mut text = EXPERIMENT.replace("NUCLIDES", nuclides);
    for (name, doses) in arms {
        let _ = write!(text, "[[step.arm]]\nname = \"{name}\"\npatients = 2\ndoses = [{doses}]\n");
    }
    let files = Files::of(&[("models/occ.toml", &MODEL.replace("LABEL", label))]);
    files.run(&format!("{}{text}", heading(1)))
}

fn made(labelled: bool, arms: &[(String, String)]) -> Ran {
    run(labelled, arms).unwrap_or_else(|failure| panic!("{failure}"))
}

/// Cells of a column by arm, in the order of the patients.
fn cells(ran: &Ran, table: &str, column: &str, arm: &str, output: Option<&str>) -> Vec<f64> {
    let rows = ran.table(table);
    let of = rows.iter().filter(|r| &r["arm"] == arm && output.is_none_or(|o| &r["output"] == o));
    of.map(|r| r.number(column)).collect()
}

fn arm(name: &str, doses: &str) -> (String, String) {
    (name.to_owned(), doses.to_owned())
}

const LIGAND: &str = r#"{ into = "X.c", activity = "1 MBq", every = "42 d", cycles = 2 }"#;

/// A drug's doses at any times, before or after the ligand in the list, are on its occasions and begin none.
#[test]
fn prop_partners_never_begin_an_occasion() {
    // A linear congruential generator is random enough for schedules.
    let mut state = 20_240_917_u64;
    let mut below = |n: u64| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % n
    };
    let mut arms = vec![arm("alone", LIGAND)];
    for k in 0..24 {
        let (at, every, cycles) = (below(90), 1 + below(40), 1 + below(6));
        let partner = format!(
            r#"{{ at = "{at} d", into = "Y.c", amount = "1 nmol", every = "{every} d", cycles = {cycles} }}"#
        );
        let doses = match below(3) {
            0 => format!("{partner}, {LIGAND}"),
            1 => format!("{LIGAND}, {partner}"),
            // A part of the ligand's dose that is given cold is not an occasion either.
            _ => format!(
                r#"{LIGAND}, {partner}, {{ at = "20 d", into = "X.c", amount = "1 nmol" }}"#
            ),
        };
        arms.push((format!("with {k}"), doses));
    }
    arms.push(arm(
        "partner alone",
        r#"{ into = "Y.c", amount = "1 nmol", every = "21 d", cycles = 3 }"#,
    ));
    let ran = made(true, &arms);
    let kept = |arm: &str, output: &str| cells(&ran, "t.kept", "value", arm, Some(output));
    let varied = kept("alone", "varied");
    assert!((varied[0] - varied[1]).abs() > 1e-3, "the patients differ");
    for (name, _) in &arms[..arms.len() - 1] {
        for clock in kept(name, "clock") {
            // 42 d × 1; tables show six digits.
            assert!((clock - 42.0).abs() < 1e-3, "{name}: {clock}");
        }
        for (a, b) in kept(name, "varied").iter().zip(&varied) {
            // The same η and κ; the integrator stops at other times, at a relative tolerance of 1e-5.
            assert!((a / b - 1.0).abs() < 1e-4, "{name}: {a} {b}");
        }
        assert_eq!(cells(&ran, "t.responses", "cycles", name, None), [2.0, 2.0], "{name}");
    }
    // Without a ligand there is one occasion.
    assert!(kept("partner alone", "clock").iter().all(|c| (c - 100.0).abs() < 1e-3));
    assert_eq!(cells(&ran, "t.responses", "cycles", "partner alone", None), [0.0, 0.0]);
}

/// In a model without anything labelled, the first entry says what the ligand is.
#[test]
fn exact_the_first_entry_is_the_ligand_where_nothing_is_labelled() {
    let ligand = r#"{ into = "X.c", amount = "1 nmol", every = "42 d", cycles = 2 }"#;
    let partner = r#"{ into = "Y.c", amount = "1 nmol", every = "21 d", cycles = 3 }"#;
    let arms = [arm("alone", ligand), arm("both", &format!("{ligand}, {partner}"))];
    let ran = made(false, &arms);
    for name in ["alone", "both"] {
        let clock = cells(&ran, "t.kept", "value", name, Some("clock"));
        assert!(clock.iter().all(|c| (c - 42.0).abs() < 1e-3), "{name}: {clock:?}");
        assert_eq!(cells(&ran, "t.responses", "cycles", name, None), [2.0, 2.0]);
    }
}

/// Parts of a split dose are one occasion; entries that follow each other go on.
#[test]
fn exact_split_doses_are_one_occasion() {
    let split = r#"{ into = "X.c", activity = "1 MBq", every = "42 d", cycles = 2, cycle = 1 },
        { at = "7 d", into = "X.c", activity = "1 MBq", every = "42 d", cycles = 2, cycle = 1 }"#;
    let together =
        format!(r#"{LIGAND}, {{ into = "X.c", activity = "2 MBq", every = "42 d", cycles = 2 }}"#);
    let after = r#"{ into = "X.c", activity = "1 MBq" },
        { at = "42 d", into = "X.c", activity = "2 MBq", every = "21 d", cycles = 2 }"#;
    let earlier = r#"{ at = "43 d", into = "X.c", activity = "1 MBq", cycle = 2 },
        { at = "42 d", into = "X.c", amount = "5 nmol", cycle = 2 }, { into = "X.c", activity = "1 MBq", cycle = 1 }"#;
    let arms = [
        arm("split", split),
        arm("together", &together),
        arm("after", after),
        arm("earlier", earlier),
    ];
    let ran = made(true, &arms);
    for (name, cycles) in [("split", 2.0), ("together", 2.0), ("after", 3.0), ("earlier", 2.0)] {
        let clock = cells(&ran, "t.kept", "value", name, Some("clock"));
        assert!(clock.iter().all(|c| (c - 42.0).abs() < 1e-3), "{name}: {clock:?}");
        assert_eq!(cells(&ran, "t.responses", "cycles", name, None), [cycles; 2], "{name}");
    }
}

#[test]
fn exact_an_activity_without_its_occasion_is_refused() {
    let refused = |doses: &str| {
        run(true, &[arm("a", doses)]).expect_err("what is given is not clear").to_string()
    };
    let two = format!(r#"{LIGAND}, {{ at = "7 d", into = "X.c", activity = "1 MBq" }}"#);
    let said = refused(&two);
    assert!(said.contains("at 7 d") && said.contains("`cycle = 1`"), "{said}");
    assert!(said.contains("`cycle = 2`"), "{said}");
    // Interleaved: each of them could be the further part or an occasion of its own.
    let twice = format!(
        r#"{LIGAND}, {{ at = "7 d", into = "X.c", activity = "1 MBq", every = "42 d", cycles = 2 }}"#
    );
    assert!(refused(&twice).contains("does not say on which occasion"));
    let gap = r#"{ into = "X.c", activity = "1 MBq", cycle = 1 }, { at = "9 d", into = "X.c", activity = "1 MBq", cycle = 3 }"#;
    assert!(refused(gap).contains("none of 2"));
    let back = r#"{ into = "X.c", activity = "1 MBq", cycle = 2 }, { at = "9 d", into = "X.c", activity = "1 MBq", cycle = 1 }"#;
    assert!(refused(back).contains("in order of time"));
    assert!(refused(r#"{ into = "X.c", activity = "1 MBq", cycle = 0 }"#).contains("`cycle = 0`"));
}
