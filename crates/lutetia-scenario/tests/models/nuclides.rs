//! Dose factors and RBE of models and the nuclide that they are run with.

use lutetia_scenario as load;
use lutetia_scenario::ScenarioError as Failure;
use lutetia_sim::{Curve, Inputs, Options, Regimen, Request};

fn model(path: &str, nuclide: &str) -> load::LoadedModel {
    let mut read = |path: &str| -> Result<String, Failure> { Ok(lutetia_testkit::text(path)) };
    load::model(path, &[nuclide.to_owned()], &mut read).expect("a model")
}

fn parameter(model: &load::LoadedModel, name: &str, set: &[(&str, &str)]) -> f64 {
    let set = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let index = model.simulator.parameter(name).expect("a parameter");
    let factor = model.simulator.system().parameters()[index].factor;
    model.parameters(&set).expect("parameters")[index] / factor
}

const GROWTH_KILL: [&str; 2] = [
    "models/tumour/growth-kill-clinical-effective.toml",
    "models/tumour/growth-kill-radiobiological.toml",
];

#[test]
fn val_s_self_follows_the_nuclide() {
    for path in GROWTH_KILL {
        let lutetium = model(path, "Lu-177");
        assert!((parameter(&lutetium, "S_self", &[]) - 0.085).abs() < 1e-12);
        assert_eq!(lutetium.notes, [""; 0]);
        // 225Ac with its daughters leaves 28.0 MeV of alphas and about 1 MeV of electrons and recoils where it
        // decays (ICRP Publication 107: 27.99 MeV of alphas); 0.5767 Gy g/(MBq h) per MeV.
        let actinium = model(path, "Ac-225");
        let s = parameter(&actinium, "S_self", &[]);
        assert!((16.1..17.4).contains(&s), "{s}");
        assert!(actinium.notes.iter().any(|n| n.contains("S_self") && n.contains("Ac-225")));
        assert!(actinium.notes.iter().any(|n| n.contains("`RBE` = 1")), "{:?}", actinium.notes);
        // 90Y: 0.933 MeV per decay, and no alphas.
        let yttrium = model(path, "Y-90");
        let s = parameter(&yttrium, "S_self", &[]);
        assert!((s / (0.5767 * 0.933) - 1.0).abs() < 0.01, "{s}");
        assert!(!yttrium.notes.iter().any(|n| n.contains("RBE")));
        // What a user sets wins.
        let set = [("S_self", "2 Gy g/(MBq h)")];
        assert!((parameter(&actinium, "S_self", &set) - 2.0).abs() < 1e-12);
    }
    // The red marrow gets 6.35 times the dose per activity of 90Y in blood and in lesions: 0.933 over 0.147 MeV of
    // electrons (ICRP Publication 107), each to three digits.
    let marrow = model("models/toxicity/marrow-dose.toml", "Y-90");
    for (name, lutetium) in [("S_blood", 5.2e-3), ("S_all", 7.29e-2)] {
        let ratio = parameter(&marrow, name, &[]) / lutetium;
        assert!((ratio / (0.933 / 0.147) - 1.0).abs() < 0.02, "{name}: {ratio}");
        assert!(marrow.notes.iter().any(|n| n.contains(name) && n.contains("in proportion")));
    }
    // A factor of one mass cannot follow alphas, or without words that say how, and is named.
    for path in ["models/radiobiology/two-damage.toml", "models/toxicity/marrow-dose.toml"] {
        assert!(model(path, "Ac-225").notes.iter().any(|n| n.contains("dose factor of Lu-177")));
        assert_eq!(model(path, "Lu-177").notes, [""; 0]);
    }
}

