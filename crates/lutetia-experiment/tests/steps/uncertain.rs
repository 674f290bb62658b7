//! Cohorts and fits of which the numbers that are taken as known are uncertain.

use lutetia_testkit::{Files, Ran, heading, said};

/// A region shows s of an activity that leaves at k; patients differ in k, and s is known to 20 %.
const MODEL: &str = r#"
[model]
id = "one"
title = "One pool"
units = { time = "h", amount = "nmol", volume = "L" }
label = { on = ["X"], decayed = "cold" }
[compartments]
c = "1 L"
[parameters]
k = { value = "0.02 1/h", iiv = "30 %", uncertainty = "20 %", source = "assumed" }
s = { value = "0.1", uncertainty = "20 %", source = "assumed" }
[species]
X = { in = ["c"] }
[scheme]
processes = "out: X.c -> 0 @ k"
[observables]
A = { of = "s*activity(X.c)", unit = "MBq" }
"#;

fn experiment(steps: &str) -> String {
    format!("{}[models.m]\nfile = \"m.toml\"\nnuclides = [\"Lu-177\"]\n{steps}", heading(5))
}

fn ran(steps: &str) -> Ran {
    let files = Files::of(&[("m.toml", MODEL)]);
    files.run(&experiment(steps)).unwrap_or_else(|failure| panic!("{}", said(&failure)))
}

fn cohort(keys: &str) -> String {
    format!("[[step]]\nkind = \"cohort\"\nid = \"c\"\nmodel = \"m\"\npatients = 40\n{keys}")
}

/// The patients have the same random numbers under each draw, so that their mean is that of the model times e^(ωz), ω² =
/// ln(1 + 0.2²). Each interval of a quantile holds the true one in 95 of 100 seeds; those of the seed here do.
#[test]
fn exact_the_mean_of_a_cohort_is_as_uncertain_as_its_typical_value() {
    let ran = ran(&cohort("draws = 400\n"));
    let plain = ran.table("c.summary").row("name", "k").number("mean");
    let omega = 0.04_f64.ln_1p().sqrt();
    let table = ran.table("c.uncertainty");
    let row = table.iter().find(|r| r.text("name") == "k" && r.text("statistic") == "mean");
    let row = row.expect("a row");
    for (name, z) in [("median", 0.0), ("lower", -1.959_964), ("upper", 1.959_964)] {
        let exact = plain * f64::exp(z * omega);
        let (low, high) = (row.number(&format!("{name}_low")), row.number(&format!("{name}_high")));
        assert!(low <= exact && exact <= high, "{name}: {exact} in {low} to {high}");
        assert!((low..=high).contains(&row.number(name)));
    }
    assert_eq!(ran.table("c.draws").iter().count(), 401);
    assert_eq!(ran.table("c.draws").row("draw", "typical").text("s"), "0.1");
}

#[test]
fn exact_ends_that_so_many_draws_do_not_allow_are_left_out() {
    let ran = ran(&cohort("draws = 145\n"));
    for row in &ran.table("c.uncertainty") {
        assert!(!row.text("median").is_empty());
        assert_eq!((row.text("lower"), row.text("upper_high")), ("", ""));
    }
    // The patients themselves do not change.
    assert_eq!(ran.made.tables["c"].to_csv(), self::ran(&cohort("")).made.tables["c"].to_csv());
}

const CURVES: &str = r#"
[[step]]
kind = "cohort-curves"
id = "j"
model = "m"
into = "X.c"
activity = "7.4 GBq"
amount = "100 nmol"
size = 12
training = 4
draws = 40
regions = { kidneys = "A" }
times = ["4 h", "24 h", "72 h", "168 h"]
error = "proportional 5 %"
methods = [{ name = "mono", functions = ["mono"] }]
set = { k = "0.02 1/h" }
"#;

