//! Branches that change in time or with a state are seen, whatever the tolerance and the output grid.
//!
//! Closed forms throughout. A run at relative tolerance r is granted 100·r of what was given: the
//! errors of the few hundred steps of a run add up to some tens of it. A window that is missed costs
//! all of what it gives.

use lutetia_sim::{
    Change, Curve, Inputs, Options, Regimen, Request, SimError, Simulator, SolveFailure, Trajectory,
};
use proptest::prelude::*;

use crate::shipped::one;

const HEAD: &str = r#"[model]
id = "switches"
title = "switches"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
c = "1 L"
"#;

fn run(simulator: &Simulator, set: &[(&str, f64)], times: &[f64], options: &Options) -> Trajectory {
    let parameters = simulator.parameters(set).expect("known");
    simulator
        .run(&Request::new(&parameters, &Regimen::default(), times).options(options))
        .unwrap_or_else(|e| panic!("{e}"))
}

fn at(rtol: f64) -> Options {
    Options { rtol, ..Options::default() }
}

/// What is left at `t` of one nmol given evenly between `on` and `off`, lost at rate `k`.
fn left(t: f64, on: f64, off: f64, k: f64) -> f64 {
    let end = t.min(off);
    if end <= on {
        return 0.0;
    }
    ((-k * (t - end)).exp() - (-k * (t - on)).exp()) / (k * (off - on))
}

/// Windows as processes; each gives one nmol.
fn windows(count: usize) -> Simulator {
    let mut parameters = String::from("k = \"0.002 1/h\"\none = \"1 nmol\"\n");
    let mut processes = String::new();
    for i in 0..count {
        parameters.push_str(&format!("on{i} = \"{i} h\"\noff{i} = \"{} h\"\n", i + 1));
        // Three ways of writing a window.
        let open = match i % 3 {
            0 => format!("step(t - on{i})*step(off{i} - t)"),
            1 => format!("(step(t - on{i}) - step(t - off{i}))"),
            _ => format!("if_positive(t - on{i}, if_positive(off{i} - t, 1, 0), 0)"),
        };
        processes.push_str(&format!("w{i}: 0 => X.c @ one/(off{i} - on{i})*{open}\n"));
    }
    let text = format!(
        "{HEAD}[parameters]\n{parameters}[species]\nX = {{ in = [\"c\"] }}\n[scheme]\nprocesses = \
         '''\n{processes}out: X.c -> 0 @ k\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \
         \"nmol\" }}\n"
    );
    one(&text).simulator
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Several windows, overlapping or not, from a tenth down to 1e-4 of the horizon.
    #[test]
    fn prop_windows_in_time_are_never_stepped_over(
        starts in prop::collection::vec((0.0..0.85_f64, -4.0..-1.0_f64), 5),
        exponent in -10.0..-3.0_f64,
        points in 2_usize..40,
        horizon in prop::sample::select(vec![10.0, 1000.0, 87_600.0]),
    ) {
        let simulator = windows(5);
        let k = 2.0 / horizon;
        let spans: Vec<(f64, f64)> = starts
            .iter()
            .map(|(start, width)| (start * horizon, (start + 10_f64.powf(*width)) * horizon))
            .collect();
        let names: Vec<(String, String)> =
            (0..5).map(|i| (format!("on{i}"), format!("off{i}"))).collect();
        let mut set = vec![("k", k)];
        for ((on, off), span) in names.iter().zip(&spans) {
            set.push((on, span.0));
            set.push((off, span.1));
        }
        let rtol = 10_f64.powf(exponent);
        let times: Vec<f64> =
            (0..points).map(|i| horizon * i as f64 / (points - 1) as f64).collect();
        let options = Options { integrals: vec![0], ..at(rtol) };
        let found = run(&simulator, &set, &times, &options);
        for (row, &t) in times.iter().enumerate() {
            let expected: f64 = spans.iter().map(|w| left(t, w.0, w.1, k)).sum();
            let value = found.outputs.get(row, 0).expect("a row");
            prop_assert!((value - expected).abs() <= 500.0 * rtol, "{t}: {value}, not {expected}");
        }
        // What went in and is no more there has left at rate k.
        let last = found.outputs.get(points - 1, 0).expect("a row");
        let integral = found.integrals.get(points - 1, 0).expect("a row");
        prop_assert!((k * integral - (5.0 - last)).abs() <= 2500.0 * rtol);
    }
}

