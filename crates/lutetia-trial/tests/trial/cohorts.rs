//! Who the patients are. Internal masses are in g.

use lutetia_trial::{
    Cohort, CohortSpec, CovariateLaw, Draws, Limit, Margin, Population, resample, weights,
};
use proptest::prelude::*;

use crate::build::{POPULATION, message, model};

fn spec() -> CohortSpec {
    CohortSpec {
        seed: 11,
        covariates: vec![
            ("weight".to_owned(), CovariateLaw::LogNormal { median: 80e3, cv: 0.2 }),
            ("GFR".to_owned(), CovariateLaw::Normal { mean: 5.0, sd: 1.0 }),
            ("ecog".to_owned(), CovariateLaw::Levels(vec![0.5, 0.4, 0.1])),
        ],
        correlations: vec![("weight".to_owned(), "GFR".to_owned(), 0.5)],
        by_occasion: vec![("cycle".to_owned(), vec![0.0, 1.0])],
        occasions: 3,
        ..CohortSpec::default()
    }
}

fn population(spec: &CohortSpec) -> Population {
    let (model, system) = model(POPULATION);
    Population::new(&model, &system, spec).unwrap()
}

fn column(cohort: &Cohort, population: &Population, name: &str) -> Vec<f64> {
    let slot = population.system().parameter_index(name).unwrap();
    cohort.patients.iter().map(|p| p.parameters(0)[slot]).collect()
}

fn mean(x: &[f64]) -> f64 {
    x.iter().sum::<f64>() / x.len() as f64
}

fn sd(x: &[f64]) -> f64 {
    let m = mean(x);
    (x.iter().map(|v| (v - m).powi(2)).sum::<f64>() / (x.len() as f64 - 1.0)).sqrt()
}

fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let (mx, my) = (mean(x), mean(y));
    let cross: f64 = x.iter().zip(y).map(|(a, b)| (a - mx) * (b - my)).sum();
    cross / (x.len() as f64 - 1.0) / (sd(x) * sd(y))
}

fn logs(x: &[f64]) -> Vec<f64> {
    x.iter().map(|v| v.ln()).collect()
}

/// A patient has the same η whatever the law: with ln θ of the log-normal file as η about the value, the Box–Cox
/// one has θ exp((e^(γη) − 1)/γ), which for γ = −0.8 stays below θ e^(1/0.8) and for a γ near 0 is log-normal.
#[test]
fn exact_box_cox_is_the_transform_of_the_same_random_effect() {
    let drawn = |law: &str| {
        let own = "V  = { value = \"3 L\", iiv = \"40 %\", source";
        assert!(POPULATION.contains(own));
        let text = POPULATION
            .replace(own, &format!("V  = {{ value = \"3 L\", iiv = \"40 %\", {law} source"));
        let (model, system) = model(&text);
        let population = Population::new(&model, &system, &spec()).unwrap();
        column(&population.cohort(0, 400).unwrap(), &population, "V")
    };
    let log_normal = drawn("");
    for shape in [-0.822, 0.5, 2e-6] {
        let box_cox = drawn(&format!("distribution = \"box-cox\", shape = {shape:?},"));
        for (a, b) in log_normal.iter().zip(&box_cox) {
            let eta = (a / 3.0_f64).ln();
            let expected = 3.0 * (((shape * eta).exp() - 1.0) / shape).exp();
            // exp − 1 loses ten digits at the shape near 0.
            assert!((b / expected - 1.0).abs() < 1e-9, "{a} {b} {expected}");
            assert!(shape > 0.0 || *b < 3.0 * (-1.0 / shape).exp());
            if shape > 0.0 && shape < 1e-3 {
                assert!((b / a - 1.0).abs() < 1e-5);
            }
        }
    }
}

