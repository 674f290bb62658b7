//! Response and toxicity of patients.

use lutetia_table::{Cell, Table};

use super::{Case, Numbers, table};

pub(super) fn cases() -> Vec<Case> {
    vec![
        budget(),
        waterfall(),
        waterfall_many(),
        spider(),
        toxicity(),
        exposure_response(),
        scatter(),
    ]
}

fn budget() -> Case {
    let shares = [("activity", [60.0, 81.0]), ("mass", [38.5, 9.0]), ("time", [1.5, 10.0])];
    let rows = ["left_kidney", "parotid_glands"].into_iter().enumerate().flat_map(|(i, region)| {
        shares.map(|(input, share)| vec![region.into(), input.into(), Cell::from(share[i])])
    });
    let budget = table("dose.budget", &["region", "input", "share (%)"], rows.collect());
    Case::new(
        r#"
kind = "budget"
name = "budget"
caption = "Shares of the variance of a dose"
from = "dose"
"#,
        [budget],
    )
}

/// Best changes of PSA by arm.
fn changes(n: usize) -> Table {
    let mut numbers = Numbers::new(11);
    let rows = (0..n).map(|i| {
        let arm = if i % 3 == 0 { "control" } else { "radioligand" };
        let middle = if i % 3 == 0 { 0.1 } else { -0.7 };
        let change = 100.0 * (f64::exp(middle + 0.9 * numbers.normal()) - 1.0);
        vec![Cell::from((change * 10.0).round() / 10.0), arm.into()]
    });
    table("psa", &["change (%)", "arm"], rows.collect())
}

fn waterfall() -> Case {
    Case::new(
        r#"
kind = "waterfall"
name = "waterfall"
caption = "Best change of PSA of 48 patients"
from = "psa"
columns = { group = "arm" }
y_label = "best change of PSA from baseline (%)"
thresholds = [-50]
"#,
        [changes(48)],
    )
}

fn waterfall_many() -> Case {
    Case::new(
        r#"
kind = "waterfall"
name = "waterfall_many"
caption = "Best change of 1000 patients"
from = "psa"
"#,
        [changes(1000)],
    )
}

fn spider() -> Case {
    let mut numbers = Numbers::new(3);
    let mut rows = Vec::new();
    for subject in 0..24 {
        let arm = if subject % 3 == 0 { "control" } else { "radioligand" };
        let grow = 0.02 + 0.02 * numbers.uniform();
        let kill = if subject % 3 == 0 { 0.01 } else { 0.10 + 0.08 * numbers.normal() };
        for visit in 0..=(3 + subject % 6) {
            let t = 6.0 * f64::from(visit);
            let size = f64::exp(grow * t - kill / 0.08 * (1.0 - f64::exp(-0.08 * t)));
            let change = (1000.0 * (size - 1.0)).round() / 10.0;
            rows.push(vec![f64::from(subject).into(), t.into(), change.into(), arm.into()]);
        }
    }
    Case::new(
        r#"
kind = "spider"
name = "spider"
caption = "Sum of diameters of 24 patients over time"
from = "visits"
columns = { group = "arm" }
x_label = "time since first cycle (weeks)"
y_label = "change of the sum of diameters (%)"
cut = 150
"#,
        [table("visits", &["subject", "time (weeks)", "change (%)", "arm"], rows)],
    )
}

fn toxicity() -> Case {
    let mut rows = Vec::new();
    for (arm, kill) in [("7.4 GBq", 0.35), ("7.4 GBq with olaparib", 0.60)] {
        for day in 0..=36 {
            let t = f64::from(day) * 7.0;
            let dips = (0..6).map(|cycle| {
                let since = t - 42.0 * f64::from(cycle) - 10.0;
                if since > 0.0 { since / 18.0 * f64::exp(1.0 - since / 18.0) } else { 0.0 }
            });
            let value = 236.0 * f64::exp(-kill * dips.sum::<f64>() - 0.0008 * t);
            rows.push(vec![
                (t / 7.0).into(),
                value.into(),
                (0.6 * value).into(),
                (1.4 * value).into(),
                arm.into(),
            ]);
        }
    }
    Case::new(
        r#"
kind = "toxicity"
name = "toxicity"
caption = "Platelets over six cycles"
from = "platelets"
columns = { series = "arm", value = "median" }
x_label = "time (weeks)"
y_label = "platelets (10⁹/L)"
ctcae = "platelets"
cycles = ["0 week", "6 week", "12 week", "18 week", "24 week", "30 week"]
"#,
        [table("platelets", &["time (weeks)", "median (10^9/L)", "low", "high", "arm"], rows)],
    )
}

fn exposure_response() -> Case {
    let mut numbers = Numbers::new(21);
    let p = |x: f64| 1.0 / (1.0 + f64::exp(-0.11 * (x - 19.0)));
    let curve = (0..=60).map(|x| {
        let x = f64::from(x);
        let half = 0.02 + 0.0015 * (x - 18.0).abs();
        let clamp = |p: f64| p.clamp(0.0, 1.0);
        vec![Cell::from(x), p(x).into(), clamp(p(x) - half).into(), clamp(p(x) + half).into()]
    });
    let curve = table("model", &["exposure (Gy)", "probability", "low", "high"], curve.collect());
    let patients = (0..300).map(|_| {
        let x = 17.0 * f64::exp(0.5 * numbers.normal());
        let response = if numbers.uniform() < p(x) { 1.0 } else { 0.0 };
        vec![Cell::from(x), response.into()]
    });
    let patients = table("patients", &["exposure (Gy)", "response"], patients.collect());
    Case::new(
        r#"
kind = "exposure-response"
name = "exposure_response"
caption = "Dry mouth of any grade against gland dose"
from = "model"
observed = "patients"
x_label = "mean dose to the salivary glands (Gy)"
y_label = "dry mouth of any grade"
"#,
        [curve, patients],
    )
}

/// Predictions beside what they predict, by organ.
fn scatter() -> Case {
    let mut numbers = Numbers::new(23);
    let rows = (0..60).map(|i| {
        let organ = if i % 2 == 0 { "kidneys" } else { "tumour" };
        let truth = f64::exp(0.4 * numbers.normal() + if i % 2 == 0 { 0.0 } else { 1.5 });
        let predicted = truth * f64::exp(0.15 * numbers.normal());
        let ends = [predicted / 1.4, predicted * 1.4];
        let mut row = vec![Cell::from(organ), truth.into(), predicted.into()];
        row.extend(ends.map(Cell::from));
        row
    });
    let columns = ["organ", "truth (h)", "predicted (h)", "low (h)", "high (h)"];
    Case::new(
        r#"
kind = "scatter"
name = "scatter"
caption = "Predicted and true integrals"
from = "predictions"
columns = { x = "truth", y = "predicted", panel = "organ" }
x_label = "true integral (h)"
y_label = "predicted integral (h)"
log = true
equal = true
"#,
        [table("predictions", &columns, rows.collect())],
    )
}