/// 10/k (1 - exp(-10 k)) exp(-890 k), at any tolerance and on any grid.
#[test]
fn exact_a_pulse_is_seen_at_every_tolerance() {
    let simulator =
        one(include_str!("../models/pulse_in_time.toml").trim_start_matches(|c| c != '['))
            .simulator;
    let expected = 10.0 / 1e-3 * (1.0 - (-1e-2_f64).exp()) * (-0.89_f64).exp();
    assert!((expected - 40.861).abs() < 5e-4);
    for exponent in 3..=10 {
        for points in [2, 11, 1001] {
            let rtol = 10_f64.powi(-exponent);
            let times: Vec<f64> =
                (0..points).map(|i| 1000.0 * f64::from(i) / f64::from(points - 1)).collect();
            let set = [("t_on", 100.0), ("t_off", 110.0)];
            let run = run(&simulator, &set, &times, &at(rtol));
            let last = run.outputs.column(0).last().expect("rows");
            assert!((last - expected).abs() <= 100.0 * rtol * expected, "{rtol}: {last}");
        }
    }
}

/// Plasma empties into the bladder; the bladder is open for three minutes at 4, 8 and 12 h, where
/// B' = CL/V P - k B with P = P0 exp(-a t) gives B(t) = (B0 - q) exp(-k s) + q exp(-a s).
#[test]
fn exact_a_bladder_is_voided_three_times() {
    let simulator =
        one(include_str!("../models/bladder_voiding.toml").trim_start_matches(|c| c != '['))
            .simulator;
    let (a, open, width) = (5.0 / 3.0, 500.0, 0.05);
    let plasma = |t: f64| 100.0 * (-a * t).exp();
    let mut bladder = 0.0;
    let mut time = 0.0;
    let mut expected = Vec::new();
    for void in [4.0, 8.0, 12.0] {
        bladder += plasma(time) - plasma(void);
        expected.push((void, bladder));
        let q = a * plasma(void) / (open - a);
        bladder = (bladder - q) * (-open * width).exp() + q * (-a * width).exp();
        time = void + width;
        expected.push((time, bladder));
    }
    expected.push((24.0, bladder + plasma(time) - plasma(24.0)));
    let times: Vec<f64> = expected.iter().map(|e| e.0).collect();
    let dose = crate::build::cold(0.0, "L.plasma", 100.0);
    for exponent in 3..=10 {
        let rtol = 10_f64.powi(-exponent);
        let parameters = simulator.parameters(&[]).expect("defaults");
        let run = simulator
            .run(
                &Request::new(&parameters, &Regimen::single(dose.clone()), &times)
                    .options(&at(rtol)),
            )
            .expect("runs");
        let column = simulator.output("B").expect("B");
        for (row, (t, b)) in expected.iter().enumerate() {
            let found = run.outputs.get(row, column).expect("a row");
            // Of the 100 nmol given.
            assert!((found - b).abs() <= 1e4 * rtol, "{rtol}, {t} h: {found}, not {b}");
        }
    }
}

