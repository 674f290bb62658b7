//! Numbers for machines.

/// A number for machines: a count is an integer, and the rounding of binary arithmetic is left out.
#[must_use]
pub fn json_number(x: f64) -> serde_json::Value {
    // Integers up to 2^53 are exact.
    if x.abs() < 9e15 && x.fract().abs() < f64::MIN_POSITIVE {
        return serde_json::json!(x as i64);
    }
    serde_json::json!(lutetia_units::without_noise(x))
}

/// The same for every number within.
#[must_use]
pub fn json_numbers(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Number(n) if n.is_f64() => n.as_f64().map_or(Value::Null, json_number),
        Value::Array(items) => items.into_iter().map(json_numbers).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, json_numbers(v))).collect(),
        other => other,
    }
}
