//! Doses in their steady state against the closed forms of one and two compartments.
//!
//! A mode that falls by e^(−κτ) within an interval τ has, right after one of infinitely many boluses, 1/(1 − e^(−κτ))
//! of what one alone leaves. The steady state is promised to the relative tolerance of the run; 3e-6 is granted at the
//! default of 1e-6, and 1e-7 at 1e-8.

use lutetia_sim::{Dose, DoseKind, Options, Regimen, Request, SimError, Simulator, SolveFailure};

use crate::build::{cold, hot};
use crate::dosing::oral;
use crate::shipped::one;

fn steady(dose: Dose, every: f64) -> Dose {
    Dose { kind: DoseKind::Steady { every }, ..dose }
}

fn outputs(
    simulator: &Simulator,
    set: &[(&str, f64)],
    dose: Dose,
    times: &[f64],
    rtol: f64,
) -> Vec<f64> {
    let parameters = simulator.parameters(set).expect("known");
    let options = Options { rtol, ..Options::default() };
    let regimen = Regimen::single(dose);
    simulator
        .run(&Request::new(&parameters, &regimen, times).options(&options))
        .unwrap_or_else(|e| panic!("{e}"))
        .outputs
        .column(0)
        .collect()
}

/// ∫₀ᵗ e^(−k s) ds.
fn filled(k: f64, t: f64) -> f64 {
    if t > 0.0 { (1.0 - (-k * t).exp()) / k } else { 0.0 }
}

/// Σ over all doses given at −mτ, m ≥ 0, of what each leaves at t.
fn superposed(every: f64, one: &dyn Fn(f64) -> f64, t: f64) -> f64 {
    (0..400).map(|m| one(t + f64::from(m) * every)).sum()
}

/// Within a share of the largest of them; the first, which is the steady state itself, within that share of itself.
fn same(found: &[f64], times: &[f64], right: &dyn Fn(f64) -> f64, share: f64) {
    let most = times.iter().map(|t| right(*t)).fold(0.0, f64::max);
    for (row, (value, &t)) in found.iter().zip(times).enumerate() {
        let right = right(t);
        let size = if row == 0 { right } else { most };
        assert!((value - right).abs() < share * size, "{t} h: {value}, not {right}");
    }
}

const TIMES: [f64; 5] = [0.0, 0.7, 3.0, 11.0, 40.0];

/// D e^(−kt)/(1 − e^(−kτ)), for half-lives of a tenth to four hundred intervals.
#[test]
fn exact_boluses_into_one_compartment() {
    let simulator = oral("", false);
    for (k, rtol, share) in
        [(4.0, 1e-6, 3e-6), (0.2, 1e-6, 3e-6), (2e-4, 1e-6, 3e-6), (2e-4, 1e-8, 1e-7)]
    {
        let dose = steady(cold(0.0, "X.c", 50.0), 8.0);
        let times: Vec<f64> = TIMES.iter().map(|t| t.min(2.0 / k)).collect();
        let found = outputs(&simulator, &[("k", k)], dose, &times, rtol);
        let size = 50.0 / (1.0 - (-8.0 * k).exp());
        same(&found, &times, &|t| size * (-k * t).exp(), share);
    }
}

/// From zero on: 0 at a trough is what all doses before leave, and nothing given before the steady state counts.
#[test]
fn exact_the_steady_state_takes_the_place_of_what_was_there() {
    let simulator = oral("", false);
    let parameters = simulator.parameters(&[]).expect("known");
    let infusion = Dose { over: Some(100.0), ..cold(0.0, "X.c", 1e4) };
    let doses = vec![
        infusion,
        cold(3.0, "X.c", 80.0),
        steady(cold(24.0, "X.c", 50.0), 8.0),
        cold(32.0, "X.c", 50.0),
    ];
    let regimen = Regimen { doses };
    let times = [24.0, 31.9, 32.0, 60.0];
    let found = simulator.run(&Request::new(&parameters, &regimen, &times)).expect("runs");
    let peak = 50.0 / (1.0 - (-1.6_f64).exp());
    let right = |t: f64| match t {
        t if t < 32.0 => peak * (-0.2 * (t - 24.0)).exp(),
        t => peak * (-0.2 * (t - 32.0)).exp(),
    };
    same(&found.outputs.column(0).collect::<Vec<f64>>(), &times, &right, 3e-6);
}

