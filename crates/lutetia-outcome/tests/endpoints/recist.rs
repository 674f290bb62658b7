//! RECIST 1.1, PCWG3 in bone and in PSA.

use lutetia_outcome::endpoint::{
    BestResponse, BoneScan, NonTarget, PsaRules, PsaValue, RecistRules, Response, Scan, assess,
    bone_progression, psa_best_change, psa_progression, psa_response, sphere_diameter_mm,
    sum_of_diameters_mm,
};
use proptest::prelude::*;

use crate::close;

fn scans(sums: &[(f64, f64)]) -> Vec<Scan> {
    sums.iter()
        .map(|&(day, sum_mm)| Scan { day, sum_mm, new_lesion: false, non_target: NonTarget::Gone })
        .collect()
}

fn course(sums: &[(f64, f64)]) -> lutetia_outcome::endpoint::Course {
    assess(100.0, &scans(sums), RecistRules::default()).expect("a course")
}

/// A sphere of π/6 cm³ has a diameter of 1 cm; eight times the volume, twice the diameter.
#[test]
fn exact_diameters() {
    let unit = std::f64::consts::PI / 6.0;
    close(sphere_diameter_mm(unit).expect("a volume"), 10.0, 1e-12);
    close(sum_of_diameters_mm(&[unit, 8.0 * unit]).expect("volumes"), 30.0, 1e-12);
    assert_eq!(
        sphere_diameter_mm(-1.0).expect_err("refused").to_string(),
        "volume of a lesion is -1 mL; expected a finite number, 0 or more"
    );
}

/// Minus 30 % is a partial response, minus 29.9 % is not; plus 20 % over the smallest sum and 5 mm are
/// progression, one of them alone is not.
#[test]
fn exact_thresholds() {
    let responses = |sums: &[(f64, f64)]| -> Vec<Response> {
        course(sums).assessments.iter().map(|a| a.response).collect()
    };
    use Response::{Complete, Partial, Progressive, Stable};
    assert_eq!(responses(&[(56.0, 70.0)]), [Partial]);
    assert_eq!(responses(&[(56.0, 70.1)]), [Stable]);
    assert_eq!(responses(&[(56.0, 120.0)]), [Progressive]);
    assert_eq!(responses(&[(56.0, 119.9)]), [Stable]);
    assert_eq!(responses(&[(56.0, 1.0)]), [Complete]);
    // From a smallest sum of 20 mm: 24 mm is +20 % but only 4 mm; 25 mm is both.
    assert_eq!(responses(&[(56.0, 20.0), (112.0, 24.0)]), [Partial, Partial]);
    assert_eq!(responses(&[(56.0, 20.0), (112.0, 25.0)]), [Partial, Progressive]);
    // Progression is over the smallest sum, not the baseline.
    assert_eq!(responses(&[(56.0, 60.0), (112.0, 72.0)]), [Partial, Progressive]);
    // What follows progression is not judged.
    assert_eq!(responses(&[(56.0, 130.0), (112.0, 10.0)]), [Progressive]);
}

#[test]
fn exact_best_responses() {
    let best = |sums: &[(f64, f64)]| course(sums).best;
    assert_eq!(best(&[(56.0, 60.0), (112.0, 65.0)]), BestResponse::Partial);
    // Not confirmed: the next scan is progression, or too early.
    assert_eq!(best(&[(56.0, 60.0), (112.0, 90.0)]), BestResponse::Stable);
    assert_eq!(best(&[(56.0, 60.0), (70.0, 60.0)]), BestResponse::Stable);
    assert_eq!(best(&[(28.0, 130.0)]), BestResponse::Progressive);
    // Stable, but too early to say so.
    assert_eq!(best(&[(28.0, 95.0)]), BestResponse::NotEvaluable);
    assert_eq!(best(&[]), BestResponse::NotEvaluable);
    // Complete, then partial: the complete one is not confirmed.
    assert_eq!(best(&[(56.0, 0.0), (112.0, 4.0), (168.0, 4.0)]), BestResponse::Partial);
    assert_eq!(best(&[(56.0, 0.0), (112.0, 0.0)]), BestResponse::Complete);
    let once = RecistRules { confirm: false, ..RecistRules::default() };
    let found = assess(100.0, &scans(&[(56.0, 60.0), (112.0, 90.0)]), once).expect("a course");
    assert_eq!(found.best, BestResponse::Partial);
    close(found.best_change.expect("scans"), -0.4, 1e-12);
    assert_eq!(found.progression_day, Some(112.0));
}

#[test]
fn exact_new_lesions_and_the_others() {
    let mut list = scans(&[(56.0, 50.0), (112.0, 40.0)]);
    list[1].new_lesion = true;
    let found = assess(100.0, &list, RecistRules::default()).expect("a course");
    assert_eq!(found.progression_day, Some(112.0));
    // Others still there: no complete response.
    let mut list = scans(&[(56.0, 0.0), (112.0, 0.0)]);
    list[1].non_target = NonTarget::Present;
    let found = assess(100.0, &list, RecistRules::default()).expect("a course");
    assert_eq!(found.assessments[1].response, Response::Partial);
    list[1].non_target = NonTarget::Progression;
    let found = assess(100.0, &list, RecistRules::default()).expect("a course");
    assert_eq!(found.assessments[1].response, Response::Progressive);
}

