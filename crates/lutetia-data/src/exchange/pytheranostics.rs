//! Results of PyTheranostics: the JSON file of a patient (`write_json_data`), and the CSV of its table
//! of results.

use lutetia_diagnostic::{Diagnostic, SourceId, Sources, Span};
use serde_json::{Map, Value};

use super::{StudyFiles, csv_text, foreign_fields::Fields};
use crate::codes;

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

/// One cycle that was given.
struct Given {
    cycle: u16,
    start_h: f64,
    injected_mbq: f64,
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
    let files = json(name, text, id, &mut faults);
    let failed = lutetia_diagnostic::has_errors(&faults);
    (files.filter(|_| !failed), faults, sources)
}

fn json(name: &str, text: &str, id: SourceId, faults: &mut Vec<Diagnostic>) -> Option<StudyFiles> {
    let whole = Span::new(id, 0, 0);
    let value: Value = match serde_json::from_str(&without_nan(text)) {
        Ok(value) => value,
        Err(error) => {
            let at = byte_of(text, error.line(), error.column());
            let message = format!("the text is not JSON: {error}");
            faults.push(
                Diagnostic::error(codes::FOREIGN_SYNTAX, message).at(Span::new(id, at, at), ""),
            );
            return None;
        }
    };
    let cycles: Vec<(&String, &Value)> = value
        .as_object()
        .map(|o| o.iter().filter(|(key, _)| key.starts_with("Cycle_")).collect())
        .unwrap_or_default();
    if cycles.is_empty() {
        faults.push(
            Diagnostic::error(
                codes::FOREIGN_SYNTAX,
                "this is no result of PyTheranostics: there is no `Cycle_01`",
            )
            .at(whole, "")
            .hint("give the file that `write_json_data` writes"),
        );
        return None;
    }
    let mut lacks = |what: String, hint: &str| {
        faults.push(
            Diagnostic::error(codes::FOREIGN_LACKS, what).at(whole, "").hint(hint.to_owned()),
        );
    };
    let top = |key: &str| value.get(key).and_then(text_of);
    let mut fields = Fields::default();
    fields.top(&value);
    let subject = top("PatientID").unwrap_or_else(|| {
        lacks("`PatientID` is missing".into(), "write the name of the patient there");
        String::new()
    });
    let nuclide = top("Radionuclide").unwrap_or_else(|| {
        lacks("`Radionuclide` is missing".into(), "write a nuclide such as `Lu177` there");
        String::new()
    });
    let (mut given, mut measured, mut more) = (Vec::new(), Vec::new(), Vec::new());
    let mut first_day = None;
    for (key, value) in cycles {
        let body = value.as_array().and_then(|list| list.first()).unwrap_or(value);
        let Some(body) = body.as_object() else { continue };
        let empty = Map::new();
        let regions = ["rois", "VOIs"]
            .iter()
            .find_map(|k| body.get(*k).and_then(Value::as_object).filter(|r| !r.is_empty()))
            .unwrap_or(&empty);
        if regions.is_empty() {
            continue;
        }
        let Some(cycle) = key.trim_start_matches("Cycle_").parse::<u16>().ok().filter(|n| *n > 0)
        else {
            lacks(format!("`{key}` is not the name of a cycle"), "expected `Cycle_01` and so on");
            continue;
        };
        let injected = body.get("InjectedActivity").and_then(number_of).filter(|x| *x > 0.0);
        if injected.is_none() {
            lacks(
                format!("{key} has no `InjectedActivity`"),
                "write the injected activity in MBq there",
            );
        }
        let day = hours_of(body);
        let start_h = match (first_day, day) {
            (None, day) if given.is_empty() => {
                first_day = day;
                Some(0.0)
            }
            (Some(first), Some(day)) => Some(day - first),
            _ => None,
        };
        match start_h {
            Some(start) if start >= 0.0 => {
                given.push(Given {
                    cycle,
                    start_h: start,
                    injected_mbq: injected.unwrap_or(f64::NAN),
                });
            }
            Some(start) => lacks(
                format!("{key} was injected {:.0} h before the first cycle", -start),
                "look at `InjectionDate` and `InjectionTime` of both",
            ),
            None => lacks(
                format!(
                    "{key} cannot be placed after the first cycle: `InjectionDate` (such as `20240131`) or \
                     `InjectionTime` (such as `093000`) is missing in one of them"
                ),
                "write date and time of both injections",
            ),
        }
        fields.cycle(body);
        for (region, values) in regions {
            let place = format!("{key}, `{region}`");
            let mut list = |field: &str, part: &str| -> Vec<f64> {
                let found = values.get(field).map(|f| f.get(part).unwrap_or(f));
                match found.map(numbers_of) {
                    Some(Ok(list)) => list,
                    Some(Err(bad)) => {
                        lacks(
                            format!("{place}: `{field}` holds `{bad}`, expected numbers"),
                            "correct the value",
                        );
                        Vec::new()
                    }
                    None => Vec::new(),
                }
            };
            let times_h = list("timepoints_h", "values");
            let activities_mbq = list("activity_MBq", "values");
            let mut volumes_ml = list("volumes_mL", "different_tps");
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
            fields.region(values, density.is_some() && mass_g.is_some());
            let result = |key: &str| values.get(key).and_then(number_of);
            let m = Measured {
                cycle,
                region: region.clone(),
                times_h,
                activities_mbq,
                volumes_ml,
                mass_g,
                results: [result("TIA_MBqh"), result("TIA_h"), result("mean_AD_Gy")],
            };
            more.extend(check(&m, &place).into_iter().map(|d| d.at(whole, "")));
            measured.push(m);
        }
    }
    if measured.is_empty() {
        lacks(
            "no cycle has a region".into(),
            "run the fits of PyTheranostics before writing its results",
        );
    }
    faults.append(&mut more);
    let sex = top("Gender").map(|g| g.to_lowercase());
    let sex = sex.filter(|word| {
        let known = ["male", "female", "m", "f", "other", "unknown"].contains(&word.as_str());
        if !known {
            fields.not_understood("Gender");
        }
        known
    });
    faults.extend(fields.left_out().map(|d| d.at(whole, "")));
    Some(write(name, &subject, sex.as_deref(), &nuclide_name(&nuclide), &given, &measured))
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
    let files = table(name, text, more, id, &mut faults);
    let failed = lutetia_diagnostic::has_errors(&faults);
    (files.filter(|_| !failed), faults, sources)
}

