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
        ("not a < b", |a, b| a >= b),
        ("a < b and a > 1", |a, b| a < b && a > 1.0),
        ("a < b or a > 2", |a, b| a < b || a > 2.0),
        ("not (a < b or a > 2) and b < 3", |a, b| !(a < b || a > 2.0) && b < 3.0),
        ("a < b or a > 1 and not b > 2", |a, b| a < b || a > 1.0 && b <= 2.0),
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

/// Every way of summing over organs and amounts is the list written by hand, to the bit.
#[test]
fn exact_sums_are_the_lists_they_stand_for() {
    let model = |sums: [&str; 4]| {
        format!(
            "{}[organs]\nrows = [{{ organ = \"a\", V = \"1 L\", F = \"0.1 L/h\", big = true }}, {{ \
             organ = \"b\", V = \"2 L\", F = \"0.3 L/h\", big = true }}, {{ organ = \"d\", V = \"3 \
             L\", F = \"0.7 L/h\", big = false }}]\n[compartments]\nart = \"{} - V0\"\n\"{{organ}}\" \
             = \"V_{{organ}}\"\n[parameters]\nV0 = \"1 L\"\nn0 = \"7 nmol\"\n[species]\nP = {{ in = \
             [\"art\", \"{{organ}}\"], initial = {{ art = \"n0\" }} }}\nQ = {{ in = [\"a\"], initial \
             = \"n0\" }}\n[scheme]\nprocesses = '''\nto_{{organ:!big}}: P.art -> P.{{organ}} @ \
             {}\nto_{{organ:big}}: P.art -> P.{{organ}} @ F_{{organ}}\nback_{{organ}}: P.{{organ}} -> \
             P.art @ F_{{organ}}\nlost: Q.a => 0 @ Q.a/n0*{}*[P.art]\n'''\n[observables]\nN = {{ of = \
             \"{}\", unit = \"nmol\" }}\nQ = {{ of = \"Q.a\", unit = \"nmol\" }}\n",
            HEAD.replace("[compartments]\nc = \"1 L\"\n", ""),
            sums[0],
            sums[1],
            sums[2],
            sums[3]
        )
    };
    let short = one(&model([
        "sum(V_{organ})",
        "sum(F_{organ:big}) + 0*F_d",
        "sum(F_{organ:!big}, F_a)".replace(", F_a", "").as_str(),
        "sum(P.*) + sum(*.a) + sum(P.b, Q.a)",
    ]))
    .simulator;
    let long = one(&model([
        "(V_a + V_b + V_d)",
        "(F_a + F_b) + 0*F_d",
        "(F_d)",
        "(P.art + P.a + P.b + P.d) + (P.a + Q.a) + (P.b + Q.a)",
    ]))
    .simulator;
    let times = [0.0, 0.5, 3.0, 20.0];
    let (short, long) = (run(&short, &[], &times, 1e-6), run(&long, &[], &times, 1e-6));
    for row in 0..times.len() {
        for column in 0..2 {
            let of = |run: &Trajectory| run.outputs.get(row, column).expect("a row").to_bits();
            assert_eq!(of(&short), of(&long), "row {row}, column {column}");
        }
    }
    assert!(short.outputs.get(3, 1).expect("a row") < 6.0);
}

