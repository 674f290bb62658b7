//! What a treatment is, whoever is given it: a study's rows, a trial's arm, a single simulation.

use std::collections::BTreeMap;

use lutetia_data::{DoseRow, RowKind};
use lutetia_scenario::{DoseEntry, LoadedModel, Occasion, Scenario, Treatment, Unsaid, model};
use lutetia_sim::{Dose, DoseKind, Inputs, Regimen, Request};
use lutetia_units::{Quantity, Unit};
use proptest::prelude::*;

/// Internal units of their own, so that nothing is right by a factor of one.
const MODEL: &str = r#"
[model]
id = "treated"
title = "A ligand that is cleared and a tumour that takes it up"
units = { time = "d", amount = "pmol", volume = "mL" }
label = { on = ["L"], decayed = "lost" }
[compartments]
plasma = "3 L"
[species]
L = { in = ["plasma"] }
[parameters]
k = "0.2 1/h"
unused = "1 L"
[inputs]
fever = { unit = "1", default = "1", about = "a factor of the clearance" }
[scheme]
processes = '''
out: L.plasma -> 0 @ k*fever
'''
[observables]
A = { of = "activity(L.plasma)", unit = "MBq" }
"#;

fn loaded() -> LoadedModel {
    let nuclides = ["Lu-177".to_owned(), "Y-90".to_owned()];
    model("treated.toml", &nuclides, &mut |_| Ok(MODEL.to_owned())).expect("a model")
}

fn row(cycle: u16, time_h: f64, activity_mbq: f64) -> DoseRow {
    DoseRow {
        subject: "P1".to_owned(),
        cycle,
        time_h,
        nuclide: "Lu-177".to_owned(),
        activity_mbq,
        amount_nmol: None,
        duration_h: None,
        kind: RowKind::Add,
        every_h: None,
        into: None,
        note: None,
        line: 2,
    }
}

const UNSAID: Unsaid<'_> =
    Unsaid { into: "L.plasma", amount: Some("100 nmol"), over: Some("30 min") };

fn bolus(at: f64, mbq: f64) -> Dose {
    Dose {
        at,
        into: "L.plasma".to_owned(),
        activities: vec![("Lu-177".to_owned(), mbq)],
        amount: None,
        ..Dose::default()
    }
}

#[test]
fn exact_cycles_of_a_study_are_occasions() {
    let model = loaded();
    // The second syringe of cycle 1 belongs to it; cycle 3 is the second that was given.
    let rows = [row(1, 2.0, 3700.0), row(3, 1346.0, 7400.0), row(1, 26.0, 3700.0)];
    let treatment =
        Treatment::of_rows(&rows.iter().collect::<Vec<_>>(), UNSAID, &model).expect("a treatment");
    let found: Vec<(u32, usize)> =
        treatment.occasions.iter().map(|o| (o.number, o.doses.len())).collect();
    assert_eq!(found, [(1, 2), (2, 1)]);
    assert!((treatment.occasions[1].start - 56.0).abs() < 1e-12);
    assert!(treatment.beside.is_empty());
    let given = treatment.doses();
    assert_eq!(given.len(), 3);
    // h in d: one rounding.
    assert!(given.iter().zip([0.0, 1.0, 56.0]).all(|(d, at)| (d.at - at).abs() < 1e-12));
    // 100 nmol in pmol, 30 min in d.
    assert!(given.iter().all(|d| d.amount.is_some_and(|n| (n / 1e5 - 1.0).abs() < 1e-12)));
    assert!(given.iter().all(|d| (d.over.unwrap_or(0.0) * 48.0 - 1.0).abs() < 1e-12));
}

#[test]
fn exact_what_a_study_says_of_a_nuclide_its_model_must_carry() {
    let model = loaded();
    let rows = [DoseRow { nuclide: "Ac-225".to_owned(), ..row(1, 0.0, 8.0) }];
    let refused = Treatment::of_rows(&rows.iter().collect::<Vec<_>>(), UNSAID, &model);
    let message = refused.expect_err("a nuclide that the pool does not carry").to_string();
    assert!(message.contains("Ac-225") && message.contains("Lu-177, Y-90"), "{message}");
}

#[test]
fn exact_nothing_given_is_no_occasion() {
    assert_eq!(Treatment::on_one_occasion(Vec::new()), Treatment::default());
    assert!(Treatment::default().moments(loaded().clock()).is_empty());
}

/// A scenario runs as the simulator does with the same parts, and names what is without effect.
#[test]
fn exact_a_scenario_is_its_parts() {
    let model = loaded();
    let set = BTreeMap::from([("k".to_owned(), "0.4 1/h".to_owned())]);
    let doses = vec![bolus(3.0, 400.0), bolus(0.0, 7400.0)];
    let times: Vec<f64> = (0..20).map(|k| 0.5 * f64::from(k)).collect();
    let scenario =
        model.scenario(&set, Treatment::on_one_occasion(doses.clone())).expect("a scenario");
    let parameters = model.parameters(&set).expect("parameters");
    let regimen = Regimen { doses };
    let run = |request: &Request<'_>| model.simulator.run(request).expect("a run").outputs;
    let expected = run(&Request::new(&parameters, &regimen, &times));
    assert_eq!(run(&scenario.request(&times)), expected);
    let inputs = Inputs {
        curves: vec![lutetia_sim::Curve {
            input: "fever".to_owned(),
            points: vec![(0.0, 1.0), (2.0, 3.0)],
        }],
    };
    let driven = scenario.clone().with_inputs(inputs.clone());
    let expected = run(&Request::new(&parameters, &regimen, &times).inputs(&inputs));
    assert_eq!(run(&driven.request(&times)), expected);
    assert_ne!(run(&scenario.request(&times)), expected);

    let remarks = scenario.remarks(&["unused", "k"], 2.0);
    assert_eq!(remarks.len(), 3, "{remarks:?}");
    for (remark, about) in remarks.iter().zip(["after the end", "`fever`", "`unused`"]) {
        assert!(remark.contains(about), "{remark}");
    }
    assert!(driven.remarks(&["k"], f64::INFINITY).is_empty());
    let nothing = Scenario::new(model.simulator.clone(), parameters.clone(), Treatment::default());
    assert!(nothing.remarks(&[], 1.0)[0].contains("no dose"));
}

