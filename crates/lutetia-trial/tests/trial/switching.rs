//! Crossover that depends on the patient, and what it hides.

use lutetia_outcome::survival::TwoStageOptions;
use lutetia_sim::Simulator;
use lutetia_trial::{
    Arm, CohortSpec, Crossover, Dependence, Draws, Margin, Population, Record, Trial, TrialSpec,
    crossover_adjustment::Switched,
    summary::{self, Endpoint},
    weights,
};

use crate::{
    build::{CHAIN, POPULATION, message, model},
    trials::{spec, treated},
};

fn chain(seed: u64) -> (Simulator, Population) {
    let (model, system) = model(CHAIN);
    let spec = CohortSpec { seed, occasions: 6, ..CohortSpec::default() };
    let population = Population::new(&model, &system, &spec).unwrap();
    (Simulator::new(system), population)
}

fn records(seed: u64, spec: &TrialSpec) -> Vec<Record> {
    let (simulator, population) = chain(seed);
    let (records, failed) = Trial::new(&simulator, &population, spec.clone()).unwrap().run();
    assert!(failed.is_empty(), "{failed:?}");
    records
}

fn dependence(on: &str, log: bool, coefficient: f64, reference: f64) -> Dependence {
    Dependence { on: on.to_owned(), log, coefficient, reference }
}

fn crossing(share: f64, depends: Vec<Dependence>, patients: usize) -> Arm {
    let crossover = Crossover { to: "Lu".to_owned(), share, delay: 14.0, depends };
    Arm { crossover: Some(crossover), ..Arm::untreated("control", patients) }
}

/// Who crosses over is whose random number lies below 1/(1 + exp(−ln p/(1 − p) − Σ c·(x − reference))).
#[test]
fn exact_the_odds_of_crossover_follow_what_they_depend_on() {
    let depends = vec![
        dependence("mass", true, 1.5, 120.0),
        dependence("time", false, -0.004, 150.0),
        dependence("k_grow", true, 0.5, 0.005),
    ];
    let trial = spec(vec![crossing(0.6, depends, 200), treated("Lu", 7400.0, 1)]);
    let (_, population) = chain(5);
    let (mut switched, mut shares) = (0, Vec::new());
    for r in records(5, &trial).iter().filter(|r| r.arm == 0) {
        let Some(d) = &r.decision else {
            assert_eq!(r.crossed_at, None);
            continue;
        };
        let progression = d.at - 14.0;
        assert_eq!((r.progression_free.at, r.progression_free.event), (progression, true));
        let x = &d.covariates;
        assert!((x[1] - progression).abs() < 1e-12);
        let slot = population.system().parameter_index("k_grow").unwrap();
        let growth = population.patient(r.patient).unwrap().parameters(0)[slot];
        assert!((x[2] - growth.ln()).abs() < 1e-12);
        let log_odds = (0.6_f64 / 0.4).ln() + 1.5 * (x[0] - 120.0_f64.ln())
            - 0.004 * (x[1] - 150.0)
            + 0.5 * (x[2] - 0.005_f64.ln());
        let share = 1.0 / (1.0 + (-log_odds).exp());
        let u = Draws::new(5, r.patient).uniform("crossover", 0);
        assert_eq!(d.switched, u < share, "{r:?}");
        assert_eq!(r.crossed_at, d.switched.then_some(d.at));
        switched += usize::from(d.switched);
        shares.push(share);
    }
    let (least, most) = shares.iter().fold((1.0_f64, 0.0_f64), |(a, b), s| (a.min(*s), b.max(*s)));
    assert!(switched > 30 && least < 0.3 && most > 0.8, "{switched} {least} {most}");
    // Without coefficients it is the share.
    let plain = spec(vec![crossing(0.6, Vec::new(), 60), treated("Lu", 7400.0, 1)]);
    let idle = spec(vec![
        crossing(0.6, vec![dependence("mass", true, 0.0, 1.0)], 60),
        treated("Lu", 7400.0, 1),
    ]);
    for (a, b) in records(5, &plain).iter().zip(&records(5, &idle)) {
        assert_eq!((a.survival, a.crossed_at), (b.survival, b.crossed_at));
    }
}

/// The treatment crossed over to ends at a progression after the change, where its arm's does, and not before.
#[test]
fn exact_treatment_after_crossover_ends_at_the_next_progression() {
    // Hardly active, so that tumours go on growing.
    let arm = |stop: bool| Arm { stop_at_progression: stop, ..treated("Lu", 400.0, 1) };
    // The change comes just after a time at which curves are kept.
    let late = Crossover { to: "Lu".to_owned(), share: 1.0, delay: 14.0001, depends: Vec::new() };
    let control = Arm { crossover: Some(late), ..Arm::untreated("control", 200) };
    let run = |stop: bool| records(5, &spec(vec![control.clone(), arm(stop)]));
    let (mut crossed, mut fewer) = (0, 0);
    for (with, without) in run(true).iter().zip(&run(false)).filter(|(r, _)| r.arm == 0) {
        assert_eq!(
            (with.crossed_at, with.progression_free),
            (without.crossed_at, without.progression_free)
        );
        let Some(at) = with.crossed_at else {
            assert_eq!(with.survival, without.survival);
            continue;
        };
        crossed += 1;
        // At least the first, and no more than those who go on.
        assert!(with.cycles >= 1 && with.cycles <= without.cycles, "{with:?} {without:?}");
        let possible = (0..6).filter(|k| at + 42.0 * f64::from(*k) < without.survival.at).count();
        assert_eq!(without.cycles, possible);
        // The next scan after the change is 56 or 84 days off at most, and one cycle fits before any of them.
        if with.cycles < without.cycles {
            fewer += 1;
            // Less treatment of the same patient is no longer life, to the integrator's tolerance.
            assert!(with.survival.at <= without.survival.at + 1e-2);
        }
    }
    assert!(crossed > 50 && fewer > 20, "{crossed} {fewer}");
}

