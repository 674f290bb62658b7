//! How large may the first step be?

use crate::field::Field;

/// Size of the first step at order one (Hairer, Nørsett, Wanner, *Solving ODEs I*, II.4), from a time with a state and
/// its slope, under an absolute tolerance of each state and a relative one; at most `span`.
pub(super) fn first_step(
    field: &Field,
    (atol, rtol): (&[f64], f64),
    (elapsed, x, dx): (f64, &[f64], &[f64]),
    span: f64,
) -> f64 {
    let norm = |v: &dyn Fn(usize) -> f64| {
        let sum: f64 = (0..dx.len()).map(|k| (v(k) / (rtol * x[k].abs() + atol[k])).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "states are few")]
        let n = dx.len().max(1) as f64;
        (sum / n).sqrt()
    };
    let (d0, d1) = (norm(&|k| x[k]), norm(&|k| dx[k]));
    let h0 = if d0 < 1e-5 || d1 < 1e-5 { 1e-6 * span } else { (0.01 * d0 / d1).min(span) };
    let x1: Vec<f64> = x.iter().zip(dx).map(|(x, dx)| x + h0 * dx).collect();
    let mut dx1 = vec![0.0; dx.len()];
    field.rhs_into(elapsed + h0, &x1, &mut dx1);
    let d2 = norm(&|k| dx1[k] - dx[k]) / h0;
    let steepest = d1.max(d2);
    let h1 = if steepest > 1e-15 { (0.01 / steepest).sqrt() } else { (1e-3 * h0).max(1e-6 * span) };
    let h = (100.0 * h0).min(h1).min(span);
    if h.is_finite() && h > 0.0 { h } else { 1e-12 * span }
}
