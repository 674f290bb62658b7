//! Doses: what is hot, what is cold, when, and in which order.

use lutetia_sim::{Change, EngineId, Inputs, Options, Regimen, Request, SimError, Standing};

use crate::build::*;
use crate::closed_forms::{assert_close, column, tight};
use lutetia_testkit::*;

/// hot(t) = e^(−λ(t−t₀))·f₀·total(t) for one syringe, through saturable binding and internalisation
/// and during the infusion. Both sides come from one run at rtol 1e-9: 1e-7 of the peak is granted.
#[test]
fn exact_hot_is_the_decayed_share_of_the_total() {
    let simulator = receptor(true, true).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let lambda = lambda("Lu-177");
    for over in [0.0, 4.0] {
        let start = 6.0;
        let dose = hot(start, "L.plasma", "Lu-177", 7400.0, Some(40.0), over);
        let options = Options { states: true, ..tight() };
        let times: Vec<f64> = (0..80).map(|k| f64::from(k) * 0.7).collect();
        let run = simulator
            .run(&Request::new(&parameters, &Regimen::single(dose), &times).options(&options))
            .expect("runs");
        let share = 7400.0 * nmol_per_mbq("Lu-177") / 40.0;
        let states = run.states.expect("asked for");
        let index = |name: &str| simulator.system().state_index(name).expect("exists");
        for pool in ["L.plasma", "L.tumour", "LR.tumour", "Li.tumour"] {
            let hot: Vec<f64> = states.column(index(&format!("{pool}.hot"))).collect();
            let cold: Vec<f64> = states.column(index(&format!("{pool}.cold"))).collect();
            let expected: Vec<f64> = hot
                .iter()
                .zip(&cold)
                .zip(&times)
                .map(|((h, c), t)| (-lambda * (t - start).max(0.0)).exp() * share * (h + c))
                .collect();
            assert_close(&hot, &expected, 1e-7);
        }
    }
}

#[test]
fn exact_overlapping_infusions_add_up_in_a_linear_model() {
    let simulator = compartments(true, true).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let first = hot(0.0, "L.plasma", "Lu-177", 1000.0, Some(50.0), 2.0);
    let second = hot(1.0, "L.plasma", "Lu-177", 3000.0, Some(30.0), 3.0);
    let third = cold(1.5, "L.rest", 20.0);
    let times: Vec<f64> = (0..100).map(|k| f64::from(k) * 0.1).collect();
    let run = |doses: &[&lutetia_sim::Dose]| {
        let regimen = Regimen { doses: doses.iter().map(|d| (*d).clone()).collect() };
        simulator.run(&Request::new(&parameters, &regimen, &times)).expect("runs")
    };
    // Given in an order that is not the order in time.
    let together = run(&[&third, &first, &second]);
    let apart = [run(&[&first]), run(&[&second]), run(&[&third])];
    for output in 0..3 {
        let sum: Vec<f64> = (0..times.len())
            .map(|row| apart.iter().filter_map(|r| r.outputs.get(row, output)).sum())
            .collect();
        assert_close(&column(&together, output), &sum, 4e-5);
    }
}

#[test]
fn exact_outputs_at_a_bolus_are_those_after_it() {
    let simulator = compartments(false, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let regimen = Regimen::repeat(&cold(0.0, "L.plasma", 30.0), 24.0, 3);
    let times = [0.0, 24.0, 48.0];
    let run = simulator
        .run(&Request::new(&parameters, &regimen, &times).options(&tight()))
        .expect("runs");
    let left = (-0.8_f64 * 24.0).exp();
    let expected = [10.0, 10.0 * (1.0 + left), 10.0 * (1.0 + left + left * left)];
    assert_close(&column(&run, 0), &expected, 1e-8);
}

#[test]
fn exact_cycles_repeat_a_linear_model() {
    // Four cycles eight weeks apart: by then everything is gone, so that cycles look alike; each
    // is within twice the tolerance of the first.
    let simulator = compartments(true, true).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let cycle = 56.0 * 24.0;
    let dose = hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.5);
    let regimen = Regimen::repeat(&dose, cycle, 4);
    let within: Vec<f64> = (1..20).map(|k| f64::from(k) * 0.5).collect();
    let times: Vec<f64> =
        (0..4).flat_map(|c| within.iter().map(move |t| f64::from(c) * cycle + t)).collect();
    let run = simulator.run(&Request::new(&parameters, &regimen, &times)).expect("runs");
    let output = simulator.output("A_plasma").expect("exists");
    let curve = column(&run, output);
    for c in 1..4 {
        assert_close(
            &curve[c * within.len()..(c + 1) * within.len()],
            &curve[..within.len()],
            4e-5,
        );
    }
}