/// A → ½ D and ⅓ D → ⅔ A: A' = −k A + ⅔ m D, D' = ½ k A − ⅓ m D, so that A + 2 D is conserved.
#[test]
fn exact_fractions_of_molecules_are_balanced() {
    let text = format!(
        "{HEAD}[parameters]\nk = \"0.3 1/h\"\nm = \"0.6 1/h\"\nn0 = \"10 nmol\"\n[species]\nA = {{ in \
         = [\"c\"], initial = \"n0\" }}\nD = {{ in = [\"c\"] }}\n[scheme]\nprocesses = '''\npair: A.c \
         -> 0.5 D.c @ k\napart: 1/3 D.c => 2/3 A.c @ m*D.c\n'''\n[observables]\nA = {{ of = \"A.c\", \
         unit = \"nmol\" }}\nall = {{ of = \"A.c + 2*D.c\", unit = \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    let run = run(&simulator, &[], &[0.0, 1.0, 4.0, 30.0], 1e-9);
    let (k, m) = (0.3, 0.6);
    let (rate, rest) = (k + m / 3.0, 10.0 * (m / 3.0) / (k + m / 3.0));
    for (row, t) in [0.0, 1.0, 4.0, 30.0_f64].into_iter().enumerate() {
        let found = |column| run.outputs.get(row, column).expect("a row");
        let expected = rest + (10.0 - rest) * (-rate * t).exp();
        assert!((found(0) - expected).abs() < 1e-6, "{t}: {}, {expected}", found(0));
        assert!((found(1) - 10.0).abs() < 1e-8, "{t}: {}", found(1));
    }
}

/// Of each labelled molecule that leaves, 30 % arrive and 70 % are lost, hot as cold.
#[test]
fn exact_a_share_of_the_label_goes_with_its_share_of_the_molecules() {
    let text = format!(
        "{}u = \"1 L\"\n[parameters]\nk = \"0.2 1/h\"\n[species]\nL = {{ in = [\"c\", \"u\"] \
         }}\n[scheme]\nprocesses = '''\nleave: L.c -> 0.3 L.u @ k\n'''\n[observables]\nA = {{ of = \
         \"activity(L.u)\", unit = \"MBq\" }}\nN = {{ of = \"L.u\", unit = \"nmol\" }}\n",
        HEAD.replace(
            "[compartments]",
            "label = { on = [\"L\"], decayed = \"cold\" }\n[compartments]"
        )
    );
    let simulator = one(&text).simulator;
    let dose = crate::build::hot(0.0, "L.c", "Lu-177", 100.0, Some(5.0), 0.0);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let options = Options { rtol: 1e-9, ..Options::default() };
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::single(dose), &[10.0]).options(&options))
        .expect("runs");
    let arrived = 0.3 * (1.0 - (-2.0_f64).exp());
    let lambda = simulator.system().nuclides()[0].lambda;
    let activity = run.outputs.get(0, 0).expect("a row");
    let amount = run.outputs.get(0, 1).expect("a row");
    assert!((activity - 100.0 * arrived * (-10.0 * lambda).exp()).abs() < 1e-5, "{activity}");
    assert!((amount - 5.0 * arrived).abs() < 1e-7, "{amount}");
}

/// V = V0 (1 + W/n0) with W of its own kinetics, W = n0 exp(−w t): X' = −CL X/V has the closed form
/// X = n0 (½ (1 + e^(w t)) e^(−w t)... ) below, and its derivative by CL.
#[test]
fn exact_a_volume_moves_with_an_amount() {
    // ∫₀ᵗ ds/(1 + e^(−w s)) = (ln(e^(w t) + 1) − ln 2)/w.
    let text = format!(
        "{}[parameters]\nV0 = \"2 L\"\nn0 = \"3 nmol\"\nw = \"0.4 1/h\"\nCL = \"1.5 L/h\"\n\
         [species]\nW = {{ in = [\"c\"], initial = \"n0\" }}\nX = {{ in = [\"c\"], initial = \"n0\" \
         }}\n[scheme]\nprocesses = '''\nshrink: W.c => 0 @ w*W.c\nclear: X.c -> 0 @ \
         CL\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" }}\nC = {{ of = \"[X.c]\", \
         unit = \"nmol/L\" }}\n",
        HEAD.replace("c = \"1 L\"", "c = \"V0*(1 + W.c/n0)\"")
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("defaults");
    let wrt = [simulator.parameter("CL").expect("known"), simulator.parameter("w").expect("known")];
    let options = Options { rtol: 1e-10, ..Options::default() };
    let times = [0.0, 1.0, 5.0];
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::default(), &times).options(&options).wrt(&wrt))
        .expect("runs");
    let (v0, n0, cl) = (2.0, 3.0, 1.5);
    let stay = |t: f64, w: f64| ((w * t).exp().ln_1p() - 2.0_f64.ln()) / w;
    let amount = |t: f64, w: f64| n0 * (-cl / v0 * stay(t, w)).exp();
    for (row, t) in times.into_iter().enumerate() {
        let expected = amount(t, 0.4);
        let found = |column| run.outputs.get(row, column).expect("a row");
        assert!((found(0) - expected).abs() < 1e-7, "{t}: {}, {expected}", found(0));
        let volume = v0 * (1.0 + (-0.4 * t).exp());
        assert!((found(1) - expected / volume).abs() < 1e-7, "{t}: {}", found(1));
        let slope = -expected * stay(t, 0.4) / v0;
        let by_cl = run.sensitivities.outputs[0].get(row, 0).expect("an entry");
        assert!((by_cl - slope).abs() < 1e-6, "{t}: {by_cl}, {slope}");
        // Central difference of the closed form: truncation 1e-10, rounding 1e-11.
        let slope = (amount(t, 0.4 + 1e-5) - amount(t, 0.4 - 1e-5)) / 2e-5;
        let by_w = run.sensitivities.outputs[1].get(row, 0).expect("an entry");
        assert!((by_w - slope).abs() < 1e-6, "{t}: {by_w}, {slope}");
    }
}

