//! The JSON of a patient, cycle by cycle and region by region.

use lutetia_data::DoseRow;
use lutetia_diagnostic::{Diagnostic, SourceId, Span};
use serde_json::{Map, Value};

use super::{
    Measured, check, nuclide_name,
    study::{injection, write},
    value::{ValueError, byte_of, hours_of, number_of, numbers_of, text_of, without_nan},
};
use crate::{StudyFiles, codes, foreign_fields::Fields};

/// Reads the patient; faults are added to `faults`.
pub(super) fn read(
    name: &str,
    text: &str,
    id: SourceId,
    faults: &mut Vec<Diagnostic>,
) -> Option<StudyFiles> {
    let value = parsed(text, id, faults)?;
    let cycles = cycles(&value, id, faults)?;
    let mut patient = Patient::new(Span::new(id, 0, 0));
    patient.fields.top(&value);
    let top = |key: &str| value.get(key).and_then(text_of);
    patient.subject =
        patient.needed("PatientID", top("PatientID"), "write the name of the patient there");
    let nuclide = patient.needed(
        "Radionuclide",
        top("Radionuclide"),
        "write a nuclide such as `Lu177` there",
    );
    patient.nuclide = nuclide_name(&nuclide);
    for (key, value) in cycles {
        patient.cycle(key, value);
    }
    if patient.measured.is_empty() {
        patient.lacks(
            "no cycle has a region".into(),
            "run the fits of PyTheranostics before writing its results",
        );
    }
    let sex = patient.sex(top("Gender"));
    let Patient { whole, subject, lacking, of_curves, fields, given, measured, .. } = patient;
    faults.extend(lacking);
    faults.extend(of_curves);
    faults.extend(fields.left_out().map(|d| d.at(whole, "")));
    Some(write(name, &subject, sex.as_deref(), &given, &measured))
}

/// The text as JSON, or where it is none.
fn parsed(text: &str, id: SourceId, faults: &mut Vec<Diagnostic>) -> Option<Value> {
    match serde_json::from_str(&without_nan(text)) {
        Ok(value) => Some(value),
        Err(error) => {
            let at = byte_of(text, error.line(), error.column());
            let message = format!("the text is not JSON: {error}");
            faults.push(
                Diagnostic::error(codes::FOREIGN_SYNTAX, message).at(Span::new(id, at, at), ""),
            );
            None
        }
    }
}

/// The cycles by their names; without any, the file is something else.
fn cycles<'a>(
    value: &'a Value,
    id: SourceId,
    faults: &mut Vec<Diagnostic>,
) -> Option<Vec<(&'a String, &'a Value)>> {
    let cycles: Vec<(&String, &Value)> = value
        .as_object()
        .map(|o| o.iter().filter(|(key, _)| key.starts_with("Cycle_")).collect())
        .unwrap_or_default();
    if cycles.is_empty() {
        faults.push(
            Diagnostic::error(
                codes::FOREIGN_SYNTAX,
                "this is not a result of PyTheranostics: there is no `Cycle_01`",
            )
            .at(Span::new(id, 0, 0), "")
            .hint("give the file that `write_json_data` writes"),
        );
        return None;
    }
    Some(cycles)
}

/// A patient while the file is read.
struct Patient {
    /// The place of every fault: a field that is missing is nowhere in particular.
    whole: Span,
    subject: String,
    nuclide: String,
    /// What the file lacks.
    lacking: Vec<Diagnostic>,
    /// What curves lack, said after what the file lacks.
    of_curves: Vec<Diagnostic>,
    fields: Fields,
    given: Vec<DoseRow>,
    measured: Vec<Measured>,
    /// Hours of the first injection since a fixed day, where it says when it was.
    first: Option<f64>,
}

impl Patient {
    fn new(whole: Span) -> Self {
        Self {
            whole,
            subject: String::new(),
            nuclide: String::new(),
            lacking: Vec::new(),
            of_curves: Vec::new(),
            fields: Fields::default(),
            given: Vec::new(),
            measured: Vec::new(),
            first: None,
        }
    }

    fn lacks(&mut self, what: String, hint: &str) {
        self.lacking.push(
            Diagnostic::error(codes::FOREIGN_LACKS, what).at(self.whole, "").hint(hint.to_owned()),
        );
    }

    /// A field without which there is no study.
    fn needed(&mut self, field: &str, found: Option<String>, hint: &str) -> String {
        found.unwrap_or_else(|| {
            self.lacks(format!("`{field}` is missing"), hint);
            String::new()
        })
    }

