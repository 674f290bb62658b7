//! The JSON Schema of a model file, for completion and checks in editors.

use serde_json::{Map, Value, json};

use crate::front::keys::{CHAIN, Form, Key, Kind, PORTS, TABLES, Table};

/// The JSON Schema (draft 2020-12) of a model file, indented, with a final newline.
///
/// It describes tables, keys and kinds of values, from the same list the reader uses. What a schema
/// cannot say (names, dimensions, rules of labels) is left to [`check`](crate::check).
#[must_use]
pub fn json_schema() -> String {
    schema(TABLES, "Lutetia model", "A compartmental model of the Lutetia workspace", "model")
}

/// The JSON Schema of a chain file, made as that of a model file.
#[must_use]
pub fn chain_schema() -> String {
    schema(CHAIN, "Lutetia chain", "Models connected through their ports", "chain")
}

/// The JSON Schema of a file of ports, made as that of a model file.
#[must_use]
pub fn ports_schema() -> String {
    schema(
        PORTS,
        "Lutetia ports",
        "What models share: which outputs give it, which inputs take it",
        "ports",
    )
}

fn schema(tables: &[Table], title: &str, about: &str, required: &str) -> String {
    let mut properties = Map::new();
    for table in tables {
        let entry = object(table.keys);
        let schema = match table.form {
            Form::Plain => entry,
            Form::Named(bare) => {
                let alone = table.keys.iter().find(|k| k.name == bare).map(value);
                let entry = match alone {
                    Some(alone) => json!({ "anyOf": [alone, entry] }),
                    None => entry,
                };
                json!({ "type": "object", "additionalProperties": entry })
            }
        };
        properties.insert(table.name.to_owned(), described(schema, table.about));
    }
    let schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "description": about,
        "type": "object",
        "properties": properties,
        "required": [required],
        "additionalProperties": false,
    });
    // A value made of texts and maps can always be written.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn described(mut schema: Value, about: &str) -> Value {
    if let Value::Object(map) = &mut schema {
        map.insert("description".to_owned(), Value::from(about));
    }
    schema
}

/// A table with these keys and no others.
fn object(keys: &[Key]) -> Value {
    let properties: Map<String, Value> =
        keys.iter().map(|k| (k.name.to_owned(), described(value(k), k.about))).collect();
    let required: Vec<&str> = keys.iter().filter(|k| k.required).map(|k| k.name).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn value(key: &Key) -> Value {
    match key.kind {
        Kind::Text => json!({ "type": "string" }),
        Kind::Value => json!({ "type": ["string", "number"] }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Number => json!({ "type": "number" }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Texts => json!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        }),
        Kind::Places => json!({
            "anyOf": [
                { "type": ["string", "number"] },
                { "type": "object", "additionalProperties": { "type": ["string", "number"] } },
            ]
        }),
        Kind::Table(keys) => object(keys),
        Kind::Tables(keys) => {
            let one = object(keys);
            json!({ "anyOf": [one, { "type": "array", "items": one }] })
        }
        Kind::Rows => json!({
            "type": "array",
            "items": {
                "type": "object",
                "properties": { "organ": { "type": "string" } },
                "required": ["organ"],
                "additionalProperties": { "type": ["string", "number", "boolean"] },
            },
        }),
    }
}
