//! Values as Python and its users write them.

use std::fmt::Display;

use serde_json::{Map, Value};

/// A value that is not what its field holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ValueError {
    /// Something else stands where a number belongs.
    #[error("found `{found}`, expected a number")]
    NotANumber {
        /// What stands there.
        found: String,
    },
}

fn not_a_number(found: impl Display) -> ValueError {
    ValueError::NotANumber { found: found.to_string() }
}

/// A text that says something; `NA` says nothing.
pub(super) fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty() && text != "NA").then_some(text)
}

/// A number, also as text.
pub(super) fn number_of(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A list of numbers, or one number; nothing where the value says nothing.
pub(super) fn numbers_of(value: &Value) -> Result<Vec<f64>, ValueError> {
    match value {
        Value::Array(list) => {
            list.iter().map(|v| number_of(v).ok_or_else(|| not_a_number(v))).collect()
        }
        Value::Null | Value::Object(_) => Ok(Vec::new()),
        Value::String(text) if text == "NA" => Ok(Vec::new()),
        other => number_of(other).map(|x| vec![x]).ok_or_else(|| not_a_number(other)),
    }
}

/// A Python list such as `[1.5, np.float64(2.5)]`, or one number.
pub(super) fn python_list(text: &str) -> Result<Vec<f64>, ValueError> {
    let inner = text.trim().trim_start_matches('[').trim_end_matches(']');
    inner
        .split([',', ' ', '\n'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let number = part.rsplit_once('(').map_or(part, |(_, number)| number);
            let number = number.trim_end_matches(')');
            number.parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| not_a_number(part))
        })
        .collect()
}

/// Hours of the injection since a fixed day, from `InjectionDate` (`YYYYMMDD`) and `InjectionTime`
/// (`HHMMSS`, perhaps with a fraction).
pub(super) fn hours_of(body: &Map<String, Value>) -> Option<f64> {
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
pub(super) fn without_nan(text: &str) -> String {
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
pub(super) fn byte_of(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}
