//! Trials, partners and trade-offs that cannot be, as a user meets them: the message, or the right result.
#![allow(missing_docs)]

use std::{fs, path::Path};

use lutetia_testkit::Rows;

use crate::common::run;

/// A patient whose hazard of death follows a growing tumour that a drug slows, and an organ that gets a dose.
const MODEL: &str = r#"
[model]
id = "patient"
title = "A tumour, a hazard and an organ"
units = { time = "d", amount = "nmol", volume = "L" }
[compartments]
c = "1 L"
[parameters]
gram = { value = "1 g", fixed = true, source = "assumed" }
k_grow = { value = "0.004 1/d", iiv = "60 %", source = "assumed" }
h0     = { value = "0.001 1/d", iiv = "30 %", source = "assumed" }
spared = { value = "0.5 1/nmol", source = "assumed" }
per    = { value = "10 Gy/nmol", source = "assumed" }
[species]
X = { in = ["c"] }
[states]
M = { unit = "1", initial = "1" }
H = { unit = "1", initial = "0" }
[scheme]
processes = '''
grow: 0 => M @ k_grow*M/(1 + spared*X.c)
die:  0 => H @ HAZARD
'''
[outputs]
size   = { of = "gram*M", unit = "g" }
hazard = { of = "H", unit = "1" }
dose   = { of = "per*X.c", unit = "Gy" }
"#;

const EXPERIMENT: &str = r#"
[experiment]
title = "t"
question = "q"
seed = 1
objective = "o"
method = "m"
result = "r"
disagreement = "d"
[models.m]
file = "patient.toml"
[[step]]
kind = "cohort"
id = "men"
model = "m"
patients = 60
[[step]]
kind = "trial"
id = "base"
cohort = "men"
follow_up = "900 d"
accrual = "300 d"
death = "hazard"
volume = "size"
keep = ["dose"]
[[step.arm]]
name = "watched"
patients = 60
[[step.arm]]
name = "treated"
patients = 60
doses = [{ into = "X.c", amount = "1 nmol" }]
"#;

const TRADE_OFF: &str = r#"
[[step]]
kind = "trade-off"
id = "front"
trial = "base"
patients = 20
benefit = "alive"
horizon = "12 mo"
harm_above = { dose = "15 Gy" }
weights = { benefit = 0.5, harm = 0.5 }
reference = "none"
samples = 100
regimen = [
  { name = "none", doses = [] },
  { name = "one", doses = [{ into = "X.c", amount = "1 nmol" }] },
]
"#;

/// Writes an experiment with its model and makes its report: exit code, and what was said.
fn report(model: &str, experiment: &str) -> (tempfile::TempDir, Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let root = folder.path();
    fs::create_dir_all(root.join("reports/01_bad")).expect("a folder");
    fs::write(root.join("patient.toml"), model).expect("a file");
    fs::write(root.join("partner.toml"), PARTNER).expect("a file");
    fs::write(root.join("reports/01_bad/experiment.toml"), experiment).expect("a file");
    let ran = run(root, &["report", "01"]);
    (folder, ran.code, ran.stdout + &ran.stderr)
}

fn usual() -> String {
    MODEL.replace("HAZARD", "h0*M")
}

fn table(root: &Path, name: &str) -> Rows {
    let path = root.join(format!("reports/01_bad/tables/{name}.csv"));
    Rows::read(&fs::read_to_string(path).unwrap_or_else(|e| panic!("{name}: {e}")))
}

fn refused(model: &str, experiment: &str, parts: &[&str]) {
    let (_folder, code, said) = report(model, experiment);
    // A file was read and has faults.
    assert_eq!(code, Some(65), "{said}");
    for part in parts {
        assert!(said.contains(part), "`{part}` is not in: {said}");
    }
}

#[test]
fn exact_an_arm_of_nobody_is_refused() {
    let nobody = EXPERIMENT.replace("\"watched\"\npatients = 60", "\"watched\"\npatients = 0");
    assert_ne!(nobody, EXPERIMENT);
    refused(
        &usual(),
        &nobody,
        &["the number of patients of the arm `watched` is 0; expected at least one patient"],
    );
}

/// Nobody of the trial can be simulated: it says so, with the reason of the first, and writes nothing.
#[test]
fn exact_a_hazard_that_overflows_is_told() {
    let model = MODEL.replace("HAZARD", "h0*exp(1e6*M)");
    let (folder, code, said) = report(&model, EXPERIMENT);
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("none of 120 patients could be simulated; the first: "), "{said}");
    assert!(said.contains("the rate of change of `H` is not a finite number"), "{said}");
    assert!(said.contains("an overflow") && said.contains("h0 = "), "{said}");
    assert!(!folder.path().join("reports/01_bad/tables").exists());
}

