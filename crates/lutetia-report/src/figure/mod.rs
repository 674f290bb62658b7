//! Figures: panels of points, lines and bands, drawn as SVG, each with the table behind it.
//!
//! A [`Figure`] is data. [`Figure::table`] gives every number that is drawn; [`draw::svg`] draws it
//! with plotters. Colours are those of Okabe and Ito (2008), told apart by every kind of colour
//! vision; series also differ in dash or marker.

mod axis;
mod draw;

use crate::table::Table;

pub use draw::{FigureError, svg};

/// A figure of one or more panels.
#[derive(Debug, Clone)]
pub struct Figure {
    /// File name without ending.
    pub name: String,
    /// What the figure shows, in one or two sentences.
    pub caption: String,
    /// Panels, drawn row by row.
    pub panels: Vec<Panel>,
    /// Panels in a row.
    pub columns: usize,
}

/// One pair of axes.
#[derive(Debug, Clone)]
pub struct Panel {
    /// Title above the panel.
    pub title: String,
    /// Horizontal axis.
    pub x: Axis,
    /// Vertical axis.
    pub y: Axis,
    /// What is drawn, from back to front.
    pub layers: Vec<Layer>,
    /// Standardised residuals drawn beneath, on the same horizontal axis.
    pub residuals: Option<Residuals>,
}

/// Weighted residuals beneath a panel.
#[derive(Debug, Clone)]
pub struct Residuals {
    /// Axis label with unit.
    pub label: String,
    /// (x, residual).
    pub points: Vec<(f64, f64)>,
}

/// An axis.
#[derive(Debug, Clone)]
pub struct Axis {
    /// Quantity and unit, such as `time (h)`.
    pub label: String,
    /// Linear or logarithmic.
    pub log: bool,
    /// Categories at 0, 1, 2, … instead of numbers.
    pub categories: Vec<String>,
}

impl Axis {
    /// A linear axis.
    #[must_use]
    pub fn linear(label: impl Into<String>) -> Self {
        Self { label: label.into(), log: false, categories: Vec::new() }
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
}

/// One thing drawn in a panel. Layers of the same `series` share a colour and one legend entry.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Legend text; empty for none.
    pub label: String,
    /// Index of the colour.
    pub series: usize,
    /// What is drawn.
    pub marks: Marks,
}

/// The marks of a layer.
#[derive(Debug, Clone)]
pub enum Marks {
    /// A line through (x, y).
    Line {
        /// Points in order of x.
        points: Vec<(f64, f64)>,
        /// Dashed.
        dashed: bool,
    },
    /// An area between low and high.
    Band {
        /// (x, low, high) in order of x.
        points: Vec<(f64, f64, f64)>,
    },
    /// Points with an optional bar from low to high: upright, or lying where the vertical axis has
    /// categories.
    Points {
        /// (x, y, bar).
        points: Vec<(f64, f64, Option<(f64, f64)>)>,
        /// Open circles.
        open: bool,
    },
}

impl Figure {
    /// Every number drawn: panel, series, mark, x, y, low, high.
    #[must_use]
    pub fn table(&self) -> Table {
        let mut table = Table::new(&self.name, &self.caption)
            .column("panel", "")
            .column("series", "")
            .column("mark", "")
            .column("x", "")
            .column("y", "")
            .column("low", "")
            .column("high", "");
        for panel in &self.panels {
            let mut push =
                |series: &str, mark: &str, x: f64, y: Option<f64>, bar: Option<(f64, f64)>| {
                    table.push(vec![
                        panel.title.as_str().into(),
                        series.into(),
                        mark.into(),
                        x.into(),
                        y.into(),
                        bar.map(|b| b.0).into(),
                        bar.map(|b| b.1).into(),
                    ]);
                };
            for layer in &panel.layers {
                match &layer.marks {
                    Marks::Line { points, .. } => {
                        for (x, y) in points {
                            push(&layer.label, "line", *x, Some(*y), None);
                        }
                    }
                    Marks::Band { points } => {
                        for (x, low, high) in points {
                            push(&layer.label, "band", *x, None, Some((*low, *high)));
                        }
                    }
                    Marks::Points { points, .. } => {
                        for (x, y, bar) in points {
                            push(&layer.label, "point", *x, Some(*y), *bar);
                        }
                    }
                }
            }
            if let Some(residuals) = &panel.residuals {
                for (x, r) in &residuals.points {
                    push(&residuals.label, "residual", *x, Some(*r), None);
                }
            }
        }
        table
    }
}
