//! What holds for every Cox model, and for what is made of one.

use lutetia_outcome::OutcomeError;
use lutetia_outcome::survival::{
    AalenJohansen, Aft, AftFamily, CompetingData, Cox, CoxFit, Groups, Interval, KaplanMeier,
    PhTime, SurvivalData, SurvivalModel, Ties, Undetermined, fine_gray,
};
use proptest::prelude::*;

use crate::common::close;

/// Rows of a small table with many ties.
#[derive(Debug, Clone)]
struct Rows {
    time: Vec<f64>,
    event: Vec<bool>,
    entry: Vec<f64>,
    weight: Vec<f64>,
    x: Vec<f64>,
    z: Vec<f64>,
    label: Vec<u8>,
}

impl Rows {
    fn data(&self) -> SurvivalData {
        SurvivalData::new(self.time.clone(), self.event.clone()).expect("survival data")
    }

    fn groups(&self) -> Groups {
        let labels: Vec<String> = self.label.iter().map(u8::to_string).collect();
        Groups::by_appearance(&labels)
    }
}

fn some_rows() -> impl Strategy<Value = Rows> {
    let row =
        (1..12_u8, any::<bool>(), 0.0..1.0_f64, 0.2..3.0_f64, 0..2_u8, -1.0..1.0_f64, 0..4_u8);
    prop::collection::vec(row, 2..40).prop_map(|rows| {
        let time: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
        Rows {
            event: rows.iter().map(|r| r.1).collect(),
            entry: rows.iter().map(|r| (f64::from(r.0) * r.2).ceil() - 1.0).collect(),
            weight: rows.iter().map(|r| r.3).collect(),
            x: rows.iter().map(|r| f64::from(r.4)).collect(),
            z: rows.iter().map(|r| r.5).collect(),
            label: rows.iter().map(|r| r.6).collect(),
            time,
        }
    })
}

/// C over all pairs of rows, one by one.
fn concordance_of_pairs(rows: &Rows, predictor: &[f64]) -> f64 {
    let (mut foretold, mut known) = (0.0, 0.0);
    for i in (0..rows.time.len()).filter(|&i| rows.event[i]) {
        for j in 0..rows.time.len() {
            let later =
                rows.time[j] > rows.time[i] || (!rows.event[j] && rows.time[j] >= rows.time[i]);
            if later && rows.entry[j] < rows.time[i] {
                let pair = rows.weight[i] * rows.weight[j];
                known += pair;
                let order = predictor[i].total_cmp(&predictor[j]);
                foretold += pair * (0.5 * f64::from(order as i8) + 0.5);
            }
        }
    }
    foretold / known
}

fn finite(fit: &CoxFit) -> bool {
    let c = fit.coefficients.iter();
    let mut numbers: Vec<f64> = c
        .flat_map(|c| [c.value, c.model_error, c.standard_error, c.z, c.p])
        .chain([fit.null_log_likelihood, fit.log_likelihood])
        .collect();
    for test in [fit.likelihood_ratio, fit.score, fit.wald] {
        numbers.extend([test.chi_squared, test.p]);
    }
    numbers.extend(fit.baseline_hazard(0).iter().map(|(_, h)| *h));
    if let Ok(trend) = fit.proportional_hazards(PhTime::KaplanMeier) {
        numbers.extend(trend.terms.iter().map(|(_, t)| t.chi_squared));
        numbers.push(trend.global.chi_squared);
    }
    numbers.iter().all(|x| x.is_finite())
}

