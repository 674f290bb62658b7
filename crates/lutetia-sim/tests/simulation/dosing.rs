//! Lag, bioavailability, duration and rate of doses, doses before zero, what is replaced and reset, against closed
//! forms; derivatives against central differences of the same closed forms.
//!
//! At relative tolerance 1e-9, 1e-6 of the largest value is granted, as in `events`; a central difference of step h of
//! a closed form is exact to h²/6 of its third derivative and 1e-16/h, and 1e-5 is granted for both.

use lutetia_sim::{
    Dose, DoseKind, EngineId, Options, Regimen, Request, SimError, Simulator, SolveFailure,
    Trajectory,
};

use crate::build::{cold, hot};
use crate::shipped::one;

/// A gut and a circulation; `species` are further keys of the species.
pub fn oral(species: &str, label: bool) -> Simulator {
    let label = if label { "label = { on = [\"X\"], decayed = \"cold\" }\n" } else { "" };
    one(&format!(
        "[model]\nid = \"oral\"\ntitle = \"oral\"\nunits = {{ time = \"h\", amount = \"nmol\", volume = \"L\" }}\n{label}\
         [compartments]\ng = \"1 L\"\nc = \"10 L\"\n[parameters]\nka = \"1.3 1/h\"\nk = \"0.2 1/h\"\ntl = \"1.7 h\"\nF = \"0.6\"\n\
         D = \"2.5 h\"\nR = \"8 nmol/h\"\n[species]\nX = {{ in = [\"g\", \"c\"]{species} }}\n[scheme]\nprocesses = '''\n\
         abs: X.g -> X.c @ ka\nout: X.c -> 0 @ k\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" }}\n\
         unused = {{ of = \"X.c*tl/tl*F/F*D/D*R/R\", unit = \"nmol\" }}\n"
    ))
    .simulator
}

fn options() -> Options {
    Options { rtol: 1e-9, integrals: vec![0], ..Options::default() }
}

fn run(simulator: &Simulator, regimen: &Regimen, times: &[f64], wrt: &[&str]) -> Trajectory {
    let parameters = simulator.parameters(&[]).expect("known");
    let wrt: Vec<usize> =
        wrt.iter().map(|name| simulator.system().parameter_index(name).expect("known")).collect();
    simulator
        .run(&Request::new(&parameters, regimen, times).options(&options()).wrt(&wrt))
        .unwrap_or_else(|e| panic!("{e}"))
}

fn failure(simulator: &Simulator, set: &[(&str, f64)], regimen: &Regimen) -> SimError {
    let parameters = simulator.parameters(set).expect("known");
    let request = Request::new(&parameters, regimen, &[24.0]);
    simulator.run(&request).expect_err("must be refused")
}

fn near(found: f64, expected: f64, size: f64) -> bool {
    (found - expected).abs() <= 1e-6 * size
}

/// Where the parameters of [`oral`] stand: ka, k, tl, F, D, R.
const AT: [f64; 6] = [1.3, 0.2, 1.7, 0.6, 2.5, 8.0];
const NAMES: [&str; 6] = ["ka", "k", "tl", "F", "D", "R"];

/// ∫₀ᵗ e^(−k s) ds.
fn filled(k: f64, t: f64) -> f64 {
    if t > 0.0 { (1.0 - (-k * t).exp()) / k } else { 0.0 }
}

/// In the circulation, a time after a bolus of one into the gut.
fn absorbed(ka: f64, k: f64, t: f64) -> f64 {
    if t > 0.0 { ka / (ka - k) * ((-k * t).exp() - (-ka * t).exp()) } else { 0.0 }
}

/// In the circulation, a time after an infusion at rate one and of length d into it began.
fn infused(k: f64, d: f64, t: f64) -> f64 {
    filled(k, t) - filled(k, t - d)
}

