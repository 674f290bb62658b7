//! The combination step on models whose combined effect is known.

use lutetia_testkit::{Files, Rows, heading, said};

/// Something that is given and goes away with a half-life of a day.
const SOURCE: &str = r#"
[model]
id = "source"
title = "what drives a tumour"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
c = "1 L"
[parameters]
k = "0.0288811 1/h"
per_rate = "1 Gy/h/nmol"
per_kill = "1 1/h/nmol"
[species]
X = { in = ["c"] }
[scheme]
processes = '''
fall: X.c -> 0 @ k
'''
[outputs]
rate = { of = "per_rate*X.c", unit = "Gy/h" }
kill = { of = "per_kill*X.c", unit = "1/h" }
"#;

const MODELS: &str = r#"
[models.both]
parts = [
  { name = "a", file = "source.toml" },
  { name = "b", file = "source.toml" },
  { name = "tumour", file = "models/tumour/growth-kill-clinical-effective.toml" },
]
connect = [
  { from = "a.rate", to = "tumour.dose_rate" },
  { from = "b.kill", to = "tumour.kill_rate" },
]
"#;

const STEP: &str = r#"
[[step]]
kind = "combination"
id = "out"
model = "both"
response = "tumour:ratio"
at = "60 d"
set = { "tumour:f_negative" = "1e-9" }
last = ["tumour:dose"]
[step.a]
name = "A"
doses = [{ into = "a:X.c", amount = "1 nmol", every = "10 d", cycles = 3 }]
[step.b]
name = "B"
doses = [{ into = "b:X.c", amount = "0.01 nmol", at = "5 d" }]
"#;

/// Runs an experiment; gives one of its tables, or why it failed.
fn table(experiment: &str, name: &str) -> Result<Rows, String> {
    let files = Files::of(&[("source.toml", SOURCE)]);
    let ran = files.run(&format!("{}{MODELS}{experiment}", heading(1)));
    ran.map(|ran| ran.table(name)).map_err(|failure| said(&failure))
}

/// Dose rate and drug kill at rates that add up, and growth is exponential: shares multiply.
#[test]
fn exact_independent_kill_is_bliss() {
    let rows = table(STEP, "out").expect("it runs");
    let row = &rows[0];
    // exp(-alpha D) with D = 3 doses x 1 Gy/h over a mean life of 34.625 h, and exp(-.34625); six digits
    // are printed and the integration is good to 1e-5.
    let (a, b) = ((-0.0172 * 3.0 * 34.6247_f64).exp(), (-0.01 * 34.6247_f64).exp());
    for (column, expected) in
        [("a", a), ("b", b), ("both", a * b), ("bliss", a * b), ("hsa", a.min(b))]
    {
        let found = row.number(column);
        assert!((found / expected - 1.0).abs() < 1e-4, "{column}: {found}, expected {expected}");
    }
    assert!(row.number("excess_bliss").abs() < 1e-5 && row.number("synergy").abs() < 1e-4);
    assert!((row.number("excess_hsa") - (a * b - a.min(b))).abs() < 1e-4);
    let untreated = (4.08e-4_f64 * 1440.0).exp();
    assert!((row.number("untreated") / untreated - 1.0).abs() < 1e-4);
}

/// A treatment of no effect: the combination and both null models are the other one.
#[test]
fn exact_bliss_with_a_treatment_of_no_effect_is_the_other_one() {
    let none = STEP.replace("b:X.c", "a:X.c").replace("0.01 nmol", "1e-12 nmol");
    let row = &table(&none, "out").expect("it runs")[0];
    let a = row.number("a");
    for column in ["both", "bliss", "hsa"] {
        assert!((row.number(column) / a - 1.0).abs() < 1e-5, "{column}");
    }
}

/// Two doses of the same thing are additive by Loewe.
#[test]
fn exact_a_treatment_with_itself_is_loewe() {
    let same = STEP
        .replace("b:X.c", "a:X.c")
        .replace("0.01 nmol", "2 nmol")
        .replace("last = ", "levels = [[0, 0.5, 1], [0, 0.5, 1]]\nlast = ");
    let rows = table(&same, "out.grid").expect("it runs");
    assert_eq!(rows.len(), 27);
    for row in rows.iter().filter(|r| &r["panel"] == "Loewe") {
        // The dose-response is read from 41 points by straight lines: (1/10)^2/8 of a curvature below 3.
        assert!(row.number("excess").abs() < 4e-3, "{row:?}");
    }
    // Bliss expects the same here, as kill is exponential in dose.
    for row in rows.iter().filter(|r| &r["panel"] == "Bliss") {
        assert!(row.number("excess").abs() < 1e-4, "{row:?}");
    }
}

/// Virtual patients: neither treatment leaves progression earlier than without, and the table has the
/// two null models.
#[test]
fn prop_cohorts_have_their_null_models() {
    let cohort = STEP.replace("last = ", "until = \"2 y\"\ncohort = { patients = 60 }\nlast = ");
    let rows = table(&cohort, "out.cohort").expect("it runs");
    let mean: Vec<f64> = rows.numbers("mean_until_end");
    assert_eq!(rows.len(), 6);
    assert!(mean[1] >= mean[0] && mean[2] >= mean[0] && mean[3] >= mean[1].max(mean[2]));
    // Independent action is at least the better arm; correlation takes some of it away.
    assert!(mean[4] >= mean[1].max(mean[2]) && mean[5] <= mean[4], "{mean:?}");
}

#[test]
fn exact_faulty_combinations_are_refused_with_their_reason() {
    let cases = [
        (STEP.replace("tumour:ratio", "tumour:mass"), "expected an output without unit"),
        (STEP.replace("tumour:ratio", "tumour:ratios"), "did you mean `tumour:ratio`"),
        (STEP.replace("every = \"10 d\", ", ""), "needs `every`"),
        (STEP.replace("last = ", "levels = [[], [1]]\nlast = "), "`levels` needs"),
        (STEP.replace("last = ", "levels = [[-1], [1]]\nlast = "), "`levels` needs"),
        (STEP.replace("last = ", "cohort = { patients = 3 }\nlast = "), "expected 10 to"),
        (
            STEP.replace("last = ", "cohort = { patients = 30, scans = \"0 d\" }\nlast = "),
            "expected a time above 0",
        ),
        (STEP.replace("\"b:X.c\"", "\"drug:X.c\""), "is not a pool of the model"),
    ];
    for (experiment, reason) in cases {
        let error = table(&experiment, "out").expect_err(reason);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}
