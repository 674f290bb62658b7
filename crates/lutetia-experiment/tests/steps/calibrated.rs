//! Calibrated values read from the tables of another experiment, and what a trade-off makes of them.

use lutetia_testkit::{CONSTANT_HAZARD, Files, Ran, Row, Rows, heading, said};

const SECOND: &str = r#"
[models.m]
file = "patient.toml"
[[step]]
kind = "cohort"
id = "men"
model = "m"
patients = 5
calibrated = { experiment = "02_first", step = "posterior", draws = 20 }
[[step]]
kind = "trial"
id = "base"
cohort = "men"
same_patients = true
follow_up = "12 mo"
death = "hazard"
keep = ["dose"]
[[step.arm]]
name = "untreated"
patients = 5
[[step]]
kind = "trade-off"
id = "out"
trial = "base"
patients = 100
benefit = "restricted-mean"
horizon = "12 mo"
harm_above = { dose = "15 Gy" }
weights = { benefit = 0.5, harm = 0.5 }
reference = "none"
background = [{ what = "nothing", share = "0 %", source = "typed" }]
regimen = [
  { name = "none", doses = [] },
  { name = "one", doses = [{ into = "X.c", amount = "1 nmol" }] },
  { name = "two", series = "more", doses = [{ into = "X.c", amount = "2 nmol" }] },
]
"#;

const PARTICLES: &str = "weight,distance,rate (1/d)\n0.5,2,0.002\n0.5,1,0.02\n0,0.5,0.004\n";

/// Where the particles of the other experiment lie.
const POSTERIOR: &str = "reports/02_first/tables/posterior.particles.csv";

/// The model, and what the other experiment left.
fn files(particles: Option<&str>) -> Files {
    let files = Files::of(&[("patient.toml", CONSTANT_HAZARD)]);
    particles.into_iter().fold(files, |files, text| files.with(POSTERIOR, text))
}

fn made(second: &str, particles: Option<&str>) -> Result<Ran, String> {
    files(particles).run(&format!("{}{second}", heading(1))).map_err(|failure| said(&failure))
}

/// The nearest particle is typical, draws follow the weights, and the bands of the trade-off are those of
/// the draws: mean survival within 12 months is `(1 − e^(−rτ))/r` under each.
#[test]
fn exact_a_posterior_reaches_the_bands() {
    let ran = made(SECOND, Some(PARTICLES)).expect("it is made");
    let draws = ran.table("men.draws");
    assert_eq!((draws.len(), &draws[0]["draw"]), (21, "nearest"));
    // The particle without weight is nearest and is not drawn; the others are drawn evenly.
    assert!((draws[0].number("rate") - 0.004).abs() < 1e-9);
    let of = |x: f64| draws[1..].iter().filter(|r| (r.number("rate") - x).abs() < 1e-9).count();
    assert_eq!((of(0.002), of(0.02)), (10, 10));
    let rows = ran.table("out");
    let tau = 12.0 * 30.4375;
    let mean = |r: f64| (1.0 - (-r * tau).exp()) / r / 30.4375;
    // 100 patients: the standard error of a mean of times that spread by months is .4 at most.
    let none = &rows[0];
    assert!((none.number("benefit") - 0.5 * (mean(0.002) + mean(0.02))).abs() < 0.8, "{none:?}");
    assert!(none.number("benefit_low") < mean(0.02) + 0.4, "{none:?}");
    assert!(none.number("benefit_high") > mean(0.002) - 0.4, "{none:?}");
    // Two nmol give 20 Gy, which is harm to everybody: one in one, and the front of that series.
    assert!((rows[2].number("harm") - 100.0).abs() < 1e-9);
    assert!((rows[2].number("nnh") - 1.0).abs() < 1e-9);
    // All of a hundred: up to one in 1.05 by the interval of pairs.
    assert_eq!(&rows[2]["number_needed_to_harm"], "1.0 (1.0 to 1.1)");
    assert_eq!((&rows[0]["on_front"], &rows[1]["on_front"]), ("0", "1"));
    assert_eq!(&rows[2]["on_front"], "1");
    let best = ran.table("out.best");
    assert_eq!((best.len(), &best[0]["regimen"]), (2, "one"));
    let index = ran.table("out.index");
    assert!((index[2].number("mean_dose") - 20.0).abs() < 1e-3, "{index:?}");
    // What was read goes into the provenance, so that another calibration makes the report again.
    assert!(ran.read.contains_key(POSTERIOR), "{:?}", ran.read);
}

