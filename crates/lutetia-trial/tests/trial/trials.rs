//! Arms, events, and what must never happen.

use lutetia_outcome::survival::{Interval, IntervalData, KaplanMeier, SurvivalData, Turnbull};
use lutetia_scenario::{Occasion, Treatment};
use lutetia_sim::{Dose, Options, Simulator};
use lutetia_trial::{
    Arm, CohortSpec, Crossing, Crossover, Dependence, Meaning, Observed, Population, Record,
    Toxicity, Trial, TrialSpec, Visits, crossing, scans,
};

use crate::build::{CHAIN, message, model};

pub fn chain() -> (Simulator, Population) {
    let (model, system) = model(CHAIN);
    let spec = CohortSpec { seed: 5, occasions: 6, ..CohortSpec::default() };
    let population = Population::new(&model, &system, &spec).unwrap();
    (Simulator::new(system), population)
}

/// Six cycles six weeks apart.
pub fn treated(name: &str, mbq: f64, patients: usize) -> Arm {
    let occasions = (0..6)
        .map(|k| {
            let at = f64::from(k) * 42.0;
            let dose = Dose {
                at,
                into: "L.blood".to_owned(),
                activities: vec![("Lu-177".to_owned(), mbq)],
                amount: Some(60.0),
                ..Dose::default()
            };
            let doses = if mbq > 0.0 { vec![dose] } else { Vec::new() };
            Occasion { number: k + 1, start: at, doses }
        })
        .collect();
    let treatment = Treatment { occasions, beside: Vec::new() };
    Arm { treatment, ..Arm::untreated(name, patients) }
}

pub fn spec(arms: Vec<Arm>) -> TrialSpec {
    TrialSpec {
        arms,
        meaning: Meaning {
            death: Some("cumulative_hazard".to_owned()),
            new_lesion: Some("new_lesion".to_owned()),
            volume: Some("mass".to_owned()),
            marker: Some("mass".to_owned()),
            marker_visits: None,
            toxicities: vec![Toxicity {
                name: "thrombocytopenia".to_owned(),
                output: "platelets".to_owned(),
                limits: vec![0.6, 0.3, 0.2, 0.1],
            }],
            keep: vec!["mass".to_owned()],
        },
        follow_up: 900.0,
        accrual: 200.0,
        step: 7.0,
        visits: Visits::every(56.0, 168.0, 84.0, 900.0, 80.0),
        toxicity_window: 60.0,
        options: Options::default(),
    }
}

fn records(spec: TrialSpec) -> Vec<Record> {
    let (simulator, population) = chain();
    let (records, failed) = Trial::new(&simulator, &population, spec).unwrap().run();
    assert!(failed.is_empty(), "{failed:?}");
    records
}

#[test]
fn exact_no_activity_is_no_treatment() {
    let both = records(spec(vec![Arm::untreated("a", 60), treated("b", 0.0, 60)]));
    for (a, b) in both[..60].iter().zip(&both[60..]) {
        let b = Record { arm: a.arm, cycles: a.cycles, ..b.clone() };
        // Occasions begin at cycles, so the integrator stops there. Its error of 1e-6 of a cumulative
        // hazard near 1, ten times over the whole course, moves an event by 1e-5 over a hazard of 1e-3/d.
        assert_eq!(
            (a.survival.event, a.progression_free.event),
            (b.survival.event, b.progression_free.event)
        );
        assert!((a.survival.at - b.survival.at).abs() < 1e-2);
        assert!((a.progression_free.at - b.progression_free.at).abs() < 1e-2);
    }
    // Without cycles there is nothing to stop at: not a bit differs.
    let mut none = treated("b", 0.0, 60);
    none.treatment = Treatment::default();
    let both = records(spec(vec![Arm::untreated("a", 60), none]));
    for (a, b) in both[..60].iter().zip(&both[60..]) {
        assert_eq!(*a, Record { arm: 0, ..b.clone() });
    }
}

