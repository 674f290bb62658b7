//! Against solutions that can be written down.
//!
//! Tolerance: at rtol 1e-6 the BDF's local errors add up to a few times 1e-6 of the curve's peak;
//! 2e-5 of the peak is granted unless a test says otherwise. At rtol 1e-9 2e-8 is granted.

use lutetia_sim::{Inputs, Options, Regimen, Trajectory};

use crate::build::*;

fn column(run: &Trajectory, output: usize) -> Vec<f64> {
    run.outputs.column(output).collect()
}

fn assert_close(found: &[f64], expected: &[f64], share_of_peak: f64) {
    let peak = expected.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    assert_eq!(found.len(), expected.len());
    for (k, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!(
            (a - b).abs() <= share_of_peak * peak,
            "row {k}: {a} is not {b} within {share_of_peak} of the peak {peak}: off by {:e}",
            (a - b).abs() / peak
        );
    }
}

fn tight() -> Options {
    Options { rtol: 1e-9, atol_relative: 1e-12, ..Options::default() }
}

#[test]
fn exact_one_compartment_bolus_is_monoexponential() {
    let simulator = compartments(false, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times: Vec<f64> = (0..60).map(|k| k as f64 * 0.2).collect();
    let expected: Vec<f64> = times.iter().map(|t| 100.0 / 3.0 * (-2.4 / 3.0 * t).exp()).collect();
    for (options, tolerance) in [(Options::default(), 2e-5), (tight(), 2e-8)] {
        let run = simulator
            .run(
                &parameters,
                &Regimen::single(cold(0.0, "L.plasma", 100.0)),
                &Inputs::default(),
                &times,
                &options,
            )
            .expect("runs");
        assert_close(&column(&run, 0), &expected, tolerance);
    }
}
