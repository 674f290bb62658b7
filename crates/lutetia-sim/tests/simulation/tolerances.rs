//! Absolute tolerances: each species by its own size, following the relative one, and no negative
//! amounts.

use std::fs;

use lutetia_sim::{Options, Regimen, Request, Simulator, Trajectory};

use crate::build::{cold, hot};
use crate::shipped::one;

fn case(name: &str) -> Simulator {
    let path = format!("{}/tests/models/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).expect("readable");
    one(text.trim_start_matches(|c| c != '[')).simulator
}

fn run(
    simulator: &Simulator,
    doses: Vec<lutetia_sim::Dose>,
    times: &[f64],
    options: &Options,
) -> Trajectory {
    let parameters = simulator.parameters(&[]).expect("defaults");
    simulator
        .run(&Request::new(&parameters, &Regimen { doses }, times).options(options))
        .unwrap_or_else(|e| panic!("{e}"))
}

fn last(simulator: &Simulator, run: &Trajectory, output: &str) -> f64 {
    let column = simulator.output(output).expect("known");
    let factor = simulator.system().outputs()[column].factor;
    run.outputs.column(column).last().expect("rows") * factor
}

/// A gram of a drug that touches nothing moves nothing of the ligand beyond its own tolerance.
#[test]
fn exact_another_species_dose_moves_nothing() {
    let simulator = case("atol_other_species");
    let ligand = hot(0.0, "L.c", "Lu-177", 1.0, Some(1.0), 0.0);
    let times: Vec<f64> = (0..=24).map(f64::from).collect();
    let alone = run(&simulator, vec![ligand.clone()], &times, &Options::default());
    let lr = simulator.output("LR").expect("LR");
    for size in [1e-3, 1.0, 2.5e6] {
        let both = vec![ligand.clone(), cold(0.0, "X.c", size)];
        let with = run(&simulator, both, &times, &Options::default());
        for (a, b) in alone.outputs.column(lr).zip(with.outputs.column(lr)) {
            // The step is chosen for all states together, so a drug may refine it: the runs agree to the tolerance of
            // what binds, 1e-9 of 1e-3 nmol of receptors in each step.
            assert!((a - b).abs() <= 5e-12, "{size}: {a}, {b}");
        }
    }
    let tight = Options { rtol: 1e-11, ..Options::default() };
    let reference = run(&simulator, vec![ligand.clone()], &[6.0], &tight);
    let heavy = vec![ligand, cold(0.0, "X.c", 2.5e6)];
    let found = run(&simulator, heavy, &[6.0], &Options::default());
    let (a, b) = (last(&simulator, &reference, "LR"), last(&simulator, &found, "LR"));
    // A ten-thousandth of the receptors is bound, so that their tolerance of 1e-9 is 1e-5 of it in each step, and the
    // steps add up to 2.5e-5. With one tolerance for all species the drug moved it by 4.5e-4.
    assert!((a - b).abs() < 5e-5 * a, "{b}, not {a}");
}

/// Computed once by another integrator at 1e-12: 4.65129e-4 MBq of 7.4 GBq are left in plasma at 66 h.
#[test]
fn val_small_ends_converge_with_the_relative_tolerance() {
    let simulator = case("wb12");
    let output = "A_plasma";
    let dose = || vec![hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0)];
    let at = |rtol: f64| {
        let options = Options { rtol, ..Options::default() };
        last(&simulator, &run(&simulator, dose(), &[66.0], &options), output)
    };
    let reference = at(1e-13);
    assert!((reference - 4.65129e-4).abs() < 1e-9, "{reference}");
    for (rtol, granted) in [(1e-8, 1e-3), (1e-10, 1e-5), (1e-12, 1e-6)] {
        let found = at(rtol);
        assert!((found / reference - 1.0).abs() < granted, "{rtol}: {found}, not {reference}");
    }
}

