//! Steps that look into a trial, on a model whose answers are known.

use std::collections::BTreeMap;

use lutetia_testkit::{Files, Ran, Rows, heading, said};

/// A constant hazard, a tumour that grows or shrinks at its own rate, and a count that falls with the
/// patient's exposure.
const MODEL: &str = r#"
[model]
id    = "known"
title = "A constant hazard and exponential growth"
units = { time = "d", amount = "nmol", volume = "L" }

[patient]
E = { unit = "Gy", range = ["0 Gy", "1000 Gy"], typical = "10 Gy" }

[parameters]
one = { value = "1 g", fixed = true, source = "assumed" }
h0 = { value = "0.002 1/d", source = "assumed" }
k  = { value = "0.002 1/d", distribution = "normal", iiv = "0.004 1/d", source = "assumed" }
c0 = { value = "100", iiv = "30 %", source = "assumed" }
per_gray = { value = "1 1/Gy", source = "assumed" }

[states]
M = { unit = "1", initial = "1" }
H = { unit = "1", initial = "0" }

[scheme]
processes = '''
grow: 0 => M @ k*M
die:  0 => H @ h0
'''

[outputs]
size     = { of = "one*M", unit = "g" }
hazard   = { of = "H", unit = "1" }
exposure = { of = "E", unit = "Gy" }
count    = { of = "c0 - per_gray*E", unit = "1" }
"#;

const EXPERIMENT: &str = r#"
[models.known]
file = "known.toml"

[[step]]
kind = "cohort"
id = "all"
model = "known"
patients = 10
covariates = { E = { lower = "0 Gy", upper = "80 Gy" } }

[[step]]
kind = "trial"
id = "watched"
cohort = "all"
follow_up = "36 mo"
death = "hazard"
volume = "size"
marker = "size"
toxicities = [{ name = "low count", output = "count", limits = ["90", "75", "50", "25"] }]
keep = ["exposure"]

[[step.arm]]
name = "one"
patients = 300

[[step.arm]]
name = "two"
patients = 200
set = { h0 = "0.004 1/d" }
"#;

fn tables(steps: &str, names: &[&str]) -> Result<Vec<Rows>, String> {
    tables_of(EXPERIMENT, steps, names)
}

fn tables_of(experiment: &str, steps: &str, names: &[&str]) -> Result<Vec<Rows>, String> {
    let ran = run(&Files::default(), &format!("{experiment}{steps}"))?;
    Ok(names.iter().map(|name| ran.table(name)).collect())
}

fn run(files: &Files, experiment: &str) -> Result<Ran, String> {
    let files = files.clone().with("known.toml", MODEL);
    files.run(&format!("{}{experiment}", heading(5))).map_err(|failure| said(&failure))
}

const TORNADO: &str = r#"
[[step]]
kind = "one-at-a-time"
id = "moved"
trial = "watched"
arm = "one"
ARM
result = "restricted-mean"
horizon = "24 mo"
patients = 3
vary = [
  { name = "h0", low = "0.001 1/d", high = "0.004 1/d" },
  { name = "k", low = "-0.001 1/d", high = "0.004 1/d" },
]
"#;

/// (1 − exp(−h τ))/h of a constant hazard; growth moves nothing, and neither does it move the difference
/// of two arms that differ in nothing.
#[test]
fn exact_each_value_alone_moves_the_mean_survival_it_should() {
    let made = tables(&TORNADO.replace("ARM", ""), &["moved"]).expect("it runs");
    let tau = 24.0 * 30.4375;
    let mean = |h: f64| (1.0 - (-h * tau).exp()) / h / 30.4375;
    let rows = &made[0];
    // Trapezoids of a week on exp(−h t): (h·7)²/12 = 7e-5 at the largest hazard.
    let close = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 1e-4, "found {found}, expected {expected}");
    };
    close(rows[0].number("low"), mean(0.001));
    close(rows[0].number("high"), mean(0.004));
    close(rows[0].number("base"), mean(0.002));
    close(rows[0].number("low_at"), 0.001);
    close(rows[1].number("low"), mean(0.002));
    close(rows[1].number("high"), mean(0.002));
    let steps = TORNADO.replace("ARM", "against = \"two\"");
    let made = tables(&steps, &["moved"]).expect("it runs");
    // The other arm fixes its own hazard, so that it alone stays.
    close(made[0][0].number("low"), mean(0.001) - mean(0.004));
    let swapped = TORNADO.replace("ARM", "").replacen("0.001 1/d", "0.01 1/d", 1);
    let said = tables(&swapped, &["moved"]).expect_err("refused");
    assert!(said.contains("the low end of `h0` is not below its high end"), "{said}");
}