/// With k set, s alone is drawn: integrals go with it, and what a method makes of a curve relative to the truth does not.
#[test]
fn exact_integrals_of_a_cohort_carry_the_uncertainty_and_ratios_do_not() {
    let ran = ran(CURVES);
    let table = ran.table("j.uncertainty");
    let omega = 0.04_f64.ln_1p().sqrt();
    let tia = table.row("row", "mono, median_tia");
    let plain = ran.table("j").row("label", "mono").number("median_tia");
    assert!(tia.number("median_low") <= plain && plain <= tia.number("median_high"));
    let width = (tia.number("median_high") / tia.number("median_low")).ln();
    // The interval of the median of 40 draws lies about 2·1.96·1.25·ω/√40 wide; within a factor of 2 of it.
    let expected = 2.0 * 1.96 * 1.25 * omega / 40.0_f64.sqrt();
    assert!((0.5..2.0).contains(&(width / expected)), "{width}, {expected}");
    assert_eq!(tia.text("upper"), "", "40 draws have no end of the middle 95 %");
    let bias = table.row("row", "mono, bias");
    let spread = bias.number("median_high") - bias.number("median_low");
    // The rounding of the search.
    assert!(spread.abs() < 0.05, "{spread}");
}

/// Columns and rows are those that the check foresees, so that texts and figures can name them.
#[test]
fn exact_tables_of_draws_are_foreseen() {
    let text = experiment(&format!("{}{CURVES}", cohort("draws = 6\n")));
    let text = text.replace("draws = 40", "draws = 6");
    let files = Files::of(&[("m.toml", MODEL)]);
    let ran = files.run(&text).unwrap_or_else(|failure| panic!("{}", said(&failure)));
    let mut sources = lutetia_diagnostic::Sources::new();
    let experiment = lutetia_experiment::spec::parse("x", &text, &mut sources).expect("no fault");
    let sheets = lutetia_experiment::declared(&experiment, &files);
    for name in ["c.uncertainty", "c.draws", "j.uncertainty"] {
        let sheet = sheets.iter().find(|s| s.name == name).expect("it is declared");
        let table = &ran.made.tables[name];
        let columns: Vec<&String> = table.columns.iter().map(|c| &c.name).collect();
        assert!(columns.iter().zip(&sheet.columns).all(|(a, b)| **a == *b), "{name}");
        assert!(sheet.open || columns.len() == sheet.columns.len(), "{name}");
        let rows = sheet.rows.clone().unwrap_or_default();
        let first = table.rows.iter().filter_map(|row| row.first());
        assert!(
            sheet.rows.is_none() || first.clone().all(|cell| rows.contains(&cell.csv())),
            "{name}"
        );
    }
}

#[test]
fn exact_draws_that_say_nothing_are_found_before_anything_runs() {
    let world =
        std::collections::BTreeMap::from([("m.toml".to_owned(), MODEL.as_bytes().to_vec())]);
    let check = |steps: &str| {
        let text = experiment(steps);
        let checked = lutetia_experiment::check("reports/x/experiment.toml", &text, &world);
        lutetia_diagnostic::render(&checked.diagnostics, &checked.sources, false)
    };
    assert_eq!(check(&cohort("draws = 6\n")), "");
    for (steps, expected) in [
        (cohort("draws = 3\n"), "expected 0 for none, or 6 to 1000"),
        (cohort("draws = 6\nset = { k = \"0.02 1/h\", s = \"0.1\" }\n"), "nothing to draw"),
        (CURVES.replace("draws = 40", "draws = 5"), "expected 0 for none, or 6 to 1000"),
        (CURVES.replace("0.02 1/h\"", "0.02 1/h\", s = \"0.2\""), "nothing to draw"),
    ] {
        let said = check(&steps);
        assert!(said.contains("LUT7173") && said.contains(expected), "{steps}{said}");
    }
}

/// A study of one subject, whose kidneys show what the model makes of s = 0.1 and k = 0.02 1/h.
fn measured() -> Files {
    let lambda = 3600.0 * lutetia_data::nuclides().get("Lu-177").expect("a nuclide").lambda_per_s();
    let row = |t: f64| format!("abe,1,kidneys,{t},{}\n", 100.0 * f64::exp(-(0.02 + lambda) * t));
    let rows: String = [4.0, 24.0, 48.0, 96.0, 168.0].into_iter().map(row).collect();
    Files::of(&[
        (
            "m.toml",
            &MODEL.replace("unit = \"MBq\" }", "unit = \"MBq\", error = \"proportional 10 %\" }"),
        ),
        ("study/subjects.csv", "subject,source\nabe,test\n"),
        (
            "study/doses.csv",
            "subject,cycle,time (h),nuclide,activity (MBq),amount (nmol),into\nabe,1,0,Lu-177,1000,100,X.c\n",
        ),
        ("study/activity.csv", &format!("subject,cycle,region,time (h),activity (MBq)\n{rows}")),
    ])
}

