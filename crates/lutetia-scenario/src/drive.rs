//! Measured curves that drive something of a model during a run: an input, or a parameter or covariate in whose place an
//! input of its name is put.
//!
//! Whoever reads a curve (the command from a file, an experiment from a table) says here what holds between its points,
//! before the first of them and after the last.

use lutetia_model::{Driven, VaryError};
use lutetia_sim::{Curve, Inputs};
use lutetia_units::{Dimension, Quantity, UnitError, UnitSystem, significant};
use schemars::JsonSchema;
use serde::Deserialize;

/// What holds between the points of a curve.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Interpolation {
    /// A straight line.
    #[default]
    Linear,
    /// The value of the point before (last observation carried forward).
    Previous,
    /// The value of the point after (next observation carried backward).
    Next,
}

impl Interpolation {
    /// Each with its word.
    pub const ALL: [(&'static str, Self); 3] =
        [("linear", Self::Linear), ("previous", Self::Previous), ("next", Self::Next)];

    /// What the word means.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|known| known.0 == word).map(|known| known.1)
    }
}

/// How a measured curve becomes a function of time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CurveForm {
    /// Between the points.
    pub interpolation: Interpolation,
    /// So much later than it was measured it acts; `-20 s` for earlier.
    pub delay: Option<String>,
    /// Before the first point: `hold` for its value, or a value.
    pub before: Option<String>,
    /// After the last point: `hold` for its value, or a value.
    pub after: Option<String>,
}

/// The word for the value of the nearest point.
pub const HOLD: &str = "hold";

/// Why a curve cannot drive a run.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DriveError {
    /// What it is to drive cannot be driven.
    #[error(transparent)]
    Vary(#[from] VaryError),
    /// Two curves of one thing.
    #[error("`{name}` has two curves")]
    Twice {
        /// What they drive.
        name: String,
    },
    /// A key that is not a quantity.
    #[error("`{key}` of the curve of `{name}`: {source}")]
    Quantity {
        /// What it drives.
        name: String,
        /// The key.
        key: &'static str,
        /// Why not.
        source: Box<UnitError>,
    },
    /// A quantity of something else.
    #[error("`{key}` of the curve of `{name}` is `{text}` ({found}); expected {expected}")]
    Dimension {
        /// What it drives.
        name: String,
        /// The key.
        key: &'static str,
        /// As typed.
        text: String,
        /// Its dimension.
        found: Dimension,
        /// What it must have.
        expected: Dimension,
    },
    /// A value outside the curve with which the model does not hold.
    #[error("`{key}` of the curve of `{name}` is `{text}`, outside the range of the model")]
    Range {
        /// What it drives.
        name: String,
        /// The key.
        key: &'static str,
        /// As typed.
        text: String,
    },
    /// The run begins before the curve.
    #[error("the curve of `{name}` begins at {begins}, and the run begins at {start}")]
    Begins {
        /// What it drives.
        name: String,
        /// Its first time.
        begins: String,
        /// That of the run.
        start: String,
        /// A value that could hold before.
        unit: String,
    },
    /// The run ends after the curve.
    #[error("the curve of `{name}` ends at {ends}, and the run {}", end.as_ref().map_or_else(|| "is carried to infinity".to_owned(), |end| format!("ends at {end}")))]
    Ends {
        /// What it drives.
        name: String,
        /// Its last time.
        ends: String,
        /// That of the run; none where integrals go on to infinity.
        end: Option<String>,
        /// A value that could hold after.
        unit: String,
    },
}

impl DriveError {
    /// What can be done.
    #[must_use]
    pub fn hint(&self) -> String {
        let value = |unit: &str| match unit {
            "1" => "0".to_owned(),
            unit => format!("0 {unit}"),
        };
        match self {
            Self::Vary(error) => error.hint(),
            Self::Twice { .. } => "keep one of them".to_owned(),
            Self::Quantity { key: "delay", .. } | Self::Dimension { key: "delay", .. } => {
                "write it as `delay = \"20 s\"`".to_owned()
            }
            Self::Quantity { key, .. } | Self::Dimension { key, .. } | Self::Range { key, .. } => {
                format!("write `{key} = \"hold\"`, or a value that `lutetia explain` allows")
            }
            Self::Begins { unit, .. } => format!(
                "say what holds before: `before = \"hold\"` for its first value, or a value such as `before = \"{}\"`",
                value(unit)
            ),
            Self::Ends { unit, .. } => format!(
                "say what holds after: `after = \"hold\"` for its last value, or a value such as `after = \"{}\"`",
                value(unit)
            ),
        }
    }

