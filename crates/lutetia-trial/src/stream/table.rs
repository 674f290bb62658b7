//! The table of the patients of a trial: how it is written, and what is counted in it.

use std::path::Path;

use super::StreamError;
use crate::{
    endpoint::Endpoint,
    tally::Tally,
    trial::{Failed, Record, Trial, TrialSpec},
};

/// Column of the arm.
const ARM: &str = "arm";

/// Column that says whether a patient could be simulated, or why not.
const STATUS: &str = "status";

/// What it says of one who could.
const SIMULATED: &str = "ok";

/// Column of the day of an endpoint; whether that ended with the event stands right of it.
fn day_of(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::OverallSurvival => "survival_d",
        Endpoint::ProgressionFreeSurvival => "progression_free_d",
        Endpoint::MarkerProgressionFree => "marker_free_d",
    }
}

/// The header of the joined table.
pub(super) fn header(trial: &Trial<'_>) -> String {
    let mut names: Vec<String> = [
        "patient",
        ARM,
        STATUS,
        day_of(Endpoint::OverallSurvival),
        "died",
        day_of(Endpoint::ProgressionFreeSurvival),
        "progressed",
        "progression_left_d",
        "progression_right_d",
        "crossed_d",
        "cycles",
        "response",
        "best_size",
        "best_marker",
    ]
    .map(str::to_owned)
    .to_vec();
    let meaning = &trial.spec().meaning;
    if meaning.marker_visits.is_some() {
        let day = day_of(Endpoint::MarkerProgressionFree);
        names.extend([day, "marker_progressed", "marker_halved"].map(str::to_owned));
    }
    names.extend(meaning.toxicities.iter().map(|t| format!("grade {}", t.name)));
    names.extend(meaning.keep.iter().cloned());
    let mut text = names.iter().map(|n| quoted(n)).collect::<Vec<_>>().join(",");
    text.push('\n');
    text
}

/// Adds the row of a place.
pub(super) fn row(trial: &Trial<'_>, result: &Result<Record, Failed>, rows: &mut Vec<u8>) {
    let arm = |index: usize| trial.spec().arms.get(index).map_or("", |a| a.name.as_str());
    let optional = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
    let cells: Vec<String> = match result {
        Ok(r) => {
            let mut cells = vec![
                r.patient.to_string(),
                quoted(arm(r.arm)),
                SIMULATED.to_owned(),
                r.survival.at.to_string(),
                u8::from(r.survival.event).to_string(),
                r.progression_free.at.to_string(),
                u8::from(r.progression_free.event).to_string(),
                r.progression_free.interval().0.to_string(),
                optional(Some(r.progression_free.interval().1).filter(|t| t.is_finite())),
                optional(r.crossed_at),
                r.cycles.to_string(),
                r.response.name().to_owned(),
                optional(r.best_size),
                optional(r.best_marker),
            ];
            if trial.spec().meaning.marker_visits.is_some() {
                cells.push(optional(r.marker_free.map(|m| m.at)));
                let flag =
                    |x: Option<bool>| x.map_or_else(String::new, |yes| u8::from(yes).to_string());
                cells.extend([flag(r.marker_free.map(|m| m.event)), flag(r.marker_halved)]);
            }
            cells.extend(r.grades.iter().map(u8::to_string));
            let outputs = trial.kept_in_declared_units(&r.kept);
            cells.extend(outputs.iter().map(f64::to_string));
            cells
        }
        Err(f) => vec![f.patient.to_string(), quoted(arm(f.arm)), quoted(&f.reason.to_string())],
    };
    let commas = header(trial).matches(',').count();
    let mut line = cells.join(",");
    // A failed place has empty cells to the end, so that every row has the same width.
    for _ in cells.len()..=commas {
        line.push(',');
    }
    line.push('\n');
    rows.extend_from_slice(line.as_bytes());
}

pub(super) fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\"").replace(['\n', '\r'], " "))
    } else {
        text.to_owned()
    }
}

/// What a table of patients holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted {
    /// The endpoints of the trial.
    pub endpoints: Vec<Endpoint>,
    /// Times and events, by arm and endpoint.
    pub tallies: Vec<Vec<Tally>>,
    /// Patients who could not be simulated, by arm.
    pub failed: Vec<u64>,
    /// All patients.
    pub patients: u64,
}

/// Counts a table on disk, row by row.
///
/// # Errors
/// [`StreamError::Table`].
pub fn counted(path: &Path, spec: &TrialSpec) -> Result<Counted, StreamError> {
    let failed_on = |e: csv::Error| StreamError::Table { path: path.to_owned(), source: e.into() };
    let mut reader = csv::Reader::from_path(path).map_err(failed_on)?;
    let endpoints = Endpoint::of_trial(spec);
    let names = reader.headers().map_err(failed_on)?.clone();
    let place = |column: &str| names.iter().position(|n| n == column);
    let (arm_at, status_at) = (place(ARM), place(STATUS));
    let days: Vec<Option<usize>> = endpoints.iter().map(|e| place(day_of(*e))).collect();
    let mut counted = Counted {
        tallies: vec![vec![Tally::default(); endpoints.len()]; spec.arms.len()],
        failed: vec![0; spec.arms.len()],
        patients: 0,
        endpoints,
    };
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(failed_on)? {
        let cell = |at: Option<usize>| at.and_then(|at| row.get(at));
        let Some(arm) = spec.arms.iter().position(|a| Some(a.name.as_str()) == cell(arm_at)) else {
            continue;
        };
        counted.patients += 1;
        if cell(status_at) != Some(SIMULATED) {
            counted.failed[arm] += 1;
            continue;
        }
        for (tally, day) in counted.tallies[arm].iter_mut().zip(&days) {
            let number = |at: Option<usize>| cell(at).and_then(|x| x.parse::<f64>().ok());
            if let (Some(time), Some(event)) = (number(*day), number(day.map(|at| at + 1))) {
                tally.add(time, event > 0.5);
            }
        }
    }
    Ok(counted)
}
