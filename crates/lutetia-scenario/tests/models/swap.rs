//! One word, the nuclide, swaps kinetics, dose and outcome of every shipped chain.

use std::collections::BTreeMap;

use lutetia_dose::{Region, Sex, bundled::source_with_daughters, self_dose_factor};
use lutetia_model::ParameterValue;
use lutetia_scenario::{LoadedModel, ScenarioError, model};
use lutetia_sim::{Dose, Options, Regimen, Request};
use lutetia_units::{Quantity, Unit};

/// Of each: how the energy in place compares with 177Lu, by ICRP Publication 107 (0.147, 0.203 and 0.933 MeV of electrons).
const NUCLIDES: [(&str, f64); 3] = [("Lu-177", 1.0), ("Tb-161", 1.38), ("Y-90", 6.35)];

fn chains() -> impl Iterator<Item = &'static str> {
    lutetia_models::MODELS.iter().map(|m| m.path).filter(|path| path.starts_with("chains/"))
}

fn loaded(path: &str, nuclide: &str) -> LoadedModel {
    let mut read = |name: &str| -> Result<String, ScenarioError> {
        Ok(lutetia_models::find(name).expect("a bundled model").text.to_owned())
    };
    model(path, &[nuclide.to_owned()], &mut read).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn value(model: &LoadedModel, name: &str, unit: &str) -> f64 {
    let parameter = model.model.parameters.iter().find(|p| p.name == name).expect("a parameter");
    match parameter.value {
        ParameterValue::Number(x) => {
            model.model.units.from_internal(x, &Unit::parse(unit).expect("a unit"))
        }
        ParameterValue::Formula { .. } => panic!("{name} is a formula"),
    }
}

/// The dose rate that 1 MBq gives in the mass of a factor, Gy/h, by the data alone.
fn expected(nuclide: &str, factor: &lutetia_model::DoseFactor) -> f64 {
    let source = source_with_daughters(nuclide).expect("a nuclide");
    match (&factor.region, factor.mass_g) {
        (Some(region), Some(mass)) => {
            let region = Region::named(region).expect("a region");
            let s = self_dose_factor(&source, &region, mass, Sex::Male).expect("a factor");
            // mGy/(MBq s) in Gy/(MBq h), times the mass.
            s.total() * 3.6 * mass
        }
        _ => source.local_deposition_mgy_g_per_mbq_h() / 1000.0,
    }
}

/// Dose factors of red marrow for itself over that of 177Lu, by OLINDA/EXM 2.2.
const MARROW: [(&str, f64); 3] = [("Lu-177", 1.0), ("Tb-161", 1.487), ("Y-90", 4.878)];

/// Every dose factor of every chain is that of the nuclide: those that `dose_rate_of` makes exactly, those of tumour and
/// marrow, which stand in their models as numbers of 177Lu, in proportion to the energy in place (2 %: the ratios have
/// three digits, and S of the tumour is written with two) or to the dose factor of the marrow (6 %: ours is within 5 %
/// of it, and the ratios have three digits).
#[test]
fn exact_one_word_swaps_the_nuclide_of_every_shipped_chain() {
    let (mut chains_seen, mut made) = (0, 0);
    let dimensions =
        ["Gy g/(MBq h)", "Gy/(MBq h)"].map(|u| Unit::parse(u).expect("a unit").dimension());
    for path in chains() {
        chains_seen += 1;
        let lutetium = loaded(path, "Lu-177");
        for ((nuclide, ratio), (_, marrow)) in NUCLIDES.into_iter().zip(MARROW) {
            let swapped = loaded(path, nuclide);
            let chain = swapped.model.chain.as_ref().expect("a chain");
            for factor in &chain.dose_factors {
                made += 1;
                let name = &swapped.model.parameters[factor.parameter].name;
                let found = value(&swapped, name, "Gy g/(MBq h)");
                let wanted = expected(nuclide, factor);
                // A conversion of units is all that lies between.
                assert!(
                    (found / wanted - 1.0).abs() < 1e-12,
                    "{path} {nuclide} {name}: {found} {wanted}"
                );
            }
            for p in &swapped.model.parameters {
                let of_chain = swapped.model.is_dose_factor(&p.name);
                let ParameterValue::Number(_) = p.value else { continue };
                if of_chain || !dimensions.contains(&p.dimension) {
                    continue;
                }
                let unit = p.unit.to_string();
                let found = value(&swapped, &p.name, &unit) / value(&lutetium, &p.name, &unit);
                let (ratio, within) = match p.name.ends_with("S_blood") {
                    true => (marrow, 0.06),
                    false => (ratio, 0.02),
                };
                let off = (found / ratio - 1.0).abs();
                assert!(off < within, "{path} {nuclide} {}: {found}", p.name);
            }
            // Nothing is left to be set by hand, as a factor that knows another nuclide would be.
            let left: Vec<&String> =
                swapped.notes.iter().filter(|n| n.contains("set it")).collect();
            assert!(left.is_empty(), "{path} {nuclide}: {left:?}");
        }
    }
    assert!(chains_seen >= 17 && made >= 27, "{chains_seen} chains, {made} factors");
}

/// What is used or tried in therapy, and what is seen before it.
const ALL: [&str; 13] = [
    "Lu-177", "Y-90", "Tb-161", "Cu-67", "I-131", "Ac-225", "Pb-212", "At-211", "Th-227", "Ga-68",
    "F-18", "Cu-64", "Zr-89",
];

/// Every shipped chain runs with every nuclide, or names what is missing. Its tumour gets what the alphas and electrons
/// of the nuclide and its daughters leave: the dose rate times the mass with target over the activity is 0.5767 Gy
/// g/(MBq h) per MeV (1.602e-13 J, 3600 s, 1e6 Bq, 1e-3 kg).
#[test]
fn exact_every_shipped_chain_runs_with_every_nuclide_or_names_what_is_missing() {
    let (mut runs, mut tumours, mut refused) = (0, 0, Vec::new());
    for path in chains() {
        for nuclide in ALL {
            let model = loaded(path, nuclide);
            let parameters = match model.parameters(&BTreeMap::new()) {
                Ok(parameters) => parameters,
                Err(ScenarioError::NotOfNuclide { numbers }) => {
                    refused.push(format!("{path} {nuclide}: {numbers}"));
                    continue;
                }
                Err(error) => panic!("{path} {nuclide}: {error}"),
            };
            runs += 1;
            let states = model.simulator.system().states();
            let pools = ["pk:L.blood", "pk:P.veins", "pk:L.plasma", "pk:P.serum"];
            let into = pools.into_iter().find(|p| states.iter().any(|s| s.name.starts_with(p)));
            let into = into.unwrap_or_else(|| panic!("{path} has no pool of {pools:?}")).to_owned();
            // Little enough for all kinetics to be linear in it.
            let given = Dose { into, amount: Some(1.0), ..dose(nuclide, 1.0) };
            let regimen = Regimen { doses: vec![given] };
            let run = model.simulator.run(&Request::new(&parameters, &regimen, &[1.0, 6.0]));
            let run = run.unwrap_or_else(|e| panic!("{path} {nuclide}: {e}"));
            let names = model.simulator.system().outputs().iter().map(|o| o.name.clone());
            for (k, name) in names.enumerate() {
                let found = run.outputs.get(1, k).expect("a value");
                assert!(found.is_finite(), "{path} {nuclide} {name}: {found}");
            }
            let names =
                ["tumour.rate", "tumour.volume_ratio", "tumour.initial_mass", "pk.A_tumour"];
            let Ok(outputs) =
                names.iter().map(|n| model.simulator.output(n)).collect::<Result<Vec<_>, _>>()
            else {
                continue;
            };
            let source = source_with_daughters(nuclide).expect("a nuclide");
            let [alpha, electron, _] = source.energy_mev();
            for row in 0..2 {
                let at = |k: usize| run.outputs.get(row, outputs[k]).expect("a value");
                let [rate, ratio, start, activity] = [0, 1, 2, 3].map(at);
                let with_target = ratio * start * (1.0 - value(&model, "tumour:f_negative", "1"));
                let factor = rate * with_target / activity;
                let expected = 0.5767 * (alpha + electron);
                // 177Lu is written with two digits, and the constant above with four.
                let within = if nuclide == "Lu-177" { 0.01 } else { 2e-4 };
                let off = (factor / expected - 1.0).abs();
                assert!(off < within, "{path} {nuclide}: {factor} {expected}");
                tumours += 1;
            }
        }
    }
    assert_eq!(refused, [""; 0], "every chain runs");
    assert!(runs >= 21 * ALL.len() && tumours >= 17 * 2 * ALL.len(), "{runs} {tumours}");
}

/// No line of a shipped chain makes a dose rate of an activity by a number.
#[test]
fn exact_no_shipped_chain_has_a_dose_factor_as_a_number() {
    for path in chains() {
        let model = loaded(path, "Lu-177").model;
        let wires = &model.chain.as_ref().expect("a chain").wires;
        for wire in wires {
            let Some((_, times)) = wire.from.split_once(" * ") else { continue };
            let factor = Quantity::parse(times).ok().map(|q| q.dimension());
            let typed = Unit::parse("Gy/(MBq h)").expect("a unit").dimension();
            assert_ne!(factor, Some(typed), "{path}: `{}` is {}", wire.to, wire.from);
        }
    }
}

/// Kinetics, dose and outcome after 1 GBq of each nuclide: the activity in the kidneys differs by decay alone, the dose
/// of the kidneys is the integral of activity times S of the data, and the tumour that gets more dose is smaller.
#[test]
fn exact_kinetics_dose_and_outcome_follow_the_nuclide() {
    let mut seen = 0;
    for path in chains() {
        let has = |model: &LoadedModel, name: &str| model.simulator.output(name).is_ok();
        if !has(&loaded(path, "Lu-177"), "kidneys.dose") {
            continue;
        }
        seen += 1;
        let mut tumours = Vec::new();
        for (nuclide, _) in NUCLIDES {
            let model = loaded(path, nuclide);
            let chain = model.model.chain.as_ref().expect("a chain");
            let factor = chain
                .dose_factors
                .iter()
                .find(|f| model.model.parameters[f.parameter].name.starts_with("kidneys:"))
                .expect("a factor of the kidneys");
            let s = expected(nuclide, factor) / factor.mass_g.expect("a mass");
            let (dose, activity, ratio) = run(&model, nuclide);
            // Simpson's rule with half an hour: 1e-3 is far above its error and that of the solver.
            let integral: f64 = activity
                .chunks_exact(2)
                .zip(activity[2..].chunks(2))
                .map(|(a, b)| (a[0] + 4.0 * a[1] + b[0]) * STEP / 3.0)
                .sum();
            assert!(
                (dose / (integral * s) - 1.0).abs() < 1e-3,
                "{path} {nuclide}: {dose} {}",
                integral * s
            );
            tumours.push(ratio);
        }
        // 90Y gives the most per decay and half of it before 177Lu has given a tenth: all three shrink tumours, unlike.
        assert!(tumours.iter().all(|r| *r < 1.2), "{path}: {tumours:?}");
        let spread = |a: f64, b: f64| (a / b - 1.0).abs() > 1e-4;
        assert!(
            spread(tumours[0], tumours[1]) && spread(tumours[1], tumours[2]),
            "{path}: {tumours:?}"
        );
    }
    assert!(seen >= 7, "{seen} chains with kidneys");
}

/// With 225Ac the tumour dies by `alpha (low + RBE high)`, with the dose rates of electrons and of alphas with their
/// recoils, each its energy over the mass; and the BED of the kidneys has `(RBE - 1)` times the alphas' dose more than
/// with an RBE of 1.
#[test]
fn exact_alphas_count_by_their_rbe_in_tumour_and_kidneys() {
    const RBE: f64 = 5.0;
    const PATH: &str = "chains/psma-enzalutamide.toml";
    let model = loaded(PATH, "Ac-225");
    let source = source_with_daughters("Ac-225").expect("a nuclide");
    let [alpha, electron, _] = source.energy_mev();
    let names = [
        "tumour.rate",
        "tumour.radiation_loss",
        "tumour.mass",
        "tumour.negative",
        "tumour.initial_mass",
        "kidneys.dose",
        "kidneys.BED",
    ];
    // The kidneys act on nothing, so that the same runs differ in their BED alone.
    let at = |kidneys: &str| -> Vec<[f64; 7]> {
        let set = BTreeMap::from([("kidneys:RBE".to_owned(), kidneys.to_owned())]);
        let parameters = model.parameters(&set).expect("parameters");
        let regimen = Regimen { doses: vec![dose("Ac-225", 8.0)] };
        let times = [24.0, 100.0, 400.0];
        let options = Options { rtol: 1e-10, ..Options::default() };
        let request = Request::new(&parameters, &regimen, &times).options(&options);
        let run = model.simulator.run(&request).unwrap_or_else(|e| panic!("{e}"));
        let outputs = names.map(|n| model.simulator.output(n).expect("an output"));
        let row = |k: usize| outputs.map(|o| run.outputs.get(k, o).expect("a value"));
        (0..times.len()).map(row).collect()
    };
    let (weighted, plain) = (at("5"), at("1"));
    let k = value(&model, "tumour:alpha", "1/Gy");
    for [rate, loss, mass, negative, start, ..] in &weighted {
        let (low, high) = (rate * electron / (alpha + electron), rate * alpha / (alpha + electron));
        let kill = loss * start / (mass * (1.0 - negative));
        assert!(*rate > 0.0);
        // All are of the same states, so that rounding alone lies between.
        assert!((kill / (k * (low + RBE * high)) - 1.0).abs() < 1e-9, "{kill}");
    }
    let chain = model.model.chain.as_ref().expect("a chain");
    let of = |f: &&lutetia_model::DoseFactor| {
        model.model.parameters[f.parameter].name.starts_with("kidneys:")
    };
    let factor = chain.dose_factors.iter().find(of).expect("a factor");
    let region = Region::named(factor.region.as_deref().expect("a region")).expect("a region");
    let s = self_dose_factor(&source, &region, factor.mass_g.expect("a mass"), Sex::Male)
        .expect("a factor");
    // Photons of 221Fr and 213Bi leave something in the kidneys and electrons leave them, both less than a hundredth.
    let share = s.alpha / s.total();
    assert!((share - alpha / (alpha + electron)).abs() < 0.01, "{share}");
    let ([.., dose, bed], [.., sparse]) = (weighted[2], plain[2]);
    // 1e-6: four integrals at a relative tolerance of 1e-10, whose steps differ with the BED.
    assert!(((bed - sparse) / ((RBE - 1.0) * share * dose) - 1.0).abs() < 1e-6, "{bed} {sparse}");
    assert!(bed > 3.0 * sparse);
}

/// Hours between the times of a run.
const STEP: f64 = 0.5;

/// Dose of the kidneys in Gy, their activity in MBq over 400 h, and the tumour over its start.
fn run(model: &LoadedModel, nuclide: &str) -> (f64, Vec<f64>, f64) {
    let parameters = model.parameters(&BTreeMap::new()).expect("parameters");
    // Kinetics that know amounts are given the same one with each nuclide, over an hour: their vessels fill in minutes,
    // which Simpson's rule would not see.
    let states = model.simulator.system().states();
    let amounts = states.iter().any(|s| s.name.starts_with("pk:P.veins"));
    let plain = dose(nuclide, 1000.0);
    let given = match amounts {
        true => {
            let into = "pk:P.veins".to_owned();
            Dose { into, amount: Some(100.0), over: Some(1.0), ..plain }
        }
        false => plain,
    };
    let regimen = Regimen { doses: vec![given] };
    let times: Vec<f64> = (0..=800).map(|k| f64::from(k) * STEP).collect();
    let options = Options { rtol: 1e-8, ..Options::default() };
    let request = Request::new(&parameters, &regimen, &times).options(&options);
    let run = model.simulator.run(&request).unwrap_or_else(|e| panic!("{e}"));
    let all = |name: &str| -> Vec<f64> {
        let output = model.simulator.output(name).expect("an output");
        (0..times.len()).map(|k| run.outputs.get(k, output).expect("a value")).collect()
    };
    let last = |name: &str| *all(name).last().expect("a time");
    (last("kidneys.dose"), all("pk.A_kidneys"), last("tumour.ratio"))
}

fn dose(nuclide: &str, mbq: f64) -> Dose {
    Dose {
        at: 0.0,
        into: "pk:L.blood".to_owned(),
        activities: vec![(nuclide.to_owned(), mbq)],
        amount: None,
        ..Dose::default()
    }
}
