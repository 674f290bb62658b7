//! What happens at a moment happens once, at that moment, and moves the derivatives as it should.
//!
//! Closed forms throughout, at relative tolerance 1e-9: 1e-6 of the largest value is granted, which the errors of a
//! few hundred steps stay far below; an event that is missed, doubled or late by one step costs a hundred times that.

use lutetia_sim::{Options, Regimen, Request, SimError, Simulator, SolveFailure, Trajectory};
use proptest::prelude::*;

use crate::build::hot;
use crate::shipped::one;

const HEAD: &str = r#"[model]
id = "events"
title = "events"
units = { time = "h", amount = "nmol", volume = "L" }
"#;

/// A bladder that fills at a constant rate.
fn filling(event: &str) -> Simulator {
    one(&format!(
        "{HEAD}[compartments]\nbladder = \"1 L\"\n[parameters]\nr = \"2 nmol/h\"\nfull = \"5 nmol\"\nwait = \"0.25 h\"\n\
         share = \"0.1\"\nfirst = \"1.7 h\"\nevery = \"1.1 h\"\n[species]\nX = {{ in = [\"bladder\"] }}\n[scheme]\nprocesses = \
         '''\nfill: 0 => X.bladder @ r\n'''\n[events.void]\n{event}\n[observables]\nN = {{ of = \"X.bladder\", unit = \
         \"nmol\" }}\nunused = {{ of = \"X.bladder*full/full*wait/wait*share/share*first/first*every/every\", unit = \"nmol\" }}\n"
    ))
    .simulator
}

fn options() -> Options {
    Options { rtol: 1e-9, integrals: vec![0], ..Options::default() }
}

fn run(simulator: &Simulator, set: &[(&str, f64)], times: &[f64], wrt: &[&str]) -> Trajectory {
    let parameters = simulator.parameters(set).expect("known");
    let wrt: Vec<usize> =
        wrt.iter().map(|name| simulator.system().parameter_index(name).expect("known")).collect();
    simulator
        .run(&Request::new(&parameters, &Regimen::default(), times).options(&options()).wrt(&wrt))
        .unwrap_or_else(|e| panic!("{e}"))
}

fn near(found: f64, expected: f64, size: f64) -> bool {
    (found - expected).abs() <= 1e-6 * size
}

/// Filled at rate r and emptied when full: r t − n·full, with n = ⌊r t/full⌋.
#[test]
fn exact_a_bladder_is_voided_whenever_it_is_full() {
    let simulator = filling("when = \"X.bladder > full\"\nset = [\"X.bladder = 0\"]");
    let times: Vec<f64> = (0..400).map(|i| 0.0613 * f64::from(i)).collect();
    let found = run(&simulator, &[], &times, &["r", "full"]);
    for (row, t) in times.iter().enumerate() {
        let n = (2.0 * t / 5.0).floor();
        assert!(near(found.outputs.get(row, 0).expect("a row"), 2.0 * t - 5.0 * n, 5.0), "{t}");
        // The moments move with r and full, but what is in it is r t − n·full until the next.
        assert!(near(found.sensitivities.outputs[0].get(row, 0).expect("a row"), *t, 25.0), "{t}");
        assert!(near(found.sensitivities.outputs[1].get(row, 0).expect("a row"), -n, 10.0), "{t}");
    }
}

/// With a delay w the period is full/r + w: r t − n (full + r w).
#[test]
fn exact_a_delay_lets_it_fill_beyond() {
    let simulator =
        filling("when = \"X.bladder > full\"\ndelay = \"wait\"\nset = [\"X.bladder = 0\"]");
    let times: Vec<f64> = (0..400).map(|i| 0.0613 * f64::from(i)).collect();
    let found = run(&simulator, &[], &times, &["r", "wait"]);
    for (row, t) in times.iter().enumerate() {
        let n = (t / (2.5 + 0.25)).floor();
        assert!(near(found.outputs.get(row, 0).expect("a row"), 2.0 * t - 5.5 * n, 5.5), "{t}");
        let (by_r, by_wait) = (&found.sensitivities.outputs[0], &found.sensitivities.outputs[1]);
        assert!(near(by_r.get(row, 0).expect("a row"), t - 0.25 * n, 25.0), "{t}");
        assert!(near(by_wait.get(row, 0).expect("a row"), -2.0 * n, 20.0), "{t}");
    }
}