/// What stands under `about` and `source` is for people: with other words the factors follow as before, and words alone
/// make none follow.
#[test]
fn exact_words_of_a_parameter_decide_nothing() {
    const MARROW: &str = "models/toxicity/marrow-dose.toml";
    let with = |change: &dyn Fn(&str) -> String, nuclide: &str| {
        let mut read = |path: &str| -> Result<String, Failure> {
            let text = lutetia_testkit::text(path);
            let changed = change(&text);
            assert_ne!(changed, text);
            Ok(changed)
        };
        load::model(MARROW, &[nuclide.to_owned()], &mut read).expect("a model")
    };
    let words = |text: &str| {
        text.replace("177Lu", "90Y").replace("in proportion to the energy that stays in place", "")
    };
    let keys =
        |text: &str| text.replace("nuclide = \"Lu-177\", other_nuclides = \"by-energy\", ", "");
    let shipped = model(MARROW, "Y-90");
    for name in ["S_blood", "S_all"] {
        let follows = parameter(&shipped, name, &[]);
        assert_eq!(parameter(&with(&words, "Y-90"), name, &[]).to_bits(), follows.to_bits());
        let lutetium = parameter(&model(MARROW, "Lu-177"), name, &[]);
        let silent = with(&keys, "Y-90");
        assert_eq!(parameter(&silent, name, &[]).to_bits(), lutetium.to_bits(), "{name}");
        assert_eq!(silent.notes, [""; 0]);
    }
    assert_eq!(with(&words, "Lu-177").notes, [""; 0]);
    // A name that is not a nuclide is said.
    let other = |text: &str| text.replace("nuclide = \"Lu-177\"", "nuclide = \"Lu-77\"");
    let notes = with(&other, "Y-90").notes;
    assert!(
        notes.iter().any(|n| n.contains("`S_all` is said to be a dose factor of `Lu-77`")),
        "{notes:?}"
    );
}

/// Every dose factor of a shipped model names a nuclide that there is.
#[test]
fn exact_every_dose_factor_of_a_shipped_model_is_of_a_nuclide() {
    let dimensions = lutetia_model::Follows::FACTORS
        .map(|way| lutetia_units::Unit::parse(way.unit()).expect("a unit").dimension());
    let mut found = 0;
    for bundled in lutetia_models::MODELS.iter().filter(|m| !m.text.contains("[chain]")) {
        let file = lutetia_model::SourceFile {
            name: bundled.path.to_owned(),
            text: bundled.text.to_owned(),
        };
        let Some(model) = lutetia_model::check(&file, &lutetia_model::NoFiles).model else {
            continue;
        };
        for p in model.parameters.iter().filter(|p| dimensions.contains(&p.dimension)) {
            if matches!(p.value, lutetia_model::ParameterValue::Formula { .. }) {
                continue;
            }
            let of = p.of_nuclide.as_ref();
            let of = of.unwrap_or_else(|| panic!("{}: `{}` names none", bundled.path, p.name));
            assert!(lutetia_data::nuclides().get(&of.nuclide).is_ok(), "{}", of.nuclide);
            found += 1;
        }
    }
    assert!(found >= 8, "{found}");
}

#[test]
fn exact_an_rbe_weights_single_hits_alone() {
    for path in [
        "models/toxicity/kidneys.toml",
        "models/radiobiology/linear-quadratic.toml",
        "models/radiobiology/linear-quadratic-two-repairs.toml",
    ] {
        let model = model(path, "Ac-225");
        let input = Curve { input: "dose_rate".to_owned(), points: vec![(0.0, 0.5), (40.0, 0.1)] };
        let inputs = Inputs { curves: vec![input] };
        let outputs: Vec<usize> =
            ["dose", "BED"].iter().map(|n| model.simulator.output(n).expect("an output")).collect();
        let run = |rbe: &str| -> [f64; 2] {
            let set = std::collections::BTreeMap::from([("RBE".to_owned(), rbe.to_owned())]);
            let parameters = model.parameters(&set).expect("parameters");
            let options = Options { rtol: 1e-10, ..Options::default() };
            let found = model
                .simulator
                .run(
                    &Request::new(&parameters, &Regimen::default(), &[0.0, 40.0])
                        .inputs(&inputs)
                        .options(&options),
                )
                .expect("a run");
            [0, 1].map(|i| found.outputs.get(1, outputs[i]).expect("a value"))
        };
        let ([dose, sparse], [same, dense]) = (run("1"), run("5"));
        // The internal units of dose and BED are one of each.
        assert!((dose - same).abs() < 1e-9 * dose);
        // BED = RBE D + G D²/(α/β): four doses more, at a relative tolerance of 1e-10.
        assert!(((dense - sparse) / (4.0 * dose) - 1.0).abs() < 1e-7, "{path}");
        assert!(sparse > dose);
    }
}

