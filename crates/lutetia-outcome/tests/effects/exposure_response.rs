//! Logistic curves of a response against exposure.

use lutetia_outcome::exposure_response::Logistic;
use lutetia_outcome::lack_of_fit::hosmer_lemeshow;
use proptest::prelude::*;

use crate::close;

/// R's `summary(glm(am ~ wt, binomial, mtcars))`, to the digits it prints. Its standard errors are those of
/// the weights before the last step, which stops at a change of the deviance by 1e-8: they are good to
/// about 1e-3.
#[test]
fn val_logistic_curve_of_r() {
    let wt = [
        2.620, 2.875, 2.320, 3.215, 3.440, 3.460, 3.570, 3.190, 3.150, 3.440, 3.440, 4.070, 3.730,
        3.780, 5.250, 5.424, 5.345, 2.200, 1.615, 1.835, 2.465, 3.520, 3.435, 3.840, 3.845, 1.935,
        2.140, 1.513, 3.170, 2.770, 3.570, 2.780,
    ];
    let am = [
        1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1,
        1, 1,
    ];
    let fit = Logistic::fit(&wt, &am.map(|a| a == 1)).expect("both kinds overlap");
    close(fit.intercept, 12.040, 5.1e-4);
    close(fit.slope, -4.024, 5.1e-4);
    close(fit.covariance[0].sqrt(), 4.510, 1e-3);
    close(fit.covariance[2].sqrt(), 1.436, 1e-3);
    close(fit.null_deviance, 43.230, 5.1e-4);
    close(fit.deviance, 19.176, 5.1e-4);
}

/// Two exposures only: ln odds ratio, its variance 1/a + 1/b + 1/c + 1/d, and the shares themselves.
#[test]
fn exact_two_exposures_are_a_table_of_four() {
    let (a, b, c, d) = (7, 13, 15, 5);
    let mut exposure = vec![2.0; a + b];
    exposure.extend(vec![5.0; c + d]);
    let event: Vec<bool> = (0..a + b).map(|i| i < a).chain((0..c + d).map(|i| i < c)).collect();
    let fit = Logistic::fit(&exposure, &event).expect("a table");
    let odds = (15.0 * 13.0_f64) / (5.0 * 7.0);
    close(fit.slope, odds.ln() / 3.0, 1e-10);
    let variance = 1.0 / 7.0 + 1.0 / 13.0 + 1.0 / 15.0 + 1.0 / 5.0;
    close(fit.covariance[2] * 9.0, variance, 1e-8);
    close(fit.at(2.0, 0.95).expect("level").0, 0.35, 1e-10);
    close(fit.at(5.0, 0.95).expect("level").0, 0.75, 1e-10);
    let (ratio, low, high) = fit.odds_ratio(3.0, 0.95).expect("level");
    close(ratio, odds, 1e-8);
    close((high / low).ln(), 2.0 * 1.959_963_984_540_054 * variance.sqrt(), 1e-8);
}

#[test]
fn exact_what_no_curve_can_say_is_not_determined() {
    let said = |x: &[f64], e: &[bool]| Logistic::fit(x, e).expect_err("refused").to_string();
    assert!(said(&[1.0, 2.0], &[false, false]).contains("nobody of 2 patients"));
    assert!(said(&[1.0, 2.0], &[true, true]).contains("everybody of 2 patients"));
    assert!(said(&[1.0, 1.0], &[true, false]).contains("all 2 patients had the exposure 1"));
    assert!(said(&[1.0, 2.0, 3.0], &[false, true, true]).contains("separates"));
    assert!(said(&[f64::NAN], &[true]).contains("exposure of patient 1"));
    assert!(said(&[], &[]).contains("has no patients"));
    assert!(said(&[1.0], &[]).contains("1 patients"));
}