/// Absorption, with a lag of more than two intervals: what is on its way still arrives.
#[test]
fn exact_oral_doses_with_a_lag_longer_than_the_interval() {
    let simulator = oral(", lag = { g = \"tl\" }, bioavailability = { g = \"F\" }", false);
    for lag in [0.0, 0.5, 2.0, 4.7] {
        let dose = steady(cold(0.0, "X.g", 50.0), 2.0);
        let found =
            outputs(&simulator, &[("tl", lag)], dose, &[0.0, 0.3, 1.9, 4.5, 4.9, 9.0], 1e-8);
        let one = |t: f64| {
            let t = t - lag;
            if t > 0.0 { 30.0 * 1.3 / 1.1 * ((-0.2 * t).exp() - (-1.3 * t).exp()) } else { 0.0 }
        };
        let right = |t: f64| (0..200).map(|m| one(t + 2.0 * f64::from(m))).sum();
        same(&found, &[0.0, 0.3, 1.9, 4.5, 4.9, 9.0], &right, 1e-7);
    }
}

/// Infusions shorter and longer than the interval, one that is as long (a constant rate: R/k), and with durations and
/// rates that the model gives.
#[test]
fn exact_infusions_that_superpose() {
    let times = [0.0, 1.0, 5.9, 6.1, 13.0, 22.0];
    let right = |over: f64, amount: f64| {
        move |t: f64| {
            let one = |t: f64| amount / over * (filled(0.2, t) - filled(0.2, t - over));
            (0..200).map(|m| one(t + 6.0 * f64::from(m))).sum::<f64>()
        }
    };
    let simulator = oral("", false);
    for over in [0.25, 6.0, 20.5] {
        let dose = steady(Dose { over: Some(over), ..cold(0.0, "X.c", 50.0) }, 6.0);
        let found = outputs(&simulator, &[], dose, &times, 1e-8);
        same(&found, &times, &right(over, 50.0), 1e-7);
        if (over - 6.0).abs() < 1e-9 {
            assert!((found[0] - 50.0 / 6.0 / 0.2).abs() < 1e-5, "{}", found[0]);
        }
    }
    let dose = || steady(cold(0.0, "X.c", 50.0), 6.0);
    let lasting = oral(", duration = { c = \"D\" }", false);
    same(
        &outputs(&lasting, &[("D", 13.0)], dose(), &times, 1e-8),
        &times,
        &right(13.0, 50.0),
        1e-7,
    );
    let at_a_rate = oral(", rate = { c = \"R\" }, bioavailability = { c = \"F\" }", false);
    // 30 of 50 nmol at 8 nmol/h take 3.75 h.
    same(&outputs(&at_a_rate, &[], dose(), &times, 1e-8), &times, &right(3.75, 30.0), 1e-7);
}

const TWO: &str = "[model]\nid = \"two\"\ntitle = \"two\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\nLABEL\
    [compartments]\nc = \"1 L\"\np = \"1 L\"\n[parameters]\nk10 = \"0.3 1/h\"\nk12 = \"0.5 1/h\"\nk21 = \"0.01 1/h\"\n[species]\n\
    X = { in = [\"c\", \"p\"] }\n[scheme]\nprocesses = '''\nout: X.c -> 0 @ k10\nto: X.c -> X.p @ k12\nfrom: X.p -> X.c @ k21\n'''\n\
    [observables]\nN = { of = \"X.c\", unit = \"nmol\" }\nhot = { of = \"X.c.hot\", unit = \"nmol\" }\n";

/// Rates and weights of the two modes of the central compartment after a bolus of one.
fn modes(k10: f64, k12: f64, k21: f64) -> [(f64, f64); 2] {
    let sum = k10 + k12 + k21;
    let root = (sum * sum - 4.0 * k10 * k21).sqrt();
    let (a, b) = (0.5 * (sum + root), 2.0 * k10 * k21 / (sum + root));
    [(a, (a - k21) / (a - b)), (b, (k21 - b) / (a - b))]
}