const FIT: &str = r#"
[data.p]
study = "study"
[[step]]
kind = "fit-model"
id = "f"
model = "m"
study = "p"
into = "X.c"
observe = { kidneys = "A" }
estimate = ["k"]
"#;

/// With the size s of the curve held at draws of it, the fit of k alone gives an integral that goes with s where the data
/// do not hold it back; the error of the integral that is handed on is that of the fits and between them.
#[test]
fn exact_the_integral_that_a_fit_hands_on_carries_what_it_holds_fixed() {
    let run = |keys: &str| {
        let text = experiment(&format!("{FIT}{keys}"));
        measured().run(&text).unwrap_or_else(|failure| panic!("{}", said(&failure)))
    };
    let (plain, drawn) = (run(""), run("draws = 30\n"));
    let tia = |ran: &Ran, column: &str| ran.table("f.tia").row("region", "kidneys").number(column);
    let row = drawn.table("f.draws");
    let row = row.row("quantity", "integral of kidneys");
    assert!((row.number("fixed") / tia(&plain, "tia") - 1.0).abs() < 1e-6);
    // Six digits are printed.
    assert!((row.number("estimate") / tia(&drawn, "tia") - 1.0).abs() < 1e-5);
    assert!(
        row.number("se") > 1.5 * row.number("within"),
        "{} {}",
        row.number("se"),
        row.number("within")
    );
    assert!(tia(&drawn, "tia_sd") > 1.5 * tia(&plain, "tia_sd"));
    // What is drawn is s; k is estimated, and nothing of it is drawn.
    let notes = &drawn.made.settings;
    assert!(
        notes.values().any(|note| note.contains("30 fits with other values of s (seed 5)")),
        "{notes:?}"
    );
    let refused = measured().run(&experiment(&format!("{FIT}draws = 4\n"))).expect_err("too few");
    assert!(said(&refused).contains("9 to 10000"), "{}", said(&refused));
}

/// Where what is held fixed is so uncertain that the integral has no error within the gate, it is not determined, and no
/// dose stands on it, although the fit alone determines it.
#[test]
fn exact_what_the_draws_leave_open_gives_no_dose() {
    let run = |keys: &str| {
        let model = MODEL
            .replace("unit = \"MBq\" }", "unit = \"MBq\", error = \"proportional 10 %\" }")
            .replace("\"0.1\", uncertainty = \"20 %\"", "\"0.1\", uncertainty = \"300 %\"");
        let dose = "[[step]]\nkind = \"dose\"\nid = \"d\"\nfrom = \"f\"\nstudy = \"p\"\nmasses = { kidneys = \"300 g\" }\n";
        let text = experiment(&format!("{FIT}{keys}{dose}"));
        let ran = measured().with("m.toml", &model).run(&text);
        ran.unwrap_or_else(|failure| panic!("{}", said(&failure)))
    };
    let (plain, drawn) = (run(""), run("draws = 30\n"));
    let total = |ran: &Ran| ran.table("d").row("region", "kidneys").text("total").to_owned();
    assert_ne!(total(&plain), "");
    assert_eq!(total(&drawn), "");
    let row = drawn.table("f.draws");
    let row = row.row("quantity", "integral of kidneys");
    assert_eq!((row.text("estimate"), row.text("se"), row.text("low")), ("", "", ""));
    assert!(row.text("note").contains("with that of what is held fixed"), "{}", row.text("note"));
    let note = drawn.table("d").row("region", "kidneys").text("note").to_owned();
    assert!(note.contains("not determined") && note.contains("held fixed"), "{note}");
}