/// With progression alone and everybody scanned on the same days, nothing is lost by the scans: Turnbull's curve
/// falls at the scans by what Kaplan and Meier's does, between the scan before and the scan itself.
#[test]
fn exact_turnbull_on_a_common_grid_is_kaplan_meier_at_the_scans() {
    let mut only = spec(vec![Arm { drop_out_rate: 0.002, ..treated("a", 7400.0, 300) }]);
    only.meaning.death = None;
    let records = records(only);
    let (left, right) = records.iter().map(|r: &Record| r.progression_free.interval()).unzip();
    let data = IntervalData::new(left, right).unwrap();
    let curve = Turnbull::fit(&data, Interval::Log, 0.95).unwrap();
    let (time, event) =
        records.iter().map(|r| (r.progression_free.at, r.progression_free.event)).unzip();
    let km = SurvivalData::new(time, event).unwrap();
    let km = KaplanMeier::fit(&km, Interval::Log, 0.95).unwrap();
    let falls: Vec<_> = curve.falls.iter().filter(|f| f.to.is_finite()).collect();
    assert!(falls.len() > 4 && records.iter().any(|r| !r.progression_free.event));
    let scans = Visits::every(56.0, 168.0, 84.0, 900.0, 80.0).times;
    for fall in falls {
        let scan = scans.iter().position(|t| (t - fall.to).abs() < 1e-9).unwrap();
        let before = if scan == 0 { 0.0 } else { scans[scan - 1] };
        assert!((fall.from - before).abs() < 1e-9);
        // Newton steps end at rounding.
        assert!((fall.survival - km.survival_at(fall.to).unwrap()).abs() < 1e-10);
    }
}

/// A death is a day, progression lies between scans, and who is neither dead nor progressing is censored at the
/// last scan.
#[test]
fn exact_intervals_of_progression_free_survival() {
    let visits = Visits::every(56.0, 168.0, 84.0, 900.0, 80.0).times;
    let mut kinds = [0; 3];
    let arm = Arm { drop_out_rate: 0.002, ..treated("a", 3700.0, 200) };
    for r in records(spec(vec![arm])) {
        let (left, right) = r.progression_free.interval();
        let at = r.progression_free.at;
        if !r.progression_free.event {
            kinds[0] += 1;
            assert!((left - at).abs() < 1e-12 && right.is_infinite());
        } else if visits.iter().any(|t| (t - at).abs() < 1e-9) {
            kinds[1] += 1;
            assert!(left < right && (right - at).abs() < 1e-12);
            assert!(!visits.iter().any(|t| *t > left + 1e-9 && *t < right - 1e-9));
        } else {
            kinds[2] += 1;
            assert!((left - at).abs() < 1e-12 && (right - at).abs() < 1e-12 && r.survival.event);
        }
    }
    assert!(kinds.iter().all(|k| *k > 0), "{kinds:?}");
}

#[test]
fn prop_more_activity_never_shortens_a_life() {
    let activities = [0.0, 1850.0, 3700.0, 7400.0, 14_800.0];
    let arms = activities.iter().map(|a| treated(&format!("{a}"), *a, 50)).collect();
    let all = records(spec(arms));
    for k in 0..50 {
        for dose in 1..activities.len() {
            let (less, more) = (&all[(dose - 1) * 50 + k], &all[dose * 50 + k]);
            assert_eq!(less.patient, more.patient);
            // 1e-2 d: the integrator's tolerance, as above.
            assert!(more.survival.at >= less.survival.at - 1e-2, "{less:?} {more:?}");
            assert!(more.grades[0] >= less.grades[0]);
            if let (Some(more), Some(less)) = (more.best_size, less.best_size) {
                assert!(more <= less + 1e-6);
            }
        }
    }
    let deaths =
        |dose: usize| all[dose * 50..(dose + 1) * 50].iter().filter(|r| r.survival.event).count();
    assert!(deaths(4) < deaths(0), "the test has no power");
}

#[test]
fn prop_the_same_records_on_one_thread_and_two_and_in_any_cohort() {
    let run = |threads: usize, patients: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| records(spec(vec![treated("a", 7400.0, patients)])))
    };
    let one = run(1, 40);
    assert_eq!(one, run(2, 40));
    assert_eq!(one[..10], run(2, 10)[..]);
}

#[test]
fn exact_an_exponential_hazard_gives_the_exponential_curve() {
    // link 0 makes the hazard constant: S(t) = exp(−h0·t). With 2000 patients the standard error of a
    // survival is at most 0.011; the bound is four of them.
    let mut arm = Arm::untreated("a", 2000);
    arm.set = vec![("link".to_owned(), 0.0), ("h0".to_owned(), 0.004)];
    let mut spec = spec(vec![arm]);
    spec.accrual = 0.0;
    let all = records(spec);
    for t in [50.0, 200.0, 500.0, 800.0_f64] {
        let alive = all.iter().filter(|r| r.survival.at > t).count() as f64 / 2000.0;
        assert!((alive - (-0.004 * t).exp()).abs() < 0.045, "{t}: {alive}");
    }
    // Patient by patient: T = −ln U / h0, to the integrator's tolerance.
    for r in all.iter().filter(|r| r.survival.event).take(200) {
        let u = lutetia_trial::Draws::new(5, r.patient).uniform("death", 0);
        assert!((r.survival.at + u.ln() / 0.004).abs() < 2e-3, "{r:?}");
    }
}