/// The sicker cross over, and the sicker die. Without crossover the same patients tell the truth. Censoring at
/// crossover leaves the well in the control arm and hides a part of the effect; weights by what was measured give it
/// back.
#[test]
fn prop_weights_by_decision_come_nearer_to_the_truth_than_censoring() {
    let depends = vec![dependence("mass", true, 2.5, 150.0)];
    let (mut naive, mut weighted, mut two) = (Vec::new(), Vec::new(), Vec::new());
    // The interval is not looked at.
    let quick = TwoStageOptions { samples: 0, ..TwoStageOptions::default() };
    for seed in 1..=3 {
        let control =
            Arm { set: vec![("h0".to_owned(), 0.0006)], ..crossing(0.6, depends.clone(), 400) };
        let lu = Arm { set: control.set.clone(), ..treated("Lu", 1200.0, 400) };
        let mut trial = spec(vec![control, lu]);
        trial.accrual = 0.0;
        let with = records(seed, &trial);
        let switched = Switched::of(&trial, &with).unwrap();
        let ratio = |records: &[Record]| {
            let c = summary::contrast(&trial, records, 1, 0, Endpoint::OverallSurvival).unwrap();
            c.hazard_ratio.ln()
        };
        let mut apart = trial.clone();
        apart.arms[0].crossover = None;
        let truth = ratio(&records(seed, &apart));
        naive.push(ratio(&switched.censored()) - truth);
        let found = switched.weighted().unwrap();
        assert!(found.switch_model[1].1 > 1.0, "{:?}", found.switch_model);
        weighted.push(found.arm.value - truth);
        two.push(switched.two_stages(quick).unwrap().hazard_ratio.ln() - truth);
    }
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    // Treatment works, and censoring hides it.
    assert!(mean(&naive) > 0.1, "{naive:?}");
    // Patients are the same in truth and estimate, so that what is left is the noise of the weights: with an
    // effective size of some 200 controls a standard error near 0.1 per seed, 0.05 of the mean.
    assert!(mean(&weighted).abs() < 0.5 * mean(&naive), "{weighted:?}");
    let misses = |x: &[f64]| x.iter().map(|x| x.abs()).sum::<f64>();
    assert!(misses(&weighted) < misses(&naive), "{weighted:?} {naive:?}");
    assert!(misses(&two) < misses(&naive), "{two:?} {naive:?}");
}

/// A population weighted to published margins has them, and its patients keep their numbers.
#[test]
fn exact_a_weighted_population_has_the_published_margins() {
    let (model, system) = model(POPULATION);
    let spec = CohortSpec {
        seed: 3,
        covariates: vec![
            ("weight".to_owned(), lutetia_trial::CovariateLaw::Normal { mean: 80e3, sd: 15e3 }),
            ("GFR".to_owned(), lutetia_trial::CovariateLaw::Uniform { lower: 2.0, upper: 10.0 }),
            ("ecog".to_owned(), lutetia_trial::CovariateLaw::Levels(vec![0.4, 0.4, 0.2])),
        ],
        ..CohortSpec::default()
    };
    let population = Population::new(&model, &system, &spec).unwrap();
    // Masses are in grams within.
    let slot = |name: &str| system.parameter_index(name).unwrap();
    let pool = population.cohort(0, 600).unwrap().patients;
    let of = |value: &dyn Fn(&[f64]) -> f64| -> Vec<f64> {
        pool.iter().map(|p| value(p.parameters(0))).collect()
    };
    let (weight, ecog) = (slot("weight"), slot("ecog"));
    let margins = [
        Margin { name: "weight".to_owned(), target: 74e3, values: of(&|p| p[weight]) },
        Margin {
            name: "ecog 2".to_owned(),
            target: 0.08,
            values: of(&|p| f64::from(p[ecog] > 1.5)),
        },
    ];
    let found = weights(pool.len(), &margins).unwrap();
    let weighted = population.clone().weighted(&found.weights).unwrap();
    let n = 3000;
    let drawn = weighted.cohort(0, n).unwrap().patients;
    let mean = |value: &dyn Fn(&[f64]) -> f64| {
        drawn.iter().map(|p| value(p.parameters(0))).sum::<f64>() / n as f64
    };
    // Four standard errors: of a mean of sd 15, and of a share of 8 %.
    let root = (n as f64).sqrt();
    assert!((mean(&|p| p[weight]) - 74e3).abs() < 4.0 * 15e3 / root);
    assert!((mean(&|p| f64::from(p[ecog] > 1.5)) - 0.08).abs() < 4.0 * 0.2713 / root);
    let unweighted: f64 = pool.iter().map(|p| p.parameters(0)[weight]).sum::<f64>() / 600.0;
    assert!((unweighted - 74e3).abs() > 4e3, "the test has no power: {unweighted}");
    // A number is a patient, whoever asks; two patients with the same parameters have fates of their own.
    assert_eq!(weighted.patient(17).unwrap(), drawn[17]);
    assert_eq!(drawn[17].number, 17);
    let twin = (0..n)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .find(|(a, b)| drawn[*a].occasions == drawn[*b].occasions)
        .unwrap();
    let fate = |k: usize| drawn[k].draws.uniform("death", 0);
    assert!(fate(twin.0).to_bits() != fate(twin.1).to_bits());
    // Weights that are none.
    let refused = message(population.clone().weighted(&[0.5, 0.4]));
    assert_eq!(
        refused,
        "the sum of the weights is 0.9; expected weights of zero or more that sum to one"
    );
    assert!(population.weighted(&[1.5, -0.5]).is_err());
}
