//! Results of PyTheranostics: the JSON file of a patient (`write_json_data`), and the CSV of its table
//! of results.

mod json;
mod study;
mod table;
mod value;

use lutetia_diagnostic::{Diagnostic, Sources};

use crate::{StudyFiles, codes};

/// What the CSV of results does not hold and a study needs.
#[derive(Debug, Clone, PartialEq)]
pub struct PyTheranosticsTable {
    /// Name of the patient.
    pub subject: String,
    /// Nuclide, such as `Lu-177`.
    pub nuclide: String,
    /// Treatment cycle.
    pub cycle: u16,
    /// Injected activity, MBq; where it is `None`, the ratio of `TIA_MBq_h` and `TIA_h` is taken.
    pub injected_mbq: Option<f64>,
}

/// One measured region of one cycle.
struct Measured {
    cycle: u16,
    region: String,
    times_h: Vec<f64>,
    activities_mbq: Vec<f64>,
    /// As many as times, or one that serves all, or none.
    volumes_ml: Vec<f64>,
    /// Mass, g, as given, or density times volume.
    mass_g: Option<f64>,
    /// TIA in MBq·h, TIA per injected in h, mean absorbed dose in Gy, as published.
    results: [Option<f64>; 3],
}

/// Reads the JSON of a patient's results into a study folder: `subjects.csv`, `doses.csv`,
/// `activity.csv`, `published.csv` (integrals and doses of that program, for comparison) and
/// `README.md`.
///
/// Regions stand under `rois` or, in files of older versions, `VOIs`. Cycles without regions are the
/// empty ones of its template and are left out. The study is `None` exactly when one of the
/// diagnostics is an error.
#[must_use]
pub fn read_pytheranostics_json(
    name: &str,
    text: &str,
) -> (Option<StudyFiles>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let id = sources.add(name, text);
    let mut faults = Vec::new();
    let files = json::read(name, text, id, &mut faults);
    let failed = lutetia_diagnostic::has_errors(&faults);
    (files.filter(|_| !failed), faults, sources)
}

/// What a curve needs and does not have.
fn check(m: &Measured, place: &str) -> Vec<Diagnostic> {
    let error = |what: String, hint: &str| {
        Diagnostic::error(codes::FOREIGN_LACKS, what).hint(hint.to_owned())
    };
    let mut faults = Vec::new();
    for (what, list) in [("times", &m.times_h), ("activities", &m.activities_mbq)] {
        if list.is_empty() {
            faults.push(error(
                format!("{place} has no {what}"),
                "a study needs times and activities of every region; integrals alone give no curve",
            ));
        }
    }
    let n = m.times_h.len();
    if n > 0 && !m.activities_mbq.is_empty() && n != m.activities_mbq.len() {
        faults.push(error(
            format!("{place} has {n} times and {} activities", m.activities_mbq.len()),
            "expected as many of one as of the other",
        ));
    }
    let volumes = m.volumes_ml.len();
    if n > 0 && volumes > 1 && volumes != n {
        faults.push(error(
            format!("{place} has {n} times and {volumes} volumes"),
            "expected one volume, or one for every time",
        ));
    }
    if volumes == 0 && m.mass_g.is_none() {
        let what = format!("{place} has no volume, so that its mass and its dose are not known");
        faults.push(
            Diagnostic::warning(codes::FOREIGN_LACKS, what)
                .hint("write the volume in mL into `activity.csv` of the study"),
        );
    }
    faults
}

/// Reads the CSV of the table of results (`results.to_csv()`): a row per region, lists of times (h),
/// activities (MBq) and CT volumes (mL).
///
/// The study is `None` exactly when one of the diagnostics is an error.
#[must_use]
pub fn read_pytheranostics_table(
    name: &str,
    text: &str,
    more: &PyTheranosticsTable,
) -> (Option<StudyFiles>, Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let id = sources.add(name, text);
    let mut faults = Vec::new();
    let files = table::read(name, text, more, id, &mut faults);
    let failed = lutetia_diagnostic::has_errors(&faults);
    (files.filter(|_| !failed), faults, sources)
}

/// `Lu177` as `Lu-177`.
fn nuclide_name(text: &str) -> String {
    let letters = text.chars().take_while(char::is_ascii_alphabetic).count();
    let (element, number) = text.split_at(letters);
    if !element.is_empty() && number.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("{element}-{number}");
    }
    text.to_owned()
}
