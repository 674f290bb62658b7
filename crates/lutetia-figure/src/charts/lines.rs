//! Columns of a table against another column.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Chart, ChartError, readable};
use crate::figure::{Axis, Colour, Corner, Dash, Figure, Join, Marks, Note, Panel, Point, Shape};
use lutetia_table::{Cell, Tables, significant, table};

/// Columns of a table against another column.
///
/// A logarithmic y axis shows at most `y_decades` below the largest value of its panel, so that a curve that
/// falls to nothing does not squeeze the others; where that leaves something out, the panel says so. Series
/// that lie on each other (within 1 % of the panel's range everywhere) are named in the caption.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
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
    /// Decades below the largest value that a logarithmic y axis shows at most.
    #[serde(default = "three")]
    pub y_decades: f64,
}

fn three() -> f64 {
    3.0
}

impl Chart for LinesSpec {
    fn name(&self) -> &str {
        &self.name
    }

    fn from(&self) -> Vec<&str> {
        vec![&self.from]
    }

    fn build(&self, tables: &Tables) -> Result<Figure, ChartError> {
        lines(self, tables)
    }
}

fn lines(spec: &LinesSpec, tables: &Tables) -> Result<Figure, ChartError> {
    let source = table(tables, &spec.from)?;
    let x = source.index(&spec.x)?;
    let ys = spec.y.iter().map(|y| source.index(y)).collect::<Result<Vec<_>, _>>()?;
    let split = |column: &Option<String>| column.as_ref().map(|c| source.index(c)).transpose();
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
    if spec.y_log && !(spec.y_decades > 0.0 && spec.y_decades.is_finite()) {
        let found = spec.y_decades.to_string();
        return Err(ChartError::key("y_decades", found, "a number above 0"));
    }
    let mut together: Vec<(String, Vec<String>)> = Vec::new();
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
                    let dash = [Dash::Solid, Dash::Dashed, Dash::Dotted][colour % 3];
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
            if spec.y_log {
                cut(&mut drawn, spec.y_decades);
            }
            for group in coincident(&drawn) {
                let title = drawn.title.clone();
                match together.iter_mut().find(|t| t.0 == group) {
                    Some(known) => known.1.push(title),
                    None => together.push((group, vec![title])),
                }
            }
            drawn
        })
        .collect::<Vec<_>>();
    // Four make two rows of two.
    let columns = if panels.len() == 4 { 2 } else { panels.len().clamp(1, 3) };
    let mut caption = spec.caption.clone();
    if !together.is_empty() {
        // The panel is named where it is not so in all of them.
        let said = |(group, titles): &(String, Vec<String>)| {
            if titles.len() == panels.len() {
                group.clone()
            } else {
                format!("{group} ({})", titles.join(", "))
            }
        };
        let said: Vec<String> = together.iter().map(said).collect();
        let own = caption.trim_end_matches('.');
        caption = format!("{own}. These lines coincide: {}.", said.join("; "));
    }
    Ok(Figure { name: spec.name.clone(), caption, panels, columns })
}

/// The lines of a panel with their legend.
fn drawn_lines(panel: &Panel) -> Vec<(&str, &[(f64, f64)])> {
    let lines = panel.layers.iter().filter_map(|l| match &l.marks {
        Marks::Line { points, .. } => Some((l.label.as_str(), points.as_slice())),
        _ => None,
    });
    lines.collect()
}

/// Ends a logarithmic axis some decades below the largest value, and says so.
fn cut(panel: &mut Panel, decades: f64) {
    let values = || drawn_lines(panel).into_iter().flat_map(|l| l.1.iter().map(|p| p.1));
    let positive = |y: &f64| *y > 0.0 && y.is_finite();
    let top = values().filter(positive).fold(0.0, f64::max);
    let floor = top * 10f64.powf(-decades);
    if top <= 0.0 || !values().any(|y| y < floor) {
        return;
    }
    panel.y = panel.y.clone().within(floor, top * 1.3);
    let below = format!("below {} is not shown", significant(floor, 1));
    panel.notes.push(Note { corner: Corner::BottomLeft, lines: vec![below] });
}

/// Groups of lines that cannot be told apart: at the same places, and never further from the first of the
/// group than 1 % of what the panel spans (in decades, where the axis is logarithmic).
fn coincident(panel: &Panel) -> Vec<String> {
    let lines = drawn_lines(panel);
    // What the axis does not show does not tell lines apart.
    let floor = panel.y.limits.map_or(f64::MIN_POSITIVE, |l| l.0);
    let scaled = |y: f64| if panel.y.log { y.max(floor).log10() } else { y };
    let all = || lines.iter().flat_map(|l| l.1.iter().map(|p| scaled(p.1)));
    let low = all().fold(f64::INFINITY, f64::min);
    let high = all().fold(f64::NEG_INFINITY, f64::max);
    let near = 0.01 * (high - low);
    let same = |one: &[(f64, f64)], other: &[(f64, f64)]| {
        one.len() == other.len()
            && one.len() > 1
            && one.iter().zip(other).all(|(p, q)| {
                (p.0 - q.0).abs() <= 1e-9 * p.0.abs().max(1.0)
                    && (scaled(p.1) - scaled(q.1)).abs() <= near
            })
    };
    let mut groups: Vec<(&[(f64, f64)], Vec<&str>)> = Vec::new();
    for (label, points) in lines.iter().filter(|l| !l.0.is_empty()) {
        match groups.iter_mut().find(|g| same(g.0, points)) {
            Some(group) => group.1.push(label),
            None => groups.push((points, vec![label])),
        }
    }
    let several = groups.into_iter().filter(|g| g.1.len() > 1);
    several.map(|(_, names)| format!("“{}”", names.join("”, “"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(lines: &[(&str, &[f64])], log: bool) -> Panel {
        let axis = if log { Axis::log("y") } else { Axis::linear("y") };
        let mut panel = Panel::new("", Axis::linear("x"), axis);
        for (label, ys) in lines {
            let points = ys.iter().enumerate().map(|(i, y)| (i as f64, *y)).collect();
            let line = Marks::Line { points, dash: Dash::Solid, join: Join::Straight };
            panel.layer(*label, Colour::Ink, line);
        }
        panel
    }

    #[test]
    fn exact_a_cut_is_said_and_only_where_something_is_left_out() {
        let mut far = panel(&[("a", &[1.0, 1e-2, 1e-5])], true);
        cut(&mut far, 3.0);
        assert_eq!(far.y.limits, Some((1e-3, 1.3)));
        assert_eq!(far.notes[0].lines, ["below 0.001 is not shown"]);
        let mut near = panel(&[("a", &[1.0, 1e-2])], true);
        cut(&mut near, 3.0);
        assert!(near.y.limits.is_none() && near.notes.is_empty());
    }

    #[test]
    fn exact_lines_on_each_other_are_named() {
        let rows: [(&str, &[f64]); 3] =
            [("a", &[0.0, 1.0, 2.0]), ("b", &[0.0, 1.01, 2.0]), ("c", &[0.0, 1.1, 2.0])];
        assert_eq!(coincident(&panel(&rows, false)), ["“a”, “b”"]);
        // In decades the same distances are small.
        let rows: [(&str, &[f64]); 2] = [("a", &[1.0, 100.0]), ("b", &[1.0, 103.0])];
        assert_eq!(coincident(&panel(&rows, true)), ["“a”, “b”"]);
        assert!(coincident(&panel(&rows, false)).is_empty());
    }
}
