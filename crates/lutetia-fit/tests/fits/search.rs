//! The search within a box on problems whose answers are known.
#![allow(missing_docs, clippy::unwrap_used)]

use lutetia_fit::{Judged, SearchOptions, search};

fn free(cost: f64) -> Judged {
    Judged { cost, excess: Vec::new() }
}

#[test]
fn exact_the_minimum_of_rosenbrock_within_and_at_the_side_of_a_box() {
    let rosenbrock = |x: &[f64]| free((1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2));
    let options = SearchOptions { points: 30, rounds: 300, ..SearchOptions::default() };
    let found = search(&[-2.0, -2.0], &[2.0, 2.0], None, &options, &rosenbrock).unwrap();
    // 300 rounds contract the points to about 1e-6; 1e-3 is ample.
    assert!((found.x[0] - 1.0).abs() < 1e-3 && (found.x[1] - 1.0).abs() < 1e-3, "{found:?}");
    // With x ≤ 0.5 the minimum is at (0.5, 0.25) with cost 0.25.
    let found = search(&[-2.0, -2.0], &[0.5, 2.0], None, &options, &rosenbrock).unwrap();
    assert!((found.x[0] - 0.5).abs() < 1e-3 && (found.judged.cost - 0.25).abs() < 1e-3);
}

/// max x + y with x² + y² ≤ 1: both 1/√2.
#[test]
fn exact_the_optimum_on_a_limit() {
    let judge =
        |x: &[f64]| Judged { cost: -x[0] - x[1], excess: vec![x[0] * x[0] + x[1] * x[1] - 1.0] };
    let options = SearchOptions { points: 24, rounds: 200, ..SearchOptions::default() };
    let found = search(&[-2.0, -2.0], &[2.0, 2.0], None, &options, &judge).unwrap();
    assert!(found.judged.broken() <= 0.0);
    assert!((found.judged.cost + 2.0_f64.sqrt()).abs() < 1e-3, "{found:?}");
}

#[test]
fn exact_where_no_point_keeps_the_limits_the_least_broken_is_found() {
    // x ≥ 2 and x ≤ 1 within 0..3: (2 − x) + (x − 1) is 1 between them.
    let judge = |x: &[f64]| Judged { cost: 0.0, excess: vec![2.0 - x[0], x[0] - 1.0] };
    let found = search(&[0.0], &[3.0], None, &SearchOptions::default(), &judge).unwrap();
    assert!((found.judged.broken() - 1.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn prop_the_same_point_on_one_thread_and_two() {
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let judge = |x: &[f64]| free((x[0] - 0.3).powi(2) + x[1].abs());
        pool.install(|| search(&[0.0, -1.0], &[1.0, 1.0], None, &SearchOptions::default(), &judge))
    };
    assert_eq!(run(1), run(2));
}

#[test]
fn exact_faulty_boxes_are_refused() {
    let judge = |_: &[f64]| free(0.0);
    let ask = |lower: &[f64], upper: &[f64], start: Option<&[f64]>, points| {
        let options = SearchOptions { points, ..SearchOptions::default() };
        search(lower, upper, start, &options, &judge).unwrap_err().to_string()
    };
    assert!(ask(&[], &[], None, 10).contains("at least one"));
    assert!(ask(&[1.0], &[0.0], None, 10).contains("the lower first"));
    assert!(ask(&[0.0], &[f64::INFINITY], None, 10).contains("finite"));
    assert!(ask(&[0.0], &[1.0], Some(&[2.0]), 10).contains("outside"));
    assert!(ask(&[0.0], &[1.0], None, 2).contains("at least 4"));
}