#[test]
fn exact_censoring_is_entry_loss_and_the_end_of_follow_up() {
    let mut arm = Arm::untreated("a", 400);
    arm.set =
        vec![("h0".to_owned(), 0.0), ("h_lesion".to_owned(), 0.0), ("k_grow".to_owned(), 0.0)];
    let plain = records(spec(vec![arm.clone()]));
    for r in &plain {
        let entry = 200.0 * lutetia_trial::Draws::new(5, r.patient).uniform("entry", 0);
        assert_eq!(r.survival, Observed::censored(900.0 - entry));
        // The last scan before the end.
        assert!(!r.progression_free.event && r.progression_free.at <= r.survival.at);
        assert!(r.survival.at - r.progression_free.at < 84.0);
    }
    arm.drop_out_at_start = 0.3;
    arm.lost_rate = 0.002;
    let lossy = records(spec(vec![arm]));
    let at_start = lossy.iter().filter(|r| r.progression_free.at <= 0.0).count() as f64 / 400.0;
    // Standard error 0.023.
    assert!((at_start - 0.3).abs() < 0.092, "{at_start}");
    let lost =
        lossy.iter().zip(&plain).filter(|(a, b)| a.survival.at < b.survival.at).count() as f64;
    // E over entry of 1 − exp(−0.002·(900 − entry)) = 0.799; standard error 0.020.
    assert!((lost / 400.0 - 0.799).abs() < 0.08, "{lost}");
}

#[test]
fn exact_crossing_over_changes_nothing_before_it() {
    let mut control = Arm::untreated("control", 150);
    control.crossover =
        Some(Crossover { to: "Lu".to_owned(), share: 0.6, delay: 14.0, depends: Vec::new() });
    let crossed = records(spec(vec![control.clone(), treated("Lu", 7400.0, 150)]));
    control.crossover = None;
    let plain = records(spec(vec![control, treated("Lu", 7400.0, 150)]));
    let mut switched = 0.0;
    let mut progressed = 0.0;
    for (with, without) in crossed[..150].iter().zip(&plain) {
        assert_eq!(with.progression_free, without.progression_free);
        progressed += f64::from(u8::from(without.progression_free.event));
        match with.crossed_at {
            None => assert_eq!(with.survival, without.survival),
            Some(at) => {
                switched += 1.0;
                assert!((at - with.progression_free.at - 14.0).abs() < 1e-9);
                assert!(with.survival.at >= without.survival.at - 1e-2 && with.survival.at > at);
                assert!(with.cycles > 0);
            }
        }
    }
    // Not everybody who progresses lives until the switch, so somewhat below 60 %.
    assert!(switched / progressed > 0.4 && switched / progressed < 0.65, "{switched} {progressed}");
    assert_eq!(crossed[150..], plain[150..]);
}

#[test]
fn exact_treatment_ends_at_progression() {
    let mut arm = treated("a", 1000.0, 120);
    arm.stop_at_progression = true;
    // And arms that give from the beginning one cycle, two, …: whoever stops is treated as in one of them.
    let mut arms = vec![arm];
    for count in 1..=6 {
        let mut fixed = treated(&format!("{count}"), 1000.0, 120);
        fixed.treatment.occasions.truncate(count);
        arms.push(fixed);
    }
    let all = records(spec(arms));
    let mut stopped = 0;
    for r in &all[..120] {
        let (end, progressed) = (r.progression_free.at, r.progression_free.event);
        if progressed {
            let begun = (0..6).filter(|k| f64::from(*k) * 42.0 < end.min(r.survival.at)).count();
            assert_eq!(r.cycles, begun);
            stopped += usize::from(begun < 6);
            let patient = usize::try_from(r.patient).unwrap();
            let same = &all[120 * begun + patient];
            assert_eq!(same.patient, r.patient);
            // The integrator's tolerance, as above.
            assert!((same.survival.at - r.survival.at).abs() < 1e-2, "{r:?} {same:?}");
            assert!((same.kept[0] / r.kept[0] - 1.0).abs() < 1e-4, "{r:?} {same:?}");
        }
    }
    assert!(stopped > 60, "{stopped}");
}

