//! Numbers as people read them: the one place that turns a number into text.

use std::fmt::Write as _;

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
    let mut text = String::new();
    push_significant(&mut text, x, digits);
    text
}

/// Appends [`significant`] of a number to a text, for tables of many numbers.
///
/// ```
/// let mut row = "tia,".to_owned();
/// lutetia_units::push_significant(&mut row, 1234.567, 6);
/// assert_eq!(row, "tia,1234.57");
/// ```
pub fn push_significant(text: &mut String, x: f64, digits: usize) {
    if x.is_nan() {
        return;
    }
    if x.is_infinite() {
        text.push_str(if x > 0.0 { "inf" } else { "-inf" });
        return;
    }
    if x.abs() < f64::MIN_POSITIVE {
        text.push('0');
        return;
    }
    // Both notations show the digits of the scientific one: the plain one only moves its decimal point.
    let begin = text.len();
    // Writing into a text does not fail.
    let _ = write!(text, "{:.*e}", digits.max(1) - 1, x);
    let split = text[begin..].rfind('e').map_or(text.len(), |at| begin + at);
    let exponent: i32 = text.get(split + 1..).and_then(|e| e.parse().ok()).unwrap_or(0);
    text.truncate(split);
    if text[begin..].contains('.') {
        let kept = text[begin..].trim_end_matches('0').trim_end_matches('.').len();
        text.truncate(begin + kept);
    }
    if !(-4..7).contains(&exponent) {
        let _ = write!(text, "e{exponent}");
        return;
    }
    let first = begin + usize::from(x < 0.0);
    // One digit, or one before the point and the others after it.
    if text.len() > first + 1 {
        text.remove(first + 1);
    }
    match usize::try_from(exponent) {
        Ok(whole) => {
            let point = first + whole + 1;
            while text.len() < point {
                text.push('0');
            }
            if text.len() > point {
                text.insert(point, '.');
            }
        }
        Err(_) => {
            text.insert_str(first, &"0.000"[..1 + exponent.unsigned_abs() as usize]);
        }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by rounding through the scientific text and printing the rounded number plainly.
    fn by_rounding(x: f64, digits: usize) -> String {
        let scientific = format!("{:.*e}", digits - 1, x);
        let (mantissa, exponent) = scientific.split_once('e').expect("an exponent");
        let exponent: i32 = exponent.parse().expect("an exponent");
        let trim = |s: &str| match s.contains('.') {
            true => s.trim_end_matches('0').trim_end_matches('.').to_owned(),
            false => s.to_owned(),
        };
        if !(-4..7).contains(&exponent) {
            return format!("{}e{exponent}", trim(mantissa));
        }
        let digits = i32::try_from(digits).expect("few digits");
        let decimals = usize::try_from((digits - 1 - exponent).max(0)).expect("not below zero");
        let rounded: f64 = scientific.parse().expect("a number");
        trim(&format!("{rounded:.decimals$}"))
    }

    proptest! {
        /// Up to 15 digits a number survives its decimal text, so that both ways must agree.
        #[test]
        fn prop_plain_text_has_the_digits_of_the_rounded_number(
            mantissa in -1.0_f64..1.0,
            power in -9_i32..12,
            digits in 1_usize..=15,
        ) {
            let x = mantissa * 10_f64.powi(power);
            prop_assume!(x.abs() >= f64::MIN_POSITIVE);
            prop_assert_eq!(significant(x, digits), by_rounding(x, digits));
        }
    }

    #[test]
    fn exact_numbers_as_text() {
        for (x, digits, text) in [
            (0.0, 6, "0"),
            (-0.0, 6, "0"),
            (f64::NAN, 6, ""),
            (f64::NEG_INFINITY, 6, "-inf"),
            (1.0, 6, "1"),
            (-1.5, 6, "-1.5"),
            (9.999_999_9, 6, "10"),
            (999_999.95, 6, "1000000"),
            (9_999_999.5, 6, "1e7"),
            (123_456.0, 3, "123000"),
            (-0.000_123_456_7, 4, "-0.0001235"),
            (0.000_099_999_99, 4, "0.0001"),
            (0.000_012_3, 4, "1.23e-5"),
            (0.05, 1, "0.05"),
            (2.0, 0, "2"),
        ] {
            assert_eq!(significant(x, digits), text, "{x} to {digits}");
        }
    }
}