#[test]
fn exact_a_large_cohort_has_the_moments_that_the_file_declares() {
    // n = 8000: the standard error of a mean is sd/89, of an sd sd/126, of a correlation at most
    // 0.011. Every bound is four of them.
    let population = population(&spec());
    let cohort = population.cohort(0, 8000).unwrap();
    let close = |what: &str, found: f64, expected: f64, error: f64| {
        assert!((found - expected).abs() < 4.0 * error, "{what}: {found}, expected {expected}");
    };
    let (cl, v) = (column(&cohort, &population, "CL"), column(&cohort, &population, "V"));
    // ω² = ln(1 + CV²); between and within add.
    let omega_cl = (1.0_f64 + 0.09).ln() + (1.0_f64 + 0.04).ln();
    let omega_v = (1.0_f64 + 0.16).ln();
    close("ln CL", mean(&logs(&cl)), 2.0_f64.ln(), omega_cl.sqrt() / 89.0);
    close("sd ln CL", sd(&logs(&cl)), omega_cl.sqrt(), omega_cl.sqrt() / 126.0);
    close("sd ln V", sd(&logs(&v)), omega_v.sqrt(), omega_v.sqrt() / 126.0);
    // The variability within dilutes the declared correlation of the variability between.
    let diluted = 0.7 * ((1.0_f64 + 0.09).ln() / omega_cl).sqrt();
    close("cor ln CL, ln V", correlation(&logs(&cl), &logs(&v)), diluted, 0.011);
    let t0 = column(&cohort, &population, "T0");
    close("T0", mean(&t0), 10.0, 2.0 / 89.0);
    close("sd T0", sd(&t0), 2.0, 2.0 / 126.0);
    let f = column(&cohort, &population, "F");
    let logit: Vec<f64> = f.iter().map(|x| (x / (1.0 - x)).ln()).collect();
    close("logit F", mean(&logit), (0.25_f64).ln(), 0.5 / 89.0);
    close("sd logit F", sd(&logit), 0.5, 0.5 / 126.0);
    let (w, g) = (column(&cohort, &population, "weight"), column(&cohort, &population, "GFR"));
    close("ln weight", mean(&logs(&w)), 80e3_f64.ln(), 0.2 / 89.0);
    close("GFR", mean(&g), 5.0, 1.0 / 89.0);
    // Truncation to the ranges of the file moves both correlations by less than the error.
    close("cor weight, GFR", correlation(&logs(&w), &g), 0.5, 0.011);
    assert!(w.iter().all(|w| (40e3..=150e3).contains(w)));
    let ecog = column(&cohort, &population, "ecog");
    for (level, share) in [(0.0, 0.5), (1.0, 0.4), (2.0, 0.1)] {
        let found = ecog.iter().filter(|e| (**e - level).abs() < 0.5).count() as f64 / 8000.0;
        close("ecog", found, share, (share * (1.0 - share) / 8000.0_f64).sqrt());
    }
    assert!((cohort.acceptance_rate() - 1.0).abs() < 1e-15);
}

#[test]
fn exact_occasions_share_the_patient_and_differ_by_the_cycle() {
    let population = population(&spec());
    let cohort = population.cohort(0, 4000).unwrap();
    let slot = population.system().parameter_index("CL").unwrap();
    let cycle = population.system().parameter_index("cycle").unwrap();
    let v = population.system().parameter_index("V").unwrap();
    let mut differences = Vec::new();
    for p in &cohort.patients {
        assert_eq!(p.occasions.len(), 3);
        let cycles: Vec<f64> = p.occasions.iter().map(|o| o[cycle]).collect();
        assert_eq!(cycles, [0.0, 1.0, 1.0]);
        assert!(p.occasions[0][v].to_bits() == p.occasions[2][v].to_bits());
        differences.push((p.occasions[1][slot] / p.occasions[0][slot]).ln());
        // The last occasion holds for all later ones.
        assert!(p.parameters(17)[slot].to_bits() == p.occasions[2][slot].to_bits());
    }
    // The difference of two occasions has variance 2π²; standard error of an sd at n = 4000 is 1.1 %.
    let expected = (2.0 * (1.0_f64 + 0.04).ln()).sqrt();
    assert!((sd(&differences) / expected - 1.0).abs() < 0.045, "{}", sd(&differences));
}

#[test]
fn prop_a_patient_is_the_same_whatever_the_cohort_and_the_threads() {
    let population = population(&spec());
    let pool = |n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
    let large = pool(2).install(|| population.cohort(0, 300).unwrap());
    let small = pool(1).install(|| population.cohort(100, 7).unwrap());
    assert_eq!(large.patients[100..107], small.patients[..]);
    assert_eq!(population.patient(299).unwrap(), large.patients[299]);
    assert_ne!(large.patients[0].occasions, large.patients[1].occasions);
}

