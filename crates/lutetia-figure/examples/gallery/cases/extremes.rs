//! What an experiment may ask for that is hard to draw.

use lutetia_table::Cell;

use super::{Case, Numbers, table};

pub(super) fn cases() -> Vec<Case> {
    vec![
        two_endpoints(),
        pareto_labels(),
        long_forest(),
        one_row_forest(),
        fine_synergy(),
        one_input(),
        one_cause_six_arms(),
        toxicity_panels(),
        many_swimmers(),
        one_patient(),
    ]
}

fn two_endpoints() -> Case {
    let mut rows = Vec::new();
    for (endpoint, scales) in
        [("progression-free survival", [5.0, 12.0]), ("overall survival", [16.0, 22.0])]
    {
        for (arm, scale) in
            ["standard care", "¹⁷⁷Lu-PSMA-617 + standard care"].into_iter().zip(scales)
        {
            for i in 0..=100 {
                let t = f64::from(i) * 0.36;
                let s = f64::exp(-(t / scale).powf(1.3));
                let low = (s - 0.06 * s.sqrt()).max(0.0);
                let at_risk = (300.0 * s * (1.0 - t / 60.0)).round();
                let high = s + 0.06 * (1.0 - s);
                rows.push(vec![
                    endpoint.into(),
                    arm.into(),
                    t.into(),
                    s.into(),
                    low.into(),
                    high.into(),
                    at_risk.into(),
                    f64::from(i % 4 / 3).into(),
                ]);
            }
        }
    }
    let columns =
        ["endpoint", "arm", "time (mo)", "survival", "low", "high", "at_risk", "censored"];
    let curves = table("trial.curves", &columns, rows);
    let ratio = |endpoint: &str, ratio: f64, low: f64, high: f64| {
        let arm = "¹⁷⁷Lu-PSMA-617 + standard care";
        vec![endpoint.into(), arm.into(), ratio.into(), low.into(), high.into(), 1e-6.into()]
    };
    let ratios = vec![
        ratio("progression-free survival", 0.4, 0.29, 0.57),
        ratio("overall survival", 0.62, 0.52, 0.74),
    ];
    let ratios =
        table("trial.ratios", &["endpoint", "arm", "hazard_ratio", "low", "high", "p"], ratios);
    Case::new(
        r#"
kind = "kaplan-meier"
name = "x_two_endpoints"
caption = "Two endpoints side by side"
from = "trial.curves"
compare = "trial.ratios"
columns = { panel = "endpoint" }
x_label = "time (months)"
"#,
        [curves, ratios],
    )
}

fn pareto_labels() -> Case {
    let rows = (0..10).map(|i| {
        let x = f64::from(i * i) * 0.8 + 2.0;
        let label = format!("{} × 7.4 GBq every {} weeks", i + 1, 4 + i % 3);
        vec![Cell::from(x), (10.0 + 2.0 * x.ln()).into(), label.into()]
    });
    Case::new(
        r#"
kind = "pareto"
name = "x_pareto_labels"
caption = "Labels that want the same place"
from = "t"
x_label = "toxicity (%)"
y_label = "survival (months)"
"#,
        [table("t", &["x", "y", "label"], rows.collect())],
    )
}

fn long_forest() -> Case {
    let mut numbers = Numbers::new(4);
    let rows = (0..60).map(|i| {
        let label = if i % 7 == 0 {
            format!("subgroup {i} of patients with a very long name that goes on and on")
        } else {
            format!("subgroup {i}")
        };
        let ratio = f64::exp(0.5 * numbers.normal());
        let se = 0.1 + numbers.uniform();
        let (low, high) = (ratio * f64::exp(-1.96 * se), ratio * f64::exp(1.96 * se));
        vec![label.into(), ratio.into(), low.into(), high.into()]
    });
    Case::new(
        r#"
kind = "forest"
name = "x_long_forest"
caption = "Sixty subgroups"
from = "t"
x_label = "hazard ratio"
favours = ["favours the radioligand with everything", "favours the control"]
limits = [0.1, 10]
"#,
        [table("t", &["label", "estimate", "low", "high"], rows.collect())],
    )
}

