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
///
/// Its utility is `w_x u(x) + w_y u(y)`, where `u` rises on a straight line from 0 at the worst to 1 at
/// the best value of an axis.
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
    /// Weights of `x` and `y`, which add to 1; draws lines of equal utility and marks the regimen of
    /// highest utility.
    #[serde(default)]
    pub weights: BTreeMap<String, f64>,
    /// The x of utility 0 and the x of utility 1; needed with `weights`.
    pub x_utility: Option<[f64; 2]>,
    /// The y of utility 0 and the y of utility 1; needed with `weights`.
    pub y_utility: Option<[f64; 2]>,
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
        let utility = self.utility()?;
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
        if let Some(utility) = utility {
            self.iso_lines(&mut panel, &utility, (&x, &y), &along, &labels);
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
    fn utility(&self) -> Result<Option<Utility>, String> {
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
        let ends = |key: &str, ends: Option<[f64; 2]>, better: Better| {
            let [worst, best] = ends
                .ok_or_else(|| format!("`weights` need `{key}`, the values of utility 0 and 1"))?;
            if better.turned(best) <= better.turned(worst) || !(best - worst).is_finite() {
                let way = if better == Better::More { "rises" } else { "falls" };
                return Err(format!(
                    "`{key}` is [{worst}, {best}], expected a pair that {way} from utility 0 to 1"
                ));
            }
            Ok((worst, best))
        };
        let x = ends("x_utility", self.x_utility, self.x_better)?;
        let y = ends("y_utility", self.y_utility, self.y_better)?;
        Ok(Some(Utility { wx, wy, x, y }))
    }

    /// The line through the regimen of highest utility and parallels below it.
    fn iso_lines(
        &self,
        panel: &mut Panel,
        utility: &Utility,
        (x, y): (&[f64], &[f64]),
        front: &[usize],
        labels: &[String],
    ) {
        let of = |i: &usize| utility.of(x[*i], y[*i]);
        let Some(best) = front.iter().reduce(|a, b| if of(b) > of(a) { b } else { a }) else {
            return;
        };
        let ((left, right), (bottom, top)) = (range(x), range(y));
        let step = 0.18 * (utility.of(left, top) - utility.of(left, bottom)).abs();
        for k in 0..5 {
            let level = of(best) - f64::from(k) * step;
            let ends = [left, right].map(|at| (at, utility.y_at(at, level)));
            // Lines beyond what is shown would stretch the axes.
            let Some(points) = between(ends, (bottom, top)) else { continue };
            let label = if k == 0 {
                format!(
                    "equal utility, {} u(y) + {} u(x)",
                    significant(utility.wy, 3),
                    significant(utility.wx, 3)
                )
            } else {
                String::new()
            };
            let line = Marks::Line { points, dash: Dash::Dashed, join: Join::Straight };
            panel.layer(label, Colour::Grey, line);
        }
        let point = vec![Point::new(x[*best], y[*best]).sized(7.0)];
        let marks = Marks::Points { points: point, shape: Shape::Ring };
        let of = significant(of(best), 3).replace('-', "−");
        let colon = if labels[*best].is_empty() { "" } else { ": " };
        let label = format!("highest utility{colon}{} ({of})", labels[*best]);
        panel.layer(label, Colour::Ink, marks);
    }
}

/// Weights and the values of utility 0 and 1.
struct Utility {
    wx: f64,
    wy: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Utility {
    fn of(&self, x: f64, y: f64) -> f64 {
        let share = |v: f64, (worst, best): (f64, f64)| (v - worst) / (best - worst);
        self.wx * share(x, self.x) + self.wy * share(y, self.y)
    }

    /// The y that has this utility with this x.
    fn y_at(&self, x: f64, level: f64) -> f64 {
        let (worst, best) = self.x;
        let left = (level - self.wx * (x - worst) / (best - worst)) / self.wy;
        self.y.0 + left * (self.y.1 - self.y.0)
    }
}

/// The ends of the values, a little apart where they are equal.
fn range(values: &[f64]) -> (f64, f64) {
    let low = values.iter().fold(f64::INFINITY, |a, v| if *v < a { *v } else { a });
    let high = values.iter().fold(f64::NEG_INFINITY, |a, v| if *v > a { *v } else { a });
    if high > low { (low, high) } else { (low - 0.5, high + 0.5) }
}

/// The part of a line between two heights, if there is any.
fn between(ends: [(f64, f64); 2], (bottom, top): (f64, f64)) -> Option<Vec<(f64, f64)>> {
    let [(xa, ya), (xb, yb)] = ends;
    let slope = (yb - ya) / (xb - xa);
    if slope.abs() <= 0.0 {
        return (bottom..=top).contains(&ya).then(|| ends.to_vec());
    }
    let cut = |(x, y): (f64, f64)| {
        let held = y.clamp(bottom, top);
        (x + (held - y) / slope, held)
    };
    let (a, b) = (cut(ends[0]), cut(ends[1]));
    let inside = |(x, _): (f64, f64)| x >= xa - 1e-9 && x <= xb + 1e-9;
    (inside(a) && inside(b) && b.0 > a.0).then(|| vec![a, b])
}