proptest! {
    #[test]
    fn prop_concordance_is_that_of_all_pairs(rows in some_rows()) {
        let data = rows.data();
        let fit = Cox::new(&data).covariate("z", &rows.z).entry(&rows.entry).weights(&rows.weight).fit();
        let Ok(fit) = fit else { return Ok(()) };
        let sign = fit.coefficients[0].value.signum();
        prop_assume!(fit.coefficients[0].value.abs() > 1e-6);
        let predictor: Vec<f64> = rows.z.iter().map(|z| sign * z).collect();
        let expected = concordance_of_pairs(&rows, &predictor);
        prop_assert!((fit.concordance.c - expected).abs() < 1e-12, "{} {expected}", fit.concordance.c);
    }

    /// A number or a reason, whatever the data: never a NaN, never a panic.
    #[test]
    fn prop_a_model_is_finite_or_refused(rows in some_rows(), kind in 0..48_u8) {
        let (data, groups) = (rows.data(), rows.groups());
        let ties = [Ties::Efron, Ties::Breslow, Ties::Exact][usize::from(kind % 3)];
        let mut model = Cox::new(&data).covariate("x", &rows.x).covariate("z", &rows.z).ties(ties);
        let with = |bit: u8| (kind / 3) & bit > 0;
        if with(1) { model = model.entry(&rows.entry); }
        if with(2) { model = model.weights(&rows.weight); }
        if with(4) { model = model.strata(&groups); }
        if with(8) { model = model.cluster(&groups); }
        if let Ok(fit) = model.fit() {
            prop_assert!(finite(&fit), "{fit:?}");
        }
    }

    #[test]
    fn prop_failure_times_are_finite_or_refused(rows in some_rows(), kind in 0..4_usize) {
        let data = rows.data();
        let family = [
            AftFamily::Exponential,
            AftFamily::Weibull,
            AftFamily::LogNormal,
            AftFamily::LogLogistic,
        ][kind];
        let model = Aft::new(&data, family).covariate("x", &rows.x).covariate("z", &rows.z);
        if let Ok(fit) = model.fit() {
            let of = fit.coefficients.iter().flat_map(|c| [c.value, c.standard_error, c.z, c.p]);
            let all = [fit.scale, fit.log_likelihood, fit.null_log_likelihood];
            prop_assert!(of.chain(all).all(f64::is_finite), "{fit:?}");
            prop_assert!(fit.log_likelihood >= fit.null_log_likelihood - 1e-9);
        }
    }

    /// β of a covariate in another unit and from another origin is that of the covariate in that unit.
    #[test]
    fn prop_units_and_origins_of_covariates_do_not_matter(rows in some_rows(), unit in 0.001..1000.0_f64, origin in -1e3..1e3_f64) {
        let data = rows.data();
        let other: Vec<f64> = rows.z.iter().map(|z| origin + unit * z).collect();
        let fit = |z: &[f64]| Cox::new(&data).covariate("x", &rows.x).covariate("z", z).fit();
        let (Ok(one), Ok(two)) = (fit(&rows.z), fit(&other)) else { return Ok(()) };
        let (b, error) = (&one.coefficients[1], one.coefficients[1].standard_error);
        // Origins a million times the spread leave ten digits.
        prop_assert!((two.coefficients[1].value * unit - b.value).abs() < 1e-6 * error);
        prop_assert!((two.score.chi_squared - one.score.chi_squared).abs() < 1e-6);
    }

    /// Under Breslow's ties a weight of two is the patient twice, but for the information that is double as well.
    #[test]
    fn prop_a_weight_of_two_is_a_patient_twice(rows in some_rows()) {
        let twice = |v: &[f64]| [v, v].concat();
        let (data, two) = (rows.data(), vec![2.0; rows.time.len()]);
        let double = SurvivalData::new(twice(&rows.time), [&rows.event[..], &rows.event].concat());
        let double = double.expect("survival data");
        let weighted = Cox::new(&data).covariate("z", &rows.z).ties(Ties::Breslow).weights(&two).fit();
        let z = twice(&rows.z);
        let doubled = Cox::new(&double).covariate("z", &z).ties(Ties::Breslow).fit();
        let (Ok(a), Ok(b)) = (weighted, doubled) else { return Ok(()) };
        prop_assert!((a.coefficients[0].value - b.coefficients[0].value).abs() < 1e-9 * (1.0 + a.coefficients[0].value.abs()));
        prop_assert!((a.log_likelihood - b.log_likelihood).abs() < 1e-9 * (1.0 + a.log_likelihood.abs()));
    }

    /// One cause alone is Kaplan and Meier upside down, and its error is Greenwood's.
    #[test]
    fn prop_one_cause_is_kaplan_meier(rows in some_rows()) {
        let cause = rows.event.iter().map(|e| e.then_some(0)).collect();
        let data = CompetingData::new(rows.time.clone(), cause, &["a"]).expect("one cause");
        let Ok(curve) = AalenJohansen::fit(&data) else { return Ok(()) };
        let km = KaplanMeier::fit(&rows.data(), Interval::Log, 0.95).expect("a curve");
        prop_assert_eq!(curve.steps.len(), km.steps.len());
        for (a, b) in curve.steps.iter().zip(&km.steps) {
            prop_assert!((a.incidence[0] - (1.0 - b.survival)).abs() < 1e-14);
            prop_assert!((a.standard_error[0] - b.standard_error).abs() < 1e-12);
        }
    }
}