/// Σ w e^(−κt)/(1 − e^(−κτ)) over the two modes; infusions by superposition.
#[test]
fn exact_two_compartments() {
    let text =
        TWO.replace("LABEL", "").replace("hot = { of = \"X.c.hot\", unit = \"nmol\" }\n", "");
    let simulator = one(&text).simulator;
    let modes = modes(0.3, 0.5, 0.01);
    let found = outputs(&simulator, &[], steady(cold(0.0, "X.c", 50.0), 12.0), &TIMES, 1e-8);
    let right = |t: f64| -> f64 {
        let mode = |&(rate, weight): &(f64, f64)| {
            50.0 * weight * (-rate * t).exp() / (1.0 - (-rate * 12.0).exp())
        };
        modes.iter().map(mode).sum()
    };
    same(&found, &TIMES, &right, 1e-7);
    let infusion = steady(Dose { over: Some(2.0), ..cold(0.0, "X.c", 50.0) }, 12.0);
    let found = outputs(&simulator, &[], infusion, &TIMES[1..], 1e-8);
    let one = |t: f64| -> f64 {
        let mode = |&(rate, weight): &(f64, f64)| {
            25.0 * weight * (filled(rate, t) - filled(rate, t - 2.0))
        };
        modes.iter().map(mode).sum()
    };
    same(&found, &TIMES[1..], &|t| (0..2000).map(|m| one(t + 12.0 * f64::from(m))).sum(), 1e-7);
}

/// A label makes every mode faster by λ; what decays becomes cold. All molecules are as without a label.
#[test]
fn exact_a_label_in_its_steady_state() {
    let simulator =
        one(&TWO.replace("LABEL", "label = { on = [\"X\"], decayed = \"cold\" }\n")).simulator;
    let nuclide = &simulator.system().nuclides()[0];
    let (lambda, hot_given) = (nuclide.lambda, 1000.0 / nuclide.activity_per_amount);
    let parameters = simulator.parameters(&[]).expect("known");
    let dose = steady(hot(0.0, "X.c", "Lu-177", 1000.0, Some(50.0), 0.0), 12.0);
    let options = Options { rtol: 1e-8, ..Options::default() };
    let regimen = Regimen::single(dose);
    let found = simulator
        .run(&Request::new(&parameters, &regimen, &TIMES).options(&options))
        .expect("runs");
    let right = |amount: f64, lambda: f64| {
        move |t: f64| -> f64 {
            let mode = |(rate, weight): (f64, f64)| {
                let rate = rate + lambda;
                amount * weight * (-rate * t).exp() / (1.0 - (-rate * 12.0).exp())
            };
            modes(0.3, 0.5, 0.01).into_iter().map(mode).sum()
        }
    };
    same(&found.outputs.column(0).collect::<Vec<f64>>(), &TIMES, &right(50.0, 0.0), 1e-7);
    same(&found.outputs.column(1).collect::<Vec<f64>>(), &TIMES, &right(hot_given, lambda), 1e-7);
}

/// Derivatives of the closed form, with lag, bioavailability and a modelled duration.
#[test]
fn exact_derivatives_of_a_steady_state() {
    let simulator = oral(
        ", lag = { c = \"tl\" }, bioavailability = { c = \"F\" }, duration = { c = \"D\" }",
        false,
    );
    let parameters = simulator.parameters(&[]).expect("known");
    let names = ["k", "tl", "F", "D"];
    let at = [0.2, 1.7, 0.6, 2.5];
    let wrt: Vec<usize> = names.iter().map(|n| simulator.parameter(n).expect("known")).collect();
    let regimen = Regimen::single(steady(cold(0.0, "X.c", 50.0), 3.0));
    let times = [0.0, 0.5, 1.3, 2.0, 6.0, 15.0];
    let options = Options { rtol: 1e-9, ..Options::default() };
    let found = simulator
        .run(&Request::new(&parameters, &regimen, &times).options(&options).wrt(&wrt))
        .unwrap_or_else(|e| panic!("{e}"));
    let form = |t: f64, [k, tl, f, d]: [f64; 4]| -> f64 {
        let one = |t: f64| 50.0 * f / d * (filled(k, t - tl) - filled(k, t - tl - d));
        (0..200).map(|m| one(t + 3.0 * f64::from(m))).sum()
    };
    for (row, &t) in times.iter().enumerate() {
        for (lane, name) in names.iter().enumerate() {
            let moved = |sign: f64| {
                let mut p = at;
                p[lane] += sign * 1e-5;
                form(t, p)
            };
            let expected = (moved(1.0) - moved(-1.0)) / 2e-5;
            let s = found.sensitivities.outputs[lane].get(row, 0).expect("a row");
            assert!(
                (s - expected).abs() <= 2e-5 * 50.0,
                "d N({t}) / d {name}: {s}, not {expected}"
            );
        }
    }
}

