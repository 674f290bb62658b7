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
