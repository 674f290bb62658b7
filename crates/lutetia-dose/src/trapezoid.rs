//! Time-integrated activity by trapezoids, with a tail after the last measurement.

use std::f64::consts::LN_2;

use crate::{
    error::{DoseError, above_zero, not_negative},
    tia::Tia,
};

/// What happens after the last measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// Physical decay alone, of this half-life in h: nothing leaves, an upper bound.
    Physical(f64),
    /// The exponential through the last two measurements.
    Fitted,
    /// An exponential of this effective half-life in h.
    Given(f64),
}

/// What happened before the first measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// The activity rose linearly from zero at the injection.
    Zero,
    /// The activity was that of the first measurement from the injection on.
    Constant,
}

/// Trapezoids over `(h, MBq)` in ascending time, and a tail.
///
/// # Errors
/// [`DoseError::OutOfRange`] when there is no point, times do not ascend from 0, an activity is
/// negative or a half-life not above 0; and with [`Tail::Fitted`] when the last two points do not
/// fall, as the integral would have no end.
pub fn trapezoid(
    region: &str,
    points: &[(f64, f64)],
    start: Start,
    tail: Tail,
) -> Result<Tia, DoseError> {
    let refuse = |quantity, value, unit, expected| {
        Err(DoseError::OutOfRange { quantity, of: region.to_owned(), value, unit, expected })
    };
    let (Some(&(first_t, first_a)), Some(&(last_t, last_a))) = (points.first(), points.last())
    else {
        return refuse("number of measurements", 0.0, "", "at least one");
    };
    not_negative("time of the first measurement", region, first_t, "h")?;
    for &(_, a) in points {
        not_negative("activity", region, a, "MBq")?;
    }
    if let Some(w) =
        points.windows(2).find(|w| w[1].0.partial_cmp(&w[0].0) != Some(std::cmp::Ordering::Greater))
    {
        return refuse("time of a measurement", w[1].0, "h", "a time after the one before it");
    }
    let before = match start {
        Start::Zero => 0.5 * first_t * first_a,
        Start::Constant => first_t * first_a,
    };
    let between: f64 = points.windows(2).map(|w| 0.5 * (w[1].0 - w[0].0) * (w[0].1 + w[1].1)).sum();
    let (rate, name) = match tail {
        Tail::Physical(half_life) => {
            (LN_2 / above_zero("physical half-life", region, half_life, "h")?, "physical tail")
        }
        Tail::Given(half_life) => {
            (LN_2 / above_zero("effective half-life", region, half_life, "h")?, "given tail")
        }
        Tail::Fitted => {
            let &[.., (t, a), _] = points else {
                return refuse("number of measurements", 1.0, "", "at least two for a fitted tail");
            };
            if last_a >= a {
                return refuse(
                    "activity of the last measurement",
                    last_a,
                    "MBq",
                    "less than the one before it; a curve that does not fall has no integral",
                );
            }
            // An activity of zero leaves nothing to come.
            let rate = if last_a > 0.0 { (a / last_a).ln() / (last_t - t) } else { f64::INFINITY };
            (rate, "fitted tail")
        }
    };
    let after = last_a / rate;
    let value = before + between + after;
    let extrapolated = if value > 0.0 { Some(after / value) } else { None };
    Tia::new(region, value, None, extrapolated, &format!("trapezoids, {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_triangle_trapezoid_and_tail() {
        let points = [(2.0, 10.0), (4.0, 20.0), (8.0, 5.0)];
        let value = |start, tail| {
            trapezoid("kidneys", &points, start, tail).expect("an integral").value_mbq_h()
        };
        let between = 30.0 + 50.0;
        let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12 * b, "{a} {b}");
        close(value(Start::Zero, Tail::Physical(10.0)), 10.0 + between + 50.0 / LN_2);
        close(value(Start::Constant, Tail::Given(20.0)), 20.0 + between + 100.0 / LN_2);
        // From 20 to 5 in 4 h: a half-life of 2 h.
        close(value(Start::Zero, Tail::Fitted), 10.0 + between + 10.0 / LN_2);
    }

    #[test]
    fn exact_many_points_of_an_exponential_give_its_integral() {
        let points: Vec<(f64, f64)> =
            (0..=2000).map(|i| f64::from(i) * 0.05).map(|t| (t, (-0.05 * t).exp())).collect();
        let found = trapezoid("k", &points, Start::Zero, Tail::Fitted).expect("an integral");
        // Trapezoids of step h err by h² k²/12 of the integral.
        assert!((found.value_mbq_h() * 0.05 - 1.0).abs() < 6e-7, "{found:?}");
        let fraction = found.extrapolated_fraction().expect("a fraction");
        assert!((fraction - (-5.0_f64).exp()).abs() < 1e-6);
    }

    #[test]
    fn exact_what_has_no_integral_is_refused() {
        let rising = [(1.0, 1.0), (2.0, 2.0)];
        let message = |points: &[(f64, f64)], tail| {
            trapezoid("k", points, Start::Zero, tail).expect_err("no integral").to_string()
        };
        assert!(message(&rising, Tail::Fitted).contains("does not fall"));
        assert!(message(&[(1.0, 1.0)], Tail::Fitted).contains("at least two"));
        assert!(message(&[], Tail::Physical(1.0)).contains("at least one"));
        assert!(message(&[(1.0, 1.0), (1.0, 1.0)], Tail::Physical(1.0)).contains("after the one"));
        assert!(message(&[(1.0, -1.0)], Tail::Physical(1.0)).contains("activity"));
        assert!(message(&rising, Tail::Given(0.0)).contains("half-life"));
    }
}
