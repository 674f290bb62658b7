//! What is linear in what a dose reaches.

use lutetia_model::{NoFiles, SourceFile, check};

use super::compiled;

#[test]
fn exact_linear_is_what_no_state_multiplies() {
    let first = |file: &str, pool: &str| {
        let text = std::fs::read_to_string(file).expect("a file");
        let model = check(&SourceFile { name: file.to_owned(), text }, &NoFiles).model;
        let system = compiled(&model.expect("a model"), &["Lu-177"]);
        let target = system.dose_target(pool).expect("a pool");
        let states: Vec<usize> = target.hot.iter().map(|h| h.1).chain(target.cold).collect();
        system.nonlinear_from(&states).map(|state| system.states()[state].name.clone())
    };
    // Ligand that binds receptors: hot and cold compete for them.
    let bound = first("tests/good/derived.toml", "L.plasma");
    assert_eq!(first("tests/good/minimal.toml", "X.plasma"), None);
    assert!(bound.is_some_and(|state| state.contains("tumour")), "a receptor is bilinear");
}