/// At times: just after the k-th the content is c ← s·c; the derivatives are those of central differences of the
/// same recurrence, exact to 1e-8.
#[test]
fn exact_a_share_stays_at_each_time_and_derivatives_follow() {
    let simulator = filling(
        "at = \"first\"\nevery = \"every\"\ntimes = 6\nset = [\"X.bladder = share*X.bladder\"]",
    );
    let content = |t: f64, r: f64, share: f64, first: f64, every: f64| {
        let (mut c, mut last, mut area) = (0.0, 0.0, 0.0);
        for k in 0..6 {
            let event = first + f64::from(k) * every;
            if event > t {
                break;
            }
            let grown = c + r * (event - last);
            area += 0.5 * (c + grown) * (event - last);
            (c, last) = (share * grown, event);
        }
        let end = c + r * (t - last);
        (end, area + 0.5 * (c + end) * (t - last))
    };
    let names = ["r", "share", "first", "every"];
    let at = [2.0, 0.1, 1.7, 1.1];
    let times: Vec<f64> = (0..150).map(|i| 0.0713 * f64::from(i)).collect();
    let found = run(&simulator, &[], &times, &names);
    for (row, &t) in times.iter().enumerate() {
        let (expected, area) = content(t, at[0], at[1], at[2], at[3]);
        assert!(near(found.outputs.get(row, 0).expect("a row"), expected, 5.0), "{t}");
        assert!(near(found.integrals.get(row, 0).expect("a row"), area, 30.0), "{t}");
        for lane in 0..4 {
            let moved = |sign: f64| {
                let mut p = at;
                p[lane] += sign * 1e-5;
                content(t, p[0], p[1], p[2], p[3])
            };
            let (up, down) = (moved(1.0), moved(-1.0));
            let of = |a: f64, b: f64| (a - b) / 2e-5;
            let name = names[lane];
            let s = found.sensitivities.outputs[lane].get(row, 0).expect("a row");
            assert!((s - of(up.0, down.0)).abs() <= 1e-5, "d N({t}) / d {name}: {s}");
            let s = found.sensitivities.integrals[lane].get(row, 0).expect("a row");
            assert!((s - of(up.1, down.1)).abs() <= 1e-4, "d area({t}) / d {name}: {s}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// Whatever the rates, the thresholds, the tolerance and the output grid.
    #[test]
    fn prop_no_event_is_missed_or_doubled(
        r in 0.1..20.0_f64,
        full in 0.5..9.0_f64,
        wait in prop::sample::select(vec![0.0, 0.1, 3.0]),
        exponent in -9.0..-3.0_f64,
        points in 2_usize..30,
    ) {
        let simulator =
            filling("when = \"X.bladder > full\"\ndelay = \"wait\"\nset = [\"X.bladder = 0\"]");
        let rtol = 10_f64.powf(exponent);
        let parameters = simulator
            .parameters(&[("r", r), ("full", full), ("wait", wait)])
            .expect("known");
        let times: Vec<f64> = (0..points).map(|i| 24.0 * i as f64 / (points - 1) as f64).collect();
        let options = Options { rtol, ..Options::default() };
        let found = simulator
            .run(&Request::new(&parameters, &Regimen::default(), &times).options(&options))
            .expect("runs");
        for (row, &t) in times.iter().enumerate() {
            let period = full / r + wait;
            // So near to an event either side is right.
            let phase = (t / period).fract();
            if !(1e-3..=1.0 - 1e-3).contains(&phase) {
                continue;
            }
            let expected = r * (t - period * (t / period).floor());
            let value = found.outputs.get(row, 0).expect("a row");
            let size = full + r * wait + r * 24.0;
            prop_assert!((value - expected).abs() <= 100.0 * rtol * size, "{t}: {value}, not {expected}");
        }
    }
}

/// (2·3) + 1 where doubling has the higher priority, 2·(3 + 1) where the sum has.
#[test]
fn exact_the_highest_priority_comes_first() {
    let with = |first: f64, second: f64| {
        let text = format!(
            "{HEAD}[states]\nx = {{ unit = \"g\", initial = \"3 g\" }}\n[parameters]\none = \"1 g\"\n[events.add]\nat = \"1 h\"\n\
             priority = {first:?}\nset = [\"x += one\"]\n[events.double]\nat = \"1 h\"\npriority = {second:?}\nset = [\"x = 2*x\"]\n\
             [scheme]\nprocesses = '''\n'''\n[observables]\nX = {{ of = \"x\", unit = \"g\" }}\n"
        );
        let found = run(&one(&text).simulator, &[], &[0.5, 1.0, 2.0], &[]);
        found
            .outputs
            .column(0)
            .map(|x| x / found.outputs.get(0, 0).expect("a row") * 3.0)
            .collect::<Vec<f64>>()
    };
    for (first, second, expected) in [(0.0, 1.0, 7.0), (1.0, 0.0, 8.0), (0.0, 0.0, 8.0)] {
        let found = with(first, second);
        assert!(
            near(found[0], 3.0, 3.0)
                && near(found[1], expected, 8.0)
                && near(found[2], expected, 8.0),
            "{found:?}"
        );
    }
}

/// Surgery takes the same share of hot and cold; a blocking agent is cold. A × λ-decay stays what it was.
#[test]
fn exact_hot_and_cold_keep_their_shares_and_what_is_added_is_cold() {
    let text = format!(
        "{HEAD}label = {{ on = [\"L\"], decayed = \"lost\" }}\n[compartments]\ntumour = \"1 L\"\n[parameters]\nmore = \"3 nmol\"\n\
         [species]\nL = {{ in = [\"tumour\"] }}\n[scheme]\nprocesses = '''\n'''\n[events.surgery]\nat = \"10 h\"\n\
         set = [\"L.tumour = 0.2*L.tumour\"]\n[events.block]\nat = \"20 h\"\nset = [\"L.tumour += more\"]\n[observables]\n\
         hot = {{ of = \"L.tumour.hot\", unit = \"nmol\" }}\ncold = {{ of = \"L.tumour.cold\", unit = \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("known");
    let regimen = Regimen::single(hot(0.0, "L.tumour", "Lu-177", 1000.0, Some(10.0), 0.0));
    let times = [0.0, 5.0, 15.0, 25.0];
    let found = simulator
        .run(
            &Request::new(&parameters, &regimen, &times)
                .options(&Options { rtol: 1e-9, ..Options::default() }),
        )
        .unwrap_or_else(|e| panic!("{e}"));
    let lambda = simulator.system().nuclides()[0].lambda;
    let (hot, cold) =
        (found.outputs.get(0, 0).expect("a row"), found.outputs.get(0, 1).expect("a row"));
    assert!(near(hot + cold, 10.0, 10.0));
    for (row, (share, more)) in
        [(1.0, 0.0), (1.0, 0.0), (0.2, 0.0), (0.2, 3.0)].into_iter().enumerate()
    {
        let left = (-lambda * times[row]).exp();
        assert!(near(found.outputs.get(row, 0).expect("a row"), share * hot * left, hot));
        assert!(near(found.outputs.get(row, 1).expect("a row"), share * cold + more, 10.0));
    }
}

/// A run in two pieces is a run in one, also while an event waits.
#[test]
fn exact_what_waits_is_carried_on() {
    let simulator =
        filling("when = \"X.bladder > full\"\ndelay = \"wait\"\nset = [\"X.bladder = 0\"]");
    let parameters = simulator.parameters(&[]).expect("known");
    let regimen = Regimen::default();
    let options = Options { rtol: 1e-9, ..Options::default() };
    let whole = simulator
        .run(&Request::new(&parameters, &regimen, &[1.0, 2.6, 3.0, 9.0]).options(&options))
        .expect("runs");
    // The bladder is full at 2.5 h and empties at 2.75 h.
    let first = simulator
        .run(&Request::new(&parameters, &regimen, &[1.0, 2.6]).options(&options).until(2.6))
        .expect("runs");
    assert_eq!(first.end.waiting.len(), 1);
    let rest = simulator
        .run(
            &Request::new(&parameters, &regimen, &[3.0, 9.0])
                .options(&options)
                .from(Some(&first.end)),
        )
        .expect("runs");
    for (row, value) in rest.outputs.column(0).enumerate() {
        assert!(near(value, whole.outputs.get(row + 2, 0).expect("a row"), 5.0));
    }
}

fn failure(simulator: &Simulator, set: &[(&str, f64)]) -> SolveFailure {
    let parameters = simulator.parameters(set).expect("known");
    match simulator.run(&Request::new(&parameters, &Regimen::default(), &[24.0])) {
        Err(SimError::Failed(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

/// Two events that trigger each other, one that makes its own condition true again, an interval of zero.
#[test]
fn exact_events_without_an_end_are_refused() {
    let text = format!(
        "{HEAD}[states]\na = {{ unit = \"g\", initial = \"1 g\" }}\nb = {{ unit = \"g\", initial = \"-1 g\" }}\n[parameters]\n\
         one = \"1 g\"\n[events.to_b]\nwhen = \"a < 0\"\nset = [\"b = one\", \"a = one\"]\n[events.to_a]\nwhen = \"b > 0\"\n\
         set = [\"a = -one\", \"b = -one\"]\n[events.start]\nat = \"2 h\"\nset = [\"b = one\"]\n[scheme]\nprocesses = '''\n'''\n\
         [observables]\nA = {{ of = \"a\", unit = \"g\" }}\n"
    );
    let told = failure(&one(&text).simulator, &[]);
    assert_eq!(told.code(), "LUT4308");
    assert!(told.to_string().contains("at one moment, 2 h"), "{told}");
    let ever_faster =
        filling("when = \"X.bladder > full\"\nset = [\"X.bladder = full - 1e-7*full\"]");
    assert_eq!(failure(&ever_faster, &[("r", 1e3)]).code(), "LUT4308");
    let timed = filling("at = \"first\"\nevery = \"every\"\nset = [\"X.bladder = 0\"]");
    for (name, value) in [("every", 0.0), ("every", -1.0), ("every", 1e-9), ("first", -1.0)] {
        let told = failure(&timed, &[(name, value)]);
        assert_eq!(told.code(), "LUT4301", "{told}");
        assert!(told.to_string().contains("event `void`"), "{told}");
    }
}

/// Less than nothing, and what is not a number.
#[test]
fn exact_impossible_amounts_are_refused_by_the_name_of_the_event() {
    let less = filling("at = \"1 h\"\nset = [\"X.bladder = X.bladder - full\"]");
    let told = failure(&less, &[]).to_string();
    assert!(
        told.contains("event `void`") && told.contains("X.bladder") && told.contains("-3 nmol"),
        "{told}"
    );
    let none = filling("at = \"0 h\"\nset = [\"X.bladder = full*(X.bladder/X.bladder)\"]");
    let told = failure(&none, &[]).to_string();
    assert!(told.contains("event `void`") && told.contains("expected a finite number"), "{told}");
}

/// What starts exactly at its threshold and leaves it upwards becomes true at once; what an event sets to its threshold
/// and fills further goes on for ever.
#[test]
fn exact_a_condition_that_starts_at_its_threshold_becomes_true() {
    let simulator =
        filling("when = \"X.bladder > 0\"\ndelay = \"wait\"\nset = [\"X.bladder = full\"]");
    let found = run(&simulator, &[], &[0.2, 0.3, 1.0], &[]);
    for (value, expected) in found.outputs.column(0).zip([0.4, 5.1, 6.5]) {
        assert!(near(value, expected, 5.0), "{value}, not {expected}");
    }
    let to_threshold = filling("when = \"X.bladder > full\"\nset = [\"X.bladder = full\"]");
    assert_eq!(failure(&to_threshold, &[]).code(), "LUT4308");
}

/// What waits for the moment of another crossing happens, for any rounding of the two.
#[test]
fn exact_two_ways_to_one_moment_are_both_taken() {
    let text = |r: f64, full: f64, wait: f64| {
        format!(
            "{HEAD}[compartments]\nb = \"1 L\"\n[parameters]\nr = \"{r} nmol/h\"\nfull = \"{full} nmol\"\nwait = \"{wait} h\"\n\
             one = \"1 g\"\n[species]\nX = {{ in = [\"b\"] }}\n[states]\nn = {{ unit = \"g\", initial = \"0 g\" }}\n[scheme]\n\
             processes = '''\nfill: 0 => X.b @ r\n'''\n[events.late]\nwhen = \"X.b > full\"\ndelay = \"wait\"\n\
             set = [\"n += one\"]\n[events.full]\nwhen = \"X.b > full + r*wait\"\nset = [\"n += one\"]\n[observables]\n\
             N = {{ of = \"n\", unit = \"g\" }}\n"
        )
    };
    for k in 0..30 {
        let k = f64::from(k);
        let (r, full, wait) = (1.7 + 0.13 * k, 1.1 + 0.07 * k, 1.3 - 0.03 * k);
        let simulator = one(&text(r, full, wait)).simulator;
        let found = run(&simulator, &[], &[0.0, (full / r + wait) * 1.01], &[]);
        let last = found.outputs.column(0).last().expect("rows");
        assert!(near(last, 2.0, 2.0), "{r} {full} {wait}: {last}");
    }
}

/// A run cut at the moment of an event, and one whose condition has long been true, are a run in one.
#[test]
fn exact_a_cut_at_an_event_loses_and_repeats_nothing() {
    let text = format!(
        "{HEAD}[parameters]\ntau = \"4 h\"\none = \"1 g\"\n[states]\nn = {{ unit = \"g\", initial = \"0 g\" }}\n[events.once]\n\
         when = \"t > tau\"\nset = [\"n += one\"]\n[scheme]\nprocesses = '''\n'''\n[observables]\nN = {{ of = \"n\", unit = \"g\" }}\n"
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("known");
    let (regimen, options) = (Regimen::default(), Options { rtol: 1e-9, ..Options::default() });
    for cut in [2.0, 4.0, 6.0] {
        let first = simulator
            .run(&Request::new(&parameters, &regimen, &[cut]).options(&options).until(cut))
            .expect("runs");
        let rest = simulator
            .run(
                &Request::new(&parameters, &regimen, &[9.0])
                    .options(&options)
                    .from(Some(&first.end)),
            )
            .expect("runs");
        let last = rest.outputs.column(0).last().expect("rows");
        assert!(near(last, 1.0, 1.0), "cut at {cut} h: {last}");
    }
}

/// An amount that is set where only noise of the solver is left is cold, and what comes by events alone is as exact as
/// what comes by doses: 1e-9 nmol with k = 0.1/h from 0.5 h on.
#[test]
fn exact_small_and_empty_amounts_are_what_they_are() {
    let head = HEAD.replace("units = ", "label = { on = [\"L\"], decayed = \"lost\" }\nunits = ");
    let text = format!(
        "{head}[compartments]\np = \"1 L\"\n[parameters]\nk = \"0.1 1/h\"\nmore = \"5 nmol\"\nlittle = \"1e-9 nmol\"\n[species]\n\
         L = {{ in = [\"p\"] }}\nX = {{ in = [\"p\"] }}\n[scheme]\nprocesses = '''\nout: L.p => 0 @ k*L.p\ngone: X.p => 0 @ k*X.p\n'''\n\
         [events.fill]\nat = \"500 h\"\nset = [\"L.p = more\"]\n[events.trace]\nat = \"0.5 h\"\nset = [\"X.p += little\"]\n\
         [observables]\nhot = {{ of = \"L.p.hot\", unit = \"nmol\" }}\nX = {{ of = \"X.p\", unit = \"nmol\" }}\n"
    );
    let simulator = one(&text).simulator;
    let parameters = simulator.parameters(&[]).expect("known");
    let regimen = Regimen::single(hot(0.0, "L.p", "Lu-177", 1.0, Some(1.0), 0.0));
    let times = [50.5, 500.5];
    let found = simulator
        .run(&Request::new(&parameters, &regimen, &times))
        .unwrap_or_else(|e| panic!("{e}"));
    let hot_after = found.outputs.get(1, 0).expect("a row");
    assert!(hot_after < 1e-9, "{hot_after} nmol hot out of noise");
    let expected = 1e-9 * (-5.0_f64).exp();
    let small = found.outputs.get(0, 1).expect("a row");
    // The default tolerance is 1e-6; a hundred steps add some tens of it up.
    assert!((small - expected).abs() <= 1e-4 * expected, "{small}, not {expected}");
}
