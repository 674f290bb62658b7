//! Numbers as people read them: the one place that turns a number into text.

/// `x` to `digits` significant digits, in plain notation between 1e-4 and 1e7, else scientific.
///
/// Trailing zeros are dropped, and −0 is 0, so that the same number always prints the same way. Nothing for
/// what is not a number.
///
/// ```
/// assert_eq!(lutetia_units::significant(26.367_500_000_000_007, 6), "26.3675");
/// assert_eq!(lutetia_units::significant(2.37e-14, 3), "2.37e-14");
/// ```
#[must_use]
pub fn significant(x: f64, digits: usize) -> String {
    if x.is_nan() {
        return String::new();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf".to_owned() } else { "-inf".to_owned() };
    }
    if x.abs() < f64::MIN_POSITIVE {
        return "0".to_owned();
    }
    let scientific = format!("{:.*e}", digits.max(1) - 1, x);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |s: &str| {
        if s.contains('.') {
            s.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            s.to_owned()
        }
    };
    if (-4..7).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        // Round through the scientific text first: both notations then show the same digits.
        let rounded: f64 = scientific.parse().unwrap_or(x);
        trim(&format!("{rounded:.decimals$}"))
    } else {
        format!("{}e{exponent}", trim(mantissa))
    }
}

/// Digits that hold whatever a person types, and drop the rounding of binary arithmetic behind it.
const TYPED: usize = 12;

/// A number that somebody typed or that follows from one by a unit, as text: 249.07365, where arithmetic
/// has left 249.07365000000001.
///
/// ```
/// assert_eq!(lutetia_units::typed(0.1 + 0.2), "0.3");
/// assert_eq!(lutetia_units::typed(7210.427), "7210.427");
/// ```
#[must_use]
pub fn typed(x: f64) -> String {
    significant(x, TYPED)
}

/// The number nearest to `x` with twelve significant digits, for output that is a number again (JSON).
///
/// Relative change at most 5e-13, far below what any computation here holds. Infinities and what is no
/// number stay.
///
/// ```
/// assert_eq!(lutetia_units::without_noise(249.073_650_000_000_01), 249.073_65);
/// ```
#[must_use]
pub fn without_noise(x: f64) -> f64 {
    if x.is_finite() { format!("{:.*e}", TYPED - 1, x).parse().unwrap_or(x) } else { x }
}
