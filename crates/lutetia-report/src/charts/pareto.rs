//! Regimens between benefit and harm: the front, what it dominates, and lines of equal utility.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Chart, Columns, Only,
    source::{Source, groups},
};
use crate::{
    figure::{Axis, Colour, Dash, Figure, Join, Marks, Panel, Point, Shape},
    page::Tables,
    table::significant,
};

/// A Pareto front: rows of `from` are regimens (`x`, `y`; where known `x_low`, `x_high`, `y_low`,
/// `y_high`, `label`, and `series`, which gives colour and mark). A regimen is dominated where another one
/// is not worse on either axis and better on one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParetoSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of regimens.
    pub from: String,
    /// Columns that are not called like their role.
    #[serde(default)]
    pub columns: Columns,
    /// Rows that are drawn, where not all are.
    #[serde(default)]
    pub only: Only,
    /// Label of x with unit.
    pub x_label: String,
    /// Label of y with unit.
    pub y_label: String,
    /// Which x is better.
    #[serde(default = "less")]
    pub x_better: Better,
    /// Which y is better.
    #[serde(default = "more")]
    pub y_better: Better,
    /// Weights of `x` and `y`, which add to 1, in the units of the axes; draws lines of equal utility
    /// and marks the regimen of highest utility.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
}

/// Which direction of an axis is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// Small values.
    Less,
    /// Large values.
    More,
}

impl Better {
    /// The value turned so that more is better.
    fn turned(self, value: f64) -> f64 {
        if self == Self::More { value } else { -value }
    }
}

fn less() -> Better {
    Better::Less
}

fn more() -> Better {
    Better::More
}

const SHAPES: [Shape; 4] = [Shape::Disc, Shape::Square, Shape::Triangle, Shape::Ring];

impl Chart for ParetoSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, String> {
        let roles = ["x", "y", "x_low", "x_high", "y_low", "y_high", "label", "series"];
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &roles)?;
        let (x, y) = (source.numbers("x")?, source.numbers("y")?);
        let (x_bars, y_bars) = (source.bars("x_low", "x_high")?, source.bars("y_low", "y_high")?);
        let (labels, series) = (source.optional_texts("label")?, source.optional_texts("series")?);
        let weights = self.weights()?;
        let turned: Vec<(f64, f64)> = x
            .iter()
            .zip(&y)
            .map(|(x, y)| (self.x_better.turned(*x), self.y_better.turned(*y)))
            .collect();
        let on_front: Vec<bool> =
            turned.iter().map(|p| !turned.iter().any(|q| beats(q, p))).collect();
        let (front, behind): (Vec<usize>, Vec<usize>) = (0..x.len()).partition(|i| on_front[*i]);
        let mut panel = Panel::new("", Axis::linear(&self.x_label), Axis::linear(&self.y_label));
        let place = |i: &usize| Point::new(x[*i], y[*i]);

        let dominated = Marks::Points {
            points: behind.iter().map(|i| place(i).sized(0.6)).collect(),
            shape: Shape::Disc,
        };
        if !behind.is_empty() {
            panel.layer("dominated", Colour::Grey, dominated);
        }
        let mut along = front.clone();
        along.sort_by(|a, b| x[*a].total_cmp(&x[*b]).then(y[*a].total_cmp(&y[*b])));
        if along.len() > 1 {
            let points = along.iter().map(|i| (x[*i], y[*i])).collect();
            let line = Marks::Line { points, dash: Dash::Solid, join: Join::Straight };
            panel.layer("front", Colour::Ink, line);
        }
        if let Some((wx, wy)) = weights {
            let utility = |i: &usize| wx * turned[*i].0 + wy * turned[*i].1;
            self.iso_lines(&mut panel, (wx, wy), &x, &y, &along, &utility, &labels);
        }
        for (number, (name, rows)) in groups(&series).into_iter().enumerate() {
            let of = rows.iter().filter(|i| on_front[**i]);
            let point = |i: &usize| place(i).lying(x_bars[*i]).upright(y_bars[*i]);
            let points: Vec<Point> = of.map(point).collect();
            if !points.is_empty() {
                let label = if name.is_empty() { "on the front" } else { name.as_str() };
                let marks = Marks::Points { points, shape: SHAPES[number % SHAPES.len()] };
                panel.layer(super::readable(label), Colour::Series(number), marks);
            }
        }
        let words = front.iter().filter(|i| !labels[**i].is_empty());
        let words: Vec<_> = words.map(|i| (x[*i], y[*i], labels[*i].clone())).collect();
        if !words.is_empty() {
            panel.layer(
                "",
                Colour::Ink,
                Marks::Words { words, left: self.x_better == Better::Less },
            );
        }
        Ok(Figure {
            name: self.name.clone(),
            caption: self.caption.clone(),
            panels: vec![panel],
            columns: 1,
        })
    }
}