fn one_row_forest() -> Case {
    let rows = vec![vec!["all".into(), 0.62.into(), 0.52.into(), 0.74.into()]];
    Case::new(
        r#"
kind = "forest"
name = "x_one_row_forest"
caption = "One estimate"
from = "t"
x_label = "hazard ratio"
"#,
        [table("t", &["label", "estimate", "low", "high"], rows)],
    )
}

fn fine_synergy() -> Case {
    let mut rows = Vec::new();
    for a in 0..20 {
        for b in 0..20 {
            let (x, y) = (f64::from(a) / 19.0, f64::from(b) / 19.0);
            let excess = (x - y) * x * y;
            rows.push(vec![f64::from(a * 5).into(), f64::from(b * 10).into(), excess.into()]);
        }
    }
    Case::new(
        r#"
kind = "synergy"
name = "x_fine_synergy"
caption = "Four hundred cells"
from = "t"
x_label = "dose of the first (mg)"
y_label = "dose of the second (mg)"
z_label = "excess over the highest single agent (probability)"
"#,
        [table("t", &["a", "b", "excess"], rows)],
    )
}

fn one_input() -> Case {
    let rows = vec![vec!["alpha".into(), 9.0.into(), 9.0.into()]];
    Case::new(
        r#"
kind = "tornado"
name = "x_one_input"
caption = "One input, which moves the result one way"
from = "t"
base = 10
x_label = "result (months)"
"#,
        [table("t", &["parameter", "low", "high"], rows)],
    )
}

fn one_cause_six_arms() -> Case {
    let mut rows = Vec::new();
    for arm in 0..6 {
        for i in 1..=20 {
            let t = f64::from(i);
            let p = 0.04 * f64::from(arm + 1) * (1.0 - f64::exp(-t / 8.0));
            rows.push(vec![
                t.into(),
                p.into(),
                "toxicity".into(),
                format!("{arm} GBq more").into(),
            ]);
        }
    }
    Case::new(
        r#"
kind = "cumulative-incidence"
name = "x_one_cause_six_arms"
caption = "One cause in six arms"
from = "t"
x_label = "time (weeks)"
"#,
        [table("t", &["time", "incidence", "cause", "arm"], rows)],
    )
}

fn toxicity_panels() -> Case {
    let mut rows = Vec::new();
    for (count, base) in [("platelets", 240.0), ("neutrophils", 4.5)] {
        for week in 0..30 {
            let t = f64::from(week);
            let value = base * (0.7 + 0.3 * (t / 3.0).cos());
            rows.push(vec![t.into(), value.into(), count.into()]);
        }
    }
    Case::new(
        r#"
kind = "toxicity"
name = "x_toxicity_panels"
caption = "Two counts"
from = "t"
x_label = "time (weeks)"
y_label = "count (10⁹/L)"
"#,
        [table("t", &["time", "value", "panel"], rows)],
    )
}

fn many_swimmers() -> Case {
    let mut numbers = Numbers::new(8);
    let rows = (0..90)
        .map(|i| vec![format!("patient {i}").into(), Cell::from(10.0 + 60.0 * numbers.uniform())]);
    Case::new(
        r#"
kind = "swimmer"
name = "x_many_swimmers"
caption = "Ninety courses"
from = "t"
x_label = "time (weeks)"
"#,
        [table("t", &["subject", "end"], rows.collect())],
    )
}

fn one_patient() -> Case {
    Case::new(
        r#"
kind = "kaplan-meier"
name = "x_one_patient"
caption = "One patient"
from = "t"
x_label = "time (days)"
"#,
        [table("t", &["time", "event"], vec![vec![12.0.into(), 1.0.into()]])],
    )
}
