//! A cohort as one problem.
#![allow(clippy::unwrap_used)]

use crate::common::{close, observations};
use lutetia_fit::{ErrorModel, Function, Magnitude, Observation, Pooled, Predictor, Problem, fit};

const LP: f64 = 0.004_346_7;
const TIMES: [f64; 3] = [4.0, 24.0, 96.0];
const COHORT: [[f64; 3]; 4] =
    [[100.0, 70.0, 22.0], [60.0, 45.0, 17.0], [150.0, 98.0, 28.0], [80.0, 60.0, 22.0]];

fn names() -> Vec<String> {
    (1..=4).map(|i| format!("p{i}")).collect()
}

#[test]
fn exact_without_sharing_the_cohort_is_the_sum_of_its_patients() {
    let f = Function::named("mono").unwrap();
    let curve = f.curve(LP, 1.0, &TIMES).unwrap();
    let error = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    let each: Vec<_> = COHORT.iter().map(|y| f.parameters(&curve, 1.0, y).unwrap()).collect();
    let parts: Vec<&dyn Predictor> = (0..4).map(|_| &curve as &dyn Predictor).collect();
    let pooled = Pooled::new(parts, &names(), &[]).unwrap();
    let data: Vec<Observation> = COHORT.iter().flat_map(|y| observations(y)).collect();
    let all = fit(&Problem::new(&pooled, data, error, pooled.parameters(&each))).unwrap();
    let alone: Vec<_> = COHORT
        .iter()
        .zip(&each)
        .map(|(y, p)| fit(&Problem::new(&curve, observations(y), error, p.clone())).unwrap())
        .collect();
    let sum: f64 = alone.iter().map(|f| f.minus_two_log_likelihood.unwrap()).sum();
    close("-2lnL", all.minus_two_log_likelihood.unwrap(), sum, 1e-10);
    assert_eq!((all.k, all.n), (8, 12));
    for (i, f) in alone.iter().enumerate() {
        let name = format!("lambda1[p{}]", i + 1);
        let pooled = all.estimate(&name).unwrap();
        close(&name, pooled.value, f.estimate("lambda1").unwrap().value, 1e-6);
        close(&name, pooled.se.unwrap(), f.estimate("lambda1").unwrap().se.unwrap(), 1e-5);
    }
    // Three observations rank nothing with two parameters and a variance; twelve do.
    assert!(alone[0].aicc.is_none() && all.aicc.is_some());
}

#[test]
fn exact_a_shared_rate_is_one_parameter() {
    // Noiseless data of one common rate: it is found, with fewer parameters and the likelihood no worse than rounding.
    let f = Function::named("mono").unwrap();
    let curve = f.curve(LP, 1.0, &TIMES).unwrap();
    let cohort: Vec<Vec<f64>> = [100.0, 60.0, 150.0, 80.0]
        .iter()
        .map(|a| TIMES.iter().map(|t| a * (-(0.01 + LP) * t).exp()).collect())
        .collect();
    let each: Vec<_> = cohort.iter().map(|y| f.parameters(&curve, 1.0, y).unwrap()).collect();
    let parts: Vec<&dyn Predictor> = (0..4).map(|_| &curve as &dyn Predictor).collect();
    let pooled = Pooled::new(parts, &names(), &["lambda1".to_owned()]).unwrap();
    assert_eq!(pooled.names(), ["lambda1", "a1[p1]", "a1[p2]", "a1[p3]", "a1[p4]"]);
    let data: Vec<Observation> =
        cohort.iter().flatten().map(|v| Observation::with_sd("p", *v, 0.05 * v)).collect();
    let all =
        fit(&Problem::new(&pooled, data, ErrorModel::Known, pooled.parameters(&each))).unwrap();
    close("lambda1", all.estimate("lambda1").unwrap().value, 0.01, 1e-6);
    close("a1", all.estimate("a1[p3]").unwrap().value, 150.0, 1e-6);
    assert_eq!(all.k, 5);
    assert!(all.chi_square < 1e-10);
    let parts: Vec<&dyn Predictor> = vec![&curve];
    let e = Pooled::new(parts, &names()[..1], &["lambda2".to_owned()]).err().unwrap().to_string();
    assert_eq!(e, "`lambda2` cannot be shared: the function has the parameters a1, lambda1");
}
