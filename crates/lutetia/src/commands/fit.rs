//! `lutetia fit`.

use std::path::PathBuf;

use clap::Args;
use lutetia_fit::{Determination, Estimate};
use serde_json::{Value, json};

use super::{
    curves::{self, Curves, Fitted},
    studies, table,
};
use crate::{failure::Outcome, terminal::Terminal};

const EXAMPLE: &str = "\
Example:
  lutetia fit data/studies/snmmi_patient4 --region kidney_left
  lutetia fit data/studies/snmmi_patient4 --exponentials 1 --error \"proportional 15 %\" --json";

/// Arguments of `fit`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLE)]
pub(crate) struct Arguments {
    /// Study folder.
    #[arg(value_name = "FOLDER")]
    study: PathBuf,

    /// Subject; needed where the study has several.
    #[arg(long, value_name = "NAME")]
    subject: Option<String>,

    /// Treatment cycle.
    #[arg(long, value_name = "N", default_value_t = 1)]
    cycle: u16,

    /// Region to fit; repeat for several. All without it.
    #[arg(long = "region", value_name = "NAME")]
    regions: Vec<String>,

    #[command(flatten)]
    curves: Curves,
}

/// Fits every curve asked for and prints estimates with their uncertainty.
pub(crate) fn run(arguments: &Arguments, terminal: &Terminal) -> Outcome {
    let study = studies::load(&arguments.study, terminal)?;
    let subject = studies::subject(&study, arguments.subject.as_deref())?;
    let mut rows = Vec::new();
    for curve in studies::curves(&study, &subject, arguments.cycle, &arguments.regions)? {
        let fitted = curves::fit_curve(&arguments.curves, curve, terminal)?;
        rows.extend(rows_of(&fitted));
    }
    table::print(&rows, terminal)
}

/// One row per parameter, error magnitude, derived quantity and figure of merit.
fn rows_of(fitted: &Fitted) -> Vec<Value> {
    let fit = &fitted.fit;
    let head = |kind: &str, name: &str, unit: &str| {
        json!({
            "region": fitted.curve.region, "form": fitted.form, "kind": kind, "name": name,
            "unit": unit, "value": null, "se": null, "ci95_low": null, "ci95_high": null, "note": null,
        })
    };
    let filled = |kind: &str,
                  name: &str,
                  value: f64,
                  se: Option<f64>,
                  ci95: Option<(f64, f64)>,
                  determined: &Determination| {
        let mut row = head(kind, name, unit_of(name));
        match curves::reason(determined) {
            // A number that the data do not determine is not printed, so that nobody uses it.
            Some(reason) => row["note"] = json!(reason),
            None => {
                row["value"] = json!(value);
                row["se"] = json!(se);
                row["ci95_low"] = json!(ci95.map(|c| c.0));
                row["ci95_high"] = json!(ci95.map(|c| c.1));
            }
        }
        row
    };
    let estimate =
        |kind: &str, e: &Estimate| filled(kind, &e.name, e.value, e.se, e.ci95, &e.determined);
    let mut rows: Vec<Value> = fit.estimates.iter().map(|e| estimate("parameter", e)).collect();
    rows.extend(fit.magnitudes.iter().map(|e| estimate("error", e)));
    rows.extend(
        fit.derived
            .iter()
            .map(|d| filled("derived", &d.name, d.value, d.se, d.ci95, &d.determined)),
    );
    for (name, value) in [("aic", fit.aic), ("aicc", fit.aicc), ("bic", fit.bic)] {
        let mut row = head("criterion", name, "1");
        row["value"] = json!(value);
        if value.is_none() {
            row["note"] = json!(fit.criteria_note);
        }
        rows.push(row);
    }
    let mut row = head("fit", "condition_number", "1");
    row["value"] = json!(fit.condition_number);
    row["note"] = json!(fit.status.to_string());
    rows.push(row);
    rows
}

/// Unit of a quantity of a sum of exponentials; its names are fixed.
fn unit_of(name: &str) -> &'static str {
    match name {
        "tia" | "tia_to_last" => "MBq h",
        "effective_half_life" | "time_of_maximum" => "h",
        "sd" => "MBq",
        "extrapolated_fraction" | "cv" | "scale" => "1",
        _ if name.starts_with("lambda") => "1/h",
        _ => "MBq",
    }
}
