//! Cases small enough for pencil and paper.

use lutetia_outcome::survival::{
    AalenJohansen, CompetingData, Cox, Groups, Interval, KaplanMeier, LogRank, PhTime,
    SurvivalData, Ties, firth, join_ties,
};

use crate::common::close;

fn data(rows: &[(f64, bool)]) -> SurvivalData {
    SurvivalData::new(rows.iter().map(|r| r.0).collect(), rows.iter().map(|r| r.1).collect())
        .expect("survival data")
}

/// 1, 2+, 3, 4: S = 3/4, 3/4, 3/8, 0; all by hand.
#[test]
fn exact_kaplan_meier_by_hand() {
    let data = data(&[(1.0, true), (2.0, false), (3.0, true), (4.0, true)]);
    let curve = KaplanMeier::fit(&data, Interval::Plain, 0.95).expect("a curve");
    let survival: Vec<f64> = curve.steps.iter().map(|s| s.survival).collect();
    for (found, expected) in survival.iter().zip([0.75, 0.75, 0.375, 0.0]) {
        close(*found, expected, 1e-15);
    }
    assert_eq!(curve.steps.iter().map(|s| s.at_risk).collect::<Vec<_>>(), [4, 3, 2, 1]);
    // Greenwood: S² (1/(4·3) + 1/(2·1)).
    close(curve.steps[2].standard_error, 0.375 * (7.0_f64 / 12.0).sqrt(), 1e-14);
    assert_eq!(curve.at_risk_at(0.0), 4);
    assert_eq!(curve.at_risk_at(1.0), 4);
    assert_eq!(curve.at_risk_at(1.5), 3);
    assert_eq!(curve.at_risk_at(9.0), 0);
    assert_eq!(curve.survival_at(0.5), Some(1.0));
    assert_eq!(curve.survival_at(9.0), Some(0.0));
    assert_eq!(curve.median().estimate, Some(3.0));
    // Area 1 + 3/4·2 + 3/8; variance (15/8)²/12 + (3/8)²/2.
    let rmst = curve.rmst(4.0).expect("a mean");
    close(rmst.mean, 2.875, 1e-14);
    close(rmst.standard_error, 0.363_281_25_f64.sqrt(), 1e-14);
    // A horizon between two steps.
    close(curve.rmst(2.5).expect("a mean").mean, 1.0 + 0.75 * 1.5, 1e-14);
}

/// On a flat piece at one half the median is its middle, as R has it.
#[test]
fn exact_median_on_a_flat_piece() {
    let data = data(&[(1.0, true), (3.0, true), (5.0, true), (8.0, true)]);
    let curve = KaplanMeier::fit(&data, Interval::Log, 0.95).expect("a curve");
    assert_eq!(curve.median().estimate, Some(4.0));
    // To the end of the follow-up: R prints its beginning.
    let data = self::data(&[(1.0, true), (3.0, true), (5.0, false), (8.0, false)]);
    let curve = KaplanMeier::fit(&data, Interval::Log, 0.95).expect("a curve");
    assert_eq!(curve.median().estimate, Some(3.0));
}

/// Arms 1, 3 and 2, 4: U = 2/3, V = 13/18, χ² = 8/13.
#[test]
fn exact_log_rank_by_hand() {
    let data = data(&[(1.0, true), (3.0, true), (2.0, true), (4.0, true)]);
    let arms = Groups::by_appearance(&["a", "a", "b", "b"]);
    let test = LogRank::new(&data, &arms).test().expect("a test");
    close(test.chi_squared, 8.0 / 13.0, 1e-14);
    close(test.groups[0].expected, 4.0 / 3.0, 1e-14);
    close(test.groups[1].observed, 2.0, 0.0);
    close(test.z.expect("two arms"), -(8.0_f64 / 13.0).sqrt(), 1e-14);
    // FH(1, 0): weights 1, 3/4, 1/2, 1/4 at the events 1, 2, 3, 4, so that for arm a
    // U = 1/2 − 3/4·1/3 + 1/2·1/2 = 1/2 and V = 1/4 + 9/16·2/9 + 1/4·1/4 = 7/16.
    let early = LogRank::new(&data, &arms).weights(1.0, 0.0).test().expect("a test");
    close(early.chi_squared, (0.5 * 0.5) / (7.0 / 16.0), 1e-14);
    // FH(0, 1): weights 0, 1/4, 1/2, 3/4; U = −1/12 + 1/4 = 1/6, V = 1/16·2/9 + 1/4·1/4 = 11/144.
    let late = LogRank::new(&data, &arms).weights(0.0, 1.0).test().expect("a test");
    close(late.chi_squared, (1.0 / 36.0) / (11.0 / 144.0), 1e-14);
}

