//! Fast processes in long runs: time is counted from the last stop, not from the first dose.

use lutetia_sim::{Regimen, Request};
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
