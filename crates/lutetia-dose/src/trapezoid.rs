//! Time-integrated activity by trapezoids, with a tail after the last measurement.

use std::f64::consts::LN_2;

use crate::{
    error::{DoseError, above_zero, not_negative},
    tia::Tia,
};

/// What happens after the last measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tail {
    /// Physical decay alone, of this half-life in h: nothing leaves and nothing comes. An upper bound where uptake is
    /// over by the last measurement, and none where it may go on.
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
    Trapezoids::over(region, points, start, tail)?.integral(region, None)
}

/// Trapezoids with what follows from them.
#[derive(Debug, Clone, PartialEq)]
pub struct Trapezoids {
    value: f64,
    extrapolated: Option<f64>,
    method: String,
    /// Derivatives of the integral by each activity, h.
    pub gradient_h: Vec<f64>,
    /// Time of the largest measurement, h: a broken line peaks at a point.
    pub time_of_maximum_h: f64,
    /// Effective half-life of the tail, h; zero where a fitted tail ends at nothing.
    pub effective_half_life_h: f64,
}

impl Trapezoids {
    /// The integral, with its standard deviation where those of the activities (MBq, one for each point) are given.
    ///
    /// # Errors
    /// [`DoseError::OutOfRange`] when a standard deviation is negative or their number another.
    pub fn integral(&self, region: &str, sd_mbq: Option<&[f64]>) -> Result<Tia, DoseError> {
        let sd = match sd_mbq {
            None => None,
            Some(list) if list.len() != self.gradient_h.len() => {
                return Err(DoseError::OutOfRange {
                    quantity: "number of standard deviations",
                    of: region.to_owned(),
                    value: list.len() as f64,
                    unit: "",
                    expected: "one for each measurement",
                });
            }
            Some(list) => {
                let mut variance = 0.0;
                for (g, sd) in self.gradient_h.iter().zip(list) {
                    variance +=
                        (g * not_negative("SD of an activity", region, *sd, "MBq")?).powi(2);
                }
                Some(variance.sqrt())
            }
        };
        Tia::new(region, self.value, sd, self.extrapolated, &self.method)
    }

    /// Trapezoids over `(h, MBq)` in ascending time, and a tail.
    ///
    /// # Errors
    /// As [`trapezoid`].
    pub fn over(
        region: &str,
        points: &[(f64, f64)],
        start: Start,
        tail: Tail,
    ) -> Result<Self, DoseError> {
        computed(region, points, start, tail)
    }
}

fn computed(
    region: &str,
    points: &[(f64, f64)],
    start: Start,
    tail: Tail,
) -> Result<Trapezoids, DoseError> {
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
    let n = points.len();
    let mut gradient_h: Vec<f64> = (0..n)
        .map(|i| {
            let before = if i > 0 { points[i].0 - points[i - 1].0 } else { 0.0 };
            let behind = if i + 1 < n { points[i + 1].0 - points[i].0 } else { 0.0 };
            0.5 * (before + behind)
        })
        .collect();
    gradient_h[0] += match start {
        Start::Zero => 0.5 * first_t,
        Start::Constant => first_t,
    };
    gradient_h[n - 1] += 1.0 / rate;
    if let (Tail::Fitted, &[.., (t, a), _]) = (tail, points)
        && last_a > 0.0
    {
        // after = a_n Δ/L with L = ln(a_{n−1}/a_n): ∂/∂a_n = Δ/L + Δ/L², ∂/∂a_{n−1} = −(a_n/a_{n−1}) Δ/L².
        let (width, fall) = (last_t - t, (a / last_a).ln());
        gradient_h[n - 1] += width / (fall * fall);
        gradient_h[n - 2] -= last_a / a * width / (fall * fall);
    }
    let top = points.iter().fold(points[0], |m, p| if p.1 > m.1 { *p } else { m });
    let after = last_a / rate;
    let value = before + between + after;
    let extrapolated = if value > 0.0 { Some(after / value) } else { None };
    Ok(Trapezoids {
        value,
        extrapolated,
        method: format!("trapezoids, {name}"),
        gradient_h,
        time_of_maximum_h: top.0,
        effective_half_life_h: LN_2 / rate,
    })
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
    fn exact_gradient_maximum_and_half_life() {
        let points = [(2.0, 10.0), (4.0, 20.0), (8.0, 5.0)];
        let sd = [1.0, 2.0, 0.5];
        for tail in [Tail::Physical(10.0), Tail::Given(3.0), Tail::Fitted] {
            let found = Trapezoids::over("k", &points, Start::Zero, tail).expect("an integral");
            for i in 0..3 {
                let at = |d: f64| {
                    let mut p = points;
                    p[i].1 += d;
                    trapezoid("k", &p, Start::Zero, tail).expect("an integral").value_mbq_h()
                };
                // Central differences of a nearly linear function.
                let slope = (at(1e-4) - at(-1e-4)) / 2e-4;
                assert!((found.gradient_h[i] - slope).abs() < 1e-6 * slope.abs(), "{tail:?} {i}");
            }
            let variance: f64 = found.gradient_h.iter().zip(sd).map(|(g, s)| (g * s).powi(2)).sum();
            let with_sd = found.integral("k", Some(&sd)).expect("an integral");
            assert!((with_sd.sd_mbq_h().expect("an SD") - variance.sqrt()).abs() < 1e-12);
            assert!(found.integral("k", Some(&sd[..2])).is_err());
            assert!((found.time_of_maximum_h - 4.0).abs() < 1e-15);
        }
        let fitted = Trapezoids::over("k", &points, Start::Zero, Tail::Fitted).expect("one");
        assert!((fitted.effective_half_life_h - 2.0).abs() < 1e-12);
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