#[test]
fn exact_where_a_cumulative_hazard_reaches_its_level() {
    let times = [0.0, 1.0, 2.0, 3.0];
    assert_eq!(crossing(&times, &[0.0, 1.0, 3.0, 3.0], 2.0), Crossing::At(1.5));
    assert_eq!(crossing(&times, &[0.0, 1.0, 3.0, 3.0], 3.5), Crossing::Never);
    assert_eq!(crossing(&times, &[0.0, 1.0, 0.5, 3.0], 2.0), Crossing::Falls { time: 2.0 });
    // Small falls that add up are one.
    let creeping: Vec<f64> = (0..40).map(|k| 1.0 - 1e-7 * f64::from(k)).collect();
    let steps: Vec<f64> = (0..40).map(f64::from).collect();
    assert!(matches!(crossing(&steps, &creeping, 2.0), Crossing::Falls { .. }));
    assert_eq!(crossing(&steps[..5], &creeping[..5], 2.0), Crossing::Never);
    assert_eq!(crossing(&times, &[0.5, 1.0, 1.5, 3.0], 0.2), Crossing::At(0.0));
}

#[test]
fn exact_progression_is_a_fifth_and_five_millimetres_over_the_nadir() {
    let visits = Visits { times: vec![10.0, 20.0, 30.0], baseline_mm: 100.0, jitter: 0.0 };
    let times = [0.0, 10.0, 20.0, 30.0];
    let cubes = |d: [f64; 4]| d.map(|d: f64| d.powi(3));
    let see = |visits: &Visits, volume: Option<[f64; 4]>, lesion: Option<f64>, until: f64| {
        scans(visits, &times, volume.as_ref().map(|v| &v[..]), lesion, until).unwrap()
    };
    let at = |d: [f64; 4]| see(&visits, Some(cubes(d)), None, 100.0).progression;
    assert_eq!(at([1.0, 1.19, 1.19, 1.19]), None);
    assert_eq!(at([1.0, 1.0, 1.21, 1.0]), Some(20.0));
    assert_eq!(at([1.0, 0.5, 0.59, 0.61]), Some(30.0));
    // A fifth, but less than 5 mm.
    let small = Visits { baseline_mm: 20.0, ..visits.clone() };
    assert_eq!(see(&small, Some(cubes([1.0, 1.21, 1.21, 1.21])), None, 100.0).progression, None);
    // A new lesion is seen at the next scan, the hidden volume apart; not after the last one.
    let lesion = |at: f64, until: f64| see(&visits, None, Some(at), until).progression;
    assert_eq!(lesion(10.5, 100.0), Some(20.0));
    assert_eq!(lesion(10.0, 100.0), Some(10.0));
    assert_eq!(lesion(31.0, 100.0), None);
    assert_eq!(lesion(10.5, 19.0), None);
    let seen = see(&visits, Some(cubes([1.0, 0.9, 0.6, 0.8])), None, 100.0);
    assert!((seen.best_change.unwrap() + 0.4).abs() < 1e-12);
    // VISION: every 8 weeks until week 24, then every 12.
    let grid = Visits::every(8.0, 24.0, 12.0, 60.0, 50.0);
    assert_eq!(grid.times, [8.0, 16.0, 24.0, 36.0, 48.0, 60.0]);
}

#[test]
fn exact_who_cannot_be_simulated_is_named() {
    // A hazard that overflows: exp of a mass in thousands of grams.
    let overflowing = CHAIN.replace("h0*(M/M0)^link", "h0*exp(100*k_grow/h_lesion*link*M/M0)");
    let (model, system) = model(&overflowing);
    let population = Population::new(&model, &system, &CohortSpec::default()).unwrap();
    let simulator = Simulator::new(system);
    let trial = Trial::new(&simulator, &population, spec(vec![Arm::untreated("a", 30)])).unwrap();
    let (records, failed) = trial.run();
    assert_eq!(records.len() + failed.len(), 30);
    assert!(!failed.is_empty());
    for who in &failed {
        assert!(
            who.reason.to_string().contains("integration stopped")
                || who.reason.to_string().contains("finite"),
            "{who:?}"
        );
    }
    // A hazard below zero is not a hazard.
    let negative = CHAIN.replace("h0*(M/M0)^link", "(0 - h0)*(M/M0)^link");
    let (model, system) = crate::build::model(&negative);
    let population = Population::new(&model, &system, &CohortSpec::default()).unwrap();
    let simulator = Simulator::new(system);
    let trial = Trial::new(&simulator, &population, spec(vec![Arm::untreated("a", 3)])).unwrap();
    let (records, failed) = trial.run();
    assert!(records.is_empty());
    assert!(failed[0].reason.to_string().contains("smaller than before"), "{}", failed[0].reason);
}