/// Target-mediated disposition, whose receptors are conserved: what 600 doses lead to.
#[test]
fn val_a_saturable_target_settles_as_after_many_doses() {
    let simulator = one(
        "[model]\nid = \"t\"\ntitle = \"t\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n[compartments]\nc = \"3 L\"\n\
         [parameters]\nCL = \"0.05 L/h\"\nkon = \"0.3 L/nmol/h\"\nkoff = \"0.2 1/h\"\nkint = \"0.02 1/h\"\nR0 = \"20 nmol\"\n[species]\n\
         L = { in = [\"c\"] }\nR = { in = [\"c\"], initial = \"R0\" }\nLR = { in = [\"c\"] }\n[scheme]\nprocesses = '''\n\
         out: L.c -> 0 @ CL\nbind: L.c + R.c <-> LR.c @ kon, koff\nin: LR.c -> R.c @ kint\n'''\n[observables]\n\
         N = { of = \"L.c\", unit = \"nmol\" }\nB = { of = \"LR.c\", unit = \"nmol\" }\nT = { of = \"R.c + LR.c\", unit = \"nmol\" }\n",
    )
    .simulator;
    let parameters = simulator.parameters(&[]).expect("known");
    let options = Options { rtol: 1e-8, ..Options::default() };
    let long = Regimen::repeat(&cold(0.0, "L.c", 12.0), 24.0, 600);
    let start = 599.0 * 24.0;
    let times = [start, start + 5.0, start + 23.0, start + 60.0];
    let many =
        simulator.run(&Request::new(&parameters, &long, &times).options(&options)).expect("runs");
    let regimen = Regimen::single(steady(cold(0.0, "L.c", 12.0), 24.0));
    let from_zero = [0.0, 5.0, 23.0, 60.0];
    let found = simulator
        .run(&Request::new(&parameters, &regimen, &from_zero).options(&options))
        .expect("runs");
    for row in 0..4 {
        for output in 0..3 {
            let value = |of: &lutetia_sim::Grid| of.get(row, output).expect("a row");
            let (a, b) = (value(&found.outputs), value(&many.outputs));
            assert!((a / b - 1.0).abs() < 1e-5, "row {row}, output {output}: {a}, {b}");
        }
    }
}

fn refused(simulator: &Simulator, set: &[(&str, f64)], dose: Dose) -> SimError {
    let parameters = simulator.parameters(set).expect("known");
    let regimen = Regimen::single(dose);
    simulator.run(&Request::new(&parameters, &regimen, &[1.0])).expect_err("no steady state")
}

