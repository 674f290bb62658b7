//! Posteriors that are known in closed form.

use lutetia_trial::{CalibrationSpec, Particle, Posterior, Target, Unknown, calibrate};

use crate::build::message;

fn unknown(name: &str, lower: f64, upper: f64, log: bool) -> Unknown {
    Unknown { name: name.to_owned(), lower, upper, log }
}

fn target(name: &str, value: f64, error: f64) -> Target {
    Target { name: name.to_owned(), value, error }
}

fn spec() -> CalibrationSpec {
    CalibrationSpec {
        unknowns: vec![unknown("a", -10.0, 10.0, false), unknown("b", -10.0, 10.0, false)],
        targets: vec![target("sum", 3.0, 0.2), target("difference", 1.0, 0.1)],
        particles: 300,
        generations: 6,
        seed: 3,
    }
}

/// Targets a + b = 3 ± 0.2, a − b = 1 ± 0.1 under a flat prior: a = 2, b = 1, both with variance
/// (0.04 + 0.01)/4 and covariance (0.04 − 0.01)/4.
#[test]
fn exact_linear_targets_give_the_normal_posterior() {
    let posterior = calibrate(&spec(), &|x| Ok(vec![x[0] + x[1], x[0] - x[1]])).unwrap();
    assert!((posterior.tolerance() - 1.0).abs() < 1e-12);
    let effective = posterior.effective_size();
    assert!(effective > 100.0, "{effective}");
    let sd = (0.05_f64 / 4.0).sqrt();
    for (k, mean) in [2.0, 1.0].into_iter().enumerate() {
        let (found, spread) = posterior.moments(k);
        // Four standard errors at the effective size.
        assert!((found - mean).abs() < 4.0 * sd / effective.sqrt(), "{found}");
        assert!((spread / sd - 1.0).abs() < 4.0 / (2.0 * effective).sqrt(), "{spread} {sd}");
        let upper = posterior.quantile(k, 0.975);
        // The density at the 97.5 % point is 0.058/sd: its standard error is 2.7 sd/√n.
        assert!((upper - mean - 1.96 * sd).abs() < 4.0 * 2.7 * sd / effective.sqrt(), "{upper}");
    }
    let (a, b) = (posterior.moments(0).0, posterior.moments(1).0);
    let covariance: f64 =
        posterior.particles.iter().map(|p| p.weight * (p.values[0] - a) * (p.values[1] - b)).sum();
    assert!((covariance - 0.0075).abs() < 4.0 * 0.0125 / effective.sqrt(), "{covariance}");
    let total: f64 = posterior.particles.iter().map(|p| p.weight).sum();
    assert!((total - 1.0).abs() < 1e-12);
}

/// ln θ = 1 ± 0.3 under a prior flat in ln θ.
#[test]
fn exact_a_logarithmic_prior_is_flat_in_the_logarithm() {
    let spec = CalibrationSpec {
        unknowns: vec![unknown("t", 0.01, 100.0, true)],
        targets: vec![target("ln t", 1.0, 0.3)],
        particles: 400,
        generations: 3,
        seed: 9,
    };
    let posterior = calibrate(&spec, &|x| Ok(vec![x[0].ln()])).unwrap();
    let mean: f64 = posterior.particles.iter().map(|p| p.weight * p.values[0].ln()).sum();
    assert!((mean - 1.0).abs() < 4.0 * 0.3 / posterior.effective_size().sqrt(), "{mean}");
}

#[test]
fn prop_the_posterior_is_the_same_on_one_thread_and_two() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let mut spec = spec();
        spec.particles = 60;
        pool.install(|| calibrate(&spec, &|x| Ok(vec![x[0] + x[1], x[0] - x[1]])).unwrap())
    };
    // By bits: what failed is not a number.
    let bits = |p: &Posterior| -> Vec<u64> {
        let all = |q: &Particle| [q.values.clone(), q.simulated.clone(), vec![q.weight]].concat();
        p.particles.iter().flat_map(all).map(f64::to_bits).collect()
    };
    let (one, two) = (run(1), run(2));
    assert!(bits(&one) == bits(&two));
    assert_eq!(one.generations, two.generations);
}

#[test]
fn exact_particles_that_fail_have_no_weight() {
    let simulate = |x: &[f64]| {
        if x[0] < 2.0 { Err("below two".to_owned()) } else { Ok(vec![x[0] + x[1], x[0] - x[1]]) }
    };
    let posterior = calibrate(&spec(), &simulate).unwrap();
    assert!(posterior.generations[0].failed > 150);
    assert!(posterior.particles.iter().all(|p| p.values[0] >= 2.0 || p.weight <= 0.0));
}

#[test]
fn exact_targets_out_of_reach_leave_the_tolerance_above_one() {
    let mut s = spec();
    s.targets[0].value = 1000.0;
    let posterior = calibrate(&s, &|x| Ok(vec![x[0] + x[1], x[0] - x[1]])).unwrap();
    let nearest = posterior.nearest().unwrap();
    assert!(nearest.distance > 1000.0);
    assert!(posterior.tolerance() > 1.0, "{}", posterior.tolerance());
}

#[test]
fn regress_messages_about_calibrations() {
    let refused = |change: &dyn Fn(&mut CalibrationSpec)| {
        let mut s = spec();
        change(&mut s);
        message(calibrate(&s, &|_| Err("the arm `a` has no patient left".to_owned())))
    };
    let found = [
        refused(&|s| s.unknowns.clear()),
        refused(&|s| s.targets.clear()),
        refused(&|s| s.particles = 3),
        refused(&|s| s.unknowns[0].upper = -20.0),
        refused(&|s| s.unknowns[0].log = true),
        refused(&|s| s.targets[0].error = 0.0),
        refused(&|_| ()),
    ];
    insta::assert_snapshot!(found.join("\n"));
}