    /// The code of the message.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "LUT7053"
    }
}

/// A curve that drives something of a model, and from when to when it was measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Drive {
    curve: Curve,
    unit: String,
    /// First and last measured time, internal, with the delay.
    measured: (f64, f64),
    /// Whether it is said what holds before and after.
    said: (bool, bool),
}

impl Drive {
    /// The curve of what is driven through measured points (internal times and values, times not descending), between
    /// which it is as `form` says. Two points at one time are a jump where it is linear.
    ///
    /// # Errors
    /// [`DriveError`]: keys of the form that are not quantities of the right dimension.
    pub fn new(
        driven: &Driven,
        points: &[(f64, f64)],
        form: &CurveForm,
        units: &UnitSystem,
    ) -> Result<Self, DriveError> {
        let read = |key, text: &Option<String>, dimension| {
            let Some(text) = text else { return Ok(None) };
            let fault = |source| DriveError::Quantity {
                name: driven.input.clone(),
                key,
                source: Box::new(source),
            };
            let quantity = Quantity::parse(text).map_err(fault)?;
            if quantity.dimension() != dimension {
                return Err(DriveError::Dimension {
                    name: driven.input.clone(),
                    key,
                    text: text.clone(),
                    found: quantity.dimension(),
                    expected: dimension,
                });
            }
            Ok(Some(units.to_internal(&quantity)))
        };
        let outside = |key, text: &Option<String>| {
            let value = match text.as_deref().map(str::trim) {
                None | Some(HOLD) => return Ok(None),
                Some(_) => read(key, text, driven.unit.dimension())?,
            };
            let holds = |x: f64| driven.range.is_none_or(|(low, high)| (low..=high).contains(&x));
            match value.filter(|x| !holds(*x)) {
                None => Ok(value),
                Some(_) => Err(DriveError::Range {
                    name: driven.input.clone(),
                    key,
                    text: text.clone().unwrap_or_default(),
                }),
            }
        };
        let delay = read("delay", &form.delay, Dimension::TIME)?.unwrap_or(0.0);
        let (before, after) = (outside("before", &form.before)?, outside("after", &form.after)?);
        let points: Vec<(f64, f64)> = points.iter().map(|&(t, y)| (t + delay, y)).collect();
        let (first, last) = match (points.first(), points.last()) {
            (Some(first), Some(last)) => (first.0, last.0),
            _ => (0.0, 0.0),
        };
        let mut all = Vec::with_capacity(2 * points.len() + 2);
        all.extend(before.map(|y| (first, y)));
        for (k, &(t, y)) in points.iter().enumerate() {
            let earlier = k.checked_sub(1).map(|k| points[k].1);
            match (form.interpolation, earlier) {
                (Interpolation::Previous, Some(earlier)) => all.extend([(t, earlier), (t, y)]),
                (Interpolation::Next, Some(_)) => all.extend([(points[k - 1].0, y), (t, y)]),
                _ => all.push((t, y)),
            }
        }
        all.extend(after.map(|y| (last, y)));
        Ok(Self {
            curve: Curve { input: driven.input.clone(), points: all },
            unit: driven.unit.symbol().to_owned(),
            measured: (first, last),
            said: (form.before.is_some(), form.after.is_some()),
        })
    }

