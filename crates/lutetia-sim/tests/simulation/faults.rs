//! What is refused, and what is said.

use lutetia_sim::{Curve, Inputs, Options, Regimen, SimError, Simulator};

use crate::build::*;

fn simulator() -> Simulator {
    receptor(true, true).simulator(&["Lu-177"])
}

fn good() -> Regimen {
    Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(60.0), 0.5))
}

fn fails(
    simulator: &Simulator,
    regimen: &Regimen,
    change: &[(&str, f64)],
    times: &[f64],
) -> String {
    let parameters = simulator.parameters(change).expect("names exist");
    simulator
        .run(&parameters, regimen, &Inputs::default(), times, &Options::default())
        .expect_err("must be refused")
        .to_string()
}

#[test]
fn regress_messages_about_doses() {
    let s = simulator();
    let with = |change: &dyn Fn(&mut lutetia_sim::Dose)| {
        let mut regimen = good();
        change(&mut regimen.doses[0]);
        fails(&s, &regimen, &[], &[1.0])
    };
    let messages = [
        with(&|d| d.amount = Some(1.0)),
        with(&|d| d.into = "L.plasm".to_owned()),
        with(&|d| d.into = "L.plasma.hot".to_owned()),
        with(&|d| d.activities[0].0 = "Lu-176".to_owned()),
        with(&|d| d.into = "R.tumour".to_owned()),
        with(&|d| d.activities[0].1 = -5.0),
        with(&|d| d.activities[0].1 = f64::INFINITY),
        with(&|d| d.activities[0].1 = 1e308),
        with(&|d| d.amount = Some(f64::NAN)),
        with(&|d| d.at = -1.0),
        with(&|d| d.over = f64::NAN),
        with(&|d| {
            d.activities.clear();
            d.amount = None;
        }),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

#[test]
fn exact_hot_amount_of_the_design_is_quoted() {
    let mut regimen = good();
    regimen.doses[0].amount = Some(1.0);
    let message = fails(&simulator(), &regimen, &[], &[1.0]);
    assert!(
        message.contains("7.4 GBq of Lu-177 is 10.18 nmol of hot ligand; the dose has 1 nmol"),
        "{message}"
    );
}

#[test]
fn regress_messages_about_requests() {
    let s = simulator();
    let parameters = s.parameters(&[]).expect("defaults");
    let run = |parameters: &[f64], times: &[f64], options: &Options| {
        s.run(parameters, &good(), &Inputs::default(), times, options)
            .expect_err("must be refused")
            .to_string()
    };
    let default = Options::default();
    let curve = |points: &[(f64, f64)]| Inputs {
        curves: vec![Curve { input: "u".to_owned(), points: points.to_vec() }],
    };
    let mut with_input = Build::new("input");
    let u = with_input.input("u", "Gy/h", None);
    let x = with_input.state("X", "Gy", num(0.0));
    with_input.feed("feed", x, u);
    let with_input = with_input.simulator(&[]);
    let feed = |inputs: &Inputs| {
        with_input
            .run(&[], &Regimen::default(), inputs, &[1.0], &default)
            .expect_err("must be refused")
            .to_string()
    };
    let messages = [
        run(&parameters[1..], &[1.0], &default),
        fails(&s, &good(), &[("KD", f64::NAN)], &[1.0]),
        run(&parameters, &[-1.0], &default),
        run(&parameters, &[1.0, f64::INFINITY], &default),
        run(&parameters, &[2.0, 1.0], &default),
        run(&parameters, &[1.0], &Options { rtol: 0.0, ..Options::default() }),
        run(&parameters, &[1.0], &Options { atol_relative: Some(f64::NAN), ..Options::default() }),
        run(&parameters, &[1.0], &Options { max_steps: 0, ..Options::default() }),
        run(&parameters, &[1.0], &Options { to_infinity: true, ..Options::default() }),
        run(&parameters, &[1.0], &Options { integrals: vec![0, 9], ..Options::default() }),
        run(&parameters, &[1.0], &Options { integrals: vec![1, 1], ..Options::default() }),
        run(&parameters, &[200.0], &Options { max_steps: 20, ..Options::default() }),
        s.parameter("k_in").expect_err("unknown").to_string(),
        s.output("A_tumor").expect_err("unknown").to_string(),
        feed(&Inputs::default()),
        feed(&curve(&[])),
        feed(&curve(&[(1.0, 1.0), (0.0, 1.0)])),
        feed(&curve(&[(0.0, f64::NAN)])),
        feed(&Inputs { curves: vec![Curve { input: "v".to_owned(), points: vec![(0.0, 1.0)] }] }),
    ];
    insta::assert_snapshot!(messages.join("\n"));
}

/// Extreme parameters, one after the other and in both directions: an answer or an error, never a
/// panic, never a hang.
#[test]
fn prop_extreme_parameters_end() {
    let s = simulator();
    let regimen = Regimen::repeat(&good().doses[0], 48.0, 2);
    let mut failures = Vec::new();
    for info in s.system().parameters() {
        for value in [1e308, -1e308, 1e30, -1e30, 1e-308, 0.0, -1.0] {
            let parameters = s.parameters(&[(&info.name, value)]).expect("exists");
            let options = Options { max_steps: 20_000, ..Options::default() };
            let run =
                s.run(&parameters, &regimen, &Inputs::default(), &[1.0, 50.0, 100.0], &options);
            match run {
                Ok(run) => assert!(
                    run.outputs.row(2).iter().all(|y| y.is_finite()),
                    "{} = {value:e} gave a number that is not finite",
                    info.name
                ),
                Err(error) => failures.push(format!("{} = {value:e}: {error}", info.name)),
            }
        }
    }
    // Something of this must fail, or the test tests nothing.
    assert!(failures.iter().any(|f| f.contains("1e308")), "{failures:#?}");
    for failure in &failures {
        let refused = failure.contains("; expected a") || failure.contains("volume of zero");
        assert!(refused || failure.contains("nmol") || failure.contains(" h ("), "{failure}");
    }
}

#[test]
fn regress_messages_about_failures() {
    let s = simulator();
    let regimen = Regimen::repeat(&good().doses[0], 48.0, 2);
    // Run-away growth.
    let mut growing = Build::new("growing");
    let x = growing.state("X", "Gy", num(1.0));
    growing.feed("grow", x, mul(num(240.0), quantity(x)));
    let blow_up = growing
        .simulator(&[])
        .run(&[], &Regimen::default(), &Inputs::default(), &[100.0], &Options::default())
        .expect_err("grows beyond all bounds");
    assert!(matches!(blow_up, SimError::NonFinite { .. } | SimError::Stopped { .. }));
    let constant = compartments(false, false).simulator(&[]);
    let parameters = constant.parameters(&[("CL", 0.0)]).expect("exists");
    let forever = constant
        .run(
            &parameters,
            &Regimen::single(cold(0.0, "L.plasma", 100.0)),
            &Inputs::default(),
            &[1.0],
            &Options { integrals: vec![0], to_infinity: true, ..Options::default() },
        )
        .expect_err("never ends");
    assert!(matches!(forever, SimError::DoesNotDecay { .. }));
    insta::assert_snapshot!(
        [
            fails(&s, &regimen, &[("V_tumour", 0.0)], &[1.0]),
            fails(&s, &regimen, &[("kon", 1e308)], &[1.0]),
            forever.to_string(),
        ]
        .join("\n")
    );
}
