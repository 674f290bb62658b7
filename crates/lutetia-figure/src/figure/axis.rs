//! Axes, their ranges and ticks.

use super::{Direction, Layer, Marks, Panel};

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Quantity and unit, such as `time (h)`.
    pub label: String,
    /// Linear or logarithmic.
    pub log: bool,
    /// Categories at 0, 1, 2, … instead of numbers.
    pub categories: Vec<String>,
    /// Both ends, where they are not those of the data.
    pub limits: Option<(f64, f64)>,
    /// Where the ticks are; at round numbers if empty.
    pub ticks: Vec<f64>,
    /// What lies towards the lower and the upper end, written beside the label.
    pub ends: Option<(String, String)>,
    /// Categories begin at the left instead of ending at the axis.
    pub flush_left: bool,
}

impl Axis {
    /// A linear axis.
    #[must_use]
    pub fn linear(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            log: false,
            categories: Vec::new(),
            limits: None,
            ticks: Vec::new(),
            ends: None,
            flush_left: false,
        }
    }

    /// A logarithmic axis.
    #[must_use]
    pub fn log(label: impl Into<String>) -> Self {
        Self { log: true, ..Self::linear(label) }
    }

    /// An axis of categories.
    #[must_use]
    pub fn categories(label: impl Into<String>, categories: Vec<String>) -> Self {
        Self { categories, ..Self::linear(label) }
    }

    /// With these ends.
    #[must_use]
    pub fn within(self, low: f64, high: f64) -> Self {
        Self { limits: Some((low, high)), ..self }
    }

    /// The unit: what the last bracket of the label holds.
    #[must_use]
    pub fn unit(&self) -> &str {
        let label = self.label.trim_end();
        let Some(inner) = label.strip_suffix(')') else { return "" };
        // Units have brackets of their own: `Gy(RBE)`.
        let mut depth = 1;
        for (at, c) in inner.char_indices().rev() {
            match c {
                ')' => depth += 1,
                '(' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return &inner[at + 1..];
            }
        }
        ""
    }
}

/// A round step that divides `span` into about `wanted` parts: 1, 2, 2.5 or 5 times a power of ten.
#[must_use]
pub fn nice_step(span: f64, wanted: usize) -> f64 {
    let rough = span / wanted.max(2) as f64;
    let decade = 10f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 2.5, 5.0, 10.0];
    steps.into_iter().map(|m| m * decade).find(|s| *s >= rough).unwrap_or(rough)
}

/// The range and the labelled ticks of an axis. For a logarithmic axis all values are log10.
#[derive(Debug, Clone)]
pub(super) struct Scale {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) ticks: Vec<(f64, String)>,
    pub(super) log: bool,
}

impl Scale {
    /// A scale that shows all `values` (non-finite and, on a log axis, non-positive ones apart).
    pub(super) fn new(axis: &Axis, values: impl Iterator<Item = f64>, wanted: usize) -> Self {
        if !axis.categories.is_empty() {
            let n = axis.categories.len();
            let ticks = axis.categories.iter().enumerate().map(|(i, c)| (i as f64, c.clone()));
            let (low, high) = (-0.5, n as f64 - 0.5);
            return Self { low, high, ticks: ticks.collect(), log: false };
        }
        let limits =
            axis.limits.map(|(a, b)| if axis.log { (a.log10(), b.log10()) } else { (a, b) });
        let (low, high) = limits
            .filter(|(a, b)| a.is_finite() && b.is_finite() && a < b)
            .unwrap_or_else(|| Self::range(axis.log, values));
        let ticks = if !axis.ticks.is_empty() {
            let placed = axis.ticks.iter().map(|t| (if axis.log { t.log10() } else { *t }, *t));
            placed.filter(|(v, _)| *v >= low && *v <= high).map(|(v, t)| (v, label(t))).collect()
        } else if axis.log {
            log_ticks(low, high)
        } else {
            linear_ticks(low, high, wanted)
        };
        Self { low, high, ticks, log: axis.log }
    }

    /// Relative differences below this are rounding of the solver (the tolerance of a table's numbers);
    /// an axis that shows nothing else would make a pattern of them.
    const NOISE: f64 = lutetia_table::Table::TOLERANCE;

