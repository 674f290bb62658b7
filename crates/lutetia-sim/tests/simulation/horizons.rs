//! Fast processes in long runs: time is counted from the last stop, not from the first dose.

use lutetia_sim::{EngineId, Options, Regimen, Request};
use proptest::prelude::*;

use crate::build::cold;
use crate::shipped::one;

fn text() -> &'static str {
    include_str!("../models/fast_binding_long_horizon.toml").trim_start_matches(|c| c != '[')
}

/// Bound at equilibrium: b² − (R0 + L + KD) b + R0·L = 0.
fn bound(r0: f64, l: f64, kd: f64) -> f64 {
    let sum = r0 + l + kd;
    2.0 * r0 * l / (sum + (sum * sum - 4.0 * r0 * l).sqrt())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Binding from slow to far faster than diffusion allows, over a day to ten years, the dose
    /// anywhere in it: at the end the equilibrium holds to 1e-5 of the dose (rtol 1e-6, and the
    /// closed system adds no error after it has settled).
    #[test]
    fn prop_fast_binding_runs_over_any_horizon(
        log_kon in 0.0..6.0_f64,
        log_horizon in 1.4..4.95_f64,
        given in 0.0..0.999_f64,
        r0 in prop::sample::select(vec![0.5, 10.0, 1000.0]),
    ) {
        let simulator = one(text()).simulator;
        let horizon = 10_f64.powf(log_horizon);
        let kon = 10_f64.powf(log_kon);
        let parameters = simulator.parameters(&[("kon", kon), ("R0", r0)]).expect("known");
        let dose = cold(given * horizon, "L.c", 7.0);
        let run = simulator
            .run(&Request::new(&parameters, &Regimen::single(dose), &[horizon]))
            .unwrap_or_else(|e| panic!("kon {kon}, {horizon} h, at {given}: {e}"));
        let column = simulator.output("B").expect("B");
        let found = run.outputs.get(0, column).expect("a row");
        // Equilibrium needs a time of 1/(kon (R + KD)); what is left of it is known.
        let settled = kon * (1.0 - given) * horizon > 60.0;
        if settled {
            let expected = bound(r0, 7.0, 1.0);
            prop_assert!((found - expected).abs() < 7e-5, "{found}, not {expected}");
        }
    }
}

/// The instances that once failed, and one faster still.
#[test]
fn exact_fast_binding_over_ten_years() {
    let simulator = one(text()).simulator;
    let year = 365.25 * 24.0;
    for (kon, horizon) in [(1e3, 10.0 * year), (1e4, 2.0 * year), (1e6, 10.0 * year), (3e7, 20.0)] {
        let parameters = simulator.parameters(&[("kon", kon), ("R0", 1000.0)]).expect("known");
        for at in [0.0, 0.9 * horizon] {
            let run = simulator
                .run(&Request::new(&parameters, &Regimen::single(cold(at, "L.c", 7.0)), &[horizon]))
                .unwrap_or_else(|e| panic!("kon {kon}, {horizon} h: {e}"));
            let found = run.outputs.get(0, simulator.output("B").expect("B")).expect("a row");
            let expected = bound(1000.0, 7.0, 1.0);
            assert!((found - expected).abs() < 7e-5, "{kon}, {horizon}: {found}, not {expected}");
        }
    }
}

/// A pool that empties, and what lies in another one for good: of the same species, so that its tolerance is the same
/// share of the dose.
const EMPTIES: &str = r#"
[model]
id = "empties"
title = "A pool that empties"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
c = "1 L"
d = "1 L"
[parameters]
k = { value = "0.1 1/h", source = "assumed" }
leak = { value = "0 1/h", source = "assumed" }
stays = { value = "0 nmol", source = "assumed" }
[species]
L = { in = ["c", "d"], initial = { d = "stays" } }
[scheme]
processes = '''
out: L.c -> 0 @ k
leak: L.c -> L.d @ leak
'''
[outputs]
all = { of = "L.c + L.d", unit = "nmol" }
"#;

/// What stands below the absolute tolerance of the states is nothing that a run can know: the integral of an exponential
/// to infinity is dose/k with it and without, to the relative tolerance, in every engine. What stands above it for good
/// has no integral.
#[test]
fn exact_an_integral_ends_at_the_noise_of_the_solver_and_at_no_plateau() {
    let simulator = one(EMPTIES).simulator;
    let output = simulator.output("all").expect("an output");
    for engine in EngineId::ALL {
        let run = |stays: f64| {
            let parameters = simulator.parameters(&[("stays", stays)]).expect("known");
            let options = Options {
                integrals: vec![output],
                to_infinity: true,
                engine,
                ..Options::default()
            };
            let regimen = Regimen::single(cold(0.0, "L.c", 1000.0));
            let run = simulator.run(&Request::new(&parameters, &regimen, &[1.0]).options(&options));
            run.map(|run| run.integrals_to_infinity[0].value)
        };
        // The tolerance is 1e-9 of the dose, 1e-6 nmol in each of two pools; the least of these is what rounding leaves.
        for stays in [0.0, 1e-12, 1e-8, 5e-7] {
            let found = run(stays).unwrap_or_else(|e| panic!("{engine} {stays}: {e}"));
            assert!((found / 1e4 - 1.0).abs() < 2e-6, "{engine} {stays}: {found}");
        }
        for stays in [1e-5, 1e-2, 1.0] {
            let refused = run(stays).expect_err("stays for ever").to_string();
            assert!(refused.contains("does not converge"), "{engine} {stays}: {refused}");
        }
    }
}
