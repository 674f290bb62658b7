//! The methods without a fitted function, and how they are named.

use lutetia_dose::TacLibrary;
use lutetia_units::{Quantity, Unit};

use crate::TextError;

/// How an integral is computed without a fit.
#[derive(Debug, Clone, PartialEq)]
pub enum Method {
    /// Hänscheid 2018: one measurement, no half-life.
    Haenscheid,
    /// Madsen 2018: one measurement and a half-life, h, with its scatter.
    Madsen(f64, Option<f64>),
    /// One exponential under a population's prior, from one measurement.
    Map(MapPrior),
    /// Jackson 2020: one measurement and a library of curves of the same tissue.
    Library(TacLibrary),
    /// Jackson 2013: a tri-exponential through three measurements.
    Jackson,
    /// Trapezoids from zero at the injection, and a tail; the physical half-life is the nuclide's.
    Trapezoid(TailChoice),
}

/// What a population says of one exponential.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapPrior {
    /// Whether the half-life is the biological one (the effective one then never exceeds the physical) or the effective.
    pub biological: bool,
    /// Median half-life, h.
    pub half_life_h: f64,
    /// Coefficient of variation between patients (log-normal), 1 = 100 %.
    pub cv: f64,
    /// Median activity at time zero, MBq, and its coefficient of variation; without it the amplitude is free.
    pub amplitude: Option<(f64, f64)>,
    /// Relative standard deviation of the measurement where the table has none.
    pub error: f64,
}

/// Relative standard deviation of a measurement where nothing is said.
pub(super) const ASSUMED_ERROR: f64 = 0.1;

/// The tail of trapezoids.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TailChoice {
    /// Physical decay.
    Physical,
    /// Through the last two measurements.
    Fitted,
    /// An effective half-life, h.
    Given(f64),
}

/// A method from text: `haenscheid`, `madsen 51 h`, `madsen 51 h 8 h` (half-life and its SD), `map effective 51 h 20 %`
/// (half-life and its CV), `library`, `jackson`, `trapezoid physical`, `trapezoid fitted` or `trapezoid 51 h`.
///
/// # Errors
/// [`TextError`]: no method, or a library method without `library`.
pub fn method(text: &str, library: Option<TacLibrary>) -> Result<Method, TextError> {
    let fail = || TextError::Method { text: text.to_owned() };
    let mbq = Unit::parse("MBq")?;
    let hour = Unit::parse("h")?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let hours = |number: &str, unit: &str| -> Result<f64, TextError> {
        let q = Quantity::parse(&format!("{number} {unit}")).map_err(|_| fail())?;
        q.to(&hour).map_err(|_| fail())
    };
    let share = |number: &str| -> Result<f64, TextError> {
        match number.parse::<f64>() {
            Ok(x) if x.is_finite() && x > 0.0 => Ok(x / 100.0),
            _ => Err(fail()),
        }
    };
    let prior = |kind: &str, n: &str, u: &str, cv: &str| -> Result<MapPrior, TextError> {
        let biological = match kind {
            "biological" => true,
            "effective" => false,
            _ => return Err(fail()),
        };
        let half_life_h = hours(n, u)?;
        if !(half_life_h > 0.0 && half_life_h.is_finite()) {
            return Err(fail());
        }
        Ok(MapPrior {
            biological,
            half_life_h,
            cv: share(cv)?,
            amplitude: None,
            error: ASSUMED_ERROR,
        })
    };
    match words[..] {
        ["map", kind, n, u, cv, "%"] => Ok(Method::Map(prior(kind, n, u, cv)?)),
        ["map", kind, n, u, cv, "%", "amplitude", a, au, acv, "%"] => {
            let median = Quantity::parse(&format!("{a} {au}"))
                .map_err(|_| fail())?
                .to(&mbq)
                .map_err(|_| fail())?;
            if !(median > 0.0 && median.is_finite()) {
                return Err(fail());
            }
            let amplitude = Some((median, share(acv)?));
            Ok(Method::Map(MapPrior { amplitude, ..prior(kind, n, u, cv)? }))
        }
        ["library"] => library.map(Method::Library).ok_or(TextError::NoLibrary),
        ["jackson"] => Ok(Method::Jackson),
        ["haenscheid"] => Ok(Method::Haenscheid),
        ["madsen", n, u] => Ok(Method::Madsen(hours(n, u)?, None)),
        ["madsen", n, u, m, v] => Ok(Method::Madsen(hours(n, u)?, Some(hours(m, v)?))),
        ["trapezoid", "physical"] => Ok(Method::Trapezoid(TailChoice::Physical)),
        ["trapezoid", "fitted"] => Ok(Method::Trapezoid(TailChoice::Fitted)),
        ["trapezoid", n, u] => Ok(Method::Trapezoid(TailChoice::Given(hours(n, u)?))),
        _ => Err(fail()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_methods_are_read() {
        let method = |text: &str| method(text, None);
        assert_eq!(method("haenscheid"), Ok(Method::Haenscheid));
        assert_eq!(method("jackson"), Ok(Method::Jackson));
        assert_eq!(method("madsen 2 d"), Ok(Method::Madsen(48.0, None)));
        assert_eq!(method("madsen 51 h 8 h"), Ok(Method::Madsen(51.0, Some(8.0))));
        assert_eq!(method("trapezoid fitted"), Ok(Method::Trapezoid(TailChoice::Fitted)));
        assert_eq!(method("trapezoid 51 h"), Ok(Method::Trapezoid(TailChoice::Given(51.0))));
        let prior = MapPrior {
            biological: true,
            half_life_h: 72.0,
            cv: 0.3,
            amplitude: Some((120.0, 0.4)),
            error: ASSUMED_ERROR,
        };
        assert_eq!(
            method("map biological 3 d 30 % amplitude 120 MBq 40 %"),
            Ok(Method::Map(prior))
        );
        for bad in [
            "",
            "haenscheid 5 h",
            "madsen",
            "madsen 5 MBq",
            "trapezoid slow",
            "simpson",
            "map effective 0 h 20 %",
            "map effective 51 h 0 %",
            "map physical 51 h 20 %",
            "library",
        ] {
            assert!(method(bad).is_err(), "{bad}");
        }
    }
}
