//! Fronts, utilities and numbers needed to harm.

use lutetia_outcome::trade_off::UtilityWeights;
use lutetia_trial::{
    Draws,
    tradeoff::{NeededToHarm, Outcomes, Resampled, Weighing, front, trade_off},
};
use proptest::prelude::*;

use crate::build::message;

fn weighing(benefit: f64, harm: f64) -> Weighing {
    Weighing {
        weights: UtilityWeights::new(benefit, harm).expect("weights"),
        scale: 1.0,
        reference: 0,
        samples: 1000,
        seed: 4,
        draws: 1,
    }
}

/// `n` patients of whom the shares benefit and are harmed, independently of each other.
fn outcomes(name: &str, n: usize, benefit: f64, harm: f64) -> Outcomes {
    let draw = |what: &str, i: usize| Draws::new(2, i as u64).uniform(&format!("{name} {what}"), 0);
    Outcomes {
        name: name.to_owned(),
        series: 0,
        benefit: (0..n).map(|i| f64::from(u8::from(draw("b", i) < benefit))).collect(),
        harmed: (0..n).map(|i| draw("h", i) < harm).collect(),
    }
}

#[test]
fn exact_a_front_of_points_worked_by_hand() {
    // b: as good as a, more harm; d: between; e equals a.
    let on = front(&[0.5, 0.5, 0.8, 0.7, 0.5], &[0.1, 0.2, 0.4, 0.5, 0.1]);
    assert_eq!(on, [true, false, true, false, true]);
    assert_eq!(front(&[], &[]), Vec::<bool>::new());
}

#[test]
fn exact_utility_and_needed_to_harm_of_known_shares() {
    let half = |name: &str, harmed: usize| Outcomes {
        name: name.to_owned(),
        series: 0,
        benefit: (0..200).map(|i| f64::from(u8::from(i % 2 == 0))).collect(),
        harmed: (0..200).map(|i| i < harmed).collect(),
    };
    let points =
        trade_off(&[half("a", 20), half("b", 70), half("c", 24)], &weighing(0.6, 0.4)).unwrap();
    assert!((points[0].utility.estimate - (0.6 * 0.5 + 0.4 * 0.9)).abs() < 1e-12);
    // 35 % against 10 %: one in four.
    let NeededToHarm::Patients { number: nnh, .. } = points[1].needed_to_harm else {
        panic!("{points:?}")
    };
    assert!((nnh.estimate - 4.0).abs() < 1e-12);
    assert!(nnh.lower < 4.0 && nnh.upper > 4.0);
    // The difference is a share of 50 of 200 patients who are harmed by b alone: its standard error is
    // √(0.25·0.75/200) = 0.0306; the bootstrap has 1000 samples, so its ends are good to a tenth of it.
    assert!((1.0 / nnh.upper - (0.25 - 1.96 * 0.0306)).abs() < 0.006, "{nnh:?}");
    assert!((1.0 / nnh.lower - (0.25 + 1.96 * 0.0306)).abs() < 0.006, "{nnh:?}");
    assert_eq!(points[0].needed_to_harm, NeededToHarm::Reference);
    // Half of the 90 % unharmed.
    assert!((points[0].both.unwrap().estimate - 0.45).abs() < 1e-12);
    assert!(points[0].on_front && !points[1].on_front && !points[2].on_front);
    assert!(points[0].best_share > 0.99);
}

#[test]
fn exact_equal_risks_determine_no_number_needed_to_harm() {
    let same = outcomes("a", 300, 0.5, 0.2);
    let other = Outcomes { name: "b".to_owned(), ..outcomes("c", 300, 0.5, 0.2) };
    let points = trade_off(&[same, other], &weighing(0.5, 0.5)).unwrap();
    assert!(matches!(points[1].needed_to_harm, NeededToHarm::NotDetermined { .. }), "{points:?}");
}

#[test]
fn exact_the_bootstrap_band_is_that_of_a_share() {
    let points = trade_off(&[outcomes("a", 400, 0.5, 0.3)], &weighing(0.5, 0.5)).unwrap();
    let p = points[0].benefit;
    // Normal theory, good to a tenth of a standard error at 1000 samples of 400 patients.
    let se = (p.estimate * (1.0 - p.estimate) / 400.0).sqrt();
    assert!((p.upper - p.estimate - 1.96 * se).abs() < 0.3 * se, "{p:?} {se}");
    assert!((p.estimate - p.lower - 1.96 * se).abs() < 0.3 * se, "{p:?} {se}");
}