const EXPOSURE: &str = r#"
[[step]]
kind = "exposure-response"
id = "curve"
trial = "watched"
exposure = "exposure"
response = "low count grade 3 or more"
per = "10 Gy"
"#;

/// The likeliest logistic curve has as many events as were seen, and those of the curve are those of the
/// trial's own table. The count is 100 less a gray for each: grade 3 begins around 50 Gy.
#[test]
fn exact_the_curve_has_the_events_of_the_trial() {
    let made = tables(EXPOSURE, &["curve", "curve.patients", "curve.fit", "watched.grades"]);
    let made = made.expect("it runs");
    let harmed = made[3].iter().filter(|r| r.number("grade") >= 3.0).count() as f64;
    assert!(harmed > 50.0, "{harmed} events are too few to mean something");
    let fit = &made[2][0];
    assert!((fit.number("events") - harmed).abs() < 0.5 && fit.number("patients") > 499.5);
    assert!(fit.number("odds_ratio") > 1.0 && fit.number("p") < 1e-6);
    assert!(fit.number("low") > 1.0 && fit.number("high") > fit.number("odds_ratio"));
    assert_eq!(fit.text("per"), "10 Gy");
    let half = made[0].iter().find(|r| r.number("probability") >= 0.5).expect("it crosses");
    // The spread of the count before (30 %) moves the middle by little; the step of the curve is .8 Gy.
    assert!((half.number("exposure") - 50.0).abs() < 10.0, "{half:?}");
    let wrong = EXPOSURE.replace("low count grade 3", "low count grade 7");
    let said = tables(&wrong, &["curve"]).expect_err("refused");
    assert!(said.contains("no share is called `low count grade 7 or more`"), "{said}");
}

const COURSES: &str = r#"
[[step]]
kind = "courses"
id = "seen"
trial = "watched"
shown = 20
patients = 60
"#;

/// Sizes at visits are exp(k t) of one growth rate per patient; what ended the time without progression
/// adds up to the events of the trial; bands begin at the counts before treatment.
#[test]
fn exact_courses_are_those_of_the_trial() {
    let names = ["seen.visits", "seen.phases", "seen.events", "seen.toxicity", "seen.first"];
    let names = names.into_iter().chain(["watched.events", "watched"]).collect::<Vec<_>>();
    let made = tables(COURSES, &names).expect("it runs");
    let mut rates: BTreeMap<&str, f64> = BTreeMap::new();
    let mut legs = 0;
    for row in &made[0] {
        let (days, size) = (row.number("time") * 30.4375, row.number("size"));
        if days < 1.0 {
            assert!(size.abs() < 1e-9, "the baseline is where changes begin");
            continue;
        }
        // The size is followed as a diameter, the cube root of the volume.
        let rate = 3.0 * (1.0 + size / 100.0).ln() / days;
        let first = *rates.entry(row.text("subject")).or_insert(rate);
        // Six digits are printed of a change of a percent or more; the curve is linear within a week.
        assert!((rate - first).abs() < 2e-5, "{row:?}: {rate} after {first}");
        legs += 1;
    }
    assert!(rates.len() > 20 && legs > rates.len(), "{} patients, {legs} visits", rates.len());
    let ended = |cause: &str| made[4].iter().filter(|r| r.text("cause") == cause).count();
    let progression_free =
        made[5].iter().filter(|r| r.text("endpoint") == "PFS" && r.number("event") > 0.5);
    assert_eq!(ended("progression") + ended("death"), progression_free.count());
    assert!(ended("progression") > 20 && ended("death") > 20 && made[4].len() == 500);
    for row in &made[1] {
        assert!(row.number("end") > row.number("start") && row.text("phase") == "observed");
    }
    let dead = made[2].iter().filter(|r| r.text("event") == "death").count();
    let ongoing = made[1].iter().filter(|r| r.number("ongoing") > 0.5).count();
    assert_eq!(dead + ongoing, 40, "each of 2 x 20 has died or is followed");
    let first = &made[3][0];
    assert!(first.number("time").abs() < 1e-12 && first.number("patients") > 59.5);
    assert!(first.number("low") < first.number("value"));
}

