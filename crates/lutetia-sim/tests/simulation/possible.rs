//! Numbers nature does not allow are refused by name and value; an organ that is not there is absent.

use lutetia_sim::{Change, Regimen, Request, SimError, Simulator, SolveFailure, Trajectory};

use crate::build::cold;
use crate::shipped::one;

const HEAD: &str = r#"[model]
id = "possible"
title = "possible"
units = { time = "h", amount = "nmol", volume = "L" }
"#;

fn case(text: &str) -> Simulator {
    one(text.trim_start_matches(|c| c != '[')).simulator
}

fn model(rest: &str) -> Simulator {
    case(&format!("{HEAD}{rest}"))
}

fn run(
    simulator: &Simulator,
    set: &[(&str, f64)],
    doses: Vec<lutetia_sim::Dose>,
    times: &[f64],
) -> Result<Trajectory, SimError> {
    let parameters = simulator.parameters(set).expect("known");
    simulator.run(&Request::new(&parameters, &Regimen { doses }, times))
}

fn refusal(result: Result<Trajectory, SimError>, words: &[&str]) {
    let error = result.expect_err("refused");
    assert!(
        matches!(
            error,
            SimError::Failed(SolveFailure::Impossible { .. } | SolveFailure::MissingOrgan { .. })
        ),
        "{error:?}"
    );
    let text = error.to_string();
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

/// A volume, a rate, an amount; given plainly, by a formula, by a covariate effect, in time.
#[test]
fn exact_impossible_numbers_are_refused_by_name_and_value() {
    let one = case(include_str!("../models/one.toml"));
    let dose = || vec![cold(0.0, "L.g", 7.0)];
    refusal(
        run(&one, &[("CL", -3.0)], dose(), &[24.0]),
        &["the rate of process `out` (`CL`) is -3 L/h", "CL = -3 L/h", "zero or more"],
    );
    refusal(run(&one, &[("ka", -1.3)], dose(), &[24.0]), &["`abs`", "-1.3 1/h"]);
    refusal(run(&one, &[("V", -10.0)], dose(), &[24.0]), &["the volume of `c` (`V`) is -10 L"]);
    // Both directions of a reversible process.
    refusal(run(&one, &[("Q", -5.0)], dose(), &[24.0]), &["`dist`", "-5 L/h"]);

    let formula = model(
        "[compartments]\nbody = \"Vb\"\nrest = \"Vr\"\n[parameters]\nVb = \"3 L\"\nVp = \"1 L\"\nVr = \
         \"Vp - Vb/6\"\nk = \"0.1 1/h\"\nn0 = \"1 nmol\"\n[species]\nX = { in = [\"body\", \"rest\"], \
         initial = { body = \"n0\" } }\n[scheme]\nprocesses = '''\nout: X.body -> 0 @ k - \
         0.01/Vp*Vb*k/k*k\n'''\n[observables]\nN = { of = \"X.body\", unit = \"nmol\" }\n",
    );
    assert!(run(&formula, &[], Vec::new(), &[1.0]).is_ok());
    refusal(
        run(&formula, &[("Vb", 12.0)], Vec::new(), &[1.0]),
        &["the volume of `rest` (`Vr`) is -1 L", "Vb = 12 L"],
    );
    refusal(run(&formula, &[("n0", -1.0)], Vec::new(), &[1.0]), &["`X.body` is -1 nmol"]);

    // In time: a tumour that shrinks below nothing, a rate that turns.
    let moving = model(
        "[compartments]\nc = \"v\"\n[parameters]\nw = \"0.1 L/h\"\nk = \"0.1 1/h\"\nT = \"5 h\"\nn0 = \
         \"1 nmol\"\n[states]\nv = { unit = \"L\", initial = \"1 L\" }\n[species]\nX = { in = \
         [\"c\"], initial = \"n0\" }\n[scheme]\nprocesses = '''\nshrink: v => 0 @ w\nout: X.c -> 0 @ \
         k*(1 - t/T)\n'''\n[observables]\nN = { of = \"X.c\", unit = \"nmol\" }\n",
    );
    assert!(run(&moving, &[], Vec::new(), &[4.9]).is_ok());
    refusal(run(&moving, &[], Vec::new(), &[9.0]), &["the rate of process `out`", "h ("]);
    refusal(run(&moving, &[("T", 1e9)], Vec::new(), &[12.0]), &["the volume of `c` (`v`)"]);
}

/// One impossible patient among many is an error of its own; so is an occasion.
#[test]
fn exact_one_impossible_patient_is_one_error() {
    let simulator = case(include_str!("../models/one.toml"));
    let set = |cl: f64| simulator.parameters(&[("CL", cl)]).expect("known");
    let regimen = Regimen::single(cold(0.0, "L.g", 7.0));
    let sets = [set(2.0), set(-2.0), set(0.0)];
    let many = simulator.run_many(&sets.each_ref().map(|set| Request::new(set, &regimen, &[24.0])));
    assert!(many[0].is_ok() && many[2].is_ok());
    assert!(
        matches!(many[1], Err(SimError::Failed(SolveFailure::Impossible { .. }))),
        "{:?}",
        many[1]
    );
    let change = Change { from: 10.0, parameters: set(-1.0) };
    let run = simulator.run(&Request::new(&set(1.0), &regimen, &[24.0]).changes(&[change]));
    assert!(matches!(run, Err(SimError::Failed(SolveFailure::Impossible { .. }))), "{run:?}");
}

/// Volume and exchange zero: the rest is as without the organ, and nothing of it is NaN.
#[test]
fn exact_a_missing_organ_is_absent() {
    let simulator = case(include_str!("../models/zero_volume_organ.toml"));
    let times = [0.0_f64, 1.0, 10.0, 48.0];
    let found = run(&simulator, &[("Vs", 0.0)], Vec::new(), &times).expect("runs");
    for (row, t) in times.iter().enumerate() {
        let expected = (-0.1 * t).exp();
        let n = found.outputs.get(row, 0).expect("a row");
        assert!((n - expected).abs() < 2e-5, "{t}: {n}, not {expected}");
    }
    refusal(
        run(&simulator, &[("Vs", -1.0)], Vec::new(), &[1.0]),
        &["the volume of `spleen` (`Vs`) is -1 L", "Vs = -1 L", "exactly zero"],
    );
}

const ORGAN: &str = "[compartments]\nblood = \"3 L\"\nspleen = \"Vs\"\n[parameters]\nVs = \"0.15 L\"\n\
     F = \"2 L/h\"\nk_out = \"F/Vs\"\nkon = \"1 L/nmol/h\"\nkoff = \"1 1/h\"\nR_d = \"10 nmol/L\"\nk = \
     \"0.1 1/h\"\nVmax = \"0 nmol/h\"\nKm = \"1 nmol/L\"\n[species]\nP = { in = [\"blood\", \
     \"spleen\"] }\nR = { in = [\"spleen\"], initial = \"R_d*Vs\" }\nPR = { in = [\"spleen\"] }\n\
     [scheme]\nprocesses = '''\nin: P.blood => P.spleen @ F*[P.blood]\nback: P.spleen -> P.blood @ \
     k_out\nbind: P.spleen + R.spleen <-> PR.spleen @ kon, koff\nmake: 0 => P.spleen @ Vmax\nburn: \
     P.spleen => 0 @ k*P.spleen*[R.spleen]/(Km + [P.spleen])\nout: P.blood -> 0 @ k\n'''\n\
     [observables]\nN = { of = \"P.blood\", unit = \"nmol\" }\nS = { of = \"[P.spleen]\", unit = \
     \"nmol/L\" }\nT = { of = \"P.spleen + PR.spleen\", unit = \"nmol\" }\n";

/// Receptors by density, outflow over volume, saturable loss: all of a missing spleen is zero.
#[test]
fn exact_everything_of_a_missing_organ_is_zero() {
    let simulator = model(ORGAN);
    let dose = || vec![cold(0.0, "P.blood", 5.0)];
    let found =
        run(&simulator, &[("Vs", 0.0), ("F", 0.0)], dose(), &[0.0, 2.0, 20.0]).expect("runs");
    for (row, t) in [0.0_f64, 2.0, 20.0].iter().enumerate() {
        let row = found.outputs.row(row);
        assert!((row[0] - 5.0 * (-0.1 * t).exp()).abs() < 1e-4, "{t}: {row:?}");
        assert!(row[1].abs() <= 0.0 && row[2].abs() <= 0.0, "{t}: {row:?}");
    }
    // Where the organ is there, the same model has it.
    let there = run(&simulator, &[], dose(), &[2.0]).expect("runs");
    assert!(there.outputs.get(0, 2).expect("a row") > 0.1);
}

/// Blood that flows into an organ that is not there is refused by name.
#[test]
fn exact_what_flows_into_a_missing_organ_is_refused() {
    let simulator = model(ORGAN);
    let dose = || vec![cold(1.0, "P.blood", 5.0)];
    refusal(
        run(&simulator, &[("Vs", 0.0)], dose(), &[20.0]),
        &["`spleen`", "`P.spleen`", "Vs = 0 L"],
    );
    refusal(
        run(&simulator, &[("Vs", 0.0), ("F", 0.0), ("Vmax", 1.0)], dose(), &[20.0]),
        &["`spleen`", "`P.spleen`"],
    );
    let inside = vec![cold(0.0, "P.spleen", 1.0)];
    refusal(
        run(&simulator, &[("Vs", 0.0), ("F", 0.0)], inside, &[20.0]),
        &["a dose is given into `P.spleen`"],
    );
    let mass_action = model(
        "[compartments]\nblood = \"3 L\"\nspleen = \"Vs\"\n[parameters]\nVs = \"0.15 L\"\nF = \"2 \
         L/h\"\n[species]\nP = { in = [\"blood\", \"spleen\"] }\n[scheme]\nprocesses = '''\nin: \
         P.blood <-> P.spleen @ F, F\n'''\n[observables]\nN = { of = \"P.blood\", unit = \"nmol\" }\n",
    );
    refusal(
        run(&mass_action, &[("Vs", 0.0)], dose(), &[20.0]),
        &["process `in` flows into it at 2 L/h"],
    );
    assert!(run(&mass_action, &[("Vs", 0.0), ("F", 0.0)], dose(), &[20.0]).is_ok());
}

/// A number without unit is printed with its digits.
#[test]
fn exact_a_parameter_of_one_is_printed() {
    let simulator = model(
        "[compartments]\nc = \"V\"\n[parameters]\nV = \"1 L\"\nf = \"2\"\ng = \"3\"\nk = \"0.1 1/h\"\n\
         n0 = \"1 nmol\"\n[species]\nP = { in = [\"c\"], initial = \"n0\" }\n[scheme]\nprocesses = \
         '''\nout: P.c => 0 @ f*g*k*V*[P.c]\n'''\n[observables]\nN = { of = \"P.c\", unit = \"nmol\" \
         }\n",
    );
    let text = run(&simulator, &[("f", 1.0), ("g", 11.0), ("V", 0.0)], Vec::new(), &[1.0])
        .expect_err("refused")
        .to_string();
    assert!(
        text.contains("f = 1,") && text.contains("g = 11,") || text.contains("g = 11 "),
        "{text}"
    );
    assert!(!text.contains("f = ,") && !text.contains("f =,"), "{text}");
}
