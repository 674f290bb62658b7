//! Response and toxicity of patients.

use lutetia_report::{Cell, Table};

use super::{Case, Numbers, table};

pub(super) fn cases() -> Vec<Case> {
    vec![budget(), waterfall(), waterfall_many(), spider()]
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
