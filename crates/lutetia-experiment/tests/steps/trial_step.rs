//! Steps of virtual trials: patients weighted to margins, crossover that depends on the patient.
use lutetia_experiment::Failure;
use lutetia_testkit::{Files, Ran, heading};

const MODEL: &str = r#"
[model]
id    = "hazard"
title = "A hazard that follows a growing tumour, which a drug shrinks"
units = { time = "d", amount = "nmol", volume = "L" }

[compartments]
body = { volume = "10 L", source = "assumed" }

[parameters]
one = { value = "1 g", fixed = true, source = "assumed" }
k_out  = { value = "0.05 1/d", source = "assumed" }
k_grow = { value = "0.006 1/d", iiv = "60 %", source = "assumed" }
k_kill = { value = "0.0004 1/nmol/d", source = "assumed" }
h0     = { value = "0.001 1/d", iiv = "30 %", source = "assumed" }

[species]
D = { in = ["body"] }

[states]
M = { unit = "1", initial = "1" }
H = { unit = "1", initial = "0" }

[scheme]
processes = '''
out:  D.body -> 0 @ k_out
grow: 0 => M @ k_grow*M
kill: M => 0 @ k_kill*D.body*M
die:  0 => H @ h0*M
'''

[outputs]
size   = { of = "one*M", unit = "g" }
hazard = { of = "H", unit = "1" }
"#;

const EXPERIMENT: &str = r#"
[models.hazard]
file = "models/hazard.toml"

[[step]]
kind = "cohort"
id = "all"
model = "hazard"
patients = 500
margins = [{ of = "k_grow", below = "0.006 1/d", share = 0.3 }]

[[step]]
kind = "trial"
id = "trial"
cohort = "all"
weights = true
same_patients = true
follow_up = "36 mo"
death = "hazard"
volume = "size"

[[step.arm]]
name = "control"
patients = 400
crossover = { to = "drug", share = 0.5, delay = "14 d", depends = [
  { on = "size", log = true, coefficient = 1.5, reference = "1.5 g" },
  { on = "k_grow", coefficient = -10, reference = "0.006 1/d" },
  { on = "time", coefficient = 0.05, reference = "6 mo" },
] }

[[step.arm]]
name = "drug"
patients = 400
stop_at_progression = true
doses = [{ into = "D.body", amount = "30 nmol", every = "28 d", cycles = 6 }]
"#;

fn run(experiment: &str) -> Result<Ran, Failure> {
    let files = Files::of(&[("models/hazard.toml", MODEL)]);
    files.run(&format!("{}{experiment}", heading(3)))
}

#[test]
fn exact_a_weighted_trial_has_its_margins_and_shows_every_method() {
    let ran = run(EXPERIMENT).unwrap_or_else(|failure| panic!("{failure}"));
    let margins = ran.table("trial.margins");
    assert_eq!(margins.len(), 2, "one for each arm");
    for row in &margins {
        assert!((row.number("published") - 0.3).abs() < 1e-12);
        // Four standard errors of a share of 400.
        assert!((row.number("trial") - 0.3).abs() < 4.0 * (0.21_f64 / 400.0).sqrt(), "{row:?}");
        let pool = row.number("effective_pool");
        assert!(pool > 250.0 && pool < 500.0, "{row:?}");
    }
    // The same patients in both arms.
    assert_eq!(&margins[0]["trial"], &margins[1]["trial"]);
    let methods = ran.table("trial.crossover");
    assert_eq!(methods.len(), 5);
    for row in &methods {
        let ratio = row.number("hazard_ratio");
        assert!(row.number("low") < ratio && ratio < row.number("high"), "{row:?}");
    }
    let weighted = methods.row("method", "inverse probability of censoring weights");
    assert!(weighted.number("hazard_ratio") > 0.0, "{weighted:?}");
    let shares = ran.table("trial.shares");
    let crossed: Vec<_> = shares.iter().filter(|r| &r["what"] == "crossed over").collect();
    assert_eq!(crossed.len(), 1, "only where an arm crosses over");
    let share = crossed[0].number("share");
    assert!(share > 20.0 && share < 90.0, "{share}");
}

#[test]
fn exact_what_weights_and_dependences_cannot_be_is_said() {
    let refused = |from: &str, to: &str| match run(&EXPERIMENT.replace(from, to)) {
        Err(Failure::Step { reason, .. }) => reason.to_string(),
        other => panic!("{other:?}"),
    };
    let margins = "margins = [{ of = \"k_grow\", below = \"0.006 1/d\", share = 0.3 }]";
    let said = refused(margins, "");
    assert!(said.contains("`weights = true` needs `margins`"), "{said}");
    let said = refused("share = 0.3 }]", "share = 1.3 }]");
    assert!(said.contains("its target is 1.3"), "{said}");
    let said = refused("on = \"size\"", "on = \"siez\"");
    assert!(said.contains("did you mean `size`"), "{said}");
    let said = refused("reference = \"1.5 g\"", "reference = \"0 g\"");
    assert!(said.contains("its logarithm is taken"), "{said}");
    let said = refused("reference = \"6 mo\"", "reference = \"6 kg\"");
    assert!(said.contains("reference of `time`"), "{said}");
}
