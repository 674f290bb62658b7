//! How long does a patient take?
//!
//! The model of the published comparison: plasma, twelve organs each vascular and interstitial,
//! receptors in three of them, hot and cold competing (65 states here), a bolus of 100 nmol, seven
//! days, 200 outputs, rtol 1e-6. There, on another machine, diffsol with closures took 1.28 ms, with a
//! static elimination 0.78 ms, with generated code 0.60 ms; the same with eight sensitivities took
//! 14.3, 7.2 (generated) ms.
#![allow(missing_docs, dead_code, unreachable_pub, clippy::cast_precision_loss)]

#[path = "../tests/simulation/build.rs"]
mod build;

use std::time::Duration;

use divan::Bencher;
use lutetia_sim::{EngineId, Options, Regimen, Request, Simulator};

use build::{Simulated as _, hot, logspace, whole_body};

fn main() {
    divan::main();
}

fn dose() -> Regimen {
    Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0))
}

#[divan::bench]
fn analyse_whole_body(bencher: Bencher) {
    let system = whole_body().system(&["Lu-177"]);
    bencher.bench(|| Simulator::new(system.clone()));
}

#[divan::bench(args = EngineId::ALL)]
fn run_whole_body(bencher: Bencher, engine: EngineId) {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let (regimen, times) = (dose(), logspace(0.01, 168.0, 200));
    let options = Options { engine, ..Options::default() };
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

#[divan::bench(args = EngineId::ALL, max_time = Duration::from_secs(10))]
fn run_1000_whole_bodies(bencher: Bencher, engine: EngineId) {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let base = simulator.parameters(&[]).expect("defaults");
    let chosen =
        ["kon", "KD", "GFR", "R_kidney", "R_tumour", "PS_tumour", "k_int_kidney", "Vi_fat"]
            .map(|n| simulator.parameter(n).expect("exists"));
    // A spread of ±30 % that needs no random numbers: a golden-ratio sequence per parameter.
    let sets: Vec<Vec<f64>> = (0..1000)
        .map(|k| {
            let mut set = base.clone();
            for (j, &p) in chosen.iter().enumerate() {
                let u = (f64::from(k) * 0.618_033_988_75 + j as f64 * 0.37).fract();
                set[p] *= (0.6 * (u - 0.5)).exp();
            }
            set
        })
        .collect();
    let (regimen, times) = (dose(), logspace(0.01, 168.0, 200));
    let options = Options { engine, ..Options::default() };
    let requests: Vec<Request<'_>> =
        sets.iter().map(|set| Request::new(set, &regimen, &times).options(&options)).collect();
    bencher.bench(|| simulator.run_many(&requests));
}
