//! What is refused, and what is said.

use std::sync::atomic::{AtomicBool, Ordering};

use lutetia_sim::{
    Change, Curve, EngineId, Inputs, Options, Regimen, Request, SimError, Simulator, SolveFailure,
    Stop, Unsupported,
};

use crate::build::*;
use lutetia_testkit::*;

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
        .run(&Request::new(&parameters, regimen, times))
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
        with(&|d| d.at = f64::NAN),
        with(&|d| d.over = Some(f64::NAN)),
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
        s.run(&Request::new(parameters, &good(), times).options(options))
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
            .run(&Request::new(&[], &Regimen::default(), &[1.0]).inputs(inputs).options(&default))
            .expect_err("must be refused")
            .to_string()
    };
    let messages = [
        run(&parameters[1..], &[1.0], &default),
        fails(&s, &good(), &[("KD", f64::NAN)], &[1.0]),
        run(&parameters, &[f64::NAN], &default),
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
                s.run(&Request::new(&parameters, &regimen, &[1.0, 50.0, 100.0]).options(&options));
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
        .run(&Request::new(&[], &Regimen::default(), &[100.0]))
        .expect_err("grows beyond all bounds");
    assert!(matches!(
        blow_up,
        SimError::Failed(SolveFailure::NonFinite { .. } | SolveFailure::Stopped { .. })
    ));
    let constant = compartments(false, false).simulator(&[]);
    let parameters = constant.parameters(&[("CL", 0.0)]).expect("exists");
    let forever = constant
        .run(
            &Request::new(&parameters, &Regimen::single(cold(0.0, "L.plasma", 100.0)), &[1.0])
                .options(&Options { integrals: vec![0], to_infinity: true, ..Options::default() }),
        )
        .expect_err("never ends");
    assert!(matches!(forever, SimError::Failed(SolveFailure::DoesNotDecay { .. })));
    insta::assert_snapshot!(
        [
            fails(&s, &regimen, &[("V_tumour", 0.0)], &[1.0]),
            fails(&s, &regimen, &[("kon", 1e308)], &[1.0]),
            forever.to_string(),
        ]
        .join("\n")
    );
}

#[test]
fn exact_an_unknown_engine_is_refused() {
    assert_eq!("bdf".parse(), Ok(EngineId::default()));
    for engine in EngineId::ALL.into_iter().chain([EngineId::Auto]) {
        assert_eq!(engine.to_string().parse(), Ok(engine));
    }
    let far: Result<EngineId, Unsupported> = "rosenbrock".parse();
    let far = far.expect_err("there is none");
    assert!(matches!(&far, Unsupported::Engine { name, .. } if name == "rosenbrock"), "{far:?}");
    assert_eq!(
        far.to_string(),
        "there is no engine `rosenbrock`; engines are `bdf`, `rodas`, `auto`"
    );
    let near = "BDF".parse::<EngineId>().expect_err("names are typed as they are");
    assert_eq!(
        near.to_string(),
        "there is no engine `BDF`; did you mean `bdf`?; engines are `bdf`, `rodas`, `auto`"
    );
    assert_eq!(SimError::from(near).code(), "LUT4201");
}

/// What an engine would answer wrongly it does not answer.
#[test]
fn exact_derivatives_that_mean_nothing_are_refused() {
    let s = simulator();
    let parameters = s.parameters(&[]).expect("defaults");
    let regimen = good();
    let changes = [Change { from: 10.0, parameters: parameters.clone() }];
    let times = [1.0, 20.0];
    let request = Request::new(&parameters, &regimen, &times).wrt(&[0, 1]);
    assert!(s.run(&request).is_ok());
    let refused = s.run(&request.changes(&changes)).expect_err("refused");
    assert!(
        matches!(
            refused,
            SimError::Unsupported(Unsupported::DerivativesOfOccasions { wrt: 2, changes: 1, .. })
        ),
        "{refused:?}"
    );
    let standing = s.run(&Request::new(&parameters, &regimen, &[]).until(0.7)).expect("runs").end;
    let refused = s.run(&request.from(Some(&standing))).expect_err("refused");
    assert!(
        matches!(refused, SimError::Unsupported(Unsupported::DerivativesOfPiece { wrt: 2, .. })),
        "{refused:?}"
    );
    let infinite = Options { integrals: vec![0], to_infinity: true, ..Options::default() };
    let ends = Request::new(&parameters, &regimen, &times).options(&infinite);
    let refused = s.run(&ends.follow_while(&|row, _| row < 1)).expect_err("refused");
    assert!(matches!(refused, SimError::BadOption { option: "to_infinity", .. }), "{refused:?}");
}

#[test]
fn exact_a_run_is_stopped_from_outside() {
    let s = simulator();
    let parameters = s.parameters(&[]).expect("defaults");
    let regimen = good();
    let flag = AtomicBool::new(false);
    // Set by what looks at the rows, so that it is set in the middle of a run.
    let rule = |row: usize, _: &[f64]| {
        flag.store(row >= 3, Ordering::Relaxed);
        true
    };
    let times: Vec<f64> = (0..50).map(f64::from).collect();
    let request = Request::new(&parameters, &regimen, &times).follow_while(&rule);
    assert!(s.run(&request).is_ok(), "nobody looks at the flag");
    flag.store(false, Ordering::Relaxed);
    let interrupted = Err(SimError::Failed(SolveFailure::Interrupted));
    assert_eq!(s.run(&request.stop(Stop::when(&flag))), interrupted);
    assert!(flag.load(Ordering::Relaxed));
    let begins = Request::new(&parameters, &regimen, &times).stop(Stop::when(&flag));
    assert_eq!(s.run_many(&[begins, begins]), [interrupted.clone(), interrupted]);
}
