//! Small numerical tools of several rooms.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// Φ(x), the standard normal distribution function.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    // erfc keeps its digits in the lower tail, where 1 − erf has none left.
    0.5 * statrs::function::erf::erfc(-x / std::f64::consts::SQRT_2)
}

/// Φ⁻¹(p).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Quantile of the normal for a two-sided interval of this level, 1.96 for 0.95.
pub(crate) fn two_sided_z(level: f64) -> f64 {
    normal_quantile(0.5 + 0.5 * level)
}

/// Two-sided p-value of a standard normal statistic.
pub(crate) fn two_sided_p(z: f64) -> f64 {
    if z.is_nan() { f64::NAN } else { 2.0 * normal_cdf(-z.abs()) }
}

/// P(χ²_df > x).
pub(crate) fn chi_squared_tail(x: f64, df: f64) -> f64 {
    if x.is_nan() {
        return f64::NAN;
    }
    // Degrees of freedom are counts of at least one here.
    ChiSquared::new(df).map_or(f64::NAN, |d| d.sf(x.max(0.0)))
}

/// ln Φ(x), with the asymptotic series in the far lower tail where Φ underflows.
pub(crate) fn ln_normal_cdf(x: f64) -> f64 {
    if x > -30.0 {
        return normal_cdf(x).ln();
    }
    let i = 1.0 / (x * x);
    // Abramowitz and Stegun 26.2.12; the next term is below 1e-11 here.
    -0.5 * x * x - (-x).ln() - 0.5 * (2.0 * std::f64::consts::PI).ln()
        + (-i + 3.0 * i * i - 15.0 * i * i * i).ln_1p()
}

/// `∫_a^b f` by five-point Gauss–Legendre on equal pieces.
pub(crate) fn integrate(f: &dyn Fn(f64) -> f64, a: f64, b: f64, pieces: usize) -> f64 {
    const NODES: [(f64, f64); 5] = [
        (-0.906_179_845_938_664, 0.236_926_885_056_189_1),
        (-0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.0, 0.568_888_888_888_888_9),
        (0.538_469_310_105_683_1, 0.478_628_670_499_366_5),
        (0.906_179_845_938_664, 0.236_926_885_056_189_1),
    ];
    let half = 0.5 * (b - a) / pieces as f64;
    let piece = |i: usize| {
        let middle = a + half * (2 * i + 1) as f64;
        NODES.iter().map(|(x, w)| w * f(middle + half * x)).sum::<f64>()
    };
    half * (0..pieces).map(piece).sum::<f64>()
}
