//! Chains as they are simulated: all that ship, and the dose rate that follows a nuclide.

use std::collections::BTreeMap;

use lutetia_scenario::{LoadedModel, ScenarioError, model};
use lutetia_sim::{Dose, Options, Regimen, Request};

/// A chain of kinetics and kidneys whose dose rate is written as `line`.
fn chain(line: &str, nuclide: &str) -> LoadedModel {
    chain_of(line, &[nuclide])
}

fn chain_of(line: &str, nuclides: &[&str]) -> LoadedModel {
    chain_with("", line, nuclides)
}

/// The same with further lines about the chain.
fn chain_with(about: &str, line: &str, nuclides: &[&str]) -> LoadedModel {
    let text = format!(
        "[chain]\nid = \"test\"\ntitle = \"Test\"\n{about}[parts]\npk = \"psma/psma-it-population\"\nkidneys = \"toxicity/kidneys\"\n\
         [connect]\n\"kidneys.dose_rate\" = {line}\n"
    );
    let mut read = |path: &str| -> Result<String, ScenarioError> {
        match path {
            "test.toml" => Ok(text.clone()),
            name => Ok(lutetia_models::find(name).expect("a bundled model").text.to_owned()),
        }
    };
    let nuclides: Vec<String> = nuclides.iter().map(|n| (*n).to_owned()).collect();
    model("test.toml", &nuclides, &mut read).unwrap_or_else(|e| panic!("{e}"))
}

/// Parameter by name, internal.
fn parameter(model: &LoadedModel, name: &str) -> f64 {
    let index = model.simulator.parameter(name).expect("a parameter");
    model.parameters(&BTreeMap::new()).expect("parameters")[index]
}

/// The dose of the kidneys a week after 1 GBq.
fn dose(model: &LoadedModel, nuclide: &str) -> f64 {
    let parameters = model.parameters(&BTreeMap::new()).expect("parameters");
    let regimen = Regimen {
        doses: vec![Dose {
            at: 0.0,
            into: model.simulator.system().dose_targets()[0].name.clone(),
            activities: vec![(nuclide.to_owned(), 1000.0)],
            amount: None,
            ..Dose::default()
        }],
    };
    let options = Options { rtol: 1e-9, ..Options::default() };
    // The point of a connection, not the colon inside the joined model.
    let output = model.simulator.output("kidneys.dose").expect("an output");
    let request = Request::new(&parameters, &regimen, &[168.0]).options(&options);
    let run = model.simulator.run(&request).unwrap_or_else(|e| panic!("{e}"));
    run.outputs.get(0, output).expect("a value")
}

#[test]
fn exact_every_shipped_chain_is_checked_and_compiled() {
    let mut found = 0;
    for bundled in lutetia_models::MODELS {
        if !bundled.path.starts_with("chains/") {
            continue;
        }
        found += 1;
        let mut read = |name: &str| -> Result<String, ScenarioError> {
            Ok(lutetia_models::find(name).expect("a bundled model").text.to_owned())
        };
        let loaded = model(bundled.path, &["Lu-177".to_owned()], &mut read)
            .unwrap_or_else(|e| panic!("{}: {e}", bundled.path));
        let chain = loaded.model.chain.as_ref().expect("a chain");
        assert!(chain.parts.len() >= 2, "{}", bundled.path);
        for wire in chain.wires.iter().filter(|wire| wire.from.contains('*')) {
            assert!(wire.source.is_some(), "{}: `{}` has no source", bundled.path, wire.to);
        }
    }
    assert!(found >= 17, "{found} chains");
}

/// Ḋ = A Δ / m with Δ = 0.5767 Gy g/(MBq h) per MeV deposited in place: 0.147 MeV of 177Lu, 0.203 MeV of 161Tb and
/// 0.933 MeV of 90Y (electrons of ICRP Publication 107); 2 % for the rounding of those.
#[test]
fn val_the_dose_rate_of_a_chain_follows_the_nuclide() {
    let line = "{ dose_rate_of = \"pk.A_kidneys\", mass = \"310 g\" }";
    for (nuclide, mev) in [("Lu-177", 0.147), ("Tb-161", 0.203), ("Y-90", 0.933)] {
        let delta = parameter(&chain(line, nuclide), "kidneys:dose_rate~Delta");
        assert!((delta / (0.5767 * mev) - 1.0).abs() < 0.02, "{nuclide}: {delta}");
    }
}

/// The same factor typed as a number gives the same dose, to the tolerance of the solver.
#[test]
fn exact_a_dose_rate_is_that_of_the_factor_typed() {
    let follows = chain("{ dose_rate_of = \"pk.A_kidneys\", mass = \"310 g\" }", "Lu-177");
    let factor = parameter(&follows, "kidneys:dose_rate~Delta") / 310.0;
    let line = format!("{{ from = \"pk.A_kidneys\", times = \"{factor:e} Gy/(MBq h)\" }}");
    let typed = chain(&line, "Lu-177");
    let [a, b] = [dose(&follows, "Lu-177"), dose(&typed, "Lu-177")];
    assert!(a > 0.1 && (a / b - 1.0).abs() < 1e-7, "{a} {b}");
}

