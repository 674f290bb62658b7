//! Against solutions that can be written down.
//!
//! Tolerance: at rtol 1e-6 the BDF's local errors add up to a few times 1e-6 of the curve's peak;
//! 2e-5 of the peak is granted unless a test says otherwise. At rtol 1e-9 2e-8 is granted.

use lutetia_model::{Fate, Form, Function, Symbol};
use lutetia_sim::{Curve, Inputs, Options, Regimen, Request, Trajectory};

use crate::build::*;
use lutetia_testkit::*;

pub fn column(run: &Trajectory, output: usize) -> Vec<f64> {
    run.outputs.column(output).collect()
}

pub fn assert_close(found: &[f64], expected: &[f64], share_of_peak: f64) {
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

pub fn tight() -> Options {
    Options { rtol: 1e-9, atol_relative: Some(1e-12), ..Options::default() }
}

fn levels() -> [(Options, f64); 2] {
    [(Options::default(), 2e-5), (tight(), 2e-8)]
}

fn hours(n: usize, step: f64) -> Vec<f64> {
    (0..n).map(|k| k as f64 * step).collect()
}

#[test]
fn exact_one_compartment_bolus_is_monoexponential() {
    let simulator = compartments(false, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times = hours(60, 0.2);
    let expected: Vec<f64> = times.iter().map(|t| 100.0 / 3.0 * (-0.8 * t).exp()).collect();
    for (options, tolerance) in levels() {
        let regimen = Regimen::single(cold(0.0, "L.plasma", 100.0));
        let run = simulator
            .run(&Request::new(&parameters, &regimen, &times).options(&options))
            .expect("runs");
        assert_close(&column(&run, 0), &expected, tolerance);
    }
}

#[test]
fn exact_one_compartment_infusion() {
    let simulator = compartments(false, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times = hours(61, 0.1);
    let (k, over, rate) = (0.8, 1.5, 100.0 / 1.5);
    let expected: Vec<f64> = times
        .iter()
        .map(|&t| {
            let during = t.min(over);
            rate / k * (1.0 - (-k * during).exp()) * (-k * (t - during)).exp() / 3.0
        })
        .collect();
    for (options, tolerance) in levels() {
        let mut dose = cold(0.0, "L.plasma", 100.0);
        dose.over = Some(over);
        let run = simulator
            .run(&Request::new(&parameters, &Regimen::single(dose), &times).options(&options))
            .expect("runs");
        assert_close(&column(&run, 0), &expected, tolerance);
    }
}

/// Amount in the centre after a unit bolus into it: C₁·e^(−αt) + C₂·e^(−βt).
fn biexponential(t: f64) -> f64 {
    let (k10, k12, k21) = (2.4 / 3.0, 1.5 / 3.0, 1.5 / 5.0);
    let sum: f64 = k10 + k12 + k21;
    let root = (sum * sum - 4.0 * k10 * k21).sqrt();
    let (alpha, beta) = (0.5 * (sum + root), 0.5 * (sum - root));
    ((alpha - k21) * (-alpha * t).exp() + (k21 - beta) * (-beta * t).exp()) / (alpha - beta)
}

#[test]
fn exact_two_compartment_bolus_is_biexponential() {
    let simulator = compartments(true, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times = logspace(1e-3, 48.0, 80);
    let expected: Vec<f64> = times.iter().map(|&t| 100.0 / 3.0 * biexponential(t)).collect();
    for (options, tolerance) in levels() {
        let regimen = Regimen::single(cold(0.0, "L.plasma", 100.0));
        let run = simulator
            .run(&Request::new(&parameters, &regimen, &times).options(&options))
            .expect("runs");
        let c_plasma = simulator.output("C_plasma").expect("exists");
        assert_close(&column(&run, c_plasma), &expected, tolerance);
    }
}

#[test]
fn exact_two_compartment_infusion_is_the_integral_of_the_bolus() {
    let simulator = compartments(true, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times = hours(40, 0.3);
    let over = 2.0;
    // Convolution of the biexponential with the infusion, by composite Simpson over 2000 panels:
    // its error is below 1e-12.
    let convolution = |t: f64| {
        let (from, to) = ((t - over).max(0.0), t);
        let n = 2000;
        let h = (to - from) / f64::from(n);
        let sum: f64 = (0..=n)
            .map(|k| {
                let weight = if k == 0 || k == n { 1.0 } else { f64::from(2 + 2 * (k % 2)) };
                weight * biexponential(from + f64::from(k) * h)
            })
            .sum();
        100.0 / over * sum * h / 3.0 / 3.0
    };
    let expected: Vec<f64> = times.iter().map(|&t| convolution(t)).collect();
    let mut dose = cold(0.0, "L.plasma", 100.0);
    dose.over = Some(over);
    for (options, tolerance) in levels() {
        let run = simulator
            .run(
                &Request::new(&parameters, &Regimen::single(dose.clone()), &times)
                    .options(&options),
            )
            .expect("runs");
        let c_plasma = simulator.output("C_plasma").expect("exists");
        assert_close(&column(&run, c_plasma), &expected, tolerance);
    }
}

#[test]
fn exact_activity_decays_and_time_integral_is_activity_over_lambda() {
    // No excretion: the activity falls by physical decay alone, and Ã(∞) = A₀/λ.
    let mut build = compartments(false, true);
    build.0.processes.clear();
    let simulator = build.simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times = hours(50, 12.0);
    let lambda = lambda("Lu-177");
    let regimen = Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0));
    let output = simulator.output("A_plasma").expect("exists");
    for (mut options, tolerance) in levels() {
        options.integrals = vec![output];
        options.to_infinity = true;
        let run = simulator
            .run(&Request::new(&parameters, &regimen, &times).options(&options))
            .expect("runs");
        let expected: Vec<f64> = times.iter().map(|t| 7400.0 * (-lambda * t).exp()).collect();
        assert_close(&column(&run, output), &expected, tolerance);
        let expected: Vec<f64> =
            times.iter().map(|t| 7400.0 / lambda * (1.0 - (-lambda * t).exp())).collect();
        let found: Vec<f64> = run.integrals.column(0).collect();
        assert_close(&found, &expected, tolerance);
        let total = run.integrals_to_infinity[0];
        // The tail left out adds at most 1e-8.
        assert!((total.value * lambda / 7400.0 - 1.0).abs() < tolerance + 1e-8);
        let beyond = (-lambda * times[49]).exp();
        assert!((total.extrapolated_fraction - beyond).abs() < tolerance + 1e-8);
    }
}

#[test]
fn exact_bateman_chain_of_two() {
    // Pb-212 on the ligand becomes free Bi-212 at the same place; nothing is excreted.
    let mut b = Build::new("chain");
    let v = b.parameter("V", 3.0, "L");
    let plasma = b.compartment("plasma", v);
    let l = b.species("L");
    let lost = Fate { cold: false, products: Vec::new() };
    let bi = b.radioactive("Bi", Some("Bi-212"), Some(lost));
    b.label(&[l], Fate { cold: false, products: vec![bi] });
    let l_p = b.pool(l, plasma, None);
    let bi_p = b.pool(bi, plasma, None);
    b.output("A_Pb", "MBq", activity(l_p));
    b.output("A_Bi", "MBq", activity(bi_p));
    let simulator = b.simulator(&["Pb-212"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times = logspace(0.01, 100.0, 60);
    let (l1, l2) = (lambda("Pb-212"), lambda("Bi-212"));
    let outputs = ["A_Pb", "A_Bi"].map(|name| simulator.output(name).expect("exists"));
    for (mut options, tolerance) in levels() {
        options.integrals = outputs.to_vec();
        options.to_infinity = true;
        let regimen = Regimen::single(hot(0.0, "L.plasma", "Pb-212", 100.0, None, 0.0));
        let run = simulator
            .run(&Request::new(&parameters, &regimen, &times).options(&options))
            .expect("runs");
        let daughter: Vec<f64> = times
            .iter()
            .map(|t| 100.0 * l2 / (l2 - l1) * ((-l1 * t).exp() - (-l2 * t).exp()))
            .collect();
        assert_close(&column(&run, outputs[1]), &daughter, tolerance);
        // Every Pb-212 becomes one Bi-212: both decay equally often.
        for total in &run.integrals_to_infinity {
            assert!((total.value * l1 / 100.0 - 1.0).abs() < tolerance + 1e-8);
        }
    }
}

/// Half-lives from ten days to microseconds in one chain; the branch to Po-213 is 98 %.
#[test]
fn exact_chain_with_a_microsecond_daughter() {
    let mut b = Build::new("chain");
    let v = b.parameter("V", 3.0, "L");
    let plasma = b.compartment("plasma", v);
    let l = b.species("L");
    let lost = || Fate { cold: false, products: Vec::new() };
    let po = b.radioactive("Po", Some("Po-213"), Some(lost()));
    let bi = b.radioactive("Bi", Some("Bi-213"), Some(Fate { cold: false, products: vec![po] }));
    b.label(&[l], Fate { cold: false, products: vec![bi] });
    let l_p = b.pool(l, plasma, None);
    let bi_p = b.pool(bi, plasma, None);
    let po_p = b.pool(po, plasma, None);
    b.output("A_Ac", "MBq", activity(l_p));
    b.output("A_Bi", "MBq", activity(bi_p));
    b.output("A_Po", "MBq", activity(po_p));
    let simulator = b.simulator(&["Ac-225"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let times = logspace(0.01, 1000.0, 60);
    let (l1, l2) = (lambda("Ac-225"), lambda("Bi-213"));
    // 8 MBq of Ac-225 on 60 nmol: the hot molecules are a 4e-7 part of all.
    let dose = hot(0.0, "L.plasma", "Ac-225", 8.0, Some(60.0), 0.0);
    let options = Options { integrals: vec![0, 1, 2], to_infinity: true, ..Options::default() };
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::single(dose), &times).options(&options))
        .expect("runs");
    let bismuth: Vec<f64> =
        times.iter().map(|t| 8.0 * l2 / (l2 - l1) * ((-l1 * t).exp() - (-l2 * t).exp())).collect();
    assert_close(&column(&run, 1), &bismuth, 2e-5);
    let polonium: Vec<f64> = bismuth.iter().map(|a| 0.98 * a).collect();
    assert_close(&column(&run, 2), &polonium, 2e-5);
    for (total, yields) in run.integrals_to_infinity.iter().zip([1.0, 1.0, 0.98]) {
        assert!((total.value * l1 / (8.0 * yields) - 1.0).abs() < 2e-5, "{total:?}");
    }
}

#[test]
fn exact_integrals_to_infinity_of_what_is_excreted() {
    // Activity: A₀/(λ + CL/V). Concentration of a cold dose, without any nuclide: dose/CL.
    let simulator = compartments(false, true).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let options =
        |output| Options { integrals: vec![output], to_infinity: true, ..Options::default() };
    let mut dose = hot(2.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0);
    let run = |dose: &lutetia_sim::Dose, output: &str| {
        let options = options(simulator.output(output).expect("exists"));
        let regimen = Regimen::single(dose.clone());
        simulator
            .run(&Request::new(&parameters, &regimen, &[1.0]).options(&options))
            .expect("runs")
            .integrals_to_infinity[0]
    };
    let total = run(&dose, "A_plasma");
    let expected = 7400.0 / (lambda("Lu-177") + 0.8);
    assert!((total.value / expected - 1.0).abs() < 2e-5, "{total:?}");
    assert!((total.extrapolated_fraction - 1.0).abs() < 1e-12, "all lies beyond the last time");
    dose.activities.clear();
    let total = run(&dose, "C_plasma");
    assert!((total.value / (100.0 / 2.4) - 1.0).abs() < 2e-5, "{total:?}");
}

#[test]
fn exact_measured_input_is_followed_through_its_bends() {
    // dX/dt = u(t): X is the integral of a polygon with a jump, exactly quadratic in each piece.
    let mut b = Build::new("input");
    let u = b.input("u", "Gy/h", None);
    let x = b.state("X", "Gy", num(0.0));
    b.feed("feed", x, u);
    b.output("X", "Gy", quantity(x));
    let simulator = b.simulator(&[]);
    let points = vec![(1.0, 2.0), (3.0, 4.0), (3.0, 10.0), (5.0, 0.0)];
    let inputs = Inputs { curves: vec![Curve { input: "u".to_owned(), points }] };
    let times = [0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let expected = [0.0, 1.0, 2.0, 4.5, 8.0, 15.5, 18.0, 18.0];
    let run = simulator
        .run(&Request::new(&[], &Regimen::default(), &times).inputs(&inputs))
        .expect("runs");
    assert_close(&column(&run, 0), &expected, 2e-5);
}

#[test]
fn exact_molecules_are_conserved_to_rounding() {
    // Nothing leaves: ligand hot + cold and receptor free + bound are linear invariants, which BDF
    // with a Newton iteration to convergence keeps to rounding (times the number of steps).
    let simulator = receptor(true, false).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let regimen = Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0));
    let options = Options { states: true, ..Options::default() };
    let times = logspace(0.01, 500.0, 100);
    let run = simulator
        .run(&Request::new(&parameters, &regimen, &times).options(&options))
        .expect("runs");
    let states = run.states.expect("asked for");
    let names: Vec<&str> = simulator.system().states().iter().map(|s| s.name.as_str()).collect();
    for row in 0..states.rows() {
        let sum = |wanted: &dyn Fn(&str) -> bool| -> f64 {
            names.iter().zip(states.row(row)).filter(|(n, _)| wanted(n)).map(|(_, x)| x).sum()
        };
        let ligand = sum(&|n| n.starts_with('L'));
        assert!((ligand - 100.0).abs() < 1e-10, "ligand {ligand} at row {row}");
        let receptor = sum(&|n| n.starts_with("R.") || n.starts_with("LR."));
        assert!((receptor - 1.0).abs() < 1e-10, "receptor {receptor} at row {row}");
    }
}

#[test]
fn exact_explicit_functions_of_time_are_integrated() {
    // dX/dt = hill(t, 2 h, 2): X(t) = t − 2·atan(t/2).
    let mut b = Build::new("time");
    let x = b.state("X", "h", num(0.0));
    let t = lutetia_model::Expr::Symbol(Symbol::Time);
    b.feed("grow", x, call(Function::Hill, vec![t, num(2.0), num(2.0)]));
    b.output("X", "h", quantity(x));
    let _ = Form::Total;
    let simulator = b.simulator(&[]);
    let times = hours(30, 0.5);
    let expected: Vec<f64> = times.iter().map(|t| t - 2.0 * (t / 2.0).atan()).collect();
    let run = simulator.run(&Request::new(&[], &Regimen::default(), &times)).expect("runs");
    assert_close(&column(&run, 0), &expected, 2e-5);
}