#[test]
fn exact_another_random_effect_changes_no_other_draw() {
    let longer = POPULATION.replace(
        "[population]",
        "AAA = { value = \"1\", iiv = \"30 %\", source = \"assumed\" }\n[population]",
    );
    let longer = longer.replace("F*GFR", "F*GFR*AAA");
    let (more_model, more_system) = model(&longer);
    let more = Population::new(&more_model, &more_system, &spec()).unwrap();
    let less = population(&spec());
    for name in ["CL", "V", "T0", "F", "weight", "GFR", "ecog"] {
        let (a, b) = (less.cohort(0, 20).unwrap(), more.cohort(0, 20).unwrap());
        assert_eq!(column(&a, &less, name), column(&b, &more, name), "{name}");
    }
}

#[test]
fn exact_limits_truncate_and_the_acceptance_rate_is_their_probability() {
    // ln CL is normal on one occasion without the variability within: P(CL < 2) = 1/2.
    let mut spec = spec();
    spec.occasions = 1;
    spec.limits = vec![Limit { name: "V".to_owned(), lower: None, upper: Some(3.0) }];
    let population = population(&spec);
    let cohort = population.cohort(0, 4000).unwrap();
    assert!(column(&cohort, &population, "V").iter().all(|v| *v <= 3.0));
    // The rate is a ratio estimate with standard error sqrt(p²(1−p)/n) = 0.0056 for p = 1/2.
    assert!((cohort.acceptance_rate() - 0.5).abs() < 4.0 * 0.0056, "{}", cohort.acceptance_rate());
}

#[test]
fn exact_a_limit_on_an_output_sees_the_covariate_effects() {
    let mut spec = spec();
    spec.limits = vec![Limit { name: "clearance".to_owned(), lower: Some(1.5), upper: Some(2.5) }];
    let population = population(&spec);
    let cohort = population.cohort(0, 300).unwrap();
    let (cl, w) = (column(&cohort, &population, "CL"), column(&cohort, &population, "weight"));
    for (cl, w) in cl.iter().zip(&w) {
        let clearance = cl * (w / 80e3_f64).powf(0.75);
        // The model computes the same formula; 1e-12 is its rounding.
        assert!((1.5 - 1e-12..=2.5 + 1e-12).contains(&clearance), "{clearance}");
    }
    assert!(cohort.acceptance_rate() < 0.7);
}

#[test]
fn exact_the_typical_patient_has_no_random_effects() {
    let population = population(&spec());
    let typical = population.typical();
    let of = |name: &str| typical.parameters(0)[population.system().parameter_index(name).unwrap()];
    assert!((of("CL") - 2.0).abs() < 1e-15 && (of("F") - 0.2).abs() < 1e-15);
    // The medians of the truncated laws: the ranges of the file cut off different shares.
    assert!((of("weight") - 80e3).abs() < 100.0 && (of("GFR") - 5.0).abs() < 0.01);
}

#[test]
fn regress_messages_about_cohorts() {
    let (model, system) = model(POPULATION);
    let refused = |change: &dyn Fn(&mut CohortSpec)| {
        let mut spec = spec();
        change(&mut spec);
        let drawn =
            Population::new(&model, &system, &spec).and_then(|population| population.cohort(0, 2));
        message(drawn)
    };
    let law = |name: &str, law: CovariateLaw| (name.to_owned(), law);
    let mut found = Vec::new();
    found.push(refused(&|s| s.covariates = vec![law("wieght", CovariateLaw::Constant(1.0))]));
    found.push(refused(&|s| s.covariates = vec![law("CL", CovariateLaw::Constant(1.0))]));
    found.push(refused(&|s| {
        s.correlations.clear();
        s.covariates.retain(|c| c.0 != "GFR");
    }));
    found.push(refused(&|s| s.covariates[2].1 = CovariateLaw::Levels(vec![0.5, 0.4, 0.2])));
    found.push(refused(&|s| s.covariates[2].1 = CovariateLaw::Levels(vec![0.5, 0.5])));
    found.push(refused(&|s| s.covariates[2].1 = CovariateLaw::Normal { mean: 1.0, sd: 1.0 }));
    found.push(refused(&|s| s.covariates[0].1 = CovariateLaw::Normal { mean: 80e3, sd: f64::NAN }));
    found
        .push(refused(&|s| s.covariates[0].1 = CovariateLaw::LogNormal { median: -80e3, cv: 0.2 }));
    found.push(refused(&|s| s.covariates[0].1 = CovariateLaw::Normal { mean: 1e3, sd: 1e3 }));
    found.push(refused(&|s| s.correlations[0].2 = 1.0));
    found.push(refused(&|s| s.typical = vec![("CL".to_owned(), -1.0)]));
    found.push(refused(&|s| s.typical = vec![("F".to_owned(), 1.0)]));
    found.push(refused(&|s| s.occasions = 0));
    found.push(refused(&|s| {
        s.limits = vec![Limit { name: "V".to_owned(), lower: Some(1e6), upper: None }];
    }));
    found.push(refused(&|s| {
        s.limits = vec![Limit { name: "V".to_owned(), lower: Some(2.0), upper: Some(1.0) }];
    }));
    found.push(refused(&|s| {
        s.limits = vec![Limit { name: "clearence".to_owned(), lower: Some(2.0), upper: None }];
    }));
    found.push(message(population(&spec()).cohort(0, 0)));
    insta::assert_snapshot!(found.join("\n"));
}

