//! Parameters and covariates that a curve drives during a run, against closed forms.
//!
//! Amounts fall by the integral of the rate constant: A(t) = A₀ exp(−∫k dt). A run at relative tolerance r is granted
//! 100·r of what was given.

use lutetia_model::{Binding, CompileError, Model, VaryError, compile};
use lutetia_sim::{Curve, Dose, Inputs, Options, Regimen, Request, Simulator};
use lutetia_testkit::checked;

const MODEL: &str = r#"
[model]
id    = "varying"
title = "One compartment, cleared by a clearance and by the kidneys"
units = { time = "h", amount = "nmol", volume = "L" }

[patient]
gfr = { typical = "100 mL/min", range = ["5 mL/min", "200 mL/min"] }
sex = { levels = ["male", "female"], typical = "male" }

[compartments]
c = "V"

[parameters]
V     = "10 L"
CL    = { value = "0 L/h", iiv = "0.5 L/h", distribution = "normal" }
share = "0.5"
renal = "share*gfr"
R0    = "3 nmol"

[species]
X = { in = ["c"] }
R = { in = ["c"], initial = "R0" }

[scheme]
processes = "out: X.c -> 0 @ (CL + renal)/V"

[observables]
N    = { of = "X.c", unit = "nmol" }
rate = { of = "CL + renal", unit = "L/h" }
"#;

fn model() -> Model {
    checked("varying.toml", MODEL)
}

/// The model with some names driven.
fn driven(names: &[&str]) -> Simulator {
    let mut model = model();
    for name in names {
        let driven = model.vary(name).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(driven.input, *name);
    }
    Simulator::new(compile(&model, &Binding::new(lutetia_data::nuclides())).expect("compiles"))
}

/// Amount of 100 nmol at some times, with curves in L/h.
fn amounts(
    simulator: &Simulator,
    set: &[(&str, f64)],
    curves: &[(&str, &[(f64, f64)])],
    times: &[f64],
    rtol: f64,
) -> Vec<f64> {
    let parameters = simulator.parameters(set).expect("known");
    let dose = Dose { into: "X.c".to_owned(), amount: Some(100.0), ..Dose::default() };
    let regimen = Regimen::single(dose);
    let curve = |(input, points): &(&str, &[(f64, f64)])| Curve {
        input: (*input).to_owned(),
        points: points.to_vec(),
    };
    let inputs = Inputs { curves: curves.iter().map(curve).collect() };
    let options = Options { rtol, ..Options::default() };
    let request = Request::new(&parameters, &regimen, times).inputs(&inputs).options(&options);
    let run = simulator.run(&request).unwrap_or_else(|e| panic!("{e}"));
    (0..times.len()).map(|row| run.outputs.get(row, 0).expect("a row")).collect()
}

/// A clearance of 2, from 3 h of 5 and from 7 h of 1 L/h, in 10 L, without kidneys.
#[test]
fn exact_a_clearance_that_steps() {
    let simulator = driven(&["CL"]);
    let steps = [(0.0, 2.0), (3.0, 2.0), (3.0, 5.0), (7.0, 5.0), (7.0, 1.0), (20.0, 1.0)];
    let times: Vec<f64> = (0..=40).map(|k| f64::from(k) * 0.5).collect();
    let integral = |t: f64| 2.0 * t.min(3.0) + 5.0 * (t - 3.0).clamp(0.0, 4.0) + (t - 7.0).max(0.0);
    for rtol in [1e-4, 1e-6, 1e-8] {
        let found = amounts(&simulator, &[("share", 0.0)], &[("CL", &steps)], &times, rtol);
        for (t, found) in times.iter().zip(found) {
            let exact = 100.0 * (-integral(*t) / 10.0).exp();
            assert!((found - exact).abs() <= 100.0 * rtol * 100.0, "{rtol} {t}: {found} {exact}");
        }
    }
}

