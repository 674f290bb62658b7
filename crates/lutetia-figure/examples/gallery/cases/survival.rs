//! Survival and estimates.

use lutetia_table::{Cell, Table};

use super::{Case, Numbers, table};

pub(super) fn cases() -> Vec<Case> {
    vec![two_arms(), six_arms(), published_band(), incidence(), stacked(), forest(), swimmer()]
}

/// Patients of arms with Weibull survival, censored at random between 8 and 40 months.
fn patients(name: &str, arms: &[(&str, usize, f64)]) -> Table {
    let mut numbers = Numbers::new(7);
    let mut rows = Vec::new();
    for (arm, n, scale) in arms {
        for _ in 0..*n {
            let death = numbers.weibull(*scale, 1.4);
            let leaves = 8.0 + 32.0 * numbers.uniform();
            let time = (if death < leaves { death } else { leaves } * 100.0).round() / 100.0;
            let event = if death < leaves { 1.0 } else { 0.0 };
            rows.push(vec![time.into(), event.into(), (*arm).into()]);
        }
    }
    table(name, &["time (months)", "event", "arm"], rows)
}

fn two_arms() -> Case {
    Case::new(
        r#"
kind = "kaplan-meier"
name = "kaplan_meier_two_arms"
caption = "Overall survival of a synthetic trial of 551 and 280 patients"
from = "trial"
x_label = "time since randomisation (months)"
y_label = "overall survival"
"#,
        [patients(
            "trial",
            &[("standard care", 280, 15.0), ("radioligand + standard care", 551, 21.0)],
        )],
    )
}

fn six_arms() -> Case {
    let arms = [
        ("control", 60, 10.0),
        ("3.7 GBq every 6 weeks", 60, 12.0),
        ("5.5 GBq every 6 weeks", 60, 14.0),
        ("7.4 GBq every 6 weeks", 60, 18.0),
        ("7.4 GBq every 4 weeks", 60, 21.0),
        ("7.4 GBq every 6 weeks with a partner from cycle two on", 60, 30.0),
    ];
    Case::new(
        r#"
kind = "kaplan-meier"
name = "kaplan_meier_six_arms"
caption = "Six regimens"
from = "trial"
x_label = "time (months)"
interval = false
every = "6 mo"
until = "30 mo"
"#,
        [patients("trial", &arms)],
    )
}

fn published_band() -> Case {
    let rows = |arm: &'static str, points: &[(f64, f64)]| {
        let row = |(t, s): &(f64, f64)| vec![(*t).into(), (*s).into(), arm.into()];
        points.iter().map(row).collect::<Vec<Vec<Cell>>>()
    };
    let control = rows("control", &[(3.0, 0.60), (6.0, 0.31), (9.0, 0.18), (12.0, 0.12)]);
    let treated = [(3.0, 0.82), (6.0, 0.63), (8.7, 0.5), (12.0, 0.36), (18.0, 0.2)];
    let points = [control, rows("radioligand", &treated)].concat();
    let published = table("published", &["time (months)", "survival", "arm"], points);
    let mut bands = Vec::new();
    for (arm, scale) in [("control", 5.2), ("radioligand", 12.6)] {
        for i in 0..=36 {
            let t = f64::from(i) * 0.5;
            let s = f64::exp(-t / scale);
            let half = 0.06 * (s * (1.0 - s) * 4.0).sqrt();
            bands.push(vec![t.into(), (s - half).into(), s.into(), (s + half).into(), arm.into()]);
        }
    }
    let simulated = table("simulated", &["time (months)", "low", "median", "high", "arm"], bands);
    let compare = table(
        "cox",
        &["hazard_ratio", "low", "high", "p"],
        vec![vec![0.4.into(), 0.29.into(), 0.57.into(), 1e-9.into()]],
    );
    let trial = patients("trial", &[("control", 196, 7.0), ("radioligand", 385, 14.0)]);
    Case::new(
        r#"
kind = "kaplan-meier"
name = "kaplan_meier_simulated"
caption = "Simulated bands, one trial's curves and published points"
from = "trial"
columns = { event = "event" }
x_label = "time (months)"
y_label = "progression-free survival"
until = "18 mo"
simulated = "simulated"
published = "published"
compare = "cox"
"#,
        [trial, published, simulated, compare],
    )
}

