//! The models of the library in trials, against publications.

use std::path::Path;

use lutetia_model::{
    Connection, Model, NoFiles, SourceFile, check_with_units, connect, system::System,
};
use lutetia_sim::{Inputs, Options, Regimen, Request, Simulator};
use lutetia_trial::{Arm, CohortSpec, Meaning, Population, Trial, TrialSpec, Visits};

use crate::build::compiled;

fn library(path: &str, units: Option<&lutetia_units::UnitSystem>) -> Model {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models").join(path);
    let text = std::fs::read_to_string(&full).unwrap_or_else(|e| panic!("{}: {e}", full.display()));
    let checked = check_with_units(&SourceFile { name: path.to_owned(), text }, &NoFiles, units);
    checked.model.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

/// PSA of Desmée 2015 and the hazard it drives, as the model files have them, ready for a cohort.
fn desmee() -> (Model, System) {
    let psa = library("tumour/psa-desmee-2015.toml", None);
    let survival = library("survival/desmee-2015.toml", Some(&psa.units));
    let parts = [("psa".to_owned(), psa), ("survival".to_owned(), survival)];
    let wire = Connection::new("psa.psa", "survival.psa");
    let (model, diagnostics) = connect(&parts, &[wire]);
    let model = model.unwrap_or_else(|| panic!("{diagnostics:#?}"));
    let system = compiled(&model);
    (model, system)
}

const END: f64 = 735.0;

/// One of the published pairs, and what `xtask/scripts/desmee_2015.py` makes of the equations with
/// 200,000 patients of its own.
struct Pair {
    beta: f64,
    lambda: f64,
    /// Survival of the median patient at 735 d.
    median: f64,
    /// Mean survival of the patients, and its standard error there.
    mean: (f64, f64),
}

const PAIRS: [Pair; 4] = [
    Pair { beta: 0.0, lambda: 580.0, median: 0.240_134, mean: (0.240_134, 0.0) },
    Pair { beta: 0.005, lambda: 765.0, median: 0.244_518, mean: (0.2092, 0.0004) },
    Pair { beta: 0.02, lambda: 2150.0, median: 0.235_720, mean: (0.3943, 0.0008) },
    Pair { beta: 0.02, lambda: 580.0, median: 3.3e-5, mean: (0.0775, 0.0002) },
];

/// (β, λ) in internal units.
fn typical(system: &System, pair: &Pair) -> Vec<(String, f64)> {
    [("survival:beta", pair.beta), ("survival:lambda_", pair.lambda)]
        .map(|(name, value)| {
            let slot = system.parameter_index(name).unwrap();
            (name.to_owned(), value * system.parameters()[slot].factor)
        })
        .to_vec()
}

/// Desmée 2015 chose λ for each β so that the *median patient* (random effects 0) lives for 735 d with a
/// probability of about 25 %: figure 2 there, and the article on it of nlmixr2lib. The fourth pair, "short
/// survival", keeps λ of the first on purpose and is not meant to give it.
///
/// "About 25 %" is held to 1.5 points. Without a link it is exp(−(735/580)^1.5) = 24.0 % in closed form: a
/// whole point is the publication's own rounding, of λ to 5 or 10 d (0.6 points at 2150 ± 25, 0.2 at
/// 765 ± 2.5) and of the sentence. No sampling enters. The equations themselves are held to 1e-4.
#[test]
fn val_desmees_median_patient_lives_for_735_days_with_a_quarter() {
    let (_, system) = desmee();
    let simulator = Simulator::new(system);
    let hazard = simulator.output("survival:cumulative_hazard").unwrap();
    for (k, pair) in PAIRS.iter().enumerate() {
        let replaced = typical(simulator.system(), pair);
        let replaced: Vec<(&str, f64)> = replaced.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        let parameters = simulator.parameters(&replaced).unwrap();
        let (regimen, inputs) = (Regimen::default(), Inputs::default());
        let options = Options { rtol: 1e-8, ..Options::default() };
        let run = simulator
            .run(
                &Request::new(&parameters, &regimen, &[END * 24.0])
                    .inputs(&inputs)
                    .options(&options),
            )
            .unwrap();
        let alive = (-run.outputs.get(0, hazard).unwrap()).exp();
        assert!((alive - pair.median).abs() < 1e-5, "{alive}, by script {}", pair.median);
        if k < 3 {
            assert!((alive - 0.25).abs() < 0.015, "{alive}");
        }
    }
}

/// PSA of one patient in closed form (time in d, concentrations in ng/mL): cells counted by the PSA that
/// they make grow with r(1 − ε) − d until the escape and with r − d after it.
fn psa_at(t: f64, [r, psa0, epsilon, escape]: [f64; 4]) -> f64 {
    let (d, delta) = (0.046, 0.23);
    let piece = |source: f64, growth: f64, start: f64, t: f64| {
        start * (-delta * t).exp()
            + source * ((growth * t).exp() - (-delta * t).exp()) / (growth + delta)
    };
    let slow = r * (1.0 - epsilon) - d;
    if t <= escape {
        return piece(delta * psa0, slow, psa0, t);
    }
    let source = delta * psa0 * (slow * escape).exp();
    piece(source, r - d, piece(delta * psa0, slow, psa0, escape), t - escape)
}

/// Cumulative hazard at 735 d of one patient, by midpoints even in t^1.5.
fn hazard_at_the_end(pair: &Pair, patient: [f64; 4]) -> f64 {
    const N: usize = 400;
    let mean: f64 = (0..N)
        .map(|i| {
            let t = END * ((i as f64 + 0.5) / N as f64).powf(1.0 / 1.5);
            (pair.beta * psa_at(t, patient)).min(50.0).exp()
        })
        .sum::<f64>()
        / N as f64;
    mean * (END / pair.lambda).powf(1.5)
}

/// The trial does with the published population what its equations say, patient by patient: who is alive
/// at 735 d is who has −ln U above the closed-form hazard. One in 1500 may differ, where the two are
/// within the tolerance of the integration. The mean over the drawn patients is that of the script within
/// four standard errors: 21 % with β = 0.005 and 40 % with β = 0.02, which is not 25 %, since survival is
/// concave in one half of the patients and convex in the other.
#[test]
fn val_desmees_population_lives_as_its_equations_say() {
    const N: usize = 1500;
    let (model, system) = desmee();
    let slots = ["psa:r", "psa:PSA0", "psa:epsilon", "psa:T_esc"].map(|name| {
        let slot = system.parameter_index(name).unwrap();
        (slot, system.parameters()[slot].factor)
    });
    let simulator = Simulator::new(system.clone());
    for pair in &PAIRS {
        let spec =
            CohortSpec { seed: 2015, typical: typical(&system, pair), ..CohortSpec::default() };
        let population = Population::new(&model, &system, &spec).unwrap();
        let trial = Trial::new(
            &simulator,
            &population,
            TrialSpec {
                arms: vec![Arm::untreated("docetaxel", N)],
                meaning: Meaning {
                    death: Some("survival:cumulative_hazard".to_owned()),
                    ..Meaning::default()
                },
                follow_up: END,
                accrual: 0.0,
                step: 7.0,
                visits: Visits { times: Vec::new(), baseline_mm: 60.0, jitter: 0.0 },
                toxicity_window: 0.0,
                options: Options { rtol: 1e-6, ..Options::default() },
            },
        )
        .unwrap();
        let (records, failed) = trial.run();
        assert!(failed.is_empty(), "{:?}", failed.first());
        let (mut differ, mut sum, mut squares) = (0, 0.0, 0.0);
        for record in &records {
            let patient = population.patient(record.patient).unwrap();
            let own = slots.map(|(slot, factor)| patient.parameters(0)[slot] / factor);
            let hazard = hazard_at_the_end(pair, own);
            let expected = -patient.draws.uniform("death", 0).ln() > hazard;
            differ += usize::from(expected == record.survival.event);
            let alive = (-hazard).exp();
            sum += alive;
            squares += alive * alive;
        }
        assert!(differ <= 1, "{differ} patients of β = {}", pair.beta);
        let mean = sum / N as f64;
        let error = ((squares / N as f64 - mean * mean).max(0.0) / N as f64).sqrt();
        let (expected, own_error) = pair.mean;
        let granted = 4.0 * error.hypot(own_error) + 1e-5;
        assert!((mean - expected).abs() < granted, "{mean}, by script {expected}");
    }
}
