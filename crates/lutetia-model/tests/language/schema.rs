//! The JSON Schema says what the reader accepts: every good file is valid, and what the reader
//! refuses by table, key or kind of value the schema refuses too.

use std::path::Path;

use jsonschema::Validator;

fn validator() -> Validator {
    validator_of(&lutetia_model::json_schema())
}

fn validator_of(schema: &str) -> Validator {
    let schema = serde_json::from_str(schema).expect("JSON");
    jsonschema::validator_for(&schema).expect("a JSON Schema")
}

fn document(text: &str) -> Option<serde_json::Value> {
    let table: toml::Table = text.trim_start_matches('\u{feff}').parse().ok()?;
    serde_json::to_value(table).ok()
}

fn visit(folder: &Path, see: &mut dyn FnMut(&Path, &str)) -> usize {
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("a folder of models").flatten() {
        let path = entry.path();
        if path.is_dir() {
            seen += visit(&path, see);
        } else if path.extension().is_some_and(|e| e == "toml") && !path.ends_with("Cargo.toml") {
            see(&path, &std::fs::read_to_string(&path).expect("a model"));
            seen += 1;
        }
    }
    seen
}

#[test]
fn exact_every_good_model_is_valid() {
    let (models, chains) = (validator(), validator_of(&lutetia_model::chain_schema()));
    let ports = validator_of(&lutetia_model::ports_schema());
    let mut check = |path: &Path, text: &str| {
        let document = document(text).expect("TOML");
        let validator = match (document.get("chain"), document.get("ports")) {
            (Some(_), _) => &chains,
            (None, Some(_)) => &ports,
            (None, None) => &models,
        };
        if let Err(error) = validator.validate(&document) {
            panic!("{}: {error} at {}", path.display(), error.instance_path());
        }
    };
    assert!(visit(Path::new("tests/good"), &mut check) >= 12);
    assert!(visit(Path::new("../../models"), &mut check) >= 3);
    check(Path::new("scaffold"), &lutetia_model::scaffold("my-ligand"));
}

/// Faults of tables, keys and kinds, which a schema can see; the others it must not see.
const SEEN: [&str; 24] = [
    "empty",
    "event_with_a_table_of_changes",
    "box_cox_shape_is_a_text",
    "derived_without_unit",
    "dose_factor_that_follows_unheard",
    "effect_of_an_unknown_form",
    "evidence_of_an_unknown_kind",
    "model_without_id",
    "model_without_title",
    "model_without_units",
    "number_instead_of_list",
    "number_instead_of_text",
    "observable_without_unit",
    "only_a_comment",
    "parameter_without_value",
    "status_of_an_unknown_kind",
    "text_instead_of_boolean",
    "units_without_volume",
    "unknown_distribution",
    "unknown_key_of_model",
    "unknown_key_of_observable",
    "unknown_key_of_parameter",
    "unknown_key_of_species",
    "unknown_table",
];

#[test]
fn exact_the_schema_refuses_what_it_can_see() {
    let validator = validator();
    let mut refused = Vec::new();
    visit(Path::new("tests/bad"), &mut |path, text| {
        let Some(document) = document(text) else { return };
        if !validator.is_valid(&document) {
            refused.push(path.file_stem().expect("a name").to_string_lossy().into_owned());
        }
    });
    refused.sort();
    let mut seen: Vec<String> = SEEN.iter().map(|s| (*s).to_owned()).collect();
    seen.push("input_without_unit".to_owned());
    seen.sort();
    assert_eq!(refused, seen);
}
