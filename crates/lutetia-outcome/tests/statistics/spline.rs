//! Royston and Parmar's splines.

use lutetia_outcome::survival::{
    Distribution, Family, SplineScale, SurvivalData, fit_parametric, fit_spline,
};

use crate::common::{close, shared};

/// Patients without a file: quantiles of a log-normal law, every fourth one censored at 0.7 of its time.
fn patients() -> SurvivalData {
    let law = Distribution::LogNormal { mu: 2.0, sigma: 0.8 };
    let time: Vec<f64> = (0..120)
        .map(|i| {
            let t = law.quantile((f64::from(i) + 0.5) / 120.0).expect("a quantile");
            if i % 4 == 0 { 0.7 * t } else { t }
        })
        .collect();
    SurvivalData::new(time, (0..120).map(|i| i % 4 != 0).collect()).expect("data")
}

/// Without internal knots s is a straight line in ln t: Weibull, log-logistic and log-normal distributions, whose
/// fits by another routine it must meet.
#[test]
fn exact_no_internal_knots_are_the_classic_families() {
    let data = patients();
    for (scale, family) in [
        (SplineScale::Hazard, Family::Weibull),
        (SplineScale::Odds, Family::LogLogistic),
        (SplineScale::Normal, Family::LogNormal),
    ] {
        let spline = fit_spline(&data, 0, scale, 0.95).expect("a fit");
        let fit = fit_parametric(&data, family, 0.95).expect("a fit");
        close(spline.log_likelihood, fit.log_likelihood, 1e-8);
        close(spline.aic, fit.aic, 1e-7);
        for t in [1.0, 5.0, 10.0, 40.0] {
            // Both maxima are found to about 1e-8.
            close(spline.survival(t), fit.distribution.survival(t), 1e-6);
            close(spline.hazard(t).expect("a hazard"), fit.distribution.hazard(t), 1e-6);
        }
        let median = spline.quantile(0.5).expect("a median");
        close(median, fit.distribution.quantile(0.5).expect("a median"), 1e-5);
        close(
            spline.restricted_mean(20.0).expect("a mean"),
            fit.distribution.restricted_mean(20.0).expect("a mean"),
            1e-5,
        );
    }
}

/// The lung data with knots at quantiles of ln t of the deaths. γ and ln L with three knots are lifelines 0.30.3
/// (`SplineFitter`, whose optimiser stops at 1e-5 of ln L); those of all are SciPy 1.17's Nelder–Mead to 1e-12 on
/// the same likelihood typed in Python.
#[test]
fn val_lung() {
    let Some(lung) = shared("classic/lung.csv") else { return };
    let data = lung.survival("time", "status", 2.0);
    let expected: [(f64, &[f64]); 4] = [
        (-1_153.851_188_089, &[-7.947_003_91, 1.316_840_17]),
        (-1_153.596_828_888, &[-7.229_672_62, 1.137_954_06, -0.015_580_11]),
        (-1_153.406_635_020, &[-6.895_273_55, 1.029_143_64, -0.086_065_61, 0.102_183_74]),
        (
            -1_153.232_236_306,
            &[-6.722_724_54, 0.959_461_61, -0.232_444_39, 0.400_548_75, -0.217_055_53],
        ),
    ];
    for (k, (log_likelihood, gamma)) in expected.into_iter().enumerate() {
        let fit = fit_spline(&data, k, SplineScale::Hazard, 0.95).expect("a fit");
        close(fit.log_likelihood, log_likelihood, 1e-8);
        for (found, expected) in fit.gamma.iter().zip(gamma) {
            // The likelihood is flat along the coefficients: a simplex knows them to a few 1e-6.
            close(*found, *expected, 2e-5);
        }
        close(fit.aic, 2.0 * (k as f64 + 2.0) - 2.0 * log_likelihood, 1e-7);
        assert!(fit.falls());
    }
    let fit = fit_spline(&data, 2, SplineScale::Hazard, 0.95).expect("a fit");
    // lifelines: γ −6.90098 1.03056 −0.08583 0.10196 with errors 1.16112 0.29759 0.12965 0.18490, median 316.61.
    let errors = [1.161_12, 0.297_59, 0.129_65, 0.184_90];
    for (found, expected) in fit.standard_errors.iter().zip(errors) {
        close(*found / expected, 1.0, 0.01);
    }
    close(fit.quantile(0.5).expect("a median"), 316.61, 0.2);
    let (estimate, lower, upper) = fit.survival_interval(365.0);
    assert!(lower < estimate && estimate < upper);
}

/// The likelihood rises with every knot that is nested in the ones before: 1 and 3 internal knots share the middle.
#[test]
fn prop_nested_knots_raise_the_likelihood() {
    let data = patients();
    for scale in SplineScale::ALL {
        let of = |k| fit_spline(&data, k, scale, 0.95).expect("a fit").log_likelihood;
        let (zero, one, three) = (of(0), of(1), of(3));
        assert!(zero <= one + 1e-9 && one <= three + 1e-9, "{zero} {one} {three}");
    }
}

#[test]
fn exact_refusals_of_splines() {
    let message = |time: &[f64], event: &[bool], k| {
        let data = SurvivalData::new(time.to_vec(), event.to_vec()).expect("data");
        fit_spline(&data, k, SplineScale::Hazard, 0.95).expect_err("a refusal").to_string()
    };
    assert_eq!(
        message(&[1.0, 2.0, 3.0], &[true, true, false], 1),
        "the spline with 1 internal knots is not determined: there are 2 different event times for 3 coefficients; take fewer knots"
    );
    assert!(message(&[1.0, 2.0], &[false, false], 0).contains("0 different event times"));
    assert!(message(&[0.0, 2.0], &[true, true], 0).contains("a time above 0"));
    let ties = [1.0, 1.0, 1.0, 1.0, 2.0, 3.0];
    assert!(message(&ties, &[true; 6], 1).contains("two knots fall together"));
}
