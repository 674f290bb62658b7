//! What the data do not say is said.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::{
    Cox, Groups, Interval, KaplanMeier, LogRank, PhTime, SurvivalData,
};

fn message<T: std::fmt::Debug>(result: Result<T, OutcomeError>) -> String {
    result.expect_err("a refusal").to_string()
}

fn data(time: &[f64], event: &[bool]) -> SurvivalData {
    SurvivalData::new(time.to_vec(), event.to_vec()).expect("survival data")
}

#[test]
fn exact_times_that_cannot_be() {
    assert_eq!(
        message(SurvivalData::new(vec![], vec![])),
        "the table of survival times has no patients; expected at least 1: leave it out, or check the spelling of its label"
    );
    assert_eq!(
        message(SurvivalData::new(vec![1.0, -2.0], vec![true, true])),
        "time of patient 2 is -2; expected a finite number, 0 or more"
    );
    assert_eq!(
        message(SurvivalData::new(vec![1.0, 2.0], vec![true])),
        "`event` has 1 values for 2 patients; give one value per patient"
    );
    assert!(SurvivalData::new(vec![f64::NAN], vec![true]).is_err());
    assert!(SurvivalData::new(vec![f64::INFINITY], vec![false]).is_err());
}

#[test]
fn exact_all_censored() {
    let data = data(&[1.0, 2.0, 3.0], &[false; 3]);
    let curve = KaplanMeier::fit(&data, Interval::Log, 0.95).expect("a curve");
    assert_eq!(curve.survival_at(2.5), Some(1.0));
    assert_eq!(curve.survival_at(3.5), None);
    assert_eq!(curve.median().estimate, None);
    assert_eq!(curve.rmst(3.0).map(|r| (r.mean, r.standard_error)), Ok((3.0, 0.0)));
    let mean = curve.rmst(3.0).expect("a mean");
    assert_eq!(
        message(mean.minus(&mean, 0.95)),
        "the error of the difference of restricted means is not determined: an arm has no event before 3"
    );
    assert_eq!(
        message(curve.rmst(4.0)),
        "the restricted mean to 4 is not determined: the last observed time is 3 with patients alive; take a horizon of at most 3"
    );
    let arms = Groups::by_appearance(&["a", "b", "b"]);
    assert_eq!(
        message(LogRank::new(&data, &arms).test()),
        "the log-rank test is not determined: 0 events, and at none of them were patients of two groups at risk"
    );
    assert_eq!(
        message(Cox::new(&data).groups(&arms).fit()),
        "the Cox model is not determined: all 3 times are censored; follow the patients longer"
    );
}

#[test]
fn exact_one_event() {
    let data = data(&[1.0, 2.0, 3.0, 4.0], &[false, true, false, false]);
    let arms = Groups::by_appearance(&["a", "b", "a", "b"]);
    let curve = KaplanMeier::fit(&data, Interval::LogLog, 0.95).expect("a curve");
    assert_eq!(curve.events, 1);
    assert_eq!(curve.median().estimate, None);
    // 3 at risk at the event, 2 of them in b: U = 1 − 2/3, V = 2/9, χ² = 1/2.
    let test = LogRank::new(&data, &arms).test().expect("a test");
    assert!((test.chi_squared - 0.5).abs() < 1e-14);
    // One event in one arm: the hazard ratio is infinite, not 10⁸.
    let refused = message(Cox::new(&data).groups(&arms).fit());
    assert!(refused.starts_with("the coefficient of `b` is not determined"), "{refused}");
    assert!(refused.contains("events on one side only, where Firth's"), "{refused}");
}

#[test]
fn exact_ties_everywhere() {
    let same = data(&[2.0; 6], &[true, true, true, true, false, false]);
    let arms = Groups::by_appearance(&["a", "b", "a", "b", "a", "b"]);
    let curve = KaplanMeier::fit(&same, Interval::Log, 0.95).expect("a curve");
    assert_eq!(curve.steps.len(), 1);
    assert!((curve.steps[0].survival - 1.0 / 3.0).abs() < 1e-15);
    let test = LogRank::new(&same, &arms).test().expect("a test");
    assert!(test.chi_squared.abs() < 1e-12);
    let cox = Cox::new(&same).groups(&arms).fit().expect("a fit");
    assert!(cox.coefficients[0].value.abs() < 1e-9);
    assert_eq!(
        message(cox.proportional_hazards(PhTime::KaplanMeier)),
        "the test of proportional hazards is not determined: all events are at one time"
    );
    // The curve falls to 0 at once: the median is there, its limits are not determined.
    let gone =
        KaplanMeier::fit(&data(&[2.0; 3], &[true; 3]), Interval::Log, 0.95).expect("a curve");
    let median = gone.median();
    assert_eq!((median.estimate, median.lower, median.upper), (Some(2.0), None, None));
    // Everybody dies at once: nothing distinguishes the arms, and there is no variance.
    let all = data(&[2.0; 6], &[true; 6]);
    assert!(message(LogRank::new(&all, &arms).test()).contains("not determined"));
}

#[test]
fn exact_groups_that_cannot_be() {
    let found = Groups::with_order(&["control", "treated"], &["control", "control"]);
    assert_eq!(
        message(found),
        "group `treated` has no patients; expected at least 1: leave it out, or check the spelling of its label"
    );
    let found = Groups::with_order(&["control", "treated"], &["control", "Treated"]);
    assert_eq!(message(found), "no group named `Treated`; known are control, treated");
    let one = Groups::by_appearance(&["a", "a"]);
    let data = data(&[1.0, 2.0], &[true, true]);
    assert_eq!(
        message(LogRank::new(&data, &one).test()),
        "1 group for a comparison, expected 2 or more; give a column that separates the arms"
    );
    let short = Groups::by_appearance(&["a"]);
    assert!(short.split(&data).is_err());
    assert!(LogRank::new(&data, &short).test().is_err());
}

#[test]
fn exact_covariates_that_cannot_be() {
    let data = data(&[1.0, 2.0, 3.0, 4.0], &[true, true, true, false]);
    let x = [0.3, 0.1, 0.4, 0.2];
    assert!(message(Cox::new(&data).fit()).contains("without covariates"));
    assert!(message(Cox::new(&data).covariate("x", &[1.0]).fit()).contains("`x` has 1 values"));
    let nan = [0.3, f64::NAN, 0.4, 0.2];
    assert!(
        message(Cox::new(&data).covariate("x", &nan).fit()).contains("`x` of patient 2 is NaN")
    );
    assert_eq!(
        message(Cox::new(&data).covariate("x", &x).covariate("one", &[1.0; 4]).fit()),
        "the coefficient of `one` is not determined: the covariate is constant, or follows from the others; leave it out"
    );
    let entry = [0.0, 2.0, 0.0, 0.0];
    assert!(
        message(Cox::new(&data).covariate("x", &x).entry(&entry).fit()).contains("entry of row 2")
    );
    let weights = [1.0, 1.0, 0.0, 1.0];
    assert!(
        message(Cox::new(&data).covariate("x", &x).weights(&weights).fit()).contains("row 3 is 0")
    );
    assert!(KaplanMeier::fit(&data, Interval::Log, 1.0).is_err());
}