/// Windows whose edges are not straight lines in time, or nested: widths are 1e-4 of the horizon.
#[test]
fn exact_windows_of_any_function_of_time_are_seen() {
    // (open, what it gives at 1 nmol/h).
    let cases = [
        ("step(t*t - a*a)*step(b*b - t*t)", 0.1),
        ("step(exp(-t/T) - exp(-b/T))*step(exp(-a/T) - exp(-t/T))", 0.1),
        ("step(w - abs(t - m))", 0.1),
        ("max(1 - abs(t - m)/w, 0)", 0.05),
        ("if_positive(min(t - a, b - t), 1, 0)", 0.1),
        ("step((t - a)*(b - t)/(T*T))", 0.1),
        ("step(sqrt(t/T) - sqrt(a/T)) - step(ln((t + T)/(b + T)))", 0.1),
        ("step(step(t - a)*step(b - t) - 0.5)", 0.1),
    ];
    for (open, given) in cases {
        let text = format!(
            "{HEAD}[parameters]\nrate = \"1 nmol/h\"\na = \"611.3 h\"\nb = \"611.4 h\"\nm = \"611.35 \
             h\"\nw = \"0.05 h\"\nT = \"100 h\"\n[species]\nX = {{ in = [\"c\"] }}\n[scheme]\n\
             processes = '''\npump: 0 => X.c @ rate*({open})\n'''\n[observables]\nN = {{ of = \
             \"X.c\", unit = \"nmol\" }}\n"
        );
        let simulator = one(&text).simulator;
        for rtol in [1e-3, 1e-6, 1e-9] {
            let run = run(&simulator, &[], &[0.0, 1000.0], &at(rtol));
            let last = run.outputs.get(1, 0).expect("a row");
            assert!((last - given).abs() <= 100.0 * rtol * given, "{open}, {rtol}: {last}");
        }
    }
}

/// A clock that is a state hides the time from the schedule: its windows are found by watching.
#[test]
fn exact_windows_of_a_state_are_found() {
    let text = format!(
        "{HEAD}[parameters]\nrate = \"1 nmol/h\"\n[species]\nX = {{ in = [\"c\"] }}\n[states]\n\
         clock = {{ unit = \"h\", initial = \"0 h\" }}\n[scheme]\nprocesses = '''\ntick: 0 => clock \
         @ rate/rate\npump: 0 => X.c @ rate*step(clock - 611.3*day)*step(611.4*day - \
         clock)\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" }}\n"
    )
    .replace("rate = \"1 nmol/h\"", "rate = \"1 nmol/h\"\nday = \"1 h\"");
    let simulator = one(&text).simulator;
    for rtol in [1e-3, 1e-6, 1e-9] {
        let run = run(&simulator, &[], &[0.0, 1000.0], &at(rtol));
        let last = run.outputs.get(1, 0).expect("a row");
        // The clock itself is known to the tolerance only: 1000 h of it at each edge.
        assert!((last - 0.1).abs() <= 0.1 * (100.0 * rtol) + 2000.0 * rtol, "{rtol}: {last}");
        assert!(last > 0.01, "{rtol}: {last}");
    }
}

