//! Rows as CSV for people and spreadsheets, or as JSON for machines.

use serde_json::Value;

use crate::{failure::Outcome, terminal::Terminal};

/// Prints rows, all of which are objects with the same keys in the same order.
///
/// CSV has a header and an empty cell for what is not there; numbers have six significant digits,
/// which is more than any measurement has. JSON has all digits.
pub(crate) fn print(rows: &[Value], terminal: &Terminal) -> Outcome {
    if terminal.json() {
        return terminal.data_json(&Value::Array(rows.to_vec()));
    }
    let mut lines = Vec::new();
    if let Some(Value::Object(first)) = rows.first() {
        lines.push(first.keys().map(|k| quoted(k)).collect::<Vec<_>>().join(","));
    }
    for row in rows.iter().filter_map(Value::as_object) {
        lines.push(row.values().map(cell).collect::<Vec<_>>().join(","));
    }
    terminal.data(&lines.join("\n"))
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => quoted(text),
        Value::Number(number) => match number.as_f64() {
            Some(float) if number.is_f64() => significant(float),
            _ => number.to_string(),
        },
        other => quoted(&other.to_string()),
    }
}

/// Quotes a cell where CSV (RFC 4180) asks for it.
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Six significant digits, without an exponent between 1e-4 and 1e6.
fn significant(value: f64) -> String {
    let rounded: f64 = format!("{value:.5e}").parse().unwrap_or(value);
    let size = rounded.abs();
    if rounded == 0.0 || (1e-4..1e6).contains(&size) {
        format!("{rounded}")
    } else {
        format!("{rounded:e}")
    }
}

#[cfg(test)]
mod tests {
    use super::{quoted, significant};

    #[test]
    fn exact_cells() {
        assert_eq!(significant(7_593.752_576), "7593.75");
        assert_eq!(significant(-0.0), "-0");
        assert_eq!(significant(1.0 / 3.0), "0.333333");
        assert_eq!(significant(1e-9), "1e-9");
        assert_eq!(significant(1.234_567_8e12), "1.23457e12");
        assert_eq!(quoted("a \"b\", c"), "\"a \"\"b\"\", c\"");
    }
}