/// What a nuclide gives that is not known is not a number: the run is refused by its code until it is set.
#[test]
fn exact_what_is_not_known_of_a_nuclide_is_refused() {
    let refused = |model: &load::LoadedModel, set: &[(&str, &str)]| {
        let set = set.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        model.parameters(&set).err().map(|error| (error.code(), error.to_string()))
    };
    // Alphas do not leave what emits them, so that the dose of the marrow does not follow their energy.
    let marrow = model("models/toxicity/marrow-dose.toml", "Ac-225");
    let (code, text) = refused(&marrow, &[]).expect("refused");
    assert_eq!(code, "LUT7182");
    assert!(text.contains("`S_blood`") && text.contains("mGy/(MBq h)"), "{text}");
    let set = [("S_blood", "1 mGy/(MBq h)"), ("S_all", "0 mGy/(MBq h)")];
    assert_eq!(refused(&marrow, &set), None);
}

/// A parameter of the share of alphas is that of the nuclide: of ²²⁵Ac with its daughters, of which alphas and recoils
/// give about 28.5 MeV and electrons 0.7; none of ⁹⁰Y; of a mixture only where none of them has any.
#[test]
fn exact_a_share_of_alphas_follows_the_nuclide() {
    const SHARE: &str = "f_alpha = { value = \"0\", nuclide = \"Lu-177\", other_nuclides = \"alpha-share\", source = \"electrons alone\" }\n";
    let with = |nuclides: &[&str]| {
        let mut read = |path: &str| -> Result<String, Failure> {
            let text = lutetia_testkit::text(path);
            let changed = text.replace("[parameters]\n", &format!("[parameters]\n{SHARE}"));
            assert_ne!(changed, text);
            Ok(changed)
        };
        let nuclides: Vec<String> = nuclides.iter().map(|&n| n.to_owned()).collect();
        load::model(GROWTH_KILL[0], &nuclides, &mut read).expect("a model")
    };
    let share = parameter(&with(&["Ac-225"]), "f_alpha", &[]);
    assert!((0.97..0.98).contains(&share), "{share}");
    for nuclides in [&["Lu-177"][..], &["Y-90"]] {
        assert_eq!(parameter(&with(nuclides), "f_alpha", &[]).to_bits(), 0.0_f64.to_bits());
    }
    let mixed = with(&["Lu-177", "Ac-225"]);
    let error = mixed.parameters(&[].into()).err().map(|error| (error.code(), error.to_string()));
    let (code, text) = error.expect("refused");
    assert!(code == "LUT7182" && text.contains("`f_alpha`"), "{code} {text}");
}

/// The number of a daughter per decay is by its key that of the branches, whatever `about` says, and nothing without it.
#[test]
fn exact_daughters_per_decay_follow_by_their_key() {
    const FREE: &str = "models/daughter/free-daughters.toml";
    let with = |change: &dyn Fn(&str) -> String, nuclide: &str| {
        let mut read = |path: &str| -> Result<String, Failure> {
            let text = lutetia_testkit::text(path);
            let changed = change(&text);
            assert_ne!(changed, text);
            Ok(changed)
        };
        load::model(FREE, &[nuclide.to_owned()], &mut read).expect("a model")
    };
    // ENSDF: 225Ac goes to 221Fr, 212Pb to 212Bi and 227Th to 223Ra, each always.
    for (nuclide, own) in [("Ac-225", "n_Fr"), ("Pb-212", "n_Bi212"), ("Th-227", "n_Ra")] {
        for name in ["n_Fr", "n_Bi", "n_Bi212", "n_Ra"] {
            let expected = if name == own { 1.0 } else { 0.0 };
            let words = |text: &str| text.replace("atoms of ", "some of ");
            for model in [model(FREE, nuclide), with(&words, nuclide)] {
                assert!(
                    (parameter(&model, name, &[]) - expected).abs() < 1e-12,
                    "{nuclide} {name}"
                );
            }
            let keyless = |text: &str| {
                text.lines()
                    .map(|line| match line.split_once(", daughter = \"") {
                        Some((before, rest)) => {
                            format!("{before}{}\n", &rest[rest.find('"').expect("closed") + 1..])
                        }
                        None => format!("{line}\n"),
                    })
                    .collect()
            };
            assert!(parameter(&with(&keyless, nuclide), name, &[]).abs() < 1e-300);
        }
    }
    let unknown =
        with(&|text: &str| text.replace("daughter = \"Fr-221\"", "daughter = \"Fr-2\""), "Ac-225");
    assert!(unknown.notes.iter().any(|n| n.contains("`Fr-2`")), "{:?}", unknown.notes);
    assert_eq!(unknown.parameters(&[].into()).err().map(|e| e.code()), Some("LUT7182"));
}