/// Without a hazard nobody dies: the curve stays at one and the hazard ratio has a reason instead of a number.
#[test]
fn exact_a_trial_in_which_all_are_censored() {
    let (folder, code, said) = report(&MODEL.replace("HAZARD", "0*h0*M"), EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    let arms = table(folder.path(), "base");
    let survival: Vec<_> = arms.iter().filter(|r| &r["endpoint"] == "OS").collect();
    assert_eq!(survival.len(), 2);
    for row in survival {
        assert_eq!(&row["events"], "0");
        assert_eq!(&row["median"], "");
        assert_eq!(&row["at_12_mo"], "1");
    }
    let ratios = table(folder.path(), "base.ratios");
    let row = ratios.iter().find(|r| r.name() == "OS").expect("a row");
    assert_eq!(&row["hazard_ratio"], "");
    assert!(row["note"].contains("all 120 times are censored"), "{row:?}");
}

/// Follow-up ends between two scans: who has not progressed is censored at the last scan, not at the end, and
/// the interval of the event is open from there.
#[test]
fn exact_censoring_after_the_last_visit_is_at_the_last_visit() {
    let slow = usual().replace("value = \"0.004 1/d\"", "value = \"0.0002 1/d\"");
    let (folder, code, said) = report(&slow, EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    let events = table(folder.path(), "base.events");
    let mut censored = 0;
    for row in events.iter().filter(|r| &r["endpoint"] == "PFS") {
        if &row["event"] == "0" {
            censored += 1;
            let days = 30.4375 * row.number("time");
            // Scans are every 56 d; the table has six digits.
            let scans = days / 56.0;
            assert!((scans - scans.round()).abs() < 1e-4, "{days} d");
            assert_eq!(row["left"], row["time"]);
            assert_eq!(&row["right"], "");
        }
    }
    assert!(censored > 10, "{censored}");
}

#[test]
fn exact_weights_that_do_not_sum_to_one_are_refused() {
    let weights = TRADE_OFF.replace("harm = 0.5 }", "harm = 0.4 }");
    refused(
        &usual(),
        &format!("{EXPERIMENT}{weights}"),
        &["the weights of benefit 0.5 and of harm 0.4 add to 0.9, expected 1", "0.5556 and 0.4444"],
    );
}

/// The dose of the organ is 10 Gy per nmol and no regimen may be below 0.5 nmol: the limit of 2 Gy binds, and is named
/// with the least that can be reached; the share of harmed patients does not.
#[test]
fn exact_limits_that_no_regimen_meets_name_the_one_that_binds() {
    let search = "propose = { from = \"one\", amount = [\"0.5 nmol\", \"3 nmol\"], harm = \"100 %\", limits = { dose = \"2 Gy\" }, patients = 5, points = 6, rounds = 2 }\nregimen = [";
    let wanted = TRADE_OFF.replace("regimen = [", search);
    let (folder, code, said) = report(&usual(), &format!("{EXPERIMENT}{wanted}"));
    assert_eq!(code, Some(0), "{said}");
    let proposal = table(folder.path(), "front.proposal");
    let note = &proposal.row("what", "outcome")["note"];
    assert!(
        note.contains("no regimen within the bounds meets the limits: `dose (Gy)` cannot be below"),
        "{note}"
    );
    assert!(note.contains("may be 2.0000 at most") && !note.contains("harm"), "{note}");
}

const PARTNER: &str = r#"
[model]
id = "partner"
title = "A partner whose kinetics nobody wrote"
units = { time = "d", amount = "nmol", volume = "L" }
[parameters]
CL = { value = "1 L/h", source = "assumed" }
"#;

/// A partner without kinetics drives nothing and takes no dose, and both are said; left unconnected it does nothing.
#[test]
fn exact_a_partner_without_kinetics_is_told() {
    let tumour = usual()
        .replace("[species]", "one = { value = \"1 mg/L\", fixed = true, source = \"assumed\" }\n[inputs]\ndrug = { unit = \"mg/L\", default = \"0 mg/L\" }\n[species]")
        .replace("spared*X.c)", "spared*X.c + drug/one)");
    let joined = |connect: &str, into: &str| {
        EXPERIMENT
            .replace(
                "file = \"patient.toml\"",
                &format!("parts = [{{ name = \"tumour\", file = \"patient.toml\" }}, {{ name = \"drug\", file = \"partner.toml\" }}]\nconnect = [{connect}]"),
            )
            .replace("\"hazard\"", "\"tumour:hazard\"")
            .replace("\"size\"", "\"tumour:size\"")
            .replace("[\"dose\"]", "[\"tumour:dose\"]")
            .replace("\"X.c\"", into)
    };
    let wire = "{ from = \"drug.concentration\", to = \"tumour.drug\" }";
    refused(
        &tumour,
        &joined(wire, "\"tumour:X.c\""),
        &["`drug` has no output `concentration`", "`drug` has no outputs"],
    );
    refused(
        &tumour,
        &joined("", "\"drug:D.plasma\""),
        &["dose 1: `drug:D.plasma` is not a pool of the model; pools are `tumour:X.c`"],
    );
    let (_folder, code, said) = report(&tumour, &joined("", "\"tumour:X.c\""));
    assert_eq!(code, Some(0), "{said}");
}

/// A dose in mass needs a molar mass; with one, 1 ug of 1000 g/mol is 1 nmol, and the tables are the same.
#[test]
fn exact_a_dose_in_mass_is_the_amount_or_refused() {
    let mass = EXPERIMENT.replace("amount = \"1 nmol\"", "amount = \"1 ug\"");
    refused(
        &usual(),
        &mass,
        &["the dose `1 ug` is a mass, and what goes into `X.c` has no molar mass", "molar_mass ="],
    );
    let with = usual()
        .replace("X = { in = [\"c\"] }", "X = { in = [\"c\"], molar_mass = \"1000 g/mol\" }");
    let (by_mass, code, said) = report(&with, &mass);
    assert_eq!(code, Some(0), "{said}");
    let (by_amount, code, said) = report(&usual(), EXPERIMENT);
    assert_eq!(code, Some(0), "{said}");
    for name in ["base", "base.ratios"] {
        assert_eq!(table(by_mass.path(), name), table(by_amount.path(), name));
    }
}

/// A step `survival` with everything it has beyond curves: without scans every time is known, so that Turnbull's
/// curve is Kaplan and Meier's; no internal knot is the Weibull distribution.
#[test]
fn exact_a_step_of_splines_intervals_and_penalised_ratios() {
    let step = r#"
[[step]]
kind = "survival"
id = "s"
from = "base.events"
unit = "mo"
at = ["12 mo"]
families = true
firth = true
knots = 1
between = { left = "left", right = "right" }
"#;
    let experiment = format!("{}{step}", EXPERIMENT.replace("volume = \"size\"\n", ""));
    let (folder, code, said) = report(&usual(), &experiment);
    assert_eq!(code, Some(0), "{said}");
    let root = folder.path();
    let (km, turnbull) = (table(root, "s"), table(root, "s.interval_censored"));
    assert_eq!((km.len(), turnbull.len()), (2, 2));
    for (km, turnbull) in km.iter().zip(&turnbull) {
        let survival = km.number("survival_12");
        // Six digits are written.
        assert!((turnbull.number("survival_12_from") - survival).abs() < 2e-6);
        assert!((turnbull.number("survival_12_to") - survival).abs() < 2e-6);
    }
    let (families, splines) = (table(root, "s.families"), table(root, "s.splines"));
    let find = |rows: &Rows, name: &str| {
        let row = rows.iter().find(|r| r.name() == name);
        row.unwrap_or_else(|| panic!("{name}")).number("log_likelihood")
    };
    for arm in ["watched", "treated"] {
        let weibull = find(&families, &format!("{arm}, weibull"));
        let line = find(&splines, &format!("{arm}, 0 internal"));
        assert!((weibull / line - 1.0).abs() < 1e-5, "{weibull} {line}");
    }
    let ratio = table(root, "s.comparison")[0].number("hazard_ratio");
    assert!(ratio > 0.0 && ratio < 1.0, "{ratio}");
    let wrong = experiment.replace("knots = 1\n", "spline_scale = \"odds\"\n");
    refused(&usual(), &wrong, &["`spline_scale` needs `knots`"]);
}

/// Of a trial with two endpoints one is chosen: its curve is that of the trial's own table, and the two are never mixed.
#[test]
fn exact_survival_is_of_one_endpoint_of_a_trial() {
    let with = |from: &str, more: &str| {
        let head = "[[step]]\nkind = \"survival\"\nid = \"s\"\nunit = \"mo\"\n";
        format!("{EXPERIMENT}\n{head}from = \"{from}\"\n{more}\n")
    };
    let (folder, code, said) = report(&usual(), &with("base.events", "endpoint = \"PFS\""));
    assert_eq!(code, Some(0), "{said}");
    let (own, trial) = (table(folder.path(), "s.curve"), table(folder.path(), "base.curves"));
    let points = |rows: &Rows, endpoint: Option<&str>| -> Vec<(String, f64, f64)> {
        let chosen = rows.iter().filter(|r| endpoint.is_none_or(|e| r["endpoint"] == *e));
        chosen.map(|r| (r["arm"].to_owned(), r.number("time"), r.number("survival"))).collect()
    };
    let (own, pfs) = (points(&own, None), points(&trial, Some("PFS")));
    assert!(own.len() > 20, "{}", own.len());
    assert_eq!(own, pfs);
    assert_ne!(own, points(&trial, Some("OS")));

    for (from, more, said) in [
        ("base.events", "", "name the `endpoint`; the trial follows OS, PFS"),
        ("base.events", "endpoint = \"DFS\"", "no endpoint `DFS`; the trial follows OS, PFS"),
        ("base.curves", "", "the table `base.curves` has no column `event`"),
        ("men", "", "`men` is of the kind `cohort`, expected `reconstruct` or `trial`"),
        ("base.events", "columns = { time = \"left\" }", "`columns` and other names in `between`"),
    ] {
        refused(&usual(), &with(from, more), &[said]);
    }
}