/// The outputs and their derivatives are those of a closed form of (time, parameters).
fn follows(found: &Trajectory, output: usize, scale: f64, form: &dyn Fn(f64, [f64; 6]) -> f64) {
    for (row, &t) in found.times.iter().enumerate() {
        let value = found.outputs.get(row, output).expect("a row");
        assert!(near(value, form(t, AT), scale), "N({t}) = {value}, not {}", form(t, AT));
        for (lane, name) in NAMES.iter().enumerate() {
            let moved = |sign: f64| {
                let mut p = AT;
                p[lane] += sign * 1e-5;
                form(t, p)
            };
            let expected = (moved(1.0) - moved(-1.0)) / 2e-5;
            let s = found.sensitivities.outputs[lane].get(row, output).expect("a row");
            assert!(
                (s - expected).abs() <= 1e-5 * scale,
                "d N({t}) / d {name}: {s}, not {expected}"
            );
        }
    }
}

fn times() -> Vec<f64> {
    (0..140).map(|i| 0.317 * f64::from(i)).collect()
}

/// F·D·ka/(ka − k)·(e^(−k(t − tl)) − e^(−ka(t − tl))), superposed.
#[test]
fn exact_a_dose_arrives_late_and_in_part() {
    let simulator = oral(", lag = { g = \"tl\" }, bioavailability = { g = \"F\" }", false);
    let regimen = Regimen::repeat(&cold(0.5, "X.g", 50.0), 12.0, 3);
    let found = run(&simulator, &regimen, &times(), &NAMES);
    follows(&found, 0, 50.0, &|t, [ka, k, tl, f, ..]| {
        let at = |n: f64| absorbed(ka, k, t - 0.5 - 12.0 * n - tl);
        50.0 * f * (at(0.0) + at(1.0) + at(2.0))
    });
    // The integral until t of each is F·D/(ka − k)·(ka·filled(k) − k·filled(ka))/k.
    let area = |t: f64, [ka, k, tl, f, ..]: [f64; 6]| -> f64 {
        let of = |t: f64| ka / (ka - k) * (filled(k, t) - filled(ka, t));
        50.0 * f * [0.5, 12.5, 24.5].iter().map(|at| of(t - at - tl)).sum::<f64>()
    };
    for (row, &t) in found.times.iter().enumerate() {
        assert!(near(found.integrals.get(row, 0).expect("a row"), area(t, AT), 500.0), "{t}");
        for lane in 0..4 {
            let moved = |sign: f64| {
                let mut p = AT;
                p[lane] += sign * 1e-5;
                area(t, p)
            };
            let expected = (moved(1.0) - moved(-1.0)) / 2e-5;
            let s = found.sensitivities.integrals[lane].get(row, 0).expect("a row");
            assert!(
                (s - expected).abs() <= 1e-2,
                "d area({t}) / d {}: {s}, not {expected}",
                NAMES[lane]
            );
        }
    }
}

/// A bolus into the circulation itself, which jumps where it arrives.
#[test]
fn exact_a_jump_moves_with_its_lag() {
    let simulator = oral(", lag = { c = \"tl\" }, bioavailability = { c = \"F\" }", false);
    let regimen = Regimen::repeat(&cold(0.0, "X.c", 50.0), 9.0, 4);
    let found = run(&simulator, &regimen, &times(), &NAMES);
    let gone = |t: f64, k: f64| if t > 0.0 { (-k * t).exp() } else { 0.0 };
    follows(&found, 0, 50.0, &|t, [_, k, tl, f, ..]| {
        50.0 * f * (0..4).map(|n| gone(t - 9.0 * f64::from(n) - tl, k)).sum::<f64>()
    });
}