/// Two periods without a common patient, the second with risks e⁵⁰ times those of the first: strata of the periods say
/// the same. Sums from which the second period is taken away have no digit left, and are made anew.
#[test]
fn exact_risks_that_leave_are_forgotten() {
    let x = [0.2, 0.9, 0.4, 0.7, 0.1, 0.6];
    let early: Vec<f64> = (1..=6).map(f64::from).collect();
    let late: Vec<f64> = early.iter().map(|t| t + 10.0).collect();
    let time = [early, late].concat();
    let data = SurvivalData::new(time, vec![true; 12]).expect("survival data");
    let column: Vec<f64> = x.iter().copied().chain(x.iter().map(|x| x + 50.0)).collect();
    let entry = [[0.0; 6], [10.0; 6]].concat();
    let fit = Cox::new(&data).covariate("x", &column).entry(&entry).fit().expect("a fit");
    let periods = Groups::by_appearance(&[["a"; 6], ["b"; 6]].concat());
    let apart = [x, x].concat();
    let expected = Cox::new(&data).covariate("x", &apart).strata(&periods).fit().expect("a fit");
    close(fit.coefficients[0].value, expected.coefficients[0].value, 1e-6);
    close(fit.coefficients[0].model_error, expected.coefficients[0].model_error, 1e-6);
    close(fit.log_likelihood, expected.log_likelihood, 1e-8);
    let hazard = |f: &CoxFit| f.baseline_hazard(0)[5].1;
    close(hazard(&fit) / hazard(&expected), 1.0, 1e-5);
}

/// Of d tied events among n alike patients the exact denominator counts the subsets of d: ℓ(0) = −ln C(n, d).
#[test]
fn exact_the_discrete_likelihood_counts_subsets() {
    let time: Vec<f64> = (0..2000).map(|i| if i < 300 { 1.0 } else { 2.0 }).collect();
    let event: Vec<bool> = (0..2000).map(|i| i < 300).collect();
    let x: Vec<f64> = (0..2000).map(|i| f64::from(i % 7)).collect();
    let data = SurvivalData::new(time, event).expect("survival data");
    let fit = Cox::new(&data).covariate("x", &x).ties(Ties::Exact).fit().expect("a fit");
    let subsets: f64 = (0..300).map(|i| (f64::from(2000 - i) / f64::from(i + 1)).ln()).sum();
    close(fit.null_log_likelihood, -subsets, 1e-9);
}

fn message<T: std::fmt::Debug>(result: Result<T, OutcomeError>) -> String {
    result.expect_err("a refusal").to_string()
}

#[test]
fn exact_models_that_cannot_be() {
    let time = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let data = SurvivalData::new(time, vec![true, true, true, true, false, true]).expect("data");
    let x = [0.3, 0.1, 0.4, 0.2, 0.6, 0.5];
    let ones = [1.0; 6];
    let said = "weights or robust errors with the exact likelihood of tied events, where neither is defined; take Efron's or Breslow's ties";
    let exact = || Cox::new(&data).covariate("x", &x).ties(Ties::Exact);
    assert_eq!(message(exact().weights(&ones).fit()), said);
    assert_eq!(message(exact().robust().fit()), said);
    assert!(exact().fit().is_ok());
    // The residuals of all patients together are the score, which is 0.
    let one = Groups::by_appearance(&["a"; 6]);
    assert_eq!(
        message(Cox::new(&data).covariate("x", &x).cluster(&one).fit()),
        "the robust error of the coefficient of `x` is not determined: the score residuals of every cluster add to 0; there are too few clusters"
    );
    let sum: Vec<f64> = x.iter().map(|x| 7.0 - 2.0 * x).collect();
    let constant = "the coefficient of `y` is not determined: the covariate is constant, or follows from the others; leave it out";
    let cox = |y: &[f64]| Cox::new(&data).covariate("x", &x).covariate("y", y).fit();
    assert_eq!(message(cox(&sum)), constant);
    // A mean of tenths is not a tenth in binary.
    assert_eq!(message(cox(&[0.1; 6])), constant);
    for family in
        [AftFamily::Exponential, AftFamily::Weibull, AftFamily::LogNormal, AftFamily::LogLogistic]
    {
        let aft = |y: &[f64]| Aft::new(&data, family).covariate("x", &x).covariate("y", y).fit();
        assert_eq!(message(aft(&sum)), constant);
        assert_eq!(message(aft(&[0.1; 6])), constant);
    }
}

