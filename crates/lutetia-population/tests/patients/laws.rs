//! Laws of parameters against their own inverses, differences and integrals.

use lutetia_model::Distribution;
use lutetia_population::{Form, ParameterLaw, Prior, Transform};
use proptest::prelude::*;

fn laws() -> impl Strategy<Value = ParameterLaw> {
    // Below −2 the long tail of the widest law ends at the smallest number within seven standard deviations.
    let shape = prop_oneof![-2.0..-0.05, 0.05..3.0];
    let law = |form: Form, typical: f64, sd: f64| ParameterLaw { form, typical, sd };
    prop_oneof![
        (-5.0..5.0, 0.01..2.0).prop_map(move |(m, sd)| law(Form::Normal, m, sd)),
        (1e-3..1e3, 0.01..1.0).prop_map(move |(m, sd)| law(Form::LogNormal, m, sd)),
        (-2.0..2.0, 0.1..5.0, 0.05..0.95, 0.01..2.0).prop_map(move |(lo, width, share, sd)| {
            law(Form::LogitNormal { lo, hi: lo + width }, lo + share * width, sd)
        }),
        (1e-3..1e3, shape, 0.01..0.5).prop_map(move |(m, shape, sd)| law(
            Form::BoxCox { shape },
            m,
            sd
        )),
    ]
}

