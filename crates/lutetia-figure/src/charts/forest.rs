//! Estimates with intervals, one row each, and columns of text beside.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Chart, ChartError, Columns, Only, source::Source};
use crate::figure::{
    Axis, Colour, Dash, Direction, Figure, Marks, Panel, Point, Shape, TextColumn,
};
use lutetia_table::{Cell, Tables, significant};

/// A forest plot: a row of `from` for each estimate (`label`, `estimate`, `low`, `high`; where known
/// `weight`, and `group` for headings). A row without estimate is a heading. On a logarithmic axis an estimate of
/// zero is a ring at its lower end.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ForestSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of estimates.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of the axis: what the estimate is, with unit.
    pub x_label: String,
    /// Logarithmic, as fits ratios.
    #[serde(default = "yes")]
    pub log: bool,
    /// Whether the area of a square is the weight of its estimate, by `weight` or else by its interval; not where the
    /// interval is a range of assumptions.
    #[serde(default = "yes")]
    pub weighted: bool,
    /// Where nothing differs: 1 on a logarithmic axis, 0 on a linear one.
    pub null: Option<f64>,
    /// Whether the estimates are compared with that: its line is drawn, and narrow intervals have large squares.
    #[serde(default = "yes")]
    pub compared: bool,
    /// What lies below and above the null.
    pub favours: Option<[String; 2]>,
    /// Heading of the printed estimates: what the interval is.
    #[serde(default = "estimate")]
    pub estimate_label: String,
    /// Columns of the table written beside the rows.
    #[serde(default)]
    pub text: Vec<String>,
    /// Labels of the rows that summarise others; drawn as diamonds.
    #[serde(default)]
    pub summary: Vec<String>,
    /// Both ends of the axis; longer intervals end in an arrow.
    pub limits: Option<[f64; 2]>,
}

fn estimate() -> String {
    "estimate (95 % CI)".to_owned()
}

fn yes() -> bool {
    true
}