/// A marker that grows as exp(k t) and never fell is progression at the first four-weekly visit from week
/// 12 on that is a quarter above the baseline, if the next confirms it; one that falls is none.
#[test]
fn exact_a_growing_marker_progresses_at_the_visit_it_should() {
    let names = ["seen.visits", "watched.events", "watched.shares"];
    let visits = "marker = \"size\"\nmarker_visits = { every = \"4 week\" }";
    let made = tables_of(&EXPERIMENT.replace("marker = \"size\"", visits), COURSES, &names);
    let made = made.expect("it runs");
    let mut rates: BTreeMap<&str, f64> = BTreeMap::new();
    for row in &made[0] {
        let days = row.number("time") * 30.4375;
        if days > 1.0 {
            rates.insert(row.text("subject"), (1.0 + row.number("marker") / 100.0).ln() / days);
        }
    }
    let of = |subject: &str, endpoint: &str| {
        let found =
            made[1].iter().find(|r| r.text("patient") == subject && r.text("endpoint") == endpoint);
        let row = found.expect("every patient has every endpoint");
        (row.number("time") * 30.4375, row.number("event") > 0.5)
    };
    let (mut progressed, mut spared) = (0, 0);
    for (subject, rate) in &rates {
        let ((time, event), (death, _)) = (of(subject, "marker PFS"), of(subject, "OS"));
        let expected = (3..40).map(|k| 28.0 * f64::from(k)).find(|d| (rate * d).exp() >= 1.25);
        match expected.filter(|d| *rate > 0.0 && d + 28.0 <= death) {
            // Six digits are printed of a time in months.
            Some(day) => {
                assert!(event && (time - day).abs() < 0.01, "{subject}: {time}, expected {day}");
                progressed += 1;
            }
            None => {
                assert!(!event || (time - death).abs() < 0.01, "{subject}: {time} of {death}");
                spared += 1;
            }
        }
    }
    assert!(progressed > 5 && spared > 5, "{progressed} and {spared} show nothing");
    assert!(made[2].iter().any(|r| r.text("what") == "marker halved, confirmed"));
}

/// The origin of numbers goes with them: through steps that use steps, and through a file that a report wrote.
#[test]
fn exact_what_a_trial_made_is_drawn_as_simulated_whatever_lies_between() {
    let drawn = |steps: &str, from: &str, columns: &str| {
        let curve = "time (mo),survival\n0,1\n3,0.8\n6,0.5\n";
        let files =
            Files::of(&[("reports/00_other/tables/curve.csv", curve), ("data/curve.csv", curve)]);
        let figure = format!(
            "[[figure]]\nkind = \"kaplan-meier\"\nname = \"km\"\ncaption = \"c\"\nfrom = \"{from}\"\n\
             x_label = \"time (mo)\"\n{columns}\n"
        );
        let data = "[data.published]\ntable = \"data/curve.csv\"\n\
                    [data.other]\ntable = \"./data/../reports/00_other/tables/curve.csv\"\n";
        let text = EXPERIMENT.replace("[models.known]", &format!("{data}[models.known]"));
        let ran = run(&files, &format!("{text}{steps}{figure}"));
        ran.unwrap_or_else(|said| panic!("{from}: {said}")).svg("km")
    };
    let survival = "[[step]]\nkind = \"survival\"\nid = \"km_of\"\nfrom = \"watched.events\"\n\
                    unit = \"mo\"\nendpoint = \"OS\"\n";
    assert!(drawn("", "watched.events", "only = { endpoint = \"OS\" }").contains("simulated"));
    assert!(drawn(survival, "km_of.curve", "").contains("simulated"));
    assert!(drawn("", "other", "").contains("simulated"), "a report's table is not an observation");
    let observed = drawn("", "published", "");
    assert!(!observed.contains("simulated") && observed.contains("observed"));
}

/// Band, note and p of a curve are those that its own test allows, and the test is the sum over the groups shown.
#[test]
fn exact_a_curve_that_its_patients_refute_has_no_band() {
    let made = tables(EXPOSURE, &["curve", "curve.fit", "curve.lack_of_fit"]).expect("it runs");
    let fit = &made[1][0];
    let p = fit.number("lack_of_fit_p");
    let banded = made[0].iter().filter(|r| !r.text("low").is_empty()).count();
    assert_eq!(banded > 0, p >= 0.05, "p = {p}, {banded} rows with a band");
    assert_eq!(fit.text("note").contains("refuted"), p < 0.05);
    let chi_squared: f64 = made[2].iter().map(|r| r.number("z").powi(2)).sum();
    // Six digits of each z.
    assert!((chi_squared - fit.number("lack_of_fit")).abs() < 1e-3 * (1.0 + chi_squared));
    assert!((made[2].len() as f64 - 2.0 - fit.number("lack_of_fit_df")).abs() < 1e-9);
}
