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

/// Every dose factor of every chain is that of the nuclide: those that `dose_rate_of` makes exactly, those of tumour and
/// marrow, which stand in their models as numbers of 177Lu, in proportion to the energy in place (2 %: the ratios have
/// three digits, and S of the tumour is written with two).
#[test]
fn exact_one_word_swaps_the_nuclide_of_every_shipped_chain() {
    let (mut chains_seen, mut made) = (0, 0);
    let dimensions =
        ["Gy g/(MBq h)", "Gy/(MBq h)"].map(|u| Unit::parse(u).expect("a unit").dimension());
    for path in chains() {
        chains_seen += 1;
        let lutetium = loaded(path, "Lu-177");
        for (nuclide, ratio) in NUCLIDES {
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
                assert!((found / ratio - 1.0).abs() < 0.02, "{path} {nuclide} {}: {found}", p.name);
            }
            // Nothing is left to be set by hand, as a factor that knows another nuclide would be.
            let left: Vec<&String> =
                swapped.notes.iter().filter(|n| n.contains("set it")).collect();
            assert!(left.is_empty(), "{path} {nuclide}: {left:?}");
        }
    }
    assert!(chains_seen >= 17 && made >= 27, "{chains_seen} chains, {made} factors");
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
        if !has(&loaded(path, "Lu-177"), "kidneys.dose") || path.ends_with("saturable.toml") {
            // The saturable kinetics know amounts, which differ for the same activity of another nuclide.
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