fn table(
    name: &str,
    text: &str,
    more: &PyTheranosticsTable,
    id: SourceId,
    faults: &mut Vec<Diagnostic>,
) -> Option<StudyFiles> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let headers = reader.headers().cloned().unwrap_or_default();
    let column = |name: &str| headers.iter().position(|h| h.trim() == name);
    let needed = ["Time_hr", "Activity_MBq"];
    for name in needed {
        if column(name).is_none() {
            let first = Span::new(id, 0, text.lines().next().map_or(0, str::len));
            faults.push(
                Diagnostic::error(codes::FOREIGN_LACKS, format!("there is no column `{name}`"))
                    .at(first, "")
                    .hint(
                        "give the table of results (`results.to_csv(…)`) with times and activities",
                    ),
            );
        }
    }
    let [Some(times), Some(activities)] = needed.map(column) else { return None };
    let others = ["Volume_CT_mL", "TIA_MBq_h", "TIA_h"].map(column);
    let mut fields = Fields::default();
    fields.columns(headers.iter().skip(1));
    let mut measured = Vec::new();
    let mut ratio = None;
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                faults.push(Diagnostic::error(
                    codes::FOREIGN_SYNTAX,
                    format!("a row cannot be read: {error}"),
                ));
                continue;
            }
        };
        let start = record.position().map_or(0, |p| usize::try_from(p.byte()).unwrap_or(0));
        let span = Span::new(id, start, start);
        let region = record.get(0).unwrap_or_default().trim().to_owned();
        let mut lacks = |what: String, hint: &str| {
            faults.push(
                Diagnostic::error(codes::FOREIGN_LACKS, what).at(span, "").hint(hint.to_owned()),
            );
        };
        let place = format!("`{region}`");
        let mut list = |at: Option<usize>| {
            let text = at.and_then(|at| record.get(at)).unwrap_or_default();
            python_list(text).unwrap_or_else(|bad| {
                lacks(format!("{place}: found `{bad}`, expected a number"), "correct the list");
                Vec::new()
            })
        };
        let (times_h, activities_mbq, volumes_ml) =
            (list(Some(times)), list(Some(activities)), list(others[0]));
        let number = |at: Option<usize>| {
            at.and_then(|at| record.get(at)?.trim().parse::<f64>().ok()).filter(|x| x.is_finite())
        };
        let results = [number(others[1]), number(others[2]), None];
        if let [Some(tia), Some(per), _] = results
            && per > 0.0
        {
            ratio = ratio.or(Some(tia / per));
        }
        let m = Measured {
            cycle: more.cycle,
            region,
            times_h,
            activities_mbq,
            volumes_ml,
            mass_g: None,
            results,
        };
        faults.extend(check(&m, &place).into_iter().map(|d| d.at(span, "")));
        measured.push(m);
    }
    let Some(injected_mbq) = more.injected_mbq.or(ratio) else {
        faults.push(
            Diagnostic::error(
                codes::FOREIGN_LACKS,
                "the injected activity is not known: no row has both `TIA_MBq_h` and `TIA_h`, whose ratio it is",
            )
            .hint("give it with `--activity \"7.4 GBq\"`"),
        );
        return None;
    };
    if measured.is_empty() {
        faults.push(Diagnostic::error(codes::FOREIGN_LACKS, "the table has no row"));
    }
    let first = Span::new(id, 0, text.lines().next().map_or(0, str::len));
    faults.extend(fields.left_out().map(|d| d.at(first, "")));
    let given = [Given { cycle: more.cycle, start_h: 0.0, injected_mbq }];
    Some(write(name, &more.subject, None, &nuclide_name(&more.nuclide), &given, &measured))
}

