//! A line through the end of a plot, and where that end begins.

use std::fmt;

use nalgebra::{DMatrix, DVector};
use statrs::distribution::{ContinuousCDF, StudentsT};

use lutetia_units::significant;

use crate::{error::PetError, frames::Frames};

/// Fewest points of a line whose error is to be believed.
const FEWEST: usize = 5;

/// A relative standard error above this leaves a quantity not determined, as in fits.
const GATE: f64 = 0.5;

/// Where the linear part begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Start {
    /// Frames that start at this time or later, min.
    Time(f64),
    /// The rule: the earliest frame from which every point lies within this part of the line fitted to all of them
    /// (|measured − line| ≤ part · |line|), looked for from the end of the scan backwards, with at least five points.
    Within(f64),
}

impl Default for Start {
    /// Within 10 %, as is usual.
    fn default() -> Self {
        Self::Within(0.1)
    }
}

/// Points of a plot: `y = Σ_j β_j x_j`, with the weight of each.
pub(super) struct Points {
    /// Regressors of each point, one for each coefficient.
    pub(super) x: Vec<Vec<f64>>,
    pub(super) y: Vec<f64>,
    pub(super) weights: Vec<f64>,
}

/// The end of a plot as it was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Start of the first frame used, min.
    pub t_star: f64,
    /// Index of the first frame used.
    pub first: usize,
    /// Points used.
    pub points: usize,
    /// Largest |measured − line| over |line|, 1 = 100 %.
    pub deviation: f64,
    /// Coefficients, in the order of the method.
    pub coefficients: Vec<f64>,
    /// Their covariance.
    pub(super) covariance: DMatrix<f64>,
}

impl Line {
    /// Standard error of a coefficient.
    pub fn standard_error(&self, k: usize) -> Option<f64> {
        (k < self.coefficients.len()).then(|| self.covariance[(k, k)].max(0.0).sqrt())
    }
}

/// Why a graphical method gives no number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NotDetermined {
    /// Standard error above half of the value.
    LargeUncertainty {
        /// Relative standard error, 1 = 100 %.
        rse: f64,
    },
    /// The line has the wrong sign: what the method assumes does not hold.
    Sign {
        /// The value found.
        value: f64,
    },
}

impl fmt::Display for NotDetermined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LargeUncertainty { rse } => write!(
                f,
                "relative standard error {} % is above {} %",
                significant(100.0 * rse, 3),
                significant(100.0 * GATE, 3)
            ),
            Self::Sign { value } => {
                write!(f, "the line gives {}, which is not positive", significant(*value, 3))
            }
        }
    }
}

/// A quantity read from a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantity {
    /// Value.
    pub value: f64,
    /// Standard error of the regression.
    pub se: f64,
    /// 95 % interval of Student's t.
    pub ci95: (f64, f64),
    /// Why the value is not to be used.
    pub refused: Option<NotDetermined>,
}

impl Quantity {
    /// A quantity with its gradient by the coefficients of the line; `least` is what it must exceed.
    pub(super) fn of(line: &Line, value: f64, gradient: &[f64], least: f64) -> Self {
        let g = DVector::from_row_slice(gradient);
        let se = (g.transpose() * &line.covariance * &g)[(0, 0)].max(0.0).sqrt();
        let freedom = line.points.saturating_sub(line.coefficients.len()).max(1);
        // Student's t exists for every positive number of degrees of freedom.
        let quantile =
            StudentsT::new(0.0, 1.0, freedom as f64).map_or(f64::NAN, |t| t.inverse_cdf(0.975));
        let half = quantile * se;
        let refused = if !value.is_finite() || value <= least {
            Some(NotDetermined::Sign { value })
        } else if se > GATE * value.abs() {
            Some(NotDetermined::LargeUncertainty { rse: se / value.abs() })
        } else {
            None
        };
        Self { value, se, ci95: (value - half, value + half), refused }
    }
}

/// Fits the end of a plot.
pub(super) fn fit(points: &Points, frames: &Frames, start: Start) -> Result<Line, PetError> {
    let n = frames.len();
    let starts = frames.list();
    match start {
        Start::Time(t_star_min) => {
            // Frames are given in minutes that were perhaps seconds: a rounding is not a frame more or less.
            let first = starts.partition_point(|f| f.start < t_star_min - 1e-6);
            if n - first < FEWEST {
                return Err(PetError::FewPoints { found: n - first, needed: FEWEST, t_star_min });
            }
            regress(points, first, starts[first].start)
        }
        Start::Within(deviation) => {
            let last_possible = n.checked_sub(FEWEST).ok_or(PetError::FewPoints {
                found: n,
                needed: FEWEST,
                t_star_min: 0.0,
            })?;
            let mut found = None;
            for first in (0..=last_possible).rev() {
                // Before the tracer arrives there is no line either.
                match regress(points, first, starts[first].start) {
                    Ok(line) if line.deviation <= deviation => found = Some(line),
                    _ => break,
                }
            }
            found.ok_or(PetError::NotLinear { needed: FEWEST, deviation })
        }
    }
}

/// Weighted least squares over the points from `first` on, by the singular values of columns scaled to 1.
fn regress(points: &Points, first: usize, t_star: f64) -> Result<Line, PetError> {
    let n = points.y.len() - first;
    let m = points.x[0].len();
    let weight = |i: usize| points.weights[first + i].sqrt();
    let mut x = DMatrix::from_fn(n, m, |i, j| weight(i) * points.x[first + i][j]);
    let y = DVector::from_fn(n, |i, _| weight(i) * points.y[first + i]);
    let scale: Vec<f64> = (0..m).map(|j| x.column(j).norm().max(f64::MIN_POSITIVE)).collect();
    for (j, s) in scale.iter().enumerate() {
        x.column_mut(j).unscale_mut(*s);
    }
    let normal = x.transpose() * &x;
    let inverse = normal
        .try_inverse()
        .filter(|inverse| inverse.iter().all(|v| v.is_finite()))
        .ok_or(PetError::NotLinear { needed: FEWEST, deviation: 0.0 })?;
    let scaled = &inverse * x.transpose() * &y;
    let residuals = &y - &x * &scaled;
    // Points without weight count for nothing, neither here nor in the sum of squares.
    let counted = (0..n).filter(|&i| weight(i) > 0.0).count();
    let variance = residuals.norm_squared() / counted.saturating_sub(m).max(1) as f64;
    let coefficients: Vec<f64> = (0..m).map(|j| scaled[j] / scale[j]).collect();
    let covariance =
        DMatrix::from_fn(m, m, |i, j| variance * inverse[(i, j)] / (scale[i] * scale[j]));
    let deviation = (first..points.y.len())
        .filter(|&i| points.weights[i] > 0.0)
        .map(|i| {
            let line: f64 = points.x[i].iter().zip(&coefficients).map(|(x, c)| x * c).sum();
            (points.y[i] - line).abs() / line.abs()
        })
        .fold(0.0, f64::max);
    Ok(Line { t_star, first, points: counted, deviation, coefficients, covariance })
}