#[test]
fn exact_scans_that_cannot_be() {
    let refused = |baseline, sums: &[(f64, f64)]| {
        assess(baseline, &scans(sums), RecistRules::default()).expect_err("refused").to_string()
    };
    assert!(refused(0.0, &[(56.0, 1.0)]).contains("at baseline is 0 mm"));
    assert!(refused(10.0, &[(56.0, 1.0), (56.0, 1.0)]).contains("day of scan 2 is 56 d"));
    assert!(refused(10.0, &[(56.0, -1.0)]).contains("at scan 1 is -1 mm"));
    assert!(refused(10.0, &[(56.0, f64::NAN)]).contains("NaN"));
}

proptest! {
    /// Shrinking for ever is never progression, growing by a quarter at each scan always is at once
    /// (from a baseline of which a quarter is more than 5 mm).
    #[test]
    fn prop_monotone_courses(baseline in 25.0..200.0_f64, factor in 0.5..0.99_f64) {
        let falling: Vec<(f64, f64)> =
            (1..8).map(|i| (56.0 * f64::from(i), baseline * factor.powi(i))).collect();
        let found = assess(baseline, &scans(&falling), RecistRules::default()).expect("a course");
        prop_assert_eq!(found.progression_day, None);
        let rising: Vec<(f64, f64)> =
            (1..8).map(|i| (56.0 * f64::from(i), baseline * 1.25_f64.powi(i))).collect();
        let found = assess(baseline, &scans(&rising), RecistRules::default()).expect("a course");
        prop_assert_eq!(found.progression_day, Some(56.0));
    }
}

#[test]
fn exact_bone_two_plus_two() {
    let day = |list: &[(u32, u32)]| {
        let scans: Vec<BoneScan> =
            list.iter().map(|&(day, new_lesions)| BoneScan { day, new_lesions }).collect();
        bone_progression(&scans).expect("scans in order")
    };
    // Two at week 8 and two more at week 16: progression at week 8.
    assert_eq!(day(&[(56, 2), (112, 4)]), Some(56));
    // A flare: no more at week 16.
    assert_eq!(day(&[(56, 3), (112, 4), (168, 4)]), None);
    // Then two beyond the flare, still there 8 weeks later.
    assert_eq!(day(&[(56, 3), (112, 4), (168, 5), (224, 5)]), Some(168));
    assert_eq!(day(&[(56, 3), (112, 4), (168, 5), (224, 4)]), None);
    // Not confirmed because nothing follows, or only a scan within 6 weeks.
    assert_eq!(day(&[(56, 0), (112, 2)]), None);
    assert_eq!(day(&[(56, 0), (112, 2), (140, 2)]), None);
    assert_eq!(day(&[(56, 0), (112, 2), (140, 2), (154, 2)]), Some(112));
    assert_eq!(day(&[]), None);
    let out = [BoneScan { day: 56, new_lesions: 0 }, BoneScan { day: 56, new_lesions: 0 }];
    assert!(bone_progression(&out).is_err());
}

fn values(list: &[(f64, f64)]) -> Vec<PsaValue> {
    list.iter().map(|&(day, ng_per_ml)| PsaValue { day, ng_per_ml }).collect()
}

#[test]
fn exact_psa50() {
    let psa50 = |list: &[(f64, f64)]| {
        psa_response(100.0, &values(list), 0.5, PsaRules::default()).expect("values")
    };
    let found = psa50(&[(28.0, 60.0), (56.0, 50.0), (84.0, 45.0)]);
    assert_eq!((found.day, found.confirmed), (Some(56.0), true));
    // The next value at least 3 weeks later is too high.
    let found = psa50(&[(28.0, 40.0), (42.0, 45.0), (56.0, 51.0)]);
    assert_eq!((found.day, found.confirmed), (Some(28.0), false));
    let found = psa50(&[(28.0, 51.0)]);
    assert_eq!((found.day, found.confirmed), (None, false));
    let change = psa_best_change(100.0, &values(&[(28.0, 60.0), (56.0, 80.0)])).expect("values");
    close(change.expect("one at least"), -0.4, 1e-12);
    assert!(psa_response(0.0, &[], 0.5, PsaRules::default()).is_err());
    assert!(psa_response(1.0, &[], 1.5, PsaRules::default()).is_err());
}

#[test]
fn exact_psa_progression() {
    let progression = |baseline, list: &[(f64, f64)]| {
        psa_progression(baseline, &values(list), PsaRules::default()).expect("values")
    };
    // Nadir 40: +25 % is 50, confirmed 4 weeks later.
    let list = [(28.0, 40.0), (56.0, 49.9), (84.0, 50.0), (112.0, 55.0)];
    assert_eq!(progression(100.0, &list), Some(84.0));
    // Not confirmed, or confirmed too early.
    assert_eq!(progression(100.0, &[(28.0, 40.0), (56.0, 50.0), (84.0, 49.0)]), None);
    assert_eq!(progression(100.0, &[(28.0, 40.0), (56.0, 50.0), (70.0, 55.0)]), None);
    // From a nadir of 1 the 2 ng/mL decide: 3, not 1.25.
    assert_eq!(progression(10.0, &[(28.0, 1.0), (56.0, 2.9), (84.0, 2.9)]), None);
    assert_eq!(progression(10.0, &[(28.0, 1.0), (56.0, 3.0), (84.0, 3.0)]), Some(56.0));
    // Without a fall, rises before 12 weeks do not count.
    let list = [(28.0, 130.0), (56.0, 140.0), (84.0, 150.0), (112.0, 160.0)];
    assert_eq!(progression(100.0, &list), Some(84.0));
    assert!(psa_progression(1.0, &values(&[(2.0, 1.0), (1.0, 1.0)]), PsaRules::default()).is_err());
}