/// One stratum twice: the sums double, and so does χ².
#[test]
fn exact_strata_add() {
    let one = [(1.0, true), (3.0, true), (2.0, true), (4.0, true)];
    let data = data(&[one, one].concat());
    let arms = Groups::by_appearance(&["a", "a", "b", "b", "a", "a", "b", "b"]);
    let strata = Groups::by_appearance(&["x", "x", "x", "x", "y", "y", "y", "y"]);
    let test = LogRank::new(&data, &arms).strata(&strata).test().expect("a test");
    close(test.chi_squared, 16.0 / 13.0, 1e-14);
}

/// Six patients (Therneau and Grambsch 2000, appendix E, data set 1):
/// Breslow 2 − r/(r+1) − 2r/(r+3) = 0, so that r = e^β = (3 + √33)/2;
/// Efron 2 − r/(r+1) − r/(r+3) − r/(r+5) = 0.
#[test]
fn exact_cox_of_six_patients() {
    let data =
        data(&[(9.0, true), (1.0, true), (1.0, false), (6.0, true), (6.0, true), (8.0, false)]);
    let x = [0.0, 1.0, 1.0, 1.0, 0.0, 0.0];
    let fit = |ties| Cox::new(&data).covariate("x", &x).ties(ties).fit().expect("a fit");
    let breslow = fit(Ties::Breslow);
    let root = (3.0 + 33.0_f64.sqrt()) / 2.0;
    // Newton stops at a relative change of 1e-9 of the likelihood, 1e-5 in β at worst.
    close(breslow.coefficients[0].value, root.ln(), 1e-6);
    let information = root / (root + 1.0).powi(2) + 6.0 * root / (root + 3.0).powi(2);
    close(breslow.coefficients[0].model_error, information.powf(-0.5), 1e-6);
    close(breslow.null_log_likelihood, -(6.0_f64 * 4.0 * 4.0).ln(), 1e-12);
    let r = fit(Ties::Efron).coefficients[0].value.exp();
    close(2.0 - r / (r + 1.0) - r / (r + 3.0) - r / (r + 5.0), 0.0, 1e-6);
}

/// Without ties the score test of the arms is the log-rank test.
#[test]
fn exact_score_test_is_the_log_rank_test() {
    let data = data(&[(1.0, true), (3.0, true), (2.0, true), (4.0, true), (5.0, false)]);
    let arms = Groups::by_appearance(&["a", "a", "b", "b", "b"]);
    let cox = Cox::new(&data).groups(&arms).fit().expect("a fit");
    let test = LogRank::new(&data, &arms).test().expect("a test");
    close(cox.score.chi_squared, test.chi_squared, 1e-12);
}

