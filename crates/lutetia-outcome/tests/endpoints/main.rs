//! Response, progression and toxicity by their rules, case by case.

mod ctcae;
mod recist;
mod visits;

/// |a − b| ≤ tolerance, absolutely.
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
}
