//! How long does a patient take?
//!
//! The model of the published comparison: plasma, twelve organs each vascular and interstitial,
//! receptors in three of them, hot and cold competing (65 states here), a bolus of 100 nmol, seven
//! days, 200 outputs, rtol 1e-6. There, on another machine, diffsol with closures took 1.28 ms, with a
//! static elimination 0.78 ms, with generated code 0.60 ms; the same with eight sensitivities took
//! 14.3, 7.2 (generated) ms.
#![allow(
    missing_docs,
    dead_code,
    unreachable_pub,
    clippy::cast_precision_loss,
    clippy::print_stdout
)]

#[path = "../tests/simulation/build.rs"]
mod build;

use std::time::Duration;

use divan::Bencher;
use lutetia_sim::{EngineId, Options, Regimen, Request, Simulator};

use build::{Simulated as _, hot, logspace, whole_body};

/// Engines, relative tolerances and absolute ones where they are said: of one run by itself, so that both engines are as
/// exact as each other, and of trials.
const CASES: [(EngineId, f64, Option<f64>); 6] = [
    (EngineId::Bdf, 1e-6, None),
    (EngineId::Bdf, 1e-6, Some(1e-11)),
    (EngineId::Rodas, 1e-6, None),
    (EngineId::Rodas, 3e-6, None),
    (EngineId::Bdf, 1e-4, None),
    (EngineId::Rodas, 1e-4, None),
];

fn options((engine, rtol, atol_relative): (EngineId, f64, Option<f64>)) -> Options {
    Options { engine, rtol, atol_relative, ..Options::default() }
}

fn main() {
    errors();
    divan::main();
}

/// What the times below are worth: the largest error of any state at any time in sixteen patients, over the state and a
/// thousandth of a nmol, against a run at 1e-11.
fn errors() {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let (regimen, times) = (dose(), logspace(0.01, 168.0, 200));
    let run = |case| {
        let options = Options { states: true, ..options(case) };
        let sets = patients(&simulator, 16);
        let requests: Vec<Request<'_>> =
            sets.iter().map(|set| Request::new(set, &regimen, &times).options(&options)).collect();
        simulator.run_many(&requests).into_iter().map(|run| run.expect("runs")).collect::<Vec<_>>()
    };
    let exact = run((EngineId::Bdf, 1e-11, None));
    for case in CASES {
        let (mut worst, mut steps) = (0.0_f64, 0);
        let found = run(case);
        for (found, exact) in found.iter().zip(&exact) {
            steps += found.statistics.steps + found.statistics.error_failures;
            let (found, exact) = (&found.states, &exact.states);
            let (found, exact) = (found.as_ref().expect("kept"), exact.as_ref().expect("kept"));
            for row in 0..exact.rows() {
                for (x, y) in found.row(row).iter().zip(exact.row(row)) {
                    worst = worst.max((x - y).abs() / (y.abs() + 1e-3));
                }
            }
        }
        let steps = steps as f64 / found.len() as f64;
        println!("{case:?}: error {worst:.1e}, {steps:.0} steps per patient");
    }
}

fn dose() -> Regimen {
    Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0))
}

#[divan::bench]
fn analyse_whole_body(bencher: Bencher) {
    let system = whole_body().system(&["Lu-177"]);
    bencher.bench(|| Simulator::new(system.clone()));
}

#[divan::bench(args = CASES)]
fn run_whole_body(bencher: Bencher, case: (EngineId, f64, Option<f64>)) {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let (regimen, times) = (dose(), logspace(0.01, 168.0, 200));
    let options = options(case);
    bencher.bench(|| simulator.run(&Request::new(&parameters, &regimen, &times).options(&options)));
}

#[divan::bench]
fn run_whole_body_with_13_integrals_to_infinity(bencher: Bencher) {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let (regimen, times) = (dose(), logspace(0.01, 168.0, 200));
    let options = Options { integrals: (0..13).collect(), to_infinity: true, ..Options::default() };
    bencher.bench(|| simulator.run(&Request::new(&parameters, &regimen, &times).options(&options)));
}

#[divan::bench]
fn run_whole_body_with_8_sensitivities(bencher: Bencher) {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let wrt: Vec<usize> =
        ["kon", "KD", "GFR", "f_reuptake", "R_kidney", "R_tumour", "PS_tumour", "k_int_kidney"]
            .iter()
            .map(|n| simulator.parameter(n).expect("exists"))
            .collect();
    let (regimen, times, options) = (dose(), logspace(0.01, 168.0, 200), Options::default());
    bencher.bench(|| {
        simulator.run(&Request::new(&parameters, &regimen, &times).options(&options).wrt(&wrt))
    });
}

/// A spread of ±30 % that needs no random numbers: a golden-ratio sequence per parameter.
fn patients(simulator: &Simulator, count: u32) -> Vec<Vec<f64>> {
    let base = simulator.parameters(&[]).expect("defaults");
    let chosen =
        ["kon", "KD", "GFR", "R_kidney", "R_tumour", "PS_tumour", "k_int_kidney", "Vi_fat"]
            .map(|n| simulator.parameter(n).expect("exists"));
    (0..count)
        .map(|k| {
            let mut set = base.clone();
            for (j, &p) in chosen.iter().enumerate() {
                let u = (f64::from(k) * 0.618_033_988_75 + j as f64 * 0.37).fract();
                set[p] *= (0.6 * (u - 0.5)).exp();
            }
            set
        })
        .collect()
}

#[divan::bench(args = CASES, max_time = Duration::from_secs(10))]
fn run_1000_whole_bodies(bencher: Bencher, case: (EngineId, f64, Option<f64>)) {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let sets = patients(&simulator, 1000);
    let (regimen, times) = (dose(), logspace(0.01, 168.0, 200));
    let options = options(case);
    let requests: Vec<Request<'_>> =
        sets.iter().map(|set| Request::new(set, &regimen, &times).options(&options)).collect();
    bencher.bench(|| simulator.run_many(&requests));
}