/// RATE = −2 of NONMEM: over D, at F·A/D; and RATE = −1: at R, over F·A/R. With lag, and longer than the interval.
#[test]
fn exact_durations_and_rates_of_the_model() {
    let regimen = Regimen::repeat(&cold(0.0, "X.c", 40.0), 2.0, 5);
    let all = ", lag = { c = \"tl\" }, bioavailability = { c = \"F\" }";
    let simulator = oral(&format!("{all}, duration = {{ c = \"D\" }}"), false);
    let found = run(&simulator, &regimen, &times(), &NAMES);
    follows(&found, 0, 100.0, &|t, [_, k, tl, f, d, _]| {
        let at = |n: i32| infused(k, d, t - 2.0 * f64::from(n) - tl);
        40.0 * f / d * (0..5).map(at).sum::<f64>()
    });
    let simulator = oral(&format!("{all}, rate = {{ c = \"R\" }}"), false);
    let found = run(&simulator, &regimen, &times(), &NAMES);
    follows(&found, 0, 100.0, &|t, [_, k, tl, f, _, r]| {
        let at = |n: i32| infused(k, 40.0 * f / r, t - 2.0 * f64::from(n) - tl);
        r * (0..5).map(at).sum::<f64>()
    });
    // A dose that says how long it takes takes that long, and F changes its rate.
    let over = Dose { over: Some(3.0), ..cold(0.0, "X.c", 40.0) };
    let found = run(&simulator, &Regimen::single(over), &times(), &NAMES);
    follows(&found, 0, 50.0, &|t, [_, k, tl, f, ..]| 40.0 * f / 3.0 * infused(k, 3.0, t - tl));
    // And a bolus stays one.
    let bolus = Dose { over: Some(0.0), ..cold(0.0, "X.c", 40.0) };
    let found = run(&simulator, &Regimen::single(bolus), &[1.6, 1.8], &[]);
    assert!(near(found.outputs.get(1, 0).expect("a row"), 24.0 * (-0.02_f64).exp(), 40.0));
}

/// What is labelled decays on the way: hot(t) = e^(−λ(t − at))·f₀·total(t), for boluses and infusions, and the
/// derivatives of both.
#[test]
fn exact_the_label_decays_during_the_lag() {
    let species = ", lag = { g = \"tl\", c = \"3*tl\" }, bioavailability = { g = \"F\" }, duration = { c = \"D\" }";
    let simulator = oral(species, true);
    let given =
        |into: &str| Dose { over: None, ..hot(0.5, into, "Lu-177", 3000.0, Some(20.0), 0.0) };
    let parameters = simulator.parameters(&[]).expect("known");
    let [lambda, share] = {
        let nuclide = &simulator.system().nuclides()[0];
        [nuclide.lambda, 3000.0 / nuclide.activity_per_amount / 20.0]
    };
    let wrt: Vec<usize> =
        NAMES.iter().map(|name| simulator.system().parameter_index(name).expect("known")).collect();
    for into in ["X.g", "X.c"] {
        let regimen = Regimen::single(given(into));
        let options = Options { rtol: 1e-9, states: true, ..Options::default() };
        let times: Vec<f64> = (0..60).map(|i| 2.317 * f64::from(i)).collect();
        let found = simulator
            .run(&Request::new(&parameters, &regimen, &times).options(&options).wrt(&wrt))
            .unwrap_or_else(|e| panic!("{e}"));
        follows(&found, 0, 20.0, &|t, [ka, k, tl, f, d, _]| match into {
            "X.g" => 20.0 * f * absorbed(ka, k, t - 0.5 - tl),
            _ => 20.0 / d * infused(k, d, t - 0.5 - 3.0 * tl),
        });
        let states = found.states.as_ref().expect("kept");
        let hot_state = simulator.system().state_index("X.c.hot").expect("a state");
        for (row, t) in times.iter().enumerate() {
            let hot = states.get(row, hot_state).expect("a row");
            let expected =
                (-lambda * (t - 0.5)).exp() * share * found.outputs.get(row, 0).expect("a row");
            assert!(near(hot, expected, 10.0), "{into}, {t} h: {hot}, not {expected}");
        }
    }
}

/// The derivative of a hot amount by the lag has what decays on the way in it.
#[test]
fn exact_activity_knows_that_a_longer_lag_leaves_less() {
    let simulator = one(
        "[model]\nid = \"hot\"\ntitle = \"hot\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n\
         label = { on = [\"X\"], decayed = \"lost\" }\n[compartments]\nc = \"1 L\"\n[parameters]\nk = \"0.2 1/h\"\n\
         tl = \"30 h\"\n[species]\nX = { in = [\"c\"], lag = \"tl\" }\n[scheme]\nprocesses = '''\nout: X.c -> 0 @ k\n'''\n\
         [observables]\nA = { of = \"activity(X.c)\", unit = \"MBq\" }\n",
    )
    .simulator;
    let lambda = simulator.system().nuclides()[0].lambda;
    let regimen = Regimen::single(hot(0.0, "X.c", "Lu-177", 1000.0, None, 0.0));
    let found = run(&simulator, &regimen, &[29.0, 31.0, 60.0], &["tl", "k"]);
    for (row, t) in [29.0, 31.0, 60.0].into_iter().enumerate() {
        // Given with 1000 MBq at zero, whatever the lag: A = 1000 e^(−λt) e^(−k(t − tl)).
        let arrived = t > 30.0;
        let right = if arrived { 1000.0 * (-lambda * t - 0.2 * (t - 30.0)).exp() } else { 0.0 };
        assert!(near(found.outputs.get(row, 0).expect("a row"), right, 1000.0));
        let by_lag = found.sensitivities.outputs[0].get(row, 0).expect("a row");
        assert!(near(by_lag, 0.2 * right, 1000.0), "{t}: {by_lag}, not {}", 0.2 * right);
    }
}

