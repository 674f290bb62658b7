//! The fast fit beside the general one.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use lutetia_fit::{
    DerivedKind, ErrorModel, FUNCTIONS, FastFit, FastStatus, Function, Magnitude, Observation,
    Predictor, Problem, fit,
};

const LP: f64 = 0.004_346_7;

/// A number from 0 to 1 of a simple generator, so that the test needs no other.
fn random(state: &mut u64) -> f64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    ((*state >> 33) as f64 + 0.5) / f64::from(1u32 << 31)
}

#[derive(Default)]
struct Count {
    rows: usize,
    settled: usize,
    same_minimum: usize,
    lower: usize,
    higher: usize,
    same_verdict: usize,
    worst_tia: f64,
    worst_sd: f64,
}

fn compare(name: &str, error: ErrorModel, t: &[f64], rows: usize, noise: f64) -> Count {
    let f = Function::named(name).unwrap();
    let curve = f.curve(LP, 7400.0, t).unwrap();
    let mut state = 7;
    let mut count = Count::default();
    for _ in 0..rows {
        // Uptake and two washouts with scatter: not the curve of the function, as in a patient.
        let (k1, k2, ku) = (
            0.002 + 0.03 * random(&mut state),
            0.05 + 0.3 * random(&mut state),
            0.5 + 2.0 * random(&mut state),
        );
        let (a1, a2) = (20.0 + 100.0 * random(&mut state), 80.0 * random(&mut state));
        let y: Vec<f64> = t
            .iter()
            .map(|t| {
                let clean = a1 * (-(k1 + LP) * t).exp() + a2 * (-(k2 + LP) * t).exp()
                    - (a1 + a2) * (-(ku + LP) * t).exp();
                let z: f64 = (0..12).map(|_| random(&mut state)).sum::<f64>() - 6.0;
                clean * (1.0 + noise * z)
            })
            .collect();
        let sd: Vec<f64> = y.iter().map(|v| 0.1 * v.abs() + 0.1).collect();
        let p = f.parameters(&curve, 7400.0, &y).unwrap();
        let data = y.iter().zip(&sd).map(|(v, s)| Observation::with_sd("p", *v, *s)).collect();
        let general = fit(&Problem::new(&curve, data, error, p.clone())).unwrap();
        let start: Vec<f64> = p.iter().map(|p| p.start).collect();
        let fast = FastFit::new(&curve, &p, error, 8, 1).unwrap().fit(&start, &y, &sd);
        count.rows += 1;
        if fast.status == FastStatus::Unsettled {
            continue;
        }
        count.settled += 1;
        let ll = general.minus_two_log_likelihood.unwrap_or(f64::NAN);
        let apart = fast.minus_two_log_likelihood - ll;
        if apart.abs() < 1e-6 * ll.abs().max(1.0)
            || (fast.chi_square < 1e-6 && general.chi_square < 1e-6)
        {
            count.same_minimum += 1;
            let tia = general.derived(DerivedKind::Tia).unwrap();
            let determined = tia.determined.is_determined();
            // A search that stalls in the flat where an amplitude vanishes has no verdict to compare with.
            if !general.status.converged() || determined == fast.not_determined.is_none() {
                count.same_verdict += 1;
            } else {
                println!(
                    "{name}: {} {:?} sd {:?} {:?}",
                    tia.determined, fast.not_determined, fast.tia_sd, tia.se
                );
            }
            if determined && fast.not_determined.is_none() {
                let unit = tia.se.unwrap_or(tia.value);
                count.worst_tia = count.worst_tia.max((fast.tia - tia.value).abs() / unit);
                if let (Some(a), Some(b)) = (fast.tia_sd, tia.se) {
                    count.worst_sd = count.worst_sd.max((a / b - 1.0).abs());
                }
            }
        } else if apart < 0.0 {
            count.lower += 1;
        } else {
            count.higher += 1;
        }
    }
    println!(
        "{name} {error:?} {} points: {} of {} settled, {} the same minimum, {} lower, {} higher, {} same verdict, TIA within {:.1e} SD, SD within {:.1e}",
        t.len(),
        count.settled,
        count.rows,
        count.same_minimum,
        count.lower,
        count.higher,
        count.same_verdict,
        count.worst_tia,
        count.worst_sd
    );
    count
}