    /// A sex that a study knows; another one is named among what is not carried over.
    fn sex(&mut self, given: Option<String>) -> Option<String> {
        let word = given?.to_lowercase();
        if ["male", "female", "m", "f", "other", "unknown"].contains(&word.as_str()) {
            return Some(word);
        }
        self.fields.not_understood("Gender");
        None
    }

    /// A cycle with its injection and its regions; one without regions is an empty one of the template.
    fn cycle(&mut self, key: &str, value: &Value) {
        let body = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        let Some(body) = body.as_object() else { return };
        let regions = ["rois", "VOIs"]
            .iter()
            .find_map(|k| body.get(*k).and_then(Value::as_object).filter(|r| !r.is_empty()));
        let Some(regions) = regions else { return };
        let number = key.trim_start_matches("Cycle_").parse::<u16>().ok().filter(|n| *n > 0);
        let Some(cycle) = number else {
            self.lacks(
                format!("`{key}` is not the name of a cycle"),
                "expected `Cycle_01` and so on",
            );
            return;
        };
        self.injection(key, cycle, body);
        self.fields.cycle(body);
        for (region, values) in regions {
            self.region(key, cycle, region, values);
        }
    }

    /// What was injected, and how long after the first injection.
    fn injection(&mut self, key: &str, cycle: u16, body: &Map<String, Value>) {
        let injected = body.get("InjectedActivity").and_then(number_of).filter(|x| *x > 0.0);
        if injected.is_none() {
            self.lacks(
                format!("{key} has no `InjectedActivity`"),
                "write the injected activity in MBq there",
            );
        }
        let start_h = match (self.first, hours_of(body)) {
            (None, day) if self.given.is_empty() => {
                self.first = day;
                Some(0.0)
            }
            (Some(first), Some(day)) => Some(day - first),
            _ => None,
        };
        match start_h {
            Some(start_h) if start_h >= 0.0 => {
                let given = (start_h, injected.unwrap_or(f64::NAN));
                self.given.push(injection(&self.subject, &self.nuclide, cycle, given));
            }
            Some(start) => self.lacks(
                format!("{key} was injected {:.0} h before the first cycle", -start),
                "look at `InjectionDate` and `InjectionTime` of both",
            ),
            None => self.lacks(
                format!(
                    "{key} cannot be placed after the first cycle: `InjectionDate` (such as `20240131`) or \
                     `InjectionTime` (such as `093000`) is missing in one of them"
                ),
                "write date and time of both injections",
            ),
        }
    }

    /// Times, activities, volumes and mass of one region, and what was published of it.
    fn region(&mut self, key: &str, cycle: u16, region: &str, values: &Value) {
        let place = format!("{key}, `{region}`");
        let times_h = self.list(&place, values, "timepoints_h", "values");
        let activities_mbq = self.list(&place, values, "activity_MBq", "values");
        let mut volumes_ml = self.list(&place, values, "volumes_mL", "different_tps");
        let mean = |key: &str| {
            let found = values.get(key).map(|f| f.get("mean").unwrap_or(f));
            found.and_then(number_of).filter(|x| *x > 0.0)
        };
        if volumes_ml.is_empty() {
            volumes_ml.extend(mean("volumes_mL"));
        }
        let volume = (!volumes_ml.is_empty())
            .then(|| volumes_ml.iter().sum::<f64>() / volumes_ml.len() as f64);
        let density = mean("density_gml");
        let of_density = density.zip(volume).map(|(density, ml)| density * ml);
        let mass_g = mean("mass_g").or(of_density);
        self.fields.region(values, density.is_some() && mass_g.is_some());
        let result = |key: &str| values.get(key).and_then(number_of);
        let measured = Measured {
            cycle,
            region: region.to_owned(),
            times_h,
            activities_mbq,
            volumes_ml,
            mass_g,
            results: [result("TIA_MBqh"), result("TIA_h"), result("mean_AD_Gy")],
        };
        let whole = self.whole;
        self.of_curves.extend(check(&measured, &place).into_iter().map(|d| d.at(whole, "")));
        self.measured.push(measured);
    }

    /// The numbers of a field, which stand in it or in a part of it.
    fn list(&mut self, place: &str, values: &Value, field: &str, part: &str) -> Vec<f64> {
        let found = values.get(field).map(|f| f.get(part).unwrap_or(f));
        match found.map(numbers_of) {
            Some(Ok(list)) => list,
            Some(Err(ValueError::NotANumber { found })) => {
                self.lacks(
                    format!("{place}: `{field}` holds `{found}`, expected numbers"),
                    "correct the value",
                );
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}