impl Chart for ForestSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let roles = ["label", "estimate", "low", "high", "weight", "group"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let (labels, groups) = (source.texts("label")?, source.optional_texts("group")?);
        let (estimates, bars) = (source.maybe("estimate")?, source.bars("low", "high")?);
        let weights = match self.weighted {
            true => weights(&source, &bars, self.log)?,
            false => vec![1.0; bars.len()],
        };
        if self.log {
            let all: Vec<f64> = estimates.iter().map(|e| e.unwrap_or(1.0)).collect();
            source.not_negative("estimate", &all)?;
            let all: Vec<f64> = bars.iter().map(|b| b.map_or(1.0, |b| b.0)).collect();
            source.not_negative("low", &all)?;
        }
        let ends = self.ends(&estimates, &bars);
        if let Some(missing) = self.summary.iter().find(|s| !labels.contains(s)) {
            return Err(ChartError::Summary { name: missing.clone() });
        }
        let rows = rows(&labels, &groups);
        let count = rows.len();
        // Categories count upwards from the axis; the first row belongs on top.
        let height = |i: usize| (count - 1 - i) as f64;

        let x = if self.log { Axis::log(&self.x_label) } else { Axis::linear(&self.x_label) };
        let x =
            Axis { limits: ends, ends: self.favours.clone().map(|[low, high]| (low, high)), ..x };
        let names = rows.iter().rev().map(|r| r.label.clone()).collect();
        let y = Axis { flush_left: true, ..Axis::categories("", names) };
        let mut panel = Panel::new("", x, y);
        let null = self.null.unwrap_or(if self.log { 1.0 } else { 0.0 });
        if self.compared {
            let text = String::new();
            let rule = Marks::Rule { axis: Direction::X, at: null, dash: Dash::Dashed, text };
            panel.layer("", Colour::Ink, rule);
        }
        let (mut single, mut summaries, mut beyond) = (Vec::new(), Vec::new(), Vec::new());
        for (i, row) in rows.iter().enumerate() {
            let Some(at) = row.at else { continue };
            let Some(estimate) = estimates[at] else { continue };
            if self.log && estimate <= 0.0 {
                // Zero is infinitely far to the left: a ring at the end of the axis, its number beside it.
                let edge = ends.map_or(estimate, |(low, _)| low);
                let bar = bars[at].filter(|(_, high)| *high > edge).map(|(_, high)| (edge, high));
                beyond.push(Point::new(edge, height(i)).lying(bar));
                continue;
            }
            let point = Point::new(estimate, height(i)).lying(bars[at]);
            if self.summary.contains(&labels[at]) {
                summaries.push(point);
            } else {
                single.push(point.sized(if self.compared { weights[at] } else { 1.0 }));
            }
        }
        let squares = Marks::Points { points: single, shape: Shape::Square };
        panel.layer("", Colour::Series(0), squares);
        if !beyond.is_empty() {
            let rings = Marks::Points { points: beyond, shape: Shape::Ring };
            panel.layer("", Colour::Series(0), rings);
        }
        if !summaries.is_empty() {
            let diamonds = Marks::Points { points: summaries, shape: Shape::Diamond };
            panel.layer("", Colour::Series(1), diamonds);
        }
        let cells = |of: &dyn Fn(usize) -> String| {
            rows.iter().rev().map(|r| r.at.map(of).unwrap_or_default()).collect()
        };
        let table = source.table();
        for name in &self.text {
            let at = table.index(name)?;
            let cell = |i: usize| match &table.rows[i].get(at) {
                Some(Cell::Missing) | None => String::new(),
                Some(Cell::Number(x)) => significant(*x, 3).replace('-', "−"),
                Some(cell) => cell.pretty(),
            };
            let unit = &table.columns[at].unit;
            let unit = if unit.is_empty() { String::new() } else { format!(" ({unit})") };
            let heading = format!("{}{unit}", super::readable(name));
            panel.beside.push(TextColumn { heading, cells: cells(&cell) });
        }
        let printed = |i: usize| match (estimates[i], bars[i]) {
            (Some(e), Some((low, high))) => {
                let write = |x| by_width(x, high - low, self.log);
                // A dash between two minus signs is not read.
                let to = if low < 0.0 { " to " } else { "–" };
                format!("{} ({}{to}{})", write(e), write(low), write(high))
            }
            (Some(e), None) => alone(e),
            (None, _) => String::new(),
        };
        panel
            .beside
            .push(TextColumn { heading: self.estimate_label.clone(), cells: cells(&printed) });
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

impl ForestSpec {
    /// Both ends of the axis: those that are given; on a logarithmic axis with a zero, from well below to well
    /// above all other numbers, so that the end is known at which zero is drawn.
    fn ends(&self, estimates: &[Option<f64>], bars: &[Option<(f64, f64)>]) -> Option<(f64, f64)> {
        let given = self.limits.map(|[low, high]| (low, high));
        let numbers = || {
            let bars = bars.iter().flatten().flat_map(|(low, high)| [*low, *high]);
            estimates.iter().flatten().copied().chain(bars)
        };
        if given.is_some() || !self.log || numbers().all(|x| x > 0.0) {
            return given;
        }
        let null = self.null.unwrap_or(1.0);
        let positive = || numbers().filter(|x| *x > 0.0 && x.is_finite());
        let (low, high) = positive().fold((null, null), |(low, high), x| (low.min(x), high.max(x)));
        Some((low / 1.5, high * 1.25))
    }
}

/// A line of the plot: an estimate, or a heading.
struct Line {
    label: String,
    at: Option<usize>,
}

/// The rows in order, each group under its heading.
fn rows(labels: &[String], groups: &[String]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut group = "";
    for (i, label) in labels.iter().enumerate() {
        if groups[i] != group {
            group = &groups[i];
            if !group.is_empty() {
                lines.push(Line { label: group.to_owned(), at: None });
            }
        }
        let indent = if group.is_empty() { "" } else { "\u{a0}\u{a0}\u{a0}" };
        lines.push(Line { label: format!("{indent}{label}"), at: Some(i) });
    }
    lines
}

/// Areas of the squares, the largest being 4 times an ordinary point: `weight` where given, else the
/// inverse variance that the interval implies.
fn weights(
    source: &Source<'_>,
    bars: &[Option<(f64, f64)>],
    log: bool,
) -> Result<Vec<f64>, ChartError> {
    let given = source.optional("weight")?;
    let implied = |bar: &Option<(f64, f64)>| {
        let (low, high) = (*bar)?;
        let width = if log { (high / low).ln() } else { high - low };
        (width > 0.0 && width.is_finite()).then(|| 1.0 / (width * width))
    };
    let raw: Vec<Option<f64>> =
        given.iter().zip(bars).map(|(w, bar)| w.or_else(|| implied(bar))).collect();
    if let Some(i) = given.iter().position(|w| w.is_some_and(|w| w < 0.0)) {
        let found = significant(given[i].unwrap_or(0.0), 6);
        return Err(source.fault(i, "weight", &found, "a weight that is not negative"));
    }
    let largest = raw.iter().flatten().fold(0.0, |a: f64, w| if *w > a { *w } else { a });
    let scaled = |w: &Option<f64>| match w {
        Some(w) if largest > 0.0 => (4.0 * w / largest).clamp(0.4, 4.0),
        _ => 1.0,
    };
    Ok(raw.iter().map(scaled).collect())
}

/// Decimals beyond which a number is written in powers of ten.
const MOST_DECIMALS: i32 = 6;

/// A number beside an interval of some width: two decimals where the width is from 0.1 to 10, more where it is less and
/// fewer where it is more, so that the width has at least two digits. On a logarithmic axis each number has two digits
/// of its own, as its distance from the others is a ratio.
fn by_width(value: f64, width: f64, log: bool) -> String {
    if !(width > 0.0 && width.is_finite()) || value.abs() < f64::MIN_POSITIVE {
        return alone(value);
    }
    let of_width = match decade(width) {
        less @ ..=-1 => 1 - less,
        more => (2 - more).max(0),
    };
    let own = if log { 1 - decade(value) } else { 0 };
    let decimals = of_width.max(own);
    let Some(places) = usize::try_from(decimals).ok().filter(|_| decimals <= MOST_DECIMALS) else {
        // As many digits as there are from the first one to the last decimal.
        let digits = usize::try_from(decade(value) + decimals + 1).unwrap_or(1).clamp(1, 15);
        return minus(&significant(value, digits));
    };
    minus(&format!("{value:.places$}"))
}

/// The exponent of the first digit of a number that is not zero.
fn decade(value: f64) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "from -308 to 308")]
    let exponent = value.abs().log10().floor() as i32;
    exponent
}

