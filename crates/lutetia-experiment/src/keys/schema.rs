//! The JSON Schema of an experiment file, out of the structs that it is read into.

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use crate::Experiment;

/// The schema as a text, for editors; committed as `schemas/experiment.schema.json`.
#[must_use]
pub fn json_schema() -> String {
    // A value of texts, numbers and lists can always be written.
    serde_json::to_string_pretty(&value()).unwrap_or_default()
}

/// The schema.
pub(super) fn value() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut value = generator.into_root_schema_for::<Experiment>().to_value();
    not_empty(&mut value);
    tidy(&mut value);
    if let Some(root) = value.as_object_mut() {
        root.insert("title".to_owned(), "Lutetia experiment".into());
        // Editors look for the schema of a file in a comment; Taplo hands the key on too.
        let at = "https://github.com/lutetia-rlt/lutetia/raw/main/schemas/experiment.schema.json";
        root.insert("$id".to_owned(), at.into());
    }
    value
}

/// TOML has no null: a key that may be left out is left out. Descriptions are those of the code, whose links and line
/// breaks mean nothing to an editor.
fn tidy(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(map) => {
            without_null(map);
            if let Some(Value::String(text)) = map.get_mut("description") {
                *text = plain(text);
            }
            map.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// A list that must be there, or that means something else where it is left out, has an element at least: only where
/// leaving it out means the empty list may that be written too.
fn not_empty(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(not_empty),
        Value::Object(map) => {
            let required = map.get("required").and_then(Value::as_array).cloned();
            let required = required.unwrap_or_default();
            if let Some(Value::Object(properties)) = map.get_mut("properties") {
                for (name, property) in properties.iter_mut() {
                    let Some(property) = property.as_object_mut() else { continue };
                    let (list, optional) = match property.get("type") {
                        Some(Value::String(one)) => (one == "array", false),
                        Some(Value::Array(types)) => {
                            let has = |what: &str| types.iter().any(|t| t == what);
                            (has("array"), has("null"))
                        }
                        _ => (false, false),
                    };
                    if list && (optional || required.iter().any(|key| key == name)) {
                        property.entry("minItems").or_insert_with(|| 1.into());
                    }
                }
            }
            map.values_mut().for_each(not_empty);
        }
        _ => {}
    }
}

fn without_null(map: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = map.get_mut("type") {
        types.retain(|t| t != "null");
        if let [one] = &types[..] {
            let one = one.clone();
            map.insert("type".to_owned(), one);
        }
    }
    if map.get("default") == Some(&Value::Null) {
        map.shift_remove("default");
    }
    if let Some(Value::Array(any)) = map.get_mut("anyOf") {
        any.retain(|s| s.get("type") != Some(&Value::from("null")));
        if let [Value::Object(one)] = &any[..] {
            let one = one.clone();
            map.shift_remove("anyOf");
            for (key, value) in one {
                map.entry(key).or_insert(value);
            }
        }
    }
}

/// A description without line breaks and links of rustdoc.
fn plain(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    one_line.replace("[`", "`").replace("`]", "`")
}
