//! The table behind a figure: every number that is drawn.

use super::{Axis, Direction, Figure, Marks, Panel, Point, Strip};
use lutetia_table::{Cell, Table};

/// One row: what is drawn, where, and between which bounds.
#[derive(Default)]
struct Row<'a> {
    series: &'a str,
    mark: &'static str,
    x: Option<f64>,
    y: Option<f64>,
    x_bar: Option<(f64, f64)>,
    y_bar: Option<(f64, f64)>,
    value: Option<f64>,
    text: &'a str,
}

impl Figure {
    /// Every number drawn: panel, series, mark, x, y, and the ends of bars and bands along each
    /// axis. Columns that no mark of the figure needs are left out.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut table = Table::new(&self.name, &self.caption)
            .column("panel", "")
            .column("series", "")
            .column("mark", "");
        let x_unit = shared_unit(self.panels.iter().map(|p| &p.x));
        let y_unit = shared_unit(self.panels.iter().map(|p| &p.y));
        for (name, unit) in [
            ("x", &x_unit),
            ("y", &y_unit),
            ("low", &y_unit),
            ("high", &y_unit),
            ("x_low", &x_unit),
            ("x_high", &x_unit),
            ("value", &String::new()),
            ("x_category", &String::new()),
            ("y_category", &String::new()),
            ("text", &String::new()),
        ] {
            table = table.column(name, unit);
        }
        for panel in &self.panels {
            rows(panel, &mut |row: Row<'_>| {
                table.push(vec![
                    panel.title.as_str().into(),
                    row.series.into(),
                    row.mark.into(),
                    row.x.into(),
                    row.y.into(),
                    row.y_bar.map(|b| b.0).into(),
                    row.y_bar.map(|b| b.1).into(),
                    row.x_bar.map(|b| b.0).into(),
                    row.x_bar.map(|b| b.1).into(),
                    row.value.into(),
                    category(&panel.x, row.x),
                    category(&panel.y, row.y),
                    if row.text.is_empty() { Cell::Missing } else { row.text.into() },
                ]);
            });
        }
        without_empty(table)
    }
}

fn rows<'a>(panel: &'a Panel, push: &mut dyn FnMut(Row<'a>)) {
    for layer in &panel.layers {
        let series = layer.label.as_str();
        match &layer.marks {
            Marks::Line { points, .. } => {
                for (x, y) in points {
                    push(Row { series, mark: "line", x: Some(*x), y: Some(*y), ..Row::default() });
                }
            }
            Marks::Band { points, .. } => {
                for (x, low, high) in points {
                    let y_bar = Some((*low, *high));
                    push(Row { series, mark: "band", x: Some(*x), y_bar, ..Row::default() });
                }
            }
            Marks::Points { points, .. } => {
                for Point { x, y, x_bar, y_bar, size } in points {
                    push(Row {
                        series,
                        mark: "point",
                        x: Some(*x),
                        y: Some(*y),
                        x_bar: *x_bar,
                        y_bar: *y_bar,
                        value: Some(*size).filter(|s| (s - 1.0).abs() > 0.0),
                        text: "",
                    });
                }
            }
            Marks::Bars { bars, along } => {
                for bar in bars {
                    let (at, reach) = (Some(bar.at), Some((bar.from, bar.to)));
                    push(match along {
                        Direction::X => {
                            Row { series, mark: "bar", y: at, x_bar: reach, ..Row::default() }
                        }
                        Direction::Y => {
                            Row { series, mark: "bar", x: at, y_bar: reach, ..Row::default() }
                        }
                    });
                }
            }
            Marks::Rule { axis, at, text, .. } => {
                let at = Some(*at);
                push(match axis {
                    Direction::X => Row { series, mark: "rule", x: at, text, ..Row::default() },
                    Direction::Y => Row { series, mark: "rule", y: at, text, ..Row::default() },
                });
            }
            Marks::Zone { low, high, text } => {
                let y_bar = Some((*low, *high));
                push(Row { series, mark: "zone", y_bar, text, ..Row::default() });
            }
            Marks::Words { words, .. } => {
                for (x, y, text) in words {
                    let (x, y) = (Some(*x), Some(*y));
                    push(Row { series, mark: "text", x, y, text, ..Row::default() });
                }
            }
            Marks::Cells { cells, scale } => {
                for cell in cells {
                    push(Row {
                        series: &scale.label,
                        mark: "cell",
                        x: Some(cell.column as f64),
                        y: Some(cell.row as f64),
                        value: Some(cell.value),
                        ..Row::default()
                    });
                }
            }
        }
    }
    for strip in &panel.beneath {
        match strip {
            Strip::Residuals(residuals) => {
                for (x, r) in &residuals.points {
                    let (series, x, y) = (residuals.label.as_str(), Some(*x), Some(*r));
                    push(Row { series, mark: "residual", x, y, ..Row::default() });
                }
            }
            Strip::Counts(counts) => {
                for row in &counts.rows {
                    for (x, n) in &row.numbers {
                        let (series, text) = (row.label.as_str(), counts.label.as_str());
                        let (x, value) = (Some(*x), Some(*n));
                        push(Row { series, mark: "count", x, value, text, ..Row::default() });
                    }
                }
            }
        }
    }
    for column in &panel.beside {
        for (i, text) in column.cells.iter().enumerate().filter(|(_, t)| !t.is_empty()) {
            let (series, y) = (column.heading.as_str(), Some(i as f64));
            push(Row { series, mark: "column", y, text, ..Row::default() });
        }
    }
    for text in panel.notes.iter().flat_map(|n| &n.lines) {
        push(Row { mark: "note", text, ..Row::default() });
    }
}

/// The unit in the last bracket of the labels, where all have the same.
fn shared_unit<'a>(axes: impl Iterator<Item = &'a Axis>) -> String {
    let mut units = axes.map(Axis::unit);
    let first = units.next().unwrap_or_default();
    if units.all(|u| u == first) { first.to_owned() } else { String::new() }
}

fn category(axis: &Axis, at: Option<f64>) -> Cell {
    at.filter(|a| *a > -0.5)
        .and_then(|a| axis.categories.get(a.round() as usize))
        .map_or(Cell::Missing, |c| c.as_str().into())
}

/// Drops the columns after the first seven that have nothing in any row.
fn without_empty(mut table: Table) -> Table {
    let keep: Vec<bool> = (0..table.columns.len())
        .map(|i| i < 7 || table.rows.iter().any(|r| r.get(i).is_some_and(|c| *c != Cell::Missing)))
        .collect();
    let mut kept = keep.iter();
    table.columns.retain(|_| kept.next().copied().unwrap_or(true));
    for row in &mut table.rows {
        let mut kept = keep.iter();
        row.retain(|_| kept.next().copied().unwrap_or(true));
    }
    table
}
