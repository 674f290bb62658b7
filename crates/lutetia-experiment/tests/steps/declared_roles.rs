//! Roles and toxicities that a trial takes from the chain of its cohort.

use lutetia_testkit::{Files, heading};

/// A trial of a shipped chain with these keys.
fn experiment(keys: &str) -> String {
    format!(
        r#"{}
[models.chain]
file = "chains/psma-survival"
nuclides = ["Lu-177"]

[[step]]
kind = "cohort"
id = "men"
model = "chain"
patients = 2

[[step]]
kind = "trial"
id = "trial"
cohort = "men"
follow_up = "3 mo"
rtol = 1e-3
{keys}

[[step.arm]]
name = "treated"
patients = 2
doses = [{{ at = "0 d", into = "pk:L.blood", activity = "7.4 GBq" }}]
"#,
        heading(3)
    )
}

/// Every table of the trial, by its name.
fn tables(keys: &str) -> Vec<(String, String)> {
    let text = experiment(keys);
    let files = Files::default();
    let checked = lutetia_experiment::check("experiment.toml", &text, &files);
    let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
    assert!(checked.diagnostics.is_empty(), "{said}");
    let ran = files.run(&text).unwrap_or_else(|e| panic!("{e}"));
    let own = ran.made.tables.iter().filter(|(name, _)| name.starts_with("trial"));
    own.map(|(name, table)| (name.clone(), format!("{:?}", table.rows))).collect()
}

const WRITTEN: &str = r#"death = "survival:cumulative_hazard"
new_lesion = "lesions:cumulative_hazard"
volume = "tumour:scan_mass"
marker = "tumour:mass"
toxicities = [
  { name = "thrombocytopenia", output = "platelets:platelets", ctcae = "platelets" },
  { name = "anaemia", output = "haemoglobin:haemoglobin", ctcae = "haemoglobin" },
  { name = "lymphopenia", output = "lymphocytes:lymphocytes", ctcae = "lymphocytes" },
]"#;

#[test]
fn exact_a_trial_takes_the_roles_of_its_chain_as_if_they_were_written() {
    assert_eq!(tables(""), tables(WRITTEN));
}

/// What the step says wins, and `"none"` and an empty list decline what the chain declares.
#[test]
fn exact_a_trial_may_say_otherwise() {
    let all = tables("");
    let has = |tables: &[(String, String)], words: &str| tables.iter().any(|t| t.1.contains(words));
    assert!(has(&all, "anaemia") && has(&all, "\"OS\""), "{all:?}");
    let less = tables("death = \"none\"\ntoxicities = []");
    assert!(!has(&less, "anaemia") && !has(&less, "\"OS\""), "{less:?}");
    assert!(has(&less, "\"PFS\""), "{less:?}");
    // A role by its own name takes the place of the declared one.
    let other = tables(
        "toxicities = [{ name = \"few\", output = \"platelets.platelets\", ctcae = \"platelets\" }]",
    );
    assert!(has(&other, "few") && !has(&other, "anaemia"), "{other:?}");
}

/// What the step names and the model has not is found before anything runs.
#[test]
fn exact_an_output_that_is_not_there_is_found_in_a_role() {
    let text = experiment("marker = \"tumour.mas\"");
    let checked = lutetia_experiment::check("experiment.toml", &text, &Files::default());
    let said = lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false);
    assert!(said.contains("no output `tumour.mas`"), "{said}");
}
