//! Profile likelihood and parametric bootstrap, beside closed forms.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common::{ClosedForm, Curve, close, observations};
use lutetia_fit::{
    ActivityCurve, DerivedKind, ErrorModel, Fit, FitParameter, Function, Magnitude, Observation,
    Problem, ProfileEnd, Refit, Sampler, Transform, VarianceCount, fit, percentiles, profile,
};

const LP: f64 = 0.004_346_7;
const LINE: Curve = |x, b| (b[0] + b[1] * x, vec![1.0, x]);

fn line() -> (ClosedForm, Vec<FitParameter>, [f64; 6]) {
    let x = [0.0, 1.0, 2.0, 3.0, 5.0, 8.0];
    let parameters = vec![
        FitParameter::new("intercept", 0.5, Transform::Identity),
        FitParameter::new("slope", 1.0, Transform::Identity),
    ];
    (
        ClosedForm::new(&["intercept", "slope"], &x, LINE),
        parameters,
        [1.1, 2.9, 5.2, 6.8, 11.3, 16.7],
    )
}

#[test]
fn exact_profile_of_a_line_is_the_t_interval() {
    // For a linear model the profile is a parabola: the interval is the estimate ± t·se (unknown variance) or ± 1.96·sd.
    let (predictor, p, y) = line();
    for known in [false, true] {
        let (data, error) = if known {
            (y.iter().map(|v| Observation::with_sd("p", *v, 0.4)).collect(), ErrorModel::Known)
        } else {
            (observations(&y), ErrorModel::Additive { sd: Magnitude::Estimated(1.0) })
        };
        let problem = Problem::new(&predictor, data, error, p.clone());
        let f = fit(&problem).unwrap();
        for name in ["intercept", "slope"] {
            let e = f.estimate(name).unwrap();
            let (low, high) = e.ci95.unwrap();
            let found = profile(&problem, &f, name).unwrap();
            // The search for the limit stops within 1e-3 of the deviance and interpolates its root, which is straight.
            close("low", found.low.limit().unwrap(), low, 1e-5);
            close("high", found.high.limit().unwrap(), high, 1e-5);
            for (value, deviance) in &found.points {
                let z = (value - e.value) / e.se.unwrap();
                let expected = if known { z * z } else { 6.0 * (z * z / 4.0).ln_1p() };
                assert!(
                    (deviance - expected).abs() < 1e-6 * (1.0 + expected),
                    "{deviance} {expected}"
                );
            }
        }
    }
}

fn curve_fit<'a>(
    name: &str,
    curve: &'a ActivityCurve,
    y: &[f64],
    error: ErrorModel,
) -> (Problem<'a>, Fit) {
    let p = Function::named(name).unwrap().parameters(curve, 7400.0, y).unwrap();
    let problem = Problem::new(curve, observations(y), error, p);
    let f = fit(&problem).unwrap();
    (problem, f)
}

#[test]
fn val_profile_of_an_integral_beside_a_search_by_hand() {
    // One exponential with 10 % proportional error. On the profile of TIA the amplitude is tia·k, so that only k is
    // left: a fine scan over it gives the deviance independently.
    let t = [4.0, 24.0, 72.0, 120.0];
    let y = [100.0, 66.0, 30.0, 11.0];
    let cv = 0.1;
    let curve = Function::named("mono").unwrap().curve(LP, 1.0, &t).unwrap();
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(cv) };
    let (problem, f) = curve_fit("mono", &curve, &y, error);
    let objective = |tia: f64, k: f64| -> f64 {
        t.iter()
            .zip(&y)
            .map(|(t, y)| {
                let m = tia * k * (-k * t).exp();
                // The deviance of a proportional variance.
                2.0 * (y / m + m.ln()) / (cv * cv)
            })
            .sum()
    };
    let profiled = |tia: f64| {
        (0..40_000)
            .map(|i| objective(tia, LP + 0.05 * f64::from(i) / 40_000.0))
            .fold(f64::INFINITY, f64::min)
    };
    let tia = f.derived(DerivedKind::Tia).unwrap();
    let best = profiled(tia.value);
    let found = profile(&problem, &f, "tia").unwrap();
    for end in [found.low, found.high] {
        let deviance = profiled(end.limit().unwrap()) - best;
        // The grid of rates and the search for the limit each leave 1e-3.
        assert!((deviance / 3.841_458_8 - 1.0).abs() < 5e-3, "{end:?} {deviance}");
    }
    // A proportional error leans the interval to the right; the linear one cannot.
    let (low, high) = (found.low.limit().unwrap(), found.high.limit().unwrap());
    println!("profile {low} {high}, linear {:?}", tia.ci95);
    assert!(high / tia.value > tia.value / low);
}

