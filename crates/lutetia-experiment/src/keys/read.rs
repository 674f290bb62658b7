//! From the schema to shapes.

use serde_json::{Map, Value};

use super::{Key, Keys, Shape, Word};

/// The keys of the file that a schema describes.
pub(super) fn keys(schema: &Value) -> Keys {
    let none = Map::new();
    let definitions = schema.get("$defs").and_then(Value::as_object).unwrap_or(&none);
    Reader { definitions }.table(schema, "")
}

struct Reader<'a> {
    definitions: &'a Map<String, Value>,
}

impl Reader<'_> {
    fn table(&self, schema: &Value, name: &str) -> Keys {
        let required: Vec<&str> =
            list(schema, "required").iter().filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        let keys = properties.into_iter().flatten().map(|(key, value)| Key {
            name: key.clone(),
            about: text(value, "description"),
            required: required.contains(&key.as_str()),
            default: value.get("default").map(toml_of),
            shape: self.shape(value),
        });
        Keys { name: name.to_owned(), about: text(schema, "description"), keys: keys.collect() }
    }

    fn shape(&self, schema: &Value) -> Shape {
        self.named(schema, "")
    }

    fn named(&self, schema: &Value, name: &str) -> Shape {
        if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
            let name = path.rsplit('/').next().unwrap_or(path);
            return self
                .definitions
                .get(name)
                .map_or(Shape::Text { form: None }, |definition| self.named(definition, name));
        }
        let any = list(schema, "anyOf");
        if !any.is_empty() {
            return Shape::Either(any.iter().map(|s| self.shape(s)).collect());
        }
        let one = list(schema, "oneOf");
        if !one.is_empty() {
            return self.one_of(one);
        }
        match schema.get("type").and_then(Value::as_str) {
            Some("number") => Shape::Number,
            Some("integer") => whole(schema),
            Some("boolean") => Shape::Flag,
            Some("array") => {
                let of = schema.get("items").map_or(Shape::Text { form: None }, |s| self.shape(s));
                let bound = |key: &str| usize::try_from(schema.get(key)?.as_u64()?).ok();
                let (least, most) = (bound("minItems").unwrap_or(0), bound("maxItems"));
                Shape::List { of: Box::new(of), least, most }
            }
            Some("object") => match schema.get("additionalProperties") {
                Some(of @ Value::Object(_)) => Shape::Map(Box::new(self.shape(of))),
                _ => Shape::Table(self.table(schema, name)),
            },
            _ => match list(schema, "enum") {
                [] => {
                    let form = schema.get("format").and_then(Value::as_str).map(str::to_owned);
                    Shape::Text { form }
                }
                words => Shape::Word(words.iter().filter_map(bare).collect()),
            },
        }
    }

    /// Words with their meanings, or tables that their `kind` tells apart.
    fn one_of(&self, schemas: &[Value]) -> Shape {
        let word = |schema: &Value, of: &Value| {
            let name = text(of, "const");
            Word { name, about: text(schema, "description") }
        };
        let kinds: Vec<(Word, Keys)> = schemas
            .iter()
            .filter_map(|s| {
                let kind = s.get("properties")?.get("kind")?;
                Some((word(s, kind), self.table(s, "")))
            })
            .collect();
        if kinds.len() == schemas.len() {
            return Shape::Kinds(kinds);
        }
        // Words without a meaning of their own stand together under `enum`.
        let words = schemas.iter().flat_map(|s| match list(s, "enum") {
            [] => vec![word(s, s)],
            words => words.iter().filter_map(bare).collect(),
        });
        Shape::Word(words.collect())
    }
}

fn bare(word: &Value) -> Option<Word> {
    Some(Word { name: word.as_str()?.to_owned(), about: String::new() })
}

/// The range of an integer; TOML counts to 63 bits.
fn whole(schema: &Value) -> Shape {
    let bound = |key: &str| schema.get(key).and_then(Value::as_i64);
    let (least, most) = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => (0, i64::from(u8::MAX)),
        Some("uint16") => (0, i64::from(u16::MAX)),
        Some("uint32") => (0, i64::from(u32::MAX)),
        Some("uint" | "uint64") => (0, i64::MAX),
        Some("int32") => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    Shape::Whole {
        least: bound("minimum").unwrap_or(least),
        most: bound("maximum").unwrap_or(most),
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(schema: &Value, key: &str) -> String {
    schema.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// A value as TOML writes it.
fn toml_of(value: &Value) -> String {
    match value {
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> =
                map.iter().map(|(key, value)| format!("{key} = {}", toml_of(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(toml_of).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}