/// The files of the study.
fn write(
    name: &str,
    subject: &str,
    sex: Option<&str>,
    nuclide: &str,
    given: &[Given],
    measured: &[Measured],
) -> StudyFiles {
    let text = |x: &str| x.to_owned();
    let mut subjects = vec![vec![text("subject")], vec![text(subject)]];
    if let Some(sex) = sex {
        subjects[0].push(text("sex"));
        subjects[1].push(text(sex));
    }
    let mut doses =
        vec![["subject", "cycle", "time (h)", "nuclide", "activity (MBq)"].map(text).to_vec()];
    for g in given {
        doses.push(vec![
            text(subject),
            g.cycle.to_string(),
            g.start_h.to_string(),
            text(nuclide),
            g.injected_mbq.to_string(),
        ]);
    }
    let mut header = ["subject", "cycle", "region", "time (h)", "activity (MBq)", "volume (mL)"]
        .map(text)
        .to_vec();
    let with_mass = measured.iter().any(|m| m.mass_g.is_some());
    if with_mass {
        header.push(text("mass (g)"));
    }
    let mut activity = vec![header];
    let header = ["subject", "cycle", "region", "TIA_MBq_h", "TIA_per_injected_h", "mean_dose_Gy"];
    let mut published = vec![header.map(text).to_vec()];
    for m in measured {
        let start = given.iter().find(|g| g.cycle == m.cycle).map_or(0.0, |g| g.start_h);
        for (i, (t, a)) in m.times_h.iter().zip(&m.activities_mbq).enumerate() {
            let volume =
                if m.volumes_ml.len() == 1 { m.volumes_ml.first() } else { m.volumes_ml.get(i) };
            activity.push(vec![
                text(subject),
                m.cycle.to_string(),
                m.region.clone(),
                (start + t).to_string(),
                a.to_string(),
                volume.map_or_else(String::new, ToString::to_string),
            ]);
            if let (true, Some(row)) = (with_mass, activity.last_mut()) {
                row.push(m.mass_g.map_or_else(String::new, |g| g.to_string()));
            }
        }
        let mut row = vec![text(subject), m.cycle.to_string(), m.region.clone()];
        row.extend(m.results.map(|r| r.map_or_else(String::new, |r| r.to_string())));
        published.push(row);
    }
    let readme = format!(
        "# {subject}\n\nSource: results of PyTheranostics, file `{name}`, imported by Lutetia.\n\n\
         - `activity.csv`: activities as that program quantified them, not decay-corrected, at hours after the first \
         injection; it gives no standard deviations. A mass is that of the file, or its density times the volume.\n\
         - `published.csv`: its integrals and doses, for comparison only.\n\
         - Licence: that of the person who measured.\n"
    );
    StudyFiles {
        files: [
            ("subjects.csv", csv_text(&subjects)),
            ("doses.csv", csv_text(&doses)),
            ("activity.csv", csv_text(&activity)),
            ("published.csv", csv_text(&published)),
            ("README.md", readme),
        ]
        .into_iter()
        .collect(),
    }
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

/// A text that says something; `NA` says nothing.
fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text != "NA").then_some(text)
}