    /// What it drives.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.curve.input
    }

    /// Where a run from `start` to `end` (internal; infinity where integrals go on) needs values of which nothing was
    /// measured and nothing is said.
    #[must_use]
    pub fn uncovered(&self, start: f64, end: f64, units: &UnitSystem) -> Vec<DriveError> {
        let unit = units.unit_of(Dimension::TIME);
        let time = |t: f64| format!("{} {unit}", significant(units.from_internal(t, &unit), 6));
        // Times come by other ways through their units.
        let later = |a: f64, b: f64| a > b + 1e-9 * b.abs().max(1e-3);
        let (name, unit) = (self.curve.input.clone(), self.unit.clone());
        let mut found = Vec::new();
        if !self.said.0 && later(self.measured.0, start) {
            let (begins, start) = (time(self.measured.0), time(start));
            found.push(DriveError::Begins {
                name: name.clone(),
                begins,
                start,
                unit: unit.clone(),
            });
        }
        if !self.said.1 && later(end, self.measured.1) {
            let end = end.is_finite().then(|| time(end));
            found.push(DriveError::Ends { name, ends: time(self.measured.1), end, unit });
        }
        found
    }

    /// What the nearest value is held for, as a sentence: where [`Drive::uncovered`] is not refused.
    #[must_use]
    pub fn held(&self, start: f64, end: f64, units: &UnitSystem) -> Vec<String> {
        let uncovered = self.uncovered(start, end, units);
        let said = |error: &DriveError| match error {
            DriveError::Ends { .. } => format!("{error}; its last value is held"),
            _ => format!("{error}; its first value is held"),
        };
        uncovered.iter().map(said).collect()
    }

    /// The curves as a simulator takes them.
    #[must_use]
    pub fn inputs(drives: &[Self]) -> Inputs {
        Inputs { curves: drives.iter().map(|drive| drive.curve.clone()).collect() }
    }
}

#[cfg(test)]
mod tests {
    use lutetia_units::Unit;

    use super::*;

    fn units() -> UnitSystem {
        let unit = |text| Unit::parse(text).expect("a unit");
        UnitSystem::new(&unit("h"), &unit("nmol"), &unit("L")).expect("a system")
    }

    fn driven() -> Driven {
        let unit = Unit::parse("L/h").expect("a unit");
        Driven { input: "CL".to_owned(), unit, range: None }
    }

    fn points(form: &CurveForm) -> Vec<(f64, f64)> {
        let measured = [(1.0, 3.0), (2.0, 5.0), (4.0, 4.0)];
        let drive = Drive::new(&driven(), &measured, form, &units()).expect("a curve");
        drive.curve.points
    }

    #[test]
    fn exact_steps_hold_the_value_before_or_after() {
        let form = |interpolation| CurveForm { interpolation, ..CurveForm::default() };
        assert_eq!(points(&form(Interpolation::Linear)), [(1.0, 3.0), (2.0, 5.0), (4.0, 4.0)]);
        let previous = [(1.0, 3.0), (2.0, 3.0), (2.0, 5.0), (4.0, 5.0), (4.0, 4.0)];
        assert_eq!(points(&form(Interpolation::Previous)), previous);
        let next = [(1.0, 3.0), (1.0, 5.0), (2.0, 5.0), (2.0, 4.0), (4.0, 4.0)];
        assert_eq!(points(&form(Interpolation::Next)), next);
    }

    #[test]
    fn exact_values_outside_are_jumps_at_the_ends() {
        let text = |text: &str| Some(text.to_owned());
        let form = CurveForm {
            delay: text("30 min"),
            before: text("0 L/h"),
            after: text("hold"),
            ..CurveForm::default()
        };
        // The internal unit of a flow is L/h.
        assert_eq!(points(&form), [(1.5, 0.0), (1.5, 3.0), (2.5, 5.0), (4.5, 4.0)]);
        let drive = Drive::new(&driven(), &[(1.0, 3.0), (2.0, 5.0)], &form, &units());
        let drive = drive.expect("a curve");
        assert!(drive.uncovered(0.0, f64::INFINITY, &units()).is_empty());
    }

    #[test]
    fn exact_a_run_beyond_the_curve_is_named() {
        let form = CurveForm::default();
        let drive = Drive::new(&driven(), &[(1.0, 3.0), (2.0, 5.0)], &form, &units());
        let drive = drive.expect("a curve");
        assert!(drive.uncovered(1.0, 2.0, &units()).is_empty());
        let said: Vec<String> =
            drive.uncovered(0.0, 3.0, &units()).iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "the curve of `CL` begins at 1 h, and the run begins at 0 h",
                "the curve of `CL` ends at 2 h, and the run ends at 3 h"
            ]
        );
        let endless = drive.uncovered(1.0, f64::INFINITY, &units());
        assert_eq!(
            endless[0].to_string(),
            "the curve of `CL` ends at 2 h, and the run is carried to infinity"
        );
    }
}
