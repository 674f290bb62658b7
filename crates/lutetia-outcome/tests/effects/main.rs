//! Effects of dose, null models of combination, benefit against harm.

mod combination;
mod exposure_response;
mod radiobiology;
mod trade_off;

/// |a − b| ≤ tolerance, absolutely.
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "found {found}, expected {expected}");
}