/// A number without an interval: two decimals, or three digits where that would be few or many.
fn alone(value: f64) -> String {
    match value.abs() {
        0.1..1000.0 => minus(&format!("{value:.2}")),
        _ => minus(&significant(value, 3)),
    }
}

/// With a true minus sign, and none before what is written as zero.
fn minus(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().any(|c| ('1'..='9').contains(&c)) => {
            format!("−{rest}").replace('-', "−")
        }
        Some(rest) => rest.to_owned(),
        None => text.replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(e: f64, low: f64, high: f64, log: bool) -> String {
        [e, low, high].map(|x| by_width(x, high - low, log)).join(" ")
    }

    #[test]
    fn exact_digits_follow_the_width_of_the_interval() {
        // As hazard ratios are published: two decimals.
        assert_eq!(written(0.62, 0.4, 0.74, true), "0.62 0.40 0.74");
        assert_eq!(written(1.25, 0.7, 2.23, true), "1.25 0.70 2.23");
        // Two digits of the width, however narrow it is.
        assert_eq!(written(0.0123, 0.0119, 0.0127, true), "0.01230 0.01190 0.01270");
        assert_eq!(written(0.0123, 0.0119, 0.0127, false), "0.01230 0.01190 0.01270");
        assert_eq!(written(-0.031, -0.052, -0.012, false), "−0.031 −0.052 −0.012");
        // No more than its width says.
        assert_eq!(written(27.34, 20.12, 33.81, false), "27.3 20.1 33.8");
        assert_eq!(written(5120.4, 4012.0, 6100.0, false), "5120 4012 6100");
        // A ratio is told by its own digits, a difference is not.
        assert_eq!(written(0.5, 0.0021, 12.3, true), "0.50 0.0021 12.3");
        assert_eq!(written(0.0021, -4.0, 12.3, false), "0.0 −4.0 12.3");
        assert_eq!(written(-0.0021, -4.0, 12.3, false), "0.0 −4.0 12.3");
        // Beyond that, powers of ten.
        assert_eq!(written(2.34e-9, 1.2e-9, 5.6e-9, true), "2.3e−9 1.2e−9 5.6e−9");
    }

    #[test]
    fn exact_numbers_without_a_width() {
        assert_eq!([0.0, 0.031_4, 0.5, 12_345.0].map(alone), ["0", "0.0314", "0.50", "12300"]);
        assert_eq!(by_width(0.5, 0.0, true), "0.50");
        assert_eq!(by_width(0.0, 0.6, true), "0");
    }

    /// The numbers that are read beside an interval give its width back to 5 %.
    #[test]
    fn prop_the_width_is_read_with_two_digits() {
        for k in 0..400 {
            let width = 10_f64.powf(-5.0 + 0.02 * f64::from(k));
            for low in [0.0, 0.3 * width, 7.7 * width] {
                for log in [false, true] {
                    let read = |x| {
                        let text = by_width(x, width, log).replace('−', "-");
                        text.parse::<f64>().expect("a number")
                    };
                    let found = read(low + width) - read(low);
                    // Each end is rounded by at most half of a unit of the second digit.
                    assert!((found / width - 1.0).abs() < 0.101, "{low} {width} {log}: {found}");
                }
            }
        }
    }
}