/// The curve of an input rises above a level between two of its points.
#[test]
fn exact_an_input_that_passes_a_level_is_seen() {
    let text = format!(
        "{HEAD}[parameters]\nrate = \"1 nmol/h\"\nlevel = \"0.99999 1\"\n[inputs]\nu = {{ unit = \
         \"1\" }}\n[species]\nX = {{ in = [\"c\"] }}\n[scheme]\nprocesses = '''\npump: 0 => X.c @ \
         rate*step(u - level)\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    let curve =
        Curve { input: "u".to_owned(), points: vec![(0.0, 0.0), (500.0, 1.0), (1000.0, 0.0)] };
    let parameters = simulator.parameters(&[]).expect("defaults");
    let inputs = Inputs { curves: vec![curve] };
    let run = simulator
        .run(
            &Request::new(&parameters, &Regimen::default(), &[0.0, 1000.0])
                .inputs(&inputs)
                .options(&at(1e-4)),
        )
        .expect("runs");
    // Above the level for 2·500·1e-5 h.
    let last = run.outputs.get(1, 0).expect("a row");
    assert!((last - 0.01).abs() <= 1e-4 * 0.01 * 100.0, "{last}");
}

/// dX/d(t_on), dX/d(t_off) and the derivative through a threshold of a state, against closed forms,
/// for outputs, integrals and integrals to infinity.
#[test]
fn exact_sensitivities_know_that_switches_move() {
    let text = format!(
        "{HEAD}[parameters]\nrate = \"2 nmol/h\"\non = \"3 h\"\nwide = \"4 h\"\nk = \"0.1 1/h\"\n\
         [species]\nX = {{ in = [\"c\"] }}\n[scheme]\nprocesses = '''\npump: 0 => X.c @ rate*step(t \
         - on)*step(on + wide - t)\nout: X.c -> 0 @ k\n'''\n[observables]\nN = {{ of = \"X.c\", unit \
         = \"nmol\" }}\nP = {{ of = \"rate*step(t - on)*step(on + wide - t)\", unit = \"nmol/h\" }}\n"
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("defaults");
    let wrt = ["on", "wide", "k", "rate"].map(|n| simulator.parameter(n).expect("known"));
    let options = Options { integrals: vec![0, 1], to_infinity: true, ..at(1e-9) };
    let times = [1.0, 5.0, 20.0];
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::default(), &times).options(&options).wrt(&wrt))
        .expect("runs");
    let sens = &run.sensitivities;
    let (rate, on, off, k) = (2.0, 3.0, 7.0, 0.1_f64);
    let x = |t: f64| rate / k * ((-k * (t - off)).exp() - (-k * (t - on)).exp());
    assert!((run.outputs.get(2, 0).expect("a row") - x(20.0)).abs() < 1e-6);
    let near = |what: &str, found: Option<f64>, expected: f64| {
        let found = found.expect("an entry");
        // A thousand times the tolerance, of derivatives of size one.
        assert!(
            (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
            "{what}: {found}, {expected}"
        );
    };
    let e = |from: f64, t: f64| (-k * (t - from)).exp();
    near("before", sens.outputs[0].get(0, 0), 0.0);
    near("during, on", sens.outputs[0].get(1, 0), -rate * e(on, 5.0));
    near("after, on", sens.outputs[0].get(2, 0), rate * (e(off, 20.0) - e(on, 20.0)));
    near("after, wide", sens.outputs[1].get(2, 0), rate * e(off, 20.0));
    near("after, rate", sens.outputs[3].get(2, 0), x(20.0) / rate);
    // The whole integral is rate·wide/k; that of the pump rate·wide.
    near("AUC, on", sens.integrals_to_infinity.get(0, 0), 0.0);
    near("AUC, wide", sens.integrals_to_infinity.get(1, 0), rate / k);
    near("AUC, k", sens.integrals_to_infinity.get(2, 0), -rate * 4.0 / (k * k));
    near("pump, wide", sens.integrals_to_infinity.get(1, 1), rate);
    near("pump so far, on", sens.integrals[0].get(1, 1), -rate);
}

/// X falls from 10 as exp(-k t) until it reaches `low`, then at twice the rate.
#[test]
fn exact_sensitivities_through_a_threshold_of_a_state() {
    let text = format!(
        "{HEAD}[parameters]\nk = \"0.1 1/h\"\nlow = \"4 nmol\"\nn0 = \"10 nmol\"\n[species]\nX = {{ \
         in = [\"c\"], initial = \"n0\" }}\n[scheme]\nprocesses = '''\nout: X.c -> 0 @ \
         k*if_positive(X.c - low, 1, 2)\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" \
         }}\n"
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("defaults");
    let wrt = ["k", "low", "n0"].map(|n| simulator.parameter(n).expect("known"));
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::default(), &[20.0]).options(&at(1e-9)).wrt(&wrt))
        .expect("runs");
    let sens = &run.sensitivities;
    // X = low exp(-2 k (t - τ)), τ = ln(n0/low)/k: X = n0²/low exp(-2 k t).
    let expected = 100.0 / 4.0 * (-4.0_f64).exp();
    let found = run.outputs.get(0, 0).expect("a row");
    assert!((found - expected).abs() < 1e-5 * expected, "{found}, {expected}");
    for (lane, slope) in [(0, -40.0 * expected), (1, -expected / 4.0), (2, 2.0 * expected / 10.0)] {
        let found = sens.outputs[lane].get(0, 0).expect("an entry");
        // The threshold itself is found to a few times the tolerance of the state.
        assert!((found - slope).abs() < 1e-4 * slope.abs(), "{lane}: {found}, {slope}");
    }
}

/// Switches that a parameter moves apart have no derivative: a clear refusal, not a number.
#[test]
fn exact_switches_that_part_have_no_derivative() {
    let text = format!(
        "{HEAD}[parameters]\nrate = \"1 nmol/h\"\na = \"3 h\"\nb = \"3 h\"\n[species]\nX = {{ in = \
         [\"c\"] }}\n[scheme]\nprocesses = '''\npump: 0 => X.c @ rate*(step(t - a) - step(t - b))\n\
         '''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("defaults");
    let wrt = [simulator.parameter("a").expect("known")];
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::default(), &[20.0]).options(&at(1e-6)).wrt(&wrt));
    assert!(matches!(run, Err(SimError::Failed(SolveFailure::NoDerivative { .. }))), "{run:?}");
}