/// Elimination that saturates: there is no closed form, so central differences of runs at 1e-11 are the measure.
#[test]
fn val_derivatives_through_a_saturable_model() {
    let simulator = one(
        "[model]\nid = \"mm\"\ntitle = \"mm\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n[compartments]\n\
         c = \"3 L\"\n[parameters]\nvm = \"6 nmol/h\"\nkm = \"2 nmol/L\"\ntl = \"1.7 h\"\nF = \"0.6\"\nD = \"2.5 h\"\n[species]\n\
         X = { in = [\"c\"], lag = \"tl\", bioavailability = \"F\", duration = \"D\" }\n[scheme]\nprocesses = '''\n\
         out: X.c => 0 @ vm*[X.c]/(km + [X.c])\n'''\n[observables]\nN = { of = \"X.c\", unit = \"nmol\" }\n",
    )
    .simulator;
    let bolus = |at: f64| Dose { over: Some(0.0), ..cold(at, "X.c", 60.0) };
    let regimen = Regimen { doses: vec![bolus(0.0), cold(4.0, "X.c", 90.0), bolus(9.0)] };
    let times: Vec<f64> = (1..60).map(|i| 0.417 * f64::from(i)).collect();
    let names = ["vm", "km", "tl", "F", "D"];
    let wrt: Vec<usize> = names.iter().map(|n| simulator.parameter(n).expect("known")).collect();
    let options = Options { rtol: 1e-11, integrals: vec![0], ..Options::default() };
    let at = |set: &[(&str, f64)]| {
        let parameters = simulator.parameters(set).expect("known");
        let request = Request::new(&parameters, &regimen, &times).options(&options);
        simulator.run(&request).expect("runs")
    };
    let parameters = simulator.parameters(&[]).expect("known");
    let request = Request::new(&parameters, &regimen, &times).options(&options).wrt(&wrt);
    let found = simulator.run(&request).expect("runs");
    for (lane, name) in names.iter().enumerate() {
        let value = parameters[wrt[lane]];
        let h = 1e-4 * value;
        let (up, down) = (at(&[(name, value + h)]), at(&[(name, value - h)]));
        for (row, t) in times.iter().enumerate() {
            let of = |a: &lutetia_sim::Grid, b: &lutetia_sim::Grid| {
                (a.get(row, 0).expect("a row") - b.get(row, 0).expect("a row")) / (2.0 * h)
            };
            let s = found.sensitivities.outputs[lane].get(row, 0).expect("a row");
            let expected = of(&up.outputs, &down.outputs);
            assert!(
                (s - expected).abs() <= 2e-4 * (1.0 + s.abs()),
                "d N({t})/d {name}: {s}, {expected}"
            );
            let s = found.sensitivities.integrals[lane].get(row, 0).expect("a row");
            let expected = of(&up.integrals, &down.integrals);
            assert!(
                (s - expected).abs() <= 2e-4 * (10.0 + s.abs()),
                "area({t})/d {name}: {s}, {expected}"
            );
        }
    }
}