/// `harmed` of 100 patients are harmed, and all have the same benefit.
fn even(name: &str, series: usize, benefit: f64, harmed: usize) -> Outcomes {
    Outcomes {
        name: name.to_owned(),
        series,
        benefit: vec![benefit; 100],
        harmed: (0..100).map(|i| i < harmed).collect(),
    }
}

#[test]
fn exact_the_break_of_the_number_needed_to_harm_is_said() {
    let regimens = [even("none", 0, 0.0, 0), even("safe", 0, 1.0, 0), even("grave", 0, 1.0, 40)];
    let points = trade_off(&regimens, &weighing(0.5, 0.5)).unwrap();
    // Nobody of 100: Wilson's upper limit is z²/(100 + z²) = 3.7 %, one in 27, on both sides of zero.
    assert_eq!(
        points[1].needed_to_harm.sentence(),
        "not different from none: between one harmed in 27 and one spared in 27"
    );
    let z2 = 1.959_963_984_540_054_f64.powi(2);
    assert!((points[1].harm.upper - z2 / (100.0 + z2)).abs() < 1e-12, "{:?}", points[1].harm);
    // 40 %: one in 2.5; its ends are the inverses of those of the difference, exchanged.
    let NeededToHarm::Patients { number, difference } = points[2].needed_to_harm else {
        panic!("{points:?}")
    };
    assert!((number.estimate - 2.5).abs() < 1e-12);
    assert!((number.lower * difference.upper - 1.0).abs() < 1e-12);
    assert!((number.upper * difference.lower - 1.0).abs() < 1e-12);
    let mut turned = weighing(0.5, 0.5);
    turned.reference = 2;
    let points = trade_off(&regimens, &turned).unwrap();
    assert!(points[0].needed_to_harm.sentence().starts_with("one spared in 2.5 ("), "{points:?}");
    assert_eq!(points[2].needed_to_harm.sentence(), "reference");
}

#[test]
fn exact_the_band_of_a_front_is_the_best_that_a_level_of_harm_allows() {
    // Benefits without spread: the band has no width where no regimen's harm may cross the level.
    let regimens = [
        even("none", 0, 0.125, 0),
        even("some", 0, 0.5, 20),
        even("most", 0, 0.875, 60),
        even("b", 1, 0.75, 50),
    ];
    let weighing = weighing(0.5, 0.5);
    let sampled = Resampled::new(&regimens, &weighing).unwrap();
    let levels = sampled.front(0, &[0.0, 0.05, 0.2, 0.4, 0.6, 0.9]);
    let best: Vec<f64> = levels.iter().map(|l| l.benefit.unwrap().estimate).collect();
    assert_eq!(best, [0.125, 0.125, 0.5, 0.5, 0.875, 0.875]);
    // 20 of 100 have a standard error of 4 %: 5 % is out of reach of `some` and 40 % within it, while at
    // 20 % itself about half of the samples harm more.
    let ends = |i: usize| {
        let b = levels[i].benefit.unwrap();
        (b.lower, b.upper)
    };
    assert_eq!((ends(1), ends(3)), ((0.125, 0.125), (0.5, 0.5)));
    assert_eq!(ends(2), (0.125, 0.5));
    // The other series harms half of its patients; below that, no treatment is what is left.
    let other = sampled.front(1, &[0.1, 0.8]);
    let at = |i: usize| other[i].benefit.unwrap().estimate;
    assert_eq!((at(0), at(1)), (0.125, 0.75));
    assert!(sampled.front(7, &[0.5])[0].benefit.is_none());
    let best = sampled.best(0).unwrap();
    // Utilities .5625, .65, .6375: in the mean the second, in some samples the third.
    assert!((best.utility.estimate - 0.65).abs() < 1e-12);
    assert!(best.utility.lower >= 0.5625 && best.share < 1.0 && sampled.best(7).is_none());
}