#[test]
fn exact_profile_says_where_the_data_bound_nothing() {
    // An uptake that is over before the first scan: its rate has a lower limit and no upper one.
    let t = [4.0, 24.0, 72.0, 120.0];
    let y = [101.0, 68.0, 30.0, 13.0];
    let curve = Function::named("bi-uptake").unwrap().curve(LP, 1.0, &t).unwrap();
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    let (problem, f) = curve_fit("bi-uptake", &curve, &y, error);
    let found = profile(&problem, &f, "lambda2").unwrap();
    assert!(matches!(found.high, ProfileEnd::Open(_)), "{found:?}");
    assert!(matches!(found.low, ProfileEnd::Limit(_)), "{found:?}");
    // The integral hardly depends on it and is bounded on both sides.
    let tia = profile(&problem, &f, "tia").unwrap();
    assert!(tia.low.limit().is_some() && tia.high.limit().is_some(), "{tia:?}");
    let e = profile(&problem, &f, "no_such").unwrap_err();
    assert!(e.to_string().contains("no_such"), "{e}");
}

#[test]
fn val_bootstrap_agrees_with_propagation_where_errors_are_small() {
    let t = [1.0, 4.0, 24.0, 48.0, 96.0, 168.0];
    let curve = Function::named("bi-uptake").unwrap().curve(LP, 1.0, &t).unwrap();
    let theta = [100.0, 0.01, 0.4];
    let mut g = [0.0; 3];
    let y: Vec<f64> = t
        .iter()
        .map(|t| {
            use lutetia_fit::TimeActivity as _;
            curve.point(&theta, *t, &mut g)
        })
        .collect();
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.02) };
    let (problem, f) = curve_fit("bi-uptake", &curve, &y, error);
    let sampler = Sampler::new(&f, 3).unwrap();
    let refit = Refit::new(&curve, &problem.parameters, &problem.observations, error, &f);
    let n = 2000;
    let tias: Vec<f64> =
        (0..n).filter_map(|i| refit.fit(&sampler.draw(i)).map(|r| r.tia)).collect();
    assert_eq!(tias.len() as u64, n);
    let p = percentiles(&tias).unwrap();
    let d = f.derived(DerivedKind::Tia).unwrap();
    // 2000 samples know a standard deviation to 1/√4000 = 1.6 %; three of those.
    close("sd", p.sd, d.se.unwrap(), 0.05);
    close("mean", p.mean, d.value, 4.0 * d.rse.unwrap() / (n as f64).sqrt() + 1e-3);
    // The interval of a log-normal with 1.6 %: 1.96 standard deviations on each side, known to 5 %.
    close("low", d.value - p.low, 1.96 * d.se.unwrap(), 0.12);
    close("high", p.high - d.value, 1.96 * d.se.unwrap(), 0.12);
    // A sample is the same whoever draws it.
    assert_eq!(sampler.draw(17), sampler.draw(17));
    assert_ne!(sampler.draw(17), sampler.draw(18));
}

#[test]
fn exact_bootstrap_of_a_curve_through_its_points_is_refused() {
    let t = [4.0, 24.0];
    let curve = Function::named("mono").unwrap().curve(LP, 1.0, &t).unwrap();
    let error = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    let (problem, f) = curve_fit("mono", &curve, &[10.0, 6.0], error);
    let e = Sampler::new(&f, 1).unwrap_err();
    assert!(e.to_string().starts_with("2 observations and 2 parameters leave nothing"), "{e}");
    let e = profile(&problem, &f, "tia").unwrap_err();
    assert!(e.to_string().starts_with("2 observations and 2 parameters leave nothing"), "{e}");
}

#[test]
fn exact_bootstrap_keeps_what_is_below_detection() {
    let t = [4.0, 24.0, 72.0, 168.0];
    let curve = Function::named("mono").unwrap().curve(LP, 1.0, &t).unwrap();
    let mut data = observations(&[100.0, 68.0, 25.0]);
    data.push(Observation::below("late", 8.0, None));
    let error = ErrorModel::Combined { sd: Magnitude::Fixed(2.0), cv: Magnitude::Fixed(0.05) };
    let p = Function::named("mono")
        .unwrap()
        .parameters(&curve, 1.0, &[100.0, 68.0, 25.0, 8.0])
        .unwrap();
    let problem = Problem::new(&curve, data, error, p);
    let f = fit(&problem).unwrap();
    let sampler = Sampler::new(&f, 3).unwrap();
    let refit = Refit::new(&curve, &problem.parameters, &problem.observations, error, &f);
    let draws: Vec<_> = (0..200).map(|i| sampler.draw(i)).collect();
    let censored = draws.iter().filter(|d| d[3].is_none()).count();
    // The last prediction lies about two standard deviations below the limit.
    assert!(
        censored > 100 && draws.iter().all(|d| d[..3].iter().all(Option::is_some)),
        "{censored}"
    );
    let tias: Vec<f64> = draws.iter().filter_map(|d| refit.fit(d).map(|r| r.tia)).collect();
    assert!(tias.len() > 190);
    let p = percentiles(&tias).unwrap();
    close("sd", p.sd, f.derived(DerivedKind::Tia).unwrap().se.unwrap(), 0.25);
}

