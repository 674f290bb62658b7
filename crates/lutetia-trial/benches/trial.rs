//! How long does a trial take?
//!
//! Kinetics of PSMA-I&T with feedback of the tumour, growth and kill, platelets, new lesions and death: 21
//! states, six cycles, weekly curves over 31 months. The aim is 831 patients in two arms within 5 s on two
//! cores, and 100 000 within ten minutes, with at least 1.8 times the speed on two threads.
//!
//! On two cores of an AMD EPYC, medians of five: 370 ms on one thread and 188 ms on two, 1.97 times the speed or
//! 4400 patients a second, so that 100 000 take less than half a minute. The command `lutetia trial` holds 14 MB
//! with 831 patients and with ten times as many.
#![allow(missing_docs, clippy::unwrap_used)]

use std::path::Path;

use divan::{Bencher, counter::ItemsCount};
use lutetia_model::{
    Binding, Connection, Model, NoFiles, SourceFile, check_with_units, compile, connect,
};
use lutetia_scenario::Occasion;
use lutetia_sim::{Dose, Options, Simulator};
use lutetia_trial::{
    Arm, CohortSpec, CovariateLaw, Meaning, Population, Toxicity, Trial, TrialSpec, Visits,
};
use lutetia_units::{Quantity, UnitSystem};

fn main() {
    divan::main();
}

fn library(path: &str, units: Option<&UnitSystem>) -> Model {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(path);
    let text = std::fs::read_to_string(full).unwrap();
    let checked = check_with_units(&SourceFile { name: path.to_owned(), text }, &NoFiles, units);
    checked.model.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

fn chain() -> (Simulator, Population) {
    let mut parts: Vec<(String, Model)> = Vec::new();
    for (name, path) in [
        ("pk", "psma/psma-it-population.toml"),
        ("tumour", "tumour/growth-kill-clinical-effective.toml"),
        ("platelets", "toxicity/platelets.toml"),
        ("survival", "survival/weibull-tumour.toml"),
        ("lesions", "survival/new-lesions.toml"),
    ] {
        let units = parts.first().map(|p| p.1.units.clone());
        parts.push((name.to_owned(), library(path, units.as_ref())));
    }
    let wire = |from: &str, to: &str, scale: Option<&str>| {
        let wire = Connection::new(from, to);
        match scale {
            Some(scale) => wire.times(Quantity::parse(scale).unwrap()),
            None => wire,
        }
    };
    let wires = [
        wire("pk.A_tumour", "tumour.tumour_activity", None),
        wire("tumour.volume_ratio", "pk.volume_ratio", None),
        wire("tumour.loss", "pk.loss", None),
        wire("pk.A_blood", "platelets.dose_rate", Some("5.2e-3 mGy/(MBq h)")),
        wire("tumour.ratio", "survival.ratio", None),
        wire("tumour.initial_mass", "survival.initial_mass", None),
        wire("tumour.ratio", "lesions.ratio", None),
    ];
    let (model, diagnostics) = connect(&parts, &wires);
    let model = model.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    let system = compile(&model, &Binding::all(lutetia_data::nuclides(), ["Lu-177"])).unwrap();
    let spec = CohortSpec {
        seed: 6,
        occasions: 6,
        covariates: vec![("TV".to_owned(), CovariateLaw::LogNormal { median: 0.3, cv: 1.0 })],
        ..CohortSpec::default()
    };
    let population = Population::new(&model, &system, &spec).unwrap();
    (Simulator::new(system), population)
}

fn vision() -> TrialSpec {
    let mut treated = Arm { stop_at_progression: true, ..Arm::untreated("177Lu-PSMA", 551) };
    treated.treatment.occasions = (0..6)
        .map(|k| {
            let at = f64::from(k) * 42.0;
            let dose = Dose {
                at: at * 24.0,
                into: "pk:L.blood".to_owned(),
                activities: vec![("Lu-177".to_owned(), 7400.0)],
                amount: None,
                over: Some(0.5),
                ..Dose::default()
            };
            Occasion { number: k + 1, start: dose.at, doses: vec![dose] }
        })
        .collect();
    TrialSpec {
        arms: vec![Arm::untreated("standard of care", 280), treated],
        meaning: Meaning {
            death: Some("survival:cumulative_hazard".to_owned()),
            new_lesion: Some("lesions:cumulative_hazard".to_owned()),
            volume: Some("tumour:mass".to_owned()),
            marker: Some("tumour:mass".to_owned()),
            marker_visits: None,
            toxicities: vec![Toxicity {
                name: "thrombocytopenia".to_owned(),
                output: "platelets:platelets".to_owned(),
                limits: vec![150e12, 75e12, 50e12, 25e12],
            }],
            keep: vec!["tumour:dose".to_owned()],
        },
        follow_up: 31.0 * 30.4375,
        accrual: 16.0 * 30.4375,
        step: 7.0,
        visits: Visits::every(56.0, 168.0, 84.0, 31.0 * 30.4375, 60.0),
        toxicity_window: 60.0,
        options: Options { rtol: 1e-4, ..Options::default() },
    }
}

fn on_threads(bencher: Bencher, threads: usize) {
    let (simulator, population) = chain();
    let trial = Trial::new(&simulator, &population, vision()).unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    // Shown as patients per second.
    bencher.counter(ItemsCount::new(trial.places().len())).bench(|| {
        let (records, failed) = pool.install(|| trial.run());
        assert!(failed.is_empty(), "{:?}", failed.first());
        records.len()
    });
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn trial_of_831_on_one_thread(bencher: Bencher) {
    on_threads(bencher, 1);
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn trial_of_831_on_two_threads(bencher: Bencher) {
    on_threads(bencher, 2);
}

#[divan::bench]
fn one_treated_patient(bencher: Bencher) {
    let (simulator, population) = chain();
    let trial = Trial::new(&simulator, &population, vision()).unwrap();
    bencher.bench(|| trial.one(3, 1));
}

#[divan::bench]
fn draw_one_patient(bencher: Bencher) {
    let (_, population) = chain();
    bencher.bench(|| population.patient(3));
}
