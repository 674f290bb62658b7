//! Turnbull's curve.

use lutetia_outcome::survival::{Interval, IntervalData, KaplanMeier, SurvivalData, Turnbull};

use crate::common::{close, shared};

const NONE: f64 = f64::INFINITY;

/// Months to cosmetic deterioration after radiotherapy of the breast: Finkelstein and Wolfe 1985, Biometrics
/// 41:933, radiotherapy alone, as intervals (left, right].
const RADIOTHERAPY: [(f64, f64); 46] = [
    (45.0, NONE),
    (6.0, 10.0),
    (0.0, 7.0),
    (46.0, NONE),
    (46.0, NONE),
    (7.0, 16.0),
    (17.0, NONE),
    (7.0, 14.0),
    (37.0, 44.0),
    (0.0, 8.0),
    (4.0, 11.0),
    (15.0, NONE),
    (11.0, 15.0),
    (22.0, NONE),
    (46.0, NONE),
    (46.0, NONE),
    (25.0, 37.0),
    (46.0, NONE),
    (26.0, 40.0),
    (46.0, NONE),
    (27.0, 34.0),
    (36.0, 44.0),
    (46.0, NONE),
    (36.0, 48.0),
    (37.0, NONE),
    (40.0, NONE),
    (17.0, 25.0),
    (46.0, NONE),
    (11.0, 18.0),
    (38.0, NONE),
    (5.0, 12.0),
    (37.0, NONE),
    (0.0, 5.0),
    (18.0, NONE),
    (24.0, NONE),
    (36.0, NONE),
    (5.0, 11.0),
    (19.0, 35.0),
    (17.0, 25.0),
    (24.0, NONE),
    (32.0, NONE),
    (33.0, NONE),
    (19.0, 26.0),
    (37.0, NONE),
    (34.0, NONE),
    (36.0, NONE),
];

fn data(pairs: &[(f64, f64)]) -> IntervalData {
    let (left, right) = pairs.iter().copied().unzip();
    IntervalData::new(left, right).expect("intervals")
}

fn fit(pairs: &[(f64, f64)]) -> Turnbull {
    Turnbull::fit(&data(pairs), Interval::LogLog, 0.95).expect("a curve")
}

/// The estimate that R's `interval::icfit` prints for the arm (Fay and Shaw 2010, J Stat Softw 36(2), four
/// digits), and the log-likelihood of a plain self-consistency iteration to 1e-15 in Python.
#[test]
fn val_breast_cosmesis() {
    let curve = fit(&RADIOTHERAPY);
    let expected = [
        (4.0, 5.0, 0.0463),
        (6.0, 7.0, 0.0334),
        (7.0, 8.0, 0.0887),
        (11.0, 12.0, 0.0708),
        (24.0, 25.0, 0.0926),
        (33.0, 34.0, 0.0818),
        (38.0, 40.0, 0.1209),
        (46.0, 48.0, 0.4656),
    ];
    assert_eq!(curve.falls.len(), expected.len(), "{:?}", curve.falls);
    for (fall, (from, to, probability)) in curve.falls.iter().zip(expected) {
        close(fall.from, from, 0.0);
        close(fall.to, to, 0.0);
        // Half of the last digit printed.
        close(fall.probability, probability, 0.5e-4);
    }
    close(curve.log_likelihood, -58.060_021_953_991, 1e-9);
    assert!(curve.gap < 1e-8);
    assert_eq!((curve.patients, curve.events), (46, 21));
    // Ten digits of the same iteration.
    close(curve.falls[7].probability, 0.465_558_136_4, 1e-9);
    // S falls to 0.4656 in (38, 40].
    assert_eq!(curve.quantile(0.5), Ok(Some((38.0, 40.0))));
    let (low, high) = curve.survival_at(4.5);
    close(low, 1.0 - 0.046_346_774, 1e-8);
    close(high, 1.0, 0.0);
    let (low, high) = curve.survival_at(10.0);
    close(low, high, 0.0);
}

/// Where every time is known or right-censored, the curve is Kaplan and Meier's, its errors are Greenwood's and
/// its limits the same.
#[test]
fn exact_without_intervals_it_is_kaplan_meier() {
    let time = vec![6.0, 6.0, 6.0, 6.0, 7.0, 9.0, 10.0, 10.0, 11.0, 13.0, 16.0, 17.0, 19.0, 20.0];
    let event: Vec<bool> =
        (0..time.len()).map(|i| ![3, 5, 7, 8, 11, 12, 13].contains(&i)).collect();
    check_against_kaplan_meier(&SurvivalData::new(time, event).expect("data"));
    if let Some(lung) = shared("classic/lung.csv") {
        check_against_kaplan_meier(&lung.survival("time", "status", 2.0));
    }
}

