//! Counted days against the estimators that hold every patient.

use lutetia_outcome::survival::{Cox, Groups, Interval, KaplanMeier, SurvivalData};
use lutetia_trial::{
    Draws,
    tally::{Tally, hazard_ratio},
};

/// Whole days with many ties, two arms.
fn sample(arm: u64, mean: f64) -> (Vec<f64>, Vec<bool>) {
    (0..300)
        .map(|i| {
            let d = Draws::new(arm, i);
            let death = -d.uniform("death", 0).ln() * mean;
            let lost = 60.0 * d.uniform("lost", 0) + 5.0;
            (death.min(lost).floor(), death <= lost)
        })
        .unzip()
}

fn tally(times: &[f64], events: &[bool]) -> Tally {
    let mut tally = Tally::default();
    for (t, e) in times.iter().zip(events) {
        tally.add(*t, *e);
    }
    tally
}

#[test]
fn exact_counted_days_are_the_kaplan_meier_curve_and_coxs_estimate() {
    let ((t0, e0), (t1, e1)) = (sample(0, 20.0), sample(1, 35.0));
    let (reference, arm) = (tally(&t0, &e0), tally(&t1, &e1));
    let data = SurvivalData::new(t0.clone(), e0.clone()).unwrap();
    let km = KaplanMeier::fit(&data, Interval::Log, 0.95).unwrap();
    for (day, s) in reference.curve() {
        assert!((km.survival_at(day).unwrap() - s).abs() < 1e-12, "{day}");
    }
    assert_eq!(reference.patients(), 300);
    assert_eq!(reference.events(), data.events() as u64);
    assert!((reference.median().unwrap() - km.median().estimate.unwrap()).abs() < 1e-12);

    let label: Vec<&str> = (0..600).map(|i| if i < 300 { "reference" } else { "arm" }).collect();
    let both = SurvivalData::new([t0, t1].concat(), [e0, e1].concat()).unwrap();
    let groups = Groups::by_appearance(&label);
    let fit = Cox::new(&both).groups(&groups).fit().unwrap();
    let coefficient = fit.coefficient("arm").unwrap();
    let (low, high) = coefficient.hazard_ratio_interval(0.95).unwrap();
    let found = hazard_ratio(&arm, &reference).unwrap();
    // Both iterate to the maximum; 1e-6 is the looser of their two ends.
    for (a, b) in [(found.0, coefficient.hazard_ratio()), (found.1, low), (found.2, high)] {
        assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn exact_no_event_no_ratio() {
    let (t, e) = sample(0, 20.0);
    let none = tally(&t, &vec![false; t.len()]);
    assert_eq!(hazard_ratio(&none, &tally(&t, &e)), None);
    assert_eq!(none.median(), None);
    let mut odd = Tally::default();
    odd.add(f64::NAN, true);
    odd.add(-1.0, true);
    assert_eq!(odd.patients(), 0);
}