fn forest() -> Case {
    let row = |group: &str, label: &str, n: f64, events: f64, ratio: f64, se: f64| {
        let (low, high) = (ratio * f64::exp(-1.96 * se), ratio * f64::exp(1.96 * se));
        let rounded = |x: f64| Cell::from((x * 1000.0).round() / 1000.0);
        vec![
            group.into(),
            label.into(),
            n.into(),
            events.into(),
            rounded(ratio),
            rounded(low),
            rounded(high),
        ]
    };
    let rows = vec![
        row("age", "below 65 years", 218.0, 130.0, 0.66, 0.18),
        row("age", "65 years and above", 613.0, 401.0, 0.60, 0.10),
        row("ECOG performance status", "0 or 1", 768.0, 489.0, 0.61, 0.09),
        row("ECOG performance status", "2", 63.0, 42.0, 0.63, 0.34),
        row("liver metastases at baseline", "yes", 95.0, 80.0, 0.87, 0.24),
        row("liver metastases at baseline", "no", 736.0, 451.0, 0.58, 0.10),
        row("lactate dehydrogenase", "above 260 IU/L", 18.0, 9.0, 0.91, 0.95),
        row("", "all patients", 831.0, 531.0, 0.62, 0.087),
    ];
    Case::new(
        r#"
kind = "forest"
name = "forest"
caption = "Hazard ratio of death by subgroup"
from = "subgroups"
columns = { estimate = "hazard_ratio" }
x_label = "hazard ratio of death"
favours = ["favours radioligand", "favours control"]
text = ["n", "events"]
summary = ["all patients"]
limits = [0.25, 4.0]
"#,
        [table(
            "subgroups",
            &["group", "label", "n", "events", "hazard_ratio", "low", "high"],
            rows,
        )],
    )
}

/// Times to progression or death, whichever comes first.
fn competing(arms: &[(&str, f64)]) -> Table {
    let mut numbers = Numbers::new(5);
    let mut rows = Vec::new();
    for (arm, scale) in arms {
        for _ in 0..180 {
            let progression = numbers.weibull(*scale, 1.2);
            let death = numbers.weibull(30.0, 1.4);
            let leaves = 6.0 + 30.0 * numbers.uniform();
            let (first, cause) = if progression < death {
                (progression, "progression")
            } else {
                (death, "death_without_progression")
            };
            let (time, cause) = if first < leaves { (first, cause) } else { (leaves, "censored") };
            rows.push(vec![((time * 100.0).round() / 100.0).into(), cause.into(), (*arm).into()]);
        }
    }
    table("events", &["time (months)", "cause", "arm"], rows)
}

fn incidence() -> Case {
    Case::new(
        r#"
kind = "cumulative-incidence"
name = "cumulative_incidence"
caption = "Progression and death without it, by arm"
from = "events"
x_label = "time (months)"
until = "30 mo"
"#,
        [competing(&[("control", 8.0), ("radioligand", 18.0)])],
    )
}

fn stacked() -> Case {
    Case::new(
        r#"
kind = "cumulative-incidence"
name = "cumulative_incidence_stacked"
caption = "Progression and death on top of each other"
from = "events"
x_label = "time (months)"
stacked = true
"#,
        [competing(&[("", 18.0)])],
    )
}

fn swimmer() -> Case {
    let mut numbers = Numbers::new(9);
    let (mut phases, mut events) = (Vec::new(), Vec::new());
    for i in 0..18 {
        let subject = format!("P{:02}", i + 1);
        let treated = 6.0 * (2.0 + (4.99 * numbers.uniform()).floor());
        let end = treated + 40.0 * numbers.uniform();
        let ongoing = if numbers.uniform() < 0.3 { 1.0 } else { 0.0 };
        let row = |start: f64, end: f64, phase: &str, ongoing: f64| {
            let subject = subject.as_str().into();
            vec![subject, start.into(), end.into(), phase.into(), ongoing.into()]
        };
        phases.push(row(0.0, treated, "on_treatment", 0.0));
        phases.push(row(treated, end, "follow_up", ongoing));
        let mut event = |time: f64, what: &str| {
            events.push(vec![subject.as_str().into(), time.into(), what.into()]);
        };
        if i % 2 == 0 {
            event(8.0 + 6.0 * numbers.uniform(), "partial_response");
        }
        if i % 3 == 0 {
            event(0.8 * end, "progression");
        }
        if ongoing < 0.5 && i % 4 == 0 {
            event(end, "death");
        }
    }
    Case::new(
        r#"
kind = "swimmer"
name = "swimmer"
caption = "The courses of 18 patients"
from = "phases"
events = "events"
x_label = "time since first cycle (weeks)"
"#,
        [
            table(
                "phases",
                &["subject", "start (weeks)", "end (weeks)", "phase", "ongoing"],
                phases,
            ),
            table("events", &["subject", "time (weeks)", "event"], events),
        ],
    )
}