/// Two doses of one moment that a parameter moves apart have a derivative where their effects add up, and only there.
#[test]
fn exact_doses_that_move_apart_have_a_derivative_where_they_add_up() {
    let simulator = oral(", lag = { g = \"tl\" }", false);
    let both = Regimen { doses: vec![cold(0.0, "X.g", 50.0), cold(1.7, "X.c", 20.0)] };
    let found = run(&simulator, &both, &[3.0, 9.0], &NAMES);
    follows(&found, 0, 50.0, &|t, [ka, k, tl, ..]| {
        50.0 * absorbed(ka, k, t - tl) + 20.0 * (-k * (t - 1.7)).exp()
    });
    let saturable = one(
        "[model]\nid = \"mm\"\ntitle = \"mm\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n[compartments]\n\
         c = \"3 L\"\nd = \"1 L\"\n[parameters]\nvm = \"6 nmol/h\"\nkm = \"2 nmol/L\"\ntl = \"1.7 h\"\n[species]\n\
         X = { in = [\"c\"], lag = \"tl\" }\nY = { in = [\"d\"] }\n[scheme]\nprocesses = '''\n\
         out: X.c => 0 @ vm*[X.c]*[Y.d]/(km + [X.c])/km\n'''\n[observables]\nN = { of = \"X.c\", unit = \"nmol\" }\n",
    )
    .simulator;
    let both = Regimen { doses: vec![cold(0.0, "X.c", 50.0), cold(1.7, "Y.d", 2.0)] };
    let parameters = saturable.parameters(&[]).expect("known");
    let lag = [saturable.parameter("tl").expect("known")];
    let told = saturable.run(&Request::new(&parameters, &both, &[9.0]).wrt(&lag));
    assert!(matches!(told, Err(SimError::Failed(SolveFailure::NoDerivative { .. }))), "{told:?}");
    saturable.run(&Request::new(&parameters, &both, &[9.0])).expect("runs");
}

/// Each is refused by the pool, the formula, the value and what makes it so.
#[test]
fn exact_impossible_numbers_of_doses_are_refused() {
    let species = ", lag = { g = \"tl\" }, bioavailability = { g = \"F\" }, duration = { g = \"D\" }, rate = { c = \"R\" }";
    let simulator = oral(species, false);
    for (name, value, into, words) in [
        ("tl", -1.0, "X.g", "the lag of doses into `X.g` (`tl`) is -1 h with tl = -1 h"),
        ("F", 0.0, "X.g", "the bioavailability of doses into `X.g` (`F`) is 0"),
        ("F", -0.2, "X.g", "expected a number above 0"),
        ("D", 0.0, "X.g", "the duration of doses into `X.g` (`D`) is 0 h"),
        ("R", -3.0, "X.c", "the rate of doses into `X.c` (`R`) is -3 nmol/h"),
    ] {
        let regimen = Regimen::single(cold(0.0, into, 5.0));
        let told = failure(&simulator, &[(name, value)], &regimen);
        assert_eq!(told.code(), "LUT4301", "{told}");
        assert!(told.to_string().contains(words), "{told}");
    }
}

/// A dose a day before, and outputs before and after it: the run begins with the first of them.
#[test]
fn exact_times_before_zero() {
    let simulator = oral("", false);
    let regimen = Regimen { doses: vec![cold(-24.0, "X.c", 50.0), cold(0.0, "X.c", 10.0)] };
    let times = [-30.0, -24.0, -3.0, 0.0, 5.0];
    let found = run(&simulator, &regimen, &times, &["k"]);
    for (row, t) in times.iter().enumerate() {
        let after = |at: f64| if *t >= at { (-0.2 * (t - at)).exp() } else { 0.0 };
        let right = 50.0 * after(-24.0) + 10.0 * after(0.0);
        assert!(near(found.outputs.get(row, 0).expect("a row"), right, 50.0), "{t}");
        let slope = -50.0 * (t + 24.0) * after(-24.0) - 10.0 * t * after(0.0);
        assert!(
            near(found.sensitivities.outputs[0].get(row, 0).expect("a row"), slope, 200.0),
            "{t}"
        );
    }
    // Outputs from zero on need not ask for the start.
    let found = run(&simulator, &regimen, &[0.0], &[]);
    assert!(near(found.outputs.get(0, 0).expect("a row"), 50.0 * (-4.8_f64).exp() + 10.0, 50.0));
    let told = failure(&simulator, &[], &Regimen::single(cold(f64::NEG_INFINITY, "X.c", 1.0)));
    assert_eq!(told.code(), "LUT4006", "{told}");
}

