//! What an arm gives is what anybody else is given who has its treatment.

use lutetia_scenario::{Occasion, Treatment};
use lutetia_sim::{Change, Dose, Regimen, Request};
use lutetia_trial::{Arm, Crossover, Trial};
use proptest::prelude::*;

use crate::trials::{chain, spec};

fn bolus(at: f64, mbq: f64) -> Dose {
    let activities = if mbq > 0.0 { vec![("Lu-177".to_owned(), mbq)] } else { Vec::new() };
    Dose { at, into: "L.blood".to_owned(), activities, amount: Some(60.0), ..Dose::default() }
}

/// Up to five occasions of one or two parts, and cold doses beside them, some at the same moment (internal time is d).
fn treatment() -> impl Strategy<Value = Treatment> {
    let day = prop_oneof![(0..10_u8).prop_map(|k| 21.0 * f64::from(k)), 0.0..250.0];
    let occasion = (21.0..63.0_f64, prop::option::of(1.0..20.0_f64), 1000.0..9000.0_f64);
    (prop::collection::vec(occasion, 1..5), prop::collection::vec(day, 0..6)).prop_map(
        |(occasions, mut beside)| {
            let mut start = 0.0;
            let occasions = (1..)
                .zip(occasions)
                .map(|(number, (gap, part, mbq))| {
                    let at = start;
                    start += gap;
                    let further = part.map(|later| bolus(at + later, mbq));
                    let doses = std::iter::once(bolus(at, mbq)).chain(further).collect();
                    Occasion { number, start: at, doses }
                })
                .collect();
            beside.sort_by(f64::total_cmp);
            let beside = beside.into_iter().map(|at| bolus(at, 0.0)).collect();
            Treatment { occasions, beside }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// A patient in an arm is the simulation of the arm's treatment with the patient's parameters on each occasion: the
    /// same integration, so the same bits. What is given beside the occasions changes no parameter.
    #[test]
    fn prop_an_arm_is_simulated_as_its_treatment(treatment in treatment(), number in 0_u64..50) {
        let (simulator, population) = chain();
        let arm = Arm { treatment: treatment.clone(), ..Arm::untreated("a", 1) };
        let spec = spec(vec![arm]);
        let (step, follow_up, window) = (spec.step, spec.follow_up, spec.toxicity_window);
        let trial = Trial::new(&simulator, &population, spec).expect("a trial");
        let patient = population.patient(number).expect("a patient");
        let found = trial.expected(&patient, 0, follow_up).expect("simulated");

        let mut times: Vec<f64> =
            (0..=128).map(|k| (f64::from(k) * step).min(follow_up)).collect();
        times.push(follow_up);
        let changes: Vec<Change> = treatment
            .occasions
            .iter()
            .enumerate()
            .skip(1)
            .map(|(k, o)| Change { from: o.start, parameters: patient.parameters(k).to_vec() })
            .collect();
        let regimen = Regimen { doses: treatment.doses() };
        let parameters = patient.parameters(0).to_vec();
        let request = Request::new(&parameters, &regimen, &times).changes(&changes);
        let run = simulator.run(&request.until(follow_up)).expect("runs");
        let last_dose = treatment.doses().iter().map(|d| d.at).fold(0.0, f64::max);
        let at_end = times.partition_point(|t| *t <= last_dose + window) - 1;
        let mass = simulator.output("mass").expect("an output");
        prop_assert_eq!(found.kept[0].to_bits(), run.outputs.get(at_end, mass).expect("a row").to_bits());
    }
}

/// Who changes to an arm gets all of its treatment from that day on, also what is given beside its occasions, and
/// counts its occasions after those already begun.
#[test]
fn exact_a_changed_treatment_is_that_of_the_other_arm() {
    let start = |k: u32| f64::from(k) * 42.0;
    let occasions = (0..3).map(|k| Occasion {
        number: k + 1,
        start: start(k),
        doses: vec![bolus(start(k), 7400.0)],
    });
    let beside: Vec<Dose> = (0..12).map(|k| bolus(10.5 * f64::from(k), 0.0)).collect();
    let later = Treatment { occasions: occasions.collect(), beside };
    let first = Treatment::on_one_occasion(vec![bolus(0.0, 370.0)]);
    let mut control = Arm { treatment: first, ..Arm::untreated("control", 60) };
    control.crossover =
        Some(Crossover { to: "later".to_owned(), share: 1.0, delay: 3.25, depends: Vec::new() });
    let arm = Arm { treatment: later, ..Arm::untreated("later", 1) };
    let (simulator, population) = chain();
    let spec = spec(vec![control, arm]);
    let window = spec.toxicity_window;
    let trial = Trial::new(&simulator, &population, spec).expect("a trial");
    let mut changed = 0;
    for number in 0..60 {
        let seen = trial.observe(number, 0).expect("observed");
        let Some(at) = seen.record.crossed_at else {
            assert_eq!(seen.record.cycles, 1);
            continue;
        };
        changed += 1;
        let end = seen.record.survival.at;
        let begun = 1 + (0..3).filter(|k| at + start(*k) < end).count();
        assert_eq!(seen.record.cycles, begun, "{:?}", seen.record);
        // The last dose is one beside the occasions, 115.5 d after the change.
        let given = (0..12).map(|k| at + 10.5 * f64::from(k)).filter(|day| *day < end);
        let watched = (given.fold(0.0, f64::max) + window).min(end);
        assert!((seen.watched_until - watched).abs() < 1e-9, "{} {watched}", seen.watched_until);
    }
    assert!(changed > 20, "{changed}");
}