#[test]
fn exact_weights_of_an_indicator_are_the_ratio_of_shares() {
    // With one indicator margin the entropy weights are target/found for those who have it.
    let has: Vec<f64> = (0..100).map(|i| if i < 30 { 1.0 } else { 0.0 }).collect();
    let margin = Margin { name: "ECOG 2".to_owned(), target: 0.6, values: has.clone() };
    let w = weights(100, &[margin]).unwrap();
    for (w, has) in w.weights.iter().zip(&has) {
        let expected = if *has > 0.5 { 0.6 / 30.0 } else { 0.4 / 70.0 };
        // The Newton iteration ends at 1e-10 of the margin.
        assert!((w - expected).abs() < 1e-10, "{w} {expected}");
    }
    let squares = 0.36 / 30.0 + 0.16 / 70.0;
    assert!((w.effective_size - 1.0 / squares).abs() < 1e-6);
}

#[test]
fn exact_no_margin_means_equal_weights() {
    let w = weights(8, &[]).unwrap();
    assert!(w.weights.iter().all(|w| (w - 0.125).abs() < 1e-15));
    assert!((w.effective_size - 8.0).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn prop_weights_lie_on_the_simplex_and_meet_their_margins(seed in 0_u64..1000, a in 0.3_f64..0.7, b in -0.5_f64..0.5) {
        let values = |name: &str, f: fn(f64) -> f64| -> Vec<f64> {
            (0..200).map(|i| f(Draws::new(seed, i).normal(name, 0))).collect()
        };
        let margins = [
            Margin { name: "share".to_owned(), target: a, values: values("a", |z| f64::from(z > 0.0)) },
            Margin { name: "mean".to_owned(), target: b, values: values("b", |z| z) },
        ];
        let w = weights(200, &margins).unwrap();
        prop_assert!(w.weights.iter().all(|w| *w >= 0.0));
        prop_assert!((w.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(w.effective_size <= 200.0 + 1e-9 && w.effective_size > 1.0);
        for m in &margins {
            let got: f64 = w.weights.iter().zip(&m.values).map(|(w, v)| w * v).sum();
            // 1e-6 of the spread is what the function promises.
            prop_assert!((got - m.target).abs() < 1e-5, "{} {}", got, m.target);
        }
        let chosen = resample(&w.weights, 500, seed).unwrap();
        prop_assert_eq!(chosen.len(), 500);
        for (i, w) in w.weights.iter().enumerate() {
            let times = chosen.iter().filter(|c| **c == i).count() as f64;
            prop_assert!((times - 500.0 * w).abs() <= 1.0 + 1e-6);
        }
    }
}

#[test]
fn regress_messages_about_weights() {
    let margin = |name: &str, target: f64, values: Vec<f64>| Margin {
        name: name.to_owned(),
        target,
        values,
    };
    let found = [
        message(weights(3, &[margin("age", 90.0, vec![50.0, 60.0, 70.0])])),
        message(weights(3, &[margin("age", 60.0, vec![50.0, 60.0])])),
        message(weights(3, &[margin("age", 60.0, vec![50.0, f64::NAN, 70.0])])),
        message(weights(
            4,
            &[
                margin("a", 0.9, vec![1.0, 1.0, 0.0, 0.0]),
                margin("b", 0.9, vec![0.0, 0.0, 1.0, 1.0]),
            ],
        )),
        message(weights(0, &[])),
        message(resample(&[0.5, 0.6], 3, 1)),
        message(resample(&[1.5, -0.5], 3, 1)),
    ];
    insta::assert_snapshot!(found.join("\n"));
}