fn check_against_kaplan_meier(survival: &SurvivalData) {
    let pairs: Vec<(f64, f64)> = survival
        .time()
        .iter()
        .zip(survival.event())
        .map(|(&t, &e)| (t, if e { t } else { NONE }))
        .collect();
    for scale in [Interval::Plain, Interval::Log, Interval::LogLog] {
        let curve = Turnbull::fit(&data(&pairs), scale, 0.9).expect("a curve");
        let km = KaplanMeier::fit(survival, scale, 0.9).expect("a curve");
        let steps: Vec<_> = km.steps.iter().filter(|s| s.events > 0).collect();
        let falls: Vec<_> = curve.falls.iter().filter(|f| f.to.is_finite()).collect();
        assert_eq!(falls.len(), steps.len());
        for (fall, step) in falls.iter().zip(&steps) {
            assert!((fall.to - step.time).abs() < 1e-12 && (fall.from - fall.to).abs() < 1e-12);
            // Newton steps end at rounding, 165 falls add up to a thousand of it.
            close(fall.survival, step.survival, 1e-11);
            if fall.survival > 0.0 {
                close(fall.standard_error.expect("an error"), step.standard_error, 1e-10);
                close(fall.lower.expect("a limit"), step.lower.expect("a limit"), 1e-9);
                close(fall.upper.expect("a limit"), step.upper.expect("a limit"), 1e-9);
            }
        }
    }
}

/// Everybody is seen at 1, 2 and 3: shares of binomials, with their errors.
#[test]
fn exact_a_common_grid_gives_shares() {
    let mut pairs = vec![(0.0, 1.0); 30];
    pairs.extend([(1.0, 2.0); 20]);
    pairs.extend([(2.0, 3.0); 10]);
    pairs.extend([(3.0, NONE); 40]);
    let curve = fit(&pairs);
    for (fall, (p, s)) in curve.falls.iter().zip([(0.3, 0.7), (0.2, 0.5), (0.1, 0.4), (0.4, 0.0)]) {
        close(fall.probability, p, 1e-14);
        close(fall.survival, s, 1e-14);
        if s > 0.0 {
            close(fall.standard_error.expect("an error"), f64::sqrt(s * (1.0 - s) / 100.0), 1e-14);
        }
    }
    assert_eq!(curve.quantile(0.5), Ok(Some((1.0, 2.0))));
    // 60 % have had the event by 3; more than that is not seen.
    assert_eq!(curve.quantile(0.7), Ok(None));
    assert_eq!(curve.survival_at(1.5), (curve.falls[1].survival, curve.falls[0].survival));
}

/// Two overlapping intervals and one more: (0, 2], (1, 3], (1, 2] have the innermost interval (1, 2] in common.
#[test]
fn exact_a_common_innermost_interval_takes_all() {
    let curve = fit(&[(0.0, 2.0), (1.0, 3.0), (1.0, 2.0)]);
    assert_eq!(curve.falls.len(), 1);
    assert!((curve.falls[0].probability - 1.0).abs() < 1e-15);
    assert_eq!((curve.falls[0].from, curve.falls[0].to), (1.0, 2.0));
    // An event at 2 lies in (1, 2] and not in (2, 3].
    let curve = fit(&[(2.0, 2.0), (1.0, 2.0), (2.0, 3.0)]);
    let found: Vec<_> = curve.falls.iter().map(|f| (f.from, f.to)).collect();
    assert_eq!(found, [(2.0, 2.0), (2.0, 3.0)]);
    close(curve.falls[0].probability, 2.0 / 3.0, 1e-12);
}

/// Observed later than it happens: the midpoint curve of visits 12 apart is late by half a gap, the interval
/// curve holds the truth between its ends.
#[test]
fn prop_the_truth_lies_within_the_intervals() {
    // Exponential times with mean 20 by their quantiles, seen every 8 with a shift per patient.
    let n = 500;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for i in 0..n {
        let u = (f64::from(i) + 0.5) / f64::from(n);
        let t = -20.0 * u.ln();
        // A golden-ratio sequence is spread evenly and has no pattern with i.
        let shift = (f64::from(i) * 0.618_033_988_75).fract() * 8.0;
        let before = ((t - shift) / 8.0).floor() * 8.0 + shift;
        let from = before.max(0.0);
        let to = if before < 0.0 { shift } else { before + 8.0 };
        let censored = to > 80.0;
        left.push(if censored { from.min(80.0) } else { from });
        right.push(if censored { NONE } else { to });
    }
    let data = IntervalData::new(left, right).expect("intervals");
    let curve = Turnbull::fit(&data, Interval::Log, 0.95).expect("a curve");
    for t in [10.0, 20.0, 40.0] {
        let truth = f64::exp(-t / 20.0);
        let (low, high) = curve.survival_at(t);
        // The estimate of a curve from 500 patients seen in intervals has an error of some n^(-1/3)/2; this one has no noise of u.
        assert!(low < truth + 0.06 && high > truth - 0.06, "S({t}) {low} to {high}, truth {truth}");
    }
}

#[test]
fn exact_refusals_of_intervals() {
    let message = |r: Result<IntervalData, lutetia_outcome::OutcomeError>| {
        r.expect_err("a refusal").to_string()
    };
    assert_eq!(
        message(IntervalData::new(vec![2.0], vec![1.0])),
        "right end of the interval of patient 1 is 1; expected a time not before the left end, or none"
    );
    assert!(message(IntervalData::new(vec![], vec![])).contains("no patients"));
    assert!(message(IntervalData::new(vec![f64::NAN], vec![1.0])).contains("left end"));
    assert!(message(IntervalData::new(vec![1.0], vec![])).contains("0 values for 1"));
    let censored = data(&[(1.0, NONE), (2.0, NONE)]);
    assert_eq!(
        Turnbull::fit(&censored, Interval::Log, 0.95).expect_err("a refusal").to_string(),
        "the curve of interval-censored times is not determined: all 2 patients are censored; follow them longer"
    );
}