/// Times that differ by rounding are ties for every estimator: R 4.2.2 with survival 3.5 gives HR 1.000000
/// (0.1409–7.099) and a log-rank of 0 for the six patients (`timefix`); the others are as with exact ties.
#[test]
fn val_times_that_differ_by_rounding_are_ties_everywhere() {
    let noisy = [0.3, 0.1 + 0.2, 0.6, 0.2 + 0.4, 1.1, 1.0 + 0.1, 3.0 * 0.7, 2.1];
    let exact = [0.3, 0.3, 0.6, 0.6, 1.1, 1.1, 2.1, 2.1];
    let event = [true, true, true, true, true, false, false, true];
    let arms = Groups::by_appearance(&["a", "b", "a", "b", "a", "b", "a", "b"]);
    let of = |times: &[f64], n: usize| {
        SurvivalData::new(times[..n].to_vec(), event[..n].to_vec()).expect("survival data")
    };
    let six = SurvivalData::new(
        vec![0.3, 0.300_000_000_000_000_04, 0.6, 0.600_000_000_000_000_1, 0.9, 1.2],
        vec![true, true, true, false, true, false],
    )
    .expect("survival data");
    let groups = Groups::by_appearance(&["a", "b", "a", "b", "b", "a"]);
    let fit = Cox::new(&six).groups(&groups).fit().expect("a fit");
    let ratio = &fit.coefficients[0];
    close(ratio.hazard_ratio(), 1.0, 1e-9);
    let (low, high) = ratio.hazard_ratio_interval(0.95).expect("an interval");
    // R prints four digits.
    close(low, 0.1409, 5e-5);
    close(high, 7.099, 5e-4);
    close(LogRank::new(&six, &groups).test().expect("a test").chi_squared, 0.0, 1e-12);

    let (noisy, exact) = (of(&noisy, 8), of(&exact, 8));
    let curve = |d: &SurvivalData| KaplanMeier::fit(d, Interval::Log, 0.95).expect("a curve");
    assert_eq!(curve(&noisy).steps.len(), 4);
    for (a, b) in curve(&noisy).steps.iter().zip(&curve(&exact).steps) {
        // The later of two times differs from the earlier by less than √ε.
        close(a.time, b.time, 1e-8);
        close(a.survival, b.survival, 1e-12);
        assert_eq!((a.at_risk, a.events), (b.at_risk, b.events));
    }
    // The same ties give the same sums, in whatever order they come.
    let cox = |d: &SurvivalData| Cox::new(d).groups(&arms).fit().expect("a fit");
    let zph = |d: &SurvivalData| {
        cox(d).proportional_hazards(PhTime::KaplanMeier).expect("a test").global.chi_squared
    };
    let treated: Vec<f64> = arms.of().iter().map(|&g| f64::from(u8::from(g > 0))).collect();
    let penalised = |d: &SurvivalData| firth(d, &[("b", &treated)], 0.95).expect("a fit");
    let incidence = |d: &SurvivalData| {
        let cause = (0..8).map(|i| event[i].then_some(i % 2)).collect();
        let data = CompetingData::new(d.time().to_vec(), cause, &["x", "y"]).expect("data");
        let found = AalenJohansen::fit(&data).expect("incidences");
        found.steps.last().expect("steps").incidence[0]
    };
    let entered = |d: &SurvivalData| {
        // Patients enter when others leave.
        let entry = [0.0, 0.0, 0.1 + 0.2, 0.3, 0.2 + 0.4, 0.6, 0.0, 1.1];
        let fit = Cox::new(d).groups(&arms).entry(&entry).fit().expect("a fit");
        fit.coefficients[0].value
    };
    let pairs = [
        (cox(&noisy).coefficients[0].value, cox(&exact).coefficients[0].value),
        (zph(&noisy), zph(&exact)),
        (penalised(&noisy).coefficients[0].value, penalised(&exact).coefficients[0].value),
        (incidence(&noisy), incidence(&exact)),
        (entered(&noisy), entered(&exact)),
    ];
    for (a, b) in pairs {
        close(a, b, 1e-9);
    }
}

/// A hundred thousand different times lie more densely than their rounding; they stay apart but for chance neighbours.
#[test]
fn exact_dense_times_do_not_become_one() {
    let mut times: Vec<f64> = (0..100_000).map(|k| 300.0 + 1e-9 * f64::from(k)).collect();
    join_ties(&mut [&mut times]);
    let (first, last) = (times[0], times[times.len() - 1]);
    // 1000 tolerances of 300 √ε are 4.5e-3: all of these are one. With gaps above the tolerance none are.
    assert!((last - first).abs() < 4.5e-3);
    let mut apart: Vec<f64> = (0..100_000).map(|k| 300.0 + 1e-5 * f64::from(k)).collect();
    let before = apart.clone();
    join_ties(&mut [&mut apart]);
    assert_eq!(apart, before);
    // A chain over a tenth of a day is not a rounding.
    let mut chain: Vec<f64> = (0..100_000).map(|k| 300.0 + 1e-6 * f64::from(k)).collect();
    join_ties(&mut [&mut chain]);
    chain.dedup();
    assert!(chain.len() > 20, "{}", chain.len());
}