#[test]
fn exact_faulty_posteriors_and_regimens_are_refused_with_their_reason() {
    let cases = [
        (SECOND.to_owned(), None, "make it first with `lutetia report 02_first`"),
        (
            SECOND.to_owned(),
            Some("weight,distance,other (1/d)\n1,1,2\n"),
            "this model has no parameter `other`",
        ),
        (SECOND.to_owned(), Some("a,b\n1,2\n"), "no column `weight`"),
        (
            SECOND.to_owned(),
            Some("weight,distance,rate (1/d)\n0,1,0.1\n"),
            "has a weight above zero",
        ),
        (SECOND.to_owned(), Some("weight,distance,rate (L)\n1,1,0.1\n"), "`rate`"),
        (SECOND.replace("draws = 20", "draws = 0"), Some(PARTICLES), "expected 1 to 1000"),
        (
            SECOND.replace("\"02_first\"", "\"../x\""),
            Some(PARTICLES),
            "not a name of an experiment",
        ),
        (
            SECOND.replace("series = \"more\",", "trial = \"men\","),
            Some(PARTICLES),
            "not of the kind `trial`",
        ),
    ];
    for (second, particles, reason) in cases {
        let error = made(&second, particles).expect_err(reason);
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

/// Two trials may share a trade-off only where their cohorts draw the same patients.
#[test]
fn exact_other_patients_are_refused() {
    let other = r#"
[[step]]
kind = "cohort"
id = "others"
model = "m"
patients = 5
seed = 2
calibrated = { experiment = "02_first", step = "posterior", draws = 20 }
[[step]]
kind = "trial"
id = "second"
cohort = "others"
follow_up = "12 mo"
death = "hazard"
keep = ["dose"]
[[step.arm]]
name = "untreated"
patients = 5
[[step]]
kind = "trade-off"
"#;
    let text = SECOND
        .replace("[[step]]\nkind = \"trade-off\"\n", other.trim_start())
        .replace("series = \"more\",", "trial = \"second\",");
    let error = made(&text, Some(PARTICLES)).expect_err("other seeds");
    assert!(error.contains("do not try the same patients: the seeds"), "{error}");
}

/// Regimens of two models are a ranking of models: where one of these is a sketch it is refused, and says which; those of
/// one model are weighed all the same.
#[test]
fn exact_a_sketch_is_not_ranked_with_others() {
    let other = r#"
[[step]]
kind = "cohort"
id = "others"
model = "other"
patients = 5
calibrated = { experiment = "02_first", step = "posterior", draws = 20 }
[[step]]
kind = "trial"
id = "second"
cohort = "others"
same_patients = true
follow_up = "12 mo"
death = "hazard"
keep = ["dose"]
[[step.arm]]
name = "untreated"
patients = 5
[[step]]
kind = "trade-off"
"#;
    let two = SECOND
        .replace("[models.m]", "[models.other]\nfile = \"other.toml\"\n[models.m]")
        .replace("[[step]]\nkind = \"trade-off\"\n", other.trim_start())
        .replace("series = \"more\",", "series = \"more\", trial = \"second\",");
    let another = CONSTANT_HAZARD.replace("id = \"patient\"", "id = \"other\"");
    let sketch = |text: &str| text.replace("[compartments]", "status = \"sketch\"\n[compartments]");
    let made = |first: &str, second: &str, text: &str| {
        let files = Files::of(&[("patient.toml", first), ("other.toml", second)]);
        let files = files.with(POSTERIOR, PARTICLES);
        files.run(&format!("{}{text}", heading(1))).map(|_| ()).map_err(|failure| said(&failure))
    };
    assert_eq!(made(CONSTANT_HAZARD, &another, &two), Ok(()));
    let error = made(CONSTANT_HAZARD, &sketch(&another), &two).expect_err("a sketch");
    let said = "the regimens of the trials `second` and `base` are ranked against each other, and the model of the \
                trial `second` is a sketch";
    assert!(error.contains(said), "{error}");
    // One model, worth as little, is weighed against nothing.
    assert_eq!(made(&sketch(CONSTANT_HAZARD), &another, SECOND), Ok(()));
}

const FITTED: &str = r#"
[data.patient]
study = "data/studies/snmmi_patient4"
[models.peptide]
file = "models/sstr2/ha-dotatate-population.toml"
nuclides = ["Lu-177"]
[models.net]
nuclides = ["Lu-177"]
parts = [
  { name = "pk", file = "models/sstr2/ha-dotatate-population.toml" },
  { name = "kidneys", file = "models/toxicity/kidneys.toml" },
  { name = "tumour", file = "models/tumour/growth-kill-clinical-effective.toml" },
  { name = "survival", file = "models/survival/weibull-tumour.toml" },
]
connect = [
  { from = "pk.A_tumour", to = "tumour.tumour_activity" },
  { from = "pk.A_kidneys", to = "kidneys.dose_rate", scale = "0.172 mGy/(MBq h)" },
  { from = "tumour.ratio", to = "survival.ratio" },
  { from = "tumour.initial_mass", to = "survival.initial_mass" },
]
[[step]]
kind = "fit-model"
id = "measured"
model = "peptide"
study = "patient"
into = "L.blood"
amount = "92 nmol"
over = "30 min"
observe = { "kidney_left + kidney_right" = "A_kidneys", "spleen" = "A_spleen" }
[[step]]
kind = "cohort"
id = "men"
model = "net"
patients = 5
[[step]]
kind = "trial"
id = "base"
cohort = "men"
same_patients = true
follow_up = "24 mo"
death = "survival:cumulative_hazard"
keep = ["kidneys:BED"]
rtol = 1e-4
[[step.arm]]
name = "untreated"
patients = 2
[[step]]
kind = "trade-off"
id = "out"
trial = "base"
patients = 5
benefit = "restricted-mean"
horizon = "24 mo"
weights = { benefit = 0.5, harm = 0.5 }
harm_above = { "kidneys:BED" = "40 Gy(BED)" }
reference = "none"
regimen = [
  { name = "none", doses = [] },
  { name = "four", doses = [{ into = "pk:L.blood", activity = "7.4 GBq", amount = "92 nmol", over = "30 min", every = "8 week", cycles = 4 }] },
]
propose = { from = "four", activity = ["7.39 GBq", "7.41 GBq"], limits = { "kidneys:BED" = "40 Gy(BED)" }, patients = 0, points = 4, rounds = 2, PATIENT }
"#;

/// The experiment of the fitted patient, whose models are bundled.
fn measured_patient(experiment: &str) -> Result<Ran, String> {
    let files = Files::default().with_folder("data/studies/snmmi_patient4");
    files.run(&format!("{}{experiment}", heading(1))).map_err(|failure| said(&failure))
}

/// A limit holds for the doses of the patient's own curves too, and for the activity of all cycles; a search that ends at
/// a bound proposes nothing.
#[test]
fn exact_limits_hold_for_the_measured_curves_and_bounds_are_no_optimum() {
    let doses = r#"
[[step]]
kind = "fit-curves"
id = "curves"
study = "patient"
functions = ["mono", "bi-uptake"]
error = "proportional 10 %"
[[step]]
kind = "dose"
id = "doses"
from = "curves"
study = "patient"
leave_out = { whole_field = "the sum of the other regions" }
[[step]]
kind = "cohort"
"#;
    let made_with = |limits: &str, more: &str| {
        let text = FITTED
            .replacen("[[step]]\nkind = \"cohort\"\n", doses.trim_start(), 1)
            .replace("keep = [\"kidneys:BED\"]", "keep = [\"kidneys:BED\", \"kidneys:dose\"]")
            .replace("limits = { \"kidneys:BED\" = \"40 Gy(BED)\" }", limits)
            // More is better here, so that the search ends at its bound. Over 7.39 to 7.41 GBq the benefit would rise by
            // no more than the tolerance of the trial, 1e-4 of it, and its maximum lie anywhere.
            .replace("[\"7.39 GBq\", \"7.41 GBq\"]", "[\"6.4 GBq\", \"8.4 GBq\"]")
            .replace("points = 4, rounds = 2", "points = 8, rounds = 8")
            .replace(
                "PATIENT",
                &format!("fitted = {{ step = \"measured\", part = \"pk\" }}{more}"),
            );
        let ran = measured_patient(&text)?;
        Ok::<_, String>((ran.table("out.limits"), ran.table("out.proposal"), ran.table("doses")))
    };
    let limits = r#"limits = { "kidneys:BED" = "40 Gy(BED)", "kidneys:dose" = "50 Gy" }, total_activity = "100 GBq""#;
    let measured = r#", measured = { "kidneys:BED" = { dose = "kidneys:dose", per_activity = ["doses/kidney_left/per_activity", "doses/kidney_right/per_activity"] } }"#;
    let (rows, proposal, doses) = made_with(limits, measured).expect("it runs");
    let of = |rows: &Rows, key: &str, name: &str, column: &str| {
        let found = rows.iter().find(|r| r[key].starts_with(name));
        found.unwrap_or_else(|| panic!("no {name} in {rows:?}")).number(column)
    };
    let limit = |name: &str| of(&rows, "limit", name, "value");
    let activity = of(&proposal, "what", "activity", "value");
    // Four cycles; tables have six digits.
    assert!((limit("activity given in all") / (4.0 * activity) - 1.0).abs() < 1e-4);
    let per = |kidney: &str| of(&doses, "region", kidney, "per_activity");
    let own = per("kidney_left").max(per("kidney_right")) * 4.0 * activity;
    let (bed, dose) = (limit("kidneys:BED (Gy(BED))"), limit("kidneys:dose"));
    let expected = own + (bed - dose) * (own / dose).powi(2);
    let found = limit("kidneys:BED (Gy(BED)), measured curves");
    assert!((found / expected - 1.0).abs() < 1e-3, "{found} for {expected}");
    let note = &proposal.row("what", "outcome")["note"];
    assert!(
        note.starts_with("no optimum inside the range that was searched, and no proposal"),
        "{note}"
    );

    let (rows, proposal, _) =
        made_with(&limits.replace("100 GBq", "20 GBq"), measured).expect("it runs");
    let note = &proposal.row("what", "outcome")["note"];
    assert!(
        note.starts_with("none") && rows.iter().any(|r| r["limit"].starts_with("activity given")),
        "{note}"
    );

    for (wrong, said) in [
        (measured.replace("\"kidneys:BED\" = {", "\"kidneys:NTCP\" = {"), "which has no limit"),
        (
            measured.replace("doses/kidney_left/per_activity", "doses/kidney_left/total"),
            "is not a dose per activity above zero",
        ),
        (measured.replace("kidney_left", "kidney"), "names no region of that step"),
    ] {
        let error = made_with(limits, &wrong).expect_err(said);
        assert!(error.contains(said), "{error}");
    }
}

/// A proposal for a fitted patient is the one for a patient typed with the same estimates, and not that of the
/// population; its interval holds what the fit left open.
#[test]
fn exact_a_fitted_patient_reaches_the_proposal() {
    let limits = |patient: &str| {
        let text = FITTED.replace("PATIENT", patient);
        let ran = measured_patient(&text).unwrap_or_else(|e| panic!("{patient}: {e}"));
        (ran.table("out.limits")[0].clone(), ran.table("measured"))
    };
    let (fitted, estimates) = limits(r#"fitted = { step = "measured", part = "pk" }"#);
    let typed: Vec<String> = estimates
        .iter()
        .map(|r| format!("\"pk:{}\" = \"{} {}\"", &r["parameter"], &r["estimate"], &r["unit"]))
        .collect();
    let (typed, _) = limits(&format!("patient = {{ {} }}", typed.join(", ")));
    let (typical, _) = limits("patient = {}");
    let value = |row: &Row| row.number("value");
    // Six digits of the estimates were printed; the integration is good to 1e-4.
    assert!((value(&fitted) / value(&typed) - 1.0).abs() < 1e-3, "{fitted:?} {typed:?}");
    // His kidneys took up half as much again as the population's.
    assert!(value(&fitted) > 1.2 * value(&typical), "{fitted:?} {typical:?}");
    let (low, high) = (fitted.number("low"), fitted.number("high"));
    assert!(low < value(&fitted) && value(&fitted) < high, "{fitted:?}");
    assert!(typical["low"].is_empty(), "{typical:?}");
}

/// Harm that the model does not compute: the background befalls everybody, also untreated, a partner's own only those
/// who have the partner; without a word about it a partner is not ranked; and against a reference that harms nobody there
/// is not a number needed to harm.
#[test]
fn exact_harms_the_model_does_not_compute_are_counted() {
    let partner = r#"
[[step]]
kind = "trial"
id = "partner"
cohort = "men"
same_patients = true
follow_up = "12 mo"
death = "hazard"
keep = ["dose"]
[[step.arm]]
name = "untreated"
patients = 5
[[step]]
kind = "trade-off"
"#;
    let with = |more: &str| {
        SECOND
            .replace("[[step]]\nkind = \"trade-off\"\n", partner.trim_start())
            .replace("series = \"more\",", "series = \"more\", trial = \"partner\",")
            .replace(
                "background = [{ what = \"nothing\", share = \"0 %\", source = \"typed\" }]",
                more,
            )
            .replace("15 Gy", "1000 Gy")
    };
    let made_of = |more: &str| {
        let ran = made(&with(more), Some(PARTICLES))?;
        Ok::<_, String>((ran.table("out"), ran.table("out.best")))
    };
    let row = |rows: &Rows, regimen: &str| rows.row("regimen", regimen).clone();
    let (rows, best) = made_of("").expect("it runs");
    assert!(best[1]["regimen"].starts_with("not ranked: nothing is stated"), "{best:?}");
    assert!(
        row(&rows, "two")["number_needed_to_harm"].starts_with("not given: the model harms nobody")
    );

    let background = r#"background = [{ what = "anyway", share = "20 %", source = "s" }]"#;
    let pd1 =
        r#"own_harm = { partner = [{ what = "immune", of = "pd1-inhibitor", source = "s" }] }"#;
    let (rows, best) = made_of(&format!("{background}\n{pd1}")).expect("it runs");
    let harm = |regimen: &str| row(&rows, regimen).number("harm");
    // 100 patients under 20 draws: the standard error is at most √(0.25/2000) = 1.2 %; four of them.
    assert!((harm("none") - 20.0).abs() < 4.8 && (harm("one") - harm("none")).abs() < 1e-9);
    // 1 − 0.8 (1 − 1/(1 + e^1.44)).
    assert!((harm("two") - 35.3).abs() < 4.8, "{}", harm("two"));
    assert!(!row(&rows, "two")["number_needed_to_harm"].contains("not given"));
    assert!(!best[1]["regimen"].contains("not ranked"), "{best:?}");
    let (_, best) =
        made_of(r#"own_harm = { partner = [{ what = "x", share = "0 %", source = "s" }] }"#)
            .expect("none is a statement");
    assert!(!best[1]["regimen"].contains("not ranked"), "{best:?}");

    for (wrong, said) in [
        (
            r#"background = [{ what = "a", share = "120 %", source = "s" }]"#,
            "expected `0 %` to `100 %`",
        ),
        (r#"background = [{ what = "a", source = "s" }]"#, "needs either `share`"),
        (r#"own_harm = { other = [] }"#, "which no regimen uses"),
    ] {
        let error = made_of(wrong).expect_err(said);
        assert!(error.contains(said), "{error}");
    }
}
