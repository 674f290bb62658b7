//! One column against another, a point for each row, beside the line on which both are equal.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Chart, ChartError, Columns, Only, readable,
    source::{Source, groups},
};
use crate::figure::{Axis, Colour, Dash, Figure, Join, Marks, Panel, Point, Shape};
use lutetia_table::Tables;

/// The roles of the columns of a scatter plot.
pub(super) const ROLES: [&str; 6] = ["x", "y", "low", "high", "series", "panel"];

/// A scatter plot: a point for each row of `from` (`x`, `y`; where known `low` and `high` of y), in series and panels of
/// their own by `series` and `panel`. A row without a number has no point.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScatterSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table of points.
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
    /// Both axes logarithmic.
    #[serde(default)]
    pub log: bool,
    /// Whether the line is drawn on which x and y are equal.
    #[serde(default)]
    pub equal: bool,
}

impl Chart for ScatterSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        let source = Source::open(tables, &self.from, &self.columns, &self.only, &ROLES)?;
        let (x, y) = (source.maybe("x")?, source.maybe("y")?);
        let bars = source.bars("low", "high")?;
        if self.log {
            for (role, values) in [("x", &x), ("y", &y)] {
                source.positive(role, values.iter().map(|v| v.unwrap_or(1.0)))?;
            }
            source.positive("low", bars.iter().map(|bar| bar.map_or(1.0, |bar| bar.0)))?;
        }
        let series = source.optional_texts("series")?;
        let names: Vec<String> = groups(&series).into_iter().map(|(name, _)| name).collect();
        let axis = |label: &str| if self.log { Axis::log(label) } else { Axis::linear(label) };
        let mut panels = Vec::new();
        for (title, rows) in groups(&source.optional_texts("panel")?) {
            let mut panel = Panel::new(readable(&title), axis(&self.x_label), axis(&self.y_label));
            let placed = |row: &usize| Some((*row, x[*row]?, y[*row]?));
            let placed: Vec<(usize, f64, f64)> = rows.iter().filter_map(placed).collect();
            let ends = placed.iter().flat_map(|(_, x, y)| [*x, *y]);
            let (low, high) =
                ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
            if self.equal && low < high {
                let points = vec![(low, low), (high, high)];
                let line = Marks::Line { points, dash: Dash::Dashed, join: Join::Straight };
                panel.layer("", Colour::Ink, line);
            }
            for (j, name) in names.iter().enumerate() {
                let own = placed.iter().filter(|(row, ..)| series[*row] == *name);
                let points: Vec<Point> =
                    own.map(|(row, x, y)| Point::new(*x, *y).upright(bars[*row])).collect();
                if points.is_empty() {
                    continue;
                }
                let shape = if j % 2 == 1 { Shape::Ring } else { Shape::Disc };
                panel.layer(readable(name), Colour::Series(j), Marks::Points { points, shape });
            }
            panels.push(panel);
        }
        // Four make two rows of two.
        let columns = if panels.len() == 4 { 2 } else { panels.len().clamp(1, 3) };
        Ok(Figure { name: self.name.clone(), caption: self.caption.clone(), panels, columns })
    }
}