#[test]
fn exact_an_arm_without_events() {
    let time = vec![1.0, 2.0, 2.5, 4.0, 5.0, 6.0, 2.0, 3.0, 5.0, 6.0];
    let event = [[true; 5], [false; 5]].concat();
    let data = SurvivalData::new(time.clone(), event.clone()).expect("data");
    let arm = [[0.0; 5], [1.0; 5]].concat();
    for ties in [Ties::Efron, Ties::Breslow, Ties::Exact] {
        let refused = message(Cox::new(&data).covariate("arm", &arm).ties(ties).fit());
        assert!(
            refused.starts_with(
                "the coefficient of `arm` is not determined: the likelihood keeps rising"
            ),
            "{refused}"
        );
    }
    let cause = event.iter().map(|e| Some(usize::from(!e))).collect();
    let competing = CompetingData::new(time, cause, &["a", "b"]).expect("data");
    let refused = message(fine_gray(&competing, "a", &[("arm", &arm)]));
    assert!(refused.contains("keeps rising"), "{refused}");
    for family in
        [AftFamily::Exponential, AftFamily::Weibull, AftFamily::LogNormal, AftFamily::LogLogistic]
    {
        let refused = message(Aft::new(&data, family).covariate("arm", &arm).fit());
        assert!(refused.contains("keeps rising"), "{family:?}: {refused}");
    }
}

/// Why there is no estimate is a variant with its facts, under the code of what the data do not determine.
#[test]
fn exact_reasons_are_data() {
    let data = SurvivalData::new(vec![1.0, 2.0, 3.0, 4.0], vec![true, true, false, false]);
    let data = data.expect("data");
    let refused =
        Cox::new(&data).covariate("x", &[1.0, 1.0, 0.0, 0.0]).fit().expect_err("one side");
    assert_eq!(refused.code(), "LUT9004");
    let OutcomeError::Undetermined(Undetermined::Rising { model, covariate, at }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!((model, covariate.as_str()), (SurvivalModel::Cox, "x"));
    // The information falls by e with every step of one.
    let (value, error) = at.expect("it stopped at a number");
    assert!(value > 15.0 && error > 1000.0, "{value} {error}");
    let both = SurvivalData::new(vec![1.0, 1.0, 2.0], vec![true, true, false]).expect("data");
    let fit = Cox::new(&both).covariate("x", &[1.0, 0.0, 0.5]).fit().expect("a fit");
    assert_eq!(
        fit.proportional_hazards(PhTime::Rank),
        Err(OutcomeError::Undetermined(Undetermined::OneTime))
    );
}

/// All events at one time, and nobody censored: a distribution of no width.
#[test]
fn exact_times_without_scatter() {
    let data = SurvivalData::new(vec![3.0; 5], vec![true; 5]).expect("data");
    for family in [AftFamily::Weibull, AftFamily::LogNormal, AftFamily::LogLogistic] {
        let refused = message(Aft::new(&data, family).fit());
        assert!(refused.contains("no scatter left"), "{family:?}: {refused}");
    }
    let fit = Aft::new(&data, AftFamily::Exponential).fit().expect("a mean");
    close(fit.coefficients[0].value, 3.0_f64.ln(), 1e-9);
    close(fit.log_likelihood, -5.0 * (3.0_f64.ln() + 1.0), 1e-12);
}