proptest! {
    /// At the maximum the expected events are the observed ones, and a change of the unit of exposure
    /// changes no probability. 1e-7: the stop leaves 1e-10 of the likelihood.
    #[test]
    fn prop_events_are_kept_and_units_do_not_matter(
        data in prop::collection::vec((0.1_f64..50.0, any::<bool>()), 8..60),
        unit in 1e-3_f64..1e3,
    ) {
        let (x, e): (Vec<f64>, Vec<bool>) = data.into_iter().unzip();
        // Separated or one-sided draws are refused, which another test holds.
        let Ok(fit) = Logistic::fit(&x, &e) else { return Ok(()) };
        let expected: f64 = x.iter().map(|x| fit.at(*x, 0.95).expect("level").0).sum();
        prop_assert!((expected - fit.events as f64).abs() < 1e-5 * x.len() as f64);
        let other: Vec<f64> = x.iter().map(|x| x * unit).collect();
        let again = Logistic::fit(&other, &e).expect("as before");
        let (p, lo, hi) = fit.at(x[0], 0.9).expect("level");
        let (q, qlo, qhi) = again.at(other[0], 0.9).expect("level");
        prop_assert!((p - q).abs() < 1e-7 && (lo - qlo).abs() < 1e-6 && (hi - qhi).abs() < 1e-6);
        prop_assert!(lo <= p && p <= hi);
    }
}

/// Thirty patients at three exposures, with probabilities typed: χ² = Σ (O − E)²/(E (1 − E/n)).
#[test]
fn exact_hosmer_and_lemeshow_by_hand() {
    let exposure: Vec<f64> = (0..30).map(|i| f64::from(i / 10)).collect();
    let event: Vec<bool> = (0..30).map(|i| i % 10 < [2, 5, 9][i / 10]).collect();
    let probability: Vec<f64> = (0..30).map(|i| [0.3, 0.5, 0.7][i / 10]).collect();
    let (test, groups) = hosmer_lemeshow(&exposure, &event, &probability, 3).expect("three groups");
    close(test.chi_squared, 1.0 / 2.1 + 0.0 + 4.0 / 2.1, 1e-12);
    assert_eq!((test.df, groups.len(), groups[2].events), (1, 3, 9));
    // The tail of χ² on one degree of freedom at 2.38095 (R: pchisq(5/2.1, 1, lower.tail = FALSE)).
    close(test.p, 0.122_823, 1e-5);
    assert!(!test.refuted());
    // A group in which half an event is expected is joined to the next; two are too few.
    let rare: Vec<f64> = (0..30).map(|i| [0.05, 0.5, 0.7][i / 10]).collect();
    let said = hosmer_lemeshow(&exposure, &event, &rare, 3).expect_err("two groups are left");
    assert!(said.to_string().contains("three are needed"), "{said}");
}

/// Patients drawn from a logistic curve refute the one fitted to them about one time in twenty; those whose
/// response rises and falls refute it nearly always, and the scatter widens the errors.
#[test]
fn prop_lack_of_fit_is_found_where_there_is_one() {
    let mut state = 88_172_645_463_325_252_u64;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut refuted = [0; 2];
    let rounds = 200;
    for _ in 0..rounds {
        for (kind, count) in refuted.iter_mut().enumerate() {
            let exposure: Vec<f64> = (0..400).map(|_| 10.0 * uniform()).collect();
            let event: Vec<bool> = exposure
                .iter()
                .map(|x| {
                    let hump =
                        if kind == 1 { 2.0 - (x - 5.0_f64).powi(2) / 3.0 } else { 0.4 * x - 2.0 };
                    uniform() < 1.0 / (1.0 + (-hump).exp())
                })
                .collect();
            let fit = Logistic::fit(&exposure, &event).expect("both kinds overlap");
            let (test, _) = fit.lack_of_fit(&exposure, &event, 10).expect("ten groups");
            if test.refuted() {
                *count += 1;
                assert!(test.widening() > 1.0);
            }
        }
    }
    // Binomial with p = 0.05 and n = 200: 22 is four standard deviations above its mean of 10.
    assert!(refuted[0] <= 22, "{} of {rounds}", refuted[0]);
    assert!(refuted[1] > 190, "{} of {rounds}", refuted[1]);
}
