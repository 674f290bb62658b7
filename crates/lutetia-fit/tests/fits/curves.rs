//! Properties of the curves and of fits to them, and data that determine nothing.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use crate::common::{close, observations};
use lutetia_fit::{
    AmplitudeSum, DMatrix, DerivedKind, Determination, ErrorModel, ExponentialForm, Fit, FitError,
    FitOptions, FitParameter, Magnitude, Observation, Observer, Predictor, Prior, Problem, Rate,
    Reason, SumOfExponentials, fit,
};
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const LP: f64 = 0.004_346_7;

fn forms() -> Vec<ExponentialForm> {
    vec![
        ExponentialForm::physical(),
        ExponentialForm::mono(),
        ExponentialForm::bi(),
        ExponentialForm::bi_uptake(),
        ExponentialForm::mono_and_physical(),
        ExponentialForm::tri(),
        ExponentialForm::tri_uptake(),
        ExponentialForm::mono_from_blood(41.6),
    ]
}

fn unknown_additive() -> ErrorModel {
    ErrorModel::Additive { sd: Magnitude::Estimated(1.0) }
}

fn fit_with(curve: &SumOfExponentials, y: &[f64], change: impl Fn(&mut FitOptions)) -> Fit {
    let p = curve.parameters(y).unwrap();
    let mut problem = Problem::new(curve, observations(y), unknown_additive(), p);
    change(&mut problem.options);
    fit(&problem).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn prop_jacobian_and_gradients_match_differences(
        logs in prop::collection::vec(-2.0..1.5f64, 6),
        which in 0usize..8,
    ) {
        let times = [0.0, 0.5, 3.0, 24.0, 70.0];
        let curve = SumOfExponentials::new(forms()[which].clone(), LP, &times).unwrap();
        let names = curve.names().to_vec();
        // Rates spread apart, so that the time of maximum is well defined.
        let theta: Vec<f64> = names.iter().enumerate().map(|(i, n)| {
            if n.starts_with('a') { 50.0 * logs[i].exp() }
            else { 0.01 * 12f64.powi(n[6..].parse::<i32>().unwrap() - 1) * (0.3 * logs[i]).exp() }
        }).collect();
        let mut values = vec![0.0; 5];
        let mut jac = DMatrix::zeros(5, names.len());
        curve.predict(&theta, &mut values, Some(&mut jac)).unwrap();
        let derived = curve.derived(&theta).unwrap();
        for j in 0..names.len() {
            let h = 1e-5 * theta[j];
            let at = |d: f64| {
                let mut t = theta.clone();
                t[j] += d;
                let mut v = vec![0.0; 5];
                curve.predict(&t, &mut v, None).unwrap();
                (v, curve.derived(&t).unwrap())
            };
            let ((up, dup), (down, ddown)) = (at(h), at(-h));
            // Central differences: relative truncation h² ~ 1e-10, rounding 1e-16·size/1e-5.
            let size: f64 = values.iter().fold(0.0, |a: f64, v| a.max(v.abs())) + theta[0];
            for i in 0..5 {
                let fd = (up[i] - down[i]) / (2.0 * h);
                prop_assert!((jac[(i, j)] - fd).abs() < 1e-7 * (fd.abs() + size / theta[j]),
                    "{} row {i}: {} {fd}", names[j], jac[(i, j)]);
            }
            if dup.len() != derived.len() || ddown.len() != derived.len() { continue; }
            for ((d, u), l) in derived.iter().zip(&dup).zip(&ddown) {
                let fd = (u.value - l.value) / (2.0 * h);
                prop_assert!((d.gradient[j] - fd).abs() < 1e-5 * (fd.abs() + d.value.abs() / theta[j]),
                    "{} by {}: {} {fd}", d.name(), names[j], d.gradient[j]);
            }
        }
    }

    #[test]
    fn prop_integrals_match_quadrature(k in 0.005..0.5f64, ratio in 2.0..20.0f64, a in 1.0..100.0f64) {
        let last = 120.0;
        let curve = SumOfExponentials::new(ExponentialForm::bi_uptake(), LP, &[last]).unwrap();
        let theta = [a, k, k * ratio];
        // Simpson's rule; 20 000 intervals leave (kΔ)⁴/180 below 1e-9 of the peak.
        let n = 20_000;
        let step = last / f64::from(n);
        let sum: f64 = (0..=n).map(|i| {
            let w = if i == 0 || i == n { 1.0 } else if i % 2 == 1 { 4.0 } else { 2.0 };
            w * curve.activity(&theta, f64::from(i) * step)
        }).sum::<f64>() * step / 3.0;
        let d = curve.derived(&theta).unwrap();
        let get = |n: &str| d.iter().find(|q| q.name() == n).unwrap().value;
        prop_assert!((get("tia_to_last") / sum - 1.0).abs() < 1e-8);
        let f = get("extrapolated_fraction");
        prop_assert!((get("tia") * (1.0 - f) / sum - 1.0).abs() < 1e-8);
        // Closed form of the maximum of e^{−k1 t} − e^{−k2 t}.
        let (k1, k2) = (k + LP, k * ratio + LP);
        prop_assert!((get("time_of_maximum") / ((k2 / k1).ln() / (k2 - k1)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn prop_scale_and_order_do_not_matter(
        seed in 0u64..1000, factor in 1e-6..1e6f64,
    ) {
        let t = [2.0, 5.0, 24.0, 48.0, 96.0, 168.0];
        let y: Vec<f64> = t.iter().enumerate().map(|(i, t): (usize, &f64)| {
            let noise = 1.0 + 0.03 * ((seed as f64 * 1.7 + i as f64 * 2.3).sin());
            noise * (80.0 * (-0.012 * t).exp() + 60.0 * (-0.2 * t).exp())
        }).collect();
        let curve = SumOfExponentials::new(ExponentialForm::bi(), LP, &t).unwrap();
        let base = fit_with(&curve, &y, |_| {});
        let scaled: Vec<f64> = y.iter().map(|v| v * factor).collect();
        let big = fit_with(&curve, &scaled, |_| {});
        let order = [3, 0, 5, 1, 4, 2];
        let (tp, yp): (Vec<f64>, Vec<f64>) = order.iter().map(|&i| (t[i], y[i])).unzip();
        let shuffled = SumOfExponentials::new(ExponentialForm::bi(), LP, &tp).unwrap();
        let mixed = fit_with(&shuffled, &yp, |_| {});
        for ((b, s), m) in base.estimates.iter().zip(&big.estimates).zip(&mixed.estimates) {
            let f = if b.name.starts_with('a') { factor } else { 1.0 };
            // Both searches end within 1e-7 of a standard error.
            let tol = 1e-6 * (1.0 + b.rse.unwrap_or(0.0));
            prop_assert!((s.value / f / b.value - 1.0).abs() < tol, "{} {} {}", b.name, s.value / f, b.value);
            prop_assert!((m.value / b.value - 1.0).abs() < tol, "{} {} {}", b.name, m.value, b.value);
        }
    }
}

#[test]
fn prop_same_bits_on_any_number_of_threads() {
    let t = [3.7, 27.7, 103.1, 124.0];
    let y = [98.56, 73.6, 25.4, 19.05];
    let curve = SumOfExponentials::new(ExponentialForm::bi_uptake(), LP, &t).unwrap();
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| fit_with(&curve, &y, |o| o.random_starts = 40))
    };
    let (one, four) = (on(1), on(4));
    let bits = |f: &Fit| {
        f.estimates.iter().map(|e| (e.value.to_bits(), e.se.map(f64::to_bits))).collect::<Vec<_>>()
    };
    assert_eq!(bits(&one), bits(&four));
    assert_eq!(one.starts, four.starts);
    let moved = fit_with(&curve, &y, |o| o.seed = 1);
    // Another seed finds the same minimum, within the tolerance of the search.
    close("lambda1", moved.estimates[1].value, one.estimates[1].value, 1e-6);
}

fn reason(f: &Fit, name: &str) -> Reason {
    match &f.estimate(name).unwrap().determined {
        Determination::NotDetermined { reason } => reason.clone(),
        Determination::Determined => panic!("{name} is called determined: {:?}", f.estimate(name)),
    }
}

#[test]
fn prop_equal_activities_determine_no_rate() {
    // A decay-corrected curve that does not fall (or activities that do not fall at all): no biological rate.
    let t = [4.0, 24.0, 72.0, 120.0];
    let curve = SumOfExponentials::new(ExponentialForm::mono(), LP, &t).unwrap();
    let f = fit_with(&curve, &[50.0; 4], |_| {});
    assert!(matches!(reason(&f, "lambda1"), Reason::AtBound { .. }), "{:?}", f.estimates[1]);
    let bi = SumOfExponentials::new(ExponentialForm::bi(), 0.0, &t).unwrap();
    let f = fit_with(&bi, &[50.0; 4], |_| {});
    assert!(!f.is_determined());
    println!("{:#?}", f.estimates.iter().map(|e| e.determined.to_string()).collect::<Vec<_>>());
    for e in &f.estimates {
        assert!(!e.determined.is_determined(), "{e:?}");
    }
}

#[test]
fn prop_more_parameters_than_data_determine_nothing() {
    let t = [4.0, 24.0, 72.0];
    let curve = SumOfExponentials::new(ExponentialForm::tri(), LP, &t).unwrap();
    let f = fit_with(&curve, &[100.0, 60.0, 20.0], |_| {});
    for e in &f.estimates {
        assert!(
            matches!(reason(&f, &e.name), Reason::FewerData { data: 3, parameters: 6 })
                || matches!(reason(&f, &e.name), Reason::NotConverged { .. }),
            "{e:?}"
        );
        assert!(e.se.is_none());
    }
    assert!(!f.derived(DerivedKind::Tia).unwrap().determined.is_determined());
    // One time point, the most common bad study.
    let one = SumOfExponentials::new(ExponentialForm::mono(), LP, &[24.0]).unwrap();
    let f = fit_with(&one, &[60.0], |_| {});
    assert!(!f.is_determined());
    assert!(matches!(reason(&f, "a1"), Reason::FewerData { data: 1, parameters: 2 }));
}

#[test]
fn prop_two_equal_phases_are_named_as_one_combination() {
    // All data from one exponential, known SDs: nothing tells the two phases apart.
    let t: Vec<f64> = (1..12).map(|i| 10.0 * f64::from(i)).collect();
    let curve = SumOfExponentials::new(ExponentialForm::bi(), LP, &t).unwrap();
    let y: Vec<f64> = t.iter().map(|t| 100.0 * (-(0.02 + LP) * t).exp()).collect();
    let data: Vec<Observation> =
        y.iter().map(|v| Observation::with_sd("p", *v, 0.05 * v)).collect();
    let p = curve.parameters(&y).unwrap();
    let f = fit(&Problem::new(&curve, data, ErrorModel::Known, p)).unwrap();
    println!("{:#?}", f.estimates.iter().map(|e| e.determined.to_string()).collect::<Vec<_>>());
    // At least one phase is not determined, and the integral still is: the data fix their sum.
    assert!(!f.is_determined());
    let tia = f.derived(DerivedKind::Tia).unwrap();
    close("tia", tia.value, 100.0 / (0.02 + LP), 1e-3);
}

/// A curve of the product of two parameters only.
const PRODUCT: crate::common::Curve = |x, b| {
    let e = (-0.1 * x).exp();
    (b[0] * b[1] * e, vec![b[1] * e, b[0] * e])
};

#[test]
fn exact_product_names_the_combination() {
    let x = [1.0, 2.0, 5.0, 9.0];
    let predictor = crate::common::ClosedForm::new(&["dose", "uptake"], &x, PRODUCT);
    let y: Vec<f64> = x.iter().map(|x| 6.0 * (-0.1 * x).exp()).collect();
    let data = y.iter().map(|v| Observation::with_sd("p", *v, 0.1)).collect();
    let p = vec![FitParameter::log("dose", 2.0), FitParameter::log("uptake", 2.0)];
    let mut problem = Problem::new(&predictor, data, ErrorModel::Known, p);
    let f = fit(&problem).unwrap();
    match reason(&f, "dose") {
        Reason::Singular { combination } => {
            assert!(
                combination == "1.00·ln(dose) − 1.00·ln(uptake)"
                    || combination == "−1.00·ln(dose) + 1.00·ln(uptake)",
                "{combination}"
            );
        }
        other => panic!("{other}"),
    }
    assert!(f.condition_number > 1e15);
    // The product itself is determined: the predictions have a standard deviation.
    assert!(f.predictions[0].sd.is_some());
    // A prior on one of the two makes both known.
    problem.parameters[1] =
        FitParameter::log("uptake", 2.0).with_prior(Prior::log_normal(2.0, 0.1));
    let f = fit(&problem).unwrap();
    assert!(f.estimates[0].determined.is_determined(), "{:?}", f.estimates);
    // … but what is said of the second is the prior's.
    assert!(matches!(reason(&f, "uptake"), Reason::PriorOnly { .. }));
    close("uptake", f.estimates[1].value, 2.0, 1e-6);
}

#[test]
fn exact_interrupt_and_observer() {
    let t = [4.0, 24.0, 72.0, 120.0];
    let y = [100.0, 70.0, 30.0, 15.0];
    let curve = SumOfExponentials::new(ExponentialForm::bi_uptake(), LP, &t).unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let f = fit_with(&curve, &y, |o| {
        let count = count.clone();
        o.observer = Some(Observer(Arc::new(move |p| {
            assert!(p.cost.is_finite());
            count.fetch_add(1, Ordering::Relaxed);
        })));
    });
    let iterations: u64 = f.starts.runs.iter().map(|r| r.iterations).sum();
    assert_eq!(seen.load(Ordering::Relaxed) as u64, iterations);

    let p = curve.parameters(&y).unwrap();
    let mut problem = Problem::new(&curve, observations(&y), unknown_additive(), p);
    problem.options.interrupt = Some(Arc::new(AtomicBool::new(true)));
    assert!(matches!(fit(&problem), Err(FitError::Interrupted { starts: 13, .. })));
}

#[test]
fn exact_bad_curves_are_refused() {
    let one =
        ExponentialForm { rates: vec![Rate::Free], sum: AmplitudeSum::Zero, uptakes: Vec::new() };
    assert!(SumOfExponentials::new(one, LP, &[1.0]).is_err());
    assert!(SumOfExponentials::new(ExponentialForm::mono(), -1.0, &[1.0]).is_err());
    assert!(SumOfExponentials::new(ExponentialForm::mono(), LP, &[-1.0]).is_err());
    let fixed = ExponentialForm::mono_from_blood(f64::NAN);
    assert!(SumOfExponentials::new(fixed, LP, &[1.0]).is_err());
    let zero = SumOfExponentials::new(ExponentialForm::mono(), LP, &[0.0]).unwrap();
    assert!(zero.parameters(&[1.0]).is_err());
}

#[test]
fn exact_a_model_that_never_evaluates_is_an_error() {
    const BROKEN: crate::common::Curve = |_, b| (f64::NAN, vec![b[0]]);
    let predictor = crate::common::ClosedForm::new(&["m"], &[0.0; 2], BROKEN);
    let p = vec![FitParameter::log("m", 1.0)];
    let e = fit(&Problem::new(&predictor, observations(&[1.0, 2.0]), unknown_additive(), p))
        .unwrap_err();
    assert!(e.to_string().contains("m = 1e0"), "{e}");
}