/// Two draws of an uncertain value, under which everybody has 0 or 1: the band is that of the draws, not that
/// of 100 patients.
#[test]
fn exact_bands_hold_the_uncertainty_of_draws() {
    let mut two = even("a", 0, 0.0, 0);
    two.benefit.extend(vec![1.0; 100]);
    two.harmed.extend(vec![false; 100]);
    let mut weighing = weighing(0.5, 0.5);
    weighing.draws = 2;
    let points = trade_off(std::slice::from_ref(&two), &weighing).unwrap();
    let p = points[0].benefit;
    assert_eq!((p.lower, p.estimate, p.upper), (0.0, 0.5, 1.0));
    weighing.draws = 3;
    let refused = message(trade_off(&[two], &weighing));
    assert!(refused.contains("the number of draws"), "{refused}");
}

proptest! {
    #[test]
    fn prop_nobody_on_the_front_is_dominated_and_all_others_are(
        points in prop::collection::vec((0_u8..6, 0_u8..6), 1..12)
    ) {
        let b: Vec<f64> = points.iter().map(|p| f64::from(p.0)).collect();
        let h: Vec<f64> = points.iter().map(|p| f64::from(p.1)).collect();
        let on = front(&b, &h);
        prop_assert!(on.iter().any(|x| *x));
        for k in 0..points.len() {
            let better = |o: usize| {
                (points[o].0 > points[k].0 && points[o].1 <= points[k].1)
                    || (points[o].0 >= points[k].0 && points[o].1 < points[k].1)
            };
            // Dominated means dominated by somebody who is on the front.
            prop_assert_eq!(on[k], !(0..points.len()).any(better));
            if !on[k] {
                prop_assert!((0..points.len()).any(|o| on[o] && better(o)));
            }
        }
    }
}

#[test]
fn regress_messages_about_trade_offs() {
    let a = || outcomes("a", 20, 0.5, 0.3);
    let mut few = weighing(0.5, 0.5);
    few.samples = 10;
    let mut absent = weighing(0.5, 0.5);
    absent.reference = 3;
    let mut nan = a();
    nan.benefit[3] = f64::NAN;
    let found = [
        message(trade_off(&[a()], &few)),
        message(trade_off(&[a()], &absent)),
        message(trade_off(&[], &weighing(0.5, 0.5))),
        message(trade_off(&[a(), outcomes("b", 19, 0.5, 0.3)], &weighing(0.5, 0.5))),
        message(trade_off(&[outcomes("b", 0, 0.5, 0.3)], &weighing(0.5, 0.5))),
        message(trade_off(&[nan], &weighing(0.5, 0.5))),
    ];
    insta::assert_snapshot!(found.join("\n"));
}

/// A regimen is the best of its series only where the paired difference of every other one excludes zero: patients who
/// differ hide nothing as long as each of them fares better, and a difference that changes with the draw is none.
#[test]
fn exact_regimens_are_told_apart_by_paired_differences() {
    let varied = |name: &str, more: &dyn Fn(usize) -> f64| Outcomes {
        name: name.to_owned(),
        series: 0,
        benefit: (0..200).map(|i| (i as f64 / 200.0) + more(i)).collect(),
        harmed: vec![false; 200],
    };
    // Everybody gains a hundredth of what patients differ by; half gain and half lose; all gain as much but one.
    let regimens = [
        varied("none", &|_| 0.0),
        varied("better", &|_| 0.01),
        varied("mixed", &|i| if i % 2 == 0 { 0.06 } else { -0.05 }),
    ];
    let weighing = weighing(1.0, 0.0);
    let sampled = Resampled::new(&regimens, &weighing).unwrap();
    let standing = sampled.standing(0).unwrap();
    assert_eq!(standing.greatest, 1);
    assert_eq!(standing.not_told_apart(), [1, 2], "{standing:?}");
    let behind = |k: usize| standing.behind.iter().find(|b| b.0 == k).unwrap().1;
    assert!((behind(0).upper + 0.01).abs() < 1e-12, "{:?}", behind(0));
    assert!(behind(1).estimate.abs() < 1e-15 && behind(2).upper > 0.0);
    let points = sampled.points().unwrap();
    // Bands of the single regimens overlap all the same.
    assert!(points[0].utility.upper > points[1].utility.lower);
    assert!(sampled.standing(7).is_none());
}
