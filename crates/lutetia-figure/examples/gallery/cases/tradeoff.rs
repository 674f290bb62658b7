//! Benefit against harm.

use lutetia_table::Cell;

use super::{Case, Numbers, table};

pub(super) fn cases() -> Vec<Case> {
    vec![therapeutic_index(), pareto(), synergy(), synergy_panels(), tornado()]
}

fn therapeutic_index() -> Case {
    let logistic = |x: f64, middle: f64, width: f64| 1.0 / (1.0 + f64::exp(-(x - middle) / width));
    let rows = (0..=50).map(|i| {
        let x = f64::from(i) * 1.2;
        let t = [logistic(x, 26.0, 4.0), logistic(x, 23.0, 4.0), logistic(x, 20.0, 4.0)];
        let n = [logistic(x, 48.0, 5.0), logistic(x, 44.0, 5.0), logistic(x, 40.0, 5.0)];
        let all = [x, t[0], t[1], t[2], n[0], n[1], n[2]];
        all.iter().map(|v| Cell::from(*v)).collect()
    });
    let columns = ["activity (GBq)", "tcp_low", "tcp", "tcp_high", "ntcp_low", "ntcp", "ntcp_high"];
    Case::new(
        r#"
kind = "therapeutic-index"
name = "therapeutic_index"
caption = "Control and complication against cumulative activity"
from = "curves"
columns = { x = "activity" }
x_label = "cumulative activity (GBq)"
ntcp_label = "kidney complication (NTCP)"
limit = 0.05
"#,
        [table("curves", &columns, rows.collect())],
    )
}

fn pareto() -> Case {
    let mut numbers = Numbers::new(2);
    let mut rows = Vec::new();
    for (series, gain) in [("alone", 0.0), ("with olaparib", 1.2), ("with pembrolizumab", 0.6)] {
        for cycles in 2..=6 {
            for activity in [3.7, 5.5, 7.4, 9.3] {
                let given = f64::from(cycles) * activity;
                let harm = 1.0 / (1.0 + f64::exp(-(given - 42.0 + 6.0 * gain) / 9.0));
                let months = 8.0 + (9.0 + gain) * (1.0 - f64::exp(-given / 20.0));
                let months = months + 0.4 * numbers.normal();
                let label = format!("{cycles} × {activity} GBq");
                rows.push(vec![
                    series.into(),
                    label.into(),
                    (100.0 * harm).into(),
                    (100.0 * (harm - 0.02)).into(),
                    (100.0 * (harm + 0.02)).into(),
                    months.into(),
                    (months - 0.5).into(),
                    (months + 0.5).into(),
                ]);
            }
        }
    }
    let columns = [
        "partner",
        "label",
        "harm (%)",
        "x_low (%)",
        "x_high (%)",
        "rmst (months)",
        "y_low",
        "y_high",
    ];
    Case::new(
        r#"
kind = "pareto"
name = "pareto"
caption = "Restricted mean survival against severe toxicity"
from = "regimens"
columns = { x = "harm", y = "rmst", series = "partner" }
x_label = "patients with toxicity of grade 3 or more (%)"
y_label = "restricted mean survival to 24 months (months)"
weights = { x = 0.3, y = 0.7 }
x_utility = [100, 0]
y_utility = [0, 24]
"#,
        [table("regimens", &columns, rows)],
    )
}

/// Effects of two drugs that are independent but for a bump in the middle.
fn combination(panel: &str, bump: f64) -> Vec<Vec<Cell>> {
    let (doses, partners) = ([0.0, 1.85, 3.7, 5.5, 7.4], [0.0, 100.0, 200.0, 300.0]);
    let mut rows = Vec::new();
    for a in doses {
        for b in partners {
            let (ea, eb) = (a / (a + 5.0), b / (b + 400.0));
            let null = ea + eb - ea * eb;
            let excess = bump * ea * eb * (1.0 - null);
            rows.push(vec![a.into(), b.into(), (null + excess).into(), null.into(), panel.into()]);
        }
    }
    rows
}

const COMBINATION: [&str; 5] = ["a (GBq)", "b (mg)", "effect", "null", "panel"];

fn synergy() -> Case {
    Case::new(
        r#"
kind = "synergy"
name = "synergy"
caption = "Effect beyond Bliss independence"
from = "grid"
x_label = "activity per cycle (GBq)"
y_label = "olaparib per dose (mg)"
z_label = "excess over Bliss (probability)"
"#,
        [table("grid", &COMBINATION, combination("", 0.8))],
    )
}

fn synergy_panels() -> Case {
    let rows = [combination("Bliss", 0.8), combination("highest_single_agent", -0.4)].concat();
    Case::new(
        r#"
kind = "synergy"
name = "synergy_panels"
caption = "Effect beyond two null models"
from = "grid"
x_label = "activity per cycle (GBq)"
y_label = "olaparib per dose (mg)"
z_label = "excess (probability)"
"#,
        [table("grid", &COMBINATION, rows)],
    )
}

fn tornado() -> Case {
    let row = |name: &str, from: f64, to: f64, low: f64, high: f64| {
        vec![name.into(), from.into(), to.into(), low.into(), high.into()]
    };
    let rows = vec![
        row("radiosensitivity_alpha", 0.05, 0.25, 12.1, 18.9),
        row("tumour_uptake", 0.004, 0.02, 13.0, 17.9),
        row("growth_rate", 0.001, 0.004, 16.9, 13.2),
        row("repair_half-time", 0.5, 3.0, 14.9, 15.6),
        row("resistant_share_of_cells_at_baseline", 0.001, 0.1, 15.8, 14.1),
        row("kidney_alpha_beta", 1.5, 3.5, 15.25, 15.31),
    ];
    Case::new(
        r#"
kind = "tornado"
name = "tornado"
caption = "What moves median survival"
from = "inputs"
base = 15.3
x_label = "median overall survival (months)"
"#,
        [table("inputs", &["parameter", "low_at", "high_at", "low", "high"], rows)],
    )
}