/// ∫ g(θ) p(θ) dθ by Simpson's rule in θ, from what −8 standard deviations of η lead to up to that of `most`.
fn over_density(law: ParameterLaw, most: f64, g: impl Fn(f64) -> f64) -> f64 {
    let n = 40_000;
    // Steps are even in η, so that long tails have their points; the density is asked for in θ.
    let at = |k: i32| law.value(law.sd * (-8.0 + (most + 8.0) * f64::from(k) / f64::from(n)));
    let weighed = |theta: f64| {
        let density = law.ln_density(theta);
        // Where θ is next to the smallest number its density is beyond the largest, and hardly anybody is there.
        if density.is_finite() && theta.abs() > 1e-290 { g(theta) * density.exp() } else { 0.0 }
    };
    (0..n / 2)
        .map(|i| {
            let (a, b) = (at(2 * i), at(2 * i + 2));
            (b - a) / 6.0 * (weighed(a) + 4.0 * weighed(0.5 * (a + b)) + weighed(b))
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn prop_the_inverse_is_the_inverse(law in laws(), z in -3.0_f64..3.0) {
        let eta = law.sd * z;
        let theta = law.value(eta);
        let back = law.eta(theta);
        // An error of one rounding of θ is one of θ/(dθ/dη) of η; the short end of a law makes it large.
        let tolerance = 1e-13 + 1e-14 * (theta.abs() + law.typical.abs() + 5.0) / law.slope(eta).abs();
        prop_assert!((back - eta).abs() <= tolerance, "{law:?} {eta} {back}");
        let (least, most) = law.support();
        prop_assert!(least <= theta && theta <= most, "{law:?} {theta}");
    }

    #[test]
    fn prop_the_derivative_is_that_of_differences(law in laws(), z in -3.0_f64..3.0) {
        let eta = law.sd * z;
        let h = 1e-4 * law.sd.min(1.0);
        let five = |f: &dyn Fn(f64) -> f64| {
            (8.0 * (f(eta + h) - f(eta - h)) - (f(eta + 2.0 * h) - f(eta - 2.0 * h))) / (12.0 * h)
        };
        let slope = five(&|x| law.value(x));
        // Rounding of θ over the step, and the fourth order of the formula.
        let tolerance = 1e-6 * law.slope(eta).abs() + 1e-15 * (law.value(eta).abs() + 5.0) / h;
        prop_assert!((slope - law.slope(eta)).abs() <= tolerance, "{law:?} {eta} {slope}");
    }

    #[test]
    fn prop_the_scale_of_an_estimator_is_the_same_law(law in laws(), z in -3.0_f64..3.0) {
        let (transform, prior) = (law.transform(), law.prior());
        let theta = law.value(law.sd * z);
        let scale = theta.abs() + law.typical.abs() + 5.0;
        prop_assert!((transform.backward(prior.mean + prior.sd * z) - theta).abs() <= 1e-13 * scale);
        let slope = law.slope(law.sd * z);
        prop_assert!((transform.slope(prior.mean + prior.sd * z) - slope).abs() <= 1e-12 * scale);
        let tolerance = 1e-12 + 1e-14 * scale / (slope.abs() * prior.sd);
        prop_assert!((prior.deviation(transform, theta) - z).abs() <= tolerance);
        let again = prior.law(transform);
        prop_assert!(again.form == law.form && (again.typical - law.typical).abs() <= 1e-14 * scale);
    }

    #[test]
    fn prop_a_unit_changes_no_law(law in laws(), z in -3.0_f64..3.0, factor in 1e-3_f64..1e3) {
        let other = law.in_unit(factor);
        let (own, there) = (law.value(law.sd * z), other.value(other.sd * z) * factor);
        prop_assert!((own - there).abs() <= 1e-12 * (own.abs() + law.typical.abs() + 5.0));
        if let (Some(a), Some(b)) = (law.sd_of_value(), other.sd_of_value()) {
            prop_assert!((a - b * factor).abs() <= 1e-9 * a);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn prop_moments_are_those_of_the_density(law in laws()) {
        // Half lies below the median, also where the long tail is beyond any number.
        prop_assert!((over_density(law, 0.0, |_| 1.0) - 0.5).abs() < 1e-7, "{law:?}");
        let Some(mean) = law.mean() else {
            let unbounded = matches!(law.form, Form::BoxCox { shape } if shape > 0.0);
            prop_assert!(unbounded, "{law:?}");
            prop_assert!(law.sd_of_value().is_none() && law.cv().is_none());
            return Ok(());
        };
        let scale = mean.abs() + law.sd_of_value().expect("an sd beside a mean");
        prop_assert!((over_density(law, 8.0, |x| x) - mean).abs() < 1e-6 * scale, "{law:?} {mean}");
        let variance = over_density(law, 8.0, |x| (x - mean).powi(2));
        let sd = law.sd_of_value().expect("an sd beside a mean");
        // Simpson's rule in θ, where the short end of a law has an infinite slope of the density.
        prop_assert!((variance.sqrt() - sd).abs() < 1e-5 * sd, "{law:?} {sd} {}", variance.sqrt());
    }
}

#[test]
fn exact_the_forms_are_their_equations() {
    let bounds = (Some(1.0), Some(3.0));
    let at = |d: Distribution, m: f64, eta: f64| Form::declared(d, bounds).value(m, eta);
    assert!((at(Distribution::Normal, 2.0, 0.5) - 2.5).abs() < 1e-15);
    assert!((at(Distribution::LogNormal, 2.0, 0.5) - 2.0 * 0.5_f64.exp()).abs() < 1e-15);
    // At the middle the logit is zero, and e^(ln 3) : 1 divides the interval.
    assert!((at(Distribution::LogitNormal, 2.0, 3.0_f64.ln()) - 2.5).abs() < 1e-15);
    let short = Distribution::BoxCox { shape: -1.0 };
    assert!((at(short, 2.0, 2.0_f64.ln()) - 2.0 * 0.5_f64.exp()).abs() < 1e-15);
    // Far up, the short tail ends at m·e^(−1/s).
    assert!((at(short, 2.0, 60.0) - 2.0 * 1.0_f64.exp()).abs() < 1e-12);
    // Without bounds a logit-normal parameter is a share.
    let share = Form::declared(Distribution::LogitNormal, (None, None));
    assert_eq!(share, Form::LogitNormal { lo: 0.0, hi: 1.0 });
}

#[test]
fn exact_the_box_cox_law_is_log_normal_at_small_shapes() {
    let of = |form: Form| ParameterLaw { form, typical: 3.0, sd: 0.3 };
    let (near, limit) = (of(Form::BoxCox { shape: -1e-7 }), of(Form::LogNormal));
    for (a, b) in [
        (near.value(0.4), limit.value(0.4)),
        (near.mean().expect("finite"), limit.mean().expect("finite")),
        (near.sd_of_value().expect("finite"), limit.sd_of_value().expect("finite")),
    ] {
        // The difference is of the order of the shape.
        assert!((a / b - 1.0).abs() < 1e-6, "{a} {b}");
    }
}

#[test]
fn exact_a_declared_cv_is_read_back() {
    // 30 % of a log-normal law, and 20 % of a normal one of 0.01 ± 0.002.
    let prior = Prior::log_normal(2.4, 0.3);
    let cv = prior.law(Transform::Log).declared_cv().expect("a CV");
    assert!((cv - 0.3).abs() < 1e-15, "{cv}");
    let normal = Prior { mean: 0.01, sd: 0.002 };
    let cv = normal.law(Transform::Identity).declared_cv().expect("a CV");
    assert!((cv - 0.2).abs() < 1e-15, "{cv}");
    assert!((normal.deviation(Transform::Identity, 0.011_786) - 0.893).abs() < 1e-9);
    // A share of 1/2 moves by ω/4 to first order.
    let share = Prior { mean: 0.0, sd: 0.4 }.law(Transform::Logit { lo: 0.0, hi: 1.0 });
    assert!((share.declared_cv().expect("a CV") - 0.2).abs() < 1e-15);
    // About zero there is none.
    assert_eq!(Prior { mean: 0.0, sd: 1.0 }.law(Transform::Identity).declared_cv(), None);
}
