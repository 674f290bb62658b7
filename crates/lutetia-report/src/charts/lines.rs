//! Columns of a table against another column.

use serde::Deserialize;

use super::{Chart, index, readable, table};
use crate::{
    figure::{Axis, Colour, Dash, Figure, Join, Marks, Panel, Point, Shape},
    page::Tables,
    table::Cell,
};

/// Columns of a table against another column.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesSpec {
    /// File name without ending.
    pub name: String,
    /// What it shows.
    pub caption: String,
    /// Table name.
    pub from: String,
    /// Column of x.
    pub x: String,
    /// Columns of y, one series each.
    pub y: Vec<String>,
    /// Legend texts of `y`; the column names if left out.
    #[serde(default)]
    pub labels: Vec<String>,
    /// Column whose values split the rows into panels.
    pub panels: Option<String>,
    /// Column whose values split the rows into series.
    pub series: Option<String>,
    /// Label of x with unit.
    pub x_label: String,
    /// Label of y with unit.
    pub y_label: String,
    /// Logarithmic x.
    #[serde(default)]
    pub x_log: bool,
    /// Logarithmic y.
    #[serde(default)]
    pub y_log: bool,
}

impl Chart for LinesSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, String> {
        lines(self, tables)
    }
}

fn lines(spec: &LinesSpec, tables: &Tables) -> Result<Figure, String> {
    let source = table(tables, &spec.from)?;
    let x = index(source, &spec.x)?;
    let ys = spec.y.iter().map(|y| index(source, y)).collect::<Result<Vec<_>, _>>()?;
    let split = |column: &Option<String>| column.as_ref().map(|c| index(source, c)).transpose();
    let (panel_by, series_by) = (split(&spec.panels)?, split(&spec.series)?);
    let key = |row: &[Cell], by: Option<usize>| {
        by.and_then(|i| row.get(i)).map(Cell::pretty).unwrap_or_default()
    };
    let distinct = |by: Option<usize>| {
        let mut names: Vec<String> = Vec::new();
        for row in &source.rows {
            let name = key(row, by);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let axis = |label: &str, log: bool| if log { Axis::log(label) } else { Axis::linear(label) };
    let series_names = distinct(series_by);
    let legend =
        |i: usize, column: &str| spec.labels.get(i).cloned().unwrap_or_else(|| readable(column));
    let panels = distinct(panel_by)
        .into_iter()
        .map(|panel| {
            let mut drawn = Panel::new(
                readable(&panel),
                axis(&spec.x_label, spec.x_log),
                axis(&spec.y_label, spec.y_log),
            );
            for (i, (column, at)) in spec.y.iter().zip(&ys).enumerate() {
                for (j, series) in series_names.iter().enumerate() {
                    let mut points: Vec<(f64, f64)> = source
                        .rows
                        .iter()
                        .filter(|r| key(r, panel_by) == panel && key(r, series_by) == *series)
                        .filter_map(|r| Some((r.get(x)?.number()?, r.get(*at)?.number()?)))
                        .collect();
                    points.sort_by(|a, b| a.0.total_cmp(&b.0));
                    if points.is_empty() {
                        continue;
                    }
                    let label = match (spec.y.len() > 1, series.is_empty()) {
                        (true, true) => legend(i, column),
                        (true, false) => format!("{}, {series}", legend(i, column)),
                        (false, true) => String::new(),
                        (false, false) => readable(series),
                    };
                    let colour = i * series_names.len() + j;
                    let few = points.len() <= 40;
                    let broken = colour % 2 == 1;
                    let dash = if broken { Dash::Dashed } else { Dash::Solid };
                    let markers = points.iter().map(|(a, b)| Point::new(*a, *b)).collect();
                    let line = Marks::Line { points, dash, join: Join::Straight };
                    drawn.layer(label, Colour::Series(colour), line);
                    if few {
                        let shape = if broken { Shape::Ring } else { Shape::Disc };
                        let markers = Marks::Points { points: markers, shape };
                        drawn.layer("", Colour::Series(colour), markers);
                    }
                }
            }
            drawn
        })
        .collect::<Vec<_>>();
    // Four make two rows of two.
    let columns = if panels.len() == 4 { 2 } else { panels.len().clamp(1, 3) };
    Ok(Figure { name: spec.name.clone(), caption: spec.caption.clone(), panels, columns })
}