#[test]
fn exact_parameters_change_from_occasion_to_occasion() {
    let simulator = compartments(false, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let faster = simulator.parameters(&[("CL", 4.8)]).expect("exists");
    let slower = simulator.parameters(&[("CL", 1.2)]).expect("exists");
    let change = |from: f64, p: &[f64]| Change { from, parameters: p.to_vec() };
    let changes = [change(2.0, &faster), change(3.0, &slower)];
    let times = [0.0, 1.0, 2.0, 2.5, 3.0, 4.0];
    let regimen = Regimen::single(cold(0.0, "L.plasma", 30.0));
    let run = |changes: &[Change]| {
        let inputs = Inputs::default();
        simulator.run(
            &Request::new(&parameters, &regimen, &times)
                .changes(changes)
                .inputs(&inputs)
                .options(&tight()),
        )
    };
    let found = run(&changes).expect("runs");
    // CL/V is 0.8, then 1.6, then 0.4 per hour.
    let exponents = [0.0_f64, 0.8, 1.6, 2.4, 3.2, 3.6];
    let expected: Vec<f64> = exponents.iter().map(|x| 10.0 * (-x).exp()).collect();
    assert_close(&column(&found, 0), &expected, 1e-8);
    // Nothing that changes, nothing that differs: not by a bit.
    let plain = simulator.run(&Request::new(&parameters, &regimen, &times).options(&tight()));
    assert_eq!(run(&[]), plain);
    let backwards = [change(3.0, &slower), change(2.0, &faster)];
    assert!(matches!(run(&backwards), Err(SimError::BadTime { index: 2, .. })));
    assert!(matches!(run(&[change(1.0, &[1.0])]), Err(SimError::ParameterCount { .. })));
}

/// Pieces cut where a run stops anyway are the run: not a bit differs, whoever integrates.
#[test]
fn exact_pieces_are_the_whole_run() {
    EngineId::ALL.into_iter().for_each(pieces_are_the_whole_run);
}

fn pieces_are_the_whole_run(engine: EngineId) {
    let simulator = receptor(true, true).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let later: Vec<f64> = parameters.iter().map(|p| 1.1 * p).collect();
    let changes = [Change { from: 24.0, parameters: later }];
    let mut regimen =
        Regimen::repeat(&hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(40.0), 0.5), 24.0, 3);
    regimen.doses.push(cold(24.0, "L.plasma", 5.0));
    let times: Vec<f64> = (0..=48).map(|k| f64::from(k) * 2.0).collect();
    let options = Options { engine, ..Options::default() };
    let inputs = Inputs::default();
    let whole = simulator
        .run(
            &Request::new(&parameters, &regimen, &times)
                .changes(&changes)
                .inputs(&inputs)
                .options(&options),
        )
        .expect("runs");
    let piece = |from: Option<&Standing>,
                 until: f64,
                 times: &[f64],
                 rule: &(dyn Fn(usize, &[f64]) -> bool + Sync)| {
        let whole = Request::new(&parameters, &regimen, times).changes(&changes);
        let whole = whole.options(&options);
        simulator.run(&whole.from(from).until(until).follow_while(rule))
    };
    let always = |_: usize, _: &[f64]| true;
    let mut standing: Option<Standing> = None;
    let mut row = 0;
    for until in [24.0, 48.0, 96.0] {
        let own: Vec<f64> =
            times[row..].iter().copied().take_while(|t| *t < until || until > 90.0).collect();
        let found = piece(standing.as_ref(), until, &own, &always).expect("runs");
        assert_eq!(found.times, own);
        for k in 0..own.len() {
            assert_eq!(found.outputs.row(k), whole.outputs.row(row + k), "{} h", own[k]);
        }
        row += own.len();
        assert!((found.end.time - until).abs() < 1e-12);
        standing = Some(found.end);
    }
    assert_eq!(row, times.len());
    // Whoever watches ends it: the rows until then are there and no others.
    let found = piece(None, 96.0, &times, &|row, _| row < 10).expect("runs");
    assert_eq!((found.times.len(), found.outputs.rows()), (11, 11));
    assert_eq!(found.outputs.row(10), whole.outputs.row(10));
    // What makes no sense.
    let stands =
        Standing { states: standing.expect("made").states, time: 24.0, ..Standing::default() };
    let early = piece(Some(&stands), 48.0, &[12.0], &always);
    assert!(matches!(early, Err(SimError::BadTime { index: 2, .. })), "{early:?}");
    let short = Standing { states: vec![1.0], time: 24.0, ..Standing::default() };
    let refused = piece(Some(&short), 48.0, &[30.0], &always);
    assert!(matches!(refused, Err(SimError::StateCount { found: 1, .. })), "{refused:?}");
    let integrals = Options { integrals: vec![0], ..options };
    let whole = Request::new(&parameters, &regimen, &[30.0]).until(48.0);
    let refused = simulator.run(&whole.options(&integrals));
    assert!(matches!(refused, Err(SimError::BadOption { option: "integrals", .. })));
}

