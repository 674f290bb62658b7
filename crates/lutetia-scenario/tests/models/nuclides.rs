//! Dose factors and RBE of models and the nuclide that they are run with.

use lutetia_dose::bundled::source_with_daughters;
use lutetia_dose::{Surroundings, sphere_dose_factor};
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
        // Alphas and recoils give about 28.5 MeV of it, electrons 0.7.
        let share = parameter(&actinium, "f_alpha", &[]);
        assert!((0.97..0.98).contains(&share), "{share}");
        let said = |n: &String| n.contains("`f_alpha` = 0.97");
        assert!(actinium.notes.iter().any(said), "{:?}", actinium.notes);
        // 90Y: 0.933 MeV per decay, and no alphas.
        let yttrium = model(path, "Y-90");
        let s = parameter(&yttrium, "S_self", &[]);
        assert!((s / (0.5767 * 0.933) - 1.0).abs() < 0.01, "{s}");
        assert!(!yttrium.notes.iter().any(|n| n.contains("f_alpha")));
        assert_eq!(parameter(&yttrium, "f_alpha", &[]).to_bits(), 0.0_f64.to_bits());
        // What a user sets wins.
        let set = [("S_self", "2 Gy g/(MBq h)")];
        assert!((parameter(&actinium, "S_self", &set) - 2.0).abs() < 1e-12);
    }
    // What knows nothing but its mass cannot follow, and is named.
    let two = model("models/radiobiology/two-damage.toml", "Ac-225");
    assert!(two.notes.iter().any(|n| n.contains("dose factor of Lu-177")));
    for path in ["models/radiobiology/two-damage.toml", MARROW] {
        assert_eq!(model(path, "Lu-177").notes, [""; 0]);
    }
}

const MARROW: &str = "models/toxicity/marrow-dose.toml";

/// The marrow gets of blood what goes with its own dose factor, and of lesions what goes with their energy.
///
/// OLINDA/EXM 2.2, red marrow of the man for itself in 1e-5 mGy/(MBq s): 1.15 of 177Lu, 5.61 of 90Y, 1.71 of 161Tb; of
/// 225Ac and its daughters 404, 440, 493, 584 (0.9786 times) with alphas five times, 11.4 of 213Bi, of which alphas are
/// 8.5, and 1.36 of 209Pb. Our factors lie within 5 % of them. Energies are those of ICRP Publication 107 to three digits; of
/// 225Ac and its daughters 28.0 MeV of alphas with recoils and 0.7 of electrons.
#[test]
fn val_dose_of_the_marrow_follows_the_nuclide() {
    let actinium = (404.0 + 440.0 + 493.0 + 0.9786 * 584.0) / 5.0 + 8.5 / 5.0 + 2.9 + 1.36;
    for (nuclide, own, energy) in [
        ("Y-90", 5.61 / 1.15, 0.933 / 0.147),
        ("Tb-161", 1.71 / 1.15, 0.203 / 0.147),
        ("Ac-225", actinium / 1.15, 28.7 / 0.147),
    ] {
        let marrow = model(MARROW, nuclide);
        for (name, lutetium, expected, within, how) in [
            ("S_blood", 5.2e-3, own, 0.06, "red marrow for itself"),
            ("S_all", 7.29e-2, energy, 0.02, "energy that stays"),
        ] {
            let ratio = parameter(&marrow, name, &[]) / lutetium;
            assert!(
                (ratio / expected - 1.0).abs() < within,
                "{nuclide} {name}: {ratio} {expected}"
            );
            let said = |n: &String| n.contains(name) && n.contains(how);
            assert!(marrow.notes.iter().any(said), "{:?}", marrow.notes);
        }
    }
    // Kratochwil 2017 (quoted from memory) took 0.05 Sv per MBq of 225Ac-PSMA-617 with an RBE of 5 where his patients
    // had 0.030 Gy/GBq of 177Lu (PMC5472088): 333 Gy of the one for a Gy of the other, at half-lives in blood that both
    // outlive.
    let ratio = parameter(&model(MARROW, "Ac-225"), "S_blood", &[]) / 5.2e-3;
    let published = 0.05 / 5.0 / 0.030e-3;
    assert!((ratio / published - 1.0).abs() < 0.1, "{ratio} {published}");
}