/// What a chain sets is not unknown, so the nuclide does not replace it.
#[test]
fn exact_a_dose_factor_that_a_chain_sets_stays() {
    let line = "{ dose_rate_of = \"pk.A_kidneys\", mass = \"310 g\" }\n[set]\n\"kidneys.dose_rate~Delta\" = \"2 Gy g/(MBq h)\"";
    let delta = parameter(&chain(line, "Lu-177"), "kidneys:dose_rate~Delta");
    assert!((delta - 2.0).abs() < 1e-12, "{delta}");
}

/// With several nuclides there is no one dose rate, and nothing runs on what is not known.
#[test]
fn exact_a_dose_rate_without_one_nuclide_is_refused_by_name() {
    let line = "{ dose_rate_of = \"pk.A_kidneys\", mass = \"310 g\" }";
    let unknown = chain_of(line, &["Lu-177", "Ac-225"]);
    assert!(unknown.notes.iter().any(|note| note.contains("several nuclides")));
    let refused = unknown.parameters(&BTreeMap::new()).expect_err("no value");
    assert!(matches!(refused, ScenarioError::NoDoseFactor { .. }), "{refused}");
    let mut set =
        BTreeMap::from([("kidneys.dose_rate~Delta".to_owned(), "2 Gy g/(MBq h)".to_owned())]);
    // How much of it alphas give is not known, either.
    let refused = unknown.parameters(&set).expect_err("no share of alphas");
    assert!(matches!(refused, ScenarioError::NotOfNuclide { .. }), "{refused}");
    set.insert("kidneys.f_alpha".to_owned(), "0.5".to_owned());
    assert!(unknown.parameters(&set).is_ok());
}

/// A bare name sets a parameter in all parts that have it alike; where they differ, each says its own.
#[test]
fn exact_a_bare_name_sets_all_parts_that_agree() {
    let mut read = |name: &str| -> Result<String, ScenarioError> {
        Ok(lutetia_models::find(name).expect("a bundled model").text.to_owned())
    };
    let chain = model("chains/psma-survival.toml", &["Lu-177".to_owned()], &mut read)
        .unwrap_or_else(|e| panic!("{e}"));
    let set = |name: &str, text: &str| {
        chain.parameters(&BTreeMap::from([(name.to_owned(), text.to_owned())]))
    };
    let parts = ["platelets", "haemoglobin", "lymphocytes"];
    let slots = parts.map(|part| chain.simulator.parameter(&format!("{part}:k_Q")).expect("k_Q"));
    let values = set("k_Q", "0.0038 1/d").unwrap_or_else(|e| panic!("{e}"));
    let before = chain.parameters(&BTreeMap::new()).expect("parameters");
    for slot in slots {
        assert!((values[slot] / before[slot] - 2.0).abs() < 1e-12);
    }
    let one = set("platelets.k_Q", "0.0038 1/d").expect("one part");
    let times = slots.map(|s| format!("{:.9}", one[s] / before[s]));
    assert_eq!(times, ["2.000000000", "1.000000000", "1.000000000"]);
    let refused = set("gamma", "0.2").expect_err("they differ").to_string();
    for said in ["`platelets.gamma` = 0.16", "`lymphocytes.gamma` = 0.1", "write `platelets.gamma`"]
    {
        assert!(refused.contains(said), "{refused}");
    }
}

/// The dose factors of organs are those of the adult that the chain names, the male one where it names none, and
/// `explain` says which.
#[test]
fn val_dose_factors_of_organs_are_those_of_the_adult_named() {
    use lutetia_dose::{Region, Sex, bundled::source_with_daughters, self_dose_factor};
    let source = source_with_daughters("Lu-177").expect("a nuclide");
    let region = Region::named("kidneys").expect("a region");
    // Of ICRP Publication 89: 310 g and 275 g.
    for (about, sex, mass) in [
        ("", Sex::Male, 310.0),
        ("adult = \"male\"\n", Sex::Male, 310.0),
        ("adult = \"female\"\n", Sex::Female, 275.0),
    ] {
        assert_eq!(lutetia_data::reference_mass_g("kidneys", sex), Some(mass));
        let line = format!(
            "{{ dose_rate_of = \"pk.A_kidneys\", mass = \"{mass} g\", region = \"kidneys\" }}"
        );
        let made = chain_with(about, &line, &["Lu-177"]);
        let found = parameter(&made, "kidneys:dose_rate~Delta");
        // Internal units are h and nmol; a factor in mGy/(MBq s) is 3.6 Gy/(MBq h).
        let factor = self_dose_factor(&source, &region, mass, sex).expect("a factor");
        let per_mass = lutetia_units::Unit::parse("Gy g/(MBq h)").expect("a unit");
        let found = made.model.units.from_internal(found, &per_mass);
        let expected = factor.total() * 3.6 * mass;
        assert!((found / expected - 1.0).abs() < 1e-12, "{about}: {found}, expected {expected}");
        let said = lutetia_model::explain_text(&made.model, false);
        let adult = if sex == Sex::Male { "male" } else { "female" };
        let line = format!("(S(organ, mass): dose factor of the reference adult {adult})");
        assert!(said.contains(&line), "{said}");
    }
}