/// What is left of every curve at the end converges as the relative tolerance is tightened, however
/// small it is: from 1e-6 to 1e-8 and on to 1e-10 its error against a run at 1e-12 falls, to a fiftieth in
/// all, or is below a hundred times the tolerance already.
#[test]
fn prop_small_ends_of_shipped_models_converge() {
    for (name, simulator, regimen, inputs, times) in crate::library::treated(&["psma", "sstr2"]) {
        let parameters = crate::library::parameters(simulator.system());
        let at = |rtol: f64| {
            let options = Options { rtol, ..Options::default() };
            simulator
                .run(&Request::new(&parameters, &regimen, &times).inputs(&inputs).options(&options))
                .unwrap_or_else(|e| panic!("{name}: {e}"))
        };
        let reference = at(1e-12);
        let row = times.len() - 1;
        let runs = [1e-6, 1e-8, 1e-10].map(|rtol| (rtol, at(rtol)));
        for output in 0..reference.outputs.columns() {
            let exact = reference.outputs.get(row, output).expect("a row");
            // Below 1e-12 of what was there even the absolute tolerance at 1e-10 says nothing.
            let peak = reference.outputs.column(output).map(f64::abs).fold(0.0, f64::max);
            if exact.abs() <= 1e-12 * peak {
                continue;
            }
            let errors = runs
                .each_ref()
                .map(|(_, run)| (run.outputs.get(row, output).expect("a row") / exact - 1.0).abs());
            let enough = |k: usize| errors[k] < 100.0 * runs[k].0;
            assert!(
                (enough(1) || errors[1] < errors[0]) && (enough(2) || errors[2] < 0.02 * errors[0]),
                "{name}, {}: {errors:?} of {exact}",
                simulator.system().outputs()[output].name
            );
        }
    }
}

/// Long after a dose nothing is left, and nothing is what is printed: no negative amount, no minus
/// zero, in outputs, states and integrals, at any tolerance.
#[test]
fn prop_no_amount_is_negative() {
    for (name, simulator, regimen, inputs, _) in crate::library::treated(&["psma", "sstr2"]) {
        let parameters = crate::library::parameters(simulator.system());
        let hour = 3600.0 / simulator.system().units().factor(lutetia_units::Dimension::TIME);
        let times: Vec<f64> = (0..120).map(|i| 50.0 * f64::from(i) * hour).collect();
        let amounts: Vec<usize> = simulator
            .system()
            .outputs()
            .iter()
            .enumerate()
            .filter(|(_, o)| {
                [lutetia_units::Dimension::ACTIVITY, lutetia_units::Dimension::AMOUNT]
                    .contains(&o.unit.dimension())
            })
            .map(|(k, _)| k)
            .collect();
        for rtol in [1e-3, 1e-6, 1e-9] {
            let options =
                Options { rtol, states: true, integrals: amounts.clone(), ..Options::default() };
            let run = simulator
                .run(&Request::new(&parameters, &regimen, &times).inputs(&inputs).options(&options))
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            let clean = |x: &f64| *x >= 0.0 && x.is_sign_positive();
            for row in 0..times.len() {
                for &output in &amounts {
                    let value = run.outputs.get(row, output).expect("a row");
                    assert!(clean(&value), "{name}, {rtol}, row {row}: {value}");
                }
                let integrals = run.integrals.row(row);
                assert!(integrals.iter().all(clean), "{name}, {rtol}, row {row}: {integrals:?}");
                let states = run.states.as_ref().expect("kept").row(row);
                for (x, state) in states.iter().zip(simulator.system().states()) {
                    assert!(state.species.is_none() || *x >= 0.0, "{name}, {}: {x}", state.name);
                }
            }
        }
    }
}

/// A model that truly takes out more than there is shows it.
#[test]
fn exact_a_really_negative_amount_is_not_hidden() {
    let simulator = one(
        "[model]\nid = \"below\"\ntitle = \"below\"\nunits = { time = \"h\", amount = \"nmol\", \
         volume = \"L\" }\n[compartments]\nc = \"1 L\"\n[parameters]\nr = \"1 nmol/h\"\n[species]\nX = \
         { in = [\"c\"] }\n[scheme]\nprocesses = '''\nout: X.c => 0 @ r\n'''\n[observables]\nN = { of \
         = \"X.c\", unit = \"nmol\" }\n",
    )
    .simulator;
    let found = run(&simulator, vec![cold(0.0, "X.c", 5.0)], &[10.0], &Options::default());
    let n = found.outputs.get(0, 0).expect("a row");
    assert!((n + 5.0).abs() < 1e-5, "{n}");
}