/// Whether `a` is not worse than `b` in anything and better in something.
fn beats(a: &(f64, f64), b: &(f64, f64)) -> bool {
    a.0 >= b.0 && a.1 >= b.1 && (a.0 > b.0 || a.1 > b.1)
}

impl ParetoSpec {
    fn weights(&self) -> Result<Option<(f64, f64)>, String> {
        if self.weights.is_empty() {
            return Ok(None);
        }
        if let Some(other) = self.weights.keys().find(|k| !["x", "y"].contains(&k.as_str())) {
            return Err(format!("`weights` names `{other}`, expected `x` and `y`"));
        }
        let of = |axis: &str| {
            let found = self.weights.get(axis).copied();
            found.ok_or_else(|| format!("`weights` has no `{axis}`, expected `x` and `y`"))
        };
        let (wx, wy) = (of("x")?, of("y")?);
        if !(wx >= 0.0 && wy > 0.0 && (wx + wy - 1.0).abs() < 1e-6) {
            return Err(format!(
                "`weights` are x = {wx} and y = {wy}, which add to {}, expected numbers that are not \
                 negative, that of y above 0, that add to 1",
                wx + wy
            ));
        }
        Ok(Some((wx, wy)))
    }

    /// The line through the regimen of highest utility and parallels below it.
    fn iso_lines(
        &self,
        panel: &mut Panel,
        (wx, wy): (f64, f64),
        x: &[f64],
        y: &[f64],
        front: &[usize],
        utility: &dyn Fn(&usize) -> f64,
        labels: &[String],
    ) {
        let best = front.iter().reduce(|a, b| if utility(b) > utility(a) { b } else { a });
        let Some(best) = best else { return };
        let (left, right) = range(x);
        let (bottom, top) = range(y);
        let slope = -self.x_better.turned(1.0) * self.y_better.turned(1.0) * wx / wy;
        let through = |level: f64, at: f64| {
            // wx x' + wy y' = level in turned coordinates.
            self.y_better.turned((level - wx * self.x_better.turned(at)) / wy)
        };
        let highest = utility(best);
        let step = 0.18 * wy * (top - bottom).abs();
        for k in 0..5 {
            let level = highest - f64::from(k) * step;
            let ends = vec![(left, through(level, left)), (right, through(level, right))];
            // Lines beyond what is shown would stretch the axes.
            let ends = within(ends, slope, (bottom, top));
            let Some(ends) = ends else { continue };
            let label = if k == 0 {
                let (a, b) = (significant(wy, 3), significant(wx, 3));
                let sign = |better: Better| if better == Better::More { "+" } else { "−" };
                let first = if self.y_better == Better::More { "" } else { "−" };
                format!("equal utility {first}{a} y {} {b} x", sign(self.x_better))
            } else {
                String::new()
            };
            let line = Marks::Line { points: ends, dash: Dash::Dashed, join: Join::Straight };
            panel.layer(label, Colour::Grey, line);
        }
        let point = vec![Point::new(x[*best], y[*best]).sized(4.5)];
        let marks = Marks::Points { points: point, shape: Shape::Ring };
        let utility = significant(highest, 3).replace('-', "−");
        let of = if labels[*best].is_empty() { "" } else { ": " };
        let label = format!("highest utility{of}{} ({utility})", labels[*best]);
        panel.layer(label, Colour::Ink, marks);
    }
}

/// The ends of the values, a little apart where they are equal.
fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().fold(f64::INFINITY, |a, v| if *v < a { *v } else { a });
    let high = values.iter().fold(f64::NEG_INFINITY, |a, v| if *v > a { *v } else { a });
    if high > low { (low, high) } else { (low - 0.5, high + 0.5) }
}

/// The part of a line between two heights.
fn within(ends: Vec<(f64, f64)>, slope: f64, (bottom, top): (f64, f64)) -> Option<Vec<(f64, f64)>> {
    let cut = |(x, y): (f64, f64)| {
        let held = y.clamp(bottom, top);
        if slope.abs() > 0.0 { (x + (held - y) / slope, held) } else { (x, held) }
    };
    let flat = slope.abs() <= 0.0;
    if flat && !(bottom..=top).contains(&ends[0].1) {
        return None;
    }
    let (low, high) = (ends[0].0, ends[1].0);
    let cut: Vec<(f64, f64)> = ends.into_iter().map(cut).collect();
    let inside = cut.iter().all(|(x, _)| *x >= low - 1e-9 && *x <= high + 1e-9);
    (inside && (cut[1].0 - cut[0].0).abs() > 0.0).then_some(cut)
}