#[test]
fn exact_counting_the_variance_moves_the_criterion_and_its_end() {
    let t = [4.0, 24.0, 72.0, 120.0];
    let y = [100.0, 66.0, 30.0, 11.0];
    let curve = Function::named("mono").unwrap().curve(LP, 1.0, &t).unwrap();
    let p = Function::named("mono").unwrap().parameters(&curve, 1.0, &y).unwrap();
    let run = |count, error| {
        let mut problem = Problem::new(&curve, observations(&y), error, p.clone());
        problem.options.variance_count = count;
        fit(&problem).unwrap()
    };
    let known = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    let f = run(VarianceCount::Estimated, known);
    // n = 4, K = 2: 2K(K + 1)/(n − K − 1) = 12.
    assert_eq!(f.k, 2);
    close("AICc", f.aicc.unwrap(), f.minus_two_log_likelihood.unwrap() + 4.0 + 12.0, 1e-14);
    let f = run(VarianceCount::Always, known);
    assert_eq!((f.k, f.aicc), (3, None));
    assert_eq!(
        f.criteria_note.unwrap().to_string(),
        "AICc needs more than K + 1 = 4 observations, found 4 (the variance is always counted)"
    );
    let free = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    assert_eq!(run(VarianceCount::Estimated, free).aicc, None);
    assert!(run(VarianceCount::Never, free).aicc.is_some());
}

#[test]
fn exact_percentiles() {
    let p = percentiles(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
    assert_eq!((p.samples, p.mean, p.median), (5, 3.0, 3.0));
    close("sd", p.sd, 2.5_f64.sqrt(), 1e-15);
    // Place 0.025·4 = 0.1 between the first two.
    close("low", p.low, 1.1, 1e-14);
    close("high", p.high, 4.9, 1e-14);
    assert!(percentiles(&[1.0]).is_none());
}

#[test]
fn exact_quality_gates_name_what_fails() {
    use lutetia_fit::QualityGates;
    let t = [4.0, 24.0, 72.0, 120.0];
    let curve = Function::named("mono").unwrap().curve(LP, 1.0, &t).unwrap();
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    let (_, f) = curve_fit("mono", &curve, &[100.0, 66.0, 30.0, 11.0], error);
    let q = f.quality(&QualityGates::default());
    let r = f.correlation.as_ref().unwrap()[(0, 1)];
    let largest = q.largest_correlation.as_ref().expect("two parameters have a correlation").2;
    assert!((largest - r).abs() < f64::EPSILON, "{largest}, {r}");
    assert!(q.passes() == (r.abs() < 0.8), "{q:?}");
    let strict = f.quality(&QualityGates { cv: 0.01, correlation: 0.1 });
    assert_eq!(strict.failures.len(), 3, "{strict:?}");
    assert!(strict.failures[0].to_string().starts_with("CV of a1 is"), "{strict:?}");
    let (_, two) = curve_fit(
        "bi-uptake",
        &Function::named("bi-uptake").unwrap().curve(LP, 1.0, &t).unwrap(),
        &[100.0, 66.0, 30.0, 11.0],
        error,
    );
    assert!(!two.quality(&QualityGates::default()).passes());
}

#[test]
fn exact_goodness_of_fit_is_the_tail_of_chi_square() {
    let (predictor, p, y) = line();
    let data = y.iter().map(|v| Observation::with_sd("p", *v, 0.2)).collect();
    let f = fit(&Problem::new(&predictor, data, ErrorModel::Known, p.clone())).unwrap();
    // Four degrees of freedom: the tail is e^{−x/2}(1 + x/2).
    let x = f.chi_square;
    close("p", f.goodness_of_fit().unwrap(), (-0.5 * x).exp() * (1.0 + 0.5 * x), 1e-9);
    let error = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    let f = fit(&Problem::new(&predictor, observations(&y), error, p)).unwrap();
    assert_eq!(f.goodness_of_fit(), None);
}