/// Days on which something may be given, so that things fall together.
fn day() -> impl Strategy<Value = f64> {
    prop_oneof![(0..12_u8).prop_map(|k| 7.0 * f64::from(k)), 0.0..80.0]
}

/// Occasions one after the other, each with further parts within a week, and doses beside them.
fn treatment() -> impl Strategy<Value = Treatment> {
    let occasions = prop::collection::vec(
        (7.5..60.0_f64, prop::collection::vec(0.0..7.0_f64, 0..3), any::<bool>()),
        0..5,
    );
    (occasions, prop::collection::vec(day(), 0..8)).prop_map(|(occasions, beside)| {
        let mut start = 0.0;
        let occasions = (1..)
            .zip(occasions)
            .map(|(number, (gap, mut parts, empty))| {
                parts.push(0.0);
                parts.sort_by(f64::total_cmp);
                let at = start;
                start += gap;
                let mut doses: Vec<Dose> =
                    parts.iter().map(|part| bolus(at + part, f64::from(number))).collect();
                if empty {
                    doses.clear();
                }
                Occasion { number, start: at, doses }
            })
            .collect();
        let mut beside: Vec<Dose> = beside
            .into_iter()
            .map(|at| Dose { activities: Vec::new(), ..bolus(at, 0.0) })
            .collect();
        beside.sort_by(|a, b| a.at.total_cmp(&b.at));
        Treatment { occasions, beside }
    })
}

proptest! {
    /// Each dose is given once, at its time; each occasion begins once, at its start; partners begin none.
    #[test]
    fn prop_moments_are_the_treatment_in_order_of_time(treatment in treatment()) {
        let clock = loaded().clock();
        let moments = treatment.moments(clock);
        let given: Vec<Dose> = moments.iter().flat_map(|m| m.doses.clone()).collect();
        prop_assert_eq!(given, treatment.doses());
        prop_assert!(moments.windows(2).all(|w| w[0].at < w[1].at && !clock.same(w[0].at, w[1].at)));
        for moment in &moments {
            prop_assert!(moment.doses.iter().all(|d| clock.same(d.at, moment.at)));
        }
        let begun: Vec<f64> = moments.iter().filter(|m| m.begins).map(|m| m.at).collect();
        prop_assert_eq!(begun.len(), treatment.occasions.len());
        for (at, occasion) in begun.iter().zip(&treatment.occasions) {
            prop_assert!(clock.same(*at, occasion.start));
        }
        // The same doses, whatever their order.
        let mut regimen = treatment.regimen().doses;
        regimen.sort_by(|a, b| a.at.total_cmp(&b.at));
        prop_assert_eq!(regimen.len(), treatment.doses().len());
        prop_assert!(regimen.iter().zip(treatment.doses()).all(|(a, b)| a.at.to_bits() == b.at.to_bits()));
    }

    /// A row of a study and the table that says the same are one dose, to the last bit, and no digit of the study is
    /// lost on the way through text.
    #[test]
    fn prop_a_row_of_a_study_is_a_dose(
        start in 0.0..5000.0_f64,
        later in 0.0..2000.0_f64,
        mbq in prop_oneof![1e-6..1e-3_f64, 1.0..2e4_f64],
        nmol in prop::option::of(1e-4..1e6_f64),
        hours in prop::option::of(0.0..48.0_f64),
        (kind, every) in (prop::sample::select(RowKind::ALL.to_vec()), 0.1..100.0_f64),
    ) {
        let model = loaded();
        let row = DoseRow {
            amount_nmol: nmol,
            duration_h: hours,
            kind,
            every_h: kind.is_steady().then_some(every),
            ..row(1, start + later, mbq)
        };
        let entry = DoseEntry::of_row(&row, start, UNSAID);
        let found = entry.dose(model.simulator.system()).expect("a dose");
        let internal = |x: f64, unit: &str| {
            model.model.units.to_internal(&Quantity::new(x, Unit::parse(unit).expect("a unit")))
        };
        prop_assert_eq!(found, Dose {
            at: internal(row.time_h - start, "h"),
            into: "L.plasma".to_owned(),
            activities: vec![("Lu-177".to_owned(), internal(mbq, "MBq"))],
            amount: Some(internal(nmol.unwrap_or(100.0), "nmol")),
            over: Some(hours.map_or_else(|| internal(30.0, "min"), |h| internal(h, "h"))),
            kind: match kind {
                RowKind::Add => DoseKind::Adds,
                RowKind::Steady => DoseKind::Steady { every: internal(every, "h") },
                RowKind::AddSteady => DoseKind::AddsSteady { every: internal(every, "h") },
                RowKind::Reset => DoseKind::Resets,
            },
        });
    }
}