/// What only comes in, and what comes in faster than it can go out, is named with what it gains.
#[test]
fn exact_where_there_is_no_steady_state_it_says_so() {
    let simulator = oral("", false);
    let told = refused(&simulator, &[("k", 0.0)], steady(cold(0.0, "X.c", 50.0), 8.0));
    assert_eq!(told.code(), "LUT4309", "{told}");
    assert!(told.to_string().contains("`X.c` gains 50 nmol"), "{told}");
    // A label decays, but the cold molecules that it becomes stay.
    let labelled = oral("", true);
    let dose = steady(hot(0.0, "X.c", "Lu-177", 1000.0, Some(50.0), 0.0), 8.0);
    let told = refused(&labelled, &[("k", 0.0)], dose);
    assert!(told.to_string().contains("`X.c.cold` gains"), "{told}");
    let saturable = one(
        "[model]\nid = \"mm\"\ntitle = \"mm\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n[compartments]\nc = \"3 L\"\n\
         [parameters]\nvm = \"6 nmol/h\"\nkm = \"2 nmol/L\"\n[species]\nX = { in = [\"c\"] }\n[scheme]\nprocesses = '''\n\
         out: X.c => 0 @ vm*[X.c]/(km + [X.c])\n'''\n[observables]\nN = { of = \"X.c\", unit = \"nmol\" }\n",
    )
    .simulator;
    let told = refused(&saturable, &[], steady(cold(0.0, "X.c", 50.0), 8.0));
    assert!(matches!(told, SimError::Failed(SolveFailure::NoSteadyState(_))), "{told}");
    // 40 of at most 48 nmol in an interval settle.
    let found =
        outputs(&saturable, &[], steady(cold(0.0, "X.c", 40.0), 8.0), &[0.0, 7.999_999_9], 1e-8);
    assert!((found[0] - found[1] - 40.0).abs() < 1e-4, "{found:?}");
}

/// A label that decays to nothing settles where nothing else leaves.
#[test]
fn exact_decay_alone_is_a_way_out() {
    let simulator = one(
        "[model]\nid = \"d\"\ntitle = \"d\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n[compartments]\nc = \"1 L\"\n\
         [species]\nX = { in = [\"c\"], nuclide = \"Lu-177\", decayed = \"lost\" }\n[scheme]\nprocesses = '''\n'''\n[observables]\n\
         A = { of = \"activity(X.c)\", unit = \"MBq\" }\n",
    )
    .simulator;
    let lambda = simulator.system().nuclides()[0].lambda;
    let dose = steady(hot(0.0, "X.c", "Lu-177", 100.0, None, 0.0), 24.0);
    let found = outputs(&simulator, &[], dose, &[0.0, 20.0], 1e-8);
    let right = |t: f64| 100.0 * (-lambda * t).exp() / (1.0 - (-24.0 * lambda).exp());
    same(&found, &[0.0, 20.0], &right, 1e-7);
}

/// Intervals that are none, two that differ at one moment, and doses of a millionth and a million times.
#[test]
fn exact_intervals_and_sizes() {
    let simulator = oral("", false);
    for every in [0.0, -1.0, f64::NAN, 1e-9] {
        let told = refused(
            &simulator,
            &[],
            steady(Dose { over: Some(1.0), ..cold(0.0, "X.c", 5.0) }, every),
        );
        assert_eq!(told.code(), "LUT4006", "{told}");
        assert!(told.to_string().contains("interval"), "{told}");
    }
    let parameters = simulator.parameters(&[]).expect("known");
    let two = Regimen {
        doses: vec![steady(cold(0.0, "X.c", 5.0), 8.0), steady(cold(0.0, "X.g", 5.0), 6.0)],
    };
    let told = simulator.run(&Request::new(&parameters, &two, &[1.0])).expect_err("two intervals");
    assert!(told.to_string().contains("other doses"), "{told}");
    for size in [1e-6, 1.0, 1e6] {
        let found = outputs(&simulator, &[], steady(cold(0.0, "X.c", size), 8.0), &TIMES, 1e-6);
        let peak = size / (1.0 - (-1.6_f64).exp());
        same(&found, &TIMES, &|t| peak * (-0.2 * t).exp(), 3e-6);
    }
    // Two pools at one interval are one steady state.
    let both = Regimen {
        doses: vec![steady(cold(0.0, "X.c", 5.0), 8.0), steady(cold(0.0, "X.g", 7.0), 8.0)],
    };
    let found = simulator.run(&Request::new(&parameters, &both, &TIMES)).expect("runs");
    let one =
        |t: f64| 5.0 * (-0.2 * t).exp() + 7.0 * 1.3 / 1.1 * ((-0.2 * t).exp() - (-1.3 * t).exp());
    let right = |t: f64| superposed(8.0, &one, t);
    same(&found.outputs.column(0).collect::<Vec<f64>>(), &TIMES[..2], &right, 3e-6);
}

fn added(dose: Dose, every: f64) -> Dose {
    Dose { kind: DoseKind::AddsSteady { every }, ..dose }
}

