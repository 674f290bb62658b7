//! Forward sensitivities against central differences.
//!
//! The differences come from runs at rtol 1e-11: with a relative step of 1e-4 their own error is
//! about 1e-8 (truncation) + 1e-11/1e-4 = 1e-7 (rounding and integration), a few times as much in
//! all, of output / parameter. The sensitivities are run at rtol 1e-8; 1e-5 of each sensitivity's
//! peak is granted, or 1e-6 of output / parameter where that is more.

use lutetia_sim::{Options, Regimen, Request, Simulator};

use crate::build::*;
use lutetia_testkit::*;

fn check(
    simulator: &Simulator,
    regimen: &Regimen,
    times: &[f64],
    wrt: &[usize],
    outputs: &[usize],
) {
    let parameters = simulator.parameters(&[]).expect("defaults");
    let options = |rtol: f64| Options {
        rtol,
        atol_relative: Some(rtol * 1e-4),
        integrals: outputs.to_vec(),
        to_infinity: true,
        ..Options::default()
    };
    let plain = simulator
        .run(&Request::new(&parameters, regimen, times).options(&options(1e-8)).wrt(wrt))
        .expect("runs");
    let found = &plain.sensitivities;
    for (lane, &p) in wrt.iter().enumerate() {
        let step = 1e-4 * parameters[p];
        let shifted = |sign: f64| {
            let mut moved = parameters.clone();
            moved[p] += sign * step;
            simulator
                .run(&Request::new(&moved, regimen, times).options(&options(1e-11)))
                .expect("runs")
        };
        let (up, down) = (shifted(1.0), shifted(-1.0));
        let name = &simulator.system().parameters()[p].name;
        let compare = |what: &str, pairs: &[(f64, f64)], size: f64| {
            let peak = pairs.iter().fold(0.1 * size / parameters[p], |m, (_, b)| m.max(b.abs()));
            for (row, (a, b)) in pairs.iter().enumerate() {
                assert!(
                    (a - b).abs() <= 1e-5 * peak,
                    "d {what} / d {name}, row {row}: {a} is not {b}: off by {:e} of the peak",
                    (a - b).abs() / peak
                );
            }
        };
        let peak_of = |values: Vec<f64>| values.into_iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        for &output in outputs {
            let pairs: Vec<(f64, f64)> = (0..times.len())
                .filter_map(|row| {
                    let difference =
                        up.outputs.get(row, output)? - down.outputs.get(row, output)?;
                    Some((found.outputs[lane].get(row, output)?, difference / (2.0 * step)))
                })
                .collect();
            assert_eq!(pairs.len(), times.len());
            let size = peak_of(plain.outputs.column(output).collect());
            compare(&simulator.system().outputs()[output].name, &pairs, size);
        }
        for k in 0..outputs.len() {
            let pairs: Vec<(f64, f64)> = (0..times.len())
                .filter_map(|row| {
                    let difference = up.integrals.get(row, k)? - down.integrals.get(row, k)?;
                    Some((found.integrals[lane].get(row, k)?, difference / (2.0 * step)))
                })
                .collect();
            let size = peak_of(plain.integrals.column(k).collect());
            compare("integral", &pairs, size);
            let difference = (up.integrals_to_infinity[k].value
                - down.integrals_to_infinity[k].value)
                / (2.0 * step);
            let value = found.integrals_to_infinity.get(lane, k).expect("exists");
            compare("integral to infinity", &[(value, difference)], size);
        }
    }
}

#[test]
fn val_receptor_model_with_every_parameter_over_two_cycles() {
    let simulator = receptor(true, true).simulator(&["Lu-177"]);
    let wrt: Vec<usize> = (0..simulator.system().parameters().len()).collect();
    let dose = hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(60.0), 0.5);
    let regimen = Regimen::repeat(&dose, 72.0, 2);
    let times: Vec<f64> = (0..60).map(|k| f64::from(k) * 2.4).collect();
    let outputs = ["A_tumour", "A_plasma"].map(|n| simulator.output(n).expect("exists"));
    check(&simulator, &regimen, &times, &wrt, &outputs);
}

#[test]
fn val_whole_body_model_with_eight_parameters() {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let wrt: Vec<usize> =
        ["kon", "KD", "GFR", "f_reuptake", "R_kidney", "R_tumour", "PS_tumour", "k_int_kidney"]
            .iter()
            .map(|n| simulator.parameter(n).expect("exists"))
            .collect();
    let regimen = Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0));
    let outputs =
        ["A_tumour", "A_kidney", "A_plasma"].map(|n| simulator.output(n).expect("exists"));
    check(&simulator, &regimen, &logspace(0.01, 168.0, 40), &wrt, &outputs);
}

/// The plain part of a run with sensitivities is as accurate as a plain run.
#[test]
fn val_states_do_not_suffer_from_sensitivities() {
    let simulator = receptor(true, true).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let regimen = Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(60.0), 0.5));
    let times: Vec<f64> = (0..60).map(|k| f64::from(k) * 2.4).collect();
    let with =
        simulator.run(&Request::new(&parameters, &regimen, &times).wrt(&[0, 1, 2])).expect("runs");
    let reference = simulator
        .run(&Request::new(&parameters, &regimen, &times).options(&crate::closed_forms::tight()))
        .expect("runs");
    for output in 0..3 {
        crate::closed_forms::assert_close(
            &crate::closed_forms::column(&with, output),
            &crate::closed_forms::column(&reference, output),
            2e-5,
        );
    }
}