/// Windows move with the parameters of the occasion, and a run in pieces sees what a whole run sees.
#[test]
fn exact_windows_hold_for_occasions_and_pieces() {
    let simulator = windows(1);
    let set = |on: f64, off: f64| {
        simulator.parameters(&[("on0", on), ("off0", off), ("k", 1e-6)]).expect("known")
    };
    // Before 500 h a window at 100 h, from then on one at 800 h; what the first meant later is void.
    let first = set(100.0, 100.1);
    let change = Change { from: 500.0, parameters: set(800.0, 800.1) };
    let times = [90.0, 400.0, 790.0, 1000.0];
    let options = at(1e-6);
    let whole = simulator
        .run(
            &Request::new(&first, &Regimen::default(), &times)
                .changes(std::slice::from_ref(&change))
                .options(&options),
        )
        .expect("runs");
    let expected = [0.0, 1.0, 1.0, 2.0];
    for (row, value) in expected.iter().enumerate() {
        let found = whole.outputs.get(row, 0).expect("a row");
        assert!((found - value).abs() < 2e-3, "{row}: {found}");
    }
    let mut standing = None;
    for (until, times, rows) in [
        (100.05, &times[..1], &expected[..1]),
        (650.0, &times[1..2], &expected[1..2]),
        (1000.0, &times[2..], &expected[2..]),
    ] {
        let part = simulator
            .run(
                &Request::new(&first, &Regimen::default(), times)
                    .changes(std::slice::from_ref(&change))
                    .options(&options)
                    .from(standing.as_ref())
                    .until(until),
            )
            .expect("runs");
        for (row, value) in rows.iter().enumerate() {
            let found = part.outputs.get(row, 0).expect("a row");
            assert!((found - value).abs() < 2e-3, "until {until}, {row}: {found}");
        }
        standing = Some(part.end);
    }
    let sets = [first.clone(), set(300.0, 300.01), set(2000.0, 2001.0)];
    let regimen = Regimen::default();
    let requests =
        sets.each_ref().map(|set| Request::new(set, &regimen, &[1000.0]).options(&options));
    let many = simulator.run_many(&requests);
    let found: Vec<f64> =
        many.iter().map(|r| r.as_ref().expect("runs").outputs.get(0, 0).expect("a row")).collect();
    assert!((found[0] - 1.0).abs() < 2e-3 && (found[1] - 1.0).abs() < 2e-3, "{found:?}");
    assert!(found[2].abs() < 1e-12, "{found:?}");
}

/// A relay that slides along its limit ends with an error that says so, or holds the limit.
#[test]
fn exact_chattering_ends_honestly() {
    let simulator =
        one(include_str!("../models/chatter.toml").trim_start_matches(|c| c != '[')).simulator;
    let parameters = simulator.parameters(&[]).expect("defaults");
    let run = simulator.run(
        &Request::new(&parameters, &Regimen::default(), &[0.5, 10.0])
            .options(&Options { max_steps: 20_000, ..Options::default() }),
    );
    match run {
        Err(SimError::Failed(SolveFailure::Stopped { .. })) => {}
        Err(other) => panic!("{other}"),
        Ok(run) => {
            let held = run.outputs.get(1, 0).expect("a row");
            assert!((held - 5.0).abs() < 1e-3, "{held}");
        }
    }
}

/// An integral to infinity waits for a window long after the last output.
#[test]
fn exact_an_integral_to_infinity_sees_a_late_window() {
    let simulator = windows(1);
    let set = [("on0", 700.0), ("off0", 700.1), ("k", 0.5)];
    let options = Options { integrals: vec![0], to_infinity: true, ..at(1e-7) };
    let run = run(&simulator, &set, &[0.0, 24.0], &options);
    let found = run.integrals_to_infinity[0].value;
    assert!((found - 2.0).abs() < 1e-4, "{found}");
}