#[test]
fn exact_two_nuclides_decay_each_by_its_own() {
    let mut build = compartments(false, true);
    build.0.processes.clear();
    let simulator = build.simulator(&["Lu-177", "Y-90"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let mut dose = hot(0.0, "L.plasma", "177Lu", 1000.0, Some(100.0), 0.0);
    dose.activities = vec![("Lu-177".to_owned(), 1000.0), ("Y-90".to_owned(), 2000.0)];
    let times: Vec<f64> = (0..40).map(|k| f64::from(k) * 6.0).collect();
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::single(dose), &times).options(&tight()))
        .expect("runs");
    for (output, info) in simulator.system().outputs().iter().enumerate() {
        let Some(nuclide) = &info.nuclide else { continue };
        let start = if nuclide == "Y-90" { 2000.0 } else { 1000.0 };
        let expected: Vec<f64> =
            times.iter().map(|t| start * (-lambda(nuclide) * t).exp()).collect();
        assert_close(&column(&run, output), &expected, 2e-8);
    }
}

#[test]
fn exact_a_very_short_infusion_is_a_bolus() {
    let simulator = compartments(false, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let mut dose = cold(1000.0, "L.plasma", 30.0);
    dose.over = Some(1e-11);
    let times = [999.0, 1000.0, 1001.0, 1002.0];
    let run = simulator
        .run(&Request::new(&parameters, &Regimen::single(dose), &times).options(&tight()))
        .expect("runs");
    let expected = [0.0, 10.0, 10.0 * (-0.8_f64).exp(), 10.0 * (-1.6_f64).exp()];
    assert_close(&column(&run, 0), &expected, 1e-8);
}

#[test]
fn exact_nothing_given_nothing_seen() {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let run = simulator
        .run(
            &Request::new(&parameters, &Regimen::default(), &[0.0, 10.0, 100.0])
                .options(&Options { integrals: vec![0], to_infinity: true, ..Options::default() }),
        )
        .expect("runs");
    assert!(run.outputs.row(2).iter().all(|y| *y == 0.0));
    assert!(run.integrals_to_infinity[0].value == 0.0);
}