/// Half of a GFR that falls evenly from 6 to 1.2 L/h over 48 h, in 10 L: ∫gfr = 6 t − 0.05 t².
#[test]
fn exact_a_gfr_that_falls_through_a_formula() {
    let simulator = driven(&["gfr"]);
    let line = [(0.0, 6.0), (48.0, 1.2)];
    let times: Vec<f64> = (0..=24).map(|k| f64::from(k) * 2.0).collect();
    for rtol in [1e-4, 1e-6, 1e-8] {
        let found = amounts(&simulator, &[], &[("gfr", &line)], &times, rtol);
        for (t, found) in times.iter().zip(found) {
            let exact = 100.0 * (-0.5 * (6.0 * t - 0.05 * t * t) / 10.0).exp();
            assert!((found - exact).abs() <= 100.0 * rtol * 100.0, "{rtol} {t}: {found} {exact}");
        }
    }
}

/// A clearance that is high for 1e-3 h in a thousand hours is a stop of the run: a solver of large steps would pass it.
#[test]
fn exact_points_of_a_curve_are_stops() {
    let simulator = driven(&["CL"]);
    let (on, off, high) = (500.0, 500.001, 5000.0);
    let pulse = [(on, 0.0), (on, high), (off, high), (off, 0.0)];
    let found = amounts(&simulator, &[("share", 0.0)], &[("CL", &pulse)], &[499.0, 1000.0], 1e-4);
    // ∫CL/V = 5000·0.001/10 = 0.5.
    for (found, exact) in found.iter().zip([100.0, 100.0 * (-0.5_f64).exp()]) {
        assert!((found - exact).abs() < 1.0, "{found} {exact}");
    }
}

/// A constant curve is the number that it stands for, and both ways may be taken at once.
#[test]
fn exact_a_constant_curve_is_the_number() {
    let times = [0.0, 1.0, 5.0, 24.0];
    let plain = driven(&[]);
    let fixed = amounts(&plain, &[("CL", 1.5), ("gfr", 4.0)], &[], &times, 1e-8);
    let both = driven(&["CL", "gfr"]);
    assert!(both.system().parameter_index("CL").is_none(), "a curve is not a parameter");
    assert!(both.system().parameters().iter().all(|p| p.iiv.is_none()));
    let (cl, gfr) = ([(0.0, 1.5), (24.0, 1.5)], [(0.0, 4.0), (24.0, 4.0)]);
    let varied = amounts(&both, &[], &[("CL", &cl), ("gfr", &gfr)], &times, 1e-8);
    for (a, b) in fixed.iter().zip(varied) {
        assert!((a - b).abs() <= 1e-4, "{a} {b}");
    }
}

#[test]
fn exact_what_cannot_vary_is_named() {
    let vary = |name: &str| model().vary(name).expect_err("it cannot vary");
    assert!(matches!(vary("renal"), VaryError::Formula { .. }));
    assert!(matches!(vary("sex"), VaryError::Levels { .. }));
    let unknown = vary("gfrr");
    assert_eq!(unknown.hint(), "did you mean `gfr`?");
    let refused = |text: &str, name: &str| {
        let mut model = checked("varying.toml", text);
        model.vary(name).expect("it can be driven");
        compile(&model, &Binding::new(lutetia_data::nuclides())).expect_err("it is taken once")
    };
    let cases = [
        ("R0", MODEL.to_owned(), "the initial value of `R.c`"),
        (
            "CL",
            MODEL.replace("X = { in = [\"c\"] }", "X = { in = [\"c\"], lag = \"V/(CL + renal)\" }"),
            "the lag of doses into `X.c`",
        ),
        (
            "gfr",
            format!("{MODEL}\n[events.e]\nat = \"V/renal\"\nset = [\"X.c = 0\"]\n"),
            "the time of the event `e`",
        ),
    ];
    for (name, text, once) in cases {
        match refused(&text, name) {
            CompileError::CannotVary { names, once: found } => {
                assert_eq!((names, found), (vec![name.to_owned()], vec![once.to_owned()]));
            }
            other => panic!("{other}"),
        }
    }
}