    /// Ends with some air around all values.
    fn range(log: bool, values: impl Iterator<Item = f64>) -> (f64, f64) {
        let mut low = f64::INFINITY;
        let mut high = f64::NEG_INFINITY;
        for v in values {
            let v = if log { v.log10() } else { v };
            if v.is_finite() {
                low = if v < low { v } else { low };
                high = if v > high { v } else { high };
            }
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        let largest = if high.abs() > low.abs() { high.abs() } else { low.abs() };
        if log && high - low < 2.0 * Self::NOISE {
            (low, high) = (low - 0.3, high + 0.3);
        } else if high - low <= Self::NOISE * largest {
            let pad = if largest > 0.0 { 0.5 * largest } else { 0.5 };
            (low, high) = (low - pad, high + pad);
        }
        let span = high - low;
        if log {
            return (low - 0.05 * span, high + 0.08 * span);
        }
        // A linear axis of non-negative numbers starts at zero where zero is near.
        let low = if low >= 0.0 && low < 0.3 * high { 0.0 } else { low - 0.05 * span };
        (low, high + 0.05 * span)
    }

    /// Where `value` lies, as a share of the axis from 0 to 1, or beyond; `None` where it has no
    /// place. Zero on a logarithmic axis lies far below its lower end.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        if value.is_nan() || (self.log && value < 0.0) {
            return None;
        }
        let v = if self.log { value.log10() } else { value };
        Some(((v - self.low) / (self.high - self.low)).clamp(-1e3, 1e3))
    }

    /// The share of a tick or of another value already on the scale.
    pub(super) fn placed(&self, v: f64) -> f64 {
        (v - self.low) / (self.high - self.low)
    }
}

/// All numbers a panel shows, horizontally and vertically.
pub(super) fn values(panel: &Panel) -> (Vec<f64>, Vec<f64>) {
    let (mut xs, mut ys) = (Vec::new(), Vec::new());
    let ends = |bar: &Option<(f64, f64)>| bar.iter().flat_map(|b| [b.0, b.1]).collect::<Vec<_>>();
    for Layer { marks, .. } in &panel.layers {
        match marks {
            Marks::Line { points, .. } => {
                xs.extend(points.iter().map(|p| p.0));
                ys.extend(points.iter().map(|p| p.1));
            }
            Marks::Band { points, .. } => {
                xs.extend(points.iter().map(|p| p.0));
                ys.extend(points.iter().flat_map(|p| [p.1, p.2]));
            }
            Marks::Points { points, .. } => {
                for p in points {
                    xs.extend(ends(&p.x_bar).into_iter().chain([p.x]));
                    ys.extend(ends(&p.y_bar).into_iter().chain([p.y]));
                }
            }
            Marks::Bars { bars, along } => {
                for b in bars {
                    let sides = [b.at - b.thickness / 2.0, b.at + b.thickness / 2.0];
                    let (on, reach) = match along {
                        Direction::X => (&mut ys, &mut xs),
                        Direction::Y => (&mut xs, &mut ys),
                    };
                    on.extend(sides);
                    reach.extend([b.from, b.to]);
                }
            }
            Marks::Rule { axis: Direction::X, at, .. } => xs.push(*at),
            Marks::Rule { axis: Direction::Y, at, .. } => ys.push(*at),
            Marks::Words { words, .. } => {
                xs.extend(words.iter().map(|w| w.0));
                ys.extend(words.iter().map(|w| w.1));
            }
            // A zone lies behind what there is, and cells need categories.
            Marks::Zone { .. } | Marks::Cells { .. } => {}
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
                Marks::Points { points, .. } => Some(points.iter().map(|p| p.y)),
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
    let step = nice_step(high - low, wanted);
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

/// A number as it stands at a tick.
pub(super) fn label(value: f64) -> String {
    lutetia_table::significant(if value.abs() < 1e-12 { 0.0 } else { value }, 6).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_an_axis_does_not_show_rounding() {
        let scale = |axis: Axis, values: &[f64]| Scale::new(&axis, values.iter().copied(), 5);
        // Equal but for the eighth digit: drawn as the one number they are.
        let s = scale(Axis::linear(""), &[1.396_940_1, 1.396_940_3]);
        assert!(s.low < 0.7 && s.high > 2.0, "{s:?}");
        let s = scale(Axis::log(""), &[1.396_940_1, 1.396_940_3]);
        assert!(s.high - s.low > 0.5, "{s:?}");
        // One in a thousand is a difference.
        let s = scale(Axis::linear(""), &[1.000, 1.001]);
        assert!(s.low > 0.99 && s.high < 1.01, "{s:?}");
        // Nothing at all, one number, zero, and the largest there are.
        for values in [&[][..], &[3.0], &[0.0, 0.0], &[f64::NAN], &[-1e300, 1e300]] {
            let s = scale(Axis::linear(""), values);
            assert!(s.low < s.high && (s.high - s.low).is_finite(), "{s:?}");
        }
    }

    #[test]
    fn exact_the_unit_is_what_the_last_bracket_holds() {
        assert_eq!(Axis::linear("activity (MBq)").unit(), "MBq");
        assert_eq!(Axis::linear("dose (Gy(RBE)/MBq)").unit(), "Gy(RBE)/MBq");
        assert_eq!(Axis::linear("dose)").unit(), "");
        assert_eq!(Axis::linear("tumour (left) over kidney").unit(), "");
        assert_eq!(Axis::linear("survival").unit(), "");
    }
}