/// A number, also as text.
fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A list of numbers, or one number; nothing where the value says nothing.
fn numbers_of(value: &Value) -> Result<Vec<f64>, String> {
    match value {
        Value::Array(list) => {
            list.iter().map(|v| number_of(v).ok_or_else(|| v.to_string())).collect()
        }
        Value::Null | Value::Object(_) => Ok(Vec::new()),
        Value::String(text) if text == "NA" => Ok(Vec::new()),
        other => number_of(other).map(|x| vec![x]).ok_or_else(|| other.to_string()),
    }
}

/// A Python list such as `[1.5, np.float64(2.5)]`, or one number.
fn python_list(text: &str) -> Result<Vec<f64>, String> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    inner
        .split([',', ' ', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let number = part.rsplit_once('(').map_or(part, |(_, number)| number);
            let number = number.trim_end_matches(')');
            number.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| part.to_owned())
        })
        .collect()
}

/// Hours of the injection since a fixed day, from `InjectionDate` (`YYYYMMDD`) and `InjectionTime`
/// (`HHMMSS`, perhaps with a fraction).
fn hours_of(body: &Map<String, Value>) -> Option<f64> {
    let digits = |key: &str, least: usize| {
        let text = body.get(key).and_then(text_of)?;
        let text = text.split('.').next().unwrap_or_default().to_owned();
        (text.len() >= least && text.bytes().all(|b| b.is_ascii_digit())).then_some(text)
    };
    let date = digits("InjectionDate", 8)?;
    let time = digits("InjectionTime", 6)?;
    let part = |text: &str, range: std::ops::Range<usize>| text.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (part(&date, 0..4)?, part(&date, 4..6)?, part(&date, 6..8)?);
    let (h, m, s) = (part(&time, 0..2)?, part(&time, 2..4)?, part(&time, 4..6)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || h > 23 || m > 59 || s > 60 {
        return None;
    }
    // Days of the Gregorian calendar, years counted from March.
    let (y, m0) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * y + y.div_euclid(4) - y.div_euclid(100)
        + y.div_euclid(400)
        + (153 * m0 + 2) / 5
        + day;
    Some(days as f64 * 24.0 + h as f64 + m as f64 / 60.0 + s as f64 / 3600.0)
}

/// JSON does not know `NaN` and `Infinity`, which Python writes; outside texts they become `null`.
fn without_nan(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut inside) = (text, false);
    while let Some(c) = rest.chars().next() {
        if !inside {
            let word = ["-Infinity", "Infinity", "NaN"].into_iter().find(|w| rest.starts_with(w));
            if let Some(word) = word {
                out.push_str("null");
                rest = &rest[word.len()..];
                continue;
            }
        }
        let mut taken = c.len_utf8();
        match c {
            '"' => inside = !inside,
            // What is escaped ends no text.
            '\\' if inside => taken += rest[1..].chars().next().map_or(0, char::len_utf8),
            _ => {}
        }
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

/// The byte at a line and column, both from 1.
fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}
