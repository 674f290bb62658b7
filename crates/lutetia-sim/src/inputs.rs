//! What do the model's inputs do over time?

use lutetia_model::system::System;

use crate::error::{CurveFault, SimError};
use crate::text::{closest, number};

/// A measured curve: linear between its points, constant before the first and after the last.
///
/// Two points at one time make a jump: the first holds until then, the second from then on.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// Name of the input.
    pub input: String,
    /// (time, value) in internal units, times not descending.
    pub points: Vec<(f64, f64)>,
}

/// Curves for the inputs of a model; inputs without a curve take their declared default.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Inputs {
    /// At most one curve per input.
    pub curves: Vec<Curve>,
}

/// An input that is linear in time during a segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) time: f64,
    pub(crate) value: f64,
    pub(crate) slope: f64,
}

impl Line {
    /// Its value at a time.
    pub(crate) fn at(&self, time: f64) -> f64 {
        self.value + self.slope * (time - self.time)
    }
}

/// Inputs resolved against a system: one piecewise linear function each.
#[derive(Debug, Clone, Default)]
pub(crate) struct Feeds {
    points: Vec<Vec<(f64, f64)>>,
}

impl Feeds {
    pub(crate) fn new(system: &System, inputs: &Inputs) -> Result<Self, SimError> {
        let names: Vec<&str> = system.inputs().iter().map(|i| i.name.as_str()).collect();
        let mut points: Vec<Option<Vec<(f64, f64)>>> = vec![None; names.len()];
        for curve in &inputs.curves {
            let Some(index) = system.input_index(&curve.input) else {
                return Err(SimError::UnknownName {
                    what: "input",
                    name: curve.input.clone(),
                    hint: closest(&curve.input, &names),
                    known: known(&names),
                });
            };
            let bad = |fault| SimError::BadCurve { input: curve.input.clone(), fault };
            if points[index].is_some() {
                return Err(bad(CurveFault::Twice));
            }
            if curve.points.is_empty() {
                return Err(bad(CurveFault::Empty));
            }
            for (k, point) in curve.points.iter().enumerate() {
                if !point.0.is_finite() || !point.1.is_finite() {
                    return Err(bad(CurveFault::NotFinite {
                        point: k + 1,
                        time: number(point.0),
                        value: number(point.1),
                    }));
                }
                if k > 0 && point.0 < curve.points[k - 1].0 {
                    return Err(bad(CurveFault::OutOfOrder {
                        point: k + 1,
                        time: number(point.0),
                        before: number(curve.points[k - 1].0),
                    }));
                }
            }
            points[index] = Some(curve.points.clone());
        }
        let points = points
            .into_iter()
            .zip(system.inputs())
            .map(|(points, info)| {
                points.or_else(|| info.default.map(|value| vec![(0.0, value)])).ok_or_else(|| {
                    SimError::MissingInput {
                        input: info.name.clone(),
                        unit: info.unit.symbol().to_owned(),
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { points })
    }

    /// Every time at which an input bends or jumps.
    pub(crate) fn edges(&self) -> impl Iterator<Item = f64> + '_ {
        self.points.iter().filter(|points| points.len() > 1).flatten().map(|point| point.0)
    }

    /// The straight line each input follows around `time`, which is not itself an edge.
    pub(crate) fn lines(&self, time: f64) -> Vec<Line> {
        self.points
            .iter()
            .map(|points| {
                let after = points.partition_point(|point| point.0 <= time);
                let flat = |point: (f64, f64)| Line { time: point.0, value: point.1, slope: 0.0 };
                if after == 0 {
                    flat(points[0])
                } else if after == points.len() {
                    flat(points[after - 1])
                } else {
                    let (left, right) = (points[after - 1], points[after]);
                    Line {
                        time: left.0,
                        value: left.1,
                        slope: (right.1 - left.1) / (right.0 - left.0),
                    }
                }
            })
            .collect()
    }
}

/// `a, b, c`, or `none`.
pub(crate) fn known(names: &[&str]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