/// V = V0 (1 + k t) by a definition: X = n0 (1 + k t)^(−CL/(V0 k)).
#[test]
fn exact_a_volume_moves_with_a_definition_of_time() {
    let text = format!(
        "{}[parameters]\nV0 = \"2 L\"\nn0 = \"3 nmol\"\nk = \"0.5 1/h\"\nCL = \"1.5 L/h\"\n\
         [species]\nX = {{ in = [\"c\"], initial = \"n0\" }}\n[define]\nvd = \"V0*grown\"\ngrown = \"1 \
         + t*k\"\n[scheme]\nprocesses = '''\nclear: X.c -> 0 @ CL\n'''\n[observables]\nN = {{ of = \
         \"X.c\", unit = \"nmol\" }}\n",
        HEAD.replace("c = \"1 L\"", "c = \"vd\"")
    );
    let simulator = one(&text).simulator;
    let times = [1.0, 5.0, 50.0];
    let run = run(&simulator, &[], &times, 1e-9);
    for (row, t) in times.into_iter().enumerate() {
        let expected = 3.0 * (1.0 + 0.5 * t).powf(-1.5);
        let found = run.outputs.get(row, 0).expect("a row");
        assert!((found - expected).abs() < 1e-6, "{t}: {found}, {expected}");
    }
}

/// A step of height 1 at time zero arrives as the distribution function of Erlang(n, n/τ):
/// 1 − Σ_{k<n} e^(−n t/τ) (n t/τ)^k/k!. Its mean is τ, its variance τ²/n.
#[test]
fn exact_a_delay_has_an_erlang_distribution() {
    for n in [1_u32, 2, 5, 30] {
        let text = format!(
            "{HEAD}[parameters]\none = \"1 nmol\"\nk = \"1 1/h\"\ntau = \"8 h\"\n[species]\nX = {{ in = \
             [\"c\"], initial = \"one\" }}\n[define]\ny = \"delay(X.c, tau, {n})\"\n[scheme]\nprocesses \
             = '''\nkeep: X.c => 0 @ 0*k*X.c\n'''\n[observables]\nY = {{ of = \"y\", unit = \"nmol\" \
             }}\nsame = {{ of = \"delay(X.c, tau, {n}) - y\", unit = \"nmol\" }}\nleft = {{ of = \
             \"one - y\", unit = \"nmol\" }}\n"
        );
        let simulator = one(&text).simulator;
        assert_eq!(simulator.system().states().len(), 1 + n as usize, "one chain for both");
        let parameters = simulator.parameters(&[]).expect("defaults");
        let times = [0.0, 1.0, 6.0, 8.0, 12.0, 200.0];
        let options = Options { rtol: 1e-9, integrals: vec![2], ..Options::default() };
        let run = simulator
            .run(&Request::new(&parameters, &Regimen::default(), &times).options(&options))
            .expect("runs");
        for (row, t) in times.into_iter().enumerate() {
            let x = f64::from(n) * t / 8.0;
            let (mut term, mut sum) = (1.0, 0.0);
            for k in 0..n {
                sum += term;
                term *= x / f64::from(k + 1);
            }
            let expected = 1.0 - (-x).exp() * sum;
            let found = run.outputs.get(row, 0).expect("a row");
            assert!((found - expected).abs() < 1e-6, "{n}, {t}: {found}, {expected}");
            assert!(run.outputs.get(row, 1).expect("a row").abs() < 1e-12);
        }
        // ∫ (1 − F) dt is the mean.
        let mean = run.integrals.get(5, 0).expect("a row");
        assert!((mean - 8.0).abs() < 1e-5, "{n}: {mean}");
    }
}

/// A delay without length is refused by name.
#[test]
fn exact_a_delay_needs_a_length() {
    let text = format!(
        "{HEAD}[parameters]\none = \"1 nmol\"\nk = \"1 1/h\"\ntau = \"8 h\"\n[species]\nX = {{ in = \
         [\"c\"], initial = \"one\" }}\n[scheme]\nprocesses = '''\nout: X.c => 0 @ k*delay(X.c, tau, \
         3)\n'''\n[observables]\nN = {{ of = \"X.c\", unit = \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    for tau in [0.0, -1.0] {
        let parameters = simulator.parameters(&[("tau", tau)]).expect("known");
        let refused = simulator.run(&Request::new(&parameters, &Regimen::default(), &[1.0]));
        let message = refused.expect_err("no delay").to_string();
        assert!(message.contains("the mean of `delay1`"), "{message}");
    }
}