/// EVID = 3 and 4: the initial state again, and what was on its way never arrives; later doses do.
#[test]
fn exact_a_reset_begins_anew() {
    let simulator = oral(", initial = { c = \"7 nmol\" }, lag = { g = \"tl\" }", false);
    let reset = |at: f64, dose: Option<f64>| {
        let (into, kind) = ("X.c".to_owned(), DoseKind::Resets);
        Dose {
            at,
            into: dose.map(|_| into).unwrap_or_default(),
            amount: dose,
            kind,
            ..Dose::default()
        }
    };
    let infusion = Dose { over: Some(30.0), ..cold(0.0, "X.c", 300.0) };
    // The bolus into the gut of 9 h would arrive at 10.7 h, the infusion would last until 30 h.
    let doses = vec![
        infusion,
        cold(9.0, "X.g", 80.0),
        reset(10.0, None),
        reset(20.0, Some(5.0)),
        cold(25.0, "X.c", 2.0),
    ];
    let times = [9.5, 10.0, 15.0, 20.0, 24.0, 28.0];
    let regimen = Regimen { doses };
    let found = run(&simulator, &regimen, &times, &["k", "tl"]);
    let left = |t: f64| (-0.2 * t).exp();
    let before = 7.0 * left(9.5) + 10.0 * filled(0.2, 9.5);
    let right =
        [before, 7.0, 7.0 * left(5.0), 12.0, 12.0 * left(4.0), 12.0 * left(8.0) + 2.0 * left(3.0)];
    let lanes = Options { engine: EngineId::Rodas, ..options() };
    let parameters = simulator.parameters(&[]).expect("known");
    let beside = Request::new(&parameters, &regimen, &times).options(&lanes);
    let beside = simulator.run(&beside).unwrap_or_else(|e| panic!("{e}"));
    for (row, right) in right.into_iter().enumerate() {
        for found in [&found, &beside] {
            let value = found.outputs.get(row, 0).expect("a row");
            assert!(near(value, right, 50.0), "{} h: {value}, not {right}", times[row]);
        }
    }
    let by_k = |row: usize| found.sensitivities.outputs[0].get(row, 0).expect("a row");
    assert!(near(by_k(1), 0.0, 50.0) && near(by_k(2), -35.0 * left(5.0), 50.0));
    assert!(near(found.sensitivities.outputs[1].get(5, 0).expect("a row"), 0.0, 50.0));
}

/// `=` of an event, said by a dose: hot and cold keep their shares by an amount alone, and are what is said with an
/// activity; nothing is an amount too.
#[test]
fn exact_a_replacing_dose_is_what_an_event_sets() {
    EngineId::ALL.into_iter().for_each(a_replacing_dose_is_what_an_event_sets);
}

fn a_replacing_dose_is_what_an_event_sets(engine: EngineId) {
    let simulator = oral("", true);
    let nuclide = &simulator.system().nuclides()[0];
    let (lambda, per_amount) = (nuclide.lambda, nuclide.activity_per_amount);
    let replace = |dose: Dose| Dose { kind: DoseKind::Replaces, over: None, ..dose };
    let parameters = simulator.parameters(&[("ka", 0.0), ("k", 0.0)]).expect("known");
    let states = |doses: Vec<Dose>, t: f64| {
        let options = Options { engine, rtol: 1e-9, states: true, ..Options::default() };
        let (regimen, times) = (Regimen { doses }, [0.0, t]);
        let request = Request::new(&parameters, &regimen, &times).options(&options);
        let found = simulator.run(&request).unwrap_or_else(|e| panic!("{e}"));
        let states = found.states.expect("kept");
        let of = |name: &str| states.get(1, simulator.system().state_index(name).expect("a state"));
        [of("X.c.hot").expect("a row"), of("X.c.cold").expect("a row")]
    };
    let first = hot(0.0, "X.c", "Lu-177", 1000.0, Some(20.0), 0.0);
    let whole = states(vec![first.clone()], 48.0);
    let half = states(vec![first.clone(), replace(cold(48.0, "X.c", 10.0))], 48.0);
    assert!(near(half[0], 0.5 * whole[0], 20.0) && near(half[1], 0.5 * whole[1], 20.0));
    let said = replace(hot(48.0, "X.c", "Lu-177", 500.0, Some(4.0), 0.0));
    let [hot_left, cold_left] = states(vec![first.clone(), said], 72.0);
    let hot_then = 500.0 / per_amount * (-24.0 * lambda).exp();
    assert!(near(hot_left, hot_then, 4.0) && near(hot_left + cold_left, 4.0, 4.0));
    let nothing = states(vec![first.clone(), replace(cold(48.0, "X.c", 0.0))], 48.0);
    assert!(near(nothing[0], 0.0, 20.0) && near(nothing[1], 0.0, 20.0));
    // At one moment it is replaced first, then given.
    let both = states(vec![cold(48.0, "X.c", 3.0), first, replace(cold(48.0, "X.c", 0.0))], 48.0);
    assert!(near(both[0] + both[1], 3.0, 20.0));
}