/// A e^(−kt) and an infusion stay what they are, and D e^(−ks)/(1 − e^(−kτ)) is added of each dose, whose intervals may
/// differ; derivatives by k are those of the sum.
#[test]
fn exact_a_steady_state_is_added_to_what_is_there() {
    const K: f64 = 0.2;
    let simulator = oral("", false);
    let parameters = simulator.parameters(&[]).expect("known");
    let infusion = Dose { over: Some(100.0), ..cold(0.0, "X.c", 200.0) };
    let doses = vec![
        infusion,
        cold(0.0, "X.c", 80.0),
        added(cold(24.0, "X.c", 50.0), 8.0),
        added(cold(24.0, "X.c", 30.0), 24.0),
        cold(32.0, "X.c", 10.0),
    ];
    let times = [24.0, 31.9, 32.0, 60.0];
    let right = |k: f64, t: f64| {
        let steady =
            |amount: f64, every: f64| amount * (-k * (t - 24.0)).exp() / (1.0 - (-k * every).exp());
        let last = if t >= 32.0 { 10.0 * (-k * (t - 32.0)).exp() } else { 0.0 };
        2.0 * filled(k, t) + 80.0 * (-k * t).exp() + steady(50.0, 8.0) + steady(30.0, 24.0) + last
    };
    let options = Options { rtol: 1e-8, ..Options::default() };
    let wrt = [simulator.system().parameter_index("k").expect("known")];
    let regimen = Regimen { doses };
    let found = simulator
        .run(&Request::new(&parameters, &regimen, &times).options(&options).wrt(&wrt))
        .expect("runs");
    same(&found.outputs.column(0).collect::<Vec<f64>>(), &times, &|t| right(K, t), 1e-7);
    for (row, &t) in times.iter().enumerate() {
        let by = found.sensitivities.outputs[0].get(row, 0).expect("a derivative");
        // Differences of the closed form: 1e-5 in k leaves 1e-9 of it.
        let exact = (right(K + 1e-5, t) - right(K - 1e-5, t)) / 2e-5;
        assert!((by - exact).abs() < 1e-6 * exact.abs().max(100.0), "{t} h: {by}, not {exact}");
    }
}

/// What the model makes by itself is there once, and a model that is linear in what the dose reaches alone will do.
#[test]
fn exact_what_is_made_anyway_is_not_added_again() {
    let made = "[model]\nid = \"made\"\ntitle = \"made\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n\
        [compartments]\nc = \"1 L\"\n[parameters]\nk = \"0.2 1/h\"\np = \"6 nmol/h\"\nVm = \"20 nmol/h\"\nKm = \"5 nmol\"\n[species]\nX = { in = [\"c\"], initial = \"p/k\" }\n\
        Y = { in = [\"c\"], initial = \"5 nmol\" }\n[scheme]\nprocesses = '''\nmake: 0 => X.c @ p\nout: X.c -> 0 @ k\n\
        most: Y.c => 0 @ Vm*Y.c/(Km + Y.c)\n'''\n[observables]\nN = { of = \"X.c\", unit = \"nmol\" }\n";
    let simulator = one(made).simulator;
    let dose = added(cold(0.0, "X.c", 50.0), 8.0);
    let found = outputs(&simulator, &[], dose, &TIMES, 1e-8);
    let size = 50.0 / (1.0 - (-1.6_f64).exp());
    same(&found, &TIMES, &|t| 30.0 + size * (-0.2 * t).exp(), 1e-7);
    // Y is not linear in itself.
    let parameters = simulator.parameters(&[]).expect("known");
    let regimen = Regimen::single(added(cold(1.0, "Y.c", 50.0), 8.0));
    let refused = simulator.run(&Request::new(&parameters, &regimen, &[24.0]));
    let refused = refused.expect_err("it does not add up");
    assert_eq!(refused.code(), "LUT4017");
    assert!(refused.to_string().contains("`Y.c`"), "{refused}");
    // In the place of all it may be.
    let regimen = Regimen::single(steady(cold(1.0, "Y.c", 50.0), 8.0));
    simulator.run(&Request::new(&parameters, &regimen, &[24.0])).expect("a steady state");
}