/// Alphas leave a lesion over its surface in proportion to how far they reach: of a large sphere the share of their
/// energy that leaves it, over that of the electrons of 177Lu, is `reach` of the marrow's model.
#[test]
fn val_alphas_reach_the_marrow_by_their_range() {
    let left = |nuclide: &str| {
        let source = source_with_daughters(nuclide).expect("a nuclide");
        let sphere = sphere_dose_factor(&source, "lesion", 100.0, 1.06, Surroundings::Body);
        let sphere = sphere.expect("a factor");
        let [alpha, electron, _] = source.energy_mev();
        // mGy/(MBq s) of a MeV in a gram.
        let all = |mev: f64| mev * 0.1602 / 100.0;
        [1.0 - sphere.alpha / all(alpha), 1.0 - sphere.electron / all(electron)]
    };
    let reach = parameter(&model(MARROW, "Ac-225"), "reach", &[]);
    let [alphas, _] = left("Ac-225");
    let [_, electrons] = left("Lu-177");
    assert!((alphas / electrons / reach - 1.0).abs() < 0.05, "{alphas} {electrons}");
}

/// The dose of the marrow by lesions is that of their electrons and `reach` times that of their alphas.
#[test]
fn exact_alphas_of_lesions_are_weighted_by_their_reach() {
    let marrow = model(MARROW, "Ac-225");
    let share = parameter(&marrow, "f_alpha", &[]);
    let output = marrow.simulator.output("dose_rate").expect("an output");
    let points = vec![(0.0, 8.0), (10.0, 8.0)];
    let rate = |input: &str, reach: &str| {
        let set = [("reach".to_owned(), reach.to_owned())].into();
        let parameters = marrow.parameters(&set).expect("parameters");
        let curve = Curve { input: input.to_owned(), points: points.clone() };
        let inputs = Inputs { curves: vec![curve] };
        let regimen = Regimen::default();
        let run =
            marrow.simulator.run(&Request::new(&parameters, &regimen, &[5.0]).inputs(&inputs));
        run.expect("a run").outputs.get(0, output).expect("a value")
    };
    // Of the same numbers, so that rounding alone lies between.
    let ratio = rate("tumour_activity", "0.2") / rate("tumour_activity", "1");
    assert!((ratio / (1.0 - share + 0.2 * share) - 1.0).abs() < 1e-12, "{ratio}");
    let ratio = rate("blood_activity", "0.2") / rate("blood_activity", "1");
    assert!((ratio - 1.0).abs() < 1e-12, "{ratio}");
}

/// What stands under `about` and `source` is for people: with other words the factors follow as before, and words alone
/// make none follow.
#[test]
fn exact_words_of_a_parameter_decide_nothing() {
    let with = |change: &dyn Fn(&str) -> String, nuclide: &str| {
        let mut read = |path: &str| -> Result<String, Failure> {
            let text = lutetia_testkit::text(path);
            let changed = change(&text);
            assert_ne!(changed, text);
            Ok(changed)
        };
        load::model(MARROW, &[nuclide.to_owned()], &mut read).expect("a model")
    };
    let words = |text: &str| text.replace("177Lu", "90Y").replace("in proportion to", "");
    let keys = |text: &str| {
        ["as-red-marrow", "by-all-energy"].iter().fold(text.to_owned(), |text, word| {
            text.replace(&format!("nuclide = \"Lu-177\", other_nuclides = \"{word}\", "), "")
        })
    };
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
            let set = [("RBE", rbe), ("f_alpha", "1")];
            let set = set.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
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
    // What follows by energy where none is absorbed across does not follow alphas.
    let mut read = |path: &str| -> Result<String, Failure> {
        Ok(lutetia_testkit::text(path)
            .replace("as-red-marrow", "by-energy")
            .replace("by-all-energy", "by-energy"))
    };
    let marrow = load::model(MARROW, &["Ac-225".to_owned()], &mut read).expect("a model");
    let (code, text) = refused(&marrow, &[]).expect("refused");
    assert_eq!(code, "LUT7182");
    assert!(text.contains("`S_blood`") && text.contains("mGy/(MBq h)"), "{text}");
    let set = [("S_blood", "1 mGy/(MBq h)"), ("S_all", "0 mGy/(MBq h)")];
    assert_eq!(refused(&marrow, &set), None);
    // A mixture of nuclides has no one share of alphas, unless none of them has any.
    let mixed = |nuclides: [&str; 2]| {
        let mut read = |path: &str| -> Result<String, Failure> { Ok(lutetia_testkit::text(path)) };
        let nuclides = nuclides.map(str::to_owned);
        load::model("models/toxicity/platelets.toml", &nuclides, &mut read).expect("a model")
    };
    let (code, text) = refused(&mixed(["Lu-177", "Ac-225"]), &[]).expect("refused");
    assert_eq!(code, "LUT7182");
    assert!(text.contains("`f_alpha`"), "{text}");
    assert_eq!(refused(&mixed(["Lu-177", "Y-90"]), &[]), None);
    assert_eq!(refused(&mixed(["Lu-177", "Ac-225"]), &[("f_alpha", "0.5")]), None);
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
