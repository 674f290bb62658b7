//! How hard the integrator works, and that it works the same everywhere.

use lutetia_sim::{Options, Regimen, Request, Trajectory};

use crate::build::*;
use crate::closed_forms::{assert_close, column, tight};
use lutetia_testkit::*;

fn whole_body_run(options: &Options) -> Trajectory {
    let simulator = whole_body().simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let regimen = Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(100.0), 0.0));
    simulator
        .run(&Request::new(&parameters, &regimen, &logspace(0.01, 168.0, 200)).options(options))
        .expect("runs")
}

/// Counts are exact for one build of the solver; a change of solver or tolerances shows here.
#[test]
fn regress_statistics_of_the_whole_body_model() {
    insta::assert_debug_snapshot!(whole_body_run(&Options::default()).statistics);
}

#[test]
fn regress_statistics_of_four_cycles_of_the_receptor_model() {
    let simulator = receptor(true, true).simulator(&["Lu-177"]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let dose = hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(60.0), 0.5);
    let regimen = Regimen::repeat(&dose, 56.0 * 24.0, 4);
    let run = simulator
        .run(&Request::new(&parameters, &regimen, &[24.0, 6000.0]).options(&Options {
            integrals: vec![0],
            to_infinity: true,
            ..Options::default()
        }))
        .expect("runs");
    insta::assert_debug_snapshot!(run.statistics);
}

#[test]
fn regress_statistics_of_the_two_compartment_model() {
    let simulator = compartments(true, false).simulator(&[]);
    let parameters = simulator.parameters(&[]).expect("defaults");
    let regimen = Regimen::single(cold(0.0, "L.plasma", 100.0));
    let run = simulator.run(&Request::new(&parameters, &regimen, &[48.0])).expect("runs");
    insta::assert_debug_snapshot!(run.statistics);
}

/// Every curve at the default tolerances lies within 1e-4 of its peak of the curve at 1e-10.
#[test]
fn val_whole_body_model_agrees_with_its_own_reference() {
    let reference =
        whole_body_run(&Options { rtol: 1e-10, atol_relative: Some(1e-14), ..Options::default() });
    let run = whole_body_run(&Options::default());
    for output in 0..run.outputs.columns() {
        assert_close(&column(&run, output), &column(&reference, output), 1e-4);
    }
}

#[test]
fn exact_many_runs_do_not_depend_on_threads() {
    let simulator = receptor(true, true).simulator(&["Lu-177"]);
    let base = simulator.parameters(&[]).expect("defaults");
    let ps = simulator.parameter("PS").expect("exists");
    let mut sets: Vec<Vec<f64>> = (0..40)
        .map(|k| {
            let mut set = base.clone();
            set[ps] *= 1.0 + 0.05 * f64::from(k);
            set
        })
        .collect();
    sets[17][ps] = f64::NAN;
    let regimen = Regimen::single(hot(0.0, "L.plasma", "Lu-177", 7400.0, Some(60.0), 0.5));
    let times = logspace(0.1, 200.0, 30);
    let requests: Vec<Request<'_>> =
        sets.iter().map(|set| Request::new(set, &regimen, &times)).collect();
    let on = |threads: usize| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads")
            .install(|| simulator.run_many(&requests))
    };
    let one = on(1);
    assert_eq!(one, on(2), "two threads");
    assert_eq!(one, on(3), "three threads");
    assert!(one[17].is_err());
    let alone = simulator.run(&Request::new(&sets[5], &regimen, &times));
    assert_eq!(one[5], alone, "the same as a run of its own");
    let _ = tight();
}
