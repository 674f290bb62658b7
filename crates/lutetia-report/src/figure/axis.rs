//! Ranges and ticks.

use super::{Axis, Layer, Marks, Panel};

/// The range and the labelled ticks of an axis. For a logarithmic axis all values are log10.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
    pub(super) log: bool,
    /// Categories instead of numbers.
    pub(super) categories: bool,
}

impl Scale {
    /// A scale that shows all `values` (non-finite and, on a log axis, non-positive ones apart).
    pub(super) fn new(axis: &Axis, values: impl Iterator<Item = f64>, wanted: usize) -> Self {
        if !axis.categories.is_empty() {
            let n = axis.categories.len();
            return Self {
                low: -0.5,
                high: n as f64 - 0.5,
                ticks: axis
                    .categories
                    .iter()
                    .enumerate()
                    .map(|(i, c)| (i as f64, c.clone()))
                    .collect(),
                log: false,
                categories: true,
            };
        }
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for v in values {
            let v = if axis.log { v.log10() } else { v };
            if v.is_finite() {
                low = if v < low { v } else { low };
                high = if v > high { v } else { high };
            }
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < 1e-12 * (1.0 + high.abs()) {
            let pad = if axis.log { 0.3 } else { 0.5 * high.abs().clamp(1e-6, 1e300) };
            (low, high) = (low - pad, high + pad);
        }
        let span = high - low;
        if axis.log {
            (low, high) = (low - 0.05 * span, high + 0.08 * span);
            let ticks = log_ticks(low, high);
            return Self { low, high, ticks, log: true, categories: false };
        }
        // A linear axis of non-negative numbers starts at zero where zero is near.
        if low >= 0.0 && low < 0.3 * high {
            low = 0.0;
        } else {
            low -= 0.05 * span;
        }
        high += 0.05 * span;
        Self { low, high, ticks: linear_ticks(low, high, wanted), log: false, categories: false }
    }

    /// The position of `value` on the axis, clamped to the range; `None` where it has none.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let v = if self.log { value.log10() } else { value };
        if v.is_nan() || (self.log && value <= 0.0 && value.is_finite() && value < 0.0) {
            return None;
        }
        Some(v.clamp(self.low, self.high))
    }
}

/// All numbers a panel shows, horizontally and vertically.
pub(super) fn values(panel: &Panel) -> (Vec<f64>, Vec<f64>) {
    let (mut xs, mut ys) = (Vec::new(), Vec::new());
    for Layer { marks, .. } in &panel.layers {
        match marks {
            Marks::Line { points, .. } => {
                xs.extend(points.iter().map(|p| p.0));
                ys.extend(points.iter().map(|p| p.1));
            }
            Marks::Band { points } => {
                xs.extend(points.iter().map(|p| p.0));
                ys.extend(points.iter().flat_map(|p| [p.1, p.2]));
            }
            Marks::Points { points, .. } => {
                xs.extend(points.iter().map(|p| p.0));
                ys.extend(points.iter().map(|p| p.1));
                let bars = points.iter().filter_map(|p| p.2).flat_map(|b| [b.0, b.1]);
                // Beside categories on the vertical axis the bars lie.
                if panel.y.categories.is_empty() { ys.extend(bars) } else { xs.extend(bars) }
            }
        }
    }
    if panel.y.log {
        // A band or curve that falls by many decades must not squeeze the data: three decades below
        // the largest value are shown at most, and never less than the lowest point.
        let top = ys
            .iter()
            .copied()
            .filter(|y| y.is_finite())
            .fold(0.0, |a: f64, y| if y > a { y } else { a });
        let lowest_point = panel
            .layers
            .iter()
            .filter_map(|l| match &l.marks {
                Marks::Points { points, .. } => Some(points.iter().map(|p| p.1)),
                _ => None,
            })
            .flatten()
            .filter(|y| *y > 0.0)
            .fold(f64::INFINITY, |a, y| if y < a { y } else { a });
        let floor = (top * 1e-3).min_by_value(lowest_point * 0.5);
        ys.retain(|y| *y >= floor);
    }
    (xs, ys)
}

/// `f64::min` swallows NaN; here both are numbers, and the name says so.
trait MinByValue {
    fn min_by_value(self, other: Self) -> Self;
}

impl MinByValue for f64 {
    fn min_by_value(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
}

fn linear_ticks(low: f64, high: f64, wanted: usize) -> Vec<(f64, String)> {
    let rough = (high - low) / wanted.max(2) as f64;
    let decade = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .map(|m| m * decade)
        .find(|s| *s >= rough)
        .unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last.min(first + 50)).map(|i| i as f64 * step).map(|v| (v, label(v))).collect()
}

fn log_ticks(low: f64, high: f64) -> Vec<(f64, String)> {
    let multiples: &[f64] = match high - low {
        span if span < 1.2 => &[1.0, 2.0, 3.0, 5.0, 7.0],
        span if span < 2.5 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    let stride = if high - low > 9.0 { 3 } else { 1 };
    let mut ticks = Vec::new();
    for decade in (low.floor() as i32)..=(high.ceil() as i32) {
        if decade.rem_euclid(stride) != 0 {
            continue;
        }
        for m in multiples {
            let value = m * 10f64.powi(decade);
            let at = value.log10();
            if at >= low && at <= high {
                ticks.push((at, label(value)));
            }
        }
    }
    ticks
}

fn label(value: f64) -> String {
    crate::table::significant(if value.abs() < 1e-12 { 0.0 } else { value }, 6).replace('-', "−")
}