fn depends(on: &str, reference: f64) -> Crossover {
    let dependence = Dependence { on: on.to_owned(), log: true, coefficient: 1.0, reference };
    Crossover { to: "Lu".to_owned(), share: 0.5, delay: 14.0, depends: vec![dependence] }
}

#[test]
fn regress_messages_about_trials() {
    let (simulator, population) = chain();
    let refused = |change: &dyn Fn(&mut TrialSpec)| {
        let mut s = spec(vec![Arm::untreated("control", 10), treated("Lu", 7400.0, 10)]);
        change(&mut s);
        message(Trial::new(&simulator, &population, s))
    };
    let found = [
        refused(&|s| s.arms[0].patients = 0),
        refused(&|s| s.arms.clear()),
        refused(&|s| s.meaning.death = Some("hazard".to_owned())),
        // A partner without kinetics: nowhere to give it.
        refused(&|s| s.arms[1].treatment.occasions[0].doses[0].into = "olaparib.gut".to_owned()),
        refused(&|s| s.arms[1].treatment.occasions[0].doses[0].activities[0].0 = "Y-90".to_owned()),
        refused(&|s| s.arms[1].treatment.occasions[0].doses[0].amount = Some(1.0)),
        refused(&|s| s.arms[1].set = vec![("alhpa".to_owned(), 1.0)]),
        refused(&|s| {
            s.arms[0].crossover = Some(Crossover {
                to: "lu".to_owned(),
                share: 0.5,
                delay: 0.0,
                depends: Vec::new(),
            });
        }),
        refused(&|s| {
            s.arms[0].crossover = Some(Crossover {
                to: "Lu".to_owned(),
                share: 1.5,
                delay: 0.0,
                depends: Vec::new(),
            });
        }),
        refused(&|s| s.arms[0].crossover = Some(depends("masss", 1.0))),
        refused(&|s| s.arms[0].crossover = Some(depends("mass", 0.0))),
        refused(&|s| s.arms[0].lost_rate = f64::NAN),
        refused(&|s| s.follow_up = f64::INFINITY),
        refused(&|s| s.accrual = 1e9),
        refused(&|s| s.step = 1e-9),
        refused(&|s| s.meaning.toxicities[0].limits = vec![0.2, 0.5]),
    ];
    insta::assert_snapshot!(found.join("\n"));
}

/// The last cycle a patient begins lasts until the next was planned, else as long as the one before, else as long as
/// toxicity is watched: also where only one was begun before death.
#[test]
fn exact_a_single_cycle_of_treatment_has_a_length() {
    let mut single = treated("one", 7400.0, 80);
    single.treatment.occasions.truncate(1);
    let planned = treated("planned", 7400.0, 80);
    let gap = planned.treatment.occasions[1].start - planned.treatment.occasions[0].start;
    let spec = spec(vec![planned, single]);
    let window = spec.toxicity_window;
    let (simulator, population) = chain();
    let trial = Trial::new(&simulator, &population, spec).unwrap();
    let (mut early, mut alone) = (0, 0);
    for k in 0..80 {
        for arm in [0, 1] {
            let seen = trial.observe(k, arm).unwrap();
            let (end, progressed) = (seen.record.survival.at, seen.record.progression_free);
            let until = seen.treated_until.unwrap();
            assert!(until > 0.0, "patient {k} was treated for no time at all");
            if arm == 1 {
                alone += 1;
                assert!((until - window.min(end)).abs() < 1e-9, "{until} {end}");
            } else if seen.record.cycles == 1 && !(progressed.event && progressed.at < end) {
                early += 1;
                assert!((until - gap.min(end)).abs() < 1e-9, "{until} {end}");
            }
        }
    }
    assert!(early > 0 && alone == 80, "{early} patients with one of several cycles");
}