const FOUR: [f64; 4] = [3.7, 27.7, 103.1, 124.0];
const SIX: [f64; 6] = [1.0, 4.0, 24.0, 48.0, 96.0, 168.0];

#[test]
fn val_fast_agrees_with_the_general_fit() {
    let proportional = ErrorModel::Proportional { cv: Magnitude::Fixed(0.1) };
    let least_squares = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    for (name, error, times) in [
        ("mono", proportional, &FOUR[..]),
        ("mono", least_squares, &FOUR[..]),
        ("mono", ErrorModel::Known, &SIX[..]),
        ("mono-physical", proportional, &FOUR[..]),
        ("bi-uptake", proportional, &FOUR[..]),
        ("bi-uptake", least_squares, &SIX[..]),
        ("bi", proportional, &SIX[..]),
        ("gamma", ErrorModel::Known, &SIX[..]),
        ("f4d", ErrorModel::Known, &SIX[..]),
    ] {
        let c = compare(name, error, times, 60, 0.05);
        // A row that is not settled is for the general fit. Of the others, the best of 9 starts is the best of 13 but
        // for a rare surface with several minima.
        assert!(c.settled * 10 >= c.rows * 7, "{name}: {} settled", c.settled);
        assert!(c.higher * 50 <= c.settled, "{name}: {} higher", c.higher);
        // Both searches end within 1e-7 standard errors where the minimum is round, and within hundredths in a valley as
        // flat as that of f4d, whose share of slow uptake trades against its rate.
        let limit = if name == "f4d" { 0.03 } else { 1e-3 };
        assert!(c.worst_tia < limit, "{name} {}", c.worst_tia);
        // The covariance of the fast fit is an inverse of normal equations: half the digits of an orthogonal one.
        let limit = if name == "f4d" { 1e-2 } else { 1e-4 };
        assert!(c.worst_sd < limit, "{name} {}", c.worst_sd);
        assert!(c.same_verdict * 50 >= c.same_minimum * 49, "{name} {}", c.same_verdict);
    }
}

#[test]
fn exact_mono_through_two_points() {
    // As many data as parameters: the curve runs through them, so the integral is A0/k in closed form.
    let t = [10.0, 50.0];
    let (a, k) = (80.0, 0.02);
    let y = t.map(|t: f64| a * (-k * t).exp());
    let f = Function::named("mono").unwrap();
    let curve = f.curve(LP, 1.0, &t).unwrap();
    let p = f.parameters(&curve, 1.0, &y).unwrap();
    let error = ErrorModel::Known;
    let start: Vec<f64> = p.iter().map(|p| p.start).collect();
    let r = FastFit::new(&curve, &p, error, 0, 0).unwrap().fit(&start, &y, &[1.0, 1.0]);
    assert_eq!(r.status, FastStatus::Converged);
    crate::common::close("tia", r.tia, a / k, 1e-9);
    crate::common::close("rate", r.terminal_rate, k, 1e-9);
    // Unknown error: no degree of freedom is left.
    let error = ErrorModel::Additive { sd: Magnitude::Estimated(1.0) };
    let r = FastFit::new(&curve, &p, error, 0, 0).unwrap().fit(&start, &y, &[]);
    assert_eq!(r.not_determined, Some(lutetia_fit::FastReason::NoDegreesOfFreedom));
}

#[test]
fn exact_what_the_fast_fit_cannot_do_is_left_to_the_general_one() {
    let t = [10.0, 50.0, 80.0];
    let f = Function::named("mono").unwrap();
    let curve = f.curve(LP, 1.0, &t).unwrap();
    let p = f.parameters(&curve, 1.0, &[3.0, 2.0, 1.0]).unwrap();
    let unknown = Magnitude::Estimated(0.1);
    assert!(FastFit::new(&curve, &p, ErrorModel::Proportional { cv: unknown }, 0, 0).is_none());
    let mut prior = p.clone();
    prior[1].prior = Some(lutetia_fit::Prior::log_normal(0.01, 0.2));
    assert!(FastFit::new(&curve, &prior, ErrorModel::Known, 0, 0).is_none());
    for f in &FUNCTIONS {
        let c = f.curve(LP, 100.0, &t).unwrap();
        let p = f.parameters(&c, 100.0, &[3.0, 2.0, 1.0]).unwrap();
        assert!(FastFit::new(&c, &p, ErrorModel::Known, 0, 0).is_some(), "{}", f.name);
        assert!(c.names().len() <= 6);
    }
}
