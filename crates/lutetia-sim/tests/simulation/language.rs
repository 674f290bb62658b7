//! What is written in the model language does what it says, against closed forms.
//!
//! A run at relative tolerance r is granted 100·r of what was given, as for `switches`.

use lutetia_sim::{Options, Regimen, Request, Simulator, Trajectory};

use crate::shipped::one;

const HEAD: &str = r#"[model]
id = "language"
title = "language"
units = { time = "h", amount = "nmol", volume = "L" }
[compartments]
c = "1 L"
"#;

fn run(simulator: &Simulator, set: &[(&str, f64)], times: &[f64], rtol: f64) -> Trajectory {
    let parameters = simulator.parameters(set).expect("known");
    let options = Options { rtol, ..Options::default() };
    simulator
        .run(&Request::new(&parameters, &Regimen::default(), times).options(&options))
        .unwrap_or_else(|e| panic!("{e}"))
}

/// A window of 1e-4 of the horizon, written in every way that conditions allow.
#[test]
fn exact_conditions_of_time_are_stops() {
    let ways = [
        "if(t > a and t < b, 1, 0)",
        "if(not (t <= a or t >= b), 1, 0)",
        "if(t < a, 0, if(t < b, 1, 0))",
        "if(open, 1, 0)",
        "if(not open or shut, 0, 1)",
        "open",
        "(t >= a and not shut)",
        "if(t*t > a*a and exp(-t/T) > exp(-b/T), 1, 0)",
        "if((t > a and t < b) and (t > a - T and (t < b + T or t < b)), 1, 0)",
    ];
    for open in ways {
        let text = format!(
            "{HEAD}[parameters]\nrate = \"1 nmol/h\"\na = \"611.3 h\"\nb = \"611.4 h\"\nT = \"100 \
             h\"\n[species]\nX = {{ in = [\"c\"] }}\n[define]\nopen = \"t >= a and t <= b\"\nshut = \
             \"t > b\"\n[scheme]\nprocesses = '''\npump: 0 => X.c @ rate*({open})\nkeep: X.c => 0 @ \
             if(open and shut, 1, 0)*X.c/T\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \
             \"nmol\" }}\n"
        );
        let simulator = one(&text).simulator;
        for rtol in [1e-3, 1e-6, 1e-9] {
            let run = run(&simulator, &[], &[0.0, 1000.0], rtol);
            let last = run.outputs.get(1, 0).expect("a row");
            assert!((last - 0.1).abs() <= 100.0 * rtol * 0.1, "{open}, {rtol}: {last}");
        }
    }
}

/// The branch that is not taken may be no number: X = r ∫ √(t − a) dt = 2r/3·(t − a)^1.5.
#[test]
fn exact_a_branch_that_is_not_taken_is_not_looked_at() {
    let text = format!(
        "{HEAD}[parameters]\nrate = \"3 nmol/h\"\na = \"4 h\"\nT = \"1 h\"\n[species]\nX = {{ in = \
         [\"c\"] }}\n[scheme]\nprocesses = '''\npump: 0 => X.c @ if(t > a, rate*sqrt((t - a)/T), \
         0)\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    let run = run(&simulator, &[], &[2.0, 20.0], 1e-8);
    assert!(run.outputs.get(0, 0).expect("a row").abs() < 1e-12);
    let last = run.outputs.get(1, 0).expect("a row");
    // The slope is infinite at the start of the window, where the error control is coarse.
    assert!((last - 2.0 * 64.0).abs() < 1e-5 * 128.0, "{last}");
}

/// X falls from n0 as exp(−k t) until it reaches `low`, then at twice the rate; the condition is a definition joined to
/// one that changes at another time.
#[test]
fn exact_derivatives_go_through_conditions() {
    let text = format!(
        "{HEAD}[parameters]\nk = \"0.1 1/h\"\nlow = \"4 nmol\"\nn0 = \"10 nmol\"\nlate = \"100 \
         h\"\n[species]\nX = {{ in = [\"c\"], initial = \"n0\" }}\n[define]\nmuch = \"X.c > \
         low\"\nearly = \"t < late\"\nslow = \"much and early\"\n[scheme]\nprocesses = '''\nout: X.c \
         -> 0 @ k*if(slow and not (t > late), 1, 2)\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \
         \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("defaults");
    let wrt = ["k", "low", "n0"].map(|n| simulator.parameter(n).expect("known"));
    let options = Options { rtol: 1e-9, ..Options::default() };
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::default(), &[20.0]).options(&options).wrt(&wrt))
        .expect("runs");
    // X = n0²/low exp(−2 k t) after the threshold.
    let expected = 100.0 / 4.0 * (-4.0_f64).exp();
    let found = run.outputs.get(0, 0).expect("a row");
    assert!((found - expected).abs() < 1e-5 * expected, "{found}, {expected}");
    for (lane, slope) in [(0, -40.0 * expected), (1, -expected / 4.0), (2, 2.0 * expected / 10.0)] {
        let found = run.sensitivities.outputs[lane].get(0, 0).expect("an entry");
        // The threshold itself is found to a few times the tolerance of the state.
        assert!((found - slope).abs() < 1e-4 * slope.abs(), "{lane}: {found}, {slope}");
    }
}

/// Every comparison and connective of numbers on either side and at the border, in a formula, against Rust.
#[test]
fn exact_conditions_have_their_truth_tables() {
    let cases: [(&str, fn(f64, f64) -> bool); 9] = [
        ("a < b", |a, b| a < b),
        ("a <= b", |a, b| a <= b),
        ("a > b", |a, b| a > b),
        ("a >= b", |a, b| a >= b),
        ("not a < b", |a, b| !(a < b)),
        ("a < b and a > 1", |a, b| a < b && a > 1.0),
        ("a < b or a > 2", |a, b| a < b || a > 2.0),
        ("not (a < b or a > 2) and b < 3", |a, b| !(a < b || a > 2.0) && b < 3.0),
        ("a < b or a > 1 and not b > 2", |a, b| a < b || a > 1.0 && !(b > 2.0)),
    ];
    for (text, truth) in cases {
        let model = format!(
            "{HEAD}[parameters]\na = \"1\"\nb = \"1\"\nk = \"1 1/h\"\nholds = \"{text}\"\n[species]\n\
             X = {{ in = [\"c\"] }}\n[scheme]\nprocesses = '''\nout: X.c -> 0 @ k\n'''\n\
             [observables]\nfixed = {{ of = \"holds\", unit = \"1\" }}\nchosen = {{ of = \
             \"if({text}, 5, 7) + 0*t*k\", unit = \"1\" }}\n"
        );
        let simulator = one(&model).simulator;
        for a in [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5] {
            for b in [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5] {
                let run = run(&simulator, &[("a", a), ("b", b)], &[0.0], 1e-6);
                let holds = f64::from(u8::from(truth(a, b)));
                let found = |k| run.outputs.get(0, k).expect("a row");
                assert!((found(0) - holds).abs() < 1e-12, "{text} at {a}, {b}: {}", found(0));
                let chosen = 7.0 - 2.0 * holds;
                assert!((found(1) - chosen).abs() < 1e-12, "{text} at {a}, {b}: {}", found(1));
            }
        }
    }
}
