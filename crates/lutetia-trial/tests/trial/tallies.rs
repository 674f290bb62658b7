//! The summary of a large trial against the estimators of patients.

use lutetia_outcome::survival::{Cox, Groups, Interval, KaplanMeier, SurvivalData};
use lutetia_trial::{
    Draws,
    tally::{Tally, hazard_ratio},
};

/// Two arms; in whole days there are many ties.
fn sample(arm: u64, mean: f64, whole: bool) -> (Vec<f64>, Vec<bool>) {
    let rounded = |t: f64| if whole { t.floor() } else { t };
    (0..300)
        .map(|i| {
            let d = Draws::new(arm, i);
            let death = -d.uniform("death", 0).ln() * mean;
            let lost = 60.0 * d.uniform("lost", 0) + 5.0;
            (rounded(death.min(lost)), death <= lost)
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
fn exact_tallies_are_the_kaplan_meier_curve_and_coxs_estimate() {
    compared(true);
    compared(false);
}

fn compared(whole: bool) {
    let ((t0, e0), (t1, e1)) = (sample(0, 20.0, whole), sample(1, 35.0, whole));
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
    let pairs =
        [(found.hazard_ratio, coefficient.hazard_ratio()), (found.lower, low), (found.upper, high)];
    for (a, b) in pairs {
        assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn exact_no_ratio_without_events_of_both_that_overlap() {
    let (t, e) = sample(0, 20.0, true);
    let none = tally(&t, &vec![false; t.len()]);
    assert!(
        hazard_ratio(&none, &tally(&t, &e))
            .unwrap_err()
            .to_string()
            .contains("this arm has no event")
    );
    assert!(hazard_ratio(&tally(&t, &e), &none).unwrap_err().to_string().contains("the first arm"));
    assert_eq!(none.median(), None);
    let mut odd = Tally::default();
    odd.add(f64::NAN, true);
    odd.add(-1.0, true);
    assert_eq!(odd.patients(), 0);
    // One patient each, who die one after the other: the likelihood rises for ever.
    let (early, late) = (tally(&[1.0], &[true]), tally(&[2.0], &[true]));
    for (a, b) in [(&early, &late), (&late, &early)] {
        assert!(hazard_ratio(a, b).unwrap_err().to_string().contains("keeps rising"));
    }
}

#[test]
fn exact_a_median_on_a_flat_piece_is_its_middle() {
    let flat = tally(&[1.25, 2.5, 4.0, 9.0], &[true; 4]);
    // S is one half from 2.5 to 4.
    assert_eq!(flat.median(), Some(3.25));
    assert_eq!(tally(&[1.25, 2.5, 4.0], &[true; 3]).median(), Some(2.5));
    // Times that differ by rounding are one: 0.1 + 0.2 and 0.3.
    let tied = tally(&[0.3, 0.1 + 0.2, 0.6], &[true; 3]);
    assert_eq!(tied.curve().len(), 2);
    assert_eq!(tied.median(), Some(0.3));
}