/// A reset takes what an event has under way with it, and conditions begin anew.
#[test]
fn exact_a_reset_forgets_what_events_have_under_way() {
    let simulator = one(
        "[model]\nid = \"b\"\ntitle = \"b\"\nunits = { time = \"h\", amount = \"nmol\", volume = \"L\" }\n[compartments]\n\
         b = \"1 L\"\n[parameters]\nr = \"2 nmol/h\"\nfull = \"5 nmol\"\n[species]\nX = { in = [\"b\"] }\n[scheme]\n\
         processes = '''\nfill: 0 => X.b @ r\n'''\n[events.void]\nwhen = \"X.b > full\"\ndelay = \"1 h\"\nset = [\"X.b = 0\"]\n\
         [observables]\nN = { of = \"X.b\", unit = \"nmol\" }\n",
    )
    .simulator;
    // Full at 2.5 h, it would be voided at 3.5 h; after the reset it is full at 5.5 h and voided at 6.5 h.
    let reset = Dose { at: 3.0, kind: DoseKind::Resets, ..Dose::default() };
    let found = run(&simulator, &Regimen::single(reset), &[2.9, 3.0, 4.0, 6.4, 6.6], &[]);
    for (row, right) in [5.8, 0.0, 2.0, 6.8, 0.2].into_iter().enumerate() {
        let value = found.outputs.get(row, 0).expect("a row");
        assert!(near(value, right, 7.0), "{value}, not {right}");
    }
}

/// An event that comes back for ever does not keep an integral to infinity going for ever: it ends where what is left
/// is small, as it does without the event.
#[test]
fn exact_an_endless_event_costs_no_mean_lives() {
    let with = |event: &str| {
        one(&format!(
            "[model]\nid = \"b\"\ntitle = \"b\"\nunits = {{ time = \"h\", amount = \"nmol\", volume = \"L\" }}\n\
             label = {{ on = [\"X\"], decayed = \"lost\" }}\n[compartments]\nc = \"1 L\"\nb = \"1 L\"\n[parameters]\n\
             k = \"0.2 1/h\"\n[species]\nX = {{ in = [\"c\", \"b\"] }}\n[scheme]\nprocesses = '''\nout: X.c -> X.b @ k\n'''\n{event}\
             [observables]\nA = {{ of = \"activity(X.b)\", unit = \"MBq\" }}\n"
        ))
        .simulator
    };
    let simulator = with("[events.void]\nat = \"4 h\"\nevery = \"4 h\"\nset = [\"X.b = 0\"]\n");
    let parameters = simulator.parameters(&[]).expect("known");
    let regimen = Regimen::single(hot(0.0, "X.c", "Lu-177", 1000.0, None, 0.0));
    let options =
        Options { rtol: 1e-9, integrals: vec![0], to_infinity: true, ..Options::default() };
    let found = simulator
        .run(&Request::new(&parameters, &regimen, &[24.0]).options(&options))
        .expect("runs");
    // Of each interval T: ∫ a e^(−λt)(1 − e^(−kt)), with what is left in c at its start; then e^(−(k + λ)T) of it.
    let lambda = simulator.system().nuclides()[0].lambda;
    let one = filled(lambda, 4.0) - filled(lambda + 0.2, 4.0);
    let right = 1000.0 * one / (1.0 - (-4.0 * (0.2 + lambda)).exp());
    let value = found.integrals_to_infinity[0].value;
    assert!((value / right - 1.0).abs() < 1e-7, "{value}, not {right}");
    assert!(found.end.time < 1.0 / lambda, "ends at {} h", found.end.time);
}
