//! Which fields of a file of another program are not carried over: none is dropped without a word.

use std::collections::BTreeSet;

use lutetia_diagnostic::Diagnostic;
use serde_json::{Map, Value};

use crate::codes;

/// Of a patient, a cycle and a region, what becomes part of the study or of `published.csv`. Counts, and times that stand
/// with every region as well, say nothing more.
const TOP: [&str; 5] = ["Type", "Radionuclide", "PatientID", "Gender", "No_of_completed_cycles"];
const CYCLE: [&str; 7] = [
    "CycleNumber",
    "TimePoints_h",
    "InjectionDate",
    "InjectionTime",
    "InjectedActivity",
    "VOIs",
    "rois",
];
const REGION: [(&str, &[&str]); 8] = [
    ("volumes_mL", &["different_tps", "mean"]),
    ("activity_MBq", &["values"]),
    ("timepoints_h", &["values"]),
    ("TIA_MBqh", &[]),
    ("TIA_h", &[]),
    ("mean_AD_Gy", &[]),
    ("mass_g", &["mean"]),
    ("density_gml", &["mean"]),
];
const COLUMNS: [&str; 5] = ["Time_hr", "Activity_MBq", "Volume_CT_mL", "TIA_MBq_h", "TIA_h"];

/// Fields met that are not carried over.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    names: BTreeSet<String>,
}

/// Whether a value says something: `NA`, nothing and lists of such do not.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !["", "NA", "N/A"].contains(&text.trim()),
        Value::Array(list) => list.iter().any(says),
        Value::Object(map) => map.values().any(says),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

impl Fields {
    /// The fields of a patient.
    pub(crate) fn top(&mut self, value: &Value) {
        let Some(map) = value.as_object() else { return };
        for (key, value) in map {
            if !key.starts_with("Cycle_") && !TOP.contains(&key.as_str()) && says(value) {
                self.names.insert(key.clone());
            }
        }
    }

    /// The fields of a cycle.
    pub(crate) fn cycle(&mut self, body: &Map<String, Value>) {
        for (key, value) in body {
            if !CYCLE.contains(&key.as_str()) && says(value) {
                self.names.insert(key.clone());
            }
        }
    }

    /// The fields of a region; whether its density is in its mass.
    pub(crate) fn region(&mut self, values: &Value, density_used: bool) {
        let Some(map) = values.as_object() else { return };
        for (key, value) in map.iter().filter(|(_, value)| says(value)) {
            match REGION.iter().find(|(known, _)| known == key) {
                Some(("density_gml", _)) if !density_used => {
                    self.names.insert(key.clone());
                }
                Some((_, parts)) => {
                    for (part, value) in value.as_object().into_iter().flatten() {
                        if !parts.contains(&part.as_str()) && says(value) {
                            self.names.insert(format!("{key}.{part}"));
                        }
                    }
                }
                None => {
                    self.names.insert(key.clone());
                }
            }
        }
    }

    /// The columns of a table of results, without that of the regions.
    pub(crate) fn columns<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let others = names.map(str::trim).filter(|n| !COLUMNS.contains(n) && !n.is_empty());
        self.names.extend(others.map(str::to_owned));
    }

    /// A field that is carried over and here is not understood.
    pub(crate) fn not_understood(&mut self, name: &str) {
        self.names.insert(name.to_owned());
    }

    /// The warning that names them all.
    pub(crate) fn left_out(&self) -> Option<Diagnostic> {
        if self.names.is_empty() {
            return None;
        }
        let names: Vec<String> = self.names.iter().map(|n| format!("`{n}`")).collect();
        Some(
            Diagnostic::warning(
                codes::FOREIGN_LEFT_OUT,
                format!("not carried over: {}", names.join(", ")),
            )
            .hint("curves are fitted anew from times and activities; what else is needed goes into the files of the study"),
        )
    }
}
